"""New versions of a dataset without some of its photos; the old one stays as it is.

Takes a Dataset and the photos to leave out, each with its reason; gives a Dataset with another name and fingerprint
over the same photos. Their rows stay in the manifest as ``excluded``: row i still belongs to row i of a pixel cache.
"""

import dataclasses
import itertools
import json
import os
import re
import shlex
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from fashion_core import locks, rights, storage
from fashion_core.data import datasets, pixels
from fashion_core.data.audit.audit import Audit
from fashion_core.data.datasets import Dataset
from fashion_core.data.sources import readers
from fashion_core.data.sources.layout import TRAIN_FIRST
from fashion_core.errors import BeingMade, DatasetError, WrongUse
from fashion_core.labels import agree, counted

_MAX_LIST_BYTES = 100_000_000
LISTS = ".excluded"


def exclude(
    dataset: Dataset,
    reasons: dict[str, str],
    *,
    name: str | None = None,
    bring: str | None = None,
    operation: dict[str, Any] | None = None,
    told: str | None = None,
    data_dir: Path | None = None,
    force: bool = False,
) -> Dataset:
    """A new dataset without the photos that ``reasons`` names (image_id -> why); ``bring`` is the command for it.

    Without ``bring`` the list is kept in the data folder, under LISTS, and the command names that file: it makes the
    new dataset again also when that was removed. ``operation`` is what dataset.json keeps of how it was made (see
    ``Dataset.made``), ``told`` the sentence about it, ``data_dir`` where it shall lie, beside the old one unless given.
    DatasetError when a photo is unknown, nothing is left out, a class would lose its last photo, or, without ``force``,
    a split would lose its last one or its last of a class. The same call again gives the dataset that it made.
    """
    rights.refuse_read_only("no dataset can be made")
    manifest, leaving = _without(dataset, reasons)
    emptied, num = _emptied(manifest, leaving), int(leaving.sum())
    if emptied and not force:
        raise _would_empty(emptied, num)
    fingerprint = readers.fingerprint_of(
        ["without", dataset.fingerprint, sorted(manifest.loc[leaving, "image_id"].tolist())]
    )
    name = datasets.checked_name(name) if name is not None else _free_name(dataset, fingerprint)
    final = (data_dir or dataset.folder.parent) / datasets.id_for(name)
    if final.exists():
        return _same_or_refuse(final, fingerprint, name)
    if bring is None:
        kept = str(_keep_list(dataset, f"{final.name}-{fingerprint}", reasons))
        bring = command_for(dataset, "--exclude", kept, *(["--force"] if emptied else []))
    told = told or f"{counted(num, 'photo')} of {dataset.name} {agree(num)} left out, each with its reason"
    made = {"parent": dataset.name, "parent_fingerprint": dataset.fingerprint}
    new = dataclasses.replace(
        _lying_at(final, dataset, manifest),
        name=name,
        bring=f"{dataset.bring} && {bring} --name {shlex.quote(name)}",
        fingerprint=fingerprint,
        warnings=(*dataset.warnings, told, *emptied),
        made=(*dataset.made, {**(operation or {"operation": "exclude"}), **made}),
    )
    return publish(new, manifest, lambda building: pixels.share(dataset, building, fingerprint))


def _without(dataset: Dataset, reasons: dict[str, str]) -> tuple[pd.DataFrame, np.ndarray]:
    """The manifest in which the photos of ``reasons`` are left out, and which rows those are that were usable (bool).

    DatasetError when a photo is unknown, none is left out, or a class would lose its last one."""
    manifest = dataset.manifest()
    unknown = sorted(set(reasons) - set(manifest["image_id"]))
    if unknown:
        raise DatasetError(
            f"{counted(len(unknown), 'photo')} of the list {agree(len(unknown))} not in dataset '{dataset.name}' (the "
            f"first: {unknown[0]!r}); was the list made for another dataset?"
        )
    leaving = (manifest["image_id"].isin(list(reasons)) & (manifest["status"] == "ok")).to_numpy()
    if not leaving.any():
        raise DatasetError(f"the list leaves out no photo of dataset '{dataset.name}'; nothing was made.")
    manifest.loc[leaving, "reason"] = manifest.loc[leaving, "image_id"].map(reasons)
    manifest.loc[leaving, "status"] = "excluded"
    usable = set(manifest.loc[manifest["status"] == "ok", "label"])
    if gone := [label for label in dataset.classes if label not in usable]:
        raise DatasetError(f"class '{gone[0]}' would lose its last photo; leave one in the dataset.")
    return manifest, leaving


