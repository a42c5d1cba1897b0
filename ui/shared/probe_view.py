"""Time and memory that a run will need, from a few real steps on this machine in a child process.

Takes a dataset and settings; knows no torch: the child has it.
"""

import json
import math
import os
import statistics
import subprocess
import sys
from dataclasses import dataclass
from typing import Any

import streamlit as st

from fashion_core import paths, rights, storage
from fashion_core.data.datasets import Dataset
from fashion_core.errors import FashionError, RunError
from fashion_core.launch import background
from fashion_core.launch import estimate as launch_estimate
from fashion_core.settings.config import Settings
from ui.app import faults, loaders, notices, words

#: What changes neither a step's time nor its memory: moving these keeps a measurement.
_FREE = (
    "epochs",
    "seed",
    "log_every",
    "learning_rate",
    "save_minutes",
    "keep_steps",
    "early_stopping",
    "final_weights",
    "schedule",
)
PATIENCE = 180.0
BUSY = 0.8  # below this share of the cores a measurement is told to have been disturbed


@dataclass(frozen=True)
class Estimate:
    """Seconds to the end (middle, low, high), images a second, peak memory in bytes, and the steps it rests on."""

    seconds: float
    low: float
    high: float
    images_per_second: float
    memory: int
    gpu_memory: int | None
    num_steps: int


def estimate(found: dict[str, Any], settings: Settings, splits: dict[str, int]) -> Estimate:
    """What ``probe.measure`` found, for a whole run: epochs of training and validation, and the scores at the end.

    Low and high come from the 95 % interval of the mean step: mean -+ t * sd / sqrt(n) (t of n - 1 degrees, at most
    4.3 for the three steps that are the least). On a CPU that others used meanwhile low is what an idle one would
    take: beside a load of L our c threads had c / (c + L) of the c cores, if the system shared them evenly.
    """
    times = found["step_seconds"]
    mean = statistics.fmean(times)
    half = _t(len(times)) * statistics.stdev(times) / math.sqrt(len(times))
    epochs = launch_estimate.slow_epochs(settings)
    scored = sum(splits.get(split, 0) for split in ("val", "test")) + epochs * splits.get("val", 0)
    fixed = scored / found["scored_a_second"] if found["scored_a_second"] else 0.0
    fixed += found.get("features_seconds", 0.0)
    steps = epochs * math.ceil(splits["train"] / settings.batch_size)
    return Estimate(
        seconds=steps * mean + fixed,
        low=(steps * max(min(times), mean - half) + fixed) * _share(found),
        high=steps * (mean + half) + fixed,
        images_per_second=found["images_a_step"] / mean,
        memory=found["memory_bytes"],
        gpu_memory=found["gpu_memory_bytes"],
        num_steps=len(times),
    )


def _share(found: dict[str, Any]) -> float:
    """The share of the cores that the measurement had; 1 when it had them for itself, or trained on a GPU."""
    cores, load = found.get("cores") or 1, found.get("load") or 0.0
    return cores / (cores + load) if found.get("device") == "cpu" else 1.0


def _t(n: int) -> float:
    """Student's t for 95 %, two-sided, n - 1 degrees of freedom."""
    from scipy.stats import t

    return float(t.ppf(0.975, n - 1))


def run_probe(dataset: Dataset, settings: Settings) -> dict[str, Any]:
    """Measure in a child process; RunError with the child's own sentence when it could not."""
    rights.refuse_read_only("nothing can be measured")
    try:
        done = subprocess.run(
            [sys.executable, "-m", "fashion_core.training.probe", str(loaders.data_dir()), dataset.id],
            input=json.dumps(settings.to_json()),
            capture_output=True,
            text=True,
            cwd=paths.PROJECT_ROOT,
            env={**os.environ, **background.ENVIRONMENT},
            timeout=PATIENCE,
        )
    except subprocess.TimeoutExpired:
        raise RunError(
            f"three steps took longer than {PATIENCE:.0f} s; choose a smaller model, image_size or batch_size"
        ) from None
    try:
        found = json.loads(done.stdout.splitlines()[-1])
    except (ValueError, IndexError):
        if done.returncode < 0:
            raise RunError(
                f"the measurement was ended by signal {-done.returncode}, most likely because memory ran out; "
                "choose a smaller batch_size, image_size or model"
            ) from None
        last = (done.stderr.strip().splitlines() or ["no word"])[-1]
        raise RunError(f"the measurement failed: {last}; try python -m fashion_core doctor") from None
    if "error" in found:
        raise RunError(found["error"])
    return found


def show(dataset: Dataset, settings: Settings, num_active: int) -> Estimate | None:
    """The button, and what it found for exactly these settings; None before it was measured."""
    wanted = {name: value for name, value in settings.to_json().items() if name not in _FREE}
    key = (dataset.id, dataset.fingerprint, json.dumps(wanted, sort_keys=True))
    kept = st.session_state.setdefault("_probes", {})
    if st.button(
        "Measure here (10 s)",
        icon=":material/speed:",
        key="probe",
        width="stretch",
        help="Trains a few real steps in a process of its own and throws them away. PyTorch takes some seconds more to "
        "start. A run that trains here is slowed meanwhile.",
    ):
        with faults.shown(stop=False), st.spinner("Training a few steps, about 15 s"):
            try:
                kept[key] = run_probe(dataset, settings)
            except FashionError:
                kept.pop(key, None)
                raise
    if key not in kept:
        return None
    found = estimate(kept[key], settings, dict(dataset.splits))
    _say(found, kept[key], settings, num_active)
    return found


def _say(found: Estimate, raw: dict[str, Any], settings: Settings, num_active: int) -> None:
    speed = f"{found.images_per_second:,.0f} images a second"
    memory = f"{storage.memory_text(found.memory)} of main memory"
    if found.gpu_memory is not None:
        memory = f"{storage.memory_text(found.gpu_memory)} on the GPU and {memory}"
    st.markdown(
        f"**{words.duration(found.low)} to {words.duration(found.high)}** for "
        f"{words.counted(settings.epochs, 'epoch')} at {speed}; at least {memory}."
    )
    if raw.get("features_seconds"):
        notices.aside(
            f"About {words.roughly(raw['features_seconds'])} of it computes the photos' features, once for this "
            "dataset and network: a second run is faster."
        )
    parts = [
        f"From {words.counted(found.num_steps, 'step')} on {words.plain(raw['device'])}: the 95 % interval of their "
        "mean, validation and final scores included. It does not know what else this machine will do meanwhile."
    ]
    if _share(raw) < BUSY:
        parts.append(
            f"Others used this CPU too (load {raw['load']:.1f} for {words.counted(raw['cores'], 'core')}): the lower "
            "end is what it would take alone."
        )
    elif num_active:
        parts.append(f"{words.counted(num_active, 'run')} trained beside it, so alone it would be faster.")
    if not raw["cache_is_built"]:
        parts.append("Preparing the photos at this size comes before and is not in it.")
    notices.aside(" ".join(parts))
