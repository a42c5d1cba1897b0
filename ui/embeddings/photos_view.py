"""Photos beside a map: those of a selection, one photo's nearest in each split, the picture below the pointer."""

import html
from collections.abc import Callable
from typing import Any

import pandas as pd
import streamlit as st

from fashion_core.embeddings import neighbours, tsne_umap
from fashion_core.labels import display_name
from fashion_core.runs.runs import Run
from ui.app import loaders, words
from ui.embeddings import features_view
from ui.shared import gallery, pickers
from ui.shared.table import show_table

NEAREST = 6  # of each split
PAGE = 6  # photos beside a map, as high as it is


def at_hand(run: Run, images: pd.DataFrame, name: str) -> None:
    """How many of which class, how often right, and the photos; a table of them where there are none."""
    st.markdown(f"**{words.plain(name)}**  \n:small[:gray[{words.plain(features_view.in_words(images))}]]")
    with st.container(key="at_hand_photos"):
        _photos_or_table(run, images, key="photos", name=name)


def near(run: Run, split: str, row: int, *, forget: str, more: Callable[[str, str], None]) -> None:
    """One photo and its nearest in every split that has features, with their distances. ``forget`` is the key of the
    session under which the clicked rows are kept; ``more`` opens the search on an image of a split."""
    image = features_view.of(run, split).points.iloc[[row]]
    query_D = features_view.units_of(run, split)[row]
    label = image["label"].iloc[0]
    found, told = [image.assign(place="", distance=0.0)], []
    for part in tsne_umap.splits_with_features(run):
        points = features_view.of(run, part).points
        itself = (points["image_id"] == image["image_id"].iloc[0]).to_numpy()
        rows, distances = neighbours.most_alike(features_view.units_of(run, part), query_D, NEAREST, keep_N=~itself)
        if len(rows):
            found.append(points.iloc[rows].assign(place=features_view.split_words(part).lower(), distance=distances))
            alike = int((points["label"].iloc[rows] == label).sum())
            told.append(f"{alike} of {len(rows)} in {features_view.split_words(part).lower()}")
    counts = f"Same class: {', '.join(told)}. "
    if features_view.without_features(run):
        left_out = " and ".join(features_view.split_words(part) for part in features_view.without_features(run))
        counts += f"{left_out}: no features yet; choose it above. "
    st.markdown(
        f"**What is near this photo**  \n:small[:gray[{words.plain(counts)}"
        "Below each its cosine distance: 0 the same direction, 1 nothing in common.]]"
    )
    with st.container(key="near_photos"):
        ranked(run, pd.concat(found), "The nearest photos", key="near")
    with st.container(horizontal=True):
        asked = (image["image_id"].iloc[0], image["split"].iloc[0])
        if st.button("More like this", key="more_like", icon=":material/image_search:", on_click=more, args=asked):
            st.rerun()  # the other view is part of the page, not of this fragment
        st.button("Forget", key="forget_points", on_click=lambda: st.session_state.pop(forget, None))


def near_caption(image: Any) -> gallery.Caption:
    """``Saree``, ``train, 0.123``: where it is and how far; of the photo asked for, what was predicted."""
    if not image.place:  # the one asked for
        return gallery.Caption(f"{display_name(image.label)} (this one)", f"predicted {display_name(image.predicted)}")
    return gallery.Caption(display_name(image.label), f"{image.place}, {image.distance:.3f}")


def caption(image: Any) -> gallery.Caption:
    """``Saree → Lehenga``, 61.0 %, wrong."""
    text = display_name(image.label)
    text = text if image.right else f"{text} → {display_name(image.predicted)}"
    return gallery.Caption(text, words.percent(image.sure), bool(image.right))


def picture(run: Run, split: str, row: int) -> str:
    """The small picture of a row for the pointer's card; empty where the photo is not here."""
    points, dataset = features_view.of(run, split).points, loaders.dataset_of(run)
    if dataset is None or not 0 <= row < len(points):
        return ""
    image = points.iloc[[row]].reset_index(drop=True)
    image = pd.concat([image, loaders.photos_of(dataset, image["image_id"])], axis=1)
    found = next(image.itertuples(index=False))
    if found.row < 0:
        return ""
    name = html.escape(display_name(found.label))
    return gallery.picture_html(loaders.thumbnails(dataset), found, name)


def _photos_or_table(run: Run, images: pd.DataFrame, *, key: str, name: str, in_order: bool = False) -> None:
    dataset = pickers.photos_or_notice(run)
    listed = images.reset_index(drop=True)
    if dataset is None:
        shown = listed.drop(columns="split").assign(
            sure=100 * listed["sure"],
            label=listed["label"].map(display_name),
            predicted=listed["predicted"].map(display_name),
        )
        show_table(shown, column_config={
                "image_id": "Photo", "label": "Class", "predicted": "Predicted", "right": "Right", "place": "Where",
                "distance": st.column_config.NumberColumn("Distance", format="%.3f"),
                "sure": st.column_config.NumberColumn("Sure", format="%.1f %%"),
            }, alt=name)  # fmt: skip
        return
    if not in_order:
        listed = gallery.mixed(listed).reset_index(drop=True)
    with_sizes = pd.concat([listed, loaders.photos_of(dataset, listed["image_id"])], axis=1)
    told = near_caption if in_order else caption
    gallery.show(dataset, with_sizes, key=key, caption=told, cell_pixels=96, page_size=PAGE)


def at_an_end(run: Run, images: pd.DataFrame, name: str, *, key: str) -> None:
    """The few photos at one end of an axis."""
    counts = images["label"].value_counts()
    told = ", ".join(f"{display_name(label)} {number}" for label, number in counts.head(4).items())
    st.markdown(f"**{words.plain(name)}**  \n:small[:gray[{words.plain(told)}]]")
    with st.container(key=f"end_{key}"):
        _photos_or_table(run, images, key=f"end_{key}_photos", name=name, in_order=False)


def ranked(run: Run, images: pd.DataFrame, name: str, *, key: str) -> None:
    """Photos in an order that means something (``place`` and ``distance`` are written below each)."""
    _photos_or_table(run, images, key=key, name=name, in_order=True)
