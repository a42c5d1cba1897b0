"""The answer of each page as a sentence for a reader who knows no term of the field. Takes numbers, returns Markdown.

A share is said as a count of a hundred, its 95 % interval in the same unit. Names from files are escaped here. Knows no
files and no widgets.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from fashion_core.claims import definitions
from fashion_core.claims.contrasts import Comparison as ArmsCompared
from fashion_core.claims.judge import Result
from fashion_core.compare import plain_verdict, verdicts
from fashion_core.compare.comparison import Comparison
from fashion_core.labels import display_name
from fashion_core.metrics.intervals import Estimate
from fashion_core.metrics.wording import COUNTED_BELOW, between, of_100, of_tried
from ui.app import words
from ui.shared.asked_photos import FEW, Record


def name(label: str) -> str:
    """A class inside a sentence."""
    return words.plain(display_name(label))


@dataclass(frozen=True)
class Weakest:
    """The class whose photos are missed most often, the share of them that is missed, and how many more classes are
    missed as often."""

    label: str
    missed: Estimate
    as_weak: int


def evaluation(right: Estimate, worst: Weakest) -> str:
    """How good is it, and where does it fail? Fewer than 20 photos are said as they were counted."""
    told = f"{_of_tried(right)} {'is' if right.n == 1 else 'are'} named right ({_tried(right)})"
    told = told if right.n < COUNTED_BELOW else f"About {told}"
    if not worst.missed.value:
        return f"{told}. None was missed."
    more = f" It fails as often on {words.counted(worst.as_weak, 'more kind')}." if worst.as_weak else ""
    return f"{told}. It fails most on {name(worst.label)}: {_missed(worst)}.{more}"


def _of_100(share: Estimate) -> str:
    return of_100(share.value, share.bounds)


def _of_tried(share: Estimate, things: str = "photos") -> str:
    return of_tried(share.value, share.n, share.bounds, things)


def _tried(share: Estimate) -> str:
    """``93.5 to 94.5; 7,500 were tried``"""
    return plain_verdict.tried(between(share.bounds), share.n)


def _missed(worst: Weakest) -> str:
    n, number = worst.missed.n, round(worst.missed.value * worst.missed.n)
    if n >= COUNTED_BELOW:
        return f"{_of_100(worst.missed)} are missed ({between(worst.missed.bounds)})"
    if n == 1:
        return "the one photo of it was missed"
    if number == n:
        return f"all {n} photos of it were missed"
    return f"{number} of its {n} photos {'was' if number == 1 else 'were'} missed"


def against_guessing(share_low: float, commonest: float, n: int) -> str:
    """Whether the model beats a rule that always says the commonest class, of ``n`` photos."""
    guess = f"Always naming the commonest class: {of_tried(commonest, n, things='')}"
    weak = "" if share_low > commonest else ", and the model is not shown to do better"
    return f"{guess}{weak}. Another training of the same kind may come out a little higher or lower."


def seen_before(split: str, leaked: int | None, without: float | None) -> str:
    """Whether the score is partly memory: ``leaked`` photos of the split stand in an earlier one too, None where that
    was not looked for; ``without`` them the share is another."""
    if split not in ("test", "val"):
        return "The model learnt from these photos, so this tells nothing of new ones." if split == "train" else ""
    if leaked is None:
        return "Whether it had seen copies of these photos before was not checked."
    if not leaked:
        return "None of these photos was found among those it learnt from."
    have = "has its" if leaked == 1 else "have their"
    told = f"{words.counted(leaked, 'photo')} of these {have} like among earlier ones"
    return f"{told}." if without is None else f"{told}; without them {words.percent(without)} are right."


def comparison(found: Comparison) -> str:
    """Is the difference real? The verdict without its test."""
    yes = "Yes: " if found.verdict.word in (verdicts.BETTER, verdicts.WORSE) else ""
    return f"{yes}{plain_verdict.sentence(found, words.plain)}"


def learnt(alike: Estimate, worst: Weakest, beside: str) -> str:
    """What has it learnt to tell apart? Shares of photos whose most similar photo is of the same class, and is not;
    ``beside`` is the class of the most similar photos of the weakest."""
    told = f"For {_of_tried(alike)} ({_tried(alike)}) the most similar other photo is of the same class."
    missed = worst.missed
    if not missed.value:
        return told
    often = f", most often {name(beside)}" if beside else ""
    mixed = f"for {_of_100(missed)} of its photos ({between(missed.bounds)}) it is another class"
    if missed.n < COUNTED_BELOW:
        mixed = f"for {of_tried(missed.value, missed.n, things='')} of its photos it is another class"
    more = f" It mixes up {words.counted(worst.as_weak, 'more kind')} as often." if worst.as_weak else ""
    return f"{told} It mixes up {name(worst.label)} most: {mixed}{often}.{more}"


def reach(found: Comparison) -> str:
    """What a comparison does not tell; everything that the verdict warns of, without its terms."""
    about, told = found.verdict.about, ""
    if about == verdicts.MODELS:
        told = (
            "Each was trained once. This is about these two models and new photos like these; whether the way of "
            "training is better takes several trainings of both."
        )
    elif about == verdicts.SEEDS:
        told = (
            "Both were trained in the same way on the same photos. The range and the classes below know only which "
            "photos were tried, not how far two such trainings lie apart."
        )
    elif about == verdicts.RECIPES and len(found.second.members) == len(found.first.members) == 1:
        told = "About the way of training: each was trained once, and was judged by how far such trainings lie apart."
    elif about == verdicts.RECIPES:
        counts = f"{len(found.second.members)} and {len(found.first.members)}"
        told = f"About the way of training, judged by {counts} models and by how far such trainings lie apart."
    else:
        told = (
            "One of them was published by others, who used other photos or prepared them in another way: read it as "
            "two experiments, not as a race."
        )
    drawn = found.first.drawn or found.second.drawn
    return f"{told} The pictures are drawn: no evidence about real clothes." if drawn else told


def flattened(kept: float) -> str:
    """How little a flat picture keeps: ``kept`` of a photo's ten most similar are near it on the picture too."""
    return (
        f"Similar is measured inside the model. The picture below is flat and keeps few neighbours: of the ten most "
        f"similar photos {10 * kept:.1f} are among the ten nearest on it. Believe the count, not the gaps."
    )


