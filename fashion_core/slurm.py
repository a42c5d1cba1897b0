"""Speaks with Slurm: submits a script, asks what became of jobs, cancels. Takes ids and names; knows no run's meaning.

A job is its number and its name: numbers come back after a while, the name of a job of ours does not. All open jobs of
a runs directory are asked for in one call of squeue (and one of sacct for those that squeue has forgotten), and the
answer is kept for some seconds. When Slurm does not answer, the answer says so; nothing is guessed.

    events.jsonl  {"event": "submitting", "slurm": {"name", "request"}}              before sbatch is called
                  {"event": "submitted", "slurm": {"name", "request", "job", "cluster"}}
                  {"event": ..., "process": {..., "job": {"id", "name", "cluster"}}}     a process inside a job
"""

import os
import re
import shutil
import subprocess
import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from fashion_core import storage
from fashion_core.errors import RunError
from fashion_core.sbatch import SCRIPT

KEEP_SECONDS, KEEP_ERROR_SECONDS, KEEP_ENDED_SECONDS, CALL_SECONDS = 4.0, 20.0, 60.0, 10.0
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
    done = _call(["sbatch", "--parsable", f"--output={output}", *flags, SCRIPT], folder=folder, seconds=60)
    job, _, cluster = done.stdout.strip().partition("\n")[0].partition(";")
    if done.returncode or not job.isdigit():
        said = _first_words(done.stderr) or f"it ended with exit code {done.returncode}"
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
    done = _call(["scancel", *cluster, *flags, f"--name={job.name}", job.id])  # by name too: numbers come back
    if done.returncode and "Invalid job id" not in done.stderr:  # that one has ended
        raise RunError(f"Slurm's scancel says: {_first_words(done.stderr)}")


def seconds_left() -> float | None:
    """How long the job that this process is in may still run; None when Slurm does not say."""
    try:
        done = _call(["squeue", "--noheader", "--format=%L", f"--jobs={os.environ['SLURM_JOB_ID']}"], seconds=3)
        days, _, clock = done.stdout.strip().rpartition("-")
        parts = [int(part) for part in clock.split(":")]
    except (RunError, KeyError, ValueError):
        return None
    return int(days or 0) * 86400.0 + sum(part * 60**place for place, part in enumerate(reversed(parts)))


def ask(runs_dir: Path, job: Job, *, fresh: bool = False) -> Answer:
    """What Slurm says of a job. One call asks for every open job of ``runs_dir``, and is good for some seconds."""
    if job.id and job.id == os.environ.get("SLURM_JOB_ID"):
        return Answer(state="RUNNING", id=job.id)  # this very process is in it
    with _lock:
        desk = _desks.setdefault(runs_dir.resolve(), _Desk())
        return desk.ask(runs_dir, job, fresh)


class _Desk:
    """Where the jobs of one runs directory are asked for: what was answered last, and when."""

    def __init__(self) -> None:
        self.asked = float("-inf")  # time.time(), to be compared with when a job was submitted
        self.error = ""
        self.answers: dict[str, Answer] = {}
        self.ended: dict[str, tuple[float, Answer]] = {}  # what sacct said, or that it says nothing
        self.open: dict[Path, tuple[tuple[int, int], Job | None]] = {}  # by events.jsonl, with its change and size

    def ask(self, runs_dir: Path, job: Job, fresh: bool) -> Answer:
        now = time.time()
        old = now - self.asked > (KEEP_ERROR_SECONDS if self.error else KEEP_SECONDS) or self.asked > now
        unknown = self.asked <= job.since or not (self.error or _key(job) in self.answers)
        if fresh or old or unknown:
            self._ask_for({_key(one): one for one in [*self._open_jobs(runs_dir), job]}, now)
        return Answer(error=self.error) if self.error else self.answers[_key(job)]

    def _ask_for(self, jobs: Mapping[str, Job], now: float) -> None:
        self.asked, self.error = now, ""
        try:
            self.answers = _ask_squeue(jobs)
        except RunError as error:
            self.error = str(error)
            return
        gone = {key: job for key, job in jobs.items() if key not in self.answers}
        unsure = {key: job for key, job in gone.items() if job.id and now - self._asked_sacct(key) > KEEP_ENDED_SECONDS}
        if unsure:
            told = _ask_sacct(unsure)
            self.ended.update({key: (now, told.get(key, Answer())) for key in unsure})
        for key in gone:
            self.answers[key] = self.ended.get(key, (0.0, Answer()))[1]

    def _asked_sacct(self, key: str) -> float:
        return self.ended[key][0] if key in self.ended else float("-inf")

    def _open_jobs(self, runs_dir: Path) -> list[Job]:
        """The jobs of the runs that have not said a last word; a run's events are read when they have changed."""
        seen = {}
        for script in runs_dir.glob(f"*/{SCRIPT}"):
            path = script.with_name("events.jsonl")
            try:
                found = path.stat()
            except OSError:
                continue
            stamp = (found.st_mtime_ns, found.st_size)
            before = self.open.get(path)
            seen[path] = before if before and before[0] == stamp else (stamp, _open_job(path))
        self.open = seen
        return [job for _, job in seen.values() if job]


