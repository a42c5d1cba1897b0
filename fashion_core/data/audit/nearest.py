"""The nearest of many descriptions, without comparing all with all: each looks into the groups that lie nearest to it.

Takes unit vectors, float N x F; gives pairs of rows whose cosine is high, a bounded number for each row. Knows nothing
of photos. The same input gives the same pairs.
"""

import numpy as np

MOST, LEAST, TOGETHER = 16, 3, 250_000  # pairs kept for a row, nearest first; fewer where that is more than TOGETHER
_PROBES = 6  # groups that a row looks into
_ROUNDS = 4  # of k-means
_BLOCK = 4096


def pairs(
    features_NF: np.ndarray, queries_NF: np.ndarray, least: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray, int]:
    """(query, row, cosine) with cosine >= ``least``, query and row different, a bounded number for each query
    (see MOST), and how many queries had more than that in the groups they looked into.

    ``queries_NF`` has a row for each of ``features_NF``: the same ones, or the same photos in another way.
    """
    num = len(features_NF)
    most = int(np.clip(TOGETHER // max(num, 1), LEAST, MOST))
    centres_GF = _centres(features_NF)
    home_N = _nearest(features_NF, centres_GF, 1)[:, 0]
    looks_NP = _nearest(queries_NF, centres_GF, min(_PROBES, len(centres_GF)))
    order_N = np.argsort(home_N, kind="stable")
    ends_G = np.searchsorted(home_N[order_N], np.arange(len(centres_GF)), side="right")
    asked, by = np.divmod(np.argsort(looks_NP.T.ravel(), kind="stable"), num) if num else (np.empty(0, int),) * 2
    asked_ends_G = np.searchsorted(np.sort(looks_NP, axis=None), np.arange(len(centres_GF)), side="right")
    best_NM = np.full((num, most), -1, np.float32)
    row_NM = np.zeros((num, most), np.int64)
    more_N = np.zeros(num, np.int64)
    for group in range(len(centres_GF)):
        members = order_N[ends_G[group - 1] if group else 0 : ends_G[group]]
        looking = by[asked_ends_G[group - 1] if group else 0 : asked_ends_G[group]]
        if not len(members):
            continue
        members_f = features_NF[members].astype(np.float32)
        for start in range(0, len(looking), _BLOCK):
            some = looking[start : start + _BLOCK]
            near = queries_NF[some].astype(np.float32) @ members_f.T
            near[near < least] = -1
            near[some[:, None] == members[None]] = -1
            any_near = np.flatnonzero(near.max(axis=1) > -1)
            if not len(any_near):
                continue
            some, near = some[any_near], near[any_near]
            more_N[some] += (near > -1).sum(axis=1)
            both = np.concatenate([best_NM[some], near], axis=1)
            rows = np.concatenate([row_NM[some], np.broadcast_to(members, near.shape)], axis=1)
            kept = np.argpartition(both, both.shape[1] - most, axis=1)[:, -most:]
            best_NM[some], row_NM[some] = np.take_along_axis(both, kept, 1), np.take_along_axis(rows, kept, 1)
    query, place = np.nonzero(best_NM >= least)
    return query, row_NM[query, place], best_NM[query, place], int((more_N > most).sum())


def _centres(features_NF: np.ndarray) -> np.ndarray:
    num = len(features_NF)
    num_groups = max(1, int(np.sqrt(num)))
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
    """The ``num`` groups nearest to each row."""
    found = np.empty((len(features_NF), num), np.int32)
    for start in range(0, len(features_NF), _BLOCK):
        near = features_NF[start : start + _BLOCK].astype(np.float32) @ centres_GF.T
        if num == 1:
            found[start : start + _BLOCK, 0] = near.argmax(axis=1)
        else:
            found[start : start + _BLOCK] = np.argpartition(near, near.shape[1] - num, axis=1)[:, -num:]
    return found
