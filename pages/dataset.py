"""What is in a dataset: how many photos of what, which cannot be used and why, the photos themselves, and importing."""

import streamlit as st

from fashion_core.labels import display_name
from ui import (
    address,
    audited,
    charts,
    distribution_view,
    first_start,
    gallery,
    importing,
    loaders,
    navigation,
    notices,
    pickers,
    sampler_view,
    words,
)
from ui.answer import Number, answer

ALL = address.ANY


def split_words(name: str) -> str:
    return "All splits" if name == ALL else charts.SPLIT_NAMES[name]


def class_words(name: str) -> str:
    return "All classes" if name == ALL else display_name(name)


navigation.enter("dataset")
if not loaders.datasets():
    first_start.show()
    st.subheader("Or bring photos of your own", anchor=False)
    importing.form()
    st.stop()

# pick
with st.container(horizontal=True, vertical_alignment="center"):
    dataset = pickers.pick_dataset()
    shown = distribution_view.controls(dataset)
    if dataset.synthetic:
        notices.drawn_badge()

# load
manifest = loaders.manifest_of(dataset)
usable = manifest[manifest["status"] == "ok"]
unusable = manifest[manifest["status"] != "ok"]
counts = charts.counts_by_split(usable, dataset.classes)
most, least = counts.iloc[:, 0].idxmax(), counts.iloc[:, 0].idxmin()
first_split = charts.SPLIT_NAMES[counts.columns[0]].lower()
ratio = counts[counts.columns[0]].max() / max(1, counts[counts.columns[0]].min())

answer(
    [
        Number("Photos", words.count(dataset.num_images), "every one readable" if unusable.empty else "readable"),
        Number("Classes", words.count(len(dataset.classes)), f"splits: {dataset.split_rule}"),
        Number(
            "Imbalance",
            f"{ratio:.1f} : 1",
            "all classes alike" if ratio == 1 else f"{display_name(most)} to {display_name(least)}, {first_split}",
            "How many photos the largest class has for each photo of the smallest one. A model trained on this without "
            "care learns to prefer the large classes.",
        ),
        Number("Damaged", words.count(dataset.num_damaged), "listed below by name" if dataset.num_damaged else "none"),
        Number("Missing", words.count(dataset.num_missing), "listed below by name" if dataset.num_missing else "none"),
    ]
)

distribution_view.show(dataset, counts, shown)

# the detail
look, checked, numbers, sampler, unused, bring = st.tabs(
    ["Photos", "Audit", "Classes", "Sampler", "Damaged and missing", "Import"], key="tab", bind="query-params"
)
if look.open:
    with look:
        with st.container(horizontal=True):
            splits = [ALL, *counts.columns]
            split = address.select("Split", splits, key="photos_split", words=split_words)
            label = address.select("Class", [ALL, *dataset.classes], key="photos_class", words=class_words)
        chosen = usable[((usable["split"] == split) | (split == ALL)) & ((usable["label"] == label) | (label == ALL))]
        gallery.show(
            dataset,
            gallery.mixed(chosen) if label == ALL else chosen,
            key="page",
            caption=lambda image: gallery.Caption(
                display_name(image.label), f"{charts.SPLIT_NAMES[image.split]}, {image.width} × {image.height}"
            ),
        )
if checked.open:
    with checked:
        audited.show(dataset)
if numbers.open:
    with numbers:
        distribution_view.table(dataset, counts, shown)
if sampler.open:
    with sampler:
        sampler_view.show(dataset)
if unused.open:
    with unused:
        if unusable.empty:
            st.markdown("Every photo of this dataset was opened once when it was imported, and every one can be read.")
        else:
            st.markdown("These photos take no part in training or in scores. Nothing stands in for them.")
            st.dataframe(
                unusable[["path", "split", "label", "status", "reason"]],
                hide_index=True,
                column_config={"path": "File", "split": "Split", "label": "Class", "status": "State", "reason": "Why"},
                alt="Photos that cannot be used, each with its reason",
            )
if bring.open:
    with bring:
        importing.form()

navigation.next_step("augmentation", "See what the model is shown of these photos", dataset=dataset.id)
