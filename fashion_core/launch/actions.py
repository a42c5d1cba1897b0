"""What people do with runs: launch one, a group or a twin, stop, resume, move. Takes paths and settings, not torch.

Where a run is trained is ``launchers``. A detached process lives in its own session, so that closing the page, the app
or the terminal does not touch it.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from fashion_core import locks, rights, storage
from fashion_core.data import datasets
from fashion_core.errors import FashionError, RunError, WrongUse
from fashion_core.launch import devices, launchers, run_queue, sbatch, slurm
from fashion_core.launch.status import status_of
from fashion_core.runs import checkpoints, runs, started_by
from fashion_core.runs.record import Group
from fashion_core.settings import config, recipes

MAX_SEEDS = 100
NO_LAUNCH, NO_CHANGE = "no run can be launched", "no run can be stopped or moved"


def start_training(
    dataset_id: str, settings: config.Settings, *, data_dir: Path, runs_dir: Path, run_id: str | None = None
) -> str:
    """Make the run directory and start training in a detached process. Returns the run's id at once."""
    rights.refuse_read_only(NO_LAUNCH)
    dataset = datasets.find_dataset(data_dir, dataset_id)
    run = runs.create_run(dataset, settings, runs_dir=runs_dir, run_id=run_id)
    start(run, data_dir=data_dir)
    return run.id


@dataclass(frozen=True, kw_only=True)
class Where:
    """Where the runs of a group lie and are trained; with ``run_id`` they are called run_id-1, run_id-2, ..."""

    data_dir: Path
    runs_dir: Path
    run_id: str | None = None
    num_processes: int = 1
    request: sbatch.Request | None = None


def start_group(dataset_id: str, settings: config.Settings, seeds: int, where: Where) -> list[str]:
    """Launch the same run with ``seeds`` seeds, counting up from the settings' own; the ids in the order of launching.

    WrongUse if a seed or their number is out of range.
    """
    if not 2 <= seeds <= MAX_SEEDS:
        raise WrongUse(f"seeds must be a whole number between 2 and {MAX_SEEDS}, got {seeds}")
    members = [_changed(settings, f"seed={settings.seed + place}") for place in range(seeds)]
    return start_seeds(dataset_id, members, where)


def start_seeds(dataset_id: str, members: Sequence[config.Settings], where: Where) -> list[str]:
    """Launch runs that differ by their seed alone, whatever their seeds are, as one group; their ids."""
    return _start_members(dataset_id, members, "seeds", "seed", where)


def start_twin(dataset_id: str, settings: config.Settings, change: str, where: Where) -> list[str]:
    """Launch a run and its twin, in which one setting differs (``change`` is ``key=value``); the two ids."""
    twin = _changed(settings, change)
    name = change.partition("=")[0].strip()
    if twin == settings:
        raise WrongUse(f"a twin differs in one setting, and {name} is {change.partition('=')[2].strip()} already")
    if name == "seed":
        raise WrongUse("a twin keeps the seed; for several seeds launch a group with --seeds")
    return _start_members(dataset_id, [settings, twin], "twin", name, where)


def _changed(settings: config.Settings, change: str) -> config.Settings:
    sets = [f"{name}={new}" for name, _, new in recipes.changes(settings)]
    return recipes.settings_for(settings.recipe, [*sets, change])


