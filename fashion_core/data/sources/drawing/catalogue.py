"""What each of the fifteen classes looks like: a mixture of templates, some of them shared.

A long kurta is sold as a gown, a dupatta is shown on somebody in a kurta, a narrow palazzo is a wide legging: that is
why no classifier reaches 100 %. How often is set by hand after the published confusion matrix; it is art, not data.
"""

from collections.abc import Callable

import numpy as np

from fashion_core.data.sources.drawing.fabrics import BRIGHT, SOBER, SOFT, pick
from fashion_core.data.sources.drawing.garments import blouse, dress, lehenga, saree
from fashion_core.data.sources.drawing.legwear import legwear, petticoat, scarf
from fashion_core.data.sources.drawing.menswear import man
from fashion_core.data.sources.drawing.mojaris import mojaris
from fashion_core.data.sources.drawing.scenes import Scene
from fashion_core.data.sources.drawing.tailoring import EVERYDAY, FESTIVE

Template = Callable[[np.random.Generator], Scene]


def _kurta(rng) -> Scene:
    lower = pick(rng, ("leggings", "leggings", "palazzos", "salwar"))
    return dress(
        rng, rng.uniform(0.62, 0.78), rng.uniform(0.01, 0.06), lower=lower, bottom=pick(rng, (1.03, 0.93, 0.86))
    )


def _kurta_set(rng) -> Scene:
    return dress(rng, rng.uniform(0.66, 0.82), rng.uniform(0, 0.05), scarf=pick(rng, ("side", "u", "pair", "side")))


def _kurta_near(rng) -> Scene:
    return dress(rng, rng.uniform(0.62, 0.8), rng.uniform(0, 0.04), bottom=rng.uniform(0.6, 0.75))


def _anarkali(rng) -> Scene:
    hem, flare, seam = rng.uniform(0.8, 0.94), rng.uniform(0.08, 0.2), pick(rng, (0.0, 0.3, 0.42))
    return dress(rng, hem, flare, False, seam, scarf=pick(rng, ("", "", "side", "u")), prints=EVERYDAY + FESTIVE)


def _gown(rng) -> Scene:
    veil, seam = pick(rng, ("", "side"), (0.93, 0.07)), pick(rng, (0.0, 0.28, 0.4))
    return dress(rng, 0.972, rng.uniform(0.06, 0.15), False, seam, "", veil, prints=FESTIVE)


def _slim_gown(rng) -> Scene:
    hem, flare, slit = rng.uniform(0.88, 0.972), rng.uniform(0.01, 0.05), rng.random() < 0.4
    return dress(rng, hem, flare, slit, prints=EVERYDAY + FESTIVE)


def _dupatta_worn(rng) -> Scene:
    hem, flare, wide = rng.uniform(0.66, 0.84), rng.uniform(0, 0.05), rng.uniform(1.4, 2.0)
    how, bottom = pick(rng, ("open", "open", "open", "arms", "pair", "u")), pick(rng, (1.03, 0.85, 0.75, 0.75))
    return dress(rng, hem, flare, scarf=how, quiet=True, wide=wide, bottom=bottom)


def _dupatta_gown(rng) -> Scene:
    return dress(
        rng, 0.97, rng.uniform(0.08, 0.2), False, lower="", scarf=pick(rng, ("side", "arms", "u")), prints=FESTIVE
    )


def _legs(low: float, high: float) -> Template:
    """Straight legwear of a width between legging (0) and palazzo (1)."""

    def template(rng) -> Scene:
        w = float(np.clip(rng.normal((low + high) / 2, (high - low) / 2), 0, 1.25))
        hem = rng.uniform(0.84, 0.97) if w > 0.4 else None
        return legwear(rng, 0.05 + 0.02 * w, 0.034 + 0.045 * w, 0.02 + 0.08 * w, hem=hem)

    return template


def _salwar(rng) -> Scene:
    thigh, knee, ankle = rng.uniform(0.06, 0.075), rng.uniform(0.046, 0.062), rng.uniform(0.024, 0.034)
    return legwear(rng, thigh, knee, ankle, rng.uniform(0.54, 0.58), "salwar")


def _dhoti(rng) -> Scene:
    thigh, knee, ankle = rng.uniform(0.075, 0.1), rng.uniform(0.072, 0.095), rng.uniform(0.022, 0.032)
    return legwear(rng, thigh, knee, ankle, rng.uniform(0.66, 0.82), "dhoti", rng.uniform(0.88, 0.96))


def _kurta_salwar(rng) -> Scene:
    return dress(rng, rng.uniform(0.58, 0.72), rng.uniform(0, 0.04), lower="salwar")


def _saree_near(rng) -> Scene:
    return saree(rng, 0.0, 0.58)


