"""What chance decides about each image of a batch, from (seed, epoch, image row, repeat) alone.

Takes settings and rows, gives numbers: the same on every machine, device, number of workers and ranks, in any order.
Knows no pixels and no torch. B batch.
"""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from fashion_core.settings.config import Settings

#: What colour jitter changes, in an order that is drawn for each image.
JITTERS = ("brightness", "contrast", "saturation", "hue")
_TRIES = 10  # as torchvision: a rectangle that does not fit is drawn again, ten times at most
_CROP_RATIO = (3 / 4, 4 / 3)
_ERASE_SHARE, _ERASE_RATIO = (0.02, 0.33), (0.3, 3.3)


@dataclass(frozen=True, kw_only=True)
class Draw:
    """What was drawn for each image of a batch. Boxes are top, left, height, width in pixels, int64 B x 4."""

    crop_BX: np.ndarray  # the part of the photo that is kept
    flip_B: np.ndarray  # bool
    angle_B: np.ndarray  # degrees, counter-clockwise, float32
    factors_BS: np.ndarray  # float32; column s is the factor of JITTERS[s]; hue's is a shift, 0.5 is half the wheel
    order_BS: np.ndarray  # int64; order_BS[b, k] is the place in JITTERS of what image b goes through k-th
    erase_BX: np.ndarray  # the rectangle that is erased; height and width 0 where none is


def join(draws: Sequence[Draw]) -> Draw:
    """Several draws as one batch."""
    names = [field.name for field in dataclasses.fields(Draw)]
    return Draw(**{name: np.concatenate([getattr(draw, name) for draw in draws]) for name in names})


def take(drawn: Draw, places: np.ndarray) -> Draw:
    """The draws of some images of a batch."""
    return Draw(**{field.name: getattr(drawn, field.name)[places] for field in dataclasses.fields(Draw)})


def uniforms(seed: int, epoch: int, rows_B: np.ndarray, repeats_B: np.ndarray, num: int, first: int = 0) -> np.ndarray:
    """``num`` numbers in [0, 1) for each image, float64 B x num, from (seed, epoch, row, repeat) alone.

    A counter-based generator: SplitMix64's finaliser (Steele, Lea and Flood, 2014) applied to each part of the key in
    turn, then to a counter that starts at ``first``. No stream and no state, so any batch can be drawn again by itself,
    in any order.
    """
    with np.errstate(over="ignore"):
        key_1 = _mix(np.array([seed], np.uint64) + _GOLDEN)
        key_1 = _mix(key_1 ^ np.uint64(epoch))
        key_B = _mix(key_1 ^ rows_B.astype(np.uint64))
        key_B = _mix(key_B ^ (repeats_B.astype(np.uint64) + np.uint64(1)) * _GOLDEN)
        counter = np.arange(first + 1, first + num + 1, dtype=np.uint64) * _GOLDEN
        bits = _mix(key_B[:, None] + counter[None, :])
    return (bits >> np.uint64(11)).astype(np.float64) * 2.0**-53


_GOLDEN = np.uint64(0x9E3779B97F4A7C15)


