"""Imported datasets: what dataset.json says, where their parts lie, and how far an import has come.

Takes the data folder; gives Dataset records. Knows nothing of layouts or of decoding.
"""

import dataclasses
import hashlib
import shlex
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from fashion_core import labels, storage
from fashion_core.data.sources import readers
from fashion_core.errors import DatasetError, FashionError

FORMAT = 1
INCOMING = ".incoming"
DOWNLOADS = ".downloads"  # what was fetched from other machines; datasets read it there
MAPS = ".maps"  # what a person wrote on a page of what the classes become, one table a dataset


@dataclass(frozen=True, kw_only=True)
class Dataset:
    """One imported dataset. ``root`` is where its photos lie: the user's folder, or our own unpacked copy.

    ``splits`` and ``num_images`` count readable photos; the others stay in the manifest with their reason. An entry of
    ``made`` has operation, parent (its name), parent_fingerprint, and what the operation was asked.
    """

    id: str
    folder: Path
    name: str
    kind: str
    root: Path
    classes: tuple[str, ...]
    groups: dict[str, tuple[str, ...]]
    synthetic: bool
    note: str
    split_rule: str
    bring: str
    fingerprint: str
    splits: dict[str, int]
    num_images: int
    num_damaged: int
    num_missing: int
    first_pixels: tuple[int, int]  # width, height of the pixel cache that the import itself made
    warnings: tuple[str, ...] = field(default=())
    made: tuple[dict[str, Any], ...] = field(default=())  # how it came from another dataset, a step an entry
    num_unlabelled: int = 0  # readable photos that wait for a label
    together: str = ""  # the column that a person named as what belongs together (--group)

    @property
    def manifest_path(self) -> Path:
        return self.folder / "manifest.parquet"

    def manifest(self, columns: list[str] | None = None) -> pd.DataFrame:
        """image_id path split label width height bytes sha256 phash status reason + the source's columns.

        status is ok, damaged, missing, excluded, or unlabelled (readable; label and split are ""); row i belongs to row
        i of every pixel cache.
        """
        try:
            return storage.read_parquet(self.manifest_path, columns)
        except (OSError, ValueError) as error:
            raise DatasetError(
                f"the manifest of dataset '{self.name}' cannot be read; remove the folder '{self.folder}' and run: "
                f"{self.bring}"
            ) from error


TOO_LARGE = "too large"
UNLABELLED = "unlabelled"
#: Of photos that were opened and whose pixels are there.
READABLE = ("ok", UNLABELLED)
UNUSED = "unused.csv"
#: What became of which class, where a person had them renamed, joined or left out.
CLASS_MAP = "classes.csv"


def waiting(dataset: Dataset) -> list[str]:
    """What is to be said of photos that wait for a label; nothing where none does."""
    num = dataset.num_unlabelled
    if not num:
        return []
    return [f"{labels.counted(num, 'photo')} without a label {labels.agree(num, 'takes', 'take')} no part in training"]


def unusable(manifest: pd.DataFrame) -> pd.DataFrame:
    """The photos that cannot be used, or were left out, with their ``state``; not those that wait for a label."""
    left = manifest[~manifest["status"].isin(READABLE)]
    return left.assign(state=states)


def states(manifest: pd.DataFrame) -> pd.Series:
    """``status`` as people are told it: a photo with more pixels or bytes than are opened is kept as damaged, with a
    reason that says so, and is TOO_LARGE."""
    large = (manifest["status"] == "damaged") & manifest["reason"].str.startswith(TOO_LARGE)
    return manifest["status"].mask(large, TOO_LARGE)


def num_unread(dataset: Dataset) -> dict[str, int]:
    """How many photos are damaged, too large and missing."""
    large = int((states(dataset.manifest(["status", "reason"])) == TOO_LARGE).sum()) if dataset.num_damaged else 0
    return {"damaged": dataset.num_damaged - large, TOO_LARGE: large, "missing": dataset.num_missing}


def write(folder: Path, dataset: Dataset) -> None:
    """Write dataset.json. A root inside the dataset's own folder is written relative, so that data/ can be moved."""
    record: dict[str, Any] = {"format": FORMAT} | dataclasses.asdict(dataset)
    del record["folder"]
    for name in ("num_unlabelled", "together"):  # as it was written before there could be any
        if not record[name]:
            del record[name]
    inside = dataset.root.is_relative_to(dataset.folder)
    record["root"] = dataset.root.relative_to(dataset.folder).as_posix() if inside else str(dataset.root)
    storage.write_json(folder / "dataset.json", record)


