"""Reads WebDataset's shards: tar files in which the files of one sample, a photo and what is known of it, lie side by
side under one key.

A key is a member's path up to the first dot of its name, and a sample the members of one key that follow each other.
The class is in ``.cls`` (a number, or text), or a column of ``.json``. A photo is read where it lies in its tar.
"""

import dataclasses
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from PIL import Image

from fashion_core.data.sources import known_tables, photos, row_account, table_choice, table_columns, table_labels
from fashion_core.data.sources.reader import GROUP, Given, Reader, Source
from fashion_core.data.sources.row_account import Account
from fashion_core.data.sources.table_choice import LABEL, SPLIT
from fashion_core.data.sources.table_rows import frame
from fashion_core.data.sources.tar_files import TarFile, first_names, opened
from fashion_core.errors import PhotoError, SourceError
from fashion_core.labels import counted

_ADDRESS = re.compile(r"(.+?\.tar)#(.+)", re.DOTALL)
_CLS = "cls"
#: What a sample may have beside the photo that makes it one.
_ABOUT = ("cls", "json")


class TarShards(Reader):
    """The reader of tar files of samples. A tar of class folders is an archive that is unpacked."""

    kinds = ("webdataset",)
    layout = "WebDataset's .tar shards"
    options = (LABEL, SPLIT, GROUP)
    in_files = False

    def recognises(self, place: Path) -> bool:
        files = known_tables.by_split(place, lambda file: file.suffix == ".tar")
        return bool(files) and _has_samples(files[0])

    def read(self, given: Given) -> Source:
        root = given.place if given.place.is_dir() else given.place.parent
        files = [opened(file) for file in known_tables.by_split(given.place, lambda file: file.suffix == ".tar")]
        splits = table_choice.splits_of_files([tar.file for tar in files], root)
        parts = [_samples(tar, root, split) for tar, split in zip(files, splits, strict=True)]
        rows = pd.concat(parts, ignore_index=True).fillna("")
        own = rows.drop(columns=[*_OURS])
        column = given.choices[SPLIT] or ("" if any(splits) else table_columns.choose_split(own, "", root))
        if column:
            table_columns.choose_split(own, column, root)
            rows["_split"] = [table_columns.split_in(column, cell) for cell in own[column]]
        label = given.choices[LABEL] or (_CLS if _CLS in own else "")
        label = label if label == _CLS and _CLS in own else table_columns.choose_label(own, "", column, label, root)
        labels = table_labels.read(own, label, [file for file in root.iterdir() if file.is_file()])
        reason, detail = row_account.reasons(
            np.where(rows["_photo"] == "", rows["_state"], pd.factorize(rows["_photo"])[0]),
            np.where(rows["_state"] == row_account.NONE, "", "photo"),
            labels.of_rows,
            rows["_split"].to_numpy(dtype=object),
            lambda at: f"{rows['_file'].iat[at]} sample {rows['_row'].iat[at]:,}",
        )
        used = np.flatnonzero(reason == "")
        if not len(used):
            raise SourceError(f"no sample of the {counted(len(files), 'tar file')} in '{given.place}' has a photo.")
        first = {"image_id": rows["_id"].iloc[used], "path": rows["_photo"].iloc[used], "label": labels.of_rows[used]}
        first["split"] = np.where(labels.of_rows[used] == "", "", rows["_split"].iloc[used])
        redundant = "label" if label == _CLS and labels.said.endswith("column 'label'") else ""
        there = set(labels.of_rows[used]) - {""}
        source = given.source(
            "webdataset",
            root,
            [name for name in labels.classes if name in there],
            pd.DataFrame(first)
            .reset_index(drop=True)
            .join(table_columns.for_manifest(own.iloc[used], {label, column, redundant})),
            in_order_of_names=True,
            account=row_account.account_of(
                Account(format="WebDataset", image="", label=label, split=column, num_rows=len(rows)),
                rows[["_file", "_row"]],
                names=(rows["_id"].to_numpy(dtype=object), own[label].to_numpy(dtype=object)),
                reasons=(reason, detail),
                ids=first["image_id"],
            ),
        )
        said = f"WebDataset, {counted(len(files), 'tar file')}: label from '{label}'"
        said += f" ({labels.said})" if labels.said else ""
        said += f", split from '{column}'" if column else ", each file is of a split" if any(splits) else ", no split"
        return dataclasses.replace(
            source, warnings=(said, *_notes(labels.of_rows[used], source.account), *source.warnings)
        )

    def photo_bytes(self, root: Path, path: str) -> bytes:
        match = _ADDRESS.fullmatch(path)
        assert match, f"{path!r} is no address in a tar file"
        try:
            tar = opened(root / match[1])
            number = tar.number(match[2])
            if tar.size(number) > photos.MAX_BYTES:
                raise PhotoError(f"too large: more than the {photos.MAX_BYTES:,} bytes allowed")
            return tar.read(number)
        except (OSError, SourceError, KeyError) as error:
            raise PhotoError(f"cannot be read from '{root / match[1]}' ('{match[2]}')") from error

    def image(self, root: Path, path: str, data: bytes) -> Image.Image:
        return photos.open_photo(data)


