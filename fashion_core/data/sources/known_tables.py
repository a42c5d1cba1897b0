"""What formats share that a program writes beside photos: their columns are known, so nothing is chosen or guessed.

A format finds its files and turns each into rows with the columns PHOTO and LABEL, and what else it says of a photo;
``tables`` does the rest, as for a table of anybody's. Opens no photo.
"""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from fashion_core.data.sources import table_choice, table_columns, tables
from fashion_core.data.sources.photo_names import Photos
from fashion_core.data.sources.reader import Given, Reader, Source
from fashion_core.data.sources.table_choice import PHOTOS, Chosen
from fashion_core.data.sources.table_columns import Columns
from fashion_core.data.sources.table_files import Table
from fashion_core.data.sources.table_labels import Labels
from fashion_core.errors import SourceError
from fashion_core.labels import listed

PHOTO, LABEL = "photo", "label"


class KnownTables(Reader):
    """The reader of files with known columns: a format says which these are, and what stands in one."""

    options = (PHOTOS,)
    #: How the format is called in a sentence.
    called: str
    #: The column that says the split, "" where each file is one or nothing says it.
    split = ""

    def files(self, place: Path) -> list[Path]:
        """The format's files in a folder, one or one a split; the one that was given. None where it is another's."""
        raise NotImplementedError

    def table(self, file: Path) -> Table:
        """PHOTO, LABEL and what else is known of each photo; SourceError where the file cannot be read."""
        raise NotImplementedError

    def labels(self, files: Sequence[Table]) -> Labels | None:
        """The class of every row, where the format says it without doubt: a class may be called NA there."""
        return None

    def recognises(self, place: Path) -> bool:
        return bool(self.files(place))

    def read(self, given: Given) -> Source:
        place = given.place if given.place.is_dir() else given.place.parent
        read = [self.table(file) for file in self.files(given.place)]
        for table in read:
            if not len(table.rows):
                raise SourceError(f"'{table.file}' names no photo with what it shows; get it again.")
        photos = Photos(table_choice.photos_folder(given, place))
        largest = max(read, key=lambda table: len(table.rows))
        folder = table_choice.folder_of(largest.file, photos.root)
        image, way = table_columns.choose_image(largest.rows, photos, folder, PHOTO, largest.file)
        chosen = Chosen(
            place=place,
            tables=read,
            photos=photos,
            columns=Columns(image=image, way=way, label=LABEL, split=self.split),
            by_file=not self.split and all(table_choice.split_of_file(table.file) for table in read),
            beside=sorted({file for table in read for file in table_choice.files_beside(table.file, place)}),
            notes=_not_named(read, photos),
            called=self.called,
            labels=self.labels(read),
        )
        return tables.source_of(given, chosen, self.kinds[0])


def by_split(place: Path, is_one: Callable[[Path], bool]) -> list[Path]:
    """The files of a format in a folder, or, where it has none, in the folders of splits in it."""
    if place.is_file():
        return [place] if is_one(place) else []
    own = sorted(file for file in place.iterdir() if file.is_file() and is_one(file))
    if own:
        return own
    inner = [folder for folder in sorted(place.iterdir()) if folder.is_dir() and not folder.name.startswith(".")]
    found = [file for folder in inner for file in sorted(folder.iterdir()) if file.is_file() and is_one(file)]
    return found if all(map(table_choice.split_of_file, found)) else []


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
