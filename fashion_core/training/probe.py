"""A few real training steps, to say before a launch how long it will take and how much memory it needs.

Takes a dataset and settings; gives numbers. No run is made, and no photo cache. Run as a background job
(``python -m fashion_core.training.probe DATA_DIR DATASET FOLDER``, which ``launch.trial_steps`` starts), so that its
memory is its own and the page that asks needs no torch. N images of a split, B batch.
"""

import os
import resource
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch

from fashion_core import jobs, locks, storage
from fashion_core.data import datasets, pixels
from fashion_core.errors import DatasetError, FashionError, RunError
from fashion_core.models import inference, networks
from fashion_core.models.device import choose_device
from fashion_core.models.input import Photos
from fashion_core.runs import runs
from fashion_core.runs.record import Record, TrainedOn
from fashion_core.settings import config, pretrained, sampling, schedules
from fashion_core.settings.config import Settings
from fashion_core.training import batches, cached_features, distributed, failures, input_pipeline, loop, steps

_SECONDS = 8.0  # of training steps; with the last step and the validation batch at most ten where a step is short
_MIN_STEPS = 3
_PATIENCE = 180.0  # with all of it
_VALIDATION_SECONDS = 1.0


def measure(dataset: datasets.Dataset, settings: Settings, *, seconds: float = _SECONDS) -> dict[str, Any]:
    """Train for about ``seconds`` (three steps at least) with first weights, then score validation batches for one.

    Where the settings train on kept features, those steps are timed, on made-up features; ``features_seconds`` is how
    long it takes to compute the features that are not kept yet (by a second of computing some), 0 without any.
    ``device``; ``step_seconds``, of each timed step (the first one, which warms up, is not timed); ``images_a_step``;
    ``scored_a_second`` (None without validation photos); ``memory_bytes`` and ``gpu_memory_bytes`` (None on a CPU),
    peaks of this process; ``load`` (runnable processes here before it began, mean of a minute) and ``cores``;
    ``cache_is_built``. RunError when memory runs out.
    """
    load = os.getloadavg()[0]
    device = choose_device(settings.device)
    frame = dataset.manifest()
    rows_N = inference.split_rows(dataset, frame, "train")
    labels_N = inference.class_indices(dataset, frame)[rows_N]
    started_from = None
    if settings.pretrained != "none":
        started_from = pretrained.record(settings.model, dataset.folder.parent)
    record = Record(
        run_id="probe",
        created="",
        settings=settings,
        classes=dataset.classes,
        steps_per_epoch=1,
        dataset=TrainedOn.of(dataset),
        pretrained=started_from,
    )
    run = runs.Run(id="probe", folder=Path("probe"), record=record)
    found, is_built = _pixels(dataset, settings, len(frame))
    try:
        learner = loop.make_learner(run, sampling.class_counts(labels_N, dataset.classes), device, distributed.Ranks())
        pixels_here = Photos(found, device)
        photos: Photos | batches.Features = pixels_here
        features_seconds = _features_seconds(run, learner, pixels_here, dataset, frame)
        if schedules.takes_features(settings, settings.epochs):
            kept_ND = np.zeros((len(frame), learner.model.num_features), np.float32)
            photos = batches.Features([kept_ND, kept_ND], device, test_flip=settings.test_flip == "on")
        elif learner.frozen and settings.freeze == "none":  # the epochs that take time come after these
            learner.learn(frozen=False)
        networks.set_training(learner.model, learner.frozen)
        times, images = _steps(learner, photos, rows_N, labels_N, seconds)
        scored = _scored_a_second(learner, photos, dataset, frame)
    except (RuntimeError, MemoryError) as error:
        if not failures.is_out_of_memory(error):
            raise
        raise _too_large(settings, device) from error
    unit = 1 if sys.platform == "darwin" else 1024
    return {
        "device": str(device),
        "step_seconds": times,
        "images_a_step": images,
        "scored_a_second": scored,
        "features_seconds": features_seconds,
        "memory_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit,
        "gpu_memory_bytes": torch.cuda.max_memory_reserved(device) if device.type == "cuda" else None,
        "load": load,
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "cache_is_built": is_built,
    }


def _pixels(dataset: datasets.Dataset, settings: Settings, num_rows: int) -> tuple[np.ndarray, bool]:
    """The photos from their cache, or black ones in their place: a step takes as long with those."""
    width, height = settings.image_size
    try:
        return pixels.open_pixels(dataset, width, height, settings.resize), True
    except DatasetError:
        return np.broadcast_to(np.zeros((1, height, width, 3), np.uint8), (num_rows, height, width, 3)), False


