"""How good a run is on a split and where it fails: five numbers, or the sentences of a review."""

import pandas as pd

from fashion_core.labels import and_more, display_name, num_equal
from fashion_core.metrics import enough, intervals, scoring
from fashion_core.runs.runs import Run
from ui.app import loaders, notices, words
from ui.evaluation import classes_view, leaks
from ui.shared import plain_words
from ui.shared.answer import Number, answer, say


def show(run: Run, split: str, *, drawn: bool) -> None:
    """What classes have no score, the answer, and what it has too few photos for."""
    scores = loaders.scores_of(run, split)
    per_class = scores.table()
    worst = per_class.loc[per_class["recall"].idxmin()]
    if scores.absent:
        notices.aside(f"Macro means are {scoring.absent_words(scores, display_name)}; such a class has no score.")
    answer(
        _numbers(run, split, per_class, worst), in_review=lambda: _say_in_review(run, split, per_class, worst, drawn)
    )
    notices.few(enough.sentences({split: dict(zip(per_class["label"], per_class["support"], strict=True))}))


def _numbers(run: Run, split: str, per_class: pd.DataFrame, worst: pd.Series) -> list[Number]:
    scores = loaders.scores_of(run, split)
    commonest = per_class.loc[per_class["support"].idxmax()]
    balanced = per_class.loc[per_class["support"] > 0, "support"].nunique() == 1
    classes = words.count(len(run.classes))
    return [
        Number(
            "Accuracy",
            words.percent(scores.accuracy.value),
            words.interval(scores.accuracy.bounds),
            "Share of photos whose class is right. In brackets the 95 % interval (Wilson): what other photos of the "
            "same kind would give.",
        ),
        Number(
            "Macro F1",
            words.percent(scores.macro_f1),
            words.interval(classes_view.intervals_of(run, split).macro_f1),
            "F1 joins precision and recall of a class; the macro mean counts every class alike, however rare. In "
            "brackets the 95 % interval (Wilson, over as many photos as the score is worth).",
        ),
        Number("Photos", words.count(scores.n), f"{leaks.note(leaks.of(run, split))}{classes} classes"),
        Number(
            "Baseline",
            words.percent(commonest["support"] / scores.n),
            "always the same class" if balanced else f"always saying {display_name(commonest['label'])}",
            "The accuracy of a rule that gives every photo the commonest class. A model that does not beat it knows "
            "nothing.",
        ),
        Number(
            "Weakest class",
            words.percent(worst["recall"]),
            and_more(display_name(worst["label"]), num_equal(per_class["recall"], worst["recall"])),
            "The class whose photos are recognised least often (lowest recall).",
        ),
    ]


def _say_in_review(run: Run, split: str, per_class: pd.DataFrame, worst: pd.Series, drawn: bool) -> None:
    """The answer for a reader who wants to know whether to believe it."""
    scores, leaked = loaders.scores_of(run, split), leaks.of(run, split)
    missed, n_worst = 1 - worst["recall"], int(worst["support"])
    say(
        plain_words.evaluation(
            scores.accuracy,
            plain_words.Weakest(
                worst["label"],
                intervals.proportion(round(missed * n_worst), n_worst),
                num_equal(per_class["recall"], worst["recall"]),
            ),
        ),
        plain_words.against_guessing(scores.accuracy.low, per_class["support"].max() / scores.n, scores.n),
        plain_words.seen_before(
            split, leaked.leaked.n if leaked else None, leaked.kept.accuracy if leaked and leaked.kept.n else None
        ),
        notices.DRAWN_HELP if drawn else "",
    )
