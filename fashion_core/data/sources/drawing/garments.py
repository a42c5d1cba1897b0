"""Dress a woman: kurta, anarkali, gown, saree, lehenga, blouse.

Each template takes a random generator (and wishes) and returns a Scene ready to be photographed. It does not know which
class it is drawn for: what a class looks like, and where two classes look alike, is decided in `catalogue`.
"""

import numpy as np

from fashion_core.data.sources.drawing.backdrops import TABLES
from fashion_core.data.sources.drawing.curves import both_sides, limb, smooth
from fashion_core.data.sources.drawing.fabrics import contrast, dye, pick, shift, weave
from fashion_core.data.sources.drawing.figures import Figure
from fashion_core.data.sources.drawing.scenes import Folds, Scene, Trim
from fashion_core.data.sources.drawing.tailoring import (
    EVERYDAY,
    FESTIVE,
    SAREE,
    bodice,
    border,
    hem_path,
    neck,
    scarf_before,
    scarf_behind,
    stage,
    trousers,
)


def dress(
    rng,
    hem: float,
    flare: float,
    slit: bool = True,
    seam: float = 0.0,
    lower: str = "leggings",
    scarf: str = "",
    top: float = -0.04,
    bottom: float = 1.03,
    prints=EVERYDAY,
    wide: float = 1.0,
    quiet: bool = False,
) -> Scene:
    """A woman's kurta, anarkali or gown: `hem` is its length, `flare` its extra width there, `seam` a seam's height."""
    scene = stage(rng, top, bottom)
    arms = (
        ("down", pick(rng, ("raised", "down", "away")))
        if scarf == "open"
        else ("carry", "carry")
        if scarf == "arms"
        else None
    )
    fig = Figure(scene, arms=arms)
    cloth = weave(rng, ("plain", "plain", "chikan") if quiet else prints, zoom=scene.zoom)
    second = dye(rng) if rng.random() < 0.5 else cloth.accent
    veil = weave(rng, SAREE, base=second, zoom=scene.zoom) if scarf else cloth
    fig.back_hair()
    scarf_behind(scene, fig, scarf, veil)
    if hem < 0.95:
        fig.legs()
        trousers(scene, fig, lower, dye(rng, ("white", "ivory", "black", "navy")) if rng.random() < 0.4 else second)
    else:
        fig.feet(dye(rng, ("tan", "beige", "black", "wine")))
    fig.torso()
    width = fig.hip + 0.016 + flare
    gather = seam or (0.42 if flare > 0.06 else 0.0)
    half = bodice(fig, gather, fig.waist + 0.014) if gather else bodice(fig, 0.5, fig.hip + 0.014)
    if gather:
        half = np.vstack(
            [
                half,
                smooth([half[-1], (half[-1, 0] + flare * 0.45 + 0.02, gather + (hem - gather) * 0.4), (width, hem)], 5),
            ]
        )
    else:
        half = np.vstack([half, [(width * (0.97 if slit else 1), hem)]])
    path = hem_path(half[-1, 0], hem, 0.012 + flare * 0.06, flare * 0.06, int(rng.integers(3, 7)), rng.uniform(0, 6))
    if slit and not gather:
        panel = both_sides([(fig.hip + 0.012, 0.5), (width + 0.016, hem - 0.012)])
        scene.cloth(panel, shift(cloth.base, -0.45), depth=0.2)
    trims: list[Trim] = []
    if rng.random() < 0.65:
        trims += border(
            path, pick(rng, (0.018, 0.03, 0.05, 0.08)), pick(rng, (cloth.accent, second, cloth.zari)), cloth.zari
        )
    if gather:
        trims.append(Trim("line", [(-0.2, gather), (0.2, gather)], pick(rng, (cloth.zari, cloth.accent)), 0.016))
    front = rng.random()
    if front < 0.3:
        yoke = both_sides([(0.04, 0.16), (0.045, rng.uniform(0.27, 0.4))])
        trims.append(
            Trim("patch", yoke, weave(rng, ("brocade", "jaal", "buti"), base=cloth.base, zoom=scene.zoom * 0.7))
        )
    elif front < 0.55:
        low = hem if rng.random() < 0.4 else rng.uniform(0.3, 0.45)
        trims += [
            Trim("line", [(0, 0.16), (0, low)], cloth.zari, 0.022),
            Trim("dots", [(0, 0.2), (0, low)], shift(cloth.base, -0.4), 0.01, 0.03),
        ]
    count, deep = (6 + flare * 30, 0.34) if flare > 0.05 else (4, 0.2)
    folds = Folds((0, (gather or 0.3) - 0.12 - 0.1 / (0.2 + flare)), count, deep)
    scene.cloth(np.vstack([half, path, half[::-1] * (-1, 1)]), cloth, folds, trims, 0.34, 0.2)
    neck(
        scene,
        fig,
        pick(rng, ("round", "v", "round", "square")),
        rng.uniform(0.03, 0.08),
        cloth.zari if rng.random() < 0.6 else None,
        cloth.base,
    )
    share = pick(rng, (0.0, 0.3, 0.6, 0.75, 0.95), (2, 3, 3, 3, 1))
    for side in (-1, 1):
        fig.arm(side)
        if share:
            fig.sleeve(side, cloth, share, trim=cloth.zari if trims else None, flare=0.02 if rng.random() < 0.12 else 0)
    fig.head()
    if scarf:
        scarf_before(scene, fig, scarf, veil, wide)
    return scene


