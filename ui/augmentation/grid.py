"""Pictures of what the model receives, with what was drawn below each, as one HTML string.

Takes what ``preview`` feeds; gives pictures and HTML in which every pixel is as it was fed. B batch, H height, W width.
"""

from __future__ import annotations

import base64
import html
import io
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from fashion_core.data import pixels
from fashion_core.data.datasets import Dataset
from fashion_core.labels import display_name
from fashion_core.settings.config import Settings
from ui.app import loaders, words
from ui.augmentation import preview
from ui.augmentation.wording import draw_words

if TYPE_CHECKING:
    import torch

    from fashion_core.training.input_pipeline import Fed

_STYLE = """<style>
.vastra-draws-room{container-type:inline-size}
.vastra-draws{display:grid;grid-template-columns:repeat(5,minmax(0,1fr));gap:.75rem .5rem}
@container(min-width:960px){.vastra-draws{grid-template-columns:repeat(8,minmax(0,1fr))}}
@container(max-width:480px){.vastra-draws{grid-template-columns:repeat(3,minmax(0,1fr))}}
.vastra-draws.steps{grid-template-columns:repeat(auto-fill,minmax(7.75rem,1fr))}
.vastra-draws figure{margin:0;min-width:0}
.vastra-draws .frame{aspect-ratio:1;display:flex;align-items:center;justify-content:center;
background:rgba(128,128,140,.10);border-radius:6px;overflow:hidden}
.vastra-draws img{display:block;object-fit:fill}
.vastra-draws .exact img{image-rendering:pixelated}
.vastra-draws figcaption{font-size:.8125rem;line-height:1.3;margin-top:.25rem;overflow-wrap:anywhere;
font-variant-numeric:tabular-nums}
.vastra-draws .detail{opacity:.72}
.vastra-draws .before .frame{outline:2px solid #8A8FA8;outline-offset:-2px}
</style>"""


@dataclass(frozen=True, kw_only=True)
class Picture:
    """One picture as the model receives it, mapped back to uint8 for the eye, and what stands below it."""

    heading: str
    pixels_HW3: np.ndarray | None = None
    jpeg: bytes = b""  # instead of pixels: a photo that was never part of what is fed
    lines: tuple[str, ...] = ()
    tensor_words: str = ""  # the range of what goes in, shown where the pointer rests
    shape: tuple[int, int] = (1, 1)  # width and height of the photo itself
    is_before: bool = False


def pictures_of_epochs(
    stored_HW3: np.ndarray, settings: Settings, *, row: int, epochs: Sequence[int], shape: tuple[int, int]
) -> list[Picture]:
    """The resized photo, then as each epoch feeds it. ``shape`` is the photo's own width and height."""
    images_BCHW, drawn = preview.feed_epochs(stored_HW3, settings, row=row, epochs=epochs)
    shown_BHW3, ranges = for_the_eye(images_BCHW, settings), _tensor_words(images_BCHW)
    shape = _own_shape(shape, settings)
    before = Picture(heading="Before", pixels_HW3=stored_HW3, lines=("resized only",), shape=shape, is_before=True)
    return [before] + [
        Picture(
            heading=f"Epoch {epoch}",
            pixels_HW3=shown_BHW3[place],
            lines=draw_words(drawn, place, settings),
            tensor_words=ranges[place],
            shape=shape,
        )
        for place, epoch in enumerate(epochs)
    ]


def without_numbers(pictures: Sequence[Picture]) -> list[Picture]:
    """The same pictures for a reader who wants no dials: each headed by the time it comes, what was drawn left out."""
    return [replace(picture, heading=picture.heading.replace("Epoch", "Time"), lines=()) for picture in pictures]


