"""What every lesson is made of, and what a learner has done so far: a guess, an answer, the steps that were seen.

The progress is this browser session's and nothing else's: no name, no file, gone with the tab. Knows no single lesson.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import astuple, dataclass, field
from typing import Any

import pandas as pd
import streamlit as st

from fashion_core import rights
from fashion_core.data.datasets import Dataset
from fashion_core.lessons import datasets, findings, plans
from fashion_core.lessons.plans import Plan
from fashion_core.metrics.leakage import Share
from fashion_core.runs.runs import Run
from ui.app import address, loaders, notices, words
from ui.app.kept import kept
from ui.charts.lessons import shares
from ui.shared.plot import plot

PREDICT, RUN, LOOK, EXPLAIN, QUESTION = "predict", "run", "look", "explain", "question"
STEPS = {PREDICT: "1 Predict", RUN: "2 Run", LOOK: "3 Look", EXPLAIN: "4 Explain", QUESTION: "5 Question"}
_STATE = "_lessons"


@dataclass(frozen=True)
class Guess:
    """One of the answers that a learner may commit to: what the button says, and the share that it stands for."""

    key: str
    words: str
    value: float


def guesses(words: Mapping[int, str]) -> tuple[Guess, ...]:
    """Percent or points -> what the button says."""
    return tuple(Guess(str(percent), said, percent / 100) for percent, said in words.items())


@dataclass(frozen=True)
class Measured:
    """What the guess was about, as it came out: a share or a difference, and how it is written with its n."""

    value: float
    words: str


@dataclass(frozen=True)
class Option:
    """One answer to the question at the end; ``feedback`` says why, with the numbers of this run."""

    key: str
    words: str
    right: bool
    feedback: Callable[[Any], str]


@dataclass(frozen=True, kw_only=True)
class Shown:
    """What the steps after the run are given."""

    plan: Plan
    runs: Mapping[str, Run]
    found: Any
    guess: Guess | None


@dataclass(frozen=True, kw_only=True)
class Lesson:
    """One lesson. ``name`` is its plan's; ``story`` says what will be done, ``ask`` what to guess; ``measured`` is what
    came out of that, ``look``, ``explain`` and the options' feedback are made of the finding.

    For teachers: ``usual`` is what classes usually get wrong, ``labels`` names the numbers whose expected range is
    told, ``hints`` are what to ask or do at a step.
    """

    name: str
    title: str
    question: str
    icon: str
    story: str
    ask: str
    guesses: tuple[Guess, ...]
    measured: Callable[[Any], Measured]
    look: Callable[[Shown], None]
    explain: Callable[[Any], list[str]]
    prompt: str
    options: tuple[Option, ...]
    usual: str
    labels: Mapping[str, str]
    hints: Mapping[str, str] = field(default_factory=dict)


def of_share(share: Share) -> Measured:
    """A proportion as what was measured."""
    return Measured(share.accuracy, told(share))


def told(share: Share) -> str:
    """``61.2 % [57.3, 65.0], n = 600``"""
    return f"{words.with_interval(share.estimate)}, n = {share.n:,}"


def note(share: Share) -> str:
    """``[57.3, 65.0], n = 600``, as it stands below the share."""
    return f"{words.interval(share.estimate.bounds)}, n = {share.n:,}"


def show_shares(
    rows: Sequence[tuple[str, int, Share]], *, key: str, title: str, height: int, guess: float | None = None
) -> None:
    """A dot and interval a row: what it is of, the look of its training (0 or 1), and how many were right."""
    columns = ["name", "look", "rate", "low", "high", "n"]
    frame = pd.DataFrame([(*row, *astuple(share.estimate)) for *row, share in rows], columns=columns)
    alt = ", ".join(f"{name} {words.percent(share.accuracy)}" for name, _, share in rows)
    plot(shares(frame, title=title, guess=guess), key=key, alt=alt, height=height)


def seed() -> int:
    """The luck of the trainings that the address asks for; 0 unless it is one of those on offer."""
    asked = st.query_params.get("seed", "0")
    return int(asked) if asked in map(str, range(plans.MAX_SEED + 1)) else 0


def memory(lesson: str) -> dict[str, Any]:
    """What this session has done in a lesson: ``guess``, ``answer`` (keys) and ``seen`` (steps)."""
    return st.session_state.setdefault(_STATE, {}).setdefault(lesson, {"guess": "", "answer": "", "seen": set()})


def guess_of(lesson: Lesson) -> Guess | None:
    """The guess that the learner has committed to."""
    return next((guess for guess in lesson.guesses if guess.key == memory(lesson.name)["guess"]), None)


def nearest(lesson: Lesson, value: float) -> Guess:
    """The guess that was nearest to what came out."""
    return min(lesson.guesses, key=lambda guess: abs(guess.value - value))


def drawings(name: str) -> Dataset | None:
    """A set of drawings that a lesson was trained on; says so where it is not here."""
    found = datasets.find(name, loaders.data_dir())
    if found is None:
        notices.aside("The drawings themselves are not on this machine.")
    return found


def finding(plan: Plan, runs: Mapping[str, Run]) -> Any:
    """What the runs show, computed once for all sessions until a file changes."""
    return _finding(plan, tuple(runs), *runs.values())


def _of_runs(plan: Plan, parts: tuple[str, ...], *runs: Run) -> tuple[Any, ...]:
    return (plan.key, *(loaders.of_folder(run.folder, "predictions-*") for run in runs))


@kept(_of_runs, max_entries=12)
def _finding(plan: Plan, parts: tuple[str, ...], *runs: Run) -> Any:
    return findings.find(plan.lesson, dict(zip(parts, runs, strict=True)), loaders.data_dir())


def go(step: str) -> None:
    """Open a step; for callbacks."""
    address.choose(step=step)


def next_button(step: str, label: str) -> None:
    """The way on: one button at the end of a step."""
    st.button(
        label, key=f"to {step}", type="primary", icon=":material/arrow_forward:", icon_position="right", on_click=go,
        args=(step,),
    )  # fmt: skip


def show_guesses(lesson: Lesson, *, settled: bool) -> None:
    """The answers as big buttons; the chosen one is marked. ``settled``: the result has been seen, the guess stands."""
    chosen = memory(lesson.name)["guess"]
    for column, guess in zip(st.columns(len(lesson.guesses), gap="small"), lesson.guesses, strict=True):
        column.button(
            f"**{guess.words}**", key=f"guess {guess.key}", width="stretch", on_click=_commit,
            args=(lesson.name, guess.key), icon=":material/check:" if guess.key == chosen else None,
            disabled=settled and guess.key != chosen,
        )  # fmt: skip


def _commit(lesson: str, key: str) -> None:
    memory(lesson)["guess"] = key


def answer_to_guess(lesson: Lesson, measured: Measured) -> str:
    """``You said about 60 %. It is 38.5 % [33.6, 43.6], n = 200.`` and whether another guess was nearer."""
    guess, best = guess_of(lesson), nearest(lesson, measured.value)
    it_is = f"It is **{measured.words}**."
    if guess is None:
        return f"{it_is} No guess was made in this session."
    tail = " No other guess was nearer." if guess == best else f" {words.capital(best.words)} was nearer."
    return f"You said **{guess.words}**. {it_is}{tail}"


def can_run() -> bool:
    """Whether whoever asks may train."""
    return not rights.read_only()
