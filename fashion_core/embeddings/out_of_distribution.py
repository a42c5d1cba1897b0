"""Is a photo unlike anything in training? Takes features, gives distances and a threshold. Knows no model, no files.

The distance of a photo is the cosine distance of its features to its k-th nearest training photo (Sun et al. 2022,
"Out-of-distribution detection with deep nearest neighbors"). The threshold is fitted on validation photos, and its
false alarms are counted on photos that it was not fitted on. T training photos, N photos, D features.
"""

from dataclasses import dataclass

import numpy as np

from fashion_core.embeddings.neighbours import units
from fashion_core.errors import RunError

NEIGHBOUR = 10
KNOWN_SHARE = 0.95  # of validation photos that the threshold lets pass
LEAST_FITTED = 20  # fewer have no 95th percentile
MOST_FITTED = 2000  # the 95th percentile of so many is known to about half a percent
_CHUNK = 256


@dataclass(frozen=True, kw_only=True, eq=False)
class Novelty:
    """What counts as unlike: a distance above ``threshold`` to the ``neighbour``-th nearest of ``train_TD``, which has
    rows of length 1. ``num_fitted`` validation photos were asked."""

    train_TD: np.ndarray
    neighbour: int
    threshold: float
    num_fitted: int

    def distances(self, features_ND: np.ndarray) -> np.ndarray:
        """float32 N: 0 as near as can be, 2 opposite."""
        return kth_distance(self.train_TD, features_ND, self.neighbour)

    def is_unlike(self, features_ND: np.ndarray) -> np.ndarray:
        """bool N."""
        return self.distances(features_ND) > self.threshold

    def alarms(self, known_ND: np.ndarray, *, seed: int = 1) -> tuple[int, int]:
        """How many known photos are called unlike, and how many were asked: at most 2,000, drawn with ``seed``."""
        asked_ND = _some(known_ND, seed)
        return int(self.is_unlike(asked_ND).sum()), len(asked_ND)


def fit(train_TD: np.ndarray, val_ND: np.ndarray, *, seed: int = 0) -> Novelty:
    """The threshold that 95 % of the validation photos stay below; at most 2,000 of them, drawn with ``seed``.

    RunError when there are too few photos for the tenth neighbour or for a 95th percentile.
    """
    if len(train_TD) < NEIGHBOUR or len(val_ND) < LEAST_FITTED:
        raise RunError(
            f"what is unlike training cannot be told from {len(train_TD):,} training and {len(val_ND):,} validation "
            f"photos; it takes {NEIGHBOUR} and {LEAST_FITTED}"
        )
    val_ND = _some(val_ND, seed)
    train_TD = units(train_TD)
    found_N = kth_distance(train_TD, val_ND, NEIGHBOUR)
    threshold = float(np.quantile(found_N, KNOWN_SHARE))
    if not np.isfinite(threshold):
        raise RunError("the stored features hold something that is no number; run evaluate again, or train a new run")
    return Novelty(train_TD=train_TD, neighbour=NEIGHBOUR, threshold=threshold, num_fitted=len(val_ND))


def _some(features_ND: np.ndarray, seed: int) -> np.ndarray:
    """At most 2,000 rows, drawn: stored photos stand class by class, and the first ones are not like the rest."""
    if len(features_ND) <= MOST_FITTED:
        return features_ND
    return features_ND[np.random.default_rng(seed).permutation(len(features_ND))[:MOST_FITTED]]


def kth_distance(unit_TD: np.ndarray, features_ND: np.ndarray, k: int) -> np.ndarray:
    """Cosine distance, float32 N, of each row to its k-th nearest row of ``unit_TD`` (rows of length 1); exact."""
    units_ND = units(features_ND)
    found_N = np.empty(len(units_ND), np.float32)
    for start in range(0, len(units_ND), _CHUNK):
        similar_BT = units_ND[start : start + _CHUNK] @ unit_TD.T
        place = similar_BT.shape[1] - k
        similar_BT.partition(place, axis=1)
        found_N[start : start + _CHUNK] = 1 - similar_BT[:, place]
    return found_N
