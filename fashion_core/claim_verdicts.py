"""Does a claim hold: supported, contradicted, or cannot tell with this much data.

Takes evidence, gives numbers and words. The statistics are those of the Compare page: seeds are what is repeated, and
photos are one sample (``seeded_difference``). Knows no files and no runs, so that what was saved is judged anew each
time it is shown. S seeds, K classes.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from scipy import special

from fashion_core import claims, differences, published, seeds, verdicts
from fashion_core.claim_evidence import Evidence, key_of, largest, rarest
from fashion_core.claims import ACCURACY, GAIN, GROUPS, HOLD, LARGEST, LOSS, MEASURES, RARE, SPREAD, Claim, Contrast
from fashion_core.differences import LEVEL
from fashion_core.errors import RunError
from fashion_core.labels import display_name
from fashion_core.seeds import Spread
from fashion_core.verdicts import p_words, points

SUPPORTED, CONTRADICTED, CANNOT_TELL = "supported", "contradicted", "cannot tell with this much data"
AGREES, OPPOSES, OPEN = "agrees", "opposes", "open"
FEWEST_RUNS, MOST_RUNS = 2, 20  # of how many runs the report's range may be
POOR_RECOVERY = 0.65  # Steinley (2004), "Properties of the Hubert-Arabie adjusted Rand index", Psychological Methods 9


@dataclass(frozen=True, kw_only=True)
class Arm:
    """An arm's numbers: ``spreads`` of each measure over its seeds, ``values`` seed by seed."""

    name: str
    words: str
    settings: str
    seeds: tuple[int, ...]
    run_ids: tuple[str, ...]
    seconds: float
    spreads: dict[str, Spread]
    values: dict[str, tuple[float, ...]]


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """The second arm against the first. p-values: ``p_value`` of no difference, ``p_no_gain`` and ``p_no_loss`` of a
    gain and of a loss as large as the margin (one-sided); ``p_holm`` is ``p_value`` corrected over the comparisons that
    decide, or over the others. ``p_rule`` is the one of no difference that the rule goes by. ``says`` is what it says
    about the claim: agrees, opposes or open."""

    first: str
    second: str
    measure: str
    decides: bool
    value: float
    low: float
    high: float
    p_value: float
    p_holm: float
    p_no_gain: float
    p_no_loss: float
    p_rule: float
    word: str
    says: str


@dataclass(frozen=True, kw_only=True)
class RunToRun:
    """Standard deviation between seeds with its 95 % interval, the range within which the report's own range fits it,
    and the range that so many runs would span on average."""

    sd: float
    low: float
    high: float
    fits_low: float
    fits_high: float
    reported: float
    expected: dict[int, float]


@dataclass(frozen=True, kw_only=True)
class Groups:
    """Adjusted Rand index over the seeds with its interval; the lowest purity bound and its chance; axes beyond it."""

    rand: float
    low: float
    high: float
    alike: float
    alike_low: float
    chance: float
    axes: tuple[int, ...]
    structure: str


@dataclass(frozen=True, kw_only=True)
class Result:
    """The verdict on one claim and everything that is shown with it."""

    claim: Claim
    evidence: Evidence
    word: str
    sentence: str
    notes: tuple[str, ...]
    arms: tuple[Arm, ...]
    comparisons: tuple[Comparison, ...] = ()
    run_to_run: RunToRun | None = None
    groups: Groups | None = None

    def to_json(self) -> dict[str, Any]:
        """What ``experiment --json`` prints: shares between -1 and 1."""
        found = self.evidence
        return {
            "claim": self.claim.name,
            "sentence": self.claim.sentence,
            "verdict": self.word,
            "because": self.sentence,
            "rule": self.claim.rule,
            "dataset": found.dataset["id"],
            "fingerprint": found.dataset["fingerprint"],
            "synthetic": found.dataset["synthetic"],
            "split": found.split,
            "n": found.n,
            "seeds": found.num_seeds,
            "margin": self.claim.margin,
            "overrides": list(found.overrides),
            "comparisons": [asdict(one) for one in self.comparisons],
            "run_to_run": asdict(self.run_to_run) if self.run_to_run else None,
            "groups": asdict(self.groups) if self.groups else None,
            "arms": [_arm_json(arm) for arm in self.arms],
            "missing": found.missing,
            "notes": list(self.notes),
        }


