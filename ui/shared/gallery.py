"""One gallery for every page: pages of 48 small pictures in a single HTML element, with captions.

Pictures come from the dataset's thumbnail cache, which is squeezed to one size; CSS gives each its own shape back. A
click on one opens it at full size (ui/shared/photo_view.py). Every word that came from a file is escaped.
"""

import base64
import html
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from fashion_core.data import pixels
from fashion_core.data.datasets import Dataset
from ui.app import audience, loaders, notices, words
from ui.shared import photo_view

PAGE_SIZE = 48
# Mid tones of leaf and madder that stand out on both themes; the sign says the same without colour.
_SIGNS = {True: ("✓", "#3F9A73"), False: ("✕", "#CF5848")}
_STYLE = """<style>
.vastra-gallery{padding:3px} /* for the ring round the photo that has the focus */
.vastra-gallery{display:grid;grid-template-columns:repeat(auto-fill,minmax(var(--cell),1fr));gap:.6rem .5rem}
.vastra-gallery figure{margin:0;min-width:0;scroll-margin-bottom:.75rem}
.vastra-gallery figure[data-id]{cursor:pointer;border-radius:6px}
.vastra-gallery figure[data-id]:hover .frame{background:rgba(128,128,140,.26)}
.vastra-gallery figure[data-id]:focus-visible{outline:2px solid var(--st-primary-color);outline-offset:1px}
.vastra-gallery .frame{height:var(--cell);display:flex;align-items:center;justify-content:center;
background:rgba(128,128,140,.10);border-radius:6px;overflow:hidden}
.vastra-gallery img{display:block;object-fit:fill}
.vastra-gallery .caption{font-size:.8125rem;line-height:1.3;margin-top:.25rem;overflow-wrap:anywhere}
.vastra-gallery .detail{opacity:.72;font-variant-numeric:tabular-nums}
</style>"""


@dataclass(frozen=True)
class Caption:
    """Under a picture: a line, a fainter second line, and whether the model was right (None: nobody asked it)."""

    text: str
    detail: str = ""
    right: bool | None = None


