"""What a run is called wherever it is picked or listed: its star, the name that somebody gave it, what it is and when.

Takes runs, gives text that is not escaped: for widgets that show text as it is. The names are made in
``fashion_core.compare.run_names``.
"""

from collections.abc import Callable, Sequence
from typing import Protocol

import streamlit as st

from fashion_core.compare import run_names
from fashion_core.compare.run_names import made_name, when
from fashion_core.runs import tags
from fashion_core.runs.runs import Run
from fashion_core.runs.tags import Labels
from ui.app import audience, loaders
from ui.charts.colours import RUNS_LIGHT

STAR = "★ "
_NONE = Labels()
LETTERS = 26  # of a name in a picker, which shows about 37 in a line: the time stands behind it
IN_TABLE = 44  # letters of a name in a table, whose columns have 420 pixels at most
PIXELS = 318  # of a picker: split, report and badge stand in the same line at 1280


def labels_of(run: Run) -> Labels:
    """What people typed about the run."""
    key = loaders.stamp(run.folder / "labels.json")
    return _labels(key, run) if key[2] else _NONE  # most of a thousand runs have none: no look into the cache for them


@st.cache_resource(max_entries=2000, show_spinner=False)
def _labels(key: loaders.Stamp, _run: Run) -> Labels:
    return tags.labels_of(_run)


class Photos(Protocol):
    """A dataset, what a run or a verdict recorded of one, or a place where claims are looked at."""

    @property
    def name(self) -> str: ...
    @property
    def synthetic(self) -> bool: ...


def photos_words(photos: Photos) -> str:
    """``Fashion-MNIST``, ``clothing (drawn)``"""
    return f"{photos.name} (drawn)" if photos.synthetic else photos.name


def run_words(run: Run) -> str:
    """``★ Baseline · report, sampler none, seed 2 · 23 Nov 15:46 · clothing``"""
    return _told(run, _made(run), when(run), photos_words(run.dataset))


def short_words(run: Run) -> str:
    """``★ Baseline · report, sampler none, seed 2 · 23 Nov 15:46``: a run where its dataset is known."""
    return _told(run, _made(run), when(run))


def brief_words(run: Run) -> str:
    """``short_words`` with a long name made short: in the title of a picture that stands beside another."""
    made = run.recipe if audience.is_review() else run_names.shortened([run_names.parts_of(run)], LETTERS)[0]
    return _told(run, made, when(run))


def words_among(runs: Sequence[Run]) -> Callable[[Run], str]:
    """``run_words`` for a picker of these runs: of a long name what all the others have too is left out."""
    plain = audience.is_review()
    parts = {run.id: (run.recipe,) if plain else run_names.parts_of(run) for run in runs}
    names = dict(zip(parts, run_names.shortened(list(parts.values()), LETTERS), strict=True))
    return lambda run: (
        _told(run, names[run.id], when(run), photos_words(run.dataset)) if run.id in names else run_words(run)
    )


def names_in_table(runs: Sequence[Run], *, plain: bool = False) -> list[str]:
    """What each of these runs is, as a column of a table shows it whole; ``plain``: its recipe alone."""
    if plain:
        return [run.recipe for run in runs]
    return run_names.shortened([run_names.parts_of(run) for run in runs], IN_TABLE)


def name_of(run: Run) -> str:
    """The name that a person gave it, else ``report, sampler none, seed 2``; a reviewer is spared the settings."""
    return labels_of(run).name or _made(run)


def _made(run: Run) -> str:
    return run.recipe if audience.is_review() else made_name(run)


def colour_of(run: Run) -> str:
    """The run's colour on every chart, for the light theme."""
    return RUNS_LIGHT[run.colour]


def _told(run: Run, *what: str) -> str:
    labels = labels_of(run)
    named = [labels.name] if labels.name else []
    return (STAR if labels.starred else "") + " · ".join([*named, *what])
