"""Lay one run's features over another's. Takes two arrays of the same images; no torch, no files.

N images, D and E features of the first and the second run.
"""

from dataclasses import dataclass

import numpy as np

from fashion_core.errors import RunError


@dataclass(frozen=True, kw_only=True, eq=False)
class Aligned:
    """``features_ND``: the second run's images in the first run's space, moved, turned, mirrored and scaled as one.

    ``disparity``: what is left between the two, as a share of the first run's variance: 0 the same arrangement of the
    images, 1 nothing in common.
    """

    features_ND: np.ndarray  # float32
    disparity: float


def align(first_ND: np.ndarray, second_NE: np.ndarray) -> Aligned:
    """Orthogonal Procrustes over all features: the turn that brings the second as near to the first as a turn can.

    Schönemann (1966), "A generalized solution of the orthogonal Procrustes problem", Psychometrika 31, 1-10; solved by
    scipy. Directions that one of the two runs does not have are taken as 0. RunError when a side has no variance.
    """
    from scipy.linalg import orthogonal_procrustes

    assert len(first_ND) == len(second_NE), "rows are the same images"
    width = max(first_ND.shape[1], second_NE.shape[1])
    centred = []
    for features in (first_ND, second_NE):
        moved = np.zeros((len(features), width))
        moved[:, : features.shape[1]] = features - features.mean(axis=0, dtype=np.float64)
        centred.append(moved)
    first, second = centred
    lengths = [np.linalg.norm(side) for side in centred]
    if not min(lengths) > 0:
        raise RunError(
            "one of the two runs gives every image the same features, so they cannot be laid over each other"
        )
    turn, total = orthogonal_procrustes(second / lengths[1], first / lengths[0])
    D = first_ND.shape[1]
    aligned = (second @ turn)[:, :D] * (total * lengths[0] / lengths[1]) + first_ND.mean(axis=0, dtype=np.float64)
    return Aligned(features_ND=aligned.astype(np.float32), disparity=float(max(0.0, 1 - total**2)))
