"""The datasets that lessons train on: versions of the drawn sets, kept apart from the lab's own.

Takes the data folder; gives Datasets. The drawn set of the lab is used where it is; whatever is derived from it lies
under <data>/.lessons, so that no picker of the lab lists it. Every one records how it was made.
"""

import functools
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from fashion_core.data import datasets, derived, importing, long_tail, pixels, planted_copies
from fashion_core.data.datasets import Dataset
from fashion_core.data.sources import drawn, readers
from fashion_core.data.sources.reader import Progress
from fashion_core.errors import BeingMade
from fashion_core.labels import agree, counted
from fashion_core.lessons import plans

FOLDER = ".lessons"
SIZE = 32
RATIO = 100.0
FEW_TRAIN = 20
LEAK_TRAIN, LEAK_COPIES = 30, 20


def name_of(data: str) -> str:
    """What a lesson's dataset is called: another one where plans or drawings have changed."""
    return f"{data}-{plans.VERSION}-{drawn.VERSION}"


def folder(data_dir: Path) -> Path:
    """Where the lessons' own datasets lie."""
    return data_dir / FOLDER


def whole(data_dir: Path) -> Dataset | None:
    """The drawn set that this program draws today, wherever it lies; None before it was drawn."""
    return _drawn(drawn.DEMO, data_dir)


def _drawn(name: str, data_dir: Path) -> Dataset | None:
    wanted = _fingerprint(name)
    for place in (data_dir, folder(data_dir)):
        for dataset in datasets.list_datasets(place):
            if dataset.fingerprint == wanted:
                return dataset
    return None


@functools.lru_cache(maxsize=2)
def _fingerprint(name: str) -> str | None:
    return readers.known_fingerprint(name)


def find(data: str, data_dir: Path) -> Dataset | None:
    """The dataset of that name if it is made already."""
    if data == plans.WHOLE:
        return whole(data_dir)
    made = folder(data_dir) / datasets.id_for(name_of(data))
    return datasets.load(made) if (made / "dataset.json").is_file() else None


def make(data: str, data_dir: Path, progress: Progress | None = None) -> Dataset:
    """The dataset of that name (lesson_plans), made unless it is there, with its photos at SIZE x SIZE ready.

    Waits while another process makes the same one. The parents come first: drawing one takes half a minute.
    """
    dataset = _waiting(lambda: _MAKERS[data](data_dir, progress))
    pixels.build(dataset, SIZE, SIZE, progress)
    return dataset


def _waiting(work: Callable[[], Dataset], seconds: float = 600.0) -> Dataset:
    """``work()``; again and again while another process is at it."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            return work()
        except BeingMade:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.5)


def _whole(data_dir: Path, progress: Progress | None) -> Dataset:
    found = whole(data_dir)
    if found is None:
        taken = (data_dir / drawn.DEMO).exists()  # by photos of the user's, or by an older drawing
        where = folder(data_dir) if taken else data_dir
        found = _waiting(lambda: importing.import_source(drawn.DEMO, data_dir=where, progress=progress))
    pixels.build(found, SIZE, SIZE, progress)  # once: what is derived from it shares them
    return found


def _long_tail(data_dir: Path, progress: Progress | None) -> Dataset:
    parent = _whole(data_dir, progress)
    return long_tail.make(parent, RATIO, name=name_of(plans.LONG_TAIL), data_dir=folder(data_dir))


def _few(data_dir: Path, progress: Progress | None) -> Dataset:
    return _with_few(_whole(data_dir, progress), FEW_TRAIN, plans.FEW, "augmentation", folder(data_dir))


def _with_few(parent: Dataset, number: int, name: str, lesson: str, data_dir: Path) -> Dataset:
    """Train with ``number`` photos a class; those of a smaller number are among those of a larger one."""
    table = parent.manifest(["image_id", "split", "label", "status"])
    kept = set(table["image_id"].to_numpy()[planted_copies.chosen(table, parent.classes, "train", number, 0)])
    train = table.loc[(table["split"] == "train") & (table["status"] == "ok"), "image_id"]
    why = f"left out so that train has {number} photos a class"
    return derived.exclude(
        parent,
        {image_id: why for image_id in train if image_id not in kept},
        name=name_of(name),
        bring=_command(lesson),
        operation={"operation": "few", "train": number, "seed": 0},
        told=f"train has {number} photos a class of {parent.name}, drawn with seed 0; val and test are as they were",
        data_dir=data_dir,
        force=True,
    )


def _leaky(data_dir: Path, progress: Progress | None) -> Dataset:
    return planted_copies.make(
        _whole(data_dir, progress),
        train=LEAK_TRAIN,
        copies=LEAK_COPIES,
        name=name_of(plans.LEAKY),
        bring=_command("leakage"),
        data_dir=folder(data_dir),
    )


def _clean(data_dir: Path, progress: Progress | None) -> Dataset:
    """As many training photos as the leaky one, with others of train in the place of the copies."""
    number = LEAK_TRAIN + LEAK_COPIES
    return _with_few(_whole(data_dir, progress), number, plans.CLEAN, "leakage", folder(data_dir))


def _own_places(data_dir: Path, progress: Progress | None) -> Dataset:
    return _places(data_dir, progress, plans.OWN_PLACES)


def _mixed_places(data_dir: Path, progress: Progress | None) -> Dataset:
    return _places(data_dir, progress, plans.MIXED_PLACES)


def _places(data_dir: Path, progress: Progress | None, name: str) -> Dataset:
    """Train with each class before its own place alone, or each garment before one of all places in turn."""
    parent = _drawn(drawn.IN_PLACES, data_dir) or importing.import_source(
        drawn.IN_PLACES, data_dir=folder(data_dir), progress=progress
    )
    pixels.build(parent, SIZE, SIZE, progress)
    table = parent.manifest(["image_id", "split", "garment", "place", "label"])
    train = table[table["split"] == "train"]
    own = drawn_places(train["label"], train["place"])
    moved = train.loc[~own, "garment"]
    if name == plans.OWN_PLACES:
        return _without(parent, train.loc[~own, "image_id"], "before the place of another class", name, "shortcuts")
    twice = own & train["garment"].isin(moved).to_numpy()
    return _without(parent, train.loc[twice, "image_id"], "stands before another place too", name, "shortcuts")


def drawn_places(labels: Any, places: Any) -> np.ndarray:
    """Whether each of these places is the own one of its class, bool N."""
    return np.array([drawn.PLACES.get(label) == place for label, place in zip(labels, places, strict=True)], dtype=bool)


def _without(parent: Dataset, image_ids: Any, why: str, name: str, lesson: str) -> Dataset:
    reasons = dict.fromkeys(image_ids, why)
    return derived.exclude(
        parent,
        reasons,
        name=name_of(name),
        bring=_command(lesson),
        operation={"operation": "exclude", "why": why},
        told=f"{counted(len(reasons), 'training photo')} of {parent.name} {agree(len(reasons))} left out: {why}",
        data_dir=parent.folder.parent,
        force=True,
    )


def _command(lesson: str) -> str:
    return f"python -m fashion_core lesson {lesson}"


_MAKERS: dict[str, Callable[[Path, Progress | None], Dataset]] = {
    plans.LONG_TAIL: _long_tail,
    plans.FEW: _few,
    plans.LEAKY: _leaky,
    plans.CLEAN: _clean,
    plans.WHOLE: _whole,
    plans.OWN_PLACES: _own_places,
    plans.MIXED_PLACES: _mixed_places,
}
