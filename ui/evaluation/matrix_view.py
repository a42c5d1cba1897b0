"""The confusion matrix of the Evaluation page, and beside it the photos of the chosen cell, row or column.

Takes a run, a split and its matrix; every choice (what the cells show, in which order, against what, which cell) lives
in the address. The table is the same matrix for the keyboard and for screen readers.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import streamlit as st

from fashion_core.data import published
from fashion_core.errors import FashionError
from fashion_core.labels import display_name
from fashion_core.metrics import class_order, scoring, slices
from fashion_core.runs.runs import Run
from ui.app import address, audience, loaders, notices, words
from ui.charts.matrix import confusion_matrix, matrix_difference, shares
from ui.charts.whole_matrix import nearest_cell, whole_matrix
from ui.shared import class_words, gallery, matrix_excerpt, pickers
from ui.shared.plot import clicked, plot
from ui.shared.table import show_table

ANY = address.ANY
VALUES = {
    "counts": "Counts",
    "rows": "% of row",
    "columns": "% of column",
    "difference": "Difference",
}
TABLE = "matrix_table"
LOWER = 36  # the answer in words is a line taller than the one in numbers
WHOLE = 560  # pixels of the picture of a large matrix, which is as high as wide
HEIGHT = 400  # with the answer above it, the whole matrix is seen on a screen of 1280 x 800
BESIDE = 6  # photos beside it: two rows, none of them cut


@dataclass(frozen=True, kw_only=True, eq=False)
class Other:
    """What the matrix is compared with: a name, its counts in the run's order, and what must be said of it."""

    name: str
    matrix: np.ndarray
    note: str = ""


def show(run: Run, split: str, matrix: np.ndarray, predictions: pd.DataFrame, *, drawn: bool) -> None:
    """The matrix left, the photos of what was chosen in it right."""
    chart, photos = st.columns([5, 3], gap="medium")
    top = scoring.most_confused(matrix, run.classes, most=1)
    default = top[0][:2] if top else (run.classes[0], run.classes[0])
    with photos:
        true, predicted = _pick_cell(run, default)
        _show_photos(run, split, predictions, true, predicted)
    with chart:
        view = _pick_view(run, split, matrix, (true, predicted))
        _show_matrix(run, split, matrix, (true, predicted), view, drawn)


def _pick_cell(run: Run, default: tuple[str, str]) -> tuple[str, str]:
    # a picker of half the column would cut names so that two classes look alike
    written = class_words.of(run.classes, **{ANY: "Any class"})
    with st.container(horizontal=class_words.fit_beside(run.classes) and not matrix_excerpt.is_large(run.classes)):
        options = [ANY, *run.classes]
        true = address.select("True class", options, key="true", default=default[0], words=written)
        predicted = address.select("Predicted class", options, key="predicted", default=default[1], words=written)
    return true, predicted


@dataclass(frozen=True, kw_only=True, eq=False)
class View:
    """What the cells show, which classes in which order (with lines before ``breaks``), compared with what; ``shown``
    as a chart, a table or, of a large matrix, the whole as a picture."""

    values: str
    by: str
    order: list[int]
    breaks: list[int]
    other: Other | None
    shown: str


def _pick_view(run: Run, split: str, matrix: np.ndarray, chosen: tuple[str, str]) -> View:
    large = matrix_excerpt.is_large(run.classes)
    places: list[int] = []
    with st.container(horizontal=True):
        if large:
            places = matrix_excerpt.pick(matrix, run.classes, keep=chosen)
        values = "counts"
        if audience.shows("values"):
            values = address.select("Cells show", VALUES, key="values", width=140, label_visibility="collapsed")
        levels = slices.levels(run.classes, run.dataset.groups)
        names = {"index": "Index order", **{level: f"By {level}" for level in levels}, "errors": "By confusion"}
        by = "errors" if large else "index"
        if audience.shows("order"):
            by = address.select(
                "Order of the classes",
                names,
                key="order",
                default="errors" if large else None,
                width=186,
                label_visibility="collapsed",
            )
        offered = ["chart", "whole", "table"] if large else ["chart", "table"]
        shown = address.segments("Shown as", offered, key="matrix_as", words=str.capitalize)
        other = None
        if values == "difference":
            other = _pick_other(run, split)
            if other is None:
                values = "counts"
    if large and by == "errors" and shown != "whole":
        order, breaks = places, []
    elif by == "errors":
        order, breaks = class_order.by_errors(matrix)
    elif by in levels:
        order, breaks = class_order.by_group(run.classes, levels[by])
    else:
        order, breaks = list(range(len(run.classes))), []
    if large and shown != "whole":
        order, breaks = matrix_excerpt.within(order, breaks, places)
    return View(values=values, by=by, order=order, breaks=breaks, other=other, shown=shown)


