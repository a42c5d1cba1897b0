"""The features themselves: lines of chosen photos, and the mean of each class with its spread."""

import html

import numpy as np
import streamlit as st

from fashion_core.labels import display_name
from fashion_core.runs.runs import Run
from ui.app import address, words
from ui.charts import colours
from ui.charts.components import class_means
from ui.charts.layout import class_name
from ui.charts.lines import feature_lines
from ui.embeddings import features_view, map_view
from ui.shared.plot import plot

CLICKED = "clicked/"  # no class can be called that
LINES_A_CLASS = 3
MOST_MEANS = 6


def show(run: Run, split: str) -> None:
    """Two charts over the same feature numbers: photos beside class means, and class means with their spread."""
    found, palette = features_view.of(run, split), colours.class_colours(run.classes)
    num_features = found.features_ND.shape[1]
    rows, means = _pick(run, split)
    lines, label_of = _lines(run, split, rows)
    plot(
        feature_lines(
            lines,
            colours={name: palette[label] for name, label in label_of.items()},
            title=f"The {num_features} features of {words.counted(len(rows), 'photo')}",
            drawn=run.dataset.synthetic,
        ),
        key="feature_lines",
        alt=f"Activation of each of {num_features} features: {', '.join(name.strip() for name in lines)}",
        height=340,
    )
    spreads = {label: _mean_and_spread(run, split, label) for label in means}
    counts = found.points["label"].value_counts()
    plot(
        class_means(
            spreads,
            colours=palette,
            names={label: f"{class_name(label)}, mean of {words.count(counts[label])}" for label in means},
            title="The mean of a class, and one standard deviation each way",
            drawn=run.dataset.synthetic,
        ),
        key="class_means",
        alt=f"Mean activation and spread of {', '.join(map(display_name, means))} over {num_features} features",
        height=360,
    )
    st.caption(
        "A feature that is high for one class and near zero for another is one by which the model tells them apart. "
        "Where the bands lie over each other, single photos of the two classes cannot be told apart by that feature "
        "alone. The order of the features means nothing."
    )


def _pick(run: Run, split: str) -> tuple[list[int], list[str]]:
    """The rows whose lines are drawn, and the classes whose means are."""
    by_class, _ = features_view.told_apart(run, split)
    labels = features_view.of(run, split).points["label"]
    rows_key = map_view.clicked_key(run, split)
    chosen_rows = features_view.clicked_rows(run, split, st.session_state.get(rows_key, []))
    there = set(by_class["label"])
    options = [CLICKED, *(label for label in run.classes if label in there)]
    hardest = by_class.iloc[0]
    with st.container(horizontal=True, vertical_alignment="bottom"):
        of = address.select(
            "Lines of",
            options,
            key="lines",
            default=CLICKED if chosen_rows else hardest["label"],
            words=lambda label: "Photos clicked on the map" if label == CLICKED else display_name(label),
        )
        beside = by_class.set_index("label")["beside"].get(of) or hardest["beside"] or options[-1]
        means_of = address.several(
            f"Means of (at most {MOST_MEANS})",
            options[1:],
            key="means",
            words=display_name,
            placeholder="Chosen by itself",
        )[:MOST_MEANS]
        if chosen_rows:
            st.button("Forget the clicked photos", on_click=lambda: st.session_state.pop(rows_key, None))
    if of == CLICKED:
        rows = chosen_rows
        means = list(dict.fromkeys(labels.iloc[rows]))[:MOST_MEANS] or [hardest["label"]]
        if not rows:
            st.caption("No photo is clicked yet: click a point on the map, or choose a class.")
    else:
        rows, means = features_view.photos_of_class(run, split, of, LINES_A_CLASS), list(dict.fromkeys([of, beside]))
    return rows, means_of or means


def _mean_and_spread(run: Run, split: str, label: str) -> tuple[np.ndarray, np.ndarray]:
    found = features_view.of(run, split)
    features_MD = found.features_ND[(found.points["label"] == label).to_numpy()]
    return features_MD.mean(axis=0), features_MD.std(axis=0)


def _lines(run: Run, split: str, rows: list[int]) -> tuple[dict[str, np.ndarray], dict[str, str]]:
    """Feature lines by name, and the class behind each name."""
    found = features_view.of(run, split)
    lines: dict[str, np.ndarray] = {}
    label_of: dict[str, str] = {}
    for row in rows:
        file_name = found.points["image_id"].iloc[row].rsplit("/")[-1]
        file_name = file_name if len(file_name) <= 20 else f"{file_name[:8]}…{file_name[-10:]}"
        label = found.points["label"].iloc[row]
        name = f"{class_name(label)}, {html.escape(file_name)}"  # plotly reads tags in names
        while name in lines:  # another one is written alike
            name += " "
        lines[name], label_of[name] = found.features_ND[row], label
    return lines, label_of