def _arm_json(arm: Arm) -> dict[str, Any]:
    told = {name: getattr(arm, name) for name in ("name", "words", "settings", "seeds", "run_ids", "seconds", "values")}
    spreads = {
        name: {key: None if number != number else number for key, number in asdict(spread).items()}
        for name, spread in arm.spreads.items()
    }
    return {**told, "spreads": spreads}


def judge(evidence: Evidence) -> Result:
    """The verdict. RunError for evidence of fewer seeds than the claim needs, and for a claim that is unknown."""
    claim = claims.find(evidence.claim)
    if evidence.num_seeds < claim.least_seeds:
        raise RunError(
            f"claim {claim.name!r} needs {claim.least_seeds} seeds of each arm or more, there are {evidence.num_seeds}"
        )
    arms = tuple(_arm(claim, evidence, name) for name in evidence.arms)
    if claim.kind == SPREAD:
        return _judge_spread(claim, evidence, arms)
    if claim.kind == GROUPS:
        return _judge_groups(claim, evidence, arms)
    return _judge_arms(claim, evidence, arms)


def _arm(claim: Claim, evidence: Evidence, name: str) -> Arm:
    found, told = evidence.arms[name], claim.arm(name)
    values = {what: found.values(what, evidence.train_counts) for what in claim.measures}
    return Arm(
        name=name,
        words=told.words,
        settings=found.settings,
        seeds=found.seeds,
        run_ids=found.run_ids,
        seconds=float(np.mean(found.seconds)),
        spreads={what: seeds.spread_of(values_S.tolist()) for what, values_S in values.items()},
        values={what: tuple(values_S.tolist()) for what, values_S in values.items()},
    )


# arms against arms


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
        holm_3F = [differences.holm(p_values).tolist() for p_values in raw_3F]
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
                    value=difference.value,
                    low=difference.low,
                    high=difference.high,
                    p_value=plain[0],
                    p_holm=corrected[0],
                    p_no_gain=oppose[1],
                    p_no_loss=agree[2] if claim.wanted == HOLD else oppose[2],
                    p_rule=oppose[0] if claim.wanted == HOLD else agree[0],
                    word=_word(difference.value, corrected),
                    says=says(claim.wanted, difference.value, agree, oppose),
                )
            )
    return tuple(found)


def _difference(
    claim: Claim, evidence: Evidence, contrast: Contrast
) -> tuple[differences.Difference, tuple[float, float, float]]:
    """The difference, and p of: none at all, a gain and a loss of the margin. The latter two are one-sided tests at the
    margin, those of which Schuirmann's (1987) equivalence test consists."""
    first_S, second_S = (
        evidence.arms[name].values(contrast.measure, evidence.train_counts)
        for name in (contrast.first, contrast.second)
    )
    variance = evidence.variances[key_of(contrast)]
    plain = differences.seeded_difference(first_S, second_S, variance)
    ends = []
    for side in (1, -1):  # H0: a gain of the margin or more; a loss of the margin or more
        moved = differences.seeded_difference(first_S + side * claim.margin, second_S, variance)
        away = moved.value * side < 0
        ends.append(moved.p_value / 2 if away else 1 - moved.p_value / 2)
    return plain, (plain.p_value, ends[0], ends[1])


def _word(value: float, p_values: Sequence[float]) -> str:
    """What a comparison says on its own, in the words of the Compare page; p-values of no difference, gain, loss."""
    if max(p_values[1:]) < LEVEL:
        return verdicts.EQUIVALENT
    if p_values[0] < LEVEL:
        return verdicts.BETTER if value > 0 else verdicts.WORSE
    return verdicts.CANNOT_TELL


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


def together(each: Sequence[str], every: bool) -> str:
    """The verdict of what the deciding comparisons say, one by one."""
    first, last = (SUPPORTED, CONTRADICTED) if every else (CONTRADICTED, SUPPORTED)
    all_say, one_says = (AGREES, OPPOSES) if every else (OPPOSES, AGREES)
    if each and all(said == all_say for said in each):
        return first
    return last if one_says in each else CANNOT_TELL


