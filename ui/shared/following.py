"""What goes on in a process of its own, followed on a page: how far it is, one run of the page when it has ended, and
the offer to try again. Everything is read from the disk, so a reload, another reader and a new server see the same."""

import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TypeVar

import streamlit as st

from fashion_core import jobs, rights, storage
from fashion_core.jobs import Job
from fashion_core.runs.runs import Run
from fashion_core.runs.summary import Summary
from ui.app import faults, loaders, words

START_SECONDS = 10.0  # until a process of its own has its model in memory
SECONDS = 1.0  # between two looks

T = TypeVar("T")


def follow(look: Callable[[], T | None], draw: Callable[[T], None], *, seconds: float = SECONDS) -> None:
    """Draw what ``look`` gives, anew every second; run the page once more when it gives None: nothing goes on."""
    st.fragment(_follow, run_every=seconds)(look, draw)


def _follow(look: Callable[[], T | None], draw: Callable[[T], None]) -> None:
    now = look()
    if now is None:
        st.rerun()
    draw(now)


def follow_job(folder: Path, draw: Callable[[Job], None]) -> None:
    """``follow`` the background job of a folder."""
    follow(partial(active, folder), draw)


def active(folder: Path) -> Job | None:
    """The job of a folder while it goes on."""
    job = jobs.look(folder)
    return job if job and job.active else None


def share_done(job: Job) -> float:
    """0 to 1, as ``st.progress`` takes it."""
    return min(1.0, job.done / job.total) if job.total else 0.0


def counted(job: Job, starting: str) -> None:
    """The bar of a job that counts what it does: the stage, how much of it, and the time left; ``starting`` before."""
    if not job.stage:
        st.progress(0.0, text=starting)
        return
    left = words.time_left(job.done, job.total, time.time() - job.began)
    stage, done = words.plain(job.stage.capitalize()), storage.amount(job.stage, job.done, job.total)
    told = f"{stage}: {done}" if job.total else stage
    st.progress(share_done(job), text=f"{told}{', ' + left if left else ''}")


def timed(job: Job, told: str, expected: float) -> None:
    """The bar of a job of which only the time is known: for how long it goes on, of about ``expected`` seconds."""
    waited = time.time() - job.began
    st.progress(min(0.95, waited / expected), text=f"{told}, for {words.duration(waited)}")


def failed(
    told: str, again: str, start: Callable[[], None], *, key: str | None = None, folder: Path | None = None
) -> None:
    """Say what became of a job, and offer to start it ``again``; with its ``folder``, also to speak of it no more."""
    st.error(told, icon=":material/error:")
    with st.container(horizontal=True):
        if st.button(again, key=key):
            with faults.shown(stop=False):
                start()
                st.rerun()
        if folder is not None:
            offer_to_close(folder)


def offer_to_close(folder: Path) -> None:
    """A button after which nobody is told of the last try any more; what it made stays."""
    if not rights.read_only() and st.button("Close", key=f"close {folder}", icon=":material/close:"):
        jobs.forget(folder)
        st.rerun()


def seconds_to_look(run: Run, num: int) -> float:
    """About how long ``num`` photos take: a look costs less than half of a training step, which the run has timed."""
    summary = loaders.summary_of(run) or Summary()
    return START_SECONDS + num / (2 * (summary.images_per_second or 50.0))


def look_at_photos(folder: Path, told: str, expected: float) -> None:
    """Follow a job in which a model looks at photos, with the place of what will come."""

    def draw(job: Job) -> None:
        timed(job, told, expected)
        st.skeleton(height=420)

    follow_job(folder, draw)
