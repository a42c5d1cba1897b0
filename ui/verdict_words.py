"""A difference in words: ``+12.0 points [+6.1, +17.8]``. Takes a Difference, returns text."""

from fashion_core.differences import Difference
from fashion_core.verdicts import points


def signed(difference: Difference) -> str:
    """Value and 95 % interval, in points, with a sign."""
    return f"{points(difference.value)} points [{points(difference.low)}, {points(difference.high)}]"
