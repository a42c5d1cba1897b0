"""Which tables of a folder are read, and what is taken for image, label and split: what a person said, or what is told
by what stands there. A SourceError names what could be meant, and the option that decides.

Takes a folder with tables in it, or one table; gives Chosen. Opens no photo.
"""

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from fashion_core.data.sources import table_columns, table_labels
from fashion_core.data.sources.listing import listing
from fashion_core.data.sources.photo_names import Photos
from fashion_core.data.sources.reader import Given, Option, column_option
from fashion_core.data.sources.split_names import hints_of, is_unlabelled
from fashion_core.data.sources.table_columns import Columns
from fashion_core.data.sources.table_files import is_table, read_table
from fashion_core.data.sources.table_labels import Labels
from fashion_core.data.sources.table_rows import Table
from fashion_core.errors import SourceError
from fashion_core.labels import agree, counted, did_you_mean, listed

IMAGE = column_option(
    name="image",
    help="Of a table: the column that names the photos, if not told by its cells.",
    title="Column that names the photos",
    about="Of a table: a path, a name, an id or an address. Empty: the column whose cells are files here.",
    example="image",
)
LABEL = column_option(
    name="label",
    help="Of a table: the column that holds the class, if not told by its name and cells.",
    title="Column of the class",
    about="Of a table. Empty: the column called so, or the only one with a few values that come again.",
    example="label",
)
SPLIT = column_option(
    name="split",
    help="Of a table: the column that says train, val or test, if not told by its cells.",
    title="Column of the split",
    about="Of a table. Empty: the column whose cells are splits; without one, a tenth each is val and test.",
    example="split",
)
PHOTOS = Option(
    name="photos",
    help="Of a table: the folder of the photos, if they are not beside it.",
    title="Folder of the photos",
    about="Of a table: where its photos are. Empty: the table's own folder and those in it.",
    example="/home/me/images",
    check=lambda text: str(Path(text).expanduser().absolute()) if text and Path(text).expanduser().is_dir() else text,
    elsewhere="says where a table's photos are, and {source} has no table; leave it out",
)


@dataclass(frozen=True, kw_only=True)
class Chosen:
    """The tables that are read, in ``place``, the photos among which theirs are, and which column is what.

    ``by_file``: whether each table is a split. ``beside``: other files, in which the names of classes may stand.
    ``notes``: remarks. ``called``: the format of tables that a program made, "" for a table of anybody's. ``labels``:
    the class of every row, where the format says it without doubt.
    """

    place: Path
    tables: list[Table]
    photos: Photos
    columns: Columns
    by_file: bool
    beside: list[Path]
    notes: list[str]
    called: str = ""
    labels: Labels | None = None

    def rows(self) -> pd.DataFrame:
        """All rows of all tables, numbered from 0 on."""
        return joined(self.tables).reset_index(drop=True)

    def numbers(self) -> np.ndarray:
        """For each row the number of its photo, or what ``Photos.find`` says instead."""
        way, image, root = self.columns.way, self.columns.image, self.photos.root
        return np.concatenate(
            [self.photos.find(table.rows[image], way, folder_of(table.file, root)) for table in self.tables]
        )


def joined(tables: Sequence[Table]) -> pd.DataFrame:
    return tables[0].rows if len(tables) == 1 else pd.concat([table.rows for table in tables]).fillna("")


def folder_of(file: Path, root: Path) -> str:
    """Where a table lies, seen from the photos' root."""
    folder = file.parent
    return folder.relative_to(root).as_posix() if folder.is_relative_to(root) and folder != root else ""


def tables_in(folder: Path) -> list[Path]:
    """The tables of a folder, or, where it has none, those one folder further down."""
    folders, files = listing(folder, photos=False)
    own = [folder / name for name in files if is_table(name)]
    if own or len(folders) == 1:  # what stands alone is looked into as a folder of its own
        return own
    inside = [(folder / name, listing(folder / name, photos=False)[1]) for name in folders]
    return [inner / name for inner, names in inside for name in names if is_table(name)]


def columns_in(place: Path) -> list[str]:
    """The columns of every table there that can be read, in order."""
    names: list[str] = []
    for file in tables_in(place) if place.is_dir() else [place] if is_table(place.name) else []:
        with contextlib.suppress(SourceError):
            names += read_table(file).rows.columns.tolist()
    return list(dict.fromkeys(names))


def names_photos(folder: Path) -> bool:
    """Whether a table of the folder names photos that are here. Also where its only table does not, or cannot be read,
    and the photos lie in one folder, which is no class: whoever reads the table says what is wrong with it."""
    files = tables_in(folder)
    photos = Photos(folder) if files else None
    if not photos or not photos.paths:
        return False
    if any(_could_name(file, photos) for file in files):
        return True
    in_one_folder = len({path.rpartition("/")[0] for path in photos.paths}) == 1
    only = len(files) == 1 and files[0].suffix.lower() != ".json"  # JSON beside photos is often something else
    return only and in_one_folder


def _could_name(file: Path, photos: Photos) -> bool:
    try:
        return bool(table_columns.image_columns(read_table(file).rows, photos, folder_of(file, photos.root)))
    except SourceError:
        return False


