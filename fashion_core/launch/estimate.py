"""How long a run will take here, from runs that were measured on this machine. Takes settings and runs, gives seconds.

No torch, no files of its own.
"""

from collections.abc import Callable, Iterable

import pandas as pd

from fashion_core import processes
from fashion_core.launch import devices
from fashion_core.runs.runs import Run
from fashion_core.settings import schedules
from fashion_core.settings.config import Settings


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
