"""The small pictures inside a report: which of them, in what order, and how many fit. Takes a report; gives WebP text.

A few of every cell of a matrix come first, then every wrong photo, then some of the many right ones, so that what does
not fit is what is missed least. Knows no HTML.
"""

import base64
import io
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from PIL import Image

from fashion_core.data import pixels
from fashion_core.data.datasets import Dataset
from fashion_core.errors import DatasetError
from fashion_core.report.facts import Report

SIDE = 96  # pixels of the longer side
QUALITY = 60
RIGHT_PER_CELL = 24
FIRST = 4  # of each cell, before any cell gets more


@dataclass(frozen=True, kw_only=True)
class Pictures:
    """``images``: base64 of WebP files. ``places``: for each run of the report, the image of each of its photos, -1
    for none. ``missing``: for each run why it has no pictures, None where it has."""

    images: list[str]
    places: list[list[int]]
    missing: list[str | None]


def choose(report: Report, budget: int) -> Pictures:
    """As many pictures as fit into ``budget`` bytes of text."""
    shelves = [_shelf(run.here) for run in report.runs]
    missing = [shelf if isinstance(shelf, str) else None for shelf in shelves]
    frames = [run.photos for run in report.runs]
    places = [np.full(len(frame), -1) for frame in frames]
    rows = [
        shelf.rows_of(frame["id"]) if isinstance(shelf, _Shelf) else np.full(len(frame), -1)
        for shelf, frame in zip(shelves, frames, strict=True)
    ]
    images: list[str] = []
    known: dict[tuple[str, int], int] = {}
    for run, photo in _in_order(frames):
        shelf, row = shelves[run], int(rows[run][photo])
        if not isinstance(shelf, _Shelf) or row < 0:
            continue
        key = (shelf.dataset.id, row)
        if key not in known:
            encoded = base64.b64encode(shelf.webp(row)).decode("ascii")
            budget -= len(encoded) + 3
            if budget < 0:
                break
            known[key] = len(images)
            images.append(encoded)
        places[run][photo] = known[key]
    return Pictures(images=images, places=[found.tolist() for found in places], missing=missing)


def _in_order(frames: list[pd.DataFrame]) -> Iterator[tuple[int, int]]:
    """(run, photo) in the order in which photos deserve a picture; the surest of a cell first."""
    found = []
    for run, frame in enumerate(frames):
        surest = frame.sort_values("sure", ascending=False, kind="stable")
        rank_N = surest.groupby(["true", "predicted"], sort=False).cumcount().to_numpy()
        right_N = (surest["true"] == surest["predicted"]).to_numpy()
        tier_N = np.where(rank_N < FIRST, 0, np.where(right_N, 2, 1))
        kept = ~right_N | (rank_N < RIGHT_PER_CELL)
        found.append(pd.DataFrame({"tier": tier_N, "rank": rank_N, "run": run, "photo": surest.index})[kept])
    order = pd.concat(found).sort_values(["tier", "rank", "run"], kind="stable")
    yield from zip(order["run"].tolist(), order["photo"].tolist(), strict=True)


class _Shelf:
    """Where the small pictures of a dataset lie."""

    def __init__(self, dataset: Dataset) -> None:
        self.dataset = dataset
        self.pixels_NHW3 = pixels.thumbnails(dataset)
        frame = dataset.manifest(["image_id", "width", "height"])
        self.ids, self.sizes = pd.Index(frame["image_id"]), frame[["width", "height"]].to_numpy()

    def rows_of(self, names: pd.Series) -> np.ndarray:
        """The manifest's rows of these images, -1 where it has none."""
        return self.ids.get_indexer(pd.Index(names))

    def webp(self, row: int) -> bytes:
        """One photo in its own shape; the cache has it squeezed to a square."""
        width, height = (max(1, int(side)) for side in self.sizes[row])
        side = min(SIDE, max(self.pixels_NHW3.shape[1:3]))
        scale = side / max(width, height)
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
        picture = Image.fromarray(np.ascontiguousarray(self.pixels_NHW3[row]))
        buffer = io.BytesIO()
        picture.resize(size, Image.Resampling.BILINEAR).save(buffer, "WEBP", quality=QUALITY, method=2)
        return buffer.getvalue()


def _shelf(here: Dataset | None) -> "_Shelf | str":
    if here is None:
        return "The photos are not on the machine that made this report, so it has their names alone."
    try:
        return _Shelf(here)
    except DatasetError:
        return "The small pictures of these photos were not ready on the machine that made this report."
