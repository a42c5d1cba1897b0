"""Files from another machine: fetched into a folder that is there whole or not at all.

Takes what the files are and something that opens each from a byte on. A cut is tried again, in this process and in the
next, from the byte where it ended; every file is compared with its digest. Knows no site and no layout.
"""

import hashlib
import http.client
import os
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from fashion_core import locks, storage
from fashion_core.data.sources.archives import has_odd_characters
from fashion_core.data.sources.reader import Progress
from fashion_core.errors import SourceError

TRIES = 5  # after a cut, without one byte more
PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 1.0, 310.0  # the hub counts what it is asked in five minutes
TIMEOUT_SECONDS = 30.0
CHUNK = 1 << 18
_PARTS = ".parts"


@dataclass(frozen=True, kw_only=True)
class RemoteFile:
    """A file of another machine. ``path`` is where it goes below the folder; ``digest`` is one of hashlib's, as
    ``md5:...``, or ``git:...`` for what git calls a file's content."""

    path: str
    size: int
    digest: str


class Cut(Exception):
    """The other machine stopped, or (not ``reached``) never answered. It may answer when it is asked again, after
    ``seconds`` where it said so."""

    def __init__(self, reason: str, *, reached: bool = True, seconds: float = 0.0) -> None:
        super().__init__(reason)
        self.reached, self.seconds = reached, seconds


class Refused(Exception):
    """The other machine says no, and will say it again: the reason."""


#: Opens a file from a byte on: where what comes really begins (that byte, or 0), and the chunks. Raises Cut or Refused.
Opener = Callable[[RemoteFile, int], AbstractContextManager[tuple[int, Iterator[bytes]]]]


@dataclass(frozen=True, kw_only=True)
class Download:
    """Files that are one source: what it is called, how its files are opened, how many at once, and what else a person
    may do where the other machine is not reached."""

    what: str
    files: Sequence[RemoteFile]
    opened: Opener
    at_once: int = 1
    otherwise: str

    def into(self, folder: Path, progress: Progress | None = None) -> None:
        """Fetch what is not there yet; ``folder`` appears when all of it is. SourceError or DiskError with one sentence
        otherwise: what has come is kept, and the next time goes on from there."""
        if folder.is_dir():
            return
        for file in self.files:
            _refuse_path(file.path, self.what)
        building = folder.with_name(f"{folder.name}.part")
        try:
            with locks.hold(folder.with_name(f"{folder.name}.lock")):
                if not folder.is_dir():
                    _Fetching(self, building, progress).run()
                    storage.discard(building / _PARTS)
                    storage.publish_folder(building, folder)
        except locks.Busy as busy:
            raise SourceError(f"{self.what} is being downloaded by another process; wait until it is done.") from busy


