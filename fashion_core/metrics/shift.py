"""The same model on other photos: how far its accuracy moves. Takes predictions, gives a difference with its interval.

A photo may stand in both sets (a version of a dataset without its leaks): it is then counted once, not twice. Knows
no files.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from fashion_core.errors import RunError
from fashion_core.metrics.intervals import Estimate, proportion
from fashion_core.metrics.leakage import Share


@dataclass(frozen=True, kw_only=True)
class Shift:
    """``moved`` is accuracy there minus accuracy here, a share.

    ``num_shared`` photos stand in both sets, of which ``num_other`` were not judged alike (the files were not made by
    the same model); None: nothing is known of shared photos, and they were counted as different ones.
    """

    here: Share
    there: Share
    moved: Estimate
    num_shared: int | None
    num_other: int = 0


def between(
    here: pd.DataFrame, there: pd.DataFrame, keys_here: pd.Series | None = None, keys_there: pd.Series | None = None
) -> Shift:
    """How far accuracy moves from the predictions ``here`` to those ``there`` (image_id, label, predicted).

    ``keys_here`` and ``keys_there`` say which photos are the same (``keys_of``, one a row). Three sets of
    photos follow that have none in common: only here, only there, both. The difference is a weighted sum of the three
    accuracies, and its interval is that of Zou, Huang and Zhang (2009), "A note on confidence interval estimation for
    a linear function of binomial proportions", Computational Statistics and Data Analysis 53, 1080-1085, from Wilson
    intervals; without shared photos it is Newcombe's (1998, method 10) for two independent proportions. RunError where
    there is no photo.
    """
    if not len(here) or not len(there):
        raise RunError("one of the two has no predictions, so there is no difference to tell")
    right_here = _right(here)
    right_there = _right(there)
    places = np.full(len(there), -1)
    if keys_here is not None and keys_there is not None:
        places = _places(keys_here.to_numpy(object), keys_there.to_numpy(object))
    shared_there = places >= 0
    alike = right_here[places[shared_there]] == right_there[shared_there]
    num_other = int((~alike).sum())
    if num_other:  # not one sample any more; as if they were different photos is too careful, never too bold
        shared_there = np.zeros(len(there), dtype=bool)
    shared_here = np.zeros(len(here), dtype=bool)
    shared_here[places[shared_there]] = True
    parts = [
        (1 / len(there), right_there[~shared_there]),
        (-1 / len(here), right_here[~shared_here]),
        (1 / len(there) - 1 / len(here), right_there[shared_there]),
    ]
    low, high = _interval(parts)
    return Shift(
        here=Share(int(right_here.sum()), len(here)),
        there=Share(int(right_there.sum()), len(there)),
        moved=Estimate(float(right_there.mean() - right_here.mean()), low, high),
        num_shared=None if keys_here is None or keys_there is None else int((places >= 0).sum()),
        num_other=num_other,
    )


def keys_of(predictions: pd.DataFrame, manifest: pd.DataFrame) -> pd.Series:
    """The SHA-256 of each predicted photo's file; a photo that the manifest does not have is equal to none."""
    rows_N = pd.Index(manifest["image_id"]).get_indexer(pd.Index(predictions["image_id"]))
    hashes_N = manifest["sha256"].to_numpy(object)[np.maximum(rows_N, 0)]
    return pd.Series(np.where((rows_N >= 0) & (hashes_N != ""), hashes_N, None), dtype=object)


def _right(predictions: pd.DataFrame) -> np.ndarray:
    return predictions["label"].to_numpy(object) == predictions["predicted"].to_numpy(object)


def _places(keys_here: np.ndarray, keys_there: np.ndarray) -> np.ndarray:
    """For each photo there the row of the same photo here, -1 for none; each row at most once. None equals nothing."""
    rows: dict[str, list[int]] = {}
    for row, key in enumerate(keys_here):
        if key is not None:
            rows.setdefault(key, []).append(row)
    return np.array([rows[key].pop(0) if rows.get(key) else -1 for key in keys_there], dtype=int)


def _interval(parts: list[tuple[float, np.ndarray]]) -> tuple[float, float]:
    """Of the sum of weight x n x share over ``parts`` (weight of one photo, whether each photo was right)."""
    value, below, above = 0.0, 0.0, 0.0
    for weight, right in parts:
        n = len(right)
        if not n:
            continue
        factor, share = weight * n, float(right.mean())
        ends = sorted(factor * end for end in proportion(int(right.sum()), n).bounds)
        value += factor * share
        below += (factor * share - ends[0]) ** 2
        above += (ends[1] - factor * share) ** 2
    return max(-1.0, value - below**0.5), min(1.0, value + above**0.5)
