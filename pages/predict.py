"""Whether a photo is unlike all that a run learnt from; if not, what it shows and how often such answers were right."""

from functools import partial

import streamlit as st

from fashion_core import rights
from fashion_core.models import without_torch
from ui.app import audience, faults, loaders, navigation, notices, subject, words
from ui.predict import closer, files, photo_choice, prediction, unlike
from ui.shared import asked_photos, calibrated, model_cache, pickers, reproduce_view

navigation.enter("predict")

# pick
with st.container(horizontal=True, vertical_alignment="center"):
    run = pickers.pick_run()
    subject.settle()
    dataset = loaders.dataset_of(run)
    unanswered = without_torch.why_not(run) if rights.is_review_copy() else None
    source = photo_choice.pick_source(dataset) if unanswered is None else ""
    if run.dataset.synthetic:
        notices.drawn_badge()
    if notices.is_cutouts(run.dataset):
        notices.cutouts_badge()

# guard
with faults.shown():
    model_cache.stamp(run)
if unanswered:
    notices.review_copy(
        audience.told(
            classroom=f"{words.capital(words.plain(unanswered))}.",
            review="This model can be asked about a photo in the lab that this was copied from.",
        )
    )
    navigation.link("evaluation", "See what the models said about the photos of each split")
    st.stop()
if source == photo_choice.DATASET and pickers.photos_or_notice(run) is None:
    st.stop()

# load
photo = photo_choice.photo_of_dataset(run, dataset) if source == photo_choice.DATASET else None
if photo is not None:
    receive = [partial(asked_photos.of_dataset, dataset, int(photo["row"]))]
else:
    receive = photo_choice.taken() if source == photo_choice.CAMERA else photo_choice.uploaded()
several = [ask(run.settings.image_size, run.settings.resize) for ask in receive]
readable = [place for place, asked in enumerate(several) if not asked.reason]
refused = [asked for asked in several if asked.reason]
if not several:
    notices.empty(
        "Here you would see the likeliest classes of your photo, how sure the model is, and the photo as the model "
        f"receives it. Choose one photo or up to {asked_photos.MOST_FILES}."
    )
if not readable:
    files.show_refused(refused, 0)
    st.stop()

# compute
waiting = st.empty()
if not model_cache.is_ready(run):
    with waiting.container():
        st.caption("Loading the model; it stays loaded for the next photo")
        st.skeleton(height=360)
with faults.shown():
    looked = model_cache.look(run, [several[place].input_HW3 for place in readable])
waiting.empty()
raw_NK = looked.probabilities_NK
question = unlike.ask(run, dataset, looked)
certain = calibrated.of(run)
probabilities_NK = certain.of(raw_NK)
chosen = photo_choice.pick_one([several[place] for place in readable])
predicted = prediction.Prediction(
    run=run,
    asked=several[readable[chosen]],
    photo=photo,
    probabilities_K=probabilities_NK[chosen],
    features_D=looked.features_ND[chosen],
    raw=float(raw_NK[chosen].max()),
    certain=certain,
    question=question,
    place=chosen,
    dataset=dataset,
)

# the answer
prediction.show_answer(predicted)
reproduce_view.show(run, then=reproduce_view.predict_commands(run), title="How to get this model")

# the evidence
prediction.show_evidence(predicted)
files.show_refused(refused, len(readable))
prediction.show_limits(predicted)
closer.show(predicted, dataset, receive[readable[chosen]])

# the detail
files.show_answers(run, several, probabilities_NK, question.unlike)
navigation.next_step("evaluation", "See how often this model is right, class by class", run=run.id)
