"""The map of what a model has learnt, flat or in space."""

import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go

from fashion_core.metrics import worst_classes
from ui.charts.colours import LIGHT, MORE_RAMP, class_colours
from ui.charts.layout import base_layout, class_name

SYMBOLS = ("circle", "square", "diamond")  # colour alone cannot part fifteen classes

GREYS = ("#7F7F7F",)  # a class's colour that would not stand out from the others when they turn grey

EYE = {"x": 1.45, "y": 1.45, "z": 1.2}  # from nearer the axes' titles leave the chart at 1280
CENTRE = {"x": 0.0, "y": 0.0, "z": -0.14}  # the titles hang below the cube: at 0 the chart's edge cut them


@dataclass(frozen=True, kw_only=True, eq=False)
class Map:
    """What lies on a map, and how it is drawn whatever its points are coloured by.

    ``points``: float32 N x 2, or N x 3 for a map in space; ``rows`` are their ids, None for 0, 1, 2 and so on;
    ``hover`` is a line a point. ``ringed`` are places (M x 2 or 3) that get a ring. ``shown`` is from where to where
    the axes reach (2 x 2: low, high) where that is more than the points do, in half a page. ``mark`` is the colour of
    the run that ``title`` names.
    """

    points: np.ndarray
    rows: np.ndarray | None = None
    hover: Sequence[str] | None = None
    ringed: np.ndarray | None = None
    axis_titles: Sequence[str] = ("", "", "")
    shown: np.ndarray | None = None
    title: str = ""
    mark: str = ""
    drawn: bool = False

    @property
    def is_flat(self) -> bool:
        return self.points.shape[1] == 2

    def figure(self) -> go.Figure:
        return go.Figure(layout=base_layout(self.title, drawn=self.drawn, mark=self.mark))

    def add(self, figure: go.Figure, mask: np.ndarray, *, marker: dict, **more: object) -> None:
        """One trace of the points of ``mask``, flat or in space; its ``customdata`` is the int32 row id alone."""
        points = self.points[mask]
        rows = (np.arange(len(self.points)) if self.rows is None else self.rows)[mask].astype(np.int32)
        places = {axis: points[:, place].astype(np.float32) for place, axis in enumerate("xyz"[: points.shape[1]])}
        if self.is_flat:
            opacity = more.pop("opacity")  # of each marker: of the trace it would redraw all at each hover
            figure.add_scattergl(
                **places, customdata=rows, mode="markers", marker={"size": 6, "opacity": opacity, **marker}, **more
            )
        else:
            figure.add_scatter3d(**places, customdata=rows, mode="markers", marker={"size": 3.5, **marker}, **more)

    def lines(self, mask: np.ndarray) -> np.ndarray | None:
        """``hover`` of the points of ``mask``."""
        return None if self.hover is None else np.asarray(self.hover)[mask]


