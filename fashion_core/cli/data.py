"""Commands about photos and what networks start from: doctor, weights, datasets, import, audit, folders."""

import inspect
import os
import platform
from collections.abc import Callable
from importlib import metadata
from pathlib import Path
from typing import Annotated, Any

import typer

from fashion_core import paths, rights
from fashion_core.cli.console import DATA_DIR, RUNS_DIR, Bar, DataDir, Json, RunsDir, Split, answer, app, say
from fashion_core.data import derived, dry_run, first_look, importing, long_tail
from fashion_core.data.audit import audit, findings
from fashion_core.data.datasets import TOO_LARGE, Dataset, find_dataset, list_datasets, num_unread, unusable
from fashion_core.data.exports import formats
from fashion_core.data.sources import readers
from fashion_core.data.sources.reader import flag_of
from fashion_core.errors import FashionError, WrongUse
from fashion_core.labels import agree, counted, did_you_mean, listed
from fashion_core.metrics import enough, label_errors
from fashion_core.runs import runs, temperature
from fashion_core.runs.environment import VERSION
from fashion_core.settings import pretrained

REQUIREMENTS = "requirements.txt"


@app.command()
def doctor(as_json: Json = False, data_dir: DataDir = DATA_DIR, runs_dir: RunsDir = RUNS_DIR) -> None:
    """Show devices, versions, datasets and runs; what is missing and the command that mends it."""
    devices, default = _devices()
    names = ("torch", "torchvision", "streamlit", "plotly", "pandas", "scikit-learn", "pillow")
    datasets, found_runs = list_datasets(data_dir), runs.list_runs(runs_dir)
    installed = {name: _version(name) for name in names}
    missing = _wrongly_installed()
    if not datasets:
        missing.append("no dataset is imported; run: python -m fashion_core import demo")
    if not found_runs:
        missing.append("no run is there; run: python -m fashion_core train demo")
    there = {dataset.fingerprint for dataset in datasets}
    for run in found_runs:
        if run.dataset.fingerprint not in there:
            missing.append(f"run {run.id} has no photos here; run: {run.dataset.bring}")
    document: dict[str, Any] = {
        "version": VERSION,
        "python": platform.python_version(),
        "versions": installed,
        "devices": devices,
        "default_device": default,
        "cores": os.cpu_count(),
        "data_dir": str(data_dir),
        "runs_dir": str(runs_dir),
        "datasets": [dataset.id for dataset in datasets],
        "runs": [run.id for run in found_runs],
        "backbones": _backbones(data_dir),
        "missing": missing,
    }
    lines = [
        f"Vastra Lab {VERSION}, Python {document['python']}, "
        + ", ".join(f"{name} {version or 'missing'}" for name, version in installed.items()),
        f"devices: {', '.join(devices)} (trains on {default}), {os.cpu_count()} cores"
        if default
        else f"trains on none of {os.cpu_count()} cores: a review copy, without PyTorch",
        f"datasets in {data_dir}: {', '.join(document['datasets']) or 'none'}",
        f"runs in {runs_dir}: {', '.join(document['runs']) or 'none'}",
        f"ImageNet weights of: {', '.join(b['name'] for b in document['backbones'] if b['source']) or 'none'}; "
        "all networks that can have them: python -m fashion_core weights",
        *(f"missing: {sentence}" for sentence in missing),
    ]
    answer(document, as_json, lines)


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def _wrongly_installed() -> list[str]:
    """What requirements.txt asks for and is not here, or here in another version."""
    wanted = dict(line.split("==") for line in (paths.PROJECT_ROOT / REQUIREMENTS).read_text().split() if "==" in line)
    here = {name: _version(name) for name in wanted}
    told = []
    mend = f"run: pip install -r {REQUIREMENTS}"
    if absent := [name for name, version in here.items() if version is None]:
        told.append(f"{listed(absent)} {agree(len(absent))} not installed; {mend}")
    # a build for the CPU alone is called 2.14.1+cpu
    others = [name for name, version in here.items() if version and version.split("+")[0] != wanted[name]]
    if others:
        named = listed([f"{name} {here[name]}" for name in others])
        told.append(f"{named} {agree(len(others))} here, tried was {listed([wanted[name] for name in others])}; {mend}")
    return told


