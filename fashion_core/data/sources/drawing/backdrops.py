"""What stands behind or lies under a garment: studio paper, a room, an outdoor blur, a table. An rng in, a picture out.

Knows nothing of garments, people or classes.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from fashion_core.data.sources.drawing.curves import smooth
from fashion_core.data.sources.drawing.fabrics import PALETTE, SHEET, contrast, dye, pick, shift

CANVAS = SHEET

SIDES = ("studio", "gradient", "room", "outdoor")

SOFT_FLOORS = ("white", "beige", "ivory", "grey", "tan", "sky", "rust")

TABLES = ("studio", "studio", "gradient", "wood", "tiles", "marble")


_told: ContextVar[tuple[str, np.random.Generator] | None] = ContextVar("told", default=None)


def backdrop(rng: np.random.Generator, kinds: Sequence[str] = SIDES) -> Image.Image:
    """One of the `kinds`: SIDES for what stands upright, TABLES for what lies flat; inside `only`, the one it names."""
    if told := _told.get():
        kind, own = told
        return _BACKDROPS[kind](own)
    return _BACKDROPS[pick(rng, kinds)](rng)


@contextmanager
def only(kind: str, rng: np.random.Generator) -> Iterator[None]:
    """Every backdrop inside is of this kind and drawn from this rng. A garment's own rng is not asked, so the garment
    is the same before any of them."""
    mark = _told.set((kind, rng))
    try:
        yield
    finally:
        _told.reset(mark)


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
        w, light = int(rng.uniform(70, 130)), shift(wall, rng.uniform(0.3, 0.6))
        pen.rectangle((x, 70, x + w, floor - 8), fill=light)
        arch = ((0, 72), (0.14, 46), (0.36, 36), (0.5, 12), (0.64, 36), (0.86, 46), (1, 72))
        pen.polygon(smooth([(x + w * a, y) for a, y in arch]).ravel().tolist(), fill=light)
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
    return small.resize((CANVAS, CANVAS), Image.Resampling.BILINEAR)


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


_BACKDROPS = {
    "studio": _studio, "gradient": _gradient, "room": _room, "outdoor": _outdoor, "wood": _wood, "tiles": _tiles,
    "marble": _marble,
}  # fmt: skip