def predicted(first: str, sure: float, judged: Record | None) -> str:
    """What is this garment, and how sure are we? ``judged``: how often it was right where it was this sure."""
    said = unjudged(first, sure)
    if judged is None or judged.right.n < FEW:
        return f"{said} How often it is right when it is this sure is not known."
    return (
        f"{said} When it was this sure of other photos, it was right {_of_tried(judged.right, 'times')} "
        f"({_tried(judged.right).replace('tried', 'counted')})."
    )


def unjudged(first: str, sure: float) -> str:
    """What the model says, and nothing of how far to trust it."""
    return f"Most likely {name(first)}; the model gives it {words.percent(sure, 0)}."


ONLY_DRAWINGS = "It was tried on drawings only: how often it is right about photos is not known."


def checked(first: str, truth: str | None) -> str:
    """The answer beside what the photo shows; empty where nobody has said that."""
    if truth is None:
        return ""
    return f"✓ Right: the photo shows {name(truth)}." if truth == first else f"✕ Wrong: the photo shows {name(truth)}."


def calibrated(num_fitted: int, gap: str = "") -> str:
    """What its percentages mean. ``gap``: how far they are off even on the photos that they were set on, in words."""
    if not num_fitted:
        return "Its percentages are its own: 90 % does not mean right nine times in ten. What was counted stands above."
    if gap:
        told = f"Its percentages were set on {words.counted(num_fitted, 'photo')} and are off even there: {gap}."
        return f"{told} 90 % does not mean right nine times in ten. What was counted stands above."
    return (
        f"Its percentages were set right on {words.counted(num_fitted, 'photo')}, so that 90 % means right nine times "
        "in ten; that holds for photos of that kind."
    )


def photos(num: int, num_classes: int, num_unusable: int) -> str:
    """What is in the photos?"""
    told = f"{words.counted(num, 'photo')} of {words.counted(num_classes, 'kind')}"
    if not num_unusable:
        return f"{told}, and every one can be opened."
    are = "one cannot be opened and is left out" if num_unusable == 1 else (
        f"{words.count(num_unusable)} more cannot be opened and are left out")  # fmt: skip
    return f"{told}; {are}."


