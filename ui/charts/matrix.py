"""The confusion matrix, and the difference of two. Rows are true, columns predicted; K classes."""

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from fashion_core.labels import counted
from ui.charts.colours import (
    LESS_RAMP,
    LESS_RAMP_DARK,
    LIGHT,
    MORE_RAMP,
    MORE_RAMP_DARK,
    RIGHT_RAMP,
    RIGHT_RAMP_DARK,
    WRONG_RAMP,
    WRONG_RAMP_DARK,
)
from ui.charts.layout import base_layout, class_name, names_axis
from ui.charts.ramps import scale, text_on

WRONG, RIGHT = (WRONG_RAMP, WRONG_RAMP_DARK), (RIGHT_RAMP, RIGHT_RAMP_DARK)
LESS, MORE = (LESS_RAMP, LESS_RAMP_DARK), (MORE_RAMP, MORE_RAMP_DARK)
SMALLEST = 0.14  # how far from the paper's colour the weakest cell that is not empty stands


LONGEST = 24  # letters of a name beside the cells; the whole one is in the hover
LEAST_MARGIN, LEAST_CELL, LEAST = 150, 24, 510  # pixels; a window that is narrower still scrolls the matrix
LEAST_SIGNED, LEAST_TENTHS = 29, 41  # of a cell in a narrow window: +12 beside -17, +12.5 beside -17.5
ROOMY = 12  # more classes than this leave no room for a decimal behind two digits


def shares(matrix: np.ndarray, axis: int = 1) -> np.ndarray:
    """Each cell over the sum of its row (``axis`` 1) or its column (0), float64 K x K; 0 where that sum is 0."""
    totals = matrix.sum(axis=axis, keepdims=True)
    return np.divide(matrix, totals, out=np.zeros(matrix.shape), where=totals > 0)


def confusion_matrix(
    matrix: np.ndarray,
    labels: Sequence[str],
    *,
    values: str = "counts",
    places: Sequence[int] | None = None,
    chosen: tuple[int, int] | None = None,
    breaks: Sequence[int] = (),
    title: str = "",
    drawn: bool = False,
) -> go.Figure:
    """Counts (int, K x K) or shares of the row or column (``values``: counts, rows, columns) in percent.

    ``places``: the classes to draw, in order, None for all; a share stays one of the whole row or column. ``chosen``
    and ``breaks`` count among those drawn.

    One ramp for the diagonal, another for errors. They follow the share of the row (of the column where these are
    shown), errors on a square-root scale that starts away from the paper, so that a 1 can be seen beside a 480; an
    empty cell is paper. ``customdata`` of a cell is its count; ``chosen`` is framed; a line stands before each of
    ``breaks``. On both axes a class stands at its index.
    """
    of_row, of_column, totals = shares(matrix), shares(matrix, 0), matrix.sum(axis=1)
    if places is not None:
        of_row, of_column, matrix = (cells[np.ix_(places, places)] for cells in (of_row, of_column, matrix))
        totals, labels = totals[places], [labels[place] for place in places]
    K = len(labels)
    share = of_column if values == "columns" else of_row
    # errors: the largest in the picture is the darkest
    wrong = np.where(np.eye(K, dtype=bool), 0, share)
    strongest = wrong.max() or 1.0
    shade = np.where(matrix > 0, -(SMALLEST + (1 - SMALLEST) * np.sqrt(wrong / strongest)), 0.0)
    np.fill_diagonal(shade, np.where(np.diag(matrix) > 0, 0.1 + 0.9 * np.diag(share), 0.0))
    names = [class_name(label) for label in labels]
    fine = (share < 0.0995) | (K <= ROOMY)
    percent = np.where(fine, np.char.mod("%.1f", 100 * share), np.char.mod("%.0f", 100 * share))
    written = matrix.astype(str) if values == "counts" else percent
    written = np.where(matrix > 0, written, "")
    hover = np.empty((K, K), dtype=object)
    for row in range(K):
        for column in range(K):
            verdict = "right" if row == column else "wrong"
            hover[row, column] = (
                f"<b>{names[row]}</b> predicted as <b>{names[column]}</b> ({verdict})<br>"
                f"{int(matrix[row, column]):,} of {counted(int(totals[row]), 'photo')}: "
                f"{100 * of_row[row, column]:.1f} % of the row, {100 * of_column[row, column]:.1f} % of the column"
            )
    figure = go.Figure(layout=base_layout(title, drawn=drawn))
    _cells(figure, shade, written, hover, matrix, WRONG, RIGHT)
    _axes(figure, names, chosen, breaks, title)
    return figure


