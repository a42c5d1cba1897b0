"""Members of a plain tar file, read where they lie.

Takes a file; gives the names of its members and the bytes of one. Knows nothing of photos or labels.
"""

import os
import tarfile
from functools import lru_cache
from itertools import islice
from pathlib import Path

from fashion_core.data.sources.archives import is_junk
from fashion_core.errors import SourceError

_BLOCK = 512
#: Members by which a file is told: a few samples.
_FIRST = 24


class TarFile:
    """``names``: of the members that are files, in order, twins too. SourceError where the file cannot be read."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.names: list[str] = []
        self._places: list[tuple[int, int]] = []
        try:
            with tarfile.open(mode="r:", name=file) as tar:
                for member in tar:
                    if member.isreg() and not member.issparse() and not is_junk(member.name):
                        name = member.name.removeprefix("./")
                        self.names.append(name)
                        self._places.append((member.offset_data, member.size))
                end = tar.offset
            with open(file, "rb") as raw:  # where tarfile finds no header it stops without a word
                raw.seek(end)
                block = raw.read(_BLOCK)
            if len(block) < _BLOCK or any(block):
                raise tarfile.ReadError(f"neither a member nor its end is at byte {end:,}")
        except (tarfile.TarError, OSError, ValueError) as error:
            raise SourceError(f"'{file}' is damaged or cut off ({error}); get it again.") from error

        numbers = range(len(self.names) - 1, -1, -1)  # backwards, because of twins the first one counts
        self._numbers = {self.names[number]: number for number in numbers}

    def number(self, name: str) -> int:
        """Which member is called so, of twins the first; KeyError where none is."""
        return self._numbers[name]

    def size(self, number: int) -> int:
        return self._places[number][1]

    def read(self, number: int) -> bytes:
        """The bytes of a member; OSError where they cannot be read. For any number of threads at once."""
        start, size = self._places[number]
        with open(self.file, "rb") as file:
            file.seek(start)
            data = file.read(size)
        if len(data) < size:
            raise OSError(f"it ends within '{self.names[number]}'")
        return data


def opened(file: Path) -> TarFile:
    """The file, whose list of members is kept until it changes."""
    state = os.stat(file)
    return _opened(file, state.st_mtime_ns, state.st_size)


@lru_cache(maxsize=64)
def _opened(file: Path, changed_ns: int, size: int) -> TarFile:
    return TarFile(file)


def first_names(file: Path) -> list[str]:
    """The names of the first members that are files; none where the file is no plain tar."""
    try:
        with tarfile.open(mode="r:", name=file) as tar:
            return [member.name.removeprefix("./") for member in islice((m for m in tar if m.isreg()), _FIRST)]
    except (tarfile.TarError, OSError, ValueError):
        return []
