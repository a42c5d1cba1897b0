"""The map of what a model has learnt."""

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from ui.charts.layout import base_layout, class_name
from ui.colours import LIGHT, class_colours


def embedding_scatter(
    points: np.ndarray,
    labels: Sequence[str],
    classes: Sequence[str],
    *,
    rows: np.ndarray | None = None,
    hover: Sequence[str] | None = None,
    highlight: Sequence[str] = (),
    ringed: Sequence[int] = (),
    axis_titles: tuple[str, str] = ("", ""),
    title: str = "",
    drawn: bool = False,
) -> go.Figure:
    """A 2-D map (``points`` float32 N x 2). One trace a class; its ``customdata`` is the int32 row id alone.

    With ``highlight`` the other classes turn grey and lie below. Each class's name stands at its median. ``hover`` is
    a line a point under its class; ``ringed`` are positions in ``points`` that get a ring.
    """
    rows = np.arange(len(points), dtype=np.int32) if rows is None else rows.astype(np.int32)
    labels = np.asarray(labels)
    hover = None if hover is None else np.asarray(hover)
    colours = class_colours(tuple(classes))
    symbols = ("circle", "square", "diamond")  # colour alone cannot part fifteen classes
    figure = go.Figure(layout=base_layout(title, drawn=drawn))
    order = [name for name in classes if name not in highlight] + [name for name in classes if name in highlight]
    names: dict[str, np.ndarray] = {}
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
            name=class_name(name),
            uid=name,  # a lasso's points stay with their class when the order of the traces changes
            text=None if hover is None else hover[mask],
            marker={
                "color": LIGHT["grey"] if pale else colours[name],
                "size": 6,
                # without a GPU a browser drew mixed symbols 1.9 and 3.6 times as long as circles (two tries)
                "symbol": "circle" if pale else symbols[list(classes).index(name) // 5 % 3],
                "opacity": 0.28 if pale else 0.8,
            },
            hovertemplate=f"{class_name(name)}{'' if hover is None else '<br>%{text}'}<extra></extra>",
        )
        if not pale:
            names[name] = np.median(points[mask], axis=0)
    for name, (x, y) in _apart(names, points).items():
        figure.add_annotation(
            x=x, y=y, text=class_name(name), showarrow=False,
            font={"size": 12, "color": LIGHT["ink"]}, bgcolor=LIGHT["ground"], opacity=0.85, borderpad=2,
        )  # fmt: skip
    if len(ringed):
        figure.add_scattergl(
            x=points[ringed, 0], y=points[ringed, 1], mode="markers", hoverinfo="skip", uid="ringed",
            marker={"symbol": "circle-open", "size": 14, "color": LIGHT["ink"], "line": {"width": 2}},
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


def _apart(names: dict[str, np.ndarray], points: np.ndarray) -> dict[str, tuple[float, float]]:
    """The places of the names, from bottom to top, each moved up until it covers none of those already placed."""
    if not names:
        return {}
    width, height = np.maximum(np.ptp(points, axis=0), 1e-6)
    placed: dict[str, tuple[float, float]] = {}
    for name, (x, y) in sorted(names.items(), key=lambda item: item[1][1]):
        reach = {other: 0.009 * width * (len(name) + len(other)) for other in placed}  # half of both names, in pixels
        for other, (other_x, other_y) in sorted(placed.items(), key=lambda item: item[1][1]):
            if abs(x - other_x) < reach[other] and abs(y - other_y) < 0.055 * height:
                y = other_y + 0.055 * height
        placed[name] = (float(x), float(y))
    return placed
