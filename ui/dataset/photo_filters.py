"""Which photos of a dataset a gallery shows: by split, class, what a run said of them, and what the audit found.

Takes a dataset; gives rows for ``gallery.show``. Every choice lives in the address; a value that is not on offer is
ignored. The table kept here is narrow and its classes and splits are numbers, so that a choice among 106,166 photos
takes milliseconds: the whole manifest with its texts is ten times as large.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from fashion_core import storage
from fashion_core.data.audit import findings
from fashion_core.data.datasets import READABLE, Dataset
from fashion_core.data.sources.layout import MADE_HERE
from fashion_core.labels import display_name
from ui.app import address, loaders, words
from ui.app.kept import kept
from ui.charts.classes import counts_by_split
from ui.charts.layout import SPLIT_NAMES
from ui.shared import class_words, gallery, run_names

CLASS, SPLIT = "photos_class", "photos_split"
NO_RUN = "no/run"
MOST_VALUES = 30
ANSWERS = {address.ANY: "Any", "right": "Right", "wrong": "Wrong"}


def photos(dataset: Dataset) -> pd.DataFrame:
    """``row, image_id, split, label, width, height`` of every photo that can be used; split and label categorical."""
    return _photos(dataset)[0]


@kept(loaders.of_manifest, max_entries=16)
def counts(dataset: Dataset) -> pd.DataFrame:
    """``charts.counts_by_split`` of these photos."""
    found = counts_by_split(photos(dataset), dataset.classes)
    return pd.DataFrame(found.to_numpy(), index=list(dataset.classes), columns=list(map(str, found.columns)))


def num_unusable(dataset: Dataset) -> int:
    """How many rows of the manifest are damaged, missing or left out."""
    return _photos(dataset)[1]


@kept(loaders.of_manifest, max_entries=4)
def _photos(dataset: Dataset) -> tuple[pd.DataFrame, int]:
    frame = dataset.manifest(["image_id", "split", "label", "width", "height", "status"])
    frame.insert(0, "row", np.arange(len(frame), dtype=np.int32))
    usable = frame[(frame["status"] == "ok").to_numpy()].drop(columns="status").reset_index(drop=True)
    usable["split"] = pd.Categorical(usable["split"], list(SPLIT_NAMES))
    usable["label"] = pd.Categorical(usable["label"], list(dataset.classes))
    return usable, int((~frame["status"].isin(READABLE)).sum())


def classes_chosen(dataset: Dataset) -> list[str]:
    """The classes that are chosen now, before the pickers are drawn; none means all."""
    return address.several_chosen(CLASS, dataset.classes)


def splits_chosen(splits: Sequence[str]) -> list[str]:
    """The splits that are chosen now, before the pickers are drawn; none means all."""
    return address.several_chosen(SPLIT, splits)


def choose(classes: Sequence[str], splits: Sequence[str]) -> None:
    """Choose for the reader, none meaning all; for callbacks."""
    address.choose_several(**{CLASS: classes, SPLIT: splits})


def pick(dataset: Dataset, splits: Sequence[str]) -> pd.DataFrame:
    """Draw the pickers and give the photos they leave, with ``predicted`` and ``right`` where a run is chosen; in an
    order that goes round the classes."""
    chosen = photos(dataset)
    with st.container(horizontal=True):
        some_splits = address.several("Split", splits, key=SPLIT, words=SPLIT_NAMES.get, placeholder="All splits")
        some_classes = address.several(
            "Class", dataset.classes, key=CLASS, words=class_words.of(dataset.classes), placeholder="All classes"
        )
        keep = np.ones(len(chosen), bool)
        for column, values in (("split", some_splits), ("label", some_classes)):
            if values:
                wanted = chosen[column].cat.categories.get_indexer(values)
                keep &= np.isin(chosen[column].cat.codes.to_numpy(), wanted)
        keep &= _with_own(dataset, len(chosen))
        keep &= _with_finding(dataset, chosen)
        predicted = _by_a_run(dataset, chosen)
    if predicted is not None:
        codes, wanted = predicted
        right = codes == chosen["label"].cat.codes.to_numpy()
        chosen = chosen.assign(predicted=pd.Categorical.from_codes(codes, list(dataset.classes)), right=right)
        keep &= wanted
    return gallery.mixed(chosen[keep])


def caption(image: Any) -> gallery.Caption:
    """The class, and beside it what the chosen run took it for; split and size."""
    text, right = display_name(image.label), getattr(image, "right", None)
    if right is not None and not right:
        text = f"{text} → {display_name(image.predicted)}"
    return gallery.Caption(
        text,
        f"{SPLIT_NAMES[image.split]}, {image.width} × {image.height}",
        None if right is None else bool(right),
    )


def _with_own(dataset: Dataset, num: int) -> np.ndarray:
    """Which photos have the chosen value in a column of the source's own; all of them where it has none."""
    offered, codes = _own_values(dataset)
    if not offered:
        return np.ones(num, bool)
    names = {address.ANY: "Any", **{name: said for name, (_, said) in offered.items()}}
    chosen = address.select("Also", names, key="photos_own", width=230)
    if chosen == address.ANY:
        return np.ones(num, bool)
    return codes[offered[chosen][0]] == list(offered).index(chosen)


