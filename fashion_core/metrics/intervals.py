"""A value with its interval, and intervals for what was counted. Takes numbers, gives numbers; every formula with its
source. No torch, no files.

K classes, R resamples; matrix rows are true, columns predicted. Differences of two classifiers stand in
``significance``, groups of seeds in ``seed_spread``, how all of them are written in ``wording``.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

import numpy as np

from fashion_core.errors import RunError


@dataclass(frozen=True)
class Estimate:
    """``value`` with its 95 % interval, from ``n`` photos or trained models: a share or a difference of two, unless its
    holder says what else. Ends that nobody knows are NaN, an ``n`` that nobody says is 0."""

    value: float
    low: float = math.nan
    high: float = math.nan
    n: int = 0

    @property
    def bounds(self) -> tuple[float, float]:
        return self.low, self.high

    @property
    def has_interval(self) -> bool:
        return not (math.isnan(self.low) or math.isnan(self.high))

    @property
    def excludes_zero(self) -> bool:
        """Whether the whole interval lies on one side of zero."""
        return self.low > 0 or self.high < 0

    def within(self, least: float, most: float) -> "Estimate":
        """The same with both ends moved into what such a number can be."""
        return Estimate(self.value, max(least, self.low), min(most, self.high), self.n)

    def size(self) -> "Estimate":
        """How large a difference is, whichever way it goes."""
        nearest, farthest = sorted((abs(self.low), abs(self.high)))
        return Estimate(abs(self.value), nearest, farthest, self.n)

    def __neg__(self) -> "Estimate":
        return Estimate(-self.value, -self.high, -self.low, self.n)

    def to_json(self, name: str = "accuracy") -> dict[str, Any]:
        """As scores hold it: ``{"accuracy": 0.84, "accuracy_ci95": [0.83, 0.85]}``."""
        return {name: self.value, f"{name}_ci95": [self.low, self.high]}

    @classmethod
    def from_json(cls, scores: Mapping[str, Any], name: str = "accuracy") -> "Estimate":
        """Of scores, with their ``n`` where they have one."""
        low, high = scores[f"{name}_ci95"]
        return Estimate(scores[name], low, high, scores.get("n") or 0)

    def flat(self, name: str = "value") -> dict[str, Any]:
        """As rows of tables hold it: ``{"value": 0.84, "low": 0.83, "high": 0.85}``."""
        return {name: self.value, "low": self.low, "high": self.high}

    @classmethod
    def from_flat(cls, row: Mapping[str, Any], name: str = "value") -> "Estimate":
        """Of a row, with its ``n`` where it has one; ends of None are not known."""
        low, high = (math.nan if row[end] is None else row[end] for end in ("low", "high"))
        return Estimate(row[name], low, high, int(row.get("n") or 0))


def flattened(record: Any) -> dict[str, Any]:
    """The fields of a dataclass as commands print them, an Estimate in three: its value, ``low`` and ``high``."""
    told: dict[str, Any] = {}
    for name, value in vars(record).items():
        told |= value.flat(name) if isinstance(value, Estimate) else {name: value}
    return told


def proportion(right: int, n: int) -> Estimate:
    """``right`` of ``n`` with Wilson's interval; of none NaN with 0..1."""
    low, high = wilson(right, n)
    return Estimate(float(right / n) if n else math.nan, float(low), float(high), int(n))


