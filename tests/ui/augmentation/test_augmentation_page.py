"""The Augmentation page: its pictures against what the trainer really fed, its refusals against the engine's."""

import base64
import io
import re
import shutil

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image

from fashion_core.data import datasets, importing, pixels
from fashion_core.errors import SettingsError
from fashion_core.launch import background, interpreter
from fashion_core.models import inference
from fashion_core.runs import runs
from fashion_core.settings import config, fields, recipes
from fashion_core.training import loop
from tests.support.pages import lab, open_page, settings_of  # noqa: F401
from tests.support.tiny import write_tiny
from ui.augmentation import grid as augmentation_grid
from ui.augmentation import preview, wording

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
    new_model = inference.new_model

    def listen(run):
        model = new_model(run)
        model.register_forward_pre_hook(lambda model, inputs: fed.append(inputs[0].clone()) if model.training else None)
        return model

    monkeypatch.setattr(inference, "new_model", listen)
    settings = recipes.settings_for("report", [*TINY, *mixing, "epochs=2", "seed=3"])
    loop.train(runs.create_run(tiny, settings, runs_dir=tmp_path, run_id="heard"), tiny)
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


@pytest.mark.parametrize("how", config.RESIZES)
def test_photos_that_no_cache_holds_are_resized_as_the_cache_would(how, tiny):
    rows = [0, 7, 30]
    decoded = preview.pixels_of(tiny, rows, recipes.settings_for("report", ["image_size=24x48", f"resize={how}"]))
    assert not pixels.cache_path(tiny, 24, 48, how).exists()
    try:
        pixels.build(tiny, 24, 48, how=how)
        assert np.array_equal(decoded, pixels.open_pixels(tiny, 24, 48, how)[rows])
    finally:
        for path in tiny.folder.glob("pixels-24x48*"):
            path.unlink()


def test_what_stands_below_a_picture_is_what_was_drawn(tiny):
    settings = recipes.settings_for("report", ["image_size=16", "saturation=0", "flip=1"])
    stored = preview.pixels_of(tiny, [4], settings)[0]
    _, first, *_ = augmentation_grid.pictures_of_epochs(stored, settings, row=4, epochs=range(5, 8), shape=(40, 52))
    assert first.heading == "Epoch 5"
    angle, brightness, contrast = first.lines
    assert re.fullmatch(r"[+−]\d+\.\d°, mirrored", angle)
    assert re.fullmatch(r"brightness [01]\.\d\d", brightness) and contrast.startswith("contrast ")


@pytest.mark.parametrize(
    ("sets", "told"),
    [
        ([], "Every photo comes as it is, every time."),
        (["crop_scale=0.64"], "Each time it comes, a photo is cropped to between 64 % and 100 % of its area."),
        (["hue=0.1"], "Each time it comes, a photo is shifted in hue by up to ±36°."),
        (["erasing=0.25"], "Each time it comes, a photo is erased in a rectangle with a chance of 25 %."),
        (
            ["flip=0.5", "brightness=0.2", "contrast=0.3", "hue=0.5"],
            "Each time it comes, a photo is mirrored with a chance of 50 %, changed in brightness by up to 20 % and "
            "contrast by up to 30 % and shifted in hue by up to ±180°.",
        ),
    ],
)
def test_the_sentence_tells_every_switch_and_nothing_else(sets, told):
    assert wording.in_words(settings_of(*sets)).replace("\u00a0", " ") == told


def test_the_sentence_and_the_explanation_follow_the_order_in_which_it_happens():
    every = recipes.settings_for("report", ["crop_scale=0.5", "hue=0.1", "erasing=1", "mixup=1", "channels=BGR"])
    for text, order in (
        (wording.in_words(every), ["cropped", "mirrored", "turned", "changed", "hue", "erased", "blended"]),
        (
            wording.how_it_goes_in(every),
            ["squeezed", "cropped", "mirrored", "turned", "colours", "erased", "blended", "v −"],
        ),
    ):
        places = [text.index(word) for word in order]
        assert places == sorted(places)
    assert wording.how_it_goes_in(every).endswith("The channels go in blue first.")


@pytest.mark.parametrize(("how", "word"), [("squeeze", "squeezed"), ("pad", "black around"), ("crop", "cut off")])
def test_the_explanation_follows_the_way_of_resizing(how, word):
    told = wording.how_it_goes_in(settings_of(f"resize={how}", "image_size=128x256"))
    assert word in told and "128 x 256" in told and "Then" not in told


def test_the_pictures_on_the_page_decode_to_every_pixel_that_was_fed(tiny):
    settings = recipes.settings_for("report", ["image_size=48x64", "crop_scale=0.3", "channels=BGR", "erasing=1"])
    stored = preview.pixels_of(tiny, [9], settings)[0]
    pictures = augmentation_grid.pictures_of_epochs(stored, settings, row=9, epochs=range(1, 17), shape=(40, 52))
    fed, _ = preview.feed_epochs(stored, settings, row=9, epochs=range(1, 17))
    shown = decoded(augmentation_grid.grid_html(pictures, exact=True))
    assert len(shown) == 17 and np.array_equal(shown[0], stored)
    for picture_HW3, image_CHW in zip(shown[1:], fed, strict=True):
        expected_3HW = np.rint((image_CHW.flip(0).numpy().astype(np.float64) + 1) * 127.5)
        assert np.array_equal(picture_HW3, expected_3HW.transpose(1, 2, 0))


