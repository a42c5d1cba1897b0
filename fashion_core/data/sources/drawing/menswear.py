"""Dress a man: kurta, sherwani, nehru jacket. Templates like those of `garments`."""

import numpy as np

from fashion_core.data.sources.drawing.curves import both_sides, limb, smooth
from fashion_core.data.sources.drawing.fabrics import BRIGHT, SOBER, dye, pick, shift, weave
from fashion_core.data.sources.drawing.figures import Figure
from fashion_core.data.sources.drawing.scenes import Folds, Scene, Trim
from fashion_core.data.sources.drawing.tailoring import (
    FITTING_ROOM,
    ROYAL,
    bodice,
    border,
    hem_path,
    scarf_before,
    stage,
)


def man(
    rng,
    style: str,
    rich: float,
    hem: float,
    top: float = -0.05,
    bottom: float = 1.03,
    buttons: float | None = None,
    jacket: bool = False,
    stole: bool = False,
    turban: bool = False,
    jacket_low: float = 0.5,
) -> Scene:
    """A man's kurta, sherwani or kurta with nehru jacket. `rich` (0..1) is the chance of each piece of splendour."""
    palace = ("gradient", "gradient", "room", "room", "studio")  # sherwanis are photographed for weddings
    scene = stage(rng, top, bottom, palace if style == "sherwani" else FITTING_ROOM, breadth=1.12)
    arms = None if rng.random() < 0.8 else ("front", "front")
    fig = Figure(scene, man=True, kind=pick(rng, ("person", "mannequin", "ghost"), (0.78, 0.1, 0.12)), arms=arms)
    grand = rng.random() < rich
    if grand:
        base = dye(rng, ("ivory", "beige", "wine", "madder", "navy", "black", "turmeric", "rose", "bottle", "ivory"))
        tonal = shift(base, pick(rng, (-0.25, 0.25, 0.4))) if rng.random() < 0.6 else None  # woven in its own colour
        zari = tonal if tonal is not None and rng.random() < 0.5 else None
        cloth = weave(rng, ROYAL, base, tonal, scene.zoom * 0.8, zari)
    elif jacket and rng.random() < 0.75:
        cloth = weave(rng, ("plain",), dye(rng, ("white", "ivory", "white", "beige", "sky", "peach", "black", "rose")))
    else:
        plain = ("plain", "plain", "plain", "plain", "plain", "stripes", "checks", "chikan", "buti", "block")
        warm = ("madder", "royal", "turmeric", "peach", "mint", "sky", "peacock", "rust", "rose")
        cloth = weave(rng, plain, dye(rng, SOBER + warm), zoom=scene.zoom * 0.8)
    pale = dye(rng, ("white", "ivory", "beige")) if rng.random() < 0.7 else shift(cloth.base, -0.3)
    for side in (-1, 1):
        x = side * fig.stance
        scene.cloth(
            limb(
                [(side * 0.05, 0.5), (x * 1.1, 0.72), (x, 0.962)], (0.06, 0.046, 0.034 if style == "kurta" else 0.026)
            ),
            pale,
            Folds((x, 0.3), 3, 0.22),
            depth=0.32,
        )
    fig.feet(dye(rng, ("brown", "tan", "black", "wine", "turmeric")))
    fig.torso()
    width = fig.hip + rng.uniform(0.03, 0.05) + 0.02 * (style == "sherwani")
    half = np.vstack([bodice(fig, 0.5, fig.hip + 0.026, 0.014), [(width, hem)]])
    path = hem_path(width, hem, 0.01, 0.002, 4)
    scene.cloth(both_sides([(fig.hip + 0.02, 0.52), (width + 0.012, hem - 0.012)]), shift(cloth.base, -0.4), depth=0.2)
    trims: list[Trim] = []
    if grand and rng.random() < 0.5:
        trims += border(path, pick(rng, (0.02, 0.035)), cloth.zari, cloth.zari)
    low = buttons if buttons is not None else 0.31
    trims.append(
        Trim(
            "line",
            [(0, 0.16), (0, low)],
            shift(cloth.base, -0.14) if not grand else cloth.zari,
            0.022 if grand else 0.026,
        )
    )
    if low > 0.4:
        trims.append(Trim("line", [(0.004, low), (0.004, hem)], shift(cloth.base, -0.5), 0.006))
    trims.append(
        Trim(
            "dots",
            [(0, 0.19), (0, low)],
            shift(cloth.base, -0.55) if sum(cloth.base) > 380 else cloth.zari,
            0.011,
            0.034,
        )
    )
    scene.cloth(np.vstack([half, path, half[::-1] * (-1, 1)]), cloth, Folds((0, -0.7), 5, 0.2), trims, 0.34, 0.2)
    for side in (-1, 1):
        fig.arm(side)
        fig.sleeve(side, cloth, 0.96 if rng.random() < 0.85 else 0.7, 0.028, trim=cloth.zari if grand else None)
    if jacket:
        _nehru(scene, fig, jacket_low, rich)
    collar = shift(cloth.base, -0.1) if not grand else cloth.zari
    if not jacket:
        scene.cloth(both_sides([(0.03, 0.142), (0.036, 0.162), (0.012, 0.176)]), collar, depth=0.3)
    wrap = weave(rng, ("plain", "brocade", "buti"), zoom=scene.zoom) if stole or turban else cloth
    fig.head(wrap if turban else None)
    if stole:
        scarf_before(scene, fig, "side" if rng.random() < 0.7 else "u", wrap)
    return scene


