"""Near duplicates among 64-bit hashes: every pair within a Hamming distance, exactly, without comparing all with all.

Takes uint64 arrays; gives pairs and their distances. Knows nothing of photos, files or datasets.
"""

from collections.abc import Iterator

import numpy as np

MAX_DISTANCE = 4
_BLOCK = 4_000_000  # candidate pairs held at once: about 130 MB


def near_pairs(hashes_N: np.ndarray, max_distance: int = MAX_DISTANCE) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """All pairs i < j whose hashes differ in at most ``max_distance`` of 64 bits: (i, j, distance), ordered by (i, j).

    Two hashes that differ in at most d bits agree in at least one of d + 1 bands of bits (pigeonhole), so only hashes
    that share a band are compared. The cost grows with the answer: N equal hashes have N (N - 1) / 2 pairs.
    """
    hashes_N = np.ascontiguousarray(hashes_N, dtype=np.uint64)
    return _pairs(hashes_N, np.zeros(len(hashes_N), np.bool_), max_distance, between=False)


def near_pairs_between(
    hashes_N: np.ndarray, others_M: np.ndarray, max_distance: int = MAX_DISTANCE
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """All (i, j, distance) with ``hashes_N[i]`` and ``others_M[j]`` at most ``max_distance`` bits apart, in order."""
    both = np.concatenate([hashes_N, others_M]).astype(np.uint64, copy=False)
    first, second, distance = _pairs(both, np.arange(len(both)) >= len(hashes_N), max_distance, between=True)
    return first, second - len(hashes_N), distance


def groups_of(num: int, first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """int64 N: for each of ``num`` things the smallest number that pairs connect it to; itself when none does."""
    group_N = np.arange(num)
    while True:
        smallest = np.minimum(group_N[first], group_N[second])
        found_N = group_N.copy()
        np.minimum.at(found_N, first, smallest)
        np.minimum.at(found_N, second, smallest)
        found_N = found_N[found_N]  # jump to the group's own group: a chain of k photos ends in log k rounds
        if np.array_equal(found_N, group_N):
            return group_N
        group_N = found_N


def _pairs(
    hashes_N: np.ndarray, side_N: np.ndarray, max_distance: int, *, between: bool
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    masks = _band_masks(max_distance + 1)
    nothing = np.empty(0, np.int64)
    found = [(nothing, nothing, nothing.astype(np.uint8))]
    for number, mask in enumerate(masks):
        order_N = np.argsort(_band(hashes_N, mask), kind="stable")  # 16-bit keys: numpy sorts them by radix
        sorted_N = hashes_N[order_N]
        for left, right in _within_runs(sorted_N & mask):
            differing = sorted_N[left] ^ sorted_N[right]
            keep = np.flatnonzero(np.bitwise_count(differing) <= max_distance)
            left, right, differing = left[keep], right[keep], differing[keep]
            seen = np.zeros(len(keep), np.bool_)
            for earlier in masks[:number]:  # a pair belongs to the first band it shares
                seen |= (differing & earlier) == 0
            i, j = order_N[left[~seen]], order_N[right[~seen]]
            i, j = np.minimum(i, j), np.maximum(i, j)
            wanted = side_N[i] != side_N[j] if between else slice(None)
            found.append((i[wanted], j[wanted], np.bitwise_count(differing[~seen])[wanted]))
    first, second, distance = (np.concatenate([part[column] for part in found]) for column in range(3))
    in_order = np.lexsort((second, first))
    return first[in_order], second[in_order], distance[in_order]


def _band_masks(num_bands: int) -> list[np.uint64]:
    """Band b holds bits b, b + num_bands, ...: neighbouring bits of a perceptual hash say similar things, and a band of
    neighbours would put many photos into few buckets."""
    assert 4 <= num_bands <= 64, "a band has at most 16 bits, so that its key fits in a uint16"
    return [np.uint64(sum(1 << bit for bit in range(band, 64, num_bands))) for band in range(num_bands)]


def _band(hashes_N: np.ndarray, mask: np.uint64) -> np.ndarray:
    """The bits of ``mask`` moved together, as uint16."""
    key_N = np.zeros(len(hashes_N), np.uint16)
    bits = [bit for bit in range(64) if int(mask) >> bit & 1]
    for place, bit in enumerate(bits):
        key_N |= ((hashes_N >> np.uint64(bit)) & np.uint64(1)).astype(np.uint16) << np.uint16(place)
    return key_N


def _within_runs(sorted_N: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """All pairs of places p < q with equal values in a sorted array, in blocks of bounded size."""
    num = len(sorted_N)
    ends = np.append(np.flatnonzero(sorted_N[1:] != sorted_N[:-1]) + 1, num) if num else np.zeros(1, np.int64)
    lengths = np.diff(ends, prepend=0)
    after_N = np.repeat(ends, lengths) - np.arange(num) - 1  # how many places of the run come after this one
    total_N = np.cumsum(after_N)
    start, done = 0, 0
    while start < num:
        stop = max(start + 1, int(np.searchsorted(total_N, done + _BLOCK, side="right")))
        counts = after_N[start:stop]
        begins = np.cumsum(counts) - counts
        left = np.repeat(np.arange(start, stop), counts)
        yield left, np.arange(len(left)) - np.repeat(begins, counts) + left + 1
        start, done = stop, int(total_N[stop - 1])
