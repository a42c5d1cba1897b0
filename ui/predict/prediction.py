"""What a run says of one photo: as numbers or a sentence, as bars beside the photo, and what it does not tell."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import streamlit as st

from fashion_core.data.datasets import Dataset
from fashion_core.labels import display_name, shortened
from fashion_core.runs.runs import Run
from ui.app import audience, loaders, notices, words
from ui.charts.bars import probability_bars
from ui.charts.colours import LIGHT
from ui.charts.layout import SPLIT_NAMES
from ui.predict import other_runs, unlike
from ui.shared import asked_photos, plain_words
from ui.shared.answer import Number, answer, say
from ui.shared.calibrated import Certainty
from ui.shared.plot import plot

LONGEST_LEAD = 24  # letters of each of two names over a chart of half the page


@dataclass(frozen=True, kw_only=True, eq=False)
class Prediction:
    """``photo``: the dataset's row of it, None for one of the reader's own. ``raw``: the first answer's probability as
    the network gave it. ``question``: whether it is unlike training, of all photos that were asked about; it is the one
    at ``place``."""

    run: Run
    asked: asked_photos.Asked
    photo: pd.Series | None
    probabilities_K: np.ndarray
    features_D: np.ndarray
    raw: float
    certain: Certainty
    question: unlike.Question
    place: int
    dataset: Dataset | None

    @property
    def top(self) -> list[tuple[str, float]]:
        return asked_photos.ranked(self.run, self.probabilities_K)

    @property
    def is_unlike(self) -> bool | None:
        """None where it was not asked."""
        return self.question.unlike[self.place]


def show_answer(prediction: Prediction) -> None:
    """The likeliest class, how often the run was right when it was that sure, and what the photo really shows; no
    answer to a photo that is unlike all that the run learnt from, and no count where that was not asked."""
    if prediction.is_unlike:
        _show_none(prediction)
        return
    run, photo = prediction.run, prediction.photo
    (first, sure), (second, less) = [*prediction.top, ("", 0.0)][:2]
    # the dataset's own photos are of the kind that was counted, and a reader's photo is no drawing
    is_known = photo is not None or (prediction.is_unlike is False and not run.dataset.synthetic)
    numbers = [Number("Most likely", display_name(first), words.percent(sure))]
    if second and photo is None:  # four at most; the bars have it too
        numbers.append(Number("Next", display_name(second), words.percent(less)))
    judged, judged_on = None, next((split for split in ("test", "val") if split in run.prediction_splits()), None)
    if judged_on and is_known:
        predictions = prediction.certain.in_frame(loaders.predictions_of(run, judged_on), run.classes)
        judged = asked_photos.record(predictions, run.classes, sure)
        value, note = judged.in_words()
        numbers.append(
            Number(
                "Right when this sure",
                value,
                note,
                f"Of the {SPLIT_NAMES[judged_on].lower()} photos of {words.plain(run.dataset.name)} to which "
                f"this model gave its first answer with a probability between {words.percent(judged.least, 0)} and "
                f"{words.percent(judged.most, 0)}, so many were right. It holds for photos of that kind only.",
            )
        )
    if photo is not None:
        verdict = "✓ the model is right" if photo["label"] == first else "✕ the model is wrong"
        numbers.append(Number("True class", display_name(photo["label"]), verdict))
    numbers.append(unlike.number(prediction.question, prediction.place))

    def say_in_review() -> None:
        """The answer and how far to trust it."""
        truth = str(photo["label"]) if photo is not None else None
        said = plain_words.predicted(first, sure, judged) if is_known else plain_words.unjudged(first, sure)
        drawn = run.dataset.synthetic and photo is None
        say(said, plain_words.checked(first, truth), plain_words.ONLY_DRAWINGS if drawn else "")

    answer(numbers, in_review=say_in_review)
    if prediction.is_unlike is None and photo is None:
        unlike.not_asked(run, prediction.dataset, prediction.question)


def _show_none(prediction: Prediction) -> None:
    """That there is no answer, why, and in grey what the photo looks like to the model."""
    (first, sure), photo = prediction.top[0], prediction.photo
    drawn = "pictures" if prediction.run.dataset.synthetic or notices.is_cutouts(prediction.run.dataset) else "photos"
    say(
        f"No answer: this photo is unlike all the {drawn} that the model learnt from.",
        f"It must name something, and to it this looks most like {plain_words.name(first)} ({words.percent(sure, 0)}); "
        "that says nothing about the photo.",
        f"The photo shows {plain_words.name(str(photo['label']))}." if photo is not None else "",
        unlike.caught_words(prediction.run),
    )
    if not audience.is_review():
        found = unlike.number(prediction.question, prediction.place)
        notices.aside(f"{found.label}: {found.value}, {found.note}. {found.help}")


def show_evidence(prediction: Prediction) -> None:
    """The probabilities beside the photo and what the model receives of it, and those of groups of classes."""
    run, top = prediction.run, prediction.top
    bars, pictures = st.columns([1, 1], gap="medium")
    title = " before ".join(shortened([display_name(name) for name, _ in top[:2] if name], LONGEST_LEAD))
    figure = probability_bars(
        [label for label, _ in top],
        [share for _, share in top],
        title="What it looks like to the model" if prediction.is_unlike else title,
        drawn=run.dataset.synthetic and prediction.photo is not None,
    )
    if prediction.is_unlike:  # none of them is an answer
        figure.update_traces(marker_color=LIGHT["grey"])
    with bars:
        plot(
            figure,
            key="top",
            alt="Probabilities: " + ", ".join(f"{display_name(label)} {words.percent(share)}" for label, share in top),
            height=60 + 46 * len(top),
        )
    with pictures:
        st.html(asked_photos.pair_html(prediction.asked))
    grouped = other_runs.group_words(run, prediction.probabilities_K)
    if grouped and not prediction.is_unlike:
        st.markdown(f"Together: {grouped}.")


def show_limits(prediction: Prediction) -> None:
    """What the answer is no evidence of."""
    run, photo = prediction.run, prediction.photo
    if run.dataset.synthetic:
        st.markdown(
            "This model was trained on drawings and has never seen a photograph. What it says about a photo is no "
            "evidence about real clothes."
        )
    if notices.is_cutouts(run.dataset):
        st.markdown(
            "This model was trained on grey cut-outs of 28 by 28 pixels and knows such pictures only: on black, "
            "centred, without colour. What it says about a photo is no evidence about real clothes."
        )
    if photo is not None and photo["split"] == "train":
        st.markdown("The model was trained on this very photo, so a right answer here proves little.")
    st.markdown(
        f":gray[The model must choose among its {words.count(len(run.classes))} classes, even for a photo of something "
        f"else. {unlike.caught_words(run) + ' ' if prediction.is_unlike is False else ''}"
        f"{'' if prediction.is_unlike else prediction.certain.in_words(prediction.raw)}]"
    )
