"""The nearest of many descriptions, without comparing all with all: each looks into the groups that lie nearest to it.

Takes unit vectors, float N x F; gives pairs of rows whose cosine is high, a bounded number for each row. Knows nothing
of photos. The same input gives the same pairs.
"""

from collections.abc import Callable

import numpy as np

MOST, LEAST, TOGETHER = 16, 3, 250_000  # pairs kept for a row, nearest first; fewer where that is more than TOGETHER
_PROBES = 6  # groups that a row looks into
_ROUNDS = 4  # of k-means
_BLOCK = 4096
_WAITING = 4_000_000  # pairs kept at once

Fits = Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray]


def pairs(
    features_NF: np.ndarray, queries_NF: np.ndarray, least: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray, int]:
    """(query, row, cosine) with cosine >= ``least``, query and row different, a bounded number for each query
    (see MOST), and how many queries had more than that in the groups they looked into.

    ``queries_NF`` has a row for each of ``features_NF``: the same ones, or the same photos in another way.
    """
    every_N = np.arange(len(features_NF))
    most = int(np.clip(TOGETHER // max(len(every_N), 1), LEAST, MOST))
    return among(features_NF, queries_NF, least, every_N, every_N, None, most, _PROBES)


def among(
    features_NF: np.ndarray,
    queries_MF: np.ndarray,
    least: float,
    ids_M: np.ndarray,
    ids_N: np.ndarray,
    fits: Fits | None = None,
    most: int = MOST,
    probes: int = 3,
) -> tuple[np.ndarray, np.ndarray, np.ndarray, int]:
    """As ``pairs``, for queries of their own: ``ids`` are one number for one photo, which is no pair with itself.

    ``fits`` tells of (query, row, cosine) which may be a pair at all; the others take no place of the ``most``.
    """
    num = len(queries_MF)
    centres_GF = _centres(features_NF, num)
    home_N = _nearest(features_NF, centres_GF, 1)[:, 0]
    looks_MP = _nearest(queries_MF, centres_GF, min(probes, len(centres_GF)))
    order_N = np.argsort(home_N, kind="stable")
    ends_G = np.searchsorted(home_N[order_N], np.arange(len(centres_GF)), side="right")
    by = np.argsort(looks_MP.T.ravel(), kind="stable") % max(num, 1)
    asked_ends_G = np.searchsorted(np.sort(looks_MP, axis=None), np.arange(len(centres_GF)), side="right")
    kept, waiting, more_M = [_none()], 0, np.zeros(num, np.int64)
    for group in range(len(centres_GF)):
        members = order_N[ends_G[group - 1] if group else 0 : ends_G[group]]
        looking = by[asked_ends_G[group - 1] if group else 0 : asked_ends_G[group]]
        if not len(members):
            continue
        members_f = features_NF[members].astype(np.float32)
        for start in range(0, len(looking), _BLOCK):
            some = looking[start : start + _BLOCK]
            near = queries_MF[some].astype(np.float32) @ members_f.T
            query, row = np.divmod(np.flatnonzero(near >= least), len(members))
            cosine = near[query, row]
            query, row = some[query], members[row]
            here = ids_M[query] != ids_N[row]
            if fits:
                here[here] = fits(query[here], row[here], cosine[here])
            query, row, cosine = query[here], row[here], cosine[here]
            more_M += np.bincount(query, minlength=num)
            kept.append(_nearest_of(query, row, cosine, most))
            waiting += len(kept[-1][0])
            if waiting > _WAITING:
                kept, waiting = [_together(kept, most)], 0
    query, row, cosine = _together(kept, most)
    return query, row, cosine, int((more_M > most).sum())


def _none() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    return np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, np.float32)


def _together(
    parts: list[tuple[np.ndarray, np.ndarray, np.ndarray]], most: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    query, row, cosine = (np.concatenate([part[column] for part in parts]) for column in range(3))
    return _nearest_of(query, row, cosine, most)


def _nearest_of(
    query: np.ndarray, row: np.ndarray, cosine: np.ndarray, most: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The ``most`` nearest of each query, by query."""
    order = np.lexsort((-cosine, query))
    query, row, cosine = query[order], row[order], cosine[order]
    place = np.arange(len(query)) - np.searchsorted(query, query)
    near = place < most
    return query[near], row[near], cosine[near]


def _centres(features_NF: np.ndarray, num_queries: int) -> np.ndarray:
    """One for few queries: they are compared with all in less time than all with centres."""
    num = len(features_NF)
    num_groups = max(1, int(np.sqrt(num)))
    if num_queries <= num_groups:
        num_groups = 1
    some = np.random.default_rng(0).permutation(num)[: num_groups * 40]
    sample = features_NF[some].astype(np.float32)
    centres = sample[:num_groups].copy()
    for _ in range(_ROUNDS):
        home = (sample @ centres.T).argmax(axis=1)
        order = np.argsort(home, kind="stable")
        found, starts = np.unique(home[order], return_index=True)
        centres[found] = np.add.reduceat(sample[order], starts, axis=0)
        centres /= np.linalg.norm(centres, axis=1, keepdims=True) + 1e-9
    return centres


def _nearest(features_NF: np.ndarray, centres_GF: np.ndarray, num: int) -> np.ndarray:
    """The ``num`` groups nearest to each row, for few of them."""
    found = np.empty((len(features_NF), num), np.int32)
    for start in range(0, len(features_NF), _BLOCK):
        near = features_NF[start : start + _BLOCK].astype(np.float32) @ centres_GF.T
        rows = np.arange(len(near))
        for place in range(num):
            found[start : start + _BLOCK, place] = best = near.argmax(axis=1)
            near[rows, best] = -2
    return found
