"""The networks. Each has two ends of one path, ``forward = head(embed(x))``, so that scores and maps cannot disagree.

Takes normalised floats, yields logits; knows no files and no training.
B batch, C channels, H height, W width, D features, K classes.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
import torch.nn.functional as F
from torch import nn

from fashion_core.settings import pretrained

_NUM_FEATURES = 256


@dataclass(frozen=True, kw_only=True)
class Design:
    """What a network is built for; each takes of it what it needs. ``rescale`` as in Backbone; ``channels`` come in."""

    num_classes: int
    image_size: tuple[int, int]
    dropout: float
    width: int = 64
    test_flip: bool = False
    rescale: bool = False
    channels: str = "RGB"


class Network(nn.Module):
    """What every network here has: ``features`` of its own; dropout and a linear layer make logits of them.

    With ``test_flip`` the features of a photo that is judged are the mean over the photo and its mirror image; what
    follows is linear, so its logits are the mean too. In training mode nothing is mirrored here.
    """

    num_features: int
    last_map: nn.Module  # the last layer that still knows where things are
    dropout: nn.Dropout
    output: nn.Linear
    test_flip = False

    def add_head(self, num_features: int, design: Design) -> None:
        """Last of all, because the order in which layers are made decides their first weights."""
        self.num_features = num_features
        self.dropout = nn.Dropout(design.dropout)
        self.output = nn.Linear(num_features, design.num_classes)
        self.test_flip = design.test_flip

    def features(self, images_BCHW: torch.Tensor) -> torch.Tensor:
        """What stands before the last layer, float B x D, of the photos as they are."""
        raise NotImplementedError

    def embed(self, images_BCHW: torch.Tensor) -> torch.Tensor:
        """Features, float B x D."""
        features_BD = self.features(images_BCHW)
        if self.test_flip and not self.training:
            features_BD = (features_BD + self.features(images_BCHW.flip(3))) / 2
        return features_BD

    def head(self, features_BD: torch.Tensor) -> torch.Tensor:
        """Logits, float B x K. Dropout stands at the head's start, so ``embed`` has none."""
        return self.output(self.dropout(features_BD))

    def forward(self, given: torch.Tensor) -> torch.Tensor:
        """Logits, float B x K, of photos B x 3 x H x W, or of features B x D that were computed before."""
        return self.head(given if given.ndim == 2 else self.embed(given))


