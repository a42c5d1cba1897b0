"""Reads what Label Studio exports of photos with choices: JSON, JSON-MIN or CSV, beside the photos.

A task is a row, numbered as it comes, however many annotations it has: its class is what most annotators chose, and
where they disagree the column ``choices`` keeps what was chosen how often. Nothing is guessed of a tie.
"""

import dataclasses
import json
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from fashion_core.data.sources import known_tables
from fashion_core.data.sources.known_tables import LABEL, PHOTO, KnownTables
from fashion_core.data.sources.photos import EXTENSIONS
from fashion_core.data.sources.reader import GROUP, Given
from fashion_core.data.sources.row_account import NO_ONE_CLASS
from fashion_core.data.sources.table_choice import LABEL as LABEL_OPTION
from fashion_core.data.sources.table_choice import PHOTOS
from fashion_core.data.sources.table_files import read_table
from fashion_core.data.sources.table_json import json_of
from fashion_core.data.sources.table_labels import Labels
from fashion_core.data.sources.table_rows import Table, frame
from fashion_core.errors import SourceError
from fashion_core.labels import did_you_mean, listed

_START = 20_000  # characters by which a file is told
_UPLOADED = re.compile(r"(.*/)?[0-9a-f]{8}-(.+)", re.DOTALL)
#: What an export with a row an annotation says of these, and not of the photo.
_OF_ANNOTATION = {"id", "annotator", "annotation_id", "created_at", "updated_at", "lead_time"}


@dataclasses.dataclass
class _Task:
    """A photo, what its annotators chose in each field, and what else its row says."""

    photo: str
    own: dict[str, Any]
    chosen: dict[str, list[tuple[str, ...]]] = dataclasses.field(default_factory=dict)


class LabelStudio(KnownTables):
    """The reader of tasks."""

    kinds = ("label-studio",)
    layout = "Label Studio's JSON, JSON-MIN or CSV beside photos"
    options = (LABEL_OPTION, PHOTOS, GROUP)
    called = "Label Studio"

    def files(self, place: Path) -> list[Path]:
        return known_tables.by_split(place, _is_export)

    def table(self, file: Path, given: Given) -> Table:
        tasks = _tasks(file)
        fields = sorted({name for task in tasks.values() for name in task.chosen})
        asked = given.choices[LABEL_OPTION]
        if asked and asked not in fields:
            raise SourceError(f"'{file}' has no choices called '{asked}' (--label); {did_you_mean(asked, fields)}")
        if not fields:
            raise SourceError(f"no annotator chose a class in '{file}'; label some photos, and export it again.")
        if len(fields) > 1 and not asked:
            named = listed([f"'{name}'" for name in fields])
            raise SourceError(f"'{file}' has the choices {named}; say which is the class with --label {fields[0]}.")
        field = asked or fields[0]
        records, bad = [], {}
        for number, task in tasks.items():
            votes = Counter(task.chosen.get(field, []))
            said = ", ".join(f"{' and '.join(choices)} {num}" for choices, num in votes.most_common())
            first = votes.most_common(2)
            if first and (len(first[0][0]) > 1 or (len(first) > 1 and first[0][1] == first[1][1])):
                bad[number] = (task.photo, f"chosen: {said}")
                continue
            own = {f"own {key}" if key in (PHOTO, LABEL, "choices") else key: cell for key, cell in task.own.items()}
            label = first[0][0][0] if first else ""
            records.append((number, {PHOTO: task.photo, LABEL: label, "choices": said if len(votes) > 1 else ""} | own))
        return Table(file=file, rows=frame(file, records), unread=bad, reason=NO_ONE_CLASS)

    def labels(self, files: Sequence[Table]) -> Labels:
        return known_tables.names_as_they_stand(files, [])

    def otherwise(self, files: Sequence[Table]) -> list[Table]:
        """Photos under the names that they had before they were uploaded."""
        return [
            dataclasses.replace(table, rows=table.rows.assign(**{PHOTO: table.rows[PHOTO].map(_before_upload)}))
            for table in files
        ]


