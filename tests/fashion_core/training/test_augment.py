"""Each augmentation against torchvision's own at the same parameters, and the draws against their distributions."""

import numpy as np
import pytest
import torch
import torchvision.transforms as T
import torchvision.transforms.functional as TF
import torchvision.transforms.v2 as T2
from PIL import Image
from scipy.stats import ks_2samp, kstest

from fashion_core.models.input import normalise, to_float
from fashion_core.settings import config, draws, recipes
from fashion_core.training import augment

B, H, W = 6, 24, 20


@pytest.fixture
def photos() -> torch.Tensor:
    return torch.from_numpy(np.random.default_rng(3).integers(0, 256, (B, H, W, 3), dtype=np.uint8))


def report(*sets: str) -> config.Settings:
    return recipes.settings_for("report", list(sets))


NO_COLOUR = np.float32([1, 1, 1, 0])


def drawn(**changes: np.ndarray) -> draws.Draw:
    nothing = {
        "crop_BX": np.tile([0, 0, H, W], (B, 1)),
        "flip_B": np.zeros(B, bool),
        "angle_B": np.zeros(B, np.float32),
        "factors_BS": np.tile(NO_COLOUR, (B, 1)),
        "order_BS": np.tile(np.arange(4), (B, 1)),
        "erase_BX": np.zeros((B, 4), np.int64),
    }
    return draws.Draw(**{**nothing, **changes})


@pytest.mark.parametrize("angle", [0.0, 3.3, -9.9, 45.0, 90.0, 180.0])
@pytest.mark.parametrize("flip", [False, True])
def test_turning_gives_the_very_pixels_of_torchvision(photos: torch.Tensor, angle: float, flip: bool):
    turned = augment.turn(photos, np.full(B, flip), np.full(B, angle, np.float32))
    expected = photos.permute(0, 3, 1, 2)
    expected = TF.rotate(TF.hflip(expected) if flip else expected, angle)
    assert (turned.permute(0, 3, 1, 2) != expected).any(dim=1).float().sum() == 0


@pytest.mark.parametrize(
    ("stage", "name"),
    list(enumerate(("adjust_brightness", "adjust_contrast", "adjust_saturation"))),
    ids=draws.JITTERS[:3],
)
@pytest.mark.parametrize("factor", [0.5, 0.8, 1.0, 1.2, 1.7])
def test_a_colour_stage_equals_torchvisions(photos: torch.Tensor, stage: int, name: str, factor: float):
    factors = np.tile(NO_COLOUR, (B, 1))
    factors[:, stage] = factor
    ours = augment.augment(photos, drawn(factors_BS=factors))
    theirs = getattr(TF, name)(to_float(photos), factor)
    torch.testing.assert_close(ours, theirs, atol=2e-6, rtol=0)


@pytest.mark.parametrize("shift", [-0.5, -0.13, 0.0, 0.21, 0.5])
def test_a_shift_of_hue_equals_torchvisions(photos: torch.Tensor, shift: float):
    photos[0] = 77  # grey has no hue
    factors = np.tile(np.float32([1, 1, 1, shift]), (B, 1))
    ours = augment.augment(photos, drawn(factors_BS=factors))
    theirs = TF.adjust_hue(to_float(photos), shift)
    torch.testing.assert_close(ours, theirs, atol=5e-6, rtol=0)


@pytest.mark.parametrize("with_hue", [False, True])
def test_the_stages_are_applied_in_each_images_own_order(photos: torch.Tensor, with_hue: bool):
    orders = np.array([[0, 1, 2, 3], [3, 0, 2, 1], [1, 3, 0, 2], [1, 2, 3, 0], [2, 0, 3, 1], [2, 3, 1, 0]])
    factors = np.tile(np.float32([1.3, 0.7, 1.4, 0.15 if with_hue else 0]), (B, 1))
    ours = augment.augment(photos, drawn(factors_BS=factors, order_BS=orders))
    stages = (TF.adjust_brightness, TF.adjust_contrast, TF.adjust_saturation, TF.adjust_hue)
    for image, order in enumerate(orders):
        expected = to_float(photos[image : image + 1])
        for stage in order:
            expected = stages[stage](expected, float(factors[image, stage]))
        torch.testing.assert_close(ours[image : image + 1], expected, atol=1e-5, rtol=0)


