"""Weave and print cloth. A random generator and a few wishes in, a Fabric out: a sheet that garments are cut from.

Knows colours, prints and zari; knows nothing of garments, people or classes.
"""

import colorsys
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw

Colour = tuple[int, int, int]

SHEET = 256  # pixels: as wide as the canvas that garments are drawn on, so a sheet is cut without scaling

PALETTE: dict[str, Colour] = {
    "madder": (158, 34, 42),
    "red": (198, 30, 44),
    "rani": (206, 34, 110),
    "rose": (232, 142, 160),
    "peach": (243, 186, 150),
    "rust": (180, 82, 38),
    "orange": (232, 118, 36),
    "turmeric": (228, 166, 32),
    "lemon": (240, 216, 110),
    "mint": (166, 214, 184),
    "parrot": (92, 160, 60),
    "bottle": (22, 84, 58),
    "olive": (116, 112, 56),
    "peacock": (10, 112, 124),
    "sky": (138, 186, 222),
    "royal": (38, 70, 168),
    "indigo": (44, 46, 104),
    "navy": (26, 32, 64),
    "purple": (100, 42, 118),
    "lilac": (190, 164, 212),
    "wine": (98, 22, 48),
    "brown": (98, 62, 40),
    "tan": (176, 126, 80),
    "beige": (220, 200, 168),
    "ivory": (244, 236, 216),
    "white": (246, 246, 244),
    "grey": (146, 148, 152),
    "charcoal": (66, 66, 72),
    "black": (28, 26, 30),
}
BRIGHT = tuple("madder red rani orange turmeric parrot bottle peacock royal purple wine rust indigo".split())
SOFT = tuple("rose peach lemon mint sky lilac beige ivory white".split())
SOBER = tuple("ivory white beige grey charcoal black navy wine brown olive indigo bottle".split())
ZARI: dict[str, Colour] = {
    "gold": (212, 168, 70),
    "pale gold": (228, 202, 130),
    "silver": (202, 206, 212),
    "copper": (190, 116, 72),
}
PRINTS = tuple(
    "plain stripes bars checks buti bandhani block leheriya ikat jaal brocade floral chikan ombre sequins".split()
)


def pick(rng: np.random.Generator, options: Sequence, weights: Sequence[float] | None = None):
    """One of `options`; a thin wrapper, because Generator.choice would turn tuples and functions into arrays."""
    if weights is None:
        return options[int(rng.integers(len(options)))]
    cumulative = np.cumsum(weights)
    return options[min(int(np.searchsorted(cumulative, rng.random() * cumulative[-1], side="right")), len(options) - 1)]


def shift(colour: Colour, light: float = 0.0, saturation: float = 1.0, hue: float = 0.0) -> Colour:
    """The same colour lighter (light > 0, towards white) or darker (light < 0), and more or less saturated."""
    h, s, v = colorsys.rgb_to_hsv(*(c / 255 for c in colour))
    r, g, b = (255 * c for c in colorsys.hsv_to_rgb((h + hue) % 1, min(1.0, s * saturation), v))
    goal = 255 if light > 0 else 0
    return tuple(int(round(c + (goal - c) * abs(light))) for c in (r, g, b))  # type: ignore[return-value]


def dye(rng: np.random.Generator, names: Sequence[str] = BRIGHT + SOFT) -> Colour:
    """A palette colour with the small differences that two dye baths have."""
    return shift(
        PALETTE[pick(rng, names)], rng.uniform(-0.12, 0.12), rng.uniform(0.85, 1.1), rng.uniform(-0.012, 0.012)
    )


def contrast(rng: np.random.Generator, base: Colour, least: float = 90.0) -> Colour:
    """A second colour that can be told from the first: another dye, or the same one much lighter or darker."""
    for _ in range(6):
        other = dye(rng, tuple(PALETTE))
        if sum(abs(a - b) for a, b in zip(base, other, strict=True)) > 2 * least:
            return other
    return shift(base, 0.7 if sum(base) < 380 else -0.6)


