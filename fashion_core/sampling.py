"""What a sampler draws and what a weighted loss charges, from class counts alone. Knows no images and no torch.

K classes, N images. Labels are class indices, 0 to K - 1.
"""

import numpy as np

from fashion_core.config import sampler_power
from fashion_core.errors import DatasetError


def class_counts(labels_N: np.ndarray, classes: tuple[str, ...]) -> np.ndarray:
    """Images a class, int64 K. A class without images is a DatasetError: no weight could be given to it."""
    counts_K = np.bincount(labels_N, minlength=len(classes))
    for name, count in zip(classes, counts_K, strict=True):
        if count == 0:
            raise DatasetError(f"class {name!r} has no training images; add photos of it or import without it")
    return counts_K


def inverse_frequency_weights(counts_K: np.ndarray) -> np.ndarray:
    """Class weights N / (K * count), float64 K: scikit-learn's ``class_weight="balanced"`` (King and Zeng, 2001)."""
    return counts_K.sum() / (len(counts_K) * counts_K)


def sampler_alpha(sampler: str) -> float:
    """The exponent of count^-alpha that a sampler setting means: none 0, balanced 1, power(alpha) alpha."""
    return {"none": 0.0, "balanced": 1.0}.get(sampler, sampler_power(sampler) or 0.0)


def draw_weights(labels_N: np.ndarray, counts_K: np.ndarray, sampler: str) -> np.ndarray:
    """The weight with which each image is drawn, float64 N, as WeightedRandomSampler takes it."""
    return (counts_K.astype(np.float64) ** -sampler_alpha(sampler))[labels_N]


def expected_share(counts_K: np.ndarray, sampler: str) -> np.ndarray:
    """The share of an epoch's draws that each class is expected to get, float64 K, sums to 1."""
    mass_K = counts_K * counts_K.astype(np.float64) ** -sampler_alpha(sampler)
    return mass_K / mass_K.sum()
