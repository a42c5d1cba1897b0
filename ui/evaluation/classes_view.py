"""Precision, recall and F1 of each class with their intervals, drawn, in a table and as scikit-learn prints them.

Takes a run, a split and its scores. Published values stand beside a run over the same classes.
"""

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from fashion_core.data import published
from fashion_core.labels import and_more, display_name, num_equal
from fashion_core.metrics import enough, intervals, scoring
from fashion_core.runs.runs import Run, label_indices
from ui.app import loaders, notices, words
from ui.app.kept import kept
from ui.charts.panels import Panel, height_of, interval_panels
from ui.shared import bounded
from ui.shared.plot import plot
from ui.shared.table import show_table

SCORES = {"precision": "Precision", "recall": "Recall", "f1": "F1"}
HELP = {
    "precision": "Of the photos that were given this class, the share that belongs to it.",
    "recall": "Of the class's own photos, the share that was recognised: its accuracy.",
    "f1": "The harmonic mean of precision and recall.",
}


@kept(loaders.of_predictions, max_entries=200)
def intervals_of(run: Run, split: str) -> intervals.ScoreIntervals:
    """95 % intervals of every score of a split's stored predictions."""
    # as many draws as the report and the model card take: one number has one interval
    return intervals.score_intervals(loaders.scores_of(run, split).matrix_KK)


def show(run: Run, split: str, matrix: np.ndarray, predictions: pd.DataFrame, *, drawn: bool) -> None:
    """The chart, the table and the report."""
    per_class = loaders.scores_of(run, split).table()
    found = intervals_of(run, split)
    others = _published(run.classes)
    weakest = display_name(per_class.loc[per_class["f1"].idxmin(), "label"])
    plot(
        _figure(run, split, drawn),
        key="class_scores",
        alt=f"Precision, recall and F1 of each class with 95 % intervals; {weakest} has the lowest F1",
        height=height_of(len(bounded.last(range(len(per_class)))), title=True, references=bool(others)),
    )
    num_shown = len(bounded.last(range(len(per_class))))
    bounded.say_left_out(num_shown, len(per_class), "with the lowest F1")
    few = enough.few_answers(matrix, run.classes)
    notices.aside(_how(per_class, found) + (f" {few}." if few else ""))
    if others:
        _say_what_is_published(others, drawn)
    _table(per_class, found, others)
    with st.expander("The classification report as text", on_change="rerun", key="as_text") as as_text:
        if as_text.open:
            true, said = (label_indices(predictions[name], run.classes) for name in ("label", "predicted"))
            st.code(scoring.report_text(true, said, run.classes), language=None)
            notices.aside("As scikit-learn's classification_report prints it.")


def _published(classes: tuple[str, ...]) -> dict[str, pd.DataFrame]:
    """The scores of others over these classes, by their name."""
    return {
        result.name: scoring.scores_from_matrix(result.matrix_for(classes), classes).table()
        for result in published.for_classes(classes)
        if result.matrix_KK is not None
    }


@kept(loaders.of_predictions, max_entries=16)
def _figure(run: Run, split: str, drawn: bool) -> go.Figure:
    """Built once: a third of what a click on the matrix took, and no click changes it."""
    others = _published(run.classes)
    per_class, found = loaders.scores_of(run, split).table(), intervals_of(run, split)
    order = bounded.last(np.argsort(-per_class["f1"].fillna(1).to_numpy(), kind="stable"))
    weakest = int(per_class["f1"].idxmin())
    as_weak = num_equal(per_class["f1"], per_class["f1"][weakest])
    f1 = words.with_interval(intervals.Estimate(per_class["f1"][weakest], *(float(ends[weakest]) for ends in found.f1)))
    return interval_panels(
        [display_name(label) for label in per_class["label"].iloc[order]],
        [f"n = {support:,}" for support in per_class["support"].iloc[order]],
        [
            Panel(
                title=title,
                value=per_class[name].to_numpy()[order],
                low=getattr(found, name)[0][order],
                high=getattr(found, name)[1][order],
                references={other: frame[name].to_numpy()[order] for other, frame in others.items()},
            )
            for name, title in SCORES.items()
        ],
        title=f"Lowest F1: {and_more(display_name(per_class['label'][weakest]), as_weak)}, {f1}",
        height=height_of(len(order), title=True, references=bool(others)),
        drawn=drawn,
    )


def _how(per_class: pd.DataFrame, found: intervals.ScoreIntervals) -> str:
    macro = ", ".join(
        f"{title if title == 'F1' else title.lower()} "
        f"{words.with_interval(intervals.Estimate(per_class[name].mean(), *getattr(found, f'macro_{name}')))}"
        for name, title in SCORES.items()
    )
    never = (
        ""
        if (per_class["precision"].dropna() > 0).all()
        else (" A class that was never given has a precision of 0, and nothing is known of it: 0 to 100 %.")
    )
    return (
        "95 % intervals by Wilson; for precision, F1 and means over as many photos as they are worth, by drawing "
        "each class's photos anew 10,000 times. They tell what other photos of the same kind would give, not what "
        f"another training would. Mean over classes: {macro}.{never}"
    )


def _say_what_is_published(others: dict[str, pd.DataFrame], drawn: bool) -> None:
    names = " and ".join(words.plain(name) for name in others)
    text = (
        f"Published beside it: {names}, each on IndoFashion's 7,500 test photos. {published.OTHER_INPUT} The paper "
        "squeezes to 128 × 256 and feeds BGR."
    )
    for result in published.results():
        if result.text and result.name in others:
            submitted, low, high = (
                words.percent(share, 0) for share in (result.text.submitted, result.text.lowest, result.text.highest)
            )
            text += (
                f" The report's text says {submitted}, and {low} to {high} over its runs; its own matrix gives "
                f"{words.percent(result.accuracy)}."
            )
    if drawn:
        text += " These photos are drawn, so this is no comparison of garments."
    notices.aside(text)


def _table(per_class: pd.DataFrame, found: intervals.ScoreIntervals, others: dict[str, pd.DataFrame]) -> None:
    frame = pd.DataFrame({"label": per_class["label"].map(display_name), "support": per_class["support"]})
    config: dict[str, object] = {
        "label": st.column_config.TextColumn("Class", width=148),
        "support": st.column_config.NumberColumn("Support", format="localized", width=64, help="Photos of the class."),
    }
    for name, title in SCORES.items():
        frame[name] = 100 * per_class[name]
        frame[f"{name} interval"] = [
            words.interval(bounds).replace("100.0", "100") if np.isfinite(bounds[0]) else "no photos"
            for bounds in zip(*getattr(found, name), strict=True)
        ]
        wide = 78 if name == "precision" else 58
        config[name] = st.column_config.NumberColumn(title, format="%.1f", width=wide, help=f"{HELP[name]} In %.")
        config[f"{name} interval"] = st.column_config.TextColumn("95 %", width=92, help=f"Of {title.lower()}, in %.")
    for number, (other, scores) in enumerate(others.items()):
        frame[f"other {number}"] = 100 * scores["f1"]
        config[f"other {number}"] = st.column_config.NumberColumn(
            "F1, report" if "report" in other else "F1, paper", format="%.1f", width=68, help=f"{other}, by its matrix."
        )
    show_table(
        frame,
        height=bounded.table_height(len(frame)),
        column_config=config,
        alt="Precision, recall, F1 and support of each class with their intervals",
    )
