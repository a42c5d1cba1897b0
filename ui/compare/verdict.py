"""The upper half of the Compare page: the verdict and its numbers on a scale, what differs, the curves of both.

Takes two sides; every name from a file is escaped.
"""

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from fashion_core.compare import comparison, sides, verdicts
from fashion_core.compare import run_names as core_names
from fashion_core.compare.comparison import Comparison
from fashion_core.compare.sides import Side
from fashion_core.metrics.wording import interval_in_points, p_words, points
from fashion_core.runs.runs import Run
from ui.app import audience, loaders, notices, words
from ui.charts.compare import difference_scale
from ui.charts.overlay import Series, finding, overlaid_curves
from ui.compare import compare_sides
from ui.shared import bounded, curves_view, plain_words, run_names
from ui.shared.answer import Number, answer
from ui.shared.plot import plot
from ui.shared.table import show_table

BADGES = {
    verdicts.BETTER: ("Better", ":material/trending_up:", "green"),
    verdicts.WORSE: ("Worse", ":material/trending_down:", "red"),
    verdicts.EQUIVALENT: ("Equivalent", ":material/equal:", "blue"),
    verdicts.CANNOT_TELL: ("Cannot tell", ":material/question_mark:", "gray"),
}
MARGINS = {"0.005": "0.5 points", "0.01": "1 point", "0.02": "2 points", "0.05": "5 points"}


def margin_words(margin: str) -> str:
    """A margin as whoever reads calls it."""
    return audience.told(classroom=MARGINS[margin], review=f"{100 * float(margin):g} of 100")


def compared(first: Side, second: Side, split: str, margin: float, found: Sequence[Run]) -> Comparison:
    """The comparison, made anew when an answer, a name or the runs beside them change."""
    single = len(first.members) == len(second.members) == 1
    others = _siblings((first, second), found) if single and not sides.same_recipe(first, second) else []
    beside = tuple(loaders.stamp(run.folder / "summary.json") for run in others)
    key = (compare_sides.stamps_of(first, split), compare_sides.stamps_of(second, split), beside)
    return _compared(key, first, second, split, margin, others)


@st.cache_resource(max_entries=16, show_spinner=False)
def _compared(key: object, _first: Side, _second: Side, split: str, margin: float, _others: list[Run]) -> Comparison:
    return comparison.compare(_first, _second, split, margin=margin, others=_others)


def _siblings(both: Sequence[Side], found: Sequence[Run]) -> list[Run]:
    """The runs that differ from either side by their seed alone. Photos and recipe are looked at first: comparing all
    settings of a thousand runs takes 40 ms."""
    members = [side.members[0] for side in both]
    known = {(run.recipe, run.dataset.fingerprint) for run in members}
    wanted = [sides.recipe_of(run) for run in members]
    return [
        run
        for run in found
        if (run.recipe, run.dataset.fingerprint) in known
        and any(run.settings.epochs == one.settings.epochs for one in members)
        and sides.recipe_of(run) in wanted
    ]


def show_verdict(found: Comparison) -> None:
    """The sentence first, then the numbers it rests on, then the difference on a scale with the margin."""
    label, icon, colour = BADGES[found.verdict.word]
    plain = audience.is_review()
    with st.container(border=True, key="verdict", gap=None):
        st.badge(label, icon=icon, color=colour)
        st.markdown(f"## {plain_words.comparison(found) if plain else words.plain(found.verdict.sentence)}")
        notices.aside(plain_words.reach(found) if plain else words.plain(found.verdict.scope))
        for note in found.notes:
            notices.aside(words.plain(note))
    numbers = [_score_number("First", found.first, found.score_first)]
    numbers.append(_score_number("Second", found.second, found.score_second))
    numbers.append(
        Number(
            "Difference",
            f"{points(found.difference.value)} {'of 100' if plain else 'points'}",
            interval_in_points(found.difference.bounds) + ("" if plain else f", {p_words(found.difference.p_value)}"),
            "How many more of 100 photos the second names right; in brackets the range that it may have."
            if plain
            else f"Second minus first, with its 95 % interval. Test: {found.difference.method}. p is how often chance "
            "alone would show a difference as large.",
        )
    )
    if found.pairs:
        pairs = found.pairs
        numbers.append(
            Number(
                "Changed answers" if plain else "Flipped",
                f"{pairs.n10:,} / {pairs.n01:,}",
                f"{'made wrong / made right,' if plain else 'right → wrong / wrong → right'} of {words.count(found.n)}",
                f"Both right: {pairs.n11:,}. Both wrong: {pairs.n00:,}."
                + (
                    "" if plain else f" Exact McNemar looks at the flipped ones alone: {p_words(found.paired.p_value)}."
                ),
            )
        )
    answer(numbers)
    names = core_names.distinct([found.first.name, found.second.name], 44)
    plot(
        difference_scale(
            found.difference,
            margin=found.margin,
            first_name=names[0],
            second_name=names[1],
            decided=found.verdict.word in (verdicts.BETTER, verdicts.WORSE),
            plain=plain,
        ),
        key="scale",
        alt=plain_words.comparison(found).replace("\\", "") if plain else found.verdict.sentence,
        height=150,
    )


def _score_number(label: str, side: Side, score) -> Number:
    bounds = words.interval(score.accuracy.bounds)
    trained = audience.told(classroom="seeds", review="trainings")
    several = score.sd is not None
    if audience.is_review():
        note = f"{bounds}, {score.num_models} {trained}" if several else bounds
        told = f"The share of photos whose class is right{', on average' if several else ''}; in brackets its range."
        return Number(f"{label}: named right", words.percent(score.accuracy.value), f"{note}\n{side.name}", told)
    note = f"{bounds}, {score.num_models} {trained}, sd {100 * score.sd:.1f}" if several else bounds
    told = f"Mean accuracy of the {trained} with its t interval; sd is how far they lie apart, in points."
    return Number(
        f"{label} accuracy",
        words.percent(score.accuracy.value),
        f"{note}\n{side.name}",
        told if several else "Share of photos whose class is right, with Wilson's 95 % interval.",
    )


def show_settings(found: Comparison) -> None:
    """The settings that differ, or that none does."""
    st.markdown("**What differs between them**")
    if not found.settings:
        notices.aside("No setting differs: what is left is the luck of training, or the version of the program.")
        return
    show_table(pd.DataFrame(found.settings, columns=["Setting", "First", "Second"]), alt="The settings that differ",
               height=bounded.table_space(len(found.settings)))  # fmt: skip
    if found.first.result or found.second.result:
        notices.aside("Of a published result only what its authors wrote is known, so more may differ.")


def show_curves(found: Comparison) -> None:
    """The curves of both, where both have them."""
    shown = [side for side in (found.second, found.first) if side.members]
    series = [
        Series(key=side.id, name=name, colour=run_names.colour_of(side.members[0]), tracks=tracks)
        for side, name in zip(shown, curves_view.line_names([side.name for side in shown]), strict=True)
        if (tracks := curves_view.tracks_of(side.members))
    ]
    if not series:
        notices.aside("A published result has no curve.")
        return
    plot(
        overlaid_curves(series, title=finding(series), drawn=found.first.drawn or found.second.drawn),
        key="curves",
        alt="Loss and validation accuracy of both by epochs seen",
        height=350,
    )
    curves_view.say_what_is_drawn(series)
