"""Two runs, or one run at two of its saved steps, side by side over the same photos.

The second is laid over the first; beside it how far their neighbours agree. Takes a run and a split.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import streamlit as st

from fashion_core.embeddings import neighbours, pca, procrustes
from fashion_core.labels import display_name
from fashion_core.metrics.intervals import Estimate
from fashion_core.runs.runs import Run
from ui.app import address, loaders, notices, words
from ui.app.kept import kept
from ui.charts.layout import class_name
from ui.charts.maps import Map, embedding_scatter
from ui.embeddings import features_view, photos_view, saved_steps
from ui.embeddings.saved_steps import Side
from ui.shared import pickers, run_names
from ui.shared.answer import Number, answer
from ui.shared.plot import plot

NEAREST = 10
MOST_DRAWN = 7_500
MOVED = 48
SAME = "This run, at another step"


@dataclass(frozen=True, eq=False)
class Pair:
    """``places``: of each side M x 2, on the first one's axes; ``points`` M rows (image_id, label, ...);
    ``moved`` M."""

    points: pd.DataFrame
    places: tuple[np.ndarray, np.ndarray]
    shares: np.ndarray
    disparity: float
    shared: Estimate
    same_by_chance: float
    moved: np.ndarray
    num_common: int


def show(run: Run, split: str) -> None:
    """The pickers of both sides, the answer, both maps on the same axes, and the photos that moved most."""
    others = [other for other in loaders.all_runs() if _comparable(run, other, split)]
    if len(saved_steps.steps_of(run)) > 1:
        others.append(run)
    if not others:
        notices.empty(
            f"No other run has features of these {words.plain(features_view.photos_words(split))}s, and this one has "
            "no other "
            "saved step. Here two runs, or two steps of one, would stand side by side. Train the same photos again "
            "with one setting changed.",
            page="training",
            label="Train another run",
        )
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        first = saved_steps.pick(run, "step")
        other = pickers.pick_run(
            key="other",
            label="Second run",
            runs=others,
            named=lambda one: SAME if one.id == run.id else run_names.run_words(one),
        )
        same = other.id == run.id
        shown = saved_steps.OWN if first.step is None else str(first.step)
        second = saved_steps.pick(other, "other_step", but=shown if same else None)
        highlight = address.select(
            "Highlight",
            [address.ANY, *run.classes],
            key="highlight",
            words=lambda label: "Every class" if label == address.ANY else display_name(label),
            label_visibility="collapsed",
            width=190,
        )
    for side in (first, second):
        if lacking := saved_steps.missing(side, run, split):
            saved_steps.offer(side, lacking[0])
            return
    pair = _pair_of(first, second, split)
    answer(_numbers(pair))
    if same:
        st.markdown(_how_far(first, second, pair))
    _show_maps((first, second), pair, highlight, same=same)
    notices.aside(
        "Both maps have the first one's axes and the same scale." + ("" if not same else _which_are_kept(run))
    )
    _show_moved(run, pair)


def _numbers(pair: Pair) -> list[Number]:
    return [
        Number(
            "Same neighbours",
            words.percent(pair.shared.value),
            f"{words.interval(pair.shared.bounds)}, chance {words.percent(pair.same_by_chance)}",
            "Of a photo's ten nearest on one side, the share that is among its ten nearest on the other, over all "
            "features. It needs no alignment.",
        ),
        Number(
            "Left after alignment",
            words.percent(pair.disparity),
            "0 % the same picture",
            "The second is moved, turned, mirrored and scaled as one, over all features, until it lies as near to "
            "the first as it can (Procrustes). This share of the first one's variance is what stays apart.",
        ),
        Number("On these maps", words.percent(pair.shares.sum()), "of the first one's variance"),
        Number("Photos", words.count(pair.num_common), "that both looked at"),
    ]


def _show_maps(sides: tuple[Side, Side], pair: Pair, highlight: str, *, same: bool) -> None:
    """Both on the same axes and scale; ``same``: both are of one run."""
    span = np.concatenate(pair.places)
    low, high = span.min(axis=0), span.max(axis=0)
    margin = 0.04 * np.maximum(high - low, 1e-6)
    for column, places, side, name in zip(st.columns(2), pair.places, sides, ("First", "Second"), strict=True):
        with column:
            figure = embedding_scatter(
                Map(
                    points=places,
                    hover=[f"{class_name(label)}" for label in pair.points["label"]],
                    axis_titles=tuple(f"First one's axis {axis}" for axis in (1, 2)),
                    shown=np.array([low - margin, high + margin]),
                    title=_title(side, alone=same),
                    mark="" if same else run_names.colour_of(side.run),
                    drawn=side.run.dataset.synthetic,
                ),
                pair.points["label"].to_numpy(),
                side.run.classes,
                highlight=[highlight] if highlight != address.ANY else [],
            )
            figure.update_xaxes(range=[low[0] - margin[0], high[0] + margin[0]])
            figure.update_yaxes(range=[low[1] - margin[1], high[1] + margin[1]])
            photos = words.counted(len(places), "photo")
            plot(figure, key=f"run {name}", alt=f"The {name.lower()} map, {photos}", height=420)


def _show_moved(run: Run, pair: Pair) -> None:
    st.header("Photos that moved most", anchor=False)
    order = np.argsort(-pair.moved, kind="stable")[:MOVED]
    moved = pair.points.iloc[order].assign(place="moved", distance=pair.moved[order])
    photos_view.ranked(run, moved, "Photos that moved most", key="moved")
    notices.aside(
        "How far a photo lies from its place on the first map after the alignment, over all features; 1 is the mean "
        "distance of a photo from the middle."
    )


def _title(side: Side, *, alone: bool) -> str:
    """What stands over a map: the run's name unless both are ``alone`` in being of one run, and when."""
    when = side.when.capitalize() if alone else f" · {side.when}" if side.step is not None else ""
    return when if alone else run_names.brief_words(side.run) + when


