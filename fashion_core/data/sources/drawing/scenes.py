"""Photograph drawn cloth: a camera, a light, and cloth that folds. Points go in, shaded pixels come out.

Knows nothing of people, garments or classes. Points are in body units (see `curves`).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from fashion_core.data.sources.drawing.curves import Points
from fashion_core.data.sources.drawing.fabrics import SHEET, Colour, Fabric

CANVAS = SHEET  # drawn at 256, delivered at 128: edges come out smooth

DELIVERED = 128


@dataclass(frozen=True)
class Folds:
    """`count` folds that fan out from `apex` along `direction`; parallel ones when the apex is far away."""

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
        breadth: float = 1.0,
    ):
        self.rng = rng
        self.image = backdrop
        self.scale = CANVAS / (bottom - top)
        self.middle = np.array([center, (top + bottom) / 2])
        turn = np.deg2rad(lean)
        self.turn = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
        self.sway, self.breadth = sway, breadth
        self.light = (rng.uniform(-0.6, 0.6), rng.uniform(0.1, 0.5))
        self.zoom = min(2.6, max(0.8, 1 / (bottom - top)))  # prints grow with the camera's nearness

    def to_pixels(self, points: Points) -> np.ndarray:
        p = np.array(points, float)
        p[:, 0] = (p[:, 0] + self.sway * np.sin(np.pi * p[:, 1])) * self.breadth
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
        shade = self._volume(mask, depth)
        shade += tint
        if folds is not None:
            shade *= self._folded(folds, xy, left, top, width, height)
        plain = fabric if not isinstance(fabric, Fabric) else fabric.base if fabric.print == "plain" else None
        if plain is not None and not trims:  # one colour: light it at the delivered size, four times cheaper
            lit = _lit(np.asarray(plain, np.float32), shade).resize((width, height), Image.Resampling.NEAREST)
        else:
            cloth = fabric.cut(width, height, turned) if isinstance(fabric, Fabric) else None
            cloth = cloth or Image.new("RGB", (width, height), plain)
            for trim in trims:
                self._sew(cloth, trim, corner)
            lit = _lit(np.asarray(cloth), np.repeat(np.repeat(shade, 2, 0), 2, 1))
        if cast:
            dark = mask.filter(ImageFilter.BoxBlur(3)).point(lambda v: int(v * cast))
            step = int(3 - 4 * self.light[0])
            self.image.paste((20, 14, 16), (left + step, top + 4), dark)
        self.image.paste(lit, (left, top), mask)

    def _sew(self, cloth: Image.Image, trim: Trim, corner: np.ndarray) -> None:
        pen = ImageDraw.Draw(cloth)
        path = self.to_pixels(trim.path) - corner
        thread = trim.colour.zari if isinstance(trim.colour, Fabric) else trim.colour
        if trim.kind == "patch":
            if isinstance(trim.colour, Fabric):
                mask = Image.new("L", cloth.size)
                ImageDraw.Draw(mask).polygon(path.ravel().tolist(), fill=255)
                cloth.paste(trim.colour.cut(*cloth.size), (0, 0), mask)
            else:
                pen.polygon(path.ravel().tolist(), fill=trim.colour)
        elif trim.kind == "line":
            pen.line(path.ravel().tolist(), fill=thread, width=max(1, round(trim.width * self.scale)), joint="curve")
        else:
            lengths = np.r_[0, np.cumsum(np.hypot(*np.diff(path, axis=0).T))]
            r = max(0.8, trim.width * self.scale / 2)
            at = np.arange(r, lengths[-1], max(2.5 * r, trim.step * self.scale))
            for x, y in zip(np.interp(at, lengths, path[:, 0]), np.interp(at, lengths, path[:, 1]), strict=True):
                pen.ellipse((x - r, y - r, x + r, y + r), fill=thread)

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


def _lit(colours: np.ndarray, shade: np.ndarray) -> Image.Image:
    pixels = np.multiply(colours, shade[..., None], dtype=np.float32)
    return Image.fromarray(np.minimum(pixels, 255, out=pixels).astype(np.uint8))


def photograph(scene: Scene) -> Image.Image:
    """Take the picture: uneven light, white balance, exposure, contrast, a little grain, sometimes soft focus."""
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
