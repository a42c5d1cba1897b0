"""What ``datasets`` of Hugging Face reads: photos with a metadata file a split, or parquet with the photos inside.

Both say in the schema that the label is one of these classes, as the library itself does; photos without one are a
split of their own, ``unlabeled``, where the label is null. A metadata.csv would not do:
of it the library makes text, and of a class called ``NA`` no label.
"""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from fashion_core.data.exports import card
from fashion_core.data.exports.copies import Copies, Copy, Plan

#: Bytes of photos in one parquet file, as the library itself cuts them; a row group holds so many photos.
MAX_BYTES, ROW_GROUP = 500_000_000, 100
_PHOTO = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
_TAKEN = ("file_name", "image", "label", "image_id")


def write_metadata(folder: Path, plan: Plan, copies: Copies) -> list[str]:
    """``split/photo`` and ``split/metadata.parquet``: file_name, label, image_id and the source's own columns."""
    columns = _Columns(plan)
    rows: dict[str, list[Copy]] = {part: [] for part in plan.parts}
    for part in plan.parts:
        (folder / _called(part)).mkdir()
    for copy in copies(flat=True):
        (folder / _called(copy.part) / copy.name).write_bytes(copy.data)
        rows[copy.part].append(replace(copy, data=b""))
    for part, of_part in rows.items():
        names = pa.array([copy.name for copy in of_part], pa.string())
        table = columns.table({"file_name": (names, _value(pa.string()))}, of_part)
        pq.write_table(table, folder / _called(part) / "metadata.parquet")
    card.write(folder, plan, {part: f"{_called(part)}/**" for part in plan.parts})
    return columns.renamed


def write_parquet(folder: Path, plan: Plan, copies: Copies) -> list[str]:
    """``data/split-00000-of-00001.parquet`` and so on: image (its bytes and name), label, image_id and the source's own
    columns."""
    columns = _Columns(plan)
    (folder / "data").mkdir()
    files: dict[str, list[Path]] = {part: [] for part in plan.parts}
    writer, size = None, 0
    try:
        for group in _groups(copies(flat=True)):
            images = pa.array([{"bytes": copy.data, "path": copy.name} for copy in group], _PHOTO)
            table = columns.table({"image": (images, {"_type": "Image"})}, group)
            of_part = files[group[0].part]
            if writer is None or not of_part or size > MAX_BYTES:
                if writer:
                    writer.close()
                of_part.append(folder / "data" / f"{len(of_part)}-of-{group[0].part}")
                writer, size = pq.ParquetWriter(of_part[-1], table.schema), 0
            writer.write_table(table)
            size += sum(len(copy.data) for copy in group)
    finally:
        if writer:
            writer.close()
    for part, paths in files.items():
        for number, path in enumerate(paths):
            path.rename(path.with_name(f"{_called(part)}-{number:05d}-of-{len(paths):05d}.parquet"))
    card.write(folder, plan, {part: f"data/{_called(part)}-*" for part in plan.parts})
    return columns.renamed


def _called(part: str) -> str:
    return card.SPLITS.get(part, part)


def _groups(copies: Iterator[Copy]) -> Iterator[list[Copy]]:
    """Up to ROW_GROUP photos at a time, of one split."""
    group: list[Copy] = []
    for copy in copies:
        if group and (len(group) == ROW_GROUP or copy.split != group[0].split):
            yield group
            group = []
        group.append(copy)
    if group:
        yield group


class _Columns:
    """label, image_id and the source's own columns, of one Arrow type each in every split. ``renamed``: what to say of
    those that had a name which the library takes for something else."""

    def __init__(self, plan: Plan):
        self.classes = list(plan.classes)
        self.names = {name: f"own_{name}" if name in _TAKEN else name for name in plan.own}
        self.renamed = [f"the column {own!r} is called {new!r}" for own, new in self.names.items() if own != new]
        kinds = {name: pa.Array.from_pandas(plan.rows[name]).type for name in plan.own}
        self.kinds = {name: kind if _is_number(kind) else pa.string() for name, kind in kinds.items()}

    def table(self, first: dict[str, tuple[pa.Array, dict[str, str]]], group: list[Copy]) -> pa.Table:
        """``first`` (name -> values, feature) and these columns, with the features in the schema as ``datasets`` writes
        them there (``ArrowWriter._build_metadata``)."""
        columns = {name: values for name, (values, _) in first.items()}
        features: dict[str, Any] = {name: feature for name, (_, feature) in first.items()}
        columns["label"] = pa.array([copy.number for copy in group], pa.int64())
        features["label"] = {"names": self.classes, "_type": "ClassLabel"}
        columns["image_id"] = pa.array([copy.image_id for copy in group], pa.string())
        features["image_id"] = _value(pa.string())
        for own, kind in self.kinds.items():
            values = [copy.own[own] for copy in group]
            if pa.types.is_string(kind):
                values = [None if value is None else str(value) for value in values]
            columns[self.names[own]] = pa.array(values, kind)
            features[self.names[own]] = _value(kind)
        told = json.dumps({"info": {"features": features}})
        return pa.table(columns).replace_schema_metadata({"huggingface": told})


def _is_number(kind: pa.DataType) -> bool:
    return pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_boolean(kind)


def _value(kind: pa.DataType) -> dict[str, str]:
    dtype = {"double": "float64", "float": "float32"}.get(str(kind), str(kind))
    return {"dtype": dtype, "_type": "Value"}
