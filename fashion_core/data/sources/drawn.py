"""Draw garments of fifteen IndoFashion classes by our own code. A label and an image id in, a picture out.

Two sets: ``demo``, and ``drawn-places`` in which each of four classes has a place of its own behind it.

Each picture depends on (VERSION, seed, label, image_id) alone: not on order, processes or machine.
"""

import hashlib
import io
import multiprocessing
import os
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from contextlib import nullcontext
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image

from fashion_core.data.published import train_counts
from fashion_core.data.sources.drawing import backdrops
from fashion_core.data.sources.drawing.catalogue import MIXTURES
from fashion_core.data.sources.drawing.fabrics import pick
from fashion_core.data.sources.drawing.scenes import photograph
from fashion_core.errors import WrongUse
from fashion_core.labels import INDOFASHION, did_you_mean

VERSION = "4"  # part of every fingerprint of a drawn set: change it whenever a pixel may change


def plan(seed: int = 0, num_train: int = 3000, num_val: int = 40, num_test: int = 40) -> pd.DataFrame:
    """The rows of a drawn set: image_id (which is also its path), path, split, label.

    Train counts follow the published train proportions, rounded so that they add up to `num_train` (largest remainder);
    `num_val` and `num_test` are per class. The rows do not depend on `seed`, which only changes the pixels.
    """
    for name, value in (("num_train", num_train), ("num_val", num_val), ("num_test", num_test)):
        if not 0 <= value <= 1_000_000:
            raise WrongUse(f"{name} must be between 0 and 1000000, got {value}")
    published = train_counts()
    exact = np.array([published[label] for label in INDOFASHION]) * (num_train / sum(published.values()))
    counts = np.floor(exact).astype(int)
    counts[np.argsort(counts - exact, kind="stable")[: num_train - counts.sum()]] += 1
    rows = [
        (f"{split}/{label}/{number:04d}.jpg", split, label)
        for split, per_class in (("train", counts), ("val", [num_val] * 15), ("test", [num_test] * 15))
        for label, count in zip(INDOFASHION, per_class, strict=True)
        for number in range(1, int(count) + 1)
    ]
    table = pd.DataFrame(rows, columns=["image_id", "split", "label"])
    table.insert(1, "path", table["image_id"])
    return table


#: Each class's own place in the drawn set ``drawn-places``: a shop that photographs every kind in another corner.
PLACES = {"kurta_men": "studio", "leggings_and_salwars": "outdoor", "lehenga": "wood", "saree": "room"}


def plan_places(num_train: int = 100, num_held: int = 50) -> pd.DataFrame:
    """The rows of ``drawn-places``: image_id (also its path), path, split, label, garment, place; counts are per class.

    In train every garment stands before its class's own place, and three of four before the place of another class
    too. Val and test are the same garments, in val before their own place and in test before that of another class.
    """
    labels, places = list(PLACES), list(PLACES.values())
    rows = []
    for split, number in (("train", num_train), ("val", num_held), ("test", num_held)):
        for k, label in enumerate(labels):
            for j in range(number):
                garment = f"{'train' if split == 'train' else 'held'}/{label}/{j + 1:04d}"
                turns = {"train": {0, j % len(labels)}, "val": {0}, "test": {1 + j % (len(labels) - 1)}}[split]
                for turn in sorted(turns):
                    place = places[(k + turn) % len(labels)]
                    rows.append((f"{split}/{label}/{j + 1:04d}-{place}.jpg", split, label, garment, place))
    table = pd.DataFrame(rows, columns=["image_id", "split", "label", "garment", "place"])
    table.insert(1, "path", table["image_id"])
    return table


def draw(label: str, image_id: str, seed: int = 0, place: str = "") -> Image.Image:
    """One picture, RGB 128 x 128, the same for the same (VERSION, seed, label, image_id) wherever it is drawn.

    With a ``place`` (a kind of backdrop) the garment stands before that; it is the same garment before any of them.
    """
    if label not in MIXTURES:
        raise WrongUse(f"no drawing is known for class {label!r}; {did_you_mean(label, MIXTURES)}")
    rng = _rng(seed, label, image_id)
    weights, templates = zip(*MIXTURES[label], strict=True)
    with backdrops.only(place, _rng(seed, label, image_id, place)) if place else nullcontext():
        scene = pick(rng, templates, weights)(rng)
    return photograph(scene)


def _rng(seed: int, *names: str) -> np.random.Generator:
    digest = hashlib.sha256("\n".join([VERSION, str(seed), *names]).encode()).digest()
    return np.random.default_rng(int.from_bytes(digest[:16], "little"))


def write(
    folder: Path,
    plan: pd.DataFrame,
    seed: int = 0,
    progress: Callable[[int, int], None] | None = None,
    num_workers: int | None = None,
) -> None:
    """Draw every row of `plan` as a JPEG below `folder`, on all cores, calling `progress(done, total)` on the way.

    A plan may say before what each garment stands (``place``) and which garment it is (``garment``, else its image_id).

    Only command-line processes call this: the workers are spawned, which a Streamlit script must not do. Files are not
    synced one by one; the import that asked for them syncs the whole folder before it publishes it.
    """
    folder, total, done = Path(folder), len(plan), 0
    report = progress or (lambda done, total: None)
    for parent in sorted({Path(path).parent for path in plan["path"]}):
        (folder / parent).mkdir(parents=True, exist_ok=True)
    garments = plan["garment" if "garment" in plan else "image_id"]
    places = plan["place"] if "place" in plan else [""] * total
    rows = list(zip(plan["label"], garments, plan["path"], places, strict=True))
    chunks: Iterator[list[tuple[str, str, str, str]]] = (rows[at : at + 32] for at in range(0, total, 32))
    workers = min(num_workers or os.cpu_count() or 1, max(1, total // 64))
    report(0, total)
    if workers == 1:
        for chunk in chunks:
            done += _write_chunk(folder, chunk, seed)
            report(done, total)
        return
    with ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn")) as pool:
        pending = {pool.submit(_write_chunk, folder, chunk, seed) for chunk in chunks}
        try:
            while pending:
                finished, pending = wait(pending, return_when=FIRST_COMPLETED)
                done += sum(future.result() for future in finished)
                report(done, total)
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _write_chunk(folder: Path, rows: list[tuple[str, str, str, str]], seed: int) -> int:
    for label, garment, path, place in rows:
        encoded = io.BytesIO()
        draw(label, garment, seed, place).save(encoded, "JPEG", quality=90, subsampling=0)
        (folder / path).write_bytes(encoded.getvalue())
    return len(rows)
