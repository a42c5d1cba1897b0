"""Photos that lie elsewhere than when they were imported, or of which their table says something else now: the dataset,
and those made from it, follow them.

Takes the dataset that is there and where the very same photos lie now (the fingerprints were compared); changes root,
command and paths in the data folder, and nothing of the user's.
"""

import dataclasses
import os
from pathlib import Path

import pandas as pd

from fashion_core import storage
from fashion_core.data import datasets, pixels
from fashion_core.data.datasets import Dataset
from fashion_core.data.sources.layout import MADE_HERE
from fashion_core.labels import listed

#: How the notes begin that say it, so that a second one replaces the first.
_NOTE = "its photos are read from "
_COLUMNS = "imported again, with other values in "


def follow(known: Dataset, root: Path, bring: str, manifest: pd.DataFrame) -> Dataset:
    """The dataset with its photos under ``root``, where ``manifest`` (row by row that of ``known``) says their paths.

    Nothing happens when they lie there already, or when the dataset has a copy of its own (of an archive).
    """
    there = known.root.resolve()
    if there == root.resolve() or (there.is_relative_to(known.folder.resolve()) and there.is_dir()):
        return known
    paths = dict(zip(known.manifest(["path"])["path"], manifest["path"], strict=True))
    note = f"{_NOTE}'{root}' now; they were imported from '{known.root}'"
    for other in datasets.list_datasets(known.folder.parent):
        own = other.id == known.id
        made_of_it = any(step["parent_fingerprint"] == known.fingerprint for step in other.made)
        if not own and not (made_of_it and other.root.resolve() == there):
            continue
        _put_paths(other, paths)
        new_root = root if own or not root.is_relative_to(known.folder) else Path(os.path.relpath(root, other.folder))
        datasets.write(
            other.folder,
            dataclasses.replace(
                other,
                root=new_root,
                bring=bring + other.bring.removeprefix(known.bring) if other.bring.startswith(known.bring) else bring,
                warnings=(*(told for told in other.warnings if not told.startswith(_NOTE)), note),
            ),
        )
    return datasets.load(known.folder)


def take_columns(known: Dataset, manifest: pd.DataFrame) -> Dataset:
    """The dataset, and those made from it, with the source's own columns as ``manifest`` (row by row that of ``known``)
    has them now. Nothing happens where they are the same."""
    old = known.manifest()
    own = [name for name in manifest if name not in MADE_HERE]
    gone = [name for name in old if name not in MADE_HERE and name not in own]
    changed = [name for name in own if name not in old or not _same(old[name], manifest[name])]
    if not changed and not gone:
        return known
    rows = pd.Series(range(len(manifest)), index=manifest["image_id"])
    for other in datasets.list_datasets(known.folder.parent):
        if other.id != known.id and not any(step["parent_fingerprint"] == known.fingerprint for step in other.made):
            continue
        frame = other.manifest()
        at = frame["image_id"].map(rows)
        if at.isna().any():  # it holds photos of another dataset too
            continue
        new = manifest[own].iloc[at.astype(int)].reset_index(drop=True)
        _put_manifest(other, pd.concat([frame.drop(columns=[*gone, *own], errors="ignore"), new], axis=1))
    note = f"{_COLUMNS}{listed([repr(name) for name in (*changed, *gone)])}"
    kept = [said for said in known.warnings if not said.startswith(_COLUMNS)]
    known = dataclasses.replace(known, warnings=(*kept, note))
    datasets.write(known.folder, known)
    return known


def _same(old: pd.Series, new: pd.Series) -> bool:
    return bool((old.astype(str).to_numpy() == new.astype(str).to_numpy()).all())


def adopt(known: Dataset, unpacked: Path) -> bool:
    """Keep what an archive was unpacked to as the dataset's own copy, where its photos are gone; whether it was."""
    if known.root.is_dir():
        return False
    storage.remove_folder(known.folder / unpacked.name)  # what an import left that died here
    storage.move(unpacked, known.folder / unpacked.name)
    return True


def _put_paths(dataset: Dataset, paths: dict[str, str]) -> None:
    """Write other paths into a manifest (an idx file that was unzipped, an ending in other letters)."""
    manifest = dataset.manifest()
    new = manifest["path"].map(paths).fillna(manifest["path"])
    if (new == manifest["path"]).all():
        return
    _put_manifest(dataset, manifest.assign(path=new))


def _put_manifest(dataset: Dataset, manifest: pd.DataFrame) -> None:
    """Write another manifest of the same rows, with the caches sealed for it."""
    storage.write_parquet(dataset.manifest_path, manifest)
    for path in sorted(dataset.folder.glob("pixels-*.npy")):
        if pixels.fingerprint_of_cache(path) == dataset.fingerprint:
            pixels.seal(dataset.folder, path, dataset.fingerprint)
