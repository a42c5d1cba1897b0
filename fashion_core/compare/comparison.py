"""Is the difference real? Two sides on a split: what differs, by how much, who flipped, and one sentence of verdict.

Takes two sides (runs, groups of seeds, published results); gives numbers and sentences. Needs no torch. Everything is
the second side against the first. K classes; matrix rows are true, columns predicted.

What a verdict is about depends on what was repeated. Two trained models answered the same photos: exact McNemar says
whether these two models differ, and that is all one seed each can say, because two seeds of one recipe differ as well
(in the simulation of tests/fashion_core/metrics/test_significance.py it calls 55 % of such pairs different). Whether
recipes differ is asked of seeds, or of single runs beside a spread between seeds that other runs of the same recipe
show.
"""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd

from fashion_core.compare import class_recalls, predictions, sides, verdicts
from fashion_core.compare.predictions import Answers, Joined, Score, Told
from fashion_core.compare.sides import Side
from fashion_core.compare.verdicts import Verdict
from fashion_core.errors import RunError, WrongUse
from fashion_core.metrics import seed_spread, significance
from fashion_core.metrics.intervals import flattened
from fashion_core.metrics.significance import Difference
from fashion_core.runs import runs
from fashion_core.runs.summary import Summary

MARGIN = 0.01


@dataclass(frozen=True, kw_only=True)
class Pairs:
    """Of the photos that two single runs were asked about: both right, right -> wrong, wrong -> right, both wrong."""

    n11: int
    n10: int
    n01: int
    n00: int


@dataclass(frozen=True, kw_only=True, eq=False)
class Comparison:
    """Everything about two sides. ``per_class``: label, n, first, second, difference, low, high, p_value, p_holm.

    ``flips``: image_id, label, first_right, second_right (shares of the side's models), first_predicted,
    second_predicted, first_sure, second_sure; those that a half of the models or more changed, the surest first.
    ``paired`` is the plain paired difference of two single models, also where the verdict needed more than that.
    ``pairs`` and ``flips`` are None against a published result; ``pairs`` with several seeds too. The matrices are
    counts, those of several seeds added up, classes in the first side's order; ``ranges_*`` are those of seeds.
    """

    first: Side
    second: Side
    split: str
    margin: float
    classes: tuple[str, ...]
    n: int
    settings: list[tuple[str, str, str]]
    score_first: Score
    score_second: Score
    difference: Difference
    pairs: Pairs | None
    paired: Difference | None
    per_class: pd.DataFrame
    flips: pd.DataFrame | None
    matrix_first: np.ndarray | None
    matrix_second: np.ndarray | None
    ranges_first: seed_spread.Ranges | None
    ranges_second: seed_spread.Ranges | None
    notes: list[str]
    verdict: Verdict

    def to_json(self) -> dict[str, Any]:
        """What ``compare --json`` prints: plain values, shares between -1 and 1, flips as image_ids."""
        flips = self.flips if self.flips is not None else pd.DataFrame(columns=["image_id", "first_right"])
        second_right = flips.get("second_right", pd.Series(dtype=float))
        return {
            "first": self.first.id,
            "second": self.second.id,
            "split": self.split,
            "n": self.n,
            "verdict": self.verdict.word,
            "about": self.verdict.about,
            "sentence": self.verdict.sentence,
            "scope": self.verdict.scope,
            "margin": self.margin,
            "accuracy_first": flattened(self.score_first),
            "accuracy_second": flattened(self.score_second),
            "difference": {
                **self.difference.flat(),
                "p_value": self.difference.p_value,
                "test": self.difference.method,
            },
            "pairs": asdict(self.pairs) if self.pairs else None,
            "mcnemar_p": self.paired.p_value if self.paired else None,
            "settings": [{"name": name, "first": one, "second": other} for name, one, other in self.settings],
            "per_class": [
                {key: None if value != value else value for key, value in row.items()}  # NaN is no JSON
                for row in self.per_class.to_dict("records")
            ],
            "right_to_wrong": flips["image_id"][flips["first_right"] > second_right].tolist(),
            "wrong_to_right": flips["image_id"][flips["first_right"] < second_right].tolist(),
            "notes": self.notes,
        }


