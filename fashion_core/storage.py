"""Every durable write of the project, and the reads that belong to them.

Takes paths and plain data; knows nothing of datasets or runs. A file appears under its name only when it is complete:
temporary name in the same folder, fsync, rename, fsync of the folder. Parquet, JSON, NPY and safetensors only; nothing
is ever unpickled. Whatever fails is a DiskError, and what was there before is there still.

Every effect on the disk is a call of ``os``, so that a test can stand in for the disk and lose what was not synced.
"""

import errno
import json
import mmap
import os
import secrets
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from fashion_core.errors import DiskError

try:
    import fcntl
except ModuleNotFoundError:
    raise SystemExit(
        "error: this runs on Linux, on Macs, and on Windows under WSL (wsl --install), not natively"
    ) from None

if TYPE_CHECKING:
    import pandas as pd  # 70 MB: a process that waits for its slot locks and writes small files, and reads no table

NEXT_STEP = {
    errno.ENOSPC: "make room on that disk and try again",
    errno.EDQUOT: "make room within your quota and try again",
    errno.EIO: "the disk may be failing: save what matters elsewhere",
    errno.EROFS: "that disk is mounted read-only: choose another folder",
    errno.EACCES: "choose a folder that you may write to",
    errno.EPERM: "choose a folder that you may write to",
}


@contextmanager
def telling(path: Path) -> Iterator[None]:
    """Turn what the disk says into one sentence about ``path``."""
    try:
        yield
    except (DiskError, FileExistsError, FileNotFoundError, NotADirectoryError):
        raise
    except OSError as error:
        if error.errno is None:
            raise
        hint = NEXT_STEP.get(error.errno, "try again")
        told = DiskError(f"'{path}' cannot be written: {error.strerror}; what was saved before is untouched; {hint}")
        told.errno, told.strerror, told.filename = error.errno, error.strerror, str(path)
        raise told from error


def free_space(folder: Path) -> int:
    """Bytes that may still be written to the disk of ``folder``, which need not exist yet."""
    there = folder.absolute()
    while not there.exists():
        there = there.parent
    return shutil.disk_usage(there).free


def require_space(folder: Path, num_bytes: int, what: str) -> None:
    """DiskError unless the disk of ``folder`` (which need not exist yet) has ``num_bytes`` free for ``what``."""
    free = free_space(folder)
    if num_bytes > free:
        told = DiskError(
            f"{what} needs {size_text(num_bytes)} and the disk of '{folder}' has {size_text(free)} free; "
            "make room or choose a folder on another disk"
        )
        told.errno, told.strerror, told.filename = errno.ENOSPC, os.strerror(errno.ENOSPC), str(folder)
        raise told


def size_text(num_bytes: float) -> str:
    """How much on a disk: ``1.2 GB``, ``41.3 MB`` below a tenth of one, ``3.1 kB`` below a tenth of that."""
    unit, size = next(
        ((unit, size) for unit, size in (("GB", 1e9), ("MB", 1e6)) if num_bytes >= size / 10), ("kB", 1e3)
    )
    return f"{num_bytes / size:,.1f} {unit}"


def memory_text(num_bytes: float) -> str:
    """How much memory: ``1.2 GiB``, ``41 MiB`` below a tenth of one."""
    return f"{num_bytes / 2**30:.1f} GiB" if num_bytes >= 2**30 / 10 else f"{num_bytes / 2**20:.0f} MiB"


UNPACKING, DOWNLOADING = "unpacking", "downloading"  # the stages that count bytes; all others count photos


def amount(stage: str, done: int, total: int) -> str:
    """How far a stage is: ``1,240 of 4,200``, ``0.02 of 1.14 MB``."""
    if stage not in (UNPACKING, DOWNLOADING):
        return f"{done:,} of {total:,}"
    unit, size = ("GB", 1e9) if total >= 1e8 else ("MB", 1e6)
    return f"{done / size:,.2f} of {total / size:,.2f} {unit}"


