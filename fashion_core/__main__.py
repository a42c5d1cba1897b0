"""The command line: ``python -m fashion_core COMMAND``. Parses words, calls the package, prints the answer.

``--json`` prints one JSON document on stdout; everything else goes to stderr. Exit 0 done, 2 wrong use, 1 with one
sentence. Commands that need torch import it themselves, so that the others start fast.
"""

import json
import os
import platform
import signal
import sys
import time
from importlib import metadata
from pathlib import Path
from typing import Annotated, Any

import typer

from fashion_core import VERSION, audit, config, findings, label_errors, launch, manifest, runs, versions
from fashion_core.errors import FashionError, RunError, WrongUse

app = typer.Typer(
    name="fashion_core",
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Import labelled photos of clothes, train classifiers on them and judge them.",
)

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout.")]
DataDir = Annotated[Path, typer.Option("--data-dir", resolve_path=True, help="Where imported datasets lie.")]
RunsDir = Annotated[Path, typer.Option("--runs-dir", resolve_path=True, help="Where runs lie.")]
Split = Annotated[str | None, typer.Option("--split", help="train, val or test; test where there is one.")]
Nproc = Annotated[
    int, typer.Option("--nproc", min=1, max=64, help="Processes on this machine: one a GPU, or parts of a CPU.")
]
Device = Annotated[str | None, typer.Option("--device", help="auto, cpu, cuda or mps.")]

DATA_DIR, RUNS_DIR = config.default_data_dir(), config.default_runs_dir()


def say(sentence: str) -> None:
    """One line for people, on stderr."""
    print(sentence, file=sys.stderr, flush=True)


def answer(document: Any, as_json: bool, lines: list[str]) -> None:
    """The command's result: one JSON document, or lines for people."""
    print(json.dumps(document, indent=1, ensure_ascii=False) if as_json else "\n".join(lines))


class Bar:
    """Progress on stderr: a moving line on a terminal, a line every five seconds in a log."""

    def __init__(self) -> None:
        self.stage, self.told, self.began = "", 0.0, time.monotonic()
        self.moving = sys.stderr.isatty()

    def __call__(self, stage: str, done: int, total: int) -> None:
        now = time.monotonic()
        if stage != self.stage:
            self.stage, self.told, self.began = stage, 0.0, now
        if done < total and now - self.told < (0.2 if self.moving else 5):
            return
        self.told = now
        left = (now - self.began) / done * (total - done) if done else 0
        text = f"{stage}: {done:,} of {total:,}" + (f", about {left:.0f} s left" if left >= 1 else "")
        print(f"\r{text:<78}" if self.moving else text, end="" if self.moving else "\n", file=sys.stderr, flush=True)
        if self.moving and done >= total:
            print(file=sys.stderr)


@app.command()
def doctor(as_json: Json = False, data_dir: DataDir = DATA_DIR, runs_dir: RunsDir = RUNS_DIR) -> None:
    """Show devices, versions, datasets and runs; what is missing and the command that mends it."""
    from fashion_core import infer

    devices = [name for name in ("cuda", "mps", "cpu") if _has_device(name)]
    names = ("torch", "torchvision", "streamlit", "plotly", "pandas", "scikit-learn", "pillow")
    datasets, found_runs = manifest.list_datasets(data_dir), runs.list_runs(runs_dir)
    missing = []
    if not datasets:
        missing.append("no dataset is imported; run: python -m fashion_core import demo")
    if not found_runs:
        missing.append("no run is there; run: python -m fashion_core train demo")
    there = {dataset.fingerprint for dataset in datasets}
    for run in found_runs:
        if run.dataset["fingerprint"] not in there:
            missing.append(f"run {run.id} has no photos here; run: {run.dataset['bring']}")
    document: dict[str, Any] = {
        "version": VERSION,
        "python": platform.python_version(),
        "versions": {name: metadata.version(name) for name in names},
        "devices": devices,
        "default_device": str(infer.choose_device("auto")),
        "cores": os.cpu_count(),
        "data_dir": str(data_dir),
        "runs_dir": str(runs_dir),
        "datasets": [dataset.id for dataset in datasets],
        "runs": [run.id for run in found_runs],
        "missing": missing,
    }
    lines = [
        f"Vastra Lab {VERSION}, Python {document['python']}, "
        + ", ".join(f"{name} {version}" for name, version in document["versions"].items()),
        f"devices: {', '.join(devices)} (trains on {document['default_device']}), {os.cpu_count()} cores",
        f"datasets in {data_dir}: {', '.join(document['datasets']) or 'none'}",
        f"runs in {runs_dir}: {', '.join(document['runs']) or 'none'}",
        *(f"missing: {sentence}" for sentence in missing),
    ]
    answer(document, as_json, lines)


def _has_device(name: str) -> bool:
    from fashion_core import infer

    try:
        infer.choose_device(name)
    except FashionError:
        return False
    return True


