"""Unpack a .zip or .tar archive that somebody else made, or refuse it with one sentence before anything is written.

Takes an archive and an empty target folder. The whole listing is read first, in little memory, and checked: paths that
leave the target, symbolic links and devices, names that are twins by case, encryption, bombs, a cut-off end. While
writing, the same checks run again on what really comes out. Knows nothing of photos or layouts. No extractall.
"""

import lzma
import re
import shutil
import struct
import tarfile
import unicodedata
import zipfile
import zlib
from array import array
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

import numpy as np

from fashion_core import storage
from fashion_core.data.sources import confusable_names
from fashion_core.data.sources.archive_entries import (
    BOMB_WINDOW,
    CHUNK,
    MAX_ENTRIES,
    MAX_RATIO,
    MAX_TOTAL_BYTES,
    Entry,
    bomb,
    kind_of,
    refusal,
    tar_entries,
    zip_entries,
)

#: What the standard library raises for archives that are not what they say (zipfile raises all of these).
_DAMAGE = (
    zipfile.BadZipFile,
    tarfile.HeaderError,
    zlib.error,
    lzma.LZMAError,
    struct.error,
    EOFError,
    ValueError,
    NotImplementedError,
    RuntimeError,
)
ENDINGS = (".tar.gz", ".tar.bz2", ".tar.xz", ".tgz", ".tbz2", ".txz", ".tar", ".zip")
MAX_FOLDERS = 20_000
_JUNK = re.compile(
    r"(?:^|/)(?:(?:__macosx|@eadir|\.ipynb_checkpoints|\.git)(?:/|$)|(?:\.ds_store|thumbs\.db|desktop\.ini|\._[^/]*)$)",
    re.IGNORECASE,
)
#: Names about which there is nothing to ask: 200,000 of them are checked in a second, half of what the long way takes.
_PLAIN = re.compile(r"(?:[A-Za-z0-9_-][A-Za-z0-9_. ()-]{0,99}/){0,8}[A-Za-z0-9_-][A-Za-z0-9_. ()-]{0,99}")


def is_junk(name: str) -> bool:
    """Whether a path is something that a file manager left behind, not the user."""
    return _JUNK.search(name) is not None


def has_odd_characters(name: str) -> bool:
    """Whether a name holds control characters, or bytes that are not UTF-8 (lone surrogates)."""
    return not name.isprintable() and any(unicodedata.category(character) in ("Cc", "Cs") for character in name)


def unpack(archive: Path, target: Path, progress: Callable[[str, int, int], None] | None = None) -> None:
    """Write the archive's files under ``target`` (new, ours); SourceError with one sentence if anything is wrong."""
    reader = zip_entries if kind_of(archive) == "zip" else tar_entries
    try:
        total = _check_listing(archive, (entry for entry, _ in reader(archive, with_data=False)))
        target.parent.mkdir(parents=True, exist_ok=True)
        free = storage.free_space(target.parent)
        if total > free:
            needs, has = storage.size_text(total), storage.size_text(free)
            raise refusal(archive, f"needs {needs} unpacked and the disk has {has} free; make room first")
        _write(archive, reader(archive, with_data=True), target, total, progress)
    except _DAMAGE as error:
        raise refusal(archive, f"is damaged or cut off ({_reason(error)}); get it again") from error
    except OSError as error:
        if error.errno is None:  # bz2 has no error of its own; a full disk has a number
            raise refusal(archive, f"is damaged or cut off ({_reason(error)}); get it again") from error
        raise


def _reason(error: Exception) -> str:
    text = str(error)[:120]
    return text if text and not has_odd_characters(text) else "it ends too early"


