"""The link of a page, to hand out: as whoever reads it, and for a review; and who can open it. Knows no page."""

from urllib.parse import urlencode, urlsplit, urlunsplit

import streamlit as st

from fashion_core.launch.room import OWN
from ui.app import audience, words

KEY = "share"
#: What of an address is about one reader and not about what is shown.
_OWN_BUSINESS = ("teacher",)


def show() -> None:
    """The button, for the sidebar. Nothing is read before it is pressed."""
    if st.button("Share this page", icon=":material/link:", key=KEY, width="stretch"):
        _links()


@st.dialog("Share this page")
def _links() -> None:
    here = urlsplit(handed_out(st.context.url or "", st.get_option("server.allowedHosts")))
    query = {key: st.query_params.get_all(key) for key in st.query_params if key not in _OWN_BUSINESS}
    if not audience.is_review():
        without = ", without the teacher's notes" if "teacher" in st.query_params else ""
        st.markdown(f"As you see it{without}")
        st.code(urlunsplit(here._replace(query=urlencode(query, doseq=True))), language=None, wrap_lines=True)
        st.markdown("The answer first, in plain words")
    st.code(
        urlunsplit(here._replace(query=urlencode(query | {audience.KEY: [audience.REVIEW]}, doseq=True))),
        language=None,
        wrap_lines=True,
    )
    if here.hostname and here.hostname not in OWN:
        st.markdown(":small[Whoever reaches this machine over the network can open it.]")
        return
    opens = words.command("python -m fashion_core open-room")
    st.markdown(
        audience.told(
            classroom=f"It opens on this machine only. {opens} opens the lab to whoever is on the same network, "
            "and prints the address to hand out.",
            review="It opens on this machine only, until whoever runs the lab opens it to the room. A report that "
            "is downloaded opens anywhere.",
        )
    )


def handed_out(url: str, allowed: list[str]) -> str:
    """The address under which others reach the page: where it was opened under a name of this machine for itself, the
    first other name that the lab answers to."""
    parts = urlsplit(url)
    others = [name for name in allowed if name not in OWN and "*" not in name]
    if parts.hostname not in OWN or not others:
        return url
    port = f":{parts.port}" if parts.port else ""
    return urlunsplit(parts._replace(netloc=f"{others[0]}{port}"))
