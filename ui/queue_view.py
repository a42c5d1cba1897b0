"""The runs that wait for a device, in the order in which they will start, and what can be done about each.

Takes runs; gives nothing back. Says nothing when nobody waits. Needs no torch.
"""

from collections.abc import Sequence

import streamlit as st

from fashion_core import launch, slots
from fashion_core.runs import Run
from ui import faults, loaders, pickers, words

DEVICES = {"cpu": "CPU", "mps": "Apple GPU", "cuda": "GPU"}


def show(runs: Sequence[Run]) -> None:
    """The queue, if there is one: a line a run, with the buttons that move it up and take it out."""
    found = {run.id: run for run in runs}
    line = [place for place in slots.waiting(loaders.runs_dir()) if place.run_id in found]
    if not line:
        return
    st.markdown(f"**Waiting for their turn: {words.counted(len(line), 'run')}**")
    before: dict[str, str] = {}  # the run just ahead in the line of each device
    for slot, run_id, place in line:
        _line(found[run_id], DEVICES.get(slot, slot), place, before.get(slot))
        before[slot] = run_id


def _line(run: Run, device: str, place: int, ahead: str | None) -> None:
    with st.container(horizontal=True, vertical_alignment="center", key=f"queue {run.id}"):
        what = words.plain(pickers.run_words(run)) + _member_words(run)
        st.markdown(f"{place}. {what}, {'next' if place == 1 else f'place {place}'} on the {device}", width="stretch")
        if st.button(
            "Move up",
            icon=":material/arrow_upward:",
            key=f"move up {run.id}",
            disabled=ahead is None,
            help="It is next already." if ahead is None else "Starts before the run above it.",
        ):
            with faults.shown(stop=False):
                launch.move(run, before=ahead)
                st.rerun()
        if st.button(
            "Take out of the queue",
            icon=":material/playlist_remove:",
            key=f"take out {run.id}",
            help="It will not start by itself. Its settings are kept, and it can be started again later.",
        ):
            with faults.shown(stop=False):
                launch.cancel(run)
                st.rerun()


def _member_words(run: Run) -> str:
    """What tells a run from the others of its group: ``, seed = 5``."""
    if not run.group:
        return ""
    values = run.settings.to_json()
    return "".join(f", {words.plain(f'{name} = {values[name]}')}" for name in run.group["varies"] if name in values)
