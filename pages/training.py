"""Start a run, watch it learn, stop it and let it go on; every run of this machine, newest first."""

import streamlit as st

from fashion_core import rights
from ui.app import audience, loaders, navigation
from ui.shared import reproduce_view, run_status, settings_form
from ui.training import launch_form, queue_view, run_choice, run_table, run_view, tags_and_trash

navigation.enter("training")
runs = loaders.all_runs()
active = [run for run in runs if run_status.status_of(run).active]
settings_form.refuse_address()
if audience.is_review():
    if runs:
        run_view.say_in_review(runs)
    view = st.container()
else:
    form, view = st.columns([1, 1.6], gap="medium")
    with form:
        st.header("Train a new model", anchor=False)
        launch_form.show(runs, len(active))

# the run at hand
with view:
    if not audience.is_review():
        st.header("Look at a model", anchor=False)
    if not runs:
        run_choice.show_none()
        st.stop()
    run = run_choice.pick(runs, active)
    tags_and_trash.show_note(run)
    run_view.show(run, runs)
    if run_status.status_of(run).state == "finished":
        reproduce_view.show(run)

# every run
queue_view.show(runs)
st.header("All runs", anchor=False)
if audience.is_review():
    run_table.show(runs)
    if not rights.read_only():
        audience.offer_class("Turn to the class view, where runs are started")
else:
    run_table.show(tags_and_trash.filtered(runs))
    tags_and_trash.show_trash()
