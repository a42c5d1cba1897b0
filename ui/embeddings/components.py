"""How many directions the features really have: what each principal axis explains beside chance, and its two ends."""

import numpy as np
import streamlit as st

from fashion_core.embeddings import pca
from fashion_core.runs.runs import Run
from ui.app import address, words
from ui.charts.components import scree
from ui.embeddings import features_view, photos_view
from ui.shared.answer import Number, answer
from ui.shared.plot import clicked, plot

MOST_SHOWN = 40  # axes in the chart
AT_AN_END = 12


def show(run: Run, split: str) -> None:
    """The answer, the scree plot with the line of chance, and the photos at both ends of an axis."""
    found = features_view.of(run, split)
    shares = features_view.axes_of(run, split).explained_variance_ratio_C
    chance = features_view.chance_of(run, split)
    beyond = pca.num_beyond_chance(shares, chance)
    answer(_numbers(shares, beyond, len(chance), len(found.points)))
    num = min(MOST_SHOWN, len(shares))
    options = [str(number) for number in range(1, 1 + len(shares))]

    def choose_axis() -> None:
        click = clicked("scree")
        if click and isinstance(click["customdata"], int) and str(click["customdata"] + 1) in options:
            address.choose(axis=str(click["customdata"] + 1))

    chart, ends = st.columns([5, 4], gap="medium")
    with ends:
        axis = int(address.select("Ends of", options, key="axis", words="Axis {}".format, width=160)) - 1
        places = features_view.places_of(run, split, (axis,))[:, 0]
        order = np.argsort(places, kind="stable")
        for name, rows in (("high", order[::-1][:AT_AN_END]), ("low", order[:AT_AN_END])):
            photos_view.at_an_end(run, found.points.iloc[rows], f"At the {name} end of axis {axis + 1}", key=name)
    with chart:
        title = f"{beyond} of {len(shares)} axes explain more than shuffled features would"
        plot(
            scree(
                shares[:num],
                np.quantile(chance, 0.95, axis=0)[:num],
                beyond=beyond,
                chosen=[axis],
                title=title,
                drawn=run.dataset.synthetic,
            ),
            key="scree",
            alt=f"Share of the variance by principal axis. {title}.",
            height=400,
            on_click=choose_axis,
        )
        first = " A click on a bar shows its ends." if num == len(shares) else (
            f" The first {num} axes are drawn; a click on a bar shows its ends."
        )  # fmt: skip
        st.caption(
            "The dashed line is what the axis of shuffled features stays below in 95 of 100 shuffles: under it an axis "
            f"may be chance.{first} Which end is high is a convention."
        )


def _numbers(shares: np.ndarray, beyond: int, num_shuffles: int, num_photos: int) -> list[Number]:
    """How many axes explain more than chance, and how many hold most of the variance (``shares``: of each axis)."""
    up_to = np.cumsum(shares)
    return [
        Number(
            "Beyond chance",
            words.count(beyond),
            f"of {words.count(len(shares))} axes",
            "Axes before the first that explains no more than the same axis of shuffled features does in 95 of 100 "
            f"shuffles (parallel analysis, Horn 1965; {num_shuffles} shuffles of every feature by itself).",
        ),
        Number("They explain", words.percent(up_to[beyond - 1] if beyond else 0.0), "of the variance"),
        Number(
            "First two axes",
            words.percent(up_to[min(1, len(up_to) - 1)]),
            "of the variance",
            "The share of the variance that the first two axes hold together.",
        ),
        Number("Nine tenths", words.counted(int(np.searchsorted(up_to, 0.9)) + 1, "axis", "axes"), "hold 90 %"),
        Number("Photos", words.count(num_photos), "all of them"),
    ]
