"""The command export: a run in a form that leaves the lab. It imports torch late."""

from pathlib import Path
from typing import Annotated

import typer

from fashion_core import storage
from fashion_core.cli.console import DATA_DIR, RUNS_DIR, DataDir, Json, RunsDir, answer, app
from fashion_core.data import datasets
from fashion_core.errors import RunError, WrongUse
from fashion_core.runs import model_card, runs

#: What each format is called when nobody says where it should go.
ENDINGS = {"onnx": ".onnx", "safetensors": "-model", "card": ".md", "reference": "-reference"}


@app.command()
def export(
    run: str,
    export_format: Annotated[
        str,
        typer.Option(
            "--format",
            help="onnx: one file; safetensors: a folder with weights, settings and model card; card: the model card "
            "alone; reference: a small run directory that can be shipped.",
        ),
    ] = "onnx",
    to: Annotated[
        Path | None, typer.Option("--to", "-o", help="A file or folder that does not exist yet; named after the run.")
    ] = None,
    as_json: Json = False,
    data_dir: DataDir = DATA_DIR,
    runs_dir: RunsDir = RUNS_DIR,
) -> None:
    """Write a run's model for others: as ONNX, as safetensors, as a model card, or as a small run directory."""
    if export_format not in ENDINGS:
        raise WrongUse(f"--format must be one of {', '.join(ENDINGS)}, got {export_format!r}")
    found = runs.find_run(runs_dir, run)
    destination = to or Path(f"{run}{ENDINGS[export_format]}")
    if destination.exists():
        raise RunError(f"{destination} exists already; choose another destination")
    said, line = {}, ""
    if export_format == "card":
        text = model_card.card(found).encode()
        storage.write_bytes(destination, text)
        size = len(text)
    elif export_format == "onnx":
        from fashion_core.models import onnx

        said = onnx.write(found, destination)
        size = said["bytes"]
        line = f"; onnxruntime's answers differ from ours by {said['largest_difference']:.1g} at most"
    elif export_format == "safetensors":
        from fashion_core.models import export as exports

        size = exports.write_model(found, destination)
    else:
        dataset = runs.dataset_of(found, datasets.list_datasets(data_dir))
        if dataset is None:
            raise RunError(f"the photos of run {run!r} are not on this machine; run: {found.dataset.bring}")
        from fashion_core.models import export as exports

        size = exports.write_reference(found, dataset, destination)
    document = {"run_id": run, "format": export_format, "path": str(destination), "bytes": size, **said}
    answer(document, as_json, [f"{destination}: {size / 1e6:.3g} MB{line}"])