def _would_empty(emptied: list[str], num: int) -> DatasetError:
    """That leaving ``num`` photos out would leave a split that cannot be scored."""
    these = "this photo" if num == 1 else f"these {counted(num, 'photo')}"
    more = f" and {len(emptied) - 1:,} more such" if len(emptied) > 1 else ""
    return DatasetError(
        f"nothing was made: without {these} {emptied[0].replace(' any more', '')}{more}, so that could not be "
        "scored there. Leave fewer out, or insist (--force on the command line)."
    )


def _lying_at(final: Path, dataset: Dataset, manifest: pd.DataFrame) -> Dataset:
    """The dataset with the usable rows of a manifest, in another folder."""
    counts = manifest.loc[manifest["status"] == "ok", "split"].value_counts()
    root = dataset.root
    if root.resolve().is_relative_to(dataset.folder.resolve()):  # relative, so that data/ can be moved
        root = Path(os.path.relpath(root.resolve(), final.resolve()))
    return dataclasses.replace(
        dataset,
        id=final.name,
        folder=final,
        root=root,
        splits={split: int(counts[split]) for split in TRAIN_FIRST if split in counts},
        num_images=int(counts.sum()),
    )


def publish(new: Dataset, manifest: pd.DataFrame, take_pixels: Callable[[Path], None]) -> Dataset:
    """Put a derived dataset where it shall lie, whole or not at all; ``take_pixels`` fills its folder with caches.
    DatasetError while another process makes it."""
    incoming = datasets.incoming_folder(new.folder.parent, new.id)
    try:
        with locks.hold(incoming / "lock", seconds=2):
            if new.folder.exists() and datasets.load(new.folder).fingerprint == new.fingerprint:
                shutil.rmtree(incoming, ignore_errors=True)  # another made it while this one waited
                return datasets.load(new.folder)
            building = incoming / "dataset"
            shutil.rmtree(building, ignore_errors=True)
            building.mkdir(parents=True)
            storage.write_parquet(building / "manifest.parquet", manifest)
            take_pixels(building)
            datasets.write(building, new)
            storage.publish_folder(building, new.folder)
            shutil.rmtree(incoming, ignore_errors=True)  # while it is ours: the next one works in a new one
    except (locks.Busy, FileExistsError) as error:
        raise BeingMade(f"'{new.folder}' is being made by another process; wait until it is done.") from error
    return datasets.load(new.folder)


def command_for(dataset: Dataset, *options: str) -> str:
    """The command line that leaves photos of a dataset out."""
    return shlex.join(["python", "-m", "fashion_core", "audit", dataset.id, *options])


def _keep_list(dataset: Dataset, name: str, reasons: dict[str, str]) -> Path:
    """Write the list where it outlives the new dataset, and where no other dataset of that name takes its place."""
    path = dataset.folder.parent.resolve() / LISTS / f"{name}.json"
    storage.write_json(path, {"dataset": dataset.id, "fingerprint": dataset.fingerprint, "images": reasons})
    return path


def _emptied(manifest: pd.DataFrame, leaving: np.ndarray) -> list[str]:
    """A sentence for each split that loses its last photo, or its last of a class: such a split cannot be scored."""
    kept, gone = manifest[manifest["status"] == "ok"], manifest.loc[leaving, ["split", "label"]].drop_duplicates()
    there, splits = set(zip(kept["split"], kept["label"], strict=True)), set(kept["split"])
    empty = [split for split in gone["split"].unique() if split not in splits]
    rows = gone.itertuples(index=False, name=None)
    return [f"{split} has no photo any more" for split in empty] + [
        f"{split} has no photo of class '{label}' any more"
        for split, label in rows
        if split in splits and (split, label) not in there
    ]


def left(dataset: Dataset, made: Dataset, most: int = 5) -> str:
    """What a version keeps of each split and of the classes that lose most: ``train 60 of 62, test 8 of 12; ...``."""
    counts = []
    for one in (dataset, made):
        photos = one.manifest(["split", "label", "status"]).query("status == 'ok'")
        counts.append(photos.groupby(["split", "label"], observed=True).size())
    both = pd.concat(counts, axis=1, keys=["before", "after"]).fillna(0).astype(int)
    splits = both.groupby(level=0).sum().reindex([split for split in TRAIN_FIRST if split in dataset.splits])
    told = ", ".join(f"{split} {row.after:,} of {row.before:,}" for split, row in splits.iterrows())
    fewer = both[both["after"] < both["before"]]
    fewer = fewer.assign(share=fewer["after"] / fewer["before"]).sort_values("share", kind="stable").head(most)
    classes = ", ".join(
        f"{label} in {split} {row.after:,.0f} of {row.before:,.0f}" for (split, label), row in fewer.iterrows()
    )
    return f"{told}; most is lost by {classes}"


