"""The confusion matrix."""

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from ui.charts.layout import base_layout, class_name, names_axis
from ui.colours import LIGHT, RIGHT_RAMP, WRONG_RAMP


def _ramp(low: Sequence[str], high: Sequence[str]) -> list[list[object]]:
    """A colour scale over -1..1: ``low`` (strongest first) below 0, the paper at 0, ``high`` above 0."""
    below = [[0.49 * place / (len(low) - 1), colour] for place, colour in enumerate(reversed(low))]
    above = [[0.51 + 0.49 * place / (len(high) - 1), colour] for place, colour in enumerate(high)]
    return [*below, [0.49, "rgba(0,0,0,0)"], [0.51, "rgba(0,0,0,0)"], *above]


def confusion_matrix(
    matrix: np.ndarray,
    labels: Sequence[str],
    *,
    as_share: bool = False,
    chosen: tuple[int, int] | None = None,
    title: str = "",
    drawn: bool = False,
) -> go.Figure:
    """Rows true, columns predicted (int, K x K): one ramp for the diagonal, another for errors.

    The ramps follow the share of the row, errors on a square-root scale that starts away from the paper, so that a 1
    can be seen beside a 480; an empty cell is paper. ``customdata`` of a cell is its count; ``chosen`` is framed.
    On both axes a class stands at its index.
    """
    K = len(labels)
    totals = matrix.sum(axis=1, keepdims=True)
    share = np.divide(matrix, totals, out=np.zeros((K, K)), where=totals > 0)
    # errors: the largest in the picture is the darkest; 0.14 keeps one photo off the paper's colour
    wrong = np.where(np.eye(K, dtype=bool), 0, share)
    strongest = wrong.max() or 1.0
    shade = np.where(matrix > 0, -(0.14 + 0.86 * np.sqrt(wrong / strongest)), 0.0)
    np.fill_diagonal(shade, np.where(np.diag(matrix) > 0, 0.1 + 0.9 * np.diag(share), 0.0))
    names = [class_name(label) for label in labels]
    written = np.char.mod("%.1f", share * 100) if as_share else matrix.astype(str)
    written = np.where(matrix > 0, written, "")
    hover = np.empty((K, K), dtype=object)
    for row in range(K):
        for column in range(K):
            verdict = "right" if row == column else "wrong"
            hover[row, column] = (
                f"<b>{names[row]}</b> predicted as <b>{names[column]}</b> ({verdict})<br>"
                f"{int(matrix[row, column]):,} of {int(totals[row, 0]):,} photos, {100 * share[row, column]:.1f} %"
            )
    size = 12 if K <= 12 else 11
    figure = go.Figure(layout=base_layout(title, drawn=drawn))
    figure.add_heatmap(
        z=shade,
        x=np.arange(K),
        y=np.arange(K),
        text=written,
        texttemplate="%{text}",
        textfont={"size": size},
        customdata=matrix,
        hovertext=hover,
        hoverinfo="text",
        colorscale=_ramp(WRONG_RAMP, RIGHT_RAMP),
        zmin=-1,
        zmax=1,
        showscale=False,
        xgap=1,
        ygap=1,
    )
    axis = {
        "tickson": "boundaries",  # the grid runs between the cells, so that empty ones can be counted
        "ticks": "",
        "showgrid": True,
        "gridcolor": LIGHT["line"],
        "showline": False,
        "fixedrange": True,
        "tickfont": {"size": 11.5},
    }
    figure.update_layout(
        margin={"t": 30 if title else 4, "b": 4, "l": 92, "r": 4},
        hovermode="closest",
        xaxis=axis | names_axis(names) | {"side": "top", "tickangle": -45},
        yaxis=axis | names_axis([f"{name} " for name in names]) | {"autorange": "reversed"},
    )
    # both axis names in the corner that the slanted class names leave empty
    figure.layout.annotations = [
        {
            "text": "Predicted →<br>True ↓",
            "x": 0,
            "y": 1,
            "xref": "paper",
            "yref": "paper",
            "xanchor": "right",
            "yanchor": "bottom",
            "xshift": -8,
            "yshift": 6,
            "align": "right",
            "showarrow": False,
            "font": {"size": 12, "color": LIGHT["muted"]},
        }
    ]
    if chosen is not None:
        row, column = chosen
        figure.add_shape(
            type="rect",
            x0=column - 0.5,
            x1=column + 0.5,
            y0=row - 0.5,
            y1=row + 0.5,
            line={"color": LIGHT["indigo"], "width": 2.5},
            fillcolor="rgba(0,0,0,0)",
        )
    return figure
