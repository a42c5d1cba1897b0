"""A comparison as pages show it."""

from types import SimpleNamespace

from fashion_core.compare import verdicts
from fashion_core.metrics.intervals import Estimate


def compared(about, low, value, high, num_second=1):
    difference = Estimate(value, low, high)
    side = SimpleNamespace(name="a", drawn=False, members=(0,))
    other = SimpleNamespace(name="b", drawn=False, members=(0,) * num_second)
    verdict = SimpleNamespace(word=verdicts.CANNOT_TELL, about=about)
    return SimpleNamespace(verdict=verdict, difference=difference, first=side, second=other, n=600, margin=0.01)
