"""Rows of text, as every table has them once it was read, and what is said of one that cannot be.

Takes records; gives rows. Opens nothing.
"""

import itertools
import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from fashion_core.data.sources.row_account import NO_ROW
from fashion_core.errors import SourceError

_CHUNK = 50_000  # rows of JSON that are objects of Python at one time: a million would be a gigabyte


@dataclass(frozen=True, kw_only=True)
class Table:
    """``rows``: text in every column, "" where there is nothing, indexed by the row's number in the file, from 1 on;
    a line of JSON Lines is a row. ``unread``: number -> (what stands there, why it is no row); ``reason``: what
    unused.csv says of these."""

    file: Path
    rows: pd.DataFrame
    unread: dict[int, tuple[str, str]]
    reason: str = NO_ROW

    @property
    def num_rows(self) -> int:
        return len(self.rows) + len(self.unread)


def not_utf8(file: Path) -> SourceError:
    return SourceError(f"table '{file}' is not UTF-8 text; save it as UTF-8.")


def unreadable(file: Path, error: OSError) -> SourceError:
    return SourceError(f"table '{file}' cannot be read ({error.strerror or error}); check its permissions.")


def checked_names(file: Path, names: list[str]) -> list[str]:
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise SourceError(f"table '{file}' has two columns named '{twice}'; rename one of them.")
    return names


def frame(file: Path, records: Iterable[tuple[int, dict[str, Any]]]) -> pd.DataFrame:
    """Records by their numbers as rows of text, a column for every key."""
    parts, records = [], iter(records)
    while chunk := list(itertools.islice(records, _CHUNK)):
        numbers, objects = zip(*chunk, strict=True)
        part = pd.DataFrame(list(objects), index=pd.Index(numbers), dtype=object)  # else 3 beside nothing is 3.0
        parts.append(part.map(_text).astype(str))
    if not parts:
        return pd.DataFrame()
    rows = pd.concat(parts).fillna("")
    rows.columns = pd.Index(checked_names(file, [str(name).strip() for name in rows.columns]))
    return rows


def _text(value: Any) -> str:
    if isinstance(value, str):
        # lone surrogates are legal in JSON and fit into no UTF-8 file
        return value if value.isascii() else value.encode("utf-8", "replace").decode()
    if value is None or value != value:
        return ""
    return json.dumps(value) if isinstance(value, (dict, list)) else str(value)
