"""One run, one dataset and one split, carried through the app: what a session is about, and its place in the address.

Pages say what they show (``show``); ``settle`` writes it into the address, all of it in one step of the browser's
history, once a page has picked. A page that is opened without it shows what was shown before. Knows no files.
"""

from collections.abc import Mapping
from pathlib import Path

import streamlit as st

#: What is carried from page to page.
CARRIED = ("run", "dataset", "split")
#: What an address names even where nobody has chosen: also the two sides of Compare, and the recipe of a form, which
#: opens with another one on other photos or another device; these stay on their page.
NAMED = (*CARRIED, "first", "second", "recipe")

_naming = st.components.v2.component(
    "vastra_address", js=(Path(__file__).parent / "subject.js").read_text(encoding="utf-8"), isolate_styles=False
)


def begin(page: str) -> None:
    """A page begins: other pickers' choices are this page's own from here on."""
    st.session_state["_page"] = page
    st.session_state["_to_name"] = {}
    chosen = st.session_state.setdefault("_chosen", {})
    chosen.update({key: st.query_params[key] for key in CARRIED if key in st.query_params})


def scope(key: str) -> str:
    """Under what name a picker's choice is remembered: what is carried by its own, everything else by page, so that a
    filter of one page is none on another."""
    return key if key in CARRIED else f"{st.session_state.get('_page', '')}/{key}"


def is_own(key: str) -> bool:
    """Whether what a widget of this name holds was chosen on this page, or is carried."""
    page, owners = st.session_state.get("_page", ""), st.session_state.setdefault("_pages_of_widgets", {})
    known = owners.get(key, page)
    owners[key] = page
    return known == page or key in CARRIED


def remembered(key: str) -> str | None:
    """What was shown last under this key, here or (what is carried) on another page."""
    return st.session_state.get("_chosen", {}).get(scope(key))


def show(**values: str | None) -> None:
    """What the page shows; None takes a key out. It is remembered, and stands in the address after ``settle``."""
    chosen, to_name = st.session_state.setdefault("_chosen", {}), st.session_state.setdefault("_to_name", {})
    for key, value in values.items():
        to_name[key] = value
        st.session_state.setdefault("_address", {})[scope(key)] = value
        if value is None:
            chosen.pop(scope(key), None)
        else:
            chosen[scope(key)] = value


def settle() -> None:
    """Write what the page shows, and what is carried past it, into the address, unless it stands there. Called once
    the page has picked; a page that wrote as it went along would leave a step of the browser's history for each
    picker.

    The first page of a session leaves the writing to the browser: what Streamlit writes before its own part of the page
    has loaded would be a step of the history."""
    to_name: Mapping[str, str | None] = carried() | st.session_state.get("_to_name", {})
    gone = [key for key, value in to_name.items() if value is None and key in st.query_params]
    new = {key: value for key, value in to_name.items() if value is not None and st.query_params.get(key) != value}
    st.session_state["_to_name"] = {}
    first = not st.session_state.get("_address_is_watched")
    st.session_state["_address_is_watched"] = True
    data = {"carried": list(CARRIED), "named": list(NAMED), "name": new if first and not gone else {}}
    # below the title: in the line of pickers it would take a place of its own
    with st.session_state.get("_below_title") or st.container():
        _naming(key="address", data=data)
    if data["name"]:
        return
    if gone:
        kept = {key: st.query_params.get_all(key) for key in st.query_params if key not in gone}
        st.query_params.from_dict({**kept, **new})
    elif new:
        st.query_params.update(new)


def carried() -> dict[str, str]:
    """What a link to another page takes along."""
    chosen = st.session_state.get("_chosen", {})
    return {key: chosen[key] for key in CARRIED if chosen.get(key)}
