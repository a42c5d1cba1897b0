"""Which photo or batch is shown, and in which epochs: pickers bound to the address, and the reader's own photo."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from fashion_core.data.datasets import Dataset
from fashion_core.data.sources.photos import EXTENSIONS
from fashion_core.labels import display_name
from fashion_core.settings.config import Settings
from ui.app import address, faults, notices, words
from ui.augmentation import grid, preview
from ui.augmentation.dials import MOST_EPOCH, epochs_to_draw, whole_number
from ui.shared import asked_photos

OWN_ROW = 0


@dataclass(frozen=True, kw_only=True, eq=False)
class Chosen:
    """A photo as training stores it, its own (width, height), and the row and epochs of its draws. ``own``: the
    reader's, None for one of the dataset."""

    stored_HW3: np.ndarray
    shape: tuple[int, int]
    row: int
    epochs: range
    own: asked_photos.Asked | None


def pick_batch(photos: Mapping[str, Sequence[int]], settings: Settings, wrong: DeltaGenerator) -> tuple[int, int]:
    """The number of a batch, from 1, and its epoch. ``photos``: the training rows of each class."""
    left, right = st.columns(2)
    with left:
        num_batches = -(-sum(map(len, photos.values())) // settings.batch_size)
        number = whole_number(f"Batch (of {num_batches:,})", "batch", num_batches, wrong=wrong)
    with right:
        return number, whole_number("Epoch", "epoch", MOST_EPOCH, wrong=wrong)


def pick_photo(
    dataset: Dataset, photos: Mapping[str, Sequence[int]], settings: Settings, wrong: DeltaGenerator
) -> Chosen:
    """A training photo of the dataset."""
    left, right = st.columns([1.3, 1], gap="small")
    with left:
        of_class, its_place = st.columns(2)
        with of_class:
            label = address.select("Class", list(photos), key="class", words=display_name)
        with its_place:
            num = len(photos[label])
            row = int(photos[label][whole_number(f"Photo (of {num:,})", "photo", num, wrong=wrong) - 1])
    with right:
        epochs = epochs_to_draw(wrong)
    with faults.shown():
        stored_HW3 = preview.pixels_of(dataset, [row], settings)[0]
    return Chosen(stored_HW3=stored_HW3, shape=grid.shape_of(dataset, row), row=row, epochs=epochs, own=None)


def pick_own(settings: Settings, wrong: DeltaGenerator) -> Chosen:
    """The reader's photo, checked on the server; why there is nothing to draw, and the end of the page, without one."""
    left, right = st.columns([1.3, 1], gap="small")
    with left:
        file = st.file_uploader(
            "Your photo",
            type=[ending.lstrip(".") for ending in EXTENSIONS],
            key="own_photo",
            max_upload_size=asked_photos.MOST_BYTES // 1_000_000,
            help="JPEG, PNG, WEBP, BMP or GIF. It stays in the memory of this machine while the page is open; it is "
            "not stored and not sent on.",
        )
    with right:
        epochs = epochs_to_draw(wrong)
    if file is None:
        notices.empty("Here you would see what training makes of your photo. Choose one; it is not stored.")
        st.stop()
    own = asked_photos.of_upload(file.name, file.getvalue(), settings.image_size, settings.resize)
    if own.reason:
        why = f"{words.plain(own.name)} cannot be shown: {words.plain(own.reason)}. Choose another photo."
        st.warning(why, icon=":material/broken_image:")
        st.stop()
    return Chosen(stored_HW3=own.input_HW3, shape=(own.width, own.height), row=OWN_ROW, epochs=epochs, own=own)
