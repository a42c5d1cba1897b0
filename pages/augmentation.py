"""What training does to the photos before the model sees them, made by the trainer's own functions and draws."""

import streamlit as st

from fashion_core.fields import FIELD
from fashion_core.labels import display_name
from ui import address, faults, first_start, loaders, navigation, notices, pickers, preview, settings_form

TRY = "try_"  # what is tried here is not yet what will be trained with
NUM_DRAWS = 14  # with the photo itself three full rows of five
MOST_OF_BATCH = 40
VIEWS = {"photo": "One photo", "batch": "One training batch"}

navigation.enter("augmentation")
if first_start.show():
    st.stop()

# pick
with st.container(horizontal=True, vertical_alignment="center"):
    dataset = pickers.pick_dataset()
    view = address.segments("Show", list(VIEWS), key="view", words=VIEWS.get, label_visibility="collapsed")
    exact = st.toggle(
        "As the model receives it",
        True,
        key="exact",
        bind="query-params",
        help="On: every pixel of the squeezed picture, as it goes in. Off: stretched back into the photo's own shape.",
    )
    if dataset.synthetic:
        notices.drawn_badge()
settings_form.refuse_address(TRY)

knobs, seen = st.columns([1, 2.75], gap="medium")
with knobs:
    recipe = settings_form.pick_recipe()
    fields = [*settings_form.section("Augmentation"), FIELD["image_size"], FIELD["seed"]]
    tried = {field.name: settings_form.widget(field, recipe, prefix=TRY) for field in fields}

frame = loaders.manifest_of(dataset)
photos = frame[(frame["split"] == "train") & (frame["status"] == "ok")]
with seen:
    first, second, third = st.columns([2, 1, 1])
    if view == "batch":
        num_batches = -(-len(photos) // recipe.batch_size)
        number = first.number_input(
            f"Batch :gray[(of {num_batches:,})]", 1, num_batches, key="batch", bind="query-params"
        )
        epoch = second.number_input("Epoch", 1, 1000, key="epoch", bind="query-params")
    else:
        with first:
            labels = [label for label in dataset.classes if (photos["label"] == label).any()]
            label = address.select("Class", labels, key="class", words=display_name)
        of_class = photos[photos["label"] == label]
        place = second.number_input(
            f"Photo :gray[(of {len(of_class):,})]", 1, len(of_class), key="photo", bind="query-params"
        )
        epoch = third.number_input("First epoch", 1, 1000, key="epoch", bind="query-params")

    # guard
    settings = settings_form.build(recipe, tried)
    if settings is None:
        st.stop()

    # compute and draw
    st.markdown(preview.in_words(settings))
    with st.skeleton(height=480), faults.shown():
        if view == "batch":
            fed = preview.feed_batch(dataset, settings, epoch=epoch, number=number - 1)
            pictures = preview.pictures_of_batch(dataset, settings, fed, MOST_OF_BATCH)
        else:
            pictures = preview.pictures_of_epochs(
                dataset, settings, row=int(of_class["row"].iloc[place - 1]), epochs=range(epoch, epoch + NUM_DRAWS)
            )
    st.html(preview.grid_html(pictures, exact=exact))
    if view == "photo" and (settings.mixup or settings.cutmix):
        st.caption("MixUp and CutMix need other photos: “One training batch” shows what they do.")
    width, height = settings.image_size
    st.caption(
        f"The photo is squeezed to {width} x {height} pixels, then mirrored, turned (nearest pixel, black outside) and "
        "its colours changed in the order drawn for it. Last, each colour value v between 0 and 1 becomes "
        "(v − 0.5) / 0.5, so that black goes in as −1 and white as 1; the pictures above are mapped back for the eye. "
        + preview.promise(settings, whole_batch=view == "batch")
    )

# use
st.subheader("Train with this", anchor=False)
changed = settings_form.changes_words(settings)
st.markdown(f"Changed from the recipe: {changed}." if changed else f"These are the settings of `{recipe.recipe}`.")
st.code(f"python -m fashion_core train {dataset.id} {settings.to_flags()}", language="bash", wrap_lines=True)
if st.button("Use in training", type="primary", icon=":material/arrow_forward:"):
    carried = {field.name: settings_form.typed(getattr(settings, field.name)) for field in fields}
    navigation.open_page("training", dataset=dataset.id, recipe=recipe.recipe, **carried)
