"""Two runs, groups of seeds or published results side by side: is the difference real, and where does it lie?"""

import streamlit as st

from fashion_core.errors import RunError
from ui.app import address, audience, faults, loaders, navigation, notices, subject
from ui.compare import compare_sides, detail, leaderboard, verdict
from ui.shared import pickers, report_button, reproduce_view

navigation.enter("compare")

# pick
runs = loaders.all_runs()
if not runs:
    notices.empty(
        "No run is here yet. Here you would hold two of them side by side.",
        page="training",
        label="Train the first one",
    )
    st.stop()
offer = compare_sides.Offer(runs)
if len(offer.ids) < 2:
    notices.empty("One run is here, and a comparison takes two.", page="training", label="Train another one")
    st.stop()
chosen = compare_sides.pick(offer)
with st.container(horizontal=True, vertical_alignment="bottom"):
    with faults.shown():
        first, second = compare_sides.told_apart(*(offer.side(name) for name in chosen))
    split = pickers.pick_split(compare_sides.splits_of(first, second))
    subject.settle()
    margin = address.select(
        "Equal within", verdict.MARGINS, key="margin", default="0.01", width=120, words=verdict.margin_words,
        help="Differences smaller than this do not matter to you. Equivalent means that a larger one is ruled out.",
    )  # fmt: skip
    beside = st.container(width="content")
    if first.drawn or second.drawn:
        notices.drawn_badge()

# load and draw: a pair that cannot be compared says why and what can be, and the runs below stay
found = None
try:
    found = verdict.compared(first, second, split, float(margin), runs)
except RunError as error:
    compare_sides.say_apart(offer, first, second, split, error)
if found is not None:
    if first.members or second.members:
        with beside:
            report_button.show([first, second], split, margin=float(margin))
    verdict.show_verdict(found)
    reproduce_view.show_comparison(first, second, split, float(margin))
    if audience.shows("true", "predicted"):
        settings, curves = st.columns([5, 7], gap="medium")
        with settings:
            verdict.show_settings(found)
        with curves:
            verdict.show_curves(found)
        detail.show_cells(found)
        detail.show_classes(found)
        detail.show_ranges(found)
    else:
        detail.show_in_review(found)

if audience.shows("of"):
    leaderboard.show(runs, first, second, split)
last = second.members[-1] if second.members else None
if last:
    navigation.next_step("evaluation", "See where the second one fails", run=last.id, split=split)
