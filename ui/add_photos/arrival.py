"""An import that goes on, followed to its end and led on from."""

import re
from functools import partial
from pathlib import Path
from typing import Any

import streamlit as st

from fashion_core import jobs, storage
from fashion_core.data import datasets, first_look
from fashion_core.metrics import enough
from ui.app import faults, loaders, navigation, notices, words
from ui.shared import following

FOLLOWED = "import_following"
LOOK = "look"  # in the address: which look is shown


def follow() -> None:
    """How far an import is: the one that this session started, or one that goes on."""
    if followed := st.session_state.get(FOLLOWED) or _going_on():
        st.session_state[FOLLOWED] = followed
        with st.container(border=True):
            _show(followed)


def begin(dataset_id: str, given: dict[str, Any]) -> None:
    """Follow an import that has just been started."""
    st.session_state[FOLLOWED] = {"id": dataset_id} | given


def as_uploaded(told: str, upload: dict[str, Any] | None) -> str:
    """The sentence with the name that the reader's file or folder has, not the place where it is kept here."""
    if not upload:
        return told
    return told.replace(upload["kept"], upload["name"])


def in_words_of_the_page(told: str) -> str:
    """A sentence of the command line about a name that is taken, without its option and its fingerprints."""
    return re.sub(r" \(fingerprint \w+, now \w+\)", "", told).replace("another --name", "another name")


def _going_on() -> dict[str, Any] | None:
    """An import that goes on and that this session does not know: of another reader, or from before a restart."""
    for dataset_id in datasets.list_imports(loaders.data_dir()):
        job = following.active(datasets.incoming_folder(loaders.data_dir(), dataset_id))
        if job and job.process:  # else a version of a dataset is being made there
            return {"id": dataset_id} | dict(job.given)
    return None


def _show(followed: dict[str, Any]) -> None:
    """How far the followed import is, or what came of it."""
    folder = datasets.incoming_folder(loaders.data_dir(), followed["id"])
    job = jobs.look(folder)  # before the dataset, which is there when the job has cleared its folder away
    if job and job.active:
        following.follow_job(folder, partial(following.counted, starting="Opening the source"))
        return
    arrived = loaders.stamp(loaders.data_dir() / followed["id"] / "dataset.json")[1] / 1e9
    if job and job.error:
        told = in_words_of_the_page(as_uploaded(job.error, followed.get("upload")))
        st.error(words.fault(told), icon=":material/error:")
    elif arrived and (job is None or arrived >= job.began):
        if look := _look_of(followed):
            storage.discard(look)
        _arrived(followed["id"])
        return
    else:
        st.error("The import stopped before it was done. Nothing was imported; your files are untouched.")
    with st.container(horizontal=True):
        if (look := _look_of(followed)) and st.button("Back to these photos", type="primary"):
            del st.session_state[FOLLOWED]
            st.query_params[LOOK] = look.name
            st.rerun()
        _offer_to_close()


def _look_of(followed: dict[str, Any]) -> Path | None:
    """The look that was imported, with what was chosen there, while it is kept."""
    folder = first_look.folder_of(loaders.data_dir(), followed.get("look", ""))
    return folder if folder and folder.is_dir() else None


def _offer_to_close() -> None:
    if st.button("Close"):
        del st.session_state[FOLLOWED]
        st.rerun()


def _arrived(dataset_id: str) -> None:
    """Say what was imported, and lead to it."""
    with faults.shown(stop=False):
        dataset = datasets.find_dataset(loaders.data_dir(), dataset_id)
        photos = words.counted(dataset.num_images, "photo")
        classes = words.counted(len(dataset.classes), "class", "classes")
        bad = dataset.num_damaged + dataset.num_missing
        unusable = f"; {words.counted(bad, 'photo')} cannot be used" if bad else ""
        st.markdown(f"**{words.plain(dataset.name)}** is here: {photos}, {classes}{unusable}.")
        notices.few([*dataset.warnings, *enough.of_manifest(dataset.manifest(["split", "label", "status"]))])
        with st.container(horizontal=True):
            if st.button(f"Look at {words.plain(dataset.name)}", type="primary"):
                _lead_to("dataset", dataset_id)
            if st.button(f"Train on {words.plain(dataset.name)}"):
                _lead_to("training", dataset_id)
            _offer_to_close()


def _lead_to(page: str, dataset_id: str) -> None:
    """Go to the dataset that has just arrived; it is followed no longer."""
    del st.session_state[FOLLOWED]
    navigation.open_page(page, dataset=dataset_id)