_desks: dict[Path, _Desk] = {}
_lock = threading.Lock()


def _open_job(path: Path) -> Job | None:
    events = storage.read_lines(path)
    return None if has_ended(events) else job_of(events)


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


def _key(job: Job) -> str:
    return f"{job.id} {job.name}"


def _ask_squeue(jobs: Mapping[str, Job]) -> dict[str, Answer]:
    found: dict[str, Answer] = {}
    for which, cluster, some in _calls(jobs):
        flags = [f"--clusters={cluster}"] if cluster else []
        words = ["squeue", "--noheader", "--states=all", "--format=%i|%T|%j|%r", *flags]
        done = _call([*words, f"--{which}={','.join(dict.fromkeys(_asked_by(which, some)))}"])
        if done.returncode and "Invalid job id" not in done.stderr:  # so it says of the only one that was asked for
            raise RunError(f"Slurm's squeue says: {_first_words(done.stderr)}")
        found |= _matched(done.stdout, some)
    return found


def _ask_sacct(jobs: Mapping[str, Job]) -> dict[str, Answer]:
    """How ended jobs ended; nothing of those that it does not know, and nothing at all where no accounting is kept."""
    found: dict[str, Answer] = {}
    for which, cluster, some in _calls(jobs):
        flags = [f"--clusters={cluster}"] if cluster else []
        words = ["sacct", "--noheader", "--parsable2", "--allocations", "--format=JobID,State,JobName,Reason", *flags]
        try:
            done = _call([*words, f"--{which}={','.join(_asked_by(which, some))}"])
        except RunError:
            continue
        told = _matched(done.stdout, some)
        # squeue, which speaks for the controller, does not know it: what is said to run here is an old note.
        found |= {key: answer for key, answer in told.items() if not answer.alive}
    return found


def _calls(jobs: Mapping[str, Job]) -> Iterable[tuple[str, str, dict[str, Job]]]:
    """The jobs that can be asked for together: by number or, those without one, by name; 500 at most."""
    grouped: dict[tuple[str, str], list[str]] = {}
    for key, job in jobs.items():
        grouped.setdefault(("jobs" if job.id else "name", job.cluster), []).append(key)
    for (which, cluster), keys in grouped.items():
        for first in range(0, len(keys), 500):
            yield which, cluster, {key: jobs[key] for key in keys[first : first + 500]}


def _asked_by(which: str, jobs: Mapping[str, Job]) -> list[str]:
    return [job.id if which == "jobs" else job.name for job in jobs.values()]


def _matched(text: str, jobs: Mapping[str, Job]) -> dict[str, Answer]:
    """The lines ``number|state|name|reason`` that are about these jobs: both the number and the name must be theirs."""
    found: dict[str, Answer] = {}
    for line in text.splitlines():
        number, _, rest = line.strip().partition("|")
        state, _, rest = rest.partition("|")
        name, _, reason = rest.rpartition("|")
        for key, job in jobs.items():
            if name == job.name and job.id in ("", number) and state:
                found[key] = Answer(state=state.split()[0].rstrip("+"), reason=reason, id=number)
    return found


def _call(
    words: Sequence[str], *, folder: Path | None = None, seconds: float = CALL_SECONDS
) -> subprocess.CompletedProcess:
    """Run one of Slurm's programs; RunError when it is not there or does not answer."""
    ours = ("SQUEUE_", "SACCT_", "SCANCEL_", "SLURM_", "FASHION_SLOTS", "MALLOC_")
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


def _first_words(text: str) -> str:
    """The first line that a program of Slurm said, without its name before it."""
    line = next((line.strip() for line in text.splitlines() if line.strip()), "")
    return line.removeprefix("sbatch: ").removeprefix("squeue: ").removeprefix("error: ").rstrip(".")[:300]
