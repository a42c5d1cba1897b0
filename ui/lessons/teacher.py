"""The teacher's view of a lesson: the answers, what classes usually get wrong, and the range that results fall into.

The ranges come from this project's own measurement (``lesson_ranges``), never from a text.
"""

from typing import Any

import pandas as pd
import streamlit as st

from fashion_core.lessons import datasets, expected, plans
from ui.app import address, notices, words
from ui.lessons import lesson_frame
from ui.lessons.lesson_frame import Lesson
from ui.shared.table import show_table

VIEWS = {"0": "Learner", "1": "Teacher"}  # "Class" stands in the sidebar's switch


def pick() -> bool:
    """The switch (``?teacher=1``), and with it which luck is looked at."""
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="right"):
        is_on = address.segments("View", VIEWS, key="teacher") == "1"
        if is_on:
            address.select(
                "Luck", [str(seed) for seed in range(plans.MAX_SEED + 1)], key="seed",
                words=lambda seed: f"Seed {seed}", label_visibility="collapsed", width=120,
            )  # fmt: skip
    return is_on


def seconds_of(lesson: str) -> float | None:
    """How long a lesson's trainings take on one idle core: the processor time that was measured. (Wall time was
    measured beside other work, and two cores are faster than one.)"""
    found = expected.of(lesson)
    return found.cpu_seconds if found else None


def show(lesson: Lesson, step: str, found: Any | None) -> None:
    """The notes on a step; ``found`` is the finding when the run has happened."""
    with st.container(border=True):
        st.markdown(":orange-badge[:material/school: Teacher]")
        if hint := lesson.hints.get(step):
            st.markdown(hint)
        if step in (lesson_frame.PREDICT, lesson_frame.QUESTION):
            st.markdown(f"**What classes usually get wrong.** {lesson.usual}")
        if step == lesson_frame.QUESTION:
            right = next(option for option in lesson.options if option.right)
            st.markdown(f"**The answer.** {right.words}")
        if step == lesson_frame.RUN:
            _preparing(lesson)
        if step in (lesson_frame.PREDICT, lesson_frame.RUN, lesson_frame.LOOK):
            _ranges(lesson, found)


def _preparing(lesson: Lesson) -> None:
    st.markdown("Before class, in a terminal, so that no learner waits (`all` prepares the five):")
    notices.terminal(f"python -m fashion_core lesson {lesson.name}")
    data = ", ".join(words.command(datasets.name_of(part.data)) for part in plans.plan(lesson.name).parts[:2])
    notices.aside(f"Trains on {data}, kept apart from the lab's own datasets and runs.")


def _ranges(lesson: Lesson, found: Any | None) -> None:
    known = expected.of(lesson.name)
    if known is None:
        st.markdown(
            "No expected range is known for these settings: nobody has measured them since they changed. "
            "`python -m benchmarks.studies.lessons --save` does."
        )
        return
    here = found.numbers() if found is not None else {}
    rows = [
        {
            "What": told,
            "Lowest": _written(name, known.numbers[name][1]),
            "Mean": _written(name, known.numbers[name][0]),
            "Highest": _written(name, known.numbers[name][2]),
            "This run": _written(name, here[name]) if name in here else "–",
        }
        for name, told in lesson.labels.items()
        if name in known.numbers
    ]
    st.markdown(f"**What to expect**, over {known.seeds} repetitions with other luck:")
    show_table(pd.DataFrame(rows), alt=f"Expected ranges of the lesson {lesson.title}")
    notices.aside(
        words.plain(
            f"{known.cpu_seconds:.0f} s of processor time. Measured {known.date} beside other work: {known.where}; "
            f"there the first result came after {known.first_seconds:.0f} s and all after {known.seconds:.0f} s. "
            f"Command: {known.command}"
        )
    )


def _written(name: str, value: float) -> str:
    return f"{value:.3f}" if name.endswith("_p") else words.percent(value)
