"""Commands about training: train, resume, stop, runs. What trains in this process is ``foreground``."""

import os
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
from fashion_core.data import datasets
from fashion_core.errors import RunError, WrongUse
from fashion_core.labels import counted
from fashion_core.launch import actions, devices, launchers, run_queue, sbatch, slurm
from fashion_core.launch.status import status_of
from fashion_core.metrics import enough
from fashion_core.runs import runs
from fashion_core.runs import tags as run_tags
from fashion_core.settings import recipes

NoWait = Annotated[
    bool, typer.Option("--no-wait", help="Refuse to start when another run has the device, instead of waiting.")
]


@app.command()
def train(
    dataset: Annotated[str | None, typer.Argument(help="Name of an imported dataset.")] = None,
    recipe: Annotated[
        str | None, typer.Option("--recipe", help="A named set of settings; report if not given.")
    ] = None,
    sets: Annotated[list[str] | None, typer.Option("--set", help="key=value; changes one setting.")] = None,
    device: Device = None,
    run_id: Annotated[str | None, typer.Option("--run-id", help="The run's directory name.")] = None,
    run_dir: Annotated[
        Path | None,
        typer.Option(
            "--run-dir", resolve_path=True, help="Train in this directory; goes on if it holds a run already."
        ),
    ] = None,
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
    if foreground.is_rank() and os.environ["RANK"] != "0":
        foreground.await_config(run_dir)  # type: ignore[arg-type]
    sets = [*(sets or []), *([f"device={device}"] if device else [])]
    request = _request(
        backend, None, nproc, nodes, gpus, slurm_options, partition=partition, time=time_limit, account=account
    )
    if request is not None:
        if no_wait:
            raise WrongUse("a job waits in Slurm for its nodes, so --no-wait has no place; leave it out")
        slurm.require()
        launchers.check_path(run_dir or runs_dir)
    if seeds is not None or twin is not None:
        _check_group(seeds, twin, dataset, run_dir, no_wait)
        settings = recipes.settings_for(recipe or "report", sets)
        places = {
            "data_dir": data_dir,
            "runs_dir": runs_dir,
            "run_id": run_id,
            "num_processes": nproc,
            "request": request,
        }
        if seeds is not None:
            ids = actions.start_group(dataset, settings, seeds, **places)  # type: ignore[arg-type]
        else:
            ids = actions.start_twin(dataset, settings, twin, **places)  # type: ignore[arg-type]
        _answer_group([runs.find_run(runs_dir, name) for name in ids], detach or request is not None, as_json)
        return
    made = False
    if run_dir is not None and (run_dir / "config.json").exists():
        run = runs.open_run(run_dir)
        _check_same_request(run, dataset, recipe, sets, data_dir)
        summary = run.summary()
        if (
            status_of(run).state == "finished" and summary and not run.unanswered()
        ):  # a scheduler may ask again; nothing is left to do
            answer(summary, as_json, [f"run {run.id} is finished already"])
            return
    else:
        if dataset is None:
            raise WrongUse("train needs a dataset; run: python -m fashion_core datasets")
        settings = recipes.settings_for(recipe or "report", sets)
        found = datasets.find_dataset(data_dir, dataset)
        for sentence in filter(None, (enough.sentence(name, found.splits.get(name, 0)) for name in ("val", "test"))):
            say(f"note: {sentence}")
        if request is None:
            devices.slots_for(settings.device, nproc)
        made = True
        if run_dir is not None:
            run = runs.create_run_at(found, settings, run_dir)
        else:
            run = runs.create_run(found, settings, runs_dir=runs_dir, run_id=run_id)
    try:
        if detach or request is not None:
            foreground.refuse_twice(run)
            actions.start(run, data_dir=data_dir, num_processes=nproc, wait=not no_wait, request=request)
            _answer_launched(run, as_json)
            return
        with foreground.slot(run, data_dir, runs_dir, as_json, nproc, not no_wait):
            foreground.train_here(run, data_dir, runs_dir, as_json, nproc)
    except RunError as error:
        refused = isinstance(error, slurm.Refused) or (no_wait and not run.events())
        if made and refused:  # it leaves nothing
            storage.remove_folder(run.folder)
        raise


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


def _answer_launched(run: runs.Run, as_json: bool) -> None:
    status = status_of(run)
    line = status.sentence if status.state == "queued" else "started"
    job = slurm.job_of(run.events())
    document = {"run_id": run.id, "status": status.state, **({"job": job.id} if job and job.submitted else {})}
    answer(document, as_json, [f"run {run.id}: {line}"])


def _check_group(seeds: int | None, twin: str | None, dataset: str | None, run_dir: Path | None, no_wait: bool) -> None:
    word = "--seeds" if seeds is not None else "--twin"
    if seeds is not None and twin is not None:
        raise WrongUse("--seeds and --twin make different groups; launch one after the other")
    if dataset is None:
        raise WrongUse("train needs a dataset; run: python -m fashion_core datasets")
    if run_dir is not None:
        raise WrongUse(f"--run-dir is the directory of one run and {word} makes several; give --run-id NAME instead")
    if no_wait:
        raise WrongUse(f"the runs of {word} wait for each other, so --no-wait has no place; leave it out")


def _answer_group(members: list[runs.Run], detach: bool, as_json: bool) -> None:
    """The runs of a group train in processes of their own; this one only watches, and stops them when it is stopped."""
    document = {"run_ids": [run.id for run in members], "group": members[0].group}
    if detach:
        answer({**document, "status": "starting"}, as_json, [f"run {run.id} launched" for run in members])
        return
    said = foreground.watch(members)
    summaries = [run.summary() or {"run_id": run.id, "status": said[run.id]} for run in members]
    lines = [f"run {one['run_id']} {one['status']}, val accuracy {one.get('val_accuracy')}" for one in summaries]
    answer({**document, "runs": summaries}, as_json, lines)
    stopped = [run.id for run in members if said[run.id] == "stopped"]
    if stopped:
        say(f"stopped as asked: {', '.join(stopped)}; go on with: python -m fashion_core resume RUN")
    missed = [run.id for run in members if said[run.id] not in ("finished", "stopped")]
    if missed:
        raise RunError(
            f"{len(missed)} of {counted(len(members), 'run')} did not finish: {', '.join(missed)}; look at: runs"
        )


def _check_same_request(
    run: runs.Run, dataset: str | None, recipe: str | None, sets: list[str], data_dir: Path
) -> None:
    """A directory that holds a run goes on with the very command that made it, or with no settings at all."""
    if dataset is not None:
        runs.check_same_dataset(run, datasets.find_dataset(data_dir, dataset))
    if recipe is None and not sets:
        return
    ours, asked = run.settings.to_json(), recipes.settings_for(recipe or run.recipe, sets).to_json()
    for name in ours:
        if ours[name] != asked[name]:
            raise WrongUse(
                f"{run.folder} holds a run with {name} {ours[name]}, but {asked[name]} was asked for; "
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
    with foreground.slot(found, data_dir, runs_dir, as_json, nproc, not no_wait):
        foreground.train_here(found, data_dir, runs_dir, as_json, nproc)


@app.command()
def stop(run: str, as_json: Json = False, runs_dir: RunsDir = RUNS_DIR) -> None:
    """Let a run finish its batch, save and exit; take it out of the queue if it waits."""
    found = runs.find_run(runs_dir, run)
    sentence = actions.stop(found)
    answer({"run_id": run, "status": status_of(found).state, "sentence": sentence}, as_json, [sentence])


@app.command("runs")
def runs_(
    tags: Annotated[list[str] | None, typer.Option("--tag", help="Only runs with this tag; may be repeated.")] = None,
    starred: Annotated[bool, typer.Option("--starred", help="Only runs with a star.")] = False,
    as_json: Json = False,
    runs_dir: RunsDir = RUNS_DIR,
) -> None:
    """List the runs, newest first."""
    found = []
    places = {run_id: place for _, run_id, place in run_queue.waiting(runs_dir)}
    for run in run_tags.matching(runs.list_runs(runs_dir), tags=tags or (), starred=starred):
        summary, status, labels = run.summary() or {}, status_of(run), run_tags.labels_of(run)
        found.append(
            {
                "run_id": run.id,
                "dataset": run.dataset["id"],
                "recipe": run.recipe,
                "status": status.state,
                "sentence": status.sentence,
                "place": places.get(run.id),  # in the queue, 1 is next
                "group": run.group,
                "name": labels.name,
                "tags": labels.tags,
                "starred": labels.starred,
                "created": run.created,
                "epochs": summary.get("epochs"),
                "val_accuracy": summary.get("val_accuracy"),
                "test_accuracy": summary.get("scores", {}).get("test", {}).get("accuracy"),
            }
        )
    lines = [
        f"{'* ' if r['starred'] else ''}{r['run_id']}{f' ({name})' if (name := r['name']) else ''}: "
        f"{r['recipe']} on {r['dataset']}, {r['status']}. {r['sentence']}"
        for r in found
    ]
    none = "no run has that" if tags or starred else "no runs yet; run: python -m fashion_core train demo"
    answer(found, as_json, lines or [none])
