"""Photos that a dataset here has opened already: a second import of the same files, by other labels, reads and hashes
each of them, but decodes none again.

Takes the data folder and a source; gives measurements and pixels of files whose path and bytes are the same. Writes
nothing but links to pixel caches.
"""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from fashion_core.data import datasets, pixels
from fashion_core.data.datasets import READABLE, Dataset
from fashion_core.data.sources import readers
from fashion_core.data.sources.reader import Source
from fashion_core.errors import DatasetError

_MEASURED = ["width", "height", "phash"]


class Decoded:
    """What one dataset knows of its photos, by their paths."""

    def __init__(self, dataset: Dataset) -> None:
        self.dataset = dataset
        self.manifest = dataset.manifest(["image_id", "path", "sha256", "status", *_MEASURED])
        self.thumbnails_NHW3 = pixels.thumbnails(dataset)
        usable = self.manifest["status"].isin(READABLE).to_numpy()
        self._rows = {path: row for row, path in enumerate(self.manifest["path"]) if usable[row]}
        self._sha256 = self.manifest["sha256"].tolist()
        self._measured = self.manifest[_MEASURED].to_dict("records")

    def measured(self, path: str, sha256: str, out_HW3: np.ndarray) -> dict[str, Any] | None:
        """width, height and phash of a file with these bytes, its pixels written to ``out_HW3``; else None."""
        row = self._rows.get(path)
        if row is None or self._sha256[row] != sha256:
            return None
        out_HW3[:] = self.thumbnails_NHW3[row]
        return dict(self._measured[row])

    def same_rows(self, manifest: pd.DataFrame) -> bool:
        """Whether the first cache of the dataset is that of ``manifest`` too, row by row."""
        own = self.manifest
        if len(own) != len(manifest) or not (own["sha256"] == manifest["sha256"]).all():
            return False
        return bool((own["status"].isin(READABLE) == manifest["status"].isin(READABLE)).all())

    def share(self, manifest: pd.DataFrame, building: Path, fingerprint: str) -> None:
        """Link the caches of the dataset in the folder of another with the same rows."""
        # in a cache that training made, the photos that had no label are black
        every = not ((manifest["status"] == "ok") & (self.manifest["status"] != "ok")).any()
        pixels.share(self.dataset, building, fingerprint, sizes=None if every else [self.dataset.first_pixels])


def find(data_dir: Path, source: Source, size: int) -> Decoded | None:
    """The dataset that has decoded the most photos of these paths at this size; None where none has half of them."""
    if not readers.of_kind(source.kind).in_files:
        return None
    paths, best, most = set(source.rows["path"]), None, len(source.rows) // 2
    for dataset in datasets.list_datasets(data_dir):
        if dataset.made or dataset.first_pixels != (size, size) or not readers.of_kind(dataset.kind).in_files:
            continue  # what was made of another dataset may have changed its pixels
        try:
            shared = len(paths & set(dataset.manifest(["path"])["path"]))
            if shared > most:
                best, most = Decoded(dataset), shared
        except DatasetError:  # a cache that is gone, or a manifest that cannot be read: it has nothing to give
            continue
    return best
