"""The Augmentation page: its pictures against what the trainer really fed, its refusals against the engine's."""

import re

import numpy as np
import pytest
import torch

from fashion_core import config, fields, infer, pixels, runs, train
from fashion_core.errors import SettingsError
from tests.test_pages import lab  # noqa: F401
from ui import preview

TINY = ["image_size=16", "batch_size=8", "log_every=1", "device=cpu", "rotation_degrees=40"]


@pytest.mark.parametrize(
    "mixing",
    [
        [],
        ["mixup=0.4"],
        ["cutmix=1", "hue=0.3"],
        ["sampler=none"],
        ["crop_scale=0.3", "hue=0.2", "erasing=0.7", "resize=pad", "channels=BGR"],
        ["crop_scale=0.6", "mixup=1", "erasing=1", "resize=crop"],
    ],
)
def test_the_preview_is_bit_for_bit_what_the_trainer_fed(mixing, tiny, tmp_path, monkeypatch):
    fed: list[torch.Tensor] = []
    new_model = infer.new_model

    def listen(run):
        model = new_model(run)
        model.register_forward_pre_hook(lambda model, inputs: fed.append(inputs[0].clone()) if model.training else None)
        return model

    monkeypatch.setattr(infer, "new_model", listen)
    settings = config.settings_for("report", [*TINY, *mixing, "epochs=2", "seed=3"])
    train.train(runs.create_run(tiny, settings, runs_dir=tmp_path, run_id="heard"), tiny)
    per_epoch = -(-tiny.splits["train"] // settings.batch_size)
    assert len(fed) == 2 * per_epoch
    seen: dict[tuple[int, int], torch.Tensor] = {}
    for place, images_BCHW in enumerate(fed):
        epoch, number = place // per_epoch + 1, place % per_epoch
        shown = preview.feed_batch(tiny, settings, epoch=epoch, number=number)
        assert torch.equal(shown.images_BCHW, images_BCHW)
        for row, image_CHW in zip(shown.rows_B, images_BCHW, strict=True):
            seen.setdefault((int(row), epoch), image_CHW)  # the first time the photo comes in this epoch
    if not settings.mixup and not settings.cutmix:
        stored = pixels.open_pixels(tiny, 16, 16, settings.resize)
        for (row, epoch), image_CHW in seen.items():
            alone, _ = preview.feed_epochs(stored[row], settings, row=row, epochs=[epoch])
            assert torch.equal(alone[0], image_CHW)


@pytest.mark.parametrize("how", fields.RESIZES)
def test_photos_that_no_cache_holds_are_resized_as_the_cache_would(how, tiny):
    rows = [0, 7, 30]
    decoded = preview.pixels_of(tiny, rows, config.settings_for("report", ["image_size=24x48", f"resize={how}"]))
    assert not pixels.cache_path(tiny, 24, 48, how).exists()
    try:
        pixels.build(tiny, 24, 48, how=how)
        assert np.array_equal(decoded, pixels.open_pixels(tiny, 24, 48, how)[rows])
    finally:
        for path in tiny.folder.glob("pixels-24x48*"):
            path.unlink()


def test_what_stands_below_a_picture_is_what_was_drawn(tiny):
    settings = config.settings_for("report", ["image_size=16", "saturation=0", "flip=1"])
    _, first, *_ = preview.pictures_of_epochs(tiny, settings, row=4, epochs=range(5, 8))
    assert first.heading == "Epoch 5"
    angle, brightness, contrast = first.lines
    assert re.fullmatch(r"[+−]\d+\.\d°, mirrored", angle)
    assert re.fullmatch(r"brightness [01]\.\d\d", brightness) and contrast.startswith("contrast ")


def test_the_page_opens_and_shows_every_parameter_of_the_recipe(lab):  # noqa: F811
    app = lab("augmentation")
    names = {slider.key.removeprefix("try_") for slider in app.slider}
    assert names == {field.name for field in fields.FIELDS if field.group == "augmentation"}
    for slider in app.slider:
        field = fields.FIELD[slider.key.removeprefix("try_")]
        assert (slider.min, slider.max, slider.value) == (field.low, field.high, getattr(config.REPORT, field.name))


@pytest.mark.parametrize("view", ["photo", "batch"])
def test_both_views_survive_every_switch_at_its_ends(lab, view):  # noqa: F811
    for end in ("low", "high"):
        app = lab("augmentation", view=view)
        for slider in app.slider:
            if not slider.key.endswith(("mixup", "cutmix")):
                slider.set_value(slider.min if end == "low" else slider.max)
        app.run()
        assert not app.exception and not app.error


def test_a_refused_combination_gives_the_engines_own_sentence(lab):  # noqa: F811
    app = lab("augmentation")
    app.slider(key="try_mixup").set_value(1.0)
    app.slider(key="try_cutmix").set_value(0.5).run()
    with pytest.raises(SettingsError) as refused:
        config.settings_for("report", ["mixup=1", "cutmix=0.5"])
    assert [error.value.replace("\\", "") for error in app.error] == [str(refused.value)]


@pytest.mark.parametrize(("name", "text"), [("flip", "7"), ("rotation_degrees", "abc"), ("image_size", "100")])
def test_a_value_in_the_address_outside_its_range_gives_one_sentence_with_the_range(lab, name, text):  # noqa: F811
    app = lab("augmentation", **{f"try_{name}": text})
    with pytest.raises(SettingsError) as refused:
        config.settings_for("report", [f"{name}={text}"])
    told = [element.value.replace("\\", "") for element in (*app.warning, *app.error)]
    rule = str(refused.value).split(", got")[0]
    assert len(told) >= 1 and all(rule in sentence for sentence in told)


def test_the_command_line_on_the_page_rebuilds_what_the_sliders_say(lab):  # noqa: F811
    app = lab("augmentation")
    app.slider(key="try_rotation_degrees").set_value(33.0)
    app.slider(key="try_flip").set_value(0.15).run()
    words = app.code[0].value.split()
    sets = [words[place + 1] for place, word in enumerate(words) if word == "--set"]
    settings = config.settings_for(words[words.index("--recipe") + 1], sets)
    assert (settings.rotation_degrees, settings.flip) == (33.0, 0.15)