def matrix_difference(
    first: np.ndarray,
    second: np.ndarray,
    labels: Sequence[str],
    *,
    names: tuple[str, str],
    places: Sequence[int] | None = None,
    chosen: tuple[int, int] | None = None,
    breaks: Sequence[int] = (),
    counted: str = "photos",
) -> go.Figure:
    """Row shares of ``first`` minus row shares of ``second`` (counts, K x K), in percentage points, with their sign.

    Indigo: the first has more; turmeric: the second; both in proportion to the largest difference. Cells that are equal
    to a tenth of a point are paper. ``customdata`` of a cell is the difference. ``names`` of the two are shown as they
    are. ``counted``: what a row counts; answers, where several models answered the same photos. ``places``, ``chosen``
    and ``breaks`` as in ``confusion_matrix``.
    """
    one, two, of_first, of_second = shares(first), shares(second), first.sum(axis=1), second.sum(axis=1)
    if places is not None:
        one, two = (cells[np.ix_(places, places)] for cells in (one, two))
        of_first, of_second, labels = of_first[places], of_second[places], [labels[place] for place in places]
    K = len(labels)
    points = 100 * (one - two)
    shown = np.abs(points) >= 0.05
    largest = np.abs(points).max() or 1.0
    strength = 0.03 + 0.97 * np.abs(points) / largest  # straight: small differences are mostly noise
    shade = np.where(shown, np.sign(points) * strength, 0.0)
    roomy = K <= ROOMY
    written = np.char.replace(np.char.mod("%+.1f" if roomy else "%+.0f", points), "-", "−")
    written = np.where(shown if roomy else np.abs(points) >= 0.5, written, "")  # the rest is told by its colour
    classes = [class_name(label) for label in labels]
    one_name, two_name = map(class_name, names)
    hover = np.empty((K, K), dtype=object)
    for row in range(K):
        for column in range(K):
            gain = (points[row, column] > 0) == (row == column)
            verdict = f"{one_name} is {'better' if gain else 'worse'} here" if shown[row, column] else "no difference"
            hover[row, column] = (
                f"<b>{classes[row]}</b> predicted as <b>{classes[column]}</b><br>"
                f"{one_name}: {100 * one[row, column]:.1f} % of {int(of_first[row]):,} {counted}<br>"
                f"{two_name}: {100 * two[row, column]:.1f} % of {int(of_second[row]):,} {counted}<br>{verdict}"
            )
    figure = go.Figure(layout=base_layout())
    _cells(figure, shade, written, hover, points, LESS, MORE)
    _axes(figure, classes, chosen, breaks, "")
    figure.layout.meta["narrow"] = LEAST_MARGIN + (LEAST_TENTHS if roomy else LEAST_SIGNED) * K
    return figure


def _cells(figure: go.Figure, shade, written, hover, data, below, above) -> None:
    """The coloured cells, and what is written on them as a trace of its own: a heatmap has one text colour for all."""
    K = len(shade)
    figure.add_heatmap(
        z=shade,
        x=np.arange(K),
        y=np.arange(K),
        text=written,
        customdata=data,
        hovertext=hover,
        hoverinfo="text",
        colorscale=scale(below[0], above[0]),
        zmin=-1,
        zmax=1,
        showscale=False,
        xgap=1,
        ygap=1,
    )
    rows, columns = np.nonzero(written != "")
    figure.add_scatter(
        x=columns,
        y=rows,
        mode="text",
        text=written[rows, columns],
        textfont={"size": 12 if K <= ROOMY else 11, "color": text_on(shade[rows, columns], below, above)},
        hoverinfo="skip",
        showlegend=False,
    )


def _axes(figure: go.Figure, names: Sequence[str], chosen, breaks: Sequence[int], title: str) -> None:
    """Class names above and left, the grid between the cells, a frame round the chosen one."""
    K = len(names)
    across, down = names_axis(names, LONGEST), names_axis([f"{name} " for name in names], LONGEST)
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
        xaxis=axis | across | {"side": "top", "tickangle": -45, "range": [-0.5, K - 0.5]},
        yaxis=axis | down | {"range": [K - 0.5, -0.5]},
    )
    shorter = list(across["ticktext"]) != list(names)
    # what a shortened name is in full; and below so many pixels the names of columns would stand on each other
    figure.layout.meta = {"names": list(names) if shorter else [], "least": min(LEAST, LEAST_MARGIN + LEAST_CELL * K)}
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
    line = {"color": LIGHT["muted"], "width": 1.4}
    shapes = []
    for place in breaks:
        at = place - 0.5
        shapes.append({"type": "line", "x0": at, "x1": at, "y0": -0.5, "y1": K - 0.5, "line": line})
        shapes.append({"type": "line", "y0": at, "y1": at, "x0": -0.5, "x1": K - 0.5, "line": line})
    if chosen is not None:
        row, column = chosen
        frame = {"x0": column - 0.5, "x1": column + 0.5, "y0": row - 0.5, "y1": row + 0.5}
        shapes.append({"type": "rect", **frame, "line": {"color": LIGHT["indigo"], "width": 2.5}})
    figure.layout.shapes = shapes
