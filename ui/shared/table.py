"""A table as every page shows it: no row numbers, a dash where a value is missing (its own word is None), and columns
that are as wide as what they say, for a table cuts a text without a sign of it.

A table that is wider than its place scrolls inside its own box.
"""

from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

_NARROW, _WIDE = frozenset("ijlftrI.,:;'|!()[] -"), frozenset("mwMWGOQ@%&—→")
_LETTER, _PADDING, MOST = 8.6, 20, 420  # pixels; wider than any text font of the systems that the lab runs on


def show_table(frame: pd.DataFrame, *, alt: str, **more: Any) -> Any:
    """``more`` as ``st.dataframe`` takes it; gives what the reader selected, where ``more`` lets rows be selected."""
    config = dict(more.pop("column_config", None) or {})
    config |= {
        name: _as_wide_as_it_says(frame[name], config.get(name, name))
        for name in frame
        if _is_plain(config.get(name, name))
    }
    return st.dataframe(frame, alt=alt, column_config=config, **{"hide_index": True, "placeholder": "–", **more})


def filled(frame: pd.DataFrame) -> pd.DataFrame:
    """The columns in which some row says something."""
    return frame.loc[:, [name for name in frame if not frame[name].isin(["", None, np.nan, pd.NaT]).all()]]


def width_of(texts: Iterable[str]) -> int:
    """How wide, in pixels, a column is that shows these texts."""
    return min(MOST, round(max(map(_pixels, texts))) + _PADDING)


def _is_plain(asked: Any) -> bool:
    """Whether a column is shown, as text or numbers."""
    if isinstance(asked, dict):
        return (asked.get("type_config") or {}).get("type") in (None, "text", "number")
    return asked is not None


def _as_wide_as_it_says(column: pd.Series, asked: Any) -> Any:
    """The column's configuration, at least as wide as its heading and its longest texts; a width that is asked for in
    pixels is the least."""
    given = asked if isinstance(asked, dict) else st.column_config.Column(asked)
    texts = [given.get("label") or str(column.name)]
    if pd.api.types.is_numeric_dtype(column):
        texts += _written(column, (given.get("type_config") or {}).get("format"))
    else:
        said = pd.Series(column.dropna().unique()).astype(str)
        texts += said.loc[said.str.len().nlargest(20).index].tolist()
    least = given.get("width") if isinstance(given.get("width"), int) else 0
    return {**given, "width": max(least, width_of(texts))}


def _written(column: pd.Series, format: str | None) -> list[str]:
    """The ends of a column of numbers as the table writes them: what is widest is one of them."""
    ends = [float(end) for end in (column.min(), column.max()) if np.isfinite(end)]
    if format == "percent":
        ends = [100 * end for end in ends]
    if format and "%" in format:
        return [format % end for end in ends]
    return [f"{round(end, 4):,}" if end % 1 else f"{end:,.0f}" for end in ends]


def _pixels(text: str) -> float:
    return sum(_LETTER * (0.6 if letter in _NARROW else 1.4 if letter in _WIDE else 1) for letter in text)
