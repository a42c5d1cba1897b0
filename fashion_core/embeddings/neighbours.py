"""The most alike images by their features: exact, by cosine. Takes arrays, gives rows, distances and shares.

No torch, no files, no index: one matrix product and a partial sort (benchmarks/speed/similar.py compares with
libraries).

N images searched, Q queries, D features, k neighbours.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from fashion_core.errors import RunError
from fashion_core.metrics.intervals import Estimate, wilson

_BLOCK = 256  # queries at a time: 256 x 106,166 similarities are 109 MB


def units(features_ND: np.ndarray) -> np.ndarray:
    """Each image's features brought to length 1, float32 N x D; features that are all 0 stay 0, like nothing."""
    lengths_N1 = np.linalg.norm(features_ND, axis=1, keepdims=True)
    return (features_ND / np.where(lengths_N1 > 0, lengths_N1, 1)).astype(np.float32)


def most_alike(
    units_ND: np.ndarray, query_D: np.ndarray, k: int, *, keep_N: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Rows of the ``k`` images nearest to ``query_D`` (length 1), nearest first, and their cosine distances (float32,
    0 alike to 2 opposite). Only images of ``keep_N`` (bool) are looked at; fewer come back where there are fewer."""
    likeness_N = units_ND @ query_D.astype(np.float32)
    rows = None
    if keep_N is not None:
        rows = np.flatnonzero(keep_N)
        likeness_N = likeness_N[rows]
    k = min(k, len(likeness_N))
    if k == 0:
        return np.empty(0, np.int64), np.empty(0, np.float32)
    found = np.argpartition(likeness_N, -k)[-k:]
    found = found[np.lexsort((found, -likeness_N[found]))]
    distances = np.clip(1 - likeness_N[found], 0, 2).astype(np.float32)
    return (found if rows is None else rows[found]), distances


def neighbours_of(
    queries_QD: np.ndarray, units_ND: np.ndarray, k: int, *, own_rows_Q: np.ndarray | None = None
) -> np.ndarray:
    """Rows of the ``k`` nearest images of each query, int64 Q x k, nearest first; both sides are of length 1.

    ``own_rows_Q``: the row of each query among the images where it is one of them; it is never its own neighbour.
    RunError when there are not ``k`` images to find.
    """
    num_others = len(units_ND) - (own_rows_Q is not None)
    if not 1 <= k <= num_others:
        raise RunError(f"{k} nearest images were asked for and there are {num_others} to look among")
    found_QK = np.empty((len(queries_QD), k), np.int64)
    for start in range(0, len(queries_QD), _BLOCK):
        block = slice(start, start + _BLOCK)
        likeness_BN = queries_QD[block] @ units_ND.T
        if own_rows_Q is not None:
            likeness_BN[np.arange(len(likeness_BN)), own_rows_Q[block]] = -np.inf
        if k == 1:  # a third of the time of a partial sort
            found_QK[block, 0] = likeness_BN.argmax(axis=1)
            continue
        near_BK = np.argpartition(likeness_BN, -k, axis=1)[:, -k:]
        order_BK = np.argsort(-np.take_along_axis(likeness_BN, near_BK, axis=1), axis=1, kind="stable")
        found_QK[block] = np.take_along_axis(near_BK, order_BK, axis=1)
    return found_QK


def alike_shares(units_ND: np.ndarray, labels_N: np.ndarray, k: int) -> np.ndarray:
    """Of each image's ``k`` nearest others the share that has its label, float64 N (precision at k)."""
    labels_N = np.asarray(labels_N)
    found_NK = neighbours_of(units_ND, units_ND, k, own_rows_Q=np.arange(len(units_ND)))
    return (labels_N[found_NK] == labels_N[:, None]).mean(axis=1)


def share_interval(shares_Q: np.ndarray, k: int) -> Estimate:
    """The mean of Q shares, each out of ``k``, with an interval: Wilson's for as many independent answers as would
    vary as much.

    The k neighbours of an image go together, so Q x k answers are too many and Q too few. The effective number is
    p (1 - p) / var(mean), kept within Q and Q x k: Korn and Graubard (1998), "Confidence intervals for proportions
    with small expected number of positive counts estimated from survey data", Survey Methodology 24, 193-201.
    """
    num, mean = len(shares_Q), float(np.mean(shares_Q))
    variance = float(np.var(shares_Q, ddof=1)) / num if num > 1 else 0.0
    effective = np.clip(mean * (1 - mean) / variance, num, num * k) if variance > 0 else num
    low, high = wilson(np.asarray(mean * effective), np.asarray(effective))
    return Estimate(mean, float(low), float(high), num)


def by_class(shares_Q: np.ndarray, labels_Q: np.ndarray, classes: tuple[str, ...], k: int) -> pd.DataFrame:
    """``label, n, rate, low, high`` of each class that has queries: the mean share and its interval."""
    rows = []
    for label in classes:
        of_label = shares_Q[labels_Q == label]
        if len(of_label):
            rows.append({"label": label, "n": len(of_label), **share_interval(of_label, k).flat("rate")})
    return pd.DataFrame(rows)


@dataclass(frozen=True, eq=False)
class Purity:
    """Of each image's ``k`` nearest, the share of its own class: a row a class, and over all images."""

    by_class: pd.DataFrame
    share: Estimate
    k: int

    @classmethod
    def of(cls, shares_Q: np.ndarray, labels_Q: np.ndarray, classes: tuple[str, ...], k: int) -> "Purity":
        """Of the share that each image has."""
        return cls(by_class(shares_Q, labels_Q, classes, k), share_interval(shares_Q, k), k)


def num_shared(one_QK: np.ndarray, other_QK: np.ndarray) -> np.ndarray:
    """How many of the neighbours of each query are in both lists, int64 Q; a list names no image twice."""
    return (one_QK[:, :, None] == other_QK[:, None, :]).sum(axis=(1, 2))
