"""Are the classes groups, and is there structure at all: numbers of one run's features.

Takes a run, gives plain values. N images, D features, K classes. No torch.
"""

import math
from typing import Any

import numpy as np

from fashion_core.embeddings import clusters, neighbours, pca
from fashion_core.runs.runs import Run

NEAREST = 10
_MOST_COMPARED = 3_000  # photos whose neighbours are looked for
_MOST_KEPT = 12  # axes whose share is kept for a chart
_RESAMPLES = 500


def measure(run: Run, split: str) -> dict[str, Any]:
    """Of the run's features of a split: ``rand`` of K-means and its variance over photos, silhouettes, the share of the
    nearest photos of the same class with its interval and what chance gives, the shares of the leading axes beside the
    95 % quantile of shuffled features, and the cluster-by-class matrix. RunError where it has no features."""
    features_ND = run.embeddings(split)
    labels_N = run.predictions(split)["label"].to_numpy()
    classes = [name for name in run.classes if (labels_N == name).any()]
    found = clusters.k_means(features_ND, labels_N, classes, seed=run.settings.seed)
    axes = pca.principal_axes(features_ND)
    chance_RD = pca.shuffled_shares(features_ND)
    shares_C = axes.explained_variance_ratio_C
    rows = pca.spread_rows(labels_N, _MOST_COMPARED)
    units_MD, near = neighbours.units(features_ND[rows]), min(NEAREST, len(rows) - 1)
    alike_M = neighbours.alike_shares(units_MD, labels_N[rows], near)
    alike = neighbours.share_interval(alike_M, near)
    counts_K = np.array([(labels_N == name).sum() for name in classes])
    return {
        "seed": run.settings.seed,
        "rand": round(found.rand, 5),
        "rand_variance": rand_variance(found.matrix_KK),
        "silhouette": _number(found.silhouette),
        "class_silhouette": _number(found.class_silhouette),
        "alike": round(alike.value, 5),
        "alike_low": round(alike.low, 5),
        "alike_high": round(alike.high, 5),
        "chance": round(float(((counts_K / counts_K.sum()) ** 2).sum()), 5),
        "axes_beyond_chance": pca.num_beyond_chance(shares_C, chance_RD),
        "num_axes": len(shares_C),
        "shares": [round(float(share), 5) for share in shares_C[:_MOST_KEPT]],
        "chance_shares": [round(float(one), 5) for one in np.quantile(chance_RD, 0.95, axis=0)[:_MOST_KEPT]],
        "matrix": found.matrix_KK.tolist(),
        "classes": classes,
    }


def rand_variance(matrix_KK: np.ndarray, *, seed: int = 0) -> float:
    """Variance of the adjusted Rand index over which photos were asked about: a bootstrap of the photos (Efron and
    Tibshirani 1993, chapter 6), each resample one multinomial draw of the cells."""
    generator, counts_C = np.random.default_rng(seed), matrix_KK.ravel()
    drawn = generator.multinomial(counts_C.sum(), counts_C / counts_C.sum(), size=_RESAMPLES)
    found = [clusters.rand_of(one.reshape(matrix_KK.shape)) for one in drawn]
    return float(np.var(found, ddof=1))


def _number(value: float) -> float | None:
    return None if math.isnan(value) else round(value, 5)
