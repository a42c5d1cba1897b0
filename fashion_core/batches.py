"""The order of an epoch and the photos of a batch. Takes labels, rows and the pixel cache; yields uint8 batches.

Knows no model. N images of a split, B batch, H height, W width, V versions, D features.
"""

import mmap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch.utils.data import WeightedRandomSampler

from fashion_core import sampling
from fashion_core.config import Settings


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


class Photos:
    """The photos of a dataset as uint8 rows, handed out in batches on a device.

    On a GPU that has room for them all rows are copied there once; otherwise each batch is gathered from the map.
    """

    def __init__(self, pixels_NHWC: np.ndarray, device: torch.device, *, resident: bool | None = None) -> None:
        self.pixels_NHWC = pixels_NHWC
        self.device = device
        self.resident = fits_on(device, pixels_NHWC.nbytes) if resident is None else resident
        self._on_device = torch.from_numpy(np.array(pixels_NHWC)).to(device) if self.resident else None

    def batch(self, rows_B: np.ndarray) -> torch.Tensor:
        """uint8 B x H x W x 3 on the device; ``rows_B`` are manifest rows."""
        if self._on_device is not None:
            return self._on_device[torch.from_numpy(rows_B).to(self.device)]
        announce(self.pixels_NHWC, rows_B)
        return torch.from_numpy(self.pixels_NHWC[rows_B]).to(self.device)


class Features:
    """Stands in for the photos of a run whose network stands still: hands out features, float32 B x D on a device."""

    resident = False

    def __init__(self, versions_VND: Sequence[np.ndarray], device: torch.device, *, test_flip: bool) -> None:
        self.versions_VND, self.device, self.test_flip = versions_VND, device, test_flip

    @property
    def num_versions(self) -> int:
        return len(self.versions_VND)

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


def announce(pixels_NHWC: np.ndarray, rows_B: np.ndarray) -> None:
    """Tell the kernel which rows of a memory map are about to be read, so that it fetches them side by side.

    From a cold disk 7.6 ms an image became 0.1 (random rows of 106,166; LOG: cold-memory-map); in memory already, it
    costs 0.02 ms a batch.
    """
    mapped = getattr(pixels_NHWC, "_mmap", None)
    if mapped is None or not hasattr(mapped, "madvise") or not hasattr(mmap, "MADV_WILLNEED"):
        return
    row_bytes = pixels_NHWC[0].nbytes
    first = pixels_NHWC.offset % mmap.ALLOCATIONGRANULARITY  # type: ignore[attr-defined]
    for row in rows_B.tolist():
        start = first + row * row_bytes
        aligned = start - start % mmap.PAGESIZE
        mapped.madvise(mmap.MADV_WILLNEED, aligned, start + row_bytes - aligned)


def fits_on(device: torch.device, num_bytes: int) -> bool:
    """Whether a CUDA device has room for the photos in half of its free memory; never true for the CPU itself."""
    return device.type == "cuda" and num_bytes < torch.cuda.mem_get_info(device)[0] / 2
