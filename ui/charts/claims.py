"""Charts of an experiment: its arms with every trained model, and what each arm recognises of each class.

Takes plain numbers (shares between 0 and 1) and names, which are shown as they are; knows no run and no file.
"""

import html
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go

from fashion_core.metrics.intervals import Estimate
from fashion_core.metrics.wording import interval
from ui.charts.colours import CLASSES_LIGHT, LIGHT
from ui.charts.layout import base_layout, class_name, names_axis, stretch, upright, with_gaps

BAND = "rgba(92,91,100,0.16)"  # grey, thin enough for both grounds


@dataclass(frozen=True, kw_only=True)
class Row:
    """An arm: the measure of each of its models, their mean. ``role``: base (what the others are
    held against), judged, or beside (computed afterwards, or not decisive)."""

    name: str
    values: Sequence[float]
    mean: Estimate
    role: str = "judged"


_COLOURS = {"base": LIGHT["muted"], "judged": LIGHT["indigo"], "beside": LIGHT["grey"]}


def arms(
    rows: Sequence[Row], *, unit: str, title: str = "", drawn: bool = False, band: tuple[float, float] | None = None
) -> go.Figure:
    """A row an arm on one scale, the first on top: a dot each model, a diamond the mean, a line its 95 % interval.

    A dashed line stands at the base arm's mean; ``band`` (low, high) is a grey stretch behind everything."""
    figure = go.Figure(layout=base_layout(title, drawn=drawn))
    places = list(range(len(rows)))[::-1]
    for place, row in zip(places, rows, strict=True):
        colour = _COLOURS[row.role]
        figure.add_scatter(
            x=[100 * end for end in row.mean.bounds], y=[place, place], mode="lines",
            line={"color": colour, "width": 3}, hoverinfo="skip",
        )  # fmt: skip
        figure.add_scatter(
            x=100 * np.asarray(row.values),
            y=place + _apart(len(row.values)),
            mode="markers",
            marker={"color": LIGHT["ground"], "size": 9, "line": {"width": 2, "color": colour}},
            hovertemplate=f"{_escaped(row.name)}, one model: %{{x:.2f}} %<extra></extra>",
        )
        figure.add_scatter(
            x=[100 * row.mean.value],
            y=[place],
            mode="markers+text",
            marker={"color": colour, "size": 13, "symbol": "diamond"},
            text=[f"<b>{100 * row.mean.value:.1f}</b>"],
            textposition="top center",
            textfont={"size": 13, "color": LIGHT["ink"]},
            hovertemplate=f"<b>{_escaped(row.name)}</b>, mean of {len(row.values)}: %{{x:.2f}} % "
            f"{interval(row.mean.bounds, 2)}<extra></extra>",
        )
    every = [100 * number for row in rows for number in (*row.values, *row.mean.bounds)]
    every += [100 * number for number in band or ()]
    dashed = {"color": LIGHT["muted"], "width": 1.3, "dash": "dash"}
    gap = max(0.6, 0.08 * (max(every) - min(every)))
    shapes = [upright(100 * row.mean.value, dashed) for row in rows if row.role == "base"]
    if band:
        shapes.append(stretch(100 * band[0], 100 * band[1], BAND))
    figure.layout.shapes = shapes
    names = names_axis([""] * len(rows)) | {"ticktext": [f"{_escaped(row.name)}  " for row in rows], "tickvals": places}
    figure.update_layout(
        showlegend=False,
        hovermode="closest",
        margin={"t": 40 if title else 12, "r": 16},
        xaxis={
            "range": [max(0.0, min(every) - gap), min(100.5, max(every) + gap)],
            "title": {"text": html.escape(unit, quote=False)},
            "ticksuffix": " %",
            "fixedrange": True,
        },
        yaxis=names | {"type": "linear", "range": [-0.6, len(rows) - 0.35], "showgrid": False, "zeroline": False,
                       "fixedrange": True},
    )  # fmt: skip
    return figure


def _apart(num: int) -> np.ndarray:
    """Where the dots of a row stand below its line, so that equal ones can be counted."""
    return -0.2 - 0.07 * (np.arange(num) % 3)


def _escaped(name: str) -> str:
    return html.escape(name, quote=False)


@dataclass(frozen=True, kw_only=True)
class Recalls:
    """What an arm recognises of each of K classes: mean, lowest and highest over its models."""

    name: str
    mean: Sequence[float]
    lowest: Sequence[float]
    highest: Sequence[float]
    is_base: bool = False


def class_recalls(
    recalls: Sequence[Recalls], classes: Sequence[str], counts: Sequence[int], *, title: str = "", drawn: bool = False
) -> go.Figure:
    """A row a class, the one with the most training photos on top; a mark an arm at its mean recall, its line from the
    lowest to the highest of its models. The base arm is a grey ring."""
    order = np.argsort(np.asarray(counts), kind="stable")
    names = [f"{class_name(classes[k])} ({counts[k]:,})  " for k in order]
    figure = go.Figure(layout=base_layout(title, drawn=drawn))
    symbols = ("diamond", "square", "triangle-up", "cross", "star")
    colours = (LIGHT["indigo"], CLASSES_LIGHT[1], CLASSES_LIGHT[2], CLASSES_LIGHT[3], CLASSES_LIGHT[4])
    others = [one for one in recalls if not one.is_base]
    for one in recalls:
        number = others.index(one) % len(symbols) if not one.is_base else 0
        colour = LIGHT["muted"] if one.is_base else colours[number]
        y = np.arange(len(order)) + (0.0 if one.is_base else 0.13 * (number - (len(others) - 1) / 2))
        low, mean, high = (100 * np.asarray(numbers)[order] for numbers in (one.lowest, one.mean, one.highest))
        figure.add_scatter(
            x=with_gaps(low, high), y=np.repeat(y, 3), mode="lines",
            line={"color": colour, "width": 1.6}, hoverinfo="skip", showlegend=False,
        )  # fmt: skip
        figure.add_scatter(
            x=mean,
            y=y,
            mode="markers",
            name=_escaped(one.name),
            marker={
                "color": LIGHT["ground"] if one.is_base else colour,
                "size": 9,
                "symbol": "circle" if one.is_base else symbols[number],
                "line": {"width": 2, "color": colour},
            },
            customdata=np.stack([low, high], axis=1),
            hovertext=[class_name(classes[k]) for k in order],
            hovertemplate=f"<b>%{{hovertext}}</b>, {_escaped(one.name)}: %{{x:.1f}} % "
            "(models from %{customdata[0]:.1f} to %{customdata[1]:.1f})<extra></extra>",
        )
    figure.update_layout(
        hovermode="closest",
        margin={"t": 40 if title else 12, "r": 16, "b": 60 + 22 * len(recalls)},
        legend={"orientation": "v", "x": 0, "y": 0, "yref": "container", "yanchor": "bottom"},
        xaxis={"range": [-1, 101], "title": {"text": "Recall"}, "ticksuffix": " %", "fixedrange": True},
        yaxis=names_axis(names) | {"type": "linear", "range": [-0.6, len(order) - 0.4], "showgrid": False,
                                   "zeroline": False, "fixedrange": True},
    )  # fmt: skip
    return figure
