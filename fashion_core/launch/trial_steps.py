"""A few real training steps in a process of their own, which tell what a run will take. Takes a dataset and settings.

    <runs>/.probes/<key>/                 the files of the job (jobs), and its words in log.txt
    <runs>/.probes/<key>/settings.json    what is trained
    <runs>/.probes/<key>/measured.json    what ``training.probe.measure`` gave

Settings that cost the same have one key. Knows no torch: the process has it.
"""

import hashlib
import json
import sys
import time
from pathlib import Path
from typing import Any

from fashion_core import jobs, processes, rights, storage
from fashion_core.data.datasets import Dataset
from fashion_core.jobs import Job
from fashion_core.launch import background
from fashion_core.settings.config import Settings

FOLDER = ".probes"
KEPT_SECONDS = 24 * 3600.0  # a machine does other things a day later
#: What changes neither a step's time nor its memory: moving these keeps a measurement.
_FREE = "epochs seed log_every learning_rate save_minutes keep_steps early_stopping final_weights schedule".split()


def folder_of(dataset: Dataset, settings: Settings, runs_dir: Path) -> Path:
    """Where the steps of these settings are measured."""
    wanted = {name: value for name, value in settings.to_json().items() if name not in _FREE}
    key = json.dumps([dataset.id, dataset.fingerprint, wanted], sort_keys=True)
    return runs_dir / FOLDER / hashlib.sha256(key.encode()).hexdigest()[:16]


def look(folder: Path) -> Job | None:
    """The job of a measurement; None also where it was made on another machine or more than a day ago."""
    job = jobs.look(folder)
    if job is None or job.active:
        return job
    is_fresh = time.time() - job.began < KEPT_SECONDS and processes.is_here(dict(job.process))
    return job if is_fresh else None


def start(dataset: Dataset, settings: Settings, *, data_dir: Path, runs_dir: Path) -> None:
    """Start measuring in a detached process, unless one is at it."""
    rights.refuse_read_only("nothing can be measured")
    for old in (runs_dir / FOLDER).glob("*"):
        if look(old) is None:
            storage.remove_folder(old)
    folder = folder_of(dataset, settings, runs_dir)
    storage.write_json(folder / "settings.json", settings.to_json())
    words = [sys.executable, "-m", "fashion_core.training.probe", str(data_dir.resolve()), dataset.id]
    background.start([*words, str(folder.resolve())], folder)


def measured(folder: Path) -> dict[str, Any]:
    """What a measurement that is done has found."""
    found: dict[str, Any] = storage.read_json(folder / "measured.json")
    return found


def why_not(folder: Path, job: Job) -> str:
    """Why one that failed has found nothing."""
    if job.error:
        return job.error
    if job.signal:
        return (
            f"the measurement was ended by signal {job.signal}, most likely because memory ran out; "
            "choose a smaller batch_size, image_size or model"
        )
    try:
        last = (folder / "log.txt").read_text(errors="replace").strip().splitlines()[-1]
    except (OSError, IndexError):
        last = "no word"
    return f"the measurement failed: {last}; try python -m fashion_core doctor"
