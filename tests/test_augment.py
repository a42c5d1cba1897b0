"""Each augmentation against torchvision's own at the same parameters, and the draws against their distributions."""

import numpy as np
import pytest
import torch
import torchvision.transforms.functional as TF
from scipy.stats import kstest

from fashion_core import augment, config

B, H, W = 6, 24, 20


@pytest.fixture
def photos() -> torch.Tensor:
    return torch.from_numpy(np.random.default_rng(3).integers(0, 256, (B, H, W, 3), dtype=np.uint8))


def report(*sets: str) -> config.Settings:
    return config.settings_for("report", list(sets))


def drawn(**changes: np.ndarray) -> augment.Draw:
    nothing = {
        "flip_B": np.zeros(B, bool),
        "angle_B": np.zeros(B, np.float32),
        "factors_BS": np.ones((B, 3), np.float32),
        "order_BS": np.tile(np.arange(3), (B, 1)),
    }
    return augment.Draw(**{**nothing, **changes})


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
    ids=augment.STAGES,
)
@pytest.mark.parametrize("factor", [0.5, 0.8, 1.0, 1.2, 1.7])
def test_a_colour_stage_equals_torchvisions(photos: torch.Tensor, stage: int, name: str, factor: float):
    factors = np.ones((B, 3), np.float32)
    factors[:, stage] = factor
    ours = augment.augment(photos, drawn(factors_BS=factors))
    theirs = getattr(TF, name)(augment.to_float(photos), factor)
    torch.testing.assert_close(ours, theirs, atol=2e-6, rtol=0)


def test_the_stages_are_applied_in_each_images_own_order(photos: torch.Tensor):
    orders = np.array([[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]])
    factors = np.tile(np.float32([1.3, 0.7, 1.4]), (B, 1))
    ours = augment.augment(photos, drawn(factors_BS=factors, order_BS=orders))
    stages = (TF.adjust_brightness, TF.adjust_contrast, TF.adjust_saturation)
    for image, order in enumerate(orders):
        expected = augment.to_float(photos[image : image + 1])
        for stage in order:
            expected = stages[stage](expected, float(factors[image, stage]))
        torch.testing.assert_close(ours[image : image + 1], expected, atol=3e-6, rtol=0)


def test_a_draw_depends_on_seed_epoch_and_row_and_on_nothing_else():
    settings, rows = report(), np.array([5, 9, 2, 7])
    whole = augment.draw(settings, seed=1, epoch=2, rows_B=rows)
    alone = augment.draw(settings, seed=1, epoch=2, rows_B=rows[2:3])
    assert whole.angle_B[2] == alone.angle_B[0]
    assert (whole.factors_BS[2] == alone.factors_BS[0]).all()
    for other in (
        augment.draw(settings, seed=2, epoch=2, rows_B=rows),
        augment.draw(settings, seed=1, epoch=3, rows_B=rows),
        augment.draw(settings, seed=1, epoch=2, rows_B=rows + 1),
        augment.draw(settings, seed=1, epoch=2, rows_B=rows, repeats_B=np.ones(4, int)),
    ):
        assert not np.isin(other.angle_B, whole.angle_B).any()


def test_the_draws_have_the_distributions_that_the_settings_name():
    settings = report("flip=0.3", "rotation_degrees=15", "contrast=0.4", "saturation=0")
    draws = augment.draw(settings, seed=0, epoch=1, rows_B=np.arange(20_000))
    assert abs(draws.flip_B.mean() - 0.3) < 0.015
    assert kstest(draws.angle_B, "uniform", (-15, 30)).pvalue > 0.001
    assert kstest(draws.factors_BS[:, 1], "uniform", (0.6, 0.8)).pvalue > 0.001
    assert (draws.factors_BS[:, 2] == 1).all()
    orders, counts = np.unique(draws.order_BS, axis=0, return_counts=True)
    assert len(orders) == 6 and counts.min() > 3000
    assert abs(np.corrcoef(draws.angle_B, draws.factors_BS[:, 1])[0, 1]) < 0.03


def test_normalised_photos_lie_between_minus_one_and_one_and_keep_their_values(photos: torch.Tensor):
    expected = TF.normalize(photos.permute(0, 3, 1, 2) / 255, [0.5] * 3, [0.5] * 3)
    torch.testing.assert_close(augment.normalise(augment.to_float(photos)), expected)


def test_mixup_blends_each_photo_with_its_partner(photos: torch.Tensor):
    images = augment.to_float(photos)
    mixed, partner, weight = augment.mix(images.clone(), report("mixup=0.4"), seed=0, epoch=1, batch=3)
    torch.testing.assert_close(mixed, weight * images + (1 - weight) * images[partner])
    assert 0 <= weight <= 1 and sorted(partner) == list(range(B))


def test_cutmix_takes_the_share_it_names_from_the_partner(photos: torch.Tensor):
    images = augment.to_float(photos)
    for batch in range(20):
        mixed, partner, weight = augment.mix(images.clone(), report("cutmix=1"), seed=0, epoch=1, batch=batch)
        mover = next(b for b in range(B) if partner[b] != b)
        taken = (mixed[mover] != images[mover]).any(dim=0).float().mean().item()
        assert taken <= 1 - weight + 1e-6
        assert (mixed[mover] == images[mover]).all(dim=0).float().mean() >= weight - 0.01
        foreign = (mixed[mover] != images[mover]).any(dim=0)
        assert (mixed[mover][:, foreign] == images[partner[mover]][:, foreign]).all()
