"""The map of what a model has learnt."""

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from fashion_core.labels import display_name
from ui.charts.layout import base_layout
from ui.colours import LIGHT, class_colours


def embedding_scatter(
    points: np.ndarray,
    labels: Sequence[str],
    classes: Sequence[str],
    *,
    rows: np.ndarray | None = None,
    highlight: Sequence[str] = (),
    axis_titles: tuple[str, str] = ("", ""),
    title: str = "",
    drawn: bool = False,
) -> go.Figure:
    """A 2-D map (``points`` float32 N x 2). One trace a class; its ``customdata`` is the int32 row id alone.

    With ``highlight`` the other classes turn grey and lie below. Each class's name stands at its median.
    """
    rows = np.arange(len(points), dtype=np.int32) if rows is None else rows.astype(np.int32)
    labels = np.asarray(labels)
    colours = class_colours(tuple(classes))
    symbols = ("circle", "square", "diamond")  # colour alone cannot part fifteen classes
    figure = go.Figure(layout=base_layout(title, drawn=drawn))
    order = [name for name in classes if name not in highlight] + [name for name in classes if name in highlight]
    for name in order:
        mask = labels == name
        if not mask.any():
            continue
        pale = bool(highlight) and name not in highlight
        figure.add_scattergl(
            x=points[mask, 0].astype(np.float32),
            y=points[mask, 1].astype(np.float32),
            customdata=rows[mask],
            mode="markers",
            name=display_name(name),
            marker={
                "color": LIGHT["line"] if pale else colours[name],
                "size": 6,
                "symbol": symbols[list(classes).index(name) // 5 % 3],
                "opacity": 0.5 if pale else 0.8,
            },
            hovertemplate=f"{display_name(name)}<extra></extra>",
        )
        if not pale:
            middle = np.median(points[mask], axis=0)
            figure.add_annotation(
                x=float(middle[0]), y=float(middle[1]), text=display_name(name), showarrow=False,
                font={"size": 12, "color": LIGHT["ink"]}, bgcolor=LIGHT["ground"], opacity=0.85, borderpad=2,
            )  # fmt: skip
    figure.update_layout(
        showlegend=False,
        margin={"t": 34 if title else 8},
        dragmode="lasso",
        hovermode="closest",
        xaxis={"title": {"text": axis_titles[0]}, "zeroline": False},
        yaxis={"title": {"text": axis_titles[1]}, "zeroline": False},
    )
    return figure
