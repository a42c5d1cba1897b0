"""What chance did to a photo, in words. Takes settings and draws, gives sentences; knows no pixels and no HTML."""

from __future__ import annotations

from collections.abc import Sequence

from fashion_core.labels import listed
from fashion_core.settings.config import Settings
from fashion_core.settings.draws import JITTERS, Draw
from ui.app import words

COLOURS = tuple(name for name in JITTERS if name != "hue")
_HUE = JITTERS.index("hue")
_DEGREES = 360  # the colour wheel
_RESIZED = {
    "squeeze": "squeezed to {size} pixels, whatever its own shape",
    "pad": "resized until it fits into {size} pixels, with black around it",
    "crop": "resized until it covers {size} pixels, and what stands over is cut off on both sides",
}

#: Whose draws a photo gets that is not of the dataset.
OWN = (
    "Your photo has no row in the dataset, so it is drawn as if it were the dataset's first photo: with the numbers "
    "that training draws for that one."
)


def size(settings: Settings) -> str:
    """``128 x 256``, width first."""
    return "{} x {}".format(*settings.image_size)


def in_words(settings: Settings) -> str:
    """One sentence about what these settings do to a photo, in the order in which it happens."""
    parts = []
    if settings.acts("crop"):
        parts.append(f"cropped to between {_percent(settings.crop_scale)} and 100 % of its area")
    if settings.flip:
        parts.append(f"mirrored with a chance of {_percent(settings.flip)}")
    if settings.rotation_degrees:
        parts.append(f"turned by up to ±{settings.rotation_degrees:g}°")
    strengths = {name: getattr(settings, name) for name in COLOURS}
    changed = [name for name in COLOURS if strengths[name]]
    if changed and len({strengths[name] for name in changed}) == 1:
        parts.append(f"changed in {listed(changed)} by up to {_percent(strengths[changed[0]])}")
    elif changed:
        parts.append("changed in " + listed([f"{name} by up to {_percent(strengths[name])}" for name in changed]))
    if settings.hue:
        parts.append(f"shifted in hue by up to ±{settings.hue * _DEGREES:.3g}°")
    if settings.erasing:
        parts.append(f"erased in a rectangle with a chance of {_percent(settings.erasing)}")
    parts += _mixed(settings)
    told = f"Each time it comes, a photo is {listed(parts)}." if parts else "Every photo comes as it is, every time."
    return told.replace(" %", "\u00a0%")


def _mixed(settings: Settings) -> list[str]:
    if not settings.acts("mix"):
        return []
    return ["blended with another photo" if settings.mixup else "given a patch of another photo"]


def how_it_goes_in(settings: Settings) -> str:
    """From the decoded photo to what the model receives, step by step; what is switched off is left out."""
    steps = []
    if settings.acts("crop"):
        steps.append("cropped and stretched back to that size")
    if settings.flip:
        steps.append("mirrored")
    if settings.rotation_degrees:
        steps.append("turned (nearest pixel, black outside)")
    if any(settings.acts(name) for name in JITTERS):
        steps.append("changed in its colours, in the order drawn for it")
    if settings.erasing:
        steps.append("erased to middle grey in a rectangle")
    steps += [f"{mixed} of its batch" for mixed in _mixed(settings)]
    told = f"The photo is {_RESIZED[settings.resize].format(size=size(settings))}."
    then = f" Then it is {listed(steps)}." if steps else ""
    order = " The channels go in blue first." if settings.channels == "BGR" else ""
    return (
        f"{told}{then} Last, each colour value v between 0 and 1 becomes (v − 0.5) / 0.5, so that black goes in as −1 "
        f"and white as 1; the pictures are mapped back for the eye.{order}"
    )


def promise(settings: Settings, *, whole_batch: bool) -> str:
    """When exactly training feeds what the page shows."""
    if whole_batch:
        how = f"seed {settings.seed}, batches of {settings.batch_size} and sampler {settings.sampler}"
        return f"Training with {how} feeds exactly these, bit for bit on a CPU."
    return (
        f"Training with seed {settings.seed} feeds exactly these, bit for bit on a CPU, the first time the photo comes "
        "in each epoch; a sampler that repeats it draws anew each time."
    )


def draw_words(drawn: Draw, place: int, settings: Settings) -> tuple[str, ...]:
    """What was drawn for one image: ``+7.3°, mirrored``, ``brightness 1.12``; what is switched off is left out."""
    lines = [crop_words(drawn, place, settings)] if settings.acts("crop") else []
    turned = [words.signed(drawn.angle_B[place], "+.1f") + "°"] if settings.rotation_degrees else []
    mirrored = ["mirrored"] if drawn.flip_B[place] else []
    if turned or mirrored:
        lines.append(", ".join([*turned, *mirrored]))
    elif settings.flip:
        lines.append("not mirrored")
    for name in COLOURS:
        if getattr(settings, name):
            lines.append(f"{name} {drawn.factors_BS[place, JITTERS.index(name)]:.2f}")
    if settings.hue:
        lines.append(f"hue {hue_degrees(drawn, place)}°")
    if drawn.erase_BX[place, 2]:
        lines.append(erase_words(drawn, place, settings))
    return tuple(lines) or ("as it was",)


def crop_words(drawn: Draw, place: int, settings: Settings) -> str:
    """``cropped to 64 % of its area``"""
    return f"cropped to {_share(drawn.crop_BX[place], settings)} of its area"


def erase_words(drawn: Draw, place: int, settings: Settings) -> str:
    """``12 % of its area erased``"""
    return f"{_share(drawn.erase_BX[place], settings)} of its area erased"


def hue_degrees(drawn: Draw, place: int) -> str:
    """``+12``: the shift as degrees of the colour wheel."""
    return words.signed(_DEGREES * drawn.factors_BS[place, _HUE], "+.0f")


def _share(box_X: Sequence[int], settings: Settings) -> str:
    width, height = settings.image_size
    return _percent(int(box_X[2]) * int(box_X[3]) / (width * height))


def _percent(share: float) -> str:
    return words.percent(share, 0).replace(" ", "\u00a0")
