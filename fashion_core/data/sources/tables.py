"""Reads a table beside photos: one file, or one a split, in any form that ``table_files`` reads.

Takes a folder with tables in it, or one table; gives classes and rows, and an account of every row of the table. Opens
no photo, but looks whether each is there: the folder of the photos is listed once.
"""

import dataclasses
import os
import posixpath
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from fashion_core.data.sources import row_account, table_choice, table_columns, table_labels
from fashion_core.data.sources.archives import has_odd_characters
from fashion_core.data.sources.class_folders import holds_class_folders
from fashion_core.data.sources.reader import GROUP, Given, Reader, Source
from fashion_core.data.sources.row_account import Account
from fashion_core.data.sources.table_choice import IMAGE, LABEL, PHOTOS, SPLIT, Chosen
from fashion_core.data.sources.table_files import is_table
from fashion_core.data.sources.table_labels import Labels
from fashion_core.errors import SourceError
from fashion_core.labels import agree, counted, listed


class Tables(Reader):
    """The reader of a table that says what each photo shows."""

    kinds = ("table",)
    layout = "a table beside photos (CSV, TSV, JSON, JSON Lines or Parquet)"
    options = (IMAGE, LABEL, SPLIT, GROUP, PHOTOS)

    def recognises(self, place: Path) -> bool:
        return self.could_read(place) and (
            place.is_file() or (not holds_class_folders(place) and table_choice.names_photos(place))
        )

    def could_read(self, place: Path) -> bool:
        return is_table(place.name) if place.is_file() else bool(table_choice.tables_in(place))

    def columns(self, place: Path) -> list[str]:
        return table_choice.columns_in(place)

    def read(self, given: Given) -> Source:
        return source_of(given, table_choice.choose(given), "table")


def source_of(given: Given, chosen: Chosen, kind: str) -> Source:
    """The source that these tables are about, with an account of every row."""
    read = _read(chosen)
    photos, labels = read.chosen.photos, read.labels
    used = np.flatnonzero(read.reason == "")
    used = used[np.argsort(read.numbers[used])]
    if not len(used):
        raise SourceError(_nothing(read))
    paths = [photos.paths[number] for number in read.numbers[used]]
    there = set(labels.of_rows[used]) - {""}
    rows = _of_manifest(read, used, paths)
    rows["split"] = rows["split"].mask(rows["label"] == "", "")
    rows = rows.assign(missing=False, reason="")
    missing = _missing(read, there, set(paths), most=len(used))
    account = _account(read, used, paths)
    source = given.source(
        kind,
        photos.root,
        [label for label in labels.classes if label in there],
        rows if missing.empty else pd.concat([rows, missing], ignore_index=True),
        cure="write them alike in the table",
        in_order_of_names=True,
        account=account,
    )
    said = _sentence(read, source.split_rule)
    return dataclasses.replace(
        source, warnings=(said, *read.chosen.notes, *_notes(read, source.account, there), *source.warnings)
    )


@dataclass(frozen=True, kw_only=True)
class _Read:
    """Everything that was said of each row: which photo, label and split, and why it is not used."""

    chosen: Chosen
    rows: pd.DataFrame
    cells: np.ndarray
    numbers: np.ndarray
    labels: Labels
    splits: np.ndarray
    reason: np.ndarray
    detail: np.ndarray


def _read(chosen: Chosen) -> _Read:
    rows, numbers = chosen.rows(), chosen.numbers()
    cells = rows[chosen.columns.image].str.strip().to_numpy(dtype=object)
    labels = chosen.labels or table_labels.read(rows, chosen.columns.label, chosen.beside)
    splits = _splits(chosen, rows)
    reason, detail = row_account.reasons(numbers, cells, labels.of_rows, splits, _called(chosen))
    return _Read(
        chosen=chosen,
        rows=rows,
        cells=cells,
        numbers=numbers,
        labels=labels,
        splits=splits,
        reason=reason,
        detail=detail,
    )


def _places(chosen: Chosen) -> pd.DataFrame:
    """file and row of every row: where a person finds it."""
    tables = chosen.tables
    files = np.repeat(np.arange(len(tables)), [len(table.rows) for table in tables])
    # paths, because two files may have one name, each in a folder of its own
    names = [os.path.relpath(table.file, chosen.place) for table in tables]
    rows = np.concatenate([table.rows.index for table in tables])
    return pd.DataFrame({"file": pd.Categorical.from_codes(files, names), "row": rows})


def _called(chosen: Chosen) -> Callable[[int], str]:
    """How the row at a position is called in a sentence."""
    places, several = _places(chosen), len(chosen.tables) > 1
    return lambda at: (f"{places['file'].iat[at]} " if several else "") + f"row {places['row'].iat[at]:,}"


def _splits(chosen: Chosen, rows: pd.DataFrame) -> np.ndarray:
    """The split of every row, "" where nothing says it."""
    column = chosen.columns.split
    if column:
        says = {cell: table_columns.split_in(column, cell) for cell in rows[column].unique()}
        return rows[column].map(says).to_numpy(dtype=object)
    files = [table.file for table in chosen.tables]
    splits = table_choice.splits_of_files(files, chosen.place) if chosen.by_file else [""] * len(files)
    return np.repeat(np.array(splits, dtype=object), [len(table.rows) for table in chosen.tables])


