"""Every durable write of the project, and the reads that belong to them.

Takes paths and plain data; knows nothing of datasets or runs. A file appears under its name only when it is complete:
temporary name in the same folder, fsync, rename, fsync of the folder. Parquet, JSON, NPY and safetensors only; nothing
is ever unpickled.
"""

import fcntl
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any

import filelock
import numpy as np
import pandas as pd


class Busy(Exception):
    """Somebody else holds the lock."""


def sync_folder(folder: Path) -> None:
    """Make the names in ``folder`` durable (a no-op where folders cannot be opened)."""
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except OSError:  # Windows
        return
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_file(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside ``path``; when the block ends well it takes the place of ``path``, durably."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".tmp", dir=path.parent)
    os.close(descriptor)
    temporary = Path(name)
    try:
        yield temporary
        sync_file(temporary)
        temporary.chmod(0o644)  # mkstemp gives 0600, and a shared machine has readers
        os.replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def write_bytes(path: Path, data: bytes) -> None:
    with replacing(path) as temporary:
        temporary.write_bytes(data)


def write_text(path: Path, text: str) -> None:
    write_bytes(path, text.encode())


def write_json(path: Path, value: Any) -> None:
    """Write ``value`` as strict JSON: NaN and infinity are refused, they are not JSON."""
    write_text(path, json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False) + "\n")


def read_json(path: Path) -> Any:
    return json.loads(path.read_text())


def append_line(path: Path, value: dict[str, Any]) -> None:
    """Append one JSON object as one line and make it durable. A torn line before it is closed first."""
    line = json.dumps(value, ensure_ascii=False, allow_nan=False) + "\n"
    with open(path, "ab+") as file:
        if file.seek(0, os.SEEK_END):
            file.seek(-1, os.SEEK_END)
            if file.read(1) != b"\n":
                line = "\n" + line
        file.write(line.encode())
        file.flush()
        os.fsync(file.fileno())


def read_lines(path: Path) -> list[dict[str, Any]]:
    """The JSON objects of an append-only file; torn lines (a crash in the middle of a write) are left out."""
    if not path.exists():
        return []
    found = []
    for line in path.read_bytes().split(b"\n"):
        try:
            value = json.loads(line)
        except ValueError:
            continue
        if isinstance(value, dict):
            found.append(value)
    return found


def write_parquet(path: Path, frame: pd.DataFrame) -> None:
    with replacing(path) as temporary:
        frame.to_parquet(temporary, index=False, compression="zstd")


def read_parquet(path: Path, columns: list[str] | None = None) -> pd.DataFrame:
    return pd.read_parquet(path, columns=columns)


def write_npy(path: Path, array: np.ndarray) -> None:
    buffer = BytesIO()
    np.save(buffer, array, allow_pickle=False)
    with replacing(path) as temporary:
        temporary.write_bytes(buffer.getbuffer())


def read_npy(path: Path, memory_map: bool = False) -> np.ndarray:
    return np.load(path, mmap_mode="r" if memory_map else None, allow_pickle=False)


@contextmanager
def create_npy(path: Path, shape: tuple[int, ...], dtype: Any) -> Iterator[np.ndarray]:
    """Yield a writable memory map of a new .npy file, which takes its name only when the block ends well."""
    with replacing(path) as temporary:
        array = np.lib.format.open_memmap(temporary, mode="w+", dtype=dtype, shape=shape)
        if hasattr(os, "posix_fallocate"):  # a disk that fills later would kill the process at a write to the map
            with open(temporary, "r+b") as file:
                os.posix_fallocate(file.fileno(), 0, temporary.stat().st_size)
        yield array
        array.flush()
        del array


def publish_folder(temporary: Path, final: Path) -> None:
    """Make a complete folder appear under its final name. Every file is synced first; an existing folder is refused."""
    if final.exists():
        raise FileExistsError(final)
    for folder, _, names in os.walk(temporary):
        for name in names:
            path = Path(folder, name)
            if path.is_file() and not path.is_symlink():
                sync_file(path)
        sync_folder(Path(folder))
    final.parent.mkdir(parents=True, exist_ok=True)
    os.rename(temporary, final)
    sync_folder(final.parent)


def remove_folder(folder: Path) -> None:
    """Remove a folder of our own, first under another name, so that nobody sees half of it."""
    if not folder.exists():
        return
    doomed = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", suffix=".gone", dir=folder.parent))
    os.rename(folder, doomed / folder.name)
    shutil.rmtree(doomed)


@contextmanager
def hold(path: Path, seconds: float = 0) -> Iterator[None]:
    """Hold an exclusive kernel lock on ``path`` (it ends with the process, however that ends).

    Busy if somebody else still holds it after ``seconds`` of waiting.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = filelock.FileLock(path, timeout=seconds)
    try:
        lock.acquire()
    except filelock.Timeout as timeout:
        raise Busy(str(path)) from timeout
    try:
        yield
    finally:
        lock.release()


def is_held(path: Path) -> bool:
    """Whether some process holds the lock now. Asks with a shared lock, so that two who ask do not see each other."""
    try:
        with open(path, "rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:  # no such file yet
        return False
    return False