def _pick_other(run: Run, split: str) -> Other | None:
    """Another run over the same class names with predictions of this split, or a published matrix; None for neither."""
    offered = {other.id: other for other in comparable_runs(run, split)}
    known = {result.id: result for result in published.for_classes(run.classes) if result.matrix_KK is not None}
    if not offered and not known:
        notices.aside("No other run has these class names and predictions of this split, so there is no difference.")
        return None
    names = {name: pickers.run_words(other) for name, other in offered.items()}
    names |= {name: result.name for name, result in known.items()}
    chosen = address.select(
        "Compared with",
        list(names),
        key="against",
        words=lambda name: f"minus {names[name]}",
        width="stretch",
        label_visibility="collapsed",
    )
    if chosen in known:
        photos = words.counted(known[chosen].num_images or 0, "test photo")
        note = f"{known[chosen].name}: {photos} of {known[chosen].data}, not these. "
        return Other(name=names[chosen], matrix=known[chosen].matrix_for(run.classes), note=note + known[chosen].note)
    try:
        scores = loaders.scores_of(offered[chosen], split)
        found = scoring.in_order(scores.matrix_KK, scores.classes, run.classes)
    except FashionError as error:
        st.error(words.fault(error), icon=":material/error:")
        return None
    other = offered[chosen]
    same = other.dataset.fingerprint == run.dataset.fingerprint
    return Other(name=names[chosen], matrix=found, note="" if same else "It was trained on another dataset.")


def comparable_runs(run: Run, split: str) -> list[Run]:
    """Other runs over the same class names, in any order, that have predictions of this split, newest first."""
    return [
        other
        for other in loaders.all_runs()
        if other.id != run.id
        and sorted(other.classes) == sorted(run.classes)
        and (other.folder / f"predictions-{split}.parquet").exists()
    ]


def _show_matrix(
    run: Run,
    split: str,
    matrix: np.ndarray,
    chosen: tuple[str, str],
    view: View,
    drawn: bool,
) -> None:
    values, order, breaks, other = view.values, view.order, view.breaks, view.other
    labels = [run.classes[place] for place in order]
    cell = None
    if chosen[0] in labels and chosen[1] in labels:
        cell = (labels.index(chosen[0]), labels.index(chosen[1]))
    if view.shown == "table":
        _table(matrix, other.matrix if other else None, labels, order, values)
    else:
        share = words.percent(np.trace(matrix) / matrix.sum())
        alt = audience.told(
            classroom=f"Confusion matrix of {run.id}, {split} photos: {share} lie on the diagonal",
            review=f"Which kinds were taken for which, {split} photos: {share} are named right",
        )
        height = max(HEIGHT - LOWER * audience.is_review(), 60 + 22 * len(labels))
        if view.shown == "whole":
            ordered = matrix[np.ix_(order, order)]
            figure, height = whole_matrix(ordered, labels, chosen=cell or ()), WHOLE
        elif other is not None:
            figure = matrix_difference(
                matrix, other.matrix, run.classes, names=("This run", other.name), places=order,
                chosen=cell, breaks=breaks,
            )  # fmt: skip
            alt = f"{run.id} minus {other.name}: differences of the confusion matrices in points of each row"
        else:
            figure = confusion_matrix(matrix, run.classes, values=values, places=order, chosen=cell, breaks=breaks)
        near = matrix[np.ix_(order, order)] if view.shown == "whole" else None
        plot(figure, key="matrix", alt=alt, height=height, on_click=lambda: _open("matrix", labels, near))
    if view.shown == "whole":
        notices.aside(
            f"{words.count(len(labels))} classes, one pixel a cell: green is right, red is wrong. Rest on a cell for "
            "its classes, choose it for its photos; drag to zoom, double-click for the whole."
        )
    elif len(labels) < len(run.classes):
        notices.aside(matrix_excerpt.told(matrix, order, shares=values != "counts"))
    if audience.is_review():
        notices.aside("A row is what the photos show, a column what they were called. Green: right. Red: mistaken.")
    if view.by == "errors":
        notices.aside(
            "Classes that are taken for each other stand together"
            + audience.told(classroom=": average linkage of the errors between two classes.", review=".")
        )
    if other and view.shown != "whole":
        told = "Points of each row: indigo and + where this run has more, turmeric and − where the other has."
        notices.aside(f"{told} {words.plain(other.note)} {_DRAWN if drawn else ''}".strip())


