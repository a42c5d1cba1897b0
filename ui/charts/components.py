"""How much each principal axis explains, beside chance; class means with their spread; clusters beside classes."""

from collections.abc import Mapping, Sequence

import numpy as np
import plotly.graph_objects as go

from ui.charts.colours import LIGHT, MORE_RAMP, MORE_RAMP_DARK
from ui.charts.layout import base_layout, class_name, name_features, names_axis
from ui.charts.ramps import scale, text_on


def scree(
    shares: np.ndarray,
    chance: np.ndarray,
    *,
    beyond: int,
    chosen: Sequence[int] = (),
    title: str = "",
    drawn: bool = False,
) -> go.Figure:
    """Bars: the share of the variance that each axis explains (float C); a line: what it would of shuffled features
    (``chance`` float C). Axes beyond chance are indigo, the rest grey; ``chosen`` axes are framed."""
    figure = go.Figure(layout=base_layout(title, drawn=drawn))
    numbers = np.arange(1, len(shares) + 1)
    figure.add_bar(
        x=numbers, y=100 * shares, customdata=(numbers - 1).astype(np.int32), name="These features",
        marker={
            "color": [LIGHT["indigo"] if place < beyond else LIGHT["grey"] for place in range(len(shares))],
            "line": {"color": LIGHT["ink"], "width": [2 if place in chosen else 0 for place in range(len(shares))]},
        },
        text=np.cumsum(100 * shares),
        hovertemplate="Axis %{x}: %{y:.2f} % of the variance, %{text:.1f} % up to here<extra></extra>",
        textposition="none", showlegend=False,
    )  # fmt: skip
    figure.add_scatter(
        x=numbers, y=100 * chance, mode="lines", name="Chance",
        line={"color": LIGHT["madder"], "width": 2, "dash": "dash"}, showlegend=False,
        hovertemplate="Axis %{x}: shuffled features reach %{y:.2f} %<extra></extra>",
    )  # fmt: skip
    figure.add_annotation(
        x=numbers[-1], y=100 * chance[-1], text="shuffled features", showarrow=False, xanchor="right", yanchor="bottom",
        font={"size": 12, "color": LIGHT["madder"]}, bgcolor=LIGHT["ground"], yshift=8,
    )  # fmt: skip
    figure.update_layout(
        bargap=0.25,
        xaxis={"title": {"text": "Principal axis"}, "showgrid": False, "fixedrange": True},
        yaxis={"title": {"text": "% of the variance"}, "rangemode": "tozero", "fixedrange": True},
    )
    return figure


def class_means(
    means: Mapping[str, tuple[np.ndarray, np.ndarray]],
    *,
    colours: Mapping[str, str],
    names: Mapping[str, str],
    title: str = "",
    drawn: bool = False,
) -> go.Figure:
    """One thick line a class over the feature numbers with a band of one standard deviation (label -> mean, spread)."""
    figure = go.Figure(layout=base_layout(title, drawn=drawn))
    for label, (mean, spread) in means.items():
        x = np.arange(len(mean), dtype=np.int32)
        low, high = np.maximum(mean - spread, min(0.0, float(mean.min()))), mean + spread
        figure.add_scatter(
            x=np.concatenate([x, x[::-1]]), y=np.concatenate([high, low[::-1]]).astype(np.float32), fill="toself",
            mode="lines", line={"width": 0, "color": colours[label]}, fillcolor=colours[label], opacity=0.18,
            hoverinfo="skip", showlegend=False,
        )  # fmt: skip
    for label, (mean, spread) in means.items():
        figure.add_scatter(
            x=np.arange(len(mean), dtype=np.int32), y=mean.astype(np.float32), mode="lines", name=names[label],
            line={"width": 2.5, "color": colours[label]}, customdata=spread.astype(np.float32),
            hovertemplate=f"{names[label]}<br>feature %{{x}}: %{{y:.2f}}, spread %{{customdata:.2f}}<extra></extra>",
        )  # fmt: skip
    name_features(figure, title)
    return figure


def cluster_matrix(
    matrix_KK: np.ndarray,
    classes: Sequence[str],
    *,
    title: str = "",
    drawn: bool = False,
    narrow: bool = False,
    places: Sequence[int] | None = None,
) -> go.Figure:
    """Images by cluster (row, numbered as the class that it matches) and class (column); shade: share of the class.

    ``narrow`` is for half a page: the names of more than ten classes stand upright, small, each below its column.
    ``places``: the classes to draw, None for all; a share stays one of all photos of the class."""
    totals, numbers = matrix_KK.sum(axis=0, keepdims=True), np.arange(len(classes))
    if places is not None:
        matrix_KK, totals, numbers = matrix_KK[np.ix_(places, places)], totals[:, places], numbers[places]
        classes = [classes[place] for place in places]
    K = len(classes)
    upright = narrow and K > 10
    share = np.divide(matrix_KK, totals, out=np.zeros(matrix_KK.shape), where=totals > 0)
    names = [class_name(label) for label in classes]
    figure = go.Figure(layout=base_layout(title, drawn=drawn))
    ramps = (MORE_RAMP, MORE_RAMP_DARK)
    hover = [
        [f"Cluster {numbers[row] + 1}: {matrix_KK[row, column]:,} of {totals[0, column]:,} {names[column]}, "
         f"{100 * share[row, column]:.1f} %" for column in range(K)]
        for row in range(K)
    ]  # fmt: skip
    figure.add_heatmap(
        z=share, x=np.arange(K), y=np.arange(K), zmin=-1, zmax=1, colorscale=scale(MORE_RAMP, MORE_RAMP),
        showscale=False, xgap=1, ygap=1,
        hovertext=hover, hovertemplate="%{hovertext}<extra></extra>",
    )  # fmt: skip
    colours = text_on(share, ramps, ramps)
    figure.layout.annotations = [
        {
            "x": column, "y": row, "text": f"{matrix_KK[row, column]}", "showarrow": False,
            "font": {"size": 10 if upright else 11 if K > 10 else 13, "color": colours[row, column]},
        }
        for row in range(K) for column in range(K) if matrix_KK[row, column]
    ]  # fmt: skip
    figure.update_layout(
        margin={"t": 40 if title else 12},
        xaxis=names_axis(names)
        | {
            "title": {"text": "" if upright else "Class"},  # a title would stand across the longest upright names
            "tickangle": -90 if upright else -40,
            "showgrid": False,
            "fixedrange": True,
        }
        | ({"tickfont": {"size": 11, "color": LIGHT["muted"]}} if upright else {}),
        yaxis=names_axis([f"{number + 1}  " for number in numbers])
        | {"title": {"text": "Cluster"}, "autorange": "reversed", "showgrid": False, "fixedrange": True},
    )
    return figure
