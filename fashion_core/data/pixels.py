"""Pixel caches: every photo of a dataset once, as uint8, brought to one size in one way, memory-mapped.

Takes a Dataset and a size; row i is manifest row i, and rows that are not ``ok`` are black. A cache is used only with
the dataset and manifest that its side file names. Knows nothing of training; imports no torch.
"""

import hashlib
import io
import os
import re
import shutil
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from fashion_core import locks, storage
from fashion_core.data import datasets
from fashion_core.data.datasets import Dataset
from fashion_core.data.sources import photos, readers
from fashion_core.errors import DatasetError
from fashion_core.labels import counted

Progress = Callable[[str, int, int], None]
# N images, H height, W width
_CHUNK = 32


def cache_path(dataset: Dataset, width: int, height: int, how: str = "squeeze") -> Path:
    """Where the cache of that size lies, whether it is there or not; ``how`` is a way of ``photos.resize``."""
    return dataset.folder / f"pixels-{width}x{height}{'' if how == 'squeeze' else '-' + how}.npy"


def build(
    dataset: Dataset,
    width: int,
    height: int,
    progress: Progress | None = None,
    num_workers: int = 0,
    how: str = "squeeze",
) -> Path:
    """Make the cache of that size unless a good one is there, with ``num_workers`` threads (0 is one a core).

    DatasetError names a photo that has changed or gone.
    """
    path = cache_path(dataset, width, height, how)
    try:
        with locks.hold(dataset.folder / f"{path.stem}.lock", seconds=3600):  # a second run waits for the first
            if _fault(dataset, width, height, how) is None:
                return path
            _build(dataset, path, width, height, progress, num_workers, how)
            seal(dataset.folder, path, dataset.fingerprint)
    except locks.Busy as busy:
        raise DatasetError(f"another process has been building '{path}' for an hour; stop it and try again.") from busy
    return path


@contextmanager
def create(path: Path, num_rows: int, width: int, height: int) -> Iterator[np.ndarray]:
    """Yield a new writable cache, uint8 N x H x W x 3, all black; it takes its name when the block ends well.

    A full disk is noticed first: writing to a memory map then would end the process (SIGBUS), not raise.
    """
    needed, free = num_rows * width * height * 3, storage.free_space(path.parent)
    if needed > free:
        raise DatasetError(
            f"{counted(num_rows, 'photo')} at {width} x {height} need {storage.size_text(needed)} and the disk of "
            f"'{path.parent}' has {storage.size_text(free)} free; make room or choose a smaller size."
        )
    with storage.create_npy(path, (num_rows, height, width, 3), np.uint8) as array_NHW3:
        yield array_NHW3


def seal(folder: Path, path: Path, fingerprint: str) -> None:
    """Write the side file that says which dataset and manifest the finished cache at ``path`` belongs to."""
    storage.write_json(path.with_suffix(".json"), _side(folder, path, fingerprint))


