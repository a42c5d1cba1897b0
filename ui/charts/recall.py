"""The recall of each class after an epoch, with its interval, and where it stood an epoch earlier."""

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from fashion_core.metrics import intervals
from fashion_core.metrics.wording import percent
from ui.charts.colours import LIGHT
from ui.charts.layout import base_layout, class_name, error_bars, names_axis


def recalls(matrix: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Recall, Wilson's lower and upper bound (shares, NaN where a class has no photos) and photos, of each class of a
    confusion matrix (counts, rows true)."""
    right, n = np.diag(matrix).astype(float), matrix.sum(axis=1)
    low, high = intervals.wilson(right, n)
    share = np.divide(right, n, out=np.full(len(n), np.nan), where=n > 0)
    return share, np.where(n > 0, low, np.nan), np.where(n > 0, high, np.nan), n


def finding(matrix: np.ndarray, classes: Sequence[str]) -> str:
    """The class that is found least often."""
    share, _, _, n = recalls(matrix)
    if not (n > 0).any():
        return ""
    worst = int(np.nanargmin(share))
    return f"Found least often: {class_name(classes[worst])}, {percent(share[worst])} of {n[worst]:,}"


def recall_dots(
    matrix: np.ndarray,
    before: np.ndarray | None,
    classes: Sequence[str],
    *,
    places: Sequence[int] | None = None,
    drawn: bool = False,
) -> go.Figure:
    """A row a class, in index order so that rows stay while the epoch moves: the recall as a dot with its 95 %
    interval, the epoch before as a ring. ``places``: the classes to draw, None for all."""
    figure = go.Figure(layout=base_layout("", drawn=drawn))
    figure.layout.title.text = finding(matrix, classes) + (" · drawn data" if drawn else "")  # escaped in there
    places = list(range(len(classes))) if places is None else list(places)
    classes, K = [classes[place] for place in places], len(places)
    if before is not None:
        figure.add_scatter(
            x=100 * recalls(before)[0][places], y=np.arange(K), mode="markers", name="The epoch before", uid="before",
            marker={"symbol": "circle-open", "size": 10, "color": LIGHT["grey"], "line": {"width": 1.6}},
            hovertemplate="the epoch before: %{x:.1f} %<extra></extra>",
        )  # fmt: skip
    share, low, high, n = (100 * values[places] for values in recalls(matrix))
    figure.add_scatter(
        x=share, y=np.arange(K), mode="markers", name="This epoch, 95 % interval", uid="now",
        marker={"size": 10, "color": LIGHT["indigo"]},
        error_x=error_bars(high - share, share - low, LIGHT["indigo"], thickness=1.4, width=4),
        customdata=np.stack([low, high, n / 100], axis=1),
        hovertext=[class_name(label) for label in classes],
        hovertemplate="<b>%{hovertext}</b>: %{x:.1f} % [%{customdata[0]:.1f}, %{customdata[1]:.1f}]<br>"
        "of %{customdata[2]:,.0f} validation photos<extra></extra>",
    )  # fmt: skip
    names = [class_name(label) for label in classes]
    figure.update_layout(
        margin={"t": 62, "b": 8},
        hovermode="closest",
        legend={"y": 1.01},
        xaxis={"title": {"text": "Recall on validation, %"}, "range": [-2, 102]},
        yaxis=names_axis([f"{name} " for name in names]) | {"autorange": "reversed", "tickfont": {"size": 12.5}},
    )
    return figure
