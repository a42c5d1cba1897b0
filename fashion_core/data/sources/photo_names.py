"""Which photo a cell of a table means: a path, a name, an id without its ending, an address whose last part is a file.

Takes the photos under a folder and the cells of a column; gives for each cell its photo, or that there is none, or that
several are called so. One way of naming holds for a whole column: a cell that it does not find is not looked for
elsewhere, where another photo might have its name. Opens no photo; looks into each folder once.
"""

import os
import posixpath
from bisect import bisect_left
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

import numpy as np

from fashion_core.data.sources.archives import has_odd_characters, is_junk
from fashion_core.data.sources.photos import EXTENSIONS
from fashion_core.errors import SourceError

NONE, SEVERAL = -1, -2
_MOST_PARTS = 8
#: A way of naming goes before one that finds more, unless that finds more than twice as much.
_ENOUGH = 0.5


@dataclass(frozen=True)
class Way:
    """How the cells of a column name photos. ``parts``: how many of a path's last parts count, 0 for all of them from
    the table's own folder on; ``ending``: whether the name's ending counts."""

    parts: int
    ending: bool

    def words(self) -> str:
        how = {0: "path", 1: "name"}.get(self.parts, f"last {self.parts} parts of a path")
        return how if self.ending else f"{how} without ending"


class Photos:
    """The photos under ``root`` by their ``paths``, in alphabetical order."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.paths = sorted(_walk(root))

    def find(self, cells: Iterable[str], way: Way, folder: str = "") -> np.ndarray:
        """For every cell the number of its photo in ``paths``, NONE or SEVERAL; ``folder`` is the table's own."""
        key = _key(way, folder)
        keys = [key(cell) if cell else "" for cell in cells]
        numbers = self._numbers(way, set(keys))
        return np.fromiter((numbers.get(cell, NONE) for cell in keys), dtype=np.int64, count=len(keys))

    def ways_of(self, columns: Mapping[str, Collection[str]], folder: str = "") -> dict[str, tuple[Way, int]]:
        """For every column the way in which these of its cells name photos, and how many different ones they name."""
        plain = {name: [_plain(cell) for cell in cells] for name, cells in columns.items()}
        deepest = max((path.count("/") + 1 for paths in plain.values() for path in paths), default=1)
        ways = [
            Way(parts, ending) for parts in (0, *range(min(_MOST_PARTS, deepest), 0, -1)) for ending in (True, False)
        ]
        named: dict[str, dict[Way, int]] = {name: {} for name in columns}
        left = dict(columns)
        for way in ways:
            key = _key(way, folder)
            keys = {name: {key(cell) for cell in cells} for name, cells in left.items()}
            numbers = self._numbers(way, set().union(*keys.values()))
            for name, own in keys.items():
                named[name][way] = len({number for one in own if (number := numbers.get(one, NONE)) >= 0})
                if named[name][way] == len(left[name]):
                    del left[name]  # all of them: no other way finds more
            if not left:
                break
        return {name: _best(found) for name, found in named.items()}

    def _numbers(self, way: Way, asked: Collection[str]) -> dict[str, int]:
        """key -> number of its photo, or SEVERAL, of the keys that are asked for: an index of a million photos, most
        of which no cell names, is 150 MB."""
        numbers: dict[str, int] = {}
        for number, path in enumerate(self.paths) if way.parts else self._near(asked, way):
            key = _last(path, way.parts) if way.ending else _without_ending(_last(path, way.parts))
            if key in asked:
                numbers[key] = number if numbers.get(key, number) == number else SEVERAL
        return numbers

    def _near(self, asked: Collection[str], way: Way) -> Iterator[tuple[int, str]]:
        """The paths that may be those asked for, by halving: a few hundred among a million take no time."""
        if len(asked) * 20 > len(self.paths):
            yield from enumerate(self.paths)
            return
        for path in asked:
            start = path if way.ending else f"{path}."
            number = bisect_left(self.paths, start)
            while number < len(self.paths) and self.paths[number].startswith(start):
                yield number, self.paths[number]
                number += 1


def _best(found: Mapping[Way, int]) -> tuple[Way, int]:
    best = max(found.values())
    return next((way, num) for way, num in found.items() if num >= _ENOUGH * best)


def _key(way: Way, folder: str) -> Callable[[str], str]:
    """What a cell is looked up by."""

    def key(cell: str) -> str:
        path = _plain(cell)
        if not way.parts:
            path = posixpath.normpath(posixpath.join(folder, path))
        else:
            path = _last(path, way.parts)
        return path if way.ending else _without_ending(path)

    return key


def _plain(cell: str) -> str:
    """A cell as a path with / between folders: of an address the last part, of a Windows path no drive."""
    cell = cell.strip()
    if "://" in cell:
        return unquote(cell.partition("?")[0].partition("#")[0].rstrip("/").rpartition("/")[2])
    if "\\" in cell:
        cell = cell.replace("\\", "/")
        cell = cell[2:] if cell[1:2] == ":" else cell
    return cell if cell[:1] not in "./" else cell.lstrip("/").removeprefix("./")


def _last(path: str, parts: int) -> str:
    if not parts or "/" not in path:
        return path
    return path.rpartition("/")[2] if parts == 1 else "/".join(path.split("/")[-parts:])


def _without_ending(path: str) -> str:
    stem, dot, ending = path.rpartition(".")
    return stem if dot and f".{ending.lower()}" in EXTENSIONS else path


def _walk(root: Path) -> Iterator[str]:
    """Paths of the photos under ``root``, relative to it. Links are followed, but no folder is entered twice."""
    waiting, seen = [""], set()
    while waiting:
        folder = waiting.pop()
        here = os.path.join(root, folder)
        real = os.path.realpath(here)
        if real in seen:
            continue
        seen.add(real)
        try:
            with os.scandir(here) as entries:
                for entry in entries:
                    path = f"{folder}/{entry.name}" if folder else entry.name
                    if entry.name.startswith(".") or is_junk(path) or has_odd_characters(path):
                        continue
                    if entry.name.lower().endswith(EXTENSIONS):
                        yield path
                    elif entry.is_dir():
                        waiting.append(path)
        except OSError as error:
            raise SourceError(f"folder '{here}' cannot be read ({error.strerror}); check its permissions.") from error
