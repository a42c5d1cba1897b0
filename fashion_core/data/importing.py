"""Import a source: every photo opened once, verified, measured and put into the first pixel cache.

Takes whatever ``sources`` reads; gives a Dataset in the data folder, complete or not at all: everything is built under
``.incoming/<id>/`` and appears by one rename. The user's own files are only read. Knows no layout and no training.
"""

import shlex
import shutil
from pathlib import Path
from typing import Any

import pandas as pd

from fashion_core import jobs, locks, rights, storage
from fashion_core.data import datasets, decoded, examined, groups, moved, pixels, uploads
from fashion_core.data.datasets import CLASS_MAP, READABLE, UNLABELLED, UNUSED, Dataset
from fashion_core.data.decoded import Decoded
from fashion_core.data.sources import class_map, readers
from fashion_core.data.sources.layout import TRAIN_FIRST
from fashion_core.data.sources.reader import GROUP, UNDECIDED, Choices, Progress, Source
from fashion_core.data.sources.row_account import DAMAGED, Account
from fashion_core.data.sources.row_account import UNUSED as UNUSED_COLUMNS
from fashion_core.errors import BeingMade, DatasetError, PhotoError, SourceError
from fashion_core.labels import agree, counted, harmless

THUMBNAIL, TINY = 128, 32


def import_source(
    source: str | Path,
    *,
    data_dir: Path,
    name: str | None = None,
    seed: int = 0,
    progress: Progress | None = None,
    choices: Choices = UNDECIDED,
) -> Dataset:
    """Import ``source`` as dataset ``name``. The same photos under the same name again: the dataset that is there,
    which reads them where they lie now.

    SourceError or DatasetError with one sentence otherwise; then nothing is left but the reason in progress.json.
    """
    rights.refuse_read_only("nothing can be imported")
    name = datasets.checked_name(name if name is not None else readers.name_of(source))
    dataset_id = datasets.id_for(name)
    final, incoming = data_dir / dataset_id, datasets.incoming_folder(data_dir, dataset_id)
    known = readers.known_fingerprint(source, seed, choices)
    if known and (final / "dataset.json").is_file() and datasets.load(final).fingerprint == known:
        jobs.forget(incoming)
        return datasets.load(final)
    try:
        with jobs.at_work(incoming, progress, interrupted="the import was interrupted", keep=False) as report:
            if final.exists() and not (final / "dataset.json").is_file():
                raise DatasetError(f"'{final}' is in the way and no dataset; choose another --name, or move it away.")
            try:
                dataset = _import(source, data_dir, dataset_id, name, seed, report, choices)
            except BaseException:
                shutil.rmtree(incoming / "dataset", ignore_errors=True)
                raise
    except locks.Busy as busy:
        raise BeingMade(f"dataset '{name}' is being imported by another process; wait until it is done.") from busy
    except OSError as error:
        where = f" ('{error.filename}')" if error.filename else ""
        raise DatasetError(
            f"the import of '{source}' stopped: {error.strerror or error}{where}. Nothing was imported."
        ) from error
    return dataset


