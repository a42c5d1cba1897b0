"""A new dataset without the photos of a finding, made on the page: how many of them, which, and what came of it.

Takes a dataset and the photos that a finding names, worst first; ``fashion_core.data.derived`` makes the dataset. The
old one stays as it is.
"""

import numpy as np
import pandas as pd
import streamlit as st

from fashion_core import rights
from fashion_core.data import datasets, derived
from fashion_core.data.datasets import Dataset
from fashion_core.errors import DatasetError
from fashion_core.labels import display_name
from ui.app import address, audience, faults, loaders, notices, words
from ui.charts.layout import SPLIT_NAMES
from ui.shared.table import show_table

MOST_ROWS = 2000  # in the table to untick from; those beyond it are left out without being shown one by one


def form(
    dataset: Dataset,
    kind: str,
    photos: pd.DataFrame,
    *,
    ticked: pd.DataFrame | None = None,
    first: int | None = None,
    key: str = "",
) -> None:
    """Offer to leave ``photos`` out (number, image_id, split, label, reason), the ``first`` at first; or those that
    are ``ticked``, where the reader has ticked them beside their pictures.

    ``key`` tells this list from others of the same kind.
    """
    if rights.read_only():
        return
    box = st.expander(
        "Make a new dataset without these photos", key="leave_out", on_change="rerun", bind="query-params"
    )
    if not box.open:
        return
    with box:
        if ticked is None:
            unsure = set(photos["image_id"]) - set(decided(kind, photos)["image_id"])
            photos = photos.drop_duplicates("image_id")
            chosen = _choose(photos, f"_leaving_{dataset.id}_{kind}_{key}", first or len(photos), unsure)
        else:
            chosen = ticked
            notices.aside(f"{words.counted(len(chosen), 'photo')} ticked above.")
        with st.container(horizontal=True, vertical_alignment="bottom"):
            name = st.text_input(
                "Name of the new dataset",
                placeholder="the next free version, such as v2",
                max_chars=80,
                key=f"_leaving_name_{dataset.id}",
            )
            force = st.checkbox(
                "Also where a split keeps no photo of a class",
                key=f"_leaving_force_{dataset.id}",
                help="Without it nothing is made where a split would keep no photo, or none of a class.",
            )
            asked = st.button(
                f"Make a new dataset without {_these(len(chosen)) if len(chosen) else 'the ticked photos'}",
                type="secondary" if chosen.empty else "primary",  # a primary one that is off cannot be read
                disabled=chosen.empty,
            )
        if asked:
            with faults.shown(stop=False):
                st.session_state[_made_key(dataset)] = _make(dataset, kind, photos, chosen, name.strip(), force).id
        show_made(dataset, _made_key(dataset), tab="Photos")


def decided(kind: str, photos: pd.DataFrame) -> pd.DataFrame:
    """The rows of a finding that may be left out without asking. A copy under another label may not: nobody knows which
    label is right. Of a leak the later split's photo goes whatever its label is, for its score is memory; and photos of
    one group are no copies."""
    if kind in ("leak", "group") or "other_label" not in photos:
        return photos
    return photos[~photos["image_id"].isin(derived.undecided(photos))]


def reasons_of(kind: str, photos: pd.DataFrame) -> dict[str, str]:
    """image_id -> why, of the rows of a finding; a photo that stands in several keeps its first reason."""
    rows = photos.drop_duplicates("image_id")
    return {str(name): f"{kind}: {reason}" for name, reason in zip(rows["image_id"], rows["reason"], strict=True)}


