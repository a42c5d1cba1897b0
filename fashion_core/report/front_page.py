"""The first page of a report: five numbers at most, one verdict without jargon, and what the one picture shows.

Takes sides, their answers and comparisons; gives a ``Board`` (shares, counts, sentences). Knows no HTML and no files.
"""

from collections.abc import Sequence

import numpy as np

from fashion_core.compare import plain_verdict, verdicts
from fashion_core.compare.comparison import Comparison
from fashion_core.compare.predictions import Answers, Score, score_of
from fashion_core.compare.sides import Side
from fashion_core.labels import and_more, counted, display_name, listed, num_equal
from fashion_core.metrics import enough
from fashion_core.metrics.intervals import Estimate, proportion, score_intervals
from fashion_core.metrics.leakage import LeakScores
from fashion_core.metrics.wording import of_tried
from fashion_core.report.facts import Board, Number, Picture, Row, Standing

MOST = 5


def of_one(side: Side, said: Answers, split: str, leaks: LeakScores | None) -> Board:
    """The page of one run, or of one group of seeds."""
    classes, n = side.classes, len(said.label_N)
    right_SN = said.right_SN
    score = score_of(right_SN)
    support_K = np.bincount(said.label_N, minlength=len(classes))
    by_class = {k: score_of(right_SN[:, said.label_N == k]) for k in np.flatnonzero(support_K).tolist()}
    places = list(by_class)
    weakest, strongest = (places[place] for place in _ends([one.accuracy.value for one in by_class.values()]))
    accuracies = [one.accuracy.value for one in by_class.values()]
    as_strong, as_weak = (num_equal(accuracies, by_class[place].accuracy.value) for place in (strongest, weakest))
    commonest = int(support_K.argmax())
    seeds = f"mean of {score.num_models} trainings, " if score.num_models > 1 else ""
    guess = _number(
        "Without looking",
        proportion(int(support_K[commonest]), n),
        "always giving one answer"
        if len(set(support_K[places].tolist())) == 1
        else f"always answering {display_name(classes[commonest])}",
    )
    numbers = [
        _share("Right answers", score, f"{seeds}{counted(n, 'photo')}"),
        _second_number(said, support_K, leaks, seeds),
        _share(
            f"Best kind: {and_more(display_name(classes[strongest]), as_strong)}",
            by_class[strongest],
            counted(support_K[strongest], "photo"),
        ),
        _share(
            f"Weakest kind: {and_more(display_name(classes[weakest]), as_weak)}",
            by_class[weakest],
            counted(support_K[weakest], "photo"),
        ),
        guess,
    ]
    return Board(
        title=side.name,
        numbers=tuple([number for number in numbers if number][:MOST]),
        verdict=_verdict_on_one(
            score, n, guess, by_class[weakest], int(support_K[weakest]), display_name(classes[weakest]), as_weak
        ),
        care=_care(split, n, leaks, side.drawn, score.num_models),
        picture=Picture(
            kind="classes",
            title="How often each kind is recognised",
            rows=tuple(_row(display_name(classes[k]), one, int(support_K[k])) for k, one in by_class.items()),
        ),
    )


def of_several(
    standings: Sequence[Standing], found: Sequence[Comparison | str], split: str, leaks: LeakScores | None
) -> Board:
    """The page of several sides. ``found`` has the comparison of each later side with the first, or why there is
    none."""
    sides = [standing.side for standing in standings]
    known = [(one.side, one.score, one.n or 0) for one in standings if one.score]
    numbers = [_share(side.name, score, f"{_trainings(score)}{counted(n, 'photo')}") for side, score, n in known][:MOST]
    if len(sides) == 2 and isinstance(found[0], Comparison):
        numbers.append(
            _number(
                "Difference",
                found[0].difference,
                f"the second minus the first, {counted(found[0].n, 'photo')}",
                "points",
            )
        )
    drawn = any(side.drawn for side in sides)
    photos = max((n for side, _, n in known if side.members), default=0)
    rows = tuple(_row(side.name, score, n, published=side.kind == "published") for side, score, n in known)
    return Board(
        title=f"{sides[0].name} and {sides[1].name}" if len(sides) == 2 else f"{sides[0].name} and others",
        numbers=tuple(numbers),
        verdict=_verdict_on_several(sides, found),
        care=_care(split, photos, leaks, drawn, *{score.num_models for _, score, _ in known}),
        picture=Picture(kind="sides", title="How often each is right", rows=rows),
    )


def _ends(values: Sequence[float]) -> tuple[int, int]:
    return int(np.argmin(values)), int(np.argmax(values))


def _trainings(score: Score) -> str:
    return f"mean of {score.num_models} trainings, " if score.num_models > 1 else ""


def _number(label: str, value: Estimate, note: str, unit: str = "share") -> Number:
    return Number(label=label, value=value, note=note, unit=unit)


def _share(label: str, score: Score, note: str) -> Number:
    return _number(label, score.accuracy, note)


def _row(label: str, score: Score, n: int, published: bool = False) -> Row:
    return Row(label=label, value=score.accuracy, n=n, published=published)


