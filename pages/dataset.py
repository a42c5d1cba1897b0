"""What is in a dataset: how many photos of what, which cannot be used and why, the photos themselves, and importing."""

import streamlit as st

from ui import navigation

navigation.enter("dataset")

# after the title, for these take a second on a cold server
from fashion_core import enough  # noqa: E402
from fashion_core.labels import display_name  # noqa: E402
from ui import (  # noqa: E402
    audience,
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
    plain_answers,
    sampler_view,
    subject,
    words,
)
from ui.answer import Number, answer, say  # noqa: E402

TABS = ("Photos", "Audit", "Classes", "Sampler", "Damaged and missing", "Import")
IN_REVIEW = ("Photos", "Audit")

if not loaders.datasets():
    first_start.show()
    st.subheader("Or bring photos of your own", anchor=False)
    importing.form()
    st.stop()

# pick
with st.container(horizontal=True, vertical_alignment="center"):
    dataset = pickers.pick_dataset()
    subject.settle()
    shown = distribution_view.controls(dataset)
    if dataset.synthetic:
        notices.drawn_badge()

# load
num_unusable = photo_filters.num_unusable(dataset)
counts = photo_filters.counts(dataset)
most, least = counts.iloc[:, 0].idxmax(), counts.iloc[:, 0].idxmin()
first_split = charts.SPLIT_NAMES[counts.columns[0]].lower()
ratio = counts[counts.columns[0]].max() / max(1, counts[counts.columns[0]].min())


def say_in_review() -> None:
    """What is in the photos, and whether they can be trusted, for a reader who wants to know no more."""
    say(
        plain_answers.photos(dataset.num_images, len(dataset.classes), num_unusable),
        plain_answers.audited(*audited.trust(dataset)),
        distribution_view.mix_words(counts),
        notices.DRAWN_HELP if dataset.synthetic else "",
    )


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
    ],
    in_review=say_in_review,
)

long_tail_form.say(dataset)
notices.few(enough.sentences({split: counts[split].to_dict() for split in counts.columns}))
distribution_view.show(dataset, counts, shown)

# the detail
usable = IN_REVIEW if not num_unusable else (*IN_REVIEW, "Damaged and missing")
names = audience.offered(TABS, review=usable, asked=st.query_params.get("tab"))
tabs = dict(zip(names, st.tabs(names, key="tab", bind="query-params"), strict=True))
opened = next((name for name in names if tabs[name].open), names[0])
with tabs[opened]:
    if opened == "Photos":
        gallery.show(
            dataset, photo_filters.pick(dataset, list(counts.columns)), key="page", caption=photo_filters.caption
        )
    elif opened == "Audit":
        audited.show(dataset)
    elif opened == "Classes":
        distribution_view.table(dataset, counts, shown)
        long_tail_form.form(dataset, counts)
    elif opened == "Sampler":
        sampler_view.show(dataset)
    elif opened == "Import":
        importing.form()
    elif not num_unusable:
        st.markdown("Every photo of this dataset was opened once when it was imported, and every one can be read.")
    else:
        st.markdown("These photos take no part in training or in scores. Nothing stands in for them.")
        manifest = loaders.manifest_of(dataset)
        st.dataframe(
            manifest.loc[manifest["status"] != "ok", ["path", "split", "label", "status", "reason"]],
            hide_index=True,
            column_config={"path": "File", "split": "Split", "label": "Class", "status": "State", "reason": "Why"},
            alt="Photos that cannot be used, each with its reason",
            placeholder="–",
        )

if audience.is_review() or not navigation.leads_on("augmentation"):
    navigation.next_step("evaluation", "See what a model makes of these photos")
else:
    navigation.next_step("augmentation", "See what the model is shown of these photos", dataset=dataset.id)
