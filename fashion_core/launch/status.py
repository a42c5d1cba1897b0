"""What a run is doing now. Takes a run directory; gives one word and one sentence; needs no torch.

"Running" is computed from the lock, the identity of the process (pid and start time) and the last event; never stored.
A run in Slurm is judged by Slurm and by its directory: this machine's pids say nothing about another node.
"""

import signal
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from fashion_core import locks, processes, storage
from fashion_core.launch import run_queue, slurm, slurm_poll
from fashion_core.runs import checkpoints, runs
from fashion_core.runs.runs import LOCK, events_of


@dataclass(frozen=True, kw_only=True)
class Status:
    """What a run is doing now, as one word and as one sentence for people."""

    state: str  # queued | starting | running | finished | stopped | failed | interrupted
    sentence: str
    epoch: int = 0
    step: int = 0
    total_steps: int = 0

    @property
    def active(self) -> bool:
        return self.state in ("queued", "starting", "running")


def read(folder: Path, *, epochs: int, steps_per_epoch: int) -> Status:
    """What the run in ``folder`` is doing: the lock, the process and Slurm say whether it is alive, its events the
    rest."""
    events = events_of(folder)
    saved = checkpoints.saved_steps(folder)
    total_steps = epochs * steps_per_epoch
    last_row = storage.last_line(folder / "metrics.jsonl")
    logged = last_row.get("step", 0)
    step = max(logged if isinstance(logged, int) else 0, saved[-1] if saved else 0)
    epoch = min(epochs, step // steps_per_epoch + 1)
    # A stop is asked for in events.jsonl too; it does not say what the run itself did last.
    own: dict[str, Any] = next((event for event in reversed(events) if event["event"] != "stop_requested"), {})
    seen = _Seen(
        folder=folder,
        own=own,
        asked=events[-1] if events and events[-1] is not own else {},
        process=next((event["process"] for event in reversed(events) if "process" in event), None),
        training=own.get("reason") or f"Training, epoch {epoch} of {epochs}.",
        at=f"at step {step:,} of {total_steps:,}",
        saved=saved[-1] if saved else None,
        safe=f"Step {saved[-1]:,} is saved; resume it." if saved else "Nothing was saved before that.",
    )
    job = slurm.job_of(events)
    if slurm.has_ended(events):
        told = seen.name, own.get("reason") or {"finished": "Finished."}.get(seen.name, "Ended.")
    elif job and (job.submitted or not seen.process or not processes.is_here(seen.process)):
        told = _in_slurm(seen, job, slurm.ended_by_slurm(events))
    else:
        told = _here(seen)
    state, sentence = told
    return Status(state=state, sentence=sentence, epoch=epoch, step=step, total_steps=total_steps)


@dataclass(frozen=True, kw_only=True)
class _Seen:
    """What a run's directory says."""

    folder: Path
    own: dict[str, Any]  # the last event that was not a request to stop
    asked: dict[str, Any]  # the request to stop, if that came last
    process: dict[str, Any] | None
    training: str
    at: str
    saved: int | None
    safe: str

    @property
    def name(self) -> str:
        return str(self.own.get("event", ""))

    @property
    def stopped_early(self) -> bool:
        return bool(self.asked) and self.name in ("", *_BEFORE_TRAINING, "preparing")

    def stopped_words(self) -> tuple[str, str]:
        why = self.asked["reason"] if self.asked.get("by") == "slurm" else "Stopped as asked"
        return "stopped", f"{why} before training went on. {self.safe}"


_BEFORE_TRAINING = ("launched", "queued", "submitting", "submitted")


def _here(seen: _Seen) -> tuple[str, str]:
    """State and sentence of a run on this machine that has not said its last word."""
    name, process = seen.name, seen.process
    alive = locks.is_held(seen.folder / LOCK) or (process is not None and processes.is_alive(process))
    if not alive and not name and not seen.asked:
        if time.time() - (seen.folder / "config.json").stat().st_mtime < 10:
            return "starting", "Starting."
    if alive and seen.asked:
        return "running", "Finishing the current batch, then saving."
    if alive and name in ("", "launched", "queued"):
        waits = run_queue.sentence(seen.folder)
        return ("queued", waits) if waits else ("starting", "Starting: loading PyTorch and the photos.")
    if alive:
        return "running", seen.training
    if seen.stopped_early:
        return seen.stopped_words()
    if name == "queued":
        restarted = process is not None and processes.began_before_boot(process)
        how = "was waiting when the machine restarted" if restarted else "was waiting when its process ended"
        return "interrupted", f"It {how}; resume it."
    if name == "killed":
        return "interrupted", f"{_killed_words(seen.own)} {seen.at}. {seen.safe}"
    if name in ("", "launched"):
        return "failed", "The process ended before training began; its last words are in the log."
    return "interrupted", f"The process ended without a word {seen.at}. {seen.safe}"


def _killed_words(event: dict[str, Any]) -> str:
    """``Killed from outside by signal 9 (SIGKILL)``: what an event "killed" says."""
    if event.get("out_of_memory"):
        return "Killed by the operating system because main memory ran out,"
    number = event.get("signal")
    name = next((known.name for known in signal.Signals if known == number), "unknown")
    return f"Killed from outside by signal {number} ({name})"


def _in_slurm(seen: _Seen, job: slurm.Job, asked_by_slurm: str | None) -> tuple[str, str]:
    """State and sentence of a run that was given to Slurm and has not said its last word, or may be started again."""
    answer = slurm_poll.ask(seen.folder.parent, job)
    began = seen.name not in ("submitting", "submitted")
    job = replace(job, id=job.id or answer.id)
    if answer.error and not locks.is_held(seen.folder / LOCK):
        last = f"its last word came {seen.at}" if began else "it had not begun when last heard of"
        return "running" if began else "queued", f"{answer.error}, so what {job.words} does is not known; {last}."
    if seen.name == "submitting" and answer.state is None and time.time() - float(seen.own["time"]) < 60:
        return "queued", "Being given to Slurm."
    if answer.state in slurm.WAITING:
        again = f" It goes on from step {seen.saved:,}." if seen.saved else ""
        return "queued", f"Waits in Slurm as job {job.id}: {_reason(answer.reason)}.{again}"
    if answer.state in slurm.HALTED:
        return "running", f"Slurm has halted job {job.id} {seen.at}; it goes on when Slurm lets it."
    if answer.alive or answer.error or locks.is_held(seen.folder / LOCK):
        if seen.name == "stopped":
            return "running", f"Saved; Slurm is ending job {job.id}."
        if seen.asked:
            return "running", "Finishing the current batch, then saving."
        if not began or answer.state in slurm.STARTING:
            return "starting", f"Slurm has given job {job.id} its nodes: loading PyTorch and the photos."
        return "running", seen.training
    if seen.name == "stopped":
        return "stopped", f"{asked_by_slurm} {seen.at}. {seen.safe}"
    if seen.stopped_early:
        return seen.stopped_words()
    state, words = _ENDINGS.get(answer.state or "", ("failed", f"{{job}} ended as {answer.state}"))
    when = f"{seen.at}. {seen.safe}" if began else "before training began; its last words are in the log."
    if not began and state == "interrupted":
        state = "failed"
    return state, f"{words.format(job=job.words[0].upper() + job.words[1:])} {when}"


#: What ended a job, and the state of a run that could not say so itself. The sentence goes on with "at step ..." .
_ENDINGS = {
    "": ("interrupted", "{job} is not in Slurm any more, which does not say how it ended,"),
    "COMPLETED": ("interrupted", "{job} is over, but the run has not said its last word,"),
    "FAILED": ("failed", "{job} failed without a word of the run (the log may say why)"),
    "OUT_OF_MEMORY": ("failed", "{job} used more memory than it had asked for (--slurm mem=...) and was ended"),
    "TIMEOUT": ("interrupted", "{job} reached its time limit (--time) and was ended"),
    "DEADLINE": ("interrupted", "{job} reached its deadline and was ended"),
    "NODE_FAIL": ("interrupted", "A node of {job} failed"),
    "BOOT_FAIL": ("failed", "A node of {job} could not be started"),
    "CANCELLED": ("stopped", "{job} was cancelled in Slurm"),
    "PREEMPTED": ("interrupted", "{job} had to give its nodes to another job"),
}

_REASONS = {
    "": "Slurm has not said why yet",
    "None": "Slurm has not said why yet",
    "Resources": "its nodes are in use",
    "Priority": "other jobs come first",
    "BeginTime": "Slurm starts it again in a moment",
    "PartitionTimeLimit": "it asks for more time than the partition gives and will not start; stop it, ask for less",
    "PartitionConfig": "the partition has no such nodes and it will not start; stop it and ask for others",
    "PartitionNodeLimit": "it asks for more nodes than the partition has and will not start; stop it, ask for fewer",
    "ReqNodeNotAvail": "its nodes are down or reserved",
    "JobHeldUser": "somebody holds it back (scontrol release)",
    "JobHeldAdmin": "an administrator holds it back",
}


def _reason(reason: str) -> str:
    return _REASONS.get(reason.partition(",")[0], f"Slurm says {reason}")


def status_of(run: runs.Run) -> Status:
    """What the run is doing now."""
    return read(run.folder, epochs=run.settings.epochs, steps_per_epoch=run.steps_per_epoch)
