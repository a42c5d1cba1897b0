"""Charts of a comparison: a difference on its scale, the classes' differences, and what accuracy cost.

Takes numbers and frames (shares between -1 and 1); knows no run and no file. Second minus first everywhere.
"""

import html
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from fashion_core.metrics.intervals import Estimate
from fashion_core.metrics.wording import in_points, interval_in_points, percent, points
from ui.charts.colours import LIGHT
from ui.charts.layout import base_layout, class_name, error_bars, names_axis, stretch, upright, with_gaps

_MINUTES = [digit * 10.0**power for power in range(-3, 6) for digit in (1, 2, 5)]
_ZERO = {"color": LIGHT["muted"], "width": 1.4, "dash": "solid"}
#: what a difference is measured in: for who knows the term, and for who does not
_UNITS = ("Points of accuracy, with the 95 % interval", "More named right, of 100 photos, with the range it may have")
BAND = "rgba(201,138,16,0.16)"  # turmeric, thin enough for both grounds


def difference_scale(
    difference: Estimate, *, margin: float, first_name: str, second_name: str, decided: bool = True, plain: bool = False
) -> go.Figure:
    """One difference with its 95 % interval, in points, on a scale that shows zero and the margin of what counts as
    equal. Names are shown as they are. ``decided``: the verdict is better or worse, and the colour says which.
    ``plain``: in words for a reader who knows no points."""
    value, low, high, margin = (100 * share for share in (difference.value, *difference.bounds, margin))
    reach = 1.12 * max(abs(low), abs(high), 2 * margin)
    colour = LIGHT["indigo"]
    if decided and not low <= 0 <= high:
        colour = LIGHT["leaf"] if low > 0 else LIGHT["madder"]
    figure = go.Figure(layout=base_layout(""))
    figure.add_scatter(
        x=[value],
        y=[0],
        mode="markers",
        marker={"color": colour, "size": 15, "symbol": "diamond"},
        error_x=error_bars([high - value], [value - low], colour, thickness=4, width=9),
        hovertemplate=f"{in_points(difference, digits=2).replace('points', 'of 100 photos' if plain else 'points')}"
        "<extra></extra>",
        cliponaxis=False,
    )  # fmt: skip
    figure.layout.shapes = [stretch(-margin, margin, BAND), upright(0, _ZERO)]
    far = {"showarrow": False, "yref": "paper", "yanchor": "bottom", "font": {"size": 13, "color": LIGHT["muted"]}}
    figure.layout.annotations = [
        {**far, "text": f"← {_short(first_name)} better", "x": 0, "xref": "paper", "xanchor": "left",
         "y": 1.02},
        {**far, "text": f"{_short(second_name)} better →", "x": 1, "xref": "paper", "xanchor": "right",
         "y": 1.02},
        {**far, "text": f"equal within {margin:g}", "x": 0, "xref": "x", "y": 1.02},
        {**far, "text": f"<b>{points(difference.value)}</b> {interval_in_points(difference.bounds)}",
         **_towards_the_middle(value, low, high, reach), "xref": "x", "y": 0.64,
         "font": {"size": 14, "color": LIGHT["ink"]}},
    ]  # fmt: skip
    figure.update_layout(
        showlegend=False,
        meta={"ends": True},
        margin={"t": 26, "b": 8, "l": 12, "r": 12},
        xaxis={"range": [-reach, reach], "title": {"text": _UNITS[plain]},
               "fixedrange": True, "ticksuffix": ""},
        yaxis={"range": [-1, 1], "visible": False, "fixedrange": True},
    )  # fmt: skip
    return figure


def _towards_the_middle(value: float, low: float, high: float, reach: float) -> dict[str, object]:
    """Where the words of an interval stand: above its mark, and near an end of the scale from there inwards, for on a
    narrow screen half of them would be beyond it."""
    if abs(value) < reach / 3:
        return {"x": value, "xanchor": "center"}
    return {"x": high, "xanchor": "right"} if value > 0 else {"x": low, "xanchor": "left"}


def _short(name: str) -> str:
    return html.escape(name if len(name) <= 42 else f"{name[:41]}…", quote=False)


