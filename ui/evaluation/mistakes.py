"""Which classes are confused most, and the photos on which the model was most wrong or least sure.

Takes a run, a split, its matrix and predictions. Which photos are shown lives in the address under ``worst``.
"""

import numpy as np
import pandas as pd
import streamlit as st

from fashion_core.labels import display_name
from fashion_core.metrics import scoring
from fashion_core.runs.runs import Run
from ui.app import address, loaders, notices, words
from ui.app.kept import kept
from ui.evaluation.matrix_view import show_images
from ui.shared import gallery
from ui.shared.table import show_table

PAIRS = "pairs"
MOST = 240  # photos to look through; a list of all of them has no end that anybody sees
KINDS = {"wrong": "Most wrong", "unsure": "Least sure"}


def show(run: Run, split: str, matrix: np.ndarray) -> None:
    """The pairs left, the photos right."""
    pairs, photos = st.columns([5, 4], gap="medium")
    with pairs:
        _show_pairs(run, matrix)
    with photos:
        kind = address.segments("Photos", KINDS, key="worst", label_visibility="visible")
        found = worst_of(run, split)[kind]
        told = {
            "wrong": "Wrong answers that were given with the highest probability, surest first. Some may be wrong "
            "labels rather than wrong answers.",
            "unsure": "Photos whose two likeliest classes are closest, closest first, right or wrong.",
        }
        notices.aside(told[kind])
        show_images(run, split, found, key="worst_photos", caption=_caption, alt=KINDS[kind], page_size=12)


@kept(loaders.of_predictions, max_entries=20)
def worst_of(run: Run, split: str) -> dict[str, pd.DataFrame]:
    """kind -> the MOST worst images of that kind: image_id, label, predicted, sure, second, of_second, of_true."""
    predictions = loaders.predictions_of(run, split)
    shares = predictions[[f"p_{name}" for name in run.classes]].to_numpy()
    sure = shares.max(axis=1)
    second = np.partition(shares, -2, axis=1)[:, -2] if len(run.classes) > 1 else np.zeros(len(shares))
    wrong = np.flatnonzero(predictions["label"].to_numpy(object) != predictions["predicted"].to_numpy(object))
    rows = {
        "wrong": wrong[np.argsort(-sure[wrong], kind="stable")][:MOST],
        "unsure": np.argsort(sure - second, kind="stable")[:MOST],
    }
    names = np.array(run.classes, dtype=object)
    found = {}
    for kind, chosen in rows.items():
        ranked = np.argsort(-shares[chosen], axis=1, kind="stable")
        own = pd.Index(run.classes).get_indexer(pd.Index(predictions["label"].to_numpy(object)[chosen]))
        found[kind] = predictions.iloc[chosen][["image_id", "label", "predicted"]].assign(
            sure=sure[chosen],
            second=names[ranked[:, 1]] if len(names) > 1 and len(chosen) else "",
            of_second=second[chosen],
            of_true=shares[chosen, own],
        )
    return found


def _caption(image) -> gallery.Caption:
    right = image.label == image.predicted
    if right:
        detail = f"{words.percent(image.sure)}, {display_name(image.second)} {words.percent(image.of_second)}"
    else:
        detail = f"{words.percent(image.sure)}, true class {words.percent(image.of_true)}"
    return gallery.Caption(f"{display_name(image.label)} → {display_name(image.predicted)}", detail, right)


def _show_pairs(run: Run, matrix: np.ndarray) -> None:
    pairs = scoring.most_confused(matrix, run.classes, most=15)
    st.markdown("**Which classes are confused most?**")
    if not pairs:
        st.markdown("Every photo was recognised: there is no confusion to list.")
        return
    totals = dict(zip(run.classes, matrix.sum(axis=1), strict=True))
    wrong = int(matrix.sum() - np.trace(matrix))
    listed = sum(count for _, _, count in pairs)

    def open_pair() -> None:
        rows = st.session_state[PAIRS]["selection"]["rows"]
        if rows and rows[0] < len(pairs):
            address.choose(true=pairs[rows[0]][0], predicted=pairs[rows[0]][1])

    show_table(
        pd.DataFrame(
            [(display_name(t), display_name(p), n, 100 * n / totals[t]) for t, p, n in pairs],
            columns=["true", "predicted", "n", "share"],
        ),
        key=PAIRS,
        height=35 * (len(pairs) + 1) + 3,
        on_select=open_pair,
        selection_mode="single-row",
        column_config={
            "true": st.column_config.TextColumn("True", width=118),
            "predicted": st.column_config.TextColumn("Predicted", width=118),
            "n": st.column_config.NumberColumn("Photos", format="localized", width=58),
            "share": st.column_config.NumberColumn(
                "Share", format="%.1f %%", width=62, help="Share of the true class's photos."
            ),
        },
        alt="The most frequent confusions, largest first",
    )
    notices.aside(
        f"These pairs are {words.share_of(listed, wrong)} of the wrong answers. Choosing a row shows its photos above, "
        "beside the matrix."
    )
