"""Whether two pictures are one pixel for pixel, at the size that their files have: lighter, or saved as JPEG again.

A pixel cache holds small photos drawn out; that is undone here. Takes blocks of a cache, uint8 B x S x S x 3; gives how
far two pictures part in steps of a JPEG file. Knows nothing of files or datasets.
"""

import io
from functools import cache

import numpy as np
from PIL import Image

# B pictures, h and w their height and width, S the side of the cache
QUALITY_STEPS = 1.25  # times the tables below: quality 40; a file of better quality has finer steps
BRIGHTNESS = np.array(
    [
        [16, 11, 10, 16, 24, 40, 51, 61],
        [12, 12, 14, 19, 26, 58, 60, 55],
        [14, 13, 16, 24, 40, 57, 69, 56],
        [14, 17, 22, 29, 51, 87, 80, 62],
        [18, 22, 37, 56, 68, 109, 103, 77],
        [24, 35, 55, 64, 81, 104, 113, 92],
        [49, 64, 78, 87, 103, 121, 120, 101],
        [72, 92, 95, 98, 112, 100, 103, 99],
    ],
    np.float32,
)  # ITU-T T.81, table K.1
COLOUR = np.full((8, 8), 99, np.float32)  # K.2
COLOUR[:4, :4] = [[17, 18, 24, 47], [18, 21, 26, 66], [24, 26, 56, 99], [47, 66, 99, 99]]
_YCC = np.array([[0.299, 0.587, 0.114], [-0.168736, -0.331264, 0.5], [0.5, -0.418688, -0.081312]], np.float32)
_COSINES = np.cos((2 * np.arange(8)[None] + 1) * np.arange(8)[:, None] * np.pi / 16).astype(np.float32) / 2
_COSINES[0] /= np.sqrt(2, dtype=np.float32)
CROPPED = 0.88  # of width and height is left at least
GAIN = 1.25  # light may differ by so much
# Limits of ``coincide``, in steps: all blocks, the one that differs most, and that in shares of the fourth from the
# end, for a print of a few pixels differs at one place only. Chosen on Fashion-MNIST (28 x 28), where copies of 1,500
# photos were made and all pairs found were looked at (LOG).
STEPS, WORST, COLOURS, LOCAL = 0.20, 0.45, 0.15, (4.0, 0.15)
# And how many levels of hue may part over 5 x 5 pixels, more for each step of that block: the next shade of a lipstick
# keeps every detail. Chosen on the catalogue sample (60 x 80): light changed by a tenth leaves 1, files of one photo
# there 3 to 8.
HUE, HUE_OF_STEPS = 4.0, 22.0
STEPS_RESIZED, FILTERS = 0.11, (0.5, 1.0, 2.0, 3.0)  # and the filters that a picture may have been made smaller by
STEPS_SAVED, WORST_SAVED = 0.5, 1.4  # of quality 40, no more; and what then tells it from another picture:
# How much of the difference is left when the other is saved at the same quality: 0.1 to 0.4 of one picture; of two, 0.9
# and more, or 0.7 of a striped tie, whose stripes a rough file loses, beside a plain one. By brightness alone, at one
# of some qualities, more is left.
SAVED, SAVED_LIKELY = 0.5, 0.92
QUALITIES, SOME_QUALITIES = range(30, 97), (*range(30, 60, 5), *range(60, 97, 2), 75, 85, 95)
# What saving leaves is spread over all that is shown: the block that differs most in shares of the fourth from the end,
# and the colours of any.
SPREAD, COLOURS_SAVED = 4.0, 0.35


def coincide(one_BSS3: np.ndarray, two_BSS3: np.ndarray, one_size: np.ndarray, two_size: np.ndarray) -> np.ndarray:
    """bool B: whether pictures of files of these (width, height) are one: lighter, made smaller, or saved again."""
    side = one_BSS3.shape[1]
    if one_size.min() < two_size.min():
        one_BSS3, two_BSS3, one_size, two_size = two_BSS3, one_BSS3, two_size, one_size
    one, two = (
        as_filed(pictures, *np.minimum(size, side).tolist())
        for pictures, size in ((one_BSS3, one_size), (two_BSS3, two_size))
    )
    if one.shape == two.shape:
        return _close(one, two) | _saved_again(one, two)
    if one.shape[2] < two.shape[2] or one.shape[3] < two.shape[3]:
        return np.zeros(len(one), bool)
    found = np.zeros(len(one), bool)
    if may_be_cropped(one_size, two_size) and one_size.max() <= side:
        found |= _cropped(one, two)
    for reach in FILTERS:
        steps = steps_apart(*same_light(reduced(one, two.shape[3], two.shape[2], reach), two))
        found |= np.all([_root_mean(each) <= STEPS_RESIZED for each in steps], axis=0)
    return found


def may_be_cropped(size_2: np.ndarray, less_2: np.ndarray) -> np.ndarray:
    """Whether photos of ``less`` (width, height) may be ones of a size, or of each of N x 2, without a few rows."""
    return np.all((less_2 <= size_2) & (less_2 >= CROPPED * size_2), axis=-1) & np.any(less_2 < size_2, axis=-1)


