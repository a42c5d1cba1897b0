"""How good a run is and where it fails: scores, the confusion matrix with the photos behind it, five closer looks."""

import numpy as np
import pandas as pd
import streamlit as st

from fashion_core.labels import and_more, display_name, num_equal
from fashion_core.metrics import enough, intervals, scoring
from ui.app import address, audience, faults, loaders, navigation, notices, subject, words
from ui.evaluation import calibration, classes_view, matrix_view, mistakes, other_photos, slices
from ui.evaluation import leaks as evaluation_leaks
from ui.shared import pickers, plain_words, report_button, reproduce_view
from ui.shared.answer import Number, answer, say

VIEWS = {
    "classes": "Each class",
    "mistakes": "Mistakes",
    "certainty": "How sure",
    "groups": "Groups and shares",
    "elsewhere": "Leaks and other photos",
}
IN_REVIEW = ("mistakes", "elsewhere")


def say_in_review() -> None:
    """The answer for a reader who wants to know whether to believe it."""
    missed, n_worst = 1 - worst["recall"], int(worst["support"])
    say(
        plain_words.evaluation(
            scores["accuracy"],
            scores["accuracy_ci95"],
            scores["n"],
            worst["label"],
            missed,
            intervals.wilson(round(missed * n_worst), n_worst),
            n_worst,
            as_weak,
        ),
        plain_words.against_guessing(scores["accuracy_ci95"][0], commonest["support"] / scores["n"], scores["n"]),
        plain_words.seen_before(
            split, leaks.leaked.n if leaks else None, leaks.kept.accuracy if leaks and leaks.kept.n else None
        ),
        notices.DRAWN_HELP if drawn else "",
    )


navigation.enter("evaluation")

# pick
with st.container(horizontal=True, vertical_alignment="center"):
    run = pickers.pick_run()
    split = pickers.pick_split(pickers.splits_to_evaluate(run))
    subject.settle()
    reproduce_view.show(run, split)
    dataset = other_photos.dataset_of(run, split)
    drawn = run.dataset.synthetic or (dataset is not None and dataset.synthetic)
    if drawn:
        notices.drawn_badge()

# guard
pickers.stop_before_scores(run, split)
with faults.shown():
    scores = loaders.scores_of(run, split)
    predictions = loaders.predictions_of(run, split)

# load
matrix = np.array(scores["confusion_matrix"])
per_class = pd.DataFrame(scores["per_class"])
commonest = per_class.loc[per_class["support"].idxmax()]
balanced = per_class.loc[per_class["support"] > 0, "support"].nunique() == 1
worst = per_class.loc[per_class["recall"].idxmin()]
as_weak = num_equal(per_class["recall"], worst["recall"])
leaks = evaluation_leaks.of(run, split)

if scores["absent"]:
    notices.aside(f"Macro means are {scoring.absent_words(scores, display_name)}; such a class has no score.")
notices.few(enough.sentences({split: dict(zip(per_class["label"], per_class["support"], strict=True))}))
answer(
    [
        Number(
            "Accuracy",
            words.percent(scores["accuracy"]),
            words.interval(scores["accuracy_ci95"]),
            "Share of photos whose class is right. In brackets the 95 % interval (Wilson): what other photos of the "
            "same kind would give.",
        ),
        Number(
            "Macro F1",
            words.percent(scores["macro_f1"]),
            words.interval(classes_view.intervals_of(run, split).macro_f1),
            "F1 joins precision and recall of a class; the macro mean counts every class alike, however rare. In "
            "brackets the 95 % interval (Wilson, over as many photos as the score is worth).",
        ),
        Number(
            "Photos", words.count(scores["n"]), f"{evaluation_leaks.note(leaks)}{words.count(len(run.classes))} classes"
        ),
        Number(
            "Baseline",
            words.percent(commonest["support"] / scores["n"]),
            "always the same class" if balanced else f"always saying {display_name(commonest['label'])}",
            "The accuracy of a rule that gives every photo the commonest class. A model that does not beat it knows "
            "nothing.",
        ),
        Number(
            "Weakest class",
            words.percent(worst["recall"]),
            and_more(display_name(worst["label"]), as_weak),
            "The class whose photos are recognised least often (lowest recall).",
        ),
    ],
    in_review=say_in_review,
)

# the matrix and the photos behind it
matrix_view.show(run, split, matrix, predictions, drawn=drawn)

# closer looks, of which only the chosen one is computed
views = audience.offered(VIEWS, review=IN_REVIEW, asked=st.query_params.get("view"))
view = address.segments("Closer look", views, key="view", words=VIEWS.__getitem__, label_visibility="collapsed")
with faults.shown(stop=False):
    if view == "classes":
        classes_view.show(run, split, matrix, predictions, drawn=drawn)
    elif view == "mistakes":
        mistakes.show(run, split, matrix)
    elif view == "certainty":
        calibration.show(run, split, drawn=drawn)
    elif view == "groups":
        slices.show(run, split, matrix, dataset, drawn=drawn)
    else:
        other_photos.show(run, split)

report_button.of_run(run, split)
navigation.next_step("embeddings", "See what the model has learnt to tell apart", run=run.id, split=split)
