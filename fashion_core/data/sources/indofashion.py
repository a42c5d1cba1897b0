"""Reads the IndoFashion layout: JSON Lines beside photos.

Takes a folder; gives rows (or SourceError with file and line). Opens no photo and writes nothing.
"""

import dataclasses
import html
import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd

from fashion_core import labels
from fashion_core.data.sources import photos
from fashion_core.data.sources.archives import has_odd_characters
from fashion_core.data.sources.reader import Given, Reader, Source
from fashion_core.errors import SourceError
from fashion_core.labels import agree, counted

_FILES = {"train": "train_data.json", "val": "val_data.json", "test": "test_data.json"}
FOLDERS = ("", "annotations", "images/metadata")
_TEXT_COLUMNS = ("image_url", "brand", "product_title", "color")


class IndoFashion(Reader):
    """The reader of the set that the lab is named for; its classes come in its own order."""

    kinds = ("indofashion",)
    layout = "an IndoFashion folder"

    def recognises(self, place: Path) -> bool:
        return bool(_files_in(place))

    def read(self, given: Given) -> Source:
        rows, notes = _read(given.place)
        there = set(rows["label"])
        classes = [label for label in labels.INDOFASHION if label in there]
        note = "IndoFashion: photos and texts belong to the shops that published them"
        source = given.source("indofashion", given.place, classes, rows, note=note)
        if source.split_rule != "as given":
            notes.append(f"splits: {source.split_rule}")
        if absent := [label for label in labels.INDOFASHION if label not in there]:
            have = agree(len(absent), "class of IndoFashion's 15 has", "classes of IndoFashion's 15 have")
            notes.append(f"{len(absent)} {have} no rows here: {', '.join(absent)}")
        return dataclasses.replace(source, warnings=(*notes, *source.warnings))


def _files_in(root: Path) -> dict[str, Path]:
    """{split: JSON file} for the files that are there, from the first of FOLDERS that has any."""
    for folder in FOLDERS:
        found = {split: root / folder / name for split, name in _FILES.items() if (root / folder / name).is_file()}
        if found:
            return found
    return {}


def _read(root: Path) -> tuple[pd.DataFrame, list[str]]:
    """The rows of the JSON files under ``root``, each with its photo, and remarks. A row has image_id (the image_path,
    / between folders), path (where it lies), split, label, missing, reason, _TEXT_COLUMNS (None where it says N/A)."""
    files = _files_in(root)
    folders = _Folders(root)
    rows: list[dict[str, Any]] = []
    seen: dict[str, int] = {}
    divided = set(files) in ({"train"}, {"train", "test"})  # as layout.with_missing_splits does it, which says how
    notes = [
        f"{_FILES[split]} is not there" + ("" if divided else f", so there is no {split} split")
        for split in _FILES
        if split not in files
    ]
    for split, file in files.items():
        for number, record in _records(file):
            where = f"{file}, line {number}"
            image_path = _image_path(record, where)
            path = folders.find(image_path)
            times = seen[image_path] = seen.get(image_path, 0) + 1
            rows.append(
                {
                    "image_id": image_path if times == 1 else f"{image_path}~{times}",
                    "path": path or image_path,
                    "split": split,
                    "label": _label(record, where),
                    "missing": path is None,
                    "reason": "" if path else "no photo at this path",
                    **{key: _text(record.get(key)) for key in _TEXT_COLUMNS},
                }
            )
    if not rows:
        raise SourceError(f"'{next(iter(files.values()))}' and its neighbours hold no rows; get the files again.")
    if all(row["missing"] for row in rows):
        raise SourceError(
            f"none of the {counted(len(rows), 'photo')} that the JSON files name is there; looked for "
            f"'{rows[0]['image_id']}' "
            f"and the others under '{root}'. Put the photos there, or give the folder that holds both."
        )
    if repeated := len(rows) - len(seen):
        notes.append(f"{repeated:,} rows name a photo that another row names too; they are kept, numbered ~2 and up")
    return pd.DataFrame(rows), notes


def _records(file: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    try:
        with open(file, encoding="utf-8-sig") as lines:
            for number, line in enumerate(lines, start=1):
                if not line.strip():
                    continue
                record = json.loads(line)
                if not isinstance(record, dict):
                    raise SourceError(f"{file}, line {number}: not a JSON object; each line must be one object.")
                yield number, record
    except UnicodeDecodeError as error:
        raise SourceError(f"'{file}' is not UTF-8 text; save it as UTF-8.") from error
    except (ValueError, RecursionError) as error:
        raise SourceError(f"{file}, line {number}: not valid JSON; each line must be one whole object.") from error
    except OSError as error:
        raise SourceError(f"'{file}' cannot be read ({error.strerror}); check its permissions.") from error


def _image_path(record: dict[str, Any], where: str) -> str:
    value = record.get("image_path")
    if not isinstance(value, str) or not value or has_odd_characters(value):
        raise SourceError(f"{where}: image_path is missing or no text; each row must say where its photo lies.")
    value = value.replace("\\", "/")  # as Windows writes it
    parts = [part for part in value.split("/") if part not in ("", ".")]
    if ".." in parts or value.startswith("/") or re.match(r"[A-Za-z]:", value) or not parts:
        raise SourceError(f"{where}: image_path {value!r} leads out of the folder; it must be relative to the folder.")
    return "/".join(parts)


def _label(record: dict[str, Any], where: str) -> str:
    value = record.get("class_label")
    if value in labels.INDOFASHION:
        return str(value)
    if not isinstance(value, str):
        raise SourceError(f"{where}: class_label is missing or no text; known: {', '.join(labels.INDOFASHION)}.")
    hint = labels.did_you_mean(value.strip().lower().replace(" ", "_"), labels.INDOFASHION)
    raise SourceError(f"{where}: unknown class {value!r}; {hint}")


def _text(value: Any) -> str | None:
    if value is None or value != value:  # NaN, as pandas writes an empty cell
        return None
    text = html.unescape(str(value)).strip()
    # lone surrogates are legal in JSON and fit into no UTF-8 file
    return None if text in ("", "N/A") else text.encode("utf-8", "replace").decode()


class _Folders:
    """Looks photos up by name, whatever their extension's spelling; each folder is listed once."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.names: dict[str, set[str]] = {}
        self.by_stem: dict[str, dict[str, str]] = {}

    def find(self, image_path: str) -> str | None:
        folder, _, name = image_path.rpartition("/")
        if folder not in self.names:
            self._list(folder)
        if name in self.names[folder]:
            return image_path
        other = self.by_stem[folder].get(os.path.splitext(name)[0])
        return f"{folder}/{other}".lstrip("/") if other else None

    def _list(self, folder: str) -> None:
        try:
            names = sorted(os.listdir(self.root / folder))
        except OSError:
            names = []
        self.names[folder] = set(names)
        with_photos = [name for name in names if name.lower().endswith(photos.EXTENSIONS)]
        self.by_stem[folder] = {os.path.splitext(name)[0]: name for name in reversed(with_photos)}
