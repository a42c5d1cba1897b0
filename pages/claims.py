"""What the student report claims, each put to the test: the verdict first, the rule and the models behind it."""

import streamlit as st

from fashion_core import claims
from ui import (
    address,
    audience,
    claims_found,
    claims_run,
    claims_view,
    first_start,
    loaders,
    navigation,
    notices,
    pickers,
    words,
)

navigation.enter("claims")

# pick
places = claims_found.places()
if not places:
    first_start.show()
    notices.empty("No photos are on this machine yet, and no results came with the lab. Here the report's claims would "
                  "each have a verdict.", page="dataset", label="Import photos on the Dataset page")  # fmt: skip
    st.stop()
with st.container(horizontal=True, vertical_alignment="center"):
    asked = st.query_params.get("dataset")
    place = places[
        address.select(
            "On which photos", list(places), key="dataset", label_visibility="collapsed", width=300,
            words=lambda name: f"{places[name].name}{' (drawn)' if places[name].synthetic else ''}",
        )
    ]  # fmt: skip
    pickers.say_unknown("Dataset", asked, places, place.name)
    if place.synthetic:
        notices.drawn_badge()
    st.markdown(
        audience.told(
            classroom="The report's sentences as experiments: the same recipe with one thing changed, several seeds "
            "each, and a rule that was fixed before.",
            review="What the report says, and whether it held when it was tried again.",
        ),
        width="stretch",
    )

# load
runs = loaders.all_runs()
known = {one.claim.name: one for one in claims_found.every(place, runs)}
names = list(known)
wanted = st.query_params.get("claim")
if wanted is not None and wanted not in known:
    navigation.say(f"Claim {words.command(wanted[:120])} is not one of the report's; showing the first.")
default = next((name for name, one in known.items() if one.result), names[0])

# draw: all claims on the left, one of them on the right
left, right = st.columns([1, 2.3], gap="medium")
with left:
    chosen = address.select(
        "Claim", names, key="claim", default=default, words=lambda name: claims.find(name).sentence,
        label_visibility="collapsed",
    )  # fmt: skip
    for name, one in known.items():
        label, icon, colour = claims_view.badge_of(one)
        with st.container(gap=None, key=f"claim {name}"):
            st.markdown(f":{colour}-badge[{icon} {label}]")
            st.button(
                f"**{one.claim.sentence}**" if name == chosen else one.claim.sentence, key=f"open {name}",
                type="tertiary", on_click=address.choose, kwargs={"claim": name},
            )  # fmt: skip
with right:
    claim = claims.find(chosen)
    one = claims_found.look(
        place, claim, runs, overrides=claims_run.changes(place, claim), seeds=claims_run.asked_seeds(), thoroughly=True
    )
    st.markdown(f"### “{claim.sentence}”")
    notices.aside(f"{claim.question} {claim.why}")
    if one.result:
        claims_view.show(one, {run.id: run for run in runs})
    else:
        notices.empty(
            "It has not been run on these photos yet. Here its verdict would stand, with the models behind it."
        )
        st.markdown(f"**The rule, fixed before any result was seen.** {words.plain(claim.rule)}")
    if not audience.is_review() or not one.result:
        claims_run.show(one, place, runs)

navigation.next_step("compare", "Hold any two runs side by side")
