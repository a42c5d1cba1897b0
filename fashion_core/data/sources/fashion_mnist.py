"""Reads the four idx files of Fashion-MNIST, which it can fetch, or of another set in the same form, gzipped or not.

Takes a folder; gives labels and single pictures (or SourceError), and says whether they are Fashion-MNIST's: MNIST,
KMNIST and EMNIST come under the same names. Pictures are addressed as ``train-images-idx3-ubyte.gz#123``.
"""

import gzip
import hashlib
import re
import threading
import zlib
from collections.abc import Mapping
from contextlib import AbstractContextManager
from functools import lru_cache
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image

from fashion_core import labels
from fashion_core.data.sources import confusable_names, downloads
from fashion_core.data.sources.downloads import Download, RemoteFile
from fashion_core.data.sources.reader import Given, Option, Reader, Source
from fashion_core.errors import SourceError, WrongUse
from fashion_core.labels import counted

NAME = "fashion-mnist"

STEMS = {
    "train": ("train-images-idx3-ubyte", "train-labels-idx1-ubyte"),
    "test": ("t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"),
}
#: sha256 of the labels of Fashion-MNIST, without the file's header: no other set has its 70,000 in this order.
_LABEL_DIGESTS = {
    "train": "657fbd221bfc9f4198cc14b5619cc33ec57c58dd0e47af4d99d6650759e869a7",
    "test": "3d0e6c6ea990b53b6f8f500a41cac93881d981b315f84578b7d915342ade01e9",
}
SYSTEM_FOLDER = Path("/usr/share/datasets/fashion-mnist")
#: Where it is fetched from, and what: as torchvision.datasets.FashionMNIST says it.
ADDRESS = "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/"
FILES = tuple(
    RemoteFile(path=f"{stem}.gz", size=size, digest=f"md5:{md5}")
    for stem, size, md5 in (
        ("train-images-idx3-ubyte", 26_421_880, "8d4fb7e6c68d591d4c3dfef9ec88bf0d"),
        ("train-labels-idx1-ubyte", 29_515, "25c81989df183df01b3e8a0aad5dffbe"),
        ("t10k-images-idx3-ubyte", 4_422_102, "bef4ecab320f06d8554ea6380940ec79"),
        ("t10k-labels-idx1-ubyte", 5_148, "bb300cfdad3c16e7a12a480ee83cd310"),
    )
)
_HOW_TO_GET = (
    "install the Debian package dataset-fashion-mnist, or run "
    "torchvision.datasets.FashionMNIST('fashion', download=True) where there is a network and import the folder "
    "'fashion'"
)
_ADDRESS = re.compile(r"(.*idx3-ubyte(?:\.gz)?)#(\d{1,9})")
_IMAGES, _LABELS = 2051, 2049
_MOST_BYTES = 256 << 20
_lock = threading.Lock()


def _names_in(text: str) -> tuple[str, ...]:
    """Class names from ``zero, one, two``; NAME stands for the names of its garments."""
    if text.strip() == NAME:
        return labels.FASHION_MNIST
    return tuple(name.strip() for name in text.split(",")) if text.strip() else ()


def _checked(text: str) -> str:
    """The class names as ``zero,one,two``; WrongUse where they cannot be those of classes."""
    names = _names_in(text)
    for name in names:
        if not name or not name.isprintable():
            raise WrongUse(f"a class name has visible characters, got {name!r} in --class-names")
    for one, two in confusable_names.alike(names):
        raise WrongUse(f"--class-names has '{one}' and '{two}', which look alike; give them names that differ")
    if len(set(names)) < len(names):
        raise WrongUse("--class-names has a name twice; give every class its own")
    return ",".join(names)


_CLASS_NAMES = Option(
    name="class_names",
    help="What the numbers in idx files (MNIST and its kin) mean: zero,one,two; lowest first.",
    title="Class names of idx files",
    about="MNIST and its kin hold numbers for classes. Name them, the lowest number first, with commas between. "
    "Fashion-MNIST is known without this.",
    example="zero, one, two",
    check=_checked,
    elsewhere="names the numbers of idx files, and {source} has class names of its own; leave it out",
)

_DOWNLOAD = Option(
    name="download",
    help=f"Of {NAME}: fetch its four files (31 MB) where they are not on this machine.",
    title="Download Fashion-MNIST",
    about="Fetch its four files (31 MB) where they are not on this machine.",
    elsewhere=f"is for {NAME}, and {{source}} is here already; leave it out",
)


class IdxFiles(Reader):
    """The reader of the four idx files: pictures without files of their own, whose labels are numbers."""

    kinds = ("fashion-mnist", "idx")
    layout = "Fashion-MNIST's four files"
    names = (NAME,)
    options = (_CLASS_NAMES, _DOWNLOAD)
    in_files = False
    of_one_size = True

    def recognises(self, place: Path) -> bool:
        return _holds_any(place) or (_is_file_name(place.name) and place.is_file())

    def lies(self, name: str) -> Path:
        return SYSTEM_FOLDER.resolve()

    def read(self, given: Given) -> Source:
        if given.place.is_file():
            raise SourceError(
                f"'{given.place.name}' is one of the four files of Fashion-MNIST or its kin; give the folder that "
                "holds all four."
            )
        place = given.place if _holds_any(given.place) else _fetched(given)
        found = read(place)
        told = _names_in(given.choices[_CLASS_NAMES])
        known = not told and is_fashion({split: numbers for split, (_, numbers) in found.items()})
        names = _names_of_numbers(place, found, labels.FASHION_MNIST if known else told)
        rows = [
            (f"{split}-{number:05d}", f"{file}#{number}", split, names[own])
            for split, (file, numbers) in found.items()
            for number, own in enumerate(numbers.tolist())
        ]
        table = pd.DataFrame(rows, columns=["image_id", "path", "split", "label"])
        note = "Fashion-MNIST by Zalando Research, MIT licence" if known else ""
        return given.source("fashion-mnist" if known else "idx", place, list(names.values()), table, note=note)

    def photo_bytes(self, root: Path, path: str) -> bytes:
        return _picture(root, path).tobytes()

    def image(self, root: Path, path: str, data: bytes) -> Image.Image:
        return Image.fromarray(_picture(root, path)).convert("RGB")


