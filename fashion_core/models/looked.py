"""What one pass of a model over photos gave, whoever made the pass. B batch, K classes, D features, N photos."""

from dataclasses import dataclass

import numpy as np

from fashion_core.metrics import out_of_distribution

BATCH = 128


@dataclass(frozen=True, kw_only=True, eq=False)
class Looked:
    """``photos_NHW3``: the photos as the model received them, uint8; ``energies_N``: how little of any class it saw
    (``metrics.out_of_distribution``)."""

    photos_NHW3: np.ndarray
    probabilities_NK: np.ndarray
    features_ND: np.ndarray
    energies_N: np.ndarray


def of_outputs(photos_NHW3: np.ndarray, logits_NK: np.ndarray, features_ND: np.ndarray) -> Looked:
    """What a network's outputs for these photos mean."""
    return Looked(
        photos_NHW3=photos_NHW3,
        probabilities_NK=softmax(logits_NK),
        features_ND=features_ND,
        energies_N=out_of_distribution.energies(logits_NK),
    )


def softmax(logits_NK: np.ndarray) -> np.ndarray:
    """Probabilities, float32 N x K."""
    shifted = np.exp(logits_NK - logits_NK.max(axis=1, keepdims=True))
    return (shifted / shifted.sum(axis=1, keepdims=True)).astype(np.float32)
