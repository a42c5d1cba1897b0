"""What a run's features have put together and apart, ready for the map. Takes a run and a split; cached by its files.

Knows no widgets. Rows of everything here are rows of the split's predictions.
"""

import html
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from fashion_core import projection
from fashion_core.errors import RunError
from fashion_core.labels import display_name
from fashion_core.runs import Run
from fashion_core.statistics import wilson
from ui import charts, loaders, words
from ui.charts.layout import class_name

MOST_DRAWN = 20_000  # points; a lasso over more costs seconds in the browser
MOST_COMPARED = 10_000  # images among which nearest neighbours are looked for; the cost grows with the square


@dataclass(frozen=True)
class Learnt:
    """``points``: image_id, label, predicted, sure, right, hover. ``drawn_rows``: rows on the map, ascending."""

    points: pd.DataFrame
    drawn_rows: np.ndarray
    positions: np.ndarray  # row -> place in drawn_rows, -1 where it is not drawn


def of(run: Run, split: str) -> Learnt:
    """The images of a split as the map shows them; RunError with the command when something is missing."""
    return _learnt(_stamps(run, split), run, split)


def _stamps(run: Run, split: str) -> tuple[loaders.Stamp, loaders.Stamp]:
    names = (f"predictions-{split}.parquet", f"embeddings-{split}.npy")
    return tuple(loaders.stamp(run.folder / name) for name in names)  # type: ignore[return-value]


@st.cache_resource(max_entries=4, show_spinner=False)
def _learnt(key: tuple, _run: Run, split: str) -> Learnt:
    num_rows = len(loaders.embeddings_of(_run, split))
    predictions = loaders.predictions_of(_run, split)
    if num_rows != len(predictions):
        raise RunError(
            f"run {_run.id!r} has features of {num_rows:,} {split} photos but predictions of "
            f"{len(predictions):,}; run: python -m fashion_core embed {_run.id} --split {split}"
        )
    sure = predictions[[f"p_{name}" for name in _run.classes]].to_numpy().max(axis=1)
    points = predictions[["image_id", "label", "predicted"]].assign(
        sure=sure, right=predictions["label"] == predictions["predicted"]
    )
    named = points["predicted"].map({name: class_name(name) for name in _run.classes})
    verdict = np.where(points["right"], "right", "wrong")
    points["hover"] = [
        f"predicted {name}, {100 * share:.1f} %, {told}" for name, share, told in zip(named, sure, verdict, strict=True)
    ]
    drawn_rows = projection.spread_rows(points["label"].to_numpy(), MOST_DRAWN)
    positions = np.full(len(points), -1)
    positions[drawn_rows] = np.arange(len(drawn_rows))
    return Learnt(points, drawn_rows, positions)


def splits_with_features(run: Run) -> list[str]:
    """The splits of the run's own dataset, those that have features first (test before val before train)."""
    own = [split for split in ("test", "val", "train") if run.dataset["splits"].get(split)]
    return sorted(own, key=lambda split: not (run.folder / f"embeddings-{split}.npy").exists())


def told_apart(run: Run, split: str) -> tuple[pd.DataFrame, int]:
    """One row a class (label, n, alike, rate, low, high, beside, num_beside), worst first, and how many images were
    compared.

    ``alike`` counts images whose nearest other image, over all features, has the same label; ``beside`` is the other
    class that is nearest most often. Above MOST_COMPARED images a stratified part is compared with itself.
    """
    return _told_apart(_stamps(run, split), run, split)


@st.cache_resource(max_entries=8, show_spinner=False)
def _told_apart(key: tuple, _run: Run, split: str) -> tuple[pd.DataFrame, int]:
    labels = of(_run, split).points["label"].to_numpy()
    rows = projection.spread_rows(labels, MOST_COMPARED)
    labels = labels[rows]
    beside = labels[projection.nearest(loaders.embeddings_of(_run, split)[rows])]
    found = []
    for label in _run.classes:
        of_label = beside[labels == label]
        if len(of_label):
            others = pd.Series(of_label[of_label != label]).value_counts()
            found.append(
                {
                    "label": label,
                    "n": len(of_label),
                    "alike": int((of_label == label).sum()),
                    "beside": others.index[0] if len(others) else "",
                    "num_beside": int(others.iloc[0]) if len(others) else 0,
                }
            )
    frame = pd.DataFrame(found)
    low, high = wilson(frame["alike"], frame["n"])
    frame = frame.assign(rate=frame["alike"] / frame["n"], low=low, high=high)
    return frame.sort_values("rate", kind="stable", ignore_index=True), len(rows)


