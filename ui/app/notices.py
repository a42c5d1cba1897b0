"""Badges and notices that stand wherever they apply: drawn data, photos that are not here, nothing to show yet."""

from collections.abc import Iterable

import streamlit as st

from fashion_core import rights
from fashion_core.data.datasets import Dataset
from fashion_core.data.sources import fashion_mnist
from fashion_core.launch import interpreter
from fashion_core.runs.record import TrainedOn
from ui.app import navigation, words

DRAWN_HELP = (
    "Drawn by this program, not photographed: good for learning the steps, and no evidence about real clothes. "
    "Numbers from drawn data cannot be compared with numbers from photos."
)

CUTOUTS_HELP = (
    "Fashion-MNIST: grey pictures of 28 by 28 pixels, each garment cut out and centred on black. A model of them knows "
    "such pictures only, and its numbers are no evidence about photos of real clothes."
)


def is_cutouts(dataset: Dataset | TrainedOn) -> bool:
    """Whether these are the small grey cut-outs of Fashion-MNIST, also those of a derived version."""
    return dataset.kind == fashion_mnist.NAME


def drawn_badge() -> None:
    """Say that the data at hand are drawn."""
    st.badge("Drawn data", icon=":material/draw:", color="orange", help=DRAWN_HELP)


def cutouts_badge() -> None:
    """Say that the data at hand are small grey cut-outs."""
    st.badge("Grey cut-outs only", icon=":material/crop:", color="orange", help=CUTOUTS_HELP)


def aside(text: str) -> None:
    """A small grey line. (``st.caption`` is too pale for WCAG AA on our grounds.)"""
    st.markdown(f":small[:gray[{text}]]")


def terminal(commands: str) -> None:
    """Command lines to copy into a terminal, as they work in the project's folder here."""
    st.code(interpreter.here(commands), language="bash", wrap_lines=True)


def few(sentences: Iterable[str]) -> None:
    """What to know of photos before they are used: too few to judge by, left out, joined, moved."""
    for sentence in sentences:
        st.markdown(f":orange[:material/warning:] {words.plain(sentence)}.")


def review_copy(sentence: str, refused: str = "nothing can be changed") -> None:
    """What whoever looks cannot do: ``sentence`` in a review copy; where others with a login can, ``refused``, which
    completes "so ... here"."""
    if not rights.is_review_copy():
        reason = words.plain(rights.why_not() or "")
        told = f"{words.capital(reason)}, so {refused} here. Results can be read."
        st.info(told, icon=":material/visibility:")
        return
    st.info(
        f"{sentence} This is a review copy: its results can be read, and nothing can be changed.",
        icon=":material/visibility:",
    )


def empty(sentence: str, *, page: str | None = None, label: str | None = None) -> None:
    """An empty page: what would be here, and the one thing to do about it, for whoever may do it."""
    with st.container(border=True):
        st.markdown(sentence)
        if page and not rights.read_only():
            navigation.link(page, label)
