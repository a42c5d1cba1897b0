"""Prepare the question whether a photo is unlike all that a run learnt from. Takes a run and its dataset; writes
unlike.npz into the run's directory (``runs.familiar``)."""

from collections.abc import Callable

import numpy as np
import torch

from fashion_core import rights
from fashion_core.data import datasets, pixels
from fashion_core.errors import RunError
from fashion_core.metrics import out_of_distribution
from fashion_core.models import inference
from fashion_core.models.device import choose_device
from fashion_core.models.input import Photos
from fashion_core.models.networks import Network
from fashion_core.runs import familiar, runs, snapshots


def prepare(
    run: runs.Run,
    dataset: datasets.Dataset,
    *,
    model: Network | None = None,
    step: int | None = None,
    device: str = "auto",
    progress: Callable[[str, int, int], None] | None = None,
) -> None:
    """From the photos that the run was trained on. ``model`` with the weights of ``step``: those that the run is judged
    by, which are loaded where they are not given. RunError when the photos are too few, or others."""
    rights.refuse_read_only("nothing can be prepared")
    runs.check_same_dataset(run, dataset)
    out_of_distribution.check_enough(dataset.splits.get("train", 0), dataset.splits.get("val", 0))
    step = snapshots.judged_step(run) if step is None else step
    if step is None:
        raise RunError(f"run {run.id!r} has not ended; what is unlike its training photos is told after that")
    if model is None:
        model = inference.load_model(run, choose_device(device))
    width, height = run.settings.image_size
    pixels.build(dataset, width, height, progress=progress, how=run.settings.resize)
    photos = pixels.open_pixels(dataset, width, height, run.settings.resize)
    frame = dataset.manifest()
    train_R = out_of_distribution.some(
        inference.split_rows(dataset, frame, "train"), out_of_distribution.MOST_REFERENCE
    )
    val_N = out_of_distribution.some(inference.split_rows(dataset, frame, "val"), out_of_distribution.MOST_FITTED)
    reference = out_of_distribution.fit(
        _looks(photos, train_R), _looks(photos, val_N), _energies(model, photos, val_N, run.settings.channels)
    )
    familiar.keep(run, reference, step)


def prepare_where_missing(run: runs.Run, dataset: datasets.Dataset, device: str = "auto") -> None:
    """``prepare`` unless it was done for these weights, or cannot be done."""
    if familiar.why_not(run) is None and familiar.of_run(run) is None:
        prepare(run, dataset, device=device)


def _looks(photos_NHW3: np.ndarray, rows_N: np.ndarray) -> np.ndarray:
    """Of these rows, a few hundred photos in memory at once."""
    parts = (rows_N[start : start + inference.BATCH] for start in range(0, len(rows_N), inference.BATCH))
    return np.concatenate([out_of_distribution.looks_of(photos_NHW3[part]) for part in parts])


def _energies(model: Network, photos_NHW3: np.ndarray, rows_N: np.ndarray, channels: str) -> np.ndarray:
    rows = Photos(photos_NHW3, next(model.parameters()).device, resident=False)
    chunks = (rows.batch(rows_N[start : start + inference.BATCH]) for start in range(0, len(rows_N), inference.BATCH))
    with torch.inference_mode():
        logits_NK, _ = inference.forward(model, chunks, channels)
    return out_of_distribution.energies(logits_NK)