def interval(part: int, whole: int) -> tuple[float, float]:
    """Wilson's 95 % bounds as plain numbers."""
    low, high = wilson(part, whole)
    return float(low), float(high)


def in_words(images: pd.DataFrame, most: int = 3) -> str:
    """``64.0 % right [54, 73]. Saree 60, Lehenga 30, Gowns 9 and 2 more classes.``"""
    if images.empty:
        return "No photo."
    counts = images["label"].value_counts()
    named = [f"{display_name(name)} {words.count(number)}" for name, number in counts.head(most).items()]
    rest = len(counts) - len(named)
    more = f" and {words.counted(rest, 'more class', 'more classes')}" if rest else ""
    right = int(images["right"].sum())
    share = words.percent_with_interval(right / len(images), interval(right, len(images)))
    return f"{share} right. {', '.join(named)}{more}." if len(counts) > 1 else f"{share} right."


def photos_of_class(run: Run, split: str, label: str, most: int) -> list[int]:
    """Rows of ``most`` images of a class, spread evenly over its rows: the same ones at every call."""
    rows = np.flatnonzero(of(run, split).points["label"] == label)
    return [int(rows[place]) for place in np.linspace(0, len(rows) - 1, min(most, len(rows))).round().astype(int)]


def lines_of(
    run: Run, split: str, rows: Sequence[int], means: Sequence[str]
) -> tuple[dict[str, np.ndarray], dict[str, str], list[str]]:
    """Feature lines by name, the class behind each name, and the names of the means, for ``feature_lines``."""
    points, features_ND = of(run, split).points, loaders.embeddings_of(run, split)
    lines: dict[str, np.ndarray] = {}
    label_of: dict[str, str] = {}
    for label in means:
        chosen = (points["label"] == label).to_numpy()
        if chosen.any():
            name = f"{class_name(label)}, mean of {words.count(int(chosen.sum()))}"
            while name in lines:  # another class is written alike
                name += " "
            lines[name], label_of[name] = features_ND[chosen].mean(axis=0), label
    strong = list(lines)
    for row in rows:
        file_name = points["image_id"].iloc[row].rsplit("/")[-1]
        file_name = file_name if len(file_name) <= 20 else f"{file_name[:8]}…{file_name[-10:]}"
        file_name = html.escape(file_name)  # plotly reads tags in names
        name = f"{class_name(points['label'].iloc[row])}, {file_name}"
        while name in lines:
            name += " "
        lines[name], label_of[name] = features_ND[row], points["label"].iloc[row]
    return lines, label_of, strong


def figure(run: Run, split: str, *, highlight: str | None, ringed: Sequence[int], title: str) -> go.Figure:
    """The map of a split; ``ringed`` are rows. Shared by all sessions: only to be drawn."""
    return _figure(_stamps(run, split), split, highlight, tuple(ringed), title, run)


# kept, because a lasso draws the same figure again and building it costs 0.1 s at 7,500 points
@st.cache_resource(max_entries=16, show_spinner=False)
def _figure(key: tuple, split: str, highlight: str | None, ringed: tuple[int, ...], title: str, _run: Run) -> go.Figure:
    found = of(_run, split)
    projected = loaders.projection_of(_run, split)
    shares = projected.explained_variance_ratio_C
    rows = found.drawn_rows
    places = found.positions[np.array(ringed, dtype=int)]
    return charts.embedding_scatter(
        projected.points_NC[rows],
        found.points["label"].to_numpy()[rows],
        _run.classes,
        rows=rows,
        hover=found.points["hover"].to_numpy()[rows],
        highlight=[highlight] if highlight else [],
        ringed=places[places >= 0],
        axis_titles=tuple(
            f"Axis {axis}: {words.percent(share)} of the variance" for axis, share in enumerate(shares, 1)
        ),
        title=title,
        drawn=_run.dataset["synthetic"],
    )
