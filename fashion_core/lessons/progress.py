"""A lesson's trainings on this machine: start them, follow them, find them again. Takes plans and folders; no torch.

    <runs>/.lessons/<plan's key>/                 the files of its job (jobs), and its words in log.txt
    <runs>/.lessons/<plan's key>/started.json     who pressed the button, where that is known (started_by)
    <runs>/.lessons/<plan's key>/<part>/          a run directory like any other; the lab's list does not show it

Equal plans have one directory: whoever asks for a lesson that is trained reads it, and one that is being trained is
followed. Who works there is ``worker``; it needs nobody who watches.
"""

import time
from dataclasses import dataclass
from pathlib import Path

from fashion_core import jobs, processes, rights
from fashion_core.errors import RunError
from fashion_core.jobs import Job
from fashion_core.launch import actions, background, run_queue
from fashion_core.launch.status import status_of
from fashion_core.lessons.plans import Part, Plan
from fashion_core.runs import runs, started_by

FOLDER = ".lessons"
DATA_SHARE = 0.15  # of the whole work, for the progress bar; photos that must be drawn take longer
ABSENT, ACTIVE, FINISHED, STOPPED = "absent", "active", "finished", "stopped"


@dataclass(frozen=True, kw_only=True)
class State:
    """How far a lesson's trainings are: ``word`` (absent, active, finished, stopped), one sentence, a share 0 to 1.

    ``done`` are the parts whose run is finished. ``seconds`` is how long it has taken so far, or took, from the press
    of the button; ``first_seconds`` to the first finished part. Both are None where nobody has measured them.
    """

    word: str
    sentence: str
    share: float
    done: tuple[str, ...]
    seconds: float | None
    first_seconds: float | None


def folder_of(plan: Plan, runs_dir: Path) -> Path:
    """Where the runs of this plan lie."""
    return runs_dir / FOLDER / plan.key


def queue_name(plan: Plan, runs_dir: Path) -> Path:
    """What stands in the lab's queue for the plan: it takes its device once for all parts. No such folder is made."""
    return runs_dir / f"lesson-{plan.lesson}-{plan.seed}"


def run_of(plan: Plan, part: Part, runs_dir: Path) -> runs.Run | None:
    """The run of a part, None before it was made or when its directory is damaged."""
    folder = folder_of(plan, runs_dir) / part.name
    try:
        return runs.open_run(folder) if (folder / "config.json").exists() else None
    except RunError:
        return None


def is_finished(run: runs.Run, part: Part) -> bool:
    """Whether the run has ended as it should and has answered every split that the lesson asks it."""
    ended = (run.folder / "summary.json").exists()
    return ended and all((run.folder / f"predictions-{split}.parquet").exists() for split in part.splits)


def finished_runs(plan: Plan, runs_dir: Path) -> dict[str, runs.Run]:
    """Part -> run, for the parts that are finished."""
    found = {part.name: run_of(plan, part, runs_dir) for part in plan.parts}
    return {part.name: run for part in plan.parts if (run := found[part.name]) and is_finished(run, part)}


def look(plan: Plan, runs_dir: Path) -> State:
    """What is known of the plan's trainings now; computed from the lock, the process and the runs, never stored."""
    job = jobs.look(folder_of(plan, runs_dir))
    done = tuple(finished_runs(plan, runs_dir))
    taken, first = (job.seconds, job.noted.get("first_seconds")) if job else (None, None)
    first = first if isinstance(first, float | int) else None
    if job and job.active:
        sentence, share = _working(plan, runs_dir, job)
        return State(word=ACTIVE, sentence=sentence, share=share, done=done, seconds=time.time() - job.began,
                     first_seconds=first)  # fmt: skip
    if len(done) == len(plan.parts):
        return State(word=FINISHED, sentence="Trained on this machine.", share=1.0, done=done, seconds=taken,
                     first_seconds=first)  # fmt: skip
    if not job and not done:
        return State(word=ABSENT, sentence="Nothing is trained yet.", share=0.0, done=(), seconds=None,
                     first_seconds=None)  # fmt: skip
    error = job.error if job else ""
    why = f"It stopped: {error.rstrip('.')}." if error else "Its process ended before it was done."
    kept = f" {len(done)} of {len(plan.parts)} trainings are kept." if done else ""
    return State(word=STOPPED, sentence=f"{why}{kept}", share=len(done) / len(plan.parts), done=done, seconds=None,
                 first_seconds=first)  # fmt: skip


def _working(plan: Plan, runs_dir: Path, job: Job) -> tuple[str, float]:
    if waits := run_queue.sentence(queue_name(plan, runs_dir)):
        return waits, DATA_SHARE
    for place, part in enumerate(plan.parts):
        if part.name != job.stage:
            continue
        run = run_of(plan, part, runs_dir)
        status = status_of(run) if run else None
        own = status.step / status.total_steps if status and status.total_steps else 0.0
        share = DATA_SHARE + (1 - DATA_SHARE) * (place + min(1.0, own)) / len(plan.parts)
        epoch = f", epoch {status.epoch} of {part.settings.epochs}" if status and status.step else ""
        return f"Training {place + 1} of {len(plan.parts)}: {part.words[:1].lower()}{part.words[1:]}{epoch}.", share
    if not job.stage:
        return "Starting.", 0.0
    counted = f": {job.done:,} of {job.total:,}" if job.total else ""
    share = DATA_SHARE * min(1.0, job.done / job.total) if job.total else 0.0
    return f"{job.stage[:1].upper()}{job.stage[1:]}{counted}.", share


def start(plan: Plan, *, data_dir: Path, runs_dir: Path) -> None:
    """Train the plan in a detached process; nothing happens when that is done, or being done, already.

    ReadOnlyError for whoever may not launch.
    """
    rights.refuse_read_only(actions.NO_LAUNCH)
    folder = folder_of(plan, runs_dir)
    if look(plan, runs_dir).word in (ACTIVE, FINISHED):
        return
    words = ["lesson", plan.lesson, "--seed", str(plan.seed)]
    words += ["--data-dir", str(data_dir.resolve()), "--runs-dir", str(runs_dir.resolve())]
    started_by.remember(folder)
    background.start(background.command_line(words), folder)


def stop(plan: Plan, runs_dir: Path, wait_seconds: float = 10.0) -> None:
    """End the process that trains the plan, by whomever it was started; trainings that are finished are kept.

    Nothing happens when none is at work. ReadOnlyError for whoever may not launch; RunError when the process is on
    another machine.
    """
    rights.refuse_read_only(actions.NO_CHANGE)
    folder = folder_of(plan, runs_dir)
    job = jobs.look(folder)
    if job is None or not job.active:
        return
    process = processes.find(dict(job.process)) if job.process else None
    if process is None:
        raise RunError(f"lesson {plan.lesson} is trained by a process that is not on this machine; stop it there")
    processes.end(process, wait_seconds)
    if processes.is_alive(dict(job.process)):
        raise RunError(f"the process of lesson {plan.lesson} ({process.pid}) does not end; look again in a moment")
    jobs.stopped(folder, "it was told to stop")


def finished_or_refuse(plan: Plan, runs_dir: Path) -> dict[str, runs.Run]:
    """Part -> run of a finished plan; RunError with the command when a part is missing."""
    found = finished_runs(plan, runs_dir)
    if len(found) < len(plan.parts):
        raise RunError(
            f"lesson {plan.lesson} has {len(found)} of {len(plan.parts)} trainings here; run: python -m fashion_core "
            f"lesson {plan.lesson}"
        )
    return found
