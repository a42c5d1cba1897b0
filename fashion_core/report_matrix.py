"""The confusion matrix of a report: a table whose cells and headings are buttons that open the photos behind them.

Takes one run of a report's document; gives markup. What a button opens is report.js's work; on paper it is a table.
"""

from typing import Any

import numpy as np

from fashion_core.labels import counted, display_name
from fashion_core.markup import Markup, tag

LEVELS = 5  # shades of right (r1 to r5) and of wrong (w1 to w5)


def levels(matrix_KK: np.ndarray) -> np.ndarray:
    """Class name of the shade of each cell: by its share of the row, errors on a square-root scale so that a 1 can be
    seen beside a 480; an empty cell is paper."""
    share_KK = matrix_KK / np.maximum(matrix_KK.sum(axis=1, keepdims=True), 1)
    wrong_KK = np.where(np.eye(len(matrix_KK), dtype=bool), 0, share_KK)
    strength_KK = np.where(np.eye(len(matrix_KK), dtype=bool), share_KK, np.sqrt(wrong_KK / (wrong_KK.max() or 1.0)))
    step_KK = 1 + np.minimum(LEVELS - 1, (strength_KK * LEVELS).astype(int))
    names = np.char.add(np.where(np.eye(len(matrix_KK), dtype=bool), "r", "w"), step_KK.astype(str))
    return np.where(matrix_KK > 0, names, "z")


def matrix(index: int, run: dict[str, Any]) -> Markup:
    """The table of the run at this place of the document, and the place where its photos appear."""
    counts_KK = np.array(run["scores"]["confusion_matrix"])
    names = [display_name(label) for label in run["classes"]]
    shade_KK, total_K, said_K = levels(counts_KK), counts_KK.sum(axis=1), counts_KK.sum(axis=0)
    heads = [
        tag(
            "th",
            _button(tag("span", name), f"Everything answered as {name}: {counted(said_K[k], 'photo')}", c=k),
            scope="col",
        )
        for k, name in enumerate(names)
    ]
    body = []
    for r, name in enumerate(names):
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
            for c, other in enumerate(names)
        ]
        body.append(
            tag(
                "tr", tag("th", _button(name, f"Every {name}: {counted(total_K[r], 'photo')}", r=r), scope="row"), cells
            )
        )
    told = (
        "Rows: what the photo shows. Columns: what was answered. The diagonal (green) is right, the rest (red) wrong; "
        "the more a cell stands out, the more of its row it is. Choose a cell, or a name for its row or column, to "
        "see the photos; arrow keys move."
    )
    table = tag(
        "table",
        tag("caption", told),
        tag("thead", tag("tr", tag("td", "shown ↓ answered →", class_="corner"), heads)),
        tag("tbody", body),
        class_=f"matrix {'many' if len(names) > 10 else 'few'}",
    )
    photos = tag(
        "div",
        tag("h4", "Photos", aria_live="polite"),
        tag("p", "Choose a cell of the matrix.", class_="told"),
        tag("div", class_="grid"),
        tag("div", class_="more"),
        class_="photos",
    )
    return tag("div", tag("div", table, class_="scroll"), photos, class_="explorer", data_run=index)


def _button(shown: Any, label: str, r: int | None = None, c: int | None = None) -> Markup:
    return tag("button", shown, type="button", tabindex=-1, data_r=r, data_c=c, aria_label=label, title=label)