def wilson(
    successes: int | Sequence[int] | np.ndarray, n: int | Sequence[int] | np.ndarray, confidence: float = 0.95
) -> tuple[np.ndarray, np.ndarray]:
    """Wilson's score interval for a proportion; scalars or arrays of equal shape, both ends within 0..1.

    Wilson (1927), "Probable inference, the law of succession, and statistical inference", JASA 22, 209-212; recommended
    by Brown, Cai and DasGupta (2001) because it keeps its coverage near 0 and 1. ``n`` of 0 gives the interval 0..1.
    """
    successes, n = np.asarray(successes, dtype=np.float64), np.asarray(n, dtype=np.float64)
    z = NormalDist().inv_cdf(0.5 + confidence / 2)
    safe_n = np.maximum(n, 1)
    share = successes / safe_n
    centre = (share + z**2 / (2 * safe_n)) / (1 + z**2 / safe_n)
    half = z / (1 + z**2 / safe_n) * np.sqrt(share * (1 - share) / safe_n + z**2 / (4 * safe_n**2))
    low = np.where(n == 0, 0.0, np.clip(centre - half, 0, 1))
    high = np.where(n == 0, 1.0, np.clip(centre + half, 0, 1))
    # At 0 of n and n of n the bound is exactly 0 or 1; the arithmetic leaves 1e-17.
    return np.where(successes == 0, 0.0, low), np.where((successes == n) & (n > 0), 1.0, high)


Bounds = tuple[np.ndarray, np.ndarray]
_SHARED = 4.0  # chosen over 2 by simulation, narrowly: benchmarks/quality/coverage.py


@dataclass(frozen=True, kw_only=True, eq=False)
class ScoreIntervals:
    """Intervals of every score of a confusion matrix: (low, high), each float64 K, and of the macro means (low, high).

    All of them lie within 0..1 and hold the score that scikit-learn computes with ``zero_division=0``. A class without
    photos has none (NaN), and the macro means are over the others.
    """

    confidence: float
    precision: Bounds
    recall: Bounds
    f1: Bounds
    macro_precision: tuple[float, float]
    macro_recall: tuple[float, float]
    macro_f1: tuple[float, float]


def score_intervals(
    matrix_KK: np.ndarray, *, resamples: int = 10_000, confidence: float = 0.95, seed: int = 0
) -> ScoreIntervals:
    """Intervals of precision, recall and F1 of each class and of their macro means; equal inputs give equal numbers.

    Recall is a proportion of a fixed number of photos, so it has Wilson's interval. The rest have Wilson's too, over
    the number of photos at which a proportion would vary as the score does: mean (1 - mean) / variance over draws of
    new photos, an effective sample size as Kish (1965), "Survey sampling", section 8.2, has it. Drawing the photos of a
    class anew is one draw of a multinomial, so each resample draws K rows and no photo.

    The draws are not from the matrix itself, for a row with every photo right, or with one photo, would never vary:
    ``_SHARED`` photos are added to each row that were answered as all photos together were. So every interval has a
    width, also at 0 and at 1; how often it holds the truth from 1 to 500 photos a class is
    benchmarks/quality/coverage.py. A class that was never predicted has precision 0 with the interval 0..1: nothing was
    learnt about it.

    RunError for a matrix that is not square, holds anything but counts, or has no photo at all.
    """
    matrix_KK = _counts(matrix_KK)
    right_K, support_K, predicted_K = np.diag(matrix_KK), matrix_KK.sum(axis=1), matrix_KK.sum(axis=0)
    shown_K, safe_K = support_K > 0, np.maximum(support_K, 1)
    right_RK, predicted_RK = _resample(support_K, _shared(matrix_KK), resamples, np.random.default_rng(seed))
    precision_RK = right_RK / np.maximum(predicted_RK, 1)
    f1_RK = 2 * right_RK / np.maximum(support_K + predicted_RK, 1)
    precision_K, recall_K = right_K / np.maximum(predicted_K, 1), right_K / safe_K
    f1_K = 2 * right_K / np.maximum(support_K + predicted_K, 1)
    most = int(support_K.sum())
    precision = _as_wide(precision_RK, precision_K, most, confidence)
    precision = np.where(predicted_K > 0, precision[0], 0.0), np.where(predicted_K > 0, precision[1], 1.0)

    def macro(scores_RK: np.ndarray, point_K: np.ndarray) -> tuple[float, float]:
        over = scores_RK[:, shown_K].mean(axis=1, keepdims=True)
        low, high = _as_wide(over, point_K[shown_K].mean(keepdims=True), most, confidence)
        return float(low[0]), float(high[0])

    return ScoreIntervals(
        confidence=confidence,
        precision=_of_shown(precision, shown_K),
        recall=_of_shown(wilson(right_K, support_K, confidence), shown_K),
        f1=_of_shown(_as_wide(f1_RK, f1_K, most, confidence), shown_K),
        macro_precision=macro(precision_RK, precision_K),
        macro_recall=macro(right_RK / safe_K, recall_K),
        macro_f1=macro(f1_RK, f1_K),
    )


