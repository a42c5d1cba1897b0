"""Is one classifier better than another, by how much, and could the two be called equal? Takes counts, gives numbers.

Every formula with its source; no files, no torch. Counts may be scalars or arrays of equal shape (one entry a class).
A difference is always the second minus the first. Of n photos that both were asked about:

    n11  both right             n10  the first right, the second wrong   (right -> wrong)
    n00  both wrong             n01  the first wrong, the second right   (wrong -> right)
"""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

import numpy as np
from scipy import special

from fashion_core.metrics.intervals import Estimate, wilson

LEVEL = 0.05  # a claim is made when chance alone would make it at most this often


@dataclass(frozen=True, kw_only=True, eq=False)
class Difference(Estimate):
    """Second minus first, as shares; floats, or arrays float64 K where the counts were arrays.

    ``inner_low, inner_high``: the 90 % interval, which lies within plus and minus a margin exactly when two one-sided
    tests at 5 % each reject a difference as large as the margin. ``p_value``: two-sided, of no difference; its test is
    the one that ``method`` names.
    """

    inner_low: Any
    inner_high: Any
    p_value: Any
    method: str

    def equivalent(self, margin: float) -> Any:
        """Whether a difference as large as ``margin`` (a share) is ruled out in both directions, at 5 % each.

        Schuirmann (1987), "A comparison of the two one-sided tests procedure and the power approach for assessing the
        equivalence of average bioavailability", Journal of Pharmacokinetics and Biopharmaceutics 15, 657-680.
        """
        return (self.inner_low > -margin) & (self.inner_high < margin)


def mcnemar_exact(b: Any, c: Any) -> Any:
    """Two-sided p-value of the exact McNemar test of the discordant counts ``b`` and ``c``; 1 where both are 0.

    McNemar (1947), "Note on the sampling error of the difference between correlated proportions or percentages",
    Psychometrika 12, 153-157; exact as the sign test: under no difference the smaller count is binomial (b + c, 1/2).
    """
    b, c = np.asarray(b, dtype=np.int64), np.asarray(c, dtype=np.int64)
    found = np.minimum(1.0, 2 * special.bdtr(np.minimum(b, c).astype(np.float64), b + c, 0.5))
    found = np.where(b + c == 0, 1.0, found)
    return found if found.ndim else float(found)


def holm(p_values: Sequence[float] | np.ndarray) -> np.ndarray:
    """p-values adjusted so that calling those below 5 % different makes one false call among all in 5 % of cases.

    Holm (1979), "A simple sequentially rejective multiple test procedure", Scandinavian Journal of Statistics 6, 65-70.
    """
    given = np.asarray(p_values, dtype=np.float64)
    order = np.argsort(given, kind="stable")
    steps = np.maximum.accumulate(given[order] * np.arange(len(given), 0, -1))
    adjusted = np.empty(len(given))
    adjusted[order] = np.minimum(1.0, steps)
    return adjusted


def paired_difference(n10: Any, n01: Any, n: Any) -> Difference:
    """Difference of two classifiers on the same ``n`` photos: Tango's score interval, the p-value of exact McNemar.

    Tango (1998), "Equivalence test and confidence interval for the difference in proportions for the paired-sample
    design", Statistics in Medicine 17, 891-908: the interval keeps its coverage with few discordant photos, and the
    equivalence test is the same statistic. With no photo at all the interval is -1..1.
    """
    low, high = _tango(n10, n01, n, 0.95)
    inner_low, inner_high = _tango(n10, n01, n, 0.90)
    value = (np.asarray(n01, dtype=np.float64) - n10) / np.maximum(n, 1)
    return _difference(value, low, high, inner_low, inner_high, mcnemar_exact(n10, n01), "exact McNemar test")


def tango_statistic(n10: Any, n01: Any, n: Any, delta: Any) -> np.ndarray:
    """Standard normal score of the hypothesis that the second minus the first is ``delta``; falls as delta grows.

    Tango (1998), equations 8 to 10: the variance is that of the maximum likelihood estimate under the hypothesis.
    """
    n10, n01, n, delta = (np.asarray(number, dtype=np.float64) for number in (n10, n01, n, delta))
    A, B = 2 * n, -n01 - n10 + (2 * n - n01 + n10) * delta
    C = -n10 * delta * (1 - delta)
    lost = (np.sqrt(np.maximum(B**2 - 4 * A * C, 0)) - B) / np.maximum(2 * A, 1)  # share of right -> wrong
    variance = np.maximum(n * (2 * lost + delta * (1 - delta)), 1e-300)
    return (n01 - n10 - n * delta) / np.sqrt(variance)


