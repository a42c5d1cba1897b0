"""What a run would answer without the imbalance of its training photos: logit adjustment, from stored predictions.

Takes a run and a split. Nothing is trained and nothing is kept.
"""

import pandas as pd
import streamlit as st

from fashion_core.errors import FashionError
from fashion_core.metrics import logit_adjustment
from fashion_core.metrics.logit_adjustment import Judged
from fashion_core.metrics.wording import in_points
from fashion_core.runs.runs import Run
from fashion_core.settings import sampling
from ui.app import loaders, notices, words
from ui.app.kept import kept
from ui.shared.table import show_table


def show(run: Run, split: str) -> None:
    """A table of the answers as they are and adjusted; a sentence where there is nothing to adjust; nothing for a run
    that did not keep its counts, or whose classes were equally large."""
    counts_K = run.train_counts
    if counts_K is None or counts_K.min() == counts_K.max():
        return
    st.markdown("**What if every class had been equally common in training?**")
    corrected = sampling.corrections(run.settings.sampler, run.settings.loss)
    if corrected:
        by = " and ".join(f"{name} {words.plain(getattr(run.settings, name))}" for name in corrected)
        notices.aside(f"Training corrected for rare classes already, by {by}: adjusting its answers would do it twice.")
        return
    if not counts_K.min():
        notices.aside("A class has no training photos, so the answers cannot be adjusted.")
        return
    found = _judged(run, split)
    plain = found[0]
    support_K = plain.matrix_KK.sum(axis=1)
    frame = pd.DataFrame(
        {
            "which": [_name(judged, place) for place, judged in enumerate(found)],
            "accuracy": [words.with_interval(judged.accuracy) for judged in found],
            "moved": [in_points(judged.moved) if judged is not plain else "" for judged in found],
            "changed": [
                words.share_of(judged.changed, judged.accuracy.n) if judged is not plain else "" for judged in found
            ],
        }
    )
    if support_K.min() != support_K.max():  # else it is the accuracy
        frame.insert(2, "mean_recall", [words.percent(judged.mean_recall) for judged in found])
    show_table(
        frame,
        column_config={
            "which": "Answers",
            "accuracy": st.column_config.TextColumn("Accuracy", help="In brackets the 95 % interval (Wilson)."),
            "mean_recall": st.column_config.TextColumn(
                "Mean recall", help="The mean over classes, however few photos a class has here."
            ),
            "moved": st.column_config.TextColumn(
                "Against as they are", help="Points of accuracy on the same photos, with the 95 % interval (Tango)."
            ),
            "changed": "Answers that change",
        },
        alt="Accuracy of the answers as they are and after logit adjustment",
    )
    notices.aside(
        "Logit adjustment after training (Menon et al. 2021): tau times the logarithm of each class's share of the "
        "training photos is taken off each answer's logarithm. Nothing is trained again, and nothing is stored. It "
        "helps where the photos to come are spread evenly over the classes, and hurts where they are as uneven as "
        "training was."
    )


def _name(judged: Judged, place: int) -> str:
    if not place:
        return "as they are"
    return f"adjusted, tau {judged.tau:g}" + (", the best on validation" if place == 2 else "")


@kept(lambda run, split: (loaders.of_predictions(run, split), loaders.of_predictions(run, "val")), max_entries=50)
def _judged(run: Run, split: str) -> list[Judged]:
    """At tau 0, at tau 1, and at the tau of the validation predictions where there are some and others are judged."""
    counts_K = run.train_counts
    assert counts_K is not None, "show asked for them"
    taus = [0.0, 1.0]
    if split != "val" and "val" in run.prediction_splits():
        try:
            taus.append(logit_adjustment.best_tau(*loaders.arrays_of(run, "val"), counts_K))
        except FashionError:
            pass  # broken validation predictions say so when they are chosen
    return [logit_adjustment.judge(*loaders.arrays_of(run, split), counts_K, tau) for tau in taus]
