"""Saved steps of a run: steps/<n>/ holds the files and COMMIT.json, which names them with their sha256, written last.

Takes a run's directory and bytes; knows no model and no settings. A step exists when its COMMIT.json verifies.
"""

import hashlib
from pathlib import Path

from fashion_core import storage
from fashion_core.errors import RunError


def write(folder: Path, step: int, files: dict[str, bytes]) -> None:
    """Save one step durably under steps/<step>/: the files first, COMMIT.json with their sha256 last."""
    target = folder / "steps" / str(step)
    if target.exists():  # left from before a resume from an earlier step
        storage.remove_folder(target)
    for name, data in files.items():
        storage.write_bytes(target / name, data)
    hashes = {name: hashlib.sha256(data).hexdigest() for name, data in files.items()}
    storage.write_json(target / "COMMIT.json", {"step": step, "sha256": hashes})
    storage.sync_folder(target.parent)


def verify(target: Path) -> bool:
    """Whether every file that COMMIT.json names is there with its sha256."""
    try:
        hashes = storage.read_json(target / "COMMIT.json")["sha256"]
        return all(
            hashlib.sha256((target / name).read_bytes()).hexdigest() == expected for name, expected in hashes.items()
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return False


def saved_steps(folder: Path) -> list[int]:
    """Steps that have a COMMIT.json, ascending; whether they verify is asked when one is loaded."""
    steps = folder / "steps"
    found = [int(p.parent.name) for p in steps.glob("*/COMMIT.json") if p.parent.name.isdigit()]
    return sorted(found)


def good_step(folder: Path, needs: str = "model.safetensors") -> Path:
    """The newest checkpoint that verifies and has the file ``needs``; RunError when there is none."""
    for step in reversed(saved_steps(folder)):
        target = folder / "steps" / str(step)
        if (target / needs).exists() and verify(target):
            return target
    raise RunError(f"run {folder.name!r} has no saved step that can be read; train it again as a new run")


def keep_last(folder: Path, keep: int = 2) -> None:
    """Remove all but the newest ``keep`` checkpoints."""
    for step in saved_steps(folder)[:-keep]:
        storage.remove_folder(folder / "steps" / str(step))