#: Columns of ``_samples`` that are not the samples' own.
_OURS = ("_file", "_row", "_id", "_photo", "_state", "_split")


def _parts(member: str) -> tuple[str, str]:
    """Key and ending: the key ends at the first dot of the name, and has the folder before it."""
    folder, slash, name = member.rpartition("/")
    stem, _, ending = name.partition(".")
    return folder + slash + stem, ending.lower()


def _has_samples(file: Path) -> bool:
    """Whether a photo among the first members has a class, or an object that may name it, under its own key."""
    endings: dict[str, set[str]] = {}
    for member in first_names(file):
        key, ending = _parts(member)
        endings.setdefault(key, set()).add(ending)
    return any(own & {*_ABOUT} and any(map(_is_photo, own)) for own in endings.values())


def _is_photo(ending: str) -> bool:
    return f".{ending}".endswith(photos.EXTENSIONS)


def _samples(tar: TarFile, root: Path, split: str) -> pd.DataFrame:
    """A row a sample: where it stands, its photo's address ("" with NONE or SEVERAL for none and several), and what
    ``.cls`` and ``.json`` say."""
    name = tar.file.relative_to(root).as_posix()
    samples: list[tuple[str, dict[str, int]]] = []
    for position, member in enumerate(tar.names):
        key, ending = _parts(member)
        if not samples or samples[-1][0] != key or ending in samples[-1][1]:
            samples.append((key, {}))
        samples[-1][1][ending] = position
    records: list[tuple[int, dict[str, Any]]] = []
    for number, (key, members) in enumerate(samples, start=1):
        pictures = [ending for ending in members if _is_photo(ending)]
        pictures = [ending for ending in pictures if "." not in ending] or pictures  # a mask.png beside the jpg
        about: dict[str, Any] = _object(tar, members["json"]) if "json" in members else {}
        if _CLS in members:
            about |= {_CLS: tar.read(members[_CLS]).decode("utf-8", "replace").strip()}
        about = {(f"own {column}" if column in _OURS else column): value for column, value in about.items()}
        photo = f"{name}#{tar.names[members[pictures[0]]]}" if len(pictures) == 1 else ""
        records.append((number, {"_id": f"{name.removesuffix('.tar')}/{key}", "_photo": photo} | about))
        records[-1][1]["_state"] = row_account.SEVERAL if len(pictures) > 1 else row_account.NONE if not photo else 0
    rows = frame(tar.file, records)
    return rows.assign(_file=name, _row=rows.index, _split=split, _state=rows["_state"].astype(int))


def _object(tar: TarFile, member: int) -> dict[str, Any]:
    """What a .json says; nothing where it is no object."""
    try:
        about = json.loads(tar.read(member))
    except (ValueError, RecursionError):
        return {}
    return about if isinstance(about, dict) else {}


def _notes(labels: np.ndarray, account: Account | None) -> list[str]:
    """Remarks on samples without a label, and on those that are not used."""
    notes = []
    if num := int((labels == "").sum()):
        notes.append(f"{counted(num, 'photo')} without a label, to be labelled")
    if account and len(account.unused):
        why = ", ".join(f"{reason} {of:,}" for reason, of in account.reasons().items())
        notes.append(f"{counted(len(account.unused), 'sample')} not used: {why}; unused.csv lists each")
    return notes