def decoded(html: str) -> list[np.ndarray]:
    """The pictures of a page, as a browser would decode them."""
    found = re.findall(r'src="data:image/webp;base64,([^"]+)"', html)
    return [np.asarray(Image.open(io.BytesIO(base64.b64decode(text)))) for text in found]


def test_the_page_shows_every_parameter_of_the_trainer_with_its_range_and_the_recipes_value(lab):
    app = lab("augmentation")
    found = {
        element.key.removeprefix("try_"): element
        for kind in ("slider", "number_input", "selectbox")
        for element in getattr(app, kind)
        if (element.key or "").startswith("try_")
    }
    wanted = {field.name for field in config.FIELDS if field.group in ("data", "augmentation")} - {"batch_size"}
    assert set(found) == wanted | {"seed"}
    for name, element in found.items():
        field, own = config.FIELD[name], getattr(recipes.REPORT, name)
        if field.kind == "float":
            assert (element.min, element.max, element.value) == (field.low, field.high, own)
        elif field.kind == "choice":
            assert (tuple(element.options), element.value) == (field.choices, own)
        else:
            assert fields.typed(own) == str(element.value)


@pytest.mark.parametrize("view", ["photo", "batch"])
def test_both_views_survive_every_switch_at_its_ends(lab, view):
    for end in ("low", "high"):
        app = lab("augmentation", view=view)
        for slider in app.slider:
            if not slider.key.endswith(("mixup", "cutmix")):
                slider.set_value(slider.min if end == "low" else slider.max)
        app.run()
        assert not app.exception and not app.error


def test_a_refused_combination_gives_the_engines_own_sentence(lab):
    app = lab("augmentation")
    app.slider(key="try_mixup").set_value(1.0)
    app.slider(key="try_cutmix").set_value(0.5).run()
    with pytest.raises(SettingsError) as refused:
        recipes.settings_for("report", ["mixup=1", "cutmix=0.5"])
    assert [error.value.replace("\\", "") for error in app.error] == [str(refused.value)]


@pytest.mark.parametrize(("name", "text"), [("flip", "7"), ("rotation_degrees", "abc"), ("image_size", "102")])
def test_a_value_in_the_address_outside_its_range_gives_one_sentence_with_the_range(lab, name, text):
    app = lab("augmentation", **{f"try_{name}": text})
    with pytest.raises(SettingsError) as refused:
        recipes.settings_for("report", [f"{name}={text}"])
    told = [element.value.replace("\\", "") for element in (*app.warning, *app.error)]
    rule = str(refused.value).split(", got")[0]
    assert len(told) >= 1 and all(rule in sentence for sentence in told)


def test_the_command_line_on_the_page_rebuilds_what_the_sliders_say(lab):
    app = lab("augmentation")
    app.slider(key="try_rotation_degrees").set_value(33.0)
    app.slider(key="try_flip").set_value(0.15).run()
    words = app.code[0].value.split()
    sets = [words[place + 1] for place, word in enumerate(words) if word == "--set"]
    settings = recipes.settings_for(words[words.index("--recipe") + 1], sets)
    assert (settings.rotation_degrees, settings.flip) == (33.0, 0.15)


@pytest.mark.parametrize(
    ("key", "text", "view", "told"),
    [
        ("photo", "99999", "photo", "photo must be a whole number between 1 and 12, got 99999"),
        ("epoch", "0", "photo", "epoch must be a whole number between 1 and 1000, got 0"),
        ("draws", "49", "photo", "draws must be a whole number between 1 and 48, got 49"),
        ("draws", "many", "own", "draws must be a whole number between 1 and 48, got 'many'"),
        ("batch", "7", "batch", "batch must be a whole number between 1 and 2, got 7"),
        ("epoch", "-1", "batch", "epoch must be a whole number between 1 and 1000, got -1"),
        ("try_resize", "zoom", "photo", "resize must be one of squeeze, pad, crop, got zoom"),
        ("try_rotation_degrees", "999", "photo", "rotation_degrees must be between 0 and 180, got 999"),
    ],
)
def test_a_number_in_the_address_that_cannot_be_gives_one_sentence_with_the_range(lab, key, text, view, told):
    app = lab("augmentation", view=view, **{key: text})
    sentences = [element.value.replace("\\", "") for element in app.warning]
    assert len(sentences) == 1 and told.replace("'many'", "") in sentences[0].replace("'many'", "")
    assert not [expander.label for expander in app.expander if "changed" in expander.label]


def test_a_class_with_fewer_photos_than_the_chosen_number_shows_its_first_without_a_word(lab):
    app = lab("augmentation", **{"class": "shoe", "photo": "17", "draws": "1"})
    assert app.number_input(key="photo").value == 17
    app.selectbox(key="class").select("saree").run()
    assert not app.exception and not app.warning
    assert (app.number_input(key="photo").value, app.number_input(key="photo").max) == (1, 6)