def _import(
    given: str | Path,
    data_dir: Path,
    dataset_id: str,
    name: str,
    seed: int,
    report: jobs.Reporter,
    choices: Choices,
) -> Dataset:
    building, final = (report.folder / "dataset").resolve(), data_dir / dataset_id
    shutil.rmtree(building, ignore_errors=True)  # what a killed import left
    building.mkdir(parents=True)
    report("reading the source", 0, 0)
    how: dict[str, Any] = {"downloads": data_dir / datasets.DOWNLOADS, "seed": seed, "progress": report}
    source = uploads.open_source(given, data_dir, building, final, choices=choices, **how)
    known = decoded.find(data_dir, source, size := _first_size(source))
    manifest, pixels_path = _examined(source, building, size, report, known)
    notes = _judge(manifest, source, given)
    notes += groups.remarks(manifest, choices[GROUP], made_here=source.split_rule != "as given")
    fingerprint = readers.fingerprint_of(source.fingerprint_extra or _content(source.classes, manifest))
    bring = source.bring if name == source.suggested_name else f"{source.bring} --name {shlex.quote(name)}"
    if final.exists():
        return _again(_same_or_refuse(datasets.load(final), fingerprint, name), source, building, bring, manifest)
    storage.write_parquet(building / "manifest.parquet", manifest)
    if not (known and _shares(known, manifest, pixels_path, fingerprint)):
        pixels.seal(building, pixels_path, fingerprint)
    _write_beside(building, source, manifest)
    counts = manifest["status"].value_counts()
    usable = manifest.loc[manifest["status"] == "ok", "split"].value_counts()
    dataset = Dataset(
        id=dataset_id,
        folder=final,
        name=name,
        kind=source.kind,
        root=_root_in(final, source, building),
        classes=tuple(source.classes),
        groups=source.groups,
        synthetic=source.synthetic,
        note=source.note,
        split_rule=source.split_rule,
        bring=bring,
        fingerprint=fingerprint,
        splits={split: int(usable[split]) for split in TRAIN_FIRST if split in usable},
        num_images=int(usable.sum()),
        num_damaged=int(counts.get("damaged", 0)),
        num_missing=int(counts.get("missing", 0)),
        num_unlabelled=int(counts.get(UNLABELLED, 0)),
        together=choices[GROUP],
        first_pixels=(size, size),
        warnings=(*source.warnings, *notes),
    )
    datasets.write(building, dataset)
    report("saving", len(manifest), len(manifest))
    try:
        storage.publish_folder(building, final)
    except FileExistsError as error:
        raise DatasetError(f"'{final}' is in the way; choose another --name, or move it away.") from error
    return dataset


def _examined(
    source: Source, building: Path, size: int, report: jobs.Reporter, known: Decoded | None
) -> tuple[pd.DataFrame, Path]:
    """The manifest of a source, and its first pixel cache, not sealed yet: each photo is opened once."""
    path = building / f"pixels-{size}x{size}.npy"
    with pixels.create(path, len(source.rows), size, size) as array_NHW3:
        records = examined.examine(source, array_NHW3, report, known)
    manifest = _manifest(source, records)
    manifest.loc[(manifest["status"] == "ok") & (manifest["label"] == ""), "status"] = UNLABELLED
    return manifest, path


def _shares(known: Decoded, manifest: pd.DataFrame, path: Path, fingerprint: str) -> bool:
    """Whether the cache at ``path`` gave way to links to the very same ones of a dataset that is there."""
    if not known.same_rows(manifest):
        return False
    storage.discard(path)
    known.share(manifest, path.parent, fingerprint)
    return True


def _write_beside(building: Path, source: Source, manifest: pd.DataFrame) -> None:
    """What a person may want to read again: which rows gave no photo, and what became of the classes."""
    if source.account is not None:
        _write_unused(building / UNUSED, source.account, manifest)
    if source.becomes:
        class_map.write(building / CLASS_MAP, source.becomes)


def _write_unused(path: Path, account: Account, manifest: pd.DataFrame) -> None:
    """Every row of a table that gave no photo, with its reason; nothing is written where there is none."""
    damaged = manifest[manifest["status"] == "damaged"]
    rows = account.stands.loc[damaged["image_id"]].astype({"file": str}).reset_index(drop=True)
    own = damaged[["path", "label", "reason"]].set_axis(["photo", "label", "detail"], axis=1).reset_index(drop=True)
    rows = pd.concat([rows, own], axis=1).assign(reason=DAMAGED)[UNUSED_COLUMNS]
    unused = pd.concat([account.unused, rows]).sort_values(["file", "row"], kind="stable")
    if len(unused):
        safe = unused.assign(**{name: unused[name].map(harmless) for name in UNUSED_COLUMNS if name != "row"})
        storage.write_bytes(path, safe.to_csv(index=False, lineterminator="\r\n").encode("utf-8-sig"))


