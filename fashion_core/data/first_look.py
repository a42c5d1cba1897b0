"""A first look at photos before they are imported: what an import would make of them, with pictures, kept in a folder
for the page that asked.

Takes whatever ``sources`` reads; gives a document (``dry_run.document`` and more) in ``look.json``. Opens a few photos,
and imports nothing.
"""

import base64
import io
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from PIL import Image

from fashion_core import jobs, storage
from fashion_core.data import datasets, dry_run, groups
from fashion_core.data.sources import readers
from fashion_core.data.sources.layout import MADE_HERE, TAKEN, TRAIN_FIRST
from fashion_core.data.sources.reader import GROUP, UNDECIDED, Choices, Progress, Source
from fashion_core.errors import FashionError, PhotoError, SourceError

LOOK = "look.json"
PICTURES, SIDE = 8, 160
ROWS, UNUSED_ROWS = 8, 50
KEPT_SECONDS = 24 * 3600.0
_FOLDER = ".looks"  # no dataset's id begins with a dot


def folder_of(data_dir: Path, token: str) -> Path | None:
    """The folder of the look that a page calls so; None for what is no name of one."""
    return data_dir / datasets.INCOMING / _FOLDER / token if re.fullmatch("[0-9a-f]{16}", token) else None


def folders(data_dir: Path) -> list[Path]:
    """The folders of all looks."""
    looks = data_dir / datasets.INCOMING / _FOLDER
    return list(looks.iterdir()) if looks.is_dir() else []


def sweep(data_dir: Path) -> None:
    """Take away looks that nobody came back to within a day."""
    for folder in folders(data_dir):
        job = jobs.look(folder)
        if not (job and job.active) and time.time() - folder.stat().st_mtime > KEPT_SECONDS:
            storage.discard(folder)


def look(
    source: str | Path,
    *,
    folder: Path,
    data_dir: Path,
    seed: int = 0,
    progress: Progress | None = None,
    choices: Choices = UNDECIDED,
) -> dict[str, Any]:
    """The document, which is also written to ``folder``: that of ``dry_run`` and recognised (what the source was taken
    for), suggested_name, split_rule, columns, counts (class -> split -> photos), pictures (some photos of every class
    in turn), first_rows and unused_rows.

    Where the source cannot be used, only ``error``, its sentence, and ``columns``. OSError where the disk fails.
    """
    with jobs.at_work(folder, progress, interrupted="the look was interrupted") as report:
        work_dir, downloads = folder / "dataset", data_dir / datasets.DOWNLOADS
        storage.discard(work_dir)
        work_dir.mkdir(parents=True)
        try:
            report("reading the source", 0, 0)
            found = readers.open_source(
                source, work_dir=work_dir, downloads=downloads, seed=seed, progress=report, choices=choices
            )
            document = _document(found, choices, report)
            document["columns"] = document["columns"] or _columns_there(source, work_dir, downloads)
        except FashionError as error:
            document = {"error": str(error), "columns": _columns_there(source, work_dir, downloads)}
        finally:
            storage.discard(work_dir)
        storage.write_json(folder / LOOK, document)
    return document


def read(folder: Path) -> dict[str, Any] | None:
    """What a look found; None while there is nothing."""
    try:
        return dict(storage.read_json(folder / LOOK))
    except (OSError, ValueError, TypeError):
        return None


def _document(source: Source, choices: Choices, report: Progress) -> dict[str, Any]:
    usable = source.rows[~source.rows["missing"]]
    counts = usable[usable["label"] != ""].value_counts(["label", "split"]).unstack(fill_value=0)
    own = [name for name in usable if name not in TAKEN]
    document = dry_run.document(source)
    made_here = source.split_rule != "as given"
    recognised = document["warnings"].pop(0) if source.account else _layout_of(source)
    document["warnings"] += groups.remarks(usable.assign(status="ok"), choices[GROUP], made_here=made_here)
    return document | {
        "recognised": recognised,
        "suggested_name": source.suggested_name,
        "split_rule": source.split_rule,
        "columns": _columns(source, own),
        "counts": {
            label: {split: int(counts.at[label, split]) for split in TRAIN_FIRST if split in counts}
            for label in source.classes
            if label in counts.index
        },
        "pictures": _pictures(source, usable, report),
        "first_rows": _first_rows(source, usable, own),
        "unused_rows": _unused_rows(source),
    }