def _tango(n10: Any, n01: Any, n: Any, confidence: float) -> tuple[np.ndarray, np.ndarray]:
    """Where the statistic crosses plus and minus z, by bisection: 60 halvings of -1..1 leave less than 1e-17."""
    z = NormalDist().inv_cdf(0.5 + confidence / 2)
    n10, n01, n = np.broadcast_arrays(*(np.asarray(number, dtype=np.float64) for number in (n10, n01, n)))
    value = (n01 - n10) / np.maximum(n, 1)
    ends = []
    for start, target in ((-1.0, z), (1.0, -z)):
        outer, inner = np.full(value.shape, start), value.copy()
        for _ in range(60):
            middle = (outer + inner) / 2
            beyond = np.abs(tango_statistic(n10, n01, n, middle)) > abs(target)
            outer, inner = np.where(beyond, middle, outer), np.where(beyond, inner, middle)
        ends.append(np.where(n == 0, start, inner))
    return ends[0], ends[1]


def independent_difference(right_first: Any, n_first: Any, right_second: Any, n_second: Any) -> Difference:
    """Difference of two proportions of which nothing is known photo by photo: Newcombe's hybrid score interval.

    Newcombe (1998), "Interval estimation for the difference between independent proportions: comparison of eleven
    methods", Statistics in Medicine 17, 873-890, method 10. The p-value is Pearson's chi-squared of the 2 x 2 table
    without correction (Pearson 1900). Where the photos were the same after all, both are too careful, never too bold.
    """
    ends = [
        _newcombe(right_first, n_first, right_second, n_second, confidence) for confidence in (0.95, 0.90)
    ]  # wide, inner
    right_first, n_first = np.asarray(right_first, dtype=np.float64), np.asarray(n_first, dtype=np.float64)
    right_second, n_second = np.asarray(right_second, dtype=np.float64), np.asarray(n_second, dtype=np.float64)
    value = right_second / n_second - right_first / n_first
    pooled = (right_first + right_second) / (n_first + n_second)
    error = np.sqrt(pooled * (1 - pooled) * (1 / n_first + 1 / n_second))
    score = np.divide(value, error, out=np.zeros_like(value), where=error > 0)
    p_value = 2 * special.ndtr(-np.abs(score))
    return _difference(value, *ends[0], *ends[1], p_value, "chi-squared test of two independent proportions")


def _newcombe(
    right_first: Any, n_first: Any, right_second: Any, n_second: Any, confidence: float
) -> tuple[np.ndarray, np.ndarray]:
    first, second = np.asarray(right_first) / n_first, np.asarray(right_second) / n_second
    low_first, high_first = wilson(right_first, n_first, confidence)
    low_second, high_second = wilson(right_second, n_second, confidence)
    below = np.sqrt((second - low_second) ** 2 + (high_first - first) ** 2)
    above = np.sqrt((high_second - second) ** 2 + (first - low_first) ** 2)
    return second - first - below, second - first + above


