"""The lesson on shortcuts: a network that reads the background, and where it looks."""

import pandas as pd
import streamlit as st

from fashion_core import rights
from fashion_core.data.sources import drawn
from fashion_core.labels import display_name
from fashion_core.lessons import plans
from fashion_core.lessons.findings import Shortcuts
from fashion_core.metrics.wording import in_points
from ui.app import address, faults, loaders, notices, words
from ui.lessons import lesson_frame
from ui.lessons.lesson_frame import Lesson, Option, Shown, guesses, note, of_share, show_shares, told
from ui.shared import asked_photos, gallery, model_cache, saliency_view
from ui.shared.answer import Number, answer

_TRAINED = {"own": "Own background", "mixed": "Every background"}
_MOST = 12


def _places() -> str:
    """``kurta men before studio paper, ...``"""
    names = {"studio": "studio paper", "outdoor": "a garden", "wood": "wood", "room": "a room"}
    return ", ".join(f"{display_name(label).lower()} before {names[place]}" for label, place in drawn.PLACES.items())


def _look(shown: Shown) -> None:
    found: Shortcuts = shown.found
    answer(
        [
            Number("Own background", words.percent(found.own["own"].accuracy), note(found.own["own"])),
            Number("Another background", words.percent(found.swapped["own"].accuracy), note(found.swapped["own"])),
            Number("Says what the background says", words.percent(found.followed["own"].accuracy),
                   note(found.followed["own"]), "How often its answer is the class whose background it sees."),
        ]
    )  # fmt: skip
    rows = [
        (f"{name}: {what}", place, share)
        for place, (part, name) in enumerate((("own", "Learnt on own"), ("mixed", "Learnt on every")))
        for what, share in (("tested on own", found.own[part]), ("tested on another", found.swapped[part]))
    ]
    guess = shown.guess.value if shown.guess else None
    show_shares(rows, key="places", title="The same garments, another background", height=300, guess=guess)
    _garments(shown)


def _garments(shown: Shown) -> None:
    """One garment before its own background and before another, what the network said, and where it looked."""
    found: Shortcuts = shown.found
    dataset = lesson_frame.drawings(plans.OWN_PLACES)
    if dataset is None:
        return
    table = found.garments
    fooled = (table["own_said"] == table["label"]) & (table["swapped_said"] == table["owner"])
    first = table[fooled].sort_values("swapped_sure", ascending=False, kind="stable")
    some = gallery.mixed(first if len(first) else table).head(_MOST)
    offered = list(some["garment"])
    numbers = {garment: place + 1 for place, garment in enumerate(offered)}
    by_name = some.set_index("garment")
    with st.container(horizontal=True, vertical_alignment="center"):
        garment = address.select(
            "Garment", offered, key="garment", label_visibility="collapsed", width=260,
            words=lambda name: f"{numbers[name]}: {display_name(str(by_name.loc[name, 'label']))}",
        )  # fmt: skip
        part = address.segments("Asked", _TRAINED, key="asked")
        st.markdown(":gray[which network answers]", width="content")
    row = by_name.loc[garment]
    run = shown.runs[part]
    known = loaders.photos_of(dataset, pd.Series([row["own_id"], row["swapped_id"]]))
    waiting = st.empty()
    with waiting.container():
        st.skeleton(height=300)
    pictures = []
    with faults.shown(stop=False):
        for place, split, image_id in zip(known["row"], ("val", "test"), (row["own_id"], row["swapped_id"]),
                                          strict=True):  # fmt: skip
            said = loaders.predictions_of(run, split).set_index("image_id").loc[image_id]
            one = asked_photos.of_dataset(dataset, int(place), run.settings.image_size, run.settings.resize)
            if one.input_HW3 is None:
                notices.aside(words.plain(one.reason))
                return
            label = str(said["predicted"])
            share = words.percent(float(said[f"p_{label}"]))
            right = "right" if label == row["label"] else "wrong"
            said_of = (f"It says {display_name(label).lower()}: {right}", f"probability {share}")
            pictures.append((*said_of, one.upright_jpeg))
            if rights.is_review_copy():
                continue
            map_of = model_cache.explain(run, one.input_HW3, run.classes.index(label))
            warmed = saliency_view.warmed(one.input_HW3, map_of.map_HW)
            pictures.append(("Where it looks", "brighter: speaks for its answer", saliency_view.png(warmed)))
    waiting.empty()
    if rights.is_review_copy():
        st.html(asked_photos.figures_html(pictures))
        notices.aside(model_cache.NO_MAPS)
    elif pictures:
        st.html(asked_photos.figures_html(pictures))
        rows, columns = map_of.grid
        notices.aside(
            f"Grad-CAM on a grid of {rows} × {columns}, of one photo: it tells where, not what. The accuracies "
            "above are the evidence, the pictures an illustration. Offered are garments that the first network got "
            "right before their own background and called by the background's name before another."
        )


