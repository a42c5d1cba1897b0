"""Reads JSON and JSON Lines that somebody else made into rows of text.

Takes a file; gives a Table (``table_rows``), or SourceError with one sentence.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from fashion_core.data.sources.table_rows import Table, frame, not_utf8, unreadable
from fashion_core.errors import SourceError


def read_lines(file: Path) -> Table:
    bad: dict[int, tuple[str, str]] = {}

    def records() -> Iterator[tuple[int, dict[str, Any]]]:
        with open(file, encoding="utf-8-sig") as lines:
            for number, line in enumerate((line for line in lines if line.strip()), start=1):
                try:
                    record = json.loads(line, object_pairs_hook=_one_each)
                except ValueError as error:
                    bad[number] = (line.strip(), _why(error))
                    continue
                if isinstance(record, dict):
                    yield number, record
                else:
                    bad[number] = (line.strip(), "no JSON object")

    return Table(file=file, rows=frame(file, records()), unread=bad)


def read_json(file: Path) -> Table:
    """A list of objects, an object of columns, an object that holds the list, or lines in spite of the ending."""
    try:
        whole = json_of(file)
    except _SeveralValues:
        return read_lines(file)
    if isinstance(whole, dict):
        lists = [value for value in whole.values() if isinstance(value, list)]
        if lists and len(lists) == len(whole) and not any(isinstance(cell, dict) for value in lists for cell in value):
            whole = [dict(zip(whole, cells, strict=True)) for cells in zip(*_of_one_length(file, lists), strict=True)]
        elif whole and all(isinstance(value, dict) for value in whole.values()):  # pandas' own: column -> row -> cell
            rows = dict.fromkeys(row for column in whole.values() for row in column)
            whole = [{name: column.get(row) for name, column in whole.items()} for row in rows]
        else:
            inside = [value for value in lists if value and all(isinstance(row, dict) for row in value)]
            whole = inside[0] if len(inside) == 1 else [whole] if not inside else whole
    if not isinstance(whole, list):
        raise SourceError(f"table '{file}' is no list of JSON objects; give one object a photo.")
    bad = {
        number: (json.dumps(record)[:200], "no JSON object")
        for number, record in enumerate(whole, start=1)
        if not isinstance(record, dict)
    }
    records = ((number, record) for number, record in enumerate(whole, start=1) if number not in bad)
    return Table(file=file, rows=frame(file, records), unread=bad)


class _SeveralValues(SourceError):
    """More follows after the first value of JSON."""


def json_of(file: Path) -> Any:
    """The one value of a JSON file; SourceError where it cannot be read, or has a key twice in one object."""
    try:
        return json.loads(file.read_text(encoding="utf-8-sig"), object_pairs_hook=_one_each)
    except UnicodeDecodeError as error:
        raise not_utf8(file) from error
    except OSError as error:
        raise unreadable(file, error) from error
    except json.JSONDecodeError as error:
        kind = _SeveralValues if error.msg == "Extra data" else SourceError
        raise kind(f"table '{file}' cannot be read ({_why(error)}); get it again.") from error
    except RecursionError as error:
        raise SourceError(f"table '{file}' is JSON inside JSON, too deep to be a table of photos.") from error
    except ValueError as error:
        raise SourceError(f"table '{file}': {error}; it must stand there once.") from error


def _of_one_length(file: Path, columns: list[list[Any]]) -> list[list[Any]]:
    if len({len(column) for column in columns}) > 1:
        raise SourceError(f"the columns of table '{file}' are not of one length; get it again.")
    return columns


def _one_each(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """The object; ValueError where a key stands twice in it, of which Python would keep the last without a word."""
    record = dict(pairs)
    if len(record) < len(pairs):
        keys = [key for key, _ in pairs]
        raise ValueError(f"key '{next(key for key in keys if keys.count(key) > 1)}' stands twice in one object")
    return record


def _why(error: Exception) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"no valid JSON, {error.msg[:1].lower()}{error.msg[1:]} at character {error.pos + 1:,}"
    return str(error)
