"""Set up a photograph to be drawn: backdrop, camera, light, and cloth that folds. Points go in, shaded pixels come out.

Knows nothing of people, garments or classes. Points are in body units: y 0 is the crown of the head, y 1 the soles, x 0 the middle.
"""

import functools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from fashion_core.fabrics import PALETTE, SHEET, Colour, Fabric, contrast, dye, pick, shift

CANVAS = SHEET  # drawn at 256, delivered at 128: edges come out smooth
DELIVERED = 128
Points = Sequence[tuple[float, float]] | np.ndarray


@functools.lru_cache(maxsize=16)
def _spline(steps: int) -> np.ndarray:
    t = np.arange(steps)[:, None] / steps
    return 0.5 * np.hstack([-t + 2 * t**2 - t**3, 2 - 5 * t**2 + 3 * t**3, t + 4 * t**2 - 3 * t**3, -(t**2) + t**3])


def smooth(points: Points, steps: int = 6, closed: bool = False) -> np.ndarray:
    """A Catmull-Rom curve through the points."""
    p = np.asarray(points, float)
    p = np.concatenate([p[-1:], p, p[:2]] if closed else [p[:1], p, p[-1:]])
    quads = np.stack([p[:-3], p[1:-2], p[2:-1], p[3:]], 1)
    curve = (_spline(steps) @ quads).reshape(-1, 2)
    return curve if closed else np.concatenate([curve, p[-1:]])


def both_sides(half: Points) -> np.ndarray:
    """Close a right-hand contour, given from top to bottom, with its mirror image."""
    half = np.asarray(half, float)
    return np.vstack([half, half[::-1] * (-1, 1)])


def limb(path: Points, widths: Sequence[float]) -> np.ndarray:
    """The outline of a bent tube: an arm, a leg, a sleeve, a scarf. One half-width per point of the path."""
    p = smooth(path, 5)
    w = np.interp(np.arange(len(p)) * ((len(widths) - 1) / (len(p) - 1)), np.arange(len(widths)), widths)
    ahead = np.empty_like(p)
    ahead[1:-1] = p[2:] - p[:-2]
    ahead[0], ahead[-1] = p[1] - p[0], p[-1] - p[-2]
    across = ahead[:, ::-1] * (w / (np.sqrt((ahead * ahead).sum(1)) + 1e-9))[:, None] * (-1, 1)
    return np.concatenate([p + across, (p - across)[::-1]])


def along(path: Points, share: float) -> np.ndarray:
    """The first `share` (by length) of a path."""
    p = np.asarray(path, float)
    lengths = np.r_[0, np.cumsum(np.hypot(*np.diff(p, axis=0).T))]
    end = lengths[-1] * share
    keep = p[lengths < end]
    last = [np.interp(end, lengths, p[:, 0]), np.interp(end, lengths, p[:, 1])]
    return np.vstack([keep, [last]])


@dataclass(frozen=True)
class Folds:
    """Folds that fan out from `apex` (or run parallel when it is far away) along `direction`; `count` of them over the outline."""

    apex: tuple[float, float]
    count: float
    depth: float = 0.3
    direction: tuple[float, float] = (0.0, 1.0)
    bend: float = 0.0  # curved folds: how far they lean sideways on their way
    sharp: float = 1.0  # > 1 gives pressed pleats


@dataclass(frozen=True)
class Trim:
    """Something sewn on before the light falls on it: kind is line, dots or patch (a polygon of another cloth)."""

    kind: str
    path: Points
    colour: Colour | Fabric
    width: float = 0.008
    step: float = 0.03


