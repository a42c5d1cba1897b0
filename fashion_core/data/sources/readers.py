"""Opens whatever a person may call a set of labelled photos. Nothing to the right of this module knows a layout.

Takes a folder, an archive or the name of a source; gives a Source (see reader.py) with one row a photo, and opens the
single photos of a source by their address. An archive is unpacked, and a drawn set drawn, under ``work_dir``; a folder
is used where it lies, and what lies elsewhere is fetched to ``downloads``. Does not know where datasets are kept.
"""

import hashlib
import json
import shlex
from dataclasses import replace
from pathlib import Path
from typing import Any

from PIL import Image

from fashion_core.data.sources import archive_entries, archives
from fashion_core.data.sources.arrow_photos import ArrowPhotos
from fashion_core.data.sources.class_folders import ClassFolders, wrapped
from fashion_core.data.sources.drawn import DEMO, Drawn
from fashion_core.data.sources.elsewhere import Place
from fashion_core.data.sources.fashion_mnist import IdxFiles
from fashion_core.data.sources.fiftyone import FiftyOne
from fashion_core.data.sources.hub import Hub
from fashion_core.data.sources.indofashion import IndoFashion
from fashion_core.data.sources.kaggle import Kaggle
from fashion_core.data.sources.label_studio import LabelStudio
from fashion_core.data.sources.lists import Lists
from fashion_core.data.sources.reader import MAP, UNDECIDED, Choices, Given, Option, Progress, Reader, Source, flag_of
from fashion_core.data.sources.roboflow import Roboflow
from fashion_core.data.sources.table_files import is_table
from fashion_core.data.sources.tables import Tables
from fashion_core.data.sources.tar_shards import TarShards
from fashion_core.errors import PhotoError, SourceError

#: In the order in which they are asked whether a folder is theirs; the last one takes what no other recognises.
READERS: tuple[Reader, ...] = (
    Drawn(),
    IdxFiles(),
    IndoFashion(),
    ArrowPhotos(),
    TarShards(),
    FiftyOne(),
    Roboflow(),
    Lists(),
    LabelStudio(),
    Tables(),
    ClassFolders(),
)
#: Where photos may lie that are on no disk here.
PLACES: tuple[Place, ...] = (Hub(), Kaggle())
_OTHER_ARCHIVES = (b"7z\xbc\xaf\x27\x1c", b"Rar!", b"\x28\xb5\x2f\xfd")


def open_source(
    source: str | Path,
    *,
    work_dir: Path,
    downloads: Path | None = None,
    seed: int = 0,
    progress: Progress | None = None,
    choices: Choices = UNDECIDED,
) -> Source:
    """Read the listing of a source; SourceError with one sentence when it cannot be used. What is fetched for it stays
    in ``downloads`` (a folder of ``work_dir`` if not given)."""
    reader, downloads = _by_name(source), downloads or work_dir / "downloads"
    if reader is None and (not str(source).strip() or archives.has_odd_characters(str(source))):
        raise SourceError(f"{str(source)!r} is no path that can be stored; give a folder, an archive, or {DEMO}.")
    path, photos_dir = Path(source).expanduser(), work_dir / "photos"
    if reader is not None and reader.lies(str(source)) is not None and path.is_dir():
        reader = None  # a folder of that name goes before
    given = Given(
        place=path.resolve(),
        name=name_of(source),
        bring=_command(str(path.resolve() if reader is None else source), choices),
        downloads=downloads,
        seed=seed,
        progress=progress,
        choices=choices,
    )
    if place := _elsewhere(source):
        return _open_fetched(place, str(source), given)
    if reader is not None:
        return reader.read(replace(given, place=reader.lies(str(source)) or photos_dir))
    if path.is_dir():
        return _open_folder(given)
    if not path.exists():
        raise SourceError(f"there is no file or folder '{source}'; check the path, or import {DEMO} to try the lab.")
    if not path.is_file():
        raise SourceError(f"'{source}' is neither a folder nor a file; give a folder or a .zip or .tar archive.")
    start, is_archive = _look_into(path)
    for reader in READERS[:-1]:
        if reader.recognises(given.place):
            return _read(reader, given, given.place)
    if not is_archive:
        raise _no_source(path, start)
    archives.unpack(path, photos_dir, progress)
    try:
        return _open_folder(replace(given, place=photos_dir))
    except SourceError as error:
        raise _said_of(error, photos_dir, "archive", str(path)) from error


def _open_fetched(place: Place, source: str, given: Given) -> Source:
    """What lies elsewhere, once it is here: read as any folder. The command brings the very same files again."""
    fetched = place.fetch(source, given.downloads, given.progress)
    try:
        read = _open_folder(replace(given, place=fetched.folder, bring=_command(fetched.source, given.choices)))
    except SourceError as error:
        said = str(_said_of(error, fetched.folder, "dataset", source)).rstrip(".")
        raise SourceError(f"{said}. It was fetched to '{fetched.folder}'.") from error
    note = f"{read.note}; {fetched.note}" if read.note else fetched.note
    return replace(read, note=note, warnings=(*read.warnings, *fetched.warnings))


def _said_of(error: SourceError, folder: Path, kind: str, given: str) -> SourceError:
    """The sentence of what the person gave, not of our folder."""
    return SourceError(str(error).replace(f"folder '{folder}", f"{kind} '{given}").replace(str(folder), given))


def named(source: str | Path) -> Reader | Place | None:
    """What knows a source that a name stands for; None for a path."""
    return _by_name(source) or _elsewhere(source)


