"""The dials of the Augmentation page: a recipe and what is tried in its place, and the numbers of what is drawn."""

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from fashion_core.settings import recipes
from fashion_core.settings.config import Settings
from fashion_core.settings.fields import Field
from ui.app import audience
from ui.shared import recipe_picker, settings_form

TRY = "try_"  # what is tried here is not yet what will be trained with
NUM_DRAWS = 14  # with the photo itself three full rows of five
MOST_DRAWS = 48
MOST_EPOCH = 1000
FIRST_RECIPE = next(iter(recipes.RECIPES))
OPEN = "Shape"  # what a class asks for first; all of them open would fill two screens


def show() -> tuple[Settings, dict[str, object], DeltaGenerator]:
    """The recipe, what is tried in place of its settings, and the room beside the dials."""
    fields = [field for heading in settings_form.STAGE_HEADINGS for field in settings_form.section(heading)]
    settings_form.refuse_address(TRY, fields)
    tried: dict[str, object] = {}
    if not audience.shows("recipe", *(TRY + field.name for field in fields)):
        return recipes.RECIPES[FIRST_RECIPE], tried, st.container()
    dials, beside = st.columns([1, 2.75], gap="medium")
    with dials:
        recipe = recipe_picker.pick(TRY, fields)
        with st.container(gap="xsmall"):
            for heading in settings_form.STAGE_HEADINGS:
                named = settings_form.section_words(heading, recipe, TRY)
                with st.expander(named, heading == OPEN, key=f"stage {heading}"), st.container(gap="xsmall"):
                    for field in settings_form.section(heading):
                        tried[field.name] = settings_form.widget(field, recipe, prefix=TRY, quiet=True)
        recipe_picker.show_changes(recipe, tried, TRY)
    return recipe, tried, beside


def whole_number(label: str, key: str, most: int, usual: int = 1, *, wrong: DeltaGenerator) -> int:
    """A number from 1 to ``most``, bound to the address; one sentence, in ``wrong``, where the address asks for
    another."""
    field = Field(name=key, group="data", kind="int", low=1, high=most, help="")
    chosen_here = st.session_state.setdefault("_numbers", {})
    if st.query_params.get(key) != chosen_here.get(key):  # else the reader's own, of a class that has more photos
        with wrong:
            settings_form.refuse_value(key, field, f"{usual} is taken.")
    value = st.number_input(label, 1, most, usual, key=key, bind="query-params")
    chosen_here[key] = str(value)
    return value


def epochs_to_draw(wrong: DeltaGenerator) -> range:
    """The epochs whose draws are shown."""
    if not audience.shows("epoch", "draws"):
        return range(1, 1 + NUM_DRAWS)
    left, right = st.columns(2)
    with left:
        first = whole_number("First epoch", "epoch", MOST_EPOCH, wrong=wrong)
    with right:
        num = whole_number("Draws", "draws", MOST_DRAWS, NUM_DRAWS, wrong=wrong)
    return range(first, first + num)
