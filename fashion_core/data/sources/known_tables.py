"""What formats share that a program writes beside photos: their columns are known, so nothing is chosen or guessed.

A format finds its files and turns each into rows with the columns PHOTO and LABEL, and what else it says of a photo;
``tables`` does the rest, as for a table of anybody's. Opens no photo.
"""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from fashion_core.data.sources import table_choice, table_columns, tables
from fashion_core.data.sources.listing import listing
from fashion_core.data.sources.photo_names import Photos, Way
from fashion_core.data.sources.reader import GROUP, Given, Option, Reader, Source
from fashion_core.data.sources.split_names import hints_of, is_unlabelled
from fashion_core.data.sources.table_choice import PHOTOS, Chosen
from fashion_core.data.sources.table_columns import Columns
from fashion_core.data.sources.table_labels import Labels
from fashion_core.data.sources.table_rows import Table
from fashion_core.errors import SourceError
from fashion_core.labels import listed

PHOTO, LABEL = "photo", "label"


class KnownTables(Reader):
    """The reader of files with known columns: a format says which these are, and what stands in one."""

    options: tuple[Option, ...] = (PHOTOS, GROUP)
    #: How the format is called in a sentence.
    called: str
    #: The column that says the split, "" where each file is one or nothing says it.
    split = ""

    def files(self, place: Path) -> list[Path]:
        """The format's files in a folder, one or one a split; the one that was given. None where it is another's."""
        raise NotImplementedError

    def table(self, file: Path, given: Given) -> Table:
        """PHOTO, LABEL and what else is known of each photo; SourceError where the file cannot be read."""
        raise NotImplementedError

    def labels(self, files: Sequence[Table]) -> Labels | None:
        """The class of every row, where the format says it without doubt: a class may be called NA there."""
        return None

    def otherwise(self, files: Sequence[Table]) -> list[Table]:
        """The same files with other names of their photos, tried where none is found by the first."""
        return []

    def recognises(self, place: Path) -> bool:
        return bool(self.files(place))

    def read(self, given: Given) -> Source:
        place = given.place if given.place.is_dir() else given.place.parent
        files = self.files(given.place)
        splits = table_choice.splits_of_files(files, place)
        if len(files) > 1 and not any(splits):
            named = listed([f"'{file.name}'" for file in files])
            raise SourceError(f"{named} each name photos, but not what split each is; give the one that is meant.")
        read = [self.table(file, given) for file in files]
        for table in read:
            if not len(table.rows):
                raise SourceError(f"'{table.file}' names no photo with what it shows; get it again.")
        photos = Photos(table_choice.photos_folder(given, place))
        read, way = self._found(read, photos)
        beside = [file for table in read for file in table_choice.files_beside(table.file, place)]
        chosen = Chosen(
            place=place,
            tables=read,
            photos=photos,
            columns=Columns(image=PHOTO, way=way, label=LABEL, split=self.split),
            by_file=not self.split and any(splits),
            beside=sorted({file for file in beside if file not in {table.file for table in read}}),
            notes=_not_named(read, photos),
            called=self.called,
            labels=self.labels(read),
        )
        return tables.source_of(given, chosen, self.kinds[0])

    def _found(self, read: list[Table], photos: Photos) -> tuple[list[Table], Way]:
        """The tables, and how they name photos."""
        largest = max(read, key=lambda table: len(table.rows))
        folder = table_choice.folder_of(largest.file, photos.root)
        if (other := self.otherwise(read)) and not table_columns.image_columns(largest.rows[[PHOTO]], photos, folder):
            largest, read = max(other, key=lambda table: len(table.rows)), other
        _, way = table_columns.choose_image(largest.rows, photos, folder, PHOTO, largest.file)
        return read, way


def by_split(place: Path, is_one: Callable[[Path], bool]) -> list[Path]:
    """The files of a format in a folder, or, where it has none, in the folders of splits in it, and in that of photos
    without a label."""
    if place.is_file():
        return [place] if is_one(place) else []
    folders, others = listing(place, photos=False)
    if own := [file for name in others if is_one(file := place / name)]:
        return own
    inner = [place / name for name in folders if len(hints_of(name)) == 1 or is_unlabelled(name)]
    return [file for folder in inner for name in listing(folder, photos=False)[1] if is_one(file := folder / name)]


def start_of(file: Path, size: int) -> str:
    """The first characters, by which a file is told; none where it cannot be read, or is a pipe."""
    try:
        if not file.is_file():
            return ""
        with open(file, encoding="utf-8-sig", errors="replace") as text:
            return text.read(size)
    except OSError:
        return ""


def names_as_they_stand(files: Sequence[Table], classes: Sequence[str]) -> Labels:
    """The labels of files that write a class's name, or nothing: ``NA`` is a class there. ``classes``: in order."""
    of_rows = pd.concat([table.rows[LABEL] for table in files]).to_numpy(dtype=object)
    num = int(np.count_nonzero(of_rows == ""))
    in_order = [*dict.fromkeys(classes), *sorted(set(of_rows) - {""} - set(classes))]
    return Labels(of_rows=of_rows, classes=in_order, said="", without={"": num} if num else {})


def _not_named(files: Sequence[Table], photos: Photos) -> list[str]:
    """A remark where there are more photos than rows."""
    more = len(photos.paths) - sum(table.num_rows for table in files)
    names = listed([f"'{name}'" for name in dict.fromkeys(table.file.name for table in files)])
    return [f"{more:,} more photos are here than {names} names; the others were left out"] if more > 0 else []
