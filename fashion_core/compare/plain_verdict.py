"""The verdict on two sides for a reader who knows no term of the field: one sentence, on a page as in a report.

Takes a comparison, gives words; the numbers are the comparison's, a difference said as photos of a hundred.
"""

from collections.abc import Callable

from fashion_core.compare.comparison import Comparison
from fashion_core.compare.verdicts import BETTER, EQUIVALENT, EXPERIMENTS, SEEDS, WORSE
from fashion_core.metrics.intervals import Estimate
from fashion_core.metrics.wording import COUNTED_BELOW, between, of_tried, points


def sentence(found: Comparison, shown: Callable[[str], str] = str) -> str:
    """The verdict without its test; the names of the sides go through ``shown``."""
    word, difference = found.verdict.word, found.difference
    first, second = shown(found.first.name), shown(found.second.name)
    several = len(found.second.members) > 1
    by = more_or_fewer(difference, found.n)
    if word in (BETTER, WORSE):
        return (
            f"{second} {'are' if several else 'is'} {word} than {first}. {'They name' if several else 'It names'} "
            f"{by} photos right ({tried(between(difference.size().bounds), found.n)})."
        )
    if word == EQUIVALENT:
        ends = f"{points(difference.low)} to {points(difference.high)}"
        return (
            f"No difference that matters: {second} and {first} differ by {points(difference.value)} of 100 photos "
            f"({tried(ends, found.n)}), and a difference of {100 * found.margin:g} or more is ruled out."
        )
    why = "which may be chance"
    if found.verdict.about == SEEDS:
        why = "but two trainings of one kind differ by luck"
    elif found.verdict.about == EXPERIMENTS and (found.first.drawn or found.second.drawn):
        why = "but one of the two answered drawn pictures, so that says nothing about clothes"
    names = "name" if several else "names"
    return (
        f"Cannot tell: {second} {names} {by} photos right than {first} ({tried(from_to(difference), found.n)}), {why}."
    )


def tried(interval: str, n: int) -> str:
    """``93.5 to 94.5; 7,500 were tried``: what stands behind a share in brackets. Behind a count, which has another
    unit, the interval says its own."""
    if n < COUNTED_BELOW:
        return f"{interval} of 100 such; no more were tried"
    return f"{interval}; {n:,} were tried"


def more_or_fewer(difference: Estimate, n: int) -> str:
    """``2.3 fewer of 100``; of fewer than 20 photos what was counted: ``1 fewer of 14``."""
    more = "fewer" if difference.value < 0 else "more"
    if n < COUNTED_BELOW:
        number, _, of = of_tried(abs(difference.value), n, things="").partition(" ")
        return f"{number} {more} {of}"
    return f"{abs(100 * difference.value):.1f} {more} of 100"


def from_to(difference: Estimate) -> str:
    """The interval: ``1.7 to 2.9``, or ``from 4.4 fewer to 7.1 more`` where it holds zero."""
    if difference.excludes_zero:
        return between(difference.size().bounds)
    return f"from {-100 * difference.low:.1f} fewer to {100 * difference.high:.1f} more"
