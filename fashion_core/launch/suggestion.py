"""Which recipe a form opens with, where nobody has chosen one. Takes what the photos are like and the seconds that each
recipe would take here, gives a recipe's name and why. No torch, no files.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from fashion_core.labels import listed

LESSON_SECONDS = 15 * 60.0  # a third of a lesson of 45 minutes
LEAST_SIDE = 64  # pixels; of smaller photos ImageNet's features are not known to be of use
_MOST_LOOKED_AT = 200
_GREY = 8  # red, green and blue of a grey photo's pixel differ by no more, saved as JPEG or not


@dataclass(frozen=True, kw_only=True)
class Photos:
    """``side``: the shorter one of the middle photo, in pixels."""

    side: int
    is_grey: bool
    is_drawn: bool


@dataclass(frozen=True)
class Suggestion:
    """A recipe's name and one sentence why."""

    recipe: str
    why: str


def look_at(manifest: pd.DataFrame, thumbnails_NHWC: np.ndarray | None, *, is_drawn: bool) -> Photos:
    """What the photos of a dataset are like: sizes from its manifest, colour from some 200 of its thumbnails (uint8).
    Grey where there are none to look at."""
    there = manifest[manifest["status"] == "ok"]
    if there.empty or thumbnails_NHWC is None:
        return Photos(side=0, is_grey=True, is_drawn=is_drawn)
    rows = np.flatnonzero(manifest["status"] == "ok")
    looked_at = np.asarray(thumbnails_NHWC[rows[:: max(1, len(rows) // _MOST_LOOKED_AT)]], dtype=np.int16)
    is_grey_N = np.ptp(looked_at, axis=-1).max(axis=(1, 2)) <= _GREY
    side = float(there[["width", "height"]].min(axis=1).median())
    return Photos(side=round(side), is_grey=bool(is_grey_N.mean() > 0.9), is_drawn=is_drawn)


def suggest(photos: Photos, seconds: Mapping[str, float], *, has_weights: bool) -> Suggestion:
    """The recipe to open with; ``seconds`` that each takes on these photos and this device, as measured or estimated.

    The rule: ``transfer`` where its weights are here and the photos are photographs in colour of at least 64 pixels,
    which is what its network has learnt from; else ``strong``; each only where it trains within 15 minutes. Where
    neither does, whichever of these and ``report`` is the quickest. ``paper`` repeats what others did, and is for
    whoever asks for it.
    """
    would_do = ["strong"]
    if has_weights and not (photos.is_drawn or photos.is_grey) and photos.side >= LEAST_SIDE:
        would_do.insert(0, "transfer")
    minutes = round(LESSON_SECONDS / 60)
    for name in would_do:
        if seconds[name] <= LESSON_SECONDS:
            return Suggestion(name, _WHY[name].format(minutes=minutes))
    quickest = min([*would_do, "report"], key=lambda name: seconds[name])
    return Suggestion(quickest, f"the quickest; {listed(would_do)} would take more than {minutes} min")


_WHY = {
    "transfer": "it has seen many photographs and trains within {minutes} min",
    "strong": "the best that starts from nothing and trains within {minutes} min",
}
