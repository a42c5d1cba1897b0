"""The recall of each class on two sides, and which of the differences are real. Takes answers, gives one table.

label, n, first, second (shares), difference, low, high (95 %), p_value, p_holm: the p-values of all classes together,
by Holm, because among 15 classes one looks different by chance alone in half of all comparisons. A class without photos
on a side has n = 0 and NaN for the rest. Knows no files.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from fashion_core import differences
from fashion_core.answers import Joined, Told
from fashion_core.differences import Difference

_NOTHING = [np.nan] * 6
COLUMNS = ["label", "n", "first", "second", "difference", "low", "high", "p_value", "p_holm"]


def paired(joined: Joined, classes: Sequence[str]) -> pd.DataFrame:
    """Of two single models by exact McNemar and Tango's interval, of several seeds by ``seeded_difference``."""
    right_first, right_second = joined.first.right_SN, joined.second.right_SN
    rows = []
    for k, name in enumerate(classes):
        own = joined.first.label_N == k
        if not own.any():
            rows.append([name, 0, *_NOTHING])
            continue
        one, other = right_first[:, own], right_second[:, own]
        if len(one) == len(other) == 1:
            found = differences.paired_difference((one & ~other).sum(), (~one & other).sum(), int(own.sum()))
        else:
            noise = differences.variance_over_photos(one, other)
            found = differences.seeded_difference(one.mean(axis=1), other.mean(axis=1), noise)
        rows.append([name, int(own.sum()), float(one.mean()), float(other.mean()), *_numbers(found)])
    return _table(rows)


def independent(first: Told, second: Told, classes: Sequence[str]) -> pd.DataFrame:
    """Where nothing is paired, by ``independent_difference``; empty where a side has no matrix. Of several seeds the
    mean counts are taken and their spread is left out."""
    if first.matrix is None or second.matrix is None:
        return pd.DataFrame(columns=COLUMNS)
    rows = []
    for k, name in enumerate(classes):
        right, n = [], []
        for told in (first, second):
            assert told.matrix is not None
            right.append(told.matrix[k, k] / len(told.accuracies))
            n.append(told.matrix[k].sum() / len(told.accuracies))
        if not min(n):
            rows.append([name, 0, *_NOTHING])
            continue
        found = differences.independent_difference(right[0], n[0], right[1], n[1])
        rows.append([name, int(min(n)), right[0] / n[0], right[1] / n[1], *_numbers(found)])
    return _table(rows)


def _numbers(found: Difference) -> list[float]:
    return [found.value, found.low, found.high, found.p_value]


def _table(rows: list[list[Any]]) -> pd.DataFrame:
    p_values = np.array([row[-1] for row in rows], dtype=np.float64)
    adjusted, told = np.full(len(rows), np.nan), np.isfinite(p_values)
    adjusted[told] = differences.holm(p_values[told])
    return pd.DataFrame([[*row, p] for row, p in zip(rows, adjusted.tolist(), strict=True)], columns=COLUMNS)
