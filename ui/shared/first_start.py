"""The first start: when no dataset is on this machine the demo set is drawn by a detached process, with progress here.

Never blocks a page; safe to call from several sessions and from several servers over one data directory.
"""

import threading
import time
from pathlib import Path

import streamlit as st

from fashion_core import rights
from fashion_core.data import datasets
from fashion_core.launch import background
from ui.app import loaders, navigation, notices, words

DEMO = "demo"
GRACE_SECONDS = 45.0  # a process that has just been started has written no progress yet


@st.cache_resource(show_spinner=False)
def _starts() -> tuple[threading.Lock, dict[str, float]]:
    """One lock for this server and, per data directory, when the drawing was last started."""
    return threading.Lock(), {}


def ensure_demo(data_dir: Path, *, again: bool = False) -> None:
    """Start drawing the demo set unless somebody already does, or a start failed (``again`` is the reader's wish)."""
    rights.refuse_read_only("nothing can be imported")
    lock, started = _starts()
    with lock:
        progress = datasets.import_progress(data_dir, DEMO)
        if progress and progress["alive"]:
            return
        if str(data_dir) in started and not again:
            return
        started[str(data_dir)] = time.time()
        background.start_import(DEMO, None, data_dir=data_dir)


def show() -> bool:
    """When there is no dataset yet: start drawing one and show how far it is. True while photos are missing."""
    if loaders.datasets():
        return False
    if (asked := st.query_params.get("dataset")) not in (None, DEMO):
        navigation.say(f"Dataset {words.command(asked[:120])} is not here; no photos are on this machine yet.")
    if rights.read_only():
        notices.review_copy("No photos are here, so none can be shown.", "the demo set is not drawn")
        return True
    ensure_demo(loaders.data_dir())
    with st.container(border=True):
        _progress()
    return True


@st.fragment(run_every=1.0)
def _progress() -> None:
    if loaders.datasets():
        st.rerun()
    data_dir = loaders.data_dir()
    since = _starts()[1].get(str(data_dir), 0.0)
    progress = loaders.import_progress(DEMO, since)
    if progress and progress["error"]:
        st.error(words.fault(progress["error"]), icon=":material/error:")
    elif not (progress and progress["alive"]) and time.time() - since > GRACE_SECONDS:
        st.error("Drawing the demo set stopped before it was done. Nothing of yours was touched.")
    else:
        st.progress(share_done(progress), text=progress_words(progress))
        notices.aside(
            "A first start has no photos, so this program draws a small set of its own: fifteen kinds of South-Asian "
            "clothes. It happens once."
        )
        return
    if st.button("Draw the demo set again"):
        ensure_demo(data_dir, again=True)
        st.rerun(scope="fragment")


def share_done(progress: dict | None) -> float:
    """0 to 1, as ``st.progress`` takes it."""
    return min(1.0, progress["done"] / progress["total"]) if progress and progress["total"] else 0.0


def progress_words(progress: dict | None) -> str:
    """``Drawing the demo set: 1,240 of 4,200``"""
    verb = "Reading the drawn set" if progress and progress["stage"] == "reading photos" else "Drawing the demo set"
    if not progress or not progress["total"]:
        return f"{verb}: starting"
    return f"{verb}: {words.count(progress['done'])} of {words.count(progress['total'])}"