def class_differences(
    per_class: pd.DataFrame, *, margin: float, title: str = "", drawn: bool = False, unit: str = "", plain: bool = False
) -> go.Figure:
    """A row a class (``per_class``: label, n, first, second, difference, low, high, p_holm), the largest gain on top.
    The axis is named ``unit``; ``plain``: the pointer is told nothing of tests.

    What stays different after Holm's correction is a filled diamond, green or red by its sign; the rest are rings.
    """
    ordered = per_class.sort_values("difference", kind="stable")
    real = (ordered["p_holm"] < 0.05).to_numpy()
    value = 100 * ordered["difference"].to_numpy()
    colours = np.where(real, np.where(value > 0, LIGHT["leaf"], LIGHT["madder"]), LIGHT["muted"])
    names = [class_name(label) for label in ordered["label"]]
    figure = go.Figure(layout=base_layout(title, drawn=drawn))
    for flag, symbol in ((False, "circle-open"), (True, "diamond")):
        rows = np.flatnonzero(real == flag)
        if not len(rows):
            continue
        part = ordered.iloc[rows]
        figure.add_scatter(
            x=value[rows],
            y=rows,
            mode="markers",
            marker={"color": colours[rows], "size": 11 if flag else 9, "symbol": symbol, "line": {"width": 1.8}},
            customdata=np.stack(
                [100 * part["first"], 100 * part["second"], 100 * part["low"], 100 * part["high"], part["p_holm"],
                 part["n"]], axis=1,
            ),
            hovertext=[names[row] for row in rows],
            hovertemplate="<b>%{hovertext}</b>: %{customdata[0]:.1f} % to %{customdata[1]:.1f} %<br>" + (
                "%{x:+.1f} of 100 (%{customdata[2]:+.1f} to %{customdata[3]:+.1f}), %{customdata[5]:,} photos"
                if plain
                else "%{x:+.1f} points [%{customdata[2]:+.1f}, %{customdata[3]:+.1f}], "
                "p = %{customdata[4]:.2g} after Holm, n = %{customdata[5]:,}"
            ) + "<extra></extra>",
            cliponaxis=False,
        )  # fmt: skip
        for colour in sorted(set(colours[rows])):
            own = rows[colours[rows] == colour]
            figure.add_scatter(
                x=with_gaps(100 * ordered["low"].to_numpy()[own], 100 * ordered["high"].to_numpy()[own]),
                y=np.repeat(own, 3),
                mode="lines",
                line={"color": colour, "width": 2.2 if flag else 1.3},
                hoverinfo="skip",
            )
    reach = 1.05 * max(float(np.abs(100 * per_class[["low", "high"]].to_numpy()).max()), 200 * margin)
    figure.layout.shapes = [stretch(-100 * margin, 100 * margin, BAND), upright(0, _ZERO)]
    figure.update_layout(
        showlegend=False,
        hovermode="closest",
        margin={"t": 40 if title else 12, "r": 12},
        xaxis={"range": [-reach, reach], "title": {"text": unit}, "fixedrange": True},
        yaxis=names_axis([f"{name}  " for name in names]) | {"showgrid": False, "fixedrange": True},
    )
    return figure


def accuracy_by_cost(
    rows: pd.DataFrame,
    *,
    marked: Mapping[str, str] | None = None,
    published: Sequence[tuple[str, float]] = (),
    drawn: bool = False,
) -> go.Figure:
    """Accuracy over device-minutes on a logarithmic axis (``rows``: id, name, colour, accuracy, low, high, minutes,
    kind), with 95 % intervals. ``marked`` rows (id to the word that stands beside it) are filled; ``published`` (name,
    accuracy) are lines."""
    figure = go.Figure(layout=base_layout("What did accuracy cost?", drawn=drawn))
    if len(rows):
        figure.add_scatter(
            x=np.repeat(rows["minutes"].to_numpy(), 3),
            y=with_gaps(100 * rows["low"].to_numpy(), 100 * rows["high"].to_numpy()),
            mode="lines",
            line={"color": LIGHT["grey"], "width": 1},
            hoverinfo="skip",
        )
    marked = marked or {}
    chosen = rows["id"].isin(list(marked)).to_numpy()
    middle = np.sqrt(rows["minutes"].min() * rows["minutes"].max())  # of a logarithmic axis: words point inwards
    for flag, look in (
        (False, {"size": 8, "symbol": "circle-open", "line": {"width": 1.6}}),
        (True, {"size": 13, "symbol": "diamond"}),
    ):
        part = rows[chosen == flag]
        if part.empty:
            continue
        figure.add_scatter(
            x=part["minutes"],
            y=100 * part["accuracy"],
            mode="markers+text" if flag else "markers",
            text=[_short(marked[name]) for name in part["id"]] if flag else None,
            textposition=["middle left" if far else "middle right" for far in part["minutes"] > middle],
            textfont={"size": 12, "color": LIGHT["ink"]},
            marker=look | {"color": list(part["colour"])},
            customdata=np.stack([100 * part["low"], 100 * part["high"]], axis=1),
            hovertext=[html.escape(name, quote=False) for name in part["name"]],
            hovertemplate="<b>%{hovertext}</b><br>%{y:.1f} % [%{customdata[0]:.1f}, %{customdata[1]:.1f}] after "
            "%{x:.3~g} device-minutes<extra></extra>",
            cliponaxis=False,
        )
    _lines(figure, published)
    figure.update_layout(
        showlegend=False,
        hovermode="closest",
        margin={"t": 40, "r": 12},
        xaxis={
            "type": "log",
            "title": {"text": "Device-minutes of training (logarithmic)"},
            "tickvals": _MINUTES,
            "ticktext": [f"{minutes:g}" for minutes in _MINUTES],
        },
        yaxis={"title": {"text": "Accuracy, %"}},
    )
    return figure


def _lines(figure: go.Figure, published: Sequence[tuple[str, float]]) -> None:
    """Published accuracies have no cost here, so they are lines across; a name stands at the right end."""
    figure.layout.shapes = [
        {"type": "line", "x0": 0, "x1": 1, "xref": "paper", "y0": 100 * accuracy, "y1": 100 * accuracy,
         "layer": "below", "line": {"color": LIGHT["grey"], "width": 1.2, "dash": "dot"}}
        for _, accuracy in published
    ]  # fmt: skip
    figure.layout.annotations = [
        {"text": f"{html.escape(name, quote=False)} {percent(accuracy)}",
         "x": 1, "xref": "paper", "xanchor": "right",
         "y": 100 * accuracy, "yref": "y", "yanchor": "bottom", "showarrow": False,
         "font": {"size": 12, "color": LIGHT["muted"]}}
        for name, accuracy in published
    ]  # fmt: skip
