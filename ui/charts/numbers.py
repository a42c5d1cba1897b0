"""How shares and differences are written, in charts and on pages alike. Takes numbers, returns text."""

import math
from collections.abc import Sequence


def percent(share: float, digits: int = 1) -> str:
    """0.8413 -> ``84.1 %``; NaN -> ``–``."""
    return "–" if math.isnan(share) else f"{100 * share:.{digits}f} %"


def interval(bounds: Sequence[float]) -> str:
    """(0.833, 0.849) -> ``[83.3, 84.9]``: the bounds in percent, the unit standing with the number before it."""
    low, high = bounds
    return f"[{100 * low:.1f}, {100 * high:.1f}]"


def percent_with_interval(share: float, bounds: Sequence[float]) -> str:
    """``84.1 % [83.3, 84.9]``"""
    return f"{percent(share)} {interval(bounds)}"


def signed(value: float, how: str = "+.1f") -> str:
    """``+7.3``, ``−0.12``: with a minus as wide as the plus."""
    return format(value, how).replace("-", "−")


def signed_between(low: float, high: float, how: str = "+.1f") -> str:
    """``[−0.3, +4.5]``"""
    return f"[{signed(low, how)}, {signed(high, how)}]"
