"""Lay out single pieces: legwear, petticoats, dupattas folded, hung or spread. Templates like those of `garments`."""

import numpy as np

from fashion_core.data.sources.drawing.backdrops import TABLES, backdrop
from fashion_core.data.sources.drawing.curves import both_sides, limb, smooth
from fashion_core.data.sources.drawing.fabrics import BRIGHT, PALETTE, Colour, Fabric, dye, pick, shift, weave
from fashion_core.data.sources.drawing.figures import Figure
from fashion_core.data.sources.drawing.scenes import Folds, Scene, Trim
from fashion_core.data.sources.drawing.tailoring import SAREE, border, hem_path, stage

LEGWEAR = tuple(
    "plain plain plain plain plain plain plain plain buti stripes bandhani block leheriya floral checks".split()
)


def legwear(
    rng,
    thigh: float,
    knee: float,
    ankle: float,
    crotch: float = 0.53,
    kind: str = "straight",
    hem: float | None = None,
    top: float = 0.34,
) -> Scene:
    """Anything with two legs: half-widths of one leg at thigh, knee and ankle, and how low the crotch hangs.

    kind: straight (leggings to palazzos), salwar (gathered into a cuff) or dhoti (draped across the front).
    """
    lay_flat = rng.random() < 0.12
    scene = stage(
        rng, top, 1.04, TABLES if lay_flat else ("studio", "studio", "studio", "gradient", "room", "outdoor"), roam=0.04
    )
    fig = Figure(scene, kind="ghost" if lay_flat else pick(rng, ("person", "mannequin", "ghost"), (0.55, 0.25, 0.2)))
    cloth = weave(rng, LEGWEAR, zoom=scene.zoom * 0.8)
    hem = hem if hem is not None else rng.uniform(0.93, 0.965)
    spread = fig.stance + rng.uniform(0.0, 0.02) + max(0.0, ankle - 0.03) * 0.6
    fig.legs() if hem > 0.9 else fig.legs(0.965)
    fig.feet(dye(rng) if rng.random() < 0.6 else None)
    fig.torso()
    waist = fig.waist + 0.012
    bordered = rng.random() < (0.75 if kind != "straight" else 0.3)
    for side in (-1, 1):
        x = side * spread
        wide = side * knee
        outer = [
            (side * waist, 0.405),
            (side * (fig.hip + max(0.0, thigh - 0.05) * 0.6), 0.5),
            (x + wide, 0.73),
            (x + side * ankle, hem),
        ]
        inner = [(x - side * ankle, hem), (x - wide * 0.85, 0.76), (side * 0.004, max(crotch + 0.02, 0.55))]
        if kind != "straight":
            belly = 0.86 if kind == "salwar" else 0.8
            outer[3:] = [(x + wide * 0.75, belly), (x + side * ankle, hem - 0.03), (x + side * ankle, hem)]
            inner = [(x - side * ankle, hem), (x - side * ankle, hem - 0.03), (side * 0.006, crotch)]
        contour = np.vstack([smooth(outer, 6), smooth(inner, 6), [(0, crotch), (0, 0.405)]])
        cuff = np.array([(x + side * (ankle + 0.02), hem), (x - side * (ankle + 0.02), hem)])
        trims = border(cuff, 0.024 if ankle < 0.05 else 0.035, cloth.accent, cloth.zari) if bordered else []
        if kind == "straight":
            fine = ankle < 0.045
            folds = Folds((x, 0.1 if not fine else -0.4), 2.5 if fine else 4.5, 0.14 if fine else 0.34)
        else:
            folds = Folds((side * (waist + 0.05), 0.3), 8, 0.42, (-side * 0.35, 1), bend=side * 4)
        scene.cloth(contour, cloth, folds, trims, 0.38)
        if kind == "straight" and ankle < 0.035:  # churidar rings where a long legging bunches up
            for k in range(int(rng.integers(0, 5))):
                y = hem - 0.012 - 0.017 * k
                scene.cloth(
                    limb([(x - ankle * 1.05, y), (x, y + 0.006), (x + ankle * 1.05, y)], (0.0025, 0.003, 0.0025)),
                    shift(cloth.base, -0.3),
                    depth=0,
                )
    if kind == "dhoti":
        _dhoti_front(scene, cloth, waist, fig.hip, knee, hem)
    band = [(waist + 0.004, 0.395), (waist + 0.012, 0.43)]
    scene.cloth(both_sides(band), shift(cloth.base, -0.12), Folds((0, -0.2), 12, 0.25), depth=0.2)
    if rng.random() < 0.62 and not lay_flat:
        _top(scene, fig, rng)
    elif rng.random() < 0.5:
        _drawstring(scene, cloth.zari if rng.random() < 0.4 else shift(cloth.base, -0.3))
    return scene