def _explain(found: Shortcuts) -> list[str]:
    return [
        f"On photos like those in train it is right for {told(found.own['own'])}. The same garments before another "
        f"class's background: {told(found.swapped['own'])}, {in_points(found.fall)} garment by garment. Guessing among "
        f"{len(drawn.PLACES)} kinds would be right for {words.percent(1 / len(drawn.PLACES), 0)}.",
        f"It names the class whose background it sees for {told(found.followed['own'])}. In train the background "
        "told the class as well as the garment did, and it is easier to read. A network takes whatever lowers the "
        "loss: a **shortcut** (Geirhos et al. 2020).",
        "Validation could not show it, because its photos come from the same corners of the same shop. Only photos "
        "from **elsewhere** can: a test set with another distribution.",
        "The second network saw each kind before every background, as many photos in all. It is right for "
        f"{told(found.own['mixed'])}, before the own background and for {told(found.swapped['mixed'])}, before "
        "another. Where the background tells nothing, only the garment is left to learn.",
    ]


LESSON = Lesson(
    name="shortcuts",
    title="Shortcuts",
    question="Does it look at the garment?",
    icon=":material/alt_route:",
    story=f"A shop photographs each kind in a corner of its own: {_places()}. A small network learns from these "
    "drawings and is mostly right for new ones from the same shop. Then the same garments are drawn before "
    "each other's backgrounds.",
    ask="Of the garments **before another kind's background**, how many will it get right?",
    guesses=guesses({85: "about 85 %", 60: "about 60 %", 40: "about 40 %", 15: "about 15 %"}),
    measured=lambda found: of_share(found.swapped["own"]),
    look=_look,
    explain=_explain,
    prompt="A hospital's network finds pneumonia in X-ray images with 95 % on its own test set. What would convince "
    "you that it looks at the lungs?",
    options=(
        Option("elsewhere", "Its accuracy on images from other hospitals", True,
               lambda found: "There the machine, the marks on the film and the share of sick people differ. Here the "
               f"same step took {words.percent(found.own['own'].accuracy)} to "
               f"{words.percent(found.swapped['own'].accuracy)}."),
        Option("more", "A larger test set from the same hospital", False,
               lambda found: f"It would repeat the {words.percent(found.own['own'].accuracy)} with a narrower "
               "interval: the shortcut works there too."),
        Option("picture", "One heat map that lights up the lungs", False,
               lambda found: "One picture is an illustration. Here the garment and the background lie close together, "
               "and only the swap showed that the answer follows the background for "
               f"{words.percent(found.followed['own'].accuracy)}."),
        Option("loss", "A training loss near zero", False,
               lambda found: "The shortcut lowers the loss very well: that is why it was learnt. It read the "
               f"background and was right for {words.percent(found.own['own'].accuracy)} on its own shop's photos."),
    ),
    usual="Most guess a fall to 60 or 40 %. Few expect less than guessing: the background does not merely fail to "
    "help, it points to a wrong answer.",
    labels={
        "own_own": "Own background", "swapped_own": "Another background", "followed_own":
        "Says what the background says", "own_mixed": "Learnt on every background: own", "swapped_mixed":
        "Learnt on every background: another",
    },
    hints={
        lesson_frame.LOOK: "Ask why it is below one in four. Then ask which photos of your own everyday life have such "
        "corners: cows on grass, ships on water.",
        lesson_frame.EXPLAIN: "Ask what else could tell the class without the garment: the file size, a watermark, the "
        "model's pose.",
    },
)  # fmt: skip