def leaked(audit: Audit) -> dict[str, str]:
    """The photos of later splits that an earlier split has too, each with its reason: without them nothing leaks."""
    table = audit.findings()
    leaks = table[table["kind"] == "leak"].drop_duplicates("image_id")
    rows = leaks[["image_id", "other_split", "other", "reason"]].itertuples(index=False, name=None)
    return {image_id: f"leak: {split} has '{other}', {reason}" for image_id, split, other, reason in rows}


def undecided(pairs: pd.DataFrame) -> set[str]:
    """The photos, of either side, whose copy has another label: leaving one out decides which of the two is right."""
    apart = pairs[pairs["label"].ne(pairs["other_label"]) & pairs["other_label"].notna()]
    return {*apart["image_id"], *apart["other"]}


def sides(pairs: pd.DataFrame) -> pd.DataFrame:
    """Both photos of each pair, each once, in the order of the pairs: number, image_id, split, label, and as the
    reason what the other one is."""
    other = pairs.rename(
        columns={name: f"other_{name}" for name in ("split", "label")}
        | {f"other_{name}": name for name in ("split", "label")}
        | {"image_id": "other", "other": "image_id"}
    )
    both = pd.concat([pairs, other[pairs.columns]]).sort_values("number", kind="stable")
    told = both["reason"] + " as '" + both["other"] + "' under '" + both["other_label"] + "'"
    both = both.assign(reason=told).drop_duplicates("image_id")
    return both[["number", "image_id", "split", "label", "reason"]].reset_index(drop=True)


def conflict_notes(audit: Audit, leaving: Iterable[str]) -> list[str]:
    """What leaving these photos out means for the label conflicts: which labels were taken for the right ones by it,
    and how many conflicts stay. Empty where there are none."""
    table, gone = audit.findings(), set(leaving)
    conflicts = table[table["kind"] == "conflict"]
    first, second = conflicts["image_id"].isin(gone), conflicts["other"].isin(gone)
    notes = []
    if stay := int((~first & ~second).sum()):
        are = "label conflict stays" if stay == 1 else "label conflicts stay"
        notes.append(f"{stay:,} {are}: name the wrong side of each (image_id or other) in a list for --exclude")
    for row in conflicts[first ^ second].itertuples(index=False):
        sides = ((row.image_id, row.label), (row.other, row.other_label))
        (out, _), (kept, label) = sides if row.image_id in gone else sides[::-1]
        notes.append(f"'{out}' goes, so its copy '{kept}' decides that the label is '{label}'; see that this is right")
    return notes


def read_list(path: Path) -> dict[str, str]:
    """image_id -> reason, from a JSON list of image_ids, a JSON object with ``images`` (as the Audit tab saves it), or
    a text with one image_id a line."""
    try:
        if path.stat().st_size > _MAX_LIST_BYTES:
            raise WrongUse(f"'{path}' is larger than {_MAX_LIST_BYTES:,} bytes, too large to be a list of photos")
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, ValueError) as error:
        raise WrongUse(f"the list '{path}' cannot be read ({error}); give a text or JSON file of image_ids") from error
    if not text.lstrip().startswith(("[", "{")):
        return {line.strip(): f"listed in {path.name}" for line in text.splitlines() if line.strip()}
    try:
        found = json.loads(text)
        found = found["images"] if isinstance(found, dict) else found
    except (ValueError, KeyError, RecursionError) as error:
        raise WrongUse(f"'{path}' is no JSON list of image_ids, and no object with 'images'") from error
    if isinstance(found, list) and all(isinstance(image_id, str) for image_id in found):
        return dict.fromkeys(found, f"listed in {path.name}")
    if isinstance(found, dict) and all(isinstance(reason, str) for reason in found.values()):
        return found
    raise WrongUse(f"'{path}' must list image_ids, or give each its reason as text")


def _free_name(dataset: Dataset, fingerprint: str) -> str:
    """``clothing v2``, the first that is free or holds exactly this version already."""
    stem = re.sub(r" v\d+$", "", dataset.name)[:70]
    for number in itertools.count(2):
        folder = dataset.folder.parent / datasets.id_for(f"{stem} v{number}")
        if not folder.exists() or (
            (folder / "dataset.json").is_file() and datasets.load(folder).fingerprint == fingerprint
        ):
            return f"{stem} v{number}"
    raise AssertionError("numbers do not end")


def _same_or_refuse(final: Path, fingerprint: str, name: str) -> Dataset:
    known = datasets.load(final)
    if (known.fingerprint, known.name) != (fingerprint, name):
        raise DatasetError(f"dataset '{known.name}' is there already with other photos; choose another --name.")
    return known