def _choose(photos: pd.DataFrame, key: str, first: int, unsure: set[str]) -> pd.DataFrame:
    """How many from the top, and which of those; every one of them is ticked at first but for the ``unsure`` ones."""
    num = len(photos)
    if num > 1:
        num = st.number_input(
            "How many, from the top of the list",
            min_value=1,
            max_value=len(photos),
            value=min(first, len(photos)),
            key=f"{key}_number",
            width=260,
        )
    top = photos.iloc[: int(num)].reset_index(drop=True)
    shown = top.iloc[:MOST_ROWS]
    ticked = show_table(
        pd.DataFrame(
            {
                "number": shown["number"],
                "image_id": shown["image_id"].astype(str),
                "split": shown["split"].map(SPLIT_NAMES),
                "label": shown["label"].map(display_name),
                "reason": shown["reason"],
            }
        ),
        height=min(38 + 35 * len(shown), 318),
        key=f"{key}_{len(top)}",
        on_select="rerun",
        selection_mode="multi-row",
        selection_default={"selection": {"rows": np.flatnonzero(~shown["image_id"].isin(unsure)).tolist()}},
        column_config={
            "number": st.column_config.NumberColumn("No.", width="small"),
            "image_id": st.column_config.TextColumn("Photo", width=280),
            "split": "Split",
            "label": "Class",
            "reason": "Why",
        },
        alt="The photos to leave out; untick those that should stay",
    )
    rows = [row for row in ticked["selection"]["rows"] if 0 <= row < len(shown)]
    beyond = (
        f" Numbers beyond {words.count(MOST_ROWS)} are not listed and are left out too."
        if len(top) > len(shown)
        else ""
    )
    notices.aside(f"{words.counted(len(rows), 'photo')} ticked; untick those that should stay.{beyond}")
    if num_unsure := int(shown["image_id"].isin(unsure).sum()):
        stand = (
            "stands under another label than its copy and is"
            if num_unsure == 1
            else ("stand under another label than their copy and are")
        )
        notices.aside(
            f"{words.counted(num_unsure, 'photo')} {stand} not ticked: nobody knows which label is right. The finding "
            "Label conflicts shows both sides."
        )
    rest = top.iloc[MOST_ROWS:]
    return pd.concat([shown.iloc[sorted(rows)], rest[~rest["image_id"].isin(unsure)]])


def _make(dataset: Dataset, kind: str, photos: pd.DataFrame, chosen: pd.DataFrame, name: str, force: bool) -> Dataset:
    """The new dataset; DatasetError where it cannot be."""
    found = loaders.audit_of(dataset)
    if kind == "leak" and found and len(chosen) == len(photos):  # all of them: a command that needs no list
        bring = derived.command_for(dataset, "--exclude-leaks", *(["--force"] if force else []))
        return derived.exclude(dataset, derived.leaked(found[0]), name=name or None, bring=bring, force=force)
    return derived.exclude(dataset, reasons_of(kind, chosen), name=name or None, force=force)


def _these(num: int) -> str:
    return "this 1 photo" if num == 1 else f"these {words.counted(num, 'photo')}"


def _made_key(dataset: Dataset) -> str:
    return f"_made_from_{dataset.id}"


def show_made(dataset: Dataset, key: str, *, tab: str) -> None:
    """What was made of a dataset, where the session has its id under ``key``, and the way to its ``tab``."""
    made_id = st.session_state.get(key)
    if made_id is None:
        return
    try:
        made = datasets.find_dataset(loaders.data_dir(), made_id)
    except DatasetError:  # removed since
        del st.session_state[key]
        return
    splits = ", ".join(f"{SPLIT_NAMES[split].lower()} {words.count(num)}" for split, num in made.splits.items())
    left = _these(dataset.num_images - made.num_images).removeprefix("these ").removeprefix("this ")
    old, new = words.plain(dataset.name), words.plain(made.name)
    with st.container(border=True):
        st.markdown(
            f"**{new}** has {words.counted(made.num_images, 'photo')} ({splits}), fingerprint {made.fingerprint}. "
            f"{left.capitalize()} of {old} {'is' if left.startswith('1 ') else 'are'} left out; {old} is as it was."
        )
        notices.aside(words.plain(f"It keeps {derived.left(dataset, made)}."))
        for sentence in made.warnings[len(dataset.warnings) + 1 :]:
            st.markdown(f":orange[:material/warning:] {words.plain(sentence)}.")
        st.button(f"Look at {new}", on_click=_open, args=(made.id, tab))
        if not audience.is_review():
            notices.aside(f"The same from the command line: {words.command(made.bring.rpartition(' && ')[2])}")


def _open(dataset_id: str, tab: str) -> None:
    """Show the new dataset; before the page's widgets are drawn."""
    st.session_state["tab"] = tab
    address.choose(dataset=dataset_id)
