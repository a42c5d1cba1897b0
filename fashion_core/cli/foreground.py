"""Trains a run in this process: takes its slot, listens for a stop, prints the answer. Under torchrun it is one rank.

Takes a run directory. Imports torch late, when the run has its device.
"""

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from fashion_core import processes
from fashion_core.cli.console import answer, say
from fashion_core.data import datasets
from fashion_core.errors import RunError
from fashion_core.labels import counted
from fashion_core.launch import actions, background, devices, launchers, run_queue, sbatch, slurm
from fashion_core.launch.status import status_of
from fashion_core.runs import runs
from fashion_core.runs.summary import Summary


def refuse_twice(run: runs.Run) -> None:
    """A run has one process; a second one would wait for its device behind the first."""
    process = launchers.running_process(run)
    if process is not None and process.pid != os.getpid():
        raise RunError(f"run {run.id!r} is {status_of(run).state} in another process; watch it or stop that one")


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a command finds photos and runs, how many processes train, and how it answers."""

    data_dir: Path
    runs_dir: Path
    as_json: bool = False
    num_processes: int = 1
    wait: bool = True  # for the device; else RunError when another run has it


def train(run: runs.Run, place: Place) -> None:
    """Train in this process, with the slots that the run needs."""
    with _slot(run, place):
        train_here(run, place)


@contextmanager
def _slot(run: runs.Run, place: Place) -> Iterator[None]:
    """Hold the slots that the run needs. When it has to wait, this process becomes ``waiter``, which needs a third of
    the memory, and later ``run`` in this one's place."""
    if is_rank() or devices.dealt_out():
        yield
        return
    held = run_queue.adopt(run.folder)
    if held is None:
        refuse_twice(run)
        run_queue.enqueue(run.folder, run.settings.device, place.num_processes, wait=place.wait)
        held = run_queue.take(run.folder)
        if held is None and not place.wait:
            run_queue.withdraw(run.folder, tell=False)
            raise RunError(f"run {run.id!r} was not started: another run was about to; leave --no-wait out to wait")
        if held is None:
            words = launchers.training_words(run, data_dir=place.data_dir, num_processes=place.num_processes)
            words += ["--runs-dir", str(place.runs_dir), *(["--json"] if place.as_json else [])]
            command = background.command_line(words, waits_for=run.folder)
            sys.stdout.flush()
            os.execv(command[0], command)
    os.environ.update(devices.visible([slot for slot, _ in held]))
    try:
        yield
    finally:
        run_queue.release(held)


def stop_requests() -> list[int]:
    """A list that grows by each SIGTERM or Ctrl-C from now on; it has been asked to stop once it is not empty."""
    asked: list[int] = []
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda number, _: asked.append(number))
    return asked


def watch(members: Sequence[runs.Run]) -> dict[str, str]:
    """Wait until runs that train in processes of their own have ended; how each ended. A stop of this process stops
    them: first those that wait, else the next one starts."""
    asked = stop_requests()
    said: dict[str, str] = {}
    while len(said) < len(members):
        for run in reversed(members) if asked else members:
            if run.id in said:
                continue
            status = status_of(run)
            if status.active and asked:
                with suppress(RunError):  # it has ended meanwhile
                    actions.stop(run)
                status = status_of(run)
            if not status.active:
                said[run.id] = status.state
                say(f"run {run.id}: {status.sentence}")
        time.sleep(0.5)
    return said


def is_rank() -> bool:
    """Whether torchrun started this process as one of several."""
    return int(os.environ.get("WORLD_SIZE", "1")) > 1


def await_config(run_dir: Path) -> None:
    """In all ranks but the first: until that has made the run's directory; other machines see it when their file
    system does."""
    if not is_rank() or os.environ["RANK"] == "0":
        return
    deadline = time.monotonic() + 60
    while not (run_dir / "config.json").exists():
        if time.monotonic() > deadline:
            raise RunError(f"rank 0 has not made {run_dir} within 60 s; is it on a disk that every machine shares?")
        time.sleep(0.1)


