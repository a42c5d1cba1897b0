"""Time and memory that a run will need, from a few real steps on this machine in a process of their own.

Takes a dataset and settings; knows no torch: the process has it.
"""

import math
import statistics
import time
from dataclasses import dataclass
from typing import Any

import streamlit as st

from fashion_core import jobs, storage
from fashion_core.data.datasets import Dataset
from fashion_core.jobs import Job
from fashion_core.launch import estimate as launch_estimate
from fashion_core.launch import trial_steps
from fashion_core.metrics.intervals import Estimate
from fashion_core.settings.config import Settings
from ui.app import faults, loaders, notices, words
from ui.shared import following

SECONDS = 15.0  # that a measurement takes, PyTorch's start included
BUSY = 0.8  # below this share of the cores a measurement is told to have been disturbed


@dataclass(frozen=True)
class Forecast:
    """Seconds to the end, images a second, peak memory in bytes, and the steps it rests on."""

    seconds: Estimate
    images_per_second: float
    memory: int
    gpu_memory: int | None
    num_steps: int


def estimate(found: dict[str, Any], settings: Settings, splits: dict[str, int]) -> Forecast:
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
    return Forecast(
        seconds=Estimate(
            steps * mean + fixed,
            (steps * max(min(times), mean - half) + fixed) * _share(found),
            steps * (mean + half) + fixed,
        ),
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


def show(dataset: Dataset, settings: Settings, num_active: int) -> Forecast | None:
    """The button, and what was found for exactly these settings; None before it was measured."""
    folder = trial_steps.folder_of(dataset, settings, loaders.runs_dir())
    job = trial_steps.look(folder)
    if st.button(
        "Measure here (10 s)",
        icon=":material/speed:",
        key="probe",
        width="stretch",
        disabled=bool(job and job.active),
        help="Trains a few real steps in a process of its own and throws them away. PyTorch takes some seconds more to "
        "start. A run that trains here is slowed meanwhile.",
    ):
        with faults.shown(stop=False):
            trial_steps.start(dataset, settings, data_dir=loaders.data_dir(), runs_dir=loaders.runs_dir())
            st.rerun()
    if job and job.active:
        following.follow_job(folder, _bar)
    elif job and job.state == jobs.FAILED:
        st.error(words.fault(trial_steps.why_not(folder, job)), icon=":material/error:")
        following.offer_to_close(folder)
    elif job:
        measured = trial_steps.measured(folder)
        found = estimate(measured, settings, dict(dataset.splits))
        _say(found, measured, settings, num_active)
        return found
    return None


def _bar(job: Job) -> None:
    st.progress(min(0.95, (time.time() - job.began) / SECONDS), text="Training a few steps, about 15 s")


def _say(found: Forecast, raw: dict[str, Any], settings: Settings, num_active: int) -> None:
    speed = f"{found.images_per_second:,.0f} images a second"
    memory = f"{storage.memory_text(found.memory)} of main memory"
    if found.gpu_memory is not None:
        memory = f"{storage.memory_text(found.gpu_memory)} on the GPU and {memory}"
    st.markdown(
        f"**{words.duration(found.seconds.low)} to {words.duration(found.seconds.high)}** for "
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
