"""Lines over steps and over features."""

from collections import Counter
from collections.abc import Collection, Mapping

import numpy as np
import plotly.graph_objects as go

from ui.charts.colours import class_colours
from ui.charts.layout import base_layout, name_features

MAX_LINE_POINTS = 2000
_DASHES = ("solid", "dash", "dot", "dashdot")


def thin(x: np.ndarray, y: np.ndarray, limit: int = MAX_LINE_POINTS) -> tuple[np.ndarray, np.ndarray]:
    """At most ``limit`` points of a line, keeping the lowest and the highest of every stretch and both ends."""
    if len(x) <= limit:
        return x, y
    edges = np.linspace(0, len(x), limit // 2, dtype=int)
    keep = {0, len(x) - 1}
    for start, end in zip(edges[:-1], edges[1:], strict=True):
        if end > start:
            stretch = y[start:end]
            keep.add(start + int(np.argmin(stretch)))
            keep.add(start + int(np.argmax(stretch)))
    rows = np.array(sorted(keep))
    return x[rows], y[rows]


def smoothed(values: np.ndarray, weight: float = 0.9) -> np.ndarray:
    """Exponential moving average, corrected for its start as Adam's moments are: early points are not pulled to 0."""
    out = np.empty(len(values))
    average = 0.0
    for place, value in enumerate(values):
        average = weight * average + (1 - weight) * float(value)
        out[place] = average / (1 - weight ** (place + 1))
    return out


def feature_lines(
    features: Mapping[str, np.ndarray],
    *,
    colours: Mapping[str, str] | None = None,
    strong: Collection[str] = (),
    title: str = "",
    drawn: bool = False,
) -> go.Figure:
    """One line a sample over its feature numbers (``features``: name -> float D); ``strong`` ones are thick."""
    figure = go.Figure(layout=base_layout(title, drawn=drawn))
    fallback = class_colours(tuple(features))
    colour_of = {name: (colours or fallback).get(name, fallback[name]) for name in features}
    seen: Counter[str] = Counter()
    for name, values in features.items():
        dash = _DASHES[seen[colour_of[name]] % len(_DASHES)]  # lines of one colour are told apart all the same
        seen[colour_of[name]] += 1
        figure.add_scatter(
            x=np.arange(len(values), dtype=np.int32), y=np.asarray(values, dtype=np.float32), mode="lines", name=name,
            line={"width": 3 if name in strong else 1.2, "color": colour_of[name], "dash": dash},
            opacity=0.7 if strong and name not in strong else 1,
            hovertemplate=f"{name}<br>feature %{{x}}: %{{y:.2f}}<extra></extra>",
        )  # fmt: skip
    name_features(figure, title)
    return figure
