"""What one photo shows according to a run, how sure it is, and how often it has been right when it was that sure."""

from functools import partial

import numpy as np
import pandas as pd
import streamlit as st

from fashion_core import rights
from fashion_core.data.sources.photos import EXTENSIONS
from fashion_core.labels import display_name, shortened
from ui.app import address, audience, faults, loaders, navigation, notices, subject, words
from ui.charts.bars import probability_bars
from ui.charts.layout import SPLIT_NAMES
from ui.predict import nearest_training, other_runs
from ui.shared import asked_photos, calibrated, model_cache, pickers, plain_words, reproduce_view, saliency_view
from ui.shared.answer import Number, answer, say
from ui.shared.plot import plot

ANY = address.ANY
DATASET, UPLOAD, CAMERA = "dataset", "own", "camera"
LINES = 3
LONGEST_LEAD = 24  # letters of each of two names over a chart of half the page
SOURCES = {DATASET: "From the dataset", UPLOAD: "Your own photos", CAMERA: "Camera"}
WHY, KIN, RUNS = "why", "kin", "runs"
CLOSER = {WHY: "Where it looks", KIN: "Nearest in training", RUNS: "Other runs"}


def ask_about(image_id: str) -> None:
    """The reader's wish for this photo, kept in the address."""
    st.query_params["image"] = image_id


def photo_of_dataset(usable: pd.DataFrame) -> pd.Series:
    """The photo that the address names, else one of the chosen split and class: always the same one, so that the
    address needs no word of it until the reader wants another."""
    wanted = st.query_params.get("image")
    if wanted is not None and wanted != st.session_state.get("asked_image"):  # a link leads to it
        named = usable["split"][usable["image_id"] == wanted]
        if len(named):
            st.session_state["of_split"], st.session_state["of_class"] = named.iloc[0], ANY
        else:
            navigation.say(f"Photo {words.command(wanted[:120])} is not here; showing another one.")
    st.session_state["asked_image"] = wanted
    with st.container(horizontal=True, vertical_alignment="center"):
        splits = [split for split in ("test", "val", "train") if (usable["split"] == split).any()]
        split = address.segments("Split", splits, key="of_split", words=SPLIT_NAMES.get, label_visibility="collapsed")
        of_split = usable[usable["split"] == split]
        there = set(of_split["label"])
        label = address.select(
            "Class",
            [ANY, *(name for name in run.classes if name in there)],
            key="of_class",
            words=lambda name: "Of any class" if name == ANY else f"Of class {display_name(name)}",
            label_visibility="collapsed",
        )
        offered = of_split if label == ANY else of_split[of_split["label"] == label]
        found = offered[offered["image_id"] == wanted]
        photo = (found if len(found) else offered.sample(1, random_state=0)).iloc[0]
        others = offered["image_id"][offered["image_id"] != photo["image_id"]]
        st.button(
            "Ask about another photo",
            type="primary",
            icon=":material/shuffle:",
            disabled=others.empty,
            on_click=lambda: ask_about(others.sample(1).iloc[0]),
        )
    return photo


def uploaded() -> list[other_runs.Receive]:
    """What was uploaded; the sentence about too many of them."""
    files = st.file_uploader(
        f"Photos, {asked_photos.MOST_FILES} at most, up to {asked_photos.MOST_BYTES // 1_000_000} MB each",
        type=[ending.lstrip(".") for ending in EXTENSIONS],
        accept_multiple_files=True,
        max_upload_size=asked_photos.MOST_BYTES // 1_000_000,
        key="uploads",
        help="JPEG, PNG, WEBP, BMP or GIF. They stay in the memory of this machine while the page is open; none is "
        "stored and none is sent on.",
    )
    if len(files) > asked_photos.MOST_FILES:
        st.warning(
            f"{len(files)} files are more than the {asked_photos.MOST_FILES} that this page takes at once: the first "
            f"{asked_photos.MOST_FILES} were read, the other {len(files) - asked_photos.MOST_FILES} were not.",
            icon=":material/filter_alt:",
        )
    return [partial(asked_photos.of_upload, file.name, file.getvalue()) for file in files[: asked_photos.MOST_FILES]]


