"""Commands about training: train, resume, stop, runs. They import torch late, when the run has its device."""

import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from fashion_core import config, devices, launch, manifest, runs, slots, storage, tidy
from fashion_core.console import DATA_DIR, RUNS_DIR, DataDir, Device, Json, Nproc, RunsDir, answer, app, say
from fashion_core.errors import RunError, WrongUse

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
    if seeds is not None or twin is not None:
        _check_group(seeds, twin, dataset, run_dir, no_wait)
        settings = config.settings_for(recipe or "report", sets)
        places = {"data_dir": data_dir, "runs_dir": runs_dir, "run_id": run_id, "num_processes": nproc}
        if seeds is not None:
            ids = launch.start_group(dataset, settings, seeds, **places)  # type: ignore[arg-type]
        else:
            ids = launch.start_twin(dataset, settings, twin, **places)  # type: ignore[arg-type]
        _answer_group([runs.find_run(runs_dir, name) for name in ids], detach, as_json)
        return
    made = False
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
        devices.slots_for(settings.device, nproc)
        made = True
        if run_dir is not None:
            run = runs.create_run_at(found, settings, run_dir)
        else:
            run = runs.create_run(found, settings, runs_dir=runs_dir, run_id=run_id)
    try:
        if detach:
            _refuse_twice(run)
            launch.start(run, data_dir=data_dir, num_processes=nproc, wait=not no_wait)
            status = run.status()
            line = status.sentence if status.state == "queued" else "started"
            answer({"run_id": run.id, "status": status.state}, as_json, [f"run {run.id}: {line}"])
            return
        with _slot(run, data_dir, runs_dir, as_json, nproc, not no_wait):
            _train_here(run, data_dir, runs_dir, as_json, nproc)
    except RunError:
        if made and no_wait and not run.events():  # it was refused, and leaves nothing
            storage.remove_folder(run.folder)
        raise


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
    asked = _stop_requests()
    said: dict[str, str] = {}
    while len(said) < len(members):
        for run in reversed(members) if asked else members:  # first those that wait, else the next one starts
            if run.id in said:
                continue
            status = run.status()
            if status.active and asked:
                try:
                    launch.stop(run)
                except RunError:  # it has ended meanwhile
                    pass
                status = run.status()
            if not status.active:
                said[run.id] = status.state
                say(f"run {run.id}: {status.sentence}")
        time.sleep(0.5)
    summaries = [run.summary() or {"run_id": run.id, "status": said[run.id]} for run in members]
    lines = [f"run {one['run_id']} {one['status']}, val accuracy {one.get('val_accuracy')}" for one in summaries]
    answer({**document, "runs": summaries}, as_json, lines)
    missed = [run.id for run in members if said[run.id] != "finished"]
    if missed:
        raise RunError(f"{len(missed)} of {len(members)} runs did not finish: {', '.join(missed)}; look at: runs")


def _refuse_twice(run: runs.Run) -> None:
    """A run has one process; a second one would wait for its device behind the first."""
    process = launch.running_process(run)
    if process is not None and process.pid != os.getpid():
        raise RunError(f"run {run.id!r} is {run.status().state} in another process; watch it or stop that one")


@contextmanager
def _slot(
    run: runs.Run, data_dir: Path, runs_dir: Path, as_json: bool, nproc: int, wait: bool = True
) -> Iterator[None]:
    """Hold the slots that the run needs. When it has to wait, this process becomes ``waiter``, which needs a third of
    the memory, and later ``train --run-dir`` in this one's place."""
    if _is_rank() or devices.dealt_out():
        yield
        return
    held = slots.adopt(run.folder)
    if held is None:
        _refuse_twice(run)
        slots.enqueue(run.folder, run.settings.device, nproc, wait=wait)
        held = slots.take(run.folder)
        if held is None and not wait:
            slots.withdraw(run.folder, tell=False)
            raise RunError(f"run {run.id!r} was not started: another run was about to; leave --no-wait out to wait")
        if held is None:
            words = launch.training_words(run, data_dir=data_dir, num_processes=nproc)
            words += ["--runs-dir", str(runs_dir), *(["--json"] if as_json else [])]
            command = launch.command_line(words, waits_for=run.folder)
            sys.stdout.flush()
            os.execv(command[0], command)
    os.environ.update(devices.visible([slot for slot, _ in held]))
    try:
        yield
    finally:
        slots.release(held)


def _stop_requests() -> list[int]:
    """A list that grows by each SIGTERM or Ctrl-C from now on; it has been asked to stop once it is not empty."""
    asked: list[int] = []
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda number, _: asked.append(number))
    return asked


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
    asked = _stop_requests()
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
    run: str,
    step: Annotated[
        int | None, typer.Option("--step", help="Go back to this saved step; what was saved after it is removed.")
    ] = None,
    nproc: Nproc = 1,
    no_wait: NoWait = False,
    as_json: Json = False,
    data_dir: DataDir = DATA_DIR,
    runs_dir: RunsDir = RUNS_DIR,
) -> None:
    """Go on with a stopped or interrupted run from its newest saved step, or from an earlier one."""
    found = runs.find_run(runs_dir, run)
    if step is not None:
        launch.rewind(found, step)
    if found.status().state == "finished":
        raise RunError(f"run {run!r} is finished; start a new run with more epochs instead")
    with _slot(found, data_dir, runs_dir, as_json, nproc, not no_wait):
        _train_here(found, data_dir, runs_dir, as_json, nproc)


@app.command()
def stop(run: str, as_json: Json = False, runs_dir: RunsDir = RUNS_DIR) -> None:
    """Let a run finish its batch, save and exit; take it out of the queue if it waits."""
    found = runs.find_run(runs_dir, run)
    sentence = launch.stop(found)
    answer({"run_id": run, "status": found.status().state, "sentence": sentence}, as_json, [sentence])


@app.command("runs")
def runs_(
    tags: Annotated[list[str] | None, typer.Option("--tag", help="Only runs with this tag; may be repeated.")] = None,
    starred: Annotated[bool, typer.Option("--starred", help="Only runs with a star.")] = False,
    as_json: Json = False,
    runs_dir: RunsDir = RUNS_DIR,
) -> None:
    """List the runs, newest first."""
    found = []
    places = {run_id: place for _, run_id, place in slots.waiting(runs_dir)}
    for run in tidy.matching(runs.list_runs(runs_dir), tags=tags or (), starred=starred):
        summary, status, labels = run.summary() or {}, run.status(), tidy.labels_of(run)
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
