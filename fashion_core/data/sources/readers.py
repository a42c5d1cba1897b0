"""Opens whatever a person may call a set of labelled photos. Nothing to the right of this module knows a layout.

Takes a folder, an archive, ``fashion-mnist`` or a drawn set (DRAWN); gives a Source (see layout.py) with one row a
photo, and opens the single photos of a source by their address. An archive is unpacked, and a drawn set drawn, under
``work_dir``; a folder is used where it lies. Does not know where datasets are kept.
"""

import hashlib
import json
import shlex
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from PIL import Image

from fashion_core import labels
from fashion_core.data.sources import (
    archive_entries,
    archives,
    class_folders,
    drawn,
    fashion_mnist,
    indofashion,
    layout,
    photos,
)
from fashion_core.data.sources.layout import UNDECIDED, Choices, Source
from fashion_core.errors import SourceError
from fashion_core.labels import agree, counted

Progress = Callable[[str, int, int], None]
DEMO = "demo"
PLACES = "drawn-places"
DRAWN = (DEMO, PLACES)
FASHION_MNIST = "fashion-mnist"
_OTHER_ARCHIVES = (b"7z\xbc\xaf\x27\x1c", b"Rar!", b"\x28\xb5\x2f\xfd")


def open_source(
    source: str | Path,
    *,
    work_dir: Path,
    seed: int = 0,
    progress: Progress | None = None,
    choices: Choices = UNDECIDED,
) -> Source:
    """Read the listing of a source; SourceError with one sentence when it cannot be used."""
    if str(source) in DRAWN:
        return _open_drawn(str(source), work_dir, seed, progress)
    if not str(source).strip() or archives.has_odd_characters(str(source)):
        raise SourceError(f"{str(source)!r} is no path that can be stored; give a folder, an archive, or {DEMO}.")
    path = Path(source).expanduser()
    bring = shlex.join(["python", "-m", "fashion_core", "import", str(path.resolve()), *choices.flags()])
    if str(source) == FASHION_MNIST and not path.is_dir():
        path = fashion_mnist.SYSTEM_FOLDER
        bring = shlex.join(["python", "-m", "fashion_core", "import", FASHION_MNIST, *choices.flags()])
        if not fashion_mnist.holds_any(path):
            raise SourceError(f"Fashion-MNIST is not in {path}; {fashion_mnist.HOW_TO_GET}.")
    if path.is_dir():
        return _open_folder(path.resolve(), name_of(source), seed, bring, choices)
    if not path.exists():
        raise SourceError(f"there is no file or folder '{source}'; check the path, or import {DEMO} to try the lab.")
    if not path.is_file():
        raise SourceError(f"'{source}' is neither a folder nor a file; give a folder or a .zip or .tar archive.")
    _refuse_other_files(path)
    folder = work_dir / "photos"
    archives.unpack(path, folder, progress)
    try:
        return _open_folder(folder, name_of(source), seed, bring, choices)
    except SourceError as error:  # say it of the archive that the person gave, not of our folder
        told = str(error).replace(f"folder '{folder}", f"archive '{path}").replace(str(folder), str(path))
        raise SourceError(told) from error


def name_of(source: str | Path) -> str:
    """The name that a source gives its dataset when the person gives none."""
    name = Path(source).expanduser().resolve().name if str(source) not in (*DRAWN, FASHION_MNIST) else str(source)
    ending = next((ending for ending in archives.ENDINGS if name.lower().endswith(ending)), "")
    return name[: len(name) - len(ending)]


def known_fingerprint(source: str | Path, seed: int = 0) -> str | None:
    """The fingerprint of a source that can be told without making it (DRAWN), else None."""
    return fingerprint_of(_drawn_parts(_plan(str(source), seed), seed)) if str(source) in DRAWN else None


def fingerprint_of(parts: Any) -> str:
    """16 hex digits over nested lists, dicts and strings."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:16]


def open_photo_of(root: Path, path: str) -> Image.Image:
    """One photo of a source as an RGB image: a file under ``root``, or ``train-images-idx3-ubyte.gz#123``."""
    if address := fashion_mnist.split_address(path):
        return Image.fromarray(fashion_mnist.picture(root, address)).convert("RGB")
    return photos.open_photo(root / path)


