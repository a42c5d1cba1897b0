"""How long a run will take here, from runs that were measured on this machine. Takes settings and runs, gives seconds.

No torch, no files of its own.
"""

import os
from collections.abc import Callable, Iterable

import pandas as pd

from fashion_core import processes
from fashion_core.launch import devices
from fashion_core.runs.runs import Run
from fashion_core.settings import recipes, schedules
from fashion_core.settings.config import Settings

#: Photos a second in training steps where nothing like it has run here: of one core of a CPU (README's results on two
#: cores), and of a GPU (a quarter of what an H200 took; LOG: gpu-host-bound). ``paper`` was counted, not run.
_USUAL = {"report": (70.0, 1520.0), "paper": (4.0, 280.0), "strong": (173.0, 1390.0), "transfer": (20.0, 275.0)}
_MOST_CORES = 8  # more do not make small networks faster in proportion


def default_device() -> str:
    """What ``device=auto`` takes here, as a run's events name it: cuda, mps or cpu."""
    return devices.slots_for("auto")[0][0].partition("-")[0]


def measured_images_per_second(
    settings: Settings, runs: Iterable[Run], device: str, metrics: Callable[[Run], pd.DataFrame] = Run.metrics
) -> tuple[float, Run] | None:
    """The speed that this machine reached with the same network, photo size and device, on kept features or not, and
    the run that showed it: of the same batch size if there is one, then the newest. None when nothing like it ran."""
    wanted = device if settings.device == "auto" else settings.device
    best = None
    for run in runs:
        theirs = run.settings
        kinds = [(s.model, s.image_size, schedules.takes_features(s, s.epochs)) for s in (theirs, settings)]
        if kinds[0] != kinds[1] or not _was_here(run, wanted):
            continue
        logged = metrics(run).get("images_per_second", pd.Series(dtype=float)).dropna()
        if len(logged) < 2:
            continue
        if theirs.batch_size == settings.batch_size:
            return float(logged.iloc[-1]), run
        best = best or (float(logged.iloc[-1]), run)
    return best


def _was_here(run: Run, device: str) -> bool:
    """Whether the run trained on this machine, on that device (any device while nobody knows which it will be)."""
    events = run.events()
    here = any(processes.is_here(event.get("process", {})) for event in events)
    return here and (not device or any(event.get("device") == device for event in events))


def usual_images_per_second(settings: Settings, device: str) -> float | None:
    """What such a network reaches on a machine of this kind, before one has run here; None where photo size or network
    are no recipe's, or features are kept."""
    for name, (of_a_core, of_a_gpu) in _USUAL.items():
        own = recipes.RECIPES[name]
        if (own.model, own.image_size) == (settings.model, settings.image_size) and settings.freeze == own.freeze:
            if (settings.device if settings.device != "auto" else device) == "cuda":
                return of_a_gpu
            return of_a_core * min(_MOST_CORES, _num_cores())
    return None


def _num_cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def seconds(settings: Settings, num_train: int, images_per_second: float) -> float:
    """What all epochs of a run take at that speed."""
    return slow_epochs(settings) * num_train / images_per_second


def slow_epochs(settings: Settings) -> int:
    """The epochs that a run's time goes into: all, but for those on kept features before others on photos."""
    if settings.freeze == "features":
        return settings.epochs
    return max(0, settings.epochs - settings.head_epochs) or settings.epochs


def roughly(seconds: float) -> str:
    """A duration as one says it before it has passed: ``10 s``, ``40 s``, ``3 min``, ``2.0 h``."""
    if seconds < 95:
        return f"{max(10, 10 * round(seconds / 10))} s"
    return f"{round(seconds / 60)} min" if seconds < 5700 else f"{seconds / 3600:.1f} h"
