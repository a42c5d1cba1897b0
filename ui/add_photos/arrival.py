"""An import that goes on, followed to its end and led on from."""

from functools import partial
from typing import Any

import streamlit as st

from fashion_core import jobs
from fashion_core.data import datasets
from fashion_core.metrics import enough
from ui.app import faults, loaders, navigation, notices, words
from ui.shared import following

FOLLOWED = "import_following"


def follow() -> None:
    """How far an import is: the one that this session started, or one that goes on."""
    if followed := st.session_state.get(FOLLOWED) or _going_on():
        st.session_state[FOLLOWED] = followed
        with st.container(border=True):
            _show(followed)


def begin(dataset_id: str, upload: dict[str, Any] | None) -> None:
    """Follow an import that has just been started."""
    st.session_state[FOLLOWED] = {"id": dataset_id, "upload": upload}


def as_uploaded(told: str, upload: dict[str, Any] | None) -> str:
    """The sentence with the name that the reader's file or folder has, not the place where it is kept here."""
    if not upload:
        return told
    return told.replace(upload["kept"], upload["name"])


def _going_on() -> dict[str, Any] | None:
    """An import that goes on and that this session does not know: of another reader, or from before a restart."""
    for dataset_id in datasets.list_imports(loaders.data_dir()):
        job = following.active(datasets.incoming_folder(loaders.data_dir(), dataset_id))
        if job and job.process:  # else a version of a dataset is being made there
            return {"id": dataset_id, "upload": job.given.get("upload")}
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
        st.error(words.fault(as_uploaded(job.error, followed.get("upload"))), icon=":material/error:")
    elif arrived and (job is None or arrived >= job.began):
        _arrived(followed["id"])
        return
    else:
        st.error("The import stopped before it was done. Nothing was imported; your files are untouched.")
    _offer_to_close()


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
