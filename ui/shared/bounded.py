"""What keeps a page of a thousand classes short: charts draw the rows that matter, tables scroll inside themselves.

Takes sizes and values; gives indices, heights and the sentence that says what is left out.
"""

from collections.abc import Sequence
from typing import Literal

import numpy as np
import pandas as pd

from fashion_core.metrics import worst_classes
from ui.app import notices, words

ROWS = 20  # of a chart with a row a class
TABLE_ROWS = 25  # of a table before it scrolls


def is_large(num_rows: int) -> bool:
    """Whether a chart with so many rows draws some of them."""
    return num_rows >= worst_classes.MANY


def first(order: Sequence[int], most: int = ROWS) -> np.ndarray:
    """The order itself, or of a long one its first ``most``."""
    return np.asarray(order, dtype=int)[: most if is_large(len(order)) else None]


def last(order: Sequence[int], most: int = ROWS) -> np.ndarray:
    """The order itself, or of a long one its last ``most``."""
    return np.asarray(order, dtype=int)[-most if is_large(len(order)) else None :]


def ends(order: Sequence[int], most: int = ROWS) -> np.ndarray:
    """The order itself, or of a long one as many of its beginning as of its end."""
    order = np.asarray(order, dtype=int)
    return np.concatenate([order[: most // 2], order[-(most // 2) :]]) if is_large(len(order)) else order


def lowest(rates: pd.DataFrame, most: int = ROWS) -> pd.DataFrame:
    """Rows with a ``rate``: all of them, or of many the lowest."""
    if not is_large(len(rates)):
        return rates
    return rates.iloc[np.argsort(rates["rate"].fillna(2.0).to_numpy(), kind="stable")[:most]]


def table_height(num_rows: int) -> int:
    """Pixels of a table of so many rows."""
    return 35 * (min(num_rows, TABLE_ROWS if is_large(num_rows) else num_rows) + 1) + 3


def table_space(num_rows: int) -> int | Literal["content"]:
    """The ``height`` of a table of so many rows that stands below others: one of many classes scrolls."""
    return table_height(num_rows) if is_large(num_rows) else "content"


def say_left_out(num_shown: int, num_all: int, which: str, where: str = "the table has all") -> None:
    """The same as ``left_out``, said below a chart."""
    if told := left_out(num_shown, num_all, which, where):
        notices.aside(told)


def left_out(num_shown: int, num_all: int, which: str, where: str = "the table has all") -> str:
    """``The 20 with the lowest F1 of 1,000 classes; the table has all.``; empty where nothing is left out."""
    if num_shown >= num_all:
        return ""
    return f"The {words.count(num_shown)} {which} of {words.count(num_all)} classes{f'; {where}' if where else ''}."