def _cropped(one_B3hw: np.ndarray, two_B3hw: np.ndarray) -> np.ndarray:
    """Whether the second is the first without a few rows and columns, at the place where they part least."""
    height, width = two_B3hw.shape[2:]
    places = list(np.ndindex(one_B3hw.shape[2] - height + 1, one_B3hw.shape[3] - width + 1))
    windows = [one_B3hw[:, :, top : top + height, left : left + width] for top, left in places]
    apart_PB = np.stack([np.abs(window - two_B3hw).mean(axis=(1, 2, 3)) for window in windows])
    best_B = apart_PB.argmin(axis=0)
    there = np.stack([windows[place][row] for row, place in enumerate(best_B)])
    return _close(there, two_B3hw) | _saved_again(there, two_B3hw)


def _close(one_B3hw: np.ndarray, two_B3hw: np.ndarray) -> np.ndarray:
    one_B3hw, two_B3hw = same_light(one_B3hw, two_B3hw)
    brightness, colours = steps_apart(one_B3hw, two_B3hw)
    fourth, mean = brightness[:, -min(4, brightness.shape[1])], _root_mean(brightness)
    return (
        (mean <= STEPS)
        & (brightness[:, -1] <= np.minimum(WORST, LOCAL[0] * fourth + LOCAL[1]))
        & (colours[:, -1] <= COLOURS)
        & (_hue_apart(two_B3hw - one_B3hw) <= HUE + HUE_OF_STEPS * fourth)
    )


def _hue_apart(apart_B3hw: np.ndarray) -> np.ndarray:
    """Levels by which two channels part otherwise, on average over 5 x 5 pixels, where they do most."""
    hues = np.stack([apart_B3hw[:, 0] - apart_B3hw[:, 1], apart_B3hw[:, 2] - apart_B3hw[:, 1]], axis=1)
    for axis in (2, 3):
        ends = [(0, 0)] * 4
        ends[axis] = (3, 2)
        sums = np.cumsum(np.pad(hues, ends, mode="edge"), axis=axis).swapaxes(0, axis)
        hues = ((sums[5:] - sums[:-5]) / 5).swapaxes(0, axis)
    return np.abs(hues).max(axis=(1, 2, 3))


def _saved_again(one_B3hw: np.ndarray, two_B3hw: np.ndarray) -> np.ndarray:
    """Whether one is, nearly, what saving the other as JPEG gives."""
    brightness, colours = steps_apart(one_B3hw, two_B3hw)
    fourth = brightness[:, -min(4, brightness.shape[1])]
    likely = np.flatnonzero(
        (_root_mean(brightness) <= STEPS_SAVED)
        & (brightness[:, -1] <= np.minimum(WORST_SAVED, SPREAD * fourth))
        & (colours[:, -1] <= COLOURS_SAVED)
    )
    found = np.zeros(len(one_B3hw), bool)
    for row in likely[_may_be_saved(one_B3hw[likely], two_B3hw[likely])]:
        one, two = (np.rint(x[row]).astype(np.uint8).transpose(1, 2, 0) for x in (one_B3hw, two_B3hw))
        most = SAVED**2 * _square(one, two)
        found[row] = any(_square(_saved(x, q), y) <= most for q in QUALITIES for x, y in ((one, two), (two, one)))
    return found


def _may_be_saved(one_B3hw: np.ndarray, two_B3hw: np.ndarray) -> np.ndarray:
    """By the brightness alone, and without what is burnt out: some of the pictures that saving gives, and all that are
    worth saving."""
    one, two = (_cosines(np.einsum("c,bchw->bhw", _YCC[0], x) - 128) for x in (one_B3hw, two_B3hw))
    direct = ((one - two) ** 2).sum(axis=(1, 2, 3, 4))
    least = direct.copy()
    for quality in SOME_QUALITIES:
        scale = 50 / quality if quality < 50 else 2 - quality / 50
        table = np.floor(BRIGHTNESS * np.float32(scale) + np.float32(0.5))
        for x, y in ((one, two), (two, one)):
            np.minimum(least, ((np.rint(x / table) * table - y) ** 2).sum(axis=(1, 2, 3, 4)), out=least)
    return least <= SAVED_LIKELY**2 * direct


def _saved(picture_hw3: np.ndarray, quality: int) -> np.ndarray:
    buffer = io.BytesIO()
    Image.fromarray(picture_hw3).save(buffer, "JPEG", quality=quality)
    return np.asarray(Image.open(buffer))


def _square(one: np.ndarray, other: np.ndarray) -> float:
    apart = one.astype(np.int32) - other
    return float((apart * apart).sum())


def _root_mean(steps_Bn: np.ndarray) -> np.ndarray:
    return np.sqrt((steps_Bn * steps_Bn).mean(axis=1))


