"""A lesson's second step: start its trainings, follow them while they go, say what came of them.

Everything is read from the run directories, so a reload, a second tab and a second learner see the same. Nothing trains
in this process.
"""

from collections.abc import Mapping

import pandas as pd
import streamlit as st

from fashion_core.lessons import datasets, progress
from fashion_core.lessons.plans import Plan
from fashion_core.lessons.progress import State
from fashion_core.runs.runs import Run
from fashion_core.runs.summary import Summary
from ui.app import faults, loaders, notices, people, words
from ui.charts.lessons import learning
from ui.lessons import lesson_frame, teacher
from ui.lessons.lesson_frame import Lesson
from ui.shared import curves_view, first_start, following
from ui.shared.plot import plot


def finished(lesson: Lesson, plan: Plan) -> Mapping[str, Run] | None:
    """The runs of the plan when all are finished; otherwise says so, offers the run, and gives None."""
    state = progress.look(plan, loaders.runs_dir())
    if state.word == progress.FINISHED:
        return progress.finished_runs(plan, loaders.runs_dir())
    st.markdown("This step shows what the run measured, and the run has not happened yet.")
    if state.word == progress.ACTIVE:
        follow(lesson, plan)
    elif lesson_frame.can_run():
        lesson_frame.next_button(lesson_frame.RUN, "Go to the run")
    else:
        refused()
    return None


def refused() -> None:
    """Why nothing can be run here."""
    notices.review_copy(
        "Lessons train small networks in the lab that this was copied from; the results of runs that are here can "
        "be read.",
        "no lesson can be run",
    )


def show(lesson: Lesson, plan: Plan) -> None:
    """The whole step."""
    state = progress.look(plan, loaders.runs_dir())
    if state.word == progress.ACTIVE:
        follow(lesson, plan)
        return
    if state.word == progress.FINISHED:
        _told(state)
        _parts(plan, state)
        guessed = lesson_frame.guess_of(lesson) is not None
        if guessed or not lesson_frame.can_run():
            lesson_frame.next_button(lesson_frame.LOOK, "Look at the result")
        else:
            st.markdown("Guess before you look.")
            lesson_frame.next_button(lesson_frame.PREDICT, "Make a guess")
        return
    _parts(plan, state)
    if not lesson_frame.can_run():
        refused()
        return
    if state.word == progress.STOPPED:
        st.warning(words.plain(f"{state.sentence} What is finished is not trained again."), icon=":material/warning:")
    if lesson_frame.guess_of(lesson) is None:
        st.markdown("Commit to a guess first; then the run can start.")
        lesson_frame.next_button(lesson_frame.PREDICT, "Make a guess")
        return
    if first_start.show():
        return
    more = ""
    if datasets.whole(loaders.data_dir()) is None:
        more = " The 4,200 drawings of the lab are not here yet; they are drawn first, half a minute more."
    seconds = teacher.seconds_of(plan.lesson)
    num = len(plan.parts) - len(state.done)
    label = f"Train {words.counted(num, 'small network')}"
    if st.button(
        f"{label}, about {words.roughly(seconds)}" if seconds else label,
        key="run lesson",
        type="primary",
        icon=":material/play_arrow:",
    ):
        with faults.shown(stop=False):
            progress.start(plan, data_dir=loaders.data_dir(), runs_dir=loaders.runs_dir())
            st.rerun()
    notices.aside(
        f"On this machine's CPU, in a process of its own: it goes on when this page is closed.{more} Whoever opens "
        "this "
        "lesson on this server meanwhile follows the same run."
    )


def _told(state: State) -> None:
    took = f" It took {words.duration(state.seconds)}" if state.seconds else ""
    if took and state.first_seconds:
        took += f", the first network {words.duration(state.first_seconds)}"
    st.markdown(
        f":green-badge[:material/check_circle: Trained] On this machine, with exactly these settings.{took}"
        f"{'.' if took else ''} It is kept, so nothing is trained again."
    )


def follow(lesson: Lesson, plan: Plan) -> None:
    """How far the trainings are, once a second, until they end; then the page runs once more."""
    following.follow(lambda: _active(plan), lambda state: _show(lesson, plan, state))


def _active(plan: Plan) -> State | None:
    state = progress.look(plan, loaders.runs_dir())
    return state if state.word == progress.ACTIVE else None


def _show(lesson: Lesson, plan: Plan, state: State) -> None:
    left = ""
    if state.seconds and 0.2 < state.share < 1:
        left = f" About {words.roughly(state.seconds / state.share * (1 - state.share))} left."
    st.progress(min(1.0, state.share), text=words.plain(state.sentence) + left)
    guess = lesson_frame.guess_of(lesson)
    if guess:
        st.markdown(f"Your guess: **{guess.words}**.")
    _parts(plan, state)
    others = people.another_of_lesson(plan)
    if others:
        st.markdown(f"{others} You are watching it.")
    if lesson_frame.can_run() and people.button(
        "Stop the lesson",
        others and f"{others} Whoever watches it sees it end.",
        again="Stop it all the same",
        key="stop lesson",
        icon=":material/stop_circle:",
    ):
        with faults.shown(stop=False):
            progress.stop(plan, loaders.runs_dir())
            st.rerun()
    curves, totals = _curves(plan)
    if curves:
        last = list(curves.values())[-1]["loss"].iloc[-1]
        plot(
            learning(curves, total_steps=totals, title="The loss on the photos that it learns from"),
            key="learning",
            alt=f"Training loss by share of the work, now {last:.2f}",
            height=240,
        )


def _curves(plan: Plan) -> tuple[dict[str, pd.DataFrame], list[int]]:
    """Training loss so far of each part that has begun."""
    curves, totals = {}, []
    for part in plan.parts:
        run = progress.run_of(plan, part, loaders.runs_dir())
        steps = curves_view.steps_of(run) if run else pd.DataFrame()
        if run and len(steps) > 1:
            curves[part.words] = steps
            totals.append(run.steps_per_epoch * run.settings.epochs)
    return curves, totals


def _parts(plan: Plan, state: State) -> None:
    """A line a training: what it is, and what it has reached."""
    lines = []
    for part in plan.parts:
        run = progress.run_of(plan, part, loaders.runs_dir()) if part.name in state.done else None
        score = (loaders.summary_of(run) or Summary()).scores.get("test") if run else None
        # what came out belongs to the look step: here only that it is done
        mark = ":green[:material/check_circle:]" if run else ":gray[:material/radio_button_unchecked:]"
        n = f" :gray[done, {words.counted(score.n, 'test photo')} answered]" if score else ""
        epochs = words.counted(part.settings.epochs, "epoch")
        lines.append(f"{mark} {part.words} :gray[· {epochs}]{n}")
    st.markdown("  \n".join(lines))
