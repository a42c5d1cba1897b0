"""The command report: runs, groups of seeds and published results as one HTML file to hand over. Imports no torch."""

from pathlib import Path
from typing import Annotated

import typer

from fashion_core import storage
from fashion_core.cli.console import DATA_DIR, RUNS_DIR, DataDir, Json, RunsDir, answer, app
from fashion_core.data import datasets
from fashion_core.errors import RunError, WrongUse
from fashion_core.labels import counted
from fashion_core.runs import runs


@app.command()
def report(
    chosen: Annotated[
        list[str],
        typer.Argument(metavar="RUN...", help="Runs, groups of seeds or published results; all against the first."),
    ],
    to: Annotated[
        Path | None, typer.Option("--to", "-o", help="A file that does not exist yet; named after the first run.")
    ] = None,
    split: Annotated[str | None, typer.Option("--split", help="test, or val where there is no test.")] = None,
    margin: Annotated[float, typer.Option("--margin", help="What still counts as equal; 0.01 is one point.")] = 0.01,
    need: Annotated[
        int | None,
        typer.Option("--need", min=1, max=99, help="It must be right for so many of 100 photos; with --each."),
    ] = None,
    each: Annotated[
        int | None, typer.Option("--each", min=1, max=99, help="And of 100 photos of each kind for so many.")
    ] = None,
    as_json: Json = False,
    data_dir: DataDir = DATA_DIR,
    runs_dir: RunsDir = RUNS_DIR,
) -> None:
    """Write one HTML file that needs no network: the answer first, then everything it rests on."""
    from fashion_core.metrics.required import Need
    from fashion_core.report import document as reports  # scipy, which no other command owes
    from fashion_core.report import report_page

    if (need is None) != (each is None):
        raise WrongUse("--need and --each go together: so many of 100 photos, and so many of 100 of each kind")
    destination = to or Path(f"{chosen[0]}-report.html")
    if destination.exists():
        raise RunError(f"{destination} exists already; choose another destination")
    found = runs.list_runs(runs_dir)
    made = reports.collect(
        reports.sides_of(chosen, found),
        split=split,
        datasets=datasets.list_datasets(data_dir),
        others=found,
        margin=margin,
        need=Need(need, each) if need is not None and each is not None else None,
    )
    page = report_page.render(made)
    storage.write_bytes(destination, page.html)
    document = {
        "path": str(destination),
        "bytes": len(page.html),
        "sides": [standing.side.id for standing in made.standings],
        "runs": [run.run.id for run in made.runs],
        "split": made.split,
        "drawn": made.drawn,
        "verdict": made.board.verdict,
        **({"required": made.board.required} if made.board.required else {}),
        "photos": page.num_photos,
        "pictures": page.num_pictured,
    }
    pictured = f"{page.num_pictured:,} of {counted(page.num_photos, 'photo')} with a picture"
    lines = [
        f"{destination}: {len(page.html) / 1e6:.3g} MB, {pictured}",
        made.board.verdict,
        *made.board.required,
    ]
    answer(document, as_json, lines)