def _nothing(read: _Read) -> str:
    reasons = pd.Series(read.reason).value_counts()
    why = ", ".join(f"{reason} ({num:,})" for reason, num in reasons.items())
    files = listed([f"'{table.file}'" for table in read.chosen.tables])
    return f"no row of table {files} can be used: {why}."


def _of_manifest(read: _Read, at: np.ndarray, paths: list[str]) -> pd.DataFrame:
    """image_id, path, split, label and the table's other columns of the rows at these positions."""
    columns = read.chosen.columns
    own = table_columns.for_manifest(read.rows.iloc[at], {columns.image, columns.label, columns.split})
    first = {"image_id": paths, "path": paths, "split": read.splits[at], "label": read.labels.of_rows[at]}
    return pd.concat([pd.DataFrame(first), own], axis=1)


def _missing(read: _Read, classes: set[str], there: set[str], most: int) -> pd.DataFrame:
    """The rows whose photos are not there, with a class that has others; none where more are missing than there, for
    then the photos are a part of what the table is about. All of them stand in unused.csv."""
    at = np.flatnonzero(read.reason == row_account.MISSING)
    at = at[[label in classes for label in read.labels.of_rows[at]]]
    names: dict[str, int] = {}
    for position in at.tolist() if len(at) <= most else []:
        name = posixpath.normpath(read.cells[position].replace("\\", "/").lstrip("/"))
        if name not in there and not has_odd_characters(name) and ".." not in name.split("/"):
            names.setdefault(name, position)
    rows = _of_manifest(read, np.array([*names.values()], dtype=int), [*names])
    return rows.assign(missing=True, reason=row_account.MISSING)


def _account(read: _Read, used: np.ndarray, paths: list[str]) -> Account:
    """Where every row went."""
    chosen, columns = read.chosen, read.chosen.columns
    places, left = _places(chosen), np.flatnonzero(read.reason != "")
    unused = places.iloc[left].assign(
        photo=read.cells[left],
        label=read.rows[columns.label].iloc[left].to_numpy(),
        reason=read.reason[left],
        detail=read.detail[left],
    )
    unread = [
        (os.path.relpath(table.file, chosen.place), number, text, "", table.reason, why)
        for table in chosen.tables
        for number, (text, why) in table.unread.items()
    ]
    unused = unused.astype({"file": str})
    if unread:
        unused = pd.concat([unused, pd.DataFrame(unread, columns=row_account.UNUSED)])
    return Account(
        format=f"{chosen.called or 'table'} {listed(list(places['file'].cat.categories))}",
        image=columns.image,
        label=columns.label,
        split=columns.split,
        num_rows=sum(table.num_rows for table in chosen.tables),
        unused=unused.sort_values(["file", "row"], kind="stable").reset_index(drop=True),
        stands=places.iloc[used].set_axis(pd.Index(paths, name="image_id")),
    )


def _sentence(read: _Read, split_rule: str) -> str:
    """What was recognised, and what was taken for image, label and split."""
    chosen, columns = read.chosen, read.chosen.columns
    names = listed([os.path.relpath(table.file, chosen.place) for table in chosen.tables])
    label = f"'{columns.label}'" + (f" ({read.labels.said})" if read.labels.said else "")
    given = (
        "each file is a split" if chosen.by_file else f"split from '{columns.split}'" if columns.split else "no split"
    )
    if split_rule != "as given":
        given += f" ({split_rule})"
    tables = chosen.called or ("tables" if len(chosen.tables) > 1 else "table")
    return (
        f"read as {tables} {names}: photo from '{columns.image}' ({columns.way.words()}), label from {label}, {given}"
    )


def _notes(read: _Read, account: Account | None, there: set[str]) -> list[str]:
    """Remarks on rows without a label, on rows that are not used, and on classes without a photo."""
    notes = []
    unlabelled = int(((read.reason == "") & (read.labels.of_rows == "")).sum())
    if unlabelled:
        said = ", ".join(f"{text or 'empty'} {num:,}" for text, num in read.labels.without.items())
        notes.append(
            f"{counted(unlabelled, 'photo')} {agree(unlabelled, 'has', 'have')} no label ({said}) and wait for one"
        )
    if account and (num := len(account.unused)):
        why = ", ".join(f"{reason} {of:,}" for reason, of in account.reasons().items())
        notes.append(
            f"{num:,} of {counted(account.num_rows, 'row')} {agree(num, 'is', 'are')} not used: {why}; unused.csv in "
            "the dataset's folder lists each"
        )
    if absent := [label for label in read.labels.classes if label not in there]:
        named = ", ".join(absent[:6]) + (" ..." if len(absent) > 6 else "")
        notes.append(
            f"{counted(len(absent), 'class', 'classes')} of the table {agree(len(absent), 'has', 'have')} no photo "
            f"here: {named}"
        )
    return notes
