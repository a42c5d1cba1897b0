"""Logit adjustment after training: a finished model's probabilities corrected for how uneven its training photos were.

Takes stored probabilities and class counts, gives probabilities; no training, no files, no torch. N images, K classes.
"""

from dataclasses import dataclass

import numpy as np

from fashion_core.errors import RunError
from fashion_core.metrics.intervals import Estimate, proportion
from fashion_core.metrics.significance import Difference, paired_difference
from fashion_core.settings import sampling

TAUS = tuple(round(0.05 * step, 2) for step in range(41))  # 0 to 2; 1 is what theory asks for


def adjusted(probabilities_NK: np.ndarray, counts_K: np.ndarray, tau: float = 1.0) -> np.ndarray:
    """Softmax of (logits - tau log prior), float64 N x K, where the prior is each class's share of the training photos.

    Menon et al. (2021), "Long-tail learning via logit adjustment", section 4.1 (post hoc), equation 9. Softmax does not
    change when every logit moves alike, so the logarithms of stored probabilities serve as logits and counts as prior.
    tau 0 changes nothing; with tau 1 and a calibrated model it is Bayes' rule for classes that are equally frequent.
    RunError where a class has no training photo: its prior is 0.
    """
    counts_K = np.asarray(counts_K, dtype=np.float64)
    if not (counts_K > 0).all():
        raise RunError("a class of these predictions has no training photos, so its prior is 0 and cannot be taken out")
    # below the smallest float32: a probability that was stored as 0 stays possible, but last
    logits_NK = np.log(np.maximum(np.asarray(probabilities_NK, dtype=np.float64), 1e-45)) - tau * np.log(counts_K)
    raised_NK = np.exp(logits_NK - logits_NK.max(axis=1, keepdims=True))
    return raised_NK / raised_NK.sum(axis=1, keepdims=True)


def applies(counts_K: np.ndarray, sampler: str, loss: str) -> bool:
    """Whether there is something to take out: every class was trained on, not equally often, and neither sampler nor
    loss raised the rare ones already (then it would be corrected twice)."""
    uneven = bool((counts_K > 0).all() and counts_K.max() > counts_K.min())
    return uneven and not sampling.corrections(sampler, loss)


def best_tau(labels_N: np.ndarray, probabilities_NK: np.ndarray, counts_K: np.ndarray) -> float:
    """The tau of TAUS with the highest mean recall over classes; of equal ones the nearest to 1. Give it validation
    photos: on those that are scored afterwards the score would flatter."""
    labels_N = np.asarray(labels_N)
    support_K = np.bincount(labels_N, minlength=probabilities_NK.shape[1])
    recalls = {}
    for tau in TAUS:
        right_N = adjusted(probabilities_NK, counts_K, tau).argmax(axis=1) == labels_N
        right_K = np.bincount(labels_N[right_N], minlength=len(support_K))
        recalls[tau] = float((right_K[support_K > 0] / support_K[support_K > 0]).mean())
    return max(TAUS, key=lambda tau: (round(recalls[tau], 9), -abs(tau - 1)))


@dataclass(frozen=True, kw_only=True, eq=False)
class Judged:
    """What the answers at one tau score: their confusion matrix (int64 K x K, rows true), and how far the accuracy
    moved from that of the answers as they are, on the same photos."""

    tau: float
    matrix_KK: np.ndarray
    changed: int  # answers that are other ones than at tau 0
    moved: Difference

    @property
    def right(self) -> int:
        return int(np.trace(self.matrix_KK))

    @property
    def accuracy(self) -> Estimate:
        return proportion(self.right, int(self.matrix_KK.sum()))

    @property
    def mean_recall(self) -> float:
        """Over the classes that were shown."""
        support_K = self.matrix_KK.sum(axis=1)
        return float((np.diag(self.matrix_KK)[support_K > 0] / support_K[support_K > 0]).mean())


def judge(labels_N: np.ndarray, probabilities_NK: np.ndarray, counts_K: np.ndarray, tau: float) -> Judged:
    """The answers adjusted with ``tau``, scored. RunError where there is no photo."""
    labels_N = np.asarray(labels_N)
    if not len(labels_N):
        raise RunError("there are no predictions to adjust")
    before_N = np.asarray(probabilities_NK).argmax(axis=1)
    after_N = adjusted(probabilities_NK, counts_K, tau).argmax(axis=1) if tau else before_N
    was_N, is_N = before_N == labels_N, after_N == labels_N
    matrix_KK = np.zeros((len(counts_K), len(counts_K)), np.int64)
    np.add.at(matrix_KK, (labels_N, after_N), 1)
    lost, won = int((was_N & ~is_N).sum()), int((~was_N & is_N).sum())
    return Judged(
        tau=tau,
        matrix_KK=matrix_KK,
        changed=int((before_N != after_N).sum()),
        moved=paired_difference(lost, won, len(labels_N)),
    )
