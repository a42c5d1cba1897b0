"""Better, worse, equivalent within a margin, or cannot tell: one sentence with its n, and what it is not about.

Takes two sides and their difference; gives words. Knows no files.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from fashion_core.compare import sides
from fashion_core.compare.sides import Side
from fashion_core.data.published import OTHER_INPUT
from fashion_core.metrics.significance import LEVEL, Difference

BETTER, WORSE, EQUIVALENT, CANNOT_TELL = "better", "worse", "equivalent", "cannot tell"
COUNTED_BELOW = 20  # fewer are said as they were counted
MODELS, SEEDS, RECIPES, EXPERIMENTS = "models", "seeds", "recipes", "experiments"


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """``word``: better, worse, equivalent or cannot tell, of the second side against the first.

    ``about``: models (the two trained ones), seeds (two trainings of one recipe), recipes, or experiments (against a
    published result). ``sentence`` says it with n and margin; ``scope`` says what it does not say.
    """

    word: str
    about: str
    sentence: str
    scope: str


def points(share: float, sign: bool = True) -> str:
    """0.0213 -> ``+2.1``, with a real minus."""
    written = f"{100 * share:+.1f}" if sign else f"{100 * share:.1f}"
    return written.replace("-", "−") if float(written) else "0.0"


def of_100(share: float, bounds: Sequence[float] | None = None) -> str:
    """0.9403 -> ``94 of 100``; ``98.6 of 100`` where 99 would lie outside its interval; never a certainty that was not
    counted: ``more than 99 of 100``, ``fewer than 1 of 100``."""
    whole = math.floor(100 * share + 0.5 + 1e-9)
    if bounds is not None and not 100 * bounds[0] <= whole <= 100 * bounds[1]:
        return f"{100 * share:.1f} of 100"
    if whole == 100 and share < 1:
        return "more than 99 of 100"
    return "fewer than 1 of 100" if whole == 0 and share > 0 else f"{whole} of 100"


def of_tried(share: float, n: int, bounds: Sequence[float] | None = None, things: str = "photos") -> str:
    """``94 of 100 photos``; of fewer than 20 what was counted, ``3 of 4 photos``: a hundred would be a scale that
    nobody tried. Of several trainings the mean, ``2.7 of 4 photos``."""
    if n >= COUNTED_BELOW:
        return f"{of_100(share, bounds)} {things}".rstrip()
    right = share * n
    number = f"{right:.0f}" if abs(right - round(right)) < 0.05 else f"{right:.1f}"
    return f"{number} of {n} {things.removesuffix('s') if n == 1 else things}".rstrip()


def p_words(p_value: float) -> str:
    """``p = 0.032``; ``p < 0.001``."""
    return "p < 0.001" if p_value < 0.001 else f"p = {p_value:.3f}" if p_value < 0.1 else f"p = {p_value:.2f}"


def margin_words(margin: float) -> str:
    """0.01 -> ``1 point``; 0.005 -> ``0.5 points``."""
    written = f"{100 * margin:g}"
    return f"{written} point" if written == "1" else f"{written} points"


def judge(
    first: Side,
    second: Side,
    difference: Difference,
    *,
    n: int,
    split: str,
    margin: float,
    spread: tuple[float, int] | None = None,
    paired: Difference | None = None,
) -> Verdict:
    """The verdict on two sides that answered the same ``n`` photos. ``spread`` is what single runs were judged with,
    and ``paired`` is their difference as trained models."""
    single = len(first.members) == len(second.members) == 1
    about = RECIPES if not single or spread else SEEDS if sides.same_recipe(first, second) else MODELS
    word = _word(difference, margin)
    where = f"on the same {n:,} {split} photos"
    if about == SEEDS and word in (BETTER, WORSE):
        # The same recipe cannot be better than itself, however sure it is that these two models differ.
        sentence = (
            f"Cannot tell: {second.name} and {first.name} are two trainings of one recipe, so {_signed(difference)} "
            f"between them {where} is the luck of training."
        )
        return Verdict(
            word=CANNOT_TELL, about=about, sentence=sentence, scope=_scope(about, first, second, spread, paired)
        )
    return Verdict(
        word=word,
        about=about,
        sentence=_sentence(word, first, second, difference, where, margin),
        scope=_scope(about, first, second, spread, paired),
    )


def judge_published(
    first: Side, second: Side, difference: Difference, *, num_first: int, num_second: int, split: str, margin: float
) -> Verdict:
    """The verdict where one side is a published result: never paired, and always another experiment."""
    counted = f"{num_first:,}" if num_first == num_second else f"{num_second:,} and {num_first:,}"
    where = f"on {counted} {split} photos, not photo by photo"
    scope = " ".join(published_scope(first, second))
    if first.drawn or second.drawn:
        sentence = (
            f"Cannot tell: one side answered drawn pictures and the other photographs, so the {_signed(difference)} of "
            f"{second.name} against {first.name} ({where}) say nothing about clothes."
        )
        return Verdict(word=CANNOT_TELL, about=EXPERIMENTS, sentence=sentence, scope=scope)
    word = _word(difference, margin)
    sentence = _sentence(word, first, second, difference, where, margin)
    other = OTHER_INPUT[:1].lower() + OTHER_INPUT[1:]
    return Verdict(word=word, about=EXPERIMENTS, sentence=f"{sentence[:-1]}; {other}", scope=scope)


def _word(difference: Difference, margin: float) -> str:
    if difference.equivalent(margin):
        return EQUIVALENT
    if difference.p_value < LEVEL:
        return BETTER if difference.value > 0 else WORSE
    return CANNOT_TELL


def _sentence(word: str, first: Side, second: Side, difference: Difference, where: str, margin: float) -> str:
    chance = f"{difference.method}, {p_words(difference.p_value)}"
    if word == BETTER:
        by = f"{points(difference.value, False)} points {_bounds(difference.low, difference.high, False)}"
        return f"{second.name} is better than {first.name} by {by} {where} ({chance})."
    if word == WORSE:
        by = f"{points(-difference.value, False)} points {_bounds(-difference.high, -difference.low, False)}"
        return f"{second.name} is worse than {first.name} by {by} {where} ({chance})."
    if word == EQUIVALENT:
        real = ", a real difference but smaller than that" if difference.p_value < LEVEL else ""
        return (
            f"{second.name} and {first.name} are equivalent within {margin_words(margin)} {where}: "
            f"{_signed(difference)}{real} ({chance})."
        )
    return (
        f"Cannot tell {second.name} and {first.name} apart {where}: {_signed(difference)} may be chance ({chance}), "
        f"and a difference of {margin_words(margin)} is not ruled out."
    )


def _signed(difference: Difference) -> str:
    return f"{points(difference.value)} points {_bounds(difference.low, difference.high)}"


def _bounds(low: float, high: float, sign: bool = True) -> str:
    return f"[{points(low, sign)}, {points(high, sign)}]"


def _scope(about: str, first: Side, second: Side, spread: tuple[float, int] | None, paired: Difference | None) -> str:
    drawn = " The pictures are drawn: no evidence about real clothes." if first.drawn or second.drawn else ""
    counts = f"{len(second.members)} and {len(first.members)}"
    told = {
        MODELS: "One seed each, so this is about these two trained models and new photos like these; whether the "
        "recipes differ takes several seeds of both.",
        SEEDS: "Both have the same settings and photos. A group of seeds shows how far its members lie apart.",
        RECIPES: f"About the recipes, judged by {counts} trained models of them.",
    }
    if about == RECIPES and spread:
        told[RECIPES] = (
            f"One seed each, so they were judged beside the spread that seeds of these recipes show: a standard "
            f"deviation of {points(spread[0], False)} points ({spread[1]} degree{'' if spread[1] == 1 else 's'} of "
            "freedom)."
        )
        if paired is not None and paired.p_value < LEVEL:
            told[RECIPES] += f" As trained models the two do differ: {_signed(paired)}, {p_words(paired.p_value)}."
    return told[about] + drawn


def published_scope(first: Side, second: Side) -> list[str]:
    """What stands against holding a published result against another side, a sentence or two each."""
    parts = []
    for side in (first, second):
        if side.result:
            parts.append(f"{side.result.name}: {side.result.note}")
            if side.result.text:
                told = side.result.text
                parts.append(
                    f"Its text says {100 * told.submitted:.0f} % submitted and {100 * told.lowest:.0f} to "
                    f"{100 * told.highest:.0f} % over runs; its matrix gives {100 * side.result.accuracy:.2f} %."
                )
    for side, other in ((first, second), (second, first)):
        if side.members and other.result and not side.drawn:
            dataset = side.members[0].dataset
            if dataset.kind.replace("_", "-") != other.result.data.lower():
                parts.append(f"Nobody has checked that the photos of {dataset.name} are those of {other.result.data}.")
    return list(dict.fromkeys(parts))