@kept(loaders.of_manifest, max_entries=4)
def _own_values(dataset: Dataset) -> tuple[dict[str, tuple[str, str]], dict[str, np.ndarray]]:
    """``column=value`` -> its column, and its words with how many photos: the commonest MOST_VALUES of each of the
    source's own columns that several photos share. And for each column the place of its photos' values in that list,
    rows as in ``photos``, -1 for others."""
    frame = dataset.manifest()
    frame = frame[(frame["status"] == "ok").to_numpy()]
    offered: dict[str, tuple[str, str]] = {}
    codes: dict[str, np.ndarray] = {}
    for name in (name for name in frame if name not in MADE_HERE):
        own = frame[name].astype(object).where(frame[name].notna(), "").astype(str).str.strip()
        counts = own[own != ""].value_counts()
        if len(counts) * 2 > (own != "").sum():  # nearly every photo has its own: a title, an address
            continue
        counts = counts[(counts > 1) & (counts < len(frame))][:MOST_VALUES]
        places = {value: len(offered) + place for place, value in enumerate(counts.index)}
        codes[name] = own.map(places).fillna(-1).to_numpy(int)
        column = words.capital(name.replace("_", " "))
        offered |= {f"{name}={value}": (name, f"{column}: {value} ({num:,})") for value, num in counts.items()}
    return offered, codes


def _with_finding(dataset: Dataset, chosen: pd.DataFrame) -> np.ndarray:
    """Which photos have the chosen kind of finding; all of them before there is an audit."""
    found = loaders.audit_of(dataset)
    kinds = [kind for kind in findings.KINDS if found and found[0].counts[kind] and kind not in ("damaged", "missing")]
    if not found or not kinds:
        return np.ones(len(chosen), bool)
    kind = address.select(
        "Finding",
        [address.ANY, *kinds],
        key="photos_finding",
        words=lambda name: "Any or none" if name == address.ANY else findings.KINDS[name].partition(":")[0],
        width=190,
    )
    if kind == address.ANY:
        return np.ones(len(chosen), bool)
    of_kind = found[1][found[1]["kind"] == kind]
    return chosen["image_id"].isin(pd.concat([of_kind["image_id"], of_kind["other"]]).dropna()).to_numpy()


def _by_a_run(dataset: Dataset, chosen: pd.DataFrame) -> tuple[np.ndarray, np.ndarray] | None:
    """What the chosen run predicted for each photo (-1: nothing), and which photos its pickers leave."""
    runs = {run.id: run for run in loaders.all_runs() if loaders.trained_on(run, dataset) and run.prediction_splits()}
    if not runs:
        return None
    run_id = address.select(
        "Predicted by",
        [NO_RUN, *runs],
        key="photos_run",
        words=lambda name: "No run" if name == NO_RUN else run_names.short_words(runs[name]),
        width=230,
    )
    if run_id == NO_RUN:
        return None
    run = runs[run_id]
    paths = [run.folder / f"predictions-{split}.parquet" for split in run.prediction_splits() if "-on-" not in split]
    codes = _predicted(loaders.stamp(dataset.manifest_path), tuple(map(loaders.stamp, paths)), dataset)
    predicted = address.select(
        "Predicted class",
        [address.ANY, *dataset.classes],
        key="photos_predicted",
        words=lambda name: "Any class" if name == address.ANY else display_name(name),
        width=190,
    )
    answer = address.select("Answer", ANSWERS, key="photos_answer", width=120)
    wanted = codes >= 0
    if predicted != address.ANY:
        wanted &= codes == dataset.classes.index(predicted)
    if answer != address.ANY:
        wanted &= (codes == chosen["label"].cat.codes.to_numpy()) == (answer == "right")
    return codes, wanted


@st.cache_resource(max_entries=8, show_spinner=False)
def _predicted(key: loaders.Stamp, stamps: tuple[loaders.Stamp, ...], _dataset: Dataset) -> np.ndarray:
    """int16 N, rows as in ``photos``: the index of the predicted class, -1 where there is none."""
    places = pd.Index(photos(_dataset)["image_id"])
    codes = np.full(len(places), -1, np.int16)
    for path, *_ in stamps:
        frame = storage.read_parquet(path, ["image_id", "predicted"])
        rows = places.get_indexer(pd.Index(frame["image_id"]))
        codes[rows[rows >= 0]] = pd.Index(_dataset.classes).get_indexer(pd.Index(frame["predicted"]))[rows >= 0]
    codes.setflags(write=False)
    return codes
