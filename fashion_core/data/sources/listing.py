"""What lies in a folder of somebody's photos.

Takes a folder; gives the names of its folders and files. Opens nothing.
"""

import os
from pathlib import Path

from fashion_core.data.sources.archives import is_junk
from fashion_core.data.sources.photos import EXTENSIONS
from fashion_core.errors import SourceError


def listing(folder: Path, *, photos: bool = True) -> tuple[list[str], list[str]]:
    """Folders and files by their names, in order; not hidden ones, nor what systems leave behind. Without ``photos``,
    of which there may be a million, where they do not matter. SourceError where the folder cannot be read."""
    folders, files = [], []
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if is_junk(entry.name) or entry.name.startswith("."):
                    continue
                if entry.is_dir():
                    folders.append(entry.name)
                elif photos or not is_photo(entry.name):
                    files.append(entry.name)
    except OSError as error:
        raise SourceError(f"folder '{folder}' cannot be read ({error.strerror}); check its permissions.") from error
    return sorted(folders), sorted(files)


def is_photo(name: str) -> bool:
    """Whether a file is called as photos are."""
    return name.lower().endswith(EXTENSIONS)