def saree(rng, top: float = -0.04, bottom: float = 1.03, kind: str | None = None) -> Scene:
    """A nivi drape: pleats in front, a wrapped skirt, the pallu from the hip over one shoulder."""
    scene = stage(rng, top, bottom)
    fig = Figure(scene, kind=kind or pick(rng, ("person", "mannequin"), (0.85, 0.15)))
    cloth = weave(rng, SAREE, zoom=scene.zoom)
    edge = cloth.accent if rng.random() < 0.7 else cloth.zari
    choli = weave(
        rng,
        ("plain", "brocade", "buti", "plain"),
        base=edge if rng.random() < 0.6 else contrast(rng, cloth.base),
        zoom=scene.zoom,
    )
    deep = pick(rng, (0.025, 0.04, 0.055, 0.08))
    shoulder, fall = fig.shoulder * 0.7, rng.uniform(0.5, 0.82)
    fig.back_hair()
    behind = [
        (shoulder - 0.02, 0.17),
        (shoulder + 0.05, 0.2),
        (fig.hip + rng.uniform(0.04, 0.12), fall),
        (fig.hip - 0.03, fall + 0.03),
    ]
    scene.cloth(
        behind,
        cloth,
        Folds((shoulder, 0.0), 4, 0.35),
        border(np.array(behind[2:]), deep * 1.6, edge, cloth.zari) + [Trim("line", behind[1:3], edge, deep * 0.7)],
        tint=-0.08,
    )
    scene.threads(behind[2:], 0.02, cloth.zari)
    fig.feet()
    fig.torso()
    low, width = 0.965, rng.uniform(0.11, 0.15)
    half = smooth([(fig.waist + 0.006, 0.405), (fig.hip + 0.012, 0.5), (fig.hip + 0.02, 0.68), (width, low)], 5)
    path = hem_path(width, low, 0.012, 0.005, 4, rng.uniform(0, 6))
    trims = border(path, deep, edge, cloth.zari)
    skirt = np.vstack([half, path, half[::-1] * (-1, 1)])
    scene.cloth(skirt, cloth, Folds((-0.12, 0.1), 6, 0.26, (0.15, 1)), trims, 0.36)
    pleat = [(-0.03, 0.405), (0.022, 0.405), (0.05 + width * 0.2, low + 0.01), (-0.05 - width * 0.1, low + 0.012)]
    scene.cloth(
        pleat,
        cloth,
        Folds((0, 0.2), 5.5, 0.5, sharp=1.4),
        border(np.array([pleat[2], pleat[3]]), deep, edge, cloth.zari),
        0.15,
        turned=True,
    )
    body = bodice(fig, 0.325, fig.waist + 0.016)
    scene.cloth(
        both_sides(body),
        choli,
        Folds((0, -0.3), 4, 0.12),
        [Trim("line", [(-0.1, 0.32), (0.1, 0.32)], choli.zari, 0.012)],
        0.32,
    )
    neck(scene, fig, pick(rng, ("round", "v", "square", "sweet")), rng.uniform(0.03, 0.06), None, choli.base)
    share = pick(rng, (0.0, 0.28, 0.3, 0.55), (1, 3, 3, 2))
    for side in (-1, 1):
        fig.arm(side)
        if share:
            fig.sleeve(side, choli, share, 0.03, trim=choli.zari)
    fig.head()
    open_pallu = rng.random() < 0.3
    inner = -0.005 if open_pallu else rng.uniform(0.01, 0.035)
    pallu = np.array(
        [
            (-fig.hip - 0.012, 0.49),
            (-fig.waist - 0.012, 0.4),
            (-0.055, 0.3),
            (inner, 0.2),
            (shoulder - 0.03, 0.16),
            (shoulder + 0.028, 0.172),
            (fig.chest * 0.95, 0.28),
            (0.05, 0.38),
            (0.01, 0.47),
            (-0.04, 0.52),
        ]
    )
    sewn = [
        Trim("line", smooth(pallu[1:5], 4) + (0.006, 0.006), edge, max(0.018, deep * 0.6)),
        Trim("line", smooth(pallu[1:5], 4) + (0.016, 0.012), cloth.zari, 0.006),
    ]
    scene.cloth(smooth(pallu, 4, True), cloth, Folds((shoulder, 0.08), 5, 0.4, (-0.45, 1)), sewn, 0.3, 0.4, turned=True)
    if open_pallu:  # falls open over the forearm
        x = fig.shoulder + 0.035
        sheet = [(shoulder - 0.01, 0.175), (x + 0.01, 0.23), (x + 0.05, fall), (x - 0.1, fall + 0.03)]
        scene.cloth(
            sheet,
            cloth,
            Folds((shoulder, 0.0), 4, 0.35),
            border(np.array(sheet[2:]), deep * 2, edge, cloth.zari),
            0.25,
            0.4,
        )
        scene.threads(sheet[2:], 0.02, cloth.zari)
    return scene


