"""Reads class folders, with or without split folders around them.

Takes a folder; gives classes and rows (or SourceError). Opens no photo and writes nothing. Knows only this layout:
``[wrapper/][split/]class/[deeper/]photo.jpg``, or split folders inside every class folder; a split folder is called by
one of ``split_names``, in any case and with the words that are often put beside it (``Train Set``, ``seg_train``).
"""

import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from fashion_core.data.sources import confusable_names, photos
from fashion_core.data.sources.archives import ENDINGS, has_odd_characters, is_junk
from fashion_core.data.sources.listing import is_photo, listing
from fashion_core.data.sources.reader import Given, Option, Reader, Source
from fashion_core.data.sources.split_names import hints_of, split_of, words_of
from fashion_core.data.sources.table_files import is_table
from fashion_core.errors import SourceError, WrongUse
from fashion_core.labels import agree, counted, listed

#: Folders that say of themselves that their photos have no label: never a class.
_NO_LABEL = {"unlabeled", "unlabelled"}
#: Pictures in formats that are not read: worth a word, unlike a README.
_OTHER_PICTURES = {".tif", ".tiff", ".heic", ".heif", ".avif", ".svg", ".jp2", ".jxl", ".psd", ".raw", ".ico", ".tga"}

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
    about="Of folders in folders: 2 where a folder of shoes lies in one of men. Empty: the outermost names the class.",
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
        found = read(given.place, given.choices[_JOIN_ALIKE], int(given.choices[_LABEL_DEPTH] or 1))
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


def read(root: Path, join_alike: bool = False, depth: int = 1) -> _Found:
    """Find the classes and their photos under ``root``; one wrapping folder, or several, are looked through. With
    ``join_alike`` classes whose names look alike are one class; ``depth``: which folder names the class."""
    base = _without_wrappers(root)
    groups, waiting, notes = _class_folders(base)
    found: list[tuple[str, str, str]] = []
    other: Counter[str] = Counter()
    odd: list[str] = []
    for _, label, _ in groups:
        if has_odd_characters(label):
            raise SourceError(f"class folder {label!r} has characters that cannot be shown or stored; rename it.")
    for split, label, folder in groups:
        found += [(path, split, label) for path in _photos_under(folder, base, other, odd)]
    if depth > 1:
        found = _at_depth(found, {split: folder.parent for split, _, folder in groups}, base, depth, notes)
    if not found and (inside := _archives_under(root)):
        named = ", ".join(f"'{name}'" for name in inside[:3]) + (" ..." if len(inside) > 3 else "")
        what, them = ("the archive", "it") if len(inside) == 1 else ("archives", "them")
        raise SourceError(
            f"folder '{root}' holds no photos but {what} {named}; unpack {them} and import what comes out."
        )
    if not found:
        raise SourceError(
            f"folder '{root}' holds no photos ({', '.join(photos.EXTENSIONS)}); give a folder with one folder a class."
        )
    photos_of = Counter(label for _, _, label in found)
    if depth == 1:
        _refuse_empty_classes(base, sorted({label for _, label, _ in groups}), set(photos_of))
    if join_alike:
        called, told = confusable_names.joined(photos_of)
        found = [(path, split, called[label]) for path, split, label in found]
        notes += told
    classes = sorted({label for _, _, label in found})
    if other:
        listed = ", ".join(f"{count} {suffix}" for suffix, count in sorted(other.items()))
        notes.append(f"files in formats that are not read were left out: {listed}")
    if odd := [path for path in odd if is_photo(path)]:
        named = ", ".join(map(repr, odd[:3])) + (" ..." if len(odd) > 3 else "")
        notes.append(
            f"{counted(len(odd), 'photo')} {agree(len(odd), 'was', 'were')} left out for a name with characters that "
            f"cannot be shown or stored: {named}"
        )
    unlabelled = [(path, "", "") for folder in waiting for path in _photos_under(folder, base, other, odd)]
    if num := len(unlabelled):
        named = ", ".join(dict.fromkeys(folder.name for folder in waiting))
        waits = f"{agree(num, 'has', 'have')} no label and {agree(num, 'waits', 'wait')} for one"
        notes.append(f"{counted(num, 'photo')} in {named} {waits}")
    rows = pd.DataFrame(found + unlabelled, columns=["image_id", "split", "label"])
    rows.insert(1, "path", rows["image_id"])
    return _Found(base, classes, rows, tuple(notes))


