"""A table as every page shows it: no row numbers, and a dash where a value is missing (its own word is None)."""

from typing import Any

import pandas as pd
import streamlit as st


def show_table(frame: pd.DataFrame, *, alt: str, **more: Any) -> Any:
    """``more`` as ``st.dataframe`` takes it; gives what the reader selected, where ``more`` lets rows be selected."""
    return st.dataframe(frame, alt=alt, **{"hide_index": True, "placeholder": "–", **more})