def _layout_of(source: Source) -> str:
    return f"read as {readers.of_kind(source.kind).layout or source.note}"


def _columns(source: Source, own: list[str]) -> list[str]:
    """The columns of the table, under the names that it gives them."""
    account = source.account
    if account is None:
        return []
    bare = [name.removeprefix("table_") if name.removeprefix("table_") in MADE_HERE else name for name in own]
    return list(dict.fromkeys(name for name in (account.image, account.label, account.split, *bare) if name))


def _columns_there(source: str | Path, work_dir: Path, downloads: Path) -> list[str]:
    for place in (work_dir / "photos", readers.fetched(source, downloads), Path(source).expanduser()):
        try:
            if place and place.exists():
                return readers.columns_of(place)
        except (OSError, SourceError):
            continue
    return []


def _pictures(source: Source, usable: pd.DataFrame, report: Progress) -> list[dict[str, Any]]:
    """The first photo of every class, then the second, until there are PICTURES."""
    labelled = usable[usable["label"] != ""]
    turn = labelled.groupby("label", sort=False).cumcount()
    chosen = labelled.iloc[np.argsort(turn.to_numpy(), kind="stable")[:PICTURES]]
    pictures = []
    for number, row in enumerate(chosen.itertuples(index=False)):
        report("opening a few photos", number, len(chosen))
        picture = {"image_id": row.image_id, "label": row.label, "split": row.split}
        try:
            picture |= _small(readers.open_photo_of(source.kind, source.root, row.path))
        except PhotoError as error:
            picture["reason"] = str(error.__cause__ or error)  # without the path, which only the lab knows
        pictures.append(picture)
    return pictures


def _small(photo: Image.Image) -> dict[str, Any]:
    small = photo.copy()
    small.thumbnail((SIDE, SIDE))
    data = io.BytesIO()
    small.save(data, "JPEG", quality=85)
    return {"width": photo.width, "height": photo.height, "jpeg": base64.b64encode(data.getvalue()).decode("ascii")}


def _first_rows(source: Source, usable: pd.DataFrame, own: list[str]) -> list[dict[str, Any]]:
    """The first rows of the table, as it was understood; none of a source without one."""
    if source.account is None or source.account.stands.empty:
        return []
    stands = source.account.stands.astype({"file": str}).sort_values(["file", "row"], kind="stable").iloc[:ROWS]
    rows = usable.set_index("image_id").loc[lambda rows: rows.index.isin(stands.index)]
    return [
        {"file": place.file, "row": int(place.row), "photo": rows.at[place.Index, "path"]}
        | {"class": rows.at[place.Index, "label"], "split": rows.at[place.Index, "split"]}
        | {name: _text(rows.at[place.Index, name]) for name in own}
        for place in stands.itertuples()
        if place.Index in rows.index
    ]


def _unused_rows(source: Source) -> list[dict[str, Any]]:
    if source.account is not None:
        return list(_as_texts(source.account.unused.iloc[:UNUSED_ROWS]))
    missing = source.rows.loc[source.rows["missing"], ["path", "label", "reason"]].rename(columns={"path": "photo"})
    return list(_as_texts(missing.iloc[:UNUSED_ROWS]))


def _as_texts(rows: pd.DataFrame) -> Iterator[dict[str, Any]]:
    for row in rows.to_dict("records"):
        yield {str(name): _text(value) for name, value in row.items()}


def _text(value: object) -> str:
    return "" if value is None or value is pd.NA or value != value else str(value)[:200]
