"""The curves of a run: alone with every logged loss, or several runs and groups of seeds on the same axes.

Reads metrics.jsonl through caches keyed by what changes; knows which other runs there are from its caller.
"""

import html
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from fashion_core.compare import run_names as core_names
from fashion_core.launch.status import Status
from fashion_core.metrics import intervals
from fashion_core.runs.runs import Run
from ui.app import address, loaders, notices
from ui.app.kept import kept
from ui.charts.lines import smoothed
from ui.charts.overlay import Series, Track, finding, overlaid_curves
from ui.charts.progress import progress_curves
from ui.charts.rates import logged, rate_curves
from ui.shared import metrics_log, run_names
from ui.shared.plot import plot

HEIGHT = 350
MOST = 5
MOST_LETTERS = 26  # of a row at the end of a line
SMOOTHING = "Smoothed: exponential mean of weight 0.9 over every logged point, before the line is thinned for drawing."


_of_metrics = loaders.of_file("metrics.jsonl")


@kept(_of_metrics, max_entries=32)
def metrics_of(run: Run) -> pd.DataFrame:
    """The run's logged rows."""
    return metrics_log.of(str(run.folder / "metrics.jsonl")).frame()


def steps_of(run: Run) -> pd.DataFrame:
    frame = metrics_of(run)
    return frame[frame["kind"] == "step"]


def pick_others(run: Run, runs: Sequence[Run]) -> list[Run]:
    """Up to five other runs to lay over this one."""
    found = {other.id: other for other in runs if other.id != run.id}
    asked = [name for name in st.query_params.get_all("with") if name in found]
    if len(asked) > MOST:
        st.query_params["with"] = asked[:MOST]
    if not found:
        return []
    called = run_names.words_among(list(found.values()))
    chosen = address.several(
        "Compare with",
        list(found),
        key="with",
        words=lambda name: called(found[name]),
        max_selections=MOST,
        width="stretch",
        placeholder="Add other runs",
        label_visibility="collapsed",
    )
    return [found[name] for name in chosen[:MOST]]


def show_curves(run: Run, status: Status, others: Sequence[Run], runs: Sequence[Run]) -> None:
    """Loss and validation accuracy; with other runs, or seeds of its group, on the same axes."""
    own = [other for other in runs if run.record.seeds and other.record.seeds == run.record.seeds]
    steps = steps_of(run)
    if steps.empty:
        if status.active:
            st.skeleton(HEIGHT)
        else:
            st.caption("No step was logged, so there is no curve.")
        return
    if not others and len(own) < 2:
        plot(
            # An ended run fills the picture; a live one leaves room for what is to come.
            _alone(run, status.total_steps if status.active else status.step),
            key="curves",
            alt=f"Training loss of {run.id} by step and validation accuracy by epoch, now {steps['loss'].iloc[-1]:.3f}",
            height=HEIGHT,
        )
        notices.aside(f"{SMOOTHING} Bars: 95 % Wilson intervals.")
        return
    shown = _series(run, others, runs)
    same_photos = all(other.dataset.fingerprint == run.dataset.fingerprint for other in others)
    rivals = shown[1:] if len(own) > 1 else shown  # a run is no rival of its own group
    title = finding(rivals) if same_photos else "Different photos: compare shapes, not heights"
    figure = overlaid_curves(shown, title=title, drawn=run.dataset.synthetic)
    figure.layout.uirevision = f"{run.id} over epochs"
    plot(
        figure,
        key="curves",
        alt=f"Smoothed training loss and validation accuracy of {len(shown)} runs or groups by epochs seen",
        height=HEIGHT + 20,
    )
    say_what_is_drawn(shown)


def say_what_is_drawn(shown: Sequence[Series]) -> None:
    parts = [SMOOTHING]
    if any(len(one.tracks) > 1 for one in shown):
        parts.append(
            "A group is drawn as the mean of its seeds, with a band (and bars) from the lowest to the highest."
        )
    if any(len(one.tracks) == 1 for one in shown):
        parts.append("Bars of a single run: 95 % Wilson intervals.")
    notices.aside(" ".join(parts))


