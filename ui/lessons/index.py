"""The five lessons in their order, the page that lists them, and the question that ends each."""

from typing import Any

import streamlit as st

from fashion_core import rights
from fashion_core.lessons import plans, progress
from ui.app import address, loaders, navigation, notices, subject, words
from ui.lessons import augmentation, difference, imbalance, leakage, lesson_frame, shortcuts
from ui.lessons.lesson_frame import PREDICT, STEPS, Lesson, Option

LESSONS: dict[str, Lesson] = {
    lesson.name: lesson
    for lesson in (
        imbalance.LESSON,
        augmentation.LESSON,
        leakage.LESSON,
        shortcuts.LESSON,
        difference.LESSON,
    )
}
assert tuple(LESSONS) == plans.LESSONS, "a lesson is a plan and a page"
_OWN_KEYS = ("lesson", "step", "seed", "class", "trained", "view", "shown", "garment", "asked", "a", "b",
             "lesson_photos", "image")  # fmt: skip


def show() -> None:
    """A line a lesson: its question, how far this session is, and the button that opens it."""
    where = "in the lab that this was copied from" if rights.is_review_copy() else "here, on this machine"
    st.markdown(
        f"Five lessons of about eight minutes. In each you guess first; then small networks are trained {where}, on "
        "drawings; then you look at what came out and why. Your guesses are kept in this browser tab only, until it is "
        "reloaded."
    )
    for lesson in LESSONS.values():
        done = lesson_frame.memory(lesson.name)
        state = progress.look(plans.plan(lesson.name), loaders.runs_dir())
        with st.container(border=True, horizontal=True, vertical_alignment="center"):
            st.markdown(f"{lesson.icon} **{lesson.title}**  \n{lesson.question}", width="stretch")
            told = _told(done)
            if state.word == progress.ACTIVE:
                told = "is being trained now"
            elif not told and state.word == progress.FINISHED:
                told = "trained on this machine already"
            if told:
                st.markdown(f":small[:gray[{told}]]", width="content")
            st.button(
                "Go on" if done["seen"] else "Open", key=f"open {lesson.name}", on_click=_open, args=(lesson.name,),
                icon=":material/arrow_forward:", icon_position="right",
            )  # fmt: skip


def _told(done: dict[str, Any]) -> str:
    if done["answer"]:
        return "question answered"
    return f"{words.count(len(done['seen']))} of {len(STEPS)} steps seen" if done["seen"] else ""


def _open(name: str) -> None:
    seen = lesson_frame.memory(name)["seen"]
    last = next((step for step in reversed(STEPS) if step in seen), PREDICT)
    address.choose(lesson=name, step=last)
    st.session_state["_lesson_shown"] = name


def leave() -> None:
    """Back to the list; for callbacks."""
    for key in _OWN_KEYS:
        st.query_params.pop(key, None)


def forget_step_of_another(lesson: Lesson) -> None:
    """A lesson whose address names no step opens on its first one, not on the step of the lesson before it."""
    state = st.session_state
    if state.get("_lesson_shown") != lesson.name:
        state["_lesson_shown"] = lesson.name
        for key in set(_OWN_KEYS) - {"lesson", "seed", "image"}:
            state.get("_chosen", {}).pop(subject.scope(key), None)
            if st.query_params.get(key) is None:
                state.pop(key, None)
                state.get("_address", {}).pop(subject.scope(key), None)


def show_question(lesson: Lesson, found: Any) -> None:
    """The question with its answers as big buttons; what is chosen gets its feedback, and another may be tried."""
    st.markdown(f"## {lesson.prompt}")
    chosen = lesson_frame.memory(lesson.name)["answer"]
    for option in in_turn(lesson):
        st.button(
            option.words, key=f"answer {option.key}", width=760, on_click=_answer, args=(lesson.name, option.key),
            icon=(":material/check:" if option.right else ":material/close:") if option.key == chosen else None,
        )  # fmt: skip
    option = next((option for option in lesson.options if option.key == chosen), None)
    if option is None:
        return
    body = option.feedback(found)
    if option.right:
        st.success(f"**Yes.** {body}", icon=":material/check_circle:", width=760)
        following = list(LESSONS)[(list(LESSONS).index(lesson.name) + 1) % len(LESSONS)]
        st.button(
            f"Next lesson: {LESSONS[following].title}", key="next lesson", type="primary", on_click=_open,
            args=(following,), icon=":material/arrow_forward:", icon_position="right",
        )  # fmt: skip
    else:
        st.warning(f"**Not quite.** {body}", icon=":material/undo:", width=760)
        notices.aside("You may choose again.")
    if lesson.name == "difference" and option.right:
        navigation.link("compare", "Compare runs of this lab the same way")


def in_turn(lesson: Lesson) -> list[Option]:
    """The answers turned round by the lesson's place, so that the right one does not always come first."""
    turn = 1 + list(LESSONS).index(lesson.name) % 3
    return [*lesson.options[-turn:], *lesson.options[:-turn]]


def _answer(lesson: str, key: str) -> None:
    lesson_frame.memory(lesson)["answer"] = key