def _by_name(source: str | Path) -> Reader | None:
    return next((reader for reader in READERS if str(source) in reader.names), None)


def _elsewhere(source: str | Path) -> Place | None:
    """The place that a source names, unless a file or folder is called so."""
    for place in PLACES:
        if str(source).startswith(place.starts) and not Path(source).expanduser().exists():
            return place
    return None


def is_made(source: str | Path) -> bool:
    """Whether the name stands for photos that the lab makes, of which there is nothing to see before."""
    reader = _by_name(source)
    return reader is not None and reader.lies(str(source)) is None


def fetched(source: str | Path, downloads: Path) -> Path | None:
    """The folder to which a source was fetched that lies elsewhere; None where it was not. Asks no other machine."""
    place = _elsewhere(source)
    return place.here(str(source), downloads) if place else None


def name_of(source: str | Path) -> str:
    """The name that a source gives its dataset when the person gives none."""
    if place := _elsewhere(source):
        return place.name_of(str(source))
    name = str(source) if _by_name(source) else Path(source).expanduser().resolve().name
    ending = next((ending for ending in archives.ENDINGS if name.lower().endswith(ending)), "")
    return name[: len(name) - len(ending)]


def known_fingerprint(source: str | Path, seed: int = 0, choices: Choices = UNDECIDED) -> str | None:
    """The fingerprint of a source that can be told without making it (a drawn one), else None."""
    reader = None if choices[MAP] else _by_name(source)
    parts = reader.fingerprint(str(source), seed) if reader else None
    return None if parts is None else fingerprint_of(parts)


def fingerprint_of(parts: Any) -> str:
    """16 hex digits over nested lists, dicts and strings."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:16]


def layouts() -> list[str]:
    """What may be given, in words, the commonest layout first."""
    return [reader.layout for reader in reversed(READERS) if reader.layout]


def options() -> list[Option]:
    """What a person may decide about a source, that of the commonest layout first."""
    return [*dict.fromkeys(option for reader in reversed(READERS) for option in reader.options), MAP]


def choose(**decided: str | bool) -> Choices:
    """What a person decided, checked: by the name of an option its text, or yes. WrongUse for what cannot be."""
    assert decided.keys() <= {option.name for option in options()}, decided
    checked = {
        option.name: option.check(str(decided[option.name])) if option.check else decided[option.name]
        for option in options()
        if option.name in decided
    }
    return Choices({name: value for name, value in checked.items() if value})


def columns_of(place: Path) -> list[str]:
    """The columns among which a person may choose, of the tables in a folder or of one table."""
    return list(dict.fromkeys(name for reader in READERS for name in reader.columns(place)))


def of_kind(kind: str) -> Reader:
    """The reader whose sources have this kind, as ``dataset.json`` keeps it."""
    for reader in READERS:
        if kind in reader.kinds:
            return reader
    raise SourceError(f"nothing here reads photos of the kind {kind!r}; use the version that imported them.")


def open_photo_of(kind: str, root: Path, path: str) -> Image.Image:
    """One photo of a source or dataset as an RGB image, by its address in a row; a PhotoError names it."""
    reader = of_kind(kind)
    try:
        return reader.image(root, path, reader.photo_bytes(root, path))
    except PhotoError as error:
        raise PhotoError(f"photo '{root / path}': {error}") from error


def _command(source: str, choices: Choices) -> str:
    return shlex.join(["python", "-m", "fashion_core", "import", source, *choices.flags()])


def _look_into(path: Path) -> tuple[bytes, bool]:
    """The first bytes of a file, and whether it is an archive that is unpacked."""
    try:
        with open(path, "rb") as file:
            start = file.read(16)
        kind = archive_entries.kind_of(path)
    except OSError as error:
        raise SourceError(f"'{path}' cannot be read ({error.strerror}); check its permissions.") from error
    if not start:
        what = "it" if is_table(path.name) else "the archive"
        raise SourceError(f"file '{path}' is empty; get {what} again.")
    return start, kind is not None


def _no_source(path: Path, start: bytes) -> SourceError:
    what = "an archive of another kind" if start.startswith(_OTHER_ARCHIVES) else "neither a folder nor an archive"
    if start.startswith(b"MZ"):
        what = "a program, perhaps an archive that unpacks itself: unpack it and import what comes out"
    return SourceError(f"'{path}' is {what}; give a folder, or a .zip or .tar archive (.gz, .bz2, .xz).")


def _open_folder(given: Given) -> Source:
    """Read it with the reader whose options were chosen, or the first that recognises it, or what it wraps; else with
    the last one."""
    *others, last = READERS
    meant = [reader for reader in READERS if any(o.elsewhere and given.choices[o] for o in reader.options)]
    if meant == [last]:
        return _read(last, given, given.place)
    for folder in (given.place, *wrapped(given.place)):
        for reader in (*meant, *others):
            if reader.could_read(folder) if reader in meant else reader.recognises(folder):
                return _read(reader, given, folder)
    return _read(last, given, given.place)


def _read(reader: Reader, given: Given, place: Path) -> Source:
    """SourceError also where a choice was made that means something to another layout only, and says so."""
    source = f"{'file' if given.place.is_file() else 'folder'} '{given.place}'"
    for option in options():
        if option.elsewhere and given.choices[option] and option not in reader.options:
            raise SourceError(f"{flag_of(option.name)} {option.elsewhere.format(source=source)}.")
    return reader.read(replace(given, place=place))
