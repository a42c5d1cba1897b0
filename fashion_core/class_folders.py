"""Reads class folders, with or without split folders around them.

Takes a folder; gives classes and rows (or SourceError). Opens no photo and writes nothing. Knows only this layout:
``[wrapper/][train|val|valid|validation|test/]class/[deeper/]photo.jpg``.
"""

import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from fashion_core import photos
from fashion_core.archives import has_odd_characters, is_junk
from fashion_core.errors import SourceError
from fashion_core.labels import agree, counted

SPLIT_NAMES = {"train": "train", "val": "val", "valid": "val", "validation": "val", "test": "test"}
#: Pictures in formats that are not read: worth a word, unlike a README.
_OTHER_PICTURES = {".tif", ".tiff", ".heic", ".heif", ".avif", ".svg", ".jp2", ".jxl", ".psd", ".raw", ".ico", ".tga"}


@dataclass(frozen=True)
class Found:
    """What lies in the folder. ``rows``: image_id, path, split ("" where there are no splits), label."""

    base: Path
    classes: list[str]
    rows: pd.DataFrame
    warnings: tuple[str, ...]


def read(root: Path) -> Found:
    """Find the classes and their photos under ``root``; one wrapping folder, or several, are looked through."""
    base = without_wrappers(root)
    groups, notes = _class_folders(base)
    found: list[tuple[str, str, str]] = []
    other: Counter[str] = Counter()
    for split, label, folder in groups:
        found += [(path, split, label) for path in _photos_under(folder, base, other)]
    if not found:
        raise SourceError(
            f"folder '{root}' holds no photos ({', '.join(photos.EXTENSIONS)}); give a folder with one folder a class."
        )
    classes = sorted({label for _, label, _ in groups})
    _refuse_odd_classes(base, classes, {label for _, _, label in found})
    if other:
        listed = ", ".join(f"{count} {suffix}" for suffix, count in sorted(other.items()))
        notes.append(f"files in formats that are not read were left out: {listed}")
    rows = pd.DataFrame(found, columns=["image_id", "split", "label"])
    rows.insert(1, "path", rows["image_id"])
    return Found(base, classes, rows, tuple(notes))


def without_wrappers(root: Path) -> Path:
    """The folder below ``root`` at which there is something to choose: single folders around everything are skipped."""
    base = root
    for inner in wrapped(root):
        if inner.name.lower() in SPLIT_NAMES or not _listing(inner)[0]:  # a split, or a class, is no wrapper
            break
        base = inner
    return base


def wrapped(root: Path) -> Iterator[Path]:
    """The folders inside ``root`` that stand alone, each in the one before it."""
    current = root
    for _ in range(8):
        folders, files = _listing(current)
        if len(folders) != 1 or any(_is_photo(name) for name in files):
            return
        current = current / folders[0]
        yield current


def _listing(folder: Path) -> tuple[list[str], list[str]]:
    try:
        with os.scandir(folder) as entries:
            kept = [(entry.name, entry.is_dir()) for entry in entries if not is_junk(entry.name)]
    except OSError as error:
        raise SourceError(f"folder '{folder}' cannot be read ({error.strerror}); check its permissions.") from error
    folders = sorted(name for name, is_folder in kept if is_folder and not name.startswith("."))
    return folders, sorted(name for name, is_folder in kept if not is_folder and not name.startswith("."))


def _is_photo(name: str) -> bool:
    return name.lower().endswith(photos.EXTENSIONS)


def _class_folders(base: Path) -> tuple[list[tuple[str, str, Path]], list[str]]:
    """(split or "", class, folder) for every class folder, and remarks."""
    folders, files = _listing(base)
    splits = [name for name in folders if name.lower() in SPLIT_NAMES]
    notes = []
    if loose := sum(_is_photo(name) for name in files):
        if not folders:
            raise SourceError(
                f"folder '{base}' holds {counted(loose, 'photo')} but no class folders; put the photos of each class "
                "into a folder with the name of the class."
            )
        notes.append(f"{counted(loose, 'photo')} beside the class folders {_no_class(loose)}")
    if not splits or (len(splits) < len(folders) and "train" not in [name.lower() for name in splits]):
        return [("", name, base / name) for name in folders], notes
    by_split: dict[str, str] = {}
    for name in splits:
        split = SPLIT_NAMES[name.lower()]
        if split in by_split:
            raise SourceError(
                f"folder '{base}' holds both '{by_split[split]}' and '{name}', which mean the same; keep one."
            )
        by_split[split] = name
    if left_out := sorted(set(folders) - set(splits)):
        notes.append(f"folders beside train, val and test were left out: {', '.join(left_out)}")
    groups = []
    for split, name in by_split.items():
        classes, loose_files = _listing(base / name)
        if loose := sum(_is_photo(file) for file in loose_files):
            notes.append(f"{counted(loose, 'photo')} directly in '{name}' {_no_class(loose)}")
        groups += [(split, label, base / name / label) for label in classes]
    return groups, notes


def _photos_under(folder: Path, base: Path, other: Counter[str]) -> list[str]:
    """Paths of the photos, relative to ``base``. Links are followed, but no folder is entered twice."""
    found, waiting, seen = [], [folder], set()
    while waiting:
        current = waiting.pop()
        real = os.path.realpath(current)
        if real in seen:
            continue
        seen.add(real)
        folders, files = _listing(current)
        waiting += [current / name for name in folders]
        for name in files:
            path = (current / name).relative_to(base).as_posix()
            if has_odd_characters(path):
                raise SourceError(
                    f"file name {path!r} holds characters that cannot be shown or stored; rename the file."
                )
            if _is_photo(name):
                found.append(path)
            elif (suffix := Path(name).suffix.lower()) in _OTHER_PICTURES:
                other[suffix] += 1
    return sorted(found)


def _refuse_odd_classes(base: Path, classes: list[str], with_photos: set[str]) -> None:
    if without := [label for label in classes if label not in with_photos]:
        named = ", ".join(f"'{label}'" for label in without)
        raise SourceError(f"class folder {named} in '{base}' holds no photos; add some or remove the folder.")
    by_lower: dict[str, str] = {}
    for label in classes:
        if has_odd_characters(label):
            raise SourceError(f"class folder {label!r} has characters that cannot be shown or stored; rename it.")
        if (twin := by_lower.setdefault(label.casefold(), label)) != label:
            raise SourceError(
                f"class folders '{twin}' and '{label}' in '{base}' differ only by case; rename one of them."
            )
    if len(classes) < 2:
        raise SourceError(f"folder '{base}' holds one class only, '{classes[0]}'; a classifier needs at least two.")


def _no_class(num: int) -> str:
    return f"{agree(num, 'belongs', 'belong')} to no class and {agree(num, 'was', 'were')} left out"
