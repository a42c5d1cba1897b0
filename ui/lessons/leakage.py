"""The lesson on leakage: copies of test photos in train, what they do to the score, and who finds them."""

import streamlit as st

from fashion_core.data import planted_copies
from fashion_core.labels import display_name
from fashion_core.lessons import datasets, plans
from fashion_core.lessons.findings import Leakage
from fashion_core.metrics.wording import in_points
from ui.app import address, loaders, words
from ui.lessons import lesson_frame
from ui.lessons.lesson_frame import Lesson, Measured, Option, Shown, guesses, note, show_shares, told
from ui.shared import gallery
from ui.shared.answer import Number, answer

_SHOWN = {"leaked": "Photos that leaked", "kept": "Photos that did not"}


def _measured(found: Leakage) -> Measured:
    gain = found.gain
    return Measured(gain.value, f"{in_points(gain)}, n = {found.leaky.everything.n:,}")


def _look(shown: Shown) -> None:
    found: Leakage = shown.found
    answer(
        [
            Number("The test says", words.percent(found.leaky.everything.accuracy), note(found.leaky.everything)),
            Number("Photos that leaked", words.percent(found.leaky.leaked.accuracy), note(found.leaky.leaked)),
            Number("Photos that did not", words.percent(found.leaky.kept.accuracy), note(found.leaky.kept)),
            Number("Copies found", f"{found.num_found:,} of {found.num_planted:,}", "by the audit, byte for byte"),
        ]
    )
    rows = [
        (f"{name}: {what}", place, share)
        for place, (name, scores) in enumerate((("With copies", found.leaky), ("Without", found.clean)))
        for what, share in (
            ("all test photos", scores.everything),
            ("those that leaked", scores.leaked),
            ("those that did not", scores.kept),
        )
    ]
    show_shares(rows, key="leaks", title="What do the copies lift?", height=304)
    which = address.segments("Photos", _SHOWN, key="shown")
    _photos(shown, which == "leaked")


def _photos(shown: Shown, leaked: bool) -> None:
    """Test photos that the two networks answered differently, those with a copy in train or the others."""
    dataset = lesson_frame.drawings(plans.LEAKY)
    if dataset is None:
        return
    known = loaders.manifest_of(dataset)["image_id"]
    planted = set(known[known.str.endswith(planted_copies.ENDING)].str.removesuffix(planted_copies.ENDING))
    with_copies, without = (loaders.predictions_of(shown.runs[part], "test") for part in ("leaky", "clean"))
    both = with_copies[["image_id", "label", "predicted"]].merge(
        without[["image_id", "predicted"]], on="image_id", suffixes=("", "_clean")
    )
    both = both[both["image_id"].isin(planted) == leaked]
    both = both[(both["predicted"] == both["label"]) != (both["predicted_clean"] == both["label"])]
    gained = int((both["predicted"] == both["label"]).sum())
    st.markdown(
        f"The two networks disagree on {words.counted(len(both), 'such photo')}: the one with copies is right for "
        f"{gained:,}, the one without for {len(both) - gained:,}."
    )
    if both.empty:
        return
    images = gallery.mixed(both.reset_index(drop=True)).reset_index(drop=True)
    images = images.join(loaders.photos_of(dataset, images["image_id"]))
    gallery.show(
        dataset,
        images,
        key="lesson_photos",
        caption=lambda row: gallery.Caption(
            display_name(row.predicted), f"without: {display_name(row.predicted_clean)}", row.predicted == row.label
        ),
        cell_pixels=96,
        page_size=12,
    )


def _explain(found: Leakage) -> list[str]:
    return [
        f"Half of the test photos of each kind, {found.num_planted:,} of {found.leaky.everything.n:,}, stood in "
        f"train too. The network was right for {told(found.leaky.leaked)}, of those and for "
        f"{told(found.leaky.kept)}, of the others. A test set measures new photos only as long as its photos are "
        "new: this is **leakage**, or contamination.",
        f"The network that got as many photos and no copies is right for {told(found.clean.everything)}. The test "
        f"promises {in_points(found.gain)} more than that, and nobody who uses the network will see those points.",
        "Files tell. An **audit** compares the photos of all splits byte for byte and by how they look; it found "
        f"{found.num_found:,} of the {found.num_planted:,} copies without asking any network. Split by product or "
        "by person, look for copies before training, and report the accuracy with and without them.",
    ]


LESSON = Lesson(
    name="leakage",
    title="Leakage",
    question="Has the model seen the exam?",
    icon=":material/content_copy:",
    story=f"Two networks, the same settings, {15 * (datasets.LEAK_TRAIN + datasets.LEAK_COPIES):,} training "
    f"drawings each. For the first, somebody has copied {datasets.LEAK_COPIES} of the 40 test drawings of each "
    "kind into train. The second gets other drawings in their place. Both take the same test.",
    ask="By how many points will the copies **lift the test accuracy**?",
    guesses=guesses({0: "not at all", 5: "5 points", 15: "15 points", 40: "40 points"}),
    measured=_measured,
    look=_look,
    explain=_explain,
    prompt="An audit finds that 200 of 7,500 test photos stand in train as well. The test accuracy is 88 %. What do "
    "you report?",
    options=(
        Option("both", "The accuracy without the 200, and that they were found", True,
               lambda found: "Here the photos that did not leak give "
               f"{told(found.leaky.kept)}, beside {words.percent(found.leaky.everything.accuracy)} with all."),
        Option("88", "88 %: 200 are too few to matter", False,
               lambda found: "That is to be computed, not believed. Here half had leaked, and they alone were at "
               f"{words.percent(found.leaky.leaked.accuracy)} beside {words.percent(found.leaky.kept.accuracy)}."),
        Option("train", "88 %, after taking the 200 out of train and saying so", False,
               lambda found: "Taking them out of train is right, but the 88 % belongs to the model that had seen them: "
               f"without copies it was {words.percent(found.clean.everything.accuracy)} here, not "
               f"{words.percent(found.leaky.everything.accuracy)}. Train again, then report."),
        Option("nothing", "Nothing: the test set is lost", False,
               lambda found: f"The others are as new as before: n = {found.leaky.kept.n:,} here, enough for "
               f"{told(found.leaky.kept)}."),
    ),
    usual="Many expect the leaked photos to be at 100 % and the whole score to double, or think that a copy helps the "
    "network with all photos. It helps with that photo.",
    labels={
        "gain": "Lift of the test accuracy", "everything_leaky": "Test accuracy with copies",
        "leaked_leaky": "Photos that leaked", "kept_leaky": "Photos that did not", "everything_clean":
        "Test accuracy without copies",
    },
    hints={
        lesson_frame.LOOK: "Ask why the photos that leaked are not all right: the network saw each a few times only.",
        lesson_frame.EXPLAIN: "Ask how copies get into a split in real life: one product in three colours, one shop in "
        "two crawls, ten frames of one video.",
    },
)  # fmt: skip