def embedding_scatter(
    the_map: Map,
    labels: Sequence[str],
    classes: Sequence[str],
    *,
    highlight: Sequence[str] = (),
    colours: Mapping[str, str] | None = None,
    names: Mapping[str, str] | None = None,
    legend: bool = False,
) -> go.Figure:
    """A map coloured by groups. One trace a group, of many groups one for all that are not highlighted.

    ``labels`` are the points' groups and ``classes`` the groups in the order of drawing; without ``colours`` and
    ``names`` they are classes. With ``highlight`` the other groups turn grey and lie below. Each group's name stands at
    its median, or in a ``legend``; a point's line of ``hover`` stands under its group.
    """
    labels = np.asarray(labels)
    colours = class_colours(tuple(classes)) if colours is None else colours
    written = {name: html.escape(names[name], quote=False) if names else class_name(name) for name in classes}
    figure = the_map.figure()
    order = [name for name in classes if name not in highlight] + [name for name in classes if name in highlight]
    steps = 5 if len(classes) > len(SYMBOLS) else 1  # right and wrong differ by more than colour
    shade = {name: LIGHT["indigo"] if highlight and colours[name] in GREYS else colours[name] for name in order}
    medians: dict[str, np.ndarray] = {}
    if len(order) >= worst_classes.MANY:
        order = [name for name in order if name in highlight]
        _add_together(figure, the_map, labels, written, shade, apart=highlight)
    for name in order:
        mask = labels == name
        if not mask.any():
            continue
        pale = bool(highlight) and name not in highlight
        the_map.add(
            figure, mask,
            name=written[name],
            uid=name,  # a lasso's points stay with their group when the order of the traces changes
            text=the_map.lines(mask),
            opacity=0.28 if pale else 0.8,
            marker={
                "color": LIGHT["grey"] if pale else shade[name],
                # without a GPU a browser drew mixed symbols 1.9 and 3.6 times as long as circles (two tries)
                "symbol": "circle" if pale else SYMBOLS[list(classes).index(name) // steps % 3],
            },
            hovertemplate=f"{written[name]}{'' if the_map.hover is None else '<br>%{text}'}<extra></extra>",
        )  # fmt: skip
        if not pale:
            medians[name] = np.median(the_map.points[mask], axis=0)
    legend = legend or not the_map.is_flat
    if not legend:
        _write_names(figure, the_map, medians, written)
    _finish(figure, the_map)
    figure.update_layout(showlegend=legend)
    if legend:
        figure.update_layout(
            margin={"t": 34 if the_map.title else 8},
            legend={"orientation": "v", "x": 1, "xanchor": "left", "y": 1, "yanchor": "top", "itemsizing": "constant"},
        )
    return figure


def _write_names(figure: go.Figure, the_map: Map, medians: dict[str, np.ndarray], written: Mapping[str, str]) -> None:
    for name, (x, y) in _apart(medians, the_map.points, the_map.shown).items():
        figure.add_annotation(
            x=x, y=y, text=written[name], showarrow=False,
            font={"size": 12, "color": LIGHT["ink"]}, bgcolor=LIGHT["ground"], opacity=0.85, borderpad=2,
        )  # fmt: skip


def value_scatter(the_map: Map, values: np.ndarray, *, unit: str = "") -> go.Figure:
    """The same map coloured by a number a point (``values`` float N; NaN is grey), strong where it is high."""
    figure = the_map.figure()
    told = ~np.isnan(values)
    low, high = np.quantile(values[told], [0.02, 0.98]) if told.any() else (0.0, 1.0)
    scale = [[place / (len(MORE_RAMP) - 1), colour] for place, colour in enumerate(MORE_RAMP)]
    bar = {
        "title": {"text": html.escape(unit, quote=False), "side": "right", "font": {"color": LIGHT["muted"]}},
        "tickfont": {"color": LIGHT["muted"]}, "thickness": 12, "outlinewidth": 0,
    }  # fmt: skip
    for mask, marker in (
        (~told, {"color": LIGHT["grey"]}),
        (told, {"color": values[told].astype(np.float32), "colorscale": scale, "cmin": low, "cmax": high,
                "colorbar": bar}),
    ):  # fmt: skip
        if mask.any():
            the_map.add(
                figure, mask, name="", uid=str(bool(mask is told)), opacity=0.85, text=the_map.lines(mask),
                marker=marker, hovertemplate="%{text}<extra></extra>",
            )  # fmt: skip
    _finish(figure, the_map)
    figure.update_layout(showlegend=False)
    return figure


def _add_together(
    figure: go.Figure,
    the_map: Map,
    labels: np.ndarray,
    written: Mapping[str, str],
    shade: Mapping[str, str],
    *,
    apart: Sequence[str],
) -> None:
    """All groups but those ``apart`` as one trace: a thousand traces take plotly three seconds, and the browser ten."""
    mask = np.isin(labels, [name for name in written if name not in set(apart)])
    text, lines = [written[label] for label in labels[mask]], the_map.lines(mask)
    if lines is not None:
        text = [f"{name}<br>{line}" for name, line in zip(text, lines, strict=True)]
    the_map.add(
        figure, mask, name="other classes" if apart else "all classes", uid="together/", text=text,
        opacity=0.28 if apart else 0.8,
        marker={"symbol": "circle", "color": LIGHT["grey"] if apart else [shade[label] for label in labels[mask]]},
        hovertemplate="%{text}<extra></extra>",
    )  # fmt: skip


def _finish(figure: go.Figure, the_map: Map) -> None:
    """Rings, axes and how the mouse acts."""
    ringed, flat = the_map.ringed, the_map.is_flat
    if ringed is not None and len(ringed):
        look = {"symbol": "circle-open", "size": 14 if flat else 9, "color": LIGHT["ink"], "line": {"width": 2}}
        places = {axis: ringed[:, place] for place, axis in enumerate("xyz"[: ringed.shape[1]])}
        add = figure.add_scattergl if flat else figure.add_scatter3d
        add(**places, mode="markers", hoverinfo="skip", uid="ringed", showlegend=False, marker=look)
    figure.update_layout(margin={"t": 34 if the_map.title else 8}, hovermode="closest")
    if flat:
        figure.update_layout(
            dragmode="lasso",
            xaxis={"title": {"text": the_map.axis_titles[0]}, "zeroline": False},
            yaxis={"title": {"text": the_map.axis_titles[1]}, "zeroline": False},
        )
        return
    axes = {
        f"{axis}axis": {
            "title": {"text": words, "font": {"size": 12, "color": LIGHT["muted"]}},
            "tickfont": {"size": 11, "color": LIGHT["muted"]}, "gridcolor": LIGHT["line"],
            "zerolinecolor": LIGHT["line"], "showbackground": False, "showspikes": False,
        }
        for axis, words in zip("xyz", the_map.axis_titles, strict=False)
    }  # fmt: skip
    figure.update_layout(
        dragmode="orbit", scene={**axes, "aspectmode": "cube", "camera": {"eye": EYE, "center": CENTRE}}
    )


def _apart(
    names: dict[str, np.ndarray], points: np.ndarray, shown: np.ndarray | None = None
) -> dict[str, tuple[float, float]]:
    """The places of the names: names that would cover each other push each other up and down, and none leaves the
    chart while there is room in it."""
    if not names:
        return {}
    low, high = (points.min(axis=0), points.max(axis=0)) if shown is None else shown
    width, height = np.maximum(high - low, 1e-6)
    letter = 0.0135  # half a letter's width, as a share of the chart's: on a telephone of 274 pixels
    line = 0.055 * height
    order = sorted(names, key=lambda name: names[name][1])
    x_N, y_N = np.array([names[name] for name in order], dtype=float).T
    reach_N = letter * width * np.array([len(name) for name in order])
    beside_NN = np.abs(x_N[:, None] - x_N) < reach_N[:, None] + reach_N
    np.fill_diagonal(beside_NN, False)
    above_NN = np.tri(len(order), k=-1) - np.tri(len(order), k=-1).T  # 1 where the row's name stays over the column's
    bottom, top = low[1] + line / 2, high[1] - line / 2
    for _ in range(100):
        distance_NN = above_NN * (y_N[:, None] - y_N)
        lack_NN = np.where(beside_NN, np.maximum(line - distance_NN, 0), 0)
        if not lack_NN.any():
            break
        y_N = np.clip(y_N + 0.25 * (above_NN * lack_NN).sum(axis=1), bottom, top)
    for place in range(len(order)):  # what is still too near: upwards, and what that pushes out comes down again
        y_N[place] = max(bottom, y_N[place], *(y_N[:place][beside_NN[place, :place]] + line))
    for place in reversed(range(len(order))):
        y_N[place] = min(top, y_N[place], *(y_N[place + 1 :][beside_NN[place, place + 1 :]] - line))
    for place in [*range(len(order))] * 3:  # back towards where it belongs, as far as there is room
        lowest = max(bottom, *(y_N[:place][beside_NN[place, :place]] + line), bottom)
        highest = min(top, *(y_N[place + 1 :][beside_NN[place, place + 1 :]] - line), top)
        if lowest <= highest:
            y_N[place] = np.clip(names[order[place]][1], lowest, highest)
    return {name: (float(x), float(y)) for name, x, y in zip(order, x_N, y_N, strict=True)}
