"""A dataset with planted leaks: some test photos stand in train a second time, to show what that does to a score.

Takes a Dataset; gives a derived Dataset of chosen training photos, the copies, and val and test as they were. Its pixel
caches are rows of the old one's: nothing is decoded. N images, K classes.
"""

import dataclasses
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from fashion_core import rights
from fashion_core.data import datasets, derived, pixels
from fashion_core.data.datasets import Dataset
from fashion_core.data.sources import readers
from fashion_core.data.sources.layout import TRAIN_FIRST
from fashion_core.errors import DatasetError, WrongUse
from fashion_core.labels import counted

OPERATION = "copies"
ENDING = "#copy"


def make(
    dataset: Dataset,
    *,
    train: int,
    copies: int,
    seed: int = 0,
    name: str,
    bring: str,
    data_dir: Path,
) -> Dataset:
    """A dataset with ``train`` training photos a class and copies of ``copies`` test photos a class among them.

    A copy's image_id is that of its photo with ENDING. Which are taken is drawn from (seed, class). The same call gives
    the same dataset. WrongUse as in ``chosen``.
    """
    rights.refuse_read_only("no dataset can be made")
    whole = dataset.manifest().reset_index(drop=True)
    rows_N, table = _rows(whole, dataset.classes, train, copies, seed)
    parts = ["copies", dataset.fingerprint, table["image_id"].tolist(), table["split"].tolist()]
    fingerprint = readers.fingerprint_of(parts)
    new_id = datasets.id_for(datasets.checked_name(name))
    final = data_dir / new_id
    if final.exists():
        known = datasets.load(final)
        if known.fingerprint != fingerprint:
            raise DatasetError(f"dataset '{known.name}' is there already with other photos; choose another name.")
        return known
    counts = table["split"].value_counts()
    operation: dict[str, Any] = {"operation": OPERATION, "train": train, "copies": copies, "seed": seed}
    new = dataclasses.replace(
        dataset,
        id=new_id,
        folder=final,
        name=name,
        root=Path(os.path.relpath(dataset.root.resolve(), final.resolve())),
        bring=bring,
        fingerprint=fingerprint,
        splits={split: int(counts[split]) for split in dataset.splits if split in counts},
        num_images=len(table),
        num_damaged=0,
        num_missing=0,
        num_unlabelled=0,
        warnings=(*dataset.warnings, sentence(operation | {"parent": dataset.name}, len(dataset.classes))),
        made=(
            *dataset.made,
            operation | {"parent": dataset.name, "parent_fingerprint": dataset.fingerprint},
        ),
    )
    return derived.publish(new, table, lambda building: _take_pixels(dataset, rows_N, building, fingerprint))


def chosen(manifest: pd.DataFrame, classes: Sequence[str], split: str, number: int, seed: int) -> np.ndarray:
    """Rows of ``number`` readable photos of each class of a split, int64 N, drawn from (seed, split, class); those of a
    smaller number are among those of a larger one. WrongUse when a class has fewer."""
    usable = ((manifest["status"] == "ok") & (manifest["split"] == split)).to_numpy()
    found = [np.zeros(0, np.int64)]
    for k, label in enumerate(classes):
        rows = np.flatnonzero(usable & (manifest["label"] == label).to_numpy())
        if not 0 <= number <= len(rows):
            raise WrongUse(f"class '{label}' has {len(rows):,} {split} photos, got {number:,} to take")
        order = np.random.default_rng([seed, TRAIN_FIRST.index(split), k]).permutation(len(rows))
        found.append(np.sort(rows[order[:number]]))
    return np.concatenate(found)


def _rows(
    whole: pd.DataFrame, classes: tuple[str, ...], train: int, copies: int, seed: int
) -> tuple[np.ndarray, pd.DataFrame]:
    """The old rows that the new ones come from, int64 N, and the new manifest."""
    ok = (whole["status"] == "ok").to_numpy()
    others_N = np.flatnonzero(ok & (whole["split"] != "train").to_numpy())
    kept_N = np.sort(np.concatenate([others_N, chosen(whole, classes, "train", train, seed)]))
    copied_N = chosen(whole, classes, "test", copies, seed)
    copied = whole.iloc[copied_N]
    copied = copied.assign(image_id=copied["image_id"] + ENDING, split="train")
    table = pd.concat([whole.iloc[kept_N], copied], ignore_index=True)
    return np.concatenate([kept_N, copied_N]), table


def _take_pixels(dataset: Dataset, rows_N: np.ndarray, building: Path, fingerprint: str) -> None:
    """The rows of every squeezed cache that fits the old dataset."""
    for path in sorted(dataset.folder.glob("pixels-*.npy")):
        size = path.stem.removeprefix("pixels-").split("x")
        try:
            old_NHW3 = pixels.open_pixels(dataset, int(size[0]), int(size[1]))
        except (DatasetError, IndexError, ValueError):  # of another import, or resized in another way
            continue
        with pixels.create(building / path.name, len(rows_N), old_NHW3.shape[2], old_NHW3.shape[1]) as new_NHW3:
            for start in range(0, len(rows_N), 256):
                new_NHW3[start : start + 256] = old_NHW3[rows_N[start : start + 256]]
        pixels.seal(building, building / path.name, fingerprint)


def sentence(step: dict[str, Any], num_classes: int) -> str:
    """What was done, in one sentence, from an entry of ``Dataset.made``."""
    planted = step["copies"] * num_classes
    tail = f", and copies of {counted(planted, 'test photo')} were planted in train" if planted else ""
    return f"train has {counted(step['train'], 'photo')} a class of {step['parent']}, seed {step['seed']}{tail}"