def compare(
    first: Side, second: Side, split: str = "test", *, margin: float = MARGIN, others: Iterable[runs.Run] = ()
) -> Comparison:
    """Compare two sides on a split. ``others`` are runs among which seeds of the same recipes are looked for.

    RunError for one side twice, other classes, no common photos, NaN probabilities, missing
    predictions. WrongUse for a margin outside 0..0.5 (a share: 0.01 is one point of accuracy).
    """
    if not 0 < margin <= 0.5:
        raise WrongUse(f"the margin must lie above 0 and at most at 0.5 (0.01 is one point), got {margin}")
    if first.id == second.id:
        raise RunError(f"{first.id!r} stands on both sides; choose another one to compare it with")
    if first.result or second.result:
        return _against_published(first, second, split, margin)
    joined = predictions.join(first, second, split)
    right_first, right_second = joined.first.right_SN, joined.second.right_SN
    single = len(right_first) == len(right_second) == 1
    paired = pairs = None
    if single:
        pairs = _pairs(right_first[0], right_second[0])
        paired = significance.paired_difference(pairs.n10, pairs.n01, joined.n)
    spread = _known_spread((first, second), split, others) if single and not sides.same_recipe(first, second) else None
    if single and spread is None:
        assert paired is not None
        difference = paired
    else:
        noise = significance.variance_over_photos(right_first, right_second)
        difference = significance.seeded_difference(right_first.mean(axis=1), right_second.mean(axis=1), noise, spread)
    return Comparison(
        first=first,
        second=second,
        split=split,
        margin=margin,
        classes=first.classes,
        n=joined.n,
        settings=sides.settings_that_differ(first, second),
        score_first=predictions.score_of(right_first),
        score_second=predictions.score_of(right_second),
        difference=difference,
        pairs=pairs,
        paired=paired,
        per_class=class_recalls.paired(joined, first.classes),
        flips=_flips(joined, first.classes),
        matrix_first=predictions.matrix_of(joined.first, len(first.classes)),
        matrix_second=predictions.matrix_of(joined.second, len(first.classes)),
        ranges_first=predictions.ranges_of(joined.first, len(first.classes)),
        ranges_second=predictions.ranges_of(joined.second, len(first.classes)),
        notes=[*joined.notes, *sides.left_out_words(first), *sides.left_out_words(second)],
        verdict=verdicts.judge(
            first, second, difference, n=joined.n, split=split, margin=margin, spread=spread, paired=paired
        ),
    )


def _pairs(right_first_N: np.ndarray, right_second_N: np.ndarray) -> Pairs:
    return Pairs(
        n11=int((right_first_N & right_second_N).sum()),
        n10=int((right_first_N & ~right_second_N).sum()),
        n01=int((~right_first_N & right_second_N).sum()),
        n00=int((~right_first_N & ~right_second_N).sum()),
    )


def _known_spread(both: Sequence[Side], split: str, others: Iterable[runs.Run]) -> tuple[float, int] | None:
    """The spread between seeds of the two recipes, from finished runs that differ from either by their seed alone."""
    wanted = [sides.recipe_of(side.members[0]) for side in both]
    found: list[dict[str, float]] = [{}, {}]
    for run in (*(side.members[0] for side in both), *others):
        recipe = sides.recipe_of(run)
        for place, known in enumerate(wanted):
            if recipe == known:
                stored = (run.summary() or Summary()).accuracy(split)
                if stored is not None:
                    found[place][str(run.settings.seed)] = float(stored)
    return seed_spread.pooled_sd([list(group.values()) for group in found])


def _flips(joined: Joined, classes: Sequence[str]) -> pd.DataFrame:
    """The photos on which a half of the models or more changed sides, the surest of the second side first."""
    first_right, second_right = joined.first.right_SN.mean(axis=0), joined.second.right_SN.mean(axis=0)
    rows = np.flatnonzero(np.abs(second_right - first_right) >= 0.5)
    names = np.array(classes, dtype=object)
    frame = pd.DataFrame({"image_id": joined.first.image_id[rows], "label": names[joined.first.label_N[rows]]})
    for word, said, right in (("first", joined.first, first_right), ("second", joined.second, second_right)):
        predicted, sure = _mostly(said, rows, len(classes))
        frame[f"{word}_right"] = right[rows]
        frame[f"{word}_predicted"] = names[predicted]
        frame[f"{word}_sure"] = sure
    return frame.sort_values("second_sure", ascending=False, ignore_index=True, kind="stable")


def _mostly(said: Answers, rows: np.ndarray, K: int) -> tuple[np.ndarray, np.ndarray]:
    """What most models of a side said of these photos, and how sure those were on average."""
    predicted_SN, sure_SN = said.predicted_SN[:, rows], said.sure_SN[:, rows]
    votes_KN = np.stack([(predicted_SN == k).sum(axis=0) for k in range(K)])
    most_N = votes_KN.argmax(axis=0)
    chosen_SN = predicted_SN == most_N
    return most_N, (sure_SN * chosen_SN).sum(axis=0) / np.maximum(chosen_SN.sum(axis=0), 1)


def _against_published(first: Side, second: Side, split: str, margin: float) -> Comparison:
    """Two proportions of which nothing is known photo by photo."""
    classes = first.classes
    if set(classes) != set(second.classes):
        raise RunError(sides.other_classes(classes, second.classes, first.id))
    one, other = Told(first, split, classes), Told(second, split, classes)
    if len(one.accuracies) == len(other.accuracies) == 1:
        difference = significance.independent_difference(*one.counts, *other.counts)
    else:
        noise = sum(told.accuracy * (1 - told.accuracy) / told.n for told in (one, other))
        difference = significance.seeded_difference(one.accuracies, other.accuracies, noise)
    return Comparison(
        first=first,
        second=second,
        split=split,
        margin=margin,
        classes=classes,
        n=min(one.n, other.n),
        settings=sides.settings_that_differ(first, second),
        score_first=one.score,
        score_second=other.score,
        difference=difference,
        pairs=None,
        paired=None,
        per_class=class_recalls.independent(one, other, classes),
        flips=None,
        matrix_first=one.matrix,
        matrix_second=other.matrix,
        ranges_first=one.ranges,
        ranges_second=other.ranges,
        notes=[*sides.left_out_words(first), *sides.left_out_words(second)],
        verdict=verdicts.judge_published(
            first, second, difference, num_first=one.n, num_second=other.n, split=split, margin=margin
        ),
    )
