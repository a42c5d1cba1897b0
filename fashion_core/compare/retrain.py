"""Train a finished run again from scratch, as a new run that names the one it reproduces.

Takes a run and the two places; checks that photos, first weights and devices are there, then launches. No torch.
"""

import itertools
from pathlib import Path

from fashion_core import rights
from fashion_core.compare import reproduce
from fashion_core.data import datasets, pixels
from fashion_core.errors import FashionError, RunError
from fashion_core.launch import actions, devices
from fashion_core.launch.status import status_of
from fashion_core.runs import runs
from fashion_core.runs.record import Reproduces
from fashion_core.settings import pretrained


def start(
    run: runs.Run, *, data_dir: Path, runs_dir: Path, run_id: str | None = None, threads: int | None = None
) -> str:
    """Train a finished run again from scratch as a new run, detached: same settings, photos, processes and, where they
    were recorded, threads (``threads`` says other ones). Its config.json names the run that it reproduces. The new id.

    RunError when the run has not finished, or its photos or first weights are not here or are others.
    """
    rights.refuse_read_only(actions.NO_LAUNCH)
    if status_of(run).state != "finished":
        raise RunError(
            f"run {run.id!r} is {status_of(run).state}; only a finished run can be trained again and compared"
        )
    found = datasets.list_datasets(data_dir)
    dataset = runs.dataset_of(run, found)
    if dataset is None:
        told, bring = reproduce.missing_words(run, found), run.dataset.bring
        raise RunError(f"run {run.id!r} cannot be trained again here: {told}; run: {bring}")
    _check_photos(run, dataset)
    _check_first_weights(run, data_dir)
    num_processes = reproduce.num_processes(run)
    devices.slots_for(run.settings.device, num_processes)
    recorded = reproduce.computed_of(run).get("threads", "")
    threads = threads or (int(recorded) if recorded.isdigit() else None)
    made = runs.create_run(
        dataset,
        run.settings,
        runs_dir=runs_dir,
        run_id=run_id or _free_id(run, runs_dir),
        reproduces=Reproduces(run=run.id, created=run.created, threads=threads),
    )
    actions.start(made, data_dir=data_dir, num_processes=num_processes)
    return made.id


def _free_id(run: runs.Run, runs_dir: Path) -> str:
    names = (reproduce.again(run.id.lower(), number) for number in itertools.count(1))
    return next(name for name in names if not (runs_dir / name).exists())


def _check_photos(run: runs.Run, dataset: datasets.Dataset) -> None:
    """The photos are read once a size; after that they may be elsewhere."""
    try:
        pixels.open_pixels(dataset, *run.settings.image_size, run.settings.resize)
    except FashionError:
        if not dataset.root.exists():
            raise RunError(
                f"run {run.id!r} cannot be trained again: the photos of {dataset.name!r} are not at {dataset.root} any "
                f"more; put them back, or run: {dataset.bring}"
            ) from None


def _check_first_weights(run: runs.Run, data_dir: Path) -> None:
    """Those that the run began with, not others of that name."""
    told = run.record.pretrained
    if told and told.get("sha256"):
        here = pretrained.record(run.settings.model, data_dir)["sha256"]
        if here != told["sha256"]:
            raise RunError(
                f"run {run.id!r} started from weights with sha256 {str(told['sha256'])[:12]}, and those of "
                f"{run.settings.model} here have {here[:12]}; bring the same ones ({told.get('source')})"
            )
