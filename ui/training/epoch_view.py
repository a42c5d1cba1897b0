"""One epoch's validation: a slider over the epochs, its confusion matrix, the recall of each class.

Reads the ``val_confusion`` that the trainer logs after each epoch; older runs do not have it and say so.
"""

import numpy as np
import pandas as pd
import streamlit as st

from fashion_core.labels import display_name
from fashion_core.metrics import intervals
from fashion_core.runs.runs import Run
from ui.app import loaders, navigation, notices, words
from ui.app.kept import kept
from ui.charts.matrix import confusion_matrix
from ui.charts.recall import recall_dots, recalls
from ui.shared import bounded, matrix_excerpt
from ui.shared.curves_view import metrics_of
from ui.shared.plot import plot
from ui.shared.table import show_table

KEY = "epoch"


def matrices(frame: pd.DataFrame, num_classes: int) -> dict[int, np.ndarray]:
    """Epoch -> its confusion matrix (int, K x K, rows true), from the rows of metrics.jsonl that hold a whole one."""
    found = {}
    if "val_confusion" not in frame:
        return found
    for epoch, cells in frame.loc[frame["kind"] == "epoch", ["epoch", "val_confusion"]].itertuples(index=False):
        try:
            matrix = np.array(cells, dtype=np.int64)
        except (ValueError, TypeError):
            continue
        if matrix.shape == (num_classes, num_classes) and matrix.min() >= 0 and matrix.sum():
            found[int(epoch)] = matrix
    return found


def pick(run: Run) -> int | None:
    """The slider over the epochs that have a matrix; None when there is none yet."""
    found = _matrices(run)
    return pick_epoch(run.id, sorted(found)) if found else None


def show(run: Run, frame: pd.DataFrame, what: str, epoch: int | None) -> None:
    """``what``: "recall" or "matrix", of the epoch on the slider."""
    found = _matrices(run)
    if epoch is None:
        _say_why_not(run, frame)
        return
    matrix = found[epoch]
    right, n = int(np.trace(matrix)), int(matrix.sum())
    accuracy = words.with_interval(intervals.proportion(right, n))
    st.markdown(f"After epoch {epoch}: validation accuracy **{accuracy}**, n = {n:,}")
    drawn = run.dataset.synthetic
    if what == "matrix":
        places = list(range(len(run.classes)))
        if matrix_excerpt.is_large(run.classes):
            with st.container(horizontal=True):
                places = matrix_excerpt.pick(matrix, run.classes)
            notices.aside(matrix_excerpt.told(matrix, places, shares=False))
        figure = confusion_matrix(matrix, run.classes, places=places, drawn=drawn)
        height = 170 + 26 * len(places)
        alt = f"Validation confusion matrix after epoch {epoch}, {right:,} of {n:,} right"
    else:
        share = recalls(matrix)[0]
        places = list(range(len(run.classes)))
        if bounded.is_large(len(places)):
            places = sorted(bounded.first(np.argsort(np.nan_to_num(share, nan=2.0), kind="stable")).tolist())
            notices.aside(bounded.left_out(len(places), len(share), "that are found least often"))
        figure = recall_dots(matrix, found.get(epoch - 1), run.classes, places=places, drawn=drawn)
        height = 130 + 24 * len(places)
        worst = display_name(run.classes[int(np.nanargmin(recalls(matrix)[0]))])
        alt = f"Recall of each class on validation after epoch {epoch}, lowest for {worst}"
    figure.layout.uirevision = f"{run.id} {what}"
    plot(figure, key=f"epoch {what}", alt=alt, height=max(320, height))
    _twin(run, matrix, what, places)


@kept(loaders.of_file("metrics.jsonl"), max_entries=8)
def _matrices(run: Run) -> dict[int, np.ndarray]:
    return matrices(metrics_of(run), len(run.classes))


def _say_why_not(run: Run, frame: pd.DataFrame) -> None:
    if not run.dataset.splits.get("val"):
        st.markdown("This dataset has no validation photos, so nothing was measured after the epochs.")
    elif (frame["kind"] == "epoch").any():
        st.markdown("This run was trained before epochs kept their confusion matrix. Its final one is on Evaluation.")
        navigation.link("evaluation", "See the final matrix", run=run.id)
    else:
        st.markdown("The first epoch has not ended yet. Here its confusion matrix and the recall of each class appear.")


def pick_epoch(run_id: str, epochs: list[int]) -> int:
    """The epoch on the slider. It follows the newest one until somebody moves it; a moved one stands in the address."""
    state, newest = st.session_state, epochs[-1]
    wanted = st.query_params.get(KEY)
    asked = int(wanted) if wanted in [str(epoch) for epoch in epochs] else newest
    followed = state.get("_epoch_newest") == (run_id, state.get(KEY))
    if wanted != state.get("_epoch_address") or state.get(KEY) not in epochs:
        state[KEY] = asked  # a link, the browser's back button, or a slider that was not on the page
    elif followed:
        state[KEY] = newest
    if len(epochs) > 1:
        st.select_slider(
            "Epoch", epochs, key=KEY, format_func=lambda epoch: f"epoch {epoch}", label_visibility="collapsed"
        )
    epoch = state[KEY]
    state["_epoch_newest"] = (run_id, newest)
    if epoch == newest and KEY in st.query_params:
        del st.query_params[KEY]
    elif epoch != newest and wanted != str(epoch):
        st.query_params[KEY] = str(epoch)
    state["_epoch_address"] = st.query_params.get(KEY)
    return epoch


def _twin(run: Run, matrix: np.ndarray, what: str, places: list[int]) -> None:
    """The same numbers as a table, for the keyboard and for screen readers."""
    with st.expander("The same as a table"):
        if what == "matrix":
            labels = [run.classes[place] for place in places]
            frame = pd.DataFrame(matrix[np.ix_(places, places)], pd.Index(labels, name="True class"), labels)
            show_table(frame, alt="Counts, rows true, columns predicted", hide_index=None)
            return
        shares = [intervals.proportion(*counts) for counts in zip(np.diag(matrix), matrix.sum(axis=1), strict=True)]
        rows = [
            (label, words.percent(share.value), words.interval(share.bounds) if share.n else "–", share.n)
            for label, share in zip(run.classes, shares, strict=True)
        ]
        show_table(
            pd.DataFrame(rows, columns=["Class", "Recall", "95 % interval", "Photos"]),
            alt="Recall of each class with its interval",
        )
    notices.aside("Recall: the share of a class's validation photos that were recognised as that class.")
