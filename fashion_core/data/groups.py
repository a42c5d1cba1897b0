"""Photos that belong together, by a column: one product, one sender, one title; and splits that part them.

Takes a manifest; gives columns, counts and sentences. Knows no layout.
"""

import pandas as pd

from fashion_core.data.sources.layout import MADE_HERE
from fashion_core.data.sources.split_names import words_of
from fashion_core.labels import agree, counted

#: Words in a column's name that say that its values are things of which there may be several photos.
_WORDS = {"product", "group", "sku", "item", "title", "seller", "sender", "user", "customer", "person", "subject"}
_WORDS |= {"listing", "session", "shoot", "parent", "article", "style", "owner"}


def remarks(manifest: pd.DataFrame, group: str, *, made_here: bool) -> list[str]:
    """What to say of a ``group`` that a person named, or else of columns that look like one, where its values stand in
    several splits. ``made_here``: whether the splits are ours, so that they can be made otherwise."""
    rows = manifest[(manifest["status"] == "ok") & (manifest["label"] != "")]
    said = []
    for name in columns_of(rows, group):
        values, photos = parted(rows, name)
        if not values:
            continue
        cure = f"; --group {name} keeps each in one" if made_here and not group else ""
        said.append(
            f"{counted(values, 'value')} of '{name}' {agree(values, 'stands', 'stand')} in more than one split "
            f"({counted(photos, 'photo')}){cure}"
        )
    return said


def columns_of(rows: pd.DataFrame, group: str = "") -> list[str]:
    """The column that a person named, or else those that look like one of what belongs together."""
    if group in rows:
        return [group]
    return [name for name in rows if name not in MADE_HERE and _could_be(name, rows[name])]


def parted(rows: pd.DataFrame, column: str) -> tuple[int, int]:
    """How many values of the column stand in more than one split, and on how many photos."""
    values = parted_values(rows, column)
    several = values[values != ""]
    return several.nunique(), len(several)


def parted_values(rows: pd.DataFrame, column: str) -> pd.Series:
    """The value of each row in the column where it stands in more than one split, else ""."""
    values = rows[column].fillna("").astype(str).str.strip()
    known = values != ""
    splits = rows.loc[known, "split"].groupby(values[known]).nunique()
    return values.where(values.isin(splits.index[splits > 1]), "")


def _could_be(name: str, cells: pd.Series) -> bool:
    """By its name, and because a tenth of its values are different and a twentieth of the photos share one."""
    if not set(words_of(name)) & _WORDS:
        return False
    counts = cells.dropna().value_counts()
    return bool(len(counts) >= 0.1 * len(cells) and counts[counts > 1].sum() >= 0.05 * len(cells))
