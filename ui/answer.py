"""The answer of a page: one row of at most five numbers, each with its interval or with what it is made of."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st

from ui import notices, words


@dataclass(frozen=True)
class Number:
    """``value`` large, ``note`` small below it (an interval, a count), ``help`` for the field's term.

    ``value`` and ``note`` may be names from files: they are shown as they are. ``label`` and ``help`` are Markdown.
    """

    label: str
    value: str
    note: str = ""
    help: str | None = None


def answer(numbers: Sequence[Number]) -> None:
    """Print the numbers side by side."""
    assert len(numbers) <= 5, "five numbers are an answer, six are a table"
    for column, number in zip(st.columns(len(numbers), gap="small"), numbers, strict=True):
        with column.container(gap=None):
            st.metric(number.label, _shown(number.value), help=number.help)
            if number.note:
                notices.aside("  \n".join(words.plain(line) for line in number.note.splitlines()))


def _shown(value: str) -> str:
    return value if re.fullmatch(r"[\d.,:%– ]*", value) else words.plain(value)