def taken() -> list[other_runs.Receive]:
    """What the camera took, if anything."""
    shot = st.camera_input("Hold the garment into the light, whole", key="shot", width=420)
    return [partial(asked_photos.of_upload, "Camera", shot.getvalue())] if shot is not None else []


def tell_refused(refused: list[asked_photos.Asked], num_read: int) -> None:
    """Which files could not be read and why: three in a line each, all of them in a table when there are more."""
    lines = [f"{words.plain(one.name)}: {words.plain(one.reason)}" for one in refused[:LINES]]
    st.warning(
        "  \n".join([asked_photos.refused_words(len(refused), num_read), *lines]), icon=":material/broken_image:"
    )
    if len(refused) > LINES:
        with st.expander(f"All {len(refused)} files that could not be read"):
            st.dataframe(
                pd.DataFrame({"File": [one.name for one in refused], "Why": [one.reason for one in refused]}),
                hide_index=True,
                alt="Files that could not be read, each with its reason",
                placeholder="–",
            )


navigation.enter("predict")
if rights.is_review_copy():
    notices.review_copy(
        audience.told(
            classroom="Asking a model about a photo needs PyTorch, which a review copy does not load.",
            review="A model can be asked about a photo in the lab that this was copied from.",
        )
    )
    navigation.link("evaluation", "See what the models said about the photos of each split")
    st.stop()

# pick
with st.container(horizontal=True, vertical_alignment="center"):
    run = pickers.pick_run()
    subject.settle()
    dataset = loaders.dataset_of(run)
    source = address.segments(
        "Photo",
        [DATASET] if rights.read_only() else list(SOURCES),
        key="from",
        default=UPLOAD if dataset is None else DATASET,
        words=SOURCES.get,
        label_visibility="collapsed",
    )
    if run.dataset.synthetic:
        notices.drawn_badge()

# guard
with faults.shown():
    model_cache.stamp(run)
if source == DATASET and pickers.photos_or_notice(run) is None:
    st.stop()

# load
photo = None
if source == DATASET:
    frame = loaders.manifest_of(dataset)
    photo = photo_of_dataset(frame[frame["status"] == "ok"])
    receive: list[other_runs.Receive] = [partial(asked_photos.of_dataset, dataset, int(photo["row"]))]
else:
    receive = taken() if source == CAMERA else uploaded()
several = [each(run.settings.image_size, run.settings.resize) for each in receive]
readable = [one for one in several if not one.reason]
refused = [one for one in several if one.reason]
if not several:
    notices.empty(
        "Here you would see the likeliest classes of your photo, how sure the model is, and the photo as the model "
        f"receives it. Choose one photo or up to {asked_photos.MOST_FILES}."
    )
if not readable:
    if refused:
        tell_refused(refused, 0)
    st.stop()

# compute
waiting = st.empty()
if not model_cache.is_ready(run):
    with waiting.container():
        st.caption("Loading the model; it stays loaded for the next photo")
        st.skeleton(height=360)
with faults.shown():
    raw_NK, features_ND = model_cache.look(run, [one.input_HW3 for one in readable])
waiting.empty()
certain = calibrated.of(run)
probabilities_NK = certain.of(raw_NK)

chosen = 0
if len(readable) > 1:
    names = asked_photos.names_apart(readable)
    chosen = st.selectbox("Photo to look at", range(len(readable)), format_func=names.__getitem__, key="looked_at")
one, probabilities_K = readable[chosen], probabilities_NK[chosen]
top = asked_photos.ranked(run, probabilities_K)
(first, sure), (second, less) = top[0], top[1] if len(top) > 1 else ("", 0.0)

# the answer
numbers = [Number("Most likely", display_name(first), words.percent(sure))]
knows = nearest_training.known(run)
limit = knows.novelty if knows is not None else None
if second and (limit is None or photo is None):  # four at most; the bars have it too
    numbers.append(Number("Next", display_name(second), words.percent(less)))
