"""Commands in processes of their own, which outlive the page, the app and the terminal that started them."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from fashion_core import jobs, locks, paths, rights
from fashion_core.data import datasets
from fashion_core.data.sources import readers
from fashion_core.data.sources.reader import UNDECIDED, Choices
from fashion_core.errors import RunError
from fashion_core.runs import runs, snapshots

#: glibc hands big buffers back to the kernel at every step and page-faults them in again; these settings stop that:
#: 1.7 x in the model step on two cores (PERFORMANCE). Harmless with other C libraries.
ALLOCATOR = {
    "MALLOC_MMAP_MAX_": "0",
    "MALLOC_TRIM_THRESHOLD_": "2147483647",
    "MALLOC_TOP_PAD_": "268435456",
}


#: A thread of libgomp that has done its share spins, and holds a core that another program or its own slower sibling
#: could use; passive ones sleep. Read when torch is loaded, so a process is started with it.
WAITING = {"OMP_WAIT_POLICY": "PASSIVE", "GOMP_SPINCOUNT": "0"}


#: What every process that trains or predicts is started with, unless somebody chose how its threads wait.
ENVIRONMENT = {**ALLOCATOR, **WAITING}


def environment() -> dict[str, str]:
    """ENVIRONMENT, or with what this process was given of WAITING: alone on a machine, spinning is faster."""
    return ALLOCATOR | ({name: os.environ[name] for name in WAITING if name in os.environ} or WAITING)


def command_line(arguments: Sequence[str], *, waits_for: Path | None = None) -> list[str]:
    """``python -m fashion_core ARGUMENTS``, which first waits for the slot of the run in ``waits_for``."""
    command = [sys.executable, "-m", "fashion_core", *arguments]
    if waits_for is None:
        return command
    return [sys.executable, "-m", "fashion_core.launch.waiter", str(waits_for.resolve()), "--", *command]


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
            cwd=paths.PROJECT_ROOT,
            env={**os.environ, **environment(), "PYTHONUNBUFFERED": "1"},
        )
    threading.Thread(target=_reap, args=(child, ended), name=f"reaper-{child.pid}", daemon=True).start()
    return child.pid


def _reap(child: subprocess.Popen, ended: Callable[[int, int], None] | None) -> None:
    """Wait for a child's end: one that nobody waits for stays a zombie."""
    time.sleep(1)  # its identity is read first; a zombie still has one
    status = child.wait()
    if ended is not None:
        ended(child.pid, status)


def start(
    command: Sequence[str], folder: Path, *, log: Path | None = None, given: Mapping[str, Any] | None = None
) -> None:
    """Start a command detached as the job of ``folder``, whose state is ``jobs.look(folder)``; nothing happens while a
    process is at it. ``given`` is kept with it; without a ``log`` its words are in the folder's log.txt."""
    try:
        with locks.hold(folder / "start.lock", seconds=5):  # two who press at once start one process
            if (job := jobs.look(folder)) and job.active:
                return
            began = time.time()
            jobs.forget(folder)
            pid = detach(command, log or folder / "log.txt", ended=partial(_remember_a_kill, folder))
            jobs.remember(folder, pid, command, began=began, given=given)
    except locks.Busy as busy:
        raise RunError("it is being started by somebody else; look again in a moment") from busy


def _remember_a_kill(folder: Path, pid: int, status: int) -> None:
    if status < 0:
        jobs.remember_signal(folder, pid, -status)


def start_import(
    source: str,
    name: str | None,
    *,
    data_dir: Path,
    choices: Choices = UNDECIDED,
    given: Mapping[str, Any] | None = None,
) -> None:
    """Start ``import SOURCE`` as the job of the folder where that import works (``datasets.incoming_folder``)."""
    rights.refuse_read_only("nothing can be imported")
    folder = datasets.incoming_folder(data_dir, datasets.id_for(name or readers.name_of(source)))
    if Path(source).expanduser().exists():  # the process starts in another folder
        source = str(Path(source).expanduser().resolve())
    arguments = ["import", source, "--data-dir", str(data_dir.resolve()), *(["--name", name] if name else [])]
    arguments += choices.flags()
    start(command_line(arguments), folder, log=data_dir / datasets.INCOMING / "log.txt", given=given)


def start_look(
    source: str,
    folder: Path,
    *,
    data_dir: Path,
    choices: Choices = UNDECIDED,
    given: Mapping[str, Any] | None = None,
) -> None:
    """Start a first look at a source as the job of ``folder`` (``data.first_look``)."""
    rights.refuse_read_only("nothing can be imported")
    if Path(source).expanduser().exists():  # the process starts in another folder
        source = str(Path(source).expanduser().resolve())
    words = ["import", source, "--look-into", str(folder.resolve()), "--data-dir", str(data_dir.resolve())]
    start(command_line([*words, *choices.flags()]), folder, given=given)


def embedding_folder(run: runs.Run, split: str) -> Path:
    """Where the job is that writes the features of a split (or of "all") beside ``run``, which may be a snapshot."""
    return run.folder / "jobs" / f"embed-{split}"


def start_embed(run: runs.Run, split: str, *, data_dir: Path, step: int | None = None) -> None:
    """Start ``embed RUN`` (of a saved ``step``) as the job of ``embedding_folder``. Its words are in embed.txt."""
    rights.refuse_read_only("no features can be computed")
    words = ["embed", run.id, "--split", split, "--runs-dir", str(run.folder.parent.resolve())]
    words += [] if step is None else ["--step", str(step)]
    folder = embedding_folder(run if step is None else snapshots.at(run, step), split)
    start(command_line([*words, "--data-dir", str(data_dir.resolve())]), folder, log=run.folder / "embed.txt")


def start_audit(dataset_id: str, *, data_dir: Path) -> None:
    """Start ``audit DATASET`` as the job of ``audit.folder_of``."""
    rights.refuse_read_only("no audit can be made")
    words = ["audit", dataset_id, "--data-dir", str(data_dir.resolve())]
    start(command_line(words), data_dir / dataset_id / "audit")
