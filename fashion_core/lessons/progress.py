"""A lesson's trainings on this machine: start them, follow them, find them again. Takes plans and folders; no torch.

    <runs>/.lessons/<plan's key>/progress.json    whose process works on it, since when, how far; error, seconds
    <runs>/.lessons/<plan's key>/lock, log.txt    the process holds the lock while it works
    <runs>/.lessons/<plan's key>/started.json     who pressed the button, where that is known (starters)
    <runs>/.lessons/<plan's key>/<part>/          a run directory like any other; the lab's list does not show it

Equal plans have one directory: whoever asks for a lesson that is trained reads it, and one that is being trained is
followed. Who works there is ``lesson_work``; it needs nobody who watches.
"""

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fashion_core import locks, rights, storage
from fashion_core.errors import RunError
from fashion_core.launch import actions, background, run_queue
from fashion_core.launch.status import status_of
from fashion_core.lessons.plans import Part, Plan
from fashion_core.runs import processes, runs, started_by

FOLDER = ".lessons"
DATA_SHARE = 0.15  # of the whole work, for the progress bar; photos that must be drawn take longer
LAST_WORDS = ("finished", "stopped")  # stages after which the process only ends
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
    folder = folder_of(plan, runs_dir)
    done = tuple(finished_runs(plan, runs_dir))
    told = _progress(folder)
    over = told["stage"] in LAST_WORDS
    alive = not over and (locks.is_held(folder / "lock") or processes.is_alive(told["process"]))
    taken, first = told["seconds"], told["first_seconds"]
    if len(done) == len(plan.parts) and not alive:
        return State(word=FINISHED, sentence="Trained on this machine.", share=1.0, done=done, seconds=taken,
                     first_seconds=first)  # fmt: skip
    if alive:
        sentence, share = _working(plan, runs_dir, told)
        return State(word=ACTIVE, sentence=sentence, share=share, done=done, seconds=time.time() - told["began"],
                     first_seconds=first)  # fmt: skip
    if not told["began"] and not done:
        return State(word=ABSENT, sentence="Nothing is trained yet.", share=0.0, done=(), seconds=None,
                     first_seconds=None)  # fmt: skip
    why = f"It stopped: {told['error'].rstrip('.')}." if told["error"] else "Its process ended before it was done."
    kept = f" {len(done)} of {len(plan.parts)} trainings are kept." if done else ""
    return State(word=STOPPED, sentence=f"{why}{kept}", share=len(done) / len(plan.parts), done=done, seconds=None,
                 first_seconds=first)  # fmt: skip


def _progress(folder: Path) -> dict[str, Any]:
    """progress.json, whole: what is missing or damaged in it is what nobody has said."""
    told: dict[str, Any] = {"process": {"pid": 0, "started": 0.0}, "began": 0.0, "stage": "", "done": 0, "total": 0,
                            "error": "", "seconds": None, "first_seconds": None}  # fmt: skip
    try:
        found = storage.read_json(folder / "progress.json")
        process = found["process"]
        told["process"] = {"pid": int(process["pid"]), "started": float(process["started"])}
        told["began"] = float(found["began"])
        told |= {"stage": str(found["stage"]), "done": int(found["done"]), "total": int(found["total"])}
        told["error"] = str(found["error"])
        told |= {name: None if found[name] is None else float(found[name]) for name in ("seconds", "first_seconds")}
    except (OSError, ValueError, KeyError, TypeError):
        pass
    return told


def _working(plan: Plan, runs_dir: Path, told: dict[str, Any]) -> tuple[str, float]:
    if waits := run_queue.sentence(queue_name(plan, runs_dir)):
        return waits, DATA_SHARE
    stage, total = told["stage"], told["total"]
    for place, part in enumerate(plan.parts):
        if part.name != stage:
            continue
        run = run_of(plan, part, runs_dir)
        status = status_of(run) if run else None
        own = status.step / status.total_steps if status and status.total_steps else 0.0
        share = DATA_SHARE + (1 - DATA_SHARE) * (place + min(1.0, own)) / len(plan.parts)
        epoch = f", epoch {status.epoch} of {part.settings.epochs}" if status and status.step else ""
        return f"Training {place + 1} of {len(plan.parts)}: {part.words[:1].lower()}{part.words[1:]}{epoch}.", share
    if not stage:
        return "Starting.", 0.0
    counted = f": {told['done']:,} of {total:,}" if total else ""
    share = DATA_SHARE * min(1.0, told["done"] / total) if total else 0.0
    return f"{stage[:1].upper()}{stage[1:]}{counted}.", share


def start(plan: Plan, *, data_dir: Path, runs_dir: Path) -> None:
    """Train the plan in a detached process; nothing happens when that is done, or being done, already.

    ReadOnlyError for whoever may not launch.
    """
    rights.refuse_read_only(actions.NO_LAUNCH)
    folder = folder_of(plan, runs_dir)
    try:
        with locks.hold(folder / "start.lock", seconds=5):  # two who press at once start one process
            if look(plan, runs_dir).word in (ACTIVE, FINISHED):
                return
            words = ["lesson", plan.lesson, "--seed", str(plan.seed)]
            words += ["--data-dir", str(data_dir.resolve()), "--runs-dir", str(runs_dir.resolve())]
            began = time.time()
            started_by.remember(folder)
            pid = background.detach(background.command_line(words), folder / "log.txt")
            tell(folder, process=processes.process_identity(pid), began=began)
    except locks.Busy as busy:
        raise RunError("the lesson is being started by somebody else; look again in a moment") from busy


def stop(plan: Plan, runs_dir: Path, wait_seconds: float = 10.0) -> None:
    """End the process that trains the plan, by whomever it was started; trainings that are finished are kept.

    Nothing happens when none is at work. ReadOnlyError for whoever may not launch; RunError when the process is on
    another machine.
    """
    rights.refuse_read_only(actions.NO_CHANGE)
    if look(plan, runs_dir).word != ACTIVE:
        return
    folder = folder_of(plan, runs_dir)
    told = _progress(folder)
    process = processes.find(told["process"])
    if process is None:
        raise RunError(f"lesson {plan.lesson} is trained by a process that is not on this machine; stop it there")
    processes.end(process, wait_seconds)
    if processes.is_alive(told["process"]):
        raise RunError(f"the process of lesson {plan.lesson} ({process.pid}) does not end; look again in a moment")
    tell(folder, process=told["process"], began=told["began"], stage="stopped", error="it was told to stop",
         first_seconds=told["first_seconds"])  # fmt: skip


def tell(
    folder: Path,
    *,
    process: dict[str, Any],
    began: float,
    stage: str = "",
    done: int = 0,
    total: int = 0,
    error: str = "",
    seconds: float | None = None,
    first_seconds: float | None = None,
) -> None:
    """Write progress.json as a whole."""
    record = {"process": process, "began": began, "stage": stage, "done": done, "total": total, "error": error}
    storage.write_json(folder / "progress.json", record | {"seconds": seconds, "first_seconds": first_seconds})


def began(folder: Path) -> float:
    """When the process that works there was started, as seconds since 1970; 0 when nobody has said it."""
    return float(_progress(folder)["began"])


def finished_or_refuse(plan: Plan, runs_dir: Path) -> dict[str, runs.Run]:
    """Part -> run of a finished plan; RunError with the command when a part is missing."""
    found = finished_runs(plan, runs_dir)
    if len(found) < len(plan.parts):
        raise RunError(
            f"lesson {plan.lesson} has {len(found)} of {len(plan.parts)} trainings here; run: python -m fashion_core "
            f"lesson {plan.lesson}"
        )
    return found