def decode(root: Path, path: str, data: bytes) -> Image.Image:
    """The RGB image of the bytes that ``photo_bytes_of`` gave; the reason of a PhotoError then names no path."""
    return open_photo_of(root, path) if is_idx(path) else photos.open_photo(data)


def photo_bytes_of(root: Path, path: str) -> bytes:
    """The bytes that a photo's sha256 is taken over: its file, or the 784 bytes of an idx picture."""
    if address := fashion_mnist.split_address(path):
        return fashion_mnist.picture(root, address).tobytes()
    return photos.read_photo(root / path)


def is_idx(path: str) -> bool:
    """Whether an address names a picture inside an idx file, so that no photo file of its own exists."""
    return fashion_mnist.split_address(path) is not None


def _refuse_other_files(path: Path) -> None:
    try:
        with open(path, "rb") as file:
            start = file.read(16)
        kind = archive_entries.kind_of(path)
    except OSError as error:
        raise SourceError(f"'{path}' cannot be read ({error.strerror}); check its permissions.") from error
    if not start:
        raise SourceError(f"file '{path}' is empty; get the archive again.")
    if fashion_mnist.is_file_name(path.name):
        raise SourceError(
            f"'{path.name}' is one of the four files of Fashion-MNIST or its kin; give the folder that holds all four."
        )
    if kind is None:
        what = "an archive of another kind" if start.startswith(_OTHER_ARCHIVES) else "neither a folder nor an archive"
        if start.startswith(b"MZ"):
            what = "a program, perhaps an archive that unpacks itself: unpack it and import what comes out"
        raise SourceError(f"'{path}' is {what}; give a folder, or a .zip or .tar archive (.gz, .bz2, .xz).")


def _open_folder(root: Path, name: str, seed: int, bring: str, choices: Choices) -> Source:
    for folder in (root, *class_folders.wrapped(root)):
        if fashion_mnist.holds_any(folder):
            return _open_idx(folder, name, seed, bring, choices.class_names)
        if indofashion.find(folder):
            _refuse_names(root, choices)
            return _open_indofashion(folder, name, seed, bring)
    _refuse_names(root, choices)
    found = class_folders.read(root, choices.join_alike)
    rows, rule = layout.with_missing_splits(found.rows, seed)
    return Source(
        kind="folders",
        suggested_name=name,
        root=found.base,
        classes=found.classes,
        groups=_groups(found.classes),
        rows=layout.in_order(rows.assign(missing=False, reason=""), found.classes),
        note=_licence_note(root, found.base),
        split_rule=rule,
        bring=bring,
        warnings=found.warnings,
    )


def _licence_note(*folders: Path) -> str:
    names = sorted({path.name for folder in folders for path in folder.iterdir() if path.is_file()})
    found = [name for name in names if name.lower().startswith(("licence", "license", "copying"))]
    return f"licence: see {', '.join(found)} beside the photos" if found else ""


def _open_indofashion(root: Path, name: str, seed: int, bring: str) -> Source:
    found = indofashion.read(root)
    rows, rule = layout.with_missing_splits(found.rows, seed)
    there = set(rows["label"])
    classes = [label for label in labels.INDOFASHION if label in there]
    notes = [*found.warnings, *([f"splits: {rule}"] if rule != "as given" else [])]
    if absent := [label for label in labels.INDOFASHION if label not in there]:
        have = agree(len(absent), "class of IndoFashion's 15 has", "classes of IndoFashion's 15 have")
        notes.append(f"{len(absent)} {have} no rows here: {', '.join(absent)}")
    return Source(
        kind="indofashion",
        suggested_name=name,
        root=root,
        classes=classes,
        groups=_groups(classes),
        rows=layout.in_order(rows, classes),
        note="IndoFashion: photos and texts belong to the shops that published them",
        split_rule=rule,
        bring=bring,
        warnings=tuple(notes),
    )