def _devices() -> tuple[list[str], str | None]:
    """What could train here, and what training takes by itself; nothing without PyTorch."""
    if not rights.has_torch():
        return [], None
    from fashion_core.models import device

    return [name for name in ("cuda", "mps", "cpu") if _has_device(name)], str(device.choose_device("auto"))


def _has_device(name: str) -> bool:
    from fashion_core.models import device

    try:
        device.choose_device(name)
    except FashionError:
        return False
    return True


def _backbones(data_dir: Path) -> list[dict[str, Any]]:
    """Each network that can start from ImageNet weights: what it wants, and where its weights lie here (or None)."""
    told = []
    for about in pretrained.BACKBONES.values():
        found = pretrained.look(about.name, data_dir)
        shown = ("name", "library", "millions", "size", "mean", "std", "licence")
        document = {name: getattr(about, name) for name in shown}
        told.append(document | {"source": found.source if found else None})
    return told


@app.command()
def weights(
    name: Annotated[str | None, typer.Argument(help="A network; its ImageNet weights are downloaded.")] = None,
    as_json: Json = False,
    data_dir: DataDir = DATA_DIR,
) -> None:
    """List the networks that can start from ImageNet weights, or download the weights of one."""
    if name is not None and name not in pretrained.BACKBONES:
        raise WrongUse(f"network {name!r} has no ImageNet weights here; {did_you_mean(name, pretrained.BACKBONES)}")
    if name is not None and pretrained.look(name, data_dir) is None:
        from fashion_core.models import weights as model_weights

        say(f"downloading the ImageNet weights of {name}")
        model_weights.fetch(name, data_dir)
    found = [one for one in _backbones(data_dir) if name in (None, one["name"])]
    lines = [
        f"{pretrained.BACKBONES[one['name']].words}; "
        + (f"here: {one['source']}" if one["source"] else pretrained.how_to_bring(one["name"], data_dir))
        for one in found
    ]
    answer(found, as_json, lines)


@app.command()
def datasets(as_json: Json = False, data_dir: DataDir = DATA_DIR) -> None:
    """List the imported datasets."""
    found = [_dataset_document(dataset) for dataset in list_datasets(data_dir)]
    lines = [f"{_line(d)}, {d['splits']}" for d in found]
    answer(found, as_json, lines or ["no dataset yet; run: python -m fashion_core import demo"])


def _line(document: dict[str, Any]) -> str:
    classes = counted(len(document["classes"]), "class", "classes")
    return f"{document['dataset']}: {counted(document['images'], 'photo')}, {classes}"


def _dataset_document(dataset: Dataset) -> dict[str, Any]:
    unread = num_unread(dataset)
    return {
        "dataset": dataset.id,
        "name": dataset.name,
        "images": dataset.num_images,
        "damaged": unread["damaged"],
        "too_large": unread[TOO_LARGE],
        "missing": unread["missing"],
        **({"unlabelled": dataset.num_unlabelled} if dataset.num_unlabelled else {}),
        "classes": list(dataset.classes),
        "splits": dict(dataset.splits),
        "split_rule": dataset.split_rule,
        "synthetic": dataset.synthetic,
        "fingerprint": dataset.fingerprint,
        "warnings": list(dataset.warnings),
    }


def _with_options_of_readers(command: Callable[..., None]) -> Callable[..., None]:
    """The command with what the readers' options are called in the place of its ``**decided``, before ``--json``."""
    *own, decided = inspect.signature(command).parameters.values()
    assert decided.kind is inspect.Parameter.VAR_KEYWORD
    theirs = [
        inspect.Parameter(
            option.name,
            inspect.Parameter.POSITIONAL_OR_KEYWORD,
            default="" if option.check else False,
            annotation=Annotated[str if option.check else bool, typer.Option(flag_of(option.name), help=option.help)],
        )
        for option in readers.options()
    ]
    at = [parameter.name for parameter in own].index("as_json")
    parameters = [*own[:at], *theirs, *own[at:]]
    command.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    command.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return command


def what_is_imported() -> str:
    return (
        f"Import labelled photos: {', '.join(readers.layouts())}, any of these in a dataset of the Hugging Face hub "
        "(hf:OWNER/NAME), or the drawn demo set."
    )


