"""Jobs of Slurm: which one a run's events name, submitting a script, cancelling. What became of jobs is ``polling``.

A job is its number and its name: numbers come back after a while, the name of a job of ours does not.

    events.jsonl  {"event": "submitting", "slurm": {"name", "request"}}              before sbatch is called
                  {"event": "submitted", "slurm": {"name", "request", "job", "cluster"}}
                  {"event": ..., "process": {..., "job": {"id", "name", "cluster"}}}     a process inside a job
"""

import os
import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from fashion_core.errors import RunError
from fashion_core.launch.sbatch import SCRIPT

CALL_SECONDS = 10.0
WAITING = ("PENDING", "REQUEUED", "REQUEUE_FED", "REQUEUE_HOLD", "RESV_DEL_HOLD", "SPECIAL_EXIT")
STARTING = ("CONFIGURING",)
GOING = ("RUNNING", "COMPLETING", "RESIZING", "SIGNALING", "STAGE_OUT")
HALTED = ("SUSPENDED", "STOPPED")
ALIVE = (*WAITING, *STARTING, *GOING, *HALTED)


class Refused(RunError):
    """Slurm read the request and took no job."""


@dataclass(frozen=True, kw_only=True)
class Job:
    """A job as a run's events tell it. ``id`` is empty when the submission was cut off before Slurm's answer came."""

    id: str
    name: str
    cluster: str = ""
    submitted: bool = True  # by the lab; else the run found itself inside a job that somebody made by hand
    since: float = 0.0  # when it was submitted; 0 when it began by itself

    @property
    def words(self) -> str:
        return f"Slurm job {self.id}" if self.id else f"the Slurm job named {self.name}"


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What Slurm says of a job: its state (None: it knows no such job), why it waits, or why Slurm did not answer."""

    state: str | None = None
    reason: str = ""
    id: str = ""
    error: str = ""

    @property
    def alive(self) -> bool:
        return self.state in ALIVE


def job_of(events: Sequence[Mapping[str, Any]]) -> Job | None:
    """The job that a run was last given to or trained in; None when it was launched without Slurm since, or never.

    Run directories are handed around: what is no number and no name of a job is no job."""
    inside: Job | None = None
    for event in reversed(events):
        if "slurm" in event:
            given = _job(event["slurm"], since=event.get("time"))
            if given is None or inside is None:
                return given or inside
            same = inside.id == given.id or (not given.id and inside.name == given.name)
            return replace(given, id=inside.id) if same else inside
        if inside is None and "process" in event:
            inside = _job(event["process"], submitted=False)
            if inside is None:
                return None
    return inside


def _job(kept: Any, *, submitted: bool = True, since: Any = 0.0) -> Job | None:
    """The job of an event's ``slurm``, or that of its ``process``."""
    try:
        number, name, cluster = kept.get("job", ""), kept.get("name"), kept.get("cluster", "")
        if not submitted:
            number, name, cluster = kept["job"]["id"], kept["job"]["name"], ""
        fits = re.fullmatch(r"\d{0,20}", number) and re.fullmatch(r"[\w.-]{0,100}", cluster)
        if not fits or not (re.fullmatch(r"[\w.-]{1,200}", name) if submitted else number and isinstance(name, str)):
            return None
        return Job(id=number, name=name, cluster=cluster, submitted=submitted, since=float(since))
    except (AttributeError, KeyError, TypeError, ValueError):
        return None


def require() -> None:
    """RunError when a job cannot be submitted from this machine."""
    if shutil.which("sbatch") is None:
        raise RunError(
            "Slurm's sbatch is not on this machine; launch from a login node of the cluster, or leave --backend slurm "
            "out to train here"
        )


def submit(folder: Path, flags: Sequence[str], log: Path) -> tuple[str, str]:
    """Submit ``folder``'s script; the job's number and its cluster. Refused with Slurm's own words; RunError when it
    did not answer, and then nobody knows yet whether there is a job."""
    output = str(log).replace("%", "%%")  # sbatch puts numbers for %j and its like
    done = call(["sbatch", "--parsable", f"--output={output}", *flags, SCRIPT], folder=folder, seconds=60)
    job, _, cluster = done.stdout.strip().partition("\n")[0].partition(";")
    if done.returncode or not job.isdigit():
        said = first_words(done.stderr) or f"it ended with exit code {done.returncode}"
        raise Refused(f"Slurm did not take the job: {said}; nothing was started: mend that and launch again")
    return job, cluster


