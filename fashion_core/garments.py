"""Dress a figure: saree, lehenga, gown, kurta, dupatta, blouse, and the men's kurta, sherwani and nehru jacket.

Each template takes a random generator (and wishes) and returns a Scene ready to be photographed. It does not know which class it is
drawn for: what a class looks like, and where two classes look alike, is decided in `drawn`.
"""

import numpy as np

from fashion_core.fabrics import BRIGHT, SOBER, Colour, Fabric, contrast, dye, pick, shift, weave
from fashion_core.figures import Figure
from fashion_core.scenes import TABLES, Folds, Scene, Trim, backdrop, both_sides, limb, smooth

EVERYDAY = tuple("plain plain stripes checks buti bandhani block leheriya ikat floral chikan".split())
FESTIVE = tuple("plain plain buti jaal brocade floral ombre sequins chikan".split())
SAREE = tuple("plain plain buti jaal bars checks bandhani leheriya ikat ombre floral".split())
ROYAL = tuple("brocade jaal buti brocade chikan plain sequins".split())


def stage(
    rng, top: float, bottom: float, kinds=("studio", "studio", "gradient", "room", "outdoor"), roam: float = 0.05
) -> Scene:
    """A camera on somebody: framing with some play, a slight lean, a swing of the hips."""
    size = bottom - top
    top, bottom = top + size * rng.normal(0, 0.022), bottom + size * rng.normal(0, 0.022)
    center = float(np.clip(rng.normal(0, roam), -2 * roam, 2 * roam)) * size
    scene = Scene(rng, backdrop(rng, kinds), top, bottom, center, rng.normal(0, 1.6), rng.normal(0, 0.012))
    if bottom > 0.95 and kinds is not TABLES:
        scene.shadow(0, 0.992, 0.17, 0.022, rng.uniform(0.25, 0.55))
    return scene


def hem_path(
    width: float, y: float, sag: float = 0.012, waves: float = 0.0, count: int = 5, phase: float = 0.0
) -> np.ndarray:
    """A hem from right to left, lower in the middle, waving where the folds end."""
    t = np.linspace(1, -1, 33)
    return np.stack([width * t, y + sag * (1 - t * t) + waves * np.sin(np.pi * count * t + phase)], 1)


def border(path: np.ndarray, height: float, colour: Colour | Fabric, zari: Colour) -> list[Trim]:
    """A woven border above a hem: a band, two zari lines, a row of dots."""
    band = np.vstack([path, path[::-1] - (0, height)])
    trims = [Trim("patch", band, colour), Trim("line", path - (0, height), zari, max(0.006, height * 0.16))]
    trims.append(Trim("line", path - (0, 0.004), zari, max(0.006, height * 0.14)))
    if height > 0.03:
        trims.append(Trim("dots", path - (0, height / 2), zari, height * 0.28, height * 0.7))
    return trims


def neck(
    scene: Scene, fig: Figure, how: str, depth: float, trim: Colour | None, lining: Colour, width: float = 0.05
) -> None:
    """The opening at the neck, with embroidery round it."""
    shapes = {
        "round": [(width, 0.158), (width * 0.8, 0.18 + depth * 0.6), (width * 0.4, 0.18 + depth), (0, 0.18 + depth)],
        "v": [(width, 0.158), (width * 0.5, 0.18 + depth * 0.55), (0, 0.185 + depth * 1.15)],
        "square": [(width, 0.158), (width * 0.85, 0.18 + depth), (width * 0.8, 0.18 + depth), (0, 0.18 + depth)],
        "sweet": [(width * 1.25, 0.158), (width * 1.1, 0.175 + depth), (width * 0.5, 0.168 + depth), (0, 0.19 + depth)],
    }
    half = np.asarray(shapes[how], float)
    half = half if how in ("v", "square") else smooth(half, 4)
    edge = both_sides(half)
    fill = shift(lining, -0.35) if fig.bare else fig.skin
    if trim is not None:
        scene.cloth(both_sides(half * (1.22, 1.0) + (0, 0.012)), trim, depth=0.15)
    scene.cloth(edge, fill, depth=0.12)


def bodice(fig: Figure, low: float, width: float, ease: float = 0.006, shoulder: float = 0.97) -> np.ndarray:
    """The right contour of an upper garment from the neck to `low`, where it is `width` wide."""
    half = [
        (0.03, 0.157),
        (fig.shoulder * shoulder, 0.18),
        (fig.shoulder * shoulder + 0.004, 0.205),
        (fig.chest + ease, 0.255),
    ]
    if low > 0.42:
        half += [(fig.waist + ease * 1.6, 0.375)]
    half += [(width, low)]
    return np.vstack([half[:1], smooth(half[1:], 5)])


def scarf_behind(scene: Scene, fig: Figure, how: str, cloth: Fabric) -> None:
    """What of a dupatta hangs behind the body."""
    if how == "arms":
        half = [(0.08, 0.3), (fig.shoulder + 0.1, 0.4), (fig.shoulder + 0.085, 0.62), (0.08, 0.66)]
        scene.cloth(smooth(both_sides(half), 4, True), cloth, Folds((0, 0.1), 7, 0.35), tint=-0.12)
    elif how == "u":
        for side in (-1, 1):
            strip = [
                (side * 0.07, 0.18),
                (side * (fig.shoulder + 0.03), 0.22),
                (side * (fig.shoulder + 0.035), 0.66),
                (side * 0.06, 0.68),
            ]
            scene.cloth(strip, cloth, Folds((side * 0.1, 0.0), 3, 0.35), tint=-0.15)
            scene.threads(strip[2:], 0.02, cloth.zari)


