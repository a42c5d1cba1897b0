"""Commands about a trained model: evaluate, embed, predict. They import torch late."""

from pathlib import Path
from typing import Annotated, Any

import typer

from fashion_core import manifest, runs
from fashion_core.console import DATA_DIR, RUNS_DIR, Bar, DataDir, Device, Json, RunsDir, Split, answer, app, say
from fashion_core.errors import RunError


@app.command()
def evaluate(
    run: str,
    split: Split = None,
    dataset: Annotated[str | None, typer.Option("--dataset", help="Another dataset with the same classes.")] = None,
    device: Device = None,
    as_json: Json = False,
    data_dir: DataDir = DATA_DIR,
    runs_dir: RunsDir = RUNS_DIR,
) -> None:
    """Score a run on a split: accuracy with its interval, per-class scores, confusion matrix."""
    scores = _evaluate(runs.find_run(runs_dir, run), split, dataset, device, data_dir)
    low, high = scores["accuracy_ci95"]
    lines = [
        f"{run} on {scores['split']}: accuracy {scores['accuracy']:.4f} [{low:.4f}, {high:.4f}], "
        f"macro F1 {scores['macro_f1']:.4f}, n = {scores['n']:,}",
        f"{'class':<24}{'precision':>10}{'recall':>10}{'f1':>10}{'support':>10}",
        *(
            f"{row['label']:<24}{row['precision']:>10.4f}{row['recall']:>10.4f}{row['f1']:>10.4f}{row['support']:>10}"
            for row in scores["per_class"]
        ),
    ]
    answer(scores, as_json, lines)


def _evaluate(
    found: runs.Run, split: str | None, dataset_name: str | None, device: str | None, data_dir: Path
) -> dict[str, Any]:
    """Scores of a fresh pass, or of the stored predictions where the photos are not on this machine."""
    dataset = (
        manifest.find_dataset(data_dir, dataset_name)
        if dataset_name
        else runs.dataset_of(found, manifest.list_datasets(data_dir))
    )
    if dataset is None:
        stored = found.prediction_splits()
        if (split or next(iter(stored), None)) not in stored:
            raise RunError(
                f"the photos of run {found.id!r} are not on this machine and it has no stored "
                f"{split or 'test'} predictions; run: {found.dataset['bring']}"
            )
        say(
            f"note: the photos are not on this machine, these are the stored predictions; run: {found.dataset['bring']}"
        )
        return found.scores(split or stored[0])
    from fashion_core import infer

    return infer.evaluate(
        found, dataset, split or infer.default_split(dataset), device=device or "auto", progress=Bar()
    )


@app.command()
def embed(
    run: str,
    split: Split = None,
    device: Device = None,
    as_json: Json = False,
    data_dir: DataDir = DATA_DIR,
    runs_dir: RunsDir = RUNS_DIR,
) -> None:
    """Write the features before the last layer, one row for each photo of the split's predictions."""
    found = runs.find_run(runs_dir, run)
    scores = _evaluate(found, split, None, device, data_dir)  # features come from the same pass as the logits
    num_images, num_features = found.embeddings(scores["split"]).shape
    path = found.folder / f"embeddings-{scores['split']}.npy"
    document = {
        "run_id": found.id,
        "split": scores["split"],
        "n": num_images,
        "dimensions": num_features,
        "path": str(path),
    }
    answer(document, as_json, [f"{path}: {num_images:,} photos x {num_features} features"])


@app.command()
def predict(
    run: str,
    images: Annotated[list[Path], typer.Argument(help="Photo files.")],
    top: Annotated[int, typer.Option("--top", min=1, max=100, help="How many labels a photo.")] = 5,
    calibrated: Annotated[
        bool, typer.Option("--calibrated", help="Probabilities at the temperature that fits the validation photos.")
    ] = False,
    device: Device = None,
    as_json: Json = False,
    runs_dir: RunsDir = RUNS_DIR,
) -> None:
    """Say what garment each photo shows. A photo that cannot be read is named and the others go on."""
    from fashion_core.predict import Classifier

    classify = Classifier(runs.find_run(runs_dir, run).folder, device=device or "auto", calibrated=calibrated)
    results: list[dict[str, Any]] = []
    for found in classify(images):
        ranked = [{"label": label, "probability": share} for label, share in found.top[:top]]
        results.append({"image": found.image, "top": ranked, "error": found.error})
    lines = []
    for result in results:
        said = ", ".join(f"{entry['label']} {entry['probability']:.1%}" for entry in result["top"])
        lines.append(f"{result['image']}: {result['error'] or said}")
    answer(results, as_json, lines)
    if all(result["error"] for result in results):
        raise RunError("none of the photos could be read")
