"""How good a run is and where it fails: scores, the confusion matrix with the photos behind it, six closer looks."""

import streamlit as st

from ui.app import address, audience, faults, loaders, navigation, notices, subject
from ui.evaluation import calibration, classes_view, matrix_view, mistakes, numbers, other_photos, required, slices
from ui.shared import pickers, report_button, reproduce_view

VIEWS = {
    "classes": "Each class",
    "mistakes": "Mistakes",
    "required": "Good enough?",
    "certainty": "How sure",
    "groups": "Groups and shares",
    "elsewhere": "Leaks and other photos",
}
IN_REVIEW = ("mistakes", "required", "elsewhere")

navigation.enter("evaluation")

# pick
with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
    run = pickers.pick_run()
    split = pickers.pick_split(pickers.splits_to_evaluate(run))
    subject.settle()
    if split in run.prediction_splits():
        report_button.of_run(run, split, required.asked())
    dataset = other_photos.dataset_of(run, split)
    drawn = run.dataset.synthetic or (dataset is not None and dataset.synthetic)
    if drawn:
        notices.drawn_badge()

# guard
pickers.stop_before_scores(run, split)

# load
with faults.shown():
    matrix = loaders.scores_of(run, split).matrix_KK
    predictions = loaders.predictions_of(run, split)

# the answer
numbers.show(run, split, drawn=drawn)

# the matrix and the photos behind it
matrix_view.show(run, split, matrix, predictions, drawn=drawn)

# closer looks, of which only the chosen one is computed
views = audience.offered(VIEWS, review=IN_REVIEW, asked=st.query_params.get("view"))
with st.container(horizontal=True, vertical_alignment="center"):
    view = address.segments("Closer look", views, key="view", words=VIEWS.__getitem__)
    reproduce_view.show(run, split)
with faults.shown(stop=False):
    if view == "classes":
        classes_view.show(run, split, matrix, predictions, drawn=drawn)
    elif view == "mistakes":
        mistakes.show(run, split, matrix)
    elif view == "required":
        required.show(run, split, matrix)
    elif view == "certainty":
        calibration.show(run, split, drawn=drawn)
    elif view == "groups":
        slices.show(run, split, matrix, dataset, drawn=drawn)
    else:
        other_photos.show(run, split)

navigation.next_step("embeddings", "See what the model has learnt to tell apart", run=run.id, split=split)
