"""A difference in words: ``+12.0 points [+6.1, +17.8]``. Takes a Difference, returns text."""

from fashion_core.compare.wording import points
from fashion_core.metrics.significance import Difference


def signed(difference: Difference) -> str:
    """Value and 95 % interval, in points, with a sign."""
    return f"{points(difference.value)} points [{points(difference.low)}, {points(difference.high)}]"
