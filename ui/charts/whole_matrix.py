"""The whole of a large confusion matrix as a picture of one pixel a cell: no text, bounded bytes, zoom and clicks."""

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from fashion_core.report import matrix_picture
from ui.charts.colours import LIGHT
from ui.charts.layout import base_layout, class_name


def nearest_cell(matrix: np.ndarray, row: int, column: int, reach: int = 3) -> tuple[int, int]:
    """The cell that is not empty nearest to a click: a pixel is a small thing to hit. The click's own where there is
    none within ``reach``."""
    top, left = max(0, row - reach), max(0, column - reach)
    found = np.argwhere(matrix[top : row + reach + 1, left : column + reach + 1]) + (top, left)
    if not len(found):
        return row, column
    near = found[((found - (row, column)) ** 2).sum(axis=1).argmin()]
    return int(near[0]), int(near[1])


def whole_matrix(matrix: np.ndarray, labels: Sequence[str], *, chosen: Sequence[int] = ()) -> go.Figure:
    """Counts (int, K x K, rows true) in the order of ``labels``; the pointer names a cell, a click gives its row and
    column, a drag zooms. The cell ``chosen`` is marked."""
    K = len(labels)
    names = [class_name(label) for label in labels]
    figure = go.Figure(layout=base_layout())
    figure.add_image(
        source=matrix_picture.address(matrix),
        zsmooth="fast" if K > matrix_picture.SMOOTH else False,
        hoverinfo="none",  # ui/shared/plot.js names the cell: a text a cell would be a million texts
    )
    axis = {
        "showticklabels": False, "ticks": "", "showgrid": False, "zeroline": False, "showline": True, "mirror": True,
        "linecolor": LIGHT["line"], "constrain": "domain",
    }  # fmt: skip
    figure.update_layout(
        margin={"t": 52, "b": 4, "l": 30, "r": 4},
        hovermode="closest",
        meta={"names": names},
        xaxis=axis | {"side": "top", "title": {"text": "Predicted →", "standoff": 4}, "range": [-0.5, K - 0.5]},
        yaxis=axis | {"title": {"text": "← True", "standoff": 4}, "range": [K - 0.5, -0.5]},
    )
    if len(chosen) == 2:
        row, column = chosen
        line = {"color": LIGHT["indigo"], "width": 1, "dash": "dot"}
        figure.layout.shapes = [
            {"type": "line", "x0": -0.5, "x1": K - 0.5, "y0": row, "y1": row, "line": line},
            {"type": "line", "x0": column, "x1": column, "y0": -0.5, "y1": K - 0.5, "line": line},
        ]
    return figure
