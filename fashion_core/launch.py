"""Starts and stops the processes that do long work. Takes paths and settings, runs the command line; needs no torch.

A launched process lives in its own session, with its output in a file, so that closing the page, the app or the
terminal does not touch it. It is signalled only after its identity (pid and start time) has been checked.
"""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import psutil

from fashion_core import checkpoints, config, manifest, runs
from fashion_core.errors import RunError

#: glibc hands big buffers back to the kernel at every step and page-faults them in again; these settings stop that:
#: 1.7 x in the model step on two cores (PERFORMANCE). Harmless with other C libraries.
ALLOCATOR = {
    "MALLOC_MMAP_MAX_": "0",
    "MALLOC_TRIM_THRESHOLD_": "2147483647",
    "MALLOC_TOP_PAD_": "268435456",
}


def detach(arguments: list[str], log: Path) -> int:
    """Start ``python -m fashion_core ARGUMENTS`` in its own session with its output appended to ``log``; its pid."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with open(log, "ab") as output:
        child = subprocess.Popen(
            [sys.executable, "-m", "fashion_core", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            close_fds=True,
            cwd=config.PROJECT_ROOT,
            env={**os.environ, **ALLOCATOR, "PYTHONUNBUFFERED": "1"},
        )
    threading.Thread(target=_reap, args=(child,), name=f"reaper-{child.pid}", daemon=True).start()
    return child.pid


def _reap(child: subprocess.Popen) -> None:
    """Wait for a child's end: one that nobody waits for stays a zombie."""
    time.sleep(1)  # its identity is read first; a zombie still has one
    child.wait()


def start_training(
    dataset_id: str, settings: config.Settings, *, data_dir: Path, runs_dir: Path, run_id: str | None = None
) -> str:
    """Make the run directory and start training in a detached process. Returns the run's id at once."""
    dataset = manifest.find_dataset(data_dir, dataset_id)
    run = runs.create_run(dataset, settings, runs_dir=runs_dir, run_id=run_id)
    start(run, data_dir=data_dir)
    return run.id


def start_resume(run: runs.Run, *, data_dir: Path) -> None:
    """Go on with an ended run from its newest saved step, in a detached process."""
    status = run.status()
    if status.active:
        raise RunError(f"run {run.id!r} is {status.state}; there is nothing to resume")
    if status.state == "finished":
        raise RunError(f"run {run.id!r} is finished; start a new run with more epochs instead")
    start(run, data_dir=data_dir)


def start(run: runs.Run, *, data_dir: Path, num_processes: int = 1) -> None:
    """Train a run whose directory is there already, in a detached process (and the ranks that it starts)."""
    words = ["train", "--run-dir", str(run.folder.resolve()), "--data-dir", str(data_dir.resolve())]
    words += ["--nproc", str(num_processes)] if num_processes > 1 else []
    pid = detach(words, run.folder / "log.txt")
    runs.tell(run, "launched", process=runs.process_identity(pid))


def start_import(source: str, name: str | None, *, data_dir: Path) -> int:
    """Start ``import SOURCE`` in a detached process; its progress is ``manifest.import_progress``. Returns the pid."""
    if Path(source).expanduser().exists():  # the process starts in another folder
        source = str(Path(source).expanduser().resolve())
    arguments = ["import", source, "--data-dir", str(data_dir.resolve()), *(["--name", name] if name else [])]
    return detach(arguments, data_dir / ".incoming" / "log.txt")


def start_audit(dataset_id: str, *, data_dir: Path) -> int:
    """Start ``audit DATASET`` in a detached process; its progress is ``audit.progress``. Returns the pid."""
    return detach(
        ["audit", dataset_id, "--data-dir", str(data_dir.resolve())], data_dir / dataset_id / "audit" / "log.txt"
    )


def running_process(run: runs.Run) -> psutil.Process | None:
    """The process that trains the run, if exactly that one is alive on this machine."""
    identity = next((event["process"] for event in reversed(run.events()) if "process" in event), None)
    return psutil.Process(identity["pid"]) if identity and runs.is_alive(identity) else None


def stop(run: runs.Run, *, wait_seconds: float = 5.0) -> str:
    """Ask a run to finish its batch, save and exit; after ``wait_seconds`` end its process group. One sentence back."""
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
