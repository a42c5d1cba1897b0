"""Where the photos are: a path on this machine, a name, or a small archive from the browser. A detached process has a
first look at them, which ``looked`` shows; what the lab draws itself is imported at once.

Knows no layout: whatever ``fashion_core.data.sources.readers`` opens can be given here.
"""

import os
import secrets
import time
from pathlib import Path
from typing import Any

import streamlit as st

from fashion_core import rights
from fashion_core.data import datasets, first_look
from fashion_core.data.sources import readers
from fashion_core.data.sources.reader import UNDECIDED, Choices
from fashion_core.errors import SourceError
from fashion_core.launch import background
from ui.add_photos import arrival
from ui.app import faults, loaders, notices, words

UPLOAD_TYPES = ["zip", "tar", "gz", "tgz"]
UPLOAD_KEPT_SECONDS = 24 * 3600.0
LOOK = "look"  # in the address: which look is shown


def offered() -> bool:
    """Whether photos can be added here; says why where they cannot."""
    if rights.read_only():
        notices.review_copy("Photos are imported in the lab that this was copied from.", "nothing can be imported")
        return False
    return True


def form() -> None:
    """Where the photos lie, and the button to look at them."""
    st.markdown(
        "Give photos that are on this machine, or a small archive from your browser. Your files are only read, and "
        "nothing is imported before you have seen what is in them."
    )
    with st.expander("What can be read"):
        st.markdown(what_may_be_given())
    with st.form("import", border=True):
        source = st.text_input("Folder, archive, table or name", placeholder="/home/me/photos.zip", key="import_source")
        upload = st.file_uploader("Or a small archive from this browser", type=UPLOAD_TYPES, key="import_upload")
        asked = st.form_submit_button("Look at these photos", type="primary")
    if asked:
        with faults.shown(stop=False):
            given(source.strip(), upload)
            st.rerun()


def what_may_be_given() -> str:
    """The layouts that are read, and the names that need no path."""
    layouts = "".join(f"- {words.capital(words.plain(layout))}\n" for layout in readers.layouts())
    return (
        f"A folder, or a .zip or .tar archive, of any of these:\n{layouts}\n"
        "Without photos of your own write `demo` (drawings) or `fashion-mnist` (grey cut-outs)."
    )


def given(source: str, upload: object | None) -> None:
    """Check what can be checked at once, then look at the photos, or draw them."""
    rights.refuse_read_only("nothing can be imported")
    uploaded, name = None, ""
    if upload is not None:
        name = readers.name_of(Path(upload.name).name)
        source = str(_keep_upload(upload))
        uploaded = {"kept": source, "name": Path(upload.name).name}
    if not source:
        raise SourceError("no source was given: write a folder, an archive or demo, or choose an archive to upload.")
    if not readers.named(source) and not Path(source).expanduser().exists():
        raise SourceError(f"there is no file or folder '{source}' on this machine; check the path, or give demo.")
    if readers.is_made(source):
        start_import(source, "", choices=UNDECIDED, upload=None)
    else:
        look(source, choices=UNDECIDED, name=name, upload=uploaded)


def look(source: str, *, choices: Choices, name: str, upload: dict[str, Any] | None) -> None:
    """Start a first look, and show it from now on."""
    first_look.sweep(loaders.data_dir())
    token = secrets.token_hex(8)
    folder = first_look.folder_of(loaders.data_dir(), token)
    assert folder is not None
    kept = {"source": source, "choices": dict(choices.decided), "name": name, "upload": upload}
    background.start_look(source, folder, data_dir=loaders.data_dir(), choices=choices, given=kept)
    st.query_params[LOOK] = token


def start_import(source: str, name: str, *, choices: Choices, upload: dict[str, Any] | None) -> None:
    """Start the import, and follow it."""
    dataset_id = datasets.id_for(name or readers.name_of(source))
    background.start_import(
        source, name or None, data_dir=loaders.data_dir(), choices=choices, given={"upload": upload}
    )
    arrival.begin(dataset_id, upload)


def _keep_upload(upload: object) -> Path:
    """Write the uploaded archive where the import can read it; its name comes from us, never from the browser."""
    folder = loaders.data_dir() / datasets.INCOMING / "uploads"
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.iterdir():
        if time.time() - old.stat().st_mtime > UPLOAD_KEPT_SECONDS:  # its import ended long ago
            old.unlink(missing_ok=True)
    ending = (
        "".join(Path(upload.name).suffixes[-2:]) if upload.name.endswith((".tar.gz",)) else Path(upload.name).suffix
    )
    target = folder / f"upload-{os.getpid()}-{time.time_ns()}{ending.lower()}"
    target.write_bytes(upload.getbuffer())
    return target
