"""Where the run is right: by groups of classes and by what the source says of a photo; how often it says each class.

Takes a run, a split, its matrix and predictions; reads the manifest of the dataset that was predicted, if it is here.
"""

import numpy as np
import pandas as pd
import streamlit as st

from fashion_core.data.datasets import Dataset
from fashion_core.labels import display_name
from fashion_core.metrics import slices
from fashion_core.metrics.intervals import proportion
from fashion_core.runs.runs import Run
from ui.app import address, loaders, notices, words
from ui.app.kept import kept
from ui.charts.panels import Panel, height_of, interval_panels
from ui.shared import bounded
from ui.shared.plot import plot


def show(run: Run, split: str, matrix: np.ndarray, dataset: Dataset | None, *, drawn: bool) -> None:
    """Groups and metadata left, shares of the classes right."""
    left, right = st.columns(2, gap="medium")
    with left:
        for level, groups in slices.levels(run.classes, run.dataset.groups).items():
            _show_level(run, matrix, level, groups, drawn)
        _show_metadata(run, split, dataset, drawn)
    with right:
        _show_shares(run, matrix, drawn)


def _show_level(run: Run, matrix: np.ndarray, level: str, groups: dict[str, tuple[str, ...]], drawn: bool) -> None:
    found = slices.hierarchy(matrix, run.classes, groups)
    told = words.with_interval(proportion(found.right, found.n))
    rows = found.rows
    height = height_of(len(rows), title=True, references=False)
    plot(
        interval_panels(
            [display_name(value) for value in rows["value"]],
            [f"n = {n:,}" for n in rows["n"]],
            [Panel(title="Group is right", value=rows["rate"], low=rows["low"], high=rows["high"], references={})],
            title=f"By {level}: {told}",
            height=height,
            drawn=drawn,
        ),
        key=f"level {level}",
        alt=f"Share of photos whose group is right, by {level}: {told}",
        height=height,
    )
    if found.num_wrong:
        notices.aside(
            f"Of {words.counted(found.num_wrong, 'wrong class', 'wrong classes')}, "
            f"{words.percent(found.num_near / found.num_wrong)} are in the right group all the same."
        )


def _of_both(run: Run, split: str, dataset: Dataset, *_: str) -> tuple[loaders.Stamp, loaders.Stamp]:
    return loaders.of_predictions(run, split), loaders.of_manifest(dataset)


@kept(_of_both, max_entries=8)
def _columns(run: Run, split: str, dataset: Dataset) -> tuple[dict[str, pd.Series], np.ndarray]:
    """What is known of the predicted photos that the dataset has, and whether each was recognised."""
    predictions = loaders.predictions_of(run, split)
    rows = loaders.photos_of(dataset, predictions["image_id"])["row"].to_numpy()
    right = predictions["label"].to_numpy(object) == predictions["predicted"].to_numpy(object)
    return slices.columns(loaders.manifest_of(dataset).iloc[rows[rows >= 0]]), right[rows >= 0]


@kept(_of_both, max_entries=50)
def _by_value(run: Run, split: str, dataset: Dataset, column: str) -> pd.DataFrame:
    columns, right = _columns(run, split, dataset)
    return slices.by_value(columns[column], right)


def _show_metadata(run: Run, split: str, dataset: Dataset | None, drawn: bool) -> None:
    if dataset is None:
        return
    offered = list(_columns(run, split, dataset)[0])
    if not offered:
        notices.aside(
            "The source says nothing more of its photos (no brand, address or year), and all have one shape, so there "
            "is nothing else to break the accuracy down by."
        )
        return
    column = address.select("Accuracy by", offered, key="by", words=words.capital)
    rows = _by_value(run, split, dataset, column)
    height = height_of(len(rows), title=False, references=False)
    plot(
        interval_panels(
            rows["value"].tolist(),
            [f"n = {n:,}" for n in rows["n"]],
            [Panel(title="Accuracy", value=rows["rate"], low=rows["low"], high=rows["high"], references={})],
            height=height,
            drawn=drawn,
        ),
        key="metadata",
        alt=f"Accuracy by {column} with its 95 % interval",
        height=height,
    )
    notices.aside(
        f"Wilson's 95 % intervals; values with fewer than {slices.FEWEST} photos are counted together. Classes are "
        "not spread evenly over these values, so a difference may be one of classes."
    )


def _show_shares(run: Run, matrix: np.ndarray, drawn: bool) -> None:
    shares = slices.class_shares(matrix, run.classes)
    trained = _trained_counts(run)
    order = np.argsort(trained if trained is not None else shares["true"].to_numpy(), kind="stable")
    if bounded.is_large(len(order)):
        apart = (shares["predicted"] - shares["true"]).abs().to_numpy()
        most = set(bounded.first(np.argsort(-apart, kind="stable")).tolist())
        order = np.array([place for place in order if place in most])
    height = height_of(len(order), title=True, references=True)
    top = max(0.05, float(shares[["true", "high"]].to_numpy().max()) * 1.05)
    plot(
        interval_panels(
            [display_name(label) for label in shares["label"].iloc[order]],
            [
                f"said {words.counted(n, 'time')}"
                + ("" if trained is None else f", {words.counted(trained[place], 'training photo')}")
                for place, n in zip(order, shares["n"].iloc[order], strict=True)
            ],
            [
                Panel(
                    title="Share of the answers",
                    value=shares["predicted"].to_numpy()[order],
                    low=shares["low"].to_numpy()[order],
                    high=shares["high"].to_numpy()[order],
                    references={"share of the photos": shares["true"].to_numpy()[order]},
                )
            ],
            title="How often is each class said?",
            top=top,
            height=height,
            drawn=drawn,
        ),
        key="class_shares",
        alt="Share of each class among the answers and among the photos",
        height=height,
    )
    bounded.say_left_out(len(order), len(shares), "whose two shares lie furthest apart", "the others lie nearer")
    notices.aside(_rarest(shares, trained))


def _trained_counts(run: Run) -> np.ndarray | None:
    """Training photos of each class in index order, None where the run's dataset is not here or has none."""
    own = loaders.dataset_of(run)
    if own is None or not own.splits.get("train"):
        return None
    return _counts(own)


@kept(loaders.of_manifest, max_entries=8)
def _counts(dataset: Dataset) -> np.ndarray:
    frame = loaders.manifest_of(dataset)
    labels = frame.loc[(frame["split"] == "train") & (frame["status"] == "ok"), "label"]
    return labels.value_counts().reindex(list(dataset.classes)).fillna(0).to_numpy(int)


def _rarest(shares: pd.DataFrame, trained: np.ndarray | None) -> str:
    """Whether the classes that are rare in training are said as often as they are there."""
    if trained is None:
        return "Ordered by how many photos each class has here, fewest first."
    few = np.argsort(trained, kind="stable")[: len(shares) // 3 or 1]
    n, said = int(shares["n"].sum()), int(shares["n"].iloc[few].sum())
    given = proportion(said, n)
    there = float(shares["true"].iloc[few].sum())
    how = (
        "as often as they are"
        if given.low <= there <= given.high
        else "less often than they are"
        if given.value < there
        else "more often than they are"
    )
    rarest = words.counted(len(few), "rarest class", "rarest classes")
    answers = words.with_interval(given)
    return (
        f"Ordered by training photos, fewest first. The {rarest} in training have {words.percent(there)} of these "
        f"photos and {answers} of the answers: given {how} there. That does not tell how often it was right."
    )
