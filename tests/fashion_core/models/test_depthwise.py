"""Gradients of depthwise convolutions under bfloat16: autocast's bits forward, gradients as float64 has them."""

import copy

import pytest
import torch
import torch.nn.functional as F

from fashion_core.models import depthwise
from fashion_core.models.networks import build_model

KINDS = [(3, 1, 1), (3, 2, 1), (3, 2, 0), (5, 1, 2), (5, 2, 2), (7, 1, 3)]


def test_the_mode_gives_autocasts_bits_forward_and_gradients_no_further_from_float64():
    torch.manual_seed(0)
    pulls = torch.randint(-3, 5, (4 * 24 * 15 * 15,)) / 4  # numbers that bfloat16 has
    for size, stride, padding in KINDS:
        images = torch.randn(4, 24, 15, 15).to(memory_format=torch.channels_last)
        weight, bias = torch.randn(24, 1, size, size) / size, torch.randn(24)
        outputs, gradients = {}, {}
        for way in ("exact", "plain", "mode"):
            dtype = torch.float64 if way == "exact" else torch.float32
            leaves = [t.to(dtype).bfloat16().to(dtype).requires_grad_() for t in (images, weight, bias)]
            with torch.autocast("cpu", torch.bfloat16, enabled=way != "exact"):
                if way == "mode":
                    with depthwise.faster_backward():
                        outputs[way] = F.conv2d(*leaves, stride, padding, groups=24)
                else:
                    outputs[way] = F.conv2d(*leaves, stride, padding, groups=24)
            outputs[way].backward(pulls[: outputs[way].numel()].reshape(outputs[way].shape).to(outputs[way].dtype))
            gradients[way] = [leaf.grad for leaf in leaves]
        case = (size, stride, padding)
        assert outputs["mode"].dtype == torch.bfloat16, case
        assert torch.equal(outputs["mode"], outputs["plain"]), case
        assert (outputs["mode"] - outputs["exact"]).abs().max() < 0.06, case
        for plain, own, exact in zip(gradients["plain"], gradients["mode"], gradients["exact"], strict=True):
            far = (own - exact).norm() / exact.norm()
            assert far < 0.004, (case, far)
            assert far < 1.5 * (plain - exact).norm() / exact.norm() + 1e-6, case


def test_a_convolution_that_is_not_depthwise_or_needs_no_gradient_is_left_alone(monkeypatch):
    monkeypatch.setattr(depthwise._Depthwise, "apply", lambda *_: pytest.fail("own way to the gradient was taken"))
    images, dense, narrow = torch.randn(2, 8, 9, 9), torch.randn(8, 8, 5, 5), torch.randn(8, 1, 5, 5)
    with torch.autocast("cpu", torch.bfloat16), depthwise.faster_backward():
        assert torch.equal(F.conv2d(images, dense), torch.conv2d(images, dense))
        with torch.no_grad():
            assert F.conv2d(images, narrow, groups=8).shape == (2, 8, 5, 5)
        F.conv2d(images, narrow[..., 1:4, 1:4].contiguous(), groups=8)  # 3 x 3, stride 1: fast as it is


def test_a_whole_backbone_learns_the_same_step_within_bfloat16():
    pytest.importorskip("timm")
    torch.manual_seed(0)
    first = build_model("tf_efficientnet_lite0", num_classes=3, image_size=(64, 64), dropout=0.0).train()
    second, exact = copy.deepcopy(first), copy.deepcopy(first).double()
    images, labels = torch.randn(8, 3, 64, 64), torch.tensor([0, 1, 2, 0, 1, 2, 0, 1])
    losses = []
    for model, given, narrow, quick in (
        (exact, images.double(), False, False),
        (first, images, True, False),
        (second, images, True, True),
    ):
        with torch.autocast("cpu", torch.bfloat16, enabled=narrow):
            if quick:
                with depthwise.faster_backward():
                    logits = model(given)
            else:
                logits = model(given)
        loss = F.cross_entropy(logits.double(), labels)
        loss.backward()
        losses.append(loss.item())
    assert losses[1] == losses[2]
    gradients = [torch.cat([w.grad.double().flatten() for w in m.parameters()]) for m in (exact, first, second)]
    plain, own = ((g - gradients[0]).norm() / gradients[0].norm() for g in gradients[1:])
    assert own < 1.2 * plain + 0.01, (own, plain)
