"""PCA of embeddings. Takes an N x D array, gives coordinates and how much they explain. No torch, no files.

N images, D features, C components.
"""

from dataclasses import dataclass

import numpy as np
from sklearn.decomposition import PCA

from fashion_core.errors import RunError


@dataclass(frozen=True, kw_only=True)
class Projection:
    """Coordinates of N images on C principal axes, with each axis' share of the variance."""

    points_NC: np.ndarray  # float32
    explained_variance_ratio_C: np.ndarray
    components_CD: np.ndarray
    mean_D: np.ndarray


def pca(embeddings_ND: np.ndarray, num_components: int = 2) -> Projection:
    """Exact PCA over all images and dimensions, centred.

    scikit-learn's covariance_eigh solver: 106,166 x 256 in 0.1 s on two cores, full SVD 1.06 s (PERFORMANCE). The sign
    of each axis is fixed by scikit-learn (largest loading positive), so that a map does not flip between calls.
    """
    num_images, num_features = embeddings_ND.shape
    if num_images < 2 or num_features < num_components:
        raise RunError(
            f"a map of {num_components} axes needs at least 2 images and {num_components} features, "
            f"got {num_images} and {num_features}"
        )
    solver = PCA(n_components=num_components, svd_solver="covariance_eigh")
    points_NC = solver.fit_transform(embeddings_ND.astype(np.float64))
    return Projection(
        points_NC=points_NC.astype(np.float32),
        explained_variance_ratio_C=solver.explained_variance_ratio_,
        components_CD=solver.components_,
        mean_D=solver.mean_,
    )
