"""The first start: when no dataset is on this machine the demo set is drawn by a detached process, with progress here.

Never blocks a page; safe to call from several sessions and from several servers over one data directory.
"""

import time
from pathlib import Path

import streamlit as st

from fashion_core import jobs, rights
from fashion_core.data import datasets
from fashion_core.jobs import Job
from fashion_core.launch import background
from ui.app import loaders, navigation, notices, words
from ui.shared import following

DEMO = "demo"


@st.cache_resource(show_spinner=False)
def _tried() -> set[str]:
    """The data directories for which this server has started a drawing: one that failed is not started for ever."""
    return set()


def ensure_demo(data_dir: Path, *, again: bool = False) -> None:
    """Start drawing the demo set unless somebody already does, or a start failed (``again`` is the reader's wish)."""
    rights.refuse_read_only("nothing can be imported")
    if again or str(data_dir) not in _tried():
        _tried().add(str(data_dir))
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
        job = _job()
        if job.state == jobs.FAILED:
            stopped = "Drawing the demo set stopped before it was done. Nothing of yours was touched."
            following.failed(
                words.fault(job.error) if job.error else stopped,
                "Draw the demo set again",
                lambda: ensure_demo(loaders.data_dir(), again=True),
            )
        else:
            following.follow(_drawing, _show_drawing)
        navigation.link("add_photos", "Add photos of your own")
    return True


def _job() -> Job:
    """The job that draws the demo set; one that starts where there is none to be seen."""
    job = jobs.look(datasets.incoming_folder(loaders.data_dir(), DEMO))
    return job or Job(state=jobs.STARTING, began=time.time())


def _drawing() -> Job | None:
    """The job while photos are missing and may yet come."""
    job = _job()
    return None if loaders.datasets() or job.state == jobs.FAILED else job


def _show_drawing(job: Job) -> None:
    st.progress(following.share_done(job), text=progress_words(job))
    notices.aside(
        "A first start has no photos, so this program draws a small set of its own: fifteen kinds of South-Asian "
        "clothes. It happens once."
    )


def progress_words(job: Job) -> str:
    """``Drawing the demo set: 1,240 of 4,200, about 30 s left``; what is read after that takes a moment."""
    verb = "Reading the drawn set" if job.stage == "reading photos" else "Drawing the demo set"
    if not job.total:
        return f"{verb}: starting"
    left = words.time_left(job.done, job.total, time.time() - job.began) if verb.startswith("Drawing") else ""
    return f"{verb}: {words.count(job.done)} of {words.count(job.total)}{', ' + left if left else ''}"
