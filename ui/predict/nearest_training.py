"""The training photos nearest to a photo, and how many strangers are told from them. Takes a run and its features.

Needs the features of the training photos, which are computed once, in a process of their own, when somebody asks.
"""

import numpy as np
import pandas as pd
import streamlit as st

from fashion_core import jobs, rights
from fashion_core.data.datasets import Dataset
from fashion_core.data.sources import photos, readers
from fashion_core.embeddings import neighbours, tsne_umap
from fashion_core.errors import DatasetError, FashionError, PhotoError
from fashion_core.labels import display_name
from fashion_core.launch import background
from fashion_core.metrics.intervals import proportion
from fashion_core.metrics.out_of_distribution import Reference
from fashion_core.runs.runs import Run
from ui.app import faults, loaders, words
from ui.predict.unlike import Question
from ui.shared import following, gallery, model_cache
from ui.shared.table import show_table

NUM_KIN = 5
NUM_STRANGERS = 100


def train_units(run: Run) -> np.ndarray | None:
    """Features of the training photos, rows of length 1; None while they are not there."""
    path = run.folder / "embeddings-train.npy"
    if "train" not in run.prediction_splits() or not path.exists():
        return None
    return _units(loaders.stamp(path), run)


@st.cache_resource(max_entries=3, show_spinner=False)
def _units(key: loaders.Stamp, _run: Run) -> np.ndarray:
    return neighbours.units(_run.embeddings("train"))


def show(run: Run, dataset: Dataset | None, features_D: np.ndarray, question: Question, *, own_id: str = "") -> None:
    """The nearest training photos and what the question catches; or the button that makes their features."""
    if question.reference is not None:
        st.markdown(_caught_words(run, question.reference))
    train_TD = train_units(run)
    if train_TD is None:
        _offer(run, dataset)
        return
    frame = loaders.predictions_of(run, "train")
    rows, distances = neighbours.most_alike(train_TD, neighbours.units(features_D[None])[0], NUM_KIN + 1)
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
        ":gray[Nearest in the features before the last layer. A photo of something else can still lie near: a model "
        "has no features for what it was never taught.]"
    )


def _caught_words(run: Run, reference: Reference) -> str:
    """How many pictures of another dataset the limit catches: a weak model misses most of them."""
    stranger = next((one for one in loaders.datasets() if not set(one.classes) & set(run.classes)), None)
    if stranger is None:
        return "No dataset with other classes is here to count how many strangers the limit catches."
    waiting = st.empty()
    with waiting.container():
        st.skeleton(height=24)
    try:
        key = (model_cache.stamp(run), loaders.stamp(stranger.manifest_path), reference.limit)
        caught, num = _caught(key, run, stranger, reference)
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
def _caught(key: tuple[object, ...], _run: Run, _stranger: Dataset, _reference: Reference) -> tuple[int, int]:
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
    looked = model_cache.look(_run, inputs)
    return int(_reference.is_unlike(looked.photos_NHW3, looked.energies_N).sum()), len(inputs)


def _offer(run: Run, dataset: Dataset | None) -> None:
    if dataset is None:
        st.markdown("Which training photos are nearest cannot be told: they are not on this machine.")
        return
    everything = sum(run.dataset.splits.values())
    expected = following.seconds_to_look(run, everything)
    folder = background.embedding_folder(run, tsne_umap.ALL)
    job = jobs.look(folder)
    if job and job.active:
        told = f"The model is looking at {words.counted(everything, 'photo')}; the page goes on by itself"
        following.look_at_photos(folder, told, expected)
        return
    if train_units(run) is not None:  # they came between two looks
        st.rerun()
    if job and job.state == jobs.FAILED:
        st.warning(f"The features were not written; its last words are in {words.plain(run.folder / 'embed.txt')}.")
        following.offer_to_close(folder)
    st.markdown(
        "Here you would see the training photos nearest to this one. For that the model must look once at the photos "
        "of every split, in a process of its own."
    )
    button = f"Look at {words.counted(everything, 'photo')} of every split, about {words.roughly(expected)}"
    if not rights.read_only() and st.button(button, key="embed"):
        with faults.shown(stop=False):
            background.start_embed(run, tsne_umap.ALL, data_dir=loaders.data_dir())
            st.rerun()
