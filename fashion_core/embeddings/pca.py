"""Principal axes of features, and how many of them are more than chance. Takes an N x D array, gives axes and shares.

No torch, no files.

N images, D features, C components (at most D and N), R shuffles.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from fashion_core.errors import RunError

#: Values to shuffle in all: 20 shuffles of 7,500 x 256 in a second; with more images fewer are needed.
_MOST_SHUFFLED = 40_000_000


@dataclass(frozen=True, kw_only=True, eq=False)
class Axes:
    """All principal axes of N images, the one with the largest share of the variance first."""

    mean_D: np.ndarray  # float64
    components_CD: np.ndarray  # float64, each of length 1
    explained_variance_ratio_C: np.ndarray  # float64; of all the variance, so that the whole sums to 1

    def points(self, features_ND: np.ndarray, axes: Sequence[int]) -> np.ndarray:
        """Where images lie on the axes numbered ``axes`` (from 0), float32 N x len(axes)."""
        chosen_DA = self.components_CD[list(axes)].T
        # the mean is taken off afterwards, and the features stay float32: no second copy of 106,166 x 256
        return (features_ND @ chosen_DA.astype(features_ND.dtype) - self.mean_D @ chosen_DA).astype(np.float32)


def principal_axes(features_ND: np.ndarray) -> Axes:
    """Exact PCA over all images and dimensions, centred; RunError when there is nothing to tell apart.

    scikit-learn's covariance_eigh solver: 106,166 x 256 in 0.1 s on two cores, full SVD 1.06 s (PERFORMANCE). The sign
    of each axis is fixed by scikit-learn (largest loading positive), so that a map does not flip between calls.
    """
    num_images, num_features = features_ND.shape
    if num_images < 2 or num_features < 2:
        raise RunError(f"a map of 2 axes needs at least 2 images and 2 features, got {num_images} and {num_features}")
    refuse_identical(features_ND)
    from sklearn.decomposition import PCA  # a second that pages without a map do not owe

    solver = PCA(svd_solver="covariance_eigh").fit(features_ND.astype(np.float64))
    return Axes(
        mean_D=solver.mean_,
        components_CD=solver.components_,
        explained_variance_ratio_C=solver.explained_variance_ratio_,
    )


def refuse_identical(features_ND: np.ndarray) -> None:
    """RunError where all images have the same features: whatever map were drawn of them, it would show nothing."""
    if not np.ptp(features_ND, axis=0).any():
        raise RunError("every image has the same features, so there is no map; train the run longer or again")


def shuffled_shares(features_ND: np.ndarray, *, num_shuffles: int | None = None, seed: int = 0) -> np.ndarray:
    """What principal axes of shuffled features would explain, float64 R x D, each row falling.

    Every column is shuffled by itself: each feature keeps its values and loses its tie to the others, so an axis that
    explains no more than this is chance. Horn (1965), "A rationale and test for the number of factors in factor
    analysis", Psychometrika 30, 179-185; by permutation: Buja and Eyuboglu (1992), Multivariate Behavioral Research 27.
    """
    if num_shuffles is None:
        num_shuffles = int(np.clip(_MOST_SHUFFLED // features_ND.size, 3, 20))
    generator = np.random.default_rng(seed)
    columns_DN = np.ascontiguousarray((features_ND - features_ND.mean(axis=0)).T, dtype=np.float32)
    shares_RD = np.empty((num_shuffles, len(columns_DN)))
    for place in range(num_shuffles):
        generator.permuted(columns_DN, axis=1, out=columns_DN)
        values_D = np.linalg.eigvalsh((columns_DN @ columns_DN.T).astype(np.float64))[::-1]
        shares_RD[place] = values_D / values_D.sum()
    return shares_RD


def num_beyond_chance(shares_C: np.ndarray, chance_RD: np.ndarray, quantile: float = 0.95) -> int:
    """How many leading axes explain more than that quantile of the shuffles (Glorfeld 1995, Educational and
    Psychological Measurement 55): counting ends at the first that does not."""
    line_C = np.quantile(chance_RD, quantile, axis=0)[: len(shares_C)]
    beyond_C = shares_C > line_C
    return int(len(beyond_C) if beyond_C.all() else np.argmin(beyond_C))


def spread_rows(labels_N: np.ndarray, most: int, seed: int = 0) -> np.ndarray:
    """At most ``most`` row numbers, ascending, int64: every class keeps its share and at least one image."""
    labels_N = np.asarray(labels_N)
    if len(labels_N) <= most:
        return np.arange(len(labels_N))
    generator = np.random.default_rng(seed)
    kept = []
    for label in np.unique(labels_N):
        rows = np.flatnonzero(labels_N == label)
        quota = max(1, len(rows) * most // len(labels_N))
        kept.append(generator.choice(rows, quota, replace=False))
    return np.sort(np.concatenate(kept))
