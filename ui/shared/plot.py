"""Draw one plotly figure that keeps its zoom over updates and reports clicks and selections.

``st.plotly_chart`` remounts whenever its figure changes (zoom lost) and sends no click for a heatmap cell; this
component updates in place with Plotly.react. The library is copied once into static/, which the lab's own server
serves: nothing is fetched from elsewhere. Figures of bars, lines and heatmaps get plotly.js's own cartesian bundle
(vendor/, MIT, npm's plotly.js-cartesian-dist-min): a third of the whole, the first chart a quarter sooner
(LOG: plotly-bundle).
Takes figures built by ``ui.charts``; knows no files.
"""

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import plotly
import streamlit as st

from ui.charts import colours

if TYPE_CHECKING:
    import plotly.graph_objects as go

ROOT = Path(__file__).parents[2]
SMALL = Path(__file__).parent / "vendor" / "plotly-cartesian-4.1.1.min.js"
CARTESIAN = {"bar", "scatter", "heatmap", "histogram", "box", "violin", "image"}  # what the small library draws


def serve_plotly(figure: "go.Figure | None" = None) -> str:
    """Copy the library that ``figure`` needs into static/ unless it is there; its address relative to the app."""
    source = Path(plotly.__file__).parent / "package_data" / "plotly.min.js"
    name = f"plotly-{plotly.__version__}.min.js"
    if figure is not None and {trace.type for trace in figure.data} <= CARTESIAN:
        source = SMALL
        name = SMALL.name
    target = ROOT / "static" / name
    if not target.exists():
        target.parent.mkdir(exist_ok=True)
        temporary = target.with_name(f"{name}.{os.getpid()}")  # two sessions may start at once
        shutil.copyfile(source, temporary)
        os.replace(temporary, target)
    return f"app/static/{name}"


_render = st.components.v2.component(
    "vastra_plot", js=(Path(__file__).parent / "plot.js").read_text(encoding="utf-8"), isolate_styles=False
)


def plot(
    figure: "go.Figure",
    *,
    key: str,
    alt: str,
    height: int = 420,
    on_click: Callable[[], None] | None = None,
    on_drag: Callable[[], None] | None = None,
    outlining: bool = False,
    hovering: str = "",
) -> dict[str, Any] | None:
    """Draw ``figure``.

    ``on_click`` runs before the page does; inside it ``clicked(key)`` is the click.
    ``on_drag`` runs before the page does when the reader has drawn a box (the figure's ``dragmode`` is ``select``);
    inside it ``dragged(key)`` is what lay in it. The box does not stay.
    ``outlining`` adds lasso and box and returns the one that the reader drew, {"kind", "x", "y"} in the axes' own
    numbers, not the points in it: the page knows points that are not drawn, and a long list of them is slow.
    ``hovering`` is the name by which a ``hover_card`` on the page hears of the point below the pointer.
    """
    result = _render(
        key=key,
        data={
            "figure": figure.to_json(),
            "colours": colours.light_to_dark(),
            "library": serve_plotly(figure),
            "alt": alt,
            "height": height,
            "pointing": on_click is not None,
            "outlining": outlining,
            "hovering": hovering,
            "dragging": on_drag is not None,
        },
        height="content",  # plot.js makes room where a narrow window breaks the title or stacks the panels
        on_clicked_change=on_click if on_click is not None else _nothing,
        on_outline_change=_nothing,
        on_dragged_change=on_drag if on_drag is not None else _nothing,
    )
    return result.outline


def clicked(key: str) -> dict[str, Any] | None:
    """The click that is being handled ({"curve", "x", "y", "row", "column", "point", "customdata"}), for use inside an
    ``on_click`` callback."""
    value = st.session_state.get(key)
    return value.get("clicked") if value else None


def dragged(key: str) -> list[Any]:
    """The ``customdata`` of what lay in the box that is being handled, for use inside an ``on_drag`` callback."""
    value = st.session_state.get(key)
    told = value.get("dragged") if value else None
    return told["points"] if told else []


def _nothing() -> None:
    """A callback that must exist so that the component's value does."""
