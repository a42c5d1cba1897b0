"""Who is reading: a class that learns the terms, or a stakeholder who wants the answer. One switch for every page.

One switch in the sidebar, one reading of it for every page. The data are the same for both; wording and depth differ.
A link may say it (``?audience=review``); afterwards the session remembers it. Knows no page.
"""

import streamlit as st

from fashion_core import rights

CLASSROOM, REVIEW = "classroom", "review"
WORDS = {CLASSROOM: "Class", REVIEW: "Review"}
HELP = "Class explains the terms and shows every view. Review says the answer first, in plain words."
_STATE = "_audience"


def _chosen() -> str:
    """The reader's choice; before there is one, what the link says, else review in a review copy."""
    asked = st.query_params.get("audience")
    if _STATE not in st.session_state:
        first = REVIEW if rights.is_review_copy() else CLASSROOM
        st.session_state[_STATE] = asked if asked in WORDS else first
    return st.session_state[_STATE]


def is_review() -> bool:
    """Whether a stakeholder reads: fewer numbers, plain words, nothing that only a maker of models needs."""
    return _chosen() == REVIEW


def told(*, classroom: str, review: str) -> str:
    """The wording for whoever reads."""
    return review if is_review() else classroom


def show_switch() -> None:
    """The switch, for the sidebar."""
    st.session_state["audience switch"] = _chosen()
    st.segmented_control(
        "For", list(WORDS), format_func=WORDS.__getitem__, key="audience switch", required=True, help=HELP,
        on_change=_switch, width="stretch",
    )  # fmt: skip


def _switch() -> None:
    st.session_state[_STATE] = st.session_state["audience switch"]
    if "audience" in st.query_params:
        del st.query_params["audience"]
