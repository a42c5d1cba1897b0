"""Copies of runs for others. Takes a finished run, writes a directory; knows no photos.

The `reference` format is what the app ships with: the run's own files, weights and features in half precision and no
trainer state, so that it cannot be resumed but opens everywhere.
"""

import json
import shutil
import tempfile
from pathlib import Path

import numpy as np
import safetensors.numpy

from fashion_core import checkpoints, runs, storage
from fashion_core.errors import RunError

KEPT = ("metrics.jsonl", "summary.json", "predictions-val.parquet", "predictions-test.parquet")


def write_reference(run: runs.Run, destination: Path) -> int:
    """Write the small copy of a finished run under ``destination``; its size in bytes."""
    if run.status().state != "finished":
        raise RunError(f"run {run.id!r} is {run.status().state}; only a finished run can be exported")
    if destination.exists():
        raise RunError(f"{destination} exists already; choose another destination")
    step = checkpoints.good_step(run.folder)
    weights = safetensors.numpy.load_file(step / "model.safetensors")
    half = {name: tensor.astype(np.float16) for name, tensor in weights.items()}
    destination.parent.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(prefix=".export-", dir=destination.parent))
    try:
        storage.write_json(temporary / "config.json", {**run.config, "run_id": destination.name})
        checkpoints.write(temporary, int(step.name), {"model.safetensors": safetensors.numpy.save(half)})
        for name in KEPT:
            if (run.folder / name).exists():
                shutil.copyfile(run.folder / name, temporary / name)
        summary = run.summary()
        if summary:
            storage.write_json(temporary / "summary.json", {**summary, "run_id": destination.name})
        # What happened stays told; which process it was on which machine does not travel.
        events = [{key: value for key, value in event.items() if key != "process"} for event in run.events()]
        told = [event for event in events if event["event"] not in ("launched", "preparing")]
        storage.write_text(temporary / "events.jsonl", "".join(json.dumps(event) + "\n" for event in told))
        for split in run.prediction_splits():
            if (run.folder / f"embeddings-{split}.npy").exists() and split == "test":
                storage.write_npy(temporary / f"embeddings-{split}.npy", run.embeddings(split).astype(np.float16))
        temporary.chmod(0o755)
        storage.publish_folder(temporary, destination)
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        raise
    return sum(path.stat().st_size for path in destination.rglob("*") if path.is_file())
