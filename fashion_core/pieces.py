"""Lay out single pieces: legwear, petticoats, dupattas that are folded or hung, and pairs of mojaris.

Templates like those of `garments`: a random generator and wishes in, a Scene out; which class they stand for is decided in `drawn`.
"""

import numpy as np

from fashion_core.fabrics import BRIGHT, PALETTE, Colour, Fabric, contrast, dye, pick, shift, weave
from fashion_core.figures import Figure
from fashion_core.garments import SAREE, border, hem_path, stage
from fashion_core.scenes import TABLES, Folds, Scene, Trim, backdrop, both_sides, limb, smooth

LEGWEAR = tuple("plain plain plain plain plain buti stripes bandhani block leheriya floral checks".split())


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
    """Anything with two legs, seen from the waist down. Half-widths of one leg at thigh, knee and ankle; `crotch` is how low it hangs.

    kind: straight (leggings to palazzos), salwar (gathered into a cuff) or dhoti (draped across the front).
    """
    lay_flat = rng.random() < 0.12
    scene = stage(
        rng, top, 1.04, TABLES if lay_flat else ("studio", "studio", "gradient", "room", "outdoor"), roam=0.04
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


def _place(points, at: tuple[float, float], degrees: float, length: float, mirror: int) -> np.ndarray:
    turn = np.deg2rad(degrees)
    p = np.asarray(points, float) * (mirror, 1) * length
    return p @ np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]]) + at


def mojaris(
    rng,
    slim: float,
    ornament: float,
    low_cut: float,
    curl: float,
    colours=BRIGHT + ("tan", "brown", "black", "ivory", "beige"),
) -> Scene:
    """A pair of mojaris. slim (half-width for length 1), ornament (0..1), low_cut (how far forward the throat opens), curl (size of the toe)."""
    scene = Scene(
        rng,
        backdrop(rng, ("studio", "studio", "gradient", "wood", "tiles", "marble", "room")),
        -0.5,
        0.5,
        rng.normal(0, 0.03),
        rng.normal(0, 4),
    )
    scene.zoom = 1.1
    rich = rng.random() < ornament
    prints = (
        ("buti", "jaal", "brocade", "floral", "sequins", "bandhani", "ikat")
        if rich
        else ("plain", "plain", "stripes", "plain", "brocade")
    )
    upper = weave(rng, prints, base=dye(rng, colours), zoom=rng.uniform(0.6, 1.0))
    lining = shift(dye(rng, ("tan", "beige", "brown", "madder", "ivory", "rani")), rng.uniform(-0.1, 0.2))
    pom = rich and rng.random() < 0.3
    view = pick(rng, ("above", "vee", "side", "both"), (3, 2, 3, 1.5))
    if view in ("above", "vee"):
        angle, gap = (
            (rng.uniform(-3, 8), rng.uniform(0.16, 0.22))
            if view == "above"
            else (rng.uniform(12, 28), rng.uniform(0.18, 0.24))
        )
        for side in (-1, 1):
            at = (side * gap, rng.uniform(-0.02, 0.04))
            _from_above(scene, upper, lining, at, side * angle, 0.74, side, slim, ornament, low_cut, curl, pom)
    elif view == "side":
        flip = pick(rng, (-1, 1))
        _from_side(
            scene, upper, lining, (0.06, -0.14), rng.normal(0, 3), 0.68, flip, slim, ornament, low_cut, curl, pom
        )
        _from_side(
            scene, upper, lining, (-0.04, 0.16), rng.normal(0, 4), 0.74, flip, slim, ornament, low_cut, curl, pom
        )
    else:
        _from_above(
            scene, upper, lining, (-0.2, 0.0), rng.uniform(-14, 6), 0.74, -1, slim, ornament, low_cut, curl, pom
        )
        _from_side(
            scene, upper, lining, (0.18, 0.06), rng.uniform(-80, -60), 0.66, 1, slim, ornament, low_cut, curl, pom
        )
    return scene


