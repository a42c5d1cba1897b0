"""Reads a table that somebody else made, CSV, TSV, JSON, JSON Lines or Parquet, into rows of text.

Takes a file; gives a Table: every row by its number, and by its number and reason each row that cannot be read. A
SourceError with one sentence where the whole file cannot. Knows nothing of photos or labels.
"""

import itertools
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from fashion_core.data.sources.arrow_files import class_names, short
from fashion_core.data.sources.photos import EXTENSIONS
from fashion_core.data.sources.row_account import NO_ROW
from fashion_core.errors import SourceError
from fashion_core.labels import counted

#: How a file of each ending is called in a sentence.
FORMS = {
    ".csv": "CSV",
    ".tsv": "TSV",
    ".jsonl": "JSON Lines",
    ".ndjson": "JSON Lines",
    ".json": "JSON",
    ".parquet": "Parquet",
}
_SEPARATORS = ",;\t|"
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


def is_table(name: str) -> bool:
    return Path(name).suffix.lower() in FORMS


def read_table(file: Path) -> Table:
    """The rows of a file in one of FORMS."""
    ending = file.suffix.lower()
    try:
        if not file.stat().st_size:
            raise SourceError(f"table '{file}' is empty; get it again.")
        if ending == ".parquet":
            table = _parquet(file)
        elif ending in (".csv", ".tsv"):
            table = _delimited(file)
        else:
            table = _json_lines(file) if ending != ".json" else _json(file)
    except UnicodeDecodeError as error:
        raise _not_utf8(file) from error
    except OSError as error:
        raise _unreadable(file, error) from error
    except RecursionError as error:  # in a line
        raise SourceError(f"table '{file}' is JSON inside JSON, too deep to be a table of photos.") from error
    if not table.num_rows:
        raise SourceError(f"table '{file}' has no rows; get it again.")
    if not len(table.rows):
        number, (_, reason) = next(iter(table.unread.items()))
        raise SourceError(f"not one row of table '{file}' can be read; row {number}: {reason}.")
    return table


def _not_utf8(file: Path) -> SourceError:
    return SourceError(f"table '{file}' is not UTF-8 text; save it as UTF-8.")


def _unreadable(file: Path, error: OSError) -> SourceError:
    return SourceError(f"table '{file}' cannot be read ({error.strerror or error}); check its permissions.")


def _delimited(file: Path) -> Table:
    """A CSV or TSV. The reader of Arrow, one thread, is the one that says which row is no row (pandas' own pads short
    ones, and takes the first cell for an index where rows are longer than the header)."""
    import pyarrow
    from pyarrow import csv

    names_of_columns, separator = header(file)
    bad: dict[int, tuple[str, str]] = {}

    def left_out(row: csv.InvalidRow) -> str:
        bad[row.number - 1] = (
            row.text,
            f"it has {counted(row.actual_columns, 'cell')}, the header {len(names_of_columns)}",
        )
        return "skip"

    names = [str(number) for number in range(len(names_of_columns))]
    try:
        read = csv.read_csv(
            file,
            read_options=csv.ReadOptions(use_threads=False, column_names=names, skip_rows_after_names=1),
            parse_options=csv.ParseOptions(delimiter=separator, newlines_in_values=True, invalid_row_handler=left_out),
            convert_options=csv.ConvertOptions(
                column_types=dict.fromkeys(names, pyarrow.string()), strings_can_be_null=False
            ),
        )
    except pyarrow.ArrowInvalid as error:
        if "UTF8" in str(error):
            raise _not_utf8(file) from error
        raise SourceError(f"table '{file}' cannot be read ({short(error)}); get it again.") from error
    rows = read.to_pandas()
    _refuse_open_quote(file, rows, bad)
    rows.columns = pd.Index(names_of_columns)
    rows.index = pd.Index(_other_numbers(len(rows), bad))
    return Table(file=file, rows=rows, unread=bad)


def _other_numbers(num: int, bad: Iterable[int]) -> np.ndarray:
    """The numbers of the rows that are not bad, where both together are 1, 2, 3 ..."""
    bad = list(bad)
    return np.setdiff1d(np.arange(1, num + len(bad) + 1), bad, assume_unique=True)


