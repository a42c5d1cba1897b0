"""The lesson on uneven classes: what accuracy hides, and what drawing every class equally often does."""

import streamlit as st

from fashion_core.labels import display_name
from fashion_core.lessons import datasets, plans
from fashion_core.lessons.findings import GROUP, Imbalance
from fashion_core.metrics.wording import in_points
from ui.app import address, loaders, notices, words
from ui.charts.lessons import recall_by_size
from ui.lessons import lesson_frame
from ui.lessons.lesson_frame import Lesson, Measured, Option, Shown, guesses, note, of_share, told
from ui.shared import gallery
from ui.shared.answer import Number, answer
from ui.shared.plot import clicked, plot

_WORDS = {"plain": "As they come", "balanced": "Shown equally often", "both": "Both"}


def _measured(found: Imbalance) -> Measured:
    return of_share(found.rare["plain"])


def _look(shown: Shown) -> None:
    found: Imbalance = shown.found
    answer(
        [
            Number("All classes", words.percent(found.overall["plain"].accuracy), note(found.overall["plain"])),
            Number(
                f"The {GROUP} commonest", words.percent(found.common["plain"].accuracy), note(found.common["plain"])
            ),
            Number(f"The {GROUP} rarest", words.percent(found.rare["plain"].accuracy), note(found.rare["plain"])),
        ]
    )
    with st.container(horizontal=True, vertical_alignment="center"):
        which = address.segments("Trained", _WORDS, key="trained")
        labels = list(found.classes["label"])
        label = address.select(
            "Photos of", labels, key="class", default=labels[-1], words=display_name, label_visibility="collapsed",
            width=240,
        )  # fmt: skip
    parts = ("plain", "balanced") if which == "both" else (which,)
    names = {part: _WORDS[part] for part in parts}
    chart, photos = st.columns([1.5, 1], gap="medium")

    def choose() -> None:
        row = (clicked("recall") or {}).get("customdata")
        if isinstance(row, int) and 0 <= row < len(labels):
            address.choose(**{"class": labels[row]})

    with chart:
        plot(
            recall_by_size(found.classes, names, title="Are classes with few training photos found?"),
            key="recall",
            alt="Recall of each class, the commonest first: "
            + ", ".join(f"{display_name(r.label)} {r.plain} of {r.n}" for r in found.classes.itertuples()),
            height=470,
            on_click=choose,
        )
        notices.aside("Beside each class: its photos in train. A click on a dot shows that class's test photos.")
    with photos:
        _photos(shown, label, parts[0])


def _photos(shown: Shown, label: str, part: str) -> None:
    frame = loaders.predictions_of(shown.runs[part], "test")
    own = frame[frame["label"] == label].reset_index(drop=True)
    right = int((own["label"] == own["predicted"]).sum())
    st.markdown(f"**{words.plain(display_name(label))}**: {right} of {len(own)} right, {_WORDS[part].lower()}")
    dataset = lesson_frame.drawings(plans.WHOLE)
    if dataset is None:
        return
    images = own.join(loaders.photos_of(dataset, own["image_id"]))
    images = images[["row", "image_id", "width", "height", "label", "predicted"]]
    gallery.show(
        dataset,
        images,
        key="lesson_photos",
        caption=lambda row: gallery.Caption(display_name(row.predicted), "", row.label == row.predicted),
        cell_pixels=76,
        page_size=16,
    )


def _explain(found: Imbalance) -> list[str]:
    rare, common = found.rare, found.common
    last = found.classes.iloc[-1]
    first = found.classes.iloc[0]
    low = found.gain.low
    certain = "more than chance explains" if low > 0 else "no more than chance may explain"
    weights = found.as_train["plain"]
    return [
        f"The loss is a mean over photos. {words.plain(display_name(first.label))} has {first.train:,} of them in "
        f"train and {words.plain(display_name(last.label))} {last.train:,}: a step that helps the first lowers the "
        "loss more than any step that helps the last. So **recall**, the share of a class's photos that are found, "
        f"fell from {words.percent(common['plain'].accuracy)} for the {GROUP} commonest classes to "
        f"{words.percent(rare['plain'].accuracy)} for the {GROUP} rarest.",
        f"Our test set has as many photos of every class, so its accuracy of {told(found.overall['plain'])}, is the "
        "**mean recall** too. On a test set as uneven as train the same model would read "
        f"**{words.percent(weights.value)}** {words.interval(weights.bounds)}: the rare classes would "
        "hardly count, and the number would look better while nothing is better.",
        f"Showing every class equally often (a **balanced sampler**) brought the rarest to {told(rare['balanced'])}: "
        f"{in_points(found.gain)}, {certain}. The commonest went from {words.percent(common['plain'].accuracy)} to "
        f"{words.percent(common['balanced'].accuracy)}. A sampler shows the same few photos more often. It makes no "
        "new ones.",
    ]


LESSON = Lesson(
    name="imbalance",
    title="Imbalance",
    question="Does a good accuracy mean that every kind is found?",
    icon=":material/balance:",
    story="Fifteen kinds of clothes, drawn by this program. Among the training photos there are "
    f"{datasets.RATIO:.0f} times as many photos of the commonest kind as of the rarest, as in many shops. A small "
    "network learns from them as they come. The test photos are 40 of every kind.",
    ask=f"Of the test photos of the **{GROUP} rarest kinds**, how many will it get right?",
    guesses=guesses({80: "about 80 %", 60: "about 60 %", 40: "about 40 %", 15: "about 15 %"}),
    measured=_measured,
    look=_look,
    explain=_explain,
    prompt="A shop says: our classifier is right for 93 % of the photos. Nine of ten of its photos are kurtas. What do "
    "you ask first?",
    options=(
        Option("recall", "What is the recall of each class?", True,
               lambda found: "Calling everything a kurta would give 90 %. Here the commonest classes had a recall of "
               f"{words.percent(found.common['plain'].accuracy)} and the rarest of "
               f"{words.percent(found.rare['plain'].accuracy)}, and one accuracy hid both."),
        Option("longer", "Was it trained long enough?", False,
               lambda found: "Longer training fits the kurtas better. Calling everything a kurta gives 90 % without "
               "any training, so 93 % says little about the rest."),
        Option("size", "Is the network large enough?", False,
               lambda found: f"The rarest class here had {int(found.classes['train'].iloc[-1])} photos in train: a "
               "larger network would not have seen more of it."),
        Option("test", "How many test photos were there?", False,
               lambda found: "A good question, and the second one: a million kurtas would make the interval narrow and "
               "still say nothing about the other kinds."),
    ),
    usual="Most guess near the overall accuracy. They take the mean for every class, and expect the sampler to repair "
    "what is missing; it repeats photos, it does not add any.",
    labels={
        "rare_plain": f"{GROUP} rarest, as they come", "common_plain": f"{GROUP} commonest, as they come",
        "overall_plain": "All classes, as they come", "rare_balanced": f"{GROUP} rarest, shown equally often",
        "common_balanced": f"{GROUP} commonest, shown equally often",
    },
    hints={
        lesson_frame.LOOK: "Ask which classes are rare and found all the same, and why: shoes look like nothing else. "
        "Number of photos is not the only thing that makes a class hard.",
        lesson_frame.EXPLAIN: "Ask for an example where the rare class is the one that matters.",
    },
)  # fmt: skip
