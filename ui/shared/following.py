"""Processes that look at photos for a page: how long that takes, how far it is, and one rerun when it has ended."""

import time
from typing import Any

import streamlit as st

from fashion_core.runs import processes
from fashion_core.runs.runs import Run
from ui.app import loaders, words

START_SECONDS = 10.0  # until a process of its own has its model in memory


@st.cache_resource(show_spinner=False)
def looks() -> dict[str, tuple[dict[str, Any], float]]:
    """What looks at photos now or did last, by what it was asked for: the process and when it began. Of all sessions,
    so that a page that was loaded anew, or another reader's, follows it and does not start it a second time."""
    return {}


def seconds_to_look(run: Run, num: int) -> float:
    """About how long ``num`` photos take: a look costs less than half of a training step, which the run has timed."""
    summary = loaders.summary_of(run) or {}
    return START_SECONDS + num / (2 * (summary.get("images_per_second") or 50.0))


def follow(key: str, told: str, expected: float) -> None:
    """How long the process has been at it; one rerun of the page when it has ended."""
    process, began = looks()[key]
    if not processes.is_alive(process):
        st.rerun()
    waited = time.time() - began
    st.progress(min(0.95, waited / expected), text=f"{told}, for {words.duration(waited)}")
    st.skeleton(height=420)
