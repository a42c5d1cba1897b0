"""Grad-CAM points where the class is, is the map of the paper's formula, and is another one without what was learnt."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from fashion_core.models import inference, saliency
from fashion_core.models.input import to_input
from fashion_core.models.networks import build_model


def input_of(seed: int, size: tuple[int, int] = (64, 64)) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)


@pytest.mark.parametrize(("name", "size"), [("report_cnn", (64, 48)), ("resnet18", (64, 64)), ("strong_cnn", (64, 96))])
def test_the_map_is_that_of_the_papers_formula(name: str, size: tuple[int, int]):
    torch.manual_seed(0)
    model = build_model(name, num_classes=4, image_size=size, dropout=0.5).eval()
    photo = input_of(1, size)
    for channels in ("RGB", "BGR"):
        for k in (0, 3):
            seen: list[torch.Tensor] = []
            hook = model.last_map.register_forward_hook(lambda *given, seen=seen: seen.append(given[2]))
            logits = model(to_input(torch.from_numpy(photo)[None], channels))
            hook.remove()
            (gradient,) = torch.autograd.grad(logits[0, k], seen[0])
            plain = torch.relu((gradient[0] * seen[0][0]).sum(0))  # Draelos and Carin 2020, equation 4
            if name == "resnet18":  # a global mean: the same as Selvaraju et al. 2017, equations 1 and 2
                weights_C = gradient[0].mean(dim=(1, 2))
                classic = torch.relu((weights_C[:, None, None] * seen[0][0]).sum(0))
                assert torch.allclose(plain, classic, atol=1e-6)
            large = F.interpolate(plain[None, None], size=photo.shape[:2], mode="bilinear", align_corners=False)[0, 0]
            expected = (large / large.max() if large.max() > 0 else large).detach().numpy()
            assert saliency.grad_cam(model, photo, channels, k) == pytest.approx(expected, abs=1e-5)
            assert saliency.grid_of(model, photo, channels) == tuple(seen[0].shape[-2:])
            model.test_flip = True
            assert saliency.grad_cam(model, photo, channels, k) == pytest.approx(expected, abs=1e-5), "no mirror image"
            model.test_flip = False


def test_the_grid_is_asked_for_where_the_network_is():
    model = build_model("resnet18", num_classes=4, image_size=(64, 96), dropout=0.5).eval().to("meta")
    assert saliency.grid_of(model, input_of(0, (64, 96)), "RGB") == (3, 2), "a device that is not the photo's"


def test_a_network_that_looks_for_one_spot_is_shown_to_look_there():
    """A convolution that passes red, and a class that is its mean: the map is where the photo is red."""
    model = build_model("report_cnn", num_classes=2, image_size=(32, 32), dropout=0.0).eval()
    with torch.no_grad():
        for layer in [*model.convolutions, model.dense, model.output]:
            if hasattr(layer, "weight"):
                layer.weight.zero_()
                layer.bias.zero_()
        for layer in (layer for layer in model.convolutions if isinstance(layer, torch.nn.Conv2d)):
            layer.weight[0, 0, 1, 1] = 1
        model.dense.weight[0].view(128, 4, 4)[0] = 1
        model.output.weight[1, 0] = 1
    photo = np.zeros((32, 32, 3), np.uint8)
    photo[4:12, 20:28, 0] = 255
    found = saliency.grad_cam(model, photo, "RGB", 1)
    assert found.max() == 1 and found[6:10, 22:26].min() > 0.5 and found[18:, :14].max() == 0
    assert not saliency.grad_cam(model, photo, "RGB", 0).any(), "nothing speaks for a class without weights"


def test_a_network_with_random_weights_gives_another_map(tiny_run, tiny):
    photo = np.asarray(
        inference.photos.resize(inference.photos.open_photo(tiny.root / tiny.manifest()["path"][0]), 16, 16)
    )
    model = inference.load_model(tiny_run, torch.device("cpu"))
    found = [saliency.grad_cam(model, photo, "RGB", k) for k in range(3)]
    chosen = int(np.argmax([np.ptp(one) for one in found]))
    state = torch.get_rng_state()
    others = saliency.untrained_maps(tiny_run, photo, chosen)
    assert torch.equal(state, torch.get_rng_state())
    assert len(others) == 3 and all(abs(saliency.likeness(found[chosen], other)) < 0.99 for other in others)
    assert saliency.likeness(others[0], others[0]) == pytest.approx(1)
    assert saliency.likeness(np.zeros((4, 4)), np.eye(4)) == 0


def test_likeness_is_a_correlation_of_ranks():
    generator = np.random.default_rng(0)
    one, other = generator.random((9, 7)), generator.random((9, 7))
    ranks = [np.argsort(np.argsort(values.ravel())) for values in (one, other)]
    assert saliency.likeness(one, other) == pytest.approx(np.corrcoef(ranks)[0, 1])
    assert saliency.likeness(one, np.exp(5 * one)) == pytest.approx(1)
