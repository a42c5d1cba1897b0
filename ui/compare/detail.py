"""Where two sides differ: the matrices, the photos that flipped, and class by class. Takes a comparison.

Every name from a file is escaped; the chosen cell and the kind of flip live in the address.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import streamlit as st

from fashion_core.compare import predictions
from fashion_core.compare.comparison import Comparison
from fashion_core.labels import display_name
from fashion_core.metrics.seed_spread import Ranges
from fashion_core.metrics.wording import interval_in_points
from ui.app import address, audience, loaders, notices, words
from ui.charts.compare import class_differences
from ui.charts.matrix import matrix_difference, shares
from ui.shared import bounded, class_words, gallery, matrix_excerpt, pickers
from ui.shared.plot import clicked, plot
from ui.shared.table import show_table

ANY = address.ANY
LOST, WON = "lost", "won"
FLIPS = {LOST: "Got wrong", WON: "Got right"}


@st.fragment  # a click on a cell draws these two again and not the whole page: 0.1 s instead of 0.3 s
def show_cells(found: Comparison) -> None:
    """The matrices, and beside them the photos that flipped."""
    matrices, flips = st.columns([5, 3], gap="medium")
    with matrices:
        show_matrices(found)
    with flips:
        show_flips(found)


@st.fragment
def show_in_review(found: Comparison) -> None:
    """Which classes differ, and beside them the photos that one side alone got right."""
    classes, flips = st.columns([5, 4], gap="medium")
    with classes:
        if found.per_class.empty:
            notices.aside("One of them was published as one number alone, so no class can be compared.")
        else:
            _draw_classes(found)
            once = len(found.first.members) == len(found.second.members) == 1
            luck = " Other trainings of the same two kinds may turn it." if once else ""
            notices.aside(
                "Filled: more than the chance of which photos were tried. Rings: it may be chance. "
                f"Lines: 95 % intervals.{luck}"
            )
    with flips:
        st.markdown("**Photos that one of the two names wrong**")
        show_flips(found, by_class=False)


def show_matrices(found: Comparison) -> None:
    """Where the second has more photos, and where the first; a click on a cell shows its flips."""
    if found.matrix_first is None or found.matrix_second is None:
        notices.aside("One of them was published as an accuracy alone, so there is no matrix and no class to compare.")
        return

    cell = tuple(st.query_params.get(key) for key in ("true", "predicted"))
    places = list(range(len(found.classes)))
    if matrix_excerpt.is_large(found.classes):
        moved = _moved(found.matrix_first, found.matrix_second)
        with st.container(horizontal=True):
            places = matrix_excerpt.pick(moved, found.classes, [name for name in cell if name], matrix_excerpt.MOVED)
    labels = [found.classes[place] for place in places]

    def open_cell() -> None:
        click = clicked("matrices")
        if click:
            address.choose(
                true=ANY if click["row"] is None else labels[click["row"]],
                predicted=ANY if click["column"] is None else labels[click["column"]],
            )

    chosen = None
    if cell[0] in labels and cell[1] in labels:
        chosen = (labels.index(cell[0]), labels.index(cell[1]))
    figure = matrix_difference(
        found.matrix_second,
        found.matrix_first,
        found.classes,
        names=("Second", "First"),
        counted="photos" if len(found.first.members) < 2 and len(found.second.members) < 2 else "answers",
        places=places,
        chosen=chosen,
    )
    drawn = " · drawn data" if found.first.drawn or found.second.drawn else ""
    st.markdown(f"Second minus first, in points of each row{drawn}")
    if len(labels) > 10:  # whole points fit a cell on a laptop; the pointer tells the tenths
        figure.data[1].text = [_whole(text) for text in figure.data[1].text]
    plot(
        figure,
        key="matrices",
        alt="Difference of the two confusion matrices in points of each class; the table beside it lists the photos",
        height=470,
        on_click=open_cell if found.flips is not None else None,
    )
    if len(labels) < len(found.classes):
        notices.aside(
            f"{words.count(len(labels))} of {words.count(len(found.classes))} classes; shares are of whole rows."
        )
    notices.aside("Indigo: the second has more photos here; turmeric: the first. On the diagonal more is better.")


def _moved(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """By how much each share of a row differs, of 100,000: what an excerpt of a difference goes by."""
    return np.rint(1e5 * np.abs(shares(first) - shares(second))).astype(np.int64)


def _whole(text: str) -> str:
    """``−12.5`` -> ``−12``; nothing where that is 0."""
    points = round(float(text.replace("−", "-")))
    return words.signed(points, "+d") if points else ""


def show_flips(found: Comparison, *, by_class: bool = True) -> None:
    """The photos on which the two disagree about being right, as pictures, the surest answers of the second first; with
    pickers of their classes."""
    if found.flips is None:
        notices.aside("Nobody published which photos were right, so no photo can be shown to have flipped.")
        return
    lost = found.flips["first_right"] > found.flips["second_right"]
    counts = {LOST: int(lost.sum()), WON: int((~lost).sum())}
    told = FLIPS if by_class else {LOST: "The second", WON: "The first"}
    with st.container(horizontal=True, vertical_alignment="bottom"):
        which = address.segments(
            "Flips",
            list(FLIPS),
            key="flips",
            default=LOST if counts[LOST] else WON,
            words=lambda name: f"{told[name]} ({words.count(counts[name])})",
        )
    true = predicted = ANY
    if by_class:
        written = class_words.of(found.classes, **{ANY: "Any class"})
        large = matrix_excerpt.is_large(found.classes)
        with st.container(horizontal=class_words.fit_beside(found.classes) and not large):
            options = [ANY, *found.classes]
            true = address.select("True class", options, key="true", words=written)
            predicted = address.select("Predicted by either", options, key="predicted", words=written)
    chosen = found.flips[lost == (which == LOST)]
    if true != ANY:
        chosen = chosen[chosen["label"] == true]
    if predicted != ANY:
        chosen = chosen[(chosen["first_predicted"] == predicted) | (chosen["second_predicted"] == predicted)]
    with st.container(key="flipped"):
        _show_photos(found, chosen.reset_index(drop=True))


def _show_photos(found: Comparison, chosen: pd.DataFrame) -> None:
    predicted, _ = predictions.splits_of(found.first, found.second, found.split)  # maybe on the other side's photos
    dataset = pickers.photos_or_notice(found.first.members[0], predicted)
    if dataset is None:
        shown = chosen[["image_id", "label", "first_predicted", "second_predicted"]]
        show_table(
            shown.assign(**{name: shown[name].map(display_name) for name in shown.columns[1:]}),
            column_config={
                "image_id": "Image",
                "label": "True",
                "first_predicted": "First",
                "second_predicted": "Second",
            },
            alt="The photos that flipped",
        )
        return
    several = len(found.first.members) > 1 or len(found.second.members) > 1

    def caption(image) -> gallery.Caption:
        said = f"{display_name(image.first_predicted)} → {display_name(image.second_predicted)}"
        sure = f"{words.percent(image.first_sure, 0)} → {words.percent(image.second_sure, 0)}"
        if several:
            sure = f"right in {words.percent(image.first_right, 0)} → {words.percent(image.second_right, 0)} of models"
        return gallery.Caption(
            said, f"True: {display_name(image.label)}, {sure}", image.second_right > image.first_right
        )

    gallery.show(
        dataset,
        pd.concat([chosen, loaders.photos_of(dataset, chosen["image_id"])], axis=1),
        key="flipped_page",
        caption=caption,
        page_size=6,  # as high as what they stand beside
    )


def show_classes(found: Comparison) -> None:
    """The differences class by class, with the correction for having looked at all of them."""
    if found.per_class.empty:
        return
    chart, table = st.columns([2, 3], gap="medium")
    with chart:
        _draw_classes(found)
        notices.aside(
            "Filled: different after Holm's correction, which allows one false call among all classes in 5 % of "
            "comparisons. Rings: may be chance. The intervals are of each class alone."
        )
    with table:
        st.markdown("**Each class, recall in %, difference in points**")
        _show_class_table(found)


def _draw_classes(found: Comparison) -> None:
    shown = found.per_class[found.per_class["n"] > 0]
    real = shown[shown["p_holm"] < 0.05]
    title = f"{len(real)} of {len(shown)} classes differ" if len(real) else "No class differs beyond chance"
    surest = np.lexsort((-shown["difference"].abs(), shown["p_holm"]))
    rows = shown.iloc[bounded.first(surest)]
    plot(
        class_differences(
            rows,
            margin=found.margin,
            title=title,
            drawn=found.first.drawn or found.second.drawn,
            unit=audience.told(
                classroom="Points of recall, second minus first",
                review="More right by the second, of 100 photos",
            ),
            plain=audience.is_review(),
        ),
        key="classes",
        alt=audience.told(
            classroom=f"Recall of each class, second minus first, with its 95 % interval. {title}",
            review=f"How many more of each kind the second names right, of 100 photos. {title}",
        ),
        height=120 + 27 * len(rows),
    )
    bounded.say_left_out(
        len(rows),
        len(shown),
        "that differ most surely",
        audience.told(classroom="the table has all", review="the others differ less surely"),
    )


def _show_class_table(found: Comparison) -> None:
    frame = found.per_class.sort_values("difference", ascending=False)
    percent = {name: 100 * frame[name] for name in ("first", "second", "difference")}
    between = [
        interval_in_points((low, high)) if np.isfinite(low) else "no photos"
        for low, high in zip(frame["low"], frame["high"], strict=True)
    ]
    chances = {"p_holm": [_chance(p) if np.isfinite(p) else "–" for p in frame["p_holm"]]}
    show_table(
        frame.assign(label=frame["label"].map(display_name), between=between, **percent, **chances)[
            ["label", "n", "first", "second", "difference", "between", "p_holm"]
        ],
        height=bounded.table_height(len(frame)),
        column_config={
            "label": "Class",
            "n": st.column_config.NumberColumn("n", format="localized", width=54),
            "first": st.column_config.NumberColumn("First", format="%.1f", width=58),
            "second": st.column_config.NumberColumn("Second", format="%.1f", width=66),
            "difference": st.column_config.NumberColumn("Diff.", format="%+.1f", width=60),
            "between": st.column_config.TextColumn("95 % interval", width=110),
            "p_holm": st.column_config.TextColumn(
                "p, Holm", width=76, help="Of this class looked at together with all others."
            ),
        },
        alt="Recall of each class on both sides, their difference, its interval and its p-value after Holm",
    )


def show_ranges(found: Comparison) -> None:
    """How far the seeds of a group lie apart: each class, and the cells that move most."""
    sides = (("First", found.first, found.ranges_first), ("Second", found.second, found.ranges_second))
    grouped = [(word, side, ranges) for word, side, ranges in sides if ranges is not None]
    if not grouped:
        return
    with st.expander("How far do the seeds lie apart?", on_change="rerun", key="ranges") as opened:
        if not opened.open:
            return
        for word, side, ranges in grouped:
            st.markdown(f"**{word}: {words.plain(side.name)}**")
            by_class, by_cell = st.columns(2, gap="medium")
            with by_class:
                _show_class_ranges(ranges, found.classes)
            with by_cell:
                _show_cell_ranges(ranges, found.classes)
        notices.aside(
            "Lowest and highest of the seeds, on the photos that were compared; recall in %, cells in photos."
        )


def _show_class_ranges(ranges: Ranges, classes: Sequence[str]) -> None:
    frame = pd.DataFrame(
        {
            "label": [display_name(name) for name in classes],
            "mean": 100 * ranges.recall_mean,
            "low": 100 * ranges.recall_low,
            "high": 100 * ranges.recall_high,
        }
    )
    numbers = {"mean": "Mean recall", "low": "Lowest", "high": "Highest"}
    show_table(
        frame,
        column_config={"label": "Class"}
        | {name: st.column_config.NumberColumn(told, format="%.1f") for name, told in numbers.items()},
        alt="Mean, lowest and highest recall of each class over the seeds",
    )


def _show_cell_ranges(ranges: Ranges, classes: Sequence[str]) -> None:
    width = ranges.cells_high - ranges.cells_low
    order = np.argsort(-width, axis=None, kind="stable")[: len(classes)]
    rows, columns = np.unravel_index(order, width.shape)
    frame = pd.DataFrame(
        {
            "true": [display_name(classes[row]) for row in rows],
            "predicted": [display_name(classes[column]) for column in columns],
            "low": ranges.cells_low[rows, columns],
            "mean": ranges.cells_mean[rows, columns],
            "high": ranges.cells_high[rows, columns],
        }
    )
    show_table(
        frame,
        column_config={
            "true": "True",
            "predicted": "Predicted",
            "low": st.column_config.NumberColumn("Lowest", format="%.0f"),
            "mean": st.column_config.NumberColumn("Mean", format="%.1f"),
            "high": st.column_config.NumberColumn("Highest", format="%.0f"),
        },
        alt="The cells of the confusion matrix that differ most between the seeds",
    )


def _chance(p_value: float) -> str:
    return "< 0.001" if p_value < 0.001 else f"{p_value:.3f}"
