"""The parts of garments: prints by occasion, hems, borders, necklines, bodices, trousers, draped dupattas."""

import numpy as np

from fashion_core.data.sources.drawing.backdrops import TABLES, backdrop
from fashion_core.data.sources.drawing.curves import both_sides, limb, smooth
from fashion_core.data.sources.drawing.fabrics import Colour, Fabric, dye, pick, shift
from fashion_core.data.sources.drawing.figures import Figure
from fashion_core.data.sources.drawing.scenes import Folds, Scene, Trim

EVERYDAY = tuple("plain plain plain plain stripes checks buti bandhani block leheriya ikat floral chikan".split())

FESTIVE = tuple("plain plain plain plain buti jaal brocade floral ombre sequins chikan".split())

SAREE = tuple("plain plain plain plain buti jaal bars checks bandhani leheriya ikat ombre floral".split())

ROYAL = tuple("brocade jaal buti brocade chikan plain sequins".split())


FITTING_ROOM = ("studio", "studio", "studio", "studio", "gradient", "room", "outdoor")


def stage(rng, top: float, bottom: float, kinds=FITTING_ROOM, roam: float = 0.04, breadth: float = 1.14) -> Scene:
    """A camera on somebody: framing with some play, a slight lean, a swing of the hips, a narrower or wider build."""
    size = bottom - top
    top, bottom = top + size * rng.normal(0, 0.02), bottom + size * rng.normal(0, 0.02)
    center = float(np.clip(rng.normal(0, roam), -2 * roam, 2 * roam)) * size
    picture, lean, sway = backdrop(rng, kinds), rng.normal(0, 1.5), rng.normal(0, 0.012)
    scene = Scene(rng, picture, top, bottom, center, lean, sway, breadth * rng.normal(1, 0.04))
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
    """What of a dupatta lies in front: over one shoulder (or both), round the neck, on the arms, or held open."""
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
