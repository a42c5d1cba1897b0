"""Commands about training: train, resume, stop, runs. They import torch late, so that the others start fast."""

import os
import signal
import sys
import time
from pathlib import Path
from typing import Annotated

import typer

from fashion_core import config, launch, manifest, runs
from fashion_core.console import DATA_DIR, RUNS_DIR, DataDir, Device, Json, Nproc, RunsDir, answer, app, say
from fashion_core.errors import RunError, WrongUse


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
    nproc: Nproc = 1,
    as_json: Json = False,
    data_dir: DataDir = DATA_DIR,
    runs_dir: RunsDir = RUNS_DIR,
) -> None:
    """Train a classifier; the run directory has everything that pages and reports show."""
    if run_dir is not None and run_id is not None:
        raise WrongUse(f"--run-dir names the directory, so --run-id {run_id} has no place; leave one of them out")
    if _is_rank() and run_dir is None:
        raise WrongUse("under torchrun every process must know the run's directory; give --run-dir DIR")
    if _is_rank() and os.environ["RANK"] != "0":
        _await_config(run_dir)  # type: ignore[arg-type]
    sets = [*(sets or []), *([f"device={device}"] if device else [])]
    if run_dir is not None and (run_dir / "config.json").exists():
        run = runs.open_run(run_dir)
        _check_same_request(run, dataset, recipe, sets, data_dir)
        summary = run.summary()
        if run.status().state == "finished" and summary:  # a scheduler may ask again; nothing is left to do
            answer(summary, as_json, [f"run {run.id} is finished already"])
            return
    else:
        if dataset is None:
            raise WrongUse("train needs a dataset; run: python -m fashion_core datasets")
        settings = config.settings_for(recipe or "report", sets)
        found = manifest.find_dataset(data_dir, dataset)
        if run_dir is not None:
            run = runs.create_run_at(found, settings, run_dir)
        else:
            run = runs.create_run(found, settings, runs_dir=runs_dir, run_id=run_id)
    if detach:
        launch.start(run, data_dir=data_dir, num_processes=nproc)
        answer({"run_id": run.id, "status": "starting"}, as_json, [f"run {run.id} started"])
        return
    _train_here(run, data_dir, runs_dir, as_json, nproc)


def _is_rank() -> bool:
    """Whether torchrun started this process as one of several."""
    return int(os.environ.get("WORLD_SIZE", "1")) > 1


def _await_config(run_dir: Path) -> None:
    """Until the first rank has made the run's directory; other machines see it when their file system does."""
    deadline = time.monotonic() + 60
    while not (run_dir / "config.json").exists():
        if time.monotonic() > deadline:
            raise RunError(f"rank 0 has not made {run_dir} within 60 s; is it on a disk that every machine shares?")
        time.sleep(0.1)


def _check_same_request(
    run: runs.Run, dataset: str | None, recipe: str | None, sets: list[str], data_dir: Path
) -> None:
    """A directory that holds a run goes on with the very command that made it, or with no settings at all."""
    if dataset is not None:
        runs.check_same_dataset(run, manifest.find_dataset(data_dir, dataset))
    if recipe is None and not sets:
        return
    ours, asked = run.settings.to_json(), config.settings_for(recipe or run.recipe, sets).to_json()
    for name in ours:
        if ours[name] != asked[name]:
            raise WrongUse(
                f"{run.folder} holds a run with {name} {ours[name]}, but {asked[name]} was asked for; "
                "give another --run-dir, or leave --recipe, --set and --device out to go on with it"
            )


def _train_here(run: runs.Run, data_dir: Path, runs_dir: Path, as_json: bool, nproc: int = 1) -> None:
    if not _is_rank():
        reason = "Starting: loading PyTorch and the photos."
        runs.tell(run, "preparing", reason=reason, process=runs.process_identity())
    if nproc > 1 and not _is_rank():
        from fashion_core import torchrun

        torchrun.train_in_ranks(run, num_processes=nproc, data_dir=data_dir)
        summary = run.summary()
        if summary is None:
            raise RunError(f"run {run.id!r}: {run.status().sentence}")
        answer(summary, as_json, [f"run {run.id} {summary['status']}: {summary['epochs']} epochs"])
        return
    asked: list[int] = []
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda number, _: asked.append(number))
    from fashion_core import train as training  # two seconds of torch, after the signals are safe

    dataset = runs.dataset_of(run, manifest.list_datasets(data_dir)) or manifest.find_dataset(
        data_dir, run.dataset["id"]
    )
    summary = training.train(run, dataset, should_stop=lambda: bool(asked), say=say)
    if _is_rank():  # the process that started the ranks prints the answer
        sys.exit(summary["status"] == "stopped")
    scores = summary["scores"].get("test") or summary["scores"].get("val") or {}
    lines = [
        f"run {run.id} {summary['status']}: {summary['epochs']} epochs in {summary['seconds']:.0f} s on "
        f"{summary['device']}, train loss {summary['train_loss']}, val accuracy {summary['val_accuracy']}",
        *([f"accuracy {scores['accuracy']:.4f}, n {scores['n']:,}"] if scores.get("accuracy") is not None else []),
    ]
    answer(summary, as_json, lines)
    if summary["status"] == "stopped":
        listed = run.folder.resolve().parent == runs_dir.resolve()
        again = f"resume {run.id}" if listed else f"train --run-dir {run.folder}"
        raise RunError(f"run {run.id!r} was stopped; go on with: python -m fashion_core {again}")


@app.command()
def resume(
    run: str, nproc: Nproc = 1, as_json: Json = False, data_dir: DataDir = DATA_DIR, runs_dir: RunsDir = RUNS_DIR
) -> None:
    """Go on with a stopped or interrupted run from its newest saved step."""
    found = runs.find_run(runs_dir, run)
    if found.status().state == "finished":
        raise RunError(f"run {run!r} is finished; start a new run with more epochs instead")
    _train_here(found, data_dir, runs_dir, as_json, nproc)


@app.command()
def stop(run: str, as_json: Json = False, runs_dir: RunsDir = RUNS_DIR) -> None:
    """Let a run finish its batch, save and exit."""
    found = runs.find_run(runs_dir, run)
    sentence = launch.stop(found)
    answer({"run_id": run, "status": found.status().state, "sentence": sentence}, as_json, [sentence])


@app.command("runs")
def runs_(as_json: Json = False, runs_dir: RunsDir = RUNS_DIR) -> None:
    """List the runs, newest first."""
    found = []
    for run in runs.list_runs(runs_dir):
        summary, status = run.summary() or {}, run.status()
        found.append(
            {
                "run_id": run.id,
                "dataset": run.dataset["id"],
                "recipe": run.recipe,
                "status": status.state,
                "sentence": status.sentence,
                "created": run.created,
                "epochs": summary.get("epochs"),
                "val_accuracy": summary.get("val_accuracy"),
                "test_accuracy": summary.get("scores", {}).get("test", {}).get("accuracy"),
            }
        )
    lines = [f"{r['run_id']}: {r['recipe']} on {r['dataset']}, {r['status']}. {r['sentence']}" for r in found]
    answer(found, as_json, lines or ["no runs yet; run: python -m fashion_core train demo"])
