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


BUILDERS = {"report_cnn": ReportCNN}


def build_model(name: str, *, num_classes: int, image_size: tuple[int, int], dropout: float) -> ReportCNN:
    """A new network with random weights (torch's default initialisation), channels last in memory."""
    model = BUILDERS[name](num_classes=num_classes, image_size=image_size, dropout=dropout)
    return model.to(memory_format=torch.channels_last)
