"""Where a classifier is right: by what the source says of a photo, by groups of classes, by how often a class is said.

Takes a confusion matrix or columns of a manifest; gives frames of counts with Wilson's 95 % interval. N images, K
classes, G groups; matrix rows are true, columns predicted. Knows no files.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from fashion_core.data.sources.layout import TAKEN
from fashion_core.labels import GARMENTS
from fashion_core.metrics.intervals import wilson

FEWEST = 10  # photos that a value needs to stand for itself
MOST = 12  # values that stand for themselves; the others are one row
REST = "all other values"
UNKNOWN = "not stated"


def columns(manifest: pd.DataFrame) -> dict[str, pd.Series]:
    """Name -> one value a photo (text), for everything by which the photos of these rows can be told apart.

    What the source adds to a manifest (brand, colour, year): text as it stands, of an address its host. Then the
    shape, from the size of the files. A column with one value, or with as many as photos, tells nothing and is left
    out.
    """
    found: dict[str, pd.Series] = {}
    for name in manifest.columns:
        if name in TAKEN:
            continue
        values = manifest[name]
        text = values.astype(object).where(values.notna(), UNKNOWN).astype(str)
        if name.endswith("url"):
            found["host of the photo's address"] = hosts(text)
        else:
            found[name.replace("_", " ")] = text
    ratio = manifest["width"] / manifest["height"].clip(lower=1)
    shape = np.select([ratio > 1.1, ratio < 0.9], ["landscape", "portrait"], "nearly square")
    found["shape of the photo"] = pd.Series(shape, index=manifest.index)
    return {name: values for name, values in found.items() if 1 < _num_common(values)}


def _num_common(values: pd.Series) -> int:
    counts = values.value_counts()
    return int((counts >= FEWEST).sum()) + int((counts < FEWEST).sum() >= FEWEST)


def hosts(addresses: pd.Series) -> pd.Series:
    """The host of each web address in lower case, without user or port; UNKNOWN where there is none."""
    found = addresses.str.extract(r"^[A-Za-z][A-Za-z0-9+.-]*://(?:[^/?#@]*@)?([^/?#@:\[\]]+)", expand=False)
    return found.str.lower().fillna(UNKNOWN)


def by_value(values: pd.Series, right_N: np.ndarray) -> pd.DataFrame:
    """``value, n, right, rate, low, high`` of each value, commonest first.

    Values with fewer than FEWEST photos, and all but the MOST commonest, are one last row called REST.
    """
    counted = pd.DataFrame({"value": values.to_numpy(object), "right": np.asarray(right_N)})
    table = counted.groupby("value", sort=False)["right"].agg(n="size", right="sum").reset_index()
    table = table.sort_values(["n", "value"], ascending=[False, True], kind="stable")
    stands = (table["n"] >= FEWEST).to_numpy() & (np.arange(len(table)) < MOST)
    rest = table[~stands]
    table = table[stands]
    if len(rest):
        name = f"{REST} ({len(rest):,})"
        table = pd.concat([table, pd.DataFrame([[name, rest["n"].sum(), rest["right"].sum()]], columns=table.columns)])
    return _with_interval(table.reset_index(drop=True))


def _with_interval(table: pd.DataFrame) -> pd.DataFrame:
    right, n = table["right"].to_numpy(np.int64), table["n"].to_numpy(np.int64)
    low, high = wilson(right, n)
    return table.assign(right=right, n=n, rate=np.where(n > 0, right / np.maximum(n, 1), np.nan), low=low, high=high)


def levels(classes: Sequence[str], groups: Mapping[str, Sequence[str]]) -> dict[str, dict[str, tuple[str, ...]]]:
    """Name of a level -> its groups, each class in exactly one; empty where nothing is known above the classes.

    "who wears it" are the dataset's own groups where these are men and women, otherwise they are "group of the
    dataset"; "kind of garment" is known for IndoFashion's classes.
    """
    found: dict[str, dict[str, tuple[str, ...]]] = {}
    own = {name: tuple(names) for name, names in groups.items() if names}
    if _parts(classes, own):
        found["who wears it" if set(own) <= {"men", "women"} else "group of the dataset"] = own
    kinds = {kind: tuple(name for name in names if name in classes) for kind, names in GARMENTS.items()}
    kinds = {kind: names for kind, names in kinds.items() if names}
    if _parts(classes, kinds):
        found["kind of garment"] = kinds
    return found


def _parts(classes: Sequence[str], groups: Mapping[str, Sequence[str]]) -> bool:
    """Whether every class is in exactly one of two groups or more."""
    return len(groups) > 1 and sorted(name for names in groups.values() for name in names) == sorted(classes)


@dataclass(frozen=True, kw_only=True, eq=False)
class Hierarchy:
    """``matrix_GG`` counts photos by true and predicted group; ``rows`` has value (the group), n, right (the group is
    right), rate, low, high. Of ``num_wrong`` wrong classes ``num_near`` are in the right group."""

    groups: tuple[str, ...]
    matrix_GG: np.ndarray
    rows: pd.DataFrame
    right: int
    n: int
    num_wrong: int
    num_near: int


def hierarchy(matrix_KK: np.ndarray, classes: Sequence[str], groups: Mapping[str, Sequence[str]]) -> Hierarchy:
    """How often the group is right, whatever the class. ``groups`` parts the classes (``levels``)."""
    matrix_KK = np.asarray(matrix_KK)
    membership_GK = np.array([[name in names for name in classes] for names in groups.values()], dtype=np.int64)
    matrix_GG = membership_GK @ matrix_KK @ membership_GK.T
    right_G, n_G = np.diag(matrix_GG), matrix_GG.sum(axis=1)
    num_wrong = int(matrix_KK.sum() - np.trace(matrix_KK))
    return Hierarchy(
        groups=tuple(groups),
        matrix_GG=matrix_GG,
        rows=_with_interval(pd.DataFrame({"value": list(groups), "n": n_G, "right": right_G})),
        right=int(right_G.sum()),
        n=int(n_G.sum()),
        num_wrong=num_wrong,
        num_near=int(right_G.sum() - np.trace(matrix_KK)),
    )


def class_shares(matrix_KK: np.ndarray, classes: Sequence[str]) -> pd.DataFrame:
    """``label, true, predicted`` (shares of all photos), ``low, high`` (of predicted) of each class, in index order."""
    matrix_KK = np.asarray(matrix_KK)
    n, predicted_K = matrix_KK.sum(), matrix_KK.sum(axis=0)
    low, high = wilson(predicted_K, np.full(len(classes), n))
    return pd.DataFrame(
        {
            "label": list(classes),
            "n": predicted_K,
            "true": matrix_KK.sum(axis=1) / n,
            "predicted": predicted_K / n,
            "low": low,
            "high": high,
        }
    )
