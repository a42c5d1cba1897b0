"""The runs that wait for a device, in the order in which they will start, and what can be done about each.

Takes runs; gives nothing back. Says nothing when nobody waits. Needs no torch.
"""

from collections import Counter
from collections.abc import Sequence

import streamlit as st

from fashion_core import rights
from fashion_core.launch import actions, run_queue
from fashion_core.runs.runs import Run
from ui.app import audience, faults, loaders, people, words
from ui.shared import run_names

DEVICES = {"cpu": "the CPU", "mps": "the Apple GPU", "cuda": "a GPU"}


SECONDS = 2.0


def show(runs: Sequence[Run]) -> None:
    """The queue of each device, if there is one: a line a run, with the buttons that move it up and take it out. Looks
    again every two seconds while somebody waits; when the line has changed the whole page runs once more."""
    waiting = run_queue.waiting(loaders.runs_dir())
    if waiting:
        st.fragment(_show, run_every=SECONDS)(runs, waiting)


def _show(runs: Sequence[Run], known: list[run_queue.Waiting]) -> None:
    if run_queue.waiting(loaders.runs_dir()) != known:
        st.rerun()
    found = {run.id: run for run in runs}
    lines: dict[str, list[Run]] = {}
    for slot, run_id, _ in known:
        if run_id in found:
            lines.setdefault(slot, []).append(found[run_id])
    for slot, line in lines.items():
        st.markdown(f"**Waiting for {DEVICES.get(slot, slot)}: {words.counted(len(line), 'run')}**")
        written = Counter(map(_words, line))
        for place, run in enumerate(line):
            told = words.plain(_words(run)) + (f" ({words.command(run.id)})" if written[_words(run)] > 1 else "")
            _line(run, place + 1, told, line[place - 1] if place else None)


def _line(run: Run, place: int, told: str, ahead: Run | None) -> None:
    with st.container(horizontal=True, vertical_alignment="center", key=f"queue {run.id}"):
        # the dot is escaped: a paragraph with a number, not a list of one
        st.markdown(f"{place}\\. {told}", width="stretch")
        if rights.read_only() or audience.is_review():
            return
        others = people.another_of_run(run)
        if people.button(
            "Move up",
            # whoever is overtaken has a say too
            others or (people.another_of_run(ahead, "the run above it") if ahead else ""),
            again="Move it all the same",
            icon=":material/arrow_upward:",
            key=f"move up {run.id}",
            disabled=ahead is None,
            help="It is next already." if ahead is None else "Starts before the run above it.",
        ):
            with faults.shown(stop=False):
                actions.move(run, before=ahead.id if ahead else None)
                st.rerun()
        if people.button(
            "Take out",
            others,
            again="Take it out all the same",
            icon=":material/playlist_remove:",
            key=f"take out {run.id}",
            help="Takes the run out of the queue. It does not start by itself then; its settings are kept.",
        ):
            with faults.shown(stop=False):
                actions.cancel(run)
                st.rerun()


def _words(run: Run) -> str:
    return run_names.run_words(run)
