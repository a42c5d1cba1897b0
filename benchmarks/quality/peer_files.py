"""The files of other programs, written by them from one hard set, and what we, they and datumaro make of them.

Called by ``peers``. A program that is not installed is skipped with a line that says so (pip install fiftyone
supervision label-studio-converter datumaro).
"""

import importlib.util
import logging
import tempfile
from collections.abc import Callable
from importlib import metadata
from pathlib import Path

import numpy as np

from benchmarks.quality.peer_formats import FORMATS, Format, Seen, draw, samples
from fashion_core.data import dry_run, importing
from fashion_core.data.sources import readers
from fashion_core.errors import FashionError


def by_datumaro(folder: Path, format: str) -> Seen:
    """What datumaro reads as ``format``, or else as what it takes the folder for."""
    import datumaro

    formats = [format] if format else datumaro.Environment().detect_dataset(str(folder))
    if len(formats) != 1:
        raise ValueError(f"takes it for {', '.join(formats) or 'nothing it knows'}")
    seen: Seen = []
    read = datumaro.Dataset.import_from(str(folder), formats[0])
    categories = read.categories().get(datumaro.AnnotationType.label)
    if categories is None:
        raise ValueError(f"takes it for {formats[0]}, without classes")
    names = [label.name for label in categories]
    for item in read:
        labels = [names[found.label] for found in item.annotations if found.type == datumaro.AnnotationType.label]
        if item.media is not None and item.media.data is not None:
            pixels = np.ascontiguousarray(item.media.data[:, :, 2::-1]).astype(np.uint8).tobytes()
            seen.append((labels[0] if len(labels) == 1 else labels or None, pixels))
    return seen


def right(seen: Seen, pixels: dict[str, bytes]) -> str:
    """How many photos, and of how many the label is the one that was written."""
    label_of = {pixels[sample.name]: sample.labels for sample in samples() if sample.there}
    names = {pixels[sample.name]: sample.name for sample in samples() if sample.there}
    wrong, num = [], 0
    for label, image in seen:
        labels = () if label in (None, "") else tuple(sorted(label)) if isinstance(label, list) else (str(label),)
        if labels == label_of.get(image):
            num += 1
        else:
            wrong.append(f"{names.get(image, '?')} as {label!r}")
    told = f"; wrong: {', '.join(wrong[:4])}{' ...' if len(wrong) > 4 else ''}" if wrong else ""
    return f"{len(seen)} photos, {num} right{told}"


def ours(folder: Path, data: Path, pixels: dict[str, bytes]) -> tuple[int, str]:
    """Rows in, and what became of them."""
    told = dry_run.look(folder, data_dir=data)
    made = importing.import_source(folder, data_dir=data, name="peer")
    rows = made.manifest().query("status in ['ok', 'unlabelled']").itertuples()
    seen = [(row.label, readers.open_photo_of(made.kind, made.root, row.path).tobytes()) for row in rows]
    unused = ", ".join(f"{num} {reason}" for reason, num in told["unused"].items()) or "none"
    said = f"{right(seen, pixels)}; {made.num_unlabelled} unlabelled; unused {unused}; {len(made.classes)} classes"
    parts = sum(told["splits"].values()) + told["unlabelled"] + sum(told["unused"].values())
    assert parts == told["rows"], (folder, told)
    return told["rows"], said


def _attempt(read: Callable[[Path], Seen] | None, folder: Path, pixels: dict[str, bytes]) -> str:
    if read is None:
        return ""
    try:
        return right(read(folder), pixels)
    except Exception as error:
        return f"{type(error).__name__}: {' '.join(str(error).split())[:110]}".replace(str(folder.parent), "")


def row(format: Format, here: Path, datumaro: bool) -> str:
    """A line of the table; ``here``: an empty folder. ``datumaro``: whether it is there."""
    pixels, folder = draw(here / "photos"), here / "set"
    folder.mkdir()
    refused = format.write(folder, here / "photos")
    try:
        rows, said = ours(folder, here / "data", pixels)
    except FashionError as error:
        rows, said = 0, f"refused: {error}".replace(str(here), "")
    own = _attempt(format.read, folder, pixels)
    theirs = _attempt(lambda at: by_datumaro(at, format.by_datumaro), folder, pixels) if datumaro else "not installed"
    return f"| {format.name} | {', '.join(refused) or 'nothing'} | {rows or ''} | {said} | {own} | {theirs} |"


def main() -> None:
    packages = {"datumaro", *(format.package for format in FORMATS if format.package)}
    has = {name: importlib.util.find_spec(name) is not None for name in sorted(packages)}
    versions = {name: metadata.version(name.replace("_", "-")) for name, there in has.items() if there}
    logging.disable(logging.WARNING)
    print("\n" + ", ".join(f"{name} {version}" for name, version in versions.items()) + "\n")
    print("| written as | it could not hold | rows | we | the program itself | datumaro |\n|---|---|---|---|---|---|")
    for format in FORMATS:
        if format.package and not has[format.package]:
            print(f"| {format.name} | skipped: {format.package} is not installed | | | | |")
            continue
        with tempfile.TemporaryDirectory() as temporary:
            print(row(format, Path(temporary), has["datumaro"]), flush=True)


if __name__ == "__main__":
    main()
