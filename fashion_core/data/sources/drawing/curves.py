"""Curves and outlines: points in, points out.

Body units: y 0 is the crown of the head, y 1 the soles, x 0 the middle.
"""

import functools
from collections.abc import Sequence

import numpy as np

Points = Sequence[tuple[float, float]] | np.ndarray


@functools.lru_cache(maxsize=16)
def _spline(steps: int) -> np.ndarray:
    t = np.arange(steps)[:, None] / steps
    return 0.5 * np.hstack([-t + 2 * t**2 - t**3, 2 - 5 * t**2 + 3 * t**3, t + 4 * t**2 - 3 * t**3, -(t**2) + t**3])


def smooth(points: Points, steps: int = 6, closed: bool = False) -> np.ndarray:
    """A Catmull-Rom curve through the points."""
    p = np.asarray(points, float)
    p = np.concatenate([p[-1:], p, p[:2]] if closed else [p[:1], p, p[-1:]])
    quads = np.stack([p[:-3], p[1:-2], p[2:-1], p[3:]], 1)
    curve = (_spline(steps) @ quads).reshape(-1, 2)
    return curve if closed else np.concatenate([curve, p[-1:]])


def both_sides(half: Points) -> np.ndarray:
    """Close a right-hand contour, given from top to bottom, with its mirror image."""
    half = np.asarray(half, float)
    return np.vstack([half, half[::-1] * (-1, 1)])


def limb(path: Points, widths: Sequence[float]) -> np.ndarray:
    """The outline of a bent tube: an arm, a leg, a sleeve, a scarf. One half-width per point of the path."""
    p = smooth(path, 5)
    w = np.interp(np.arange(len(p)) * ((len(widths) - 1) / (len(p) - 1)), np.arange(len(widths)), widths)
    ahead = np.empty_like(p)
    ahead[1:-1] = p[2:] - p[:-2]
    ahead[0], ahead[-1] = p[1] - p[0], p[-1] - p[-2]
    across = ahead[:, ::-1] * (w / (np.sqrt((ahead * ahead).sum(1)) + 1e-9))[:, None] * (-1, 1)
    return np.concatenate([p + across, (p - across)[::-1]])


def along(path: Points, share: float) -> np.ndarray:
    """The first `share` (by length) of a path."""
    p = np.asarray(path, float)
    lengths = np.r_[0, np.cumsum(np.hypot(*np.diff(p, axis=0).T))]
    end = lengths[-1] * share
    keep = p[lengths < end]
    last = [np.interp(end, lengths, p[:, 0]), np.interp(end, lengths, p[:, 1])]
    return np.vstack([keep, [last]])