def choose(given: Given) -> Chosen:
    """Which tables are read, and what stands in which column. SourceError where that is not clear."""
    place = given.place if given.place.is_dir() else given.place.parent
    files = [given.place] if given.place.is_file() else tables_in(given.place)
    photos = Photos(photos_folder(given, place))
    by_split = _by_split(files, place)
    tables = [read_table(file) for file in by_split] or [_the_one(files, photos, given, place)]
    columns = _columns(given, tables, photos, by_file=bool(by_split))
    read = {table.file for table in tables}
    beside = sorted({file for table in tables for file in files_beside(table.file, place)} - read)
    names = table_labels.names_files(beside)
    left = [file.name for file in files if file not in read and file not in names]
    notes = [f"{listed([repr(name) for name in left])} {agree(len(left), 'was', 'were')} not read"] if left else []
    return Chosen(
        place=place, tables=tables, photos=photos, columns=columns, by_file=bool(by_split), beside=beside, notes=notes
    )


def _columns(given: Given, tables: Sequence[Table], photos: Photos, *, by_file: bool) -> Columns:
    largest = max(tables, key=lambda table: len(table.rows))
    file, rows = largest.file, joined(tables)
    asked = given.choices[IMAGE]
    image, way = table_columns.choose_image(largest.rows, photos, folder_of(file, photos.root), asked, file)
    if without := next((table.file for table in tables if image not in table.rows), None):
        raise SourceError(f"table '{without}' has no column '{image}', in which '{file.name}' names the photos.")
    own_splits = (
        "" if by_file and not given.choices[SPLIT] else table_columns.choose_split(rows, given.choices[SPLIT], file)
    )
    label = table_columns.choose_label(rows, image, own_splits, given.choices[LABEL], file)
    return Columns(image=image, way=way, label=label, split=own_splits)


def files_beside(table: Path, place: Path) -> list[Path]:
    """Where the names of classes may stand: beside the table, and in the folder that was given."""
    folders = {table.parent, place} if table.parent.is_relative_to(place) else {table.parent}
    return [file for folder in folders for file in folder.iterdir() if file.is_file()]


def photos_folder(given: Given, place: Path) -> Path:
    """Where the photos of a table in ``place`` are."""
    asked = given.choices[PHOTOS]
    folder = place / asked if asked else place  # an absolute one stays what it is
    if not folder.is_dir():
        raise SourceError(f"there is no folder '{folder}' (--photos); say where the photos of the table are.")
    return folder.resolve()


def split_of_file(file: Path, root: Path | None) -> str:
    """The one split that the name of a file, or of its folder unless that is the ``root`` that was given, says; else
    ""."""
    for name in (file.stem, *([file.parent.name] if file.parent != root else [])):
        if len(hints := hints_of(name)) == 1:
            return next(iter(hints))
    return ""


def splits_of_files(files: Sequence[Path], root: Path) -> list[str]:
    """The split that each file says, "" for one that says that its photos have no label; "" for all where another says
    nothing."""
    splits = [split_of_file(file, root) for file in files]
    told = all(split or _is_unlabelled(file, root) for split, file in zip(splits, files, strict=True))
    return splits if told else [""] * len(files)


def _is_unlabelled(file: Path, root: Path) -> bool:
    return is_unlabelled(file.stem) or (file.parent != root and is_unlabelled(file.parent.name))


def _by_split(files: Sequence[Path], place: Path) -> list[Path]:
    """The files of one split each, where some are that by their names, and of photos without a label; else none."""
    own = [(split, file) for file in files if (split := split_of_file(file, place))]
    splits = {split for split, _ in own}
    waiting = [file for file in files if not split_of_file(file, place) and _is_unlabelled(file, place)]
    clear = "train" in splits and len(splits) == len(own) and len(own) + len(waiting) > 1
    return [file for _, file in own] + waiting if clear else []


def _the_one(files: Sequence[Path], photos: Photos, given: Given, place: Path) -> Table:
    """Of several tables the one that names photos and has the columns that a person named."""
    if len(files) == 1:
        return read_table(files[0])
    asked = {column for option in (IMAGE, LABEL, SPLIT) if (column := given.choices[option])}
    could = [file for file in files if _could_name(file, photos)]
    tables = [table for table in map(read_table, could) if asked <= set(table.rows.columns)]
    if len(tables) == 1:
        return tables[0]
    if tables:
        named = listed([f"'{table.file.relative_to(place)}'" for table in tables])
        raise SourceError(
            f"folder '{place}' has {len(tables)} tables that name its photos, {named}; give the one that holds the "
            "labels instead of the folder."
        )
    if could and len(asked) == 1:
        known = dict.fromkeys(name for file in could for name in read_table(file).rows.columns)
        column = next(iter(asked))
        raise SourceError(
            f"no table in folder '{place}' that names its photos has a column '{column}'; {did_you_mean(column, known)}"
        )
    with_columns = f" and has {listed([repr(column) for column in sorted(asked)])}" if asked and could else ""
    raise SourceError(
        f"none of the {counted(len(files), 'table')} in folder '{place}' names photos that are under '{photos.root}'"
        f"{with_columns}; give the one that holds the labels, or say where the photos are (--photos FOLDER)."
    )
