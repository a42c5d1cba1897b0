"""The look that every chart shares."""

import html
from collections.abc import Mapping, Sequence

import numpy as np
import plotly.graph_objects as go

from fashion_core.labels import display_name, shortened
from ui.charts.colours import LIGHT

SPLIT_COLOURS = {"train": LIGHT["indigo"], "val": LIGHT["turmeric"], "test": LIGHT["leaf"]}
SPLIT_NAMES = {"train": "Train", "val": "Validation", "test": "Test"}


def class_name(label: str) -> str:
    """A label as plotly shows it: plotly reads tags and entities, and a folder's name may hold anything."""
    return html.escape(display_name(label), quote=False)


LONGEST = 44  # letters of a name beside a row: seventy of them would leave a bar 13 pixels


def names_axis(names: Sequence[str], most: int = LONGEST) -> dict[str, object]:
    """An axis on which the things called ``names`` (as plotly shows them) stand at 0, 1, 2 and so on; long names are
    shortened so that they stay apart.

    As categories themselves, "1" to "12" would be read as numbers, "2019-01" as a date, and two of one name as one.
    """
    text = _shortened(names, most)
    return {"type": "category", "tickmode": "array", "tickvals": list(range(len(names))), "ticktext": text}


def _shortened(names: Sequence[str], most: int) -> list[str]:
    """Cut as they are read, not as they are written: ``&amp;`` is one letter, and a heading's ``<b>`` none."""
    bare = [name.strip() for name in names]
    read = [html.unescape(name.removeprefix("<b>").removesuffix("</b>")) for name in bare]
    if max(map(len, read), default=0) <= most:
        return list(names)
    return [
        name if len(whole) <= most else name.replace(one, f"<b>{cut}</b>" if one.startswith("<b>") else cut)
        for name, one, whole, cut in zip(
            names, bare, read, (html.escape(text, quote=False) for text in shortened(read, most)), strict=True
        )
    ]


def error_bars(up: object, down: object, colour: str, *, thickness: float, width: int) -> dict[str, object]:
    """An interval that reaches ``up`` above and ``down`` below its values; ``width`` is that of its ends."""
    return {
        "type": "data", "symmetric": False, "array": up, "arrayminus": down, "color": colour, "thickness": thickness,
        "width": width,
    }  # fmt: skip


def upright(at: float, line: Mapping[str, object], layer: str | None = "below") -> dict[str, object]:
    """A line from the bottom of the chart to its top; above everything without a ``layer``. A plain dict: add_vline
    takes 12 ms."""
    return {"type": "line", "x0": at, "x1": at, "y0": 0, "y1": 1, "yref": "paper", "line": line, "layer": layer}


def stretch(low: float, high: float, colour: str) -> dict[str, object]:
    """A coloured stretch from the bottom of the chart to its top, behind everything."""
    return {"type": "rect", "x0": low, "x1": high, "y0": 0, "y1": 1, "yref": "paper", "fillcolor": colour,
            "line": {"width": 0}, "layer": "below"}  # fmt: skip


def with_gaps(low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """low, high, nothing, low, high, nothing: one trace draws all bars, where a trace a bar takes 20 ms."""
    return np.stack([low, high, np.full(len(low), np.nan)], axis=1).ravel()


def name_features(figure: go.Figure, title: str) -> None:
    """The axes of a chart whose lines run over the numbers of a layer's features."""
    figure.update_layout(
        margin={"t": 62 if title else 34},
        xaxis={"title": {"text": "Feature number"}},
        yaxis={"title": {"text": "Activation"}},
        hovermode="closest",
    )


def accuracy_below(domain: Sequence[float]) -> dict[str, object]:
    """The second axis of a chart of losses: validation accuracy in a strip at its foot."""
    return {
        "title": {"text": "Validation<br>accuracy, %", "font": {"color": LIGHT["muted"], "size": 13}},
        "domain": domain, "range": [0, 100], "dtick": 50, "gridcolor": LIGHT["line"],
        "zerolinecolor": LIGHT["line"], "automargin": True, "tickfont": {"color": LIGHT["muted"], "size": 13},
    }  # fmt: skip


def base_layout(title: str = "", *, drawn: bool = False, mark: str = "", **changes: object) -> go.Layout:
    """The look that every chart shares. ``drawn`` says in the title that the data are drawn, not photographed; ``mark``
    is the colour of a dot before it, a run's own."""
    words = html.escape(f"{title} · drawn data" if drawn and title else title, quote=False)
    if mark and words:
        words = f'<span style="color:{mark}">●</span> {words}'
    layout = go.Layout(
        template="none",
        title={
            "text": words,
            "font": {"size": 16, "color": LIGHT["ink"]},
            "x": 0,
            "xref": "container",
            "xanchor": "left",
            "y": 1,
            "yref": "container",
            "yanchor": "top",
            "pad": {"t": 6, "l": 2},
        },
        font={"size": 13, "color": LIGHT["ink"]},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        margin={"l": 8, "r": 12, "t": 40 if title else 12, "b": 8},
        hoverlabel={
            "bgcolor": LIGHT["ground"],
            "bordercolor": LIGHT["line"],
            "font": {"size": 13, "color": LIGHT["ink"]},
            "align": "left",
        },
        legend={"orientation": "h", "x": 0, "y": 1.0, "yanchor": "bottom", "xanchor": "left", "font": {"size": 13}},
        modebar={"bgcolor": "rgba(0,0,0,0)", "color": LIGHT["grey"], "activecolor": LIGHT["indigo"]},
        uirevision="kept",
        separators=".,",
    )
    axis = {"gridcolor": LIGHT["line"], "zerolinecolor": LIGHT["line"], "linecolor": LIGHT["line"], "automargin": True}
    axis |= {
        "tickfont": {"color": LIGHT["muted"], "size": 13},
        "title": {"font": {"color": LIGHT["muted"], "size": 13}},
    }
    layout.update(xaxis=axis, yaxis=axis)
    layout.update(**changes)
    return layout
