"""Decodes strangers' photos in a process of their own, which has little memory, little time and nothing to lose.

``Decoder`` is the side that asks; run as ``python -m fashion_core.data.sources.decoder`` this file is the side that
decodes. The two speak through pipes: a length and the bytes in; a mark (0 photo, 1 sentence), a length and RGB or text
out. A decoder that crashes, hangs or grows takes one photo with it, never the app.
"""

import os
import resource
import select
import struct
import subprocess
import sys
import threading
import time
from typing import BinaryIO

from PIL import Image

from fashion_core import paths
from fashion_core.data.sources.photos import MAX_PIXELS, open_photo
from fashion_core.errors import PhotoError

SECONDS = 20.0  # 50 million pixels, the most that ``photos`` takes, need 2 s on a slow core
MEMORY_BYTES = 2 << 30  # address space: 50 million pixels with transparency, three times over, and Python
MOST_PHOTOS = 500  # then a new process begins, whatever the old one has gathered
_HEADER, _SIZE = struct.Struct("<BQ"), struct.Struct("<II")
_MOST_BYTES = 3 * MAX_PIXELS + _SIZE.size  # of an answer


class Decoder:
    """One decoding process, begun with the first photo and begun again when it ends. For several threads at once, which
    wait for each other."""

    def __init__(self, *, seconds: float = SECONDS) -> None:
        self._seconds = seconds
        self._lock = threading.Lock()
        self._child: subprocess.Popen[bytes] | None = None
        self._left = 0

    def decode(self, data: bytes) -> Image.Image:
        """Upright RGB of one file's bytes, as ``photos.open_photo`` gives it; PhotoError with the reason."""
        with self._lock:
            try:
                return self._ask(data)
            except TimeoutError as error:  # an OSError too
                self._end()
                raise PhotoError(f"took longer than {self._seconds:g} s to decode") from error
            except (OSError, EOFError) as error:
                self._end()
                raise PhotoError("its decoder gave up: damaged, or made to do harm") from error

    def close(self) -> None:
        """End the process."""
        with self._lock:
            self._end()

    def _ask(self, data: bytes) -> Image.Image:
        if self._child is None or self._child.poll() is not None or not self._left:
            self._end()
            self._begin()
        assert self._child is not None and self._child.stdin is not None and self._child.stdout is not None
        self._left -= 1
        deadline = time.monotonic() + self._seconds
        _write_all(self._child.stdin.fileno(), struct.pack("<Q", len(data)) + data, deadline)
        out = self._child.stdout.fileno()
        mark, length = _HEADER.unpack(_read_all(out, _HEADER.size, deadline))
        if length > _MOST_BYTES:
            raise EOFError  # whatever speaks there is our decoder no more
        body = _read_all(out, length, deadline)
        if mark:
            raise PhotoError(body.decode(errors="replace"))
        size = _SIZE.unpack(body[: _SIZE.size])
        return Image.frombytes("RGB", size, body[_SIZE.size :])

    def _begin(self) -> None:
        self._child = subprocess.Popen(
            [sys.executable, "-m", "fashion_core.data.sources.decoder"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=paths.PROJECT_ROOT,
            # no secret of ours is in its environment; numpy's threads, one a core, would take its address space
            env={"PATH": os.environ.get("PATH", ""), "LANG": "C.UTF-8", "OPENBLAS_NUM_THREADS": "1"},
        )
        self._left = MOST_PHOTOS

    def _end(self) -> None:
        if self._child is not None:
            self._child.kill()
            for pipe in (self._child.stdin, self._child.stdout):
                if pipe is not None:
                    try:
                        pipe.close()
                    except OSError:  # what was buffered for a process that is gone
                        pass
            self._child.wait()
            self._child = None


def _wait(descriptor: int, what: int, deadline: float) -> None:
    left = deadline - time.monotonic()
    asked = select.poll()  # select() takes no descriptor above 1,023, and a server with many sessions has such
    asked.register(descriptor, what)
    if left <= 0 or not asked.poll(1000 * left):
        raise TimeoutError


def _write_all(descriptor: int, data: bytes, deadline: float) -> None:
    os.set_blocking(descriptor, False)
    left = memoryview(data)
    while left:
        _wait(descriptor, select.POLLOUT, deadline)
        left = left[os.write(descriptor, left) :]


def _read_all(descriptor: int, length: int, deadline: float) -> bytes:
    parts = bytearray()
    while len(parts) < length:
        _wait(descriptor, select.POLLIN, deadline)
        part = os.read(descriptor, min(1 << 20, length - len(parts)))
        if not part:
            raise EOFError
        parts += part
    return bytes(parts)


def _limit() -> None:
    """Take from this process what decoding does not need: memory, files, children."""
    for kind, most in ((resource.RLIMIT_AS, MEMORY_BYTES), (resource.RLIMIT_FSIZE, 0), (resource.RLIMIT_CORE, 0)):
        try:
            resource.setrlimit(kind, (most, most))
        except (ValueError, OSError):  # macOS knows no RLIMIT_AS
            continue


def _serve(reading: BinaryIO, writing: BinaryIO) -> None:
    while head := reading.read(8):
        (length,) = struct.unpack("<Q", head)
        data = reading.read(length)
        try:
            image = open_photo(data)
            mark, parts = 0, [_SIZE.pack(*image.size), image.tobytes()]
        except PhotoError as error:
            mark, parts = 1, [str(error).encode()]
        except MemoryError:
            mark, parts = 1, [b"needs more memory than one photo may have"]
        writing.write(_HEADER.pack(mark, sum(map(len, parts))))
        for part in parts:
            writing.write(part)
        writing.flush()


if __name__ == "__main__":
    _limit()
    _serve(sys.stdin.buffer, sys.stdout.buffer)
