"""Is a photo unlike all that the run learnt from? Asked before anything is said of the photo; what is caught, in words.

Takes a run and what its model saw of photos. What the question needs is kept with the run; where it is missing and the
photos are here, the page makes it when that takes seconds, and offers to when it takes longer.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from fashion_core import jobs, rights
from fashion_core.data.datasets import Dataset
from fashion_core.errors import FashionError
from fashion_core.launch import background
from fashion_core.metrics.out_of_distribution import KNOWN_SHARE, MOST_FITTED, Reference
from fashion_core.runs import checkpoints, familiar
from fashion_core.runs.runs import Run
from ui.app import faults, loaders, notices, words
from ui.shared import following, model_cache
from ui.shared.answer import Number

if TYPE_CHECKING:
    from fashion_core.models.looked import Looked

SECONDS = 25.0  # a reader waits so long for an answer; for more there is a button
VAL = "val"
MOST_SHOWN = 100  # times so far is as far as a reader needs to know
#: What runs that were trained on these were measured to call unlike (benchmarks/quality/unlike_measured.md): the
#: strong one that comes with the lab for drawings, both for cut-outs, two short ones for photos.
CAUGHT = {
    "cutouts": "In our test such a model noticed all noise, blank pictures, drawings and colour photos; it does not "
    "notice a grey cut-out of something else.",
    "drawn": "In our test the best such model noticed all noise, blank pictures and grey cut-outs, and 89 of 100 "
    "photos of clothes (a weak one: 44); it does not notice a drawing of something else.",
    "photos": "In our test such a model noticed all noise, blank pictures and grey cut-outs; it does not notice photos "
    "of something else that are taken in the same way, nor many drawings.",
}


@dataclass(frozen=True, kw_only=True, eq=False)
class Question:
    """The answer for each of N photos: True unlike, False not, None not asked; ``why`` it was not, a clause.
    ``scores_N``: how far, beside the ``reference``'s limit."""

    unlike: list[bool | None]
    reference: Reference | None = None
    scores_N: np.ndarray | None = None
    why: str = ""


def ask(run: Run, dataset: Dataset | None, looked: "Looked") -> Question:
    """Of all photos that were looked at; makes what it needs, where that is missing and takes seconds."""
    num = len(looked.energies_N)
    reference = _reference(run)
    if reference is None and not (why := _why_not(run, dataset)):
        assert dataset is not None
        why = _make(run, dataset)
        reference = _reference(run)
    if reference is None:
        return Question(unlike=[None] * num, why=why)
    scores_N = reference.scores_of(looked.photos_NHW3, looked.energies_N)
    return Question(unlike=(~(scores_N <= reference.limit)).tolist(), reference=reference, scores_N=scores_N)


def _reference(run: Run) -> Reference | None:
    step = checkpoints.saved_steps(run.folder)
    newest = run.folder / "steps" / str(step[-1]) / "COMMIT.json" if step else run.folder
    key = tuple(loaders.stamp(path) for path in (run.folder / familiar.FILE, run.folder / "summary.json", newest))
    return _reference_of(key, run)


@st.cache_resource(max_entries=16, show_spinner=False)
def _reference_of(key: tuple[loaders.Stamp, ...], _run: Run) -> Reference | None:
    return familiar.of_run(_run)


def _why_not(run: Run, dataset: Dataset | None) -> str:
    """Why it cannot be made here, as a clause; empty where it can."""
    if why := familiar.why_not(run):
        return why
    if dataset is None:
        return "the photos that it learnt from are not on this machine"
    return f"what that takes was not prepared, and {rights.why_not()}" if rights.read_only() else ""


def _seconds(run: Run) -> float:
    return following.seconds_to_look(run, min(run.dataset.splits.get(VAL, 0), MOST_FITTED))


def _make(run: Run, dataset: Dataset) -> str:
    """Make it now where that takes seconds; why it was not made, as a clause."""
    job = jobs.look(background.embedding_folder(run, VAL))
    if _seconds(run) > SECONDS or (job and job.active):
        return "what that takes is not prepared yet"
    waiting = st.empty()
    with waiting.container():
        notices.aside("Looking once at the photos that the model learnt from, to know what is unlike them")
        st.skeleton(height=120)
    try:
        model_cache.prepare_unlike(run, dataset)
    except FashionError as error:
        return words.fault(error)
    finally:
        waiting.empty()
    return ""


def not_asked(run: Run, dataset: Dataset | None, question: Question) -> None:
    """Say that it was not asked, and why; with the button that prepares it where that takes longer."""
    st.warning(
        f"Whether this photo is unlike all that the model learnt from was not asked: {words.plain(question.why)}. "
        "The model answers all the same, also for a picture of nothing.",
        icon=":material/help:",
    )
    if _why_not(run, dataset):
        return
    folder, expected = background.embedding_folder(run, VAL), _seconds(run)
    job = jobs.look(folder)
    if job and job.active:
        following.follow_job(folder, lambda job: following.timed(job, "The model looks at photos it knows", expected))
    elif st.button(f"Ask it from now on, ready in about {words.roughly(expected)}", key="prepare unlike"):
        with faults.shown(stop=False):
            background.start_embed(run, VAL, data_dir=loaders.data_dir())
            st.rerun()


def number(question: Question, place: int) -> Number:
    """The answer's number: alike or unlike, with how far and the limit."""
    reference = question.reference
    if reference is None or question.scores_N is None:
        return Number("Like training", "–", "not asked", question.why and words.plain(question.why))
    return Number(
        "Like training",
        "Unlike" if question.unlike[place] else "Alike",
        f"{'over ' if question.scores_N[place] > MOST_SHOWN else ''}"
        f"{min(question.scores_N[place], MOST_SHOWN):.2f}, limit {reference.limit:.2f}",
        "How far its look is from that of the 5th nearest of "
        f"{words.counted(len(reference.looks_RF), 'training photo')}, "
        "squared, and how little of any class the model sees in it (the energy of its outputs), squared, both on the "
        f"scale of {words.count(reference.num_fitted)} validation photos. The limit lets at least "
        f"{words.percent(KNOWN_SHARE, 0)} of those pass.",
    )


def caught_words(run: Run) -> str:
    """What the question catches and what it does not, for a model of this kind."""
    kind = "drawn" if run.dataset.synthetic else "cutouts" if notices.is_cutouts(run.dataset) else "photos"
    return CAUGHT[kind]
