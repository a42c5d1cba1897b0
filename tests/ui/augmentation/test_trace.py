"""How one picture is made: its stages against Pillow's and the draws, its end against what the preview feeds."""

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image, ImageEnhance

from fashion_core.settings import config, recipes
from tests.support.pages import settings_of
from ui.augmentation import preview, trace, wording

EVERY = ["image_size=24", "crop_scale=0.3", "hue=0.2", "erasing=0.5", "rotation_degrees=30"]


@pytest.mark.parametrize("sets", [[], EVERY, [*EVERY, "channels=BGR"], ["hue=0", "brightness=0"]])
def test_the_last_stage_is_bit_for_bit_what_the_preview_feeds(sets, tiny):
    for seed in range(50):
        settings = recipes.settings_for("report", ["image_size=24", *sets, f"seed={seed}"])
        row = 3 * seed % 36
        stored = preview.pixels_of(tiny, [row], settings)[0]
        fed, _ = preview.feed_epochs(stored, settings, row=row, epochs=[1, 7])
        for place, epoch in enumerate([1, 7]):
            found = trace.of_photo(stored, settings, row=row, epoch=epoch)
            assert np.array_equal(found.tensor_CHW, fed[place].numpy())
            assert found.tensor_CHW.dtype == np.float32


def photo() -> np.ndarray:
    return np.random.default_rng(5).integers(0, 255, (32, 24, 3), dtype=np.uint8)


def test_each_stage_does_to_the_picture_what_is_printed_below_it():
    settings = settings_of("image_size=24x32", "brightness=0.5", "flip=1")
    found = trace.of_photo(photo(), settings, row=4, epoch=2)
    shown = dict(zip(found.names, found.shown_SHW3, strict=True))
    told = {name: trace.stage_words(found, name) for name in found.names}
    assert np.array_equal(shown["resize"], photo()) and told["resize"] == "squeezed to 24 x 32"
    assert np.array_equal(shown["crop"], photo()) and told["crop"] == trace.OFF
    assert np.array_equal(shown["flip"], photo()[:, ::-1]) and told["flip"] == "mirrored"
    assert np.array_equal(shown["rotate"], shown["flip"]) and told["rotate"] == trace.OFF
    word, sign, factor = told["brightness"].split()
    bright = ImageEnhance.Brightness(Image.fromarray(shown["rotate"])).enhance(float(factor))
    assert (word, sign) == ("brightness", "×")
    assert np.abs(shown["brightness"].astype(int) - np.asarray(bright)).max() <= 2  # the factor is printed rounded
    assert told["contrast"] == told["saturation"] == told["hue"] == told["erase"] == trace.OFF
    assert np.array_equal(shown["normalise"], shown["erase"])


def test_the_colour_stages_stand_in_the_order_that_was_drawn():
    orders = set()
    for epoch in range(1, 9):
        found = trace.of_photo(photo(), recipes.settings_for("report", ["image_size=24x32"]), row=4, epoch=epoch)
        assert [found.names.index(name) for name in ("resize", "crop", "flip", "rotate")] == [0, 1, 2, 3]
        assert found.names[-2:] == ("erase", "normalise")
        assert found.names[4:8] == tuple(trace.JITTERS[stage] for stage in found.drawn.order_BS[0])
        orders.add(found.names[4:8])
    assert len(orders) > 1


def test_a_hue_shift_is_told_in_degrees_of_the_wheel_and_an_erased_share_is_that_of_the_grey_pixels():
    settings = settings_of("image_size=24x32", "hue=0.5", "erasing=1", "crop_scale=0.2")
    found = trace.of_photo(photo(), settings, row=1, epoch=1)
    degrees = trace.stage_words(found, "hue").removeprefix("hue ").removesuffix(" degrees").replace("−", "-")
    assert float(degrees) == pytest.approx(360 * found.drawn.factors_BS[0, 3], abs=0.5)
    grey = (found.tensor_CHW == 0).all(axis=0).mean()
    share = float(trace.stage_words(found, "erase").split("\u00a0")[0])
    assert share == pytest.approx(100 * grey, abs=1)
    _, _, tall, wide = found.drawn.crop_BX[0]
    assert trace.stage_words(found, "crop") == f"cropped to {100 * tall * wide / (24 * 32):.0f}\u00a0% of its area"


AUGMENTATION = [field for field in config.FIELDS if field.group == "augmentation"]


@pytest.mark.parametrize("field", AUGMENTATION, ids=lambda field: field.name)
def test_every_augmentation_alone_is_in_both_sentences_and_in_the_stages_of_a_photo(field):
    """A new setting that one of them forgets leaves it as it is with everything off."""
    off = settings_of("image_size=24x32", *(f"{one.name}={one.off}" for one in AUGMENTATION))
    alone = replace(off, **{field.name: field.low if field.off == field.high else field.high})
    for words in (wording.in_words, wording.how_it_goes_in):
        assert words(alone) != words(off)
    if field.stage == "mix":  # takes another photo too, so it is in no single photo's stages
        return
    plain, changed = (trace.of_photo(photo(), settings, row=4, epoch=2) for settings in (off, alone))
    assert not np.array_equal(plain.tensor_CHW, changed.tensor_CHW)
    stage = {"colour": field.name}.get(field.stage, field.stage)
    assert trace.stage_words(plain, stage) == trace.OFF != trace.stage_words(changed, stage)


@pytest.mark.parametrize("channels", ["RGB", "BGR"])
def test_the_tables_hold_the_numbers_of_the_tensor_in_the_order_of_its_channels(channels):
    red = np.zeros((32, 24, 3), np.uint8)
    red[..., 0], red[15, 11, 0] = 255, 51
    found = trace.of_photo(red, settings_of("image_size=24x32", f"channels={channels}"), row=0, epoch=1)
    table = trace.channel_table(found).set_index("Channel")
    assert list(table.index) == ["Red", "Green", "Blue"][:: 1 if channels == "RGB" else -1]
    assert table.loc["Red", ["Min", "Max"]].tolist() == pytest.approx([51 / 127.5 - 1, 1])
    assert table.loc["Blue"].tolist() == [-1, -1, -1, 0]
    centre = trace.centre_table(found, "R")
    assert centre.shape == (5, 5) and centre.loc["row 15", "11"] == pytest.approx(51 / 127.5 - 1)
    assert (centre.to_numpy() == 1).sum() == 24
    assert "3 x 32 x 24" in trace.tensor_words(found) and "float32, 9,216 bytes" in trace.tensor_words(found)


def test_pictures_are_numbered_from_the_decoded_photo_on():
    found = trace.of_photo(photo(), settings_of("image_size=24x32"), row=0, epoch=1)
    made = trace.pictures(found, original=trace.original(b"jpeg", 400, 533))
    assert [picture.heading.split()[0] for picture in made] == [str(number) for number in range(1, 12)]
    assert made[0].lines == ("400 x 533 pixels, upright",) and made[1].heading == "2 Resized"
    assert trace.pictures(found, original=None)[0].heading == "1 Resized"
