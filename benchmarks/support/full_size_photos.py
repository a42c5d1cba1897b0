"""Make a stand-in for IndoFashion at its full size: its files, its counts, photos drawn by this program.

python -m benchmarks.support.full_size_photos FOLDER [--scale 1] [--seed 0]

Writes train_data.json, val_data.json, test_data.json and images/ (91,166 / 7,500 / 7,500 rows at scale 1, 1.2 GB), and
planted.json: what was planted where, so that an audit can be held to it. Each photo is a crop of a drawn garment under
other light, shifted in colour by a smooth pattern of its own, so no two are alike unless planted. They are smaller than
the shops' photos (about 220 x 300), so decoding takes less time here than with the real set.
"""

import argparse
import io
import json
import multiprocessing
import os
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageOps

from fashion_core import labels
from fashion_core.data import published
from fashion_core.data.sources import drawn
from fashion_core.data.sources.layout import TRAIN_FIRST

BASES = 100  # drawings of each class
COLOURS = ("Red", "Navy Blue", "Mustard", "Maroon", "Off White", "Green", "Pink", "Black", "N/A")
#: what is planted in val and test -> how many at scale 1. Each is a photo of train in another split.
PLANTED = {"same bytes": 300, "recompressed, quality 40": 200, "resized by half": 150, "flipped": 100, "same url": 100,
           "same brand and title": 100, "other label": 50}  # fmt: skip
DAMAGED, MISSING = 60, 30

_bases: dict[str, list[Image.Image]] = {}


def rows(scale: float, seed: int) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Every row with what is planted in it (``of`` and ``plant``), and the record of it for planted.json."""
    rng = np.random.default_rng(seed)
    table: list[dict[str, Any]] = []
    for split in TRAIN_FIRST:
        names = [label for label, count in published.counts(split).items() for _ in range(max(2, round(count * scale)))]
        for number, place in enumerate(rng.permutation(len(names))):
            table.append({"split": split, "number": number, "label": names[place]})
    for key, row in enumerate(table):
        row |= {"key": key, "image_path": f"images/{row['split']}/{row['number']}.jpeg", "plant": None, "of": None}
        row |= {"brand": f"Brand {key % 997}", "title": f"Women's {row['label']} no. {key} & more", "url": key}
    by_label: dict[str, list[int]] = {}
    for key in rng.permutation([row["key"] for row in table if row["split"] == "train"]):
        by_label.setdefault(table[key]["label"], []).append(int(key))
    later = [int(key) for key in rng.permutation([row["key"] for row in table if row["split"] != "train"])]
    for plant, count in PLANTED.items():
        for _ in range(max(1, round(count * scale))):
            row = table[later.pop()]
            label = row["label"]
            if plant == "other label":
                label = labels.INDOFASHION[(labels.INDOFASHION.index(label) + 1) % len(labels.INDOFASHION)]
            row |= {"plant": plant, "of": by_label[label].pop()}
            original = table[row["of"]]
            if plant == "same url":
                row["url"] = original["url"]
            if plant == "same brand and title":
                row |= {"brand": original["brand"], "title": original["title"]}
    spoilt = [key for keys in by_label.values() for key in keys[:20]]  # of train, and no original of anything planted
    for at, key in enumerate(rng.permutation(spoilt)[: round((DAMAGED + MISSING) * scale)]):
        table[key]["plant"] = "damaged" if at < round(DAMAGED * scale) else "missing"
    record = []
    for row in (row for row in table if row["plant"]):
        of = None if row["of"] is None else table[row["of"]]["image_path"]
        record.append({"image_id": row["image_path"], "plant": row["plant"], "of": of})
    return table, {"scale": scale, "seed": seed, "planted": record}


def photo(row: dict[str, Any], seed: int) -> Image.Image:
    """The photo of a row as it is before anything is planted; depends on (seed, key, label) alone."""
    rng = np.random.default_rng([seed, row["key"]])
    base = _bases[row["label"]][rng.integers(BASES)]
    size = (int(rng.integers(180, 261)), int(rng.integers(240, 361)))
    share = rng.uniform(0.72, 1.0)
    left, top = rng.uniform(0, base.width * (1 - share), 2)
    image = base.resize(
        size, Image.Resampling.BILINEAR, (left, top, left + base.width * share, top + base.width * share)
    )
    if rng.random() < 0.5:
        image = ImageOps.mirror(image)
    pattern = Image.fromarray(rng.integers(0, 256, (7, 6, 3), dtype=np.uint8)).resize(size, Image.Resampling.BICUBIC)
    return Image.blend(image, pattern, rng.uniform(0.25, 0.4))


def jpeg(image: Image.Image, quality: int = 80) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=quality)
    return buffer.getvalue()


def file_of(row: dict[str, Any], table: list[dict[str, Any]], seed: int) -> bytes | None:
    """The bytes of a row's file, with what is planted in it; None for a missing one."""
    plant = row["plant"]
    if plant in (None, "same url", "same brand and title"):
        return jpeg(photo(row, seed))
    if plant == "missing":
        return None
    if plant == "damaged":
        return jpeg(photo(row, seed))[:900]
    original = photo(table[row["of"]], seed)
    if plant == "recompressed, quality 40":
        return jpeg(Image.open(io.BytesIO(jpeg(original))), 40)
    if plant == "resized by half":
        return jpeg(original.resize((original.width // 2, original.height // 2), Image.Resampling.LANCZOS))
    if plant == "flipped":
        return jpeg(ImageOps.mirror(original))
    return jpeg(original)


def make(folder: Path, *, scale: float = 1.0, seed: int = 0, num_workers: int | None = None) -> None:
    """Write the whole stand-in into ``folder``."""
    table, record = rows(scale, seed)
    for split in TRAIN_FIRST:
        (folder / "images" / split).mkdir(parents=True, exist_ok=True)
        lines = (json.dumps(_line(row)) for row in table if row["split"] == split)
        (folder / f"{split}_data.json").write_text("\n".join(lines) + "\n")
    (folder / "planted.json").write_text(json.dumps(record, indent=1))
    workers = num_workers or os.cpu_count() or 1
    step = 2000
    jobs = [(folder, scale, seed, start, min(start + step, len(table))) for start in range(0, len(table), step)]
    started = time.monotonic()
    if workers == 1:
        for job in jobs:
            _write(*job)
        return
    with ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn")) as pool:
        for done in pool.map(_write, *zip(*jobs, strict=True)):
            print(f"\r{done:,} of {len(table):,} photos, {time.monotonic() - started:.0f} s", end="", flush=True)
    print()


def _line(row: dict[str, Any]) -> dict[str, str]:
    return {
        "image_url": f"https://shop.example/photos/{row['url']}.jpeg",
        "image_path": row["image_path"],
        "brand": row["brand"],
        "product_title": row["title"],
        "color": COLOURS[row["key"] % len(COLOURS)],
        "class_label": row["label"],
    }


_tables: dict[tuple[float, int], list[dict[str, Any]]] = {}


def _write(folder: Path, scale: float, seed: int, start: int, stop: int) -> int:
    if (scale, seed) not in _tables:
        _tables[scale, seed] = rows(scale, seed)[0]
    for label in labels.INDOFASHION if not _bases else ():
        _bases[label] = [drawn.draw(label, f"base-{number}", seed) for number in range(BASES)]
    table = _tables[scale, seed]
    for row in table[start:stop]:
        data = file_of(row, table, seed)
        if data is not None:
            (folder / row["image_path"]).write_bytes(data)
    return stop


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--scale", type=float, default=1.0)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    make(options.folder, scale=options.scale, seed=options.seed)
