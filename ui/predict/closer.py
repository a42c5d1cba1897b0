"""A closer look at one answer: where the model looks, the nearest training photos, what other runs say."""

import streamlit as st

from fashion_core.data.datasets import Dataset
from ui.app import address, audience
from ui.predict import nearest_training, other_runs
from ui.predict.prediction import Prediction
from ui.shared import saliency_view

WHY, KIN, RUNS = "why", "kin", "runs"
CLOSER = {WHY: "Where it looks", KIN: "Nearest in training", RUNS: "Other runs"}


def show(prediction: Prediction, dataset: Dataset | None, receive: other_runs.Receive) -> None:
    """The chosen one of the three; for a reviewer folded away. ``receive`` gives the photo in other sizes."""
    folded = None if audience.shows("closer") else st.expander("Look closer", key="look closer", on_change="rerun")
    if folded is not None and not folded.open:
        return
    run, photo = prediction.run, prediction.photo
    with folded or st.container():
        closer = address.segments("Look closer", CLOSER, key="closer")
        if closer == WHY:
            saliency_view.show(run, prediction.asked, prediction.top)
        elif closer == KIN:
            own_id = photo["image_id"] if photo is not None else ""
            nearest_training.show(run, dataset, prediction.features_D, prediction.question, own_id=own_id)
        else:
            other_runs.show(run, prediction.top, receive)