def _rich_petticoat(rng) -> Scene:
    return petticoat(rng, rich=True)


def _saree_skirt(rng) -> Scene:
    return saree(rng, 0.34, 1.04)


def _kurta_men(rng) -> Scene:
    return man(rng, "kurta", 0.05, rng.uniform(0.6, 0.72), bottom=pick(rng, (0.8, 0.82, 0.84, 1.03)))


def _sherwani(rng) -> Scene:
    stole, turban, buttons = rng.random() < 0.6, rng.random() < 0.6, rng.uniform(0.46, 0.6)
    bottom = pick(rng, (1.03, 1.03, 1.03, 1.03, 0.92))
    return man(rng, "sherwani", 0.95, rng.uniform(0.74, 0.83), -0.06, bottom, buttons, stole=stole, turban=turban)


def _between_men(rng) -> Scene:
    style, buttons = pick(rng, ("kurta", "sherwani")), rng.uniform(0.3, 0.5)
    return man(rng, style, 0.5, rng.uniform(0.62, 0.74), bottom=pick(rng, (1.03, 0.85)), buttons=buttons)


def _nehru(rng) -> Scene:
    bottom, low = pick(rng, (0.6, 0.62, 0.66, 0.8)), rng.uniform(0.46, 0.54)
    return man(rng, "kurta", 0.05, rng.uniform(0.6, 0.7), bottom=bottom, jacket=True, jacket_low=low)


def _long_jacket(rng) -> Scene:
    return man(
        rng, "sherwani", 0.5, rng.uniform(0.66, 0.74), buttons=0.5, jacket=True, jacket_low=rng.uniform(0.54, 0.64)
    )


def _mojaris(mean: float) -> Template:
    """A pair between a man's (-1: broad, plain, closed, curled) and a woman's (+1: slim, embroidered, open)."""

    def template(rng) -> Scene:
        g = float(np.clip(rng.normal(mean, 0.85), -2.4, 2.4))
        colours = SOBER + ("tan", "brown", "madder") if g < rng.normal(0, 0.6) else BRIGHT + SOFT
        ornament = float(np.clip(0.5 + 0.28 * g + rng.normal(0, 0.1), 0, 1))
        slim, low_cut = 0.178 - 0.019 * g + rng.normal(0, 0.006), 0.5 + 0.3 * g + rng.normal(0, 0.15)
        return mojaris(rng, slim, ornament, low_cut, float(np.clip(0.1 - 0.035 * g, 0.02, 0.19)), colours)

    return template


MIXTURES: dict[str, tuple[tuple[float, Template], ...]] = {
    "blouse": ((0.96, blouse), (0.04, _saree_near)),
    "dhoti_pants": (
        (0.8, _dhoti),
        (0.08, _salwar),
        (0.07, _kurta_salwar),
        (0.03, _legs(0.1, 0.3)),
        (0.02, _dupatta_worn),
    ),
    "dupattas": (
        (0.46, scarf),
        (0.42, _dupatta_worn),
        (0.06, _kurta_set),
        (0.03, _dupatta_gown),
        (0.03, _legs(0.0, 0.3)),
    ),
    "gowns": (
        (0.78, _gown),
        (0.06, _anarkali),
        (0.06, _slim_gown),
        (0.05, _kurta),
        (0.03, _dupatta_gown),
        (0.02, lehenga),
    ),
    "kurta_men": ((0.96, _kurta_men), (0.03, _between_men), (0.01, _nehru)),
    "leggings_and_salwars": ((0.68, _legs(0.0, 0.24)), (0.25, _salwar), (0.03, _legs(0.3, 0.6)), (0.04, _dhoti)),
    "lehenga": ((0.98, lehenga), (0.02, _gown)),
    "mojaris_men": ((1.0, _mojaris(-1.2)),),
    "mojaris_women": ((1.0, _mojaris(1.2)),),
    "nehru_jackets": ((0.97, _nehru), (0.02, _between_men), (0.01, _long_jacket)),
    "palazzos": ((0.9, _legs(0.65, 1.0)), (0.07, _legs(0.15, 0.4)), (0.03, petticoat)),
    "petticoats": ((0.94, petticoat), (0.03, _saree_skirt), (0.03, _rich_petticoat)),
    "saree": ((0.9, saree), (0.04, _saree_near), (0.03, _saree_skirt), (0.03, scarf)),
    "sherwanis": ((0.93, _sherwani), (0.05, _between_men), (0.02, _long_jacket)),
    "women_kurta": (
        (0.6, _kurta),
        (0.14, _kurta_near),
        (0.09, _anarkali),
        (0.03, _slim_gown),
        (0.11, _kurta_set),
        (0.03, _dupatta_worn),
    ),
}
