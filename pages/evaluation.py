"""How good a run is and where it fails: scores, the confusion matrix, and the very photos behind each of its cells."""

import numpy as np
import pandas as pd
import streamlit as st
from sklearn.metrics import classification_report

from fashion_core.labels import display_name
from fashion_core.metrics import most_confused
from fashion_core.statistics import wilson
from ui import address, charts, faults, gallery, leak_view, loaders, navigation, notices, pickers, words
from ui.answer import Number, answer
from ui.plot import clicked, plot

ANY = address.ANY


def open_cell() -> None:
    """A click on a cell, or on a class name beside the matrix, chooses what the pickers then show."""
    click = clicked("matrix")
    if click:
        address.choose(
            true=ANY if click["row"] is None else run.classes[click["row"]],
            predicted=ANY if click["column"] is None else run.classes[click["column"]],
        )


def class_words(label: str) -> str:
    return "Any class" if label == ANY else display_name(label)


navigation.enter("evaluation")

# pick
with st.container(horizontal=True, vertical_alignment="center"):
    run = pickers.pick_run()
    split = pickers.pick_split(pickers.splits_to_evaluate(run))
    if run.dataset["synthetic"]:
        notices.drawn_badge()

# guard
with faults.shown():
    scores = loaders.scores_of(run, split)
    predictions = loaders.predictions_of(run, split)

# load
drawn = run.dataset["synthetic"]
matrix = np.array(scores["confusion_matrix"])
per_class = pd.DataFrame(scores["per_class"])
commonest = per_class.loc[per_class["support"].idxmax()]
balanced = per_class["support"].nunique() == 1
worst = per_class.loc[per_class["recall"].idxmin()]
leaks = leak_view.of(run, split)

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
            f"{scores['macro_f1']:.3f}",
            "mean over classes",
            "F1 joins precision and recall of a class; the macro mean counts every class alike, however rare.",
        ),
        Number("Photos", words.count(scores["n"]), f"{leak_view.note(leaks)}{len(run.classes)} classes"),
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
            display_name(worst["label"]),
            "The class whose photos are recognised least often (lowest recall).",
        ),
    ]
)

# the matrix and the photos behind it
top = most_confused(matrix, run.classes, most=1)
first_true, first_predicted = top[0][:2] if top else (run.classes[0], run.classes[0])
chart, photos = st.columns([5, 3], gap="medium")
with photos:
    with st.container(horizontal=True):
        options = [ANY, *run.classes]
        true = address.select("True class", options, key="true", default=first_true, words=class_words)
        predicted = address.select(
            "Predicted class", options, key="predicted", default=first_predicted, words=class_words
        )
    chosen = predictions[
        ((predictions["label"] == true) | (true == ANY))
        & ((predictions["predicted"] == predicted) | (predicted == ANY))
    ]
    sure = chosen[[f"p_{name}" for name in run.classes]].to_numpy().max(axis=1, initial=0)
    chosen = chosen[["image_id", "label", "predicted"]].assign(sure=sure).sort_values("sure", ascending=False)
    with st.container(height=364, border=False, key="cell"):
        dataset = pickers.photos_or_notice(run, split)
        if dataset is None:
            st.dataframe(
                chosen.assign(label=chosen["label"].map(display_name), predicted=chosen["predicted"].map(display_name)),
                hide_index=True,
                column_config={
                    "image_id": "Image",
                    "label": "True",
                    "predicted": "Predicted",
                    "sure": st.column_config.NumberColumn("Probability", format="percent"),
                },
                alt="The images in the chosen cell",
            )
        else:
            found = loaders.photos_of(dataset, chosen["image_id"])
            gallery.show(
                dataset,
                pd.concat([chosen.reset_index(drop=True), found], axis=1),
                key="photos",
                caption=lambda image: gallery.Caption(
                    f"{display_name(image.label)} → {display_name(image.predicted)}",
                    words.percent(image.sure),
                    image.label == image.predicted,
                ),
                cell_pixels=96,
            )
with chart:
    cell = None
    if true in run.classes and predicted in run.classes:
        cell = (run.classes.index(true), run.classes.index(predicted))
    plot(
        charts.confusion_matrix(matrix, run.classes, chosen=cell),
        key="matrix",
        alt=f"Confusion matrix of {run.id}, {split} photos: {words.percent(scores['accuracy'])} lie on the diagonal",
        height=456,
        on_click=open_cell,
    )

# the detail
leak_view.show(run, split, leaks)
by_class, table = st.columns(2, gap="medium")
low, high = wilson(np.diag(matrix), per_class["support"])
with by_class:
    plot(
        charts.rates_with_intervals(
            per_class[["label", "support"]]
            .rename(columns={"support": "n"})
            .assign(rate=per_class["recall"], low=low, high=high),
            title="Which classes are recognised?",
            overall=scores["accuracy"],
            drawn=drawn,
        ),
        key="by_class",
        alt=f"Accuracy of each class with its 95 % interval; the weakest is {display_name(worst['label'])}",
        height=110 + 27 * len(run.classes),
    )
with table:
    st.markdown("**Each class, as scikit-learn computes it**")
    st.dataframe(
        per_class.assign(label=per_class["label"].map(display_name)),
        hide_index=True,
        height=35 * (len(run.classes) + 1) + 3,
        column_config={
            "label": "Class",
            "precision": st.column_config.NumberColumn(
                "Precision",
                format="%.3f",
                width="small",
                help="Of the photos that were given this class, the share that belongs to it.",
            ),
            "recall": st.column_config.NumberColumn(
                "Recall",
                format="%.3f",
                width="small",
                help="Of the class's own photos, the share that was recognised: its accuracy.",
            ),
            "f1": st.column_config.NumberColumn(
                "F1", format="%.3f", width="small", help="The harmonic mean of precision and recall."
            ),
            "support": st.column_config.NumberColumn(
                "Support", format="localized", width="small", help="Photos of the class."
            ),
        },
        alt="Precision, recall, F1 and support of each class",
    )
    with st.expander("The same as a text to copy", on_change="rerun", key="as_text") as as_text:
        if as_text.open:
            report = classification_report(
                predictions["label"], predictions["predicted"], labels=list(run.classes), digits=3, zero_division=0
            )
            st.code(report, language=None)

navigation.next_step("embeddings", "See what the model has learnt to tell apart", run=run.id, split=split)
