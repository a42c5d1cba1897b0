"""The near-duplicate index against comparing everything with everything."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from fashion_core import duplicates


def compared(hashes: np.ndarray, others: np.ndarray, most: int) -> list[tuple[int, int, int]]:
    """(i, j, distance) of every close pair, counted bit by bit in plain Python."""
    rows = [(i, j, (int(a) ^ int(b)).bit_count()) for i, a in enumerate(hashes) for j, b in enumerate(others)]
    return [row for row in rows if row[2] <= most]


def pairs_of(found: tuple) -> list[tuple[int, int, int]]:
    return list(zip(*(column.tolist() for column in found), strict=True))


def adversarial(seed: int) -> np.ndarray:
    """Random hashes, and beside each some at distances 0 to 6 of it: spread over all bits, within one byte, in every
    place of a band; all zeros, all ones, repeats."""
    generator = np.random.default_rng(seed)
    base = generator.integers(0, 2**64, 40, dtype=np.uint64)
    found = [*base, np.uint64(0), np.uint64(2**64 - 1), np.uint64(0)]
    for number, value in enumerate(base):
        for distance in range(7):
            bits = {
                0: generator.choice(64, distance, replace=False),
                1: generator.choice(8, distance, replace=False) + 8 * (number % 8),
                2: np.arange(distance) * 5 + number % 5,  # all in one band of five
                3: np.arange(distance) + number % 50,  # each in another band
            }[number % 4]
            found.append(value ^ np.uint64(sum(1 << int(bit) for bit in bits)))
    return generator.permutation(np.array(found, dtype=np.uint64))


@pytest.mark.parametrize("most", [3, 4])
@pytest.mark.parametrize("seed", range(5))
def test_the_index_finds_exactly_what_comparing_all_finds(seed: int, most: int):
    hashes = adversarial(seed)
    expected = [row for row in compared(hashes, hashes, most) if row[0] < row[1]]
    assert {distance for *_, distance in expected} == set(range(most + 1))
    assert pairs_of(duplicates.near_pairs(hashes, most)) == expected


@pytest.mark.parametrize("seed", range(3))
def test_pairs_between_two_sets_are_exactly_what_comparing_all_finds(seed: int):
    hashes = adversarial(seed)
    first, second = hashes[:150], hashes[120:]
    assert pairs_of(duplicates.near_pairs_between(first, second)) == compared(first, second, 4)


@settings(max_examples=60, deadline=None)
@given(some.lists(some.integers(0, 2**64 - 1) | some.sampled_from([2**n for n in range(64)]), max_size=60))
def test_any_hashes_give_what_comparing_all_finds(values: list[int]):
    hashes = np.array(values, dtype=np.uint64)
    expected = [row for row in compared(hashes, hashes, 4) if row[0] < row[1]]
    assert pairs_of(duplicates.near_pairs(hashes)) == expected


def test_blocks_of_candidates_change_nothing(monkeypatch):
    hashes = np.random.default_rng(0).integers(0, 40, 300, dtype=np.uint64)  # few values: long runs in every band
    whole = pairs_of(duplicates.near_pairs(hashes))
    monkeypatch.setattr(duplicates, "_BLOCK", 50)
    assert pairs_of(duplicates.near_pairs(hashes)) == whole


def test_groups_are_what_pairs_connect():
    first, second = np.array([0, 5, 1, 7]), np.array([3, 1, 9, 8])
    assert duplicates.groups_of(10, first, second).tolist() == [0, 1, 2, 0, 4, 1, 6, 7, 7, 1]
    chain = np.arange(999)
    assert set(duplicates.groups_of(1000, chain, chain + 1).tolist()) == {0}