def _root_in(folder: Path, source: Source, building: Path) -> Path:
    """Where the photos of a source lie: in ``folder`` where they were unpacked, else where they are."""
    inside = source.root.is_relative_to(building)
    return folder / source.root.relative_to(building) if inside else source.root


def _again(known: Dataset, source: Source, building: Path, bring: str, manifest: pd.DataFrame) -> Dataset:
    """The dataset that has these photos already, which reads them where they lie now."""
    inside = source.root.is_relative_to(building)
    if not inside or moved.adopt(known, building / source.root.relative_to(building).parts[0]):
        known = moved.follow(known, _root_in(known.folder, source, building), bring, manifest)
    known = moved.take_columns(known, manifest)
    shutil.rmtree(building)
    return known


def _same_or_refuse(known: Dataset, fingerprint: str, name: str) -> Dataset:
    if known.fingerprint != fingerprint or known.name != name:
        raise DatasetError(
            f"dataset '{known.name}' is there already with other photos (fingerprint {known.fingerprint}, "
            f"now {fingerprint}); choose another --name."
        )
    return known


def _first_size(source: Source) -> int:
    """32 when every photo is at most 32 x 32 (Fashion-MNIST, CIFAR), else 128. Stops at the first larger photo."""
    for path in source.rows.loc[~source.rows["missing"], "path"]:
        try:
            if max(readers.open_photo_of(source.kind, source.root, path).size) > TINY:
                return THUMBNAIL
        except PhotoError:
            continue
        if readers.of_kind(source.kind).of_one_size:
            break
    return TINY


def _manifest(source: Source, found: list[dict[str, Any]]) -> pd.DataFrame:
    first = ["image_id", "path", "split", "label"]
    own = source.rows.drop(columns=[*first, "missing", "reason"])
    return pd.concat([source.rows[first], pd.DataFrame(found, index=source.rows.index), own], axis=1)


def _content(classes: list[str], manifest: pd.DataFrame) -> list[Any]:
    columns = ["image_id", "split", "label", "sha256", "status"]
    return [classes, sorted(manifest[columns].itertuples(index=False, name=None))]


def _judge(manifest: pd.DataFrame, source: Source, given: str | Path) -> list[str]:
    """Refuse a set that cannot be learnt from; remarks on what is incomplete otherwise."""
    bad = manifest[~manifest["status"].isin(READABLE)]
    examples = "; ".join(f"{row.path}: {row.reason}" for row in bad.head(3).itertuples())
    if len(bad) == len(manifest):
        raise SourceError(f"not one of the {counted(len(bad), 'photo')} of '{given}' can be read. {examples}.")
    if len(source.classes) < 2:
        raise SourceError(f"'{given}' holds one class only, '{source.classes[0]}'; a classifier needs at least two.")
    counts = manifest[manifest["status"] == "ok"].value_counts(["label", "split"]).unstack(fill_value=0)
    counts = counts.reindex(
        index=source.classes, columns=[s for s in TRAIN_FIRST if s in set(manifest["split"])], fill_value=0
    )
    for label in counts.index[counts.sum(axis=1) == 0]:
        own = bad[bad["label"] == label]
        why = f" ({own.iloc[0]['path']}: {own.iloc[0]['reason']})" if len(own) else ""
        raise SourceError(
            f"class '{label}' in '{given}' has no photo that can be read{why}; a class needs at least one."
        )
    notes = []
    if "train" not in counts.columns:
        notes.append("there is no train split: a run can be evaluated on this set, but not trained")
    for status, count in datasets.states(bad).value_counts().items():
        are, take = agree(count), agree(count, "takes", "take")
        notes.append(f"{counted(count, 'photo')} {are} {status} and {take} no part; the manifest names each")
    for split in counts.columns:
        absent = counts.index[counts[split] == 0]
        if len(absent) == len(counts):
            notes.append(f"{split} has no photo that can be read")
        elif len(absent):
            notes.append(f"{split} has no photos of {', '.join(absent)}")
    return notes
