"""Does a claim hold: supported, contradicted, or cannot tell with this much data.

Takes evidence, gives numbers and words. The statistics are those of the Compare page: seeds are what is repeated, and
photos are one sample (``seeded_difference``). Knows no files and no runs, so that what was saved is judged anew each
time it is shown. S seeds, K classes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from fashion_core.claims import contrasts, definitions
from fashion_core.claims import spread as claim_spread
from fashion_core.claims.contrasts import AGREES, OPPOSES, Comparison
from fashion_core.claims.definitions import ACCURACY, GROUPS, SPREAD, Claim
from fashion_core.claims.evidence import Evidence
from fashion_core.claims.spread import FEWEST_RUNS, MOST_RUNS, Groups, RunToRun
from fashion_core.data import published
from fashion_core.errors import RunError
from fashion_core.labels import agree, display_name, listed
from fashion_core.metrics import seed_spread
from fashion_core.metrics.intervals import flattened
from fashion_core.metrics.seed_spread import Spread
from fashion_core.metrics.wording import as_number, in_points, points

SUPPORTED, CONTRADICTED, CANNOT_TELL = "supported", "contradicted", "cannot tell with this much data"
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
            "dataset": found.dataset.id,
            "fingerprint": found.dataset.fingerprint,
            "synthetic": found.dataset.synthetic,
            "split": found.split,
            "n": found.n,
            "seeds": found.num_seeds,
            "margin": self.claim.margin,
            "overrides": list(found.overrides),
            "comparisons": [one.to_json() for one in self.comparisons],
            "run_to_run": flattened(self.run_to_run) if self.run_to_run else None,
            "groups": flattened(self.groups) if self.groups else None,
            "arms": [_arm_json(arm) for arm in self.arms],
            "missing": found.missing,
            "notes": list(self.notes),
        }


def _arm_json(arm: Arm) -> dict[str, Any]:
    told = {name: getattr(arm, name) for name in ("name", "words", "settings", "seeds", "run_ids", "seconds", "values")}
    return {**told, "spreads": {name: spread.to_json() for name, spread in arm.spreads.items()}}


def judge(evidence: Evidence) -> Result:
    """The verdict. RunError for evidence of fewer seeds than the claim needs, and for a claim that is unknown."""
    claim = definitions.find(evidence.claim)
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
        spreads={what: seed_spread.spread_of(values_S.tolist()) for what, values_S in values.items()},
        values={what: tuple(values_S.tolist()) for what, values_S in values.items()},
    )


# arms against arms


def together(each: Sequence[str], every: bool) -> str:
    """The verdict of what the deciding comparisons say, one by one."""
    first, last = (SUPPORTED, CONTRADICTED) if every else (CONTRADICTED, SUPPORTED)
    all_say, one_says = (AGREES, OPPOSES) if every else (OPPOSES, AGREES)
    if each and all(said == all_say for said in each):
        return first
    return last if one_says in each else CANNOT_TELL


def _judge_arms(claim: Claim, evidence: Evidence, arms: tuple[Arm, ...]) -> Result:
    found = contrasts.compare(claim, evidence)
    deciding = [one for one in found if one.decides]
    if not deciding:
        raise RunError(f"no comparison of claim {claim.name!r} has both its arms")
    word = together([one.says for one in deciding], claim.every)
    if reason := definitions.refusal(claim, np.array(evidence.train_counts)):
        word, told = CANNOT_TELL, f"{reason[:1].upper()}{reason[1:]}."
    else:
        told = contrasts.all_compared(claim, evidence, deciding)
    notes = [f"The arm {claim.arm(name).words} is missing: {why}." for name, why in evidence.missing.items()]
    if len(deciding) > 1:
        notes.append(contrasts.how_many(claim, len(deciding)))
    return Result(
        claim=claim,
        evidence=evidence,
        word=word,
        sentence=_sentence(word, told, evidence),
        notes=(*notes, *_scope(evidence)),
        arms=arms,
        comparisons=found,
    )


# seeds alone


def _judge_spread(claim: Claim, evidence: Evidence, arms: tuple[Arm, ...]) -> Result:
    told = published.results()[0].text
    assert told is not None, "the report says its range"
    spread = arms[0].spreads[ACCURACY]
    found = claim_spread.run_to_run(arms[0].values[ACCURACY], told.highest - told.lowest)
    inside = found.fits_low <= found.sd.low and found.sd.high <= found.fits_high
    less, more = found.sd.high < found.fits_low, found.sd.low > found.fits_high
    word = SUPPORTED if inside else CONTRADICTED if less or more else CANNOT_TELL
    so = "this is more" if more else "this is less" if less else "this is within that"
    so = so if word != CANNOT_TELL else "the interval is too wide to say"
    sentence = (
        f"Runs that differ by their seed alone have a standard deviation of {in_points(found.sd, sign=False)}; "
        f"a range of {points(found.reported, False)} points over {FEWEST_RUNS} to {MOST_RUNS} runs goes with one "
        f"between {points(found.fits_low, False)} and {points(found.fits_high, False)}: {so}. {spread.mean.n} runs "
        f"here spanned {points(spread.highest - spread.lowest, False)} points."
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


def _judge_groups(claim: Claim, evidence: Evidence, arms: tuple[Arm, ...]) -> Result:
    found = claim_spread.groups(evidence.features)
    if found.structure == "no" or found.rand.low >= POOR_RECOVERY:
        word = CONTRADICTED
    else:
        word = SUPPORTED if found.structure == "yes" and found.rand.high < POOR_RECOVERY else CANNOT_TELL
    most = f"{min(found.axes)} to {max(found.axes)}" if len(set(found.axes)) > 1 else f"{found.axes[0]}"
    sentence = (
        f"K-means agrees with the classes to {as_number(found.rand, 2)} (adjusted Rand "
        f"index; 1 is the classes themselves, 0 chance). Of the ten nearest photos {100 * found.alike:.0f} % are of "
        f"the same class (chance {100 * found.chance:.0f} %), and {most} principal axes explain more than chance."
    ).replace("-0.", "−0.")
    return Result(
        claim=claim,
        evidence=evidence,
        word=word,
        sentence=_sentence(word, sentence, evidence),
        notes=_scope(evidence),
        arms=arms,
        groups=found,
    )


# words


def _sentence(word: str, told: str, evidence: Evidence) -> str:
    count = f"{evidence.n:,} {evidence.split} photos, {evidence.num_seeds} seeds an arm"
    return f"{word[:1].upper()}{word[1:]}. {told[:-1] if told.endswith('.') else told} ({count})."


def _scope(evidence: Evidence) -> tuple[str, ...]:
    changed = f" with {', '.join(evidence.overrides)}" if evidence.overrides else ""
    notes = [f"About the report's recipe{changed} on {evidence.dataset.name}; other photos or a longer training can "
             "turn it."]  # fmt: skip
    if evidence.split != "test":
        notes.append(f"There is no test split here, so the arms were judged on {evidence.split} photos.")
    if absent := [display_name(name) for name in evidence.absent]:
        named = listed([*absent[:4], *([f"{len(absent) - 4} more"] if len(absent) > 4 else [])])
        notes.append(
            f"There are no {evidence.split} photos of {named}: nothing is said of {agree(len(absent), 'it', 'them')}."
        )
    if evidence.dataset.synthetic:
        notes.append("The pictures are drawn: no evidence about real clothes.")
    return tuple(notes)