def _second_number(said: Answers, support_K: np.ndarray, leaks: LeakScores | None, seeds: str) -> Number | None:
    """Of what may flatter the first number the worst: photos that leaked, or else classes that are not equally many."""
    if len(said.predicted_SN) == 1 and leaks and leaks.leaked.n and leaks.kept.n:
        have = "has" if leaks.leaked.n == 1 else "have"
        note = f"without {counted(leaks.leaked.n, 'photo')} that {have} the same photo among the earlier ones"
        return _number("Right answers on new photos", leaks.kept.estimate, note)
    shown, K = np.flatnonzero(support_K), len(support_K)
    if (support_K[shown] == support_K[shown[0]]).all():
        return None
    recall_SK = np.stack([said.right_SN[:, said.label_N == k].mean(axis=1) for k in shown], axis=1)
    kinds = "Every kind counted alike" if len(shown) == K else f"{len(shown)} of {K} kinds counted alike"
    if len(recall_SK) == 1:
        matrix_KK = np.bincount(said.label_N * K + said.predicted_SN[0], minlength=K * K).reshape(K, K)
        mean = Estimate(float(recall_SK.mean()), *score_intervals(matrix_KK).macro_recall)
        return _number(kinds, mean, "however rare it is")
    score = score_of(recall_SK)
    return _number(kinds, score.accuracy, f"{seeds}however rare it is")


def _verdict_on_one(
    score: Score, n: int, guess: Number, weakest: Score, num_weakest: int, name: str, as_weak: int
) -> str:
    right, guessed = of_tried(score.accuracy.value, n), guess.value
    if enough.judges_nothing(n):
        return f"{enough.sentence('', n)}. It was right on {right}."
    if score.accuracy.low <= guessed.high:
        return (
            f"It cannot be shown to do better than not looking at all: it is right on {right}, and {guess.note} is "
            f"right on {of_tried(guessed.value, n)}."
        )
    return (
        f"It names the right kind for {right}, where {guess.note} would be right on "
        f"{of_tried(guessed.value, n, things='')}; it is weakest on {name}, with "
        f"{of_tried(weakest.accuracy.value, num_weakest)}{f', and as weak on {as_weak:,} more' if as_weak else ''}."
    )


def _verdict_on_several(sides: Sequence[Side], found: Sequence[Comparison | str]) -> str:
    first = sides[0].name
    if len(found) == 1:
        return _plain(found[0], first, sides[1].name)
    told: dict[str, list[str]] = {}
    for side, one in zip(sides[1:], found, strict=True):
        told.setdefault(_kind(one), []).append(side.name)
    words = {
        verdicts.BETTER: ("is better than", "are better than"),
        verdicts.WORSE: ("is worse than", "are worse than"),
        verdicts.EQUIVALENT: ("is as good as", "are as good as"),
        verdicts.CANNOT_TELL: ("cannot be told apart from", "cannot be told apart from"),
        verdicts.SEEDS: ("differs by luck alone, being another training of the recipe of",) * 2,
        "": ("cannot be compared with", "cannot be compared with"),
    }
    parts = [f"{listed(told[key])} {word[len(told[key]) > 1]} {first}" for key, word in words.items() if key in told]
    if any(side.kind == "published" for side in sides):
        parts.append("published results are other experiments, with other inputs")
    return f"{'; '.join(parts)}."


def _kind(found: Comparison | str) -> str:
    if isinstance(found, str):
        return ""
    unsure = found.verdict.word == verdicts.CANNOT_TELL
    return verdicts.SEEDS if unsure and found.verdict.about == verdicts.SEEDS else found.verdict.word


def _plain(found: Comparison | str, first: str, second: str) -> str:
    """One verdict in words that need no statistics; the numbers are those of the comparison."""
    if isinstance(found, str):
        return f"{first} and {second} cannot be compared."
    other = " It was another experiment, with another input." if found.verdict.about == verdicts.EXPERIMENTS else ""
    return f"{plain_verdict.sentence(found)}{other}"


def _care(split: str, n: int, leaks: LeakScores | None, drawn: bool, *num_models: int) -> tuple[str, ...]:
    """What the numbers do not tell, in plain words; ``num_models`` are how many trainings a number is the mean of."""
    own = {"test": "that took no part in training", "val": "that took part in choosing, so the result may be flattered",
           "train": "that it was trained on, so the result is flattered"}  # fmt: skip
    told = [f"Tested on {counted(n, 'photo')} {own.get(split, 'of another collection')}."]
    if enough.judges_nothing(n):
        told.insert(0, f"{enough.sentence('', n)}.")
    if drawn:
        told.insert(0, "The pictures are drawn by a program: this says nothing about real clothes.")
    if min(num_models) == 1:
        told.append(
            "In brackets: where the share of all photos of this kind lies, with 95 % confidence, as far as these tell."
        )
    if max(num_models) > 1:
        told.append("In brackets behind a mean: where that of many more trainings would lie, with 95 % confidence.")
    told.append("Photos of another kind, or from another year, can give other results.")
    if split == "test":
        if leaks is None:
            told.append("Whether some of these photos also stand among the training photos was not looked into here.")
        elif leaks.leaked.n:
            have = "has" if leaks.leaked.n == 1 else "have"
            told.append(
                f"{leaks.leaked.n:,} of these photos {have} the same photo among earlier ones, so memory may have "
                "helped."
            )
        else:
            told.append("An audit found none of these photos among the training photos.")
    return tuple(told)
