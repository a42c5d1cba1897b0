"""The opponent of the speed benchmark does the same mathematics as the trainer, so that only time is compared."""

import numpy as np
import pytest
import torch
from torchvision.datasets import ImageFolder

from benchmarks.speed import plain_script, training_tasks
from fashion_core.data.sources import photos
from fashion_core.models import networks
from fashion_core.models.input import to_input
from fashion_core.settings import recipes, sampling
from fashion_core.training import losses

COUNTS_K = np.array([12, 6, 18])  # of the tiny set's training photos


@pytest.fixture
def pair():
    """The plain network, and the report's network with the same weights."""
    torch.manual_seed(0)
    plain = plain_script.make_model(15)
    ours = networks.build_model("report_cnn", num_classes=15, image_size=(128, 128), dropout=0.5)
    own, others = list(ours.parameters()), list(plain.parameters())
    assert [weight.shape for weight in own] == [weight.shape for weight in others]
    with torch.no_grad():
        for weight, other in zip(own, others, strict=True):
            weight.copy_(other)
    return plain.eval(), ours.eval()


def inputs() -> torch.Tensor:
    return torch.rand(4, 3, 128, 128, generator=torch.Generator().manual_seed(1)) * 2 - 1


def test_both_networks_have_as_many_parameters_as_their_shapes_say(pair):
    by_hand = (3 * 9 + 1) * 32 + (32 * 9 + 1) * 64 + (64 * 9 + 1) * 128 + (128 * 16 * 16 + 1) * 256 + (256 + 1) * 15
    assert [sum(weight.numel() for weight in model.parameters()) for model in pair] == [by_hand, by_hand]


def test_the_same_weights_give_the_same_logits_and_gradients_though_ours_pools_before_the_relu(pair):
    plain, ours = pair
    labels_B = torch.tensor([0, 3, 3, 14])
    logits = []
    for model in pair:
        logits.append(model(inputs()))
        torch.nn.functional.cross_entropy(logits[-1], labels_B).backward()
    torch.testing.assert_close(*logits, rtol=1e-4, atol=1e-6)
    for weight, other in zip(ours.parameters(), plain.parameters(), strict=True):
        assert other.grad.abs().max() > 0
        torch.testing.assert_close(weight.grad, other.grad, rtol=1e-3, atol=1e-6)


def test_its_weighted_loss_is_the_report_recipes(tiny_source):
    criterion = plain_script.make_criterion(ImageFolder(tiny_source / "train"))
    ours = losses.build_loss(recipes.recipe("report"), COUNTS_K, torch.device("cpu"))
    logits_BK, labels_B = torch.randn(8, 3, generator=torch.Generator().manual_seed(2)), torch.arange(8) % 3
    torch.testing.assert_close(criterion(logits_BK, labels_B), ours(logits_BK, labels_B))


def test_its_sampler_draws_with_the_report_recipes_weights(tiny_source):
    dataset = ImageFolder(tiny_source / "train")
    sampler = plain_script.make_loader(dataset, workers=0).sampler
    ours_N = sampling.draw_weights(np.array(dataset.targets), COUNTS_K, recipes.recipe("report").sampler)
    np.testing.assert_allclose(sampler.weights / sampler.weights.sum(), ours_N / ours_N.sum(), rtol=1e-6)
    assert (sampler.num_samples, sampler.replacement) == (36, True)


def test_a_photo_without_augmentation_reaches_both_models_alike(tiny_source):
    path = sorted((tiny_source / "train" / "saree").iterdir())[0]
    plain_CHW = plain_script.eval_transform(photos.open_photo(path))
    pixels_HWC = torch.from_numpy(photos.resize(photos.open_photo(path), 128, 128).copy())
    torch.testing.assert_close(to_input(pixels_HWC[None])[0], plain_CHW, rtol=0, atol=1e-6)


def test_its_augmented_photos_are_floats_between_minus_one_and_one(tiny_source):
    image_CHW, _ = ImageFolder(tiny_source / "train", transform=plain_script.train_transform)[0]
    assert image_CHW.shape == (3, 128, 128) and image_CHW.dtype == torch.float32
    assert -1 <= image_CHW.min() < 0 < image_CHW.max() <= 1


def test_its_augmentations_are_as_strong_as_the_report_recipes():
    settings = recipes.recipe("report")
    _, flip, rotation, colour, _, _ = plain_script.train_transform.transforms
    assert (flip.p, rotation.degrees) == (settings.flip, [-settings.rotation_degrees, settings.rotation_degrees])
    for range_, strength in (
        (colour.brightness, settings.brightness),
        (colour.contrast, settings.contrast),
        (colour.saturation, settings.saturation),
    ):
        assert range_ == pytest.approx((1 - strength, 1 + strength))
    assert colour.hue is None and settings.hue == 0
    assert (plain_script.BATCH_SIZE, settings.image_size) == (settings.batch_size, (plain_script.SIZE,) * 2)


def test_it_trains_as_many_steps_as_asked_for_over_the_end_of_an_epoch(tiny_source, capsys):
    told = plain_script.train(tiny_source, epochs=1, workers=0, seed=0, steps=3)
    assert told["images"] == [32, 4, 32]
    assert np.isfinite(told["losses"]).all() and told["val_accuracy"] is None


def test_the_work_of_a_training_image_is_counted_as_by_hand(pair):
    forward = [9 * 3 * 32 * 128**2, 9 * 32 * 64 * 64**2, 9 * 64 * 128 * 32**2, 128 * 16 * 16 * 256, 256 * 15]
    by_hand = 2 * (3 * sum(forward) - forward[0])  # the gradient of the photo itself is not computed
    for model in pair:
        assert training_tasks.flops_per_image(model, inputs()) == by_hand
