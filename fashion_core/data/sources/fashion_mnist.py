"""Reads the four idx files of Fashion-MNIST, or of another set in the same form, gzipped or not.

Takes a folder; gives labels and single pictures (or SourceError), and says whether they are Fashion-MNIST's: MNIST,
KMNIST and EMNIST come under the same names. Pictures are addressed as ``train-images-idx3-ubyte.gz#123``. Knows nothing
of splits.
"""

import gzip
import hashlib
import re
import threading
import zlib
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

import numpy as np

from fashion_core.errors import SourceError

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
HOW_TO_GET = (
    "install the Debian package dataset-fashion-mnist, or run "
    "torchvision.datasets.FashionMNIST('fashion', download=True) where there is a network and import the folder "
    "'fashion'"
)
_ADDRESS = re.compile(r"(.*idx3-ubyte(?:\.gz)?)#(\d{1,9})")
_IMAGES, _LABELS = 2051, 2049
_MOST_BYTES = 256 << 20
_lock = threading.Lock()


def holds_any(folder: Path) -> bool:
    """Whether at least one of the four files lies in the folder."""
    return any(_locate(folder, stem) for pair in STEMS.values() for stem in pair)


def is_file_name(name: str) -> bool:
    """Whether a file is called like one of the four."""
    return any(name in (stem, f"{stem}.gz") for pair in STEMS.values() for stem in pair)


def read(folder: Path) -> dict[str, tuple[str, np.ndarray]]:
    """{"train" and "test": (name of the image file, label numbers)}; SourceError if a file is absent or damaged."""
    found = {}
    for split, (images_stem, labels_stem) in STEMS.items():
        images_file, labels_file = (_locate(folder, stem) for stem in (images_stem, labels_stem))
        if images_file is None or labels_file is None:
            absent = images_stem if images_file is None else labels_stem
            raise SourceError(f"'{folder}' lacks the file {absent}.gz of Fashion-MNIST's four; {HOW_TO_GET}.")
        numbers = _idx(labels_file, _LABELS)
        images = pictures(images_file)
        if len(images) != len(numbers):
            raise SourceError(
                f"'{images_file}' holds {len(images):,} pictures and '{labels_file.name}' {len(numbers):,} labels; "
                f"get the files again: {HOW_TO_GET}."
            )
        if len(numbers) == 0:
            raise SourceError(f"'{labels_file}' holds no labels; get it again: {HOW_TO_GET}.")
        found[split] = (images_file.name, numbers)
    return found


def is_fashion(numbers_of: Mapping[str, np.ndarray]) -> bool:
    """Whether label numbers by split are those of Fashion-MNIST, so that the numbers mean its garments."""
    return all(
        hashlib.sha256(numbers_of[split].tobytes()).hexdigest() == told for split, told in _LABEL_DIGESTS.items()
    )


def split_address(path: str) -> tuple[str, int] | None:
    """("train-images-idx3-ubyte.gz", 123) for such an address, None for the path of an ordinary photo."""
    match = _ADDRESS.fullmatch(path)
    return (match[1], int(match[2])) if match else None


def picture(root: Path, address: tuple[str, int]) -> np.ndarray:
    """One picture, uint8 H x W."""
    images = pictures(root / address[0])
    if address[1] >= len(images):
        raise SourceError(f"'{root / address[0]}' holds {len(images):,} pictures, there is no number {address[1]:,}.")
    return images[address[1]]


def pictures(file: Path) -> np.ndarray:
    """All pictures of a file, uint8 N x H x W, read-only; kept in memory until the file changes."""
    try:
        state = file.stat()
    except OSError as error:
        raise SourceError(f"'{file}' cannot be read ({error.strerror}); {HOW_TO_GET}.") from error
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
        raise SourceError(f"'{file}' is damaged or cut off ({reason}); get it again: {HOW_TO_GET}.") from error
    num_dimensions = magic & 0xFF
    header = np.frombuffer(data[: 4 + 4 * num_dimensions], dtype=">u4") if len(data) >= 4 + 4 * num_dimensions else None
    if header is None or header[0] != magic:
        raise SourceError(f"'{file}' is not an idx file (its first number is not {magic}); get it again: {HOW_TO_GET}.")
    shape = tuple(int(size) for size in header[1:])
    body = np.frombuffer(data, dtype=np.uint8, offset=4 + 4 * num_dimensions)
    expected = int(np.prod([float(size) for size in shape]))
    if expected != len(body):
        raise SourceError(
            f"'{file}' should hold {expected:,} bytes and holds {len(body):,}; get it again: {HOW_TO_GET}."
        )
    return body.reshape(shape)
