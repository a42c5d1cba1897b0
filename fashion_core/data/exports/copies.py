"""The photos of a dataset as they go out, one after another, whatever they are written as.

Takes a Dataset; gives copies: bytes that every reader sees as the lab does, a name of their own, the label and the
source's own columns. Knows no format.
"""

import io
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from fashion_core.data import datasets
from fashion_core.data.datasets import Dataset
from fashion_core.data.sources import photos, readers
from fashion_core.data.sources.layout import MADE_HERE
from fashion_core.data.sources.reader import Progress, Reader

#: Where photos without a label go: the lab, like FiftyOne, takes no folder called so for a class.
UNLABELED = "unlabeled"
#: Endings that every reader takes; the others are renamed, or the photo is written anew as PNG.
_KNOWN = {".jpg", ".jpeg", ".png", ".bmp", ".webp"}
_RENAMED = {".jpe": ".jpg", ".jfif": ".jpg"}


@dataclass(frozen=True, kw_only=True)
class Copy:
    """One photo on its way out. ``stem`` and ``ending`` (with its dot) are its name, ``name`` both; no two in
    one folder have one stem, in whatever case. ``number`` is its class's index; ``own`` are the source's columns. Where
    it has no label, ``split`` and ``label`` are "" and ``number`` None."""

    image_id: str
    split: str
    label: str
    number: int | None
    stem: str
    ending: str
    data: bytes
    own: dict[str, Any]

    @property
    def name(self) -> str:
        return self.stem + self.ending

    @property
    def part(self) -> str:
        """Its split, or UNLABELED."""
        return self.split or UNLABELED


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What goes out of a dataset: its rows, in the order of splits, then those without a label; and the source's own
    columns."""

    dataset: Dataset
    rows: pd.DataFrame
    own: tuple[str, ...]

    @property
    def classes(self) -> tuple[str, ...]:
        return self.dataset.classes

    @property
    def splits(self) -> tuple[str, ...]:
        return tuple(self.dataset.splits)

    @property
    def parts(self) -> tuple[str, ...]:
        """``Copy.part`` of all copies."""
        return (*self.splits, *([UNLABELED] if self.dataset.num_unlabelled else []))


#: ``copies`` with its plan and its listener: what a format is handed.
Copies = Callable[..., Iterator[Copy]]


def plan(dataset: Dataset) -> Plan:
    """Every readable photo."""
    manifest = dataset.manifest()
    rows = manifest[manifest["status"].isin(datasets.READABLE)]
    places = {split: place for place, split in enumerate((*dataset.splits, ""))}
    rows = rows.sort_values("split", key=lambda column: column.map(places), kind="stable")
    return Plan(dataset=dataset, rows=rows, own=tuple(name for name in manifest if name not in MADE_HERE))


def copies(planned: Plan, *, flat: bool, progress: Progress | None = None) -> Iterator[Copy]:
    """The photos, read one by one; ``flat`` where all of a split lie in one folder, else each class has its own.
    DatasetError for a photo that is gone or has changed since it was imported."""
    dataset = planned.dataset
    reader = readers.of_kind(dataset.kind)
    numbers = {label: number for number, label in enumerate(dataset.classes)}
    taken: set[tuple[str, ...]] = set()
    records = planned.rows.to_dict("records")
    for done, row in enumerate(records, start=1):
        data, ending = _as_everybody_reads_it(dataset, reader, row["path"], row["sha256"])
        where = (row["split"],) if flat else (row["split"], row["label"])
        by_id = _stem(row["image_id"].removesuffix(Path(row["image_id"]).suffix if reader.in_files else ""))
        stem = by_id if flat or not reader.in_files else _stem(Path(row["path"]).stem)
        if (*where, stem.casefold()) in taken:  # photos of two sub-folders, of two endings, or twins by case
            stem = by_id
        while (*where, stem.casefold()) in taken:
            stem += "_"
        taken.add((*where, stem.casefold()))
        yield Copy(
            image_id=row["image_id"],
            split=row["split"],
            label=row["label"],
            number=numbers.get(row["label"]),
            stem=stem,
            ending=ending,
            data=data,
            own={name: None if pd.isna(row[name]) else row[name] for name in planned.own},
        )
        if progress and (done % 50 == 0 or done == len(records)):
            progress("copying photos", done, len(records))


def _as_everybody_reads_it(dataset: Dataset, reader: Reader, path: str, sha256: str) -> tuple[bytes, str]:
    """The photo's bytes and ending: its own where others see in them what the lab sees, else a PNG of that."""
    data = datasets.read_photo(dataset, path, sha256)
    ending = Path(path).suffix.lower() if reader.in_files else ""
    ending = _RENAMED.get(ending, ending)
    if ending in _KNOWN and photos.is_plain(data):
        return data, ending
    buffer = io.BytesIO()
    reader.image(dataset.root, path, data).save(buffer, "PNG")
    return buffer.getvalue(), ".png"


def _stem(name: str) -> str:
    """A name that is a file's on every system, and in one folder."""
    return re.sub(r'[~\\:*?"<>|]', "_", name.replace("/", "__"))
