"""What people do with runs: launch one, a group or a twin, stop, resume, move. Takes paths and settings, not torch.

Where a run is trained is ``launchers``. A detached process lives in its own session, so that closing the page, the app
or the terminal does not touch it.
"""

import secrets
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from fashion_core import (
    checkpoints,
    config,
    devices,
    launchers,
    manifest,
    rights,
    runs,
    sbatch,
    slots,
    slurm,
    starters,
    storage,
)
from fashion_core.errors import FashionError, RunError, WrongUse
from fashion_core.launchers import ALLOCATOR as ALLOCATOR
from fashion_core.launchers import ENVIRONMENT as ENVIRONMENT
from fashion_core.launchers import command_line as command_line
from fashion_core.launchers import detach as detach
from fashion_core.launchers import running_process as running_process
from fashion_core.launchers import training_words as training_words

MAX_SEEDS = 100
NO_LAUNCH, NO_CHANGE = "no run can be launched", "no run can be stopped or moved"


def start_training(
    dataset_id: str, settings: config.Settings, *, data_dir: Path, runs_dir: Path, run_id: str | None = None
) -> str:
    """Make the run directory and start training in a detached process. Returns the run's id at once."""
    rights.refuse_read_only(NO_LAUNCH)
    dataset = manifest.find_dataset(data_dir, dataset_id)
    run = runs.create_run(dataset, settings, runs_dir=runs_dir, run_id=run_id)
    start(run, data_dir=data_dir)
    return run.id


def start_group(
    dataset_id: str,
    settings: config.Settings,
    seeds: int,
    *,
    data_dir: Path,
    runs_dir: Path,
    run_id: str | None = None,
    num_processes: int = 1,
    request: sbatch.Request | None = None,
) -> list[str]:
    """Launch the same run with ``seeds`` seeds, counting up from the settings' own; the ids in the order of launching.

    With ``run_id`` the runs are called run_id-1, run_id-2, ... WrongUse if a seed or their number is out of range.
    """
    if not 2 <= seeds <= MAX_SEEDS:
        raise WrongUse(f"seeds must be a whole number between 2 and {MAX_SEEDS}, got {seeds}")
    members = [_changed(settings, f"seed={settings.seed + place}") for place in range(seeds)]
    return _start_members(dataset_id, members, "seeds", ["seed"], data_dir, runs_dir, run_id, num_processes, request)


def start_seeds(dataset_id: str, members: Sequence[config.Settings], *, data_dir: Path, runs_dir: Path) -> list[str]:
    """Launch runs that differ by their seed alone, whatever their seeds are, as one group; their ids."""
    return _start_members(dataset_id, members, "seeds", ["seed"], data_dir, runs_dir, None, 1, None)


def start_twin(
    dataset_id: str,
    settings: config.Settings,
    change: str,
    *,
    data_dir: Path,
    runs_dir: Path,
    run_id: str | None = None,
    num_processes: int = 1,
    request: sbatch.Request | None = None,
) -> list[str]:
    """Launch a run and its twin, in which one setting differs (``change`` is ``key=value``); the two ids."""
    twin = _changed(settings, change)
    name = change.partition("=")[0].strip()
    if twin == settings:
        raise WrongUse(f"a twin differs in one setting, and {name} is {change.partition('=')[2].strip()} already")
    if name == "seed":
        raise WrongUse("a twin keeps the seed; for several seeds launch a group with --seeds")
    return _start_members(
        dataset_id, [settings, twin], "twin", [name], data_dir, runs_dir, run_id, num_processes, request
    )


def _changed(settings: config.Settings, change: str) -> config.Settings:
    sets = [f"{name}={new}" for name, _, new in config.changes(settings)]
    return config.settings_for(settings.recipe, [*sets, change])