@dataclass(frozen=True)
class Fabric:
    """A sheet of cloth (SHEET x SHEET RGB) with the colours that trims and linings are matched to."""

    sheet: Image.Image
    base: Colour
    accent: Colour
    zari: Colour
    print: str

    def cut(self, width: int, height: int, turned: bool = False) -> Image.Image:
        """A piece at most SHEET wide and high; `turned` lays the print along the other thread."""
        if turned:
            return self.sheet.crop((0, 0, height, width)).transpose(Image.Transpose.ROTATE_90)
        return self.sheet.crop((0, 0, width, height))


def weave(
    rng: np.random.Generator,
    prints: Sequence[str] = PRINTS,
    base: Colour | None = None,
    accent: Colour | None = None,
    zoom: float = 1.0,
    zari: Colour | None = None,
) -> Fabric:
    """A new fabric with one of `prints`; `zoom` is the size of the print, 1 when a whole person fills the canvas."""
    name = pick(rng, prints)
    base = base or dye(rng)
    accent = accent or contrast(rng, base)
    zari = zari or ZARI[pick(rng, tuple(ZARI), (5, 3, 2, 1))]
    tile = _PRINTERS[name](rng, base, accent, zari, zoom)
    width, height = tile.size
    if (width, height) != (SHEET, SHEET):
        pixels = np.asarray(tile)
        pixels = np.tile(pixels, (SHEET // height + 1, SHEET // width + 1, 1))[:SHEET, :SHEET]
        tile = Image.fromarray(np.ascontiguousarray(pixels))
    return Fabric(tile, base, accent, zari, name)


def _blank(size: float, base: Colour, aspect: float = 1.0) -> tuple[Image.Image, ImageDraw.ImageDraw, int, int]:
    width = max(4, min(SHEET, int(round(size))))
    height = max(4, min(SHEET, int(round(size * aspect))))
    tile = Image.new("RGB", (width, height), base)
    return tile, ImageDraw.Draw(tile), width, height


def _half_drop(width: int, height: int) -> list[tuple[float, float]]:
    """Where a motif and its wrapped copies go so that every second column of the repeat is half a step lower."""
    return [(width / 2, height / 2), (0, 0), (width, 0), (0, height), (width, height)]


def paisley(
    pen: ImageDraw.ImageDraw, x: float, y: float, size: float, colour: Colour, heart: Colour, turn: int = 1
) -> None:
    """A boteh: a drop whose tip bends over."""
    drop = [
        (0, 0.5),
        (-0.3, 0.42),
        (-0.4, 0.15),
        (-0.3, -0.15),
        (-0.05, -0.4),
        (0.32, -0.5),
        (0.14, -0.28),
        (0.2, 0),
        (0.34, 0.25),
        (0.24, 0.42),
    ]
    pen.polygon([(x + turn * size * a, y + size * b) for a, b in drop], fill=colour)
    pen.ellipse((x - size * 0.16, y, x + size * 0.14, y + size * 0.3), fill=heart)


def flower(
    pen: ImageDraw.ImageDraw, x: float, y: float, size: float, colour: Colour, heart: Colour, petals: int = 6
) -> None:
    for k in range(petals):
        a, r = 2 * np.pi * k / petals, size * 0.24
        px, py = x + size * 0.28 * np.cos(a), y + size * 0.28 * np.sin(a)
        pen.ellipse((px - r, py - r, px + r, py + r), fill=colour)
    pen.ellipse((x - size * 0.15, y - size * 0.15, x + size * 0.15, y + size * 0.15), fill=heart)


def _motif(rng: np.random.Generator) -> Callable[[ImageDraw.ImageDraw, float, float, float, Colour, Colour], None]:
    def diamond(pen, x, y, size, colour, heart):
        pen.polygon([(x, y - size / 2), (x + size / 3, y), (x, y + size / 2), (x - size / 3, y)], fill=colour)
        pen.rectangle((x - 1, y - 1, x + 1, y + 1), fill=heart)

    def leaf(pen, x, y, size, colour, heart):
        pen.ellipse((x - size / 5, y - size / 2, x + size / 5, y + size / 4), fill=colour)
        pen.line((x, y - size / 4, x, y + size / 2), fill=colour, width=max(1, int(size / 8)))
        pen.line((x - size / 3, y + size / 4, x + size / 3, y + size / 4), fill=heart, width=1)

    return pick(rng, (paisley, flower, diamond, leaf), (3, 3, 2, 2))


def _plain(rng, base, accent, zari, zoom):
    return _blank(4, base)[0]


def _stripes(rng, base, accent, zari, zoom):
    tile, pen, w, h = _blank(rng.uniform(7, 20) * zoom, base)
    band = max(1, int(w * rng.uniform(0.15, 0.5)))
    pen.rectangle((0, 0, band, h), fill=accent)
    if rng.random() < 0.4:
        pen.rectangle((band + w // 5, 0, band + w // 5 + max(1, w // 12), h), fill=zari)
    return tile


def _bars(rng, base, accent, zari, zoom):
    return _stripes(rng, base, accent, zari, zoom).transpose(Image.Transpose.ROTATE_90)


def _checks(rng, base, accent, zari, zoom):
    tile, pen, w, h = _blank(rng.uniform(10, 24) * zoom, base)
    band = max(1, int(w * rng.uniform(0.1, 0.5)))
    mixed = tuple((a + b) // 2 for a, b in zip(base, accent, strict=True))
    pen.rectangle((0, 0, band, h), fill=mixed)
    pen.rectangle((0, 0, w, band), fill=mixed)
    pen.rectangle((0, 0, band, band), fill=accent)
    return tile


def _buti(rng, base, accent, zari, zoom):
    tile, pen, w, h = _blank(rng.uniform(13, 28) * zoom, base, rng.uniform(1, 1.5))
    motif, colour = _motif(rng), pick(rng, (accent, zari))
    for x, y in _half_drop(w, h):
        motif(pen, x, y, min(w * 0.55, 15 * zoom), colour, shift(base, -0.3))
    return tile


def _bandhani(rng, base, accent, zari, zoom):
    tile, pen, w, h = _blank(rng.uniform(16, 26) * zoom, base)
    light, r = shift(pick(rng, ((250, 244, 220), accent)), 0.3), 1.5 * zoom**0.5
    ring = rng.uniform(0.2, 0.3) * w
    for x, y in _half_drop(w, h):
        for k in range(6):
            a = 2 * np.pi * k / 6
            px, py = x + ring * np.cos(a), y + ring * np.sin(a)
            pen.ellipse((px - r, py - r, px + r, py + r), fill=light)
        pen.ellipse((x - r, y - r, x + r, y + r), fill=light)
    return tile


def _block(rng, base, accent, zari, zoom):
    tile, pen, w, h = _blank(rng.uniform(26, 44) * zoom, base)
    second, petals = contrast(rng, base), int(rng.integers(5, 9))
    for x, y in _half_drop(w, h):
        pen.ellipse((x - w * 0.3, y - w * 0.3, x + w * 0.3, y + w * 0.3), outline=second, width=max(1, int(1.5 * zoom)))
        flower(pen, x, y, w * 0.48, accent, second, petals)
    for x, y in ((w / 2, 0), (w / 2, h), (0, h / 2), (w, h / 2)):
        pen.ellipse((x - 2 * zoom, y - 2 * zoom, x + 2 * zoom, y + 2 * zoom), fill=second)
    return tile


def _leheriya(rng, base, accent, zari, zoom):
    size = int(round(rng.uniform(14, 26) * zoom))
    y, x = np.mgrid[0:size, 0:size]
    wave = (y + np.abs(x - size // 2) * (1 if rng.random() < 0.5 else 2)) % size
    tile = np.empty((size, size, 3), np.uint8)
    tile[:] = base
    tile[wave < size * rng.uniform(0.25, 0.5)] = accent
    return Image.fromarray(tile[:SHEET, :SHEET])


def _ikat(rng, base, accent, zari, zoom):
    tile, pen, w, h = _blank(rng.uniform(18, 34) * zoom, base, 1.4)
    second = contrast(rng, accent)
    for share, colour in ((0.48, accent), (0.3, second), (0.14, base)):
        for x, y in _half_drop(w, h):
            steps = 5
            for k in range(-steps, steps + 1):  # the stepped edge of threads dyed before weaving
                half, y0 = w * share * (1 - abs(k) / (steps + 1)), y + k * h * share / (steps + 1)
                pen.rectangle((x - half, y0 - h * share / 11, x + half, y0 + h * share / 11), fill=colour)
    return tile


def _jaal(rng, base, accent, zari, zoom):
    tile, pen, w, h = _blank(rng.uniform(20, 34) * zoom, base, 1.3)
    line, width = pick(rng, (accent, zari)), max(1, int(1.6 * zoom))
    t = np.linspace(0, 1, 9)
    for x0 in (0, w):
        for way in (-1, 1):
            pen.line(
                [(x0 + way * w / 2 * (0.5 - 0.5 * np.cos(np.pi * 2 * a)), h * a) for a in t], fill=line, width=width
            )
    for x, y in _half_drop(w, h):
        flower(pen, x, y + h / 2 - h * (y > h / 2) * 0, w * 0.34, accent, zari, 5)
    return tile


def _brocade(rng, base, accent, zari, zoom):
    tile, pen, w, h = _blank(rng.uniform(9, 18) * zoom, base, 1.2)
    glint = shift(zari, 0.25)
    for x, y in _half_drop(w, h):
        pen.polygon([(x, y - h * 0.42), (x + w * 0.36, y), (x, y + h * 0.42), (x - w * 0.36, y)], fill=zari)
        pen.ellipse((x - w * 0.14, y - h * 0.16, x + w * 0.14, y + h * 0.16), fill=pick(rng, (base, glint, accent)))
    return tile


def _floral(rng, base, accent, zari, zoom):
    tile, pen, w, h = _blank(64 * min(zoom, 2), base)
    third, leaf = contrast(rng, base), PALETTE[pick(rng, ("parrot", "bottle", "olive", "mint"))]
    for _ in range(9):
        x, y, size = rng.uniform(0, w), rng.uniform(0, h), rng.uniform(9, 18) * zoom
        colour = pick(rng, (accent, third, accent))
        for dx in (-w, 0, w):
            for dy in (-h, 0, h):
                if -size < x + dx < w + size and -size < y + dy < h + size:
                    pen.ellipse((x + dx, y + dy, x + dx + size * 0.7, y + dy + size * 0.3), fill=leaf)
                    flower(pen, x + dx, y + dy, size, colour, zari, 5)
    return tile


def _chikan(rng, base, accent, zari, zoom):
    pale = shift(base, 0.45)
    thread = shift(pale, -0.22) if sum(pale) > 560 else (248, 246, 240)
    return _buti(rng, pale, thread, thread, zoom * 0.75)


def _ombre(rng, base, accent, zari, zoom):
    ramp = np.clip((np.linspace(0, 1, SHEET) - rng.uniform(0, 0.4)) * rng.uniform(1.2, 2), 0, 1)[:, None, None]
    sheet = np.array(base) * (1 - ramp) + np.array(accent) * ramp
    return Image.fromarray(np.ascontiguousarray(np.broadcast_to(sheet, (SHEET, SHEET, 3))).astype(np.uint8))


def _sequins(rng, base, accent, zari, zoom):
    size = min(SHEET, int(72 * zoom))
    tile = Image.new("RGB", (size, size), base)
    pen, r = ImageDraw.Draw(tile), 0.9 * zoom
    for x, y, light in zip(rng.uniform(0, size, 110), rng.uniform(0, size, 110), rng.uniform(0, 0.7, 110), strict=True):
        pen.ellipse((x - r, y - r, x + r, y + r), fill=shift(zari, light))
    return tile


_PRINTERS = {
    "plain": _plain, "stripes": _stripes, "bars": _bars, "checks": _checks, "buti": _buti, "bandhani": _bandhani,
    "block": _block, "leheriya": _leheriya, "ikat": _ikat, "jaal": _jaal, "brocade": _brocade, "floral": _floral,
    "chikan": _chikan, "ombre": _ombre, "sequins": _sequins,
}  # fmt: skip
