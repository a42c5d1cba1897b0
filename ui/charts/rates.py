"""What else a run logs by step: learning rate, images a second, gradient norm, memory. Takes a frame of steps."""

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from fashion_core import storage
from ui.charts.colours import LIGHT
from ui.charts.layout import base_layout
from ui.charts.lines import thin

GIB = 2**30
#: (column of metrics.jsonl, axis name, unit of one logged number, hover format)
MEASURES = (
    ("learning_rate", "Learning<br>rate", 1.0, ".3g"),
    ("images_per_second", "Images<br>a second", 1.0, ",.0f"),
    ("gradient_norm", "Gradient<br>norm", 1.0, ".3g"),
    ("memory_bytes", "Memory,<br>GiB", GIB, ".2f"),
    ("gpu_memory_bytes", "GPU memory,<br>GiB", GIB, ".2f"),
)


def logged(steps: pd.DataFrame) -> list[tuple[str, str, float, str]]:
    """Those of ``MEASURES`` that the run logged."""
    return [measure for measure in MEASURES if measure[0] in steps and steps[measure[0]].notna().any()]


def finding(steps: pd.DataFrame) -> str:
    """How fast and how evenly (the median and the range of the middle nine tenths), and how much memory: a GPU's where
    there is one, for that is the one that runs out."""
    speed = steps["images_per_second"].dropna() if "images_per_second" in steps else pd.Series(dtype=float)
    if len(speed) < 3:
        return ""
    low, middle, high = np.percentile(speed, [5, 50, 95])
    said = f"{middle:,.0f} images a second ({low:,.0f} to {high:,.0f})"
    for column, whose in (("gpu_memory_bytes", "GPU memory"), ("memory_bytes", "memory")):
        if column in steps and steps[column].notna().any():
            return f"{said}, {_memory_words(steps[column].dropna().to_numpy(dtype=float), whose)}"
    return said


def _memory_words(held: np.ndarray, whose: str) -> str:
    """``memory grew from 0.8 to 1.3 GiB`` where it still grew in the later half, else ``memory up to 0.9 GiB``."""
    half = float(held[len(held) // 2])
    if len(held) >= 8 and held[-1] > 1.1 * half:
        first = storage.memory_text(held[0]).removesuffix(" GiB")
        return f"{whose} grew from {first} to {storage.memory_text(held[-1])}"
    return f"{whose} up to {storage.memory_text(held.max())}"


def rate_curves(steps: pd.DataFrame, *, total_steps: int, drawn: bool = False) -> go.Figure:
    """One panel a measure, below each other, over the same steps (``steps``: step and any of ``MEASURES``)."""
    figure = go.Figure(layout=base_layout(finding(steps), drawn=drawn))
    found = logged(steps)
    height = 1 / max(1, len(found))
    tick = {"color": LIGHT["muted"], "size": 12}
    for place, (column, name, unit, how) in enumerate(found):
        rows = steps[steps[column].notna()]
        x, y = thin(rows["step"].to_numpy(), rows[column].to_numpy(dtype=float) / unit)
        axis = "y" if place == 0 else f"y{place + 1}"
        figure.add_scatter(
            x=x, y=y, yaxis=axis, mode="lines+markers" if len(x) < 40 else "lines", uid=column, showlegend=False,
            line={"color": LIGHT["indigo"], "width": 2}, marker={"size": 4}, name=column,
            hovertemplate=f"step %{{x:,}}: %{{y:{how}}}<extra></extra>",
        )  # fmt: skip
        top = 1 - place * height
        figure.layout[f"yaxis{place + 1 if place else ''}"] = {
            "title": {"text": name, "font": tick}, "domain": [top - height + 0.05, top], "rangemode": "tozero",
            "gridcolor": LIGHT["line"], "zerolinecolor": LIGHT["line"], "automargin": True, "tickfont": tick,
            "nticks": 4,
        }  # fmt: skip
    figure.update_layout(
        hovermode="closest",
        margin={"t": 40, "b": 8},
        xaxis={
            "title": {"text": "Step (batches seen)"},
            "range": [0, total_steps * 1.02],
            "anchor": "y" if len(found) < 2 else f"y{len(found)}",
        },
    )
    return figure