def test_a_crop_gives_torchvisions_pixels_rounded_to_whole_levels(photos: torch.Tensor):
    boxes = np.array([[0, 0, H, W], [3, 2, 11, 9], [0, 0, 1, 1], [H - 5, W - 7, 5, 7], [1, 0, H - 1, W], [4, 4, 7, 3]])
    ours = augment.crop(photos, boxes).permute(0, 3, 1, 2)
    for image, (top, left, height, width) in enumerate(boxes.tolist()):
        theirs = T2.functional.resized_crop(
            photos[image].permute(2, 0, 1).float(), top, left, height, width, [H, W], antialias=True
        )
        assert (ours[image] - theirs).abs().max() <= 0.5 + 1e-3, "ours is theirs, rounded to whole levels"


def test_an_erased_rectangle_is_zero_once_it_is_normalised_as_torchvision_has_it(photos: torch.Tensor):
    boxes = np.tile([2, 3, 9, 5], (B, 1))
    boxes[1] = 0
    ours = normalise(augment.augment(photos, drawn(erase_BX=boxes)))
    plain = normalise(to_float(photos))
    assert torch.equal(ours[1], plain[1])
    assert torch.equal(ours[0], TF.erase(plain[0], 2, 3, 9, 5, torch.zeros(1)))


def test_random_crops_and_erasures_have_the_distribution_of_torchvisions():
    settings = report("crop_scale=0.3", "erasing=0.25", "image_size=96x128")
    ours = draws.draw(settings, seed=4, epoch=1, rows_B=np.arange(4000))
    canvas = torch.zeros(3, 128, 96)
    torch.manual_seed(0)
    crops = np.array([T.RandomResizedCrop.get_params(canvas, [0.3, 1.0], [3 / 4, 4 / 3]) for _ in range(4000)])
    erasures = np.array([T.RandomErasing.get_params(canvas, (0.02, 0.33), (0.3, 3.3), [0.0])[:4] for _ in range(4000)])
    for column in range(4):
        assert ks_2samp(ours.crop_BX[:, column], crops[:, column]).pvalue > 1e-3
    erased = ours.erase_BX[ours.erase_BX[:, 2] > 0]
    assert abs(len(erased) / 4000 - 0.25) < 0.03
    for column in range(4):
        assert ks_2samp(erased[:, column], erasures[:, column]).pvalue > 1e-3
    for boxes in (ours.crop_BX, erased):
        assert (boxes[:, 2:] > 0).all() and (boxes[:, :2] >= 0).all()
        assert (boxes[:, 0] + boxes[:, 2] <= 128).all() and (boxes[:, 1] + boxes[:, 3] <= 96).all()


def test_turning_one_augmentation_on_does_not_change_what_the_others_draw():
    rows = np.arange(50)
    plain = draws.draw(report(), seed=1, epoch=1, rows_B=rows)
    more = draws.draw(report("hue=0.2", "crop_scale=0.5", "erasing=1"), seed=1, epoch=1, rows_B=rows)
    assert (plain.flip_B == more.flip_B).all() and (plain.angle_B == more.angle_B).all()
    assert (plain.factors_BS[:, :3] == more.factors_BS[:, :3]).all() and (plain.order_BS == more.order_BS).all()


def test_the_trace_ends_with_what_the_model_receives_and_passes_every_stage(photos: torch.Tensor):
    settings = report("hue=0.1", "crop_scale=0.4", "erasing=1", "image_size=16x24")
    for row in range(30):
        one = draws.draw(settings, seed=2, epoch=3, rows_B=np.array([row]))
        photo = photos[row % B : row % B + 1, :, :16]
        stages = list(augment.trace(photo.clone(), one))
        expected = normalise(augment.augment(photo.clone(), one))
        assert torch.equal(stages[-1][1], expected)
        assert [name for name, _ in stages[:4]] == ["resize", "crop", "flip", "rotate"]
        assert sorted(name for name, _ in stages[4:8]) == sorted(draws.JITTERS)
        assert [name for name, _ in stages[8:]] == ["erase", "normalise"]


