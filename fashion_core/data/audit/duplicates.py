"""Groups that pairs connect. Takes arrays of places; knows nothing of photos, files or datasets."""

import numpy as np


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
