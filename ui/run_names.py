"""What a run is called wherever it is picked or listed: its star, the name that somebody gave it, what it is and when.

Takes runs, gives text that is not escaped: for widgets that show text as it is.
"""

from datetime import datetime

import streamlit as st

from fashion_core import tidy
from fashion_core.runs import Run
from fashion_core.tidy import Labels
from ui import loaders

STAR = "★ "
_NONE = Labels()


def labels_of(run: Run) -> Labels:
    """What people typed about the run."""
    key = loaders.stamp(run.folder / "labels.json")
    return _labels(key, run) if key[2] else _NONE  # most of a thousand runs have none: no look into the cache for them


@st.cache_resource(max_entries=2000, show_spinner=False)
def _labels(key: loaders.Stamp, _run: Run) -> Labels:
    return tidy.labels_of(_run)


def run_words(run: Run) -> str:
    """``★ Baseline · report on clothing · 23 Nov 15:46``"""
    return _named(run, what_words(run))


def short_words(run: Run) -> str:
    """``★ Baseline · report · 23 Nov 15:46``: a run where its dataset is known."""
    return _named(run, f"{run.recipe} · {when(run)}")


def what_words(run: Run) -> str:
    """``report on clothing · 23 Nov 15:46``, with ``(drawn)`` when the data are; no name and no star."""
    drawn = " (drawn)" if run.dataset["synthetic"] else ""
    return f"{run.recipe} on {run.dataset['name']}{drawn} · {when(run)}"


def _named(run: Run, what: str) -> str:
    labels = labels_of(run)
    return f"{STAR if labels.starred else ''}{f'{labels.name} · ' if labels.name else ''}{what}"


def when(run: Run) -> str:
    """``23 Nov 15:46``, the year where it is another one; on the clock of this machine."""
    made = datetime.fromisoformat(run.created).astimezone()
    year = "" if made.year == datetime.now().year else f" {made.year}"  # the lists are narrow
    return f"{made.day} {made:%b}{year} {made:%H:%M}"