def _how_far(first: Side, second: Side, pair: Pair) -> str:
    """How much a run's map moved between two of its steps, in one sentence."""
    earlier, later = sorted((first, second), key=lambda side: (side.step is None, side.step))
    return (
        f"**From {earlier.then} to {later.then}** {words.percent(pair.disparity)} of the variance stays apart, however "
        "the map is moved, turned and scaled. Half of the photos lie more than "
        f"{np.median(pair.moved):.2f} from where they were (1 is the mean distance from the middle), and a photo keeps "
        f"{words.percent(pair.shared.value, 0)} of its ten nearest."
    )


def _which_are_kept(run: Run) -> str:
    if run.settings.keep_steps == "every_epoch":
        return ""
    return (
        " A run keeps its last two saved steps and its best. To follow one over all its epochs, train it with "
        f"{words.command('--set keep_steps=every_epoch')} (on the Training page under Device)."
    )


def _comparable(run: Run, other: Run, split: str) -> bool:
    return (
        other.id != run.id
        and other.dataset.fingerprint == run.dataset.fingerprint
        and other.classes == run.classes
        and split in features_view.splits_to_offer(other)
        and (split == features_view.ALL or (other.folder / f"embeddings-{split}.npy").exists())
    )


@kept(
    lambda first, second, split: tuple(features_view.stamps(side.seen, split) for side in (first, second)),
    max_entries=4,
    show_spinner="Laying the second map over the first",
)
def _pair_of(first: Side, second: Side, split: str) -> Pair:
    one, two = features_view.of(first.seen, split), features_view.of(second.seen, split)
    rows_two = pd.Index(two.points["image_id"]).get_indexer(one.points["image_id"])
    rows_one = np.flatnonzero(rows_two >= 0)
    rows_two = rows_two[rows_one]
    first_ND, second_NE = one.features_ND[rows_one], two.features_ND[rows_two]
    aligned = procrustes.align(first_ND, second_NE)
    axes = pca.principal_axes(first_ND)
    points = one.points.iloc[rows_one]
    drawn = pca.spread_rows(points["label"].to_numpy(), MOST_DRAWN)
    k = min(NEAREST, len(drawn) - 1)
    asked = pca.spread_rows(points["label"].to_numpy()[drawn], 1_000)
    near = [
        neighbours.neighbours_of(units[asked], units, k, own_rows_Q=asked)
        for units in (neighbours.units(side[drawn]) for side in (first_ND, second_NE))
    ]
    radius = float(np.linalg.norm(first_ND - first_ND.mean(axis=0), axis=1).mean())
    moved = np.linalg.norm(aligned.features_ND[drawn] - first_ND[drawn], axis=1) / radius
    return Pair(
        points=points.iloc[drawn].reset_index(drop=True),
        places=(axes.points(first_ND[drawn], (0, 1)), axes.points(aligned.features_ND[drawn], (0, 1))),
        shares=axes.explained_variance_ratio_C[:2],
        disparity=aligned.disparity,
        shared=neighbours.share_interval(neighbours.num_shared(*near) / k, k),
        same_by_chance=k / (len(drawn) - 1),
        moved=moved,
        num_common=len(rows_one),
    )
