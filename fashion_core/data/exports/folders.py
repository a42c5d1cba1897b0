"""Class folders: split/class/photo, as torchvision's ImageFolder, timm and ``datasets``' imagefolder read them."""

import re
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from fashion_core.data.exports import card
from fashion_core.data.exports.copies import UNLABELED, Copies, Plan
from fashion_core.data.exports.table import NAME, reads_as_no_label, row_of


def write(folder: Path, plan: Plan, copies: Copies) -> list[str]:
    """``split/class/photo``, a README.md that says which split is where, classes.txt with the folders in their order,
    and photos.csv with the source's own columns. Photos without a label lie in _unlabeled/, beside the splits.

    A class without photos in a split keeps an empty folder there, so that torchvision's numbers stay right
    (``allow_empty=True``); timm leaves empty folders out and numbers by ``class_map="classes.txt"``.
    """
    names = dict(zip(plan.classes, folder_names(plan.classes), strict=True))
    for split in plan.splits:
        for name in names.values():
            (folder / split / name).mkdir(parents=True)
    beside = Path(f"_{UNLABELED}")
    if plan.dataset.num_unlabelled:
        (folder / beside).mkdir()
    rows = []
    for copy in copies(flat=False):
        path = Path(copy.split, names[copy.label], copy.name) if copy.split else beside / copy.name
        (folder / path).write_bytes(copy.data)
        rows.append(row_of(copy, path))
    (folder / "classes.txt").write_text("".join(f"{name}\n" for name in names.values()))
    card.write(folder, plan, {split: f"{split}/**" for split in plan.splits}, labels_from_folders=True)
    if strange := reads_as_no_label(plan.classes):
        return [f"no {NAME}: the class {strange!r} would be read there as no label"]
    pd.DataFrame(rows).to_csv(folder / NAME, index=False)
    return []


def folder_names(classes: Sequence[str]) -> list[str]:
    """What the classes' folders are called: readers number them by their sorted names, torchvision and ``datasets`` by
    letters ("10" before "2"), timm by letters and numbers ("2" before "10"). Where either order is not that of the
    classes, each name begins with its number."""
    if list(classes) == sorted(classes) == sorted(classes, key=_as_timm_sorts):
        return list(classes)
    width = len(str(len(classes) - 1)) if len(classes) > 10 else 2
    return [f"{number:0{width}d}_{label}" for number, label in enumerate(classes)]


def _as_timm_sorts(name: str) -> list[str | int]:
    """The key of timm's natural order (timm 1.0.31, ``natural_key``): runs of digits are numbers."""
    return [int(part) if part.isdecimal() else part for part in re.split(r"(\d+)", name.lower())]