def sync_folder(folder: Path) -> None:
    """Make the names in ``folder`` durable."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):  # some network disks cannot sync a folder, and say so
            raise
    finally:
        os.close(descriptor)


def sync_file(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def make_folder(folder: Path) -> None:
    """Make ``folder`` and what is missing above it, durably.

    A folder's own name is synced before anything is put into it: one that is not empty needs no further sync, and an
    empty one may have been left by a process that died before it could.
    """
    missing, there = [], folder.absolute()
    while there != there.parent and (not there.is_dir() or _is_empty(there)):
        missing.append(there)
        there = there.parent
    with telling(folder):
        for path in reversed(missing):
            try:
                os.mkdir(path)
            except FileExistsError:
                if not path.is_dir():
                    raise
            sync_folder(path.parent)


def new_folder(folder: Path) -> None:
    """Make ``folder``, durably; FileExistsError when it is there already, also one made just now by somebody else."""
    make_folder(folder.parent)
    with telling(folder):
        os.mkdir(folder)
        try:
            sync_folder(folder.parent)
        except BaseException:
            discard(folder)
            raise


def _is_empty(folder: Path) -> bool:
    with os.scandir(folder) as entries:
        return next(entries, None) is None


def _write(descriptor: int, data: Any) -> None:
    left = memoryview(data).cast("B")
    while left:  # a nearly full disk takes a part first
        left = left[os.write(descriptor, left) :]


def write_new(path: Path, data: bytes) -> None:
    """Write a file that is not there yet and sync its content. Its name is durable when its folder has been synced."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
    try:
        _write(descriptor, data)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def discard(path: Path) -> None:
    """Remove a temporary file or folder of ours if that can be done; what stays is swept by the next writer."""
    try:
        if path.is_dir() and not path.is_symlink():
            _remove_all(path)
        else:
            os.unlink(path)
    except OSError:
        pass


def _remove_all(folder: Path) -> None:
    with os.scandir(folder) as entries:
        found = list(entries)
    for entry in found:
        if entry.is_dir(follow_symlinks=False):
            _remove_all(Path(entry.path))
        else:
            os.unlink(entry.path)
    os.rmdir(folder)


def _beside(path: Path, ending: str) -> list[Path]:
    """What lies beside ``path`` under a name that was derived from it."""
    with os.scandir(path.parent) as entries:
        names = [entry.name for entry in entries]
    return [path.with_name(name) for name in names if name.startswith(f".{path.name}.") and name.endswith(ending)]


def _sweep(path: Path) -> None:
    """Remove temporaries for ``path`` whose writer has died: a living one holds a lock on its own."""
    for stale in _beside(path, ".tmp"):
        try:
            descriptor = os.open(stale, os.O_RDONLY)
        except OSError:
            continue
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            discard(stale)
        except OSError:  # alive, or a disk without locks: then nobody can say, and it stays
            pass
        finally:
            os.close(descriptor)


def _made_beside(path: Path, make: Callable[[Path], int]) -> tuple[Path, int]:
    """A new name beside ``path`` and a locked descriptor of what ``make`` made there."""
    make_folder(path.parent)
    _sweep(path)
    while True:
        temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
        descriptor = make(temporary)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        except OSError:  # a disk without locks: nobody sweeps there either
            pass
        if temporary.exists():  # else swept between its making and the lock
            return temporary, descriptor
        os.close(descriptor)


def _make_file(path: Path) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o666)


def _make_folder(path: Path) -> int:
    os.mkdir(path)
    try:
        return os.open(path, os.O_RDONLY)
    except OSError:
        discard(path)
        raise


@contextmanager
def _replacing(path: Path) -> Iterator[tuple[Path, int]]:
    with telling(path):
        temporary, descriptor = _made_beside(path, _make_file)
    try:
        yield temporary, descriptor  # what the block's own reading raises is not about this path
        with telling(path):
            sync_file(temporary)  # by name: the block may have put another file there
            os.replace(temporary, path)
    except BaseException:
        discard(temporary)
        raise
    finally:
        os.close(descriptor)
    with telling(path):
        sync_folder(path.parent)


def write_bytes(path: Path, data: Any) -> None:
    with _replacing(path) as (_, descriptor), telling(path):
        _write(descriptor, data)


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
    with telling(path):
        descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o666)
        try:
            size = os.fstat(descriptor).st_size
            if not size:  # before the first line: a file with lines in it has a durable name, whoever died when
                sync_folder(path.parent)
            elif os.pread(descriptor, 1, size - 1) != b"\n":
                line = "\n" + line
            _write(descriptor, line.encode())
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def read_lines(path: Path) -> list[dict[str, Any]]:
    """The JSON objects of an append-only file; torn lines (a crash in the middle of a write) are left out."""
    return objects_in(path.read_bytes()) if path.exists() else []


def objects_in(lines: bytes) -> list[dict[str, Any]]:
    """The JSON objects of some lines of an append-only file; torn ones are left out."""
    found = []
    for line in lines.split(b"\n"):
        try:
            value = json.loads(line)
        except ValueError:
            continue
        if isinstance(value, dict):
            found.append(value)
    return found


