"""The photos in and below a folder, folder by folder, and what is left out there.

Takes a folder; gives lots: the photos that lie in one folder together. Opens no photo. Does not know which of the
folders around them are classes, and which are splits.
"""

import os
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from fashion_core.data.sources.archives import ENDINGS, has_odd_characters, is_junk
from fashion_core.data.sources.listing import is_photo, listing
from fashion_core.labels import agree, counted

#: Pictures in formats that are not read: worth a word, unlike a README.
_OTHER_PICTURES = {".tif", ".tiff", ".heic", ".heif", ".avif", ".svg", ".jp2", ".jxl", ".psd", ".raw", ".ico", ".tga"}


@dataclass(frozen=True)
class Lot:
    """The photos of one folder. ``folders``: those around it, the outermost first, without that of their ``split``, ""
    where none is known. ``photos``: their paths below the source's folder."""

    split: str
    folders: tuple[str, ...]
    photos: list[str]


@dataclass
class Walk:
    """Goes through folders below ``base``, and remembers what it left out."""

    base: Path
    other: Counter[str] = field(default_factory=Counter)
    odd: list[str] = field(default_factory=list)

    def lots(self, top: Path, folder: str, split: str = "") -> list[Lot]:
        """The photos below ``top``/``folder``. Links are followed, but no folder is entered twice."""
        lots, seen = [], set()
        waiting: list[tuple[str, ...]] = [(folder,)]
        while waiting:
            folders = waiting.pop()
            current = top.joinpath(*folders)
            real = os.path.realpath(current)
            if real in seen:
                continue
            seen.add(real)
            inner, files = listing(current)
            waiting += [(*folders, name) for name in inner]
            if photos := self._photos(current.relative_to(self.base).as_posix(), files):
                lots.append(Lot(split, folders, photos))
        return lots

    def _photos(self, folder: str, files: list[str]) -> list[str]:
        photos = []
        for name in files:
            path = f"{folder}/{name}"
            if has_odd_characters(path):
                self.odd.append(path)
            elif is_photo(name):
                photos.append(path)
            elif (suffix := Path(name).suffix.lower()) in _OTHER_PICTURES:
                self.other[suffix] += 1
        return photos

    def left_out(self) -> list[str]:
        """Remarks on files that look like photos and were not taken."""
        notes = []
        if self.other:
            counts = ", ".join(f"{count} {suffix}" for suffix, count in sorted(self.other.items()))
            notes.append(f"files in formats that are not read were left out: {counts}")
        if odd := [path for path in self.odd if is_photo(path)]:
            named = ", ".join(map(repr, odd[:3])) + (" ..." if len(odd) > 3 else "")
            notes.append(
                f"{counted(len(odd), 'photo')} {agree(len(odd), 'was', 'were')} left out for a name with characters "
                f"that cannot be shown or stored: {named}"
            )
        return notes


def archives_under(root: Path) -> list[str]:
    """Archives anywhere under ``root``, as some downloads hold one for each split."""
    files = [Path(folder, name) for folder, _, names in os.walk(root) for name in names]
    paths = [path.relative_to(root).as_posix() for path in files if path.name.lower().endswith(ENDINGS)]
    return sorted(path for path in paths if not is_junk(path) and not has_odd_characters(path))
