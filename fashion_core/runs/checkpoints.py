"""Saved steps of a run: steps/<n>/ holds the files and COMMIT.json, which names them all with their sha256.

Takes a run's directory and bytes; knows no model and no settings. A step exists when its COMMIT.json verifies.
A step is built, and makes room for another one of its number, inside a hidden folder of steps/ (.<n>.<hex>.tmp/<n>):
readers look there too, so that there is no moment at which a crash can hide the only good one.
One process at a time writes, the one that holds the run's lock; anybody may read meanwhile.
"""

import hashlib
import json
import os
import secrets
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fashion_core import storage
from fashion_core.errors import RunError

COMMIT = "COMMIT.json"


@dataclass(frozen=True, kw_only=True)
class Skipped:
    """A step that was saved and cannot be used; ``reason`` is the end of a sentence about it."""

    step: int
    reason: str


def write(folder: Path, step: int, files: dict[str, bytes]) -> Path:
    """Save one step durably as steps/<step>/, in the place of one that is there. DiskError when the disk refuses;
    then the steps that were there are there still, this one's predecessor of the same number too."""
    hashes = {name: hashlib.sha256(data).hexdigest() for name, data in files.items()}
    commit = json.dumps({"step": step, "sha256": hashes}, indent=1) + "\n"
    target = folder / "steps" / str(step)
    building, aside = _hidden(target), _hidden(target)
    with storage.telling(target):
        clean(folder)
        try:
            storage.make_folder(building)
            for name, data in {**files, COMMIT: commit.encode()}.items():
                storage.write_new(building / name, data)
            storage.sync_folder(building)
            if target.exists():  # left from before a resume from an earlier step
                storage.make_folder(aside.parent)
                storage.move(target, aside)
            storage.move(building, target)
        except BaseException:
            with suppress(OSError):  # what cannot be undone is found where it is, and cleared away by the next save
                if aside.exists() and not target.exists():
                    storage.move(aside, target)
                if not aside.exists():
                    storage.discard(building.parent)
                    storage.discard(aside.parent)
            raise
        storage.discard(building.parent)
        clean(folder)
    return target


def _hidden(target: Path) -> Path:
    return target.with_name(f".{target.name}.{secrets.token_hex(4)}.tmp") / target.name


def clean(folder: Path) -> None:
    """Remove what crashes left in steps/: folders without COMMIT.json, and hidden ones that hold no step that verifies
    or only one that verifies in its own place too. Nothing that verifies is touched otherwise."""
    steps = folder / "steps"
    storage.make_folder(steps)
    storage.sync_folder(steps)  # what is seen in its place is there to stay, before a copy of it goes
    for name in _names(steps):
        uncommitted = _is_step(name) and not (steps / name / COMMIT).exists()
        if uncommitted or (name.startswith(".") and name.endswith(".gone")):
            storage.remove_folder(steps / name)
        elif _is_hidden(name):
            inside = [steps / name / number for number in _names(steps / name) if _is_step(number)]
            if not any(verify(path) and not verify(steps / path.name) for path in inside):
                storage.remove_folder(steps / name)


def _is_step(name: str) -> bool:
    return name.isascii() and name.isdigit()


def _is_hidden(name: str) -> bool:
    return name.startswith(".") and name.endswith(".tmp")


def _names(folder: Path) -> list[str]:
    try:
        return sorted(os.listdir(folder))
    except (FileNotFoundError, NotADirectoryError):
        return []


def _places(folder: Path) -> list[Path]:
    """Every folder with a COMMIT.json, ascending by step; of one step the hidden ones first, its own place last."""
    steps = folder / "steps"
    names = _names(steps)
    parents = [steps / name for name in names if _is_hidden(name)] + [steps]
    found = [parent / name for parent in parents for name in _names(parent) if _is_step(name)]
    return sorted((path for path in found if (path / COMMIT).exists()), key=lambda path: int(path.name))


def fault(target: Path) -> str | None:
    """Why the step at ``target`` cannot be used, or None when every file is there as COMMIT.json names it."""
    try:
        hashes = _hashes(target)
        present = {name for name in os.listdir(target) if not name.startswith(".")} - {COMMIT}
        for name in sorted(hashes.keys() | present):
            if name not in hashes:
                return f"{name} is there but not named in {COMMIT}"
            if name not in present:
                return f"{name} is missing"
            with open(target / name, "rb") as file:
                if hashlib.file_digest(file, "sha256").hexdigest() != hashes[name]:
                    return f"{name} is not as it was saved"
    except OSError as error:
        return f"it cannot be read ({error.strerror or error})"
    except ValueError as error:
        return str(error)
    return None


