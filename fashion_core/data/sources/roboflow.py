"""Reads Roboflow's _classes.csv, one in the folder of each split beside its photos: a column a class, 1 for yes.

A photo with one mark has that class, one without any has no label, and of one with two nothing is guessed.
"""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from fashion_core.data.sources import known_tables
from fashion_core.data.sources.known_tables import LABEL, PHOTO, KnownTables
from fashion_core.data.sources.reader import Given
from fashion_core.data.sources.row_account import NO_ONE_CLASS
from fashion_core.data.sources.table_files import header, read_table
from fashion_core.data.sources.table_labels import Labels
from fashion_core.data.sources.table_rows import Table
from fashion_core.errors import SourceError

_FILE = "_classes.csv"


class Roboflow(KnownTables):
    """The reader of marks. Roboflow's class folders are class folders."""

    kinds = ("roboflow",)
    layout = "Roboflow's _classes.csv beside photos"
    called = "Roboflow"

    def files(self, place: Path) -> list[Path]:
        return known_tables.by_split(place, lambda file: file.name == _FILE)

    def table(self, file: Path, given: Given) -> Table:
        read = read_table(file)
        photo, *classes = read.rows.columns
        if len(classes) < 2:
            raise SourceError(f"'{file}' has no two columns of classes after '{photo}'; export it again.")
        cells = read.rows[classes].apply(lambda column: column.str.strip())
        odd = ~cells.isin(["0", "1", ""]).all(axis=1)
        marks = cells == "1"
        bad = dict(read.unread)
        for number in read.rows.index[(odd | (marks.sum(axis=1) > 1)).to_numpy()]:
            own = [name for name in classes if marks.at[number, name]]
            why = "a cell is neither 0 nor 1" if odd[number] else f"it is marked as {' and '.join(own)}"
            bad[int(number)] = (read.rows.at[number, photo], why)
        good = marks[~read.rows.index.isin(list(bad))]
        labels = good.idxmax(axis=1).where(good.any(axis=1), "") if len(good) else ""
        rows = pd.DataFrame({PHOTO: read.rows.loc[good.index, photo], LABEL: labels})
        return Table(file=file, rows=rows, unread=bad, reason=NO_ONE_CLASS)

    def labels(self, files: Sequence[Table]) -> Labels:
        return known_tables.names_as_they_stand(files, [name for table in files for name in header(table.file)[0][1:]])