def _steps(
    learner: steps.Learner,
    photos: Photos | batches.Features,
    rows_N: np.ndarray,
    labels_N: np.ndarray,
    seconds: float,
) -> tuple[list[float], int]:
    """Seconds of each timed step, and the images in one. The first step warms up; a short last batch is not timed."""
    settings = learner.settings
    whole = min(settings.batch_size, len(rows_N))
    times: list[float] = []
    started = time.perf_counter()
    for number, (source, batch) in enumerate(_batches(learner, photos, rows_N, labels_N)):
        begun = time.perf_counter()
        steps.step(learner, source, batch, learning_rate=settings.learning_rate, num_steps_before=number)
        _wait(learner.device)
        if number and len(batch.positions_B) == whole:
            times.append(time.perf_counter() - begun)
        if len(times) >= _MIN_STEPS and time.perf_counter() - started >= seconds:
            break
    return times, whole


def _batches(
    learner: steps.Learner, photos: Photos | batches.Features, rows_N: np.ndarray, labels_N: np.ndarray
) -> Iterator[tuple[input_pipeline.BatchSource, batches.Batch]]:
    """Epoch after epoch, without end: what a step is given."""
    settings = learner.settings
    for epoch in count(1):
        order_N = batches.epoch_order(labels_N, settings, epoch=epoch, num_classes=int(labels_N.max()) + 1)
        source = steps.source(learner, photos, rows_N, labels_N, order_N, epoch)
        for batch in batches.batches(order_N, settings.batch_size):
            yield source, batch


def _wait(device: torch.device) -> None:
    """Until the device has done what it was given."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    elif device.type == "mps":
        torch.mps.synchronize()


def _scored_a_second(
    learner: steps.Learner, photos: Photos | batches.Features, dataset: datasets.Dataset, frame: pd.DataFrame
) -> float | None:
    """Validation photos a second, as the trainer scores them."""
    if not dataset.splits.get("val"):
        return None
    rows_B = inference.split_rows(dataset, frame, "val")[: inference.BATCH]
    started, done = time.perf_counter(), 0
    while not done or time.perf_counter() - started < _VALIDATION_SECONDS:
        with torch.inference_mode():
            inference.forward(learner.judged, [photos.batch(rows_B)], learner.settings.channels)
        done += len(rows_B)
    return done / (time.perf_counter() - started)


def _features_seconds(
    run: runs.Run, learner: steps.Learner, photos: Photos, dataset: datasets.Dataset, frame: pd.DataFrame
) -> float:
    """How long it takes to compute the features that the run will keep and nobody has kept yet."""
    if not schedules.takes_features(run.settings, 1):
        return 0.0
    missing = [
        m for m in cached_features.versions(run.settings) if not cached_features.is_there(run, dataset, mirrored=m)
    ]
    rows_N = np.flatnonzero(frame["status"] == "ok")
    if not missing:
        return 0.0
    learner.model.eval()
    rows_B = rows_N[: cached_features.CHUNK]
    cached_features.compute(learner.model, photos.batch(rows_B), run.settings, mirrored=False)  # warms up
    started, done = time.perf_counter(), 0
    while not done or time.perf_counter() - started < _VALIDATION_SECONDS:
        cached_features.compute(learner.model, photos.batch(rows_B), run.settings, mirrored=False)
        done += len(rows_B)
    return (time.perf_counter() - started) / done * len(rows_N) * len(missing)


def _too_large(settings: Settings, device: torch.device) -> RunError:
    return RunError(
        f"out of memory with batch_size {settings.batch_size} at {config.typed(settings.image_size)} on {device}; "
        "choose a smaller batch_size, image_size or model, or more accumulation"
    )


def main(data_dir: str, dataset_id: str, job: str) -> int:
    """Measure the settings.json of a job's folder, as its job, and write measured.json there."""
    folder = Path(job)
    try:
        with jobs.at_work(folder) as report, _patience(report):
            report("training a few steps", 0, 0)
            settings = config.from_json(storage.read_json(folder / "settings.json"))
            found = measure(datasets.find_dataset(Path(data_dir), dataset_id), settings)
            storage.write_json(folder / "measured.json", found)
    except (FashionError, locks.Busy) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


@contextmanager
def _patience(report: jobs.Reporter) -> Iterator[None]:
    """End this process when the block takes too long, whatever it is at."""
    timer = threading.Timer(_PATIENCE, _give_up, [report])
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _give_up(report: jobs.Reporter) -> None:
    report.failed(f"three steps took longer than {_PATIENCE:.0f} s; choose a smaller model, image_size or batch_size")
    os._exit(1)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