def train_here(run: runs.Run, place: Place) -> None:
    """Train in this process, or in ranks below it, without asking for a slot; print the answer."""
    if not is_rank():
        reason = "Starting: loading PyTorch and the photos."
        runs.tell(run, "preparing", reason=reason, process=processes.process_identity())
    if place.num_processes > 1 and not is_rank():
        _train_in_ranks(run, place)
        return
    asked = stop_requests()
    should_stop = _telling_who_asked(run, asked) if devices.dealt_out() else lambda: bool(asked)
    from fashion_core.training import loop as training  # two seconds of torch, after the signals are safe

    dataset = runs.dataset_of(run, datasets.list_datasets(place.data_dir)) or datasets.find_dataset(
        place.data_dir, run.dataset.id
    )
    summary = Summary.from_json(training.train(run, dataset, should_stop=should_stop, say=say))
    if is_rank():  # the process that started the ranks prints the answer
        sys.exit(summary.status == "stopped" and _stopped_by_slurm(run))
    scores = summary.scores.get("test") or summary.scores.get("val")
    lines = [
        f"run {run.id} {summary.status}: {counted(summary.epochs or 0, 'epoch')} in {summary.seconds or 0:.0f} s on "
        f"{summary.device}, train loss {_rounded(summary.train_loss)}, val accuracy {_rounded(summary.val_accuracy)}",
        *([f"accuracy {scores.accuracy.value:.4f}, n {scores.n:,}"] if scores else []),
    ]
    answer(summary.to_json(), place.as_json, lines)
    if summary.status == "stopped":
        listed = run.folder.resolve().parent == place.runs_dir.resolve()
        again = f"resume {run.id}" if listed else f"train --run-dir {run.folder}"
        sentence = f"run {run.id!r} was stopped; go on with: python -m fashion_core {again}"
        if _stopped_by_slurm(run):
            raise RunError(sentence)
        say(sentence)


def _train_in_ranks(run: runs.Run, place: Place) -> None:
    """Train in several processes of this machine, and print the answer of all."""
    from fashion_core.training import torchrun

    torchrun.train_in_ranks(run, num_processes=place.num_processes, data_dir=place.data_dir)
    summary, status = run.summary(), status_of(run)
    if summary is None and status.state == "stopped" and not _stopped_by_slurm(run):
        answer({"run_id": run.id, "status": "stopped"}, place.as_json, [f"run {run.id}: {status.sentence}"])
        return
    if summary is None:
        raise RunError(f"run {run.id!r}: {status.sentence}")
    line = f"run {run.id} {summary.status}: {counted(summary.epochs or 0, 'epoch')}"
    answer(summary.to_json(), place.as_json, [line])


def _stopped_by_slurm(run: runs.Run) -> bool:
    """Whether nobody asked for the stop but Slurm, whose job then ends without having done what it was for; a run that
    a person stopped did as it was asked, and its process ends with 0."""
    asked = [event for event in run.events() if event["event"] == "stop_requested"]
    return bool(asked) and asked[-1].get("by") == "slurm"


def _telling_who_asked(run: runs.Run, asked: list[int]) -> Callable[[], bool]:
    """``should_stop`` of a process in a Slurm job: when it is first asked and no person did it, the events say why."""
    told: list[bool] = []

    def should_stop() -> bool:
        if asked and not told:
            told.append(True)
            events = run.events()
            by_person = asked[0] == signal.SIGINT or events[-1]["event"] == "stop_requested"
            if os.environ.get("RANK", "0") == "0" and not by_person:
                left = slurm.seconds_left()
                why = "because Slurm asked for it (its job gives way to another, or was cancelled outside the lab)"
                if left is not None and left < 2 * sbatch.GRACE_SECONDS:
                    why = f"because the time limit of its Slurm job (--time) was {left:.0f} s away,"
                runs.tell(run, "stop_requested", by="slurm", reason=f"Stopped {why}")
        return bool(asked)

    return should_stop


def _rounded(value: float | None) -> str:
    return "none" if value is None else f"{value:.4f}"
