"""The lesson on luck: several trainings of one recipe, and what two of them seem to prove."""

import streamlit as st

from fashion_core.compare import comparison, sides
from fashion_core.compare.comparison import Comparison
from fashion_core.lessons import datasets, plans
from fashion_core.lessons.findings import Luck, name_words
from fashion_core.metrics.wording import in_points, p_words
from fashion_core.runs.runs import Run
from ui.app import address, loaders, words
from ui.app.kept import kept
from ui.lessons import lesson_frame
from ui.lessons.lesson_frame import Lesson, Measured, Option, Shown, guesses, show_shares, told
from ui.shared.answer import Number, answer

_NUM_TRAIN = 15 * (datasets.LEAK_TRAIN + datasets.LEAK_COPIES)


def _points(share: float) -> str:
    return f"{100 * share:.1f} points"


def _measured(found: Luck) -> Measured:
    worst, best = found.models[found.lowest], found.models[found.highest]
    between = f"from {words.percent(worst.accuracy)} to {words.percent(best.accuracy)}, n = {best.n:,} each"
    return Measured(found.gap, f"{_points(found.gap)}, {between}")


def _look(shown: Shown) -> None:
    found: Luck = shown.found
    names = list(found.models)
    answer(
        [
            Number("Best minus worst", _points(found.gap), f"of {len(names)} trainings of one recipe"),
            Number("Mean", words.percent(found.spread.mean.value),
                   f"{words.interval(found.spread.mean.bounds)}, {found.spread.mean.n} seeds",
                   "The interval says where the mean of endlessly many seeds lies."),
            Number("Standard deviation", _points(found.spread.sd), "between seeds",
                   "How far two trainings of one recipe lie apart, typically."),
        ]
    )  # fmt: skip
    chart, claim = st.columns([1.3, 1], gap="medium")
    with claim:
        left, right = st.columns(2)
        with left:
            first = address.select("A", names, key="a", default=found.lowest, words=_title)
        with right:
            second = address.select("B", names, key="b", default=found.highest, words=_title)
        if first == second:
            st.markdown("Choose two different models.")
        else:
            _claim(_compared(shown.runs[first], shown.runs[second]), found, first, second)
    rows = [
        (_title(name) + {first: " (A)", second: " (B)"}.get(name, ""), int(name == second), share)
        for name, share in found.models.items()
    ]
    with chart:
        show_shares(rows, key="luck", title="One recipe, six trainings", height=340)


def _title(name: str) -> str:
    return words.capital(name_words(name))


@kept(lambda *both: tuple(loaders.of_predictions(run, "test") for run in both), max_entries=60)
def _compared(first: Run, second: Run) -> Comparison:
    one, other = (sides.side_of_run(run, _title(run.id)) for run in (first, second))
    return comparison.compare(one, other, "test")


def _claim(done: Comparison, found: Luck, first: str, second: str) -> None:
    """What somebody might say of the two, and what the statistics of the Compare page say."""
    one, other = found.models[first], found.models[second]
    pairs, paired = done.pairs, done.paired
    assert pairs is not None and paired is not None, "two single models"
    st.markdown(
        f"> “B is better than A: {words.percent(other.accuracy)} against {words.percent(one.accuracy)} on the same "
        f"{done.n:,} photos.”"
    )
    st.markdown(
        f"Photo by photo: {pairs.n10:,} right for A alone, {pairs.n01:,} right for B alone. {in_points(paired)}, exact "
        f"McNemar test, {p_words(paired.p_value)}."
    )
    st.markdown(f"**Verdict.** {words.plain(done.verdict.sentence)}")


def _explain(found: Luck) -> list[str]:
    done = found.comparison
    pairs, paired = done.pairs, done.paired
    assert pairs is not None and paired is not None, "two single models"
    worst, best = found.models[found.lowest], found.models[found.highest]
    asks = "sees a difference" if paired.p_value < 0.05 else "sees none that chance would not make"
    return [
        f"All {len(found.models)} networks have the same recipe, the same drawings and the same number of epochs. "
        "Only the **seed** differs: the first weights and the order of the photos. They reach "
        f"{words.percent(worst.accuracy)} to {words.percent(best.accuracy)}, with a standard deviation of "
        f"{_points(found.spread.sd)} between seeds.",
        f"Each of these accuracies is also known no better than its interval, {told(best)}, for the best: other test "
        "photos would move it. That is the second kind of luck.",
        "**McNemar's test** looks only at the photos on which two models disagree. For the worst and the best these "
        f"are {pairs.n10:,} and {pairs.n01:,}; it {asks} ({p_words(paired.p_value)}). It asks whether these two "
        f"trained models differ. They may well, and their recipe is the same all the same. Of the {found.num_pairs} "
        f"pairs here, {found.num_unequal} have p below 0.05.",
        "Whether a **recipe** is better takes several seeds of both, and choosing the best and the worst of six to "
        f"compare is one more way to be fooled. Report the mean, {words.with_interval(found.spread.mean)}, "
        "and the number of seeds.",
    ]


LESSON = Lesson(
    name="difference",
    title="Is the difference real",
    question="Is the better number a better recipe?",
    icon=":material/difference:",
    story=f"{plans.NUM_SEEDS} networks with the same recipe on the same {_NUM_TRAIN:,} drawings take the "
    "same test of 600. Only the seed of the random numbers differs: the first weights, and the order of the drawings.",
    ask="How far apart will the **best and the worst** of them be?",
    guesses=guesses({0: "not at all", 1: "1 point", 4: "4 points", 10: "10 points"}),
    measured=_measured,
    look=_look,
    explain=_explain,
    prompt="A student report says: with our new loss the accuracy rose from 82.1 % to 83.4 %. One training each. "
    "What is known?",
    options=(
        Option("nothing", "Not yet whether the loss is better: several seeds of both are needed", True,
               lambda found: f"One recipe alone lay {_points(found.gap)} apart here, more or less than the 1.3 "
               "points of the report as luck wills; only seeds of both tell."),
        Option("better", "The new loss is better: it is the higher number", False,
               lambda found: f"By that rule the best of our {len(found.models)} trainings beats the worst by "
               f"{_points(found.gap)}, with the same recipe."),
        Option("mcnemar", "The new loss is better if McNemar's test says p below 0.05", False,
               lambda found: f"Here {found.num_unequal} of {found.num_pairs} pairs of one and the same recipe have p "
               "below 0.05. The test is about two trained models, not about what they were trained with."),
        Option("equal", "Both losses are equally good: 1.3 points are small", False,
               lambda found: "Not having shown a difference is not having shown that there is none: with a standard "
               f"deviation of {_points(found.spread.sd)} between seeds, one training each can show neither."),
    ),
    usual="Many expect the same number each time, because it is a computer. Then they take p below 0.05 between two "
    "trained models for a verdict about the recipes.",
    labels={
        "gap": "Best minus worst", "mean": "Mean of six", "sd": "Standard deviation", "unequal_pairs":
        "Pairs with p below 0.05",
    },
    hints={
        lesson_frame.LOOK: "Let the class choose A and B so that the claim sounds best. Then so that it sounds worst.",
        lesson_frame.EXPLAIN: "Ask how many seeds the class can afford, and what difference that could show.",
    },
)  # fmt: skip
