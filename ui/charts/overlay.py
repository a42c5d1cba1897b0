"""Several runs on the same axes: the smoothed loss and the validation accuracy by epochs seen, names at the line ends.

Takes tracks (arrays); knows no run and no file. Seeds of one group become their mean and the band from the lowest to
the highest.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go

from fashion_core.metrics.wording import percent
from ui.charts.layout import accuracy_below, base_layout, error_bars
from ui.charts.lines import thin

SHORT = 16  # letters of a name that stands in one line on a narrow screen
_DASHES = ("solid", "dash", "dot", "dashdot", "longdash", "longdashdot")


@dataclass(frozen=True, kw_only=True)
class Track:
    """One run. ``x``: epochs seen at each logged step; ``loss``: smoothed over all of them. ``val_x``, ``val``,
    ``low``, ``high``: validation accuracy after each epoch and its interval, shares."""

    x: np.ndarray
    loss: np.ndarray
    val_x: np.ndarray
    val: np.ndarray
    low: np.ndarray
    high: np.ndarray


@dataclass(frozen=True, kw_only=True)
class Series:
    """What is one line: a run, or the seeds of a group. ``key`` stays the same over updates; ``name`` is HTML-safe;
    ``colour`` is the run's own."""

    key: str
    name: str
    colour: str
    tracks: tuple[Track, ...]


def mean_and_band(xs: Sequence[np.ndarray], ys: Sequence[np.ndarray]) -> tuple[np.ndarray, ...]:
    """x, mean, lowest and highest of several lines, as far as all of them go, at the first line's points (the others
    are interpolated where theirs differ)."""
    start, end = max(x[0] for x in xs), min(x[-1] for x in xs)
    grid = xs[0][(xs[0] >= start) & (xs[0] <= end)]
    rows = np.stack([np.interp(grid, x, y) for x, y in zip(xs, ys, strict=True)])
    return grid, rows.mean(axis=0), rows.min(axis=0), rows.max(axis=0)


def spread(values: Sequence[float], gap: float) -> list[float]:
    """The values moved apart just so far that no two are nearer than ``gap``; their order stays."""
    order = np.argsort(values, kind="stable")
    placed = np.asarray(values, dtype=float)[order]
    for _ in range(50):  # push neighbours apart until nothing touches
        close = np.diff(placed) < gap - 1e-9
        if not close.any():
            break
        for place in np.flatnonzero(close):
            push = (gap - (placed[place + 1] - placed[place])) / 2
            placed[place] -= push
            placed[place + 1] += push
    out = np.empty(len(placed))
    out[order] = placed
    return [float(value) for value in out]


def finding(series: Sequence[Series]) -> str:
    """Who is ahead on validation, where the intervals (or bands) can tell. A single line has no rival."""
    ends: list[tuple[float, float, float, str]] = []
    for one in series:
        last = [(track.val[-1], track.low[-1], track.high[-1]) for track in one.tracks if len(track.val)]
        if not last:
            continue
        shares = [share for share, _, _ in last]
        low, high = (last[0][1], last[0][2]) if len(last) == 1 else (min(shares), max(shares))
        ends.append((float(np.mean(shares)), low, high, one.name))
    if len(ends) < 2:
        return "Loss and validation accuracy by epochs seen"
    ends.sort(reverse=True)
    if ends[0][1] > ends[1][2]:
        return f"Ahead on validation: {ends[0][3]}, {percent(ends[0][0])} to {percent(ends[1][0])}"
    return "The best two overlap on validation: no winner here"


