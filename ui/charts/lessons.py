"""What lessons show: shares with intervals, recall by class size, two pairs of loss curves."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from fashion_core.metrics.intervals import wilson
from fashion_core.metrics.wording import percent
from ui.charts.colours import LIGHT
from ui.charts.layout import base_layout, class_name, error_bars, names_axis, upright

#: First and second training of a lesson: colour and symbol say the same.
LOOKS = (("indigo", "circle", "solid"), ("turmeric", "diamond", "dash"))
_GUESS = {"color": LIGHT["madder"], "width": 1.5, "dash": "dash"}


def shares(rows: pd.DataFrame, *, title: str, guess: float | None = None, unit: str = "Right, %") -> go.Figure:
    """One dot and interval a row (``rows``: name, look (0 or 1), rate, low, high, n), in the order given, zero to
    100 %. ``guess`` is drawn as a line."""
    figure = go.Figure(layout=base_layout(title, drawn=True))
    for look, (colour, symbol, _) in enumerate(LOOKS):
        own = rows[rows["look"] == look]
        if own.empty:
            continue
        figure.add_scatter(
            x=own["rate"] * 100, y=own.index.to_numpy(), mode="markers", showlegend=False, cliponaxis=False,
            marker={"color": LIGHT[colour], "symbol": symbol, "size": 12},
            error_x=error_bars((own["high"] - own["rate"]) * 100, (own["rate"] - own["low"]) * 100, LIGHT[colour],
                               thickness=2, width=6),
            customdata=np.stack([own["low"] * 100, own["high"] * 100, own["n"]], axis=1),
            hovertemplate="%{x:.1f} % [%{customdata[0]:.1f}, %{customdata[1]:.1f}], n = %{customdata[2]:,}"
            "<extra></extra>",
        )  # fmt: skip
    font = {"size": 13, "color": LIGHT["ink"]}
    notes = [
        {"text": f"<b>{percent(row.rate)}</b>", "x": 1.01, "xref": "paper", "xanchor": "left", "y": place,
         "showarrow": False, "font": font}
        for place, row in enumerate(rows.itertuples())
    ]  # fmt: skip
    lines = []
    if guess is not None:
        lines.append(upright(guess * 100, _GUESS, layer=None))
        notes.append({"text": "your guess", "x": guess * 100, "y": 1, "yref": "paper", "yanchor": "bottom",
                      "showarrow": False, "font": {"size": 12, "color": LIGHT["madder"]}})  # fmt: skip
    figure.layout.annotations, figure.layout.shapes = notes, lines
    figure.update_layout(
        margin={"t": 62 if guess is not None else 44, "r": 72},
        xaxis={"range": [0, 100], "title": {"text": unit, "standoff": 4}, "fixedrange": True, "dtick": 20,
               "tickangle": 0},
        yaxis=names_axis([f"{name}  " for name in rows["name"]])
        # the order is said: else a place that only the second trace has would come last
        | {"categoryorder": "array", "categoryarray": list(range(len(rows))), "range": [len(rows) - 0.5, -0.5],
           "showgrid": False, "zeroline": False, "fixedrange": True},
    )  # fmt: skip
    return figure


def recall_by_size(classes: pd.DataFrame, names: Mapping[str, str], *, title: str) -> go.Figure:
    """Recall of each class, the commonest on top (``classes``: label, train, n and right ones by part); ``names``: part
    -> words, one or two. Intervals are drawn for one and told on hovering for two; a dot's customdata is its row."""
    figure = go.Figure(layout=base_layout(title, drawn=True))
    place_N = np.arange(len(classes))
    if len(names) == 2:
        first, second = (classes[part] / classes["n"] * 100 for part in names)
        line = {"color": LIGHT["line"], "width": 3}
        figure.layout.shapes = [
            {"type": "line", "x0": one, "x1": other, "y0": place, "y1": place, "line": line, "layer": "below"}
            for place, (one, other) in enumerate(zip(first, second, strict=True))
        ]
    for part, words in names.items():
        colour, symbol, _ = LOOKS[("plain", "balanced").index(part)]
        low, high = (100 * bound for bound in wilson(classes[part].to_numpy(), classes["n"].to_numpy()))
        rate = (classes[part] / classes["n"] * 100).to_numpy()
        spread = error_bars(high - rate, rate - low, LIGHT[colour], thickness=1.2, width=3)
        spread["visible"] = len(names) == 1
        figure.add_scatter(
            error_x=spread, x=rate, y=place_N, mode="markers", name=words, cliponaxis=False,
            marker={"color": LIGHT[colour], "symbol": symbol, "size": 11}, customdata=place_N,
            hovertext=[
                f"{class_name(row.label)}: {value:.1f} % [{one:.1f}, {other:.1f}], n = {row.n:,}"
                for row, value, one, other in zip(classes.itertuples(), rate, low, high, strict=True)
            ],
            hovertemplate="%{hovertext}<extra></extra>",
        )  # fmt: skip
    told = [f"{class_name(row.label)}, {row.train:,}  " for row in classes.itertuples()]
    figure.update_layout(
        margin={"t": 64, "r": 20},
        legend={"y": 1.01},
        xaxis={"range": [0, 100], "title": {"text": "Recall, % of the class's test photos", "standoff": 4},
               "fixedrange": True},
        yaxis=names_axis(told)
        | {"range": [len(classes) - 0.5, -0.5], "showgrid": False, "zeroline": False, "fixedrange": True},
    )  # fmt: skip
    return figure


