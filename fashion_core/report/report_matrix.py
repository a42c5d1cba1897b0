"""The confusion matrix of a report: a table whose cells and headings are buttons that open the photos behind them.

Takes one run of a report; gives markup. What a button opens is report.js's work; on paper it is a table. Of
many classes the table has those of the worst confusions, any other is found by its name, and the whole is a picture.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from fashion_core.labels import counted, display_name, shortened
from fashion_core.metrics import worst_classes
from fashion_core.report import matrix_picture
from fashion_core.report.facts import RunFacts
from fashion_core.report.html import Markup, join, tag
from fashion_core.report.json_document import LONGEST

LEVELS = 5  # shades of right (r1 to r5) and of wrong (w1 to w5)


def levels(matrix_KK: np.ndarray) -> np.ndarray:
    """Class name of the shade of each cell, as strong as ``matrix_picture.strengths``; an empty cell is paper."""
    step_KK = 1 + np.minimum(LEVELS - 1, (matrix_picture.strengths(matrix_KK) * LEVELS).astype(int))
    names = np.char.add(np.where(np.eye(len(matrix_KK), dtype=bool), "r", "w"), step_KK.astype(str))
    return np.where(matrix_KK > 0, names, "z")


def matrix(index: int, run: RunFacts) -> Markup:
    """The table of the run at this place of the report, and the place where its photos appear."""
    counts_KK, large = run.scores.matrix_KK, run.has_many_classes
    places = worst_classes.worst(counts_KK, keep=run.first_cell) if large else range(len(counts_KK))
    told = (
        "Rows: what the photo shows. Columns: what was answered. The diagonal (green) is right, the rest (red) wrong; "
        "the more a cell stands out, the more of its row it is. Choose a cell, or a name for its row or column, to "
        "see the photos; arrow keys move."
    )
    if large:
        inside, wrong = worst_classes.wrong_within(counts_KK, places)
        told = (
            f"The {len(places)} classes of the worst confusions, of {len(counts_KK):,}; {inside:,} of "
            f"{counted(wrong, 'wrong answer')} lie between them. {told}"
        )
    photos = tag(
        "div",
        tag("h4", "Photos", aria_live="polite"),
        tag("p", "Choose a cell of the matrix.", class_="told"),
        tag("div", class_="grid"),
        tag("div", class_="more"),
        class_="photos",
    )
    table = _table(counts_KK, run.scores.classes, places, told)
    shown = tag("div", _search(index, run) if large else None, tag("div", table, class_="scroll"))
    explorer = tag("div", shown, photos, class_="explorer", data_run=index)
    return join(explorer, _whole(counts_KK)) if large else explorer


def _table(counts_KK: np.ndarray, classes: Sequence[str], places: Sequence[int], told: str) -> Markup:
    """Rows and columns of these classes; a share is one of the whole row."""
    names = {k: display_name(classes[k]) for k in places}
    short = dict(zip(places, shortened(list(names.values()), LONGEST), strict=True))
    shade_KK, total_K, said_K = levels(counts_KK), counts_KK.sum(axis=1), counts_KK.sum(axis=0)
    heads = [
        tag(
            "th",
            _button(tag("span", short[k]), f"Everything answered as {name}: {counted(said_K[k], 'photo')}", c=k),
            scope="col",
        )
        for k, name in names.items()
    ]
    body = []
    for r, name in names.items():
        cells = [
            tag(
                "td",
                _button(
                    str(counts_KK[r, c]) if counts_KK[r, c] else "",
                    f"{name} answered as {other}: {counts_KK[r, c]:,} of {counted(total_K[r], 'photo')}, "
                    f"{'right' if r == c else 'wrong'}",
                    r=r,
                    c=c,
                ),
                class_=shade_KK[r, c],
            )
            for c, other in names.items()
        ]
        head = _button(short[r], f"Every {name}: {counted(total_K[r], 'photo')}", r=r)
        body.append(tag("tr", tag("th", head, scope="row"), cells))
    return tag(
        "table",
        tag("caption", told),
        tag("thead", tag("tr", tag("td", "shown ↓ answered →", class_="corner"), heads)),
        tag("tbody", body),
        class_=f"matrix {'many' if len(names) > 10 else 'few'}",
    )


def _search(index: int, run: RunFacts) -> Markup:
    """A field that finds a class by its name; report.js then shows it with those it is confused with."""
    names = [display_name(label) for label in run.scores.classes]
    key = f"classes-{index}"
    return tag(
        "p",
        tag("label", "Find a class and those it is confused with: ", for_=f"find-{index}"),
        tag("input", id=f"find-{index}", type="search", list=key, class_="find", autocomplete="off"),
        tag("datalist", [tag("option", value=name) for name in names], id=key),
        class_="search",
    )


def _whole(counts_KK: np.ndarray) -> Markup:
    K = len(counts_KK)
    return tag(
        "details",
        tag("summary", f"The whole matrix of {K:,} classes as a picture"),
        tag("p", "One pixel a cell, classes in their order: rows what the photo shows, columns what was answered."),
        tag(
            "img", src=matrix_picture.address(counts_KK),
            alt=f"Confusion matrix of {K:,} classes: green on the diagonal is right, red is wrong",
            class_="whole smooth" if K > matrix_picture.SMOOTH else "whole",
        ),
        class_="paper",
    )  # fmt: skip


def _button(shown: Any, label: str, r: int | None = None, c: int | None = None) -> Markup:
    return tag("button", shown, type="button", tabindex=-1, data_r=r, data_c=c, aria_label=label, title=label)