def seeded_difference(
    first_S: Any, second_S: Any, photo_variance: Any, spread: tuple[Any, int] | None = None
) -> Difference:
    """Difference of two recipes of which each was trained with several seeds; ValueError if no spread is known.

    ``first_S``, ``second_S``: accuracy (or recall of K classes: S x K) of each trained model. The unit that was
    repeated is the training run, so the seeds are what is counted, never seeds times photos:
    Welch (1947), "The generalization of 'Student's' problem when several different population variances are
    involved", Biometrika 34, 28-35. All models were asked about one sample of photos, and another sample would change
    them all: ``photo_variance`` (``variance_over_photos``) stands for that. The half-widths of the two, t of the seeds
    and z of the photos, are added in squares: Zou and Donner (2008), "Construction of confidence limits about effect
    measures: a general approach", Statistics in Medicine 27, 1693-1702. (Satterthwaite's joint degrees of freedom
    called equal recipes different in 8.5 % of trials where the spread came from 3 seeds.) The p-value is the level at
    which the interval ends at 0.

    A side of one run has no spread of its own: it is taken from the other side, or from ``spread`` (standard deviation
    between seeds, degrees of freedom), which other runs of the same recipe gave.
    """
    first_S, second_S = np.asarray(first_S, dtype=np.float64), np.asarray(second_S, dtype=np.float64)
    seed_variance, df = _seed_variance(first_S, second_S, spread)
    photo_variance = np.asarray(photo_variance, dtype=np.float64)

    def half(level: Any) -> np.ndarray:
        # bounded: at level 0 both are infinite, and infinity times a variance of 0 is no number
        t, z = np.minimum(special.stdtrit(df, 1 - level / 2), 1e150), np.minimum(special.ndtri(1 - level / 2), 1e150)
        return np.sqrt(t**2 * seed_variance + z**2 * photo_variance)

    value = second_S.mean(axis=0) - first_S.mean(axis=0)
    low, high, inner_low, inner_high = (
        np.clip(value + side * half(level), -1, 1) for level in (LEVEL, 2 * LEVEL) for side in (-1, 1)
    )
    below, above = np.zeros(value.shape), np.ones(value.shape)
    for _ in range(60):
        middle = (below + above) / 2
        wider = half(middle) > np.abs(value)  # the interval at this level holds 0, so p is larger
        below, above = np.where(wider, middle, below), np.where(wider, above, middle)
    p_value = np.where(value == 0, 1.0, above)
    return _difference(value, low, high, inner_low, inner_high, p_value, "Welch's t over seeds and photos")


def _seed_variance(first_S: np.ndarray, second_S: np.ndarray, spread: tuple[Any, int] | None) -> tuple[Any, Any]:
    """Variance of the difference of the two means that comes from the seeds, and its degrees of freedom."""
    num_first, num_second = len(first_S), len(second_S)
    if num_first > 1 and num_second > 1:
        parts = first_S.var(axis=0, ddof=1) / num_first, second_S.var(axis=0, ddof=1) / num_second
        squares = parts[0] ** 2 / (num_first - 1) + parts[1] ** 2 / (num_second - 1)
        total = parts[0] + parts[1]
        return total, np.divide(total**2, squares, out=np.ones(np.shape(total)), where=squares > 0)
    if num_first > 1 or num_second > 1:
        several = first_S if num_first > 1 else second_S
        variance, df = several.var(axis=0, ddof=1), len(several) - 1
    elif spread is not None:
        variance, df = np.broadcast_to(np.square(spread[0]), first_S.shape[1:]), spread[1]
    else:
        raise ValueError("a spread between seeds is needed, and both sides are single runs")
    return variance * (1 / num_first + 1 / num_second), df


def variance_over_photos(
    right_first_SN: np.ndarray, right_second_SN: np.ndarray, *, signed: bool = False
) -> np.ndarray:
    """Variance of the mean difference that comes from which photos were asked about, float64 without axes S and N.

    ``right_*_SN``: whether each of S models was right on each of the same N photos (further axes may follow). A photo's
    own difference is between the shares of models that were right on it; N photos were drawn, so it is their variance
    over N. What a seed did on a single photo is taken out where a side has several seeds (the moment estimate of a
    two-way layout: Searle, Casella and McCulloch (1992), "Variance components", chapter 4), because the spread between
    seeds holds it already; of a single run it cannot be told apart and stays in. An estimate below 0 is 0 unless it is
    wanted ``signed``, for a sum of several, which would be too large if each were cut off.
    """
    by_photo_N = right_second_SN.mean(axis=0) - right_first_SN.mean(axis=0)
    if len(by_photo_N) < 2:
        return np.zeros(by_photo_N.shape[1:])
    variance = by_photo_N.var(axis=0, ddof=1)
    for right_SN in (right_first_SN, right_second_SN):
        if len(right_SN) > 1:
            share_N = right_SN.mean(
                axis=0
            )  # of S yes-or-no values the variance (S - 1) is share (1 - share) S / (S - 1)
            variance = variance - (share_N * (1 - share_N)).mean(axis=0) / (len(right_SN) - 1)
    return (variance if signed else np.maximum(variance, 0)) / len(by_photo_N)


def _difference(
    value: Any, low: Any, high: Any, inner_low: Any, inner_high: Any, p_value: Any, method: str
) -> Difference:
    value, low, high, inner_low, inner_high, p_value = (
        number if np.ndim(number) else float(number) for number in (value, low, high, inner_low, inner_high, p_value)
    )
    return Difference(value, low, high, inner_low=inner_low, inner_high=inner_high, p_value=p_value, method=method)
