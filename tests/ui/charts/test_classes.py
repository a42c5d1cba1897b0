"""Bars a class: groups, ticks, what a click means, and the simulated epoch."""

import numpy as np
import pandas as pd

from ui.charts.classes import class_distribution, simulated_epoch
from ui.charts.components import cluster_matrix
from ui.dataset import class_balance


def test_groups_stand_under_headings_with_their_sums_and_a_bar_tells_its_class_and_split():
    counts = pd.DataFrame({"train": [30, 10, 5], "val": [2, 1, 0]}, index=["saree", "gowns", "blouse"])
    groups = {"drape": ("saree",), "upper": ("blouse", "gowns")}
    figure = class_distribution(counts, groups=groups, chosen={("gowns", "val")})
    names = [text.strip() for text in figure.layout.yaxis.ticktext]
    assert names == ["<b>Drape</b>", "Saree", "<b>Upper</b>", "Gowns", "Blouse"]
    assert list(figure.layout.yaxis.categoryarray) == [0, 1, 2, 3, 4]
    assert [list(bar.y) for bar in figure.data] == [[1, 3, 4], [1, 3, 4]]
    sums = {(note.xref, note.y): note.text for note in figure.layout.annotations if note.yref == "y"}
    assert sums == {
        ("x", 0): "<b>30</b>", ("x", 2): "<b>15</b>", ("x2", 0): "<b>2</b>", ("x2", 2): "<b>1</b>",
    }  # fmt: skip
    assert [list(bar.marker.opacity) for bar in figure.data] == [[0.4, 0.4, 0.4], [0.4, 1, 0.4]]
    for number, bar in enumerate(figure.data):
        for place, told in enumerate(bar.customdata):
            assert class_balance.bar_of(list(told), counts) == (counts.index[place], counts.columns[number])
    for nothing in (None, "x", [5], [1, 2, 99, 0], [1, 2, "0", 0], [1, 2, 0, 0.5]):
        assert class_balance.bar_of(nothing, counts) is None


def test_published_ticks_stand_on_the_same_scale_as_the_bars():
    counts = pd.DataFrame({"train": [30, 10]}, index=["saree", "gowns"])
    reference = pd.DataFrame({"train": [900, 300]}, index=["saree", "gowns"])
    ticks = class_distribution(counts, published=reference).data[1]
    assert list(ticks.x) == [30, 10] and [told[0] for told in ticks.customdata] == [900, 300]
    figure = class_distribution(counts, published=reference, as_share=True)
    assert list(figure.data[1].x) == list(figure.data[0].x) == [75, 25]
    assert figure.layout.xaxis.range[1] > 75


def test_the_simulated_epoch_draws_every_number_it_was_given():
    rows = pd.DataFrame(
        {"label": ["a", "<b"], "photos": [60, 40], "expected": [50.0, 50.0], "drawn": [48, 52], "unseen": [0.5, 0.25],
         "unseen_drawn": [0.4, 0.3], "weight": [0.8, 1.2]}
    )  # fmt: skip
    figure = simulated_epoch(rows, title="One epoch", drawn=True)
    shown = {trace.name: list(trace.x) for trace in figure.data if trace.name}
    assert shown["photos"] == [60, 40] and shown["expected"] == [50, 50] and shown["drawn"] == [48, 52]
    assert shown["unseen"] == [50, 25] and shown["unseen_drawn"] == [40, 30] and shown["weight"] == [0.8, 1.2]
    assert figure.layout.xaxis.range[0] == 0 and figure.layout.xaxis.range[1] > 60
    assert "drawn data" in figure.layout.title.text and "<b" not in figure.layout.yaxis.ticktext[1]


def test_names_below_half_a_page_of_clusters_stand_upright_and_only_there():
    classes = [f"class {number}" for number in range(15)]
    half = cluster_matrix(np.eye(15), classes, narrow=True).layout.xaxis
    assert half.tickangle == -90 and not half.title.text and list(half.ticktext) == [f"Class {k}" for k in range(15)]
    whole = cluster_matrix(np.eye(15), classes).layout.xaxis
    few = cluster_matrix(np.eye(4), classes[:4], narrow=True).layout.xaxis
    assert whole.tickangle == few.tickangle == -40 and whole.title.text == few.title.text == "Class"
