"""Suspected label errors of a dataset: which run and split says so, the photos worst first, and what that is worth.

Takes a dataset; reads the stored predictions of the runs that were trained on it. Computes nothing itself.
"""

import pandas as pd
import streamlit as st

from fashion_core.data.datasets import Dataset
from fashion_core.labels import display_name
from fashion_core.metrics.scoring import Scores
from fashion_core.runs import temperature
from fashion_core.runs.runs import Run
from ui.app import faults, loaders, notices, words
from ui.charts.layout import SPLIT_NAMES
from ui.shared import calibrated, gallery, pickers

FIRST = 20  # how many are offered to be left out before the reader chooses
# Northcutt, Athalye and Mueller (2021), "Pervasive label errors in test sets destabilize machine learning benchmarks":
# of ten test sets at least 3.3 % of the labels are wrong on average, 10 % in the worst; people confirmed 51 % of those
# that confident learning suspected
MOST_IN_A_SET = 0.10


def runs_over(dataset: Dataset) -> list[Run]:
    """The runs that were trained on exactly this dataset and have predictions, newest first."""
    return [run for run in loaders.all_runs() if loaders.trained_on(run, dataset) and _splits(run)]


def _splits(run: Run) -> list[str]:
    return [split for split in run.prediction_splits() if split in SPLIT_NAMES]


def show(dataset: Dataset) -> tuple[pd.DataFrame, str]:
    """Draw the pickers and the photos. Returns the finding (number, image_id, split, label, suggested, p_label,
    p_suggested, reason) and a name that tells it from those of other runs and splits."""
    with st.container(horizontal=True, vertical_alignment="center"):
        run = pickers.pick_run("by_run", runs=runs_over(dataset))
        split = pickers.pick_split(_splits(run), key="by_split")
    with faults.shown():
        certain = calibrated.of(run)
        found = loaders.label_errors_of(run, split, certain.temperature).rename(columns={"rank": "number"})
        scores = loaders.scores_of(run, split)
    st.markdown(_answer(split, len(found), scores))
    notices.aside(" ".join(_worth(split, len(found), scores, certain)))
    photos = pd.concat([found, loaders.photos_of(dataset, found["image_id"])], axis=1)
    gallery.show(
        dataset,
        photos,
        key="suspect_page",
        caption=lambda image: gallery.Caption(
            f"{image.number}. {display_name(image.label)} → {display_name(image.suggested)}",
            f"{words.percent(image.p_label)} → {words.percent(image.p_suggested)}",
        ),
    )
    told = zip(found["p_label"], found["suggested"], found["p_suggested"], strict=True)
    reasons = [
        f"{run.id} gives it {words.percent(own)}, {display_name(to)} {words.percent(most)}" for own, to, most in told
    ]
    return found.assign(split=split, reason=reasons), f"{run.id}-{split}"


def _answer(split: str, num: int, scores: Scores) -> str:
    name = SPLIT_NAMES[split].lower()
    accuracy = words.with_interval(scores.accuracy)
    return (
        f"{words.count(num)} of {words.count(scores.n)} {name} labels ({words.percent(num / scores.n)}) are "
        f"suspected, worst first. The run is right on {accuracy} of these photos, as they are labelled."
    )


def _worth(split: str, num: int, scores: Scores, certain: calibrated.Certainty) -> list[str]:
    """What the list is made of, and what it does not tell."""
    told = [
        "Confident learning (Northcutt and others, 2021) estimates how many labels of each class are wrong and lists "
        "that many photos, those with the least probability of their class: given class → suggested class.",
        "Look before you leave one out, for the run may be wrong: in ten well-known test sets people confirmed 51 % of "
        "such suspicions.",
    ]
    if num > MOST_IN_A_SET * scores.n:
        told[1] = (
            f"In ten well-known test sets 3.3 % of the labels are wrong on average, {words.percent(MOST_IN_A_SET, 0)} "
            "in the worst. A longer list, as here, tells of a weak model more than of wrong labels."
        )
    if not certain.num_fitted:
        why = certain.why_not or temperature.NONE
        told.append(
            f"The probabilities are not calibrated ({why}): of a model that is too sure the list comes out too long."
        )
    if split == "train":
        told.append(
            "The run was trained on these very photos and has learnt their labels, wrong ones too: it suspects fewer "
            "than it should."
        )
    return told
