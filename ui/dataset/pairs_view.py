"""Pairs of photos side by side, as HTML: each with its split and class. Every word that came from a file is escaped."""

import html
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from fashion_core.labels import display_name
from ui.charts.layout import SPLIT_NAMES
from ui.shared import gallery

STYLE = """<style>
.vastra-pairs{display:grid;grid-template-columns:repeat(auto-fill,minmax(290px,1fr));gap:1rem .9rem}
.vastra-pairs.one{display:block}
.vastra-pairs .pair{min-width:0}
.vastra-pairs .two{display:grid;grid-template-columns:1fr 1fr;gap:.35rem}
.vastra-pairs figure{margin:0;min-width:0}
.vastra-pairs .frame{aspect-ratio:1;display:flex;align-items:center;justify-content:center;
background:rgba(128,128,140,.10);border-radius:6px;overflow:hidden}
.vastra-pairs img{display:block;object-fit:fill}
.vastra-pairs figcaption,.vastra-pairs .why{font-size:.8125rem;line-height:1.3;margin-top:.25rem;overflow-wrap:anywhere}
.vastra-pairs .why{opacity:.78;font-variant-numeric:tabular-nums}
</style>"""


def page_of(pairs: pd.DataFrame, most: int) -> pd.DataFrame:
    """The page of ``most`` pairs that the reader turned to, below its numbers where there are several."""
    num_pages, page = -(-len(pairs) // most), 1
    if num_pages > 1:
        page = min(max(1, st.pagination(num_pages, key="pair_page", bind="query-params")), num_pages)
    return pairs.iloc[(page - 1) * most : page * most]


def pairs_html(thumbnails: np.ndarray, shown: pd.DataFrame, images: pd.DataFrame, others: pd.DataFrame) -> str:
    """Pairs of photos side by side, each with its split and class, and why they are a pair, as one HTML string."""
    parts = []
    for row, image, other in zip(
        shown.itertuples(index=False), images.itertuples(index=False), others.itertuples(index=False), strict=True
    ):
        first = figure_html(thumbnails, image, row.image_id, row.split, row.label)
        second = figure_html(thumbnails, other, row.other, row.other_split, row.other_label)
        parts.append(
            f'<div class="pair"><div class="two">{first}{second}</div>'
            f'<div class="why">{int(row.number)}. {html.escape(str(row.reason))}</div></div>'
        )
    return f'{STYLE}<div class="vastra-pairs">{"".join(parts)}</div>'


def figure_html(thumbnails: np.ndarray, place: Any, image_id: str, split: str, label: str) -> str:
    """One photo of a pair; ``place`` has row, width, height."""
    told = f"{SPLIT_NAMES[split]}: {display_name(label)}"
    picture = "not here"
    if place.row >= 0:
        picture = gallery.picture_html(thumbnails, place, told)
    return (
        f'<figure{gallery.hint(image_id)}><div class="frame">{picture}</div>'
        f"<figcaption>{html.escape(told)}</figcaption></figure>"
    )