def _as_wide(scores_RX: np.ndarray, point_X: np.ndarray, most: int, confidence: float) -> Bounds:
    """Wilson's interval around each of ``point_X``, over so many photos that a share would vary as the draws do."""
    mean_X, variance_X = scores_RX.mean(axis=0), scores_RX.var(axis=0)
    n_X = mean_X * (1 - mean_X) / np.maximum(variance_X, np.finfo(float).tiny)
    n_X = np.where(variance_X > 0, np.clip(n_X, 0.5, 4 * most), most)
    return wilson(point_X * n_X, n_X, confidence)


def _shared(matrix_KK: np.ndarray) -> np.ndarray:
    """Shares of each row after ``_SHARED`` more photos, right as often as all photos are (Agresti and Coull's share,
    1998, two right and two wrong added) and wrong as the row's own wrong ones; where it has none, as the next class."""
    K, support_K = len(matrix_KK), matrix_KK.sum(axis=1)
    right = (np.trace(matrix_KK) + 2) / (matrix_KK.sum() + 4)
    wrong_KK = matrix_KK.astype(np.float64)
    np.fill_diagonal(wrong_KK, 0)
    shown = np.flatnonzero(support_K)
    for row, after in zip(shown, np.roll(shown, -1), strict=True):
        if not wrong_KK[row].any():
            wrong_KK[row, after] = 1.0
    wrong_KK /= np.maximum(wrong_KK.sum(axis=1, keepdims=True), 1)
    added_KK = (1 - right) * wrong_KK + right * np.eye(K)
    return (matrix_KK + _SHARED * added_KK) / (support_K + _SHARED * added_KK.sum(axis=1))[:, None]


def _counts(matrix_KK: np.ndarray) -> np.ndarray:
    """The matrix as int64, or a RunError that says why it is none."""
    given = np.asarray(matrix_KK)
    if given.ndim != 2 or given.shape[0] != given.shape[1] or not given.size:
        raise RunError(f"a confusion matrix is square, one row and one column a class; got the shape {given.shape}")
    if not np.isfinite(given.astype(np.float64)).all() or (given < 0).any() or (given != np.floor(given)).any():
        raise RunError("a confusion matrix holds counts; got a number that is negative, broken or missing")
    if not given.any():
        raise RunError("the matrix holds no photo: there is nothing to score")
    return given.astype(np.int64)


def _resample(
    support_K: np.ndarray, shares_KK: np.ndarray, resamples: int, generator: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Photos right and photos predicted, each R x K, of matrices whose rows are drawn as multinomials."""
    K = len(shares_KK)
    right_RK, predicted_RK = np.zeros((resamples, K)), np.zeros((resamples, K))
    for k, row_K in enumerate(shares_KK):
        if not support_K[k]:
            continue
        # The large cells first: what is left for the others is soon nothing, and numpy stops there (0.16 -> 0.13 s).
        order = np.argsort(-row_K, kind="stable")[: np.count_nonzero(row_K)]
        drawn = generator.multinomial(support_K[k], row_K[order] / row_K[order].sum(), size=resamples)
        predicted_RK[:, order] += drawn
        right_RK[:, k] = drawn[:, np.flatnonzero(order == k)[0]]
    return right_RK, predicted_RK


def _of_shown(bounds: Bounds, shown_K: np.ndarray) -> Bounds:
    """The bounds, NaN for a class without photos."""
    return np.where(shown_K, bounds[0], np.nan), np.where(shown_K, bounds[1], np.nan)
