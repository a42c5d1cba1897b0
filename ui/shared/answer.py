"""The answer of a page: one row of at most five numbers, each with its interval or with what it is made of."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import streamlit as st

from ui.app import audience, notices, words

LONGEST = 12  # letters that a fifth of a page holds at a number's size; a longer name is smaller and wraps, never cut
_WRAPPED = """<style>[class*="st-key-named-"] [data-testid="stMetricValue"] * {
    white-space: normal; overflow: visible; text-overflow: clip; overflow-wrap: anywhere; line-height: 1.2;
    font-size: 1.375rem; }</style>"""


@dataclass(frozen=True)
class Number:
    """``value`` large, ``note`` small below it (an interval, a count), ``help`` for the field's term.

    ``value`` and ``note`` may be names from files: they are shown as they are. ``label`` and ``help`` are Markdown.
    ``below`` draws what belongs to the number, where it stands.
    """

    label: str
    value: str
    note: str = ""
    help: str | None = None
    below: Callable[[], None] | None = None


def answer(numbers: Sequence[Number], *, in_review: Callable[[], None] | None = None) -> None:
    """Print the numbers side by side; for a reviewer call ``in_review`` instead, which ``say``s them."""
    if in_review is not None and audience.is_review():
        in_review()
        return
    assert len(numbers) <= 5, "five numbers are an answer, six are a table"
    for column, number in zip(st.columns(len(numbers), gap="small"), numbers, strict=True):
        named = len(number.value) > LONGEST
        with column.container(gap=None, key=f"named {number.label}" if named else None):
            if named:
                st.html(_WRAPPED)
            st.metric(number.label, _shown(number.value), help=number.help)
            if number.note:
                whole = re.sub(r"(?<=\d) %", "\u00a0%", number.note)  # a line never begins with the sign
                notices.aside("  \n".join(words.plain(line) for line in whole.splitlines()))
            if number.below:
                number.below()


def _shown(value: str) -> str:
    return value if re.fullmatch(r"[\d.,:%– ]*", value) else words.plain(value)


def say(sentence: str, *more: str) -> None:
    """The answer of a page in one sentence, and below it what must be said of it. All are Markdown."""
    with st.container(border=True, key="said", gap=None):
        st.markdown(f"## {sentence}")
        for line in more:
            if line:
                notices.aside(line)
