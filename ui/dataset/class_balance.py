"""How a dataset's photos spread over classes and splits: the chart of the Dataset page, its words and its table.

Takes a dataset and its counts (rows = classes in index order, columns = splits). A clicked bar, or a drag over several,
chooses split and classes for the gallery, in the address.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from fashion_core import labels
from fashion_core.data import published
from fashion_core.data.datasets import Dataset
from fashion_core.labels import display_name
from fashion_core.metrics.class_balance import LabelShift, imbalance_ratio, label_shift
from ui.app import address, audience, loaders, words
from ui.charts.classes import class_distribution
from ui.charts.layout import SPLIT_NAMES
from ui.dataset import photo_filters
from ui.shared import bounded, plain_words
from ui.shared.plot import clicked, dragged, plot
from ui.shared.table import show_table

KEY = "distribution"
REVEAL = "photos_of_bars"
BARS = {"photos": "Photos", "share": "Shares"}
ORDERS = {"index": "Index order", "count": "Largest first", "wearer": "Men and women", "garment": "Kind of garment"}
SAME = ": the same share of every class."
MOST_BARS = 30  # rows of a chart of many classes
SURE = 0.001  # below this, a difference between splits is called more than chance


@dataclass(frozen=True, kw_only=True)
class Shown:
    """How the reader wants the bars."""

    as_share: bool
    order: str
    published: bool


def controls(dataset: Dataset) -> Shown:
    """Draw the choices beside the dataset; groups and published counts only where the classes are IndoFashion's."""
    if not audience.shows("bars", "order", "published"):
        return Shown(as_share=False, order="index", published=False)
    bars = address.segments("Bars show", BARS, key="bars")
    orders = [name for name in ORDERS if name in ("index", "count") or groups_of(dataset, name)]
    order = address.select("Order", orders, key="order", words=ORDERS.get, label_visibility="collapsed", width=172)
    overlay = is_indofashion(dataset) and st.toggle(
        "Published",
        key="published",
        bind="query-params",
        help="A tick on each row: where the bar would end if this split had the shares of the IndoFashion set as its "
        "authors published it, 91,166 / 7,500 / 7,500 photos (arXiv 2104.02830). Rest on a tick for its count.",
    )
    return Shown(as_share=bars == "share", order=order, published=bool(overlay))


def is_indofashion(dataset: Dataset) -> bool:
    """Whether these are the fifteen classes of the published set, in any order."""
    return sorted(dataset.classes) == sorted(labels.INDOFASHION)


def groups_of(dataset: Dataset, order: str) -> dict[str, tuple[str, ...]]:
    """The groups that an order means, none where a class of this dataset would stand in none of them."""
    groups = {"wearer": labels.GROUPS, "garment": labels.GARMENTS}.get(order, {})
    known = {label for members in groups.values() for label in members}
    return groups if set(dataset.classes) <= known else {}


def ordered(dataset: Dataset, counts: pd.DataFrame, order: str) -> pd.DataFrame:
    """The counts in the order to draw: by index, by the first split's photos, or group by group."""
    if order == "count":
        return counts.sort_values(counts.columns[0], ascending=False, kind="stable")
    groups = groups_of(dataset, order)
    if groups:
        return counts.loc[[label for members in groups.values() for label in members if label in counts.index]]
    return counts


def drawn_rows(dataset: Dataset, counts: pd.DataFrame, order: str) -> pd.DataFrame:
    """The rows of the chart: all of them, or of many classes the ends of the first split's order by photos."""
    by_count = np.argsort(-counts.iloc[:, 0].to_numpy(), kind="stable")
    kept = counts.index[bounded.ends(by_count, MOST_BARS)] if bounded.is_large(len(counts)) else counts.index
    rows = ordered(dataset, counts, order)
    return rows[rows.index.isin(kept)]


