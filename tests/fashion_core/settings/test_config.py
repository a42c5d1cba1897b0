import math

import pytest

from fashion_core.errors import SettingsError
from fashion_core.settings import config, fields, recipes

SAMPLERS = (
    "sampler must be none, balanced, power(alpha) with alpha between 0 and 2, or class_balanced(beta) with beta from "
    "0 to below 1"
)


def test_the_report_recipe_is_the_student_report():
    report = recipes.recipe("report")
    assert report.image_size == (128, 128)
    assert (report.flip, report.rotation_degrees, report.dropout) == (0.5, 10, 0.5)
    assert (report.sampler, report.loss) == ("balanced", "weighted")
    assert (report.learning_rate, report.batch_size, report.epochs, report.log_every) == (1e-3, 32, 2, 10)


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("epochs=0", "epochs must be a whole number between 1 and 1000, got 0"),
        ("epochs=two", "epochs must be a whole number between 1 and 1000, got 'two'"),
        ("epochz=1", "setting 'epochz' is unknown; did you mean 'epochs'?"),
        ("image_size=102", "image_size must be a multiple of 4 between 16 and 512, as 128 or 128x256, got 102"),
        ("image_size=9999", "image_size must be a multiple of 4 between 16 and 512, as 128 or 128x256, got 9999"),
        ("image_size=a", "image_size must be a multiple of 4 between 16 and 512, as 128 or 128x256, got a"),
        ("brightness=nan", "brightness must be between 0 and 1, got nan"),
        ("learning_rate=inf", "learning_rate must be between 1e-07 and 1, got inf"),
        ("sampler=power(3)", f"{SAMPLERS}, got power(3)"),
        ("sampler=class_balanced(1)", f"{SAMPLERS}, got class_balanced(1)"),
        ("sampler=class_balanced", f"{SAMPLERS}, got class_balanced"),
        ("device=tpu", "device must be one of auto, cpu, cuda, mps, got tpu"),
        ("epochs", "--set takes key=value, got 'epochs'"),
    ],
)
def test_a_wrong_setting_is_refused_with_its_range(typed: str, sentence: str):
    with pytest.raises(SettingsError) as error:
        recipes.settings_for("report", [typed])
    assert str(error.value) == sentence


@pytest.mark.parametrize("field", config.FIELDS, ids=lambda field: field.name)
def test_every_number_is_refused_just_outside_its_range_and_taken_at_its_ends(field: fields.Field):
    if field.kind not in ("int", "float"):
        assert field.check(object())
        return
    step = 1 if field.kind == "int" else 1e-9
    for end, outside in ((field.low, field.low - step), (field.high, field.high + step)):
        assert field.check(int(end) if field.kind == "int" else end) is None
        assert field.check(int(outside) if field.kind == "int" else outside) is not None
    assert field.check(True) and field.check(math.nan)


@pytest.mark.parametrize("sampler", ["power(0.5)", "class_balanced(0.999)"])
def test_settings_survive_json_and_the_command_line(sampler: str):
    typed = ["image_size=128x256", f"sampler={sampler}", "learning_rate=0.0003", "epochs=7"]
    settings = recipes.settings_for("report", typed)
    assert settings.image_size == (128, 256)
    assert config.from_json(settings.to_json()) == settings
    flags = recipes.to_flags(settings).replace("'", "").split()
    again = recipes.settings_for(flags[1], [flag for flag in flags[2:] if flag != "--set"])
    assert again == settings
    assert {name for name, _, _ in recipes.changes(settings)} == {"image_size", "sampler", "learning_rate", "epochs"}


def test_saved_settings_with_an_unknown_or_missing_name_are_refused():
    saved = recipes.recipe("report").to_json()
    with pytest.raises(SettingsError, match="'epoch' is unknown; did you mean 'epochs'"):
        config.from_json({**saved, "epoch": 1})
    with pytest.raises(SettingsError, match="'sparkle' is unknown; known: recipe, image_size, resize, channels, "):
        config.from_json({**saved, "sparkle": 1})
    saved.pop("seed")
    with pytest.raises(SettingsError, match="seed missing"):
        config.from_json(saved)


def test_photos_too_small_for_a_network_and_parts_of_one_photo_are_refused_in_one_sentence():
    for sets, told in (
        (["model=convnext_tiny", "image_size=24"], "at least 32 pixels, got 24 with image_size=24 and start_size=1"),
        (["model=convnext_tiny", "image_size=64", "start_size=0.25"], "at least 32 pixels, got 16"),
        (["model=resnet18", "batch_size=1"], "batch_size=1 in accumulation=1 parts"),
        (["model=strong_cnn", "batch_size=8", "accumulation=8"], "leave two photos to a part"),
    ):
        with pytest.raises(SettingsError, match=told):
            recipes.settings_for("report", sets)
    for sets in (["batch_size=1"], ["model=convnext_tiny", "image_size=32", "batch_size=1"]):
        recipes.settings_for("report", sets)


def test_mixup_and_cutmix_together_are_refused():
    with pytest.raises(SettingsError, match="cannot both be on"):
        recipes.settings_for("report", ["mixup=0.2", "cutmix=1"])


def test_an_unknown_recipe_is_answered_with_the_nearest():
    with pytest.raises(SettingsError, match="did you mean 'report'"):
        recipes.recipe("rapport")
