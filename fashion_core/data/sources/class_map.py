"""What the classes of a source become: other names, one class of several, or nothing. A person's table says it, so that
it can be repeated.

Takes a table with the columns class and becomes, and the rows of a source; gives the rows under their new labels. Knows
no layout.
"""

import csv
import io
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pandas as pd

from fashion_core import storage
from fashion_core.data.sources.row_account import MAPPED_OUT, Account
from fashion_core.data.sources.table_files import is_table, read_table
from fashion_core.errors import SourceError
from fashion_core.labels import agree, counted, did_you_mean, listed

CLASS, BECOMES = "class", "becomes"
#: What a class becomes whose photos are not imported.
LEAVE_OUT = "-"


def read(path: Path, classes: Sequence[str]) -> dict[str, str]:
    """class -> what it becomes, of those that a table changes; SourceError names the row that cannot be meant."""
    if not path.is_file():
        raise SourceError(f"there is no file '{path}' (--map); it is a table with the columns {CLASS} and {BECOMES}.")
    if not is_table(path.name):
        raise SourceError(f"'{path}' is no table (--map); write a CSV with the columns {CLASS} and {BECOMES}.")
    table = read_table(path)
    if not {CLASS, BECOMES} <= set(table.rows.columns):
        own = listed([repr(name) for name in table.rows.columns])
        raise SourceError(f"table '{path}' has the columns {own} (--map); it needs {CLASS} and {BECOMES}.")
    if table.unread:
        number, (_, why) = next(iter(table.unread.items()))
        raise SourceError(f"row {number:,} of '{path}' cannot be read ({why}); mend it (--map).")
    known = set(classes)
    becomes: dict[str, str] = {}
    stands: dict[str, int] = {}
    for number, label, new in table.rows[[CLASS, BECOMES]].itertuples(name=None):
        label, new = label if label in known else label.strip(), new.strip() or label.strip()
        if label not in known:
            raise SourceError(
                f"row {number:,} of '{path}' names class '{label}', which is not here (--map); "
                f"{did_you_mean(label, classes)}"
            )
        if becomes.setdefault(label, new) != new:
            raise SourceError(
                f"rows {stands[label]:,} and {number:,} of '{path}' say of class '{label}' that it becomes "
                f"'{becomes[label]}' and '{new}' (--map); keep one."
            )
        stands.setdefault(label, number)
    if all(becomes.get(label) == LEAVE_OUT for label in classes):
        raise SourceError(f"'{path}' leaves every class out (--map); keep two at least.")
    return {label: new for label, new in becomes.items() if new != label}


def write(path: Path, becomes: Mapping[str, str]) -> None:
    """The table that ``read`` reads, with these classes in it."""
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\r\n")
    table.writerows([(CLASS, BECOMES), *becomes.items()])
    storage.write_bytes(path, text.getvalue().encode("utf-8-sig"))


def classes_of(classes: Sequence[str], becomes: Mapping[str, str]) -> list[str]:
    """What the classes become: in alphabetical order where they were, else each where the first of its own stood."""
    kept = [label for label in classes if becomes.get(label) != LEAVE_OUT]
    new = list(dict.fromkeys(becomes.get(label, label) for label in kept))
    return sorted(new) if list(classes) == sorted(classes) else new


def applied(rows: pd.DataFrame, becomes: Mapping[str, str]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The rows under their new labels, and those of classes that are left out."""
    out = rows["label"].map(becomes.get) == LEAVE_OUT
    labels = rows["label"].map(lambda label: becomes.get(label, label))
    return rows.assign(label=labels)[~out].reset_index(drop=True), rows[out & ~rows["missing"]]


def accounted(account: Account, left: pd.DataFrame) -> Account:
    """The account in which the rows of photos that are left out are not used."""
    own = left[left["image_id"].isin(account.stands.index)]
    rows = account.stands.loc[own["image_id"]].astype({"file": str}).reset_index(drop=True)
    more = own[["path", "label"]].set_axis(["photo", "label"], axis=1).reset_index(drop=True)
    unused = pd.concat([account.unused, pd.concat([rows, more], axis=1).assign(reason=MAPPED_OUT, detail="")])
    return replace(
        account,
        unused=unused.sort_values(["file", "row"], kind="stable").reset_index(drop=True),
        stands=account.stands.drop(index=own["image_id"]),
    )


def sentence(becomes: Mapping[str, str], left: Mapping[str, int]) -> str:
    """What became of which class."""
    said = [f"{old} is {new}" for old, new in becomes.items() if new != LEAVE_OUT]
    if left:
        num = sum(left.values())
        said.append(f"{listed([*left])} {agree(len(left), 'is', 'are')} left out with {counted(num, 'photo')}")
    shown = said if len(said) <= 8 else [*said[:6], f"{len(said) - 7} more", said[-1]]
    return "classes as the map says: " + ", ".join(shown)


def num_left(left: pd.DataFrame) -> dict[str, int]:
    """class -> photos, of what is left out."""
    return dict(Counter(left["label"].tolist()))