def fingerprint_of_cache(path: Path) -> str | None:
    """The fingerprint of the dataset for which the cache at ``path`` was sealed; None when nothing says it."""
    try:
        return str(storage.read_json(path.with_suffix(".json"))["fingerprint"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def open_pixels(dataset: Dataset, width: int, height: int, how: str = "squeeze") -> np.ndarray:
    """The cache as a read-only memory map, uint8 N x H x W x 3. DatasetError when it is absent or does not fit."""
    if fault := _fault(dataset, width, height, how):
        raise DatasetError(fault)
    return np.load(cache_path(dataset, width, height, how), mmap_mode="r", allow_pickle=False)


def thumbnails(dataset: Dataset) -> np.ndarray:
    """The cache that the import made (128 x 128, or 32 x 32 for tiny photos)."""
    return open_pixels(dataset, *dataset.first_pixels)


def share(dataset: Dataset, building: Path, fingerprint: str, sizes: Sequence[tuple[int, int]] | None = None) -> None:
    """Hard links to the caches that fit a dataset (of these ``sizes``), for another with the same rows: a cache is
    replaced as a whole and never written to, so both names keep what they have. Where links cannot be made, a copy.
    Pixels of excluded rows stay; nothing asks for them.
    """
    for path in sorted(dataset.folder.glob("pixels-*.npy")):
        size = re.fullmatch(r"pixels-(\d+)x(\d+)", path.stem)
        if not size or (sizes is not None and (int(size[1]), int(size[2])) not in sizes):
            continue
        try:
            open_pixels(dataset, int(size[1]), int(size[2]))
        except DatasetError:  # of another import: the old dataset would not use it either
            continue
        try:
            os.link(path, building / path.name)
        except OSError:
            shutil.copyfile(path, building / path.name)
        seal(building, building / path.name, fingerprint)


def read_rows(cache_NHW3: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Those rows of a cache, in their order, as an array of their own. Read, not mapped: whoever goes through a cache
    by its map holds all of it as memory, as far as a limit on the process can tell."""
    if not isinstance(cache_NHW3, np.memmap):
        return cache_NHW3[rows]
    found = np.empty((len(rows), *cache_NHW3.shape[1:]), np.uint8)
    size = int(np.prod(cache_NHW3.shape[1:]))
    with open(str(cache_NHW3.filename), "rb", buffering=0) as file:
        for some in np.split(
            np.arange(len(rows)), np.flatnonzero(np.diff(rows) != 1) + 1
        ):  # at once what lies together
            if len(some):
                file.seek(cache_NHW3.offset + int(rows[some[0]]) * size)
                if file.readinto(found[some[0] : some[-1] + 1].reshape(-1).data) != len(some) * size:
                    raise DatasetError(f"'{cache_NHW3.filename}' ends too early; import the photos again.")
    return found


def thumbnail_jpeg(pixels_HW3: np.ndarray, quality: int = 85) -> bytes:
    """One row of a cache as JPEG bytes."""
    buffer = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(pixels_HW3)).save(buffer, "JPEG", quality=quality)
    return buffer.getvalue()


def _fault(dataset: Dataset, width: int, height: int, how: str) -> str | None:
    path = cache_path(dataset, width, height, how)
    size = f"{width} x {height} pixels" + ("" if how == "squeeze" else f" ({how})")
    try:
        side = storage.read_json(path.with_suffix(".json"))
        expected = _side(dataset.folder, path, dataset.fingerprint)
    except (OSError, ValueError):
        return f"dataset '{dataset.name}' is not prepared at {size} yet; training at that size prepares it."
    if side != expected or side["shape"][1:] != [height, width, 3]:
        return f"the {size} of dataset '{dataset.name}' belong to another import; remove '{path}' and train again."
    return None


def _side(folder: Path, path: Path, fingerprint: str) -> dict[str, Any]:
    shape = np.load(path, mmap_mode="r", allow_pickle=False).shape
    manifest = hashlib.sha256((folder / "manifest.parquet").read_bytes()).hexdigest()
    return {"fingerprint": fingerprint, "rows": shape[0], "shape": list(shape), "manifest": manifest}


def _build(
    dataset: Dataset, path: Path, width: int, height: int, progress: Progress | None, num_workers: int, how: str
) -> None:
    manifest = dataset.manifest(["path", "sha256", "status"])
    rows = [row for row, status in enumerate(manifest["status"]) if status == "ok"]
    paths, hashes = manifest["path"].tolist(), manifest["sha256"].tolist()

    reader = readers.of_kind(dataset.kind)

    def fill(chunk: list[int]) -> int:
        for row in chunk:
            data = datasets.read_photo(dataset, paths[row], hashes[row])
            array_NHW3[row] = photos.resize(reader.image(dataset.root, paths[row], data), width, height, how)
        return len(chunk)

    chunks = [rows[start : start + _CHUNK] for start in range(0, len(rows), _CHUNK)]
    with create(path, len(manifest), width, height) as array_NHW3:
        done = 0
        for count in in_threads(fill, chunks, num_workers):
            done += count
            if progress:
                progress("preparing photos", done, len(rows))


def in_threads(work: Callable[[Any], Any], items: list[Any], num_workers: int = 0) -> Any:
    """``work(item)`` for each item in threads (decoding leaves the interpreter's lock), results in order; the first
    error ends it without starting the rest."""
    pool = ThreadPoolExecutor(num_workers or os.cpu_count() or 1, thread_name_prefix="photos")
    try:
        yield from pool.map(work, items)
    finally:
        pool.shutdown(cancel_futures=True)
