"""Draw the demo set, fifteen IndoFashion classes made by our own code. A label and an image id in, a picture out.

Each picture depends on (VERSION, seed, label, image_id) alone: not on order, processes or machine.
"""

import hashlib
import io
import multiprocessing
import os
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image

from fashion_core.drawing.catalogue import MIXTURES
from fashion_core.drawing.fabrics import pick
from fashion_core.drawing.scenes import photograph
from fashion_core.errors import WrongUse
from fashion_core.labels import INDOFASHION, did_you_mean
from fashion_core.published import train_counts

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


def draw(label: str, image_id: str, seed: int = 0) -> Image.Image:
    """One picture, RGB 128 x 128, the same for the same (VERSION, seed, label, image_id) wherever it is drawn."""
    if label not in MIXTURES:
        raise WrongUse(f"no drawing is known for class {label!r}; {did_you_mean(label, MIXTURES)}")
    digest = hashlib.sha256(f"{VERSION}\n{seed}\n{label}\n{image_id}".encode()).digest()
    rng = np.random.default_rng(int.from_bytes(digest[:16], "little"))
    weights, templates = zip(*MIXTURES[label], strict=True)
    return photograph(pick(rng, templates, weights)(rng))


def write(
    folder: Path,
    plan: pd.DataFrame,
    seed: int = 0,
    progress: Callable[[int, int], None] | None = None,
    num_workers: int | None = None,
) -> None:
    """Draw every row of `plan` as a JPEG below `folder`, on all cores, calling `progress(done, total)` on the way.

    Only command-line processes call this: the workers are spawned, which a Streamlit script must not do. Files are not
    synced one by one; the import that asked for them syncs the whole folder before it publishes it.
    """
    folder, total, done = Path(folder), len(plan), 0
    report = progress or (lambda done, total: None)
    for parent in sorted({Path(path).parent for path in plan["path"]}):
        (folder / parent).mkdir(parents=True, exist_ok=True)
    rows = list(zip(plan["label"], plan["image_id"], plan["path"], strict=True))
    chunks: Iterator[list[tuple[str, str, str]]] = (rows[at : at + 32] for at in range(0, total, 32))
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


def _write_chunk(folder: Path, rows: list[tuple[str, str, str]], seed: int) -> int:
    for label, image_id, path in rows:
        encoded = io.BytesIO()
        draw(label, image_id, seed).save(encoded, "JPEG", quality=90, subsampling=0)
        (folder / path).write_bytes(encoded.getvalue())
    return len(rows)
