"""The networks. Each has two ends of one path, ``forward = head(embed(x))``, so that scores and maps cannot disagree.

Takes normalised floats, yields logits; knows no files and no training.
B batch, C channels, H height, W width, D features, K classes.
"""

import torch
from torch import nn

NUM_FEATURES = 256


class ReportCNN(nn.Module):
    """The student report's network: 3 x 3 convolutions 32, 64, 128, each with ReLU and max-pool; then dense 256.

    Pooling comes before the ReLU: both are monotone, so the function is the same, and the ReLU touches a quarter of the
    values (1.1 x on two cores, PERFORMANCE). Dropout stands at the head's start, so ``embed`` has none.
    """

    def __init__(self, *, num_classes: int, image_size: tuple[int, int], dropout: float) -> None:
        super().__init__()
        width, height = image_size
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
        self.dense = nn.Linear(128 * (height // 8) * (width // 8), NUM_FEATURES)
        self.dropout = nn.Dropout(dropout)
        self.output = nn.Linear(NUM_FEATURES, num_classes)

    def embed(self, images_BCHW: torch.Tensor) -> torch.Tensor:
        """Features after the dense layer's ReLU, float B x 256."""
        return torch.relu(self.dense(self.convolutions(images_BCHW).flatten(1)))

    def head(self, features_BD: torch.Tensor) -> torch.Tensor:
        """Logits, float B x K."""
        return self.output(self.dropout(features_BD))

    def forward(self, images_BCHW: torch.Tensor) -> torch.Tensor:
        return self.head(self.embed(images_BCHW))


class ResNet(nn.Module):
    """A torchvision ResNet (He et al., 2016) with random weights: ``embed`` ends after the global average pooling."""

    def __init__(self, *, name: str, num_classes: int, dropout: float) -> None:
        super().__init__()
        from torchvision.models import get_model  # two seconds that the report's network does not need

        self.trunk = get_model(name, weights=None)
        self.num_features = self.trunk.fc.in_features
        self.trunk.fc = nn.Identity()
        self.dropout = nn.Dropout(dropout)
        self.output = nn.Linear(self.num_features, num_classes)

    def embed(self, images_BCHW: torch.Tensor) -> torch.Tensor:
        """Features after the pooling, float B x 512 (resnet18) or B x 2048."""
        return self.trunk(images_BCHW)

    def head(self, features_BD: torch.Tensor) -> torch.Tensor:
        """Logits, float B x K."""
        return self.output(self.dropout(features_BD))

    def forward(self, images_BCHW: torch.Tensor) -> torch.Tensor:
        return self.head(self.embed(images_BCHW))


Network = ReportCNN | ResNet


def build_model(name: str, *, num_classes: int, image_size: tuple[int, int], dropout: float) -> Network:
    """A new network with random weights (the library's default initialisation), channels last in memory."""
    model: Network
    if name == "report_cnn":
        model = ReportCNN(num_classes=num_classes, image_size=image_size, dropout=dropout)
    else:
        model = ResNet(name=name, num_classes=num_classes, dropout=dropout)
    return model.to(memory_format=torch.channels_last)


def freeze_features(model: Network) -> None:
    """Only the last layer learns from now on."""
    model.requires_grad_(False)
    model.output.requires_grad_(True)


def set_training(model: Network, freeze: str) -> None:
    """Training mode; with ``freeze`` features the part that stands still keeps its running means too."""
    model.train(freeze == "none")
    model.dropout.train()
