"""Groups that K-means finds in features, beside the classes that people gave. Takes arrays; no torch, no files.

N images, D features, K classes and as many clusters.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from fashion_core.embeddings.pca import spread_rows
from fashion_core.errors import RunError

_MOST_FITTED = 10_000  # images from which the centres are found; every image then goes to its nearest centre
_MOST_COMPARED = 3_000  # images whose silhouette is taken: the cost grows with the square


@dataclass(frozen=True, kw_only=True, eq=False)
class Clusters:
    """``matrix_KK`` counts images by cluster (row) and class (column); a cluster stands in the row of the class that it
    matches best, one cluster a class, so that agreement lies on the diagonal.

    ``rand``: adjusted Rand index of clusters and classes, 1 the same groups, 0 what chance gives (Hubert and Arabie
    1985). ``silhouette`` of the clusters and ``class_silhouette`` of the classes: 1 far apart, 0 touching, below 0
    nearer to another group (Rousseeuw 1987), over ``num_compared`` images.
    """

    cluster_N: np.ndarray  # int32, 0..K-1, numbered as the matched class
    matrix_KK: np.ndarray
    rand: float
    silhouette: float
    class_silhouette: float
    num_compared: int


def starts(num_classes: int) -> int:
    """From how many random centres K-means begins: ten, and fewer where a thousand clusters would take minutes."""
    return 10 if num_classes <= 100 else max(1, 1000 // num_classes)


def k_means(features_ND: np.ndarray, labels_N: np.ndarray, classes: Sequence[str], *, seed: int = 0) -> Clusters:
    """K-means (scikit-learn, ``starts``) with one cluster for each of ``classes`` that has images here."""
    from scipy.optimize import linear_sum_assignment
    from sklearn.cluster import KMeans
    from sklearn.metrics import adjusted_rand_score, silhouette_score

    labels_N = np.asarray(labels_N)
    code = {label: place for place, label in enumerate(classes)}
    codes_N = np.array([code[label] for label in labels_N])
    K = len(code)
    if K < 2 or len(features_ND) <= K:
        raise RunError(f"clusters need at least 2 classes and more images than classes, got {K} and {len(features_ND)}")
    fitted = spread_rows(labels_N, _MOST_FITTED, seed)
    solver = KMeans(K, n_init=starts(K), random_state=seed).fit(features_ND[fitted])
    found_N = solver.predict(features_ND)
    counts_KK = np.zeros((K, K), np.int64)
    np.add.at(counts_KK, (found_N, codes_N), 1)
    rows, columns = linear_sum_assignment(-counts_KK)
    match_K = np.empty(K, np.int32)
    match_K[rows] = columns
    cluster_N = match_K[found_N]
    matrix_KK = np.zeros_like(counts_KK)
    matrix_KK[match_K] = counts_KK
    part = spread_rows(labels_N, _MOST_COMPARED, seed)

    def silhouette(groups: np.ndarray) -> float:
        num_groups = len(np.unique(groups))
        if not 2 <= num_groups < len(groups):
            return float("nan")
        return float(silhouette_score(features_ND[part], groups))

    return Clusters(
        cluster_N=cluster_N,
        matrix_KK=matrix_KK,
        rand=float(adjusted_rand_score(codes_N, found_N)),
        silhouette=silhouette(cluster_N[part]),
        class_silhouette=silhouette(codes_N[part]),
        num_compared=len(part),
    )


def rand_of(matrix_KK: np.ndarray) -> float:
    """Adjusted Rand index of a table of counts, clusters by classes (Hubert and Arabie 1985, equation 5); 1 where both
    put everything into one group."""
    counts = np.asarray(matrix_KK, dtype=np.float64)

    def pairs(numbers: np.ndarray) -> float:
        return float((numbers * (numbers - 1) / 2).sum())

    together, rows, columns = pairs(counts), pairs(counts.sum(axis=1)), pairs(counts.sum(axis=0))
    expected = rows * columns / max(pairs(counts.sum()[None]), 1)
    most = (rows + columns) / 2
    return 1.0 if most == expected else (together - expected) / (most - expected)
