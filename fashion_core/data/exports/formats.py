"""What a dataset can be written as: one function a format, and one entry here."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from fashion_core import storage
from fashion_core.data.datasets import Dataset
from fashion_core.data.exports import copies, fiftyone, folders, hugging_face, shards, table
from fashion_core.data.exports.copies import Copies, Plan
from fashion_core.data.sources.reader import Progress
from fashion_core.errors import DatasetError, WrongUse
from fashion_core.labels import agree, counted, did_you_mean


@dataclass(frozen=True)
class Format:
    """``about``: what it is, and who reads it. ``write`` fills an empty folder, and gives what is worth saying."""

    about: str
    write: Callable[[Path, Plan, Copies], list[str]]


FORMATS = {
    "imagefolder": Format("class folders, for torchvision, timm and datasets", folders.write),
    "hf-metadata": Format("photos and a metadata file a split, for datasets", hugging_face.write_metadata),
    "hf-parquet": Format("parquet with the photos inside, for datasets", hugging_face.write_parquet),
    "fiftyone": Format("data/ and labels.json a split, for FiftyOne", fiftyone.write),
    "csv": Format("photos/ and photos.csv", table.write),
    "webdataset": Format("tar shards, for webdataset and datasets", shards.write),
}


def write(
    dataset: Dataset, destination: Path, format: str = "imagefolder", progress: Progress | None = None
) -> dict[str, Any]:
    """Write every readable photo of ``dataset``, with its split, label and own columns, into a folder that is new or
    empty; all of it or nothing. A photo goes byte for byte, unless another reader would see something else in it than
    the lab does (turned by EXIF, transparent, 16 bits, gif): then as PNG.

    Gives folder, dataset, format, classes as the format calls them, splits, notes. DatasetError where the folder is not
    empty, a photo is gone or changed, the disk is full, or the format cannot hold the dataset.
    """
    if format not in FORMATS:
        raise WrongUse(f"there is no format {format!r}; {did_you_mean(format, FORMATS)}")
    destination = destination.absolute()
    if destination.exists() and (not destination.is_dir() or any(destination.iterdir())):
        raise DatasetError(f"'{destination}' is there already and not empty; name a new folder.")
    planned = copies.plan(dataset)
    building = destination.with_name(f".{destination.name}.partial")
    shutil.rmtree(building, ignore_errors=True)
    try:
        building.mkdir(parents=True)
        notes = FORMATS[format].write(building, planned, partial(copies.copies, planned, progress=progress))
        if num := dataset.num_unlabelled:
            notes.append(f"{counted(num, 'photo')} without a label {agree(num)} apart, in {copies.UNLABELED}")
        if destination.exists():
            destination.rmdir()
        storage.publish_folder(building, destination)
    except OSError as error:
        raise DatasetError(
            f"the copy to '{destination}' stopped: {error.strerror or error}. '{destination}' was not made."
        ) from error
    finally:
        shutil.rmtree(building, ignore_errors=True)
    return {
        "folder": str(destination),
        "dataset": dataset.id,
        "format": format,
        "classes": folders.folder_names(dataset.classes) if format == "imagefolder" else list(dataset.classes),
        "splits": dict(dataset.splits),
        "notes": notes,
    }
