"""Reads class folders, with or without split folders around them.

Takes a folder; gives classes and rows (or SourceError). Opens no photo and writes nothing. Knows only this layout:
``[wrapper/][split/]class/[deeper/]photo.jpg``, or split folders inside every class folder; a split folder is called by
one of ``split_names``, in any case and with the words that are often put beside it (``Train Set``, ``seg_train``).
``folder_splits`` says which folders are splits, ``folder_labels`` which one names the class.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from fashion_core.data.sources import confusable_names, folder_labels, folder_splits, photos
from fashion_core.data.sources.archives import ENDINGS, has_odd_characters
from fashion_core.data.sources.folder_labels import no_class
from fashion_core.data.sources.folder_walk import Walk, archives_under
from fashion_core.data.sources.listing import is_photo, listing
from fashion_core.data.sources.reader import Given, Option, Reader, Source
from fashion_core.data.sources.split_names import is_unlabelled, split_of
from fashion_core.data.sources.table_files import is_table
from fashion_core.errors import SourceError, WrongUse
from fashion_core.labels import agree, counted, listed

_JOIN_ALIKE = Option(
    name="join_alike",
    help="Make class folders whose names look alike (kurta men, kurta_men) one class.",
    title="Make classes whose names look alike one class",
    about="`kurta men` and `kurta_men` look the same to a reader. Unless this is ticked they are refused, so that you "
    "can rename the folders.",
)


def _depth(text: str) -> str:
    if text and not (text.isdecimal() and 1 <= int(text) <= 20):
        raise WrongUse(f"--label-depth counts folders from 1 to 20, got {text!r}")
    return text


_LABEL_DEPTH = Option(
    name="label_depth",
    help="Of class folders: which folder names the class, counted below the splits; 1 is the outermost.",
    title="Depth of the class folders",
    about="Of folders in folders: 2 where a folder of shoes lies in one of men. Empty: the outermost names the class, "
    "unless folders of the same names lie in several.",
    example="2",
    check=_depth,
    elsewhere="counts folders down to the class, and {source} has no class folders; leave it out",
)


class ClassFolders(Reader):
    """The reader of the commonest layout, and of whatever folder no other one recognises: it says what is amiss."""

    kinds = ("folders",)
    layout = "class folders (with or without train, val and test)"
    options = (_JOIN_ALIKE, _LABEL_DEPTH)

    def recognises(self, place: Path) -> bool:
        return place.is_dir()

    def read(self, given: Given) -> Source:
        found = read(given.place, given.choices[_JOIN_ALIKE], int(given.choices[_LABEL_DEPTH] or 0))
        note = _licence_note(given.place, found.base)
        return given.source(
            "folders",
            found.base,
            found.classes,
            found.rows,
            called="class folders",
            cure="rename one of them, or have classes that look alike joined (--join-alike)",
            note=note,
            warnings=found.warnings,
        )


def _licence_note(*folders: Path) -> str:
    names = sorted({path.name for folder in folders for path in folder.iterdir() if path.is_file()})
    licences = [name for name in names if name.lower().startswith(("licence", "license", "copying"))]
    return f"licence: see {', '.join(licences)} beside the photos" if licences else ""


@dataclass(frozen=True)
class _Found:
    """What lies in the folder. ``rows``: image_id, path, split ("" where there are no splits), label."""

    base: Path
    classes: list[str]
    rows: pd.DataFrame
    warnings: tuple[str, ...]


def read(root: Path, join_alike: bool = False, depth: int = 0) -> _Found:
    """Find the classes and their photos under ``root``; one wrapping folder, or several, are looked through. With
    ``join_alike`` classes whose names look alike are one class; ``depth``: which folder names the class, 0 where nobody
    said it."""
    base = _without_wrappers(root)
    tops, notes = _tops(root, base)
    walk = Walk(base)
    lots = [lot for split, top, names in tops for name in names for lot in walk.lots(top, name, split)]
    lots, without = folder_labels.waiting(lots, 1)
    if not any(split for split, _, _ in tops):
        lots = folder_splits.inside_classes(base, lots, notes)
    if depth > 1:
        lots, deeper = folder_labels.waiting(lots, depth)
        without += deeper
    if not lots:
        raise _no_photos(root, tops)
    if depth < 2:
        labels = {name for _, _, names in tops for name in names if not is_unlabelled(name)}
        _refuse_empty_classes(base, sorted(labels), {lot.folders[0] for lot in lots})
    labelled = folder_labels.at_depth(base, lots, depth, notes) if depth else folder_labels.outermost(base, lots, notes)
    if join_alike:
        called, joined = confusable_names.joined(Counter(label for _, _, label in labelled))
        labelled = [(path, split, called[label]) for path, split, label in labelled]
        notes += joined
    unlabelled, waits = folder_labels.no_label(without, max(depth, 1))
    rows = pd.DataFrame(labelled + unlabelled, columns=["image_id", "split", "label"])
    rows.insert(1, "path", rows["image_id"])
    return _Found(base, sorted({label for _, _, label in labelled}), rows, (*notes, *walk.left_out(), *waits))


def _no_photos(root: Path, tops: list[tuple[str, Path, list[str]]]) -> SourceError:
    if inside := archives_under(root):
        named = ", ".join(f"'{name}'" for name in inside[:3]) + (" ..." if len(inside) > 3 else "")
        what, them = ("the archive", "it") if len(inside) == 1 else ("archives", "them")
        return SourceError(
            f"folder '{root}' holds no photos but {what} {named}; unpack {them} and import what comes out."
        )
    if loose := [top.name for split, top, _ in tops if split and any(map(is_photo, listing(top)[1]))]:
        return SourceError(
            f"the photos in '{root}' lie directly in {listed([repr(name) for name in loose])}, which say the split but "
            "not the class; put those of each class into a folder with its name."
        )
    return SourceError(
        f"folder '{root}' holds no photos ({', '.join(photos.EXTENSIONS)}); give a folder with one folder a class."
    )


def holds_class_folders(root: Path) -> bool:
    """Whether there are classes by folders, two at least."""
    try:
        return len(read(root).classes) > 1
    except SourceError:
        return False


def _without_wrappers(root: Path) -> Path:
    """The folder below ``root`` at which there is something to choose: single folders around everything are skipped."""
    base = root
    for inner in wrapped(root):
        if split_of(inner.name) or not listing(inner)[0]:  # a split, or a class, is no wrapper
            break
        base = inner
    return base


def wrapped(root: Path) -> Iterator[Path]:
    """The folders inside ``root`` that stand alone, each in the one before it."""
    current = root
    for _ in range(8):
        folders, files = listing(current)
        if len(folders) != 1 or any(is_photo(name) for name in files):
            return
        current = current / folders[0]
        yield current


def _tops(root: Path, base: Path) -> tuple[list[tuple[str, Path, list[str]]], list[str]]:
    """(split or "", folder, the class folders in it and those of photos without a label), and remarks; ``root``: what
    was given, which may wrap ``base``."""
    folders, files = listing(base)
    notes = []
    if loose := sum(is_photo(name) for name in files):
        if not folders:
            raise SourceError(
                f"folder '{base}' holds {counted(loose, 'photo')} but no class folders; put the photos of each class "
                "into a folder with the name of the class."
            )
        notes.append(f"{counted(loose, 'photo')} beside the class folders {no_class(loose)}")
    if packed := [name for name in files if name.lower().endswith(ENDINGS)]:
        notes.append(
            f"archives beside the folders were left out, unpack them to have their photos: {', '.join(packed)}"
        )
    around = [root, *(root.joinpath(*parts) for parts in _starts(base.relative_to(root).parts))]
    beside = dict.fromkeys(name for folder in around for name in listing(folder, photos=False)[1])
    if tables := [name for name in beside if is_table(name) and not name.lower().endswith(".json")]:
        notes.append(
            f"{listed([repr(name) for name in tables])} beside the folders {agree(len(tables), 'was', 'were')} not "
            "read: classes are folders here; --label COLUMN takes them from a table"
        )
    waiting = [name for name in folders if is_unlabelled(name)]
    by_split = folder_splits.around_classes(base, [name for name in folders if name not in waiting])
    tops = [("", base, folders)]
    if by_split is not None:
        tops = [("", base, waiting)]
        if left_out := sorted(set(folders) - set(by_split.values()) - set(waiting)):
            notes.append(f"folders beside train, val and test were left out: {', '.join(left_out)}")
        for split, name in by_split.items():
            top = folder_splits.inside_repeated(base / name, split)
            classes, loose_files = listing(top)
            if loose := sum(map(is_photo, loose_files)):
                notes.append(f"{counted(loose, 'photo')} directly in '{name}' {no_class(loose)}")
            tops.append((split, top, classes))
    for name in (name for _, _, names in tops for name in names):
        if has_odd_characters(name):
            raise SourceError(f"class folder {name!r} has characters that cannot be shown or stored; rename it.")
    return tops, notes


def _starts(parts: tuple[str, ...]) -> list[tuple[str, ...]]:
    """("a",) and ("a", "b") of ("a", "b")."""
    return [parts[:num] for num in range(1, len(parts) + 1)]


def _refuse_empty_classes(base: Path, classes: list[str], with_photos: set[str]) -> None:
    if without := [label for label in classes if label not in with_photos]:
        named = ", ".join(f"'{label}'" for label in without)
        raise SourceError(f"class folder {named} in '{base}' holds no photos; add some or remove the folder.")
