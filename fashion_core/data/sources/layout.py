"""The one way to divide photos into train, val and test, and the order in which rows are kept.

Takes and gives plain rows; knows no source and opens no photo.
"""

import hashlib
import warnings
from collections.abc import Iterable

import numpy as np
import pandas as pd

from fashion_core.errors import SourceError
from fashion_core.labels import counted

TRAIN_FIRST = ("train", "val", "test")
#: Columns of a manifest that the lab makes itself; the others are the source's own.
MADE_HERE = frozenset(
    {"image_id", "path", "split", "label", "width", "height", "bytes", "sha256", "phash", "status", "reason"}
)
#: What a column of a source cannot be called: those, and two that rows have on their way into a manifest or out of it.
TAKEN = MADE_HERE | {"missing", "row"}
TENTHS = 10
FEWEST_TO_DIVIDE = 3  # of two photos one is half of the class


def divide(ids: Iterable[str], classes: Iterable[str], parts: dict[str, float], seed: int) -> list[str | None]:
    """Stratified: for each image the part it falls into, or None for the rest.

    The images of a class are put in the order of sha256("seed:image_id"), so that the division never changes with a
    library's version, and the first ``round(share * n)`` (at least one where the class has three or more, none where it
    has fewer) go to each part in turn.
    """
    digests = (hashlib.sha256(f"{seed}:{image_id}".encode()).digest() for image_id in ids)
    order = np.argsort(np.fromiter(digests, dtype="S32"), kind="stable")
    of_class = pd.factorize(pd.Series(classes))[0][order]
    members = [order[of_class == number].tolist() for number in range(of_class.max(initial=-1) + 1)]
    chosen: list[str | None] = [None] * len(order)
    for rows in members:
        start = 0
        for part, share in parts.items():
            count = max(1, round(share * len(rows))) if len(rows) >= FEWEST_TO_DIVIDE else 0
            for row in rows[start : start + count]:
                chosen[row] = part
            start += count
    return chosen


def divide_groups(groups: pd.Series, classes: pd.Series, parts: dict[str, float], seed: int) -> list[str | None]:
    """As ``divide``, but all photos of a group fall into one part: folds of a tenth by scikit-learn's
    StratifiedGroupKFold, which keeps the shares of the classes as near as groups allow; the parts are tenths. A photo
    whose group is "" is one of its own. SourceError for fewer groups than folds."""
    from sklearn.model_selection import StratifiedGroupKFold

    own = groups.fillna("").astype(str).to_numpy(dtype=object)
    alone = own == ""
    codes = np.where(alone, -1 - np.arange(len(own)), pd.factorize(pd.Series(own))[0])
    if (num := len(np.unique(codes))) < TENTHS:
        raise SourceError(
            f"column '{groups.name}' has {counted(num, 'group')} (--group); {TENTHS} at least are needed to keep each "
            "in one split."
        )
    chosen: list[str | None] = [None] * len(own)
    folds = StratifiedGroupKFold(TENTHS, shuffle=True, random_state=seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a class of fewer photos than folds: whoever imports says which split lacks it
        held = [fold for _, fold in folds.split(codes, pd.factorize(classes)[0], codes)]
    for part, fold in zip(parts, held, strict=False):
        for row in fold:
            chosen[row] = part
    return chosen


def with_missing_splits(rows: pd.DataFrame, seed: int, group: str = "") -> tuple[pd.DataFrame, str]:
    """Give every photo with a label a split, and say by which rule. Rows whose split is "" had none.

    No splits: 80/10/10. Train alone: the same. Train and test: val is a tenth of train. Everything else: as given. A
    class keeps one photo at least, and gives one at least where it has FEWEST_TO_DIVIDE; with a ``group``, a column,
    photos that have the same there stay together instead.
    """
    labelled = rows["label"] != ""
    present = set(rows.loc[labelled, "split"])
    if present <= {"", "train"}:
        parts, rule = {"val": 0.1, "test": 0.1}, "stratified 80/10/10"
    elif present == {"train", "test"}:
        parts, rule = {"val": 0.1}, "val taken from train, 10 %"
    else:
        return rows, "as given"
    pool = labelled & rows["split"].isin(["", "train"])
    if group:
        drawn = divide_groups(rows.loc[pool, group], rows.loc[pool, "label"], parts, seed)
    else:
        drawn = divide(rows.loc[pool, "image_id"], rows.loc[pool, "label"], parts, seed)
    rows = rows.copy()
    rows.loc[pool, "split"] = [part or "train" for part in drawn]
    if group:
        return rows, f"{rule}, each '{group}' in one split, seed {seed}"
    taken = drawn.count("val") / len(drawn)
    if not taken:
        return rows, f"no val taken from train: no class has {FEWEST_TO_DIVIDE} photos there"
    if abs(taken - parts["val"]) > 0.05:  # classes so small that one photo of each is more than the share
        rule += (
            f" (of these few {100 * taken:.0f} % each)" if "test" in parts else f" (of these few {100 * taken:.0f} %)"
        )
    return rows, f"{rule}, seed {seed}"


def in_order(rows: pd.DataFrame, classes: list[str]) -> pd.DataFrame:
    """Rows sorted by split (train, val, test), class index and image_id: the row order of manifest and pixels."""
    key = pd.DataFrame(
        {
            "split": rows["split"].map({split: number for number, split in enumerate(TRAIN_FIRST)}),
            "label": rows["label"].map({label: number for number, label in enumerate(classes)}),
            "image_id": rows["image_id"],
        }
    )
    return rows.loc[key.sort_values(["split", "label", "image_id"], kind="stable").index].reset_index(drop=True)
