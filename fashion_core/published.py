"""Results that others published on IndoFashion, beside which our own are shown. Knows no run and no file of ours.

Source and caveats stand in ``published_results.json`` itself: the student report (84.13 %) and the dataset authors'
paper (arXiv 2104.02830, 88.43 %), both on the 7,500 test photos.
"""

import functools
import json
from pathlib import Path
from typing import Any

import numpy as np


@functools.lru_cache(maxsize=1)
def load() -> dict[str, Any]:
    """The whole file of published numbers."""
    return json.loads((Path(__file__).parent / "published_results.json").read_text())


def classes() -> tuple[str, ...]:
    """The class names in the order of the rows and columns of both matrices."""
    return tuple(load()["classes_alphabetical"])


def report_matrix() -> np.ndarray:
    """The student report's confusion matrix, int64 15 x 15, rows true, columns predicted."""
    return np.array(load()["report"]["confusion_matrix"], dtype=np.int64)


def paper_matrix() -> np.ndarray:
    """The IndoFashion paper's confusion matrix (ResNet-50), int64 15 x 15, rows true, columns predicted."""
    return np.array(load()["paper"]["confusion_matrix"], dtype=np.int64)


def train_counts() -> dict[str, int]:
    """Training photos per class of the published IndoFashion set."""
    return dict(load()["train_counts"])


def counts(split: str) -> dict[str, int]:
    """Photos per class of a split of the published IndoFashion set: uneven in train, 500 each in val and test."""
    if split == "train":
        return train_counts()
    return dict.fromkeys(classes(), int(load()[f"{split}_count_per_class"]))
