"""Pairs of models whose true difference is known."""

import numpy as np

TRIALS, PHOTOS = 1000, 1200


def draw_seeds(generator: np.random.Generator, seeds: int, logits_NT: np.ndarray) -> np.ndarray:
    """Whether each of ``seeds`` models of one recipe is right on each photo of each trial, bool S x N x T: a photo has
    its difficulty, a seed a luck of its own (about 0.8 points of accuracy), and the two together a third part."""
    luck = generator.normal(0, 0.055, (seeds, 1, logits_NT.shape[1])).astype(np.float32)
    own = 0.8 * generator.standard_normal((seeds, *logits_NT.shape), dtype=np.float32)
    return logits_NT + luck + own > 0


def draw_photos(generator: np.random.Generator, photos: int, trials: int) -> np.ndarray:
    """How hard the photos of each trial are, N x T: four in five are right, some almost always, some almost never."""
    return 1.5 + 1.5 * generator.standard_normal((photos, trials), dtype=np.float32)
