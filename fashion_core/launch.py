"""Starts and stops the processes that do long work. Takes paths and settings, runs the command line; needs no torch.

A launched process lives in its own session, with its output in a file, so that closing the page, the app or the
terminal does not touch it. It is signalled only after its identity (pid and start time) has been checked. Training
waits for its device first (``waiter``), in the order of launching.
"""

import os
import secrets
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil

from fashion_core import checkpoints, config, devices, manifest, processes, rights, runs, slots, storage
from fashion_core.errors import FashionError, RunError, WrongUse

#: glibc hands big buffers back to the kernel at every step and page-faults them in again; these settings stop that:
#: 1.7 x in the model step on two cores (PERFORMANCE). Harmless with other C libraries.
ALLOCATOR = {
    "MALLOC_MMAP_MAX_": "0",
    "MALLOC_TRIM_THRESHOLD_": "2147483647",
    "MALLOC_TOP_PAD_": "268435456",
}
MAX_SEEDS = 100
NO_LAUNCH, NO_CHANGE = "no run can be launched", "no run can be stopped or moved"


def command_line(arguments: Sequence[str], *, waits_for: Path | None = None) -> list[str]:
    """``python -m fashion_core ARGUMENTS``, which first waits for the slot of the run in ``waits_for``."""
    command = [sys.executable, "-m", "fashion_core", *arguments]
    if waits_for is None:
        return command
    return [sys.executable, "-m", "fashion_core.waiter", str(waits_for.resolve()), "--", *command]


def detach(command: Sequence[str], log: Path, *, ended: Callable[[int, int], None] | None = None) -> int:
    """Start a command in its own session with its output appended to ``log``; its pid.

    ``ended`` is called with pid and exit status (minus the signal's number) if this process lives to see the end.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    with open(log, "ab") as output:
        child = subprocess.Popen(
            list(command),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            close_fds=True,
            cwd=config.PROJECT_ROOT,
            env={**os.environ, **ALLOCATOR, "PYTHONUNBUFFERED": "1"},
        )
    threading.Thread(target=_reap, args=(child, ended), name=f"reaper-{child.pid}", daemon=True).start()
    return child.pid


def _reap(child: subprocess.Popen, ended: Callable[[int, int], None] | None) -> None:
    """Wait for a child's end: one that nobody waits for stays a zombie."""
    time.sleep(1)  # its identity is read first; a zombie still has one
    status = child.wait()
    if ended is not None:
        ended(child.pid, status)


def _telling_of_a_kill(run: runs.Run) -> Callable[[int, int], None]:
    """What tells a run's events that a signal ended its process, unless the run said its last word or was stopped."""
    kills_before = processes.num_memory_kills()

    def ended(pid: int, status: int) -> None:
        if status >= 0 or not run.folder.is_dir():
            return
        last: dict[str, Any] = {}
        for event in reversed(run.events()):
            if event["event"] in ("stop_requested", *runs.ENDED):
                return
            if last := event.get("process", {}):
                break
        if last.get("pid") == pid:  # nobody has resumed it meanwhile
            kills = processes.num_memory_kills()
            rose = kills is not None and kills_before is not None and kills > kills_before
            runs.tell(run, "killed", signal=-status, out_of_memory=status == -signal.SIGKILL and rose)

    return ended


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
) -> list[str]:
    """Launch the same run with ``seeds`` seeds, counting up from the settings' own; the ids in the order of launching.

    With ``run_id`` the runs are called run_id-1, run_id-2, ... WrongUse if a seed or their number is out of range.
    """
    if not 2 <= seeds <= MAX_SEEDS:
        raise WrongUse(f"seeds must be a whole number between 2 and {MAX_SEEDS}, got {seeds}")
    members = [_changed(settings, f"seed={settings.seed + place}") for place in range(seeds)]
    return _start_members(dataset_id, members, "seeds", ["seed"], data_dir, runs_dir, run_id, num_processes)