def _mix(bits: np.ndarray) -> np.ndarray:
    bits = (bits ^ (bits >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    bits = (bits ^ (bits >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return bits ^ (bits >> np.uint64(31))


def draw(settings: Settings, *, seed: int, epoch: int, rows_B: np.ndarray, repeats_B: np.ndarray | None = None) -> Draw:
    """Draw every augmentation of a batch. ``repeats_B`` counts how often the image was drawn before in this epoch.

    Without the count a photo that a balanced sampler takes six times an epoch would be seen six times alike. Each
    switch has numbers of its own, so that turning one on does not change what the others draw.
    """
    repeats_B = np.zeros(len(rows_B), np.int64) if repeats_B is None else repeats_B
    u = uniforms(seed, epoch, rows_B, repeats_B, 10)
    strengths = np.array([getattr(settings, stage) for stage in JITTERS])
    middles = np.array([1.0, 1.0, 1.0, 0.0])
    spread_BS = 2 * u[:, [2, 3, 4, 8]] - 1
    width, height = settings.image_size
    whole_BX = np.broadcast_to(np.array([0, 0, height, width]), (len(rows_B), 4))
    none_BX = np.zeros((len(rows_B), 4), np.int64)
    crop_BX, erase_BX = whole_BX, none_BX
    if settings.crop_scale < 1:
        u_crop = uniforms(seed, epoch, rows_B, repeats_B, 2 * _TRIES + 2, first=16)
        shares = (settings.crop_scale, 1.0)
        crop_BX = _rectangles(u_crop, shares, _CROP_RATIO, (width, height), smaller=False, otherwise_BX=whole_BX)
    if settings.erasing:
        u_erase = uniforms(seed, epoch, rows_B, repeats_B, 2 * _TRIES + 3, first=64)
        found_BX = _rectangles(u_erase, _ERASE_SHARE, _ERASE_RATIO, (width, height), smaller=True, otherwise_BX=none_BX)
        erase_BX = np.where((u_erase[:, -1] < settings.erasing)[:, None], found_BX, 0)
    return Draw(
        crop_BX=crop_BX,
        flip_B=u[:, 0] < settings.flip,
        angle_B=((2 * u[:, 1] - 1) * settings.rotation_degrees).astype(np.float32),
        factors_BS=(middles + spread_BS * strengths).astype(np.float32),
        order_BS=np.argsort(u[:, [5, 6, 7, 9]], axis=1),
        erase_BX=erase_BX,
    )


def _rectangles(
    u: np.ndarray,
    shares: tuple[float, float],
    ratios: tuple[float, float],
    size: tuple[int, int],
    *,
    smaller: bool,
    otherwise_BX: np.ndarray,
) -> np.ndarray:
    """A rectangle for each image: its share of the area even, its shape log-even, its place even, int64 B x 4.

    The first of ten tries that fits counts, as in torchvision's RandomResizedCrop and RandomErasing (``smaller``: it
    must be smaller than the photo on both sides); ``otherwise_BX`` where none does. ``ratios`` are width to height for
    crops and height to width for erasing, as there.
    """
    width, height = size
    area_BT = width * height * (shares[0] + u[:, :_TRIES] * (shares[1] - shares[0]))
    low, high = np.log(ratios)
    ratio_BT = np.exp(low + u[:, _TRIES : 2 * _TRIES] * (high - low))
    long_BT, short_BT = np.rint(np.sqrt(area_BT * ratio_BT)), np.rint(np.sqrt(area_BT / ratio_BT))
    h_BT, w_BT = (long_BT, short_BT) if smaller else (short_BT, long_BT)
    fits_BT = (w_BT < width) & (h_BT < height) if smaller else (w_BT <= width) & (h_BT <= height)
    fits_BT &= (w_BT > 0) & (h_BT > 0)
    first_B1 = fits_BT.argmax(axis=1)[:, None]
    h_B, w_B = (np.take_along_axis(side, first_B1, axis=1)[:, 0].astype(np.int64) for side in (h_BT, w_BT))
    top_B = (u[:, 2 * _TRIES] * (height - h_B + 1)).astype(np.int64)
    left_B = (u[:, 2 * _TRIES + 1] * (width - w_B + 1)).astype(np.int64)
    return np.where(fits_BT.any(axis=1)[:, None], np.stack([top_B, left_B, h_B, w_B], axis=1), otherwise_BX)


@dataclass(frozen=True, kw_only=True)
class Mixture:
    """How a batch is mixed with a shuffled copy of itself: MixUp where ``box`` is None, else CutMix inside ``box``.

    ``weight`` is the share of an image's own label; ``box`` is top, bottom, left, right in pixels.
    """

    partner_B: np.ndarray  # int64, places in the batch
    weight: float
    box: tuple[int, int, int, int] | None = None


def mixture(settings: Settings, *, seed: int, epoch: int, batch: int, num: int) -> Mixture | None:
    """MixUp (Zhang et al., 2018) or CutMix (Yun et al., 2019) of a batch of ``num`` images; None when both are off."""
    alpha = settings.mixup or settings.cutmix
    if not alpha:
        return None
    generator = np.random.default_rng([seed, epoch, batch, 1])
    weight, partner_B = float(generator.beta(alpha, alpha)), generator.permutation(num)
    if settings.mixup:
        return Mixture(partner_B=partner_B, weight=weight)
    width, height = settings.image_size
    side = np.sqrt(1 - weight)
    x, y = generator.integers(width), generator.integers(height)
    left, right = np.clip([x - int(width * side) // 2, x + int(width * side) // 2], 0, width).tolist()
    top, bottom = np.clip([y - int(height * side) // 2, y + int(height * side) // 2], 0, height).tolist()
    kept = 1 - (right - left) * (bottom - top) / (width * height)
    return Mixture(partner_B=partner_B, weight=kept, box=(top, bottom, left, right))
