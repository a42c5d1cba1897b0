"""Photos that somebody asks a model about: checked, decoded once, squeezed as the model receives them; its answers.

Takes bytes or a dataset's photo and a run; gives pictures, ranked classes, tables and their CSV and JSON. A name is
only ever shown, never used as a path.
"""

import base64
import csv
import hashlib
import html
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import streamlit as st
from PIL import Image

from fashion_core.data.datasets import Dataset
from fashion_core.data.sources import decoder, photos, readers
from fashion_core.errors import PhotoError
from fashion_core.labels import display_name, harmless
from fashion_core.metrics.intervals import Estimate, proportion
from fashion_core.runs.runs import Run
from ui.app import loaders, words

MOST_FILES = 24
MOST_BYTES = 20_000_000  # a photo of a modern telephone has 3 to 12 million
MOST_TOP = 5
FEW = 10  # fewer photos than this say nothing about how often the model is right
_PREVIEW_PIXELS = 640
_UNLIKE = {True: "yes", False: "no", None: ""}
_STYLE = """<style>
.vastra-pair{display:grid;grid-template-columns:1fr 1fr;gap:.75rem}
.vastra-pair.of-3{grid-template-columns:repeat(3,minmax(0,18rem))}
.vastra-pair figure{margin:0;min-width:0}
.vastra-pair .frame{height:15rem;display:flex;align-items:center;justify-content:center;
background:rgba(128,128,140,.10);border-radius:6px;overflow:hidden}
.vastra-pair img{display:block;max-width:100%;max-height:100%;object-fit:contain}
.vastra-pair img.small{image-rendering:pixelated;width:100%;height:100%}
.vastra-pair figcaption{font-size:.875rem;line-height:1.35;margin-top:.35rem;overflow-wrap:anywhere}
.vastra-pair .detail{opacity:.72;font-variant-numeric:tabular-nums}
</style>"""


@dataclass(frozen=True, kw_only=True)
class Asked:
    """One photo, or why it could not be read (``reason``; the pictures are empty then)."""

    name: str
    reason: str = ""
    width: int = 0
    height: int = 0
    upright_jpeg: bytes = b""
    input_HW3: np.ndarray | None = None


def of_upload(name: str, data: bytes, size: tuple[int, int], how: str = "squeeze") -> Asked:
    """An uploaded file; never fails."""
    if len(data) > MOST_BYTES:
        return Asked(name=name, reason=f"larger than the {MOST_BYTES // 1_000_000} MB that one photo may have")
    return _of_bytes(hashlib.sha256(data).hexdigest(), name, size, how, data)


# of this session alone: somebody's photo is nobody else's business
@st.cache_data(max_entries=2 * MOST_FILES, show_spinner=False, scope="session")
def _of_bytes(digest: str, name: str, size: tuple[int, int], how: str, _data: bytes) -> Asked:
    try:
        return of_image(name, _decoder().decode(_data), size, how)
    except PhotoError as error:
        return Asked(name=name, reason=str(error))


@st.cache_resource(show_spinner=False, on_release=lambda made: made.close())
def _decoder() -> decoder.Decoder:
    """Strangers' photos are decoded in a process of their own, the same for all sessions."""
    return decoder.Decoder()


def refused_words(num_refused: int, num_read: int) -> str:
    """``1 file could not be read as a photo; the other one was read.``"""
    told = "1 file could not be read as a photo"
    if num_refused > 1:
        told = f"{words.count(num_refused)} files could not be read as photos"
    others = {0: "", 1: "; the other one was read"}.get(num_read, f"; the other {words.count(num_read)} were read")
    return f"{told}{others}."


def names_apart(several: Sequence[Asked]) -> list[str]:
    """The photos' names, numbered where two have the same: streamlit knows the chosen one by what the reader sees."""
    names = [one.name for one in several]
    return [name if names.count(name) == 1 else f"{name} ({place})" for place, name in enumerate(names, 1)]


def of_dataset(dataset: Dataset, row: int, size: tuple[int, int], how: str = "squeeze") -> Asked:
    """A photo of a dataset by its manifest row; never fails."""
    return _of_row(loaders.stamp(dataset.manifest_path), row, size, how, dataset)


@st.cache_data(max_entries=2 * MOST_FILES, show_spinner=False, scope="session")
def _of_row(key: loaders.Stamp, row: int, size: tuple[int, int], how: str, _dataset: Dataset) -> Asked:
    photo = loaders.manifest_of(_dataset).iloc[row]
    try:
        return of_image(
            photo["image_id"], readers.open_photo_of(_dataset.kind, _dataset.root, photo["path"]), size, how
        )
    except PhotoError as error:
        return Asked(name=photo["image_id"], reason=str(error))


def of_image(name: str, image: Image.Image, size: tuple[int, int], how: str = "squeeze") -> Asked:
    """A decoded photo, brought to ``size`` (width, height) as the pixel cache does it."""
    preview = image.copy()
    preview.thumbnail((_PREVIEW_PIXELS, _PREVIEW_PIXELS))
    buffer = io.BytesIO()
    preview.save(buffer, "JPEG", quality=90)
    return Asked(
        name=name,
        width=image.width,
        height=image.height,
        upright_jpeg=buffer.getvalue(),
        input_HW3=np.array(photos.resize(image, *size, how)),
    )


def ranked(run: Run, probabilities_K: np.ndarray, most: int = MOST_TOP) -> list[tuple[str, float]]:
    """(class, probability) of the likeliest classes, likeliest first; of equal ones the first in index order."""
    order = np.argsort(-probabilities_K, kind="stable")[:most]
    return [(run.classes[index], float(probabilities_K[index])) for index in order]


