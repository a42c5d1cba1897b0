"""How well text can be read on its ground."""

from ui.charts import ramps


def contrast(one: str, two: tuple[float, float, float]) -> float:
    """By WCAG's own formula, from the hexadecimal colour that the browser gets."""
    low, high = sorted([ramps.luminance(tuple(int(one[at : at + 2], 16) for at in (1, 3, 5))), ramps.luminance(two)])
    return (high + 0.05) / (low + 0.05)
