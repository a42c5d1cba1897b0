"""Place a pair of mojaris, embroidered shoes with a curled toe. A template like those of `garments`."""

import numpy as np

from fashion_core.data.sources.drawing.backdrops import backdrop
from fashion_core.data.sources.drawing.curves import limb, smooth
from fashion_core.data.sources.drawing.fabrics import BRIGHT, PALETTE, Colour, Fabric, contrast, dye, pick, shift, weave
from fashion_core.data.sources.drawing.scenes import Scene, Trim


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
    """A pair of mojaris: `slim` is the half-width of length 1, `low_cut` how open the throat is, `curl` the toe."""
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
    sole = [
        (0.01, -0.53), (0.3 * w, -0.46), (0.8 * w, -0.34), (1.02 * w, -0.2), (0.92 * w, 0.05), (0.74 * w, 0.28),
        (0.66 * w, 0.43), (0, 0.5), (-0.66 * w, 0.43), (-0.72 * w, 0.28), (-0.78 * w, 0.05), (-0.92 * w, -0.2),
        (-0.74 * w, -0.35), (-0.3 * w, -0.46),
    ]  # fmt: skip
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
