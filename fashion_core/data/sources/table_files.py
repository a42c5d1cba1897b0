"""Reads a table that somebody else made, CSV, TSV, JSON, JSON Lines or Parquet, into rows of text.

Takes a file; gives a Table: every row by its number, and by its number and reason each row that cannot be read. A
SourceError with one sentence where the whole file cannot. Knows nothing of photos or labels.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from fashion_core.data.sources import table_json
from fashion_core.data.sources.arrow_files import class_names, short
from fashion_core.data.sources.photos import EXTENSIONS
from fashion_core.data.sources.table_rows import Table, checked_names, not_utf8, unreadable
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
            table = table_json.read_lines(file) if ending != ".json" else table_json.read_json(file)
    except UnicodeDecodeError as error:
        raise not_utf8(file) from error
    except OSError as error:
        raise unreadable(file, error) from error
    except RecursionError as error:  # in a line
        raise SourceError(f"table '{file}' is JSON inside JSON, too deep to be a table of photos.") from error
    if not table.num_rows:
        raise SourceError(f"table '{file}' has no rows; get it again.")
    if not len(table.rows):
        number, (_, reason) = next(iter(table.unread.items()))
        raise SourceError(f"not one row of table '{file}' can be read; row {number}: {reason}.")
    return table


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
            raise not_utf8(file) from error
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
    return checked_names(file, [name or f"column {number}" for number, name in enumerate(names, 1)]), separator


def _refuse_open_quote(file: Path, rows: pd.DataFrame, bad: dict[int, tuple[str, str]]) -> None:
    """A quotation mark that is never closed takes all that follows into one cell, rows and all."""
    last = [*rows.iloc[-1].tolist()] if len(rows) else []
    texts = [*last, *(text for text, _ in bad.values())]
    if any("\n" in text for text in texts) and file.read_bytes().count(b'"') % 2:
        raise SourceError(f"table '{file}' opens a quotation mark and never closes it; close it, and import it again.")


def _parquet(file: Path) -> Table:
    """Columns of text, numbers, dates and yes or no; others (pictures, lists) are none that a label could be."""
    import pyarrow
    from pyarrow import parquet

    try:
        schema = parquet.read_schema(file)
        plain = [field.name for field in schema if is_plain(field.type)]
        read = parquet.read_table(file, columns=plain)
        checked_names(file, plain)
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
