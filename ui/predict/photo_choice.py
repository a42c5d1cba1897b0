"""Which photos a run is asked about: one of its dataset, the reader's own, or what the camera sees."""

from functools import partial

import pandas as pd
import streamlit as st

from fashion_core import rights
from fashion_core.data.datasets import Dataset
from fashion_core.data.sources.photos import EXTENSIONS
from fashion_core.labels import display_name
from fashion_core.runs.runs import SPLITS, Run
from ui.app import address, loaders, navigation, words
from ui.charts.layout import SPLIT_NAMES
from ui.predict.other_runs import Receive
from ui.shared import asked_photos

ANY = address.ANY
DATASET, UPLOAD, CAMERA = "dataset", "own", "camera"
SOURCES = {DATASET: "From the dataset", UPLOAD: "Your own photos", CAMERA: "Camera"}


def pick_source(dataset: Dataset | None) -> str:
    """Where the photos come from; ``dataset`` is the run's, None where it is not on this machine."""
    return address.segments(
        "Photo",
        [DATASET] if rights.read_only() and not rights.is_review_copy() else SOURCES,
        key="from",
        default=UPLOAD if dataset is None else DATASET,
    )


def photo_of_dataset(run: Run, dataset: Dataset) -> pd.Series:
    """The photo that the address names, else one of the chosen split and class: always the same one, so that the
    address needs no word of it until the reader wants another."""
    frame = loaders.manifest_of(dataset)
    usable = frame[frame["status"] == "ok"]
    wanted = st.query_params.get("image")
    if wanted is not None and wanted != st.session_state.get("asked_image"):  # a link leads to it
        named = usable["split"][usable["image_id"] == wanted]
        if len(named):
            st.session_state["of_split"], st.session_state["of_class"] = named.iloc[0], ANY
        else:
            navigation.say(f"Photo {words.command(wanted[:120])} is not here; showing another one.")
    st.session_state["asked_image"] = wanted
    with st.container(horizontal=True, vertical_alignment="center"):
        splits = [split for split in SPLITS if (usable["split"] == split).any()]
        split = address.segments("Split", splits, key="of_split", words=SPLIT_NAMES.get)
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
        same = offered[offered["image_id"] == wanted]
        photo = (same if len(same) else offered.sample(1, random_state=0)).iloc[0]
        others = offered["image_id"][offered["image_id"] != photo["image_id"]]
        st.button(
            "Ask about another photo",
            type="primary",
            icon=":material/shuffle:",
            disabled=others.empty,
            on_click=lambda: _ask_about(others.sample(1).iloc[0]),
        )
    return photo


def _ask_about(image_id: str) -> None:
    """The reader's wish for this photo, kept in the address."""
    st.query_params["image"] = image_id


def uploaded() -> list[Receive]:
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


def taken() -> list[Receive]:
    """What the camera took, if anything."""
    shot = st.camera_input("Hold the garment into the light, whole", key="shot", width=420)
    return [partial(asked_photos.of_upload, "Camera", shot.getvalue())] if shot is not None else []


def pick_one(several: list[asked_photos.Asked]) -> int:
    """The place of the one to look at."""
    if len(several) == 1:
        return 0
    names = asked_photos.names_apart(several)
    return st.selectbox("Photo to look at", range(len(several)), format_func=names.__getitem__, key="looked_at")