def pictures_of_batch(dataset: Dataset, settings: Settings, fed: Fed, most: int) -> list[Picture]:
    """The first ``most`` pictures of a batch, headed by the label that the loss is charged against."""
    names = [display_name(label) for label in loaders.manifest_of(dataset)["label"].iloc[fed.rows_B]]
    shown_BHW3, ranges = for_the_eye(fed.images_BCHW[:most], settings), _tensor_words(fed.images_BCHW[:most])
    found = []
    for place in range(len(shown_BHW3)):
        heading = names[place]
        if fed.mixture is not None:
            partner, weight = names[fed.mixture.partner_B[place]], fed.mixture.weight
            if weight < 1 and partner != heading:
                heading = f"{words.percent(weight, 0)} {heading}, {words.percent(1 - weight, 0)} {partner}"
        found.append(
            Picture(
                heading=heading,
                pixels_HW3=shown_BHW3[place],
                lines=draw_words(fed.drawn, place, settings),
                tensor_words=ranges[place],
                shape=_own_shape(shape_of(dataset, int(fed.rows_B[place])), settings),
            )
        )
    return found


def shape_of(dataset: Dataset, row: int) -> tuple[int, int]:
    """Width and height of a photo, by its manifest row."""
    frame = loaders.manifest_of(dataset)
    return max(1, int(frame["width"].iloc[row])), max(1, int(frame["height"].iloc[row]))


def _own_shape(shape: tuple[int, int], settings: Settings) -> tuple[int, int]:
    """What a picture is stretched back to: padded and cut pictures have the right proportions already."""
    return shape if settings.resize == "squeeze" else settings.image_size


def for_the_eye(images_BCHW: torch.Tensor, settings: Settings) -> np.ndarray:
    """Normalised floats back to uint8 B x H x W x 3, red first."""
    shown_BHWC = np.rint((images_BCHW.numpy().transpose(0, 2, 3, 1) * 0.5 + 0.5) * 255).astype(np.uint8)
    return shown_BHWC[..., ::-1] if settings.channels == "BGR" else shown_BHWC


def _tensor_words(images_BCHW: torch.Tensor) -> list[str]:
    """The range and mean of each image's values. In numpy: two hundred small torch reductions wait for a busy core."""
    values_BCHW = images_BCHW.numpy()
    found = zip(*(np.atleast_1d(of(values_BCHW, axis=(1, 2, 3))) for of in (np.min, np.max, np.mean)), strict=True)
    return ["values from {} to {}, mean {}".format(*(words.signed(value, ".2f") for value in image)) for image in found]


def grid_html(pictures: Sequence[Picture], *, exact: bool, steps: bool = False) -> str:
    """The pictures as one HTML string. ``exact`` shows every pixel that goes in; otherwise the picture is stretched
    back into its photo's own shape. ``steps`` fits as many into a line as there is room for."""
    sources = pixels.in_threads(_source, list(pictures))
    figures = "".join(_figure_html(*pair, exact) for pair in zip(pictures, sources, strict=True))
    kind = "vastra-draws steps" if steps else "vastra-draws"
    return f'{_STYLE}<div class="vastra-draws-room"><div class="{kind}">{figures}</div></div>'


def _source(picture: Picture) -> str:
    """The picture as a data address. Lossless WebP keeps every pixel, in half the time and three quarters of the bytes
    of the fastest PNG that is compressed (16 pictures of 128 x 128 from 48 to 24 ms, 428 to 322 KiB)."""
    if picture.pixels_HW3 is None:
        return f"data:image/jpeg;base64,{base64.b64encode(picture.jpeg).decode('ascii')}"
    buffer = io.BytesIO()
    Image.fromarray(picture.pixels_HW3).save(buffer, "WEBP", lossless=True, method=0, quality=0)
    return f"data:image/webp;base64,{base64.b64encode(buffer.getvalue()).decode('ascii')}"


def _figure_html(picture: Picture, source: str, exact: bool) -> str:
    width, height = picture.shape
    if exact and picture.pixels_HW3 is not None:
        height, width = picture.pixels_HW3.shape[:2]
    side = "width:100%" if width >= height else "height:100%"
    alt = ", ".join([picture.heading, *picture.lines])
    details = "".join(f'<div class="detail">{html.escape(line)}</div>' for line in picture.lines)
    frame = "frame exact" if exact and picture.pixels_HW3 is not None else "frame"
    return (
        f'<figure{" class=before" if picture.is_before else ""} title="{html.escape(picture.tensor_words)}">'
        f'<div class="{frame}">'
        f'<img alt="{html.escape(alt)}" style="{side};aspect-ratio:{width}/{height}" '
        f'src="{source}"></div>'
        f"<figcaption>{html.escape(picture.heading)}{details}</figcaption></figure>"
    )
