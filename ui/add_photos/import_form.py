"""Where the photos are: in the browser, under a path on this machine, or a name. A detached process has a first look at
them, which ``looked`` shows; what the lab draws itself is imported at once.

Knows no layout: whatever ``fashion_core.data.sources.readers`` opens can be given here.
"""

import secrets
from pathlib import Path
from typing import Any

import streamlit as st

from fashion_core import rights
from fashion_core.data import datasets, first_look
from fashion_core.data.sources import readers
from fashion_core.data.sources.reader import UNDECIDED, Choices
from fashion_core.errors import SourceError
from fashion_core.launch import background
from ui.add_photos import arrival, uploads
from ui.app import faults, loaders, notices, words


def offered() -> bool:
    """Whether photos can be added here; says why where they cannot."""
    if rights.read_only():
        notices.review_copy("Photos are imported in the lab that this was copied from.", "nothing can be imported")
        return False
    return True


def form() -> None:
    """Where the photos lie, and the button to look at them."""
    st.markdown(
        "Give photos from your browser, or photos that are on this machine. Your files are only read, and nothing is "
        "imported before you have seen what is in them."
    )
    with st.expander("What can be read"):
        st.markdown(what_may_be_given())
    if staged := uploads.drop_zone("import_photos"):
        with faults.shown(stop=False):
            look(str(staged.source), choices=UNDECIDED, upload=uploads.record(staged))
            st.rerun()
    with st.form("import", border=True):
        source = st.text_input(
            "Or a folder, archive or table on this machine, or a name",
            placeholder="/home/me/photos.zip",
            key="import_source",
        )
        asked = st.form_submit_button("Look at these photos", type="primary")
    if asked:
        with faults.shown(stop=False):
            given(source.strip())
            st.rerun()


def what_may_be_given() -> str:
    """The layouts that are read, and the names that need no path."""
    layouts = "".join(f"- {words.capital(words.plain(layout))}\n" for layout in readers.layouts())
    return (
        f"A folder, or a .zip or .tar archive, of any of these:\n{layouts}\n"
        "Without photos of your own write `demo` (drawings) or `fashion-mnist` (grey cut-outs). `hf:OWNER/NAME` "
        "fetches a dataset of the Hugging Face hub where there is a network."
    )


def given(source: str) -> None:
    """Check what can be checked at once, then look at the photos, or draw them."""
    rights.refuse_read_only("nothing can be imported")
    if not source:
        raise SourceError("no source was given: drop photos above, or write a folder, an archive or demo.")
    if not readers.named(source) and not Path(source).expanduser().exists():
        raise SourceError(f"there is no file or folder '{source}' on this machine; check the path, or give demo.")
    if readers.is_made(source):
        start_import(source, "", choices=UNDECIDED, upload=None)
    else:
        look(source, choices=UNDECIDED, upload=None)


def look(source: str, *, choices: Choices, upload: dict[str, Any] | None) -> None:
    """Start a first look, and show it from now on."""
    first_look.sweep(loaders.data_dir())
    token = secrets.token_hex(8)
    folder = first_look.folder_of(loaders.data_dir(), token)
    assert folder is not None
    kept = {"source": source, "choices": dict(choices.decided), "upload": upload}
    background.start_look(source, folder, data_dir=loaders.data_dir(), choices=choices, given=kept)
    st.query_params[arrival.LOOK] = token


def start_import(
    source: str, name: str, *, choices: Choices, upload: dict[str, Any] | None, look: str | None = None
) -> None:
    """Start the import, and follow it. ``look`` leads back where it fails."""
    dataset_id = datasets.id_for(name or readers.name_of(source))
    given = {"upload": upload} | ({arrival.LOOK: look} if look else {})
    background.start_import(source, name or None, data_dir=loaders.data_dir(), choices=choices, given=given)
    uploads.leave(upload)
    arrival.begin(dataset_id, given)
