"""What is in a dataset: how many photos of what, which cannot be used and why, the photos themselves, and importing."""

import streamlit as st

from ui import navigation

navigation.enter("dataset")

# after the title, for these take a second on a cold server
from fashion_core.labels import display_name  # noqa: E402
from ui import (  # noqa: E402
    audited,
    charts,
    distribution_view,
    first_start,
    gallery,
    importing,
    loaders,
    long_tail_form,
    notices,
    photo_filters,
    pickers,
    sampler_view,
    words,
)
from ui.answer import Number, answer  # noqa: E402

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
num_unusable = photo_filters.num_unusable(dataset)
counts = photo_filters.counts(dataset)
most, least = counts.iloc[:, 0].idxmax(), counts.iloc[:, 0].idxmin()
first_split = charts.SPLIT_NAMES[counts.columns[0]].lower()
ratio = counts[counts.columns[0]].max() / max(1, counts[counts.columns[0]].min())

answer(
    [
        Number("Photos", words.count(dataset.num_images), "readable" if num_unusable else "every one readable"),
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

long_tail_form.say(dataset)
distribution_view.show(dataset, counts, shown)

# the detail
look, checked, numbers, sampler, unused, bring = st.tabs(
    ["Photos", "Audit", "Classes", "Sampler", "Damaged and missing", "Import"], key="tab", bind="query-params"
)
if look.open:
    with look:
        gallery.show(
            dataset, photo_filters.pick(dataset, list(counts.columns)), key="page", caption=photo_filters.caption
        )
if checked.open:
    with checked:
        audited.show(dataset)
if numbers.open:
    with numbers:
        distribution_view.table(dataset, counts, shown)
        long_tail_form.form(dataset, counts)
if sampler.open:
    with sampler:
        sampler_view.show(dataset)
if unused.open:
    with unused:
        if not num_unusable:
            st.markdown("Every photo of this dataset was opened once when it was imported, and every one can be read.")
        else:
            st.markdown("These photos take no part in training or in scores. Nothing stands in for them.")
            manifest = loaders.manifest_of(dataset)
            st.dataframe(
                manifest.loc[manifest["status"] != "ok", ["path", "split", "label", "status", "reason"]],
                hide_index=True,
                column_config={"path": "File", "split": "Split", "label": "Class", "status": "State", "reason": "Why"},
                alt="Photos that cannot be used, each with its reason",
            )
if bring.open:
    with bring:
        importing.form()

navigation.next_step("augmentation", "See what the model is shown of these photos", dataset=dataset.id)
