"""The lesson on augmentation: learning by heart, and what changing every photo each time does about it."""

import streamlit as st

from fashion_core.lessons import datasets
from fashion_core.lessons.findings import Augmentation
from fashion_core.metrics.wording import in_points, points
from ui.app import address, navigation, words
from ui.charts.lessons import loss_pairs
from ui.lessons import lesson_frame
from ui.lessons.lesson_frame import Lesson, Measured, Option, Shown, guesses, note, show_shares, told
from ui.shared.answer import Number, answer
from ui.shared.plot import plot

_WORDS = {"plain": "As it is", "augmented": "Augmented"}
_VIEWS = {"accuracy": "Accuracy", "loss": "Loss by epoch"}


def _measured(found: Augmentation) -> Measured:
    gap = found.gap_of("plain")
    return Measured(gap.value, f"{in_points(gap)}, n = {found.train['plain'].n:,} and {found.test['plain'].n:,}")


def _look(shown: Shown) -> None:
    found: Augmentation = shown.found
    numbers = []
    for part, name in _WORDS.items():
        gap = found.gap_of(part)
        numbers.append(Number(f"New photos, {name.lower()}", words.percent(found.test[part].accuracy),
                              note(found.test[part])))  # fmt: skip
        numbers.append(Number(f"Gap, {name.lower()}", f"{points(gap.value, sign=False)} points",
                              f"{words.interval(gap.bounds)}, learnt minus new"))  # fmt: skip
    answer(numbers)
    view = address.segments("View", _VIEWS, key="view")
    if view == "loss":
        curves = {words_: found.curves[part] for part, words_ in _WORDS.items()}
        plot(
            loss_pairs(curves, title="The loss on its own photos, and on new ones"),
            key="losses",
            alt="Training and validation loss by epoch, with and without augmentation",
            height=400,
        )
        return
    rows = [
        (f"{name}: {what}", place, share)
        for place, (part, name) in enumerate(_WORDS.items())
        for what, share in (("photos it learnt from", found.train[part]), ("new photos", found.test[part]))
    ]
    show_shares(rows, key="gap", title="Right on the photos it learnt from, and on new ones", height=300)
    if navigation.leads_on("augmentation"):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(":gray[What the second network saw:]", width="content")
            navigation.link("augmentation", "photos, turned and mirrored")


def _explain(found: Augmentation) -> list[str]:
    plain, augmented = found.gap_of("plain"), found.gap_of("augmented")
    curve = found.curves["plain"]["val_loss"]
    best = int(curve.idxmin()) + 1
    ends = {part: float(frame["val_loss"].iloc[-1]) for part, frame in found.curves.items()}
    helped = (
        "more than chance explains" if found.gain.low > 0
        else "less than without, and more than chance explains" if found.gain.high < 0
        else "which chance alone may explain"
    )  # fmt: skip
    return [
        f"The plain network is right for {told(found.train['plain'])}, of the photos it learnt from and for "
        f"{told(found.test['plain'])}, of new ones. That distance, {in_points(plain)}, is the **generalisation gap**: "
        f"it has learnt {found.train['plain'].n:,} photos by heart. Its validation loss was lowest after epoch "
        f"{best} of {len(curve)}.",
        "**Augmentation** shows every photo mirrored, turned, cropped and recoloured anew each time. Nothing can be "
        f"learnt by heart that never comes twice: the gap is {in_points(augmented)} now.",
        f"A smaller gap is not yet a better network. On new photos augmenting changed the accuracy by "
        f"{in_points(found.gain)}, {helped}. The loss on new photos ended at {ends['augmented']:.2f} instead of "
        f"{ends['plain']:.2f}: the loss also charges for being sure of a mistake. "
        "What it adds depends on whether new photos differ in the ways that it imitates, and it takes more epochs.",
    ]


LESSON = Lesson(
    name="augmentation",
    title="Augmentation",
    question="Has it learnt, or has it learnt by heart?",
    icon=":material/tune:",
    story=f"A small network gets {datasets.FEW_TRAIN * 15:,} drawings, {datasets.FEW_TRAIN} of each of fifteen "
    "kinds, again and again. Then it is asked about those same drawings, and about 600 new ones.",
    ask="By how many points will it be **better on the drawings it learnt from** than on new ones?",
    guesses=guesses({0: "about the same", 10: "10 points", 25: "25 points", 50: "50 points"}),
    measured=_measured,
    look=_look,
    explain=_explain,
    prompt="Train accuracy is 100 %, test accuracy is far lower, and there will be no more photos. What do you try?",
    options=(
        Option("augment", "Augment the training photos", True,
               lambda found: f"It took the gap from {100 * found.gap('plain'):.0f} to "
               f"{100 * found.gap('augmented'):.0f} points here. Whether new photos gain is then measured: here "
               f"{in_points(found.gain)}."),
        Option("epochs", "Train for more epochs", False,
               lambda found: f"It knows its {found.train['plain'].n:,} photos already: "
               f"{words.percent(found.train['plain'].accuracy)} right. More epochs make it surer of them."),
        Option("larger", "Take a larger network", False,
               lambda found: "A larger one learns by heart even more easily. The small one had no trouble: "
               f"{words.percent(found.train['plain'].accuracy)} on its own photos."),
        Option("report", "Report the train accuracy", False,
               lambda found: f"That would be {words.percent(found.train['plain'].accuracy)}, for a network that is "
               f"right for {told(found.test['plain'])}, of new photos."),
    ),
    usual="Many expect a gap of a few points, and then take the smaller gap for the proof that augmenting helped. The "
    "gap and the accuracy on new photos are two numbers.",
    labels={
        "train_plain": "Photos it learnt from, as they are", "test_plain": "New photos, as they are",
        "gap_plain": "Gap, as they are", "test_augmented": "New photos, augmented",
        "gap_augmented": "Gap, augmented",
    },
    hints={
        lesson_frame.LOOK: "Ask where one should have stopped the first network. The loss by epoch shows it.",
        lesson_frame.EXPLAIN: "Ask which changes would be wrong for which photos: mirroring letters, recolouring "
        "ripe and unripe fruit.",
    },
)  # fmt: skip
