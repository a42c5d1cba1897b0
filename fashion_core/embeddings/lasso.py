"""Which points of a map lie in what a reader drew round them. Takes coordinates; knows no images.

N points, P corners.
"""

from collections.abc import Sequence

import numpy as np

from fashion_core.errors import WrongUse

_MOST_CORNERS = 10_000


def inside(points_N2: np.ndarray, xs_P: Sequence[float], ys_P: Sequence[float]) -> np.ndarray:
    """Which points lie inside a polygon, bool N, by the even-odd rule (a lasso may cross itself).

    WrongUse when there are not as many ``ys_P`` as ``xs_P``, or numbers that are not finite, or too many corners.
    """
    try:
        corners_P2 = np.stack([np.asarray(xs_P, np.float64), np.asarray(ys_P, np.float64)], axis=1)
    except (ValueError, TypeError) as error:
        raise WrongUse("the corners of a selection are pairs of numbers") from error
    if corners_P2.ndim != 2 or not np.isfinite(corners_P2).all() or len(corners_P2) > _MOST_CORNERS:
        raise WrongUse(f"a selection has at most {_MOST_CORNERS:,} corners, each two finite numbers")
    found_N = np.zeros(len(points_N2), bool)
    if len(corners_P2) < 3:
        return found_N
    low, high = corners_P2.min(axis=0), corners_P2.max(axis=0)
    near = np.flatnonzero(((points_N2 >= low) & (points_N2 <= high)).all(axis=1))  # most points are far from a lasso
    near = near[np.argsort(points_N2[near, 1], kind="stable")]
    x, y = points_N2[near, 0].astype(np.float64), points_N2[near, 1].astype(np.float64)
    crossed = np.zeros(len(near), bool)
    for (x0, y0), (x1, y1) in zip(corners_P2, np.roll(corners_P2, -1, axis=0), strict=True):
        if y0 == y1:
            continue
        # points at the height of this edge are one stretch, as they stand in order of their height
        start, end = np.searchsorted(y, sorted((y0, y1)), side="left")
        edge = slice(start, end)
        crossed[edge] ^= x[edge] < x0 + (y[edge] - y0) * ((x1 - x0) / (y1 - y0))
    found_N[near] = crossed
    return found_N


def box(xs: Sequence[float], ys: Sequence[float]) -> tuple[list[float], list[float]]:
    """The corners of a box from two opposite ones."""
    if len(xs) != 2 or len(ys) != 2:
        raise WrongUse("a box has two opposite corners")
    return [xs[0], xs[1], xs[1], xs[0]], [ys[0], ys[0], ys[1], ys[1]]
