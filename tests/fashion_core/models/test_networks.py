import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from fashion_core.models import networks
from fashion_core.settings import config, recipes, sampling
from fashion_core.training import losses


def plain_report(num_classes: int, side: int) -> nn.Sequential:
    """The report's network as a student writes it."""
    layers: list[nn.Module] = []
    for before, after in ((3, 32), (32, 64), (64, 128)):
        layers += [nn.Conv2d(before, after, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)]
    layers += [nn.Flatten(), nn.Linear(128 * (side // 8) ** 2, 256), nn.ReLU(), nn.Dropout(0.5)]
    return nn.Sequential(*layers, nn.Linear(256, num_classes))


def test_the_report_network_computes_what_the_plain_one_does():
    torch.manual_seed(0)
    ours = networks.build_model("report_cnn", num_classes=15, image_size=(32, 32), dropout=0.5).eval()
    plain = plain_report(15, 32).eval()
    plain.load_state_dict(dict(zip(plain.state_dict(), ours.state_dict().values(), strict=True)))
    images = torch.randn(4, 3, 32, 32)
    torch.testing.assert_close(ours(images), plain(images), atol=1e-5, rtol=1e-4)
    torch.testing.assert_close(ours.head(ours.embed(images)), ours(images))


def test_the_report_network_has_the_reports_size():
    model = networks.build_model("report_cnn", num_classes=15, image_size=(128, 128), dropout=0.5)
    assert model.dense.in_features == 32_768 and model.dense.out_features == 256
    assert sum(p.numel() for p in model.parameters()) == sum(p.numel() for p in plain_report(15, 128).parameters())
    assert model.embed(torch.zeros(2, 3, 128, 128)).shape == (2, 256)


def test_a_wide_and_a_tall_photo_fit_a_network_of_their_size():
    model = networks.build_model("report_cnn", num_classes=3, image_size=(16, 32), dropout=0)
    assert model(torch.zeros(1, 3, 32, 16)).shape == (1, 3)


def strong_by_hand(weights: dict[str, torch.Tensor], x: torch.Tensor, num_stages: int, stride: int) -> torch.Tensor:
    """The strong network's answer in functional form, from its weights alone."""

    def norm(name: str, x: torch.Tensor) -> torch.Tensor:
        mean, var, scale, shift = (
            weights[f"{name}.{part}"][:, None, None] for part in ("running_mean", "running_var", "weight", "bias")
        )
        return (x - mean) / torch.sqrt(var + 1e-5) * scale + shift

    x = norm("stem_norm", F.conv2d(x, weights["stem.weight"], stride=stride, padding=1)).clamp(min=0)
    for number in range(num_stages):
        at = f"stages.{number}"
        x = norm(f"{at}.norm", F.max_pool2d(F.conv2d(x, weights[f"{at}.widen.weight"], padding=1), 2)).clamp(min=0)
        inner = norm(f"{at}.first_norm", F.conv2d(x, weights[f"{at}.first.weight"], padding=1)).clamp(min=0)
        x = (x + norm(f"{at}.second_norm", F.conv2d(inner, weights[f"{at}.second.weight"], padding=1))).clamp(min=0)
    return x.flatten(2).max(dim=2).values @ weights["output.weight"].T + weights["output.bias"]


@pytest.mark.parametrize(
    ("size", "num_stages", "stride", "widths"),
    [
        ((28, 28), 3, 1, [8, 16, 32]),
        ((48, 48), 3, 1, [8, 16, 32]),
        ((96, 96), 3, 2, [8, 16, 32]),
        ((128, 256), 4, 2, [8, 16, 32, 32]),
    ],
)
def test_the_strong_network_computes_what_its_description_says(size, num_stages: int, stride: int, widths: list[int]):
    torch.manual_seed(0)
    model = networks.build_model("strong_cnn", num_classes=5, image_size=size, dropout=0.0, width=8)
    images = torch.randn(4, 3, size[1], size[0])
    model.train()(images)  # running means that are not 0 and 1
    model.eval()
    assert [stage.widen.out_channels for stage in model.stages] == widths and model.num_features == widths[-1]
    by_hand = strong_by_hand(model.state_dict(), images, num_stages, stride)
    torch.testing.assert_close(model(images), by_hand, atol=1e-5, rtol=1e-4)
    smaller = F.interpolate(images, size=(size[1] // 2, size[0] // 2))
    assert model(smaller).shape == (4, 5), "photos grow while it learns"


@pytest.mark.parametrize("name", ["strong_cnn", "report_cnn", "resnet18"])
def test_a_photo_is_judged_together_with_its_mirror_image(name: str):
    torch.manual_seed(0)
    model = networks.build_model(name, num_classes=3, image_size=(32, 32), dropout=0.0, width=8, test_flip=True).eval()
    images = torch.randn(4, 3, 32, 32)
    mirrored = torch.from_numpy(np.ascontiguousarray(images.numpy()[..., ::-1]))
    torch.testing.assert_close(model(images), model(mirrored))
    torch.testing.assert_close(model.head(model.embed(images)), model(images))
    model.test_flip = False
    alone, other = model(images), model(mirrored)
    model.test_flip = True
    torch.testing.assert_close(model(images), (alone + other) / 2, atol=1e-5, rtol=1e-4)
    model.train()
    assert not torch.equal(model(images), model(mirrored)), "a photo that is learnt from is taken as it is"


COUNTS = np.array([50, 5, 20])
LOGITS = torch.tensor([[2.0, 0.5, -1.0], [0.1, 0.2, 0.3], [-2.0, 1.0, 0.0], [0.0, 3.0, 1.0]])
LABELS = torch.tensor([0, 1, 2, 2])


def loss_named(name: str, smoothing: float = 0.0) -> float:
    settings = recipes.settings_for("report", [f"loss={name}", f"label_smoothing={smoothing}"])
    return losses.build_loss(settings, COUNTS, torch.device("cpu"))(LOGITS, LABELS).item()


def by_hand(name: str) -> float:
    """The same formulas in numpy, image by image, from the papers."""
    z = LOGITS.double().numpy()
    total, weight_sum = 0.0, 0.0
    for row, label in zip(z, LABELS.tolist(), strict=True):
        if name in ("balanced_softmax", "logit_adjusted"):
            prior = COUNTS if name == "balanced_softmax" else COUNTS / COUNTS.sum()
            p = prior * np.exp(row) / (prior * np.exp(row)).sum()
        else:
            p = np.exp(row) / np.exp(row).sum()
        weight = sampling.inverse_frequency_weights(COUNTS)[label] if name == "weighted" else 1.0
        focus = (1 - p[label]) ** 2 if name == "focal" else 1.0
        total += weight * focus * -np.log(p[label])
        weight_sum += weight
    return total / weight_sum


@pytest.mark.parametrize("name", config.LOSSES)
def test_a_loss_equals_its_formula_by_hand(name: str):
    assert loss_named(name) == pytest.approx(by_hand(name), rel=1e-5)


def test_label_smoothing_spreads_the_target_over_all_classes():
    target = F.one_hot(LABELS, 3) * 0.9 + 0.1 / 3
    expected = -(target * LOGITS.log_softmax(1)).sum(1).mean().item()
    assert loss_named("cross_entropy", 0.1) == pytest.approx(expected, rel=1e-6)