class ReportCNN(Network):
    """The student report's network: 3 x 3 convolutions 32, 64, 128, each with ReLU and max-pool; then dense 256.

    Pooling comes before the ReLU: both are monotone, so the function is the same, and the ReLU touches a quarter of the
    values (1.1 x on two cores, PERFORMANCE).
    """

    def __init__(self, design: Design) -> None:
        super().__init__()
        width, height = design.image_size
        self.convolutions = nn.Sequential(
            nn.Conv2d(3, 32, 3, padding=1),
            nn.MaxPool2d(2),
            nn.ReLU(inplace=True),
            nn.Conv2d(32, 64, 3, padding=1),
            nn.MaxPool2d(2),
            nn.ReLU(inplace=True),
            nn.Conv2d(64, 128, 3, padding=1),
            nn.MaxPool2d(2),
            nn.ReLU(inplace=True),
        )
        self.dense = nn.Linear(128 * (height // 8) * (width // 8), _NUM_FEATURES)
        self.add_head(_NUM_FEATURES, design)

    @property
    def last_map(self) -> nn.Module:  # type: ignore[override]
        return self.convolutions[6]

    def features(self, images_BCHW: torch.Tensor) -> torch.Tensor:
        """Features after the dense layer's ReLU, float B x 256."""
        return torch.relu(self.dense(self.convolutions(images_BCHW).flatten(1)))


class Backbone(Network):
    """A network of torchvision or timm with random weights: ``features`` end after its global pooling.

    With ``rescale`` what comes in, (x - 0.5) / 0.5 of the photo as everywhere here, is brought to the mean and
    deviation that the network's ImageNet weights expect, each colour to its own, also where the channels come in as
    BGR. That happens in here, so that whatever calls the network feeds it the same.
    """

    rescaling = False
    scale_1C11: torch.Tensor
    shift_1C11: torch.Tensor

    def __init__(self, name: str, design: Design) -> None:
        super().__init__()
        self.about = pretrained.BACKBONES[name]
        pretrained.require_library(name)
        if self.about.library == "timm":
            import timm

            trunk: Any = timm.create_model(name, pretrained=False, num_classes=0)
            num_features = trunk.head_hidden_size
        else:
            from torchvision.models import get_model  # two seconds that the report's network does not need

            trunk = get_model(name, weights=None)
            num_features = trunk.fc.in_features
            trunk.fc = nn.Identity()
        self.trunk: nn.Module = trunk
        if design.rescale and (self.about.mean, self.about.std) != ((0.5, 0.5, 0.5), (0.5, 0.5, 0.5)):
            colours = slice(None, None, -1 if design.channels == "BGR" else 1)
            mean_1C11, std_1C11 = (
                torch.tensor(of_rgb[colours]).reshape(1, 3, 1, 1) for of_rgb in (self.about.mean, self.about.std)
            )
            self.rescaling = True
            self.register_buffer("scale_1C11", 0.5 / std_1C11, persistent=False)
            self.register_buffer("shift_1C11", (0.5 - mean_1C11) / std_1C11, persistent=False)
        self.add_head(num_features, design)

    @property
    def last_map(self) -> nn.Module:  # type: ignore[override]
        return getattr(self.trunk, self.about.last_map)

    def features(self, images_BCHW: torch.Tensor) -> torch.Tensor:
        """Features after the pooling, float B x 512 (resnet18), B x 1280 (an EfficientNet-Lite), ..."""
        if self.rescaling:
            images_BCHW = images_BCHW * self.scale_1C11 + self.shift_1C11
        return self.trunk(images_BCHW)


class _Stage(nn.Module):
    """3 x 3 convolution, max-pool, norm, ReLU; then two more 3 x 3 convolutions around which the signal may pass."""

    def __init__(self, before: int, after: int) -> None:
        super().__init__()
        self.widen = nn.Conv2d(before, after, 3, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(after)
        self.first, self.first_norm = nn.Conv2d(after, after, 3, padding=1, bias=False), nn.BatchNorm2d(after)
        self.second, self.second_norm = nn.Conv2d(after, after, 3, padding=1, bias=False), nn.BatchNorm2d(after)

    def forward(self, maps_BCHW: torch.Tensor) -> torch.Tensor:
        maps_BCHW = F.relu(self.norm(F.max_pool2d(self.widen(maps_BCHW), 2)), inplace=True)
        inner_BCHW = F.relu(self.first_norm(self.first(maps_BCHW)), inplace=True)
        return F.relu(maps_BCHW + self.second_norm(self.second(inner_BCHW)), inplace=True)


class StrongCNN(Network):
    """A small residual network for any photo size: a stem, stages that halve the map and widen it, global max-pool.

    The stem is a convolution of 4 x 4 with stride 2 for photos of more than 48 pixels, otherwise of 3 x 3 with stride
    1. Stages go on until the map is 3 to 6 pixels; their channels are width, 2 width, 4 width, 4 width, ...
    """

    def __init__(self, design: Design) -> None:
        super().__init__()
        width, side = design.width, min(design.image_size)
        stem = max(width // 2, 16)
        if side > 48:
            self.stem = nn.Conv2d(3, stem, 4, stride=2, padding=1, bias=False)
            side //= 2
        else:
            self.stem = nn.Conv2d(3, stem, 3, padding=1, bias=False)
        self.stem_norm = nn.BatchNorm2d(stem)
        stages: list[nn.Module] = []
        before, after = stem, width
        while side >= 7:
            stages.append(_Stage(before, after))
            before, after, side = after, min(2 * after, 4 * width), side // 2
        self.stages = nn.Sequential(*stages)
        self.add_head(before, design)

    @property
    def last_map(self) -> nn.Module:  # type: ignore[override]
        return self.stages[-1]

    def features(self, images_BCHW: torch.Tensor) -> torch.Tensor:
        """The largest value of each channel of the last map, float B x (4 width); of 16 pixels B x (2 width)."""
        maps_BCHW = F.relu(self.stem_norm(self.stem(images_BCHW)), inplace=True)
        return self.stages(maps_BCHW).amax((2, 3))


NETWORKS: dict[str, Callable[[Design], Network]] = {
    "report_cnn": ReportCNN,
    "strong_cnn": StrongCNN,
    **{name: partial(Backbone, name) for name in pretrained.BACKBONES},
}


def build_model(name: str, design: Design) -> Network:
    """A new network with random weights (the library's default initialisation), channels last in memory."""
    return NETWORKS[name](design).to(memory_format=torch.channels_last)


@contextmanager
def running_statistics(model: Network, now: bool) -> Iterator[None]:
    """Batch norm takes its running mean and deviation meanwhile, and leaves them as they are, if it is ``now``."""
    norms = [one for one in model.modules() if isinstance(one, nn.BatchNorm2d) and one.training] if now else []
    for one in norms:
        one.eval()
    try:
        yield
    finally:
        for one in norms:
            one.train()


def set_training(model: Network, frozen: bool) -> None:
    """Training mode; the part that stands still keeps its running means too."""
    model.train(not frozen)
    model.dropout.train()
