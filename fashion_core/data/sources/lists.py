"""Reads lists: a text file, or one a split, with a photo's path and its class in each line, and no header.

Spaces or tabs stand between the two; a path may hold spaces where it ends as photos do. A line of a path alone is a
photo without a label. What numbers mean stands in a file such as classes.txt.
"""

import re
from pathlib import Path

from fashion_core.data.sources import table_choice
from fashion_core.data.sources.class_folders import holds_class_folders
from fashion_core.data.sources.known_tables import LABEL, PHOTO, KnownTables, by_split, start_of
from fashion_core.data.sources.photos import EXTENSIONS
from fashion_core.data.sources.reader import Given
from fashion_core.data.sources.row_account import NO_ONE_CLASS
from fashion_core.data.sources.table_rows import Table, frame
from fashion_core.errors import SourceError

_ENDINGS = {".txt", ".lst"}
_PHOTO = re.compile(rf"(.+?(?:{'|'.join(map(re.escape, EXTENSIONS))}))(?:\s+(\S.*))?", re.IGNORECASE)
#: datumaro quotes a path with spaces without its ending: "a b".jpg 3
_QUOTED = re.compile(r'"([^"]+)"(\.\w+)?(?:\s+(\S.*))?')
_NUMBERS = re.compile(r"\d+(?:[\s,]+\d+)+")
_START = 10_000  # characters by which a file is told


class Lists(KnownTables):
    """The reader of lines of path and label."""

    kinds = ("list",)
    layout = "lists of path and label (train.txt, val.txt)"
    called = "list"

    def files(self, place: Path) -> list[Path]:
        return by_split(place, _is_list)

    def recognises(self, place: Path) -> bool:
        return bool(self.files(place)) and (place.is_file() or not holds_class_folders(place))

    def table(self, file: Path, given: Given) -> Table:
        bad: dict[int, tuple[str, str]] = {}
        records = []
        try:
            lines = file.read_text(encoding="utf-8-sig").splitlines()
        except UnicodeDecodeError as error:
            raise SourceError(f"list '{file}' is not UTF-8 text; save it as UTF-8.") from error
        for number, line in enumerate(lines, start=1):
            if not line.strip():
                continue
            photo, label = _parts(line)
            if _NUMBERS.fullmatch(label):
                bad[number] = (photo, f"it has several classes, {label}")
            else:
                records.append((number, {PHOTO: photo, LABEL: label}))
        return Table(file=file, rows=frame(file, records), unread=bad, reason=NO_ONE_CLASS)


def _parts(line: str) -> tuple[str, str]:
    line = line.strip()
    if match := _QUOTED.fullmatch(line):
        photo, label = match[1] + (match[2] or ""), match[3] or ""
    elif "\t" in line:
        photo, _, label = line.partition("\t")
    elif match := _PHOTO.fullmatch(line):
        photo, label = match[1], match[2] or ""
    else:
        photo, label = (*line.split(maxsplit=1), "")[:2]
    return photo.strip(), label.strip()


def _is_list(file: Path) -> bool:
    """Whether the first lines name photos by their endings, and some of them a class."""
    if file.suffix.lower() not in _ENDINGS:
        return False
    start = start_of(file, _START).rpartition("\n")[0] or start_of(file, _START)
    lines = [line for line in start.splitlines() if line.strip()]
    parts = [_parts(line) for line in lines]
    named = [label for photo, label in parts if photo.lower().endswith(EXTENSIONS)]
    alone = bool(table_choice.split_of_file(file, None))  # a list of the photos of a split may have no labels
    return len(named) * 2 > len(lines) and (any(named) or alone)
