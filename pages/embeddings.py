"""What a run has learnt to tell apart: the map of its features, axes, lines, clusters, similar items, two runs."""

import streamlit as st

from ui.app import address, audience, faults, navigation, notices, subject
from ui.embeddings import clusters, components, features_view, lines, map_view, saved_steps, similar, two_runs
from ui.shared import pickers, reproduce_view

VIEWS = {
    "map": ("Map", map_view.show),
    "components": ("Components", components.show),
    "lines": ("Feature lines", lines.show),
    "clusters": ("Clusters", clusters.show),
    "similar": ("Similar items", similar.show),
    "runs": ("Two runs or epochs", two_runs.show),
}

IN_REVIEW = ("map", "similar")

navigation.enter("embeddings")

# pick
with st.container(horizontal=True, vertical_alignment="center"):
    run = pickers.pick_run()
    split = address.segments("Split", features_view.splits_to_offer(run), key="split", words=features_view.split_words)
    subject.settle()
    if run.dataset.synthetic:
        notices.drawn_badge()
pickers.stop_before_scores(run, split)
views = audience.offered(VIEWS, review=IN_REVIEW, asked=st.query_params.get("view"))
with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
    view = address.segments("View", views, key="view", words=lambda name: VIEWS[name][0])
    reproduce_view.show_figure(run, split)

# load, compute, draw: the open view only
own = saved_steps.as_judged(run)
lacking = saved_steps.missing(own, run, split) if saved_steps.can_look(own) else []
if lacking:
    saved_steps.offer(own, lacking[0])
else:
    with faults.shown():
        features_view.of(run, split)
        VIEWS[view][1](run, split)

navigation.next_step("predict", "Ask this model about one photo", run=run.id)
