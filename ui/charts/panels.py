"""Shares with their intervals in panels beside each other, one row a thing. Takes arrays; draws and prints each number.

A panel may carry reference marks (a published value, a true share) that have a shape of their own and a legend.
"""

import html
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go

from ui.charts.colours import LIGHT
from ui.charts.layout import LONGEST, base_layout, error_bars, names_axis

#: The looks of reference marks, in the order of a panel's references: shapes that are told apart without colour.
MARKS = (
    {"symbol": "line-ns-open", "color": LIGHT["turmeric"], "size": 13, "line": {"width": 2.5}},
    {"symbol": "diamond-open", "color": LIGHT["muted"], "size": 9, "line": {"width": 1.6}},
)


@dataclass(frozen=True, kw_only=True)
class Panel:
    """``value, low, high``: shares, one a row, NaN where there is none. ``references``: name -> one share a row."""

    title: str
    value: Sequence[float]
    low: Sequence[float]
    high: Sequence[float]
    references: dict[str, Sequence[float]]


def interval_panels(
    names: Sequence[str],
    details: Sequence[str],
    panels: Sequence[Panel],
    *,
    title: str = "",
    top: float = 1.0,
    height: int,
    drawn: bool = False,
) -> go.Figure:
    """One row a name, the first on top; every panel runs from zero to the same ``top`` (a share). ``height`` is that of
    the picture in pixels (``height_of``).

    ``details`` (``n = 500``) stand in the hover beside the name. Names are escaped here.
    """
    shown = [html.escape(str(name), quote=False) for name in names]
    details = [html.escape(str(detail), quote=False) for detail in details]
    rows = np.arange(len(shown))
    figure = go.Figure(layout=base_layout(title, drawn=drawn))
    axes: dict[str, object] = {}
    notes, width = [], 1 / len(panels)
    dots = 0.46 if len(panels) > 1 else 0.62  # of a panel's width; the rest is for what is printed
    for place, panel in enumerate(panels):
        number = "" if place == 0 else str(place + 1)
        _add_panel(figure, panel, number, shown, details, top)
        start = place * width
        axes[f"xaxis{number}"] = {
            "domain": [start, start + width * 0.97], "range": [-1.5 * top, 100 * top / dots], "fixedrange": True,
            "tickvals": _ticks(top, 5 if len(panels) < 2 else 2), "tickangle": 0, "gridcolor": LIGHT["line"],
            "zeroline": True, "zerolinecolor": LIGHT["line"], "tickfont": {"size": 12, "color": LIGHT["muted"]},
        }  # fmt: skip
        above = {"text": f"<b>{panel.title}</b>, %", "x": start, "y": 1, "font": {"size": 13, "color": LIGHT["ink"]}}
        place_of_it = {"xref": "paper", "yref": "paper", "xanchor": "left", "yanchor": "bottom", "showarrow": False}
        notes.append(above | place_of_it)
    figure.layout.annotations = notes
    figure.layout.meta = {"panels": len(panels)}
    figure.update_layout(
        **axes,
        margin={"t": 26 + (28 if title else 0) + (28 if panels[0].references else 0)},
        legend={"y": 1, "yref": "container", "yanchor": "top", "x": 0, "xref": "container", "xanchor": "left"}
        | ({"y": 1 - 30 / height} if title else {}),
        yaxis=names_axis([f"{name}  " for name in shown], LONGEST if len(panels) < 2 else 28)
        | {"range": [len(rows) - 0.5, -0.5], "fixedrange": True, "showgrid": True, "gridcolor": LIGHT["soft"]},
    )  # fmt: skip
    return figure


def _add_panel(
    figure: go.Figure, panel: Panel, number: str, shown: Sequence[str], details: Sequence[str], top: float
) -> None:
    """One panel's dots with their intervals, its marks, and the numbers at its right. ``number``: its axis's."""
    rows = np.arange(len(shown))
    value, low, high = (100 * np.asarray(numbers, dtype=float) for numbers in (panel.value, panel.low, panel.high))
    printed = [
        f"<b>{_percent(v)}</b> [{_percent(a)}, {_percent(b)}]" if np.isfinite(v) else "–"
        for v, a, b in zip(value, low, high, strict=True)
    ]
    for order, (reference, numbers) in enumerate(panel.references.items()):
        called = html.escape(reference, quote=False)
        figure.add_scatter(
            x=100 * np.asarray(numbers, dtype=float), y=rows, xaxis=f"x{number}", mode="markers", name=called,
            marker=MARKS[order], legendgroup=called, showlegend=not number, hovertext=shown,
            hovertemplate=f"%{{hovertext}}: {called} %{{x:.1f}} %<extra></extra>",
        )  # fmt: skip
    figure.add_scatter(
        x=value, y=rows, xaxis=f"x{number}", mode="markers", name="here",
        marker={"color": LIGHT["indigo"], "size": 8}, legendgroup="here",
        showlegend=not number and bool(panel.references),
        error_x=error_bars(high - value, value - low, LIGHT["indigo"], thickness=1.5, width=3),
        customdata=printed, hovertext=[f"{name}, {detail}" for name, detail in zip(shown, details, strict=True)],
        hovertemplate=f"%{{hovertext}}<br>{panel.title} %{{customdata}} %<extra></extra>",
    )  # fmt: skip
    figure.add_scatter(
        x=np.full(len(rows), 104 * top), y=rows, xaxis=f"x{number}", mode="text", text=printed,
        textposition="middle right", textfont={"size": 12, "color": LIGHT["ink"]}, hoverinfo="skip",
        showlegend=False, cliponaxis=False,
    )  # fmt: skip


def height_of(num_rows: int, *, title: bool, references: bool) -> int:
    """A height in pixels at which the rows can be read."""
    return 64 + (28 if title else 0) + (28 if references else 0) + 26 * num_rows


def _percent(value: float) -> str:
    return "100" if value >= 99.95 else f"{value:.1f}"


def _ticks(top: float, most: int) -> list[float]:
    step = next(step for step in (1, 2, 5, 10, 20, 50) if 100 * top / step <= most)
    return [float(tick) for tick in np.arange(0, 100 * top + 1e-9, step)]
