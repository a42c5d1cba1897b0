"""Which classes of a large confusion matrix are looked at first, and those around one class.

Takes counts (int, K x K, rows true); gives indices in the order to show. Knows no files and no names.
"""

from collections.abc import Sequence

import numpy as np

from fashion_core.metrics import class_order

MANY = 25  # from so many classes on a whole matrix on a page of 1280 pixels has cells that nobody can read or hit
SHOWN = 15  # classes of an excerpt: as many as a page shows whole


def worst(matrix_KK: np.ndarray, most: int = SHOWN, keep: Sequence[int] = ()) -> list[int]:
    """The classes of the most frequent confusions, ``keep`` among them, those that are taken for each other side by
    side. Fewer than ``most`` where no further class is confused; the first ones where none is."""
    matrix_KK = np.asarray(matrix_KK)
    found = list(dict.fromkeys(int(place) for place in keep))[:most]
    for row, column in _errors(matrix_KK):
        new = [place for place in (row, column) if place not in found]
        if len(found) + len(new) > most:
            if len(found) >= most - 1:
                break
            continue
        found += new
    return _beside(matrix_KK, found or list(range(min(most, len(matrix_KK)))))


def around(matrix_KK: np.ndarray, place: int, most: int = SHOWN, keep: Sequence[int] = ()) -> list[int]:
    """The class at ``place`` and those that it is taken for or that are taken for it, the most frequent first to be
    kept; ``keep`` among them."""
    matrix_KK = np.asarray(matrix_KK)
    with_it_K = matrix_KK[place] + matrix_KK[:, place]
    others = [int(k) for k in np.argsort(-with_it_K, kind="stable")[: most + 1] if k != place and with_it_K[k]]
    return _beside(matrix_KK, list(dict.fromkeys([place, *(int(k) for k in keep), *others]))[:most])


def wrong_within(matrix_KK: np.ndarray, places: Sequence[int]) -> tuple[int, int]:
    """How many wrong answers lie between these classes, and how many there are in all."""
    part = np.asarray(matrix_KK)[np.ix_(places, places)]
    return int(part.sum() - np.trace(part)), int(np.sum(matrix_KK) - np.trace(matrix_KK))


def _errors(matrix_KK: np.ndarray) -> list[tuple[int, int]]:
    """(true, predicted) of every cell with errors: most photos first, then the largest share of the row."""
    rows, columns = np.nonzero(matrix_KK)
    off = rows != columns
    rows, columns = rows[off], columns[off]
    counts = matrix_KK[rows, columns]
    order = np.lexsort((columns, rows, -counts / matrix_KK.sum(axis=1)[rows], -counts))
    return list(zip(rows[order].tolist(), columns[order].tolist(), strict=True))


def _beside(matrix_KK: np.ndarray, places: list[int]) -> list[int]:
    places = sorted(places)
    return [places[at] for at in class_order.by_errors(matrix_KK[np.ix_(places, places)])[0]]
