"""Which classes of a large matrix are drawn: those of the worst confusions, or one with those it is confused with.

From ``excerpts.MANY`` classes on a page draws a part of the matrix and says so; the choice lives in the address. Takes
a matrix (counts, rows true) and its classes; gives indices. The whole is a picture (``ui.charts.whole``).
"""

from collections.abc import Sequence

import numpy as np

from fashion_core import excerpts, orders
from ui import address, audience, class_words, words

WORST = "worst/"  # a folder cannot be called this, so neither can a class
MOST = (10, excerpts.SHOWN, 25, 40)
MOVED = "Largest differences"
AROUND, NUMBER = "around", "most"


def is_large(classes: Sequence[str]) -> bool:
    """Whether there are too many classes for one matrix."""
    return len(classes) >= excerpts.MANY


def pick(
    matrix: np.ndarray, classes: Sequence[str], keep: Sequence[str] = (), first: str = "Worst confusions"
) -> list[int]:
    """Draw the search for a class and the number of classes; the classes to draw, similar ones side by side. ``keep``
    are drawn among the worst confusions whatever else is; ``first`` is what those are called."""
    around, most = WORST, excerpts.SHOWN

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
                "How many classes", [str(number) for number in MOST], key=NUMBER, default=str(excerpts.SHOWN),
                words=lambda number: f"{number} classes", width=124, label_visibility="collapsed",
            )
        )  # fmt: skip
    if around != WORST:
        return excerpts.around(matrix, list(classes).index(around), most)
    return excerpts.worst(matrix, most, [list(classes).index(name) for name in keep if name in classes])


def told(matrix: np.ndarray, places: Sequence[int]) -> str:
    """How much of the matrix is drawn."""
    inside, wrong = excerpts.wrong_within(matrix, places)
    part = f"{words.count(len(places))} of {words.counted(len(matrix), 'class', 'classes')}"
    share = f"with {words.count(inside)} of {words.counted(wrong, 'wrong answer')} between them" if wrong else ""
    return f"{part}, {share}. Shares are of whole rows." if share else f"{part}; no answer is wrong."


def within(order: Sequence[int], breaks: Sequence[int], places: Sequence[int]) -> orders.Order:
    """The part of an order that ``places`` are of, with its breaks."""
    kept = [(at, place) for at, place in enumerate(order) if place in set(places)]
    group = np.searchsorted(breaks, [at for at, _ in kept], side="right") if breaks else np.zeros(len(kept))
    return [place for _, place in kept], [int(at) for at in np.flatnonzero(np.diff(group)) + 1]
