"""Kernel locks on files: they end with the process that holds them, however that ends. Takes paths."""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import filelock

from fashion_core.storage import make_folder, telling


class Busy(Exception):
    """Somebody else holds the lock."""


@contextmanager
def hold(path: Path, seconds: float = 0) -> Iterator[None]:
    """Hold an exclusive kernel lock on ``path`` (it ends with the process, however that ends).

    Busy if somebody else still holds it after ``seconds`` of waiting.
    """
    deadline = time.monotonic() + seconds
    while True:
        make_folder(path.parent)
        lock = filelock.FileLock(path, timeout=max(0.0, deadline - time.monotonic()))
        try:
            lock.acquire()
            break
        except filelock.Timeout as timeout:
            raise Busy(str(path)) from timeout
        except FileNotFoundError:  # whoever held it has removed the file's folder; a removed file alone is seen to
            continue
    try:
        yield
    finally:
        lock.release()


def lock(path: Path) -> int | None:
    """A descriptor that holds the lock on ``path`` until it is closed, or None while somebody else holds it.

    For a lock that a program hands on to the one that takes its place: descriptors stay open through exec if told so.
    DiskError on a disk that has no locks.
    """
    make_folder(path.parent)
    with telling(path):
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        try:
            for attempt in range(5):  # whoever asks is_held() just now has it for some microseconds
                time.sleep(0.002 * attempt)
                try:
                    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    return descriptor
                except BlockingIOError:
                    pass
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)
    return None


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
