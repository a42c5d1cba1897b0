"""Intervals for what was counted. Takes numbers, gives numbers; every formula with its source. No torch, no files."""

from collections.abc import Sequence
from statistics import NormalDist

import numpy as np


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