def loss_pairs(curves: Mapping[str, pd.DataFrame], *, title: str) -> go.Figure:
    """Training loss (thin) and validation loss (thick) by epoch of one or two trainings: words -> epoch, train_loss,
    val_loss."""
    figure = go.Figure(layout=base_layout(title, drawn=True))
    for (words, frame), (colour, _, _) in zip(curves.items(), LOOKS, strict=False):
        for column, told, width, dash in (("train_loss", "train", 1.5, "dot"), ("val_loss", "new photos", 3, "solid")):
            figure.add_scatter(
                x=frame["epoch"], y=frame[column], mode="lines", name=f"{words}: {told}",
                line={"color": LIGHT[colour], "width": width, "dash": dash},
                hovertemplate=f"epoch %{{x}}: {told} loss %{{y:.2f}}<extra></extra>",
            )  # fmt: skip
    figure.update_layout(
        margin={"t": 84}, hovermode="closest",
        xaxis={"title": {"text": "Epoch (times it has seen every photo)", "standoff": 4}},
        yaxis={"title": {"text": "Loss, lower is better"}, "rangemode": "tozero"},
    )  # fmt: skip
    return figure


def learning(curves: Mapping[str, pd.DataFrame], *, total_steps: Sequence[int], title: str) -> go.Figure:
    """Training loss by share of the work, a line a training (words -> step, loss); the last one is running."""
    figure = go.Figure(layout=base_layout(title, drawn=True))
    for place, ((words, frame), total) in enumerate(zip(curves.items(), total_steps, strict=True)):
        running = place == len(curves) - 1
        colour = LIGHT["indigo"] if running else LIGHT["grey"]
        figure.add_scatter(
            x=frame["step"] / max(1, total) * 100, y=frame["loss"], mode="lines", name=words,
            line={"color": colour, "width": 2.5 if running else 1.5},
            hovertemplate="%{x:.0f} % done: loss %{y:.2f}<extra></extra>",
        )  # fmt: skip
    figure.update_layout(
        showlegend=False, margin={"t": 40},
        xaxis={"range": [0, 100], "title": {"text": "Done, % of its batches", "standoff": 4}, "fixedrange": True},
        yaxis={"title": {"text": "Training loss"}, "rangemode": "tozero", "fixedrange": True},
    )  # fmt: skip
    return figure
