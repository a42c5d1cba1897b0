"""What a batch becomes before the model receives it. Takes photos, settings and rows; yields normalised floats.

A step takes its batches from a BatchSource: photos one batch at a time (``feed``), kept features, or ``Ahead``, which
makes several batches in one go, for a GPU: the same bits on a CPU. Knows no model.
B batch, C channels, H height, W width, N images of a split, M images of several batches.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch

from fashion_core.models.input import Photos, for_model, normalise
from fashion_core.settings import draws, schedules
from fashion_core.settings.config import Settings
from fashion_core.settings.draws import Draw, Mixture
from fashion_core.training import augment
from fashion_core.training.batches import Batch, Features, batches

BYTES_AHEAD = 2**27  # of finished photos, at most, in one go


class BatchSource(Protocol):
    """What the steps of one epoch learn from."""

    @property
    def epoch(self) -> int: ...

    def labels(self, batch: Batch) -> torch.Tensor:
        """The classes of a whole batch, int64 B, on the device. Asked once a batch, before its parts."""

    def part(self, batch: Batch, part: slice) -> tuple[torch.Tensor, Mixture | None]:
        """A part of the batch as the model receives it: photos B x 3 x H x W or features B x D; and how it is mixed."""


@dataclass(frozen=True, kw_only=True)
class Fed:
    """A part of a batch as the model receives it, and how it came to be."""

    images_BCHW: torch.Tensor
    rows_B: np.ndarray  # manifest rows
    drawn: Draw
    mixture: Mixture | None


def feed(
    photos: Photos, settings: Settings, rows_N: np.ndarray, batch: Batch, *, epoch: int, part: slice = slice(None)
) -> Fed:
    """``part`` of a batch: drawn, augmented, mixed, normalised. ``rows_N`` are the manifest rows of the split."""
    rows_B = rows_N[batch.positions_B]
    mixture = draws.mixture(settings, seed=settings.seed, epoch=epoch, batch=batch.number, num=len(rows_B))
    places_B = np.arange(len(rows_B))[part]
    needed_B, own_B, other_B = places_B, np.arange(len(places_B)), None
    if mixture is not None:  # partners may lie outside the part
        needed_B, where_B = np.unique(np.r_[places_B, mixture.partner_B[part]], return_inverse=True)
        own_B, other_B = where_B[: len(places_B)], where_B[len(places_B) :]
    drawn = _drawn(settings, epoch, rows_B[needed_B], batch.repeats_B[needed_B])
    images_BCHW = augment.augment(photos.batch(rows_B[needed_B]), drawn)
    if mixture is not None:
        images_BCHW = augment.mix(images_BCHW[own_B], images_BCHW[other_B], mixture)
        drawn = draws.take(drawn, own_B)
    return Fed(
        images_BCHW=_finished(images_BCHW, settings, epoch),
        rows_B=rows_B[part],
        drawn=drawn,
        mixture=mixture,
    )


@dataclass(frozen=True)
class OneByOne:
    """The batches of an epoch, each made when its step comes. ``rows_N`` and ``labels_N`` are those of the split."""

    photos: Photos
    settings: Settings
    rows_N: np.ndarray
    labels_N: np.ndarray
    epoch: int

    def labels(self, batch: Batch) -> torch.Tensor:
        return _labels(self.labels_N, batch, self.photos.device)

    def part(self, batch: Batch, part: slice) -> tuple[torch.Tensor, Mixture | None]:
        fed = feed(self.photos, self.settings, self.rows_N, batch, epoch=self.epoch, part=part)
        return fed.images_BCHW, fed.mixture


@dataclass(frozen=True)
class OfFeatures:
    """The batches of an epoch as features: those of each photo, or of its mirror image where ``feed`` would have
    mirrored it. Nothing else that ``feed`` does to a photo can be done to features."""

    kept: Features
    settings: Settings
    rows_N: np.ndarray
    labels_N: np.ndarray
    epoch: int

    def labels(self, batch: Batch) -> torch.Tensor:
        return _labels(self.labels_N, batch, self.kept.device)

    def part(self, batch: Batch, part: slice) -> tuple[torch.Tensor, None]:
        rows_B = self.rows_N[batch.positions_B][part]
        drawn = _drawn(self.settings, self.epoch, rows_B, batch.repeats_B[part])
        return self.kept.drawn(rows_B, drawn.flip_B), None


def _labels(labels_N: np.ndarray, batch: Batch, device: torch.device) -> torch.Tensor:
    return torch.from_numpy(labels_N[batch.positions_B]).to(device)


def _drawn(settings: Settings, epoch: int, rows_B: np.ndarray, repeats_B: np.ndarray) -> Draw:
    return draws.draw(settings, seed=settings.seed, epoch=epoch, rows_B=rows_B, repeats_B=repeats_B)


def _finished(images_BCHW: torch.Tensor, settings: Settings, epoch: int) -> torch.Tensor:
    images_BCHW = augment.shrink(images_BCHW, schedules.photo_size(settings, epoch))
    return for_model(normalise(images_BCHW), settings.channels)


def can_be_ahead(settings: Settings, device: torch.device) -> bool:
    """Whether several batches are made in one go: on a GPU, where starting the forty to eighty small operations of each
    takes longer than the operations, and where what an image becomes does not depend on its batch."""
    alone = not settings.mixup and not settings.cutmix and settings.accumulation == 1
    return device.type == "cuda" and alone


class Ahead:
    """The batches of ``alone`` in an order, the same bits, several in one go.

    Blocks begin at the same batches wherever an epoch is entered, so a run that goes on feeds the same bits.
    ``part_of`` names the images of a batch of so many that are this rank's (``Ranks.part``); ``batch_size`` is given
    where it is not that of the settings.
    """

    def __init__(
        self, alone: OneByOne, order_N: np.ndarray, *, part_of: Callable[[int], slice], batch_size: int | None = None
    ) -> None:
        self.alone, self.epoch, self.part_of = alone, alone.epoch, part_of
        batch_size = batch_size or alone.settings.batch_size
        self.batches = list(batches(order_N, batch_size))
        width, height = alone.settings.image_size
        self.length = max(1, BYTES_AHEAD // (batch_size * 3 * width * height * 4))
        self.made: tuple[int, list[tuple[torch.Tensor, torch.Tensor]]] = (-1, [])

    def labels(self, batch: Batch) -> torch.Tensor:
        return self.take(batch)[1]

    def part(self, batch: Batch, part: slice) -> tuple[torch.Tensor, None]:
        return self.take(batch)[0], None  # only this rank's part was made, and it is all of it

    def take(self, batch: Batch) -> tuple[torch.Tensor, torch.Tensor]:
        """Normalised floats B x 3 x H x W of this rank's part of a batch (one image where it has none), and the labels
        of the whole batch, int64."""
        block, place = divmod(batch.number, self.length)
        if block != self.made[0]:
            self.made = (-1, [])  # its memory is there for the next
            self.made = (block, self._make(self.batches[block * self.length : (block + 1) * self.length]))
        return self.made[1][place]

    def _make(self, block: list[Batch]) -> list[tuple[torch.Tensor, torch.Tensor]]:
        parts = [self.part_of(len(one.positions_B)) for one in block]
        parts = [part if part.start < part.stop else slice(0, 1) for part in parts]
        rows_N, labels_N, settings = self.alone.rows_N, self.alone.labels_N, self.alone.settings
        rows_M = np.concatenate([rows_N[one.positions_B[part]] for one, part in zip(block, parts, strict=True)])
        repeats_M = np.concatenate([one.repeats_B[part] for one, part in zip(block, parts, strict=True)])
        drawn = _drawn(settings, self.epoch, rows_M, repeats_M)
        images_MCHW = augment.augment(self.alone.photos.batch(rows_M), drawn)
        images_MCHW = _finished(images_MCHW, settings, self.epoch)
        labels_M = torch.from_numpy(np.concatenate([labels_N[one.positions_B] for one in block]))
        images = images_MCHW.split([part.stop - part.start for part in parts])
        labels = labels_M.to(self.alone.photos.device).split([len(one.positions_B) for one in block])
        return list(zip(images, labels, strict=True))
