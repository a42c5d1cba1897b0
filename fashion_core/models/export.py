"""Copies of runs for others. Takes a finished run and its dataset, writes a directory.

The `reference` format is what the app ships with: weights and features in half precision and no trainer state, so that
it cannot be resumed but opens everywhere. Its predictions and scores are made again with the weights that it holds.
"""

import json
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import numpy as np
import safetensors.numpy

from fashion_core import storage
from fashion_core.data import datasets
from fashion_core.errors import RunError
from fashion_core.launch.status import status_of
from fashion_core.models import inference, unlike
from fashion_core.runs import checkpoints, familiar, model_card, runs


def write_reference(run: runs.Run, dataset: datasets.Dataset, destination: Path) -> int:
    """Write the small copy of a finished run under ``destination``; its size in bytes."""
    if status_of(run).state != "finished":
        raise RunError(f"run {run.id!r} is {status_of(run).state}; only a finished run can be exported")
    if destination.exists():
        raise RunError(f"{destination} exists already; choose another destination")
    model = inference.step_to_use(run) / "model.safetensors"
    size = sum(path.stat().st_size for path in [model, *run.folder.iterdir()] if path.is_file())
    storage.require_space(destination.parent, size, f"a copy of run {run.id!r}")
    with storage.publishing(destination) as temporary:
        _write(run, dataset, temporary, destination.name)
    return sum(path.stat().st_size for path in destination.rglob("*") if path.is_file())


def write_model(run: runs.Run, destination: Path) -> int:
    """Write ``model.safetensors`` (float32), ``config.json`` and, of a judged run, the model card as README.md; their
    size in bytes.

    ``predict.Classifier`` opens the folder; it has no training state, predictions or features.
    """
    if destination.exists():
        raise RunError(f"{destination} exists already; choose another destination")
    step = inference.step_to_use(run)
    data = _weights(step, np.float32)
    storage.require_space(destination.parent, len(data), f"the model of run {run.id!r}")
    with storage.publishing(destination) as temporary:
        storage.write_json(temporary / "config.json", replace(run.record, run_id=destination.name).to_json())
        storage.write_bytes(temporary / "model.safetensors", data)
        if familiar.of_run(run) is not None:
            storage.write_bytes(temporary / familiar.FILE, (run.folder / familiar.FILE).read_bytes())
        with suppress(RunError):  # a run that was never judged has no card, and weights all the same
            storage.write_text(temporary / "README.md", model_card.card(run))
    return sum(path.stat().st_size for path in destination.rglob("*") if path.is_file())


def _weights(step: Path, precision: type) -> bytes:
    """A checkpoint's weights as a file of this precision; whole numbers stay as they are."""
    weights = safetensors.numpy.load_file(step / "model.safetensors")
    return safetensors.numpy.save(
        {key: array.astype(precision) if array.dtype.kind == "f" else array for key, array in weights.items()}
    )


def _write(run: runs.Run, dataset: datasets.Dataset, folder: Path, name: str) -> None:
    storage.write_json(folder / "config.json", replace(run.record, run_id=name).to_json())
    step = inference.step_to_use(run)
    checkpoints.write(folder, int(step.name), {"model.safetensors": _weights(step, np.float16)})
    storage.write_bytes(folder / "metrics.jsonl", (run.folder / "metrics.jsonl").read_bytes())
    # What happened stays told; which process it was on which machine does not travel.
    events = [{key: value for key, value in event.items() if key != "process"} for event in run.events()]
    told = [event for event in events if event["event"] not in ("launched", "preparing")]
    storage.write_text(folder / "events.jsonl", "".join(json.dumps(event) + "\n" for event in told))

    summary, copy = run.summary(), runs.open_run(folder)
    assert summary is not None, "the run is finished"
    scores = {}
    for split in summary.scores:
        scores[split] = inference.evaluate(copy, dataset, split)[1].overall
        features = folder / f"embeddings-{split}.npy"
        if split == inference.default_split(dataset):
            storage.write_npy(features, copy.embeddings(split).astype(np.float16))
        else:
            features.unlink()
    storage.write_json(folder / "summary.json", replace(summary, run_id=name, scores=scores).to_json())
    unlike.prepare_where_missing(copy, dataset)
