"""The Compare page: the verdict, the flips and the table of runs are what the core computes, for every kind of side."""

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from fashion_core import labels, storage
from fashion_core.compare import comparison, leaderboard, sides
from fashion_core.metrics.intervals import Estimate
from fashion_core.runs import runs, tags
from tests.support.made_pairs import answers, run_with
from tests.support.made_runs import make_run
from tests.support.pages import metric, open_page, written
from ui.charts.compare import accuracy_by_cost, class_differences, difference_scale
from ui.compare import compare_sides
from ui.shared import run_names


@pytest.fixture
def pair(lab: Path):
    right_first, right_second = answers(200, 10, 40, 50)
    first = run_with(lab / "first", right_first)
    second = run_with(lab / "second", right_second, sets=["rotation_degrees=0"])
    return first, second


def test_two_runs_show_verdict_difference_settings_flips_and_classes(pair):
    app = open_page("compare", first="first", second="second")
    found = comparison.compare(*(sides.side_of_run(run) for run in pair))
    assert "report, image size 16, rotation degrees 0 is better than report, image size 16 by 10.0 points" in written(
        app
    )
    assert metric(app, "First accuracy") == "70.0 %" and metric(app, "Second accuracy") == "80.0 %"
    assert metric(app, "Difference").replace("\\", "") == "+10.0 points"
    assert metric(app, "Flipped").replace("\\", "") == "10 / 40"
    settings, flips, classes, runs = (frame.value for frame in app.dataframe)
    assert settings.values.tolist() == [["rotation_degrees", "10", "0"]]
    lost = found.flips[found.flips["second_right"] == 0]
    assert sorted(flips["image_id"]) == sorted(lost["image_id"])
    assert classes["difference"].sum() == pytest.approx(100 * found.per_class["difference"].sum())
    assert len(runs) == 2 and set(runs["accuracy"]) == {70.0, 80.0}
    app.segmented_control(key="flips").select("won").run()
    assert len(app.dataframe[1].value) == 40 and app.query_params["flips"] == "won"
    app.selectbox(key="true").select("saree").run()
    assert set(app.dataframe[1].value["label"]) == {"Saree"} and not app.exception


def test_what_flipped_on_the_other_sides_photos_is_shown_from_there(lab: Path):
    right_first, right_second = answers(200, 10, 40, 50)
    first = run_with(lab / "first", right_first)
    run_with(lab / "second", right_second, fingerprint="1" * 16)
    (first.folder / "predictions-test.parquet").rename(first.folder / "predictions-test-on-made-1111.parquet")
    run_with(lab / "first-again", right_first)
    shutil.copy(lab / "first-again" / "predictions-test.parquet", first.folder)
    app = open_page("compare", first="first", second="second")
    assert [element.value.replace("\\", "") for element in app.info] == [
        "The photos of dataset made-1111 are not on this machine."
    ]


def test_a_group_stands_against_a_run_and_names_are_shown_as_they_are(lab: Path):
    generator = np.random.default_rng(0)
    for seed in range(3):
        run_with(lab / f"seed{seed}", generator.random(300) < 0.7, seed=seed, group="three")
    alone = run_with(lab / "alone", generator.random(300) < 0.9, sets=["epochs=9"])
    tags.label(alone, name="<b>bold</b> *claim*")
    app = open_page("compare", first="three", second="alone")
    assert "<b>bold</b> *claim* is better than 3 seeds of report, image size 16" in written(app)
    assert "Flipped" not in [element.label for element in app.metric]
    assert "3 seeds, sd" in written(app)
    assert any(expander.label == "How far do the seeds lie apart?" for expander in app.expander)


def test_the_page_opens_on_the_best_recipe_with_all_its_seeds_against_another_recipe(lab: Path):
    right = np.arange(300) % 4 > 0
    old = run_with(lab / "old", right, sets=["epochs=9"])
    elsewhere = run_with(lab / "elsewhere", right, fingerprint="1" * 16)
    seeds = [run_with(lab / f"seed{seed}", right, seed=seed, group="three") for seed in range(3)]
    offer = compare_sides.Offer([*reversed(seeds), elsewhere, old])  # newest first
    assert offer.default_second() == "three" and offer.default_first("three") == "old"
    assert elsewhere.id not in {offer.default_second(), offer.default_first("three")}, "other photos, if better ones"
    assert offer.default_first("old") == "three" and offer.default_first("seed0") == "old"
    assert compare_sides.Offer([*seeds]).default_first("seed0") == "seed1", "one recipe alone: another seed"
    (seeds[1].folder / "predictions-test.parquet").unlink()
    offer = compare_sides.Offer([*reversed(seeds), elsewhere, old])
    assert offer.default_second() == "seed2", "a group that is not scored yet is not offered by itself"
    assert offer.words("three").startswith("2 of 3 seeds of report") and offer.side("three").left_out == (seeds[1],)
    twins = []
    for name, sets in (("one", []), ("other", ["sampler=none"])):
        run = run_with(lab / name, right, sets=sets)
        document = storage.read_json(run.folder / "config.json")
        twin = {"id": "pair", "kind": "twin", "varies": ["sampler"]}
        storage.write_json(run.folder / "config.json", document | {"group": twin})
        twins.append(runs.open_run(run.folder))
    offer = compare_sides.Offer([twins[0], *seeds, old, twins[1]])
    assert offer.default_second() == "one" and offer.default_first("one") == "other", "its twin before all others"


