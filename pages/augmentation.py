"""What training does to the photos before the model sees them, made by the trainer's own functions and draws."""

import streamlit as st

from fashion_core import rights
from fashion_core.settings import recipes
from ui.app import address, audience, faults, navigation, notices, subject, words
from ui.augmentation import dials, grid, photo_choice, preview, trace_view, wording
from ui.shared import asked_photos, first_start, pickers, settings_form
from ui.shared.answer import say

MOST_OF_BATCH = 40
SO_THAT = "So it can hardly learn a photo by heart, and must learn what the garments have in common."
PHOTO, BATCH, OWN = "photo", "batch", "own"
VIEWS = {PHOTO: "One photo", BATCH: "One batch", OWN: "My photo"}

navigation.enter("augmentation")
if rights.is_review_copy():
    if audience.is_review():
        first = recipes.RECIPES[dials.FIRST_RECIPE]
        say(wording.in_words(first), f"{SO_THAT} So says the recipe {dials.FIRST_RECIPE}.")
    notices.review_copy(
        audience.told(
            classroom="Making these pictures needs PyTorch, which a review copy does not load.",
            review="The changed pictures are shown in the lab that this was copied from.",
        )
    )
    st.stop()
if first_start.show():
    st.stop()

# pick
with st.container(horizontal=True, vertical_alignment="center"):
    dataset = pickers.pick_dataset()
    offered = [name for name in VIEWS if name != OWN or not rights.read_only()]
    offered = audience.offered(offered, review=(PHOTO, OWN), asked=st.query_params.get("view"))
    view = address.segments("Show", offered, key="view", words=VIEWS.get)
    exact = not audience.shows("exact") or st.toggle(
        "As the model receives it",
        True,
        key="exact",
        bind="query-params",
        help="On: every pixel that goes in. Off: smoothed, and a squeezed picture is stretched back into the photo's "
        "own shape.",
    )
    if dataset.synthetic:
        notices.drawn_badge()
recipe, tried, beside = dials.show()
subject.settle()

photos = preview.training_rows(dataset)
with beside:
    wrong = st.container()  # what the address asks for in vain, above the widgets that it is about

    # guard
    settings = settings_form.build(recipe, tried)
    if settings is None:
        st.stop()
    if not photos and view != OWN:
        notices.empty(
            f"Dataset {words.plain(dataset.name)} has no training photos, so there is nothing that training would "
            "change. “My photo” shows what these settings do to a photo of yours."
        )
        st.stop()

    # compute
    if view == BATCH:
        number, epoch = photo_choice.pick_batch(photos, settings, wrong)
    elif view == PHOTO:
        chosen = photo_choice.pick_photo(dataset, photos, settings, wrong)
    else:
        chosen = photo_choice.pick_own(settings, wrong)
    answer = st.empty()
    with st.skeleton(height=480), faults.shown():
        if view == BATCH:
            fed = preview.feed_batch(dataset, settings, epoch=epoch, number=number - 1)
            pictures = grid.pictures_of_batch(dataset, settings, fed, MOST_OF_BATCH)
        else:
            of_photo = {"row": chosen.row, "epochs": chosen.epochs, "shape": chosen.shape}
            pictures = grid.pictures_of_epochs(chosen.stored_HW3, settings, **of_photo)

    # answer and evidence
    if audience.is_review():
        with answer:
            say(
                wording.in_words(settings),
                f"{SO_THAT} These are the very pictures that the settings called {recipe.recipe} feed it.",
                notices.DRAWN_HELP if dataset.synthetic else "",
            )
        pictures = grid.without_numbers(pictures)
    else:
        answer.markdown(wording.in_words(settings))
    st.html(grid.grid_html(pictures, exact=exact))
    if view != BATCH and (settings.mixup or settings.cutmix):
        notices.aside("MixUp and CutMix need other photos: “One batch” shows what they do.")
    if not audience.is_review():
        promise = wording.OWN if view == OWN else wording.promise(settings, whole_batch=view == BATCH)
        notices.aside(f"{wording.how_it_goes_in(settings)} {promise}")

if not audience.shows("traced", "channel"):
    navigation.next_step("evaluation", "See how good a trained model is")
    st.stop()

# detail: one picture, stage by stage
if view != BATCH:
    st.header("How one picture is made", anchor=False)
    with faults.shown():
        size, how = settings.image_size, settings.resize
        original = chosen.own or asked_photos.of_dataset(dataset, chosen.row, size, how)
    trace_view.show(original, chosen.stored_HW3, settings, row=chosen.row, epochs=chosen.epochs)

# use
st.header("Train with this", anchor=False)
notices.terminal(f"python -m fashion_core train {dataset.id} {recipes.to_flags(settings)}")
if st.button("Use in training", type="primary", icon=":material/arrow_forward:"):
    carried = {name: new for name, _, new in recipes.changes(settings)}
    navigation.open_page("training", dataset=dataset.id, recipe=recipe.recipe, **carried)
