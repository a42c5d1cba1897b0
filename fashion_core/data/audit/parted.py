"""Photos of one product, or of whatever a column puts together, in several splits: other photos, and no copies.

Takes a manifest; gives findings of the kind "group" and what to say of them. Opens no photo.
"""

from typing import Any

import numpy as np
import pandas as pd

from fashion_core.data import groups
from fashion_core.data.audit import findings

#: Columns of which an audit makes leaks, where a source has both.
_LEAKS = ("brand", "product_title")


def columns(manifest: pd.DataFrame, together: str) -> list[str]:
    """The columns that are asked: ``together`` where a person named it."""
    rows = _labelled(manifest)
    told = set(_LEAKS) if set(_LEAKS) <= set(rows) else set()
    return [name for name in groups.columns_of(rows, together) if name == together or name not in told]


def find(manifest: pd.DataFrame, together: str) -> tuple[pd.DataFrame, list[dict[str, Any]]]:
    """A row for each photo and earlier split that has another one of its group, findings.COLUMNS; and for each column
    with such groups: column, values, images (of those, in all splits) and splits, each with how many photos of the
    later split have another of their group in the earlier one."""
    rows = _labelled(manifest).reset_index(drop=True)
    tables, told = [], []
    for column in columns(manifest, together):
        value_N = groups.parted_values(rows, column)
        if not (value_N != "").any():
            continue
        key_N = np.where(value_N == "", -1, pd.factorize(value_N)[0])
        table = findings.across_splits(rows, [("group", key_N, None)], "group")
        value_of = dict(zip(rows["image_id"], value_N, strict=True))
        reasons = [f"'{column}' of both is {value_of[image_id]!r}" for image_id in table["image_id"]]
        tables.append(table.assign(reason=pd.array(reasons, "string")))
        several = value_N[value_N != ""]
        pairs = table.groupby(["split", "other_split"]).size().items()
        splits = [{"split": one, "other_split": other, "images": int(num)} for (one, other), num in pairs]
        told.append({"column": column, "values": several.nunique(), "images": len(several), "splits": splits})
    return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(columns=findings.COLUMNS), told


def _labelled(manifest: pd.DataFrame) -> pd.DataFrame:
    return manifest[(manifest["status"] == "ok") & (manifest["label"] != "")]