def test_a_published_result_says_that_it_is_another_experiment(lab: Path):
    make_run(lab / "mine", labels.INDOFASHION, counts={"test": 750}, embeddings=False)
    app = open_page("compare", first="published-report", second="mine")
    told = written(app)
    assert "a different input is a different experiment" in told
    assert "79 % submitted and 78 to 85 % over runs; its matrix gives 84.13 %" in told
    assert "no photo can be shown to have flipped" in told
    runs = app.dataframe[-1].value
    assert len(runs) == 1 + 31 and runs["accuracy"].max() == pytest.approx(88.93)


def test_sides_that_do_not_fit_are_one_sentence_and_the_runs_stay(pair, lab: Path):
    others = ("cap", "hat", "shoe")
    run_with(lab / "hats", [True] * 30, classes=others, fingerprint="1" * 16)
    app = open_page("compare", first="first", second="hats")
    assert not app.error and "they tell different classes apart" in written(app)
    assert "Nothing here answered the same photos as report, image size 16 (made-1111)" in written(app)
    assert len(app.dataframe) == 1 and len(app.dataframe[0].value) == 1
    app = open_page("compare", first="hats", second="second")
    assert "What can be held against report, image size 16, rotation degrees 0" in written(app)
    app = open_page("compare", first="nobody", second="second")
    assert "First `nobody` is not here; showing" in app.warning[0].value
    assert app.selectbox(key="first").value == "first"


def test_an_empty_lab_and_a_single_run_say_what_would_be_here(lab: Path):
    assert "hold two of them side by side" in written(open_page("compare"))
    run_with(lab / "only", [True] * 30)
    assert "a comparison takes two" in written(open_page("compare"))


def test_a_row_of_the_table_is_what_the_run_wrote(pair, lab: Path):
    frame = leaderboard.table(pair)
    assert frame["accuracy"].tolist() == [0.7, 0.8] and frame["minutes"].tolist() == [1.0, 1.0]
    assert frame["changed"].tolist()[1].endswith("rotation_degrees=0")
    (lab / "first" / "summary.json").unlink()
    assert np.isnan(leaderboard.row_of(pair[0])["accuracy"] or np.nan)


def test_the_charts_draw_the_bounds_they_were_given():
    scale = difference_scale(Estimate(0.021, 0.004, 0.038), margin=0.01, first_name="<i>", second_name="b")
    assert scale.data[0].x[0] == pytest.approx(2.1)
    assert (scale.data[0].error_x.array[0], scale.data[0].error_x.arrayminus[0]) == pytest.approx((1.7, 1.7))
    assert (scale.layout.shapes[0].x0, scale.layout.shapes[0].x1) == (-1, 1)
    assert "&lt;i&gt;" in scale.layout.annotations[0].text
    per_class = pd.DataFrame(
        [["saree", 40, 0.5, 0.9, 0.4, 0.2, 0.6, 0.001, 0.002], ["kurta", 40, 0.5, 0.5, 0.0, -0.1, 0.1, 1.0, 1.0]],
        columns=["label", "n", "first", "second", "difference", "low", "high", "p_value", "p_holm"],
    )
    marks = {
        trace.marker.symbol: list(trace.x)
        for trace in class_differences(per_class, margin=0.01).data
        if trace.marker.symbol
    }
    assert marks == {"circle-open": [0.0], "diamond": [40.0]}
    rows = pd.DataFrame(
        [["a", "one", "#009E73", 0.8, 0.7, 0.9, 5.0, "photos"]],
        columns=["id", "name", "colour", "accuracy", "low", "high", "minutes", "kind"],
    )
    cost = accuracy_by_cost(rows, marked={"a": "First"}, published=[("paper", 0.884)])
    assert list(cost.data[1].marker.color) == ["#009E73"]
    assert cost.data[1].y[0] == 80 and cost.layout.shapes[0].y0 == pytest.approx(88.4)


def test_words_near_an_end_of_a_chart_point_inwards_where_a_narrow_screen_has_room():
    def words_of(value: float) -> tuple[float, str]:
        difference = Estimate(value, value - 0.006, value + 0.006)
        note = difference_scale(difference, margin=0.01, first_name="a", second_name="b").layout.annotations[-1]
        return note.x, note.xanchor

    assert words_of(0.0) == (0.0, "center")
    assert words_of(0.077) == (pytest.approx(8.3), "right")  # they end where the interval ends
    assert words_of(-0.077) == (pytest.approx(-8.3), "left")
    rows = pd.DataFrame(
        [
            ["a", "one", "#009E73", 0.8, 0.7, 0.9, 2.0, "photos"],
            ["b", "two", "#3A4A9F", 0.9, 0.8, 0.95, 50.0, "photos"],
        ],
        columns=["id", "name", "colour", "accuracy", "low", "high", "minutes", "kind"],
    )
    cost = accuracy_by_cost(rows, marked={"a": "First", "b": "Second"})
    assert list(cost.data[1].textposition) == ["middle right", "middle left"]


def test_a_long_name_fits_the_column_of_the_list_of_runs(lab: Path):
    right, _ = answers(200, 10, 40, 50)
    run_with(lab / "first", right)
    run_with(lab / "long", right, sets=[f"{name}=0" for name in ("rotation_degrees", "flip", "brightness", "contrast")])
    names = open_page("compare", first="first", second="long").dataframe[-1].value["name"]
    assert max(map(len, names)) <= run_names.IN_TABLE and sum("…" in name for name in names) == 1
