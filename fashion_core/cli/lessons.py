"""The command that trains a lesson, for a teacher who prepares a class and for the page, which starts it detached."""

from typing import Annotated, Any

import typer

from fashion_core.cli.console import DATA_DIR, RUNS_DIR, DataDir, Json, RunsDir, answer, app, say
from fashion_core.lessons import findings, plans, progress, worker

ALL = "all"


@app.command()
def lesson(
    name: Annotated[str, typer.Argument(help=f"{', '.join(plans.LESSONS)}, or {ALL} to prepare a class.")],
    seed: Annotated[int, typer.Option("--seed", help="The luck of its trainings, 0 to 9; the page opens on 0.")] = 0,
    as_json: Json = False,
    data_dir: DataDir = DATA_DIR,
    runs_dir: RunsDir = RUNS_DIR,
) -> None:
    """Train what a lesson of the Lessons page shows, unless it is trained already, and print its numbers."""
    documents: list[dict[str, Any]] = []
    lines: list[str] = []
    for one in plans.LESSONS if name == ALL else (name,):
        plan = plans.plan(one, seed)
        worker.work(plan, data_dir=data_dir, runs_dir=runs_dir, say=say)
        state = progress.look(plan, runs_dir)
        found = findings.find(one, progress.finished_or_refuse(plan, runs_dir), data_dir)
        numbers = findings.document(found)
        documents.append(
            {
                "lesson": one,
                "seed": seed,
                "seconds": state.seconds,
                "first_seconds": state.first_seconds,
                "numbers": numbers,
            }
        )
        took = (
            f", first result after {state.first_seconds:.0f} s, all after {state.seconds:.0f} s"
            if state.seconds and state.first_seconds
            else ""
        )
        lines.append(f"{one}, seed {seed}{took}: " + ", ".join(f"{key} {value:g}" for key, value in numbers.items()))
    answer(documents if name == ALL else documents[0], as_json, lines)
