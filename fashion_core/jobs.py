"""Background jobs: what a folder says of the process that works for it. Takes folders; gives a Job.

    lock             held by the process while it works
    progress.json    written by that process: which one it is, since when, how far, and its last word
    job.json         written by whoever started it: which process, when, its command, and what is to be known again

What a job is doing is computed from the lock and from pid and start time of its process, as a run's status is; it is
never stored. A process that has ended without its last word has failed. Knows no kind of work and starts nothing
(``launch.background`` does). A progress.json of the time before names no process and says nothing by itself.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fashion_core import locks, processes, storage
from fashion_core.errors import FashionError

STARTING, RUNNING, DONE, FAILED = "starting", "running", "done", "failed"
LOCK, PROGRESS, STARTED = "lock", "progress.json", "job.json"
SECONDS = 0.3  # between two writes of progress.json at least: each takes a sync

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, kw_only=True)
class Job:
    """What a job is doing now. ``began`` is when it was started, in seconds since 1970.

    ``stage``, ``done`` and ``total`` are what its process said last. ``error`` is why it failed, empty where its
    process ended without a word; ``signal`` is what ended that one, where somebody saw it. ``seconds`` is how long a
    job took that is done. ``noted`` is all that the process wrote, ``given`` what its starter wants to know again.
    """

    state: str  # starting | running | done | failed
    began: float
    stage: str = ""
    done: int = 0
    total: int = 0
    error: str = ""
    signal: int | None = None
    seconds: float | None = None
    process: Mapping[str, Any] = field(default_factory=dict)
    noted: Mapping[str, Any] = field(default_factory=dict)
    given: Mapping[str, Any] = field(default_factory=dict)

    @property
    def active(self) -> bool:
        return self.state in (STARTING, RUNNING)


def look(folder: Path) -> Job | None:
    """What the job of ``folder`` is doing; None when none was started there, or a finished one has cleared it away."""
    start, work, held = _read(folder / STARTED), _read(folder / PROGRESS), locks.is_held(folder / LOCK)
    is_over = work.get("state") in (DONE, FAILED)
    if is_over and held and not processes.is_alive(work["process"]):  # the last word of an earlier one than is at it
        work, is_over = {}, False
    last = work or start
    if not last and not held:
        return None
    if is_over:
        state = work["state"]
    elif held or processes.is_alive(last["process"]):
        state = RUNNING if work.get("stage") else STARTING
    else:
        state = FAILED
    return Job(
        state=state,
        began=last.get("began", time.time()),
        stage=work.get("stage", ""),
        done=work.get("done", 0),
        total=work.get("total", 0),
        error=work.get("error", ""),
        signal=start.get("signal"),
        seconds=work.get("seconds"),
        process=last.get("process", {}),
        noted=work,
        given=start.get("given", {}),
    )


def _read(path: Path) -> dict[str, Any]:
    """A record, whole; empty when it is not there, damaged, or names no process."""
    try:
        record = storage.read_json(path)
        process = record["process"]
        known = {"process": process | {"pid": int(process["pid"]), "started": float(process["started"])}}
        known |= {"began": float(record["began"]), "stage": str(record.get("stage", ""))}
        known |= {"done": int(record.get("done", 0)), "total": int(record.get("total", 0))}
        known |= {"error": str(record.get("error") or ""), "state": record.get("state")}
        known |= {"seconds": None if record.get("seconds") is None else float(record["seconds"])}
        return record | known | {"given": dict(record.get("given", {}))}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}


@contextmanager
def at_work(
    folder: Path, report: Progress | None = None, *, interrupted: str = "", keep: bool = True
) -> Iterator["Reporter"]:
    """Hold the lock of ``folder`` and say in it how far the work of the block is, and how it ended.

    ``report`` is told every step too. An exception that is no sentence for people is told as ``interrupted``, if
    anything. Without ``keep`` the folder goes when all is well, while it is ours: the next one works in a new one.
    Busy when another process is at it.
    """
    with locks.hold(folder / LOCK, seconds=2):  # 2 s: a page that asks whether it is held holds it for a moment
        reporter = Reporter(folder, report)
        try:
            yield reporter
        except BaseException as error:
            is_sentence = isinstance(error, (FashionError, OSError))
            told = str(error) if is_sentence else interrupted and f"{interrupted} ({type(error).__name__})"
            reporter.failed(told)
            raise
        if keep:
            reporter.finished()
        else:
            storage.discard(folder)


class Reporter:
    """Says in progress.json how far the work is: every new stage, and within one three times a second at most.

    Made by the process that holds the lock. Work that finds nothing to do has not taken any time.
    """

    def __init__(self, folder: Path, report: Progress | None = None) -> None:
        self.folder, self.report = folder, report
        process, start = processes.process_identity(), _read(folder / STARTED)
        is_ours = bool(start) and start["process"]["pid"] == process["pid"] and processes.is_alive(start["process"])
        #: The moment of the button that started this process; without one, now.
        self.began: float = start["began"] if is_ours else time.time()
        self.record: dict[str, Any] = {"process": process, "began": self.began, "state": RUNNING, "stage": ""}
        self.record |= {"done": 0, "total": 0, "error": "", "seconds": None}
        self.written_at: float | None = None

    def __call__(self, stage: str, done: int, total: int) -> None:
        is_new = stage != self.record["stage"]
        self.record |= {"stage": stage, "done": done, "total": total}
        if is_new or self.written_at is None or time.monotonic() - self.written_at >= SECONDS:
            self._write()
        if self.report:
            self.report(stage, done, total)

    def seconds(self) -> float:
        """Since the job began."""
        return round(time.time() - self.began, 1)

    def note(self, **noted: Any) -> None:
        """Something else that a page wants to know; it is written with the next step."""
        self.record |= noted

    def failed(self, error: str) -> None:
        """The last word of work that has not come to its end."""
        self.record |= {"state": FAILED, "error": error}
        try:
            self._write()
        except OSError:  # the disk may be what failed; the error itself is on its way to the caller
            storage.discard(self.folder / PROGRESS)

    def finished(self) -> None:
        """The last word of work that is done."""
        worked = self.written_at is not None
        if worked or _read(self.folder / PROGRESS).get("seconds") is None:  # else it is known how long it once took
            self.record |= {"state": DONE, "seconds": self.seconds() if worked else None}
            self._write()

    def _write(self) -> None:
        storage.write_json(self.folder / PROGRESS, self.record)
        self.written_at = time.monotonic()


def forget(folder: Path) -> None:
    """Take away what the last try said of itself, before the next one is started."""
    for name in (PROGRESS, STARTED):
        storage.discard(folder / name)


def remember(
    folder: Path, pid: int, command: Sequence[str], *, began: float, given: Mapping[str, Any] | None = None
) -> None:
    """Write down which process was started for ``folder``."""
    record = {"process": processes.process_identity(pid), "began": began, "command": list(command)}
    storage.write_json(folder / STARTED, record | {"given": dict(given or {})})


def remember_signal(folder: Path, pid: int, signal: int) -> None:
    """Write down what ended the process that was started for ``folder``, if that is still the last one."""
    record = _read(folder / STARTED)
    if record and record["process"]["pid"] == pid:
        storage.write_json(folder / STARTED, record | {"signal": signal})


def stopped(folder: Path, why: str) -> None:
    """Say for a process that was ended why it has no last word of its own."""
    record = _read(folder / PROGRESS) or _read(folder / STARTED)
    storage.write_json(folder / PROGRESS, record | {"state": FAILED, "error": why})