def withdraw(job: Job) -> None:
    """Take a job out of Slurm's queue if it waits there; nothing happens to one that runs."""
    _cancel(job, "--state=PENDING")


def ask_to_end(job: Job, *, nodes: int) -> None:
    """SIGTERM to what trains in a running job: it finishes its batch, saves and exits."""
    _cancel(job, "--signal=TERM", *(["--batch"] if nodes == 1 else []))


def end(job: Job) -> None:
    """End a job: Slurm's own way, which is SIGTERM and, half a minute later, SIGKILL to all that is in it."""
    _cancel(job)


def _cancel(job: Job, *flags: str) -> None:
    cluster = [f"--clusters={job.cluster}"] if job.cluster else []
    done = call(["scancel", *cluster, *flags, f"--name={job.name}", job.id])  # by name too: numbers come back
    if done.returncode and "Invalid job id" not in done.stderr:  # that one has ended
        raise RunError(f"Slurm's scancel says: {first_words(done.stderr)}")


def seconds_left() -> float | None:
    """How long the job that this process is in may still run; None when Slurm does not say."""
    try:
        done = call(["squeue", "--noheader", "--format=%L", f"--jobs={os.environ['SLURM_JOB_ID']}"], seconds=3)
        days, _, clock = done.stdout.strip().rpartition("-")
        parts = [int(part) for part in clock.split(":")]
    except (RunError, KeyError, ValueError):
        return None
    return int(days or 0) * 86400.0 + sum(part * 60**place for place, part in enumerate(reversed(parts)))


def has_ended(events: Sequence[Mapping[str, Any]]) -> bool:
    """Whether a run has said its last word, and Slurm is not to start it again by itself."""
    own = next((event["event"] for event in reversed(events) if event["event"] != "stop_requested"), "")
    return own in ("finished", "failed") or (own == "stopped" and ended_by_slurm(events) is None)


def ended_by_slurm(events: Sequence[Mapping[str, Any]]) -> str | None:
    """Why Slurm asked a run to stop, if it did and no person did since the run went on: the beginning of a sentence."""
    reason, num_stops = None, 0
    for event in reversed(events):
        num_stops += event["event"] == "stopped"
        if num_stops > 1:  # the last one is a person's, who took the run out of the queue or set it back
            return None
        if event["event"] == "stop_requested":
            if event.get("by") != "slurm":
                return None
            reason = str(event["reason"])
        if "slurm" in event or "process" in event:
            break
    return reason


def call(
    words: Sequence[str], *, folder: Path | None = None, seconds: float = CALL_SECONDS
) -> subprocess.CompletedProcess:
    """Run one of Slurm's programs; RunError when it is not there or does not answer."""
    ours = ("SQUEUE_", "SACCT_", "SCANCEL_", "SLURM_", "FASHION_SLOTS", "MALLOC_", "OMP_WAIT_POLICY", "GOMP_SPINCOUNT")
    kept = ("SLURM_CONF", "SLURM_CONF_SERVER", "SLURM_CLUSTERS", "SLURM_JWT")
    environment = {name: value for name, value in os.environ.items() if name in kept or not name.startswith(ours)}
    try:
        return subprocess.run(
            list(words),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=seconds,
            cwd=folder,
            env=environment,
        )
    except subprocess.TimeoutExpired:
        raise RunError(f"Slurm's {words[0]} did not answer within {seconds:g} s") from None
    except OSError:
        raise RunError(f"Slurm's {words[0]} is not on this machine") from None


def first_words(text: str) -> str:
    """The first line that a program of Slurm said, without its name before it."""
    line = next((line.strip() for line in text.splitlines() if line.strip()), "")
    return line.removeprefix("sbatch: ").removeprefix("squeue: ").removeprefix("error: ").rstrip(".")[:300]
