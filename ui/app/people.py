"""Who sits at this browser: a name, asked once in the sidebar of a lab that is open to a room, never an account.

What one person started, another is asked about before it is stopped, moved, renamed or deleted. Where the lab is not
open to a room and nobody gave a name, nothing is asked and nothing remembered.
"""

import os
import re
import secrets
import time
from typing import Any
from urllib.parse import quote, unquote

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from fashion_core import rights
from fashion_core.launch import room
from fashion_core.lessons import progress
from fashion_core.lessons.plans import Plan
from fashion_core.runs import started_by
from fashion_core.runs.runs import Run
from fashion_core.runs.started_by import Person, Start
from ui.app import loaders, words

NAME, BROWSER = "vastra_name", "vastra_browser"  # cookies: the server reads them before the first page is drawn
_TYPED = "_typed name"
YEAR = 365 * 24 * 3600

_keep = st.components.v2.component(
    "vastra_keep",
    js="export default ({data}) => { for (const cookie of data.cookies) document.cookie = cookie; }",
    isolate_styles=False,
)


def is_room() -> bool:
    """Whether this server was opened to a room."""
    return os.environ.get(room.VARIABLE, "") not in ("", "0")


def begin() -> None:
    """Let the layer below know who asks. In every process that shows pages."""
    started_by.told_by(me)


def me() -> Person | None:
    """Whoever sits at the session of this thread; None where nobody need be told from anybody."""
    if get_script_run_ctx(suppress_warning=True) is None:
        return None
    name = _name()
    return Person(name, _browser()) if name or is_room() else None


def _name() -> str:
    """What was typed in this session, else what the browser kept. A widget that one run leaves out loses its value."""
    typed = next((st.session_state[key] for key in (NAME, _TYPED) if key in st.session_state), None)
    return started_by.clean(unquote(_cookie(NAME)) if typed is None else str(typed))


def _browser() -> str:
    kept = _cookie(BROWSER)
    if re.fullmatch(r"[0-9a-f]{16}", kept):
        return kept
    return str(st.session_state.setdefault(BROWSER, secrets.token_hex(8)))


def _cookie(name: str) -> str:
    return str(st.context.cookies.get(name, ""))


def show_control() -> None:
    """The one question, for the sidebar: asked in a room that may change things, and where a name was given before."""
    if rights.read_only() or not (is_room() or _name() or _TYPED in st.session_state):
        return
    st.session_state.setdefault(NAME, _name())
    st.text_input(
        "Your name",
        key=NAME,
        max_chars=started_by.MAX_NAME,
        placeholder="May stay empty",
        help="Stands beside the runs that you start, so that others are asked before they stop them. It is no account, "
        "and stays in this browser.",
    )
    st.session_state[_TYPED] = st.session_state[NAME]
    kept = {NAME: quote(_name()), BROWSER: _browser()}
    cookies = [
        f"{name}={value}; path=/; max-age={YEAR if value else 0}; samesite=strict" for name, value in kept.items()
    ]
    _keep(key="keep", data={"cookies": cookies})


def another_of_run(run: Run, called: str = "this run") -> str:
    """``Asha started this run 4 minutes ago.``; empty when it is one's own, or nobody said whose it is."""
    return _another(started_by.start_of(run.folder), called)


def another_of_lesson(plan: Plan) -> str:
    """The same of a lesson that is being trained."""
    return _another(started_by.start_of(progress.folder_of(plan, loaders.runs_dir())), "this lesson")


def _another(start: Start | None, called: str) -> str:
    mine = me()
    if start is None or (mine is not None and mine.is_same(start.person)):
        return ""
    who = words.plain(start.person.name) or "Somebody else"
    return f"{who} started {called} {_ago(time.time() - start.time)}."


def _ago(seconds: float) -> str:
    if seconds < 90:
        return "just now"
    for unit, length in (("day", 86400), ("hour", 3600), ("minute", 60)):
        if seconds >= length:
            return f"{words.counted(int(seconds // length), unit)} ago"
    raise AssertionError("a minute and a half is more than a minute")


def button(label: str, said: str, *, again: str, key: str, **how: Any) -> bool:
    """A button; with something ``said`` (``another_of_run``) one that says it first and asks again, with ``again``."""
    if not said:
        return st.button(label, key=key, **how)
    # A popover, not a dialog: it stays open while the clock draws the page around it anew.
    icon, disabled, tip = how.get("icon"), how.get("disabled", False), how.get("help")
    with st.popover(label, icon=icon, disabled=disabled, help=tip, width="content", key=f"ask {key}"):
        st.markdown(said)
        return st.button(again, key=key, icon=icon)