class Scene:
    """One canvas and its camera. `top` and `bottom` are the body heights at the canvas' edges."""

    def __init__(
        self,
        rng,
        backdrop: Image.Image,
        top: float,
        bottom: float,
        center: float = 0.0,
        lean: float = 0.0,
        sway: float = 0.0,
    ):
        self.rng = rng
        self.image = backdrop
        self.scale = CANVAS / (bottom - top)
        self.middle = np.array([center, (top + bottom) / 2])
        turn = np.deg2rad(lean)
        self.turn = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
        self.sway = sway
        self.light = (rng.uniform(-0.6, 0.6), rng.uniform(0.1, 0.5))
        self.zoom = min(2.6, max(0.8, 1 / (bottom - top)))  # prints grow with the camera's nearness

    def to_pixels(self, points: Points) -> np.ndarray:
        p = np.array(points, float)
        p[:, 0] += self.sway * np.sin(np.pi * p[:, 1])
        return (p - self.middle) @ self.turn.T * self.scale + CANVAS / 2

    def cloth(
        self,
        outline: Points,
        fabric: Fabric | Colour,
        folds: Folds | None = None,
        trims: Sequence[Trim] = (),
        depth: float = 0.3,
        cast: float = 0.0,
        turned: bool = False,
        tint: float = 0.0,
    ) -> None:
        """Cut `fabric` to the outline, sew on the trims, fold and light it, and lay it down with a cast shadow."""
        xy = self.to_pixels(outline)
        (x0, y0), (x1, y1) = xy.min(0).tolist(), xy.max(0).tolist()
        left, top = max(int(x0) - 2, 0) & ~1, max(int(y0) - 2, 0) & ~1  # even: shade is made at the delivered size
        width, height = min(int(x1) + 4 & ~1, CANVAS) - left, min(int(y1) + 4 & ~1, CANVAS) - top
        if width < 3 or height < 3:
            return
        if depth == 0 or width * height < 200:  # too small or too flat for light to matter
            colour = fabric.base if isinstance(fabric, Fabric) else fabric
            ImageDraw.Draw(self.image).polygon(xy.ravel().tolist(), fill=colour)
            return
        corner = np.array([left, top])
        mask = Image.new("L", (width, height))
        ImageDraw.Draw(mask).polygon((xy - corner).ravel().tolist(), fill=255)
        cloth = (
            fabric.cut(width, height, turned)
            if isinstance(fabric, Fabric)
            else Image.new("RGB", (width, height), fabric)
        )
        for trim in trims:
            self._sew(cloth, trim, corner)
        shade = self._volume(mask, depth)
        shade += tint
        if folds is not None:
            shade *= self._folded(folds, xy, left, top, width, height)
        shade = np.repeat(np.repeat(shade, 2, 0), 2, 1)
        pixels = np.multiply(np.asarray(cloth), shade[..., None], dtype=np.float32)
        lit = Image.fromarray(np.minimum(pixels, 255, out=pixels).astype(np.uint8))
        if cast:
            dark = mask.filter(ImageFilter.BoxBlur(3)).point(lambda v: int(v * cast))
            step = int(3 - 4 * self.light[0])
            self.image.paste((20, 14, 16), (left + step, top + 4), dark)
        self.image.paste(lit, (left, top), mask)

    def _sew(self, cloth: Image.Image, trim: Trim, corner: np.ndarray) -> None:
        pen = ImageDraw.Draw(cloth)
        path = self.to_pixels(trim.path) - corner
        if trim.kind == "patch":
            if isinstance(trim.colour, Fabric):
                mask = Image.new("L", cloth.size)
                ImageDraw.Draw(mask).polygon(path.ravel().tolist(), fill=255)
                cloth.paste(trim.colour.cut(*cloth.size), (0, 0), mask)
            else:
                pen.polygon(path.ravel().tolist(), fill=trim.colour)
        elif trim.kind == "line":
            pen.line(
                path.ravel().tolist(), fill=trim.colour, width=max(1, round(trim.width * self.scale)), joint="curve"
            )
        else:
            lengths = np.r_[0, np.cumsum(np.hypot(*np.diff(path, axis=0).T))]
            r = max(0.8, trim.width * self.scale / 2)
            at = np.arange(r, lengths[-1], max(2.5 * r, trim.step * self.scale))
            for x, y in zip(np.interp(at, lengths, path[:, 0]), np.interp(at, lengths, path[:, 1]), strict=True):
                pen.ellipse((x - r, y - r, x + r, y + r), fill=trim.colour)

    def _volume(self, mask: Image.Image, depth: float) -> np.ndarray:
        """Darker towards the edges, brighter on the side of the light: what a round body does to cloth."""
        radius = min(max(min(mask.size) * 0.06, 1), 6)
        soft = np.asarray(mask.reduce(2).filter(ImageFilter.BoxBlur(radius)), np.float32)
        shade = np.maximum(soft - 127.5, 0)
        shade *= depth / 127.5
        shade += 1.04 - depth
        step = max(1, int(radius / 2))
        if soft.shape[1] > 2 * step:
            shade[:, step:-step] += (soft[:, 2 * step :] - soft[:, : -2 * step]) * (self.light[0] * 0.9 * depth / 255)
        return np.maximum(shade, 0, out=shade)

    def _folded(self, folds: Folds, xy: np.ndarray, left: int, top: int, width: int, height: int) -> np.ndarray:
        # every number below is a Python float, so that the arrays stay float32
        ax, ay = self.to_pixels([folds.apex])[0].tolist()
        dx, dy = (self.turn @ np.asarray(folds.direction) / np.hypot(*folds.direction)).tolist()
        x = np.arange(left, left + width, 2, dtype=np.float32)[None, :] - ax
        y = np.arange(top, top + height, 2, dtype=np.float32)[:, None] - ay
        reach = np.maximum(x * dx + y * dy, 4.0)
        spread = (y * dx - x * dy) / reach
        far = np.maximum((xy - (ax, ay)) @ (dx, dy), 4.0)
        length, nearest = float(far.max()), float(far.min())
        ends = (((xy - (ax, ay)) @ (-dy, dx)) / far)[far > length * 0.5]
        phase = self.rng.uniform(0, 6.28)
        u = spread * (6.283 * folds.count / (float(ends.max() - ends.min()) + 1e-3)) + phase
        if folds.bend:
            u += (reach * (1 / length)) ** 2 * folds.bend
        wave = np.sin(u)
        u *= 1.73
        wave *= 0.36
        wave += 0.14 * np.sin(u)
        if folds.sharp > 1:
            wave = np.abs(wave + 0.5) ** folds.sharp - 0.5
        wave -= 0.12
        wave *= folds.depth
        if nearest < length * 0.2:  # no folds yet where the cloth is gathered
            wave *= np.minimum(reach * (1 / (length * 0.35)), 1)
        wave += 1
        return np.maximum(wave, 0, out=wave)

    def threads(self, path: Points, length: float, colour: Colour, step: float = 0.012, knot: bool = False) -> None:
        """A fringe (or tassels) hanging from a path, straight down in the picture."""
        pen = ImageDraw.Draw(self.image)
        xy = self.to_pixels(path)
        lengths = np.r_[0, np.cumsum(np.hypot(*np.diff(xy, axis=0).T))]
        at = np.arange(0, lengths[-1] + 0.1, max(2.0, step * self.scale))
        drop, r = length * self.scale, 0.006 * self.scale
        for x, y in zip(np.interp(at, lengths, xy[:, 0]), np.interp(at, lengths, xy[:, 1]), strict=True):
            pen.line(
                (x, y, x + self.rng.uniform(-1.5, 1.5), y + drop), fill=colour, width=max(1, round(0.004 * self.scale))
            )
            if knot:
                pen.ellipse((x - r, y + drop - r, x + r, y + drop + r), fill=colour)

    def shadow(self, x: float, y: float, width: float, height: float, strength: float = 0.5) -> None:
        """A soft contact shadow on the ground."""
        (px, py), s = self.to_pixels([(x, y)])[0] / 4, self.scale / 4
        small = Image.new("L", (CANVAS // 4, CANVAS // 4))
        ImageDraw.Draw(small).ellipse(
            (px - width * s, py - height * s, px + width * s, py + height * s), fill=int(255 * strength)
        )
        small = small.filter(ImageFilter.GaussianBlur(2.2))
        self.image.paste((18, 14, 16), (0, 0), small.resize((CANVAS, CANVAS), Image.Resampling.BILINEAR))


def photograph(scene: Scene) -> Image.Image:
    """Take the picture: light falling off to one side, white balance, exposure, a little grain, sometimes soft focus."""
    rng = scene.rng
    image = scene.image.reduce(CANVAS // DELIVERED)
    if rng.random() < 0.25:
        image = image.filter(ImageFilter.GaussianBlur(rng.uniform(0.3, 0.8)))
    pixels = np.asarray(image, np.float32) / 255
    ramp = np.linspace(-0.5, 0.5, DELIVERED, dtype=np.float32)
    a, b = rng.normal(0, 0.12, 2)
    light = (1 + float(a) * ramp[None, :] + float(b) * ramp[:, None]) * rng.uniform(0.86, 1.1)
    light = light[..., None] * (1 + np.array([1, 0, -1]) * rng.normal(0, 0.035) + rng.normal(0, 0.012, 3)).astype(
        np.float32
    )
    pixels = pixels * light
    pixels = (pixels - 0.5) * np.float32(rng.uniform(0.82, 1.1)) + 0.5
    pixels += rng.standard_normal((DELIVERED, DELIVERED, 1), np.float32) * np.float32(rng.uniform(0.002, 0.012))
    return Image.fromarray((np.clip(pixels, 0, 1) * 255 + 0.5).astype(np.uint8))


def backdrop(rng: np.random.Generator, kinds: Sequence[str] = ("studio", "gradient", "room", "outdoor")) -> Image.Image:
    """What stands behind: studio paper, a gradient, a room, an outdoor blur; for flat lays a wooden, woven, tiled or marble table."""
    return _BACKDROPS[pick(rng, kinds)](rng)


def _studio(rng):
    shade = dye(rng, ("white", "white", "white", "ivory", "grey", "beige", "sky", "rose", "mint", "lilac"))
    shade = shift(shade, rng.uniform(0.0, 0.6), 0.6)
    image = Image.new("RGB", (CANVAS, CANVAS), shade)
    if rng.random() < 0.5:
        y = int(CANVAS * rng.uniform(0.72, 0.92))
        ImageDraw.Draw(image).rectangle((0, y, CANVAS, CANVAS), fill=shift(shade, -0.07))
        image = image.filter(ImageFilter.BoxBlur(6))
    return image


def _gradient(rng):
    one = np.array(shift(dye(rng), rng.uniform(-0.3, 0.6), 0.6), np.float32)
    two = np.array(shift(tuple(int(v) for v in one), pick(rng, (-0.45, -0.25, 0.3, 0.5))), np.float32)
    y, x = np.mgrid[0:32, 0:32].astype(np.float32) / 31
    if rng.random() < 0.5:
        t = np.clip(np.hypot(x - 0.5, y - rng.uniform(0.2, 0.6)) * 1.4, 0, 1)
    else:
        t = np.clip(y + (x - 0.5) * rng.uniform(-0.5, 0.5), 0, 1)
    small = one * (1 - t[..., None]) + two * t[..., None]
    return Image.fromarray(small.astype(np.uint8)).resize((CANVAS, CANVAS), Image.Resampling.BICUBIC)


def _room(rng):
    wall = shift(dye(rng), rng.uniform(0.2, 0.7), 0.5)
    image = Image.new("RGB", (CANVAS, CANVAS), wall)
    pen = ImageDraw.Draw(image)
    floor = int(CANVAS * rng.uniform(0.68, 0.9))
    pen.rectangle(
        (0, floor, CANVAS, CANVAS),
        fill=shift(PALETTE[pick(rng, ("brown", "tan", "beige", "grey", "rust"))], rng.uniform(-0.2, 0.3), 0.7),
    )
    pen.rectangle((0, floor - 7, CANVAS, floor), fill=shift(wall, 0.35))
    x = int(rng.uniform(-40, 200))
    kind = rng.integers(5)
    if kind == 0:  # a jharokha arch
        w, dark = int(rng.uniform(70, 130)), shift(wall, -0.25)
        pen.rectangle((x, 70, x + w, floor - 8), fill=dark)
        pen.polygon(
            (
                smooth(
                    [
                        (x, 72),
                        (x + w * 0.14, 46),
                        (x + w * 0.36, 36),
                        (x + w * 0.5, 12),
                        (x + w * 0.64, 36),
                        (x + w * 0.86, 46),
                        (x + w, 72),
                    ]
                )
            )
            .ravel()
            .tolist(),
            fill=dark,
        )
    elif kind == 1:  # a curtain
        w, colour = int(rng.uniform(40, 80)), shift(dye(rng), 0.2, 0.7)
        for k in range(0, w, 8):
            pen.rectangle((x + k, 0, x + k + 8, floor), fill=shift(colour, 0.12 * ((k // 8) % 2) - 0.06))
    elif kind == 2:  # a picture on the wall
        w, h = int(rng.uniform(35, 70)), int(rng.uniform(40, 80))
        pen.rectangle((x, 24, x + w, 24 + h), fill=shift(wall, -0.5), outline=PALETTE["tan"], width=4)
    elif kind == 3:  # a potted palm
        pen.polygon(
            [(x, floor + 14), (x + 34, floor + 14), (x + 40, floor - 26), (x - 6, floor - 26)], fill=PALETTE["rust"]
        )
        for dx in (-42, -26, -8, 10, 28, 46):
            path = smooth(
                [(x + 17, floor - 26), (x + 17 + dx * 0.5, floor - 84), (x + 17 + dx, floor - 70 + abs(dx) * 0.5)]
            )
            pen.line(path.ravel().tolist(), fill=shift(PALETTE["bottle"], rng.uniform(0, 0.25)), width=6)
    else:  # panelling
        for k in range(x % 50 - 50, CANVAS, 50):
            pen.rectangle((k + 6, 20, k + 44, floor - 18), outline=shift(wall, -0.12), width=2)
    return image.filter(ImageFilter.BoxBlur(int(rng.integers(1, 4))))


def _outdoor(rng):
    small = Image.new("RGB", (64, 64), shift(PALETTE["sky"], rng.uniform(0, 0.6), 0.7))
    pen = ImageDraw.Draw(small)
    horizon = rng.uniform(24, 46)
    ground = pick(rng, ("olive", "parrot", "tan", "beige", "grey"))
    pen.rectangle((0, horizon, 64, 64), fill=shift(PALETTE[ground], rng.uniform(-0.2, 0.3), 0.6))
    for _ in range(14):
        x, y, r = rng.uniform(0, 64), rng.uniform(horizon - 24, horizon + 6), rng.uniform(4, 12)
        pen.ellipse(
            (x - r, y - r, x + r, y + r),
            fill=shift(PALETTE[pick(rng, ("bottle", "olive", "parrot", "tan", "rust"))], rng.uniform(-0.3, 0.3), 0.7),
        )
    small = small.filter(ImageFilter.GaussianBlur(rng.uniform(1.6, 4)))
    return small.resize((CANVAS, CANVAS), Image.Resampling.BICUBIC)


def _wood(rng):
    base = shift(PALETTE[pick(rng, ("brown", "tan", "beige", "grey"))], rng.uniform(-0.2, 0.4), 0.8)
    image = Image.new("RGB", (CANVAS, CANVAS), base)
    pen = ImageDraw.Draw(image)
    plank = int(rng.uniform(28, 64))
    for k, x in enumerate(range(0, CANVAS, plank)):
        pen.rectangle((x, 0, x + plank, CANVAS), fill=shift(base, 0.08 * ((k * 7) % 3) - 0.08))
        for _ in range(4):
            gx = x + rng.uniform(2, plank)
            pen.line([(gx, 0), (gx + rng.uniform(-6, 6), CANVAS)], fill=shift(base, -0.16), width=1)
        pen.line([(x, 0), (x, CANVAS)], fill=shift(base, -0.4), width=2)
    return image if rng.random() < 0.5 else image.transpose(Image.Transpose.ROTATE_90)


def _tiles(rng):
    base = shift(dye(rng, SOFT_FLOORS), rng.uniform(0, 0.4), 0.6)
    image = Image.new("RGB", (CANVAS, CANVAS), base)
    pen, step = ImageDraw.Draw(image), int(rng.uniform(40, 90))
    other = shift(base, -0.1) if rng.random() < 0.7 else shift(contrast(rng, base), 0.5)
    for i, x in enumerate(range(-int(rng.integers(step)), CANVAS, step)):
        for j, y in enumerate(range(0, CANVAS, step)):
            if (i + j) % 2:
                pen.rectangle((x, y, x + step, y + step), fill=other)
            pen.rectangle((x, y, x + step, y + step), outline=shift(base, -0.2), width=1)
    return image


def _marble(rng):
    small = rng.standard_normal((9, 9)).astype(np.float32)
    cloud = np.asarray(Image.fromarray(small).resize((CANVAS, CANVAS), Image.Resampling.BICUBIC))
    ramp = np.arange(CANVAS, dtype=np.float32) * (rng.uniform(0.02, 0.04))
    veins = np.sin(ramp[None, :] + rng.uniform(0.4, 1.0) * ramp[:, None] + 1.4 * cloud)
    tone = 230 + 9 * np.clip(cloud, -1.5, 1) - 26 * np.exp(-((veins * 7) ** 2)) * np.clip(0.5 + cloud, 0, 1)
    return Image.fromarray(np.clip(tone, 0, 255).astype(np.uint8)).convert("RGB")


SOFT_FLOORS = ("white", "beige", "ivory", "grey", "tan", "sky", "rust")
TABLES = ("studio", "studio", "gradient", "wood", "tiles", "marble")
_BACKDROPS = {
    "studio": _studio, "gradient": _gradient, "room": _room, "outdoor": _outdoor, "wood": _wood, "tiles": _tiles, "marble": _marble,
}  # fmt: skip