def overlaid_curves(series: Sequence[Series], *, title: str = "", drawn: bool = False) -> go.Figure:
    """The loss above, the validation accuracy below, one colour and one dash a series; the first is the thickest.
    ``title`` is HTML-safe."""
    figure = go.Figure(layout=base_layout("", drawn=drawn))
    figure.layout.title.text = title + (" · drawn data" if drawn else "")  # its names are escaped already
    ends: dict[str, list[tuple[float, str, str]]] = {"y": [], "y2": []}
    top = max((float(track.x[-1]) for one in series for track in one.tracks if len(track.x)), default=1.0)
    for place, one in enumerate(series):
        colour, dash = one.colour, _DASHES[place % 6]
        look = {"color": colour, "width": 3 if place == 0 else 1.8, "dash": dash}
        for axis, x, y, low, high in _lines(one):
            _draw(figure, one, axis, x, y, low, high, look)
            if len(x):
                said = one.name if axis == "y" else f"{y[-1]:.1f} %"
                ends[axis].append((float(y[-1]), said, colour))
    losses = np.concatenate([track.loss for one in series for track in one.tracks] or [np.array([1.0])])
    highest = float(np.nanmax(losses)) * 1.04 if len(losses) else 1.0
    # behind the longest line: at the end of a shorter one they would stand on the others
    lines = 2 if any(len(said) > SHORT for _, said, _ in ends["y"]) else 1
    figure.layout.annotations = [
        *_names(ends["y"], top, "y", highest * 0.085 * lines), *_names(ends["y2"], top, "y2", 17.0),
    ]  # fmt: skip
    figure.update_layout(
        margin={"t": 40, "b": 8, "r": 8},
        hovermode="closest",
        showlegend=False,
        meta={"behind": 0.3},  # the right third is for the names
        xaxis={"title": {"text": "Epochs seen"}, "range": [0, top * 1.5], "anchor": "y2"},
        yaxis={"title": {"text": "Loss, smoothed"}, "domain": [0.42, 1], "range": [0, highest]},
        yaxis2=accuracy_below([0, 0.33]),
    )  # fmt: skip
    return figure


def _lines(one: Series) -> list[tuple[str, np.ndarray, np.ndarray, np.ndarray, np.ndarray]]:
    """(axis, x, y, low, high) of the loss and of the validation accuracy in percent."""
    logged = [track for track in one.tracks if len(track.x)]
    scored = [track for track in one.tracks if len(track.val)]
    found = []
    if logged:
        found.append(("y", *mean_and_band([track.x for track in logged], [track.loss for track in logged])))
    if len(scored) == 1:
        track = scored[0]
        found.append(("y2", track.val_x, 100 * track.val, 100 * track.low, 100 * track.high))
    elif scored:
        x, mean, low, high = mean_and_band([track.val_x for track in scored], [track.val for track in scored])
        found.append(("y2", x, 100 * mean, 100 * low, 100 * high))
    return found


def _draw(
    figure: go.Figure,
    one: Series,
    axis: str,
    x: np.ndarray,
    y: np.ndarray,
    low: np.ndarray,
    high: np.ndarray,
    look: dict[str, object],
) -> None:
    several = len(one.tracks) > 1
    if several and axis == "y":
        band_x, band_low = thin(x, low)
        top_x, band_high = thin(x, high)
        figure.add_scatter(
            x=np.r_[top_x, band_x[::-1]], y=np.r_[band_high, band_low[::-1]], mode="lines", line={"width": 0},
            fill="toself", fillcolor=look["color"], opacity=0.18, hoverinfo="skip", uid=f"{one.key} band",
        )  # fmt: skip
    thin_x, thin_y = thin(x, y)
    unit = "%{y:.3f}" if axis == "y" else "%{y:.1f} %"
    what = f"mean of {len(one.tracks)} seeds, " if several else ""
    points = {}
    if axis == "y2":
        error = error_bars(high - y, y - low, look["color"], thickness=1.2, width=3)
        points = {"error_y": error, "marker": {"size": 7}}
    figure.add_scatter(
        x=thin_x, y=thin_y, yaxis=axis, mode="lines" if axis == "y" else "lines+markers", line=look,
        uid=f"{one.key} {axis}", name=one.name,
        hovertemplate=f"{one.name}<br>{what}after %{{x:.2f}} epochs: {unit}<extra></extra>", **points,
    )  # fmt: skip


def _names(ends: Sequence[tuple[float, str, str]], x: float, axis: str, gap: float) -> list[dict[str, object]]:
    places = spread([y for y, _, _ in ends], gap)
    return [
        {"x": x, "y": place, "xref": "x", "yref": axis, "text": said, "showarrow": False, "xanchor": "left",
         "xshift": 8, "font": {"size": 12, "color": colour}}
        for (_, said, colour), place in zip(ends, places, strict=True)
    ]  # fmt: skip
