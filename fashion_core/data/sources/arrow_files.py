"""Files of Arrow tables that have photos inside: parquet, and what ``datasets``' ``save_to_disk`` writes.

Takes a file; gives its columns, and single cells without reading the others' photos. Knows nothing of labels.
"""

import bisect
import itertools
import json
import threading
from functools import lru_cache
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from fashion_core.errors import SourceError

ENDINGS = (".parquet", ".arrow")
#: Groups of rows whose photos are kept in memory at once: one for each of two threads.
_KEPT = 2


class ArrowFile:
    """``schema`` and ``num_rows`` of a file. SourceError where it cannot be read."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self._lock = threading.Lock()
        self._groups: dict[tuple[str, int], pa.ChunkedArray] = {}
        try:
            if file.suffix.lower() == ".parquet":
                self._parquet: pq.ParquetFile | None = pq.ParquetFile(file)
                self.schema, self.num_rows = self._parquet.schema_arrow, self._parquet.metadata.num_rows
                groups = range(self._parquet.num_row_groups)
                sizes = [self._parquet.metadata.row_group(number).num_rows for number in groups]
                self._starts = list(itertools.accumulate(sizes, initial=0))
            else:
                self._parquet, self._table = None, _mapped(file)
                self.schema, self.num_rows = self._table.schema, self._table.num_rows
        except (pa.ArrowException, OSError) as error:
            raise SourceError(f"'{file}' is damaged or cut off ({short(error)}); get it again.") from error

    def columns(self, names: list[str]) -> pa.Table:
        try:
            return self._parquet.read(names) if self._parquet else self._table.select(names)
        except (pa.ArrowException, OSError) as error:
            raise SourceError(f"'{self.file}' is damaged or cut off ({short(error)}); get it again.") from error

    def cell(self, column: str, row: int) -> Any:
        """One value; IndexError where there is no such row, pyarrow's error where it cannot be read."""
        if not self._parquet:
            return self._table[column][row].as_py()
        if row >= self.num_rows:
            raise IndexError(row)
        number = bisect.bisect_right(self._starts, row) - 1
        with self._lock:
            group = self._groups.pop((column, number), None)
            if group is None:
                group = self._parquet.read_row_group(number, [column])[column]
            self._groups[column, number] = group  # the one that was asked for last comes last
            while len(self._groups) > _KEPT:
                del self._groups[next(iter(self._groups))]
        return group[row - self._starts[number]].as_py()


def opened(file: Path) -> ArrowFile:
    """The file, kept open until it changes."""
    state = file.stat()
    return _opened(file, state.st_mtime_ns, state.st_size)


@lru_cache(maxsize=8)
def _opened(file: Path, changed_ns: int, size: int) -> ArrowFile:
    return ArrowFile(file)


def _mapped(file: Path) -> pa.Table:
    """Not read but mapped; a stream, as ``datasets`` writes it, or a file."""
    try:
        return pa.ipc.open_stream(pa.memory_map(str(file))).read_all()
    except pa.ArrowInvalid:
        return pa.ipc.open_file(pa.memory_map(str(file))).read_all()


def _features(schema: pa.Schema) -> dict[str, dict[str, Any]]:
    try:
        features = json.loads((schema.metadata or {})[b"huggingface"])["info"]["features"]
    except (KeyError, ValueError, TypeError):
        return {}
    return {name: one for name, one in features.items() if isinstance(one, dict)} if isinstance(features, dict) else {}


def photo_columns(schema: pa.Schema) -> list[str]:
    """Columns whose cells are photos: said so in the schema, or a struct with bytes, or bytes alone."""
    features = _features(schema)
    return [
        field.name
        for field in schema
        if features.get(field.name, {}).get("_type") == "Image"
        or (pa.types.is_struct(field.type) and field.type.get_field_index("bytes") >= 0)
        or pa.types.is_binary(field.type)
        or pa.types.is_large_binary(field.type)
    ]


def class_names(schema: pa.Schema, column: str) -> list[str]:
    """What the numbers of the column mean, [] where ``datasets`` did not write it into the schema."""
    feature = _features(schema).get(column, {})
    names = feature.get("names") if feature.get("_type") == "ClassLabel" else None
    return [str(name) for name in names] if isinstance(names, list) else []


def short(error: Exception) -> str:
    """The first line of what Arrow says, for a sentence."""
    return str(error).strip().split("\n")[0][:120].rstrip(".")
