"""What can be done after an ending: what its events carry beyond the sentence, and a form filled for another run.

Nothing starts and nothing changes by itself: a button fills the form, a person starts the run.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import pandas as pd
import psutil
import streamlit as st

from fashion_core import rights
from fashion_core.launch.status import Status
from fashion_core.runs.runs import ENDED, Run
from fashion_core.settings import config, fields
from ui.app import loaders, words
from ui.shared import recipe_picker, settings_form
from ui.shared.table import show_table


def last_words(run: Run) -> Mapping[str, Any]:
    """The event with which the run ended; empty when it said none."""
    events = [event for event in run.events() if event.get("event") != "stop_requested"]
    return events[-1] if events and events[-1].get("event") in ENDED else {}


def restarted_words(run: Run, status: Status) -> str:
    """That the machine started again after the run's last sign of life; empty when it did not."""
    if status.state != "interrupted":
        return ""
    signs = [loaders.stamp(run.folder / name)[1] / 1e9 for name in ("metrics.jsonl", "events.jsonl", "log.txt")]
    started = psutil.boot_time()
    if max(signs) >= started:
        return ""
    when = datetime.fromtimestamp(started).astimezone()
    return f"This machine was restarted after that, at {when:%H:%M} on {when.day} {when:%b}."


def advice(run: Run, event: Mapping[str, Any]) -> tuple[str, dict[str, Any]] | None:
    """What the next run should have instead, from the fields of the last event: the button's words and the settings."""
    if event.get("event") != "failed":
        return None
    fits, rate = event.get("batch_size_that_fits"), event.get("learning_rate")
    if isinstance(fits, int) and not config.FIELD["batch_size"].check(fits):
        return f"Fill the form: batch size {fits}", {"batch_size": fits}
    if isinstance(rate, int | float) and "files" in event:
        lower = run.settings.learning_rate / 10
        if not config.FIELD["learning_rate"].check(lower):
            return f"Fill the form: learning rate {lower:g}", {"learning_rate": lower}
    if "batch_size" in event:
        return "Fill the form: photos half as wide", {"image_size": _half(run.settings.image_size)}
    return None


def _half(size: tuple[int, int]) -> tuple[int, int]:
    return max(16, size[0] // 16 * 8), max(16, size[1] // 16 * 8)


def fill_form(run: Run, changes: Mapping[str, Any]) -> None:
    """Put the run's settings, with these changes, into the form. For callbacks: widgets must not be drawn yet."""
    values = {field.name: changes.get(field.name, getattr(run.settings, field.name)) for field in config.FIELDS}
    dataset = loaders.dataset_of(run)
    recipe_picker.fill(run.recipe, values, **({"dataset": dataset.id} if dataset is not None else {}))
    said = ", ".join(f"{settings_form.title(name)} {fields.typed(value)}" for name, value in changes.items())
    st.session_state["_filled"] = f"the settings of {run.id}" + (f" with {said}" if said else "")


def show_filled() -> None:
    """Say in the form what a button put there."""
    state = st.session_state
    if filled := state.get("_filled"):
        if not state.get("fill") and not state.get("fill changed"):  # the click's own run is followed by another
            del state["_filled"]
        st.info(f"The form holds {words.plain(filled)}. Nothing has started.", icon=":material/edit_note:")


def show_advice(run: Run) -> None:
    """A button that fills the form for another run, where the ending says what that one should have instead."""
    suggested = advice(run, last_words(run))
    if suggested and not rights.read_only():
        fill_button(run, *suggested)


def fill_button(run: Run, label: str, changes: Mapping[str, Any]) -> None:
    """Put the run's settings, with these changes, into the form for a new run."""
    if st.button(
        label,
        icon=":material/edit_note:",
        key="fill changed" if changes else "fill",
        on_click=fill_form,
        args=(run, changes),
        help="Puts this run's settings into the form under “Train a new model”. Nothing starts.",
    ):
        st.rerun()


def show_files(run: Run) -> None:
    """The photos of the batch that an error names."""
    files = last_words(run).get("files")
    if isinstance(files, list) and files:
        with st.expander(f"The {words.counted(len(files), 'photo')} of that batch"):
            frame = pd.DataFrame({"Photo": [str(name) for name in files[:1000]]})
            show_table(frame, alt="Photos of the batch in which the error came")