def test_use_in_training_carries_every_setting_that_was_tried(lab):
    wanted = {
        "image_size": "128x256", "resize": "pad", "channels": "BGR", "crop_scale": "0.35", "flip": "0.2",
        "rotation_degrees": "25", "brightness": "0.1", "contrast": "0.3", "saturation": "0.4", "hue": "0.15",
        "erasing": "0.6", "cutmix": "0.7", "seed": "41",
    }  # fmt: skip
    app = lab("augmentation", **{f"try_{name}": text for name, text in wanted.items()})
    here = app.code[0].value
    next(button for button in app.button if button.label == "Use in training").click().run()
    assert not app.exception and app.title[0].value == "Training"
    assert app.code[0].value == here
    expected = recipes.settings_for("report", [f"{name}={text}" for name, text in wanted.items()])
    assert here == interpreter.here(f"python -m fashion_core train tiny {recipes.to_flags(expected)}")


def own(app, name: str, data: bytes):
    app.file_uploader(key="own_photo").set_value([(name, data, "image/jpeg")]).run()
    assert not app.exception
    return app


def test_my_photo_is_upright_drawn_as_row_0_and_never_stored(lab, tiny_data):
    before = sorted(path.name for path in tiny_data.rglob("*"))
    picture = Image.fromarray(np.random.default_rng(0).integers(0, 255, (60, 90, 3), dtype=np.uint8))
    exif, file = Image.Exif(), io.BytesIO()
    exif[0x0112] = 6  # turned by a quarter
    picture.save(file, "PNG", exif=exif)
    app = own(open_page("augmentation", view="own", draws="3", try_image_size="32"), "mine.png", file.getvalue())
    upright_HW3 = np.asarray(picture.rotate(-90, expand=True).resize((32, 32), Image.Resampling.BILINEAR))
    settings = recipes.settings_for("report", ["image_size=32"])
    fed, _ = preview.feed_epochs(upright_HW3, settings, row=0, epochs=range(1, 4))
    grid = next(element.proto.body for element in app.get("html") if "Epoch 1" in element.proto.body)
    shown = decoded(grid)
    assert len(shown) == 4 and np.array_equal(shown[0], upright_HW3)
    assert np.array_equal(shown[3], np.rint((fed[2].numpy() + 1) * 127.5).transpose(1, 2, 0))
    assert any("first photo" in element.value for element in app.markdown)
    assert sorted(path.name for path in tiny_data.rglob("*")) == before


def test_a_file_that_is_no_photo_gives_one_sentence(lab):
    app = own(lab("augmentation", view="own"), "notes <b>.jpg", b"hello")
    assert [element.value.replace("\\", "") for element in app.warning] == [
        "notes <b>.jpg cannot be shown: not a JPEG, PNG, WEBP, BMP or GIF image, it holds text. Choose another photo."
    ]


def own_copy(tiny_data, tmp_path, monkeypatch):
    """A dataset ``tiny`` that a test may spoil, over photos of its own."""
    shutil.copytree(tiny_data / "tiny", tmp_path / "data" / "tiny")
    monkeypatch.setenv("FASHION_DATA", str(tmp_path / "data"))
    return datasets.find_dataset(tmp_path / "data", "tiny")


@pytest.mark.parametrize("view", ["photo", "batch"])
def test_a_dataset_without_training_photos_says_so(view, lab, tiny_data, tmp_path, monkeypatch):
    dataset = own_copy(tiny_data, tmp_path, monkeypatch)
    frame = pd.read_parquet(dataset.manifest_path)
    frame.assign(split=frame["split"].astype(str).replace("train", "val")).to_parquet(dataset.manifest_path)
    app = lab("augmentation", view=view)
    assert not app.error and any("has no training photos" in element.value for element in app.markdown)


def test_an_original_that_was_damaged_after_the_import_gives_one_sentence(lab, tmp_path, monkeypatch):
    source = write_tiny(tmp_path / "photos")
    dataset = importing.import_source(str(source), data_dir=tmp_path / "data", name="mine")
    monkeypatch.setenv("FASHION_DATA", str(tmp_path / "data"))
    for path in source.rglob("*.png"):
        path.write_bytes(b"")
    app = lab("augmentation", try_image_size="64")
    assert len(app.error) == 1 and "the file is empty" in app.error[0].value.replace("\\", "")
    app = lab("augmentation", try_image_size=fields.typed(dataset.first_pixels))  # the copy of the import is there
    assert not app.error and len(app.warning) == 1 and "the file is empty" in app.warning[0].value.replace("\\", "")


def test_without_any_photos_the_page_shows_that_the_first_are_being_drawn(tmp_path, monkeypatch):
    started = []
    monkeypatch.setattr(background, "start_import", lambda *args, **keywords: started.append(args))
    monkeypatch.setenv("FASHION_DATA", str(tmp_path / "data"))
    app = open_page("augmentation")
    assert started == [("demo", None)] and not app.slider
    assert any("A first start has no photos" in element.value for element in app.markdown)
