"""Commands about a trained model: evaluate, embed, predict. They import torch late."""

from pathlib import Path
from typing import Annotated, Any

import typer

from fashion_core import jobs, locks, rights
from fashion_core.cli.console import DATA_DIR, RUNS_DIR, Bar, DataDir, Device, Json, RunsDir, Split, answer, app, say
from fashion_core.data import datasets
from fashion_core.embeddings import tsne_umap
from fashion_core.errors import RunError, WrongUse
from fashion_core.labels import counted
from fashion_core.launch import background
from fashion_core.metrics import enough, scoring
from fashion_core.metrics.calibration import NUM_BINS
from fashion_core.metrics.wording import as_number, in_points
from fashion_core.runs import evaluation, runs, snapshots


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
    found = runs.find_run(runs_dir, run)
    name, scores = _evaluate(found, split, dataset, device, data_dir)
    closer = evaluation.closer_look(found, name, datasets.list_datasets(data_dir))
    lines = [
        f"{run} on {name}: accuracy {as_number(scores.accuracy, 4)}, "
        f"macro F1 {scores.macro_f1:.4f}{' ' * bool(scores.absent)}{scoring.absent_words(scores)}, "
        f"n = {scores.n:,}",
        f"{'class':<24}{'precision':>10}{'recall':>10}{'f1':>10}{'support':>10}",
        *(
            f"{row.label:<24}{row.precision:>10.4f}{row.recall:>10.4f}{row.f1:>10.4f}{row.support:>10}"
            if row.support
            else f"{row.label:<24}{'no photos':>40}"
            for row in scores.per_class
        ),
        *filter(None, [enough.few_answers(scores.matrix_KK, scores.classes, str)]),
        *_closer_lines(closer, name),
    ]
    answer({"run_id": found.id, "split": name, **scores.to_json(), **closer.to_json()}, as_json, lines)


def _closer_lines(closer: evaluation.CloserLook, split: str) -> list[str]:
    lines = []
    if leaks := closer.leaks:
        without = as_number(leaks.kept.estimate, 4) if leaks.kept.n else "no photo is left"
        lines.append(f"without {counted(leaks.leaked.n, 'leaked photo')}: {without}, n = {leaks.kept.n:,}")
    if certain := closer.calibration:
        after = certain.fitted.why_not
        if certain.after:
            after = (
                f"{certain.after.error:.4f} at temperature {certain.fitted.value:.3f}, fitted on {certain.fitted_on}"
            )
            after += " itself, so too low" if split == "val" else ""
        lines.append(f"calibration error {certain.before.error:.4f} ({NUM_BINS} bins of equal width), {after}")
    if closer.logit_adjustment:
        for one in closer.logit_adjustment.answers:
            judged = one.judged
            how = f"tau {judged.tau:g}" + (f" fitted on {one.fitted_on}" if one.fitted_on else "")
            lines.append(
                f"logit adjustment after training, {how}: accuracy {judged.accuracy.value:.4f}, "
                f"{in_points(judged.moved)}, mean recall {judged.mean_recall:.4f}"
            )
    if shift := closer.shift:
        lines.append(f"against the run's own photos ({shift.here.accuracy:.4f}): {in_points(shift.moved)}")
    return lines


def _evaluate(
    found: runs.Run,
    split: str | None,
    dataset_name: str | None,
    device: str | None,
    data_dir: Path,
    step: int | None = None,
    report: jobs.Progress | None = None,
) -> tuple[str, scoring.Scores]:
    """The name of the split's predictions and their scores: of a fresh pass, or of the stored predictions where the
    photos are not on this machine."""
    dataset = (
        datasets.find_dataset(data_dir, dataset_name)
        if dataset_name
        else runs.dataset_of(found, datasets.list_datasets(data_dir))
    )
    if dataset is None:
        if step is not None:
            raise RunError(f"the photos of run {found.id!r} are not on this machine; run: {found.dataset.bring}")
        stored = found.prediction_splits()
        if (split or next(iter(stored), None)) not in stored:
            raise RunError(
                f"the photos of run {found.id!r} are not on this machine and it has no stored "
                f"{split or 'test'} predictions; run: {found.dataset.bring}"
            )
        say(f"note: the photos are not on this machine, these are the stored predictions; run: {found.dataset.bring}")
        return split or stored[0], found.scores(split or stored[0])
    from fashion_core.models import inference, unlike

    told = inference.evaluate(
        found,
        dataset,
        split or inference.default_split(dataset),
        step=step,
        device=device or "auto",
        progress=report or Bar(),
    )
    if step is None and dataset.fingerprint == found.dataset.fingerprint:
        unlike.prepare_where_missing(found, dataset, device or "auto")
    return told