def _series(run: Run, others: Sequence[Run], runs: Sequence[Run]) -> list[Series]:
    """The run itself, then the groups and the runs outside any group, each once."""
    members: dict[str, list[Run]] = {}
    for other in runs:
        if group := other.record.seeds:
            members.setdefault(group, []).append(other)
    found, seen = [_one(run)], set()
    for other in (run, *others):
        seeds = members.get(other.record.seeds or "", [])
        if len(seeds) > 1:
            if other.record.seeds not in seen:
                seen.add(other.record.seeds)
                found.append(_group(other.record.seeds or "", seeds))
        elif other.id != run.id:
            found.append(_one(other))
    names = line_names([one.name for one in found])
    return [replace(one, name=name) for one, name in zip(found, names, strict=True)]


def _one(run: Run) -> Series:
    return Series(key=run.id, name=run_names.name_of(run), colour=run_names.colour_of(run), tracks=tracks_of([run]))


def _group(group: str, seeds: Sequence[Run]) -> Series:
    """The seeds that began: one may wait, or have been taken out of the queue."""
    begun = [run for run in seeds if tracks_of([run])] or list(seeds)
    told, colour = core_names.group_name(begun, of=len(seeds)), run_names.colour_of(seeds[0])
    return Series(key=f"group {group}", name=told, colour=colour, tracks=tracks_of(begun))


def line_names(names: Sequence[str]) -> list[str]:
    """The names as they stand at the ends of lines, HTML-safe: what all of them share is left out."""
    return [html.escape(name, quote=False) for name in core_names.distinct(names, MOST_LETTERS)]


def tracks_of(members: Sequence[Run]) -> tuple[Track, ...]:
    """What the runs logged, one track each; a run without a logged step has none."""
    return tuple(track for track in map(_track, members) if len(track.x))


@kept(_of_metrics, max_entries=64)
def _track(run: Run) -> Track:
    frame = metrics_of(run)
    steps, per_epoch = frame[frame["kind"] == "step"], run.steps_per_epoch
    epochs = with_intervals(frame[frame["kind"] == "epoch"], int(run.dataset.splits.get("val", 0)))
    losses = steps["loss"].to_numpy(dtype=float) if len(steps) else np.empty(0)
    return Track(
        x=steps["step"].to_numpy(dtype=float) / per_epoch,
        loss=smoothed(losses),
        val_x=epochs["step"].to_numpy() / per_epoch,
        val=epochs["val_accuracy"].to_numpy(),
        low=epochs["low"].to_numpy(),
        high=epochs["high"].to_numpy(),
    )


@kept(_of_metrics, max_entries=8)
def _alone(run: Run, total_steps: int) -> go.Figure:
    """Built when a row is logged, not at every tick (30 to 70 ms on a busy machine)."""
    frame = metrics_of(run)
    figure = progress_curves(
        frame[frame["kind"] == "step"],
        with_intervals(frame[frame["kind"] == "epoch"], int(run.dataset.splits.get("val", 0))),
        total_steps=total_steps,
        steps_per_epoch=run.steps_per_epoch,
        drawn=run.dataset.synthetic,
        colour=run_names.colour_of(run),
    )
    figure.layout.uirevision = run.id  # the reader's zoom belongs to this run
    return figure


def with_intervals(epochs: pd.DataFrame, num_val: int) -> pd.DataFrame:
    """``step, epoch, val_loss, val_accuracy`` of the validated epochs, with Wilson's ``low`` and ``high``."""
    epochs = epochs.reindex(columns=["step", "epoch", "val_loss", "val_accuracy"]).astype(float).dropna()
    shares = [intervals.proportion(round(share * num_val), num_val) for share in epochs["val_accuracy"]]
    return epochs.assign(low=[share.low for share in shares], high=[share.high for share in shares])


def show_rates(run: Run, status: Status) -> None:
    """Learning rate, images a second, gradient norm and memory by step, where they were logged."""
    steps = steps_of(run)
    if steps.empty or not logged(steps):
        st.caption("No step was logged yet, so there is no rate to draw.")
        return
    plot(
        _rates(run, status.total_steps if status.active else status.step),
        key="rates",
        alt=f"{', '.join(name.replace('<br>', ' ') for _, name, *_ in logged(steps))} of {run.id} by step",
        height=max(HEIGHT, 70 + 95 * len(logged(steps))),
    )
    notices.aside("Images a second: the median, in brackets the middle nine tenths of the logged values.")


@kept(_of_metrics, max_entries=8)
def _rates(run: Run, total_steps: int) -> go.Figure:
    figure = rate_curves(steps_of(run), total_steps=total_steps, drawn=run.dataset.synthetic)
    figure.layout.uirevision = f"{run.id} rates"
    return figure
