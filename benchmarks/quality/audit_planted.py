"""Precision and recall of the audit's copies, on copies planted in real photos: class folders or an archive of them.

python -m benchmarks.quality.audit_planted PHOTOS [--count 250] [--seed 0]

Takes all photos, saves for each kind of copy one altered copy of ``count`` of them, imports all of it as a dataset of
its own in a temporary folder, audits it, and counts. A pair is right when both show one original, so pairs of two
copies of it count as well; pairs of two originals are what the source itself has, and are not counted.
"""

import argparse
import io
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image, ImageOps

from fashion_core.data import importing
from fashion_core.data.audit import audit, findings
from fashion_core.data.sources import readers
from fashion_core.metrics.intervals import wilson


def crop(image: Image.Image, share: float, left: float, top: float) -> Image.Image:
    """Without ``share`` of width and height; ``left`` and ``top`` are the parts of it taken at those sides."""
    x, y = image.width * share, image.height * share
    box = (x * left, y * top, image.width - x * (1 - left), image.height - y * (1 - top))
    return image.crop(tuple(round(value) for value in box))


def recompressed(image: Image.Image) -> Image.Image:
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=40)
    return Image.open(buffer).convert("RGB")


def lit(image: Image.Image, *gains: float) -> Image.Image:
    levels = np.asarray(image.convert("RGB"), np.float32) * np.array(gains, np.float32)
    return Image.fromarray(np.clip(np.rint(levels), 0, 255).astype(np.uint8))


COPIES: dict[str, Callable[[Image.Image], Image.Image]] = {
    "same bytes": lambda image: image,
    "recompressed, quality 40": recompressed,
    "resized by half": lambda image: image.resize((image.width // 2, image.height // 2), Image.Resampling.LANCZOS),
    "flipped": ImageOps.mirror,
    "brightness + 10 %": lambda image: lit(image, 1.1, 1.1, 1.1),
    "brightness - 10 %": lambda image: lit(image, 0.9, 0.9, 0.9),
    "white balance 10 % warmer": lambda image: lit(image, 1.1, 1.0, 0.9),
    "cropped by 5 %, all sides": lambda image: crop(image, 0.05, 0.5, 0.5),
    "cropped by 5 %, two sides": lambda image: crop(image, 0.05, 0.0, 0.0),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("photos")
    parser.add_argument("--count", type=int, default=250)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        measure(options.photos, Path(folder), options.count, options.seed)


def measure(given: str, folder: Path, count: int, seed: int) -> None:
    """Plant, audit, and print the table."""
    source = readers.open_source(given, work_dir=folder / "source")
    order = np.random.default_rng(seed).permutation(len(source.rows))
    rows = order[:count]
    place = folder / "planted" / "train"
    for number, row in enumerate(order):
        image = readers.open_photo_of(source.root, source.rows["path"].iloc[row])
        own = place / f"class-{number % 2}"
        own.mkdir(parents=True, exist_ok=True)
        image.save(own / f"{number:05}-0.png", compress_level=1)
        for kind, alter in enumerate(COPIES.values() if number < count else (), start=1):
            alter(image).save(own / f"{number:05}-{kind}.png", compress_level=1)
    dataset = importing.import_source(folder / "planted", data_dir=folder / "data", name="planted")
    found = audit.run(dataset).findings()
    found = found[found["kind"].isin([*findings.COPIES, "variant"])]
    print(dict(found["kind"].value_counts()))
    print(f"{len(order):,} photos of {Path(given).name}, {len(COPIES)} copies of {len(rows):,}; {len(found):,} pairs")
    first, second = (_read_back(found[name]) for name in ("image_id", "other"))
    right = (first["original"] == second["original"]).to_numpy()
    originals = (first["kind"] == 0) & (second["kind"] == 0)
    print(f"pairs that the source itself has: {int(originals.sum())}")
    recalled = _recalled(found)
    print(f"{'copy':<28}{'n':>6}{'recall':>9}{'95 %':>18}{'precision':>11}{'pairs':>7}")
    for kind, name in enumerate(COPIES, start=1):
        num = sum((number, kind) in recalled for number in range(len(rows)))
        low, high = wilson(num, len(rows))
        of_kind = ((first["kind"] == kind) | (second["kind"] == kind)).to_numpy()
        precision = f"{right[of_kind].mean():.3f}" if of_kind.any() else "-"
        print(f"{name:<28}{len(rows):>6}{num / len(rows):>9.3f}{f'[{low:.3f}, {high:.3f}]':>18}"
              f"{precision:>11}{of_kind.sum():>7,}")  # fmt: skip
    print(f"all kinds together: precision {right[~originals].mean():.4f} of {int((~originals).sum()):,} pairs")


def _read_back(image_ids: pd.Series) -> pd.DataFrame:
    """original and kind from the names that ``measure`` gave."""
    parts = image_ids.astype(str).str.extract(r"(\d+)-(\d+)\.png$").astype(int)
    return parts.set_axis(["original", "kind"], axis=1).reset_index(drop=True)


def _recalled(found: pd.DataFrame) -> set[tuple[int, int]]:
    """(original, kind) of each copy that is in a pair with its original, or with the copy of the same bytes."""
    first, second = (_read_back(found[name]) for name in ("image_id", "other"))
    return {
        (one.original, one.kind)
        for ones, others in ((first, second), (second, first))
        for one, other in zip(ones.itertuples(), others.itertuples(), strict=True)
        if one.original == other.original and other.kind in (0, 1)
    }


if __name__ == "__main__":
    main()
