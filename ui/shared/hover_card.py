"""The small picture beside the pointer while it is over a point of a chart.

A chart drawn with ``plot(..., hovering=name)`` tells in the browser which row the pointer is on; this asks the server
for that one picture, in a fragment of its own, so that neither the chart nor the page runs again.
"""

from collections.abc import Callable
from pathlib import Path

import streamlit as st

_card = st.components.v2.component(
    "vastra_hover_card", js=(Path(__file__).parent / "hover_card.js").read_text(encoding="utf-8"), isolate_styles=False
)


def card(name: str, picture: Callable[[int], str]) -> None:
    """Show ``picture(row)`` (HTML, everything from files escaped; empty where there is none) beside the pointer.

    ``row`` is whatever the browser says; ``picture`` must bear any whole number.
    """
    st.fragment(_answer)(name, picture)


def _answer(name: str, picture: Callable[[int], str]) -> None:
    key = "hover card"
    told = (st.session_state.get(key) or {}).get("asked")
    row = told if isinstance(told, int) and not isinstance(told, bool) else None
    data = {"name": name, "row": row, "html": "" if row is None else picture(row)}
    _card(key=key, data=data, on_asked_change=_nothing)


def _nothing() -> None:
    """A callback that must exist so that the component's value does."""
