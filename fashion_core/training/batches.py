"""The order of an epoch and the photos of a batch. Takes labels, rows and the pixel cache; yields uint8 batches.

Knows no model. N images of a split, B batch, H height, W width, V versions, D features.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch.utils.data import WeightedRandomSampler

from fashion_core.models.input import announce
from fashion_core.settings import sampling
from fashion_core.settings.config import Settings


@dataclass(frozen=True, kw_only=True)
class Batch:
    """Which images a step sees: positions within the split, and how often each came before in this epoch."""

    number: int
    positions_B: np.ndarray
    repeats_B: np.ndarray


def epoch_order(labels_N: np.ndarray, settings: Settings, *, epoch: int, num_classes: int) -> np.ndarray:
    """Positions 0..N-1 in the order in which the epoch shows them, int64 N, from (seed, epoch) alone.

    ``sampler=none`` is a shuffle, every image once; otherwise torch's WeightedRandomSampler with replacement, as the
    report uses it, so that an epoch is as long as the split.
    """
    seed = int(np.random.SeedSequence([settings.seed, epoch]).generate_state(1, np.uint64)[0] >> 1)
    generator = torch.Generator().manual_seed(seed)
    if settings.sampler == "none":
        return torch.randperm(len(labels_N), generator=generator).numpy()
    counts_K = np.bincount(labels_N, minlength=num_classes)
    weights_N = sampling.draw_weights(labels_N, counts_K, settings.sampler)
    sampler = WeightedRandomSampler(
        weights_N.tolist(), num_samples=len(labels_N), replacement=True, generator=generator
    )
    return np.fromiter(sampler, dtype=np.int64, count=len(labels_N))


def batches(order_N: np.ndarray, batch_size: int, first: int = 0) -> Iterator[Batch]:
    """The batches of an epoch from number ``first`` on; the last one may be smaller."""
    repeats_N = occurrences(order_N)
    for number in range(first, -(-len(order_N) // batch_size)):
        part = slice(number * batch_size, (number + 1) * batch_size)
        yield Batch(number=number, positions_B=order_N[part], repeats_B=repeats_N[part])


def occurrences(order_N: np.ndarray) -> np.ndarray:
    """For each place, how often its value stood before it: [7, 3, 7, 7] -> [0, 0, 1, 2]."""
    by_value = np.argsort(order_N, kind="stable")
    ordered = order_N[by_value]
    starts = np.r_[True, ordered[1:] != ordered[:-1]]
    first_of_group = np.maximum.accumulate(np.where(starts, np.arange(len(ordered)), 0))
    counted = np.empty(len(order_N), np.int64)
    counted[by_value] = np.arange(len(ordered)) - first_of_group
    return counted


class Features:
    """Stands in for the photos of a run whose network stands still: hands out features, float32 B x D on a device."""

    resident = False

    def __init__(self, versions_VND: Sequence[np.ndarray], device: torch.device, *, test_flip: bool) -> None:
        self.versions_VND, self.device, self.test_flip = versions_VND, device, test_flip

    def batch(self, rows_B: np.ndarray) -> torch.Tensor:
        """What the network's ``embed`` gives when it judges photos: with ``test_flip`` the mean of both versions."""
        plain_BD = self._version(0, rows_B)
        return (plain_BD + self._version(1, rows_B)) / 2 if self.test_flip else plain_BD

    def drawn(self, rows_B: np.ndarray, flip_B: np.ndarray) -> torch.Tensor:
        """What the network is trained on: each photo as it is, or mirrored where ``flip`` says so."""
        found_BD = self._version(0, rows_B)
        if flip_B.any():
            flipped = torch.from_numpy(np.flatnonzero(flip_B))
            found_BD[flipped.to(self.device)] = self._version(1, rows_B[flip_B.astype(bool)])
        return found_BD

    def _version(self, number: int, rows_B: np.ndarray) -> torch.Tensor:
        kept_ND = self.versions_VND[number]
        announce(kept_ND, rows_B)
        return torch.from_numpy(kept_ND[rows_B]).to(self.device)