def lehenga(
    rng, top: float = -0.04, bottom: float = 1.03, scarf: str | None = None, flare: tuple[float, float] = (0.27, 0.39)
) -> Scene:
    """A choli, a bare midriff, a skirt wide enough to twirl, and usually a dupatta."""
    scene = stage(rng, top, bottom, roam=0.03)
    fig = Figure(scene, kind=pick(rng, ("person", "mannequin", "ghost"), (0.75, 0.18, 0.07)))
    cloth = weave(rng, FESTIVE + ("leheriya", "bandhani"), zoom=scene.zoom)
    choli = cloth if rng.random() < 0.5 else weave(rng, FESTIVE, zoom=scene.zoom)
    veil = weave(
        rng,
        ("plain", "buti", "sequins", "plain"),
        base=pick(rng, (choli.base, cloth.accent, dye(rng))),
        zoom=scene.zoom,
    )
    how = pick(rng, ("side", "arms", "u", "", "side")) if scarf is None else scarf
    fig.back_hair()
    scarf_behind(scene, fig, how, veil)
    fig.torso()
    wide, low = rng.uniform(*flare), rng.uniform(0.945, 0.985)
    half = smooth([(fig.waist + 0.008, 0.405), (fig.hip + 0.03, 0.47), (wide * 0.66, 0.7), (wide, low)], 6)
    path = hem_path(wide, low, 0.025, 0.008, int(rng.integers(4, 8)), rng.uniform(0, 6))
    trims = border(
        path,
        pick(rng, (0.05, 0.08, 0.11, 0.15)),
        pick(rng, (cloth.accent, weave(rng, ("brocade", "buti"), base=cloth.accent, zoom=scene.zoom))),
        cloth.zari,
    )
    if rng.random() < 0.4:
        trims += [Trim("line", hem_path(wide * 0.8, y, 0.02), cloth.zari, 0.012) for y in (0.78, 0.68)]
    trims.append(Trim("line", [(-0.2, 0.415), (0.2, 0.415)], cloth.zari, 0.02))
    scene.cloth(
        np.vstack([half, path, half[::-1] * (-1, 1)]), cloth, Folds((0, 0.3), rng.uniform(8, 14), 0.36), trims, 0.35
    )
    scene.cloth(
        both_sides(bodice(fig, rng.uniform(0.29, 0.33), fig.waist + 0.014)),
        choli,
        None,
        [Trim("line", [(-0.1, 0.305), (0.1, 0.305)], choli.zari, 0.014)],
        0.32,
    )
    neck(scene, fig, pick(rng, ("round", "v", "sweet")), rng.uniform(0.03, 0.06), choli.zari, choli.base)
    share = pick(rng, (0.0, 0.28, 0.6))
    for side in (-1, 1):
        fig.arm(side)
        if share:
            fig.sleeve(side, choli, share, 0.029, trim=choli.zari)
    fig.head()
    if how:
        scarf_before(scene, fig, how, veil)
    return scene


