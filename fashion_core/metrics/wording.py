"""How numbers are written, on pages, in reports, on cards and by commands alike. Takes numbers, gives text.

A share is written in percent (``84.1 % [83.3, 84.9]``), a difference in points with its sign (``+2.1 points``), for a
reader who knows no percent as so many of a hundred; what has no unit as it is (``0.841 [0.833, 0.849]``).
"""

import math
from collections.abc import Sequence

from fashion_core.metrics.intervals import Estimate

COUNTED_BELOW = 20  # fewer are said as they were counted

Bounds = Sequence[float]


def percent(share: float, digits: int = 1) -> str:
    """0.8413 -> ``84.1 %``; NaN -> ``–``."""
    return "–" if math.isnan(share) else f"{100 * share:.{digits}f} %"


def interval(bounds: Bounds, digits: int = 1) -> str:
    """(0.833, 0.849) -> ``[83.3, 84.9]``: the bounds in percent, the unit standing with the number before it."""
    low, high = bounds
    return f"[{100 * low:.{digits}f}, {100 * high:.{digits}f}]"


def with_interval(share: Estimate) -> str:
    """``84.1 % [83.3, 84.9]``"""
    return f"{percent(share.value)} {interval(share.bounds)}"


def signed(value: float, how: str = "+.1f") -> str:
    """``+7.3``, ``−0.12``: with a minus as wide as the plus."""
    return format(value, how).replace("-", "−")


def points(share: float, sign: bool = True, digits: int = 1) -> str:
    """0.0213 -> ``+2.1``; what rounds to nothing has no sign."""
    written = f"{100 * share:{'+' if sign else ''}.{digits}f}"
    return written.replace("-", "−") if float(written) else f"{0:.{digits}f}"


def interval_in_points(bounds: Bounds, sign: bool = True, digits: int = 1) -> str:
    """(-0.003, 0.045) -> ``[−0.3, +4.5]``"""
    low, high = bounds
    return f"[{points(low, sign, digits)}, {points(high, sign, digits)}]"


def in_points(difference: Estimate, sign: bool = True, digits: int = 1) -> str:
    """``+12.0 points [+6.1, +17.8]``"""
    ends = interval_in_points(difference.bounds, sign, digits)
    return f"{points(difference.value, sign, digits)} points {ends}"


def as_number(value: Estimate, digits: int) -> str:
    """``0.841 [0.833, 0.849]``: what has no unit, or is read by programs."""
    return f"{value.value:.{digits}f} [{value.low:.{digits}f}, {value.high:.{digits}f}]"


def between(bounds: Bounds) -> str:
    """(0.935, 0.945) -> ``93.5 to 94.5``."""
    low, high = bounds
    return f"{100 * low:.1f} to {100 * high:.1f}"


def of_100(share: float, bounds: Bounds | None = None) -> str:
    """0.9403 -> ``94 of 100``; ``98.6 of 100`` where 99 would lie outside its interval; never a certainty that was not
    counted: ``more than 99 of 100``, ``fewer than 1 of 100``."""
    whole = math.floor(100 * share + 0.5 + 1e-9)
    if bounds is not None and not 100 * bounds[0] <= whole <= 100 * bounds[1]:
        return f"{100 * share:.1f} of 100"
    if whole == 100 and share < 1:
        return "more than 99 of 100"
    return "fewer than 1 of 100" if whole == 0 and share > 0 else f"{whole} of 100"


def of_tried(share: float, n: int, bounds: Bounds | None = None, things: str = "photos") -> str:
    """``94 of 100 photos``; of fewer than 20 what was counted, ``3 of 4 photos``: a hundred would be a scale that
    nobody tried. Of several trainings the mean, ``2.7 of 4 photos``."""
    if n >= COUNTED_BELOW:
        return f"{of_100(share, bounds)} {things}".rstrip()
    right = share * n
    written = f"{right:.0f}" if abs(right - round(right)) < 0.05 else f"{right:.1f}"
    return f"{written} of {n} {things.removesuffix('s') if n == 1 else things}".rstrip()


def p_words(p_value: float) -> str:
    """``p = 0.032``; ``p < 0.001``."""
    return "p < 0.001" if p_value < 0.001 else f"p = {p_value:.3f}" if p_value < 0.1 else f"p = {p_value:.2f}"


def margin_words(margin: float) -> str:
    """0.01 -> ``1 point``; 0.005 -> ``0.5 points``."""
    written = f"{100 * margin:g}"
    return f"{written} point" if written == "1" else f"{written} points"