def last_line(path: Path, block: int = 1 << 16) -> dict[str, Any]:
    """The last whole JSON object of an append-only file, without reading what stands before it; empty when there is
    none. A status asked for every second of a long run would read megabytes for one number."""
    try:
        with open(path, "rb") as file:
            start, tail = file.seek(0, os.SEEK_END), b""
            while start:
                size = min(block, start)
                start, block = start - size, 2 * block
                file.seek(start)
                tail = file.read(size) + tail
                lines = tail.split(b"\n")
                for line in reversed(lines[1:] if start else lines):  # the first one may begin before this block
                    with suppress(ValueError):
                        if isinstance(value := json.loads(line), dict):
                            return value
    except FileNotFoundError:
        pass
    return {}


def write_parquet(path: Path, frame: "pd.DataFrame") -> None:
    buffer = BytesIO()
    frame.to_parquet(buffer, index=False, compression="zstd")
    write_bytes(path, buffer.getbuffer())


def read_parquet(path: Path, columns: list[str] | None = None) -> "pd.DataFrame":
    import pandas as pd

    return pd.read_parquet(path, columns=columns)


def write_npy(path: Path, array: np.ndarray) -> None:
    buffer = BytesIO()
    np.save(buffer, array, allow_pickle=False)
    write_bytes(path, buffer.getbuffer())


def read_npy(path: Path, memory_map: bool = False) -> np.ndarray:
    return np.load(path, mmap_mode="r" if memory_map else None, allow_pickle=False)


@contextmanager
def create_npy(path: Path, shape: tuple[int, ...], dtype: Any) -> Iterator[np.ndarray]:
    """Yield a writable memory map of a new .npy file, which takes its name only when the block ends well.

    The room is reserved first: a disk that filled later would kill the process at a write to the map.
    """
    dtype = np.dtype(dtype)
    header = BytesIO()
    described = {"descr": np.lib.format.dtype_to_descr(dtype), "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(header, described)
    start = len(header.getbuffer())
    total = start + int(np.prod(shape, dtype=np.int64)) * dtype.itemsize
    with _replacing(path) as (temporary, descriptor):
        with telling(path):
            _write(descriptor, header.getbuffer())
            if hasattr(os, "posix_fallocate"):
                os.posix_fallocate(descriptor, 0, total)
            else:
                os.ftruncate(descriptor, total)
            own = os.open(temporary, os.O_RDWR)  # a map keeps its descriptor, and with ours it would keep our lock
            try:
                mapping = mmap.mmap(own, total)  # lives as long as an array refers to it
            finally:
                os.close(own)
        yield np.ndarray(shape, dtype, buffer=mapping, offset=start)
        with telling(path):
            mapping.flush()


def move(source: Path, target: Path) -> None:
    """Rename durably. First the folder where it comes to is synced: it may be in both for a moment, never in none."""
    with telling(target):
        os.rename(source, target)
        sync_folder(target.parent)
        if source.parent != target.parent:
            sync_folder(source.parent)


def publish_folder(temporary: Path, final: Path) -> None:
    """Make a complete folder appear under its final name. Every file is synced first; an existing folder is refused."""
    if final.exists():
        raise FileExistsError(final)
    make_folder(final.parent)
    with telling(final):
        _sync_all(temporary)
    move(temporary, final)


def _sync_all(folder: Path) -> None:
    with os.scandir(folder) as entries:
        found = list(entries)
    for entry in found:
        if entry.is_dir(follow_symlinks=False):
            _sync_all(Path(entry.path))
        elif entry.is_file(follow_symlinks=False):
            sync_file(Path(entry.path))
    sync_folder(folder)


@contextmanager
def publishing(final: Path) -> Iterator[Path]:
    """Yield a new folder beside ``final`` that takes its name when the block ends well, else is removed.

    FileExistsError when ``final`` is there. What a killed writer of the same name left is removed first.
    """
    if final.exists():
        raise FileExistsError(final)
    with telling(final):
        temporary, descriptor = _made_beside(final, _make_folder)
    try:
        yield temporary
        publish_folder(temporary, final)
    except BaseException:
        discard(temporary)
        raise
    finally:
        os.close(descriptor)


def remove_folder(folder: Path) -> None:
    """Remove a folder of our own, durably, first under another name, so that nobody sees half of it."""
    if not folder.parent.is_dir():
        return
    with telling(folder):
        if folder.exists():
            os.rename(folder, folder.with_name(f".{folder.name}.{secrets.token_hex(4)}.gone"))
        sync_folder(folder.parent)  # also when a remover that died before this had renamed it
        for left in _beside(folder, ".gone"):  # this one, and what that remover left
            try:
                _remove_all(left)
            except FileNotFoundError:  # another remover was faster
                pass
