"""What a wrong answer costs. Takes logits and labels, yields one number an image. Knows no model.

B batch, K classes.
"""

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F

from fashion_core.settings import sampling
from fashion_core.settings.config import Settings

FOCAL_GAMMA = 2.0


@dataclass(frozen=True, kw_only=True)
class Loss:
    """A loss as the two halves of a mean, so that a batch can be computed in parts and on several devices.

    The loss of a batch is ``each(logits, labels).sum() / weight(labels)`` over all its images.
    """

    name: str
    smoothing: float
    shift_K: torch.Tensor | None = None  # added to the logits
    weights_K: torch.Tensor | None = None

    def each(self, logits_BK: torch.Tensor, labels_B: torch.Tensor) -> torch.Tensor:
        """What each image costs, float B; with smoothing e the target is (1 - e) one-hot + e / K (Szegedy, 2016)."""
        if self.shift_K is not None:
            logits_BK = logits_BK + self.shift_K
        each_B = F.cross_entropy(
            logits_BK, labels_B, weight=self.weights_K, label_smoothing=self.smoothing, reduction="none"
        )
        if self.name == "focal":
            right_B = logits_BK.softmax(1).gather(1, labels_B[:, None])[:, 0]
            each_B = (1 - right_B) ** FOCAL_GAMMA * each_B
        return each_B

    def weight(self, labels_B: torch.Tensor) -> torch.Tensor | int:
        """What the sum over these images is divided by: their number, or the sum of their class weights."""
        return len(labels_B) if self.weights_K is None else self.weights_K[labels_B].sum()

    def __call__(self, logits_BK: torch.Tensor, labels_B: torch.Tensor) -> torch.Tensor:
        """The mean over the batch."""
        return self.each(logits_BK, labels_B).sum() / self.weight(labels_B)


def build_loss(settings: Settings, counts_K: np.ndarray, device: torch.device) -> Loss:
    """The loss that the settings name; n_y is the number of training photos of class y, N of all, p softmax.

    cross_entropy: -log p_y. weighted: the same with class weights N / (K n_y), the mean over the batch's weights as
    torch has it. focal: (1 - p_y)^2 times cross entropy (Lin et al., 2017, gamma 2). balanced_softmax: cross entropy of
    z + log n (Ren et al., 2020). logit_adjusted: cross entropy of z + tau log(n / N) (Menon et al., 2021, tau 1); with
    tau 1 this equals balanced softmax, since softmax ignores the constant -log N; both names are in use.
    """

    def on_device(values_K: np.ndarray) -> torch.Tensor:
        return torch.tensor(values_K, dtype=torch.float32, device=device)

    name = settings.loss
    shift_K = weights_K = None
    if name == "balanced_softmax":
        shift_K = on_device(np.log(counts_K))
    elif name == "logit_adjusted":
        shift_K = on_device(np.log(counts_K / counts_K.sum()))
    elif name == "weighted":
        weights_K = on_device(sampling.inverse_frequency_weights(counts_K))
    return Loss(name=name, smoothing=settings.label_smoothing, shift_K=shift_K, weights_K=weights_K)
