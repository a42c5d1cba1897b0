"""Every photo of a source opened once: verified, measured, hashed, and made small for the first pixel cache.

Takes a source; gives a record a photo, and fills the cache. Few photos are read in threads. Of many, which are small,
Python's own share of the work is the most of it and threads wait for each other: processes read these.
"""

import hashlib
import multiprocessing
import os
import signal
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from functools import partial
from multiprocessing import connection
from pathlib import Path
from typing import Any

import numpy as np

from fashion_core.data import pixels
from fashion_core.data.decoded import Decoded
from fashion_core.data.sources import photos, readers
from fashion_core.data.sources.reader import Progress, Reader, Source
from fashion_core.errors import DatasetError, PhotoError

MANY = 6_000  # photos; a process takes a second until it reads
MOST_PROCESSES = 8  # about 150 MB each
_CHUNK = 32

#: path, whether there is no photo, and why
_Row = tuple[str, bool, str]
_Found = tuple[list[dict[str, Any]], np.ndarray]


def examine(source: Source, array_NHW3: np.ndarray, report: Progress, known: Decoded | None) -> list[dict[str, Any]]:
    """A record a row of the source: width, height, bytes, sha256, phash, status and reason; its pixels, squeezed to the
    size of ``array_NHW3``, in its row there. ``known``: photos that need not be decoded again."""
    rows = list(source.rows[["path", "missing", "reason"]].itertuples(index=False, name=None))
    chunks = [rows[start : start + _CHUNK] for start in range(0, len(rows), _CHUNK)]
    size = array_NHW3.shape[1:3]
    cores = os.cpu_count() or 1
    if known is None and len(rows) >= MANY and cores > 1:
        found = _in_processes(partial(_examine_in_process, source.kind, source.root, size), chunks, cores)
    else:
        reader = readers.of_kind(source.kind)
        found = pixels.in_threads(lambda chunk: _examine(reader, source.root, size, chunk, known), chunks)
    records: list[dict[str, Any]] = []
    for own, own_NHW3 in found:
        array_NHW3[len(records) : len(records) + len(own)] = own_NHW3
        records += own
        report("reading photos", len(records), len(rows))
    return records


def _in_processes(work: Any, chunks: Sequence[list[_Row]], cores: int) -> Iterator[_Found]:
    """``work(chunk)`` of each chunk, in order."""
    pool = ProcessPoolExecutor(
        min(cores, MOST_PROCESSES), multiprocessing.get_context("spawn"), initializer=_leave_with_the_parent
    )
    try:
        yield from pool.map(work, chunks)
    except BrokenProcessPool as error:
        raise DatasetError(
            "a process that read photos was ended from outside, perhaps for want of memory. Nothing was imported; try "
            "again."
        ) from error
    finally:
        pool.shutdown(cancel_futures=True)


def _leave_with_the_parent() -> None:
    """A process of the pool waits for work for ever when the one that started it was killed; and Ctrl-C is for that
    one alone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    assert parent is not None

    def watch() -> None:
        connection.wait([parent.sentinel])
        os._exit(1)

    threading.Thread(target=watch, name="parent", daemon=True).start()


def _examine_in_process(kind: str, root: Path, size: tuple[int, int], chunk: list[_Row]) -> _Found:
    return _examine(readers.of_kind(kind), root, size, chunk, None)


def _examine(reader: Reader, root: Path, size: tuple[int, int], chunk: list[_Row], known: Decoded | None) -> _Found:
    array_NHW3 = np.zeros((len(chunk), *size, 3), np.uint8)
    records = [
        _unread("missing", reason) if missing else _record(reader, root, path, out_HW3, known)
        for (path, missing, reason), out_HW3 in zip(chunk, array_NHW3, strict=True)
    ]
    return records, array_NHW3


def _unread(status: str, reason: str, data: bytes = b"") -> dict[str, Any]:
    sha256 = hashlib.sha256(data).hexdigest() if data else ""
    return {"width": 0, "height": 0, "bytes": len(data), "sha256": sha256, "phash": ""} | {
        "status": status,
        "reason": reason,
    }


def _record(reader: Reader, root: Path, path: str, out_HW3: np.ndarray, known: Decoded | None) -> dict[str, Any]:
    import imagehash  # here, because only an import needs it and pages load this module

    try:
        data = reader.photo_bytes(root, path)
    except PhotoError as error:
        gone = isinstance(error.__cause__, FileNotFoundError)
        return _unread("missing" if gone else "damaged", str(error))
    sha256 = hashlib.sha256(data).hexdigest()
    if known and (measured := known.measured(path, sha256, out_HW3)):
        phash = measured.pop("phash")
        return {**measured, "bytes": len(data), "sha256": sha256, "phash": phash, "status": "ok", "reason": ""}
    try:
        image = reader.image(root, path, data)
    except PhotoError as error:
        return _unread("damaged", str(error), data)
    out_HW3[:] = photos.resize(image, out_HW3.shape[1], out_HW3.shape[0])
    return {
        "width": image.width,
        "height": image.height,
        "bytes": len(data),
        "sha256": sha256,
        "phash": np.packbits(imagehash.phash(image).hash).tobytes().hex(),  # what its own text says
        "status": "ok",
        "reason": "",
    }