@app.command("import", help=what_is_imported())
@_with_options_of_readers
def import_(
    source: Annotated[
        str, typer.Argument(help="A folder, an archive, hf:OWNER/NAME, fashion-mnist, demo, or drawn-places.")
    ],
    name: Annotated[str | None, typer.Option("--name", help="What to call it; the source's name if not given.")] = None,
    seed: Annotated[
        int,
        typer.Option(
            "--seed", help="Of the split, where the source has none; with --imbalance, of what stays in train."
        ),
    ] = 0,
    imbalance: Annotated[
        float | None,
        typer.Option(
            "--imbalance",
            help="Make a dataset whose train is long-tailed, so many to 1; SOURCE may be an imported dataset.",
        ),
    ] = None,
    dry: Annotated[
        bool, typer.Option("--dry-run", help="Say what is recognised and what would be imported, and import nothing.")
    ] = False,
    look_into: Annotated[
        Path | None, typer.Option("--look-into", hidden=True, help="Write a first look for the pages to this folder.")
    ] = None,
    as_json: Json = False,
    data_dir: DataDir = DATA_DIR,
    **decided: str | bool,
) -> None:
    choices = readers.choose(**decided)
    if look_into is not None:
        first_look.look(source, folder=look_into, data_dir=data_dir, seed=seed, progress=Bar(), choices=choices)
        return
    if dry:
        if imbalance is not None:
            raise WrongUse("--dry-run says what an import would make of a source; leave --imbalance out")
        _tell_dry_run(dry_run.look(source, data_dir=data_dir, seed=seed, progress=Bar(), choices=choices), as_json)
        return
    if imbalance is None:
        dataset = importing.import_source(
            source, data_dir=data_dir, name=name, seed=seed, progress=Bar(), choices=choices
        )
    else:
        long_tail.check_ratio(imbalance)  # before an import that takes minutes
        whole = _imported(source, data_dir) or importing.import_source(
            source, data_dir=data_dir, progress=Bar(), choices=choices
        )
        dataset = long_tail.make(whole, imbalance, seed=seed, name=name)
    document = _dataset_document(dataset)
    for warning in dataset.warnings:
        say(f"note: {warning}")
    for sentence in enough.of_manifest(dataset.manifest(["split", "label", "status"])):
        say(f"note: {sentence}")
    splits = ", ".join(f"{split} {count:,}" for split, count in dataset.splits.items())
    lines = [f"{_line(document)} ({splits})"]
    if dataset.num_damaged or dataset.num_missing:
        frame = dataset.manifest()
        bad = unusable(frame)
        for path, state, reason in bad[["path", "state", "reason"]].head(20).itertuples(index=False):
            say(f"{state}: {path}: {reason.removeprefix(f'{TOO_LARGE}: ')}")
        if len(bad) > 20:
            say(f"... and {len(bad) - 20:,} more; the Dataset page lists them all")
        unread = num_unread(dataset)
        lines.append(", ".join(f"{state} {num:,}" for state, num in unread.items()) + ": left out, named above")
    answer(document, as_json, lines)


def _tell_dry_run(document: dict[str, Any], as_json: bool) -> None:
    for warning in document["warnings"]:
        say(f"note: {warning}")
    splits = ", ".join(f"{split} {count:,}" for split, count in document["splits"].items())
    photos = sum(document["splits"].values())
    lines = [
        f"{document['format']}: {counted(photos, 'photo')}, {counted(len(document['classes']), 'class', 'classes')} "
        f"({splits})",
        f"classes: {', '.join(document['classes'])}",
        f"of {counted(document['rows'], 'row')}: {photos:,} labelled, {document['unlabelled']:,} without a label, "
        f"{sum(document['unused'].values()):,} not used"
        + "".join(f"; {reason} {num:,}" for reason, num in document["unused"].items()),
        "nothing was imported",
    ]
    answer(document, as_json, lines)


def _imported(source: str, data_dir: Path) -> Dataset | None:
    """The imported dataset of that name or id, unless a file or folder is called so."""
    if Path(source).expanduser().exists():
        return None
    return next((one for one in list_datasets(data_dir) if source in (one.id, one.name)), None)