def scarf_before(scene: Scene, fig: Figure, how: str, cloth: Fabric, wide: float = 1.0) -> None:
    """What of a dupatta lies in front: over one shoulder, round the neck, down both sides, on the arms, or held open."""
    rng, zari = scene.rng, cloth.zari
    edge = cloth.accent if rng.random() < 0.5 else zari
    if how in ("side", "pair"):
        for side in (-1, 1) if how == "pair" else (pick(rng, (-1, 1)),):
            low, w = rng.uniform(0.62, 0.86), 0.04 * wide * rng.uniform(0.8, 1.3)
            x = fig.shoulder * 0.68
            strip = np.array(
                [
                    (x - w * 0.5, 0.162),
                    (x + w * 0.45, 0.172),
                    (x + w, 0.26),
                    (x + w * 1.15, low),
                    (x - w, low + 0.012),
                    (x - w, 0.26),
                ]
            ) * (side, 1)
            trims = border(np.array([strip[3], strip[4]]), 0.05, cloth.accent, zari) + [
                Trim("line", strip[[2, 3]], edge, 0.014),
                Trim("line", strip[[5, 4]], edge, 0.014),
            ]
            scene.cloth(strip, cloth, Folds((side * x, -0.2), 3.5, 0.38), trims, 0.25, 0.45, turned=True)
            scene.threads(strip[[3, 4]], 0.022, zari)
    elif how == "u":
        sag, w = rng.uniform(0.27, 0.36), 0.03 * wide
        path = [
            (-fig.shoulder * 0.72, 0.17),
            (-0.055, sag - 0.06),
            (0, sag),
            (0.055, sag - 0.06),
            (fig.shoulder * 0.72, 0.17),
        ]
        scene.cloth(
            limb(path, (w * 0.9, w * 1.5, w * 1.9, w * 1.5, w * 0.9)),
            cloth,
            Folds((0, -0.25), 5, 0.4, bend=3),
            [Trim("line", smooth(np.array(path) + (0, w * 1.4)), edge, 0.014)],
            0.35,
            0.45,
        )
    elif how == "arms":
        for side in (-1, 1):
            x = side * (fig.shoulder + 0.045)
            low = rng.uniform(0.6, 0.8)
            strip = [
                (x - side * 0.05, 0.33),
                (x + side * 0.03, 0.335),
                (x + side * 0.045 * wide, low),
                (x - side * 0.05 * wide, low + 0.015),
            ]
            scene.cloth(
                strip,
                cloth,
                Folds((x, 0.0), 3.5, 0.4),
                border(np.array(strip[2:]), 0.045, cloth.accent, zari),
                0.3,
                0.35,
                turned=True,
            )
            scene.threads(strip[2:], 0.02, zari)
    elif how == "open":  # one end held out so that the whole print shows
        side, reach, low = pick(rng, (-1, 1)), rng.uniform(0.2, 0.3), rng.uniform(0.6, 0.85)
        sheet = np.array(
            [
                (-0.06, 0.165),
                (0.05, 0.165),
                (reach * 0.7, 0.27),
                (reach, 0.36),
                (reach * 1.05, low),
                (-0.02, low + 0.05),
                (-0.09, 0.5),
            ]
        ) * (side, 1)
        trims = border(sheet[[4, 5]], 0.06, cloth.accent, zari) + [
            Trim("line", sheet[[3, 4]], edge, 0.022),
            Trim("line", sheet[[5, 6, 0]], edge, 0.022),
        ]
        scene.cloth(sheet, cloth, Folds((0, 0.02), 5, 0.3), trims, 0.22, 0.45)
        scene.threads(sheet[[4, 5]], 0.025, zari)


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
    """A woman's kurta, anarkali or gown. `hem` and `flare` are its length and its extra width there; `seam` puts a waist seam (height)."""
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
        rng.uniform(0.02, 0.06),
        cloth.zari if rng.random() < 0.6 else None,
        cloth.base,
    )
    share = pick(rng, (0.0, 0.3, 0.6, 0.75, 0.95), (1, 1.5, 2, 3, 3))
    for side in (-1, 1):
        fig.arm(side)
        if share:
            fig.sleeve(side, cloth, share, trim=cloth.zari if trims else None, flare=0.02 if rng.random() < 0.12 else 0)
    fig.head()
    if scarf:
        scarf_before(scene, fig, scarf, veil, wide)
    return scene


def trousers(scene: Scene, fig: Figure, kind: str, cloth: Fabric | Colour, low: float = 0.955) -> None:
    """What shows under a kurta: leggings, palazzos or a churidar."""
    for side in (-1, 1):
        x = side * fig.stance
        widths = {"palazzos": (0.06, 0.07, 0.085), "salwar": (0.07, 0.062, 0.026)}.get(kind, (0.056, 0.034, 0.023))
        scene.cloth(
            limb([(side * 0.045, 0.46), (x * 1.1, 0.7), (x * (1.6 if kind == "palazzos" else 1), low)], widths),
            cloth,
            Folds((x, 0.3), 3, 0.22),
            depth=0.3,
        )
    fig.feet(dye(scene.rng, ("tan", "brown", "wine", "black", "turmeric")) if scene.rng.random() < 0.7 else None)


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
    deep = pick(rng, (0.02, 0.035, 0.055, 0.08))
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
    low, width = 0.965, rng.uniform(0.115, 0.175)
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
    rng, top: float = -0.04, bottom: float = 1.03, scarf: str | None = None, flare: tuple[float, float] = (0.24, 0.38)
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
    """A saree blouse near the camera: short bodice, short sleeves; from the front or the back with its dori and latkans."""
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
    scene = stage(rng, top, bottom)
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
