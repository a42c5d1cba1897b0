"""What training does to the photos before the model sees them, made by the trainer's own functions and draws."""

import streamlit as st

from fashion_core import rights
from fashion_core.data.sources.photos import EXTENSIONS
from fashion_core.labels import display_name
from fashion_core.settings import recipes
from fashion_core.settings.fields import Field
from ui.app import address, audience, faults, navigation, notices, subject, words
from ui.augmentation import grid, preview, trace_view, wording
from ui.shared import asked_photos, first_start, pickers, recipe_picker, settings_form
from ui.shared.answer import say

TRY = "try_"  # what is tried here is not yet what will be trained with
NUM_DRAWS = 14  # with the photo itself three full rows of five
MOST_DRAWS = 48
MOST_OF_BATCH = 40
MOST_EPOCH = 1000
OWN_ROW = 0
FIRST_RECIPE = next(iter(recipes.RECIPES))
SO_THAT = "So it can hardly learn a photo by heart, and must learn what the garments have in common."
OPEN = "Shape"  # what a class asks for first; all of them open would fill two screens
PHOTO, BATCH, OWN = "photo", "batch", "own"
VIEWS = {PHOTO: "One photo", BATCH: "One batch", OWN: "My photo"}


def whole_number(label: str, key: str, most: int, usual: int = 1) -> int:
    """A number from 1 to ``most``, bound to the address; one sentence where the address asks for another."""
    field = Field(name=key, group="data", kind="int", low=1, high=most, help="")
    chosen_here = st.session_state.setdefault("_numbers", {})
    if st.query_params.get(key) != chosen_here.get(key):  # else the reader's own, of a class that has more photos
        with wrong:
            settings_form.refuse_value(key, field, f"{usual} is taken.")
    value = st.number_input(label, 1, most, usual, key=key, bind="query-params")
    chosen_here[key] = str(value)
    return value


def epochs_to_draw() -> range:
    """The epochs whose draws are shown."""
    if not audience.shows("epoch", "draws"):
        return range(1, 1 + NUM_DRAWS)
    left, right = st.columns(2)
    with left:
        first = whole_number("First epoch", "epoch", MOST_EPOCH)
    with right:
        num = whole_number("Draws", "draws", MOST_DRAWS, NUM_DRAWS)
    return range(first, first + num)


def photo_of_dataset() -> int:
    """The chosen training photo's row of the manifest."""
    left, right = st.columns(2)
    with left:
        label = address.select("Class", list(photos), key="class", words=display_name)
    with right:
        place = whole_number(f"Photo (of {len(photos[label]):,})", "photo", len(photos[label]))
    return int(photos[label][place - 1])


def own_photo(size: tuple[int, int], how: str) -> asked_photos.Asked | None:
    """The reader's photo, checked on the server; None before there is one."""
    file = st.file_uploader(
        "Your photo",
        type=[ending.lstrip(".") for ending in EXTENSIONS],
        key="own_photo",
        max_upload_size=asked_photos.MOST_BYTES // 1_000_000,
        help="JPEG, PNG, WEBP, BMP or GIF. It stays in the memory of this machine while the page is open; it is not "
        "stored and not sent on.",
    )
    return asked_photos.of_upload(file.name, file.getvalue(), size, how) if file is not None else None


def stop_without(own: asked_photos.Asked | None) -> None:
    """Say why there is nothing to draw, and end the page, unless ``own`` is a photo."""
    if own is None:
        notices.empty("Here you would see what training makes of your photo. Choose one; it is not stored.")
        st.stop()
    if own.reason:
        told = f"{words.plain(own.name)} cannot be shown: {words.plain(own.reason)}. Choose another photo."
        st.warning(told, icon=":material/broken_image:")
        st.stop()


navigation.enter("augmentation")
if rights.is_review_copy():
    if audience.is_review():
        say(wording.in_words(recipes.RECIPES[FIRST_RECIPE]), f"{SO_THAT} So says the recipe {FIRST_RECIPE}.")
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
    subject.settle()
    offered = [name for name in VIEWS if name != OWN or not rights.read_only()]
    offered = audience.offered(offered, review=(PHOTO, OWN), asked=st.query_params.get("view"))
    view = address.segments("Show", offered, key="view", words=VIEWS.get, label_visibility="collapsed")
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
fields = [field for heading in settings_form.STAGES for field in settings_form.section(heading)]
settings_form.refuse_address(TRY, fields)