def _start_members(
    dataset_id: str,
    members: Sequence[config.Settings],
    kind: str,
    varies: list[str],
    data_dir: Path,
    runs_dir: Path,
    run_id: str | None,
    num_processes: int,
    request: sbatch.Request | None,
) -> list[str]:
    """Make every run directory first, then launch them in order: one that cannot be made stops the whole group, one
    that Slurm refuses those after it."""
    rights.refuse_read_only(NO_LAUNCH)
    dataset = manifest.find_dataset(data_dir, dataset_id)
    group = {"id": f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{kind}-{secrets.token_hex(2)}", "kind": kind, "varies": varies}
    made: list[runs.Run] = []
    try:
        for place, settings in enumerate(members, 1):
            if request is None:
                devices.slots_for(settings.device, num_processes)
            name = f"{run_id}-{place}" if run_id else None
            made.append(runs.create_run(dataset, settings, runs_dir=runs_dir, run_id=name, group=group))
    except FashionError:
        for run in made:
            storage.remove_folder(run.folder)
        raise
    for place, run in enumerate(made):
        try:
            start(run, data_dir=data_dir, num_processes=num_processes, request=request)
        except slurm.Refused:
            for left in made[place:]:
                storage.remove_folder(left.folder)
            raise
    return [run.id for run in made]


def start_resume(
    run: runs.Run, *, data_dir: Path, step: int | None = None, request: sbatch.Request | None = None
) -> None:
    """Go on with an ended run where it was trained before, detached or in Slurm; with a ``request``, in Slurm.

    It starts from its newest saved step or from ``step`` (see ``rewind``)."""
    if step is not None:
        rewind(run, step)
    refuse_resume(run)
    start(run, data_dir=data_dir, request=request or launchers.request_of(run))


def refuse_resume(run: runs.Run) -> None:
    """RunError when the run is active or finished."""
    status = run.status()
    if status.active:
        raise RunError(f"run {run.id!r} is {status.state}; there is nothing to resume")
    if status.state == "finished":
        raise RunError(f"run {run.id!r} is finished; start a new run with more epochs instead")


def rewind(run: runs.Run, step: int) -> None:
    """Set an ended run back to a saved step: the steps saved after it are removed, and what they logged goes when
    training goes on. RunError when that step is not saved, or the run is active or finished; then nothing changes."""
    rights.refuse_read_only(NO_CHANGE)
    refuse_resume(run)
    try:
        with storage.hold(run.lock):
            removed = checkpoints.rewind(run.folder, step)
            if removed:
                told = ", ".join(f"{number:,}" for number in removed)
                reason = f"Set back to step {step:,}; removed what was saved after it: step {told}."
                runs.tell(run, "stopped", step=step, reason=reason)
    except storage.Busy as busy:
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
    starters.remember(run.folder)
    launcher.submit(run, data_dir=data_dir)


def cancel(run: runs.Run) -> str:
    """Take a waiting run out of the queue: it ends before it started. One sentence; RunError if it does not wait."""
    rights.refuse_read_only(NO_CHANGE)
    if not slots.withdraw(run.folder):
        raise RunError(f"run {run.id!r} does not wait in the queue, it is {run.status().state}; nothing was changed")
    return run.status().sentence


def move(run: runs.Run, before: str | None) -> None:
    """Put a waiting run before another waiting one, or at the end. RunError if one of them does not wait."""
    rights.refuse_read_only(NO_CHANGE)
    slots.move(run.folder, before)


def start_import(source: str, name: str | None, *, data_dir: Path) -> int:
    """Start ``import SOURCE`` in a detached process; its progress is ``manifest.import_progress``. Returns the pid."""
    rights.refuse_read_only("nothing can be imported")
    if Path(source).expanduser().exists():  # the process starts in another folder
        source = str(Path(source).expanduser().resolve())
    arguments = ["import", source, "--data-dir", str(data_dir.resolve()), *(["--name", name] if name else [])]
    return detach(command_line(arguments), data_dir / ".incoming" / "log.txt")


def start_embed(run: runs.Run, split: str, *, data_dir: Path, step: int | None = None) -> dict[str, Any]:
    """Start ``embed RUN`` (of a saved ``step``) in a detached process; its identity (``processes.is_alive``). Its words
    are in embed.txt."""
    rights.refuse_read_only("no features can be computed")
    words = ["embed", run.id, "--split", split, "--runs-dir", str(run.folder.parent.resolve())]
    words += [] if step is None else ["--step", str(step)]
    pid = detach(command_line([*words, "--data-dir", str(data_dir.resolve())]), run.folder / "embed.txt")
    return runs.process_identity(pid)


def start_audit(dataset_id: str, *, data_dir: Path) -> int:
    """Start ``audit DATASET`` in a detached process; its progress is ``audit.progress``. Returns the pid."""
    rights.refuse_read_only("no audit can be made")
    words = ["audit", dataset_id, "--data-dir", str(data_dir.resolve())]
    return detach(command_line(words), data_dir / dataset_id / "audit" / "log.txt")


def stop(run: runs.Run, *, wait_seconds: float = 5.0) -> str:
    """Ask a run to finish its batch, save and exit; after ``wait_seconds`` end it by force. One sentence back.

    A waiting run is taken out of the queue, here or in Slurm."""
    rights.refuse_read_only(NO_CHANGE)
    return launchers.launcher_of(run).cancel(run, wait_seconds=wait_seconds)
