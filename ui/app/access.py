"""Who may launch, import, upload, delete and stop when this lab has logins: the addresses on a list. Others read.

Logins are streamlit's own (``[auth]`` in .streamlit/secrets.toml, OIDC); without that section everybody may do
everything, as on a machine of one's own. The list is ``launchers`` in the section ``[lab]`` of the same file;
FASHION_LAUNCHERS, addresses with commas between them, goes before it. Nobody is on a list that is not there.
"""

import os
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import streamlit as st
from streamlit import config
from streamlit.runtime.scriptrunner import get_script_run_ctx

from fashion_core import rights
from ui.app import words

VARIABLE = "FASHION_LAUNCHERS"
NEEDED = ("authlib", "httpx")  # streamlit's own extra "auth"
MISSING = "Logins are set up, but {} is missing, so nobody can log in. Run: pip install 'streamlit[auth]'"


def _secrets(section: str) -> Mapping[str, Any]:
    """A section of secrets.toml; empty when it, or the file, is not there."""
    found = st.secrets.get(section, {}) if st.secrets.load_if_toml_exists() else {}
    return found if isinstance(found, Mapping) else {}


def has_logins() -> bool:
    """Whether streamlit's login is set up on this server."""
    return bool(_secrets("auth"))


def is_unreadable() -> bool:
    """Whether there is a secrets.toml that cannot be read: it may set up logins, so nobody is trusted then."""
    return not st.secrets.load_if_toml_exists() and any(
        Path(file).exists() for file in config.get_option("secrets.files")
    )


def launchers() -> set[str]:
    """The addresses that may change something, lower case."""
    told = os.environ.get(VARIABLE)
    listed = _secrets("lab").get("launchers", []) if told is None else told.split(",")
    listed = [listed] if isinstance(listed, str) else listed
    return {str(address).strip().lower() for address in listed if str(address).strip()}


def address() -> str:
    """The address of whoever is logged in to the session of this thread; empty when nobody is, or in no session.

    One that its provider calls unverified is none: anybody could have typed it there.
    """
    if get_script_run_ctx(suppress_warning=True) is None:
        return ""
    user = st.user.to_dict()
    if user.get("is_logged_in") is not True or user.get("email_verified") is False:
        return ""
    email = user.get("email")
    return email.strip().lower() if isinstance(email, str) else ""


def why_not() -> str | None:
    """Why the session of this thread may only read, as a clause; None when it may do everything."""
    if not has_logins():
        return "this lab's secrets.toml cannot be read" if is_unreadable() else None
    if not (who := address()):
        return "you are not logged in"
    return None if who in launchers() else "you are not on this lab's list"


def begin() -> None:
    """Make the logins hold for the layer below too. In every process that shows pages, before anything else."""
    rights.judged_by(why_not)


def show_control() -> None:
    """Who is logged in, and the button that logs in or out. For the sidebar; nothing without logins."""
    if is_unreadable():
        st.warning("secrets.toml cannot be read, so nothing can be changed here. The server's own log says why.")
    if not has_logins():
        return
    if missing := [name for name in NEEDED if find_spec(name) is None]:
        st.warning(MISSING.format(" and ".join(missing)))
        return
    if st.user.get("is_logged_in"):
        name = address() or "an address that nobody has verified"
        st.text(name)  # in Markdown an address becomes a link
        if rights.read_only():
            st.markdown(":small[You may read. Starting runs and importing needs a place on this lab's list.]")
        st.button("Log out", key="log out", icon=":material/logout:", width="stretch", on_click=st.logout)
        return
    st.markdown(":small[You may read. Log in to start runs and import photos.]")
    for provider in _providers():
        label = "Log in" if provider is None else f"Log in with {words.plain(provider)}"
        st.button(
            label, key=f"log in {provider or ''}", icon=":material/login:", width="stretch",
            on_click=st.login, args=(provider,),
        )  # fmt: skip


def _providers() -> list[str | None]:
    """The providers that have a section of their own; one without a name when ``[auth]`` itself is one."""
    auth = _secrets("auth")
    named: list[str | None] = [
        name for name, value in auth.items() if isinstance(value, Mapping) and "client_id" in value
    ]
    return [None, *named] if "client_id" in auth else named