has_dials = audience.shows("recipe", *(TRY + field.name for field in fields))
knobs, seen = st.columns([1, 2.75], gap="medium") if has_dials else (None, st.container())
recipe, tried = recipes.RECIPES[FIRST_RECIPE], {}
if knobs is not None:
    with knobs:
        recipe = recipe_picker.pick(TRY, fields)
        with st.container(gap="xsmall"):
            for heading in settings_form.STAGES:
                named = settings_form.section_words(heading, recipe, TRY)
                with st.expander(named, heading == OPEN, key=f"stage {heading}"), st.container(gap="xsmall"):
                    for field in settings_form.section(heading):
                        tried[field.name] = settings_form.widget(field, recipe, prefix=TRY, quiet=True)
        recipe_picker.show_changes(recipe, tried, TRY)

photos = preview.training_rows(dataset)
with seen:
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

    # compute and draw
    if view == BATCH:
        left, right = st.columns(2)
        with left:
            num_batches = -(-sum(map(len, photos.values())) // settings.batch_size)
            number = whole_number(f"Batch (of {num_batches:,})", "batch", num_batches)
        with right:
            epoch = whole_number("Epoch", "epoch", MOST_EPOCH)
        told = st.empty()
        with st.skeleton(height=480), faults.shown():
            fed = preview.feed_batch(dataset, settings, epoch=epoch, number=number - 1)
            pictures = grid.pictures_of_batch(dataset, settings, fed, MOST_OF_BATCH)
    else:
        left, right = st.columns([1.3, 1], gap="small")
        with left:
            row = photo_of_dataset() if view == PHOTO else OWN_ROW
            own = own_photo(settings.image_size, settings.resize) if view == OWN else None
        with right:
            epochs = epochs_to_draw()
        if view == OWN:
            stop_without(own)
            stored_HW3, shape = own.input_HW3, (own.width, own.height)
        else:
            with faults.shown():
                stored_HW3 = preview.pixels_of(dataset, [row], settings)[0]
            shape = grid.shape_of(dataset, row)
        told = st.empty()
        with st.skeleton(height=480), faults.shown():
            pictures = grid.pictures_of_epochs(stored_HW3, settings, row=row, epochs=epochs, shape=shape)
    if audience.is_review():
        with told:
            say(
                wording.in_words(settings),
                f"{SO_THAT} These are the very pictures that the settings called {recipe.recipe} feed it.",
                notices.DRAWN_HELP if dataset.synthetic else "",
            )
        pictures = grid.without_numbers(pictures)
    else:
        told.markdown(wording.in_words(settings))
    st.html(grid.grid_html(pictures, exact=exact))
    if view != BATCH and (settings.mixup or settings.cutmix):
        notices.aside("MixUp and CutMix need other photos: “One batch” shows what they do.")
    if not audience.is_review():
        promise = wording.OWN if view == OWN else wording.promise(settings, whole_batch=view == BATCH)
        notices.aside(f"{wording.how_it_goes_in(settings)} {promise}")

if not audience.shows("traced", "channel"):
    navigation.next_step("evaluation", "See how good a trained model is")
    st.stop()

# one picture, stage by stage
if view != BATCH:
    st.subheader("How one picture is made", anchor=False)
    with faults.shown():
        original = own or asked_photos.of_dataset(dataset, row, settings.image_size, settings.resize)
    trace_view.show(original, stored_HW3, settings, row=row, epochs=epochs)

# use
st.subheader("Train with this", anchor=False)
notices.terminal(f"python -m fashion_core train {dataset.id} {recipes.to_flags(settings)}")
if st.button("Use in training", type="primary", icon=":material/arrow_forward:"):
    carried = {name: new for name, _, new in recipes.changes(settings)}
    navigation.open_page("training", dataset=dataset.id, recipe=recipe.recipe, **carried)
