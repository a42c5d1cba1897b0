"""The training photos nearest to a photo, and whether it is unlike all of them. Takes a run and its features.

Needs the features of the training photos, which are computed once, in a process of their own, when somebody asks.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import streamlit as st

from fashion_core import jobs, rights
from fashion_core.data.datasets import Dataset
from fashion_core.data.sources import photos, readers
from fashion_core.data.sources.layout import TRAIN_FIRST
from fashion_core.embeddings import neighbours, out_of_distribution, tsne_umap
from fashion_core.errors import DatasetError, FashionError, PhotoError
from fashion_core.labels import display_name
from fashion_core.launch import background
from fashion_core.metrics.intervals import proportion
from fashion_core.runs.runs import Run
from ui.app import faults, loaders, words
from ui.shared import following, gallery, model_cache
from ui.shared.answer import Number
from ui.shared.table import show_table

NUM_KIN = 5
NUM_STRANGERS = 100


@dataclass(frozen=True, eq=False)
class Known:
    """What the run knows of its training photos: their features, rows of length 1, and what is unlike them; None with
    the reason in ``why`` where that cannot be told. ``alarms`` of ``num_judged`` test photos are false."""

    train_TD: np.ndarray
    novelty: out_of_distribution.Novelty | None
    why: str = ""
    alarms: int = 0
    num_judged: int = 0


def known(run: Run) -> Known | None:
    """None while the features of the training photos are not there."""
    if "train" not in run.prediction_splits() or not (run.folder / "embeddings-train.npy").exists():
        return None
    files = [run.folder / f"embeddings-{split}.npy" for split in TRAIN_FIRST]
    return _known(tuple(loaders.stamp(path) if path.exists() else None for path in files), run)


@st.cache_resource(max_entries=3, show_spinner=False)
def _known(key: tuple[loaders.Stamp | None, ...], _run: Run) -> Known:
    train_TD = neighbours.units(_run.embeddings("train"))
    try:
        found = out_of_distribution.fit(train_TD, _run.embeddings("val"))
    except FashionError as error:
        return Known(train_TD, None, str(error))
    if key[2] is None:
        return Known(train_TD, found)
    return Known(train_TD, found, "", *found.alarms(_run.embeddings("test")))


def number(found: out_of_distribution.Novelty, features_D: np.ndarray) -> Number:
    """The answer's number: alike or unlike, with the distance and the threshold."""
    distance = float(found.distances(features_D[None])[0])
    return Number(
        "Like training",
        "Unlike" if distance > found.threshold else "Alike",
        f"{distance:.3f}, limit {found.threshold:.3f}",
        f"Cosine distance of its features to those of its {found.neighbour}th nearest training photo. The limit lets "
        f"{words.percent(out_of_distribution.KNOWN_SHARE, 0)} of {words.count(found.num_fitted)} validation photos "
        "pass.",
    )


def show(run: Run, dataset: Dataset | None, features_D: np.ndarray, found: Known | None, *, own_id: str = "") -> None:
    """The nearest training photos and what the limit is worth; or the button that makes their features."""
    if found is None:
        _offer(run, dataset)
        return
    if found.novelty is not None:
        st.markdown(_verdict(found, found.novelty, features_D))
        st.markdown(_caught_words(run, found.novelty))
    elif _lacks_validation(run):
        _offer(run, dataset)
    else:
        st.markdown(words.plain(f"{words.capital(found.why)}."))
    frame = loaders.predictions_of(run, "train")
    rows, distances = neighbours.most_alike(found.train_TD, neighbours.units(features_D[None])[0], NUM_KIN + 1)
    kin = frame.iloc[rows][["image_id", "label", "predicted"]].assign(distance=distances)
    kin = kin[kin["image_id"] != own_id].head(NUM_KIN).reset_index(drop=True)
    if dataset is None:
        show_table(kin, alt="The nearest training photos")
    else:
        shown = pd.concat([kin, loaders.photos_of(dataset, kin["image_id"])], axis=1)
        st.html(
            gallery.grid_html(
                loaders.thumbnails(dataset),
                list(shown.itertuples(index=False)),
                lambda image: gallery.Caption(display_name(image.label), f"distance {image.distance:.3f}"),
                cell_pixels=150,
            )
        )
    st.markdown(
        ":gray[Nearest in the features before the last layer (Sun et al. 2022). A photo of something else can still "
        "lie near: a model has no features for what it was never taught.]"
    )


