"""Each photo's features from a network that stands still: computed once, kept beside the dataset, then read.

    data/<dataset>/features-<key>[-mirrored].npy   float32 N x D, row i = manifest row i, memory-mapped
    data/<dataset>/features-<key>[-mirrored].json  what they are: weights, input, dataset and manifest; written last

The key covers everything that decides a feature but the photos: the weights' sha256, size, resizing, channels,
normalising, precision, threads. Takes a run's network and its photos; knows no training.
N manifest rows, B batch, D features.
"""

import hashlib
import json
from collections.abc import Callable
from contextlib import nullcontext
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
import torch

from fashion_core import storage
from fashion_core.data.datasets import Dataset
from fashion_core.models.input import Photos, to_input
from fashion_core.models.networks import Network
from fashion_core.runs import runs
from fashion_core.settings.config import Settings
from fashion_core.settings.pretrained import BACKBONES
from fashion_core.training import batches
from fashion_core.training.distributed import Ranks

CHUNK = 32  # photos a pass on each rank: the maps of 128 fall out of a CPU's cache


def what(run: runs.Run) -> dict[str, Any]:
    """What decides the features of a photo in this run, as its side file says it. ``threads`` are those of this
    process: they split sums, so another number gives other last digits, and a run that is trained again with as many
    threads as before finds its own features. They are those of any device up to rounding."""
    settings, weights = run.settings, run.record.pretrained or {}
    named = {name: weights[name] for name in ("backbone", "sha256", "mean", "std")}
    size = list(settings.image_size)
    precision = "bfloat16" if in_bfloat16(settings) else "float32"
    input_ = {"size": size, "resize": settings.resize, "channels": settings.channels, "precision": precision}
    library = BACKBONES[settings.model].library
    threads = torch.get_num_threads()
    return {
        **named,
        **input_,
        "threads": threads,
        "versions": {name: metadata.version(name) for name in ("torch", library)},
    }


def in_bfloat16(settings: Settings) -> bool:
    """Whether features are computed in bfloat16: where somebody asked for it. Scores that are computed anew, Predict
    and an ONNX file are in float32, so ``auto`` is too here."""
    return settings.precision == "bfloat16"


def path_of(run: runs.Run, dataset: Dataset, *, mirrored: bool) -> Path:
    """Where the features lie, whether they are there or not."""
    key = hashlib.sha256(json.dumps(what(run), sort_keys=True).encode()).hexdigest()[:16]
    return dataset.folder / f"features-{key}{'-mirrored' if mirrored else ''}.npy"


def versions(settings: Settings) -> tuple[bool, ...]:
    """Whether mirrored, for each version of a photo that the settings look at."""
    return (False, True) if settings.flip or settings.test_flip == "on" else (False,)


def is_there(run: runs.Run, dataset: Dataset, *, mirrored: bool) -> bool:
    """Whether the features have been computed, of these photos."""
    path = path_of(run, dataset, mirrored=mirrored)
    try:
        return path.exists() and storage.read_json(path.with_suffix(".json")) == _side(run, dataset)
    except (OSError, ValueError):
        return False


def _side(run: runs.Run, dataset: Dataset) -> dict[str, Any]:
    manifest = hashlib.sha256(dataset.manifest_path.read_bytes()).hexdigest()
    return {**what(run), "fingerprint": dataset.fingerprint, "manifest": manifest}


def build(
    run: runs.Run,
    dataset: Dataset,
    rows_N: np.ndarray,
    model: Network,
    photos: Photos,
    world: Ranks,
    *,
    mirrored: bool,
    check: Callable[[int], None],
) -> None:
    """Compute the features of these manifest rows and keep them; the other rows are zeros.

    Each rank computes its part of every chunk, the first one writes. ``check`` hears before each chunk how many are
    done, and may raise. Two runs that compute the same at once both do it; the later one's file stays.
    """
    path, settings = path_of(run, dataset, mirrored=mirrored), run.settings
    shape = (len(photos.pixels_NHWC), model.num_features)
    model.eval()
    with storage.create_npy(path, shape, np.float32) if world.is_first else nullcontext() as kept_ND:
        for start in range(0, len(rows_N), CHUNK * world.size):
            check(start)
            rows_B = rows_N[start : start + CHUNK * world.size]
            own_B = rows_B[world.part(len(rows_B))]
            found_BD = np.empty((0, model.num_features), np.float32)
            if len(own_B):
                found_BD = compute(model, photos.batch(own_B), settings, mirrored=mirrored)
            found_BD = world.gather(found_BD, len(rows_B))
            if kept_ND is not None:
                kept_ND[rows_B] = found_BD
    if world.is_first:
        storage.write_json(path.with_suffix(".json"), _side(run, dataset))
    world.wait()


@torch.inference_mode()
def compute(model: Network, images_BHWC: torch.Tensor, settings: Settings, *, mirrored: bool) -> np.ndarray:
    """Features, float32 B x D, of uint8 photos as they are or mirrored."""
    given_BCHW = to_input(images_BHWC.flip(2) if mirrored else images_BHWC, settings.channels)
    device = images_BHWC.device
    with torch.autocast(device.type, torch.bfloat16, enabled=in_bfloat16(settings)):
        features_BD = model.features(given_BCHW)
    return features_BD.float().cpu().numpy()


def open_features(run: runs.Run, dataset: Dataset, device: torch.device) -> batches.Features:
    """The features of a run, which have been computed."""
    kept = [
        storage.read_npy(path_of(run, dataset, mirrored=mirrored), memory_map=True)
        for mirrored in versions(run.settings)
    ]
    return batches.Features(kept, device, test_flip=run.settings.test_flip == "on")
