"""Differences in words, in points of accuracy with their sign. Takes numbers, returns text."""

from fashion_core.compare.wording import points
from fashion_core.metrics.significance import Difference


def points_between(low: float, high: float, sign: bool = True) -> str:
    """(-0.003, 0.045) -> ``[−0.3, +4.5]``"""
    return f"[{points(low, sign)}, {points(high, sign)}]"


def in_points(difference: Difference) -> str:
    """Value and 95 % interval: ``+12.0 points [+6.1, +17.8]``"""
    return f"{points(difference.value)} points {points_between(difference.low, difference.high)}"