def as_filed(pictures_BSS3: np.ndarray, width: int, height: int) -> np.ndarray:
    """float32 B x 3 x h x w: the pixels that were drawn out to the cache's size; neither side is more than that."""
    side = pictures_BSS3.shape[1]
    planes = pictures_BSS3.transpose(0, 3, 1, 2).astype(np.float32)
    return np.clip(_undrawn(height, side) @ planes @ _undrawn(width, side).T, 0, 255)


def reduced(pictures_B3hw: np.ndarray, width: int, height: int, reach: float) -> np.ndarray:
    """Made smaller as by a filter that reaches so many of the new pixels: 0.5 a box, 1 a triangle, 3 Lanczos."""
    *_, old_height, old_width = pictures_B3hw.shape
    down, across = made_smaller(height, old_height, reach), made_smaller(width, old_width, reach)
    return np.clip(down @ pictures_B3hw @ across.T, 0, 255)


def same_light(one_B3hw: np.ndarray, other_B3hw: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Both, the darker of each two channels as light as the lighter one, and burnt out beyond white."""
    usable = (one_B3hw < 250) & (other_B3hw < 250)
    gain_B31 = np.ones((*one_B3hw.shape[:2], 1, 1), np.float32)
    for _ in range(3):
        weight = usable / (1 + ((other_B3hw - gain_B31 * one_B3hw) / 8) ** 2)
        one, both = weight * one_B3hw, weight * other_B3hw
        prior = np.float32(1e4)
        gain_B31 = ((both * one_B3hw).sum((2, 3), keepdims=True) + prior) / (
            (one * one_B3hw).sum((2, 3), keepdims=True) + prior
        )
        gain_B31 = np.clip(gain_B31, 1 / GAIN, GAIN)
    return (
        np.minimum(one_B3hw * np.maximum(gain_B31, 1), 255),
        np.minimum(other_B3hw * np.maximum(1 / gain_B31, 1), 255),
    )


def steps_apart(one_B3hw: np.ndarray, other_B3hw: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Root mean squares of the difference of each 8 x 8 block in steps of a JPEG file of quality 40, sorted: of the
    brightness, and of the two colours at half the size. A picture and the same saved again differ by half a step at
    most in each number, wherever nothing was burnt out; two things differ broadly, where steps are fine."""
    apart = np.einsum("kc,bchw->bkhw", _YCC, other_B3hw - one_B3hw)
    num, _, height, width = apart.shape
    colours = np.pad(apart[:, 1:], ((0, 0), (0, 0), (0, height % 2), (0, width % 2)), mode="edge")
    colours = colours.reshape(num * 2, (height + 1) // 2, 2, (width + 1) // 2, 2).mean(axis=(2, 4))
    brightness = _in_steps(apart[:, 0], BRIGHTNESS)
    return np.sort(brightness, axis=1), np.sort(_in_steps(colours, COLOUR).reshape(num, -1), axis=1)


def _in_steps(apart_Bhw: np.ndarray, table: np.ndarray) -> np.ndarray:
    steps = _cosines(apart_Bhw) / (QUALITY_STEPS * table)
    return np.sqrt((steps * steps).mean(axis=(3, 4))).reshape(len(steps), -1)


def _cosines(planes_Bhw: np.ndarray) -> np.ndarray:
    """B x rows x columns x 8 x 8: each block as the numbers that a JPEG file keeps."""
    num, height, width = planes_Bhw.shape
    padded = np.pad(planes_Bhw, ((0, 0), (0, -height % 8), (0, -width % 8)), mode="edge")
    blocks = padded.reshape(num, padded.shape[1] // 8, 8, padded.shape[2] // 8, 8).transpose(0, 1, 3, 2, 4)
    return _COSINES @ blocks @ _COSINES.T


@cache
def drawn_out(num: int, side: int) -> np.ndarray:
    """side x num: weights that draw a row of ``num`` pixels out to ``side`` by linear interpolation."""
    at = np.clip((np.arange(side) + 0.5) * num / side - 0.5, 0, num - 1)
    return np.maximum(0, 1 - np.abs(at[:, None] - np.arange(num))).astype(np.float32)


@cache
def _undrawn(num: int, side: int) -> np.ndarray:
    """num x side: takes that back."""
    return np.linalg.pinv(drawn_out(num, side).astype(np.float64)).astype(np.float32)


@cache
def made_smaller(num: int, size: int, reach: float) -> np.ndarray:
    """num x size: weights of a row of ``size`` pixels for each of ``num``."""
    scale = max(size / num, 1)
    apart = np.abs(np.arange(size) + 0.5 - ((np.arange(num) + 0.5) * size / num)[:, None]) / scale
    if reach <= 0.5:
        weights = (apart <= 0.5 + 1e-6).astype(np.float64)
    elif reach <= 1:
        weights = np.maximum(1 - apart, 0)
    else:
        weights = np.where(apart < reach, np.sinc(apart) * np.sinc(apart / reach), 0)
    return (weights / weights.sum(axis=1, keepdims=True)).astype(np.float32)
