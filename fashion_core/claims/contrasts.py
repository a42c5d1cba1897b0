"""The arms of an experiment against each other: differences, their p-values, and what each says about the claim.

Takes a claim and its evidence, gives numbers and words; ``claim_verdicts`` makes the verdict of them. Knows no files.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from fashion_core.claims.definitions import GAIN, HOLD, LARGEST, LOSS, MEASURES, RARE, Claim, Contrast
from fashion_core.claims.evidence import Evidence, key_of, largest, rarest
from fashion_core.compare import verdicts
from fashion_core.labels import display_name
from fashion_core.metrics import significance
from fashion_core.metrics.significance import LEVEL, Difference
from fashion_core.metrics.wording import in_points, margin_words, p_words

AGREES, OPPOSES, OPEN = "agrees", "opposes", "open"


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """The second arm against the first: their ``difference``, with the p-value of none. ``p_no_gain``, ``p_no_loss``:
    of a gain and of a loss as large as the margin (one-sided); ``p_holm`` is that of no difference, corrected over the
    comparisons that decide, or over the others. ``p_rule`` is the one of no difference that the rule goes by. ``says``
    is what it says about the claim: agrees, opposes or open."""

    first: str
    second: str
    measure: str
    decides: bool
    difference: Difference
    p_holm: float
    p_no_gain: float
    p_no_loss: float
    p_rule: float
    word: str
    says: str

    def to_json(self) -> dict[str, Any]:
        told: dict[str, Any] = {}
        for name, value in vars(self).items():
            told |= value.flat() | {"p_value": value.p_value} if name == "difference" else {name: value}
        return told


def compare(claim: Claim, evidence: Evidence) -> tuple[Comparison, ...]:
    """Every comparison of which both arms are there.

    Where all that decide must agree, each is tested at 5 % by itself: Berger (1982), "Multiparameter hypothesis testing
    and acceptance sampling", Technometrics 24, 295-300 (an intersection-union test keeps its level). Where one is
    enough, for or against a claim, they are corrected by Holm.
    """
    there = [one for one in claim.contrasts if one.first in evidence.arms and one.second in evidence.arms]
    found: list[Comparison] = []
    for decides in (True, False):
        family = [one for one in there if one.decides == decides]
        raw = [_difference(claim, evidence, one) for one in family]
        raw_3F = [[p_values[place] for _, p_values in raw] for place in range(3)]
        holm_3F = [significance.holm(p_values).tolist() for p_values in raw_3F]
        for place, contrast in enumerate(family):
            plain, corrected = ([values_F[place] for values_F in table] for table in (raw_3F, holm_3F))
            agree, oppose = (plain, corrected) if claim.every else (corrected, plain)
            agree, oppose = (agree, oppose) if decides else (corrected, corrected)
            difference = raw[place][0]
            found.append(
                Comparison(
                    first=contrast.first,
                    second=contrast.second,
                    measure=contrast.measure,
                    decides=decides,
                    difference=difference,
                    p_holm=corrected[0],
                    p_no_gain=oppose[1],
                    p_no_loss=agree[2] if claim.wanted == HOLD else oppose[2],
                    p_rule=oppose[0] if claim.wanted == HOLD else agree[0],
                    word=verdicts.word_of(difference.value, max(corrected[1:]) < LEVEL, corrected[0]),
                    says=says(claim.wanted, difference.value, agree, oppose),
                )
            )
    return tuple(found)


def _difference(claim: Claim, evidence: Evidence, contrast: Contrast) -> tuple[Difference, tuple[float, float, float]]:
    """The difference, and p of: none at all, a gain and a loss of the margin. The latter two are one-sided tests at the
    margin, those of which Schuirmann's (1987) equivalence test consists."""
    first_S, second_S = (
        evidence.arms[name].values(contrast.measure, evidence.train_counts)
        for name in (contrast.first, contrast.second)
    )
    variance = evidence.variances[key_of(contrast)]
    plain = significance.seeded_difference(first_S, second_S, variance)
    ends = []
    for side in (1, -1):  # H0: a gain of the margin or more; a loss of the margin or more
        moved = significance.seeded_difference(first_S + side * claim.margin, second_S, variance)
        away = moved.value * side < 0
        ends.append(moved.p_value / 2 if away else 1 - moved.p_value / 2)
    return plain, (plain.p_value, ends[0], ends[1])


def says(wanted: str, value: float, agree: Sequence[float], oppose: Sequence[float]) -> str:
    """What a comparison says about a claim that wants a gain, a loss, or no loss of the margin (hold).

    ``agree`` and ``oppose``: p-values of no difference, a gain and a loss of the margin, as agreeing and opposing take
    them. A real gain that is smaller than the margin opposes a claim that wants one.
    """
    if wanted == HOLD:
        agrees, opposes = agree[2] < LEVEL, oppose[0] < LEVEL and value < 0
        return AGREES if agrees else OPPOSES if opposes else OPEN
    sign, margin_place = (1, 1) if wanted == GAIN else (-1, 2)
    agrees, opposes = agree[0] < LEVEL and sign * value > 0, oppose[margin_place] < LEVEL
    return OPPOSES if opposes else AGREES if agrees else OPEN


def how_many(claim: Claim, num: int) -> str:
    """How the comparisons that decide go together, and what is done about their being several."""
    if not claim.every:
        return f"One of {num} comparisons is enough, so their p-values are corrected by Holm."
    every = "Both" if num == 2 else f"All {num}"
    return (
        f"{every} comparisons must agree, so each is tested at 5 % by itself; what one alone can contradict is "
        "corrected by Holm."
    )


def all_compared(claim: Claim, evidence: Evidence, deciding: Sequence[Comparison]) -> str:
    """What they are about, said once, and each difference."""
    measure = measure_words(deciding[0].measure, evidence)
    firsts = {one.first for one in deciding}
    against = f" against {claim.arm(deciding[0].first).words}" if len(firsts) == 1 else ""
    parts = []
    for one in deciding:
        own = "" if against else f" against {claim.arm(one.first).words}"
        parts.append(f"{claim.arm(one.second).words}{own} {in_points(one.difference)}, {_chance(claim, one)}")
    return f"{measure[:1].upper()}{measure[1:]}{against}: {'; '.join(parts)}."


def _chance(claim: Claim, one: Comparison) -> str:
    """The p-value that says most about the comparison: of a gain or loss of the margin where that is ruled out."""
    within = margin_words(claim.margin)
    if one.word == verdicts.EQUIVALENT:
        return f"equal within {within}"
    if claim.wanted == GAIN and one.says == OPPOSES:
        return f"a gain of {within} is ruled out ({p_words(one.p_no_gain)})"
    if (claim.wanted == LOSS and one.says == OPPOSES) or (claim.wanted == HOLD and one.says == AGREES):
        return f"a loss of {within} is ruled out ({p_words(one.p_no_loss)})"
    return p_words(one.p_rule)


def measure_words(measure: str, evidence: Evidence) -> str:
    """The measure with the classes that it is about."""
    if measure == LARGEST:
        return f"the recall of {display_name(evidence.classes[largest(evidence.train_counts)])}, the largest class"
    if measure == RARE:
        asked = [evidence.classes[k] for k in rarest(evidence.train_counts)]
        names = [display_name(name) for name in asked if name not in evidence.absent]
        return f"the mean recall of the {len(names)} rarest classes" if len(names) > 1 else f"the recall of {names[0]}"
    return MEASURES[measure]