def header(file: Path) -> tuple[list[str], str]:
    """The names of the columns, and what stands between cells."""
    with open(file, encoding="utf-8-sig", newline="") as text:
        first = text.readline()
    if not first.strip():
        raise SourceError(f"table '{file}' begins with an empty line; its first row must name the columns.")
    separator = "\t" if file.suffix.lower() == ".tsv" else max(_SEPARATORS, key=first.count)
    cells = pd.read_csv(
        file, sep=separator, header=None, nrows=1, dtype=str, keep_default_na=False, encoding="utf-8-sig"
    ).iloc[0]
    names = [str(cell).strip() for cell in cells]
    if photo := next((name for name in names if name.lower().endswith(EXTENSIONS)), None):
        raise SourceError(
            f"the first row of table '{file}' names a photo ('{photo}'), not the columns; put a row above it that says "
            "what each column is, such as image,label."
        )
    return _checked_names(file, [name or f"column {number}" for number, name in enumerate(names, 1)]), separator


def _checked_names(file: Path, names: list[str]) -> list[str]:
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise SourceError(f"table '{file}' has two columns named '{twice}'; rename one of them.")
    return names


def _refuse_open_quote(file: Path, rows: pd.DataFrame, bad: dict[int, tuple[str, str]]) -> None:
    """A quotation mark that is never closed takes all that follows into one cell, rows and all."""
    last = [*rows.iloc[-1].tolist()] if len(rows) else []
    texts = [*last, *(text for text, _ in bad.values())]
    if any("\n" in text for text in texts) and file.read_bytes().count(b'"') % 2:
        raise SourceError(f"table '{file}' opens a quotation mark and never closes it; close it, and import it again.")


def _json_lines(file: Path) -> Table:
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


def _json(file: Path) -> Table:
    """A list of objects, an object of columns, an object that holds the list, or lines in spite of the ending."""
    try:
        whole = json_of(file)
    except _SeveralValues:
        return _json_lines(file)
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
        raise _not_utf8(file) from error
    except OSError as error:
        raise _unreadable(file, error) from error
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
    rows.columns = pd.Index(_checked_names(file, [str(name).strip() for name in rows.columns]))
    return rows


def _text(value: Any) -> str:
    if isinstance(value, str):
        # lone surrogates are legal in JSON and fit into no UTF-8 file
        return value if value.isascii() else value.encode("utf-8", "replace").decode()
    if value is None or value != value:
        return ""
    return json.dumps(value) if isinstance(value, (dict, list)) else str(value)


def _parquet(file: Path) -> Table:
    """Columns of text, numbers, dates and yes or no; others (pictures, lists) are none that a label could be."""
    import pyarrow
    from pyarrow import parquet

    try:
        schema = parquet.read_schema(file)
        plain = [field.name for field in schema if is_plain(field.type)]
        read = parquet.read_table(file, columns=plain)
        _checked_names(file, plain)
        columns = columns_as_text(read, schema)
    except pyarrow.ArrowException as error:
        raise SourceError(f"table '{file}' is damaged or cut off ({short(error)}); get it again.") from error
    except OSError as error:
        if error.errno is not None:
            raise
        raise SourceError(f"table '{file}' is damaged or cut off ({short(error)}); get it again.") from error
    if not columns:
        raise SourceError(f"table '{file}' has no column of text or numbers; a table names a photo in each row.")
    rows = pd.DataFrame(columns)
    rows.index = pd.RangeIndex(1, len(rows) + 1)
    return Table(file=file, rows=rows, unread={})


def is_plain(kind: Any) -> bool:
    """Whether an Arrow type is text, a number, a date or a yes or no."""
    from pyarrow import types

    kind = kind.value_type if types.is_dictionary(kind) else kind
    return not (types.is_nested(kind) or types.is_binary(kind) or types.is_large_binary(kind))


def columns_as_text(table: Any, schema: Any) -> dict[str, pd.Series]:
    """Plain Arrow columns as a table has them: text, and "" where there is nothing; of a class's number its name, where
    the file's ``schema`` says it."""
    columns = {name: _as_text(table[name]) for name in table.column_names}
    for name in columns:
        if classes := class_names(schema, name):
            columns[name] = columns[name].map({str(number): one for number, one in enumerate(classes)}).fillna("")
    return columns


def _as_text(column: Any) -> pd.Series:
    import pyarrow
    from pyarrow import compute, types

    if types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if types.is_floating(column.type):
        column = column.to_pandas().map(lambda value: "" if value != value else str(value))
        return column.astype(str)
    return compute.fill_null(column.cast(pyarrow.string()), "").to_pandas()


def _why(error: Exception) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"no valid JSON, {error.msg[:1].lower()}{error.msg[1:]} at character {error.pos + 1:,}"
    return str(error)