def _lacks_validation(run: Run) -> bool:
    """Whether the limit only waits for the features of the validation photos."""
    return bool(run.dataset.splits.get("val")) and not (run.folder / "embeddings-val.npy").exists()


def _verdict(found: Known, limit: out_of_distribution.Novelty, features_D: np.ndarray) -> str:
    distance = float(limit.distances(features_D[None])[0])
    verdict = "**Unlike anything in training.**" if distance > limit.threshold else "Not unlike the training photos."
    told = (
        f"{verdict} Its features are {distance:.3f} away from those of its {limit.neighbour}th nearest training photo; "
        f"the limit is {limit.threshold:.3f}."
    )
    if found.num_judged:
        share = words.with_interval(proportion(found.alarms, found.num_judged))
        photos = words.counted(found.num_judged, "test photo")
        return f"{told} False alarms: of {photos} {share} were called unlike though they are not."
    return (
        f"{told} {words.percent(1 - out_of_distribution.KNOWN_SHARE, 0)} of the {words.count(limit.num_fitted)} "
        "validation photos "
        "lie above it, by its making; there are no test photos to count false alarms on."
    )


def _caught_words(run: Run, limit: out_of_distribution.Novelty) -> str:
    """How many pictures of another dataset the limit catches: a weak model misses most of them."""
    stranger = next((one for one in loaders.datasets() if not set(one.classes) & set(run.classes)), None)
    if stranger is None:
        return "No dataset with other classes is here to count how many strangers the limit catches."
    waiting = st.empty()
    with waiting.container():
        st.skeleton(height=24)
    try:
        key = (model_cache.stamp(run), loaders.stamp(stranger.manifest_path), limit.threshold)
        caught, num = _caught(key, run, stranger, limit)
    except FashionError as error:  # what is known of the photo itself does not hang on strangers
        return f"How many strangers the limit catches is not known here: {words.fault(error)}."
    finally:
        waiting.empty()
    told = words.with_interval(proportion(caught, num))
    name = f"{words.plain(stranger.name)}{' (drawn)' if stranger.synthetic else ''}"
    weak = " Most strangers pass: take “alike” for nothing." if caught < num / 2 else ""
    pictures = words.counted(num, "picture")
    return f"Strangers caught: {told} of {pictures} of {name}, classes that it was never taught.{weak}"


@st.cache_data(max_entries=32, show_spinner=False)
def _caught(
    key: tuple[object, ...], _run: Run, _stranger: Dataset, _limit: out_of_distribution.Novelty
) -> tuple[int, int]:
    frame = loaders.manifest_of(_stranger)
    usable = frame[frame["status"] == "ok"]
    inputs = []
    for path in usable["path"].sample(min(NUM_STRANGERS, len(usable)), random_state=0):
        try:
            photo = readers.open_photo_of(_stranger.kind, _stranger.root, path)
        except PhotoError:
            continue
        inputs.append(photos.resize(photo, *_run.settings.image_size, _run.settings.resize))
    if not inputs:
        raise DatasetError(f"no photo of dataset {_stranger.name!r} could be read")
    _, features_ND = model_cache.look(_run, inputs)
    return int(_limit.is_unlike(features_ND).sum()), len(inputs)


def _offer(run: Run, dataset: Dataset | None) -> None:
    if dataset is None or not run.dataset.splits.get("val"):
        missing = "its photos are not on this machine" if dataset is None else "it has no validation photos"
        st.markdown(f"What the training photos say of this one cannot be told whole: {missing}.")
        return
    everything = sum(run.dataset.splits.values())
    expected = following.seconds_to_look(run, everything)
    folder = background.embedding_folder(run, tsne_umap.ALL)
    job = jobs.look(folder)
    if job and job.active:
        told = f"The model is looking at {words.counted(everything, 'photo')}; the page goes on by itself"
        following.look_at_photos(folder, told, expected)
        return
    if known(run) is not None and not _lacks_validation(run):  # they came between two looks
        st.rerun()
    if job and job.state == jobs.FAILED:
        st.warning(f"The features were not written; its last words are in {words.plain(run.folder / 'embed.txt')}.")
    st.markdown(
        "Here you would see the training photos nearest to this one, and whether it is unlike all of them. For that "
        "the model must look once at the photos of every split, in a process of its own."
    )
    button = f"Look at {words.counted(everything, 'photo')} of every split, about {words.roughly(expected)}"
    if not rights.read_only() and st.button(button, key="embed"):
        with faults.shown(stop=False):
            background.start_embed(run, tsne_umap.ALL, data_dir=loaders.data_dir())
            st.rerun()
