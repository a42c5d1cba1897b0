"""Groups of pairs against a count by hand."""

import numpy as np

from fashion_core.data.audit import duplicates


def test_groups_are_what_pairs_connect():
    first, second = np.array([0, 5, 1, 7]), np.array([3, 1, 9, 8])
    assert duplicates.groups_of(10, first, second).tolist() == [0, 1, 2, 0, 4, 1, 6, 7, 7, 1]
    chain = np.arange(999)
    assert set(duplicates.groups_of(1000, chain, chain + 1).tolist()) == {0}
