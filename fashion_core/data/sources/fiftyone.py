"""Reads what FiftyOne calls a FiftyOneImageClassificationDataset: a folder, or one a split, with data/ and labels.json.

``labels`` there is an object: photo, a path under data/ without its ending -> index of its class, or the class's name,
or an object that has it as ``label`` beside ``confidence`` and ``attributes``, or nothing.
"""

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from fashion_core.data.sources import known_tables
from fashion_core.data.sources.known_tables import LABEL, PHOTO, KnownTables
from fashion_core.data.sources.reader import Given
from fashion_core.data.sources.row_account import NO_ONE_CLASS
from fashion_core.data.sources.table_json import json_of
from fashion_core.data.sources.table_labels import Labels
from fashion_core.data.sources.table_rows import Table, frame
from fashion_core.errors import SourceError

_START = re.compile(r'\s*\{\s*"(classes|labels)"\s*:')


class FiftyOne(KnownTables):
    """The reader of labels.json beside data/."""

    kinds = ("fiftyone",)
    layout = "FiftyOne's data/ and labels.json"
    called = "FiftyOne"

    def files(self, place: Path) -> list[Path]:
        return known_tables.by_split(place, _is_labels)

    def table(self, file: Path, given: Given) -> Table:
        labels, classes = _parts(file)
        bad: dict[int, tuple[str, str]] = {}
        records: list[tuple[int, dict[str, Any]]] = []
        for number, (photo, label) in enumerate(labels.items(), start=1):
            try:
                records.append((number, {PHOTO: f"data/{photo}", LABEL: ""} | _record(label, classes)))
            except ValueError as error:
                bad[number] = (photo, str(error))
        return Table(file=file, rows=frame(file, records), unread=bad, reason=NO_ONE_CLASS)

    def labels(self, files: Sequence[Table]) -> Labels:
        return known_tables.names_as_they_stand(files, [name for table in files for name in _parts(table.file)[1]])


def _is_labels(file: Path) -> bool:
    if file.name != "labels.json" or not (file.parent / "data").is_dir():
        return False
    return _START.match(known_tables.start_of(file, 200)) is not None


def _parts(file: Path) -> tuple[dict[str, Any], list[str]]:
    """The labels by photo, and the names of the classes, none where there is no list of them."""
    whole = json_of(file)
    labels, classes = (whole.get(key) for key in ("labels", "classes")) if isinstance(whole, dict) else (None, None)
    if not isinstance(labels, dict) or not labels:
        raise SourceError(f"'{file}' has no object 'labels' of photo and class; export it again.")
    if classes is not None and not (isinstance(classes, list) and all(isinstance(name, str) for name in classes)):
        raise SourceError(f"'classes' in '{file}' is no list of names; export it again.")
    return labels, classes or []


def _record(label: Any, classes: list[str]) -> dict[str, Any]:
    """Class and attributes; ValueError that says why it is no label."""
    if isinstance(label, list):
        raise ValueError(f"it has {len(label)} labels, not one")
    own: dict[str, Any] = {}
    if isinstance(label, dict):
        attributes = label.get("attributes")
        own = {key: value for key, value in label.items() if key not in ("label", "attributes")}
        own |= attributes if isinstance(attributes, dict) else {}
        own = {f"attribute {key}" if key in (PHOTO, LABEL) else key: _plain(value) for key, value in own.items()}
        label = label.get("label")
    if isinstance(label, bool) or not (label is None or isinstance(label, (int, str))):
        raise ValueError(f"{json.dumps(label)} is neither the name nor the number of a class")
    if isinstance(label, int):
        if not 0 <= label < len(classes):
            raise ValueError(f"label {label} has no name among the {len(classes)} classes")
        label = classes[label]
    return own | {LABEL: label or ""}


def _plain(value: Any) -> Any:
    """An attribute's value, which older versions write as an object of its own."""
    return value["value"] if isinstance(value, dict) and "value" in value else value
