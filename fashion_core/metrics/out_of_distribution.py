"""Is a photo unlike all that a model learnt from? Takes photos as the model receives them and its logits; numpy only.

Two things are asked. How a photo looks, whoever looks at it: brightness, contrast, colour, how fine its detail is, what
its border is like; far from the training photos it is a picture of another kind (noise, a cut-out, a blank sheet). And
the energy of the model's logits (Liu et al. 2020, "Energy-based out-of-distribution detection"): how little of any
class the model sees. Both are put on one scale by the validation photos, which also set the limit: one photo in twenty
of them lies above it, at most. LOG: unlike-training.

N, R photos, F measures of a look, K classes, H height, W width.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from fashion_core.errors import RunError

NEIGHBOUR = 5
KNOWN_SHARE = 0.95  # of validation photos at least, that the limit lets pass
LEAST_FITTED = 20  # fewer have no 95th percentile
MOST_REFERENCE = 1000  # training photos that a photo is held beside
MOST_FITTED = 6000
LEAST_DEVIATION = 0.01  # where all photos are grey, a trace of colour is not infinitely far
_CHUNK = 64


@dataclass(frozen=True, kw_only=True, eq=False)
class Scale:
    """Brings a measure to one scale: 0 up to the median of the validation photos, 1 at their 95th percentile."""

    middle: float
    high: float

    @classmethod
    def of(cls, values_N: np.ndarray) -> "Scale":
        return cls(middle=float(np.median(values_N)), high=float(np.quantile(values_N, KNOWN_SHARE)))

    def __call__(self, values_N: np.ndarray) -> np.ndarray:
        return np.maximum(values_N - self.middle, 0) / max(self.high - self.middle, 1e-6)


@dataclass(frozen=True, kw_only=True, eq=False)
class Reference:
    """What counts as unlike: a score above ``limit``. ``looks_RF``: those of training photos. ``num_fitted`` validation
    photos set the scales and the limit."""

    looks_RF: np.ndarray
    of_look: Scale
    of_energy: Scale
    limit: float
    num_fitted: int

    def scores(self, looks_NF: np.ndarray, energies_N: np.ndarray) -> np.ndarray:
        """float64 N, 0 as like the training photos as can be."""
        return self.of_look(_distances(self.looks_RF, looks_NF)) ** 2 + self.of_energy(energies_N) ** 2

    def scores_of(self, photos_NHW3: np.ndarray, energies_N: np.ndarray) -> np.ndarray:
        """``scores`` of uint8 photos in the size that the model receives."""
        return self.scores(looks_of(photos_NHW3), energies_N)

    def is_unlike(self, photos_NHW3: np.ndarray, energies_N: np.ndarray) -> np.ndarray:
        """bool N. What cannot be told is unlike."""
        return ~(self.scores_of(photos_NHW3, energies_N) <= self.limit)

    def arrays(self) -> tuple[np.ndarray, np.ndarray]:
        """Everything of it, for a file; ``from_arrays`` takes it."""
        scales = [self.of_look.middle, self.of_look.high, self.of_energy.middle, self.of_energy.high]
        return self.looks_RF, np.array([*scales, self.limit, self.num_fitted], np.float64)

    @classmethod
    def from_arrays(cls, looks: np.ndarray, scales: np.ndarray) -> "Reference":
        """ValueError for what ``arrays`` did not make."""
        if looks.ndim != 2 or len(looks) < NEIGHBOUR or scales.shape != (6,) or not np.isfinite(scales).all():
            raise ValueError("these are no looks with their limit")
        look, energy = Scale(middle=scales[0], high=scales[1]), Scale(middle=scales[2], high=scales[3])
        return cls(looks_RF=looks, of_look=look, of_energy=energy, limit=float(scales[4]), num_fitted=int(scales[5]))


def energies(logits_NK: np.ndarray) -> np.ndarray:
    """Minus the log of the sum of the exponentials of a photo's logits, float64 N: high where no class stands out."""
    logits_NK = logits_NK.astype(np.float64)
    most_N1 = logits_NK.max(axis=1, keepdims=True)
    return -(most_N1[:, 0] + np.log(np.exp(logits_NK - most_N1).sum(axis=1)))


def check_enough(num_train: int, num_val: int) -> None:
    """RunError when there are too few photos for the fifth neighbour or for a 95th percentile."""
    if num_train < NEIGHBOUR or num_val < LEAST_FITTED:
        raise RunError(
            f"what is unlike training cannot be told from {num_train:,} training and {num_val:,} validation "
            f"photos; it takes {NEIGHBOUR} and {LEAST_FITTED}"
        )


def fit(train_RF: np.ndarray, val_NF: np.ndarray, val_energies_N: np.ndarray) -> Reference:
    """Scales and limit from the looks of training photos and the looks and energies of validation photos."""
    check_enough(len(train_RF), len(val_NF))
    if not np.isfinite(val_energies_N).all():
        raise RunError("the model gives what is no number for validation photos; train a new run")
    of_look, of_energy = Scale.of(_distances(train_RF, val_NF)), Scale.of(val_energies_N)
    unlimited = Reference(looks_RF=train_RF, of_look=of_look, of_energy=of_energy, limit=np.inf, num_fitted=len(val_NF))
    ordered_N = np.sort(unlimited.scores(val_NF, val_energies_N))
    limit = float(ordered_N[int(np.ceil(KNOWN_SHARE * len(ordered_N))) - 1])  # not between two: 5 % is the most
    return Reference(looks_RF=train_RF, of_look=of_look, of_energy=of_energy, limit=limit, num_fitted=len(val_NF))


