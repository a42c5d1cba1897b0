"""What the model receives: the trainer's own functions with the trainer's own draws, nothing else.

Takes a dataset, manifest rows and settings; gives tensors with what was drawn for each image. Knows no words and no
HTML. Torch is imported inside the functions, late. B batch, H height, W width.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from fashion_core.data import pixels
from fashion_core.data.datasets import Dataset
from fashion_core.data.sources import readers
from fashion_core.data.sources.photos import resize
from fashion_core.settings.config import Settings
from ui.app import loaders
from ui.app.kept import kept

if TYPE_CHECKING:
    import torch

    from fashion_core.settings.draws import Draw
    from fashion_core.training.input_pipeline import Fed


@kept(loaders.of_manifest, max_entries=4)
def training_rows(dataset: Dataset) -> dict[str, np.ndarray]:
    """Manifest rows of the photos that training takes, by class, in the order of the classes; none without any."""
    frame = loaders.manifest_of(dataset)
    rows_N = np.flatnonzero((frame["split"] == "train") & (frame["status"] == "ok"))
    labels_N = frame["label"].to_numpy()[rows_N]
    by_label = {label: rows_N[labels_N == label] for label in dataset.classes}
    return {label: rows for label, rows in by_label.items() if len(rows)}


def pixels_of(dataset: Dataset, rows: Sequence[int], settings: Settings) -> np.ndarray:
    """These photos brought to the settings' size, uint8 B x H x W x 3: from the cache of that size if training has made
    one, otherwise decoded here by the cache's own function. Never builds a cache."""
    width, height = settings.image_size
    path = pixels.cache_path(dataset, width, height, settings.resize)
    key = (loaders.stamp(dataset.manifest_path), loaders.stamp(path.with_suffix(".json")))
    if path.exists():
        return _cache(key, width, height, settings.resize, dataset)[np.asarray(rows)]
    return _decoded(key, tuple(int(row) for row in rows), width, height, settings.resize, dataset)


@st.cache_resource(max_entries=8, show_spinner=False)
def _cache(key: tuple, width: int, height: int, how: str, _dataset: Dataset) -> np.ndarray:
    return pixels.open_pixels(_dataset, width, height, how)


@st.cache_resource(max_entries=16, show_spinner=False)
def _decoded(key: tuple, rows: tuple[int, ...], width: int, height: int, how: str, _dataset: Dataset) -> np.ndarray:
    paths = loaders.manifest_of(_dataset)["path"]

    def one(row: int) -> np.ndarray:
        return resize(readers.open_photo_of(_dataset.kind, _dataset.root, paths.iloc[row]), width, height, how)

    return np.stack(list(pixels.in_threads(one, list(rows))))


def feed_epochs(
    pixels_HW3: np.ndarray, settings: Settings, *, row: int, epochs: Sequence[int]
) -> tuple[torch.Tensor, Draw]:
    """One photo as the epochs feed it when it comes for the first time in each: normalised float32 B x 3 x H x W.

    MixUp and CutMix need a batch and are left out here; ``feed_batch`` has them.
    """
    import torch

    from fashion_core.models.input import for_model, normalise
    from fashion_core.settings import draws
    from fashion_core.training import augment

    rows_1 = np.array([row])
    drawn = draws.join([draws.draw(settings, seed=settings.seed, epoch=epoch, rows_B=rows_1) for epoch in epochs])
    images_BHWC = torch.from_numpy(np.repeat(pixels_HW3[None], len(epochs), axis=0))
    with one_thread():
        images_BCHW = normalise(augment.augment(images_BHWC, drawn))
        return for_model(images_BCHW, settings.channels), drawn


@dataclass(frozen=True)
class _Rows:
    """The photos of a dataset, handed out as the trainer's own class does it, without a cache where there is none."""

    dataset: Dataset
    settings: Settings

    def batch(self, rows_B: np.ndarray) -> torch.Tensor:
        import torch

        return torch.from_numpy(pixels_of(self.dataset, rows_B, self.settings))


def feed_batch(dataset: Dataset, settings: Settings, *, epoch: int, number: int) -> Fed:
    """Batch ``number`` (from 0) of an epoch as the training loop feeds it, by the loop's own function."""
    from fashion_core.training import batches, input_pipeline

    rows_N, order_N = _epoch(
        loaders.stamp(dataset.manifest_path), settings.sampler, settings.seed, epoch, dataset, settings
    )
    num_batches = -(-len(order_N) // settings.batch_size)
    batch = next(batches.batches(order_N, settings.batch_size, min(number, num_batches - 1)))
    with one_thread():
        return input_pipeline.feed(_Rows(dataset, settings), settings, rows_N, batch, epoch=epoch)


@contextmanager
def one_thread() -> Iterator[None]:
    """Small tensors on one core: beside a training run each of sixty operations would wait 8 ms for the other core."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


@st.cache_resource(max_entries=8, show_spinner=False)
def _epoch(
    key: loaders.Stamp, sampler: str, seed: int, epoch: int, _dataset: Dataset, _settings: Settings
) -> tuple[np.ndarray, np.ndarray]:
    """Manifest rows of the training photos, and the order in which the epoch takes them."""
    from fashion_core.training import batches

    frame = loaders.manifest_of(_dataset)
    rows_N = np.flatnonzero((frame["split"] == "train") & (frame["status"] == "ok"))
    labels_N = frame["label"].map({name: place for place, name in enumerate(_dataset.classes)}).to_numpy()[rows_N]
    order_N = batches.epoch_order(labels_N.astype(np.int64), _settings, epoch=epoch, num_classes=len(_dataset.classes))
    return rows_N, order_N
