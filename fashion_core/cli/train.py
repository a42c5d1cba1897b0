"""Commands that train: train, resume, and ``run``, which launchers start.

What trains in this process is ``foreground``.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from fashion_core import storage
from fashion_core.cli import foreground
from fashion_core.cli.console import (
    DATA_DIR,
    RUNS_DIR,
    Account,
    Backend,
    DataDir,
    Device,
    Gpus,
    Json,
    Nodes,
    Nproc,
    Partition,
    RunsDir,
    SlurmOptions,
    TimeLimit,
    answer,
    app,
    say,
)
from fashion_core.cli.foreground import Place
from fashion_core.data import datasets
from fashion_core.errors import RunError, WrongUse
from fashion_core.labels import counted
from fashion_core.launch import actions, devices, launchers, sbatch, slurm
from fashion_core.launch.status import status_of
from fashion_core.metrics import enough
from fashion_core.runs import runs
from fashion_core.settings import recipes
from fashion_core.settings.config import Settings

NoWait = Annotated[
    bool, typer.Option("--no-wait", help="Refuse to start when another run has the device, instead of waiting.")
]


@dataclass(frozen=True, kw_only=True)
class _Asked:
    """What a person wants trained: the settings of a new run on a dataset, and what to call it."""

    dataset: str | None
    recipe: str | None
    sets: list[str]
    run_id: str | None
    run_dir: Path | None

    def settings(self) -> Settings:
        return recipes.settings_for(self.recipe or "report", self.sets)

    def named_dataset(self) -> str:
        if self.dataset is None:
            raise WrongUse("train needs a dataset; run: python -m fashion_core datasets")
        return self.dataset


@app.command()
def train(
    dataset: Annotated[str | None, typer.Argument(help="Name of an imported dataset.")] = None,
    recipe: Annotated[
        str | None,
        typer.Option("--recipe", help=f"A named set of settings: {', '.join(recipes.RECIPES)}; report if not given."),
    ] = None,
    sets: Annotated[list[str] | None, typer.Option("--set", help="key=value; changes one setting.")] = None,
    device: Device = None,
    run_id: Annotated[str | None, typer.Option("--run-id", help="The run's directory name.")] = None,
    run_dir: Annotated[Path | None, typer.Option("--run-dir", resolve_path=True, hidden=True)] = None,
    detach: Annotated[bool, typer.Option("--detach", help="Start in the background and return at once.")] = False,
    seeds: Annotated[
        int | None, typer.Option("--seeds", help="Launch so many runs as one group: seed, seed + 1, ...")
    ] = None,
    twin: Annotated[
        str | None, typer.Option("--twin", help="key=value; launch a second run too, in which this setting differs.")
    ] = None,
    nproc: Nproc = 1,
    no_wait: NoWait = False,
    backend: Backend = None,
    partition: Partition = None,
    time_limit: TimeLimit = None,
    gpus: Gpus = None,
    nodes: Nodes = None,
    account: Account = None,
    slurm_options: SlurmOptions = None,
    as_json: Json = False,
    data_dir: DataDir = DATA_DIR,
    runs_dir: RunsDir = RUNS_DIR,
) -> None:
    """Train a classifier; the run directory has everything that pages and reports show."""
    if run_dir is not None and run_id is not None:
        raise WrongUse(f"--run-dir names the directory, so --run-id {run_id} has no place; leave one of them out")
    if foreground.is_rank() and run_dir is None:
        raise WrongUse("under torchrun every process must know the run's directory; give --run-dir DIR")
    if run_dir is not None:
        foreground.await_config(run_dir)
    sets = [*(sets or []), *([f"device={device}"] if device else [])]
    asked = _Asked(dataset=dataset, recipe=recipe, sets=sets, run_id=run_id, run_dir=run_dir)
    place = Place(data_dir=data_dir, runs_dir=runs_dir, as_json=as_json, num_processes=nproc, wait=not no_wait)
    request = _request(
        backend, None, nproc, nodes, gpus, slurm_options, partition=partition, time=time_limit, account=account
    )
    if request is not None:
        _check_slurm(run_dir or runs_dir, no_wait)
    if seeds is not None or twin is not None:
        _check_group(seeds, twin, asked, no_wait)
        _answer_group(_launch_group(asked, place, request, seeds, twin), detach or request is not None, as_json)
    elif run_dir is not None and (run_dir / "config.json").exists():
        run = runs.open_run(run_dir)
        _check_same_request(run, asked, data_dir)
        _launch(run, place, request, detach)
    else:
        run = _make_run(asked, place, request)
        try:
            _launch(run, place, request, detach)
        except RunError as error:
            if isinstance(error, slurm.Refused) or (no_wait and not run.events()):  # it leaves nothing
                storage.remove_folder(run.folder)
            raise


@app.command("run", hidden=True)
def run_(
    folder: Annotated[Path, typer.Argument(resolve_path=True)],
    nproc: Nproc = 1,
    as_json: Json = False,
    data_dir: DataDir = DATA_DIR,
    runs_dir: RunsDir = RUNS_DIR,
) -> None:
    """Train the run in FOLDER from its newest saved step on: what launchers, the queue and torchrun start."""
    foreground.await_config(folder)
    place = Place(data_dir=data_dir, runs_dir=runs_dir, as_json=as_json, num_processes=nproc)
    _launch(runs.open_run(folder), place, None, detach=False)


def _make_run(asked: _Asked, place: Place, request: sbatch.Request | None) -> runs.Run:
    """The directory of a new run, once everything that could refuse it was asked."""
    name, settings = asked.named_dataset(), asked.settings()
    dataset = datasets.find_dataset(place.data_dir, name)
    for sentence in filter(None, (enough.sentence(split, dataset.splits.get(split, 0)) for split in ("val", "test"))):
        say(f"note: {sentence}")
    if request is None:
        devices.slots_for(settings.device, place.num_processes)
    if asked.run_dir is not None:
        return runs.create_run_at(dataset, settings, asked.run_dir)
    return runs.create_run(dataset, settings, runs_dir=place.runs_dir, run_id=asked.run_id)


def _launch(run: runs.Run, place: Place, request: sbatch.Request | None, detach: bool) -> None:
    """Train a run whose directory is there: in a process of its own, in Slurm or here."""
    summary = run.summary()
    if summary and status_of(run).state == "finished" and not run.unanswered():
        # a scheduler may ask again; nothing is left to do
        answer(summary.to_json(), place.as_json, [f"run {run.id} is finished already"])
    elif detach or request is not None:
        foreground.refuse_twice(run)
        num_processes, wait = place.num_processes, place.wait
        actions.start(run, data_dir=place.data_dir, num_processes=num_processes, wait=wait, request=request)
        _answer_launched(run, place.as_json)
    else:
        foreground.train(run, place)


def _launch_group(
    asked: _Asked, place: Place, request: sbatch.Request | None, seeds: int | None, twin: str | None
) -> list[runs.Run]:
    """The runs of a group of seeds or of a pair of twins, all of them launched."""
    name, settings = asked.named_dataset(), asked.settings()
    where = actions.Where(
        data_dir=place.data_dir,
        runs_dir=place.runs_dir,
        run_id=asked.run_id,
        num_processes=place.num_processes,
        request=request,
    )
    if seeds is not None:
        ids = actions.start_group(name, settings, seeds, where)
    else:
        assert twin is not None
        ids = actions.start_twin(name, settings, twin, where)
    return [runs.find_run(place.runs_dir, run_id) for run_id in ids]


def _request(
    backend: str | None,
    before: sbatch.Request | None,
    nproc: int,
    nodes: int | None,
    gpus: int | None,
    options: list[str] | None,
    **named: str | None,
) -> sbatch.Request | None:
    """What to ask Slurm for; None to train on this machine. ``before`` is what the run had asked for."""
    if backend not in (None, "local", "slurm"):
        raise WrongUse(f"--backend must be local or slurm, got {backend!r}")
    if backend == "local" or (backend is None and before is None):
        given = {"nodes": nodes, "gpus": gpus, "slurm": options, **named}
        for name, value in given.items():
            if value is not None:
                raise WrongUse(f"--{name} is an option of --backend slurm; give that too, or leave --{name} out")
        return None
    processes = nproc if nproc > 1 else None
    return sbatch.request(before, nodes=nodes, processes=processes, gpus=gpus, options=options or (), **named)


def _check_slurm(folder: Path, no_wait: bool) -> None:
    if no_wait:
        raise WrongUse("a job waits in Slurm for its nodes, so --no-wait has no place; leave it out")
    slurm.require()
    launchers.check_path(folder)


def _answer_launched(run: runs.Run, as_json: bool) -> None:
    status = status_of(run)
    line = status.sentence if status.state == "queued" else "started"
    job = slurm.job_of(run.events())
    document = {"run_id": run.id, "status": status.state, **({"job": job.id} if job and job.submitted else {})}
    answer(document, as_json, [f"run {run.id}: {line}"])


def _check_group(seeds: int | None, twin: str | None, asked: _Asked, no_wait: bool) -> None:
    word = "--seeds" if seeds is not None else "--twin"
    if seeds is not None and twin is not None:
        raise WrongUse("--seeds and --twin make different groups; launch one after the other")
    asked.named_dataset()
    if asked.run_dir is not None:
        raise WrongUse(f"--run-dir is the directory of one run and {word} makes several; give --run-id NAME instead")
    if no_wait:
        raise WrongUse(f"the runs of {word} wait for each other, so --no-wait has no place; leave it out")


def _answer_group(members: list[runs.Run], detach: bool, as_json: bool) -> None:
    """The runs of a group train in processes of their own; this one only watches, and stops them when it is stopped."""
    group = members[0].record.group
    document = {"run_ids": [run.id for run in members], "group": group and group.to_json()}
    if detach:
        answer({**document, "status": "starting"}, as_json, [f"run {run.id} launched" for run in members])
        return
    said = foreground.watch(members)
    summaries = [(run, run.summary()) for run in members]
    lines = [
        f"run {run.id} {ended.status if ended else said[run.id]}, val accuracy {ended.val_accuracy if ended else None}"
        for run, ended in summaries
    ]
    documents = [ended.to_json() if ended else {"run_id": run.id, "status": said[run.id]} for run, ended in summaries]
    answer({**document, "runs": documents}, as_json, lines)
    stopped = [run.id for run in members if said[run.id] == "stopped"]
    if stopped:
        say(f"stopped as asked: {', '.join(stopped)}; go on with: python -m fashion_core resume RUN")
    missed = [run.id for run in members if said[run.id] not in ("finished", "stopped")]
    if missed:
        raise RunError(
            f"{len(missed)} of {counted(len(members), 'run')} did not finish: {', '.join(missed)}; look at: runs"
        )


def _check_same_request(run: runs.Run, asked: _Asked, data_dir: Path) -> None:
    """A directory that holds a run goes on with the very command that made it, or with no settings at all."""
    if asked.dataset is not None:
        runs.check_same_dataset(run, datasets.find_dataset(data_dir, asked.dataset))
    if asked.recipe is None and not asked.sets:
        return
    ours = run.settings.to_json()
    wanted = recipes.settings_for(asked.recipe or run.recipe, asked.sets).to_json()
    for name in ours:
        if ours[name] != wanted[name]:
            raise WrongUse(
                f"{run.folder} holds a run with {name} {ours[name]}, but {wanted[name]} was asked for; "
                "give another --run-dir, or leave --recipe, --set and --device out to go on with it"
            )


@app.command()
def resume(
    run: str,
    step: Annotated[
        int | None, typer.Option("--step", help="Go back to this saved step; what was saved after it is removed.")
    ] = None,
    nproc: Nproc = 1,
    no_wait: NoWait = False,
    backend: Backend = None,
    partition: Partition = None,
    time_limit: TimeLimit = None,
    gpus: Gpus = None,
    nodes: Nodes = None,
    account: Account = None,
    slurm_options: SlurmOptions = None,
    as_json: Json = False,
    data_dir: DataDir = DATA_DIR,
    runs_dir: RunsDir = RUNS_DIR,
) -> None:
    """Go on with a stopped or interrupted run from its newest saved step, or from an earlier one. A finished run whose
    predictions were deleted makes them again and trains nothing.

    A run of Slurm goes there again, with what it asked for before unless told otherwise."""
    found = runs.find_run(runs_dir, run)
    before = launchers.request_of(found)
    request = _request(
        backend, before, nproc, nodes, gpus, slurm_options, partition=partition, time=time_limit, account=account
    )
    if request is not None:
        actions.start_resume(found, data_dir=data_dir, step=step, request=request)
        _answer_launched(found, as_json)
        return
    if before is not None or status_of(found).state == "finished":
        actions.refuse_resume(found, answers=True)
    if step is not None:
        actions.rewind(found, step)
    place = Place(data_dir=data_dir, runs_dir=runs_dir, as_json=as_json, num_processes=nproc, wait=not no_wait)
    foreground.train(found, place)