def show(dataset: Dataset, counts: pd.DataFrame, shown: Shown) -> None:
    """Draw the bars and say below them how the splits differ."""
    rows = drawn_rows(dataset, counts, shown.order)
    groups = groups_of(dataset, shown.order)
    num_rows = len(rows) + len([name for name in groups if set(groups[name]) & set(rows.index)])
    classes, splits = photo_filters.classes_chosen(dataset), photo_filters.splits_chosen(list(rows.columns))

    def open_bar() -> None:
        bar = bar_of((clicked(KEY) or {}).get("customdata"), rows)
        if bar:
            again = (classes, splits) == ([bar[0]], [bar[1]])  # a second click on the same bar shows all again
            open_photos([] if again else [bar[0]], [] if again else [bar[1]])

    def open_bars() -> None:
        bars = [bar for bar in (bar_of(told, rows) for told in dragged(KEY)) if bar]
        if bars:
            several = [split for split in rows.columns if any(split == bar[1] for bar in bars)]
            open_photos(
                [label for label in dataset.classes if any(label == bar[0] for bar in bars)],
                several if len(several) < len(rows.columns) else [],
            )

    most, least = counts.iloc[:, 0].idxmax(), counts.iloc[:, 0].idxmin()
    plot(
        _figure(
            loaders.stamp(dataset.manifest_path), shown, tuple(classes), tuple(splits), dataset, rows, counts.sum()
        ),
        key=KEY,
        alt=f"Photos of each class by split; the most are {display_name(most)}, the fewest {display_name(least)}. "
        "The pickers below open the photos of classes and splits.",
        height=86 + 22 * num_rows,
        on_click=open_bar,
        on_drag=open_bars,
    )
    bounded.say_left_out(len(rows), len(counts), "with the most and the fewest photos", "tab Classes has all")
    hint = ":gray[Click a bar, or drag down over several, to see their photos.]"
    told = [] if audience.is_review() else shift_words(counts)  # a reviewer has read mix_words
    st.markdown("  \n".join(f":small[{sentence}]" for sentence in (*told, hint)))


def open_photos(classes: Sequence[str], splits: Sequence[str]) -> None:
    """Choose the photos of these bars, none meaning all, and turn to them where they stand; for callbacks."""
    photo_filters.choose(classes, splits)
    st.session_state["tab"] = "Photos"
    st.session_state[REVEAL] = time.time_ns() // 1_000_000  # as far as a number of the browser counts


# kept, because another page of photos draws the same bars and building them costs 60 ms
@st.cache_resource(max_entries=32, show_spinner=False)
def _figure(
    key: loaders.Stamp,
    shown: Shown,
    classes: tuple[str, ...],
    splits: tuple[str, ...],
    _dataset: Dataset,
    _rows: pd.DataFrame,
    _totals: pd.Series,
) -> go.Figure:
    title = "Share of each class in its split, %" if shown.as_share else "Photos of each class, all splits on one scale"
    chosen = {(label, split) for label in classes or _rows.index for split in splits or _rows.columns}
    return class_distribution(
        _rows,
        as_share=shown.as_share,
        totals=_totals,
        groups=groups_of(_dataset, shown.order) or None,
        published=_published(_rows) if shown.published else None,
        chosen=chosen if classes or splits else None,
        title=f"{title} · tick: published shares" if shown.published else title,
        drawn=_dataset.synthetic,
    )


def bar_of(told: Any, rows: pd.DataFrame) -> tuple[str, str] | None:
    """The class and split of the bar with this ``customdata``; None for a tick, or for what the browser cannot have
    drawn."""
    if not isinstance(told, list) or len(told) != 4:
        return None
    place, number = told[2:]
    if place not in range(len(rows)) or number not in range(len(rows.columns)):
        return None
    return rows.index[int(place)], rows.columns[int(number)]


def shift_words(counts: pd.DataFrame) -> list[str]:
    """What the distance means, then a sentence for each two splits: how far apart, whether by chance, and where."""
    found = []
    for first, second in combinations([split for split in counts.columns if counts[split].sum()], 2):
        shift = label_shift(counts[first].to_numpy(), counts[second].to_numpy())
        names = f"{SPLIT_NAMES[first]} to {SPLIT_NAMES[second].lower()}"
        found.append(f"**{names} {words.percent(shift.distance)}**{_verdict(shift, list(counts.index))}")
    if found and all(sentence.endswith(SAME) for sentence in found):
        return ["All splits have the same share of every class."]
    if not found:
        return ["There is one split only, so nothing can shift between splits."]
    meaning = "the part of one split's photos that would have to change class for the shares of all classes to agree"
    return [f"**Label shift** :gray[is {meaning} (total variation distance).]", *found]


