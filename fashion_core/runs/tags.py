"""What people say about runs, and where deleted runs go. Takes run directories; needs no torch.

    labels.json            name, tags, note, starred: what a person typed; the directory's own name stays
    .trash/<id>[~n]/       a deleted run, whole, until somebody restores it or empties the trash by hand

Deleting and restoring are one rename each: a crash leaves the run here or there, never in halves.
"""

import unicodedata
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from typing import Any

from fashion_core import locks, paths, rights, storage
from fashion_core.errors import FashionError, RunError, WrongUse
from fashion_core.runs import runs

MAX_NAME, MAX_NOTE, MAX_TAG, MAX_TAGS = 80, 2000, 30, 12
#: The runs that git keeps: see ``export --format reference``.
SHIPPED = ("strong-drawn", "strong-fashion-mnist", "report-fashion-mnist")


@dataclass(frozen=True, kw_only=True)
class Labels:
    """What people typed about a run. Anything may stand in it but control characters: escape it where it is shown."""

    name: str = ""
    tags: tuple[str, ...] = ()
    note: str = ""
    starred: bool = False


def labels_of(run: runs.Run) -> Labels:
    """The run's labels; empty ones when there are none or the file is damaged (the run itself is not)."""
    path = run.folder / "labels.json"
    try:
        found = storage.read_json(path)
        return _checked(
            Labels(
                name=str(found.get("name", "")),
                tags=tuple(str(tag) for tag in found.get("tags", [])),
                note=str(found.get("note", "")),
                starred=found.get("starred") is True,
            )
        )
    except (OSError, ValueError, AttributeError, TypeError, FashionError):
        return Labels()


def label(run: runs.Run, **changes: Any) -> Labels:
    """Change some of ``name``, ``tags``, ``note``, ``starred`` durably; the others stay. WrongUse says what is too long
    or is no text."""
    rights.refuse_read_only("no run can be labelled")
    try:
        with locks.hold(run.folder / "labels.lock", seconds=5):
            new = _checked(replace(labels_of(run), **changes))
            storage.write_json(run.folder / "labels.json", asdict(new))
    except locks.Busy as busy:
        raise RunError(f"run {run.id!r} is being labelled by another process; try again") from busy
    return new


def tags_in(text: str) -> tuple[str, ...]:
    """``"baseline, to show"`` -> ``("baseline", "to show")``: each once, in the order typed."""
    return tuple(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))


def _checked(labels: Labels) -> Labels:
    name, note = labels.name.strip(), labels.note.strip()
    tags = tuple(dict.fromkeys(tag.strip() for tag in labels.tags if tag.strip()))
    for what, text, most in [("name", name, MAX_NAME), ("note", note, MAX_NOTE), *(("tag", t, MAX_TAG) for t in tags)]:
        if len(text) > most:
            raise WrongUse(f"a {what} must have at most {most:,} characters, got {len(text):,}")
        if any(unicodedata.category(sign) in ("Cc", "Cs") and (what != "note" or sign not in "\n\t") for sign in text):
            raise WrongUse(f"a {what} must be one line of text, got {text!r}")
    if len(tags) > MAX_TAGS:
        raise WrongUse(f"a run must have at most {MAX_TAGS} tags, got {len(tags)}")
    return Labels(name=name, tags=tags, note=note, starred=bool(labels.starred))


def is_shipped(run: runs.Run) -> bool:
    """Whether git keeps this run, and so brings it back: ``git checkout -- checkpoints/<id>``."""
    return run.id in SHIPPED and run.folder.resolve().parent == (paths.PROJECT_ROOT / "checkpoints").resolve()


def matching(found: Iterable[runs.Run], *, tags: Iterable[str] = (), starred: bool = False) -> list[runs.Run]:
    """The runs that carry every one of ``tags``, and a star if ``starred``."""
    wanted = set(tags)
    kept = []
    for run in found:
        labels = labels_of(run)
        if wanted <= set(labels.tags) and (labels.starred or not starred):
            kept.append(run)
    return kept
