"""The command that trains a run again from scratch, or takes another one, and says whether the bits are the same."""

from typing import Annotated, Any

import typer

from fashion_core.cli import foreground
from fashion_core.cli.console import DATA_DIR, RUNS_DIR, DataDir, Json, RunsDir, answer, app, say
from fashion_core.compare import reproduce as compare_reproduce
from fashion_core.compare import retrain
from fashion_core.errors import RunError, WrongUse
from fashion_core.launch import run_queue
from fashion_core.launch.status import status_of
from fashion_core.runs import runs


@app.command()
def reproduce(
    run: Annotated[str, typer.Argument(help="The finished run whose numbers are to come again.")],
    against: Annotated[
        str | None, typer.Option("--against", help="Train nothing; compare with this run, which is here already.")
    ] = None,
    run_id: Annotated[str | None, typer.Option("--run-id", help="The new run's directory name.")] = None,
    threads: Annotated[
        int | None,
        typer.Option("--threads", min=1, max=1024, help="CPU threads; as many as the run had, unless told otherwise."),
    ] = None,
    detach: Annotated[
        bool, typer.Option("--detach", help="Start in the background; compare later with --against.")
    ] = False,
    as_json: Json = False,
    data_dir: DataDir = DATA_DIR,
    runs_dir: RunsDir = RUNS_DIR,
) -> None:
    """Train a run again from nothing, with its settings, seed and photos, and say whether the bits are the same."""
    original = runs.find_run(runs_dir, run)
    if against is not None:
        for name, value in (("--run-id", run_id), ("--threads", threads), ("--detach", detach or None)):
            if value is not None:
                raise WrongUse(f"--against trains nothing, so {name} has no place; leave one of them out")
        _answer_outcome(original, runs.find_run(runs_dir, against), as_json)
        return
    expectation = compare_reproduce.expected(original)
    say(" ".join([expectation.sentence, *(f"{reason[0].upper()}{reason[1:]}." for reason in expectation.reasons)]))
    name = retrain.start(original, data_dir=data_dir, runs_dir=runs_dir, run_id=run_id, threads=threads)
    made = runs.find_run(runs_dir, name)
    later = f"{compare_reproduce.COMMAND} reproduce {original.id} --against {made.id}"
    if detach:
        document = {"run_id": made.id, "reproduces": original.id, "status": status_of(made).state, "then": later}
        answer(document, as_json, [f"run {made.id}: {status_of(made).sentence}", f"then: {later}"])
        return
    say(f"run {made.id} trains {original.id} again; {run_queue.sentence(made.folder) or 'it has started'}")
    if foreground.watch([made])[made.id] != "finished":
        raise RunError(f"run {made.id!r} did not finish, so nothing was compared; resume it, then: {later}")
    _answer_outcome(original, made, as_json)


def _answer_outcome(original: runs.Run, made: runs.Run, as_json: bool) -> None:
    from fashion_core.compare import bitwise  # scipy, which no other command owes

    outcome = bitwise.compare(original, made)
    document: dict[str, Any] = outcome.to_json() | {"run_id": made.id, "reproduces": original.id}
    answer(document, as_json, outcome.lines())