def _judge_arms(claim: Claim, evidence: Evidence, arms: tuple[Arm, ...]) -> Result:
    found = compare(claim, evidence)
    deciding = [one for one in found if one.decides]
    if not deciding:
        raise RunError(f"no comparison of claim {claim.name!r} has both its arms")
    word = together([one.says for one in deciding], claim.every)
    if reason := claims.refusal(claim, np.array(evidence.train_counts)):
        word, told = CANNOT_TELL, f"{reason[:1].upper()}{reason[1:]}."
    else:
        told = _all_compared(claim, evidence, deciding)
    notes = [f"The arm {claim.arm(name).words} is missing: {why}." for name, why in evidence.missing.items()]
    if len(deciding) > 1:
        notes.append(_how_many(claim, len(deciding)))
    return Result(
        claim=claim,
        evidence=evidence,
        word=word,
        sentence=_sentence(word, told, evidence),
        notes=(*notes, *_scope(evidence)),
        arms=arms,
        comparisons=found,
    )


def _how_many(claim: Claim, num: int) -> str:
    if claim.every:
        return (
            f"All {num} comparisons must agree, so each is tested at 5 % by itself; what one alone can contradict is "
            "corrected by Holm."
        )
    return f"One of {num} comparisons is enough, so their p-values are corrected by Holm."


def _all_compared(claim: Claim, evidence: Evidence, deciding: Sequence[Comparison]) -> str:
    """What they are about, said once, and each difference."""
    measure = measure_words(deciding[0].measure, evidence)
    firsts = {one.first for one in deciding}
    against = f" against {claim.arm(deciding[0].first).words}" if len(firsts) == 1 else ""
    parts = []
    for one in deciding:
        own = "" if against else f" against {claim.arm(one.first).words}"
        parts.append(
            f"{claim.arm(one.second).words}{own} {points(one.value)} points [{points(one.low)}, {points(one.high)}], "
            f"{_chance(claim, one)}"
        )
    return f"{measure[:1].upper()}{measure[1:]}{against}: {'; '.join(parts)}."


def _chance(claim: Claim, one: Comparison) -> str:
    """The p-value that says most about the comparison: of a gain or loss of the margin where that is ruled out."""
    within = verdicts.margin_words(claim.margin)
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
        names = [display_name(evidence.classes[k]) for k in rarest(evidence.train_counts)]
        return f"the mean recall of the {len(names)} rarest classes" if len(names) > 1 else f"the recall of {names[0]}"
    return MEASURES[measure]


# the spread of seeds


def range_factor(num_runs: int) -> float:
    """d2: the mean range of ``num_runs`` draws from a normal distribution of standard deviation 1.

    The integral of 1 - Phi(x)^m - (1 - Phi(x))^m: Tippett (1925), "On the extreme individuals and the range of samples
    taken from a normal population", Biometrika 17, 364-387.
    """
    x = np.linspace(-8, 8, 16_001)
    below = special.ndtr(x)
    return float(np.trapezoid(1 - below**num_runs - (1 - below) ** num_runs, x))


def sd_interval(sd: float, num_runs: int) -> tuple[float, float]:
    """The 95 % interval of a standard deviation: Snedecor and Cochran (1989), "Statistical methods", section 5.11."""
    df = num_runs - 1
    return (
        sd * float(np.sqrt(df / special.chdtri(df, 0.025))),
        sd * float(np.sqrt(df / special.chdtri(df, 0.975))),
    )