judged, judged_on = None, next((split for split in ("test", "val") if split in run.prediction_splits()), None)
if judged_on:
    predictions = certain.in_frame(loaders.predictions_of(run, judged_on), run.classes)
    judged = asked_photos.record(predictions, run.classes, sure)
    value, note = judged.in_words()
    numbers.append(
        Number(
            "Right when this sure",
            value,
            note,
            f"Of the {SPLIT_NAMES[judged_on].lower()} photos of {words.plain(run.dataset.name)} to which "
            f"this model gave its first answer with a probability between {words.percent(judged.low, 0)} and "
            f"{words.percent(judged.high, 0)}, so many were right. It holds for photos of that kind only.",
        )
    )
if photo is not None:
    verdict = "✓ the model is right" if photo["label"] == first else "✕ the model is wrong"
    numbers.append(Number("True class", display_name(photo["label"]), verdict))
if limit is not None:
    numbers.append(nearest_training.number(limit, features_ND[chosen]))


def say_in_review() -> None:
    """The answer and how far to trust it."""
    truth = str(photo["label"]) if photo is not None else None
    say(plain_words.predicted(first, sure, judged), plain_words.checked(first, truth))
    if limit is not None and limit.is_unlike(features_ND[[chosen]])[0]:
        st.warning("This photo is unlike all that the model learnt from: do not rely on the answer.")


answer(numbers, in_review=say_in_review)
reproduce_view.show(run, then=reproduce_view.predict_commands(run), title="How to get this model")

# the evidence
bars, pictures = st.columns([1, 1], gap="medium")
drawn = run.dataset.synthetic
lead = " before ".join(shortened([display_name(name) for name in (first, second) if name], LONGEST_LEAD))
with bars:
    plot(
        probability_bars(
            [label for label, _ in top],
            [share for _, share in top],
            title=lead,
            drawn=drawn and source == DATASET,
        ),
        key="top",
        alt="Probabilities: " + ", ".join(f"{display_name(label)} {words.percent(share)}" for label, share in top),
        height=60 + 46 * len(top),
    )
with pictures:
    st.html(asked_photos.pair_html(one))
if grouped := other_runs.group_words(run, probabilities_K):
    st.markdown(f"Together: {grouped}.")
if refused:
    tell_refused(refused, len(readable))
if drawn:
    st.markdown(
        "This model was trained on drawings and has never seen a photograph. What it says about a photo is no evidence "
        "about real clothes."
    )
if photo is not None and photo["split"] == "train":
    st.markdown("The model was trained on this very photo, so a right answer here proves little.")
st.markdown(
    f":gray[The model must choose among its {words.count(len(run.classes))} classes, even for a photo of something "
    f"else. {certain.in_words(float(raw_NK[chosen].max()))}]"
)

# look closer
deeper = None if audience.shows("closer") else st.expander("Look closer", key="look closer", on_change="rerun")
if deeper is None or deeper.open:
    with deeper or st.container():
        closer = address.segments(
            "Look closer", list(CLOSER), key="closer", words=CLOSER.get, label_visibility="collapsed"
        )
        if closer == WHY:
            saliency_view.show(run, one, top)
        elif closer == KIN:
            own_id = photo["image_id"] if photo is not None else ""
            nearest_training.show(run, dataset, features_ND[chosen], knows, own_id=own_id)
        else:
            again = next(again for again, each in zip(receive, several, strict=True) if each is one)
            other_runs.show(run, top, again)

# the detail
by_name = iter(probabilities_NK)
answers: list[np.ndarray | None] = [None if each.reason else next(by_name) for each in several]
if len(several) > 1:
    st.subheader(f"All {len(several)} files", anchor=False)
    st.dataframe(
        asked_photos.results_table(run, several, answers),
        hide_index=True,
        placeholder="",
        column_config={
            "Probability": st.column_config.NumberColumn(format="%.1f %%"),
            "Its probability": st.column_config.NumberColumn(format="%.1f %%"),
        },
        alt="Each file with its two likeliest classes, or why it could not be read",
    )
with st.container(horizontal=True):
    st.download_button(
        "Download as CSV",
        asked_photos.results_csv(run, several, answers),
        "predictions.csv",
        "text/csv",
        on_click="ignore",
    )
    st.download_button(
        "Download as JSON",
        asked_photos.results_json(run, several, answers),
        "predictions.json",
        "application/json",
        on_click="ignore",
    )

navigation.next_step("evaluation", "See how often this model is right, class by class", run=run.id)
