"""What the student report claims, each put to the test: the verdict first, the rule and the models behind it."""

import streamlit as st

from fashion_core.claims import definitions
from ui.app import address, audience, loaders, navigation, notices, subject, words
from ui.claims import claims_run, view
from ui.claims import places as claim_places
from ui.shared import first_start, run_names

navigation.enter("claims")

# pick
places = claim_places.places()
if not places:
    first_start.show()
    notices.empty("No photos are on this machine yet, and no results came with the lab. Here the report's claims would "
                  "each have a verdict.")  # fmt: skip
    st.stop()
left, right = st.columns([1, 2.3], gap="medium")
with left:
    names = {name: run_names.photos_words(one) for name, one in places.items()}
    place = places[address.select("Dataset", names, key="dataset", label_visibility="collapsed")]
    subject.settle()
    if place.synthetic:
        notices.drawn_badge()

# load
runs = loaders.all_runs()
overrides, num_seeds = claims_run.changes(place), claims_run.asked_seeds()
known = {
    claim.name: claim_places.look(place, claim, runs, overrides=overrides, seeds=num_seeds)
    for claim in definitions.CLAIMS
}
asked = st.query_params.get("claim")
if asked is not None and asked not in known:
    navigation.say(f"Claim {words.command(asked[:120])} is not one of the report's; showing another one.")
settled = next((name for name, one in known.items() if one.result), next(iter(known)))
claim = definitions.find(asked if asked in known else settled)
one = known[claim.name] = claim_places.look(place, claim, runs, overrides=overrides, seeds=num_seeds, thoroughly=True)

# draw: all claims on the left, one of them on the right
with left:
    view.show_list(known, claim.name)
with right:
    view.show_claim(claim)
    if one.result:
        view.show(one, {run.id: run for run in runs})
    else:
        view.show_open(one)
    if not audience.is_review() or not one.result:
        claims_run.show(one, place, runs)

navigation.next_step("compare", "Hold any two runs side by side")
