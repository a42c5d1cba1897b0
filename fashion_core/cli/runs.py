"""Commands about runs that are there: stop, runs, label, delete, trash, restore. None removes anything for good."""

from dataclasses import asdict
from typing import Annotated, Any

import typer

from fashion_core.cli.console import RUNS_DIR, Json, RunsDir, answer, app
from fashion_core.errors import WrongUse
from fashion_core.launch import actions, run_queue
from fashion_core.launch import trash as run_trash
from fashion_core.launch.status import status_of
from fashion_core.runs import runs
from fashion_core.runs import tags as run_tags
from fashion_core.runs.summary import Summary


@app.command()
def stop(run: str, as_json: Json = False, runs_dir: RunsDir = RUNS_DIR) -> None:
    """Let a run finish its batch, save and exit; take it out of the queue if it waits."""
    stopped = runs.find_run(runs_dir, run)
    sentence = actions.stop(stopped)
    answer({"run_id": run, "status": status_of(stopped).state, "sentence": sentence}, as_json, [sentence])


@app.command("runs")
def runs_(
    tags: Annotated[list[str] | None, typer.Option("--tag", help="Only runs with this tag; may be repeated.")] = None,
    starred: Annotated[bool, typer.Option("--starred", help="Only runs with a star.")] = False,
    as_json: Json = False,
    runs_dir: RunsDir = RUNS_DIR,
) -> None:
    """List the runs, newest first."""
    rows = []
    places = {run_id: place for _, run_id, place in run_queue.waiting(runs_dir)}
    for run in run_tags.matching(runs.list_runs(runs_dir), tags=tags or (), starred=starred):
        summary, status, labels = run.summary() or Summary(), status_of(run), run_tags.labels_of(run)
        rows.append(
            {
                "run_id": run.id,
                "dataset": run.dataset.id,
                "recipe": run.recipe,
                "status": status.state,
                "sentence": status.sentence,
                "place": places.get(run.id),  # in the queue, 1 is next
                "group": run.record.group and run.record.group.to_json(),
                "name": labels.name,
                "tags": labels.tags,
                "starred": labels.starred,
                "created": run.created,
                "epochs": summary.epochs,
                "val_accuracy": summary.val_accuracy,
                "test_accuracy": summary.accuracy("test"),
            }
        )
    lines = [
        f"{'* ' if r['starred'] else ''}{r['run_id']}{f' ({name})' if (name := r['name']) else ''}: "
        f"{r['recipe']} on {r['dataset']}, {r['status']}. {r['sentence']}"
        for r in rows
    ]
    none = "no run has that" if tags or starred else "no runs yet; run: python -m fashion_core train demo"
    answer(rows, as_json, lines or [none])


@app.command()
def label(
    run: str,
    name: Annotated[
        str | None, typer.Option("--name", help="What people call the run; an empty one takes it off.")
    ] = None,
    tags: Annotated[list[str] | None, typer.Option("--tag", help="Add this tag; may be repeated.")] = None,
    untags: Annotated[list[str] | None, typer.Option("--untag", help="Take this tag off; may be repeated.")] = None,
    note: Annotated[str | None, typer.Option("--note", help="A few sentences about the run.")] = None,
    star: Annotated[bool | None, typer.Option("--star/--no-star", help="Star the run, or take the star off.")] = None,
    as_json: Json = False,
    runs_dir: RunsDir = RUNS_DIR,
) -> None:
    """Name, tag, note or star a run; without an option, show what it has. Its id and its files stay."""
    found = runs.find_run(runs_dir, run)
    labels = run_tags.labels_of(found)
    missing = [tag for tag in untags or [] if tag not in labels.tags]
    if missing:
        raise WrongUse(f"run {run!r} has no tag {missing[0]!r}; it has: {', '.join(labels.tags) or 'none'}")
    changes: dict[str, Any] = {"name": name, "note": note, "starred": star}
    if tags or untags:
        changes["tags"] = tuple(tag for tag in (*labels.tags, *(tags or [])) if tag not in (untags or []))
    changes = {what: value for what, value in changes.items() if value is not None}
    if changes:
        labels = run_tags.label(found, **changes)
    lines = [f"{what}: {value}" for what, value in _shown(labels).items()]
    answer({"run_id": run, **asdict(labels)}, as_json, lines or [f"run {run} has no name, tag, note or star"])


def _shown(labels: run_tags.Labels) -> dict[str, str]:
    told = {
        "name": labels.name,
        "tags": ", ".join(labels.tags),
        "note": labels.note,
        "star": "yes" if labels.starred else "",
    }
    return {what: text for what, text in told.items() if text}


@app.command()
def delete(run: str, as_json: Json = False, runs_dir: RunsDir = RUNS_DIR) -> None:
    """Move a run that is not active to the trash, from which it can be restored."""
    place = run_trash.delete(runs.find_run(runs_dir, run))
    line = f"run {run} is in the trash; bring it back with: python -m fashion_core restore {place}"
    answer({"run_id": run, "place": place}, as_json, [line])


@app.command()
def trash(as_json: Json = False, runs_dir: RunsDir = RUNS_DIR) -> None:
    """List the deleted runs."""
    found = run_trash.trash(runs_dir)
    documents = [{"place": one.place, "run_id": one.run_id, "damaged": one.run is None} for one in found]
    lines = [f"{one.place}{' (damaged)' if one.run is None else ''}" for one in found]
    answer(documents, as_json, lines or ["the trash is empty"])


@app.command()
def restore(place: str, as_json: Json = False, runs_dir: RunsDir = RUNS_DIR) -> None:
    """Bring a deleted run back under its id."""
    run_id = run_trash.restore(runs_dir, place)
    answer({"run_id": run_id, "place": place}, as_json, [f"run {run_id} is back"])
