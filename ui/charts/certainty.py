"""The reliability diagram. Takes counts by bin of probability; draws how often the answers were right."""

import numpy as np
import plotly.graph_objects as go

from fashion_core.metrics.calibration import Reliability
from fashion_core.metrics.intervals import wilson
from ui.charts.colours import LIGHT
from ui.charts.layout import base_layout, error_bars


def reliability_diagram(
    before: Reliability, after: Reliability | None = None, *, title: str = "", drawn: bool = False
) -> go.Figure:
    """Accuracy by probability with Wilson intervals, over the number of photos in each bin; honest answers lie on the
    dashed line. ``after`` is the same after a temperature, with hollow squares."""
    figure = go.Figure(layout=base_layout(title, drawn=drawn))
    figure.add_scatter(
        x=[0, 100], y=[0, 100], mode="lines", line={"color": LIGHT["grey"], "width": 1.4, "dash": "dash"},
        hoverinfo="skip", name="as often right as said", showlegend=True,
    )  # fmt: skip
    looks = [("as it is", before, LIGHT["indigo"], "circle", 0)]
    if after is not None:
        looks.append(("with the temperature", after, LIGHT["turmeric"], "square-open", 1))
    for name, found, colour, symbol, order in looks:
        there = found.n > 0
        n, right = found.n[there], found.right[there]
        low, high = wilson(right, n)
        rate = right / n
        figure.add_scatter(
            x=100 * found.confidence[there], y=100 * rate, mode="markers", name=name,
            marker={"color": colour, "symbol": symbol, "size": 8},
            error_y=error_bars(100 * (high - rate), 100 * (rate - low), colour, thickness=1.3, width=3),
            customdata=np.stack([100 * low, 100 * high, n], axis=1),
            hovertemplate="said %{x:.1f} %, right %{y:.1f} % [%{customdata[0]:.1f}, %{customdata[1]:.1f}], "
            f"n = %{{customdata[2]:,}} ({name})<extra></extra>",
        )  # fmt: skip
        centres = 50 * (found.edges[1:] + found.edges[:-1])
        figure.add_bar(
            x=centres + (order - 0.5 if after is not None else 0) * 2.6, y=found.n, yaxis="y2", showlegend=False,
            width=2.4 if after is not None else 5, marker={"color": colour, "opacity": 0.75},
            hovertemplate=f"%{{y:,}} photos ({name})<extra></extra>",
        )  # fmt: skip
    figure.update_layout(
        hovermode="closest", barmode="overlay", margin={"t": 64 if title else 36},
        xaxis={"range": [0, 101], "title": {"text": "Probability of the first answer, %"}, "anchor": "y2",
               "fixedrange": True, "dtick": 20},
        yaxis={"range": [0, 104], "title": {"text": "Right, %"}, "domain": [0.3, 1], "fixedrange": True, "dtick": 20},
        yaxis2={
            "title": {"text": "Photos", "font": {"size": 13, "color": LIGHT["muted"]}}, "domain": [0, 0.22],
            "fixedrange": True, "rangemode": "tozero", "nticks": 3, "gridcolor": LIGHT["line"],
            "tickfont": {"size": 12, "color": LIGHT["muted"]},
        },
    )  # fmt: skip
    return figure
