"""Bars and dots a class: how often right, how sure."""

import html
from collections.abc import Sequence

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from fashion_core.labels import counted
from fashion_core.metrics.wording import interval, percent
from ui.charts.colours import LIGHT
from ui.charts.layout import base_layout, class_name, error_bars, names_axis, upright

#: By what a result of ``accuracies`` is of.
_LOOKS = {
    "published": {"color": LIGHT["muted"], "symbol": "square", "size": 10},
    "photos": {"color": LIGHT["indigo"], "symbol": "circle", "size": 11},
    "drawn": {"color": LIGHT["turmeric"], "symbol": "diamond-open", "size": 11, "line": {"width": 2}},
}
_WORDS = {"published": "published", "photos": "here", "drawn": "here, drawn"}


def rates_with_intervals(
    rates: pd.DataFrame,
    *,
    title: str = "",
    overall: float | None = None,
    unit: str = "% of the class's photos",
    drawn: bool = False,
) -> go.Figure:
    """One dot and interval a row (``rates``: label, rate, low, high, n), best on top; zero to 100 %."""
    ordered = rates.sort_values("rate", ascending=True, kind="stable")
    names = [class_name(label) for label in ordered["label"]]
    figure = go.Figure(layout=base_layout(title, drawn=drawn))
    figure.add_scatter(
        x=ordered["rate"] * 100,
        y=np.arange(len(names)),
        mode="markers",
        marker={"color": LIGHT["indigo"], "size": 9},
        error_x=error_bars(
            (ordered["high"] - ordered["rate"]) * 100,
            (ordered["rate"] - ordered["low"]) * 100,
            LIGHT["indigo"],
            thickness=1.5,
            width=4,
        ),
        customdata=np.stack([ordered["low"] * 100, ordered["high"] * 100, ordered["n"]], axis=1),
        hovertext=names,
        hovertemplate="%{hovertext}: %{x:.1f} % [%{customdata[0]:.1f}, %{customdata[1]:.1f}] "
        "of %{customdata[2]:,} photos<extra></extra>",
        cliponaxis=False,
    )
    # one assignment: adding fifteen annotations one by one takes plotly 70 ms
    notes = [
        {"text": percent(rate), "x": 1, "xshift": 12, "xref": "paper", "xanchor": "left", "y": place}
        for place, rate in enumerate(ordered["rate"])
    ]
    lines = []
    if overall is not None:
        at = overall * 100
        notes.append({"text": f"all classes {percent(overall)}", "x": at, "y": 1, "yref": "paper", "yanchor": "bottom"})
        dotted = {"color": LIGHT["grey"], "width": 1.2, "dash": "dot"}
        lines.append(upright(at, dotted, layer=None))
    font = {"size": 12, "color": LIGHT["ink"]}
    figure.layout.annotations = [{"showarrow": False, "font": font, **note} for note in notes]
    figure.layout.shapes = lines
    figure.update_layout(
        showlegend=False,
        margin={"t": 56 if title else 24, "r": 64},
        xaxis={"range": [0, 100], "title": {"text": unit}, "zeroline": True, "fixedrange": True},
        yaxis=names_axis([f"{name}  " for name in names]) | {"showgrid": False, "fixedrange": True},
    )
    return figure


def probability_bars(
    labels: Sequence[str], probabilities: Sequence[float], *, title: str = "", drawn: bool = False
) -> go.Figure:
    """Horizontal bars of class probabilities in the order given, the first one strong; zero to 100 %."""
    shares = [100 * float(value) for value in probabilities]
    names = [class_name(label) for label in labels]
    figure = go.Figure(layout=base_layout(title, drawn=drawn))
    figure.add_bar(
        y=np.arange(len(names)), x=shares, orientation="h",
        text=[f"{value:.1f} %" for value in shares], textposition="outside", cliponaxis=False,
        textfont={"color": LIGHT["ink"], "size": 13},
        marker={"color": [LIGHT["indigo"]] + [LIGHT["grey"]] * (len(shares) - 1), "cornerradius": 2},
        hovertext=names, hovertemplate="%{hovertext}: %{x:.2f} %<extra></extra>",
    )  # fmt: skip
    figure.update_layout(
        showlegend=False, bargap=0.35,
        xaxis={"range": [0, 122], "showgrid": False, "showticklabels": False, "fixedrange": True},
        yaxis=names_axis([f"{name}  " for name in names])
        | {"autorange": "reversed", "fixedrange": True, "showgrid": False},
    )  # fmt: skip
    return figure


def accuracies(rows: pd.DataFrame, *, title: str = "") -> go.Figure:
    """One dot and interval a result (``rows``: name, kind, n, classes, rate, low, high), in the order given.

    ``kind`` is published (grey square), photos (indigo dot) or drawn (hollow turmeric diamond), and is written out.
    """
    figure = go.Figure(layout=base_layout(title))
    for place, row in enumerate(rows.itertuples()):
        look = _LOOKS[row.kind]
        detail = f"{_WORDS[row.kind]} · {counted(row.n, 'photo')} · {counted(row.classes, 'class', 'classes')}"
        figure.add_scatter(
            x=[row.rate * 100],
            y=[place],
            mode="markers",
            marker=look,
            error_x=error_bars(
                [(row.high - row.rate) * 100], [(row.rate - row.low) * 100], look["color"], thickness=1.8, width=5
            ),
            hovertemplate=f"%{{customdata}}: {percent(row.rate, 2)}<br>{detail}<extra></extra>",
            customdata=[html.escape(row.name, quote=False)],
            showlegend=False,
            cliponaxis=False,
        )
        figure.add_annotation(
            text=f"<b>{percent(row.rate)}</b>  {interval((row.low, row.high))}",
            x=1.02,
            xref="paper",
            xanchor="left",
            y=place,
            showarrow=False,
            font={"size": 13, "color": LIGHT["ink"]},
        )
    figure.update_layout(
        margin={"t": 40 if title else 12, "r": 160},
        xaxis={
            "range": [0, 100],
            "title": {"text": "Photos named right (accuracy), %", "standoff": 4},
            "fixedrange": True,
            "dtick": 20,
        },
        yaxis={
            "range": [len(rows) - 0.5, -0.5],
            "tickmode": "array",
            "tickvals": list(range(len(rows))),
            "ticktext": [
                f"{html.escape(row.name, quote=False)}  <br>"
                f"<span style='font-size:11px'>{_WORDS[row.kind]}, {counted(row.n, 'photo')}  </span>"
                for row in rows.itertuples()
            ],
            "showgrid": False,
            "zeroline": False,
            "fixedrange": True,
        },
    )
    return figure
