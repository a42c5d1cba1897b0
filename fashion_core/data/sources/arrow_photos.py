"""Photos inside tables: parquet shards as ``datasets`` and others write them, and folders that ``save_to_disk`` wrote.

Takes a folder of such files, or one; gives classes and rows, and an account of every row. A photo's address is its file
and row; it is read where it lies.
"""

import dataclasses
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
from PIL import Image

from fashion_core.data.sources import arrow_files, photos, row_account, table_choice, table_columns, table_labels
from fashion_core.data.sources.arrow_files import ArrowFile
from fashion_core.data.sources.listing import listing
from fashion_core.data.sources.reader import GROUP, Given, Reader, Source
from fashion_core.data.sources.row_account import Account
from fashion_core.data.sources.table_choice import IMAGE, LABEL, SPLIT
from fashion_core.data.sources.table_files import columns_as_text, is_plain
from fashion_core.errors import PhotoError, SourceError
from fashion_core.labels import counted, did_you_mean, listed

_ADDRESS = re.compile(r"(.+)#(\d+)@(.+)")
_DEEP = 2  # folders below the one that was given: train/, or data/train/


class ArrowPhotos(Reader):
    """The reader of photos that lie in the rows of a table."""

    kinds = ("arrow",)
    layout = "parquet with the photos inside, or what save_to_disk wrote"
    options = (IMAGE, LABEL, SPLIT, GROUP)
    in_files = False

    def recognises(self, place: Path) -> bool:
        """By any of the files: beside one with photos inside, one without them is refused with its name."""
        files = files_in(place)
        return any(map(_has_photos, files)) or any(file.suffix == ".arrow" for file in files)

    def read(self, given: Given) -> Source:
        root = given.place if given.place.is_dir() else given.place.parent
        files = [arrow_files.opened(file) for file in files_in(given.place)]
        image = _image_column(files, given)
        splits = _splits_of_files(files, root)
        parts = [_rows(file, root, image, split) for file, split in zip(files, splits, strict=True)]
        rows = pd.concat(parts, ignore_index=True)
        own = rows.drop(columns=[*_OURS])
        column = given.choices[SPLIT] if any(splits) else table_columns.choose_split(own, given.choices[SPLIT], root)
        if column:
            rows["_split"] = [table_columns.split_in(column, cell) for cell in own[column]]
        label, of_rows, classes = _labels(files, own, column, given)
        reason, detail = row_account.reasons(
            np.where(rows["_there"], np.arange(len(rows)), row_account.NONE),
            rows["_address"].where(rows["_there"], "").to_numpy(dtype=object),
            of_rows,
            rows["_split"].to_numpy(dtype=object),
            lambda at: f"{rows['_file'].iat[at]} row {rows['_row'].iat[at]:,}",
        )
        used = np.flatnonzero(reason == "")
        if not len(used):
            raise SourceError(f"no row of the {counted(len(files), 'file')} in '{given.place}' has a photo.")
        present = set(of_rows[used]) - {""}
        first = {"image_id": _ids(rows, used), "path": rows["_address"].iloc[used], "label": of_rows[used]}
        first["split"] = np.where(of_rows[used] == "", "", rows["_split"].iloc[used])
        source = given.source(
            "arrow",
            root,
            [name for name in classes if name in present],
            pd.DataFrame(first)
            .reset_index(drop=True)
            .join(table_columns.for_manifest(own.iloc[used], {label, column})),
            in_order_of_names=True,
            account=row_account.account_of(
                Account(format="photos inside tables", image=image, label=label, split=column, num_rows=len(rows)),
                rows[["_file", "_row"]],
                names=(rows["_address"].to_numpy(dtype=object), of_rows),
                reasons=(reason, detail),
                ids=first["image_id"],
            ),
        )
        said = f"photos inside {_called(files)}: photo from '{image}', label from '{label}', " + (
            f"split from '{column}'" if column else "each file is of a split" if any(splits) else "no split"
        )
        absent = [name for name in classes if name not in present]
        notes = [f"no photo is of {listed([repr(name) for name in absent[:6]])}"] if absent else []
        return dataclasses.replace(source, warnings=(said, *notes, *source.warnings))

    def photo_bytes(self, root: Path, path: str) -> bytes:
        match = _ADDRESS.fullmatch(path)
        assert match, f"{path!r} is no address in a table"
        file = root / match[1]
        try:
            cell = arrow_files.opened(file).cell(match[3], int(match[2]))
        except (OSError, SourceError, KeyError, IndexError, pa.ArrowException) as error:
            raise PhotoError(f"cannot be read from '{file}' (row {match[2]})") from error
        data = cell.get("bytes") if isinstance(cell, dict) else cell
        if data is None and isinstance(cell, dict) and (named := str(cell.get("path") or "")):
            if Path(named).is_absolute() or ".." in Path(named).parts:
                raise PhotoError("the row has no photo, but a path that leads out of the folder")
            return photos.read_photo(file.parent / named)
        if not data:
            raise PhotoError("the row has no photo")
        if len(data) > photos.MAX_BYTES:
            raise PhotoError(f"too large: more than the {photos.MAX_BYTES:,} bytes allowed")
        return bytes(data)

    def image(self, root: Path, path: str, data: bytes) -> Image.Image:
        return photos.open_photo(data)


