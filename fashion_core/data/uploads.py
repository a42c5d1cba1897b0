"""Photos that came from a browser: where they lie until they are imported, or until nobody is left who would.

Takes the data folder; gives folders below ``.incoming/.uploads``, one a page that asks:

    owner.json    the server that made it
    photos/       what has come, when all has: one folder, or one file, under the name that the person's has

An import takes ``photos`` into the dataset by a rename. Knows no browser, and not how the bytes come.
"""

import secrets
import time
from collections.abc import Collection
from dataclasses import replace
from pathlib import Path
from typing import Any

from fashion_core import jobs, processes, storage
from fashion_core.data import datasets, first_look
from fashion_core.data.sources import readers
from fashion_core.data.sources.reader import Source
from fashion_core.errors import SourceError

FOLDER = ".uploads"  # no dataset's id begins with a dot
PHOTOS, OWNER = "photos", "owner.json"
_TAKEN = "uploaded"  # in the dataset's folder
_MADE_SECONDS = 60.0  # a folder without an owner is being made, or its server died at that
_OLD = "upload-*"  # single archives that earlier versions kept in .incoming/uploads
_OLD_SECONDS = 24 * 3600.0


def new_folder(data_dir: Path) -> Path:
    """The name of a folder for one upload."""
    return _all(data_dir.resolve()) / secrets.token_hex(8)


def make(folder: Path) -> None:
    """Make a folder for an upload, as this process's own, where it is not there."""
    if not (folder / OWNER).exists():
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        storage.write_json(folder / OWNER, processes.process_identity())


def folder_of(path: Path, data_dir: Path) -> Path | None:
    """The upload that a path lies in; None where it lies elsewhere."""
    below = _all(data_dir.resolve())
    path = path.expanduser().resolve()
    parts = path.relative_to(below).parts if path.is_relative_to(below) else ()
    return below / parts[0] if parts else None


def open_source(given: str | Path, data_dir: Path, work_dir: Path, final: Path, **how: Any) -> Source:
    """``readers.open_source``, for an import into ``final`` that is built in ``work_dir``: of what came from a browser
    the dataset takes the files themselves, for they are nowhere else."""
    here = _take(given, data_dir, work_dir / _TAKEN)
    if here is None:
        return readers.open_source(given, work_dir=work_dir, **how)
    try:
        source = readers.open_source(here, work_dir=work_dir, **how)
    except SourceError as error:  # say it of what the person gave
        raise SourceError(str(error).replace(str(here), str(given))) from error
    bring, warnings = source.bring, tuple(said.replace(str(here), str(given)) for said in source.warnings)
    if not source.root.is_relative_to(work_dir / _TAKEN):  # an archive, which is unpacked now
        storage.discard(work_dir / _TAKEN)
        bring = bring.replace(str(here), str(source.root))
    return replace(source, bring=bring.replace(str(work_dir), str(final.resolve())), warnings=warnings)


def _take(source: str | Path, data_dir: Path, target: Path) -> Path | None:
    """Move the upload that ``source`` lies in to ``target``, which is new; the path of ``source`` there. None, and
    nothing happens, where it is no upload."""
    folder = folder_of(Path(source), data_dir)
    path = Path(source).expanduser().resolve()
    if folder is None or not path.exists() or folder / PHOTOS not in path.parents:
        return None
    storage.move(folder / PHOTOS, target)
    storage.discard(folder)
    return target / path.relative_to(folder / PHOTOS)


def is_used(folder: Path, data_dir: Path) -> bool:
    """Whether an import or a look is at work on the upload."""
    return folder in _used(data_dir)


def sweep(data_dir: Path, kept: Collection[Path] = ()) -> None:
    """Take away every upload but those ``kept`` by this server, those of other servers that live, and those that an
    import or a look is at work on."""
    for old in (data_dir / datasets.INCOMING / "uploads").glob(_OLD):
        if _age(old) > _OLD_SECONDS:
            storage.discard(old)
    folders = [path for path in _all(data_dir.resolve()).glob("*") if path not in kept]
    used = _used(data_dir) if folders else set()
    for folder in folders:
        if folder not in used and not _is_of_another(folder):
            storage.discard(folder)
    for folder in first_look.folders(data_dir):  # what was seen of an upload goes with it
        job = jobs.look(folder)
        upload = job.given.get("upload") if job and not job.active else None
        if upload and not Path(upload["kept"]).exists():
            storage.discard(folder)


def _all(data_dir: Path) -> Path:
    return data_dir / datasets.INCOMING / FOLDER


def _used(data_dir: Path) -> set[Path]:
    """The uploads that the jobs at work name as what they were given."""
    at = [datasets.incoming_folder(data_dir, dataset_id) for dataset_id in datasets.list_imports(data_dir)]
    at_work = [job for folder in [*at, *first_look.folders(data_dir)] if (job := jobs.look(folder)) and job.active]
    kept = [upload["kept"] for job in at_work if (upload := job.given.get("upload"))]
    return {folder for path in kept if (folder := folder_of(Path(path), data_dir))}


def _is_of_another(folder: Path) -> bool:
    """Whether another process that lives made it, or somebody is making it. Of another machine nobody can say: it has
    a day."""
    try:
        owner = storage.read_json(folder / OWNER)
        if not processes.is_here(owner):
            return _age(folder) < _OLD_SECONDS
        return owner["pid"] != processes.process_identity()["pid"] and processes.is_alive(owner)
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return _age(folder) < _MADE_SECONDS


def _age(path: Path) -> float:
    try:
        return time.time() - path.stat().st_mtime
    except OSError:
        return 0.0