def blouse(rng, top: float = 0.08, bottom: float = 0.5, kind: str | None = None) -> Scene:
    """A saree blouse near the camera: short bodice, short sleeves, from the front or from the back with its dori."""
    flat = rng.random() < 0.3
    scene = stage(
        rng, top + 0.03 * flat, bottom - 0.05 * flat, TABLES if flat else ("studio", "gradient", "room"), roam=0.04
    )
    kind = kind or ("ghost" if flat else pick(rng, ("person", "mannequin"), (0.6, 0.4)))
    fig = Figure(scene, kind=kind, arms=("away", "away") if flat else None)
    cloth = weave(rng, FESTIVE + ("ikat", "bandhani"), zoom=scene.zoom * 0.8)
    back = rng.random() < 0.4
    if not back:
        fig.back_hair()
    fig.torso()
    if not flat:  # the start of the skirt or saree below
        skirt = weave(rng, SAREE, zoom=scene.zoom)
        scene.cloth(
            both_sides([(fig.waist + 0.01, 0.405), (fig.hip + 0.03, 0.48), (fig.hip + 0.05, 0.6)]),
            skirt,
            Folds((0, 0.1), 7, 0.3),
            [Trim("line", [(-0.2, 0.41), (0.2, 0.41)], skirt.zari, 0.016)],
            cast=0.3,
        )
    low = rng.uniform(0.3, 0.35)
    trims = border(hem_path(0.12, low, 0.006), 0.018, cloth.accent, cloth.zari)
    if not back and rng.random() < 0.5:
        trims.append(Trim("dots", [(0, 0.2), (0, low)], cloth.zari, 0.007, 0.022))
    scene.cloth(
        both_sides(bodice(fig, low, fig.waist + 0.016)), cloth, Folds((0, 0.6), 5, 0.14, (0, -1)), trims, 0.34, 0.4
    )
    share, flare = pick(rng, (0.0, 0.22, 0.3, 0.5), (1, 3, 4, 2)), pick(rng, (0, 0, 0.012))
    for side in (-1, 1):
        fig.arm(side)
        if share:
            fig.sleeve(side, cloth, share, 0.031, flare, trim=pick(rng, (cloth.zari, cloth.accent)))
    if back:
        deep = rng.uniform(0.06, 0.11)
        neck(scene, fig, pick(rng, ("round", "square", "v")), deep, cloth.zari, cloth.base, 0.058)
        scene.cloth(limb([(-0.055, 0.185), (0, 0.192), (0.055, 0.185)], (0.003, 0.003)), cloth.zari, depth=0)
        for side in (-1, 1):
            scene.cloth(
                limb([(0, 0.192), (side * 0.012, 0.24), (side * 0.014, 0.285)], (0.002, 0.002)), cloth.zari, depth=0
            )
            scene.cloth(
                smooth(
                    [
                        (side * 0.014 - 0.008, 0.3),
                        (side * 0.014, 0.28),
                        (side * 0.014 + 0.008, 0.3),
                        (side * 0.014, 0.312),
                    ],
                    3,
                    True,
                ),
                cloth.accent,
                depth=0.3,
            )
        if fig.kind == "person":
            scene.cloth(
                smooth(both_sides([(0.02, -0.02), (0.046, 0.03), (0.04, 0.1), (0.016, 0.14)]), 4, True),
                fig.hair,
                Folds((0, 0), 6, 0.25),
            )
    else:
        neck(
            scene,
            fig,
            pick(rng, ("round", "v", "square", "sweet")),
            rng.uniform(0.03, 0.07),
            cloth.zari if rng.random() < 0.7 else None,
            cloth.base,
            0.052,
        )
        fig.head()
    return scene