def _dhoti_front(scene: Scene, cloth: Fabric, waist: float, hip: float, knee: float, hem: float) -> None:
    """The free end: pleated at the waist, falling in a slanted, stepped edge between the legs."""
    rng = scene.rng
    low, side = rng.uniform(0.7, 0.84), pick(rng, (-1, 1))
    flap = np.array([(-0.028, 0.41), (0.032, 0.41), (0.062, 0.55), (0.068, low - 0.09), (-0.05, low), (-0.042, 0.55)])
    flap = flap * (side, 1)
    zari = cloth.zari if rng.random() < 0.6 else cloth.accent
    folds = Folds((0, 0.25), 5, 0.5, sharp=1.4)
    scene.cloth(flap, cloth, folds, border(flap[[3, 4]], rng.uniform(0.02, 0.04), zari, cloth.zari), 0.2, 0.45)
    for k in range(2):  # cowls from the hips
        y = 0.52 + 0.08 * k
        for s in (-1, 1):
            scene.cloth(
                limb(
                    [(s * (hip + 0.01), y - 0.05), (s * hip * 0.7, y + 0.05), (s * 0.02, y + 0.1)],
                    (0.003, 0.005, 0.002),
                ),
                shift(cloth.base, -0.28),
                depth=0,
            )


def _top(scene: Scene, fig: Figure, rng) -> None:
    """The plain top, or the edge of a kurta, that a model wears with legwear; with a hand or two beside it."""
    shirt = weave(
        rng,
        ("plain", "plain", "stripes", "buti"),
        base=dye(rng, ("white", "black", "ivory", "grey") + BRIGHT),
        zoom=scene.zoom,
    )
    low = rng.uniform(0.42, 0.5)
    half = [(fig.chest, 0.25), (fig.waist + 0.02, 0.375), (fig.hip + 0.012, low)]
    scene.cloth(
        np.vstack([half, hem_path(fig.hip + 0.012, low, 0.008), np.array(half[::-1]) * (-1, 1)]),
        shirt,
        Folds((0, -0.4), 4, 0.18),
        depth=0.3,
        cast=0.4,
    )
    for side in (-1, 1):
        fig.arm(side)


def _drawstring(scene: Scene, colour: Colour) -> None:
    for side in (-1, 1):
        end = (side * scene.rng.uniform(0.012, 0.035), scene.rng.uniform(0.49, 0.56))
        scene.cloth(limb([(0, 0.415), (side * 0.018, 0.45), end], (0.0035, 0.0035, 0.0035)), colour, depth=0)
        scene.cloth(
            smooth(
                [(end[0] - 0.006, end[1] + 0.02), (end[0], end[1] - 0.004), (end[0] + 0.006, end[1] + 0.02)], 2, True
            ),
            colour,
            depth=0,
        )


def petticoat(rng, wide: tuple[float, float] = (0.12, 0.21), frill: float = 0.5, rich: bool = False) -> Scene:
    """An underskirt: a plain six-panel skirt on a drawstring, often with a frill."""
    scene = stage(
        rng, 0.33, 1.04, TABLES if rng.random() < 0.2 else ("studio", "studio", "gradient", "room"), roam=0.04
    )
    fig = Figure(scene, kind=pick(rng, ("person", "mannequin", "ghost"), (0.4, 0.25, 0.35)))
    cloth = weave(
        rng, SAREE if rich else ("plain", "plain", "plain", "plain", "plain", "plain", "buti"), zoom=scene.zoom * 0.8
    )
    fig.torso()
    fig.feet()
    width, low = rng.uniform(*wide), rng.uniform(0.93, 0.975)
    fish = rng.random() < 0.2
    middle = (fig.hip + 0.008, 0.72) if fish else (fig.hip * 0.45 + width * 0.58, 0.7)
    half = smooth([(fig.waist + 0.012, 0.405), (fig.hip + 0.014, 0.49), middle, (width, low)], 6)
    path = hem_path(width, low, 0.018, 0.004, 5, rng.uniform(0, 6))
    trims: list[Trim] = []
    if rng.random() < frill:
        y = low - rng.uniform(0.05, 0.12)
        trims.append(Trim("patch", np.vstack([path + (0, 0.01), path[::-1] - (0, low - y)]), shift(cloth.base, -0.08)))
        trims.append(Trim("line", path - (0, low - y), shift(cloth.base, -0.3), 0.007))
    if rng.random() < 0.5:
        trims.append(Trim("line", path - (0, 0.014), shift(cloth.base, -0.25), 0.005))
    for x in (-0.35, 0.35):  # the seams of the panels
        trims.append(Trim("line", [(x * fig.waist, 0.43), (x * width, low)], shift(cloth.base, -0.16), 0.004))
    scene.cloth(
        np.vstack([half, path, half[::-1] * (-1, 1)]), cloth, Folds((0, 0.15), rng.uniform(4, 8), 0.24), trims, 0.38
    )
    scene.cloth(
        both_sides([(fig.waist + 0.014, 0.395), (fig.waist + 0.02, 0.432)]),
        shift(cloth.base, -0.14),
        Folds((0, -0.2), 14, 0.2),
        depth=0.2,
    )
    if rng.random() < 0.85:
        _drawstring(scene, shift(cloth.base, -0.35) if rng.random() < 0.6 else PALETTE["ivory"])
    if not fig.bare and rng.random() < 0.45:
        shirt = dye(rng, ("black", "white", "wine") + BRIGHT)
        scene.cloth(both_sides([(fig.chest, 0.25), (fig.waist + 0.012, rng.uniform(0.345, 0.375))]), shirt, depth=0.3)
        for side in (-1, 1):
            fig.arm(side)
    return scene


