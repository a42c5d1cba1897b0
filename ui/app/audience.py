"""Who is reading: a class that learns the terms, or a stakeholder who wants the answer. One switch for every page.

The switch stands in the sidebar and its choice in the address (``?audience=review``), where it stays from page to page,
so that a link which is sent opens as it was read. The data are the same for both; wording and depth differ. Knows no
page.
"""

from collections.abc import Collection, Iterable

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from fashion_core import rights

CLASS, REVIEW = "class", "review"
AUDIENCES = (CLASS, REVIEW)
KEY = "audience"
HELP = "Class explains the terms and shows every view and setting. Review says the answer first, in plain words."
_ASKED = "_audience_asked"
# A bound widget writes into the address what the reader sees, and addresses are written small.
_STYLE = (
    "<style>.st-key-audience button p::first-letter{text-transform:uppercase}"
    ".st-key-audience button[aria-checked=true] p{font-weight:650}</style>"
)


def usual() -> str:
    """Who reads where nobody has said: whoever has a review copy reviews."""
    return REVIEW if rights.is_review_copy() else CLASS


def chosen() -> str:
    """Who reads: one of AUDIENCES."""
    return st.session_state.get(KEY, usual())


def is_review() -> bool:
    """Whether a stakeholder reads: fewer numbers, plain words, nothing that only a maker of models needs."""
    return chosen() == REVIEW


def told(*, classroom: str, review: str) -> str:
    """The wording for whoever reads."""
    return review if is_review() else classroom


def offered(names: Iterable[str], *, review: Collection[str], asked: str | None) -> list[str]:
    """Of the views ``names`` those that this reader is offered: a class all of them; a reviewer those in ``review`` and
    the one that the address asks for, so that no link is dead."""
    return [name for name in names if not is_review() or name in review or name == asked]


def shows(*keys: str) -> bool:
    """Whether this reader is shown what lies deeper: a class always, a reviewer where the address holds one of
    ``keys``."""
    return not is_review() or any(key in st.query_params for key in keys)


def show_switch() -> None:
    """The switch, for the sidebar."""
    st.session_state[_ASKED] = st.query_params.get(KEY)
    st.html(_STYLE)
    st.segmented_control(
        "Written for", AUDIENCES, default=usual(), key=KEY, bind="query-params", required=True, help=HELP,
        width="stretch",
    )  # fmt: skip


def offer_class(label: str) -> None:
    """A button that turns the switch, for a reviewer who wants what the class view alone has."""
    st.button(label, key="to the class view", icon=":material/school:", on_click=_turn_to_class)


def _turn_to_class() -> None:
    st.session_state[KEY] = CLASS


def taken_along() -> dict[str, str]:
    """What of the address goes to another page by ``st.switch_page``. Streamlit empties the address there, and refuses
    to while a widget is bound to it: the switch is let go, and bound again when the next page draws it."""
    context = get_script_run_ctx(suppress_warning=True)
    if context is None or KEY not in st.query_params:
        return {}
    with context.session_state.query_params() as parameters:
        if binding := parameters.get_binding_for_param(KEY):
            parameters.unbind_widget(binding.widget_id)
    return {KEY: chosen()}


def unknown() -> str | None:
    """What the address asks for when nobody is called so."""
    asked = st.session_state.get(_ASKED)
    return None if asked is None or asked in AUDIENCES else asked
