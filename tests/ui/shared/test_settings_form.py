"""Widgets for settings: each value that a run may have can be chosen, and comes back as it was chosen."""

import pytest
from streamlit.testing.v1 import AppTest

from fashion_core.settings import config, recipes
from ui.shared import settings_form

FLOATS = [field.name for field in config.FIELDS if field.kind == "float"]


def form(name: str) -> None:
    import streamlit as st

    from fashion_core.settings import config, recipes
    from ui.shared import settings_form

    value = settings_form.widget(config.FIELD[name], recipes.REPORT)
    settings = settings_form.build(recipes.REPORT, {name: value})
    st.session_state["built"] = settings and getattr(settings, name)


@pytest.mark.parametrize(
    ("name", "value"),
    [("weight_decay", 0.0005), ("ema", 0.999), ("learning_rate", 3e-5), ("clip_norm", 0.25), ("save_minutes", 0.5),
     ("hue", 0.02), ("crop_scale", 0.35), ("erasing", 0.25), ("rotation_degrees", 15.0), ("early_stopping", 3),
     ("resize", "pad"), ("channels", "BGR"), ("schedule", "cosine"), ("image_size", "96x160")],
)  # fmt: skip
def test_a_value_in_the_address_is_the_value_of_the_settings(name, value):
    app = AppTest.from_function(form, args=(name,))
    app.query_params[name] = str(value)
    app.run()
    assert not app.exception
    assert app.session_state["built"] == ((96, 160) if name == "image_size" else value)


@pytest.mark.parametrize("name", FLOATS)
def test_a_slider_has_at_most_two_hundred_steps_and_other_numbers_are_typed(name):
    app = AppTest.from_function(form, args=(name,)).run()
    for slider in app.slider:
        steps = (slider.max - slider.min) / slider.step
        assert 10 <= steps <= 200
    assert len(app.slider) + len(app.number_input) == 1


def test_every_setting_stands_under_one_heading_and_every_augmentation_under_one_stage():
    named = [field.name for heading in settings_form.SECTIONS for field in settings_form.section(heading)]
    assert sorted(named) == sorted(field.name for field in config.FIELDS)
    staged = [field.name for heading in settings_form.STAGE_HEADINGS for field in settings_form.section(heading)]
    assert len(staged) == len(set(staged))
    assert {field.name for field in config.FIELDS if field.group == "augmentation"} < set(staged)
    titles = [settings_form.title(field.name) for field in config.FIELDS]
    assert len(set(titles)) == len(titles)


@pytest.mark.parametrize(("text", "changed"), [("0.3", True), ("0.5", False), ("7", False), ("x", False)])
def test_a_value_that_the_widget_ignores_is_not_counted_as_a_change(text, changed):
    def headed() -> None:
        import streamlit as st

        from fashion_core.settings import recipes
        from ui.shared import settings_form

        st.markdown(settings_form.section_words("Shape", recipes.REPORT))

    app = AppTest.from_function(headed)
    app.query_params["flip"] = text
    app.run()
    assert ("1 changed" in app.markdown[0].value) is changed
    assert recipes.REPORT.flip == 0.5