def _start_members(
    dataset_id: str, members: Sequence[config.Settings], kind: str, varies: str, where: Where
) -> list[str]:
    """Make every run directory first, then launch them in order: one that cannot be made stops the whole group, one
    that Slurm refuses those after it."""
    rights.refuse_read_only(NO_LAUNCH)
    dataset = datasets.find_dataset(where.data_dir, dataset_id)
    group = Group(id=f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{kind}-{secrets.token_hex(2)}", kind=kind, varies=(varies,))
    made: list[runs.Run] = []
    try:
        for place, settings in enumerate(members, 1):
            if where.request is None:
                devices.slots_for(settings.device, where.num_processes)
            name = f"{where.run_id}-{place}" if where.run_id else None
            made.append(runs.create_run(dataset, settings, runs_dir=where.runs_dir, run_id=name, group=group))
    except FashionError:
        for run in made:
            storage.remove_folder(run.folder)
        raise
    for place, run in enumerate(made):
        try:
            start(run, data_dir=where.data_dir, num_processes=where.num_processes, request=where.request)
        except slurm.Refused:
            for left in made[place:]:
                storage.remove_folder(left.folder)
            raise
    return [run.id for run in made]


def start_resume(
    run: runs.Run, *, data_dir: Path, step: int | None = None, request: sbatch.Request | None = None
) -> None:
    """Go on with an ended run where it was trained before, detached or in Slurm; with a ``request``, in Slurm.

    It starts from its newest saved step or from ``step`` (see ``rewind``); a finished run without its predictions
    makes them again and trains nothing."""
    if step is not None:
        rewind(run, step)
    refuse_resume(run, answers=True)
    start(run, data_dir=data_dir, request=request or launchers.request_of(run))


def refuse_resume(run: runs.Run, *, answers: bool = False) -> None:
    """RunError when the run is active or finished; with ``answers`` not where it only lacks its predictions."""
    status = status_of(run)
    if status.active:
        raise RunError(f"run {run.id!r} is {status.state}; there is nothing to resume")
    if status.state == "finished" and not (answers and run.unanswered()):
        raise RunError(f"run {run.id!r} is finished; start a new run with more epochs instead")


def rewind(run: runs.Run, step: int) -> None:
    """Set an ended run back to a saved step: the steps saved after it are removed, and what they logged goes when
    training goes on. RunError when that step is not saved, or the run is active or finished; then nothing changes."""
    rights.refuse_read_only(NO_CHANGE)
    refuse_resume(run)
    try:
        with locks.hold(run.lock):
            removed = checkpoints.rewind(run.folder, step)
            if removed:
                told = ", ".join(f"{number:,}" for number in removed)
                reason = f"Set back to step {step:,}; removed what was saved after it: step {told}."
                runs.tell(run, "stopped", step=step, reason=reason)
    except locks.Busy as busy:
        raise RunError(f"run {run.id!r} is being trained; stop it before it is set back") from busy


def start(
    run: runs.Run,
    *,
    data_dir: Path,
    num_processes: int = 1,
    wait: bool = True,
    request: sbatch.Request | None = None,
) -> None:
    """Train a run whose directory is there already, in a detached process (and the ranks that it starts).

    It waits for its device in the order of launching; RunError if it would have to and ``wait`` is false. With a
    ``request`` it becomes a job of Slurm instead.
    """
    rights.refuse_read_only(NO_LAUNCH)
    launcher: launchers.Launcher = launchers.Local(num_processes=num_processes, wait=wait)
    if request is not None:
        launcher = launchers.Slurm(request=request)
    started_by.remember(run.folder)
    launcher.submit(run, data_dir=data_dir)


def cancel(run: runs.Run) -> str:
    """Take a waiting run out of the queue: it ends before it started. One sentence; RunError if it does not wait."""
    rights.refuse_read_only(NO_CHANGE)
    if not run_queue.withdraw(run.folder):
        raise RunError(f"run {run.id!r} does not wait in the queue, it is {status_of(run).state}; nothing was changed")
    return status_of(run).sentence


def move(run: runs.Run, before: str | None) -> None:
    """Put a waiting run before another waiting one, or at the end. RunError if one of them does not wait."""
    rights.refuse_read_only(NO_CHANGE)
    run_queue.move(run.folder, before)


def stop(run: runs.Run, *, wait_seconds: float = 5.0) -> str:
    """Ask a run to finish its batch, save and exit; after ``wait_seconds`` end it by force. One sentence back.

    A waiting run is taken out of the queue, here or in Slurm."""
    rights.refuse_read_only(NO_CHANGE)
    return launchers.launcher_of(run).cancel(run, wait_seconds=wait_seconds)
