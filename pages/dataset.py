"""What is in a dataset: how many photos of what, which cannot be used and why, and the photos themselves."""

import streamlit as st

from ui.app import address, navigation

navigation.enter("dataset")
if st.query_params.get("tab") == "Import" and not address.is_history():  # Back from there comes to the photos
    navigation.open_page("add_photos")  # a tab of this page once

# after the title, for these take a second on a cold server
from fashion_core.data import datasets  # noqa: E402
from fashion_core.labels import and_more, display_name, num_equal  # noqa: E402
from fashion_core.metrics import enough  # noqa: E402
from ui.app import audience, loaders, notices, subject, words  # noqa: E402
from ui.charts.layout import SPLIT_NAMES  # noqa: E402
from ui.dataset import audit_view, class_balance, long_tail_form, photo_filters, sampler  # noqa: E402
from ui.shared import first_start, gallery, pickers, plain_words  # noqa: E402
from ui.shared.answer import Number, answer, say  # noqa: E402
from ui.shared.table import show_table  # noqa: E402

TABS = ("Photos", "Audit", "Classes", "Sampler", "Damaged and missing")
IN_REVIEW = ("Photos", "Audit")

if not loaders.datasets():
    first_start.show()
    st.stop()

# pick
with st.container(horizontal=True, vertical_alignment="center"):
    dataset = pickers.pick_dataset()
    subject.settle()
    shown = class_balance.controls(dataset)
    if dataset.synthetic:
        notices.drawn_badge()

# load
num_unusable, counts = photo_filters.num_unusable(dataset), photo_filters.counts(dataset)
most, least = counts.iloc[:, 0].idxmax(), counts.iloc[:, 0].idxmin()
as_few = num_equal(counts.iloc[:, 0], counts.iloc[:, 0].min())
first_split = SPLIT_NAMES[counts.columns[0]].lower()
ratio = counts[counts.columns[0]].max() / max(1, counts[counts.columns[0]].min())


def say_in_review() -> None:
    """What is in the photos, and whether they can be trusted, for a reader who wants to know no more."""
    say(
        plain_words.photos(dataset.num_images, len(dataset.classes), num_unusable),
        plain_words.audited(*audit_view.trust(dataset)),
        class_balance.mix_words(counts),
        notices.DRAWN_HELP if dataset.synthetic else "",
    )


below = "listed below by name"
large = datasets.num_unread(dataset)[datasets.TOO_LARGE]
large_words = f"and {words.count(large)} too large, {below}" if large else ""
answer(
    [
        Number("Photos", words.count(dataset.num_images), "readable" if num_unusable else "every one readable"),
        Number("Classes", words.count(len(dataset.classes)), f"splits: {dataset.split_rule}"),
        Number(
            "Imbalance",
            f"{ratio:.1f} : 1",
            "all classes alike"
            if ratio == 1
            else f"{display_name(most)} to {and_more(display_name(least), as_few)}, {first_split}",
            "How many photos the largest class has for each photo of the smallest one. A model trained on this without "
            "care learns to prefer the large classes.",
        ),
        Number(
            "Damaged", words.count(dataset.num_damaged - large), large_words or below if dataset.num_damaged else "none"
        ),
        Number("Missing", words.count(dataset.num_missing), below if dataset.num_missing else "none"),
    ],
    in_review=say_in_review,
)

long_tail_form.say(dataset)
few_photos = enough.sentences({split: counts[split].to_dict() for split in counts.columns})
notices.few([*few_photos, *datasets.waiting(dataset)])
class_balance.show(dataset, counts, shown)

# the detail
usable = IN_REVIEW if not num_unusable else (*IN_REVIEW, "Damaged and missing")
names = address.tabs(audience.offered(TABS, review=usable, asked=st.query_params.get("tab")), moved="Import")
tabs = dict(zip(names, st.tabs(names, key="tab", bind="query-params"), strict=True))
opened = next((name for name in names if tabs[name].open), names[0])
with tabs[opened]:
    if opened == "Photos":
        gallery.show(
            dataset,
            photo_filters.pick(dataset, list(counts.columns)),
            key="page",
            caption=photo_filters.caption,
            reveal=st.session_state.get(class_balance.REVEAL, 0),
        )
    elif opened == "Audit":
        audit_view.show(dataset)
    elif opened == "Classes":
        class_balance.table(dataset, counts, shown)
        long_tail_form.form(dataset, counts)
    elif opened == "Sampler":
        sampler.show(dataset)
    elif not num_unusable:
        st.markdown("Every photo of this dataset was opened once when it was imported, and every one can be read.")
    else:
        st.markdown("These photos take no part in training or in scores. Nothing stands in for them.")
        manifest = loaders.manifest_of(dataset)
        unread = datasets.unusable(manifest)
        show_table(
            unread[["path", "split", "label", "state", "reason"]],
            column_config={"path": "File", "split": "Split", "label": "Class", "state": "State", "reason": "Why"},
            alt="Photos that cannot be used, each with its reason",
        )

if audience.is_review() or not navigation.leads_on("augmentation"):
    navigation.next_step("evaluation", "See what a model makes of these photos")
else:
    navigation.next_step("augmentation", "See what the model is shown of these photos", dataset=dataset.id)