def _is_export(file: Path) -> bool:
    ending = file.suffix.lower()
    if ending not in (".json", ".csv"):
        return False
    start = known_tables.start_of(file, _START)
    if ending == ".csv":
        return {"annotation_id", "annotator", "lead_time"} <= set(re.split(r"[\",\s]+", start.partition("\n")[0]))
    return start.lstrip().startswith("[") and (
        '"annotation_id"' in start or ('"annotations"' in start and '"data"' in start)
    )


def _tasks(file: Path) -> dict[int, _Task]:
    """The tasks by their numbers."""
    whole = read_table(file).rows.to_dict("records") if file.suffix.lower() == ".csv" else json_of(file)
    rows = [row for row in whole if isinstance(row, dict)]
    in_order = _is_in_order([*rows[0]]) if rows else False
    of_file = [] if in_order else _filled_by_annotators(rows)
    tasks: dict[int, _Task] = {}
    numbers: dict[str, int] = {}
    for place, row in enumerate(rows):
        number = numbers.setdefault(str(row.get("id", f"row {place}")), len(numbers) + 1)
        if isinstance(data := row.get("data"), dict):
            answers = list(_answers(row.get("annotations")))
        else:
            names = [str(name) for name in row]
            fields = _between(names) if in_order else of_file
            answers = [(name, chosen) for name in fields if (chosen := _choices(row[name]))]
            data = {name: row[name] for name in names if name not in {*fields, *_OF_ANNOTATION}}
        task = tasks.setdefault(number, _Task(*_photo(data)))
        for field, chosen in answers:
            task.chosen.setdefault(field, []).append(chosen)
    return tasks


def _is_in_order(names: list[str]) -> bool:
    """Whether columns stand as the exporter found them; the converter of CSV puts them in the order of letters."""
    return "annotator" not in names or "id" not in names or names.index("id") < names.index("annotator")


def _filled_by_annotators(rows: list[dict[str, Any]]) -> list[str]:
    """The columns of choices, of those in no order: neither the photo nor what an export says of an annotation, and
    empty where nobody annotated; where some hold several choices, those."""
    columns = {name for row in rows for name in row} - _OF_ANNOTATION - {"agreement", "history"}
    photo = {name for row in rows[:1] for name, cell in row.items() if _photo({name: cell})[0]}
    fields = [
        name
        for name in sorted(columns - photo)
        if any(_choices(row[name]) for row in rows) and not any(row[name] for row in rows if not row["annotation_id"])
    ]
    return [name for name in fields if any(len(_choices(row[name])) > 1 for row in rows)] or fields


def _between(names: list[str]) -> list[str]:
    """The fields of choices, which such exports write between ``id`` and ``annotator``."""
    if "id" not in names or "annotator" not in names:
        return []
    return names[names.index("id") + 1 : names.index("annotator")]


def _answers(annotations: Any) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Field and choices of every annotation that was not cancelled."""
    for annotation in annotations if isinstance(annotations, list) else []:
        if not isinstance(annotation, dict) or annotation.get("was_cancelled"):
            continue
        for result in annotation.get("result") or []:
            if isinstance(result, dict) and result.get("type") == "choices" and (read := _choices(result.get("value"))):
                yield str(result.get("from_name")), read


def _choices(cell: Any) -> tuple[str, ...]:
    """One choice, or an object with several, which CSV writes as text."""
    if isinstance(cell, str) and cell.startswith('{"choices"'):
        try:
            cell = json.loads(cell)
        except ValueError:
            return (cell,)
    if isinstance(cell, dict):
        cell = cell.get("choices")
    if isinstance(cell, list):
        return tuple(sorted(str(choice) for choice in cell))
    return (cell,) if isinstance(cell, str) and cell else ()


def _photo(data: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """The photo of a task's data, and the rest of it."""
    for name, cell in data.items():
        if isinstance(cell, str):
            path = unquote(cell.partition("?d=")[2] or cell)  # served from a folder: /data/local-files/?d=photos/1.jpg
            if path.partition("?")[0].lower().endswith(EXTENSIONS):
                return path, {key: value for key, value in data.items() if key != name}
    return "", data


def _before_upload(path: str) -> str:
    match = _UPLOADED.fullmatch(path)
    return match[2] if match else path
