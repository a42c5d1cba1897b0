"""Run a trained model over photos. Takes a run and a dataset or decoded photos; yields probabilities and features.

Features and logits come from the same pass. Evaluation writes predictions and embeddings into the run's directory.
B batch, H height, W width, N images, D features, K classes.
"""

from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
import pandas as pd
import safetensors.torch
import torch
from PIL import Image

from fashion_core import rights, storage
from fashion_core.data import datasets, pixels
from fashion_core.data.sources import photos
from fashion_core.errors import DatasetError, RunError
from fashion_core.metrics.scoring import Scores
from fashion_core.models.device import choose_device
from fashion_core.models.input import Photos, to_input
from fashion_core.models.looked import BATCH, Looked, of_outputs, softmax
from fashion_core.models.networks import Design, Network, build_model
from fashion_core.runs import checkpoints, runs, snapshots
from fashion_core.runs.summary import Summary
from fashion_core.settings.config import Settings


def new_model(run: runs.Run) -> Network:
    """The run's network with fresh random weights."""
    settings = run.settings
    design = Design(
        num_classes=len(run.classes),
        image_size=settings.image_size,
        dropout=settings.dropout,
        width=settings.width,
        test_flip=settings.test_flip == "on",
        rescale=settings.pretrained != "none",
        channels=settings.channels,
    )
    return build_model(settings.model, design)


def load_model(run: runs.Run, device: torch.device, step: int | None = None) -> Network:
    """The run's network in evaluation mode, with the weights that were scored at its end, or the newest saved ones; or
    with those of a saved ``step``."""
    model = new_model(run)
    put_weights(model, run, step_to_use(run) if step is None else saved_at(run, step))
    return model.to(device).eval()


def step_to_use(run: runs.Run) -> Path:
    """The saved step whose weights were scored at the run's end; the newest good one while it has not ended."""
    scored_step = (run.summary() or Summary()).scored_step
    return checkpoints.good_step(run.folder) if scored_step is None else saved_at(run, scored_step)


def saved_at(run: runs.Run, step: int) -> Path:
    """The folder of one saved step; RunError when it is gone or damaged."""
    target = checkpoints.find(run.folder, step)
    if target is None:
        raise RunError(f"run {run.id!r}: its saved step {step:,} is gone or damaged; train it again as a new run")
    return target


def put_weights(model: Network, run: runs.Run, target: Path) -> None:
    """Put the weights of a saved step into a network that has the run's shape; half precision becomes float32."""
    weights = safetensors.torch.load_file(target / "model.safetensors")
    expected = {name: tuple(tensor.shape) for name, tensor in model.state_dict().items()}
    found = {name: tuple(tensor.shape) for name, tensor in weights.items()}
    if expected != found:
        name = next(name for name in sorted(expected | found) if expected.get(name) != found.get(name))
        raise RunError(
            f"run {run.id!r}: the saved weights do not fit its config.json: {name} is {found.get(name)} "
            f"where {expected.get(name)} is expected"
        )
    model.load_state_dict(
        {name: tensor.float() if tensor.is_floating_point() else tensor for name, tensor in weights.items()}
    )


