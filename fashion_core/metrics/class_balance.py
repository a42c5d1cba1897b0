"""How photos spread over classes and splits: imbalance, and whether two splits differ. Takes counts; knows no files.

K classes; counts are int arrays of length K in index order.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import chdtrc


@dataclass(frozen=True, kw_only=True)
class LabelShift:
    """How the class shares of two splits differ.

    ``distance`` is the total variation distance, half the summed absolute differences of the shares: the part of one
    split's photos that would have to change class for the shares to agree. ``by_chance`` is the distance that a random
    division into two splits of these sizes gives on average. ``points_K`` is second minus first, in shares. ``p_value``
    is Pearson's chi-square test of homogeneity; None when there are too few photos for it.
    """

    distance: float
    by_chance: float
    chi_square: float
    degrees: int
    p_value: float | None
    points_K: np.ndarray


def imbalance_ratio(counts_K: np.ndarray) -> float:
    """Photos of the largest class for each photo of the smallest; infinite when a class has none."""
    least = counts_K.min()
    return float(counts_K.max() / least) if least else float("inf")


def label_shift(first_K: np.ndarray, second_K: np.ndarray) -> LabelShift:
    """Compare two splits, each with at least one photo. A class that neither split has takes no part in the test.

    ``by_chance`` is sum sqrt(2 / pi) * s / 2 with s^2 = q (1 - q) (1 / n + 1 / m), q the pooled share: the mean of a
    normal variable's absolute value. The test needs Cochran's (1954) condition: no expected count under 1, at most a
    fifth of them under 5.
    """
    table_2K = np.stack([first_K, second_K]).astype(np.float64)
    sizes_2 = table_2K.sum(axis=1)
    shares_2K = table_2K / sizes_2[:, None]
    pooled_K = table_2K.sum(axis=0) / sizes_2.sum()
    spread_K = np.sqrt(pooled_K * (1 - pooled_K) * (1 / sizes_2).sum())
    present = pooled_K > 0
    expected_2K = (sizes_2[:, None] * pooled_K)[:, present]
    chi_square = float(((table_2K[:, present] - expected_2K) ** 2 / expected_2K).sum())
    degrees = int(present.sum()) - 1
    testable = degrees > 0 and expected_2K.min() >= 1 and (expected_2K < 5).mean() <= 0.2
    return LabelShift(
        distance=float(np.abs(shares_2K[0] - shares_2K[1]).sum() / 2),
        by_chance=float(np.sqrt(2 / np.pi) * spread_K.sum() / 2),
        chi_square=chi_square,
        degrees=degrees,
        p_value=float(chdtrc(degrees, chi_square)) if testable else None,
        points_K=shares_2K[1] - shares_2K[0],
    )