def show(
    dataset: Dataset,
    images: pd.DataFrame,
    *,
    key: str,
    caption: Callable[[Any], Caption],
    cell_pixels: int = 112,
    page_size: int = PAGE_SIZE,
    reveal: int = 0,
) -> None:
    """Show ``images`` (rows of ``loaders.manifest_of``: row, image_id, width, height; more columns for ``caption``).

    ``caption`` gets one row as a named tuple. The page number lives in the address under ``key``, the photo that is
    open under ``image``. A ``reveal`` that was not told before has the page scroll until the first photo is seen.
    """
    num_pages = max(1, -(-len(images) // page_size))
    page = 1
    shown_before = st.session_state.get(f"_{key}_of")
    shown_now = st.session_state[f"_{key}_of"] = (len(images), *images["image_id"].iloc[[0, -1] if len(images) else []])
    if shown_before not in (None, shown_now):
        st.session_state[key] = 1  # other photos: start at their beginning
    if num_pages > 1:
        with st.container(horizontal=True, vertical_alignment="center"):
            counted = st.container(width="content")
            page = min(max(1, st.pagination(num_pages, key=key, bind="query-params")), num_pages)
            first, last = (page - 1) * page_size + 1, min(page * page_size, len(images))
            with counted:
                notices.aside(f"{words.count(first)} to {words.count(last)} of {words.counted(len(images), 'photo')}")
    else:
        notices.aside(words.counted(len(images), "photo"))
    if images.empty:
        return
    shown = images.iloc[(page - 1) * page_size : page * page_size]
    rows = list(shown.itertuples(index=False))
    grid_key = f"_{key}_grid"

    def open_photo() -> None:
        told = (st.session_state.get(grid_key) or {}).get("opened")
        if any(row.image_id == told and row.row >= 0 for row in rows):  # the browser's word is not enough
            photo_view.choose(key, told)

    _grid(
        key=grid_key,
        data={"html": grid_html(loaders.thumbnails(dataset), rows, caption, cell_pixels, opens=True), "reveal": reveal},
        on_opened_change=open_photo,
    )
    photo_view.show(dataset, images["image_id"], key=key)


def mixed(images: pd.DataFrame) -> pd.DataFrame:
    """The same images in an order that goes round the classes, so that the first page shows something of each."""
    turn = images.groupby("label", sort=False).cumcount()
    return images.iloc[np.argsort(turn.to_numpy(), kind="stable")]


_grid = st.components.v2.component(
    "vastra_gallery", js=(Path(__file__).parent / "gallery.js").read_text(encoding="utf-8"), isolate_styles=False
)


def grid_html(
    thumbnails: np.ndarray,
    images: Sequence[Any],
    caption: Callable[[Any], Caption],
    cell_pixels: int = 112,
    *,
    opens: bool = False,
) -> str:
    """The pictures of one page as one HTML string; ``images`` are rows with row, image_id, width, height.

    ``opens`` marks those that a click opens, for the component in gallery.js.
    """
    return _grid_of([_figure_html(thumbnails, image, caption(image), opens) for image in images], cell_pixels)


def loose_html(pictures: Sequence[tuple[str, float, Caption]], cell_pixels: int = 112) -> str:
    """A grid of pictures that no dataset has: each a base64 JPEG ("" where there is none), width by height, caption."""
    figures = []
    for jpeg, aspect, caption in pictures:
        side = f"width:min(100%,calc(var(--cell,100%)*{aspect:.4f}));aspect-ratio:{aspect:.4f}"
        image = f'<img alt="" style="{side}" src="data:image/jpeg;base64,{html.escape(jpeg)}">' if jpeg else ""
        detail = f'<div class="detail">{_unbroken(caption.detail)}</div>' if caption.detail else ""
        figures.append(
            f'<figure><div class="frame">{image}</div>'
            f'<figcaption class="caption">{_unbroken(caption.text)}{detail}</figcaption></figure>'
        )
    return _grid_of(figures, cell_pixels)


def _grid_of(figures: Sequence[str], cell_pixels: int) -> str:
    return f'{_STYLE}<div class="vastra-gallery" style="--cell:{int(cell_pixels)}px">{"".join(figures)}</div>'


def picture_html(thumbnails: np.ndarray, image: Any, alt: str) -> str:
    """One small picture in the shape that its photo has; ``image`` has row, width, height."""
    encoded = base64.b64encode(pixels.thumbnail_jpeg(thumbnails[int(image.row)])).decode("ascii")
    width, height = max(1, int(image.width)), max(1, int(image.height))
    side = f"width:min(100%,calc(var(--cell,100%)*{width / height:.4f}))"  # whole, in a frame of any shape
    return (
        f'<img alt="{html.escape(alt)}" style="{side};aspect-ratio:{width}/{height}" '
        f'src="data:image/jpeg;base64,{encoded}">'
    )


def hint(image_id: object) -> str:
    """What a photo says to whoever rests the pointer on it: where it lies, which a reviewer need not know."""
    return "" if audience.is_review() else f' title="{html.escape(str(image_id))}"'


def _unbroken(text: str) -> str:
    """Escaped; a number and its ``%`` stay in one line."""
    return html.escape(text).replace(" %", "&nbsp;%")


def _figure_html(thumbnails: np.ndarray, image: Any, caption: Caption, opens: bool) -> str:
    alt = ", ".join(part for part in (caption.text, caption.detail) if part)
    is_button = opens and image.row >= 0
    sign = ""
    if caption.right is not None:
        mark, colour = _SIGNS[caption.right]
        told = "right" if caption.right else "wrong"
        sign = f'<span style="color:{colour};font-weight:700" role="img" aria-label="{told}">{mark}</span> '
        alt += f", {told}"
    detail = f'<div class="detail">{_unbroken(caption.detail)}</div>' if caption.detail else ""
    if image.row < 0:  # the dataset here has no such image, and another one must not stand in its place
        picture = '<span class="detail">not here</span>'
    else:
        picture = picture_html(thumbnails, image, "" if is_button else alt)
    name = html.escape(str(image.image_id))
    button = f' data-id="{name}" role="button"' if is_button else ""
    tag = "div" if is_button else "figcaption"  # a figure with a figcaption may be nothing else; a button is its text
    return (
        f'<figure{hint(image.image_id)}{button}><div class="frame">{picture}</div>'
        f'<{tag} class="caption">{sign}{_unbroken(caption.text)}{detail}</{tag}></figure>'
    )
