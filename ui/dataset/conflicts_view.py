"""Photos under two labels: both sides of each conflict beside each other, each with a tick box of its own.

Takes a dataset and the rows of the finding; gives the photos that the reader ticked. Nothing is ticked at first: the
photos do not say which of two labels is right. Every word that came from a file is escaped.
"""

import pandas as pd
import streamlit as st

from fashion_core import rights
from fashion_core.data import derived
from fashion_core.data.datasets import Dataset
from fashion_core.labels import display_name
from ui.app import loaders, notices, words
from ui.dataset import pairs_view

PAIRS_A_PAGE, PAIRS_A_ROW = 12, 2


def show(dataset: Dataset, pairs: pd.DataFrame) -> pd.DataFrame:
    """Draw a page of pairs. Returns every ticked photo (number, image_id, split, label, reason), of all pages."""
    shown = pairs_view.page_of(pairs, PAIRS_A_PAGE)
    if not rights.read_only():
        notices.aside(
            "Nothing is ticked: the photos alone do not say which label is right. Tick the one that should go, or both."
        )
    for start in range(0, len(shown), PAIRS_A_ROW):
        columns = st.columns(2 * PAIRS_A_ROW, gap="small")
        for place, (_, row) in enumerate(shown.iloc[start : start + PAIRS_A_ROW].iterrows()):
            first, second = columns[2 * place : 2 * place + 2]
            with first:
                _side(dataset, row, row["image_id"], row["split"], row["label"])
                notices.aside(words.plain(f"{row['number']}: {row['reason']}"))
            with second:
                _side(dataset, row, row["other"], row["other_split"], row["other_label"])
    return _of(pairs, st.session_state.get(_key(dataset), ()))


def _side(dataset: Dataset, row: pd.Series, image_id: str, split: str, label: str) -> None:
    place = next(loaders.photos_of(dataset, pd.Series([image_id])).itertuples(index=False))
    figure = pairs_view.figure_html(loaders.thumbnails(dataset), place, image_id, split, label)
    st.html(f'{pairs_view.STYLE}<div class="vastra-pairs one">{figure}</div>')
    if rights.read_only():
        return
    # one photo can stand in several conflicts, and then has a box in each: they are one tick
    key = f"_tick_{dataset.id}_{row['number']}_{image_id}"
    st.session_state[key] = image_id in st.session_state.get(_key(dataset), ())
    st.checkbox(
        f"{row['number']}: leave out {words.plain(display_name(label))}", key=key, on_change=_tick,
        args=(_key(dataset), key, image_id),
    )  # fmt: skip


def _tick(key: str, box: str, image_id: str) -> None:
    ticked = [one for one in st.session_state.get(key, ()) if one != image_id]
    st.session_state[key] = [*ticked, image_id] if st.session_state[box] else ticked


def _key(dataset: Dataset) -> str:
    return f"_conflicts_{dataset.id}_{dataset.fingerprint}"


def _of(pairs: pd.DataFrame, ticked: list[str] | tuple[()]) -> pd.DataFrame:
    sides = derived.sides(pairs)
    return sides[sides["image_id"].isin(list(ticked))].reset_index(drop=True)