def _judge_spread(claim: Claim, evidence: Evidence, arms: tuple[Arm, ...]) -> Result:
    spread = arms[0].spreads[ACCURACY]
    told = published.results()[0].text
    assert told is not None, "the report says its range"
    reported = told.highest - told.lowest
    low, high = sd_interval(spread.sd, spread.count)
    fits = reported / range_factor(MOST_RUNS), reported / range_factor(FEWEST_RUNS)
    inside, outside = fits[0] <= low and high <= fits[1], high < fits[0] or low > fits[1]
    word = SUPPORTED if inside else CONTRADICTED if outside else CANNOT_TELL
    found = RunToRun(
        sd=spread.sd,
        low=low,
        high=high,
        fits_low=fits[0],
        fits_high=fits[1],
        reported=reported,
        expected={m: spread.sd * range_factor(m) for m in (2, 5, 10, 20)},
    )
    so = "this is more" if low > fits[1] else "this is less" if high < fits[0] else "this is within that"
    so = so if word != CANNOT_TELL else "the interval is too wide to say"
    sentence = (
        f"Runs that differ by their seed alone have a standard deviation of {points(spread.sd, False)} points "
        f"[{points(low, False)}, {points(high, False)}]; a range of {points(reported, False)} points over {FEWEST_RUNS} "
        f"to {MOST_RUNS} runs goes with one between {points(fits[0], False)} and {points(fits[1], False)}: {so}. "
        f"{spread.count} runs here spanned {points(spread.highest - spread.lowest, False)} points."
    )
    return Result(
        claim=claim,
        evidence=evidence,
        word=word,
        sentence=_sentence(word, sentence, evidence),
        notes=(
            "The report's 78 to 85 % were measured on IndoFashion: the width of its range is compared, not where it "
            "lies.",
            *_scope(evidence),
        ),
        arms=arms,
        run_to_run=found,
    )


# groups in features


def _judge_groups(claim: Claim, evidence: Evidence, arms: tuple[Arm, ...]) -> Result:
    found = evidence.features
    rand = seeds.spread_of([one["rand"] for one in found])
    photos = float(np.mean([one["rand_variance"] for one in found]))
    z, t = float(special.ndtri(0.975)), float(special.stdtrit(rand.count - 1, 0.975))
    half = float(np.sqrt(t**2 * rand.sd**2 / rand.count + z**2 * photos))
    beyond = [one["axes_beyond_chance"] >= 2 and one["alike_low"] > 2 * one["chance"] for one in found]
    structure = "yes" if all(beyond) else "no" if not any(beyond) else "in some seeds"
    groups = Groups(
        rand=rand.mean,
        low=max(-1.0, rand.mean - half),
        high=min(1.0, rand.mean + half),
        alike=float(np.mean([one["alike"] for one in found])),
        alike_low=min(one["alike_low"] for one in found),
        chance=max(one["chance"] for one in found),
        axes=tuple(one["axes_beyond_chance"] for one in found),
        structure=structure,
    )
    if structure == "no" or groups.low >= POOR_RECOVERY:
        word = CONTRADICTED
    else:
        word = SUPPORTED if structure == "yes" and groups.high < POOR_RECOVERY else CANNOT_TELL
    most = f"{min(groups.axes)} to {max(groups.axes)}" if len(set(groups.axes)) > 1 else f"{groups.axes[0]}"
    sentence = (
        f"K-means agrees with the classes to {groups.rand:.2f} [{groups.low:.2f}, {groups.high:.2f}] (adjusted Rand "
        f"index; 1 is the classes themselves, 0 chance). Of the ten nearest photos {100 * groups.alike:.0f} % are of "
        f"the same class (chance {100 * groups.chance:.0f} %), and {most} principal axes explain more than chance."
    ).replace("-0.", "−0.")
    return Result(
        claim=claim,
        evidence=evidence,
        word=word,
        sentence=_sentence(word, sentence, evidence),
        notes=_scope(evidence),
        arms=arms,
        groups=groups,
    )


# words


def _sentence(word: str, told: str, evidence: Evidence) -> str:
    count = f"{evidence.n:,} {evidence.split} photos, {evidence.num_seeds} seeds an arm"
    return f"{word[:1].upper()}{word[1:]}. {told[:-1] if told.endswith('.') else told} ({count})."


def _scope(evidence: Evidence) -> tuple[str, ...]:
    changed = f" with {', '.join(evidence.overrides)}" if evidence.overrides else ""
    notes = [f"About the report's recipe{changed} on {evidence.dataset['name']}; other photos or a longer training can "
             "turn it."]  # fmt: skip
    if evidence.split != "test":
        notes.append(f"There is no test split here, so the arms were judged on {evidence.split} photos.")
    if evidence.dataset["synthetic"]:
        notes.append("The pictures are drawn: no evidence about real clothes.")
    return tuple(notes)
