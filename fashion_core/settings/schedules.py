"""The learning rate of each step and the photos' size in each epoch, from their numbers alone.

Takes settings and numbers; knows no optimizer. ``plateau`` needs to know how the epochs went: how often the
rate was divided is counted by the trainer (``Plateau``).
"""

import math
from dataclasses import dataclass

from fashion_core.settings.config import FIELDS, Settings
from fashion_core.settings.fields import STAGES

_RISE, _START, _END = 0.3, 25.0, 1e4  # one_cycle: share of the run that rises; first and last rate below the highest
_GROWING = 2 / 3  # start_size: share of the epochs after which photos have their full size
_PATIENCE, _FACTOR, _THRESHOLD = 2, 0.1, 1e-4  # plateau


def learning_rate(settings: Settings, step: int, total_steps: int, drops: int = 0) -> float:
    """The rate of step 0, 1, ... ``total_steps`` - 1.

    cosine: Loshchilov and Hutter (2017), without restarts. one_cycle: Smith and Topin (2018) with cosine arms, as
    torch's OneCycleLR with its defaults has it (the momentum is left alone).
    """
    highest = settings.learning_rate
    if settings.schedule == "cosine":
        return highest * (1 + math.cos(math.pi * step / total_steps)) / 2
    if settings.schedule == "one_cycle":
        first, last = highest / _START, highest / _START / _END
        top = _RISE * total_steps - 1
        if top > 0 and step <= top:
            return _arm(first, highest, step / top)
        return _arm(highest, last, (step - top) / (total_steps - 1 - top))
    if settings.schedule == "plateau":
        return highest * _FACTOR**drops
    return highest


def is_frozen(settings: Settings, epoch: int) -> bool:
    """Whether epoch 1, 2, ... trains the last layer only."""
    return settings.freeze == "features" or epoch <= settings.head_epochs


def takes_features(settings: Settings, epoch: int) -> bool:
    """Whether epoch 1, 2, ... is trained on features that were computed once, not on photos."""
    return settings.pretrained != "none" and is_frozen(settings, epoch)


def unused(settings: Settings) -> tuple[str, ...]:
    """The settings whose work is not seen while features are taken: those that change a photo otherwise than by
    mirroring it."""
    hidden = [stage for stage in STAGES if stage not in ("input", "flip", "draw")]
    acting = [field for stage in hidden for field in FIELDS if field.stage == stage]
    return tuple(field.name for field in acting if getattr(settings, field.name) != field.off)


def rate_at(settings: Settings, step: int, steps_per_epoch: int, drops: int = 0) -> float:
    """The rate of the last layer in step 0, 1, ... of the run. The epochs of ``head_epochs`` and those after them each
    go through the whole schedule."""
    total = settings.epochs * steps_per_epoch
    first = 0 if settings.freeze == "features" else min(settings.head_epochs, settings.epochs) * steps_per_epoch
    if step < first:
        return learning_rate(settings, step, first, drops)
    return learning_rate(settings, step - first, total - first, drops)


def photo_size(settings: Settings, epoch: int) -> tuple[int, int]:
    """Width and height of the photos in epoch 1, 2, ...; multiples of 4, at least 16 or the size itself.

    The share of the size rises in even steps from ``start_size`` in the first epoch to 1 after two thirds of them
    (progressive resizing, as Howard's entry to DAWNBench, 2018, and Tan and Le, 2021, have it).
    """
    growing = math.ceil(settings.epochs * _GROWING)
    if settings.start_size == 1 or epoch > growing:
        return settings.image_size
    share = settings.start_size + (1 - settings.start_size) * (epoch - 1) / growing
    width, height = (min(side, max(16, 4 * round(side * share / 4))) for side in settings.image_size)
    return width, height


def _arm(start: float, end: float, share: float) -> float:
    return end + (start - end) / 2 * (1 + math.cos(math.pi * share))


@dataclass(frozen=True, kw_only=True)
class Plateau:
    """How often the rate was divided by 10, and what decides the next time; torch's ReduceLROnPlateau with patience 2.

    A loss counts as better when it is below the best one by more than a ten-thousandth of it.
    """

    drops: int = 0
    best: float | None = None
    bad_epochs: int = 0

    def after(self, val_loss: float) -> "Plateau":
        """The state after an epoch with this validation loss."""
        if self.best is None or val_loss < self.best * (1 - _THRESHOLD):
            return Plateau(drops=self.drops, best=val_loss)
        if self.bad_epochs + 1 > _PATIENCE:
            return Plateau(drops=self.drops + 1, best=self.best)
        return Plateau(drops=self.drops, best=self.best, bad_epochs=self.bad_epochs + 1)
