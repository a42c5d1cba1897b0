"""What becomes of every row of a table: the photo that it labels, a photo without a label, or a reason why it is not
used. Nothing is guessed where rows contradict each other, and the rows of all three add up to the table's.

Takes, row by row, which photo a cell means, its label and its split; gives an Account. Knows no files.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from fashion_core.data.sources.photo_names import NONE, SEVERAL

#: Why a row is not used. They stand in unused.csv, where programs may look for them.
NAMES_NONE = "names no photo"
MISSING = "no photo at this path"
AMBIGUOUS = "several photos are called so"
TWO_LABELS = "its photo has two labels"
TWO_SPLITS = "its photo is in two splits"
NAMED_ALREADY = "its photo is named already"
NO_SPLIT = "it has a label and no split"
DAMAGED = "its photo is damaged"
NO_ROW = "no row of the table"
NO_ONE_CLASS = "it does not name one class"
MAPPED_OUT = "its class is left out"
#: file, row (its number there), photo and label (as they stand there), reason, detail.
UNUSED = ["file", "row", "photo", "label", "reason", "detail"]


@dataclass(frozen=True, kw_only=True)
class Account:
    """What a source was taken for. ``unused``: UNUSED of every row that gives no photo. ``stands``: of the photos that
    it gives, by image_id, file and row. ``image``, ``label``, ``split``: the columns, "" for none."""

    format: str
    image: str
    label: str
    split: str
    num_rows: int
    unused: pd.DataFrame = field(default_factory=pd.DataFrame)
    stands: pd.DataFrame = field(default_factory=pd.DataFrame)

    def reasons(self) -> dict[str, int]:
        """Reason -> rows, the most first."""
        return {str(reason): int(num) for reason, num in self.unused["reason"].value_counts().items()}


def account_of(
    told: Account,
    where: pd.DataFrame,
    *,
    names: tuple[np.ndarray, np.ndarray],
    reasons: tuple[np.ndarray, np.ndarray],
    ids: Sequence[str],
) -> Account:
    """``told`` with every row: ``where`` it stands (file and row, in columns of any name), its photo and label as they
    stand there (``names``), why it is not used and what is to be said of that; ``ids``: image_id of those used."""
    (photos, labels), (reason, detail) = names, reasons
    left, used = np.flatnonzero(reason != ""), np.flatnonzero(reason == "")
    where = where.set_axis(["file", "row"], axis=1)
    unused = where.iloc[left].assign(photo=photos[left], label=labels[left], reason=reason[left], detail=detail[left])
    return replace(
        told,
        unused=unused.reset_index(drop=True),
        stands=where.iloc[used].set_axis(pd.Index(ids, name="image_id")),
    )


def reasons(
    photos: np.ndarray, cells: np.ndarray, labels: np.ndarray, splits: np.ndarray, called: Callable[[int], str]
) -> tuple[np.ndarray, np.ndarray]:
    """For each row why it is not used ("" where it is), and what is to be said of that.

    ``photos``: number of the photo, NONE or SEVERAL; ``labels``, ``splits``: "" where there is none; ``called``:
    what the row at a position is called.
    """
    reason, detail = np.full(len(photos), "", dtype=object), np.full(len(photos), "", dtype=object)
    reason[photos == SEVERAL] = AMBIGUOUS
    reason[photos == NONE] = MISSING
    reason[cells == ""] = NAMES_NONE
    if not set(splits[labels != ""]) <= {"", "train"}:
        reason[(reason == "") & (labels != "") & (splits == "")] = NO_SPLIT
    used = np.flatnonzero(reason == "")
    again = used[pd.Series(photos[used]).duplicated(keep=False).to_numpy()]
    table = pd.DataFrame({"photo": photos[again], "label": labels[again], "split": splits[again]}, index=again)
    for _, same in table.groupby("photo"):
        for row, why, said in _contradictions(same, called):
            reason[row], detail[row] = why, said
    return reason, detail


def _contradictions(same: pd.DataFrame, called: Callable[[int], str]) -> Iterator[tuple[int, str, str]]:
    """Of the rows that name one photo: (position, reason, detail) of each that is not used."""
    labelled = same[same["label"] != ""]
    for column, why in (("label", TWO_LABELS), ("split", TWO_SPLITS)):
        if labelled[column].nunique() > 1:
            said = ", ".join(f"{called(row)}: {value}" for row, value in labelled[column].items())
            for row in same.index:
                yield int(row), why, said
            return
    first = labelled.index[0] if len(labelled) else same.index[0]
    for row in same.index:
        if row != first:
            yield int(row), NAMED_ALREADY, called(first)
