"""What the model receives, as pictures: the trainer's own functions with the trainer's own draws, nothing else.

Takes a dataset, manifest rows and settings; gives pictures with what was drawn for each. Torch is imported inside the
functions, late. B batch, H height, W width.
"""

from __future__ import annotations

import base64
import html
import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st
from PIL import Image

from fashion_core import pixels, sources
from fashion_core.config import Settings
from fashion_core.datasets import Dataset
from fashion_core.draws import STAGES
from fashion_core.labels import display_name
from fashion_core.photos import resize
from ui import loaders, words

if TYPE_CHECKING:
    import torch

    from fashion_core.draws import Draw
    from fashion_core.steps import Fed

_STYLE = """<style>
.vastra-draws-room{container-type:inline-size}
.vastra-draws{display:grid;grid-template-columns:repeat(5,minmax(0,1fr));gap:.75rem .5rem}
@container(min-width:960px){.vastra-draws{grid-template-columns:repeat(8,minmax(0,1fr))}}
@container(max-width:480px){.vastra-draws{grid-template-columns:repeat(3,minmax(0,1fr))}}
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

    pixels_HW3: np.ndarray
    heading: str
    lines: tuple[str, ...] = ()
    tensor_words: str = ""  # the range of what goes in, shown where the pointer rests
    shape: tuple[int, int] = (1, 1)  # width and height of the photo itself
    is_before: bool = False


def pixels_of(dataset: Dataset, rows: Sequence[int], settings: Settings) -> np.ndarray:
    """These photos brought to the settings' size, uint8 B x H x W x 3: from the cache of that size if training has made
    one, otherwise decoded here by the cache's own function. Never builds a cache."""
    width, height = settings.image_size
    path = pixels.cache_path(dataset, width, height, settings.resize)
    key = (loaders.stamp(dataset.manifest_path), loaders.stamp(path.with_suffix(".json")))
    if path.exists():
        return _cache(key, width, height, settings.resize, dataset)[np.asarray(rows)]
    return _decoded(key, tuple(int(row) for row in rows), width, height, settings.resize, dataset)


@st.cache_resource(max_entries=8, show_spinner=False)
def _cache(key: tuple, width: int, height: int, how: str, _dataset: Dataset) -> np.ndarray:
    return pixels.open_pixels(_dataset, width, height, how)


@st.cache_resource(max_entries=16, show_spinner=False)
def _decoded(key: tuple, rows: tuple[int, ...], width: int, height: int, how: str, _dataset: Dataset) -> np.ndarray:
    paths = loaders.manifest_of(_dataset)["path"]

    def one(row: int) -> np.ndarray:
        return resize(sources.open_photo_of(_dataset.root, paths.iloc[row]), width, height, how)

    return np.stack(list(pixels.in_threads(one, list(rows))))


def feed_epochs(
    pixels_HW3: np.ndarray, settings: Settings, *, row: int, epochs: Sequence[int]
) -> tuple[torch.Tensor, Draw]:
    """One photo as the epochs feed it when it comes for the first time in each: normalised float32 B x 3 x H x W.

    MixUp and CutMix need a batch and are left out here; ``feed_batch`` has them.
    """
    import torch

    from fashion_core import augment, draws

    rows_1 = np.array([row])
    drawn = draws.join([draws.draw(settings, seed=settings.seed, epoch=epoch, rows_B=rows_1) for epoch in epochs])
    images_BHWC = torch.from_numpy(np.repeat(pixels_HW3[None], len(epochs), axis=0))
    with _one_thread():
        images_BCHW = augment.normalise(augment.augment(images_BHWC, drawn))
        return augment.for_model(images_BCHW, settings.channels), drawn


@dataclass(frozen=True)
class _Rows:
    """The photos of a dataset, handed out as the trainer's own class does it, without a cache where there is none."""

    dataset: Dataset
    settings: Settings

    def batch(self, rows_B: np.ndarray) -> torch.Tensor:
        import torch

        return torch.from_numpy(pixels_of(self.dataset, rows_B, self.settings))