def _check_listing(archive: Path, entries: Iterator[Entry]) -> int:
    """Refuse the archive by its listing; the sum of the declared sizes otherwise. Memory: 8 bytes a file."""
    on_disk = archive.stat().st_size
    total = packed = num_entries = 0
    folders: dict[str, str] = {"": ""}
    files = array("q")
    last_folder: list[str] = []
    for entry in entries:
        num_entries += 1
        if num_entries > MAX_ENTRIES:
            raise refusal(archive, f"lists more than {MAX_ENTRIES:,} files; unpack it yourself and import the folder")
        parts = _safe_parts(archive, entry.name)
        if is_junk(entry.name):
            continue
        if entry.same_as and is_junk(entry.same_as):
            raise refusal(archive, f"holds a hard link to '{entry.same_as}', which is no photo; unpack it yourself")
        folder = parts if entry.is_folder else parts[:-1]
        if folder != last_folder:
            _remember_folders(archive, folders, folder)
            last_folder = folder
        if entry.is_folder:
            continue
        total += entry.size
        packed += entry.compressed_size
        if entry.size < 0 or total > MAX_TOTAL_BYTES or (total > BOMB_WINDOW and total > MAX_RATIO * on_disk):
            raise bomb(archive, total)
        if packed > on_disk:
            raise refusal(archive, "lists more data than it holds, as archive bombs do")
        files.append(hash(_folded("/".join(parts))))
    if not files:
        raise refusal(archive, "holds no files")
    hashes = np.sort(np.frombuffer(files, dtype=np.int64))
    folder_hashes = np.array([hash(name) for name in folders], dtype=np.int64)
    if (hashes[1:] == hashes[:-1]).any() or np.isin(folder_hashes, hashes).any():
        raise refusal(
            archive,
            "holds two names that are the same, or differ only by case or by how an accent is written; rename one",
        )
    return total


def _safe_parts(archive: Path, name: str) -> list[str]:
    try:
        return parts_of(name)
    except ValueError as error:
        raise refusal(archive, str(error)) from error


def parts_of(name: str) -> list[str]:
    """The folders and the file of a path that somebody else wrote; ValueError, the end of a sentence, where it could
    lead elsewhere or cannot be stored everywhere."""
    if _PLAIN.fullmatch(name):
        return name.split("/")
    shown = repr(name if len(name) <= 80 else name[:77] + "...")
    if "\\" in name:
        raise ValueError(f"holds the name {shown} with a backslash; make it again with / between folders")
    if name.startswith("/") or re.match(r"[A-Za-z]:", name):
        raise ValueError(f"holds the absolute path {shown}")
    if has_odd_characters(name):
        raise ValueError(f"holds the name {shown} with characters that no file name should have")
    parts = [part for part in name.split("/") if part not in ("", ".")]
    if ".." in parts:
        raise ValueError(f"holds the path {shown}, which leads out of its folder")
    if len(name) > 1024 or any(len(part.encode()) > 255 for part in parts):
        raise ValueError(f"holds a name that is too long: {shown}")
    return parts


def _folded(name: str) -> str:
    return (
        name.lower() if name.isascii() else unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())
    )


def _remember_folders(archive: Path, folders: dict[str, str], parts: list[str]) -> None:
    name = "/".join(parts)
    while name and (folded := _folded(name)) not in folders:
        folders[folded] = name
        if len(folders) > MAX_FOLDERS:
            raise refusal(archive, f"holds more than {MAX_FOLDERS:,} folders; unpack it yourself and import the folder")
        name = name.rpartition("/")[0]
    if name and folders[_folded(name)] != name:
        first = folders[_folded(name)]
        raise refusal(
            archive,
            f"holds the folders {confusable_names.shown(first)} and {confusable_names.shown(name)}, which differ only "
            f"by {confusable_names.difference(first, name)}; rename one of them",
        )


def _write(
    archive: Path,
    entries: Iterator[tuple[Entry, BinaryIO | None]],
    target: Path,
    total: int,
    progress: Callable[[str, int, int], None] | None,
) -> None:
    written = 0
    target.mkdir(parents=True)
    for entry, data in entries:
        parts = _safe_parts(archive, entry.name)
        if entry.is_folder or is_junk(entry.name) or not parts:
            continue
        path = target.joinpath(*parts)
        path.parent.mkdir(parents=True, exist_ok=True)
        if entry.same_as:
            written += _copy(target.joinpath(*_safe_parts(archive, entry.same_as)), path)
            continue
        size = 0
        with open(path, "xb") as file:  # x: the listing was checked for twins, so the name is free
            while data and (chunk := data.read(CHUNK)):
                size += len(chunk)
                if size > entry.size or written + size > total:
                    raise refusal(archive, f"holds more data in '{entry.name}' than it declares, as archive bombs do")
                file.write(chunk)
        if size != entry.size:
            raise EOFError(f"'{entry.name}' ends too early")
        written += size
        if progress:
            progress(storage.UNPACKING, written, total)


def _copy(first: Path, path: Path) -> int:
    """Write a hard link as a file of its own, so that a change to one never shows in the other; its size."""
    shutil.copyfile(first, path)
    return path.stat().st_size
