"""Which run the Training page shows, with what can be done to it, and a link to the one that trains meanwhile."""

from collections.abc import Sequence

import streamlit as st

from fashion_core.runs.runs import Run
from ui.app import address, audience, navigation, notices, subject, words
from ui.shared import pickers, recipe_picker, run_names, run_status
from ui.training import tags_and_trash


def pick(runs: Sequence[Run], active: Sequence[Run]) -> Run:
    """The run that the reader chose; else one that trains, waits, or is the usual one. ``active`` train or wait."""
    by_id = {run.id: run for run in runs}
    training = [run for run in active if run_status.status_of(run).state != "queued"]
    tags_and_trash.refresh_picker()
    asked, called = st.query_params.get("run"), run_names.words_among(runs)
    with st.container(horizontal=True, vertical_alignment="center"):
        run = by_id[
            address.select(
                "Run",
                list(by_id),
                key="run",
                default=lambda: (training or active or [pickers.usual_run(runs)])[0].id,
                words=lambda name: called(by_id[name]),
                label_visibility="collapsed",
                quiet=True,
                width=run_names.PIXELS,
            )
        ]
        subject.settle()
        pickers.say_unknown("Run", asked, by_id, run_names.run_words(run))
        if not audience.is_review():
            tags_and_trash.show_buttons(run, run_status.status_of(run))
        if run.dataset.synthetic:
            notices.drawn_badge()
    if others := [other for other in training if other.id != run.id]:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown("Running now:", width="content")
            other = others[0]
            form_asks = recipe_picker.asked()
            navigation.link("training", words.plain(run_names.run_words(other)), run=other.id, **form_asks)
    return run


def show_none() -> None:
    """What would be here, where no run is, and what was thrown away."""
    subject.settle()
    notices.empty(
        audience.told(
            classroom="No run is here yet. Here you would watch the loss fall while a model learns: start one under "
            "“Train a new model”.",
            review="No model was trained here yet. Here you would see how far each is and what it reached.",
        )
    )
    if not audience.is_review():
        tags_and_trash.show_trash()