def test_a_draw_depends_on_seed_epoch_and_row_and_on_nothing_else():
    settings, rows = report(), np.array([5, 9, 2, 7])
    whole = draws.draw(settings, seed=1, epoch=2, rows_B=rows)
    alone = draws.draw(settings, seed=1, epoch=2, rows_B=rows[2:3])
    assert whole.angle_B[2] == alone.angle_B[0]
    assert (whole.factors_BS[2] == alone.factors_BS[0]).all()
    for other in (
        draws.draw(settings, seed=2, epoch=2, rows_B=rows),
        draws.draw(settings, seed=1, epoch=3, rows_B=rows),
        draws.draw(settings, seed=1, epoch=2, rows_B=rows + 1),
        draws.draw(settings, seed=1, epoch=2, rows_B=rows, repeats_B=np.ones(4, int)),
    ):
        assert not np.isin(other.angle_B, whole.angle_B).any()


def test_the_draws_have_the_distributions_that_the_settings_name():
    settings = report("flip=0.3", "rotation_degrees=15", "contrast=0.4", "saturation=0")
    found = draws.draw(settings, seed=0, epoch=1, rows_B=np.arange(20_000))
    assert abs(found.flip_B.mean() - 0.3) < 0.015
    assert kstest(found.angle_B, "uniform", (-15, 30)).pvalue > 0.001
    assert kstest(found.factors_BS[:, 1], "uniform", (0.6, 0.8)).pvalue > 0.001
    assert (found.factors_BS[:, 2] == 1).all()
    orders, counts = np.unique(found.order_BS, axis=0, return_counts=True)
    assert len(orders) == 24 and counts.min() > 700
    assert abs(np.corrcoef(found.angle_B, found.factors_BS[:, 1])[0, 1]) < 0.03


def test_normalised_photos_lie_between_minus_one_and_one_and_keep_their_values(photos: torch.Tensor):
    expected = TF.normalize(photos.permute(0, 3, 1, 2) / 255, [0.5] * 3, [0.5] * 3)
    torch.testing.assert_close(normalise(to_float(photos)), expected)


def test_mixup_blends_each_photo_with_its_partner(photos: torch.Tensor):
    images = to_float(photos)
    mixture = draws.mixture(report("mixup=0.4"), seed=0, epoch=1, batch=3, num=B)
    mixed = augment.mix(images, images[mixture.partner_B], mixture)
    torch.testing.assert_close(mixed, images + (1 - mixture.weight) * (images[mixture.partner_B] - images))
    assert 0 <= mixture.weight <= 1 and sorted(mixture.partner_B) == list(range(B))


def test_cutmix_takes_the_share_it_names_from_the_partner(photos: torch.Tensor):
    images = to_float(photos)
    settings = report("cutmix=1", "image_size=24x24")
    images = torch.nn.functional.pad(images, (0, 4))
    for batch in range(20):
        mixture = draws.mixture(settings, seed=0, epoch=1, batch=batch, num=B)
        mixed = augment.mix(images, images[mixture.partner_B], mixture)
        top, bottom, left, right = mixture.box
        assert mixture.weight == pytest.approx(1 - (bottom - top) * (right - left) / 24**2)
        inside = torch.zeros(24, 24, dtype=torch.bool)
        inside[top:bottom, left:right] = True
        for place, partner in enumerate(mixture.partner_B):
            assert torch.equal(mixed[place][:, inside], images[partner][:, inside])
            assert torch.equal(mixed[place][:, ~inside], images[place][:, ~inside])


def test_without_mixup_and_cutmix_there_is_nothing_to_mix():
    assert draws.mixture(report(), seed=0, epoch=1, batch=0, num=B) is None


def test_photos_are_shrunk_as_pillow_shrinks_them(photos: torch.Tensor):
    shrunk = augment.shrink(to_float(photos), (12, 8))
    for ours, photo in zip(shrunk, photos.numpy(), strict=True):
        theirs = np.asarray(Image.fromarray(photo).resize((12, 8), Image.Resampling.BILINEAR))
        assert np.abs(ours.permute(1, 2, 0).numpy() * 255 - theirs).max() <= 1, "Pillow rounds in between"
    assert augment.shrink(shrunk, (12, 8)) is shrunk