def some(rows_N: np.ndarray, most: int) -> np.ndarray:
    """At most so many of the rows, drawn, in their order: photos stand class by class, and the first are not like the
    rest."""
    return rows_N if len(rows_N) <= most else rows_N[np.sort(np.random.default_rng(0).permutation(len(rows_N))[:most])]


def looks_of(photos_NHW3: np.ndarray) -> np.ndarray:
    """How each photo looks, float32 N x F, of uint8 photos of one size."""
    chunks = (photos_NHW3[start : start + _CHUNK] for start in range(0, len(photos_NHW3), _CHUNK))
    return np.concatenate([np.stack(list(_measures(chunk)), axis=1) for chunk in chunks]).astype(np.float32)


def _measures(photos_BHW3: np.ndarray) -> Iterator[np.ndarray]:
    """The F measures of B photos. Logarithms, because detail twice as fine matters as much in a calm photo as in a
    busy one."""
    colour = np.asarray(photos_BHW3, np.float32) / 255
    grey = colour @ np.array([0.299, 0.587, 0.114], np.float32)
    flat = grey.reshape(len(grey), -1)
    yield from (flat.mean(axis=1), flat.std(axis=1), *np.quantile(flat, [0.05, 0.5, 0.95], axis=1))
    yield from ((flat < 0.02).mean(axis=1), (flat > 0.98).mean(axis=1))
    saturation = colour.max(axis=3) - colour.min(axis=3)
    means_B3 = colour.mean(axis=(1, 2))
    yield from (np.sqrt(saturation.mean(axis=(1, 2))), saturation.std(axis=(1, 2)))
    yield from (means_B3[:, 0] - means_B3[:, 1], means_B3[:, 2] - means_B3[:, 1])
    yield _log(_step(colour - colour.mean(axis=3, keepdims=True), 2).mean(axis=-1), 1e-3)
    for pixels in (1, 2, 4):
        coarse = _coarser(grey, pixels)
        yield from (_log(_step(coarse, axis), 1e-3) for axis in (1, 2))
    rims = np.abs(
        4 * grey[:, 1:-1, 1:-1] - grey[:, :-2, 1:-1] - grey[:, 2:, 1:-1] - grey[:, 1:-1, :-2] - grey[:, 1:-1, 2:]
    ).reshape(len(grey), -1)
    yield _log(rims.mean(axis=1), 1e-3)
    yield from (_log(share, 2e-3) for share in np.quantile(rims, [0.25, 0.5, 0.9], axis=1))
    wide = max(1, grey.shape[1] // 16)
    sides = (grey[:, :wide], grey[:, -wide:], grey[:, :, :wide], grey[:, :, -wide:])
    border = np.concatenate([side.reshape(len(grey), -1) for side in sides], axis=1)
    yield from (border.mean(axis=1), _log(border.std(axis=1), 1e-2))


def _step(values: np.ndarray, axis: int) -> np.ndarray:
    """How much two pixels beside each other differ along an axis, the mean of each photo (and channel)."""
    return np.abs(np.diff(values, axis=axis)).mean(axis=(1, 2))


def _log(values: np.ndarray, least: float) -> np.ndarray:
    return np.log(values + least)


def _coarser(grey_BHW: np.ndarray, pixels: int) -> np.ndarray:
    """Squares of so many pixels a side as one; of photos too small for two such squares the photo itself."""
    count, height, width = grey_BHW.shape
    if min(height, width) < 2 * pixels:
        return grey_BHW
    whole = grey_BHW[:, : height // pixels * pixels, : width // pixels * pixels]
    return whole.reshape(count, height // pixels, pixels, width // pixels, pixels).mean(axis=(2, 4))


def _distances(looks_RF: np.ndarray, looks_NF: np.ndarray) -> np.ndarray:
    """How far each look is from the fifth nearest training photo, each measure in its standard deviations; float64."""
    middle_F = looks_RF.mean(axis=0)
    deviation_F = np.maximum(looks_RF.std(axis=0), LEAST_DEVIATION)
    train_RF = (looks_RF - middle_F).astype(np.float64) / deviation_F
    asked_NF = (looks_NF - middle_F).astype(np.float64) / deviation_F
    found_N = np.empty(len(asked_NF))
    for start in range(0, len(asked_NF), _CHUNK):
        asked_BF = asked_NF[start : start + _CHUNK]
        squares_BR = (asked_BF**2).sum(axis=1)[:, None] + (train_RF**2).sum(axis=1) - 2 * asked_BF @ train_RF.T
        squares_BR.partition(NEIGHBOUR - 1, axis=1)
        found_N[start : start + _CHUNK] = np.sqrt(np.maximum(squares_BR[:, NEIGHBOUR - 1], 0))
    return found_N