@app.command()
def embed(
    run: str,
    split: Split = None,
    curved: Annotated[
        str | None,
        typer.Option("--map", help="tsne or umap: lay out stored features for the Embeddings page."),
    ] = None,
    step: Annotated[
        int | None, typer.Option("--step", help="With the weights of this saved step; kept apart from the run's own.")
    ] = None,
    device: Device = None,
    as_json: Json = False,
    data_dir: DataDir = DATA_DIR,
    runs_dir: RunsDir = RUNS_DIR,
) -> None:
    """Write the features before the last layer, one row for each photo of the split's predictions.

    --split all: of every split that has none yet."""
    found = runs.find_run(runs_dir, run)
    if curved is not None:
        if step is not None:
            raise WrongUse("--map lays out the run's own features, so --step has no place; leave one of them out")
        _lay_out(found, split, curved, as_json)
        return
    kept = found if step is None else snapshots.at(found, step)
    asked = (found, kept, split, step, device, data_dir)
    if rights.read_only():  # what is stored can be told without a word in the run's folder
        documents = _embed(*asked, Bar())
    else:
        try:
            with jobs.at_work(background.embedding_folder(kept, split or "default"), Bar()) as report:
                documents = _embed(*asked, report)
        except locks.Busy as busy:
            raise RunError(f"the features of run {found.id!r} are being computed by another process; wait") from busy
    lines = [f"{one['path']}: {counted(one['n'], 'photo')} x {one['dimensions']} features" for one in documents]
    if split == tsne_umap.ALL:
        answer(documents, as_json, lines or [f"every split of run {found.id} has its features"])
    else:
        answer(documents[0], as_json, lines)


def _embed(
    found: runs.Run,
    kept: runs.Run,
    split: str | None,
    step: int | None,
    device: str | None,
    data_dir: Path,
    report: jobs.Progress,
) -> list[dict[str, Any]]:
    """Compute the features of each split that is meant, from the same pass as the logits."""
    ready = tsne_umap.splits_with_features(kept)
    there = [name for name in tsne_umap.SPLITS if found.dataset.splits.get(name)]
    documents = []
    for each in [name for name in there if name not in ready] if split == tsne_umap.ALL else [split]:
        name, _ = _evaluate(found, each, None, device, data_dir, step, report)
        num_images, num_features = kept.embeddings(name).shape
        documents.append(
            {
                "run_id": found.id,
                **({} if step is None else {"step": step}),
                "split": name,
                "n": num_images,
                "dimensions": num_features,
                "path": str(kept.folder / f"embeddings-{name}.npy"),
            }
        )
    return documents


def _lay_out(found: runs.Run, split: str | None, method: str, as_json: bool) -> None:
    tsne_umap.check(method)
    ready = tsne_umap.splits_with_features(found)
    wanted = split or next(iter(ready), "test")
    if wanted not in (*tsne_umap.SPLITS, tsne_umap.ALL):
        raise WrongUse(f"--split must be one of {', '.join((*tsne_umap.SPLITS, tsne_umap.ALL))}, got {wanted!r}")
    made = tsne_umap.compute(found, wanted, method, Bar())
    document = {
        "run_id": found.id,
        "split": wanted,
        "map": method,
        "n": len(made.rows_M),
        "nearest_kept": made.kept,
        "seconds": made.seconds,
    }
    name = tsne_umap.NAMES[method]
    photos = counted(len(made.rows_M), "photo")
    line = f"{name} map of {photos} in {made.seconds:g} s; {made.kept:.0%} of nearest photos kept"
    answer(document, as_json, [line])


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
    """Say what garment each photo shows, or that it is unlike all that the run learnt from (``unlike`` in --json).
    A photo that cannot be read is named and the others go on."""
    from fashion_core.models.classifier import Classifier

    classify = Classifier(runs.find_run(runs_dir, run).folder, device=device or "auto", calibrated=calibrated)
    results: list[dict[str, Any]] = []
    for found in classify(images):
        ranked = [{"label": label, "probability": share} for label, share in found.top[:top]]
        results.append({"image": found.image, "top": ranked, "error": found.error, "unlike": found.unlike})
    lines = []
    for result in results:
        said = ", ".join(f"{entry['label']} {entry['probability']:.1%}" for entry in result["top"])
        if result["unlike"]:
            said = f"no answer: unlike the photos that the run learnt from (looks to it like {said})"
        lines.append(f"{result['image']}: {result['error'] or said}")
    if classify.not_asked:
        lines.append(f"note: whether a photo is unlike those that the run learnt from was not asked: "
                     f"{classify.not_asked}")  # fmt: skip
    answer(results, as_json, lines)
    if all(result["error"] for result in results):
        raise RunError("none of the photos could be read")