def _at_depth(
    found: list[tuple[str, str, str]], tops: dict[str, Path], base: Path, depth: int, notes: list[str]
) -> list[tuple[str, str, str]]:
    """The same photos under the names of their folders ``depth`` below that of their split (``tops``)."""
    labelled, shallow = [], 0
    for path, split, _ in found:
        folders = (base / path).relative_to(tops[split]).parts[:-1]
        if len(folders) < depth:
            shallow += 1
        else:
            labelled.append((path, split, folders[depth - 1]))
    if not labelled:
        deepest = max((len((base / path).relative_to(tops[split]).parts) - 1 for path, split, _ in found), default=0)
        raise SourceError(
            f"no photo in '{base}' lies {depth} folders deep (--label-depth {depth}); the deepest lies {deepest} deep."
        )
    if shallow:
        notes.append(f"{counted(shallow, 'photo')} less than {depth} folders deep {_no_class(shallow)}")
    return labelled


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


def _class_folders(base: Path) -> tuple[list[tuple[str, str, Path]], list[Path], list[str]]:
    """(split or "", class, folder) for every class folder, the folders of photos without a label, and remarks."""
    folders, files = listing(base)
    notes = []
    if loose := sum(is_photo(name) for name in files):
        if not folders:
            raise SourceError(
                f"folder '{base}' holds {counted(loose, 'photo')} but no class folders; put the photos of each class "
                "into a folder with the name of the class."
            )
        notes.append(f"{counted(loose, 'photo')} beside the class folders {_no_class(loose)}")
    if packed := [name for name in files if name.lower().endswith(ENDINGS)]:
        notes.append(
            f"archives beside the folders were left out, unpack them to have their photos: {', '.join(packed)}"
        )
    if tables := [name for name in files if is_table(name) and not name.lower().endswith(".json")]:
        notes.append(
            f"{listed([repr(name) for name in tables])} beside the folders {agree(len(tables), 'was', 'were')} not "
            "read: classes are folders here; --label COLUMN takes them from a table"
        )
    waiting = [base / name for name in folders if _is_unlabelled(name)]
    folders = [name for name in folders if not _is_unlabelled(name)]
    by_split = _split_folders(base, folders)
    if by_split is None:
        return _split_inside_classes(base, folders, notes), waiting, notes
    if left_out := sorted(set(folders) - set(by_split.values())):
        notes.append(f"folders beside train, val and test were left out: {', '.join(left_out)}")
    groups = []
    for split, name in by_split.items():
        top = _inside_repeated(base / name, split)
        classes, loose_files = listing(top)
        if loose := sum(is_photo(file) for file in loose_files):
            notes.append(f"{counted(loose, 'photo')} directly in '{name}' {_no_class(loose)}")
        groups += [(split, label, top / label) for label in classes if not _is_unlabelled(label)]
        waiting += [top / name for name in classes if _is_unlabelled(name)]
    return groups, waiting, notes


def _is_unlabelled(folder: str) -> bool:
    return bool(set(words_of(folder)) & _NO_LABEL)


