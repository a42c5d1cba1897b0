"""Which classes of a large matrix are drawn: those of the worst confusions, or one with those it is confused with.

From ``excerpts.MANY`` classes on a page draws a part of the matrix and says so; the choice lives in the address. Takes
a matrix (counts, rows true) and its classes; gives indices. The whole is a picture (``ui.charts.whole_matrix``).
"""

from collections.abc import Sequence

import numpy as np

from fashion_core.metrics import class_order, worst_classes
from ui.app import address, audience, words
from ui.shared import class_words

WORST = "worst/"  # a folder cannot be called this, so neither can a class
MOST = (10, worst_classes.SHOWN, 25, 40)
MOVED = "Largest differences"
AROUND, NUMBER = "around", "most"


def is_large(classes: Sequence[str]) -> bool:
    """Whether there are too many classes for one matrix."""
    return len(classes) >= worst_classes.MANY


def pick(
    matrix: np.ndarray, classes: Sequence[str], keep: Sequence[str] = (), first: str = "Worst confusions"
) -> list[int]:
    """Draw the search for a class and the number of classes; the classes to draw, similar ones side by side. ``keep``
    are drawn among the worst confusions whatever else is; ``first`` is what those are called."""
    around, most = WORST, worst_classes.SHOWN

    written = class_words.of(classes)

    def choice(label: str) -> str:
        return first if label == WORST else f"Around {written(label)}"

    if audience.shows(AROUND, NUMBER):
        around = address.select(
            "Classes shown", [WORST, *classes], key=AROUND, words=choice, width=230, label_visibility="collapsed",
            help="The classes of the worst confusions, or one class (type to search) and those it is confused with.",
        )  # fmt: skip
        most = int(
            address.select(
                "How many classes", [str(number) for number in MOST], key=NUMBER, default=str(worst_classes.SHOWN),
                words=lambda number: f"{number} classes", width=124, label_visibility="collapsed",
            )
        )  # fmt: skip
    if around != WORST:
        return worst_classes.around(matrix, list(classes).index(around), most)
    return worst_classes.worst(matrix, most, [list(classes).index(name) for name in keep if name in classes])


def told(matrix: np.ndarray, places: Sequence[int], *, shares: bool = True) -> str:
    """How much of the matrix is drawn; ``shares``: whether its cells say what share of the row they are."""
    inside, wrong = worst_classes.wrong_within(matrix, places)
    part = f"{words.count(len(places))} of {words.counted(len(matrix), 'class', 'classes')}"
    share = f"with {words.count(inside)} of {words.counted(wrong, 'wrong answer')} between them" if wrong else ""
    of_rows = " Shares are of whole rows." if shares else ""
    return f"{part}, {share}.{of_rows}" if share else f"{part}; no answer is wrong."


def within(order: Sequence[int], breaks: Sequence[int], places: Sequence[int]) -> class_order.Order:
    """The part of an order that ``places`` are of, with its breaks."""
    kept = [(at, place) for at, place in enumerate(order) if place in set(places)]
    group = np.searchsorted(breaks, [at for at, _ in kept], side="right") if breaks else np.zeros(len(kept))
    return [place for _, place in kept], [int(at) for at in np.flatnonzero(np.diff(group)) + 1]
