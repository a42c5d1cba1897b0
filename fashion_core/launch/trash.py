"""Where deleted runs go: ``.trash/<id>[~n]/``, whole, until somebody restores them or empties it by hand.

Deleting and restoring are one rename each: a crash leaves the run here or there, never in halves.
"""

import os
import re
from dataclasses import dataclass
from pathlib import Path

from fashion_core import locks, rights, storage
from fashion_core.errors import FashionError, RunError
from fashion_core.launch.status import status_of
from fashion_core.runs import runs

TRASH = ".trash"


@dataclass(frozen=True, kw_only=True)
class Trashed:
    """A deleted run. ``place`` is its directory's name in the trash; ``run`` is None when its config is damaged."""

    place: str
    run_id: str
    run: runs.Run | None


def delete(run: runs.Run) -> str:
    """Move a run that is not active into the trash beside it, by one rename; the name of its place there."""
    rights.refuse_read_only("no run can be deleted")
    _refuse_active(run)
    trash = run.folder.parent / TRASH
    storage.make_folder(trash)
    try:
        with locks.hold(run.lock):  # nobody begins to train it meanwhile
            _refuse_active(run)
            place = _free_place(trash, run.id)
            storage.move(run.folder, trash / place)
    except locks.Busy as busy:
        raise RunError(f"run {run.id!r} is being trained; stop it before it can be deleted") from busy
    except FileNotFoundError:
        raise RunError(f"run {run.id!r} is not there any more; somebody else deleted it") from None
    return place


def _refuse_active(run: runs.Run) -> None:
    status = status_of(run)
    if status.active:
        raise RunError(f"run {run.id!r} is {status.state}; stop it before it can be deleted")


def _free_place(trash: Path, run_id: str) -> str:
    """The id, or with a number when a run of that id was deleted before ("~" cannot be in an id)."""
    number = 1
    while True:
        place = run_id if number == 1 else f"{run_id}~{number}"
        if not os.path.lexists(trash / place):
            return place
        number += 1


def trash(runs_dir: Path) -> list[Trashed]:
    """The deleted runs of a runs directory, newest run first."""
    found = []
    for path in sorted((runs_dir / TRASH).glob("*/config.json")):
        try:
            run = runs.open_run(path.parent)
        except FashionError:
            run = None
        found.append(Trashed(place=path.parent.name, run_id=path.parent.name.partition("~")[0], run=run))
    return sorted(found, key=lambda one: (one.run.created if one.run else "", one.place), reverse=True)


def restore(runs_dir: Path, place: str) -> str:
    """Move a deleted run back under its id, by one rename; RunError when a run of that id has taken its room."""
    rights.refuse_read_only("no run can be restored")
    run_id = place.partition("~")[0]
    source, target = runs_dir / TRASH / place, runs_dir / run_id
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*(~\d+)?", place) or not source.is_dir():
        raise RunError(f"run {place!r} is not in the trash; it holds {_places(runs_dir)}")
    if os.path.lexists(target):
        raise RunError(f"run {run_id!r} exists; delete that one first, then restore {place!r}")
    try:
        storage.move(source, target)
    except OSError as error:  # somebody restored it, or took its room, a moment before
        if os.path.lexists(target):
            raise RunError(f"run {run_id!r} exists; delete that one first, then restore {place!r}") from error
        raise
    return run_id


def _places(runs_dir: Path) -> str:
    return ", ".join(one.place for one in trash(runs_dir)) or "nothing"
