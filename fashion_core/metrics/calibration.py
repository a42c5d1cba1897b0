"""Do the probabilities mean what they say, before and after one temperature? Takes arrays, gives numbers.

N images, K classes, M bins; labels are class indices 0 to K - 1. Probabilities are all that is kept of a run, and they
are enough: log p differs from the logits by one constant a photo, which a softmax does not see. Knows no files.
"""

from dataclasses import dataclass

import numpy as np

from fashion_core.errors import RunError
from fashion_core.labels import agree, counted
from fashion_core.metrics.intervals import wilson

NUM_BINS = 15
LOWEST, HIGHEST = 0.05, 20.0  # temperatures that are tried
FEWEST, FEWEST_WRONG = (
    100,
    10,
)  # of less a fitted temperature can cost more than it gains (benchmarks/quality/few_calibrated.py)
_FLOOR = 1e-30  # a probability that float32 rounded to 0 still has a logarithm


@dataclass(frozen=True, kw_only=True, eq=False)
class Reliability:
    """Photos sorted into ``NUM_BINS`` bins of equal width by the probability of their first answer.

    ``edges`` has M + 1 values; ``n``, ``right`` and ``confidence`` (mean probability, NaN where n is 0) have M.
    ``error`` is the expected calibration error, a share.
    """

    edges: np.ndarray
    n: np.ndarray
    right: np.ndarray
    confidence: np.ndarray
    error: float

    @property
    def said(self) -> float:
        """Mean probability of the first answer: how sure it says it is."""
        return float((self.confidence * self.n)[self.n > 0].sum() / self.n.sum())

    @property
    def accuracy(self) -> float:
        """How often the first answer is right."""
        return float(self.right.sum() / self.n.sum())

    @property
    def has_gap(self) -> bool:
        """Whether both differ; a gap of less than two points is none."""
        return abs(self.said - self.accuracy) >= 0.02

    @property
    def is_off(self) -> bool:
        """Whether they differ, and not only by chance, which few photos do not tell."""
        low, high = wilson(self.right.sum(), self.n.sum())
        return self.has_gap and not low <= self.said <= high

    @property
    def words(self) -> str:
        """Both next to each other, in words."""
        if not self.has_gap:
            return "As sure as it may be"
        by_chance = "" if self.is_off else ", or by chance"
        return f"{'Too sure' if self.said > self.accuracy else 'Not sure enough'}{by_chance}"


@dataclass(frozen=True, kw_only=True, eq=False)
class Calibration:
    """A split before and after ``temperature``, which was fitted on ``num_fitted`` photos of another split."""

    temperature: float
    num_fitted: int
    before: Reliability
    after: Reliability

    @property
    def at_the_edge(self) -> bool:
        """Whether no temperature within the range fitted better than its end: the fit then means little."""
        return not LOWEST * 1.01 < self.temperature < HIGHEST / 1.01


def calibrate(
    labels_N: np.ndarray, probabilities_NK: np.ndarray, fit_labels_N: np.ndarray, fit_probabilities_NK: np.ndarray
) -> Calibration:
    """Reliability of one split before and after the temperature that fits another one best."""
    temperature = fit_temperature(fit_labels_N, fit_probabilities_NK)
    return Calibration(
        temperature=temperature,
        num_fitted=len(fit_labels_N),
        before=reliability(labels_N, probabilities_NK),
        after=reliability(labels_N, with_temperature(probabilities_NK, temperature)),
    )


def too_few(labels_N: np.ndarray, probabilities_NK: np.ndarray) -> str:
    """Why no temperature is fitted on these photos, a sentence without its full stop; empty where they are enough.

    A temperature says how often sure answers are wrong. From fewer than ``FEWEST`` photos, or than ``FEWEST_WRONG``
    wrong ones among them, it comes out so far off that new photos have a worse likelihood than without it.
    """
    N, wrong = len(labels_N), int((np.argmax(probabilities_NK, axis=1) != labels_N).sum()) if len(labels_N) else 0
    needs = f"it takes {FEWEST} with {FEWEST_WRONG} wrong answers among them"
    if N < FEWEST:
        return f"{counted(N, 'validation photo')} {agree(N)} too few to fit a temperature on: {needs}"
    if wrong < FEWEST_WRONG:
        told = f"{counted(N, 'validation photo')} with {counted(wrong, 'wrong answer')}"
        return f"{told} tell too little of how sure it may be to fit a temperature on: {needs}"
    return ""