@app.command()
def datasets(as_json: Json = False, data_dir: DataDir = DATA_DIR) -> None:
    """List the imported datasets."""
    found = [_dataset_document(dataset) for dataset in manifest.list_datasets(data_dir)]
    lines = [f"{d['dataset']}: {d['images']:,} photos, {len(d['classes'])} classes, {d['splits']}" for d in found]
    answer(found, as_json, lines or ["no dataset yet; run: python -m fashion_core import demo"])


def _dataset_document(dataset: manifest.Dataset) -> dict[str, Any]:
    return {
        "dataset": dataset.id,
        "name": dataset.name,
        "images": dataset.num_images,
        "damaged": dataset.num_damaged,
        "missing": dataset.num_missing,
        "classes": list(dataset.classes),
        "splits": dict(dataset.splits),
        "split_rule": dataset.split_rule,
        "synthetic": dataset.synthetic,
        "fingerprint": dataset.fingerprint,
        "warnings": list(dataset.warnings),
    }


@app.command("import")
def import_(
    source: Annotated[str, typer.Argument(help="A folder, a .zip or .tar archive, fashion-mnist, or demo.")],
    name: Annotated[str | None, typer.Option("--name", help="What to call it; the source's name if not given.")] = None,
    seed: Annotated[int, typer.Option("--seed", help="Of the split, where the source has none.")] = 0,
    as_json: Json = False,
    data_dir: DataDir = DATA_DIR,
) -> None:
    """Import labelled photos: class folders, an IndoFashion folder, Fashion-MNIST files, or the drawn demo set."""
    dataset = manifest.import_source(source, data_dir=data_dir, name=name, seed=seed, progress=Bar())
    document = _dataset_document(dataset)
    for warning in dataset.warnings:
        say(f"note: {warning}")
    splits = ", ".join(f"{split} {count:,}" for split, count in dataset.splits.items())
    lines = [f"{dataset.id}: {dataset.num_images:,} photos, {len(dataset.classes)} classes ({splits})"]
    if dataset.num_damaged or dataset.num_missing:
        frame = dataset.manifest()
        bad = frame[frame["status"] != "ok"]
        for path, status, reason in bad[["path", "status", "reason"]].head(20).itertuples(index=False):
            say(f"{status}: {path}: {reason}")
        if len(bad) > 20:
            say(f"... and {len(bad) - 20:,} more; the Dataset page lists them all")
        lines.append(f"damaged {dataset.num_damaged:,}, missing {dataset.num_missing:,}: left out, named above")
    answer(document, as_json, lines)


@app.command("audit")
def audit_(
    dataset: str,
    exclude: Annotated[
        Path | None,
        typer.Option("--exclude", help="Leave out the image_ids of this text or JSON file, in a new dataset."),
    ] = None,
    exclude_leaks: Annotated[
        bool, typer.Option("--exclude-leaks", help="Leave out what an earlier split has too, in a new dataset.")
    ] = False,
    name: Annotated[str | None, typer.Option("--name", help="What to call the new dataset.")] = None,
    run: Annotated[
        str | None, typer.Option("--run", help="List the labels that this run's predictions speak against, too.")
    ] = None,
    split: Split = None,
    as_json: Json = False,
    data_dir: DataDir = DATA_DIR,
    runs_dir: RunsDir = RUNS_DIR,
) -> None:
    """Look for damaged and odd photos, copies, leaks between splits, label conflicts and suspected label errors."""
    found_dataset = manifest.find_dataset(data_dir, dataset)
    if split and not run:
        raise WrongUse("--split says which predictions of a run to read; give --run RUN with it")
    suspected = _label_errors(runs.find_run(runs_dir, run), found_dataset, split) if run else None
    listed = versions.read_list(exclude) if exclude else {}
    if name and not (exclude or exclude_leaks):
        raise WrongUse("--name names the new dataset; give --exclude FILE or --exclude-leaks with it")
    found = audit.run(found_dataset, Bar())
    document: dict[str, Any] = {
        "dataset": found.dataset,
        "fingerprint": found.fingerprint,
        "images": found.num_images,
        "counts": found.counts,
        "leaks": found.leaks,
        "leaked_images": found.num_leaked,
        "findings": str(found.path),
        "seconds": found.seconds,
    }
    lines = [f"{found.counts[kind]:>9,}  {words}" for kind, words in findings.KINDS.items()]
    for pair in found.leaks:
        causes = ", ".join(f"{cause} {number:,}" for cause, number in pair["causes"].items())
        lines.append(f"{pair['images']:>9,}  of {pair['split']} are in {pair['other_split']} too ({causes})")
    lines.append(f"every finding: {found.path}")
    if suspected:
        document["label_errors"] = suspected
        lines += _label_error_lines(suspected)
    if exclude or exclude_leaks:
        bring = None if exclude else versions.command_for(found_dataset, "--exclude-leaks")
        reasons = (versions.leaked(found) if exclude_leaks else {}) | listed
        made = versions.exclude(found_dataset, reasons, bring=bring, name=name)
        document["new_dataset"] = _dataset_document(made)
        lines.append(f"new dataset {made.id}: {made.num_images:,} photos; {found.dataset} is as it was")
    answer(document, as_json, lines)


