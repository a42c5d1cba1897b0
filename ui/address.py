"""Pickers whose choice lives in the address under ``key``, as the option itself (an id, a class name).

``bind="query-params"`` writes the label that the reader sees ("report on clothing · 23 Nov"), which no other page can
link to and which changes with the wording. Here the address wins, then what the widget holds, then what was chosen on
another page in this session, then the default; a value that is not on offer is ignored.
"""

from collections.abc import Callable, Sequence
from typing import Any

import streamlit as st


def select(
    label: str,
    options: Sequence[str],
    *,
    key: str,
    default: str | None = None,
    words: Callable[[str], str] = str,
    **more: Any,
) -> str:
    """A drop-down over ``options``; opens on ``default`` (else the first)."""
    _before(key, options, default)
    st.selectbox(label, list(options), format_func=words, key=key, **more)
    return _after(key, options, default)


def segments(
    label: str,
    options: Sequence[str],
    *,
    key: str,
    default: str | None = None,
    words: Callable[[str], str] = str,
    **more: Any,
) -> str:
    """The same as a row of buttons, for two to five options."""
    _before(key, options, default)
    st.segmented_control(label, list(options), format_func=words, key=key, required=True, **more)
    return _after(key, options, default)


def _before(key: str, options: Sequence[str], default: str | None) -> None:
    """Give the widget its value before it is drawn."""
    state = st.session_state
    written = state.setdefault("_address", {})  # key -> what this session last read from or wrote to the address
    remembered = state.setdefault("_chosen", {})
    wanted = st.query_params.get(key)
    fallback = default if default in options else options[0]
    if wanted != written.get(key) and wanted in options:  # a link, a typed address or the browser's back button
        state[key] = wanted
    elif state.get(key) not in options:
        state[key] = remembered[key] if remembered.get(key) in options else fallback


def _after(key: str, options: Sequence[str], default: str | None) -> str:
    """Write the widget's value into the address; validate it again, for the browser's word is not enough."""
    state = st.session_state
    value = state[key] if state[key] in options else (default or options[0])
    state["_chosen"][key] = value
    state["_address"][key] = value
    if st.query_params.get(key) != value:
        st.query_params[key] = value
    return value