def _hashes(target: Path) -> dict[str, str]:
    """The names and hashes of a COMMIT.json; ValueError with the reason when it is not one of this step."""
    try:
        found: Any = storage.read_json(target / COMMIT)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{COMMIT} is damaged") from error
    if not (isinstance(found, dict) and found.keys() == {"step", "sha256"} and isinstance(found["sha256"], dict)):
        raise ValueError(f"{COMMIT} is damaged")
    hashes = found["sha256"]
    if type(found["step"]) is not int or found["step"] != int(target.name):
        raise ValueError(f"{COMMIT} belongs to step {found['step']!r:.40}")
    if not hashes or not all(isinstance(digest, str) for digest in hashes.values()):
        raise ValueError(f"{COMMIT} is damaged")
    return hashes


def verify(target: Path) -> bool:
    """Whether COMMIT.json is of this step and exactly the files that it names are there, each with its sha256."""
    return fault(target) is None


def saved_steps(folder: Path) -> list[int]:
    """Steps that have a COMMIT.json, ascending; whether they verify is asked when one is loaded."""
    return sorted({int(path.name) for path in _places(folder)})


def find(folder: Path, step: int) -> Path | None:
    """Where step ``step`` lies, when it verifies."""
    found = [path for path in reversed(_places(folder)) if int(path.name) == step and verify(path)]
    return found[0] if found else None


def weights_hash(folder: Path, step: int) -> str | None:
    """The sha256 of a saved step's weights as its COMMIT.json names it; None when there is no such step to read."""
    for target in reversed(_places(folder)):
        if int(target.name) == step:
            try:
                return _hashes(target).get("model.safetensors")
            except (OSError, ValueError):
                continue
    return None


def newest_good(folder: Path, needs: str = "model.safetensors") -> tuple[Path, list[Skipped]]:
    """The newest step that verifies and has the file ``needs``, and the newer ones that had to be passed over.

    The path's name is the step's number. RunError, with every reason, when there is none.
    """
    skipped: dict[int, Skipped] = {}
    for target in reversed(_places(folder)):
        step = int(target.name)
        reason = fault(target)
        if reason is None and needs in _hashes(target):
            skipped.pop(step, None)  # its own place was damaged, a copy that was on its way is whole
            return target, list(skipped.values())
        skipped.setdefault(step, Skipped(step=step, reason=reason or f"it has no {needs}"))
    told = "".join(f"; step {found.step:,}: {found.reason}" for found in skipped.values())
    raise RunError(f"run {folder.name!r} has no saved step that can be read{told}; train it again as a new run")


def good_step(folder: Path, needs: str = "model.safetensors") -> Path:
    """The newest step that verifies and has the file ``needs``; RunError when there is none."""
    return newest_good(folder, needs)[0]


def rewind(folder: Path, step: int) -> list[int]:
    """Remove every saved step after ``step``, the newest first, so that a crash leaves a shorter run and never a gap.

    Returns the removed numbers, ascending. RunError when ``step`` is not one that training can go on from.
    """
    target = find(folder, step)
    if target is None or "trainer.safetensors" not in _hashes(target):
        listed = ", ".join(f"{number:,}" for number in saved_steps(folder)) or "none"
        raise RunError(f"run {folder.name!r} cannot go on from step {step:,}; its saved steps: {listed}")
    later = [path for path in reversed(_places(folder)) if int(path.name) > step]
    for path in later:
        storage.remove_folder(path)
    return sorted({int(path.name) for path in later})


def keep(folder: Path, *, best: int | None, last: int = 2, every: int | None = None) -> None:
    """Remove all but the newest ``last`` steps that verify, step ``best`` and every multiple of ``every``; nothing when
    none verifies."""
    places = _places(folder)
    if len({int(target.name) for target in places}) <= last:
        return
    good: list[int] = []
    for target in reversed(places):
        if len(good) < last and int(target.name) not in good and verify(target):
            good.append(int(target.name))
    for target in places if good else ():
        step = int(target.name)
        if step not in (*good, best) and not (every and step % every == 0):
            storage.remove_folder(target)
