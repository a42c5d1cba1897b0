"""Writes a dataset as class folders that torchvision's ImageFolder opens.

Takes a Dataset and a folder that is new or empty; gives copies of the photos, byte for byte, as split/class/file.
Knows nothing of torchvision itself.
"""

import io
import shutil
from pathlib import Path
from typing import Any

from fashion_core import storage
from fashion_core.data import datasets
from fashion_core.data.datasets import Dataset
from fashion_core.data.sources import readers
from fashion_core.data.sources.readers import Progress
from fashion_core.errors import DatasetError

#: Endings that ImageFolder takes as they are; the others are renamed, or (gif) written anew as PNG.
_KNOWN = {".jpg", ".jpeg", ".png", ".bmp", ".webp"}
_RENAMED = {".jpe": ".jpg", ".jfif": ".jpg"}


def write_folders(dataset: Dataset, dest: Path, progress: Progress | None = None) -> dict[str, Any]:
    """Copy every readable photo of ``dataset`` to ``dest/<split>/<class>/``.

    ImageFolder numbers classes by their sorted names; where that is not the index order, folders are called
    ``00_name``. A class without photos in a split keeps an empty folder there, so that the numbers stay right
    (``allow_empty=True``).
    """
    dest = dest.absolute()
    if dest.exists() and (not dest.is_dir() or any(dest.iterdir())):
        raise DatasetError(f"'{dest}' is there already and not empty; name a new folder.")
    manifest = dataset.manifest(["image_id", "path", "split", "label", "sha256", "status"])
    rows = manifest[manifest["status"] == "ok"]
    in_order = sorted(dataset.classes) == list(dataset.classes)
    width = len(str(len(dataset.classes) - 1)) if len(dataset.classes) > 10 else 2
    folders = {
        label: label if in_order else f"{number:0{width}d}_{label}" for number, label in enumerate(dataset.classes)
    }
    building = dest.with_name(f".{dest.name}.partial")
    shutil.rmtree(building, ignore_errors=True)
    try:
        for split in dataset.splits:
            for folder in folders.values():
                (building / split / folder).mkdir(parents=True)
        taken: set[str] = set()
        for done, row in enumerate(rows.itertuples(), start=1):
            folder = building / row.split / folders[row.label]
            _copy(dataset, row.image_id, row.path, row.sha256, folder, taken)
            if progress and (done % 50 == 0 or done == len(rows)):
                progress("copying photos", done, len(rows))
        if dest.exists():
            dest.rmdir()
        storage.publish_folder(building, dest)
    except OSError as error:
        raise DatasetError(
            f"the copy to '{dest}' stopped: {error.strerror or error}. '{dest}' was not made."
        ) from error
    finally:
        shutil.rmtree(building, ignore_errors=True)
    return {
        "folder": str(dest),
        "dataset": dataset.id,
        "classes": list(folders.values()),
        "splits": dict(dataset.splits),
    }


def _copy(dataset: Dataset, image_id: str, path: str, sha256: str, folder: Path, taken: set[str]) -> None:
    data = datasets.read_photo(dataset, path, sha256)
    stem, ending = (image_id, ".png") if readers.is_idx(path) else (Path(path).stem, Path(path).suffix)
    if ending.lower() not in _KNOWN or readers.is_idx(path):
        ending = _RENAMED.get(ending.lower(), ".png")
    if ending == ".png" and not path.lower().endswith(".png"):
        buffer = io.BytesIO()
        readers.decode(dataset.root, path, data).save(buffer, "PNG")
        data = buffer.getvalue()
    name = stem + ending
    if str(folder / name).casefold() in taken:  # photos of two sub-folders, or twins by case
        name = image_id.replace("/", "__").replace("~", "_") + ending
    taken.add(str(folder / name).casefold())
    (folder / name).write_bytes(data)
