"""What other libraries make of class folders: of plain ones as people have them, and of what ``folders`` writes. And
what we make of theirs (``peer_files``).

    python -m benchmarks.quality.peers

Draws tiny sets whose names are hard (a class called test, ten numbered classes, train of one class, a class missing
from val), opens each with torchvision, timm and datasets, and prints one row a set: how many photos a split has there
and how many carry their class. Needs requirements-dev.txt. The result stands in peers_measured.md.
"""

import os
import tempfile
import warnings
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from PIL import Image

from benchmarks.quality import peer_files
from fashion_core.data import importing
from fashion_core.data.exports import formats
from fashion_core.data.sources import readers

os.environ["HF_HUB_OFFLINE"] = os.environ["HF_DATASETS_OFFLINE"] = "1"
SPLITS = ("train", "val", "test")
NUMBERS = tuple(str(number) for number in range(12))
#: name -> the classes, and of which splits a class has no photos
SETS: dict[str, tuple[tuple[str, ...], dict[str, tuple[str, ...]]]] = {
    "plain names": (("kurta", "saree"), {}),
    "a class called test": (("kurta", "test"), {}),
    "a class called crop-test": (("kurta", "crop-test"), {}),
    "classes 0 to 11": (NUMBERS, {}),
    "train of one class": (("kurta", "saree"), {"train": ("saree",)}),
    "a class missing from val": (("kurta", "saree", "shoe"), {"val": ("kurta",)}),
}


def photos(classes: tuple[str, ...], absent: dict[str, tuple[str, ...]]) -> Iterator[tuple[str, str, bytes]]:
    """split, class and pixels of every photo; the pixels tell photo and class apart."""
    for split in SPLITS:
        for number, name in enumerate(classes):
            for k in range(0 if name in absent.get(split, ()) else 3):
                yield split, name, bytes([number * 9, SPLITS.index(split) * 80, k * 50]) * 64


def write_plain(folder: Path, rows: list[tuple[str, str, bytes]]) -> None:
    for number, (split, name, pixels) in enumerate(rows):
        path = folder / split / name / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.frombytes("RGB", (8, 8), pixels).save(path)


def write_table(folder: Path, rows: list[tuple[str, str, bytes]]) -> None:
    """The same photos and a parquet of paths: the way in for names that no class folder may have."""
    (folder / "photos").mkdir(parents=True)
    for number, (_, _, pixels) in enumerate(rows):
        Image.frombytes("RGB", (8, 8), pixels).save(folder / "photos" / f"{number}.png")
    table = pd.DataFrame(rows, columns=["split", "label", "pixels"]).drop(columns="pixels")
    table.assign(image=[f"{number}.png" for number in range(len(rows))]).to_parquet(folder / "table.parquet")


def by_datasets(folder: Path) -> dict[str, list[tuple[str, bytes]]]:
    import datasets

    datasets.disable_progress_bars()
    read = datasets.load_dataset(str(folder), cache_dir=str(folder.with_name("cache")))
    seen = {}
    for split in read:
        label = read[split].features.get("label")
        names = getattr(label, "names", None)
        rows = [(row.get("label"), row["image"].convert("RGB").tobytes()) for row in read[split]]
        seen["val" if split == "validation" else split] = [
            (str(names[value]) if names and value is not None else str(value), pixels) for value, pixels in rows
        ]
    return seen


def by_torchvision(folder: Path) -> dict[str, list[tuple[str, bytes]]]:
    from torchvision.datasets import ImageFolder

    seen = {}
    for split in SPLITS:
        read = ImageFolder(folder / split, allow_empty=True)
        seen[split] = [(label, image.tobytes()) for image, label in read]
    return seen


def by_timm(folder: Path, **more: str) -> dict[str, list[tuple[str, bytes]]]:
    from timm.data import create_dataset

    seen = {}
    for split in SPLITS:
        read = create_dataset("", root=folder, split=split, **more)
        seen[split] = [(label, image.convert("RGB").tobytes()) for image, label in read]
    return seen


def compare(rows: list[tuple[str, str, bytes]], classes: list[str], seen: dict[str, list[tuple[Any, bytes]]]) -> str:
    """Photos in each split there, and how many of all have the label that they have here: by name, or by number."""
    label_of = {pixels: name for _, name, pixels in rows}
    expected = {split: sum(one == split for one, _, _ in rows) for split in SPLITS}
    right = total = 0
    for of_split in seen.values():
        for label, pixels in of_split:
            name = label_of[pixels]
            own = classes.index(name) if isinstance(label, int | np.integer) else name
            right += own == label or str(label).partition("_")[2] == name
            total += 1
    counts = {split: len(of_split) for split, of_split in seen.items()}
    told = "splits right" if counts == expected else f"splits {counts} for {expected}"
    return f"{told}, {right} of {total} labels"


def main() -> None:
    warnings.simplefilter("ignore")
    versions = {name: metadata.version(name) for name in ("torchvision", "timm", "datasets")}
    print(", ".join(f"{name} {version}" for name, version in versions.items()))
    print("| set | reader | plain class folders | written by `folders` |\n|---|---|---|---|")
    for number, (name, (classes, absent)) in enumerate(SETS.items()):
        with tempfile.TemporaryDirectory() as temporary:
            here, rows = Path(temporary), list(photos(classes, absent))
            write_plain(here / f"plain{number}", rows)
            write_table(here / "table", rows)
            choices = readers.choose(label="label", split="split", image="image")
            made = importing.import_source(here / "table", data_dir=here / "data", choices=choices)
            formats.write(made, here / f"ours{number}")
            in_order = sorted(classes)
            for peer, read in (
                ("torchvision", by_torchvision),
                ("timm", by_timm),
                ("timm, class_map", lambda folder: by_timm(folder, class_map=str(folder / "classes.txt"))),
                ("datasets", by_datasets),
            ):
                plain = "" if "class_map" in peer else compare(rows, in_order, read(here / f"plain{number}"))
                ours = compare(rows, list(made.classes), read(here / f"ours{number}"))
                print(f"| {name} | {peer} | {plain} | {ours} |", flush=True)
    peer_files.main()


if __name__ == "__main__":
    main()