def scarf(rng, how: str | None = None) -> Scene:
    """A dupatta by itself: folded to a rectangle, hung over a rod, or spread out."""
    how = how or pick(rng, ("folded", "hung", "spread"))
    table = how == "folded" or (how == "spread" and rng.random() < 0.5)
    scene = Scene(
        rng,
        backdrop(rng, TABLES if table else ("studio", "gradient", "room")),
        -0.5,
        0.5,
        rng.normal(0, 0.02),
        rng.normal(0, 3 if how != "folded" else 8),
    )
    scene.zoom = rng.uniform(1.2, 2)
    cloth = weave(rng, SAREE + ("block", "sequins"), zoom=scene.zoom)
    edge, deep = cloth.accent, rng.uniform(0.05, 0.11)
    if how == "folded":
        w, h = rng.uniform(0.2, 0.34), rng.uniform(0.3, 0.42)
        for k in range(3, 0, -1):  # the layers below
            d = 0.012 * k
            scene.cloth(
                [(-w + d, -h + d), (w + d, -h + d), (w + d, h + d), (-w + d, h + d)],
                shift(cloth.base, -0.12 * k),
                depth=0.1,
                cast=0.4 if k == 3 else 0,
            )
        path = np.array([(w, h), (-w, h)])
        trims = border(path, deep * 1.5, edge, cloth.zari) + [
            Trim("line", [(w - 0.02, -h), (w - 0.02, h)], edge, 0.045),
            Trim("line", [(-w + 0.02, -h), (-w + 0.02, h)], edge, 0.045),
        ]
        scene.cloth([(-w, -h), (w, -h), (w, h), (-w, h)], cloth, Folds((0, -8), 2, 0.08), trims, 0.1, 0.3)
        scene.threads(path, 0.05, cloth.zari, 0.02, rng.random() < 0.5)
        return scene
    if how == "hung":
        rod = rng.uniform(-0.44, -0.34)
        w, low = rng.uniform(0.16, 0.3), rng.uniform(0.3, 0.44)
        shade = PALETTE[pick(rng, ("brown", "charcoal", "tan"))]
        scene.cloth(
            [(-0.6, rod - 0.012), (0.6, rod - 0.012), (0.6, rod + 0.012), (-0.6, rod + 0.012)],
            shade,
            depth=0.4,
            cast=0.3,
        )
        back = np.array([(-w * 0.9 + 0.05, rod), (w + 0.06, rod), (w + 0.07, low - 0.14), (-w + 0.06, low - 0.14)])
        scene.cloth(
            back, cloth, Folds((0, -2), 5, 0.35), border(back[2:], deep, edge, cloth.zari), 0.2, 0.35, tint=-0.2
        )
        front = np.array([(-w, rod - 0.012), (w * 0.92, rod - 0.012), (w, low), (-w * 1.05, low + 0.015)])
        trims = border(front[2:], deep * 1.4, edge, cloth.zari) + [
            Trim("line", front[1:3] - (0.012, 0), edge, 0.03),
            Trim("line", [front[0] + (0.012, 0), front[3] + (0.012, 0)], edge, 0.03),
        ]
        scene.cloth(front, cloth, Folds((0, -1.6), rng.uniform(4, 9), 0.4), trims, 0.22, 0.4)
        scene.threads(front[2:], 0.05, cloth.zari, 0.02, rng.random() < 0.5)
        return scene
    a, b = rng.uniform(0.05, 0.2), rng.uniform(0.3, 0.45)
    sheet = np.array([(-b, -0.4), (b - a, -0.34), (b, 0.3), (0.05, 0.4), (-b + a, 0.34), (-b - 0.02, 0.0)])
    path = smooth(sheet[2:5], 5)
    trims = border(path, deep, edge, cloth.zari) + [
        Trim("line", sheet[1:3], edge, 0.05),
        Trim("line", sheet[[0, 5, 4]], edge, 0.04),
    ]
    scene.cloth(
        np.vstack([smooth(sheet[[0, 1, 2]], 4), path, smooth(sheet[[4, 5, 0]], 4)]),
        cloth,
        Folds((-0.3, -1.0), 6, 0.34, (0.3, 1)),
        trims,
        0.2,
        0.4,
    )
    scene.threads(path, 0.045, cloth.zari, 0.02)
    return scene
