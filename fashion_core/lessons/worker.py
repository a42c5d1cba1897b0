"""The process that makes a lesson's data and trains its parts, one after the other. Takes a plan; writes runs.

One process for all parts: loading PyTorch takes as long as one of the trainings. It waits its turn in the lab's queue.
"""

import time
from collections.abc import Callable
from pathlib import Path

from fashion_core import jobs, locks, rights, storage
from fashion_core.data.audit import audit
from fashion_core.errors import RunError
from fashion_core.launch import devices, run_queue
from fashion_core.lessons import datasets, plans, progress
from fashion_core.lessons.plans import Part, Plan
from fashion_core.runs import runs


def work(plan: Plan, *, data_dir: Path, runs_dir: Path, say: Callable[[str], None] = lambda sentence: None) -> None:
    """Train what is not trained yet; returns when all parts are finished. RunError when another process is at it."""
    rights.refuse_read_only("nothing can be trained")
    folder = progress.folder_of(plan, runs_dir)
    try:
        with jobs.at_work(folder, interrupted="it was interrupted") as report:
            if len(progress.finished_runs(plan, runs_dir)) < len(plan.parts):
                _work(plan, data_dir, runs_dir, report, say)
    except locks.Busy as busy:
        raise RunError(f"lesson {plan.lesson} is being trained by another process; follow that one") from busy


def _work(plan: Plan, data_dir: Path, runs_dir: Path, report: jobs.Reporter, say: Callable[[str], None]) -> None:
    report("preparing the photos", 0, 0)
    for data in dict.fromkeys(part.data for part in plan.parts):
        datasets.make(data, data_dir, report)
    held = _wait_for_turn(plan, runs_dir, report, say)
    try:
        for part in plan.parts:
            report(part.name, 0, 0)
            _train(plan, part, data_dir, runs_dir, say)
            report.note(first_seconds=report.record.get("first_seconds") or report.seconds())
        if plan.lesson == "leakage":
            report("looking for copies", 0, 0)
            audit.run(datasets.make(plans.LEAKY, data_dir))
    finally:
        run_queue.release(held)


def _wait_for_turn(
    plan: Plan, runs_dir: Path, report: jobs.Reporter, say: Callable[[str], None]
) -> list[run_queue.Held]:
    """The lab's own slot for the CPU, behind whoever came first."""
    if devices.dealt_out():
        return []
    place = progress.queue_name(plan, runs_dir)
    run_queue.enqueue(place, plan.parts[0].settings.device)
    report("waiting", 0, 0)
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
