"""What became of the jobs of a runs directory. Takes jobs, asks Slurm; gives states and reasons, or why there are none.

All open jobs are asked for in one call of squeue, and one of sacct for those that squeue has forgotten; the answer is
good for some seconds. When Slurm does not answer, the answer says so: nothing is guessed.
"""

import os
import threading
import time
from collections.abc import Iterable, Mapping
from pathlib import Path

from fashion_core import storage
from fashion_core.errors import RunError
from fashion_core.launch import slurm
from fashion_core.launch.sbatch import SCRIPT

KEEP_SECONDS, KEEP_ERROR_SECONDS, KEEP_ENDED_SECONDS = 4.0, 20.0, 60.0


def ask(runs_dir: Path, job: slurm.Job, *, fresh: bool = False) -> slurm.Answer:
    """What Slurm says of a job. One call asks for every open job of ``runs_dir``, and is good for some seconds."""
    if job.id and job.id == os.environ.get("SLURM_JOB_ID"):
        return slurm.Answer(state="RUNNING", id=job.id)  # this very process is in it
    with _lock:
        desk = _desks.setdefault(runs_dir.resolve(), _Desk())
        return desk.ask(runs_dir, job, fresh)


class _Desk:
    """Where the jobs of one runs directory are asked for: what was answered last, and when."""

    def __init__(self) -> None:
        self.asked = float("-inf")  # time.time(), to be compared with when a job was submitted
        self.error = ""
        self.answers: dict[str, slurm.Answer] = {}
        self.ended: dict[str, tuple[float, slurm.Answer]] = {}  # what sacct said, or that it says nothing
        self.open: dict[Path, tuple[tuple[int, int], slurm.Job | None]] = {}  # by events.jsonl and its change

    def ask(self, runs_dir: Path, job: slurm.Job, fresh: bool) -> slurm.Answer:
        now = time.time()
        old = now - self.asked > (KEEP_ERROR_SECONDS if self.error else KEEP_SECONDS) or self.asked > now
        unknown = self.asked <= job.since <= now or not (self.error or _key(job) in self.answers)
        if fresh or old or unknown:
            self._ask_for({_key(one): one for one in [*self._open_jobs(runs_dir), job]}, now)
        return slurm.Answer(error=self.error) if self.error else self.answers[_key(job)]

    def _ask_for(self, jobs: Mapping[str, slurm.Job], now: float) -> None:
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
            self.ended.update({key: (now, told.get(key, slurm.Answer())) for key in unsure})
        for key in gone:
            self.answers[key] = self.ended.get(key, (0.0, slurm.Answer()))[1]

    def _asked_sacct(self, key: str) -> float:
        return self.ended[key][0] if key in self.ended else float("-inf")

    def _open_jobs(self, runs_dir: Path) -> list[slurm.Job]:
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


def _open_job(path: Path) -> slurm.Job | None:
    events = storage.read_lines(path)
    return None if slurm.has_ended(events) else slurm.job_of(events)


def _key(job: slurm.Job) -> str:
    return f"{job.id} {job.name}"


def _ask_squeue(jobs: Mapping[str, slurm.Job]) -> dict[str, slurm.Answer]:
    found: dict[str, slurm.Answer] = {}
    for which, cluster, some in _calls(jobs):
        flags = [f"--clusters={cluster}"] if cluster else []
        words = ["squeue", "--noheader", "--states=all", "--format=%i|%T|%j|%r", *flags]
        done = slurm.call([*words, f"--{which}={','.join(dict.fromkeys(_asked_by(which, some)))}"])
        if done.returncode and "Invalid job id" not in done.stderr:  # so it says of the only one that was asked for
            raise RunError(f"Slurm's squeue says: {slurm.first_words(done.stderr)}")
        found |= _matched(done.stdout, some)
    return found


def _ask_sacct(jobs: Mapping[str, slurm.Job]) -> dict[str, slurm.Answer]:
    """How ended jobs ended; nothing of those that it does not know, and nothing at all where no accounting is kept."""
    found: dict[str, slurm.Answer] = {}
    for which, cluster, some in _calls(jobs):
        flags = [f"--clusters={cluster}"] if cluster else []
        words = ["sacct", "--noheader", "--parsable2", "--allocations", "--format=JobID,State,JobName,Reason", *flags]
        try:
            done = slurm.call([*words, f"--{which}={','.join(_asked_by(which, some))}"])
        except RunError:
            continue
        told = _matched(done.stdout, some)
        # squeue, which speaks for the controller, does not know it: what is said to run here is an old note.
        found |= {key: answer for key, answer in told.items() if not answer.alive}
    return found


def _calls(jobs: Mapping[str, slurm.Job]) -> Iterable[tuple[str, str, dict[str, slurm.Job]]]:
    """The jobs that can be asked for together: by number or, those without one, by name; 500 at most."""
    grouped: dict[tuple[str, str], list[str]] = {}
    for key, job in jobs.items():
        grouped.setdefault(("jobs" if job.id else "name", job.cluster), []).append(key)
    for (which, cluster), keys in grouped.items():
        for first in range(0, len(keys), 500):
            yield which, cluster, {key: jobs[key] for key in keys[first : first + 500]}


def _asked_by(which: str, jobs: Mapping[str, slurm.Job]) -> list[str]:
    return [job.id if which == "jobs" else job.name for job in jobs.values()]


def _matched(text: str, jobs: Mapping[str, slurm.Job]) -> dict[str, slurm.Answer]:
    """The lines ``number|state|name|reason`` that are about these jobs: both the number and the name must be theirs."""
    found: dict[str, slurm.Answer] = {}
    for line in text.splitlines():
        number, _, rest = line.strip().partition("|")
        state, _, rest = rest.partition("|")
        name, _, reason = rest.rpartition("|")
        for key, job in jobs.items():
            if name == job.name and job.id in ("", number) and state:
                found[key] = slurm.Answer(state=state.split()[0].rstrip("+"), reason=reason, id=number)
    return found
