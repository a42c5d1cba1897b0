"""Where the points of a map lie and how it is drawn. Takes a run, a split and what the reader chose; cached."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go
import streamlit as st

from fashion_core.runs.runs import Run
from ui.app import audience, loaders, words
from ui.charts.layout import class_name
from ui.charts.maps import Map, embedding_scatter, value_scatter
from ui.embeddings import colours, features_view


@dataclass(frozen=True)
class Chosen:
    """``method``: pca, tsne or umap; ``axes`` of pca (from 0); ``colour``: one of ``embedding_colours.offered``."""

    method: str
    axes: tuple[int, ...]
    colour: str
    highlight: str | None


@dataclass(frozen=True, eq=False)
class Laid:
    """``places`` (P x 2 or 3) of the images ``rows`` (P); ``drawn``: which of them, as positions, are points."""

    places: np.ndarray
    rows: np.ndarray
    drawn: np.ndarray


def laid_out(run: Run, split: str, chosen: Chosen) -> Laid:
    """Every image that has a place on the map."""
    found = features_view.of(run, split)
    if chosen.method == "pca":
        return Laid(features_view.places_of(run, split, chosen.axes), np.arange(len(found.points)), found.drawn_rows)
    made = features_view.curved_of(run, split, chosen.method)
    assert made is not None, "the view asks first"
    return Laid(made.points_M2, made.rows_M, np.arange(len(made.rows_M)))


def figure(run: Run, split: str, chosen: Chosen, *, ringed: Sequence[int], title: str) -> go.Figure:
    """The map; ``ringed`` are rows. Shared by all sessions: only to be drawn."""
    stamps = features_view.of_map(run, split, chosen.method)
    dataset = loaders.dataset_of(run) if chosen.colour.startswith(colours.COLUMN) else None
    if dataset is not None:
        stamps = (*stamps, loaders.of_manifest(dataset))
    return _figure(stamps, split, chosen, tuple(ringed), title, audience.is_review(), run)


# kept, because a lasso draws the same figure again and building it costs 0.1 s at 7,500 points
@st.cache_resource(max_entries=16, show_spinner=False)
def _figure(
    key: tuple, split: str, chosen: Chosen, ringed: tuple[int, ...], title: str, plain: bool, _run: Run
) -> go.Figure:
    laid = laid_out(_run, split, chosen)
    rows, places = laid.rows[laid.drawn], laid.places[laid.drawn]
    found = colours.of(_run, split, chosen.colour)
    laid_map = Map(
        points=places,
        rows=rows,
        hover=_hover(_run, split, rows, with_class=chosen.colour != "label"),
        ringed=laid.places[np.isin(laid.rows, ringed)],
        axis_titles=("", "", "") if plain else _axis_titles(_run, split, chosen),
        title=title,
        drawn=_run.dataset.synthetic,
    )
    if found.values is not None:
        return value_scatter(laid_map, found.values[rows], unit=found.unit)
    assert found.groups is not None
    of_classes = chosen.colour in ("label", "predicted")
    rest = (colours.OTHERS, colours.NOTHING)
    common = [name for name in found.colours if name not in rest] if chosen.colour.startswith(colours.COLUMN) else []
    return embedding_scatter(
        laid_map,
        found.groups[rows],
        list(_run.classes) if of_classes else list(found.colours),
        highlight=[chosen.highlight] if chosen.highlight else common,
        colours=found.colours,
        names=found.names,
        legend=not of_classes,
    )


def _axis_titles(run: Run, split: str, chosen: Chosen) -> tuple[str, ...]:
    if chosen.method != "pca":
        return ("", "", "")
    shares = features_view.axes_of(run, split).explained_variance_ratio_C
    of_what = " of the variance" if len(chosen.axes) == 2 else ""  # in space there is no room
    return tuple(f"Axis {axis + 1}: {words.percent(shares[axis])}{of_what}" for axis in chosen.axes)


def _hover(run: Run, split: str, rows: np.ndarray, *, with_class: bool) -> np.ndarray:
    """A line a drawn point: what it is, what it was taken for and how surely."""
    points = features_view.of(run, split).points.iloc[rows]
    names = {name: class_name(name) for name in run.classes}
    predicted, verdict = points["predicted"].map(names), np.where(points["right"], "right", "wrong")
    before = points["label"].map(names) + ", " if with_class else [""] * len(points)
    return np.array(
        [
            f"{first}predicted {name}, {100 * share:.1f} %, {told}"
            for first, name, share, told in zip(before, predicted, points["sure"], verdict, strict=True)
        ]
    )