def _split_folders(base: Path, folders: list[str]) -> dict[str, str] | None:
    """{split: folder} where the folders are splits, None where they are classes; SourceError where both could be."""
    by_split: dict[str, str] = {}
    for name in folders:
        split = split_of(name)
        if split is None:
            continue
        if split in by_split:
            raise SourceError(
                f"folder '{base}' holds both '{by_split[split]}' and '{name}', which mean the same; keep one."
            )
        by_split[split] = name
    others = [name for name in folders if name not in by_split.values()]
    hinted = [hints_of(name) for name in folders]
    # training shoes and training tops are classes; old_train beside old_test, or fold 1 beside fold 2, are splits
    unclear = bool(by_split and others) and any(map(hints_of, others))
    unclear |= not by_split and len(folders) > 1 and all(hinted) and len(set[str]().union(*hinted)) > 1
    unclear |= len(folders) > 1 and all(set(words_of(name)) == {"fold"} for name in folders)
    if unclear:
        seen = ", ".join(f"'{name}'" for name in folders[:6]) + (" ..." if len(folders) > 6 else "")
        raise SourceError(
            f"folder '{base}' holds {seen}: some look like splits, but not what each of them is; name the splits "
            "train, val and test."
        )
    if not by_split or not others:
        return by_split or None
    if len(by_split) == 1 and not all(listing(base / name)[0] for name in by_split.values()):
        return None  # photos lie directly in it, as in the classes beside it
    if "train" in by_split:
        return by_split
    split, name = next(iter(by_split.items()))
    raise SourceError(
        f"folder '{base}' holds '{name}', which means {split}, beside '{others[0]}', which is no split; name the "
        "splits train, val and test, or rename the class."
    )


def _inside_repeated(folder: Path, split: str) -> Path:
    """``training_set/training_set``: the same split once more inside itself, as some archives have it."""
    for _ in range(4):
        inner, files = listing(folder)
        if len(inner) != 1 or split_of(inner[0]) != split or any(map(is_photo, files)):
            break
        folder = folder / inner[0]
    return folder


def _split_inside_classes(base: Path, classes: list[str], notes: list[str]) -> list[tuple[str, str, Path]]:
    """The groups of class folders, with the given splits where every class holds split folders and nothing else."""
    inside = {label: listing(base / label) for label in classes}
    split_within = {label: [name for name in inner if split_of(name)] for label, (inner, _) in inside.items()}
    everywhere = bool(classes) and all(split_within.values())
    if not everywhere and not any(len({split_of(name) for name in names}) > 1 for names in split_within.values()):
        return [("", label, base / label) for label in classes]  # 'training' below 'shoes' is a kind of shoe
    groups = []
    for label, (inner, files) in inside.items():
        loose = sum(map(is_photo, files))
        if not split_within[label] or len(split_within[label]) < len(inner) or loose:
            has = ", ".join(f"'{name}'" for name in inner[:6]) or "no folders"
            raise SourceError(
                f"some classes in '{base}' hold split folders, but '{label}' holds {has} and {counted(loose, 'photo')} "
                "beside them; give every class the same splits, or none."
            )
        groups += [(split_of(name) or "", label, base / label / name) for name in inner]
    notes.append("the splits inside the class folders were kept as given")
    return groups


def _photos_under(folder: Path, base: Path, other: Counter[str], odd: list[str]) -> list[str]:
    """Paths of the photos, relative to ``base``. Links are followed, but no folder is entered twice."""
    found, waiting, seen = [], [folder], set()
    while waiting:
        current = waiting.pop()
        real = os.path.realpath(current)
        if real in seen:
            continue
        seen.add(real)
        folders, files = listing(current)
        waiting += [current / name for name in folders]
        for name in files:
            path = (current / name).relative_to(base).as_posix()
            if has_odd_characters(path):
                odd.append(path)
            elif is_photo(name):
                found.append(path)
            elif (suffix := Path(name).suffix.lower()) in _OTHER_PICTURES:
                other[suffix] += 1
    return sorted(found)


def _archives_under(root: Path) -> list[str]:
    """Archives anywhere under ``root``, as some downloads hold one for each split."""
    found = [Path(folder, name) for folder, _, names in os.walk(root) for name in names]
    paths = [path.relative_to(root).as_posix() for path in found if path.name.lower().endswith(ENDINGS)]
    return sorted(path for path in paths if not is_junk(path) and not has_odd_characters(path))


def _refuse_empty_classes(base: Path, classes: list[str], with_photos: set[str]) -> None:
    if without := [label for label in classes if label not in with_photos]:
        named = ", ".join(f"'{label}'" for label in without)
        raise SourceError(f"class folder {named} in '{base}' holds no photos; add some or remove the folder.")


def _no_class(num: int) -> str:
    return f"{agree(num, 'belongs', 'belong')} to no class and {agree(num, 'was', 'were')} left out"
