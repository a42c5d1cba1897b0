"""Better, worse, equivalent within a margin, or cannot tell: one sentence with its n, and what it is not about.

Takes two sides and their difference; gives words. Knows no files.
"""

from dataclasses import dataclass

from fashion_core.compare import sides
from fashion_core.compare.sides import Side
from fashion_core.data.published import OTHER_INPUT
from fashion_core.metrics.significance import LEVEL, Difference
from fashion_core.metrics.wording import in_points, margin_words, p_words, points

BETTER, WORSE, EQUIVALENT, CANNOT_TELL = "better", "worse", "equivalent", "cannot tell"
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
    word = word_of(difference.value, difference.equivalent(margin), difference.p_value)
    where = f"on the same {n:,} {split} photos"
    if about == SEEDS and word in (BETTER, WORSE):
        # The same recipe cannot be better than itself, however sure it is that these two models differ.
        sentence = (
            f"Cannot tell: {second.name} and {first.name} are two trainings of one recipe, so {in_points(difference)} "
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
            f"Cannot tell: one side answered drawn pictures and the other photographs, so the {in_points(difference)} "
            f"of {second.name} against {first.name} ({where}) say nothing about clothes."
        )
        return Verdict(word=CANNOT_TELL, about=EXPERIMENTS, sentence=sentence, scope=scope)
    word = word_of(difference.value, difference.equivalent(margin), difference.p_value)
    sentence = _sentence(word, first, second, difference, where, margin)
    other = OTHER_INPUT[:1].lower() + OTHER_INPUT[1:]
    return Verdict(word=word, about=EXPERIMENTS, sentence=f"{sentence[:-1]}; {other}", scope=scope)


def word_of(difference: float, equivalent: bool, p_value: float) -> str:
    """What a difference says on its own, whether it is ``equivalent`` within the margin, and p of no difference."""
    if equivalent:
        return EQUIVALENT
    if p_value < LEVEL:
        return BETTER if difference > 0 else WORSE
    return CANNOT_TELL


def _sentence(word: str, first: Side, second: Side, difference: Difference, where: str, margin: float) -> str:
    chance = f"{difference.method}, {p_words(difference.p_value)}"
    if word in (BETTER, WORSE):
        by = in_points(difference if word == BETTER else -difference, sign=False)
        return f"{second.name} is {word} than {first.name} by {by} {where} ({chance})."
    if word == EQUIVALENT:
        real = ", a real difference but smaller than that" if difference.p_value < LEVEL else ""
        return (
            f"{second.name} and {first.name} are equivalent within {margin_words(margin)} {where}: "
            f"{in_points(difference)}{real} ({chance})."
        )
    return (
        f"Cannot tell {second.name} and {first.name} apart {where}: {in_points(difference)} may be chance ({chance}), "
        f"and a difference of {margin_words(margin)} is not ruled out."
    )


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
            told[RECIPES] += f" As trained models the two do differ: {in_points(paired)}, {p_words(paired.p_value)}."
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
