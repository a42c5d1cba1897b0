"""Which photo a cell of a table means: a path, a name, an id without its ending, an address whose last part is a file.

Takes the photos under a folder and the cells of a column; gives for each cell its photo, or that there is none, or that
several are called so. One way of naming holds for a whole column: a cell that it does not find is not looked for
elsewhere, where another photo might have its name. Opens no photo; looks into each folder once.
"""

import os
import posixpath
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

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
    """The photos under ``root``, by path, and by any number of a path's last parts."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.paths = sorted(_walk(root))
        self._by: dict[Way, dict[str, int]] = {}

    def find(self, cells: Iterable[str], way: Way, folder: str = "") -> list[int]:
        """For every cell the number of its photo in ``paths``, NONE or SEVERAL; ``folder`` is the table's own."""
        numbers, key = self._numbers(way), _key(way, folder)
        return [numbers.get(key(cell), NONE) if cell else NONE for cell in cells]

    def way_of(self, cells: Sequence[str], folder: str = "") -> tuple[Way, int]:
        """The way in which these cells name photos, and how many different ones they name; some cells are enough."""
        deepest = min(_MOST_PARTS, max((_plain(cell).count("/") + 1 for cell in cells), default=1))
        ways = [Way(parts, ending) for parts in (0, *range(deepest, 0, -1)) for ending in (True, False)]
        named = {}
        for way in ways:
            named[way] = len({number for number in self.find(cells, way, folder) if number >= 0})
            if named[way] == len(set(cells)):
                break  # all of them: no other way finds more
        best = max(named.values())
        return next((way, num) for way, num in named.items() if num >= _ENOUGH * best)

    def forget(self) -> None:
        """Free the memory of what was only asked to choose a way."""
        self._by.clear()

    def _numbers(self, way: Way) -> dict[str, int]:
        if way not in self._by:
            numbers: dict[str, int] = {}
            for number, path in enumerate(self.paths):
                key = _last(path, way.parts) if way.ending else _without_ending(_last(path, way.parts))
                numbers[key] = SEVERAL if key in numbers else number
            self._by[way] = numbers
        return self._by[way]


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
    stem, ending = posixpath.splitext(path)
    return stem if ending.lower() in EXTENSIONS else path


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