def mix_words(counts: pd.DataFrame) -> str:
    """The same for a reader who wants no test: whether the splits hold the classes in the same shares."""
    found = []
    for first, second in combinations([split for split in counts.columns if counts[split].sum()], 2):
        shift = label_shift(counts[first].to_numpy(), counts[second].to_numpy())
        untested = shift.distance >= 0.0005 and shift.p_value is None
        moved = None if untested else shift.distance >= 0.0005 and (shift.p_value or 0.0) < SURE
        found.append((SPLIT_NAMES[first].lower(), SPLIT_NAMES[second].lower(), moved))
    return plain_words.mix(found)


def _verdict(shift: LabelShift, names: Sequence[str]) -> str:
    if shift.distance < 0.0005:
        return SAME
    chance = f"; chance alone gives {words.percent(shift.by_chance)}"
    if shift.p_value is None:
        return f"{chance}. Too few photos a class to test it."
    test = f"chi-square {shift.chi_square:,.1f}, {words.counted(shift.degrees, 'degree')} of freedom"
    if shift.p_value >= SURE:
        return f"{chance}. No more than chance ({test}, p\u00a0=\u00a0{shift.p_value:.3f})."
    largest = np.argsort(-np.abs(shift.points_K), kind="stable")[:3]
    moved = ", ".join(f"{words.plain(display_name(names[k]))} {words.signed(100 * shift.points_K[k])}" for k in largest)
    return f"{chance}. More than chance ({test}, p\u00a0<\u00a0{SURE:g}). Largest: {moved} points."


def ratio_words(counts: pd.DataFrame) -> str:
    """``Largest to smallest class: train 3.0 : 1, validation 1.0 : 1.``"""
    parts = []
    for split in counts.columns:
        ratio = imbalance_ratio(counts[split].to_numpy())
        told = f"{ratio:.1f} : 1" if np.isfinite(ratio) else "a class without photos"
        parts.append(f"{SPLIT_NAMES[split].lower()} {told}")
    return f"Largest to smallest class: {', '.join(parts)}."


def table(dataset: Dataset, counts: pd.DataFrame, shown: Shown) -> None:
    """Every count and share as a table that sorts by a click on a heading."""
    rows = ordered(dataset, counts, shown.order)
    frame = pd.DataFrame({"Class": [display_name(label) for label in rows.index]}, index=rows.index)
    for heading, order in (("Worn by", "wearer"), ("Kind", "garment")):
        of = {label: name for name, members in groups_of(dataset, order).items() for label in members}
        if of:
            frame[heading] = [of[label].capitalize() for label in rows.index]
    config = {}
    for split in rows.columns:
        name = SPLIT_NAMES[split]
        frame[name] = rows[split]
        frame[f"{name}, %"] = 100 * rows[split] / max(1, rows[split].sum())
        config[name] = st.column_config.NumberColumn(format="localized")
        config[f"{name}, %"] = st.column_config.NumberColumn(format="%.2f")
    first = SPLIT_NAMES[rows.columns[0]]
    for split in rows.columns[1:]:
        name = SPLIT_NAMES[split]
        heading = f"{name} shift"
        frame[heading] = frame[f"{name}, %"] - frame[f"{first}, %"]
        told = f"Points of share more than in {first.lower()}."
        config[heading] = st.column_config.NumberColumn(format="%+.2f", help=told)
    if is_indofashion(dataset) and "train" in rows:
        frame["Published train"] = _published(rows[["train"]])["train"]
        config["Published train"] = st.column_config.NumberColumn(format="localized")
    st.markdown(ratio_words(counts))
    show_table(
        frame,
        column_config=config,
        height=bounded.table_space(len(frame)),
        alt="Photos and shares of each class and split",
    )


def _published(rows: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame({split: pd.Series(published.counts(split)) for split in rows.columns}).loc[rows.index]