_DRAWN = "On drawn data this is no comparison of garments."


def _open(key: str, labels: Sequence[str], near: np.ndarray | None = None) -> None:
    """A click on a cell, or on a class name beside the matrix, chooses what the pickers then show; in the picture of
    the matrix ``near`` the nearest cell with photos."""
    click = clicked(key)
    if click:
        row, column = click["row"], click["column"]
        if near is not None and isinstance(row, int) and isinstance(column, int):
            row, column = nearest_cell(near, row, column)
        _choose(labels, row, column)


def _choose(labels: Sequence[str], row: int | None, column: int | None) -> None:
    places = [place for place in (row, column) if place is not None]
    if all(isinstance(place, int) and 0 <= place < len(labels) for place in places):
        address.choose(true=ANY if row is None else labels[row], predicted=ANY if column is None else labels[column])


def _table(matrix: np.ndarray, second: np.ndarray | None, labels: list[str], order: list[int], values: str) -> None:
    """The cells as a table: choosing one opens its photos."""
    cells = {"counts": matrix, "rows": 100 * shares(matrix), "columns": 100 * shares(matrix, 0)}.get(values)
    if second is not None:
        cells = 100 * (shares(matrix) - shares(second))
    cells = cells[np.ix_(order, order)]
    frame = pd.DataFrame(
        cells, index=pd.Index([display_name(label) for label in labels], name="True class"), columns=labels
    )
    digits = "%d" if values == "counts" else "%+.1f" if values == "difference" else "%.1f"

    def open_cell() -> None:
        found = st.session_state[TABLE]["selection"]["cells"]
        if found and found[0][1] in labels:
            _choose(labels, int(found[0][0]), labels.index(found[0][1]))

    show_table(
        frame,
        key=TABLE,
        height=min(HEIGHT, 35 * (len(labels) + 1) + 3),
        on_select=open_cell,
        selection_mode="single-cell",
        column_config={label: st.column_config.NumberColumn(display_name(label), format=digits) for label in labels},
        alt="The confusion matrix, rows true, columns predicted",
        hide_index=None,
    )


def _show_photos(run: Run, split: str, predictions: pd.DataFrame, true: str, predicted: str) -> None:
    """Exactly the photos of the chosen cell, row or column, surest first."""
    rows = np.ones(len(predictions), dtype=bool)
    for column, wanted in (("label", true), ("predicted", predicted)):
        if wanted != ANY:
            rows &= predictions[column].to_numpy(object) == wanted
    chosen = predictions.loc[rows, ["image_id", "label", "predicted"]]
    sure = predictions.loc[rows, [f"p_{name}" for name in run.classes]].to_numpy().max(axis=1, initial=0)
    chosen = chosen.assign(sure=sure).sort_values("sure", ascending=False, kind="stable")
    alt = "The images in the chosen cell"
    with st.container(key="cell"):
        show_images(run, split, chosen, key="photos", caption=_caption, alt=alt, page_size=BESIDE)


def _caption(image) -> gallery.Caption:
    return gallery.Caption(
        f"{display_name(image.label)} → {display_name(image.predicted)}",
        words.percent(image.sure),
        image.label == image.predicted,
    )


def show_images(
    run: Run,
    split: str,
    images: pd.DataFrame,
    *,
    key: str,
    caption: Callable[..., gallery.Caption],
    alt: str,
    page_size: int = gallery.PAGE_SIZE,
) -> None:
    """A gallery of ``images`` (image_id, label, predicted, sure); a table where the photos are not on this machine."""
    dataset = pickers.photos_or_notice(run, split)
    if dataset is not None:
        found = loaders.photos_of(dataset, images["image_id"])
        both = pd.concat([images.reset_index(drop=True), found], axis=1)
        gallery.show(dataset, both, key=key, caption=caption, cell_pixels=96, page_size=page_size)
        return
    show_table(
        images.assign(label=images["label"].map(display_name), predicted=images["predicted"].map(display_name)),
        column_order=["image_id", "label", "predicted", "sure"],
        column_config={
            "image_id": "Image",
            "label": "True",
            "predicted": "Predicted",
            "sure": st.column_config.NumberColumn("Probability", format="percent"),
        },
        alt=alt,
    )