@torch.inference_mode()
def forward(
    model: Network,
    images: Iterable[torch.Tensor],
    channels: str = "RGB",
    progress: Callable[[int], None] | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Logits, float32 N x K, and features, float32 N x D, of uint8 batches, or of features computed before."""
    model.eval()
    logits = [np.empty((0, model.output.out_features), np.float32)]
    features = [np.empty((0, model.output.in_features), np.float32)]
    done = 0
    for given in images:
        features_BD = given if given.ndim == 2 else model.embed(to_input(given, channels))
        logits.append(model.head(features_BD).float().cpu().numpy())
        features.append(features_BD.float().cpu().numpy())
        done += len(given)
        if progress:
            progress(done)
    return np.concatenate(logits), np.concatenate(features)


def predict_photos(model: Network, images: list[Image.Image], settings: Settings) -> np.ndarray:
    """Probabilities, float32 N x K, of decoded photos, brought to the run's size as the pixel cache does it."""
    return look_at_photos(model, images, settings).probabilities_NK


def look_at_photos(model: Network, images: list[Image.Image], settings: Settings) -> Looked:
    """One pass over decoded photos."""
    device = next(model.parameters()).device
    sized_NHW3 = np.stack([photos.resize(image, *settings.image_size, settings.resize) for image in images])
    chunks = (sized_NHW3[start : start + BATCH] for start in range(0, len(sized_NHW3), BATCH))
    batches = (torch.from_numpy(chunk).to(device) for chunk in chunks)
    logits_NK, features_ND = forward(model, batches, settings.channels)
    return of_outputs(sized_NHW3, logits_NK, features_ND)


def split_rows(dataset: datasets.Dataset, frame: pd.DataFrame, split: str) -> np.ndarray:
    """Manifest rows of a split's readable photos, int64 N; DatasetError if the dataset has no such split."""
    rows_N = np.flatnonzero((frame["split"] == split) & (frame["status"] == "ok"))
    if not len(rows_N):
        has = ", ".join(f"{name} ({count:,})" for name, count in dataset.splits.items())
        raise DatasetError(f"dataset {dataset.name!r} has no {split} photos; it has {has}")
    return rows_N


def class_indices(dataset: datasets.Dataset, frame: pd.DataFrame) -> np.ndarray:
    """The class index of every manifest row, int64; -1 where a row has no class of the dataset."""
    found = frame["label"].map({name: index for index, name in enumerate(dataset.classes)})
    return found.fillna(-1).to_numpy(dtype=np.int64)


def default_split(dataset: datasets.Dataset) -> str:
    """test where the dataset has one, otherwise val, otherwise train."""
    return next((split for split in runs.SPLITS if dataset.splits.get(split)), "train")


def write_predictions(
    run: runs.Run, frame: pd.DataFrame, rows_N: np.ndarray, split: str, logits_NK: np.ndarray, features_ND: np.ndarray
) -> None:
    """Write predictions-<split>.parquet and embeddings-<split>.npy of one pass over ``rows_N``."""
    if not np.isfinite(logits_NK).all():
        raise RunError(f"run {run.id!r} gives NaN on {split} photos; its weights are broken, train it again")
    probabilities_NK = softmax(logits_NK)
    table = pd.DataFrame(
        {
            "image_id": frame["image_id"].to_numpy()[rows_N],
            "label": frame["label"].to_numpy()[rows_N],
            "predicted": np.array(run.classes)[probabilities_NK.argmax(axis=1)],
        }
    )
    columns = pd.DataFrame(probabilities_NK, columns=[f"p_{name}" for name in run.classes])
    storage.write_parquet(run.folder / f"predictions-{split}.parquet", pd.concat([table, columns], axis=1))
    storage.write_npy(run.folder / f"embeddings-{split}.npy", features_ND)


def evaluate(
    run: runs.Run,
    dataset: datasets.Dataset,
    split: str,
    *,
    step: int | None = None,
    device: str = "auto",
    progress: Callable[[str, int, int], None] | None = None,
) -> tuple[str, Scores]:
    """Run the model over a split, write predictions and embeddings, and return the name of these and their scores.

    With a saved ``step`` its weights answer, and what they answer is kept as ``snapshots`` keeps it.

    The run's own dataset writes ``predictions-<split>``; another one with the same classes in the same order, or some
    of them, writes ``predictions-<split>-on-<dataset>``. A class that the run does not know, or another order, is a
    RunError that shows the difference.
    """
    rights.refuse_read_only("no run can be evaluated")
    runs.check_known_classes(run, dataset)
    frame = dataset.manifest()
    rows_N = split_rows(dataset, frame, split)
    kept = run if step is None else snapshots.at(run, step)  # asked now: training may remove the step meanwhile
    name = split if dataset.fingerprint == run.dataset.fingerprint else f"{split}-on-{dataset.id}"
    settings, chosen = run.settings, choose_device(device)
    pixels.build(dataset, *settings.image_size, progress=progress, how=settings.resize)
    rows = Photos(pixels.open_pixels(dataset, *settings.image_size, settings.resize), chosen, resident=False)
    chunks = (rows.batch(rows_N[start : start + BATCH]) for start in range(0, len(rows_N), BATCH))
    told = (lambda done: progress(f"evaluating {split}", done, len(rows_N))) if progress else None
    logits_NK, features_ND = forward(load_model(run, chosen, step), chunks, settings.channels, told)
    if step is not None:
        snapshots.forget_gone(run)
    write_predictions(kept, frame, rows_N, name, logits_NK, features_ND)
    return name, kept.scores(name)