class _Fetching:
    """One try to complete a folder, by several threads."""

    def __init__(self, download: Download, building: Path, progress: Progress | None) -> None:
        self.download, self.building, self.progress = download, building, progress
        self.lock, self.stop = threading.Lock(), threading.Event()
        self.total = sum(file.size for file in download.files)
        self.done = 0
        self.any_came = False

    def run(self) -> None:
        storage.make_folder(self.building / _PARTS)
        waiting = [file for file in self.download.files if not self._is_whole(file)]
        self.done = self.total - sum(file.size - _size(self._part(file)) for file in waiting)
        storage.require_space(self.building, self.total - self.done, self.download.what)
        self._tell(0)
        with ThreadPoolExecutor(self.download.at_once) as pool:
            try:
                for brought in as_completed([pool.submit(self._bring, file) for file in waiting]):
                    brought.result()
            finally:  # also after Ctrl-C: the others end at their next chunk
                self.stop.set()
                pool.shutdown(cancel_futures=True)

    def _is_whole(self, file: RemoteFile) -> bool:
        path = self.building / file.path
        return path.is_file() and path.stat().st_size == file.size

    def _part(self, file: RemoteFile) -> Path:
        name = hashlib.sha256(f"{file.path}\n{file.digest}".encode()).hexdigest()[:32]
        return self.building / _PARTS / name

    def _tell(self, num_bytes: int) -> None:
        with self.lock:
            self.done += num_bytes
            if self.progress:
                self.progress(storage.DOWNLOADING, self.done, self.total)

    def _bring(self, file: RemoteFile) -> None:
        """Put a file under its name, once it is what it should be. A first part that turns out to be wrong, as after a
        power cut, is fetched again."""
        part, target = self._part(file), self.building / file.path
        for last in (False, True):
            self._fetch(file, part)
            digest = digest_of(part, file.digest.partition(":")[0])
            if digest == file.digest:
                target.parent.mkdir(parents=True, exist_ok=True)
                os.replace(part, target)
                return
            storage.discard(part)
            self._tell(-file.size)
            if last:
                raise SourceError(
                    f"'{file.path}' of {self.download.what} came damaged twice ({digest}, and it should be "
                    f"{file.digest}); nothing was kept of it. Try again later, or {self.download.otherwise}."
                )

    def _fetch(self, file: RemoteFile, part: Path) -> None:
        """Fill ``part`` to the file's size, going on from what is there."""
        part.touch()
        tries, furthest = 0, _size(part)
        while (start := _size(part)) != file.size:
            cut = Cut("it ended too early")
            try:
                with self.download.opened(file, start) as (begins, chunks):
                    self._write(part, begins, chunks, file)
            except Refused as refused:
                raise self._cannot(str(refused)) from refused
            except Cut as error:
                cut = error
            if (now := _size(part)) == file.size:
                return
            tries = 0 if now > furthest else tries + 1
            furthest = max(now, furthest)
            if not cut.reached and not self.any_came:
                raise self._cannot(str(cut)) from cut
            if tries > TRIES:
                done = storage.amount(storage.DOWNLOADING, self.done, self.total)
                raise SourceError(
                    f"the download of {self.download.what} was cut off after {done} ({cut}); start it again, and it "
                    "goes on from there."
                )
            self.stop.wait(min(max(PAUSE_SECONDS, cut.seconds), LONGEST_PAUSE_SECONDS))
            self._go_on()

    def _cannot(self, reason: str) -> SourceError:
        return SourceError(f"{self.download.what} cannot be downloaded: {reason}; {self.download.otherwise}.")

    def _write(self, part: Path, begins: int, chunks: Iterator[bytes], file: RemoteFile) -> None:
        with open(part, "r+b") as out:
            there = out.seek(0, os.SEEK_END)
            if begins != there:  # the other machine sends it from the start again
                out.truncate(begins)
                out.seek(begins)
                self._tell(begins - there)
            for chunk in chunks:
                chunk = chunk[: file.size - out.tell()]  # what is longer is not what was promised; its digest says so
                out.write(chunk)
                self.any_came = True
                self._tell(len(chunk))
                self._go_on()

    def _go_on(self) -> None:
        if self.stop.is_set():
            raise SourceError(f"the download of {self.download.what} was stopped.")


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def _refuse_path(path: str, what: str) -> None:
    parts = PurePosixPath(path).parts
    if path.startswith("/") or ".." in parts or "\\" in path or _PARTS in parts or has_odd_characters(path):
        raise SourceError(f"{what} has a file {path!r}, which is no name that a file can have here.")


def digest_of(path: Path, algorithm: str) -> str:
    """``md5:...`` of a file; ``git:...`` is what git calls the same content."""
    digest = hashlib.new("sha1" if algorithm == "git" else algorithm, usedforsecurity=False)
    if algorithm == "git":
        digest.update(f"blob {path.stat().st_size}\0".encode())
    with open(path, "rb") as file:
        while chunk := file.read(1 << 20):
            digest.update(chunk)
    return f"{algorithm}:{digest.hexdigest()}"


@contextmanager
def over_http(address: str, start: int) -> Iterator[tuple[int, Iterator[bytes]]]:
    """What lies at an address, from a byte on."""
    host = address.split("/")[2]
    asked = urllib.request.Request(address, headers={"Range": f"bytes={start}-"} if start else {})
    try:
        response = urllib.request.urlopen(asked, timeout=TIMEOUT_SECONDS)
    except urllib.error.HTTPError as error:
        error.close()
        kind = Cut if error.code >= 500 or error.code == 429 else Refused
        raise kind(f"{host} answers {error.code} {error.reason}") from error
    except urllib.error.URLError as error:
        raise Cut(f"{host} is not reached ({short(error.reason)})", reached=False) from error
    except (OSError, http.client.HTTPException) as error:
        raise Cut(short(error)) from error
    with response:
        chunks = iter(lambda: response.read1(CHUNK), b"")  # what has come before a cut is not held back
        yield start if response.status == 206 else 0, cut_by(chunks, OSError, http.client.HTTPException)


def cut_by(chunks: Iterator[bytes], *errors: type[Exception]) -> Iterator[bytes]:
    """The chunks, where each of these errors is a Cut."""
    try:
        yield from chunks
    except errors as error:
        raise Cut(short(error)) from error


def short(error: object) -> str:
    """Why a connection failed, for a sentence."""
    text = str(getattr(error, "strerror", None) or error).strip().split("\n")[0][:120].rstrip(".")
    return text if text and not has_odd_characters(text) else type(error).__name__