@app.command("audit")
def audit_(
    dataset: str,
    exclude: Annotated[
        Path | None,
        typer.Option("--exclude", help="Leave out the image_ids of this text or JSON file, in a new dataset."),
    ] = None,
    exclude_leaks: Annotated[
        bool,
        typer.Option("--exclude-leaks", help="Leave out leaks (see its lines for why each is one), in a new dataset."),
    ] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Leave photos out also where a split keeps none, or none of a class.")
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
    found_dataset = find_dataset(data_dir, dataset)
    if split and not run:
        raise WrongUse("--split says which predictions of a run to read; give --run RUN with it")
    suspected = _label_errors(runs.find_run(runs_dir, run), found_dataset, split) if run else None
    given = derived.read_list(exclude) if exclude else {}
    if name and not (exclude or exclude_leaks):
        raise WrongUse("--name names the new dataset; give --exclude FILE or --exclude-leaks with it")
    if audit.outdated(found_dataset):
        say("note: the audit that is here was made in an earlier way, which found other things; made again")
    found = audit.run(found_dataset, Bar())
    document, lines = _audit_answer(found)
    if suspected:
        document["label_errors"] = suspected
        lines += _label_error_lines(suspected)
    if exclude or exclude_leaks:
        options = ["--exclude-leaks", *(["--force"] if force else [])]
        bring = None if exclude else derived.command_for(found_dataset, *options)
        reasons = (derived.leaked(found) if exclude_leaks else {}) | given
        made = derived.exclude(found_dataset, reasons, bring=bring, name=name, force=force)
        document["new_dataset"] = _dataset_document(made)
        lines.append(f"new dataset {made.id}: {counted(made.num_images, 'photo')}; {found.dataset} is as it was")
        lines.append(f"it keeps {derived.left(found_dataset, made)}")
        notes = derived.conflict_notes(found, reasons)
        for note in notes[:20]:
            say(f"note: {note}")
        if len(notes) > 20:
            say(f"... and {len(notes) - 20:,} more")
    answer(document, as_json, lines)


def _audit_answer(found: audit.Audit) -> tuple[dict[str, Any], list[str]]:
    """What an audit found, as a document and as lines."""
    document = {
        "dataset": found.dataset,
        "fingerprint": found.fingerprint,
        "images": found.num_images,
        "counts": found.counts,
        "leaks": found.leaks,
        "groups": found.groups,
        "leaked_images": found.num_leaked,
        "crowded_images": found.num_crowded,
        "findings": str(found.path),
        "seconds": found.seconds,
    }
    lines = [f"{found.counts[kind]:>9,}  {words}" for kind, words in findings.KINDS.items()]
    for pair in found.leaks:
        causes = ", ".join(f"{number:,} {findings.LEAKS[cause]}" for cause, number in pair["causes"].items())
        lines.append(f"{pair['images']:>9,}  of {pair['split']} have their like in {pair['other_split']}: {causes}")
    for group in found.groups:
        splits = ", ".join(f"{at['images']:,} of {at['split']} with {at['other_split']}" for at in group["splits"])
        lines.append(
            f"{group['values']:>9,}  {agree(group['values'], 'value', 'values')} of '{group['column']}' in several "
            f"splits, on {counted(group['images'], 'photo')}: {splits} (other photos, not copies)"
        )
    if found.num_crowded:
        lines.append(f"{found.num_crowded:>9,}  photos have so many look-alikes that only the nearest were compared")
    return document, [*lines, f"every finding: {found.path}"]


def _label_errors(run: runs.Run, dataset: Dataset, split: str | None) -> dict[str, Any]:
    """Suspected label errors by a run's stored predictions of a split, test where there are such."""
    split = split or next(iter(run.prediction_splits()), "test")
    if split.endswith(f"-on-{dataset.id}"):
        runs.check_known_classes(run, dataset)
    else:
        runs.check_same_dataset(run, dataset)
    predictions = run.predictions(split)
    fitted = temperature.of_run(run)
    found = label_errors.find(predictions, run.classes, fitted.value)
    return {
        "run_id": run.id,
        "split": split,
        "n": len(predictions),
        "suspected": len(found),
        "temperature": fitted.value if fitted.num_fitted else None,
        "why_not_calibrated": fitted.why_not or None,
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
    if suspected["why_not_calibrated"]:
        lines.append(f"           not calibrated, so the list may be too long: {suspected['why_not_calibrated']}")
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
    format: Annotated[
        str,
        typer.Option(help="; ".join(f"{name}: {format.about}" for name, format in formats.FORMATS.items()) + "."),
    ] = "imagefolder",
    as_json: Json = False,
    data_dir: DataDir = DATA_DIR,
) -> None:
    """Write a dataset's photos, splits, labels and own columns for other libraries."""
    written = formats.write(find_dataset(data_dir, dataset), destination, format, progress=Bar())
    answer(written, as_json, [f"written to {destination}: {written}"])
