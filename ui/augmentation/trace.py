"""How one picture is made: each stage from the decoded photo to the tensor that the model receives.

Takes a resized photo, its row and an epoch; gives the stages of ``augment.trace`` with what was drawn for each, and the
numbers of the tensor at the end. C channels, H height, W width.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from fashion_core.settings.config import Settings
from fashion_core.settings.draws import JITTERS, Draw
from ui.app import words
from ui.augmentation import preview
from ui.augmentation.grid import Picture, for_the_eye
from ui.augmentation.wording import crop_words, erase_words, hue_degrees, size

OFF = "as it was (off)"
COLOURS = {"R": "Red", "G": "Green", "B": "Blue"}
_HEADINGS = {"resize": "Resized", "crop": "Crop", "flip": "Mirror", "rotate": "Rotation", "normalise": "Normalised"}
_RESIZED = {"squeeze": "squeezed to {}", "pad": "fitted into {}, black around it", "crop": "cut to cover {}"}


@dataclass(frozen=True, kw_only=True)
class Trace:
    """The stages of one photo in one epoch, in order, and what the model receives at the end."""

    names: tuple[str, ...]  # of ``augment.trace``: resize, crop, flip, rotate, four colours, erase, normalise
    shown_SHW3: tuple[np.ndarray, ...]  # uint8, after each stage, red first
    drawn: Draw
    tensor_CHW: np.ndarray  # float32, the channels in the order in which the model receives them
    settings: Settings


def of_photo(pixels_HW3: np.ndarray, settings: Settings, *, row: int, epoch: int) -> Trace:
    """The photo as ``epoch`` feeds it the first time it comes, stage by stage, without MixUp and CutMix."""
    import torch

    from fashion_core.models.input import for_model
    from fashion_core.settings import draws
    from fashion_core.training import augment

    drawn = draws.draw(settings, seed=settings.seed, epoch=epoch, rows_B=np.array([row]))
    names, shown = [], []
    with preview.one_thread():
        for name, image_1 in augment.trace(torch.from_numpy(np.array(pixels_HW3[None])), drawn):
            names.append(name)
            if name == "normalise":
                image_1 = for_model(image_1, settings.channels)
                shown.append(for_the_eye(image_1, settings)[0])
            elif image_1.dtype == torch.uint8:
                shown.append(image_1[0].numpy())
            else:
                shown.append(np.rint(image_1[0].numpy().transpose(1, 2, 0) * 255).astype(np.uint8))
    return Trace(
        names=tuple(names),
        shown_SHW3=tuple(shown),
        drawn=drawn,
        tensor_CHW=image_1[0].numpy(),
        settings=settings,
    )


def pictures(found: Trace, *, original: Picture | None) -> list[Picture]:
    """A numbered picture for each stage; ``original`` is the decoded photo, which comes first."""
    made = [] if original is None else [original]
    for name, shown_HW3 in zip(found.names, found.shown_SHW3, strict=True):
        heading = f"{len(made) + 1} {_HEADINGS.get(name, name.capitalize())}"
        made.append(Picture(heading=heading, pixels_HW3=shown_HW3, lines=(stage_words(found, name),)))
    return made


def original(jpeg: bytes, width: int, height: int) -> Picture:
    """The decoded photo, upright, as it lies before anything is done to it."""
    return Picture(
        heading="1 Decoded", jpeg=jpeg, lines=(f"{width:,} x {height:,} pixels, upright",), shape=(width, height)
    )


def stage_words(found: Trace, name: str) -> str:
    """What was drawn for one stage: ``rotated +7.3 degrees``, ``brightness × 1.12``; ``as it was`` where it is off."""
    settings, drawn = found.settings, found.drawn
    if name == "resize":
        return _RESIZED[settings.resize].format(size(settings))
    if name != "normalise" and not settings.acts(name):
        return OFF
    if name == "crop":
        return crop_words(drawn, 0, settings)
    if name == "flip":
        return "mirrored" if drawn.flip_B[0] else "not mirrored"
    if name == "rotate":
        return f"rotated {words.signed(drawn.angle_B[0], '+.1f')} degrees"
    if name == "hue":
        return f"hue {hue_degrees(drawn, 0)} degrees"
    if name in JITTERS:
        return f"{name} × {drawn.factors_BS[0, JITTERS.index(name)]:.2f}"
    if name == "erase":
        return erase_words(drawn, 0, settings) if drawn.erase_BX[0, 2] else "not erased"
    assert name == "normalise", f"no words for stage {name!r}"
    low, high = float(found.tensor_CHW.min()), float(found.tensor_CHW.max())
    return f"values {words.signed(low, '.2f')} to {words.signed(high, '.2f')}, mapped back for the eye"


def tensor_words(found: Trace) -> str:
    """Shape, type and memory layout of what the model receives."""
    channels, height, width = found.tensor_CHW.shape
    order = ", ".join(COLOURS[letter].lower() for letter in found.settings.channels)
    return (
        f"{channels} x {height} x {width} (channels {order}; height; width), {found.tensor_CHW.dtype}, "
        f"{words.count(found.tensor_CHW.nbytes)} bytes, the channels of a pixel side by side in memory."
    )


def channel_table(found: Trace) -> pd.DataFrame:
    """Lowest, highest and mean value and the spread of each channel, in the order in which the model receives them."""
    values_CP = found.tensor_CHW.reshape(3, -1).astype(np.float64)
    return pd.DataFrame(
        {
            "Channel": [COLOURS[letter] for letter in found.settings.channels],
            "Min": values_CP.min(axis=1),
            "Max": values_CP.max(axis=1),
            "Mean": values_CP.mean(axis=1),
            "Std": values_CP.std(axis=1),
        }
    )


def centre_table(found: Trace, letter: str, side: int = 5) -> pd.DataFrame:
    """The ``side`` x ``side`` values in the middle of one channel, rows and columns counted from 0 as in the tensor."""
    _, height, width = found.tensor_CHW.shape
    top, left = (height - side) // 2, (width - side) // 2
    values_HW = found.tensor_CHW[found.settings.channels.index(letter), top : top + side, left : left + side]
    rows, columns = range(top, top + side), range(left, left + side)
    named = pd.Index([f"row {row}" for row in rows], name="Row")
    return pd.DataFrame(values_HW, index=named, columns=[str(column) for column in columns])