def _nehru(scene: Scene, fig: Figure, low: float, rich: float) -> None:
    rng = scene.rng
    prints = ("plain", "plain", "plain", "plain", "checks", "stripes", "brocade", "buti", "block", "floral", "ikat")
    cloth = weave(rng, prints, base=dye(rng, SOBER + BRIGHT), zoom=scene.zoom * 0.7)
    w = fig.hip + 0.03
    half = np.vstack(
        [
            [(0.032, 0.15)],
            smooth(
                [
                    (fig.shoulder * 0.8, 0.176),
                    (fig.shoulder * 0.72, 0.215),
                    (fig.chest + 0.012, 0.27),
                    (fig.waist + 0.022, 0.38),
                    (w, low - 0.02),
                    (w * 0.93, low),
                ],
                5,
            ),
        ]
    )
    edge = np.array(
        [
            (w * 0.93, low),
            (w * 0.4, low + 0.012),
            (0.012, low + 0.004),
            (0.0, low - 0.02),
            (-0.012, low + 0.004),
            (-w * 0.4, low + 0.012),
            (-w * 0.93, low),
        ]
    )
    dark = shift(cloth.base, -0.45)
    trims = [Trim("line", [(0.006, 0.15), (0.006, low + 0.02)], dark, 0.005)]
    trims.append(Trim("dots", [(0, 0.2), (0, low - 0.03)], cloth.zari if rng.random() < 0.6 else dark, 0.013, 0.055))
    for side in (-1, 1):
        trims.append(Trim("line", [(side * 0.045, low - 0.075), (side * 0.085, low - 0.08)], dark, 0.008))
    trims.append(Trim("line", [(0.04, 0.275), (0.076, 0.27)], dark, 0.008))
    scene.cloth(np.vstack([half, edge, half[::-1] * (-1, 1)]), cloth, Folds((0, -0.8), 4, 0.1), trims, 0.36, 0.5)
    if rng.random() < 0.5:
        scene.cloth([(0.044, 0.276), (0.05, 0.25), (0.058, 0.262), (0.066, 0.248), (0.072, 0.272)], dye(rng), depth=0.2)
    scene.cloth(both_sides([(0.03, 0.14), (0.04, 0.16), (0.006, 0.184)]), shift(cloth.base, -0.12), depth=0.3)