def _label_errors(run: runs.Run, dataset: manifest.Dataset, split: str | None) -> dict[str, Any]:
    """Suspected label errors by a run's stored predictions of a split, test where there are such."""
    split = split or next(iter(run.prediction_splits()), "test")
    if split.endswith(f"-on-{dataset.id}"):
        runs.check_same_classes(run, dataset)
    else:
        runs.check_same_dataset(run, dataset)
    predictions = run.predictions(split)
    found = label_errors.find(predictions, run.classes)
    return {
        "run_id": run.id,
        "split": split,
        "n": len(predictions),
        "suspected": len(found),
        "in_sample": split == "train",
        "photos": found.to_dict("records"),
    }


def _label_error_lines(suspected: dict[str, Any], most: int = 20) -> list[str]:
    told = f"{suspected['suspected']:>9,}  of {suspected['n']:,} {suspected['split']} labels are suspected by run "
    lines = [told + suspected["run_id"] + (", the worst:" if suspected["suspected"] else "")]
    if suspected["in_sample"]:
        lines.append(
            "           the run was trained on these photos and has learnt their labels: errors are underrated"
        )
    for row in suspected["photos"][:most]:
        lines.append(
            f"{row['rank']:>9,}. {row['image_id']}: {row['label']} {row['p_label']:.1%}, "
            f"rather {row['suggested']} {row['p_suggested']:.1%}"
        )
    return lines


@app.command()
def folders(
    dataset: Annotated[str, typer.Argument(help="Name of an imported dataset.")],
    destination: Annotated[Path, typer.Argument(help="A folder that does not exist yet.")],
    as_json: Json = False,
    data_dir: DataDir = DATA_DIR,
) -> None:
    """Write class folders that torchvision's ImageFolder opens (train/ val/ test/)."""
    written = manifest.write_folders(manifest.find_dataset(data_dir, dataset), destination, progress=Bar())
    answer(written, as_json, [f"written to {destination}: {written}"])


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
    device: Device = None,
    as_json: Json = False,
    runs_dir: RunsDir = RUNS_DIR,
) -> None:
    """Say what garment each photo shows. A photo that cannot be read is named and the others go on."""
    from fashion_core import infer
    from fashion_core.errors import PhotoError
    from fashion_core.photos import open_photo

    found = runs.find_run(runs_dir, run)
    model = infer.load_model(found, infer.choose_device(device or "auto"))
    results: list[dict[str, Any]] = []
    for path in images:
        try:
            probabilities_K = infer.predict_photos(model, [open_photo(path)], found.settings)[0]
        except PhotoError as error:
            results.append({"image": str(path), "top": [], "error": str(error)})
            continue
        best = probabilities_K.argsort()[::-1][:top]
        ranked = [{"label": found.classes[k], "probability": float(probabilities_K[k])} for k in best]
        results.append({"image": str(path), "top": ranked, "error": None})
    lines = []
    for result in results:
        said = ", ".join(f"{entry['label']} {entry['probability']:.1%}" for entry in result["top"])
        lines.append(f"{result['image']}: {result['error'] or said}")
    answer(results, as_json, lines)
    if all(result["error"] for result in results):
        raise RunError("none of the photos could be read")


@app.command("export")
def export_(
    run: str,
    destination: Annotated[Path, typer.Option("--to", "-o", help="A run directory that does not exist yet.")],
    export_format: Annotated[str, typer.Option("--format", help="reference: a small copy that can be shipped.")],
    as_json: Json = False,
    data_dir: DataDir = DATA_DIR,
    runs_dir: RunsDir = RUNS_DIR,
) -> None:
    """Copy a finished run without its trainer state, weights and features in half precision."""
    if export_format != "reference":
        raise WrongUse(f"--format must be reference, got {export_format!r}")
    found = runs.find_run(runs_dir, run)
    dataset = runs.dataset_of(found, manifest.list_datasets(data_dir))
    if dataset is None:
        raise RunError(f"the photos of run {run!r} are not on this machine; run: {found.dataset['bring']}")
    from fashion_core import export

    size = export.write_reference(found, dataset, destination)
    answer({"run_id": run, "path": str(destination), "bytes": size}, as_json, [f"{destination}: {size / 1e6:.1f} MB"])


def main() -> None:
    """Run the command line; a FashionError is one sentence on stderr and its exit code."""
    words = sys.argv[1:]
    heavy = {"train", "resume", "evaluate", "embed", "export"} & set(words[:1]) and "--detach" not in words
    if heavy and sys.platform == "linux" and not launch.ALLOCATOR.items() <= os.environ.items():
        # The allocator reads these when a process starts, so the process starts again, once.
        os.execve(sys.executable, [sys.executable, "-m", "fashion_core", *words], {**os.environ, **launch.ALLOCATOR})
    try:
        app(prog_name="python -m fashion_core")
    except FashionError as error:
        say(f"error: {error}")
        sys.exit(error.exit_code)


if __name__ == "__main__":
    main()
