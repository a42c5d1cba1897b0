"""Colours by strength, and what can be read on them. Takes numbers in -1..1, gives colour scales and text colours."""

from collections.abc import Sequence

import numpy as np

from ui.charts.colours import CELL_TEXT

Ramps = tuple[Sequence[str], Sequence[str]]  # the same ramp in the light and in the dark theme, weak to strong


def scale(below: Sequence[str], above: Sequence[str]) -> list[list[object]]:
    """A plotly colour scale over -1..1: ``below`` (strongest at -1), the paper at 0, ``above`` (strongest at 1)."""
    low = [[0.49 * place / (len(below) - 1), colour] for place, colour in enumerate(reversed(below))]
    high = [[0.51 + 0.49 * place / (len(above) - 1), colour] for place, colour in enumerate(above)]
    return [*low, [0.49, "rgba(0,0,0,0)"], [0.51, "rgba(0,0,0,0)"], *high]


def text_on(strengths: np.ndarray, below: Ramps, above: Ramps) -> np.ndarray:
    """For cells of ``strengths`` in -1..1, the colour of what is written on them (any shape, object).

    Black or white, the one with the greater contrast in each theme: at least 4.5 to 1 (WCAG AA) on every colour.
    """
    found = np.empty(strengths.shape, dtype=object)
    for place, strength in np.ndenumerate(strengths):
        ramps = below if strength < 0 else above
        at = max(0.0, (abs(float(strength)) - 0.02) / 0.98)
        light, dark = (black_or_white(colour_at(ramp, at)) for ramp in ramps)
        found[place] = CELL_TEXT[light, dark]
    return found


def colour_at(ramp: Sequence[str], at: float) -> tuple[float, float, float]:
    """The colour at 0 (weak) to 1 (strong), red, green and blue in 0..255, as plotly mixes it."""
    place = min(int(at * (len(ramp) - 1)), len(ramp) - 2)
    part = at * (len(ramp) - 1) - place
    one, two = (_parts(ramp[place + step]) for step in (0, 1))
    red, green, blue = (a + part * (b - a) for a, b in zip(one, two, strict=True))
    return red, green, blue


def black_or_white(colour: tuple[float, float, float]) -> str:
    """Which of the two has the greater contrast: black above a luminance of 0.179, where both have 4.58 to 1."""
    return "black" if luminance(colour) > 0.179 else "white"


def luminance(colour: tuple[float, float, float]) -> float:
    """Relative luminance in 0..1 (WCAG 2.2)."""
    parts = [value / 255 for value in colour]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _parts(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)
