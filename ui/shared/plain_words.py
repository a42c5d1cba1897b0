"""The answer of each page as a sentence for a reader who knows no term of the field. Takes numbers, returns Markdown.

A share is said as a count of a hundred, its 95 % interval in the same unit. Names from files are escaped here. Knows no
files and no widgets.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from fashion_core.claims import definitions
from fashion_core.claims.contrasts import Comparison as ArmsCompared
from fashion_core.claims.judge import Result
from fashion_core.compare import wording
from fashion_core.compare.comparison import Comparison
from fashion_core.compare.wording import COUNTED_BELOW, of_tried
from fashion_core.compare.wording import of_100 as of_100
from fashion_core.labels import display_name
from fashion_core.metrics.intervals import wilson
from fashion_core.metrics.significance import Difference
from ui.app import words
from ui.shared.asked_photos import FEW, Record

Bounds = Sequence[float]


def between(bounds: Bounds) -> str:
    """(0.935, 0.945) -> ``93.5 to 94.5``."""
    low, high = bounds
    return f"{100 * low:.1f} to {100 * high:.1f}"


def _seen(interval: str, n: int) -> str:
    """``93.5 to 94.5; 7,500 were tried``: what stands behind a share in brackets. Behind a count, which has another
    unit, the interval says its own."""
    if n < COUNTED_BELOW:
        return f"{interval} of 100 such; no more were tried"
    return f"{interval}; {words.count(n)} were tried"


def name(label: str) -> str:
    """A class inside a sentence."""
    return words.plain(display_name(label))


@dataclass(frozen=True)
class Weakest:
    """The class whose ``n`` photos are missed most often: a share ``missed`` with its 95 % interval, and how many more
    classes are missed as often."""

    label: str
    missed: float
    bounds: Bounds
    n: int
    as_weak: int


def evaluation(share: float, bounds: Bounds, n: int, worst: Weakest) -> str:
    """How good is it, and where does it fail? Fewer than 20 photos are said as they were counted."""
    right = f"{of_tried(share, n, bounds)} {'is' if n == 1 else 'are'} named right ({_seen(between(bounds), n)})"
    right = right if n < COUNTED_BELOW else f"About {right}"
    if not worst.missed:
        return f"{right}. None was missed."
    more = f" It fails as often on {words.counted(worst.as_weak, 'more kind')}." if worst.as_weak else ""
    return f"{right}. It fails most on {name(worst.label)}: {_missed(worst)}.{more}"


def _missed(worst: Weakest) -> str:
    n, number = worst.n, round(worst.missed * worst.n)
    if n >= COUNTED_BELOW:
        return f"{of_100(worst.missed, worst.bounds)} are missed ({between(worst.bounds)})"
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
    word, difference = found.verdict.word, found.difference
    first, second = words.plain(found.first.name), words.plain(found.second.name)
    several = len(found.second.members) > 1
    if word in (wording.BETTER, wording.WORSE):
        ends = sorted((abs(difference.low), abs(difference.high)))
        by = _more_or_fewer(difference, found.n)
        return (
            f"Yes: {second} {'are' if several else 'is'} {word} than {first}. {'They name' if several else 'It names'} "
            f"{by} photos right ({_seen(between(ends), found.n)})."
        )
    if word == wording.EQUIVALENT:
        ends = f"{wording.points(difference.low)} to {wording.points(difference.high)}"
        seen = f"{wording.points(difference.value)} of 100 photos ({_seen(ends, found.n)})"
        return (
            f"None that matters: {second} and {first} differ by {seen}, and a difference of {100 * found.margin:g} or "
            "more is ruled out."
        )
    more = _more_or_fewer(difference, found.n)
    seen = f"{second} {'name' if several else 'names'} {more} photos right than {first}"
    why = "which may be chance"
    if found.verdict.about == wording.SEEDS:
        why = "but two trainings of one kind differ by luck"
    elif found.verdict.about == wording.EXPERIMENTS and (found.first.drawn or found.second.drawn):
        why = "but one of the two answered drawn pictures, so that says nothing about clothes"
    return f"Cannot tell: {seen} ({_seen(_from_to(difference), found.n)}), {why}."


def _more_or_fewer(difference: Difference, n: int) -> str:
    """``2.3 fewer of 100``; of fewer than 20 photos what was counted: ``1 fewer of 14``."""
    more = "fewer" if difference.value < 0 else "more"
    if n < COUNTED_BELOW:
        number, _, of = of_tried(abs(difference.value), n, things="").partition(" ")
        return f"{number} {more} {of}"
    return f"{abs(100 * difference.value):.1f} {more} of 100"


def _from_to(difference: Difference | ArmsCompared) -> str:
    """The interval: ``1.7 to 2.9``, or ``from 4.4 fewer to 7.1 more`` where it holds zero."""
    low, high = difference.low, difference.high
    if low <= 0 <= high:
        return f"from {-100 * low:.1f} fewer to {100 * high:.1f} more"
    return between(sorted((abs(low), abs(high))))


def learnt(share: float, bounds: Bounds, n: int, worst: Weakest, beside: str) -> str:
    """What has it learnt to tell apart? Shares of photos whose most similar photo is of the same class, and is not;
    ``beside`` is the class of the most similar photos of the weakest."""
    tried = f"{of_tried(share, n, bounds)} ({_seen(between(bounds), n)})"
    alike = f"For {tried} the most similar other photo is of the same class."
    if not worst.missed:
        return alike
    often = f", most often {name(beside)}" if beside else ""
    mixed = f"for {of_100(worst.missed, worst.bounds)} of its photos ({between(worst.bounds)}) it is another class"
    if worst.n < COUNTED_BELOW:
        mixed = f"for {of_tried(worst.missed, worst.n, things='')} of its photos it is another class"
    more = f" It mixes up {words.counted(worst.as_weak, 'more kind')} as often." if worst.as_weak else ""
    return f"{alike} It mixes up {name(worst.label)} most: {mixed}{often}.{more}"


def reach(found: Comparison) -> str:
    """What a comparison does not tell; everything that the verdict warns of, without its terms."""
    about, told = found.verdict.about, ""
    if about == wording.MODELS:
        told = (
            "Each was trained once. This is about these two models and new photos like these; whether the way of "
            "training is better takes several trainings of both."
        )
    elif about == wording.SEEDS:
        told = (
            "Both were trained in the same way on the same photos. The range and the classes below know only which "
            "photos were tried, not how far two such trainings lie apart."
        )
    elif about == wording.RECIPES and len(found.second.members) == len(found.first.members) == 1:
        told = "About the way of training: each was trained once, and was judged by how far such trainings lie apart."
    elif about == wording.RECIPES:
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
    said = f"Most likely {name(first)}; the model gives it {words.percent(sure, 0)}."
    if judged is None or judged.n < FEW:
        return f"{said} How often it is right when it is this sure is not known."
    share, bounds = judged.right / judged.n, wilson(judged.right, judged.n)
    return (
        f"{said} When it was this sure of other photos, it was right {of_tried(share, judged.n, bounds, 'times')} "
        f"({_seen(between(bounds), judged.n).replace('tried', 'counted')})."
    )


def checked(first: str, truth: str | None) -> str:
    """The answer beside what the photo shows; empty where nobody has said that."""
    if truth is None:
        return ""
    return f"✓ Right: the photo shows {name(truth)}." if truth == first else f"✕ Wrong: the photo shows {name(truth)}."


def calibrated(num_fitted: int) -> str:
    """What its percentages mean."""
    if not num_fitted:
        return "Its percentages are its own: 90 % does not mean right nine times in ten. What was counted stands above."
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


def standing(best_name: str, share: float, bounds: Bounds, n: int, drawn: bool) -> str:
    """What has the lab shown so far?"""
    which = "drawings" if drawn else "photos"
    return (
        f"The best model here names {of_tried(share, n, bounds, which)} of {words.plain(best_name)} right "
        f"({_seen(between(bounds), n)}, and it was trained on none of them)."
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
        reach = 100 * (spread.highest - spread.lowest)
        return [
            f"{words.counted(spread.count, 'training')} that differ by luck alone lie {reach:.1f} points apart; in the "
            f"report {100 * result.run_to_run.reported:.0f}.",
            f"{words.counted(found.n, 'photo')}.",
        ]
    if result.groups:
        groups = result.groups
        return [
            f"Groups that were made without the names of the classes match them to {groups.rand:.2f} "
            f"({groups.low:.2f} to {groups.high:.2f}; 1 is the classes themselves, 0 chance).",
            f"Yet {of_100(groups.alike)} of a photo's nearest are of its own class; by chance {of_100(groups.chance)}.",
            tried,
        ]
    told = [_compared_arms(result, one) for one in result.comparisons if one.decides]
    return [*told, tried]


def _compared_arms(result: Result, one: ArmsCompared) -> str:
    """``Both: 27.0 more of 100 photos are named right than with no correction (23.0 to 31.0).``"""
    first, second = (result.claim.arm(name).words for name in (one.first, one.second))
    head, ends = words.capital(second), _from_to(one)
    if one.low <= 0 <= one.high:
        return f"{head} beside {first}: {ends} of 100 {FOUND[one.measure]}, so it is not settled which is ahead."
    more = "more" if one.value > 0 else "fewer"
    return f"{head}: {100 * abs(one.value):.1f} {more} of 100 {FOUND[one.measure]} than with {first} ({ends})."
