"""A table beside the photos: photos.csv with path, split and label, and the source's own columns."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pandas as pd

from fashion_core.data.exports.copies import Copies, Copy, Plan
from fashion_core.errors import DatasetError

NAME = "photos.csv"
#: What pandas, and whoever reads a table with it, takes for an empty cell (``pandas.read_csv``, na_values).
_EMPTY = {
    "", "#n/a", "#n/a n/a", "#na", "-1.#ind", "-1.#qnan", "-nan", "1.#ind", "1.#qnan", "<na>", "n/a", "na", "nan",
    "none", "null",
}  # fmt: skip


def reads_as_no_label(classes: Iterable[str]) -> str:
    """The first class whose name a reader of a table takes for an empty cell; empty where there is none."""
    return next((name for name in classes if name.strip().lower() in _EMPTY), "")


def row_of(copy: Copy, path: Path) -> dict[str, Any]:
    """A photo's row: where it lies, its split and label, and the source's own columns."""
    return {"path": path.as_posix(), "split": copy.split, "label": copy.label, **copy.own}


def write(folder: Path, plan: Plan, copies: Copies) -> list[str]:
    """``photos/split/photo`` and photos.csv: path, split, label (both empty where there is no label), and the source's
    own columns."""
    if strange := reads_as_no_label(plan.classes):
        raise DatasetError(
            f"the class {strange!r} would be read from a table as no label; write another format (hf-parquet keeps it)."
        )
    for part in plan.parts:
        (folder / "photos" / part).mkdir(parents=True)
    rows = []
    for copy in copies(flat=True):
        path = Path("photos", copy.part, copy.name)
        (folder / path).write_bytes(copy.data)
        rows.append(row_of(copy, path))
    pd.DataFrame(rows).to_csv(folder / NAME, index=False)
    return []