def start_twin(
    dataset_id: str,
    settings: config.Settings,
    change: str,
    *,
    data_dir: Path,
    runs_dir: Path,
    run_id: str | None = None,
    num_processes: int = 1,
) -> list[str]:
    """Launch a run and its twin, in which one setting differs (``change`` is ``key=value``); the two ids."""
    twin = _changed(settings, change)
    name = change.partition("=")[0].strip()
    if twin == settings:
        raise WrongUse(f"a twin differs in one setting, and {name} is {change.partition('=')[2].strip()} already")
    if name == "seed":
        raise WrongUse("a twin keeps the seed; for several seeds launch a group with --seeds")
    return _start_members(dataset_id, [settings, twin], "twin", [name], data_dir, runs_dir, run_id, num_processes)


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
) -> list[str]:
    """Make every run directory first, then launch them in order: one that cannot be made stops the whole group."""
    rights.refuse_read_only(NO_LAUNCH)
    dataset = manifest.find_dataset(data_dir, dataset_id)
    group = {"id": f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{kind}-{secrets.token_hex(2)}", "kind": kind, "varies": varies}
    made: list[runs.Run] = []
    try:
        for place, settings in enumerate(members, 1):
            devices.slots_for(settings.device, num_processes)
            name = f"{run_id}-{place}" if run_id else None
            made.append(runs.create_run(dataset, settings, runs_dir=runs_dir, run_id=name, group=group))
    except FashionError:
        for run in made:
            storage.remove_folder(run.folder)
        raise
    for run in made:
        start(run, data_dir=data_dir, num_processes=num_processes)
    return [run.id for run in made]


def start_resume(run: runs.Run, *, data_dir: Path, step: int | None = None) -> None:
    """Go on with an ended run in a detached process, from its newest saved step or from ``step`` (see ``rewind``)."""
    if step is not None:
        rewind(run, step)
    _refuse_resume(run)
    start(run, data_dir=data_dir)


def _refuse_resume(run: runs.Run) -> None:
    status = run.status()
    if status.active:
        raise RunError(f"run {run.id!r} is {status.state}; there is nothing to resume")
    if status.state == "finished":
        raise RunError(f"run {run.id!r} is finished; start a new run with more epochs instead")


def rewind(run: runs.Run, step: int) -> None:
    """Set an ended run back to a saved step: the steps saved after it are removed, and what they logged goes when
    training goes on. RunError when that step is not saved, or the run is active or finished; then nothing changes."""
    rights.refuse_read_only(NO_CHANGE)
    _refuse_resume(run)
    try:
        with storage.hold(run.lock):
            removed = checkpoints.rewind(run.folder, step)
            if removed:
                told = ", ".join(f"{number:,}" for number in removed)
                reason = f"Set back to step {step:,}; removed what was saved after it: step {told}."
                runs.tell(run, "stopped", step=step, reason=reason)
    except storage.Busy as busy:
        raise RunError(f"run {run.id!r} is being trained; stop it before it is set back") from busy


def start(run: runs.Run, *, data_dir: Path, num_processes: int = 1, wait: bool = True) -> None:
    """Train a run whose directory is there already, in a detached process (and the ranks that it starts).

    It waits for its device in the order of launching; RunError if it would have to and ``wait`` is false.
    """
    rights.refuse_read_only(NO_LAUNCH)
    words = training_words(run, data_dir=data_dir, num_processes=num_processes)

    def begin() -> int:
        waits_for = None if devices.dealt_out() else run.folder
        command = command_line(words, waits_for=waits_for)
        pid = detach(command, run.folder / "log.txt", ended=_telling_of_a_kill(run))
        runs.tell(run, "launched", process=runs.process_identity(pid))
        return pid

    if devices.dealt_out():
        begin()
    else:
        slots.enqueue(run.folder, run.settings.device, num_processes, start=begin, wait=wait)


def training_words(run: runs.Run, *, data_dir: Path, num_processes: int = 1) -> list[str]:
    """The words of the command that trains a run whose directory is there."""
    words = ["train", "--run-dir", str(run.folder.resolve()), "--data-dir", str(data_dir.resolve())]
    return [*words, "--nproc", str(num_processes)] if num_processes > 1 else words


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
    if Path(source).expanduser().exists():  # the process starts in another folder
        source = str(Path(source).expanduser().resolve())
    arguments = ["import", source, "--data-dir", str(data_dir.resolve()), *(["--name", name] if name else [])]
    return detach(command_line(arguments), data_dir / ".incoming" / "log.txt")


def start_audit(dataset_id: str, *, data_dir: Path) -> int:
    """Start ``audit DATASET`` in a detached process; its progress is ``audit.progress``. Returns the pid."""
    words = ["audit", dataset_id, "--data-dir", str(data_dir.resolve())]
    return detach(command_line(words), data_dir / dataset_id / "audit" / "log.txt")


def running_process(run: runs.Run) -> psutil.Process | None:
    """The process that trains the run, if exactly that one is alive on this machine."""
    identity = next((event["process"] for event in reversed(run.events()) if "process" in event), None)
    return psutil.Process(identity["pid"]) if identity and runs.is_alive(identity) else None


def stop(run: runs.Run, *, wait_seconds: float = 5.0) -> str:
    """Ask a run to finish its batch, save and exit; after ``wait_seconds`` end its process group. One sentence back.

    A waiting run is taken out of the queue."""
    rights.refuse_read_only(NO_CHANGE)
    if slots.withdraw(run.folder):
        return run.status().sentence
    process = running_process(run)
    if process is None or run.status().state in runs.ENDED:
        raise RunError(f"run {run.id!r} is not running, it is {run.status().state}; there is nothing to stop")
    runs.tell(run, "stop_requested")
    process.send_signal(signal.SIGTERM)  # psutil checks the start time again before it signals
    deadline = time.monotonic() + wait_seconds
    while time.monotonic() < deadline:
        if running_process(run) is None:
            return run.status().sentence
        time.sleep(0.05)
    if wait_seconds <= 0:
        return f"Run {run.id!r} was asked to stop: it finishes its batch and saves."
    if running_process(run) is not None:
        _end_group(process)
        if run.status().state in runs.ENDED:  # it had said its last word already
            return run.status().sentence
        saved = checkpoints.saved_steps(run.folder)
        reason = f"Did not stop within {wait_seconds:g} s and was ended; " + (
            f"step {saved[-1]:,} is saved." if saved else "nothing was saved."
        )
        runs.tell(run, "stopped", reason=reason)
    return run.status().sentence


def _end_group(process: psutil.Process) -> None:
    try:
        if os.getpgid(process.pid) == process.pid:  # our own session's group, never somebody else's
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
        process.wait(2)
    except (psutil.Error, ProcessLookupError):
        pass