def load(folder: Path) -> Dataset:
    """Read one dataset's folder; DatasetError when its dataset.json is absent or of another format."""
    try:
        record = storage.read_json(folder / "dataset.json")
        if record.pop("format") != FORMAT:
            raise DatasetError(
                f"dataset '{folder.name}' was written by another version; remove '{folder}' and import it again."
            )
        record["root"] = folder / record["root"]  # an absolute root stays what it is
        record["classes"] = tuple(record["classes"])
        record["groups"] = {group: tuple(names) for group, names in record["groups"].items()}
        record["first_pixels"] = tuple(record["first_pixels"])
        record["warnings"] = tuple(record["warnings"])
        record["made"] = tuple(dict(step) for step in record.get("made", ()))  # absent before 2026-11-24
        return Dataset(folder=folder, **record)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise DatasetError(
            f"dataset '{folder.name}' cannot be read ({type(error).__name__} in dataset.json); remove the folder "
            f"'{folder}' and import it again."
        ) from error


def read_photo(dataset: Dataset, path: str, sha256: str) -> bytes:
    """The bytes of one photo, if they are still those that were imported; DatasetError says what happened to them."""
    again = f"import the photos as they are now under another name: {dataset.bring} --name NAME"
    if not dataset.root.is_dir():
        raise DatasetError(
            f"the photos of dataset '{dataset.name}' are not in '{dataset.root}' any more; put them back, or import "
            "them from where they are now under the same name: python -m fashion_core import FOLDER --name "
            f"{shlex.quote(dataset.name)}"
        )
    try:
        data = readers.of_kind(dataset.kind).photo_bytes(dataset.root, path)
    except FashionError as error:
        raise DatasetError(f"photo '{path}' of dataset '{dataset.name}': {error}; put it back, or {again}") from error
    if hashlib.sha256(data).hexdigest() != sha256:
        raise DatasetError(f"photo '{path}' of dataset '{dataset.name}' has changed since it was imported; {again}")
    return data


def list_datasets(data_dir: Path) -> list[Dataset]:
    """Every readable dataset, by name. A folder that is none, or a broken one, is left out: find_dataset says why."""
    found = []
    for folder in sorted(data_dir.iterdir()) if data_dir.is_dir() else []:
        if not folder.name.startswith(".") and (folder / "dataset.json").is_file():
            try:
                found.append(load(folder))
            except DatasetError:
                continue
    return sorted(found, key=lambda dataset: dataset.name.casefold())


def find_dataset(data_dir: Path, name_or_id: str) -> Dataset:
    """The dataset of that id or name; DatasetError names the nearest otherwise."""
    datasets = list_datasets(data_dir)
    for dataset in datasets:
        if name_or_id in (dataset.id, dataset.name):
            return dataset
    if name_or_id == labels.slug(name_or_id) and (data_dir / name_or_id / "dataset.json").is_file():
        return load(data_dir / name_or_id)  # a broken one: says what is wrong with it
    if not datasets:
        raise DatasetError(f"there is no dataset '{name_or_id}' and no other; run: python -m fashion_core import demo")
    raise DatasetError(
        f"there is no dataset '{name_or_id}'; {labels.did_you_mean(name_or_id, [d.name for d in datasets])}"
    )


def checked_name(name: str) -> str:
    """The name without spaces around it; DatasetError when it is none that can be shown."""
    name = name.strip()
    if not name or len(name) > 80 or not name.isprintable():
        raise DatasetError(f"a dataset's name has 1 to 80 visible characters, got {name[:80]!r}; give one with --name.")
    return name


def id_for(name: str) -> str:
    """The directory name for a dataset of that name; names in other scripts get a short hash."""
    return labels.slug(name) or f"dataset-{hashlib.sha256(name.encode()).hexdigest()[:8]}"


def incoming_folder(data_dir: Path, dataset_id: str) -> Path:
    """Where an import works until it is complete: the files of its job (``jobs``), and dataset/."""
    return data_dir / INCOMING / dataset_id


def list_imports(data_dir: Path) -> list[str]:
    """Ids of imports that run, were killed, or failed and left their reason."""
    folder = data_dir / INCOMING
    names = [path.name for path in folder.iterdir() if path.is_dir()] if folder.is_dir() else []
    return sorted(name for name in names if not name.startswith("."))
