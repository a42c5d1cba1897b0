"""Every run, newest first, with its state and scores; choosing a row opens that run on the page."""

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from fashion_core.runs.runs import Run
from fashion_core.runs.summary import Summary
from ui.app import audience, loaders, words
from ui.shared import run_names, run_status
from ui.shared.table import filled, show_table
from ui.training import run_view

KEY = "runs"
IN_REVIEW = ("★", "Run", "Photos", "State", "Validation", "Test", "Trained for", "Launched")


def frame_of(runs: Sequence[Run]) -> pd.DataFrame:
    """One row a run: what it is, its state, how far it came, what it reached."""
    named = run_names.names_in_table(runs, plain=audience.is_review())
    return pd.DataFrame([_row(run, made) for run, made in zip(runs, named, strict=True)])


def _row(run: Run, made: str) -> dict[str, object]:
    status = run_status.status_of(run)
    summary = loaders.summary_of(run) or Summary()
    val_accuracy = summary.accuracy("val")
    labels = run_names.labels_of(run)
    return {
        "★": "★" if labels.starred else "",
        "Run": labels.name or made,
        "Photos": run_names.photos_words(run.dataset),
        # The table is drawn once, the view above it every second: it names no step that would be old at once.
        "State": "Running" if status.state == "starting" else run_view.BADGES[status.state][0],
        "Steps": f"of {status.total_steps:,}" if status.active else f"{status.step:,} of {status.total_steps:,}",
        "Validation": _share(summary.val_accuracy if val_accuracy is None else val_accuracy),
        "Test": _share(summary.accuracy("test")),
        "Trained for": words.duration(summary.seconds) if summary.seconds else "",
        "Tags": ", ".join(labels.tags),
        "Launched": run_names.when(run),
        "What it is": made if labels.name else "",
    }


def _share(share: float | None) -> str:
    return words.percent(share) if share is not None else ""


def show(runs: Sequence[Run]) -> None:
    """The table. A chosen row puts its run into the address."""

    def open_run() -> None:
        rows = st.session_state[KEY]["selection"]["rows"]
        if rows and rows[0] < len(runs):
            st.query_params["run"] = runs[rows[0]].id

    told = "Share of photos whose class is right, at the end of the training."
    frame = filled(frame_of(runs))
    show_table(
        frame,
        column_order=[name for name in IN_REVIEW if name in frame] if audience.is_review() else None,
        key=KEY,
        on_select=open_run,
        selection_mode="single-row",
        column_config={
            "★": st.column_config.TextColumn(width=32, help="Starred"),
            "Run": st.column_config.TextColumn(width="large"),
            "Photos": st.column_config.TextColumn(width="small"),
            "What it is": st.column_config.TextColumn(width="large", help="The recipe and what differs from it."),
            "Validation": st.column_config.TextColumn(help=told),
            "Test": st.column_config.TextColumn(help=told),
        },
        alt="All runs, newest first",
    )
