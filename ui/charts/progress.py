"""How a run is going: the loss by step, and below it the validation accuracy after each epoch."""

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from ui.charts.colours import LIGHT
from ui.charts.layout import accuracy_below, base_layout, error_bars, upright
from ui.charts.lines import smoothed, thin


def finding(losses: np.ndarray) -> str:
    """What the loss did, in words, from its first logged value to the mean of its last twentieth; empty before there
    are two logged steps."""
    if len(losses) < 2:
        return ""
    soft = smoothed(losses)
    first, last = float(soft[0]), float(losses[-max(1, len(losses) // 20) :].mean())  # the average lags in a short run
    if abs(last - first) < 0.01 * abs(first):
        return f"The loss stays near {last:.2f}"
    return f"The loss {'fell' if last < first else 'rose'} from {first:.2f} to {last:.2f}"


def progress_curves(
    steps: pd.DataFrame,
    epochs: pd.DataFrame,
    *,
    total_steps: int,
    steps_per_epoch: int,
    drawn: bool = False,
    colour: str = LIGHT["indigo"],
) -> go.Figure:
    """``steps``: step, loss. ``epochs``: step, epoch, val_loss, val_accuracy, low, high (shares). The horizontal axis
    is the whole run from its first second, so that a line grows into the room that is left."""
    losses = steps["loss"].to_numpy(dtype=float)
    figure = go.Figure(layout=base_layout(finding(losses), drawn=drawn))
    _add_loss(figure, steps["step"].to_numpy(), losses, epochs, colour)
    _add_accuracy(figure, epochs)
    # Where an epoch ends.
    ends = range(steps_per_epoch, total_steps, steps_per_epoch) if total_steps <= 12 * steps_per_epoch else ()
    line = {"color": LIGHT["line"], "width": 1, "dash": "dot"}
    figure.update_layout(
        shapes=[upright(end, line) for end in ends],
        margin={"t": 58, "b": 8},
        hovermode="closest",
        legend={"y": 1.01},
        xaxis={"title": {"text": "Step (batches seen)"}, "range": [0, total_steps * 1.02], "anchor": "y2"},
        yaxis={"title": {"text": "Loss"}, "domain": [0.4, 1], "rangemode": "tozero"},
        yaxis2=accuracy_below([0, 0.3]),
    )  # fmt: skip
    return figure


def _add_loss(figure: go.Figure, x: np.ndarray, losses: np.ndarray, epochs: pd.DataFrame, colour: str) -> None:
    """As logged, as a moving average, and on validation."""
    raw_x, raw_y = thin(x, losses)
    soft_x, soft_y = thin(x, smoothed(losses))
    figure.add_scatter(
        x=raw_x, y=raw_y, mode="lines+markers" if len(x) < 40 else "lines", name="As logged",
        line={"color": LIGHT["grey"], "width": 1}, marker={"size": 4}, opacity=0.75,
        hovertemplate="step %{x:,}: loss %{y:.3f}<extra></extra>",
    )  # fmt: skip
    figure.add_scatter(
        x=soft_x, y=soft_y, mode="lines", name="Moving average", line={"color": colour, "width": 2.5},
        hovertemplate="step %{x:,}: average %{y:.3f}<extra></extra>",
    )  # fmt: skip
    figure.add_scatter(
        x=epochs["step"], y=epochs["val_loss"], mode="markers", name="Validation",
        marker={"color": LIGHT["turmeric"], "size": 10, "symbol": "diamond"}, customdata=epochs["epoch"],
        hovertemplate="epoch %{customdata}: validation loss %{y:.3f}<extra></extra>",
    )  # fmt: skip


def _add_accuracy(figure: go.Figure, epochs: pd.DataFrame) -> None:
    """Below the loss, with intervals; the last one is written out."""
    share, low, high = (epochs[name].to_numpy(dtype=float) * 100 for name in ("val_accuracy", "low", "high"))
    said = [""] * (len(share) - 1) + [f"  {value:.1f} %" for value in share[-1:]]
    figure.add_scatter(
        x=epochs["step"], y=share, yaxis="y2", mode="lines+markers+text",
        line={"color": LIGHT["turmeric"], "width": 2}, marker={"size": 8, "symbol": "diamond"}, showlegend=False,
        text=said, textposition="top left" if len(share) > 1 else "middle left", cliponaxis=False,
        textfont={"size": 12, "color": LIGHT["ink"]},
        error_y=error_bars(high - share, share - low, LIGHT["turmeric"], thickness=1.2, width=3),
        customdata=np.stack([epochs["epoch"], low, high], axis=1),
        hovertemplate="epoch %{customdata[0]:.0f}: %{y:.1f} % [%{customdata[1]:.1f}, %{customdata[2]:.1f}]"
        "<extra></extra>",
    )  # fmt: skip
