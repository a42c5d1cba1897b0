"""What a wrong answer costs. Takes logits and labels, yields one number. Knows no model. B batch, K classes."""

from collections.abc import Callable

import numpy as np
import torch
import torch.nn.functional as F

from fashion_core import sampling
from fashion_core.config import Settings

Loss = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]
FOCAL_GAMMA = 2.0


def build_loss(settings: Settings, counts_K: np.ndarray, device: torch.device) -> Loss:
    """The loss that the settings name, as ``loss(logits_BK, labels_B) -> scalar``, a mean over the batch."""
    smoothing = settings.label_smoothing
    log_counts_K = torch.tensor(np.log(counts_K), dtype=torch.float32, device=device)

    def cross_entropy(logits_BK: torch.Tensor, labels_B: torch.Tensor) -> torch.Tensor:
        """-log softmax(z)_y; with smoothing e the target is (1 - e) one-hot + e / K (Szegedy et al., 2016)."""
        return F.cross_entropy(logits_BK, labels_B, label_smoothing=smoothing)

    def weighted(logits_BK: torch.Tensor, labels_B: torch.Tensor) -> torch.Tensor:
        """Cross entropy with class weights N / (K n_y); the mean is over the batch's weights, as torch has it."""
        return F.cross_entropy(logits_BK, labels_B, weight=weights_K, label_smoothing=smoothing)

    def focal(logits_BK: torch.Tensor, labels_B: torch.Tensor) -> torch.Tensor:
        """(1 - p_y)^2 times cross entropy (Lin et al., 2017, "Focal loss for dense object detection", gamma 2)."""
        each_B = F.cross_entropy(logits_BK, labels_B, label_smoothing=smoothing, reduction="none")
        right_B = logits_BK.softmax(1).gather(1, labels_B[:, None])[:, 0]
        return ((1 - right_B) ** FOCAL_GAMMA * each_B).mean()

    def balanced_softmax(logits_BK: torch.Tensor, labels_B: torch.Tensor) -> torch.Tensor:
        """Cross entropy of z + log n (Ren et al., 2020, "Balanced meta-softmax for long-tailed recognition")."""
        return F.cross_entropy(logits_BK + log_counts_K, labels_B, label_smoothing=smoothing)

    def logit_adjusted(logits_BK: torch.Tensor, labels_B: torch.Tensor) -> torch.Tensor:
        """Cross entropy of z + tau log(n / N) (Menon et al., 2021, "Long-tail learning via logit adjustment", tau 1).

        With tau 1 this equals balanced softmax, since softmax ignores the constant -log N; both names are in use.
        """
        return F.cross_entropy(logits_BK + log_counts_K - log_total, labels_B, label_smoothing=smoothing)

    weights_K = torch.tensor(sampling.inverse_frequency_weights(counts_K), dtype=torch.float32, device=device)
    log_total = float(np.log(counts_K.sum()))
    return {
        "cross_entropy": cross_entropy,
        "weighted": weighted,
        "focal": focal,
        "balanced_softmax": balanced_softmax,
        "logit_adjusted": logit_adjusted,
    }[settings.loss]