@dataclass(frozen=True)
class Record:
    """How often the run was right where it was about as sure: with a probability between ``least`` and ``most``."""

    right: Estimate
    least: float
    most: float

    def in_words(self) -> tuple[str, str]:
        """Value and note of an answer's number."""
        right = self.right
        if right.n < FEW:
            return "–", f"only {words.counted(right.n, 'photo')} to judge by"
        return words.percent(right.value), f"{words.interval(right.bounds)}, n = {words.count(right.n)}"


def record(predictions: pd.DataFrame, classes: Sequence[str], probability: float, reach: float = 0.05) -> Record:
    """The stored predictions whose first answer was given with a probability within ``reach`` of this one."""
    sure = predictions[[f"p_{name}" for name in classes]].to_numpy().max(axis=1)
    least, most = max(0.0, probability - reach), min(1.0, probability + reach)
    near = (sure >= least) & (sure <= most)
    right = (predictions["label"] == predictions["predicted"]).to_numpy() & near
    return Record(proportion(int(right.sum()), int(near.sum())), least, most)


def pair_html(asked: Asked) -> str:
    """The upright photo beside the very pixels that the model receives, as one HTML string."""
    assert asked.input_HW3 is not None
    height, width = asked.input_HW3.shape[:2]
    buffer = io.BytesIO()
    Image.fromarray(asked.input_HW3).save(buffer, "PNG", compress_level=1)
    small = "small" if max(asked.width, asked.height) <= 128 else ""
    photo = _figure("The photo", f"{asked.width:,} × {asked.height:,} pixels", asked.upright_jpeg, "jpeg", small)
    received = _figure("What the model receives", f"{width} × {height} pixels", buffer.getvalue(), "png", "small")
    return f'{_STYLE}<div class="vastra-pair">{photo}{received}</div>'


def figures_html(pictures: Sequence[tuple[str, str, bytes]]) -> str:
    """Small PNG pictures side by side, each with heading and detail, as one HTML string."""
    figures = "".join(_figure(heading, detail, data, "png", "small") for heading, detail, data in pictures)
    return f'{_STYLE}<div class="vastra-pair of-{len(pictures)}">{figures}</div>'


def _figure(heading: str, detail: str, data: bytes, kind: str, style: str) -> str:
    encoded = base64.b64encode(data).decode("ascii")
    return (
        f'<figure><div class="frame"><img class="{style}" alt="{html.escape(heading)}" '
        f'src="data:image/{kind};base64,{encoded}"></div>'
        f'<figcaption>{html.escape(heading)}<div class="detail">{html.escape(detail)}</div></figcaption></figure>'
    )


@dataclass(frozen=True, eq=False)
class Answer:
    """What a run said of one photo that could be read. ``unlike`` all that it learnt from: None where not asked."""

    probabilities_K: np.ndarray
    unlike: bool | None


def results_json(run: Run, several: Sequence[Asked], answers: Sequence[Answer | None]) -> str:
    """The document that ``python -m fashion_core predict --calibrated --json`` prints."""
    found = []
    for asked, answer in zip(several, answers, strict=True):
        top = [] if answer is None else ranked(run, answer.probabilities_K)
        found.append(
            {
                "image": asked.name,
                "top": [{"label": label, "probability": share} for label, share in top],
                "error": asked.reason or None,
                "unlike": answer and answer.unlike,
            }
        )
    return json.dumps(found, indent=1, ensure_ascii=False)


def results_csv(run: Run, several: Sequence[Asked], answers: Sequence[Answer | None]) -> bytes:
    """One row a photo, UTF-8 with a mark that spreadsheets know; a cell that they would run as a formula is quoted."""
    text = io.StringIO()
    writer = csv.writer(text)
    places = range(1, min(MOST_TOP, len(run.classes)) + 1)
    writer.writerow(
        ["image", "error", *(f"{what}_{place}" for place in places for what in ("label", "probability")), "unlike"]
    )
    for asked, answer in zip(several, answers, strict=True):
        top = [] if answer is None else ranked(run, answer.probabilities_K)
        cells = [cell for label, share in top for cell in (harmless(label), f"{share:.6f}")]
        cells += [""] * (2 * len(places) - len(cells))
        writer.writerow([harmless(asked.name), harmless(asked.reason), *cells, _UNLIKE[answer and answer.unlike]])
    return text.getvalue().encode("utf-8-sig")


def results_table(run: Run, several: Sequence[Asked], answers: Sequence[Answer | None]) -> pd.DataFrame:
    """What the page lists: photo, likeliest class and its probability, second class, both in percent; why not. A photo
    that is unlike training has no answer here."""
    rows = []
    for asked, answer in zip(several, answers, strict=True):
        told = answer is not None and not answer.unlike
        top = [*ranked(run, answer.probabilities_K, 2), ("", np.nan)][:2] if answer and told else []
        first, second = top or [("", np.nan), ("", np.nan)]
        rows.append(
            {
                "Photo": asked.name,
                "Unlike training": _UNLIKE[answer and answer.unlike],
                "Most likely": display_name(first[0]) if first[0] else "",
                "Probability": 100 * first[1],
                "Second": display_name(second[0]) if second[0] else "",
                "Its probability": 100 * second[1],
                "Not read because": asked.reason,
            }
        )
    return pd.DataFrame(rows)
