"""The recall of each class on two sides, and which of the differences are real. Takes answers, gives one table.

label, n, first, second (shares), difference, low, high (95 %), p_value, p_holm: the p-values of all classes together,
by Holm, because among 15 classes one looks different by chance alone in half of all comparisons. A class without photos
on a side has n = 0 and NaN for the rest. Knows no files.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from fashion_core.compare.predictions import Joined, Told
from fashion_core.metrics import significance
from fashion_core.metrics.significance import Difference

_NOTHING = [np.nan] * 6
COLUMNS = ["label", "n", "first", "second", "difference", "low", "high", "p_value", "p_holm"]


def paired(joined: Joined, classes: Sequence[str]) -> pd.DataFrame:
    """Of two single models by exact McNemar and Tango's interval, of several seeds by ``seeded_difference``."""
    right_first, right_second = joined.first.right_SN, joined.second.right_SN
    if len(right_first) == len(right_second) == 1:
        return _table(_single(joined, classes))
    rows = []
    for k, name in enumerate(classes):
        own = joined.first.label_N == k
        if not own.any():
            rows.append([name, 0, *_NOTHING])
            continue
        one, other = right_first[:, own], right_second[:, own]
        noise = significance.variance_over_photos(one, other)
        found = significance.seeded_difference(one.mean(axis=1), other.mean(axis=1), noise)
        rows.append([name, int(own.sum()), float(one.mean()), float(other.mean()), *_numbers(found)])
    return _table(rows)


def _single(joined: Joined, classes: Sequence[str]) -> list[list[Any]]:
    """All classes in one go: one by one a thousand of them take 16 s."""
    label_N, one_N, other_N = joined.first.label_N, joined.first.right_SN[0], joined.second.right_SN[0]

    def of_class(chosen_N: np.ndarray) -> np.ndarray:
        return np.bincount(label_N[chosen_N], minlength=len(classes))

    n_K, lost_K, won_K = of_class(np.ones(len(label_N), bool)), of_class(one_N & ~other_N), of_class(~one_N & other_N)
    first_K, second_K = (of_class(right_N) / np.maximum(n_K, 1) for right_N in (one_N, other_N))
    found = significance.paired_difference(lost_K, won_K, n_K)
    numbers = np.stack(_numbers(found), axis=1)
    return [
        [name, int(n_K[k]), float(first_K[k]), float(second_K[k]), *numbers[k].tolist()]
        if n_K[k]
        else [name, 0, *_NOTHING]
        for k, name in enumerate(classes)
    ]


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
        found = significance.independent_difference(right[0], n[0], right[1], n[1])
        rows.append([name, int(min(n)), right[0] / n[0], right[1] / n[1], *_numbers(found)])
    return _table(rows)


def _numbers(found: Difference) -> list[Any]:
    return [found.value, found.low, found.high, found.p_value]


def _table(rows: list[list[Any]]) -> pd.DataFrame:
    p_values = np.array([row[-1] for row in rows], dtype=np.float64)
    adjusted, told = np.full(len(rows), np.nan), np.isfinite(p_values)
    adjusted[told] = significance.holm(p_values[told])
    return pd.DataFrame([[*row, p] for row, p in zip(rows, adjusted.tolist(), strict=True)], columns=COLUMNS)