def _refuse_names(root: Path, choices: Choices) -> None:
    if choices.class_names:
        raise SourceError(
            f"--class-names names the numbers of idx files, and folder '{root}' has class names of its own; leave it "
            "out."
        )


def _open_idx(folder: Path, name: str, seed: int, bring: str, class_names: tuple[str, ...]) -> Source:
    found = fashion_mnist.read(folder)
    known = not class_names and fashion_mnist.is_fashion({split: numbers for split, (_, numbers) in found.items()})
    names = _names_of_numbers(folder, found, labels.FASHION_MNIST if known else class_names)
    frames = []
    for split, (file, numbers) in found.items():
        frames.append(
            pd.DataFrame(
                {
                    "image_id": [f"{split}-{number:05d}" for number in range(len(numbers))],
                    "path": [f"{file}#{number}" for number in range(len(numbers))],
                    "split": split,
                    "label": [names[number] for number in numbers.tolist()],
                }
            )
        )
    rows, rule = layout.with_missing_splits(pd.concat(frames, ignore_index=True), seed)
    classes = list(names.values())
    return Source(
        kind="fashion-mnist" if known else "idx",
        suggested_name=name,
        root=folder,
        classes=classes,
        rows=layout.in_order(rows.assign(missing=False, reason=""), classes),
        note="Fashion-MNIST by Zalando Research, MIT licence" if known else "",
        split_rule=rule,
        bring=bring,
    )


def _names_of_numbers(folder: Path, found: dict[str, tuple[str, np.ndarray]], names: tuple[str, ...]) -> dict[int, str]:
    """The class name of every number that occurs; SourceError says how to give them where nothing does."""
    numbers = np.unique(np.concatenate([own for _, own in found.values()])).tolist()
    if len(names) == len(numbers):
        return dict(zip(numbers, names, strict=True))
    which = f"{len(numbers)} different numbers, {numbers[0]} to {numbers[-1]}"
    if names:
        raise SourceError(
            f"the labels in '{folder}' are {which}, and --class-names gives {counted(len(names), 'name')}; give one "
            "for each number, the lowest first."
        )
    raise SourceError(
        f"the idx files in '{folder}' are not Fashion-MNIST's, so nothing says what their labels mean ({which}); name "
        "the classes, the lowest number first: --class-names zero,one,two (or --class-names fashion-mnist, if they are "
        "a part of it)."
    )


def _plan(name: str, seed: int) -> pd.DataFrame:
    return drawn.plan(seed=seed) if name == DEMO else drawn.plan_places()


def _open_drawn(name: str, work_dir: Path, seed: int, progress: Progress | None) -> Source:
    plan = _plan(name, seed)
    root = work_dir / "photos"
    drawn.write(root, plan, seed=seed, progress=partial(progress, "drawing") if progress else None)
    classes = [label for label in labels.INDOFASHION if label in set(plan["label"])]
    return Source(
        kind=DEMO,
        suggested_name=name,
        root=root,
        classes=classes,
        groups=_groups(classes),
        rows=layout.in_order(plan.assign(missing=False, reason=""), classes),
        synthetic=True,
        note=f"drawn by this program (drawing {drawn.VERSION}, seed {seed}), not photographed",
        bring=f"python -m fashion_core import {name}",
        fingerprint_extra=_drawn_parts(plan, seed),
    )


def _drawn_parts(plan: pd.DataFrame, seed: int) -> dict[str, Any]:
    own = [plan[name] for name in ("garment", "place") if name in plan]
    rows = sorted(zip(plan["image_id"], plan["split"], plan["label"], *own, strict=True))
    return {"drawing": drawn.VERSION, "seed": seed, "rows": rows}


def _groups(classes: list[str]) -> dict[str, tuple[str, ...]]:
    """The IndoFashion groups where the classes are IndoFashion's, else none."""
    if not set(classes) <= set(labels.INDOFASHION):
        return {}
    found = {group: tuple(label for label in names if label in classes) for group, names in labels.GROUPS.items()}
    return {group: names for group, names in found.items() if names}
