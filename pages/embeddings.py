"""What a run has learnt to tell apart: the map of its features, axes, lines, clusters, similar items, two runs."""

import streamlit as st

from ui import (
    address,
    audience,
    embedding_clusters,
    embedding_components,
    embedding_lines,
    embedding_map,
    embedding_runs,
    embedding_similar,
    embedding_steps,
    faults,
    learnt,
    navigation,
    notices,
    pickers,
    reproduce_view,
    subject,
)

VIEWS = {
    "map": ("Map", embedding_map.show),
    "components": ("Components", embedding_components.show),
    "lines": ("Feature lines", embedding_lines.show),
    "clusters": ("Clusters", embedding_clusters.show),
    "similar": ("Similar items", embedding_similar.show),
    "runs": ("Two runs or epochs", embedding_runs.show),
}

IN_REVIEW = ("map", "similar")

navigation.enter("embeddings")

# pick
with st.container(horizontal=True, vertical_alignment="center"):
    run = pickers.pick_run()
    split = address.segments(
        "Split", learnt.splits_to_offer(run), key="split", words=learnt.split_words, label_visibility="collapsed"
    )
    subject.settle()
    if run.dataset["synthetic"]:
        notices.drawn_badge()
pickers.stop_before_scores(run, split)
views = audience.offered(VIEWS, review=IN_REVIEW, asked=st.query_params.get("view"))
with st.container(horizontal=True, vertical_alignment="center"):
    view = address.segments("View", views, key="view", words=lambda name: VIEWS[name][0], label_visibility="collapsed")
    reproduce_view.show_figure(run, split)

# load, compute, draw: the open view only
own = embedding_steps.as_judged(run)
lacking = embedding_steps.missing(own, run, split) if embedding_steps.can_look(own) else []
if lacking:
    embedding_steps.offer(own, lacking[0])
else:
    with faults.shown():
        learnt.of(run, split)
        VIEWS[view][1](run, split)

navigation.next_step("predict", "Ask this model about one photo", run=run.id)
