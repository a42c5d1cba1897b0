"""What stands beside a run's answer: its classes by group, and what other runs say about the same photo."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import streamlit as st

from fashion_core.labels import display_name
from fashion_core.runs import checkpoints
from fashion_core.runs.runs import Run
from ui.app import address, faults, loaders, words
from ui.shared import asked_photos, calibrated, model_cache, run_names
from ui.shared.table import show_table

#: Gives a photo as a model receives it whose input has this size (width, height) and is made so.
Receive = Callable[[tuple[int, int], str], asked_photos.Asked]


def group_words(run: Run, probabilities_K: np.ndarray) -> str:
    """``Women 88.0 %, Men 12.0 %``: the classes of each group of the dataset together; empty without groups."""
    groups = run.dataset.groups
    shares = {
        name: sum(float(probabilities_K[run.classes.index(label)]) for label in labels if label in run.classes)
        for name, labels in groups.items()
    }
    ordered = sorted(shares.items(), key=lambda item: -item[1])
    return ", ".join(f"{words.plain(display_name(name))} {words.percent(share)}" for name, share in ordered)


def show(run: Run, top: list[tuple[str, float]], receive: Receive) -> None:
    """The run's answer above those of other runs with the same classes, each in its own input size."""
    others = {
        other.id: other
        for other in loaders.all_runs()
        if set(other.classes) == set(run.classes) and other.id != run.id and checkpoints.saved_steps(other.folder)
    }
    if not others:
        st.markdown("No other run here has the same classes and saved weights. Here you would see what it says.")
        return
    chosen = address.several(
        "Runs",
        list(others),
        key="beside",
        words=lambda name: run_names.run_words(others[name]),
        placeholder="The newest one",
    )
    rows = [_row(run, top, calibrated.of(run))]
    for other in [others[name] for name in chosen or list(others)[:1]]:
        with faults.shown(stop=False):
            theirs = receive(other.settings.image_size, other.settings.resize)
            raw_NK = model_cache.look(other, [theirs.input_HW3]).probabilities_NK
            certain = calibrated.of(other)
            rows.append(_row(other, asked_photos.ranked(other, certain.of(raw_NK)[0]), certain))
    share = st.column_config.NumberColumn(format="%.1f %%")
    show_table(
        pd.DataFrame(rows),
        column_config={
            "Probability": share,
            "Its probability": share,
            "Calibrated": st.column_config.TextColumn(
                width=90,
                help="With a temperature that fits the run's validation photos, a probability says how often the run "
                "is right. Without validation predictions it is as the network gives it, mostly too sure: the two "
                "cannot be compared.",
            ),
        },
        alt="What each run says about this photo",
    )


def _row(run: Run, found: list[tuple[str, float]], certain: calibrated.Certainty) -> dict[str, object]:
    (label, likely), (second, unlikely) = [*found, ("", float("nan"))][:2]
    return {
        "Run": run_names.run_words(run),
        "Most likely": display_name(label),
        "Probability": 100 * likely,
        "Second": display_name(second) if second else "",
        "Its probability": 100 * unlikely,
        "Calibrated": "yes" if certain.num_fitted else "no",
    }