def _fetched(given: Given) -> Path:
    """Where Fashion-MNIST's files lie once they were fetched; SourceError where nobody asked for that."""
    folder = given.downloads / NAME
    if given.choices[_DOWNLOAD]:
        files = Download(what="Fashion-MNIST", files=FILES, opened=_opened, otherwise=_HOW_TO_GET)
        files.into(folder, given.progress)
    if not folder.is_dir():
        raise SourceError(f"Fashion-MNIST is not in {SYSTEM_FOLDER}; fetch it with --download, or {_HOW_TO_GET}.")
    return folder


def _opened(file: RemoteFile, start: int) -> AbstractContextManager:
    return downloads.over_http(ADDRESS + file.path, start)


def _names_of_numbers(
    folder: Path, found: Mapping[str, tuple[str, np.ndarray]], names: tuple[str, ...]
) -> dict[int, str]:
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


def _holds_any(folder: Path) -> bool:
    """Whether at least one of the four files lies in the folder."""
    return any(_locate(folder, stem) for pair in STEMS.values() for stem in pair)


def _is_file_name(name: str) -> bool:
    """Whether a file is called like one of the four."""
    return any(name in (stem, f"{stem}.gz") for pair in STEMS.values() for stem in pair)


def read(folder: Path) -> dict[str, tuple[str, np.ndarray]]:
    """{"train" and "test": (name of the image file, label numbers)}; SourceError if a file is absent or damaged."""
    found = {}
    for split, (images_stem, labels_stem) in STEMS.items():
        images_file, labels_file = (_locate(folder, stem) for stem in (images_stem, labels_stem))
        if images_file is None or labels_file is None:
            absent = images_stem if images_file is None else labels_stem
            raise SourceError(f"'{folder}' lacks the file {absent}.gz of Fashion-MNIST's four; {_HOW_TO_GET}.")
        numbers = _idx(labels_file, _LABELS)
        images = pictures(images_file)
        if len(images) != len(numbers):
            raise SourceError(
                f"'{images_file}' holds {len(images):,} pictures and '{labels_file.name}' {len(numbers):,} labels; "
                f"get the files again: {_HOW_TO_GET}."
            )
        if len(numbers) == 0:
            raise SourceError(f"'{labels_file}' holds no labels; get it again: {_HOW_TO_GET}.")
        found[split] = (images_file.name, numbers)
    return found


def is_fashion(numbers_of: Mapping[str, np.ndarray]) -> bool:
    """Whether label numbers by split are those of Fashion-MNIST, so that the numbers mean its garments."""
    return all(
        hashlib.sha256(numbers_of[split].tobytes()).hexdigest() == told for split, told in _LABEL_DIGESTS.items()
    )


def _picture(root: Path, path: str) -> np.ndarray:
    """One picture, uint8 H x W, by its address."""
    match = _ADDRESS.fullmatch(path)
    assert match, f"{path!r} is no address in an idx file"
    images = pictures(root / match[1])
    number = int(match[2])
    if number >= len(images):
        raise SourceError(f"'{root / match[1]}' holds {len(images):,} pictures, there is no number {number:,}.")
    return images[number]


def pictures(file: Path) -> np.ndarray:
    """All pictures of a file, uint8 N x H x W, read-only; kept in memory until the file changes."""
    try:
        state = file.stat()
    except OSError as error:
        raise SourceError(f"'{file}' cannot be read ({error.strerror}); {_HOW_TO_GET}.") from error
    with _lock:  # two threads would otherwise both read the 47 MB
        return _pictures(file, state.st_mtime_ns, state.st_size)


@lru_cache(maxsize=2)
def _pictures(file: Path, changed_ns: int, size: int) -> np.ndarray:
    return _idx(file, _IMAGES)


def _locate(folder: Path, stem: str) -> Path | None:
    return next((path for path in (folder / f"{stem}.gz", folder / stem) if path.is_file()), None)


def _idx(file: Path, magic: int) -> np.ndarray:
    """Decode one idx file: big-endian magic number (type ubyte, number of dimensions), the sizes, the bytes."""
    try:
        with open(file, "rb") as raw:
            stream = gzip.open(raw) if file.suffix == ".gz" else raw
            data = stream.read(_MOST_BYTES + 1)
    except (OSError, EOFError, zlib.error) as error:
        reason = getattr(error, "strerror", None) or str(error) or "it ends too early"
        raise SourceError(f"'{file}' is damaged or cut off ({reason}); get it again: {_HOW_TO_GET}.") from error
    num_dimensions = magic & 0xFF
    header = np.frombuffer(data[: 4 + 4 * num_dimensions], dtype=">u4") if len(data) >= 4 + 4 * num_dimensions else None
    if header is None or header[0] != magic:
        raise SourceError(
            f"'{file}' is not an idx file (its first number is not {magic}); get it again: {_HOW_TO_GET}."
        )
    shape = tuple(int(size) for size in header[1:])
    body = np.frombuffer(data, dtype=np.uint8, offset=4 + 4 * num_dimensions)
    expected = int(np.prod([float(size) for size in shape]))
    if expected != len(body):
        raise SourceError(
            f"'{file}' should hold {expected:,} bytes and holds {len(body):,}; get it again: {_HOW_TO_GET}."
        )
    return body.reshape(shape)