def reliability(labels_N: np.ndarray, probabilities_NK: np.ndarray) -> Reliability:
    """How often the first answer is right, by how probable it was said to be.

    The bins are of equal width, (m / 15, (m + 1) / 15]. Expected calibration error: the mean over photos of the gap
    between accuracy and mean probability of their bin. Naeini, Cooper and Hauskrecht (2015), AAAI; in this form Guo,
    Pleiss, Sun and Weinberger (2017), "On calibration of modern neural networks", ICML, equation 3.
    """
    labels_N, probabilities_NK = np.asarray(labels_N), np.asarray(probabilities_NK, dtype=np.float64)
    sure_N = probabilities_NK.max(axis=1)
    right_N = probabilities_NK.argmax(axis=1) == labels_N
    bin_N = np.clip(np.ceil(sure_N * NUM_BINS).astype(int) - 1, 0, NUM_BINS - 1)
    n_M = np.bincount(bin_N, minlength=NUM_BINS)
    right_M = np.bincount(bin_N, weights=right_N, minlength=NUM_BINS)
    sure_M = np.bincount(bin_N, weights=sure_N, minlength=NUM_BINS)
    confidence_M = np.divide(sure_M, n_M, out=np.full(NUM_BINS, np.nan), where=n_M > 0)
    return Reliability(
        edges=np.linspace(0, 1, NUM_BINS + 1),
        n=n_M,
        right=right_M.astype(int),
        confidence=confidence_M,
        error=float(np.abs(right_M - sure_M).sum() / max(1, len(labels_N))),
    )


def with_temperature(probabilities_NK: np.ndarray, temperature: float) -> np.ndarray:
    """softmax(log p / temperature), float64 N x K. Above 1 the answers become less sure, below 1 surer; the first
    answer stays the first (Guo et al. 2017, equation 9)."""
    logits_NK = _logits(probabilities_NK) / temperature
    shares_NK = np.exp(logits_NK - logits_NK.max(axis=1, keepdims=True))
    return shares_NK / shares_NK.sum(axis=1, keepdims=True)


def fit_temperature(labels_N: np.ndarray, probabilities_NK: np.ndarray) -> float:
    """The temperature in 0.05..20 with the smallest mean negative log likelihood of the true classes.

    Guo et al. (2017), section 4.2. The likelihood has one peak in 1 / temperature, so a bounded search of one variable
    finds it. RunError without a photo.
    """
    from scipy.optimize import minimize_scalar  # 0.15 s that few pages owe

    if not len(labels_N):
        raise RunError("no photo to fit a temperature on")
    found = minimize_scalar(
        lambda log_t: negative_log_likelihood(labels_N, probabilities_NK, float(np.exp(log_t))),
        bounds=(np.log(LOWEST), np.log(HIGHEST)),
        method="bounded",
        options={"xatol": 1e-4},
    )
    return float(np.exp(found.x))


def negative_log_likelihood(labels_N: np.ndarray, probabilities_NK: np.ndarray, temperature: float = 1.0) -> float:
    """Mean of -log of the probability that the true class has at this temperature, in nats a photo."""
    logits_NK = _logits(probabilities_NK) / temperature
    top_N = logits_NK.max(axis=1)
    total_N = np.log(np.exp(logits_NK - top_N[:, None]).sum(axis=1)) + top_N
    return float(np.mean(total_N - logits_NK[np.arange(len(logits_NK)), labels_N]))


def _logits(probabilities_NK: np.ndarray) -> np.ndarray:
    return np.log(np.maximum(np.asarray(probabilities_NK, dtype=np.float64), _FLOOR))