def feed_batch(dataset: Dataset, settings: Settings, *, epoch: int, number: int) -> Fed:
    """Batch ``number`` (from 0) of an epoch as the training loop feeds it, by the loop's own function."""
    from fashion_core import batches, steps

    rows_N, order_N = _epoch(
        loaders.stamp(dataset.manifest_path), settings.sampler, settings.seed, epoch, dataset, settings
    )
    num_batches = -(-len(order_N) // settings.batch_size)
    batch = next(batches.batches(order_N, settings.batch_size, min(number, num_batches - 1)))
    with _one_thread():
        return steps.feed(_Rows(dataset, settings), settings, rows_N, batch, epoch=epoch)


@contextmanager
def _one_thread() -> Iterator[None]:
    """Small tensors on one core: beside a training run each of sixty operations would wait 8 ms for the other core."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


@st.cache_resource(max_entries=8, show_spinner=False)
def _epoch(
    key: loaders.Stamp, sampler: str, seed: int, epoch: int, _dataset: Dataset, _settings: Settings
) -> tuple[np.ndarray, np.ndarray]:
    """Manifest rows of the training photos, and the order in which the epoch takes them."""
    from fashion_core import batches

    frame = loaders.manifest_of(_dataset)
    rows_N = np.flatnonzero((frame["split"] == "train") & (frame["status"] == "ok"))
    labels_N = frame["label"].map({name: place for place, name in enumerate(_dataset.classes)}).to_numpy()[rows_N]
    order_N = batches.epoch_order(labels_N.astype(np.int64), _settings, epoch=epoch, num_classes=len(_dataset.classes))
    return rows_N, order_N


def pictures_of_epochs(dataset: Dataset, settings: Settings, *, row: int, epochs: Sequence[int]) -> list[Picture]:
    """The photo as it is stored, then as each epoch feeds it."""
    stored_HW3 = pixels_of(dataset, [row], settings)[0]
    images_BCHW, drawn = feed_epochs(stored_HW3, settings, row=row, epochs=epochs)
    shown_BHW3, ranges = _for_the_eye(images_BCHW, settings), _tensor_words(images_BCHW)
    shape = _shape(dataset, row)
    before = Picture(pixels_HW3=stored_HW3, heading="Before", lines=("as imported",), shape=shape, is_before=True)
    return [before] + [
        Picture(
            pixels_HW3=shown_BHW3[place],
            heading=f"Epoch {epoch}",
            lines=draw_words(drawn, place, settings),
            tensor_words=ranges[place],
            shape=shape,
        )
        for place, epoch in enumerate(epochs)
    ]


def pictures_of_batch(dataset: Dataset, settings: Settings, fed: Fed, most: int) -> list[Picture]:
    """The first ``most`` pictures of a batch, headed by the label that the loss is charged against."""
    names = [display_name(label) for label in loaders.manifest_of(dataset)["label"].iloc[fed.rows_B]]
    shown_BHW3, ranges = _for_the_eye(fed.images_BCHW[:most], settings), _tensor_words(fed.images_BCHW[:most])
    found = []
    for place in range(len(shown_BHW3)):
        heading = names[place]
        if fed.mixture is not None:
            partner, weight = names[fed.mixture.partner_B[place]], fed.mixture.weight
            if weight < 1 and partner != heading:
                heading = f"{words.percent(weight, 0)} {heading}, {words.percent(1 - weight, 0)} {partner}"
        found.append(
            Picture(
                pixels_HW3=shown_BHW3[place],
                heading=heading,
                lines=draw_words(fed.drawn, place, settings),
                tensor_words=ranges[place],
                shape=_shape(dataset, int(fed.rows_B[place])),
            )
        )
    return found


def _shape(dataset: Dataset, row: int) -> tuple[int, int]:
    frame = loaders.manifest_of(dataset)
    return max(1, int(frame["width"].iloc[row])), max(1, int(frame["height"].iloc[row]))


def _for_the_eye(images_BCHW: torch.Tensor, settings: Settings) -> np.ndarray:
    """Normalised floats back to uint8 B x H x W x 3, red first."""
    shown_BHWC = np.rint((images_BCHW.numpy().transpose(0, 2, 3, 1) * 0.5 + 0.5) * 255).astype(np.uint8)
    return shown_BHWC[..., ::-1] if settings.channels == "BGR" else shown_BHWC


def _tensor_words(images_BCHW: torch.Tensor) -> list[str]:
    """The range and mean of each image's values. In numpy: two hundred small torch reductions wait for a busy core."""
    values_BCHW = images_BCHW.numpy()
    found = zip(*(np.atleast_1d(of(values_BCHW, axis=(1, 2, 3))) for of in (np.min, np.max, np.mean)), strict=True)
    return [f"values from {_signed(low)} to {_signed(high)}, mean {_signed(mean)}" for low, high, mean in found]


def _signed(value: float, how: str = ".2f") -> str:
    return format(value, how).replace("-", "\u2212")  # a minus as wide as the plus


def in_words(settings: Settings) -> str:
    """One sentence about what these settings do to a photo."""
    parts = []
    if settings.flip:
        parts.append(f"mirrored with a chance of {words.percent(settings.flip, 0)}")
    if settings.rotation_degrees:
        parts.append(f"turned by up to ±{settings.rotation_degrees:g}°")
    strengths = {name: getattr(settings, name) for name in STAGES}
    changed = [name for name in STAGES if strengths[name]]
    if changed and len({strengths[name] for name in changed}) == 1:
        parts.append(f"changed in {_joined(changed)} by up to {words.percent(strengths[changed[0]], 0)}")
    elif changed:
        parts.append(
            "changed in " + _joined([f"{name} by up to {words.percent(strengths[name], 0)}" for name in changed])
        )
    if settings.mixup or settings.cutmix:
        parts.append("blended with another photo" if settings.mixup else "given a patch of another photo")
    told = f"Each time it comes, a photo is {_joined(parts)}." if parts else "Every photo comes as it is, every time."
    return told.replace(" %", "\u00a0%")


def promise(settings: Settings, *, whole_batch: bool) -> str:
    """When exactly training feeds what the page shows."""
    if whole_batch:
        how = f"seed {settings.seed}, batches of {settings.batch_size} and sampler {settings.sampler}"
        return f"Training with {how} feeds exactly these, bit for bit on a CPU."
    return (
        f"Training with seed {settings.seed} feeds exactly these, bit for bit on a CPU, the first time the photo comes "
        "in each epoch; a sampler that repeats it draws anew each time."
    )


def _joined(parts: Sequence[str]) -> str:
    return " and ".join([", ".join(parts[:-1]), parts[-1]]) if len(parts) > 1 else "".join(parts)


def draw_words(drawn: Draw, place: int, settings: Settings) -> tuple[str, ...]:
    """What was drawn for one image: ``mirrored, +7.3°``, ``brightness 1.12``; what is switched off is left out."""
    turned = [_signed(drawn.angle_B[place], "+.1f") + "°"] if settings.rotation_degrees else []
    mirrored = ["mirrored"] if drawn.flip_B[place] else []
    factors = [
        f"{name} {drawn.factors_BS[place, column]:.2f}" for column, name in enumerate(STAGES) if getattr(settings, name)
    ]
    return (", ".join([*turned, *mirrored]) or "not turned", *factors)


def grid_html(pictures: Sequence[Picture], *, exact: bool) -> str:
    """The pictures as one HTML string. ``exact`` shows every pixel of the squeezed picture; otherwise the picture is
    stretched back into its photo's own shape."""
    figures = "".join(_figure_html(picture, exact) for picture in pictures)
    return f'{_STYLE}<div class="vastra-draws-room"><div class="vastra-draws">{figures}</div></div>'


def _figure_html(picture: Picture, exact: bool) -> str:
    buffer = io.BytesIO()
    Image.fromarray(picture.pixels_HW3).save(buffer, "PNG", compress_level=1)  # every pixel as it is
    encoded = base64.b64encode(buffer.getvalue()).decode("ascii")
    height, width = picture.pixels_HW3.shape[:2]
    width, height = (width, height) if exact else picture.shape
    side = "width:100%" if width >= height else "height:100%"
    alt = ", ".join([picture.heading, *picture.lines])
    details = "".join(f'<div class="detail">{html.escape(line)}</div>' for line in picture.lines)
    frame = "frame exact" if exact else "frame"
    return (
        f'<figure{" class=before" if picture.is_before else ""} title="{html.escape(picture.tensor_words)}">'
        f'<div class="{frame}">'
        f'<img alt="{html.escape(alt)}" style="{side};aspect-ratio:{width}/{height}" '
        f'src="data:image/png;base64,{encoded}"></div>'
        f"<figcaption>{html.escape(picture.heading)}{details}</figcaption></figure>"
    )
