"""The lab's colours, once. Figures are built in LIGHT; the browser swaps each LIGHT colour for its DARK twin."""

from typing import Final

LIGHT: Final[dict[str, str]] = {
    "indigo": "#3A4A9F",  # what acts
    "leaf": "#2E7D5B",  # right
    "madder": "#B23A2E",  # wrong
    "turmeric": "#C98A10",  # attention
    "ink": "#23252F",
    "muted": "#5C5B64",
    "grey": "#9B988F",
    "line": "#DCD8CE",
    "soft": "#F2F0EA",
    "ground": "#FCFBF8",
}
DARK: Final[dict[str, str]] = {
    "indigo": "#8FA0F0",
    "leaf": "#5CC79A",
    "madder": "#F0806F",
    "turmeric": "#F2BE4A",
    "ink": "#E9EAF1",
    "muted": "#B4B7C5",
    "grey": "#7C8094",
    "line": "#343950",
    "soft": "#1D2030",
    "ground": "#13151F",
}

# Colour-blind-aware; the first ten are the theme's chartCategoricalColors, five more make fifteen classes.
CLASSES_LIGHT: Final[tuple[str, ...]] = (
    "#0072B2", "#E69F00", "#009E73", "#CC79A7", "#D55E00", "#56B4E9", "#7F7F7F", "#8C6D00", "#117733", "#882255",
    "#332288", "#AA4499", "#44AA99", "#999933", "#661100",
)  # fmt: skip
CLASSES_DARK: Final[tuple[str, ...]] = (
    "#56B4E8", "#E69F01", "#2FC39B", "#E79CC8", "#F0803C", "#9AD0F5", "#B5B5B5", "#F0E442", "#7BC67E", "#D98CB3",
    "#A99BF0", "#E58FE0", "#7FE0D0", "#CFCF6A", "#E0A08A",
)  # fmt: skip

# A run's colour on every chart, by the place that it was given at its launch.
RUNS_LIGHT: Final[tuple[str, ...]] = (
    LIGHT["indigo"],
    *(CLASSES_LIGHT[place] for place in (1, 2, 3, 4, 5, 7, 8, 9, 12)),
)

# Right (the diagonal) and wrong (everything else), weak to strong; both fall steadily in luminance, so that a print in
# grey keeps the order. In the dark theme the ramps run the other way: more is brighter.
RIGHT_RAMP: Final[tuple[str, ...]] = ("#E4F1EA", "#A9D5BF", "#63AD8B", "#2F7E5C", "#17523A")
RIGHT_RAMP_DARK: Final[tuple[str, ...]] = ("#1B3329", "#22543F", "#2F7F5E", "#4BB088", "#8BE0BD")
WRONG_RAMP: Final[tuple[str, ...]] = ("#FBE3DC", "#F2B5A7", "#DE7F6E", "#B33B2F", "#74190F")
WRONG_RAMP_DARK: Final[tuple[str, ...]] = ("#44241F", "#6E3229", "#A34A3C", "#DC7262", "#FFB4A6")

# Of a difference: the first has more (indigo) or the second (turmeric). Blue and yellow are told apart by every common
# colour blindness; a print in grey is told by the sign that stands in the cell.
MORE_RAMP: Final[tuple[str, ...]] = ("#E4E8F6", "#B4BFE4", "#7787C9", "#3B4B9F", "#1F2A6B")
MORE_RAMP_DARK: Final[tuple[str, ...]] = ("#1F2545", "#2E386A", "#4C5AA9", "#7E8FE6", "#BAC5FB")
LESS_RAMP: Final[tuple[str, ...]] = ("#FBEBD0", "#EFCA86", "#CB8E1A", "#8A5F0C", "#553A06")
LESS_RAMP_DARK: Final[tuple[str, ...]] = ("#3A2C13", "#5B441B", "#8F6B1E", "#D7A034", "#F8D58D")

# What is written on a cell: black or white, whichever reads better in each theme.
CELL_TEXT: Final[dict[tuple[str, str], str]] = {
    ("black", "white"): "#010101",
    ("black", "black"): "#020202",
    ("white", "black"): "#FEFEFE",
    ("white", "white"): "#FDFDFD",
}


def light_to_dark() -> dict[str, str]:
    """LIGHT colour -> DARK colour for everything a figure may hold; keys are upper case."""
    pairs = [(LIGHT[name], DARK[name]) for name in LIGHT]
    pairs += zip(CLASSES_LIGHT, CLASSES_DARK, strict=True)
    pairs += zip(RIGHT_RAMP, RIGHT_RAMP_DARK, strict=True)
    pairs += zip(WRONG_RAMP, WRONG_RAMP_DARK, strict=True)
    pairs += zip(MORE_RAMP, MORE_RAMP_DARK, strict=True)
    pairs += zip(LESS_RAMP, LESS_RAMP_DARK, strict=True)
    pairs += [(light, {"black": "#000000", "white": "#FFFFFF"}[dark]) for (_, dark), light in CELL_TEXT.items()]
    return {light.upper(): dark.upper() for light, dark in pairs}


def class_colours(labels: list[str] | tuple[str, ...]) -> dict[str, str]:
    """Label -> colour, by index order, so that a class keeps its colour on every page."""
    return {label: CLASSES_LIGHT[index % len(CLASSES_LIGHT)] for index, label in enumerate(labels)}