def _from_above(
    scene, upper: Fabric, lining: Colour, at, degrees, length, side, slim, ornament, low_cut, curl, pom
) -> None:
    rng = scene.rng

    def put(points):
        return _place(points, at, degrees, length, side)

    w = slim
    sole = [(0.01, -0.53), (0.3 * w, -0.46), (0.8 * w, -0.34), (1.02 * w, -0.2), (0.92 * w, 0.05), (0.74 * w, 0.28), (0.66 * w, 0.43), (0, 0.5),
            (-0.66 * w, 0.43), (-0.72 * w, 0.28), (-0.78 * w, 0.05), (-0.92 * w, -0.2), (-0.74 * w, -0.35), (-0.3 * w, -0.46)]  # fmt: skip
    scene.cloth(put(smooth(np.array(sole) * 1.04, 4, True)), shift(PALETTE["brown"], -0.3), depth=0.1, cast=0.6)
    throat = -0.14 - low_cut * 0.16
    mouth = np.array(
        [
            (0, throat),
            (0.42 * w, throat + 0.07),
            (0.68 * w, throat + 0.22),
            (0.6 * w, 0.3),
            (0.5 * w, 0.43),
            (0, 0.465),
            (-0.5 * w, 0.43),
            (-0.58 * w, 0.3),
            (-0.6 * w, throat + 0.22),
            (-0.4 * w, throat + 0.07),
        ]
    )
    rim = put(smooth(mouth, 4, True))
    trims: list[Trim] = []
    if ornament > 0.35:
        petal = smooth([(0, throat - 0.03), (0.26 * w, throat - 0.12), (0, -0.44), (-0.26 * w, throat - 0.12)], 4, True)
        trims += [
            Trim("patch", put(petal), upper.accent),
            Trim("line", put(petal), upper.zari, 0.008),
            Trim("dots", put([(0, throat - 0.06), (0, -0.4)]), upper.zari, 0.014, 0.04),
        ]
        trims.append(Trim("dots", put(smooth(np.array(sole) * 0.9, 4, True)), upper.zari, 0.008, 0.03))
    else:
        trims.append(Trim("line", put([(0, throat), (0, -0.5)]), shift(upper.base, -0.35), 0.008))
    trims.append(
        Trim("line", np.vstack([rim, rim[:1]]), upper.zari if ornament > 0.2 else shift(upper.base, -0.35), 0.028)
    )
    scene.cloth(put(smooth(sole, 4, True)), upper, None, trims, 0.5)
    scene.cloth(
        rim, lining, None, [Trim("line", put([(-0.2, 0.34), (0.2, 0.34)]), shift(lining, -0.2), 0.012)], 0.5, tint=-0.12
    )
    tip = [
        (0.0, -0.49),
        (0.0, -0.53 - curl * 0.6),
        (0.03 + curl * 0.3, -0.53 - curl * 0.75),
        (0.04 + curl * 0.5, -0.5 - curl * 0.2),
    ]
    scene.cloth(put(limb(tip, (0.26 * w, 0.14 * w, 0.1 * w, 0.05 * w))), shift(upper.base, -0.12), depth=0.4, cast=0.3)
    if pom:
        x, y = put([(0, throat - 0.03)])[0]
        ball = [(x + 0.035 * np.cos(a), y + 0.035 * np.sin(a)) for a in np.linspace(0, 6.28, 12)]
        scene.cloth(ball, contrast(rng, upper.base), depth=0.5, cast=0.3)


def _from_side(
    scene, upper: Fabric, lining: Colour, at, degrees, length, side, slim, ornament, low_cut, curl, pom
) -> None:
    rng = scene.rng

    def put(points):
        return _place(points, at, degrees, length, side)

    tall = 0.95 + slim * 2
    front = 0.12 + low_cut * 0.2
    top = [
        (-0.47, 0.1),
        (-0.5, -0.04 * tall),
        (-0.46, -0.13 * tall),
        (-0.3, -0.06 * tall),
        (front - 0.18, -0.05 * tall),
        (front, -0.1 * tall),
        (0.32, -0.01),
        (0.46, 0.06),
    ]
    hook = [
        (0.52, 0.04),
        (0.55 + curl * 0.3, -0.02 - curl * 0.6),
        (0.52 + curl * 0.1, -0.06 - curl * 0.9),
        (0.47, -0.03 - curl * 0.7),
    ]
    inside = put(
        smooth(
            [
                (-0.46, -0.12 * tall),
                (-0.25, -0.1 * tall),
                (front - 0.1, -0.115 * tall),
                (front, -0.09 * tall),
                (front - 0.18, 0.0),
                (-0.3, 0.0),
            ],
            4,
            True,
        )
    )
    scene.cloth(
        put([(-0.49, 0.09), (0.45, 0.09), (0.53, 0.05), (0.5, 0.12), (0.42, 0.145), (-0.47, 0.145)]),
        shift(PALETTE["brown"], -0.35),
        depth=0.1,
        cast=0.6,
    )
    scene.cloth(inside, lining, depth=0.3, tint=-0.2)
    collar = smooth(top[2:6], 4)
    trims = [Trim("line", put(collar), upper.zari if ornament > 0.2 else shift(upper.base, -0.35), 0.024)]
    if ornament > 0.35:
        vamp = smooth(
            [(front - 0.06, -0.02), (front + 0.06, -0.06 * tall), (0.4, 0.03), (0.3, 0.09), (front, 0.07)], 4, True
        )
        trims += [
            Trim("patch", put(vamp), upper.accent),
            Trim("line", put(vamp), upper.zari, 0.008),
            Trim("dots", put([(front - 0.02, 0.0), (0.38, 0.055)]), upper.zari, 0.016, 0.045),
        ]
        trims.append(Trim("dots", put([(-0.48, 0.085), (0.4, 0.085)]), upper.zari, 0.01, 0.028))
    trims.append(Trim("line", put([(-0.3, -0.06), (-0.34, 0.12)]), shift(upper.base, -0.3), 0.006))
    body = np.vstack([smooth(top, 5), smooth(hook, 4)[:3], [(0.48, 0.1), (0.42, 0.12), (-0.46, 0.12)]])
    scene.cloth(put(body), upper, None, trims, 0.45)
    scene.cloth(put(limb([(0.42, 0.07), *hook], (0.05, 0.036, 0.026, 0.018, 0.008))), upper, depth=0.4)
    if pom:
        x, y = put([(front + 0.04, -0.1 * tall)])[0]
        ball = [(x + 0.035 * np.cos(a), y + 0.035 * np.sin(a)) for a in np.linspace(0, 6.28, 12)]
        scene.cloth(ball, contrast(rng, upper.base), depth=0.5, cast=0.2)