def audited(leaks: Mapping[str, tuple[int, int]] | None, num_conflicts: int) -> str:
    """Can the photos be trusted? ``leaks``: split -> photos that an earlier split has too, of how many; None without an
    audit."""
    if leaks is None:
        return "Nobody has checked them yet for copies, so it is not known whether the scores rest partly on memory."
    found = [f"{words.count(num)} of the {words.count(of)} {split} photos" for split, (num, of) in leaks.items() if num]
    twice = f" {words.counted(num_conflicts, 'photo')} stand under two labels." if num_conflicts > 1 else (
        " One photo stands under two labels." if num_conflicts else "")  # fmt: skip
    if not found:
        return f"The check for copies found no photo that a model is taught with and then judged on.{twice}"
    return (
        f"With care: {' and '.join(found)} have their like among earlier ones, so scores may be partly memory.{twice}"
    )


def mix(pairs: Sequence[tuple[str, str, bool | None]]) -> str:
    """Whether the splits hold the classes in the same shares: (first, second, more than chance) for each two; None
    where too few photos a class allow no test."""
    moved = [f"{first} and {second}" for first, second, real in pairs if real]
    if not pairs:
        return ""
    if not moved and any(real is None for _, _, real in pairs):
        return (
            "There are too few photos of each kind to tell whether all parts of the data hold them in the same shares."
        )
    if not moved:
        return "No part of the data holds the classes in other shares than chance would give."
    return (
        f"Not all parts of the data hold the classes in the same shares ({'; '.join(moved)}): a class that was rare in "
        "training may be named worse."
    )


def state(num_runs: int, num_active: int, num_broken: int) -> str:
    """What is running?"""
    here = f"{words.counted(num_runs, 'model')} {'was' if num_runs == 1 else 'were'} trained or started here"
    now = f"{words.count(num_active)} {'is' if num_active == 1 else 'are'} being trained now" if num_active else (
        "none is being trained now")  # fmt: skip
    broken = f"; {words.count(num_broken)} ended early" if num_broken else ""
    return f"{here}; {now}{broken}."


def standing(best_name: str, right: Estimate, pictures: str) -> str:
    """What has the lab shown so far? ``pictures``: photos, drawings, grey cut-outs."""
    return (
        f"The best model here names {_of_tried(right, pictures)} of {words.plain(best_name)} right "
        f"({_tried(right)}, and it was trained on none of them)."
    )


FOUND = {
    definitions.ACCURACY: "photos are named right",
    definitions.RARE: "photos of the rare classes are found",
    definitions.LARGEST: "photos of the commonest class are found",
}


def claim(result: Result) -> list[str]:
    """Does the report hold? What was seen, a sentence for each comparison that decides, and how much it rests on."""
    found = result.evidence
    tried = f"{words.counted(found.n, 'photo')}, {found.num_seeds} trainings of each kind."
    if result.run_to_run:
        spread = result.arms[0].spreads[definitions.ACCURACY]
        num, reach = spread.mean.n, 100 * (spread.highest - spread.lowest)
        return [
            f"{words.counted(num, 'training')} that differ by luck alone lie {reach:.1f} points apart; in the "
            f"report {100 * result.run_to_run.reported:.0f}.",
            f"{words.counted(found.n, 'photo')}.",
        ]
    if result.groups:
        groups = result.groups
        return [
            f"Groups that were made without the names of the classes match them to {groups.rand.value:.2f} "
            f"({groups.rand.low:.2f} to {groups.rand.high:.2f}; 1 is the classes themselves, 0 chance).",
            f"Yet of a photo's ten nearest {10 * groups.alike:.1f} are of its own class; by chance "
            f"{10 * groups.chance:.1f}.",
            tried,
        ]
    told = [_compared_arms(result, one) for one in result.comparisons if one.decides]
    return [*told, tried]


def _compared_arms(result: Result, one: ArmsCompared) -> str:
    """``Both: 27.0 more of 100 photos are named right than with no correction (23.0 to 31.0).``"""
    first, second = (result.claim.arm(name).words for name in (one.first, one.second))
    head, ends = words.capital(second), plain_verdict.from_to(one.difference)
    if not one.difference.excludes_zero:
        return f"{head} beside {first}: {ends} of 100 {FOUND[one.measure]}, so it is not settled which is ahead."
    value = one.difference.value
    more = "more" if value > 0 else "fewer"
    return f"{head}: {100 * abs(value):.1f} {more} of 100 {FOUND[one.measure]} than with {first} ({ends})."