def files_in(place: Path) -> list[Path]:
    """The files of a folder, or, where it has none, those in the folders below; the one that was given."""
    if place.is_file():
        return [place] if place.name.lower().endswith(arrow_files.ENDINGS) else []
    folders = [place]
    for _ in range(_DEEP + 1):
        inside = [(folder, *listing(folder, photos=False)) for folder in folders]
        files = [folder / name for folder, _, names in inside for name in names]
        files = [file for file in files if file.name.lower().endswith(arrow_files.ENDINGS)]
        if files:
            return [file for file in files if not file.name.startswith("cache-")]  # what ``map`` left behind
        folders = [folder / name for folder, inner, _ in inside for name in inner]
    return []


def _called(files: Sequence[ArrowFile]) -> str:
    return f"'{files[0].file.name}'" if len(files) == 1 else counted(len(files), "file")


def _image_column(files: Sequence[ArrowFile], given: Given) -> str:
    """The column of the photos. SourceError where several could be meant, or a file has none."""
    asked = given.choices[IMAGE]
    for file in files:
        could = arrow_files.photo_columns(file.schema)
        if asked and asked not in could:
            hint = did_you_mean(asked, could)
            raise SourceError(f"'{file.file}' has no photos in a column '{asked}' (--image); {hint}")
        if not could:
            raise SourceError(f"'{file.file}' has no photos in it, and others beside it have; move it away.")
        if not asked and len(could) > 1:
            named = listed([repr(name) for name in could])
            raise SourceError(f"columns {named} of '{file.file}' hold photos; say which with --image {could[0]}.")
    return asked or arrow_files.photo_columns(files[0].schema)[0]


def _has_photos(file: Path) -> bool:
    try:
        return bool(arrow_files.photo_columns(arrow_files.opened(file).schema))
    except (SourceError, OSError):
        return False


def _splits_of_files(files: Sequence[ArrowFile], root: Path) -> list[str]:
    """The split of every file by its name, or by its folder's below ``root``; all "" where one does not say it."""
    return table_choice.splits_of_files([file.file for file in files], root)


#: Columns of ``_rows`` that are not the table's own.
_OURS = ("_file", "_row", "_address", "_there", "_split")


def _rows(file: ArrowFile, root: Path, image: str, split: str) -> pd.DataFrame:
    """A file's plain columns as text, and for each row where it stands."""
    name = file.file.relative_to(root).as_posix()
    plain = [field.name for field in file.schema if is_plain(field.type) and field.name != image]
    rows = pd.DataFrame(columns_as_text(file.columns(plain), file.schema), index=range(file.num_rows))
    kind = file.schema.field(image).type
    leaf = f"{image}.path" if pa.types.is_struct(kind) and kind.get_field_index("path") >= 0 else ""
    there = file.columns([leaf])[image].is_valid().to_numpy() if leaf and file.file.suffix == ".parquet" else True
    numbers = np.arange(file.num_rows)
    addresses = [f"{name}#{number}@{image}" for number in numbers.tolist()]
    return rows.assign(_file=name, _row=numbers + 1, _address=addresses, _there=there, _split=split)


def _labels(
    files: Sequence[ArrowFile], own: pd.DataFrame, split: str, given: Given
) -> tuple[str, np.ndarray, list[str]]:
    """The label column, the class of every row ("" where it has none), and the classes in order."""
    asked = given.choices[LABEL]
    named = [column for column in own if all(arrow_files.class_names(file.schema, column) for file in files)]
    if not asked and len(named) == 1:
        asked = named[0]
    label = table_columns.choose_label(own, "", split, asked, given.place)
    if label in named:
        classes = list(dict.fromkeys(name for file in files for name in arrow_files.class_names(file.schema, label)))
        return label, own[label].to_numpy(dtype=object), classes
    read = table_labels.read(own, label, [])
    return label, read.of_rows, read.classes


def _ids(rows: pd.DataFrame, at: np.ndarray) -> list[str]:
    """In the order of files and rows, in which photos are read fastest."""
    return [
        f"{Path(file).with_suffix('').as_posix()}-{row:08d}"
        for file, row in zip(rows["_file"].iloc[at], rows["_row"].iloc[at], strict=True)
    ]
