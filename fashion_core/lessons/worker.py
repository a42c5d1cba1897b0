"""The process that makes a lesson's data and trains its parts, one after the other. Takes a plan; writes runs.

One process for all parts: loading PyTorch takes as long as one of the trainings. It waits its turn in the lab's queue.
"""

import time
from collections.abc import Callable
from pathlib import Path

from fashion_core import locks, rights, storage
from fashion_core.data.audit import audit
from fashion_core.errors import FashionError, RunError
from fashion_core.launch import devices, run_queue
from fashion_core.lessons import datasets, plans, progress
from fashion_core.lessons.plans import Part, Plan
from fashion_core.runs import processes, runs


def work(plan: Plan, *, data_dir: Path, runs_dir: Path, say: Callable[[str], None] = lambda sentence: None) -> None:
    """Train what is not trained yet; returns when all parts are finished. RunError when another process is at it."""
    rights.refuse_read_only("nothing can be trained")
    folder = progress.folder_of(plan, runs_dir)
    try:
        with locks.hold(folder / "lock", seconds=2):
            if len(progress.finished_runs(plan, runs_dir)) == len(plan.parts):
                return
            _work(plan, data_dir, runs_dir, _Teller(folder), say)
    except locks.Busy as busy:
        raise RunError(f"lesson {plan.lesson} is being trained by another process; follow that one") from busy


def _work(plan: Plan, data_dir: Path, runs_dir: Path, tell: "_Teller", say: Callable[[str], None]) -> None:
    try:
        tell("preparing the photos", 0, 0, at_once=True)
        for data in dict.fromkeys(part.data for part in plan.parts):
            datasets.make(data, data_dir, tell)
        held = _wait_for_turn(plan, runs_dir, tell, say)
        try:
            for part in plan.parts:
                tell(part.name, 0, 0, at_once=True)
                _train(plan, part, data_dir, runs_dir, say)
                tell.first_seconds = tell.first_seconds or tell.seconds()
            if plan.lesson == "leakage":
                tell("looking for copies", 0, 0, at_once=True)
                audit.run(datasets.make(plans.LEAKY, data_dir))
        finally:
            run_queue.release(held)
    except BaseException as error:
        told = isinstance(error, (FashionError, OSError))
        tell.failed(str(error) if told else f"it was interrupted ({type(error).__name__})")
        raise
    tell.finished()


def _wait_for_turn(plan: Plan, runs_dir: Path, tell: "_Teller", say: Callable[[str], None]) -> list[run_queue.Held]:
    """The lab's own slot for the CPU, behind whoever came first."""
    if devices.dealt_out():
        return []
    place = progress.queue_name(plan, runs_dir)
    run_queue.enqueue(place, plan.parts[0].settings.device)
    tell("waiting", 0, 0, at_once=True)
    said = ""
    while True:
        held = run_queue.take(place)
        if held is not None:
            return held
        waits = run_queue.sentence(place) or ""
        if waits != said:
            said = waits
            say(waits)
        time.sleep(0.5)


def _train(plan: Plan, part: Part, data_dir: Path, runs_dir: Path, say: Callable[[str], None]) -> None:
    from fashion_core.models import inference
    from fashion_core.training import loop  # two seconds of torch, when the device is ours

    dataset = datasets.find(part.data, data_dir)
    assert dataset is not None, "it was made a moment ago"
    run = progress.run_of(plan, part, runs_dir)
    if run is None:
        folder = progress.folder_of(plan, runs_dir) / part.name
        if folder.exists():  # of a process that ended between two writes
            storage.remove_folder(folder)
        run = runs.create_run_at(dataset, part.settings, folder)
    if not (run.folder / "summary.json").exists():
        loop.train(run, dataset, say=say)
    for split in part.splits:
        if not (run.folder / f"predictions-{split}.parquet").exists():
            inference.evaluate(run, dataset, split, device=part.settings.device)


class _Teller:
    """Says in progress.json how far the work is, four times a second at most."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.process = folder, processes.process_identity()
        began = progress.began(folder)
        # the button's moment where it started this process; else now
        self.began = began if 0 <= time.time() - began < 60 and not _ended(folder) else time.time()
        self.first_seconds: float | None = None
        self.told_at = 0.0

    def seconds(self) -> float:
        return round(time.time() - self.began, 1)

    def __call__(self, stage: str, done: int, total: int, *, at_once: bool = False) -> None:
        if at_once or time.monotonic() - self.told_at >= 0.25:
            self.told_at = time.monotonic()
            self._tell(stage=stage, done=done, total=total)

    def failed(self, why: str) -> None:
        try:
            self._tell(stage="stopped", error=why)
        except OSError:  # the disk may be what failed; the error itself is on its way
            pass

    def finished(self) -> None:
        self._tell(stage="finished", seconds=self.seconds())

    def _tell(self, **told: object) -> None:
        progress.tell(
            self.folder, process=self.process, began=self.began, first_seconds=self.first_seconds, **told  # type: ignore[arg-type]
        )  # fmt: skip


def _ended(folder: Path) -> bool:
    """Whether what progress.json says is of work that has ended."""
    try:
        return str(storage.read_json(folder / "progress.json")["stage"]) in progress.LAST_WORDS
    except (OSError, ValueError, KeyError, TypeError):
        return True
