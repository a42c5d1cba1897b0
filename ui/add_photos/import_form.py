"""The import form: a path on this machine, ``demo``, or a small archive from the browser; a detached process imports.

Knows no layout: whatever ``fashion_core.data.sources.readers`` opens can be given here.
"""

import os
import time
from functools import partial
from pathlib import Path
from typing import Any

import streamlit as st

from fashion_core import jobs, rights
from fashion_core.data import datasets
from fashion_core.data.sources import readers
from fashion_core.data.sources.reader import Choices, Option
from fashion_core.errors import SourceError
from fashion_core.launch import background
from fashion_core.metrics import enough
from ui.app import faults, loaders, navigation, notices, words
from ui.shared import following

UPLOAD_TYPES = ["zip", "tar", "gz", "tgz"]
UPLOAD_KEPT_SECONDS = 24 * 3600.0
FOLLOWED = "import_following"


def offered() -> bool:
    """Whether photos can be added here; says why where they cannot."""
    if rights.read_only():
        notices.review_copy("Photos are imported in the lab that this was copied from.", "nothing can be imported")
        return False
    return True


def follow() -> None:
    """How far an import is, above the form: the one that this session started, or one that goes on."""
    if followed := st.session_state.get(FOLLOWED) or _going_on():
        st.session_state[FOLLOWED] = followed
        with st.container(border=True):
            _show(followed)


def form() -> None:
    """Where the photos lie, what the dataset is called, and the button."""
    st.markdown(what_may_be_given())
    with st.form("import", border=True):
        source = st.text_input("Folder, archive or name", placeholder="/home/me/photos.zip", key="import_source")
        upload = st.file_uploader("Or a small archive from this browser", type=UPLOAD_TYPES, key="import_upload")
        name = st.text_input(
            "Name of the dataset", placeholder="As the folder or archive is called", key="import_name", max_chars=80
        )
        with st.expander("Where the photos leave something to decide", key="import_more"):
            decided = {option.name: _decide(option) for option in readers.options()}
        asked = st.form_submit_button("Import these photos", type="primary")
    if asked:
        with faults.shown(stop=False):
            start(source.strip(), upload, name.strip(), readers.choose(**decided))
            st.rerun()  # followed above, where the eye is


def what_may_be_given() -> str:
    """The layouts that are read, and the names that need no path."""
    *first, last = readers.layouts()
    return (
        "Give a folder or a .zip or .tar archive on this machine, or a small archive from your browser. It may hold "
        f"{', '.join(first)}, or {last}. Without photos of your own write `demo` (drawings) or `fashion-mnist` (grey "
        "cut-outs). Your files are only read."
    )


def _decide(option: Option) -> str | bool:
    key = f"import_{option.name}"
    if option.check is None:
        return st.checkbox(option.title, key=key, help=option.about)
    return st.text_input(option.title, placeholder=option.example, key=key, help=option.about)


def start(source: str, upload: object | None, name: str, choices: Choices) -> None:
    """Check what can be checked at once, then start the import and follow it."""
    rights.refuse_read_only("nothing can be imported")
    uploaded = None
    if upload is not None:
        name = name or readers.name_of(Path(upload.name).name)
        source = str(_keep_upload(upload))
        uploaded = {"kept": source, "name": Path(upload.name).name}
    if not source:
        raise SourceError("no source was given: write a folder, an archive or demo, or choose an archive to upload.")
    if not readers.named(source) and not Path(source).expanduser().exists():
        raise SourceError(f"there is no file or folder '{source}' on this machine; check the path, or give demo.")
    dataset_id = datasets.id_for(name or readers.name_of(source))
    background.start_import(
        source, name or None, data_dir=loaders.data_dir(), choices=choices, given={"upload": uploaded}
    )
    st.session_state[FOLLOWED] = {"id": dataset_id, "upload": uploaded}


def _going_on() -> dict[str, Any] | None:
    """An import that goes on and that this session does not know: of another reader, or from before a restart."""
    for dataset_id in datasets.list_imports(loaders.data_dir()):
        job = following.active(datasets.incoming_folder(loaders.data_dir(), dataset_id))
        if job and job.process:  # else a version of a dataset is being made there
            return {"id": dataset_id, "upload": job.given.get("upload")}
    return None


def _keep_upload(upload: object) -> Path:
    """Write the uploaded archive where the import can read it; its name comes from us, never from the browser."""
    folder = loaders.data_dir() / datasets.INCOMING / "uploads"
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.iterdir():
        if time.time() - old.stat().st_mtime > UPLOAD_KEPT_SECONDS:  # its import ended long ago
            old.unlink(missing_ok=True)
    ending = (
        "".join(Path(upload.name).suffixes[-2:]) if upload.name.endswith((".tar.gz",)) else Path(upload.name).suffix
    )
    target = folder / f"upload-{os.getpid()}-{time.time_ns()}{ending.lower()}"
    target.write_bytes(upload.getbuffer())
    return target


def _show(followed: dict[str, Any]) -> None:
    """How far the followed import is, or what came of it."""
    folder = datasets.incoming_folder(loaders.data_dir(), followed["id"])
    job = jobs.look(folder)  # before the dataset, which is there when the job has cleared its folder away
    if job and job.active:
        following.follow_job(folder, partial(following.counted, starting="Opening the source"))
        return
    arrived = loaders.stamp(loaders.data_dir() / followed["id"] / "dataset.json")[1] / 1e9
    if job and job.error:
        st.error(words.fault(_as_uploaded(job.error, followed)), icon=":material/error:")
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


def _as_uploaded(told: str, followed: dict[str, Any]) -> str:
    """The sentence with the name that the reader's file has, not the one under which it is kept here."""
    upload = followed.get("upload")
    if not upload:
        return told
    kept = Path(upload["kept"])
    for name in (str(kept), kept.name, kept.name.partition(".")[0]):  # the longest first
        told = told.replace(name, upload["name"])
    return told


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
