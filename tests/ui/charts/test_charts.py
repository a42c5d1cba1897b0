"""What the pages share: words, colours, charts, the gallery, the address, the first start."""

import filecmp
import os
import re
import threading
import time
import tomllib
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import plotly
import plotly.graph_objects as go
import pytest
from streamlit.testing.v1 import AppTest

from fashion_core import jobs, locks, storage
from fashion_core.data import datasets, published
from fashion_core.labels import display_name
from fashion_core.launch import background
from fashion_core.metrics.intervals import Estimate
from tests.support import made_jobs
from tests.support.made_runs import make_run
from tests.support.places import ROOT
from ui import charts
from ui.app import loaders, navigation, words
from ui.charts import colours
from ui.charts import lines as chart_lines
from ui.charts.bars import probability_bars, rates_with_intervals
from ui.charts.classes import class_distribution, counts_by_split
from ui.charts.lines import smoothed
from ui.charts.maps import Map, embedding_scatter
from ui.charts.matrix import confusion_matrix
from ui.overview import leaders
from ui.shared import first_start, gallery, plot

# words


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.04, "0.0 s"), (9.4, "9.4 s"), (41.3, "41 s"), (59.6, "1 min"), (320, "5 min 20 s"), (7300, "2 h 2 min")],
)
def test_durations_are_written_for_people(seconds, text):
    assert words.duration(seconds) == text


def test_shares_stand_with_their_interval_and_their_n():
    assert words.with_interval(Estimate(0.8413, 0.833, 0.849)) == "84.1 % [83.3, 84.9]"
    assert words.counted(7500, "photo") == "7,500 photos" and words.counted(1, "photo") == "1 photo"
    assert words.share_of(12, 4200) == "12 of 4,200 (0.3 %)" and words.percent(float("nan")) == "–"


def test_time_left_follows_from_what_is_done():
    assert words.time_left(0, 100, 5) == "" and words.time_left(100, 100, 5) == "finishing"
    assert words.time_left(25, 100, 10) == "about 30 s left"


def test_a_name_from_a_file_is_never_markdown():
    name = "![x](http://evil.example/a.png) $a$ :red[b] :material/home: <script> `c` **d** ~e~"
    written = words.plain(name)
    assert written.replace("\\", "") == name
    assert not re.search(r"(?<!\\)[!-/:-@\[-`{-~]", re.sub(r"\\.", "", written))


def test_a_command_stays_one_piece_of_code_whatever_backticks_it_holds():
    assert words.command("a b") == "`a b`" and words.command("a `b` c") == "`` a `b` c ``"


# colours


def luminance(colour: str) -> float:
    """WCAG 2 relative luminance."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def test_text_meets_wcag_aa_on_both_grounds():
    for theme in (colours.LIGHT, colours.DARK):
        for name in ("ink", "muted", "indigo", "leaf", "madder"):
            assert contrast(theme[name], theme["ground"]) >= 4.5, (name, theme[name])
        for name in ("ink", "muted", "indigo"):
            assert contrast(theme[name], theme["soft"]) >= 4.5, (name, theme[name])
    side = config_theme()["light"]["sidebar"]
    assert contrast(side["textColor"], side["backgroundColor"]) >= 4.5


def config_theme() -> dict:
    return tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text())["theme"]


def test_the_theme_and_the_charts_use_the_same_colours():
    theme = config_theme()
    for section, ours in (("light", colours.LIGHT), ("dark", colours.DARK)):
        found = theme[section]
        assert found["primaryColor"] == ours["indigo"] and found["textColor"] == ours["ink"]
        assert found["backgroundColor"] == ours["ground"] and found["greenColor"] == ours["leaf"]
        assert found["redColor"] == ours["madder"] and found["yellowColor"] == ours["turmeric"]
        assert len(found["chartCategoricalColors"]) >= 10


def test_every_light_colour_has_exactly_one_dark_twin():
    lights = [*colours.LIGHT.values(), *colours.CLASSES_LIGHT, *colours.RIGHT_RAMP, *colours.WRONG_RAMP]
    lights += [*colours.MORE_RAMP, *colours.LESS_RAMP, *colours.CELL_TEXT.values()]
    assert len({colour.upper() for colour in lights}) == len(lights) == len(colours.light_to_dark())


def test_both_ramps_keep_their_order_in_greyscale():
    for ramp in (colours.RIGHT_RAMP, colours.WRONG_RAMP):
        grey = [luminance(colour) for colour in ramp]
        assert grey == sorted(grey, reverse=True)
    for ramp in (colours.RIGHT_RAMP_DARK, colours.WRONG_RAMP_DARK):
        grey = [luminance(colour) for colour in ramp]
        assert grey == sorted(grey)


def test_safe_defaults_are_on():
    found = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text())
    assert found["server"]["address"] == "127.0.0.1" and found["server"]["allowedHosts"] == ["localhost", "127.0.0.1"]
    assert found["server"]["maxUploadSize"] <= 50 and found["server"]["fileWatcherType"] == "none"
    assert found["browser"]["gatherUsageStats"] is False and found["client"]["showErrorDetails"] == "none"
    assert found["client"]["toolbarMode"] == "viewer" and found["runner"]["magicEnabled"] is False
    assert "http" not in (ROOT / ".streamlit" / "config.toml").read_text()


# charts


def test_a_single_error_is_visible_beside_480_right_ones_and_an_empty_cell_is_not():
    matrix, labels = published.report_matrix(), published.classes()
    trace = confusion_matrix(matrix, labels).data[0]
    shade, written = np.array(trace.z), np.array(trace.text)
    wrong = ~np.eye(15, dtype=bool)
    assert (shade[np.diag_indices(15)] > 0).all() and (shade[wrong & (matrix > 0)] <= -0.14).all()
    assert (shade[matrix == 0] == 0).all() and (written[matrix == 0] == "").all()
    assert (np.array(trace.customdata) == matrix).all()
    # more errors of the same class are never paler
    for row in range(15):
        order = np.argsort(matrix[row][wrong[row]])
        assert (np.diff(-shade[row][wrong[row]][order]) >= -1e-9).all()


def test_row_percentages_of_the_matrix_sum_to_100():
    trace = confusion_matrix(published.report_matrix(), published.classes(), values="rows").data[0]
    sums = [sum(float(text) for text in row if text) for row in trace.text]
    assert np.allclose(sums, 100, atol=1.5)  # two digits are written without a decimal


def test_the_chosen_cell_is_framed():
    shapes = confusion_matrix(np.eye(3, dtype=int), "abc", chosen=(1, 2)).layout.shapes
    frame = [shape for shape in shapes if shape.type == "rect"]
    assert [(s.x0, s.x1, s.y0, s.y1) for s in frame] == [(1.5, 2.5, 0.5, 1.5)]


def test_splits_are_drawn_on_one_scale_from_zero_with_their_counts():
    counts = pd.DataFrame({"train": [30, 10], "val": [2, 1]}, index=["saree", "gowns"])
    figure = class_distribution(counts, title="Photos", drawn=True)
    assert figure.layout.xaxis.range == figure.layout.xaxis2.range and figure.layout.xaxis.range[0] == 0
    assert [list(bar.text) for bar in figure.data] == [["30", "10"], ["2", "1"]]
    assert "drawn data" in figure.layout.title.text
    shares = class_distribution(counts, as_share=True)
    assert np.allclose([sum(bar.x) for bar in shares.data], 100)


def test_counts_by_split_agree_with_a_count_by_hand():
    photos = pd.DataFrame({"label": ["b", "a", "b", "b"], "split": ["train", "train", "val", "train"]})
    counts = counts_by_split(photos, ["a", "b", "c"])
    assert counts.to_dict("list") == {"train": [1, 2, 0], "val": [0, 1, 0]}


def test_the_smoothed_loss_is_pandas_own_adjusted_moving_average():
    values = np.random.default_rng(0).normal(size=300)
    assert np.allclose(smoothed(values, 0.9), pd.Series(values).ewm(alpha=0.1, adjust=True).mean())


def test_a_thinned_line_keeps_its_extremes_and_its_ends():
    y = np.random.default_rng(1).normal(size=50_000)
    y[12_345], y[40_000] = 99, -99
    x, thin = chart_lines.thin(np.arange(50_000), y)
    assert len(x) <= charts.lines.MAX_LINE_POINTS + 2 and {0, 12_345, 40_000, 49_999} <= set(x.tolist())
    assert thin.max() == 99 and thin.min() == -99 and (np.diff(x) > 0).all()


def test_a_map_sends_row_ids_alone_and_greys_what_is_not_highlighted():
    points = np.random.default_rng(0).normal(size=(60, 2)).astype(np.float32)
    labels = np.repeat(["a", "b", "c"], 20)
    figure = embedding_scatter(Map(points=points), labels, ["a", "b", "c"], highlight=["b"])
    ids = np.concatenate([np.asarray(trace.customdata) for trace in figure.data])
    assert sorted(ids) == list(range(60)) and ids.dtype == np.int32
    assert [trace.marker.color == colours.LIGHT["grey"] for trace in figure.data] == [True, True, False]


def test_a_highlighted_class_whose_own_colour_is_grey_stands_out_from_the_grey_ones():
    classes = [f"class {number}" for number in range(10)]
    points = np.random.default_rng(0).normal(size=(20, 2)).astype(np.float32)
    grey = next(name for name, colour in colours.class_colours(classes).items() if colour == "#7F7F7F")
    figure = embedding_scatter(Map(points=points), classes * 2, classes, highlight=[grey])
    (shown,) = (trace.marker.color for trace in figure.data if trace.uid == grey)
    assert shown == colours.LIGHT["indigo"]
    figure = embedding_scatter(Map(points=points), classes * 2, classes)
    assert [trace.marker.color for trace in figure.data if trace.uid == grey] == ["#7F7F7F"]


def test_a_map_of_one_of_two_runs_has_a_dot_of_the_runs_colour_before_its_name():
    points = np.zeros((2, 2), np.float32)
    figure = embedding_scatter(Map(points=points, title="strong <b>", mark="#009E73"), ["a", "b"], ["a", "b"])
    assert figure.layout.title.text == '<span style="color:#009E73">●</span> strong &lt;b&gt;'


def test_the_numbers_beside_the_rows_keep_their_distance_however_wide_the_chart_is():
    rates = pd.DataFrame({"label": ["a"], "rate": 1.0, "low": 0.9, "high": 1.0, "n": 10})
    figure = rates_with_intervals(rates)
    (note,) = figure.layout.annotations
    assert note.x == 1 and note.xref == "paper" and 0 < note.xshift < figure.layout.margin.r - 48


def test_a_class_named_like_a_tag_is_shown_as_it_is_written():
    labels = ["<a href='http://evil.example'>saree</a>", "b&amp;c"]
    rates = pd.DataFrame({"label": labels, "rate": 0.5, "low": 0.4, "high": 0.6, "n": 10})
    counts = pd.DataFrame({"train": [1, 2]}, index=labels)
    for figure in (
        confusion_matrix(np.eye(2, dtype=int), labels),
        rates_with_intervals(rates),
        class_distribution(counts),
        probability_bars(labels, [0.5, 0.5]),
        embedding_scatter(Map(points=np.zeros((2, 2), np.float32)), labels, labels),
    ):
        assert "<a" not in figure.to_json().replace("\\u003c", "<")


NUMBERS = [str(number) for number in range(1, 13)]
MONTHS = ["2019-01", "2020-01", "2021-06"]
TWINS = ["t shirt", "t_shirt", "Dress", "dress", "c"]


@pytest.mark.parametrize("labels", [NUMBERS, MONTHS, TWINS], ids=["numbers", "months", "twins"])
def test_every_class_has_a_place_of_its_own_whatever_it_is_called(labels):
    K = len(labels)
    matrix = np.arange(K * K).reshape(K, K)
    counts = pd.DataFrame({"train": range(1, K + 1), "val": 1}, index=labels)
    rates = pd.DataFrame({"label": labels, "rate": np.linspace(0.9, 0.1, K), "low": 0.0, "high": 1.0, "n": 10})
    shown = [
        (confusion_matrix(matrix, labels), labels),
        (class_distribution(counts), labels),
        (rates_with_intervals(rates), labels[::-1]),  # the best one on top
        (probability_bars(labels, np.full(K, 1 / K)), labels),
    ]
    for figure, order in shown:
        axis = figure.layout.yaxis
        assert axis.type == "category" and axis.tickmode == "array" and list(axis.tickvals) == list(range(K))
        assert [text.strip() for text in axis.ticktext] == [display_name(label) for label in order]
        assert all(list(trace.y) == list(range(K)) for trace in figure.data if getattr(trace, "mode", "") != "text")
    matrix_figure, rates_figure = shown[0][0], shown[2][0]
    assert list(matrix_figure.data[0].x) == list(range(K)) and list(matrix_figure.layout.xaxis.tickvals) == list(
        range(K)
    )
    assert (np.array(matrix_figure.data[0].customdata) == matrix).all()
    assert [note.y for note in rates_figure.layout.annotations] == list(range(K))
    assert list(shown[1][0].data[0].hovertext) == [display_name(label) for label in labels]


def test_two_classes_of_one_name_both_stand_on_the_map_and_keep_their_lines():
    points = np.repeat(np.arange(5, dtype=np.float32)[:, None] * 10, 2, axis=1)
    figure = embedding_scatter(Map(points=points), TWINS, TWINS)
    assert [note.text for note in figure.layout.annotations] == ["T shirt", "T shirt", "Dress", "Dress", "C"]
    assert len({(note.x, note.y) for note in figure.layout.annotations}) == 5


def test_the_folder_that_streamlit_serves_comes_with_the_lab():
    """Without it, streamlit's first lines at the first start are a warning."""
    assert (ROOT / "static" / ".gitignore").read_text().splitlines()[-2:] == ["*", "!.gitignore"]


def test_plotly_is_served_from_our_own_copy_of_the_package(tmp_path, monkeypatch):
    monkeypatch.setattr(plot, "ROOT", tmp_path)
    address = plot.serve_plotly()
    copy = tmp_path / "static" / address.removeprefix("app/static/")
    assert filecmp.cmp(copy, Path(plotly.__file__).parent / "package_data" / "plotly.min.js", shallow=False)
    assert [path.name for path in copy.parent.iterdir()] == [copy.name]


def test_the_small_library_is_of_the_version_that_the_package_has():
    whole = (Path(plotly.__file__).parent / "package_data" / "plotly.min.js").read_text()[:60]
    version = re.search(r"plotly\.js v([\d.]+)", whole)[1]
    assert f"v{version}\n" in plot.SMALL.read_text()[:80] and version in plot.SMALL.name


def test_a_map_of_points_gets_the_whole_library_and_bars_the_small_one(tmp_path, monkeypatch):
    monkeypatch.setattr(plot, "ROOT", tmp_path)
    assert "cartesian" in plot.serve_plotly(go.Figure([go.Bar(y=[1]), go.Scatter(y=[1])]))
    assert "cartesian" not in plot.serve_plotly(go.Figure([go.Bar(y=[1]), go.Scattergl(y=[1])]))


# gallery


def test_captions_and_names_are_escaped_and_each_photo_keeps_its_shape():
    thumbnails = np.zeros((3, 8, 8, 3), np.uint8)
    evil = '"><script>alert(1)</script><img src=x onerror=alert(1)>'
    images = [
        SimpleNamespace(row=0, image_id=evil, width=400, height=534),
        SimpleNamespace(row=2, image_id="b", width=9, height=4),
    ]
    page = gallery.grid_html(thumbnails, images, lambda image: gallery.Caption(evil, evil, right=image.row == 0))
    assert "<script" not in page and "<img src" not in page and page.count("<figure") == 2
    assert "*0.7491));aspect-ratio:400/534" in page and "*2.2500));aspect-ratio:9/4" in page
    assert ", right" in page and ", wrong" in page and page.count("data:image/jpeg;base64,") == 2
    assert not re.search(r"(src|href)=\"?http", page)


def test_the_first_page_of_a_gallery_shows_something_of_each_class():
    images = pd.DataFrame({"label": ["a"] * 5 + ["b"] * 3 + ["c"], "row": range(9)})
    assert gallery.mixed(images)["label"].tolist() == ["a", "b", "c", "a", "b", "a", "b", "a", "a"]


# loaders


def test_a_file_that_changes_gets_a_new_key(tmp_path):
    path = tmp_path / "a.json"
    assert loaders.stamp(path) == (str(path), 0, 0)
    storage.write_text(path, "1")
    before = loaders.stamp(path)
    storage.write_text(path, "22")
    assert loaders.stamp(path) != before


# first start


def test_many_sessions_at_once_start_one_drawing_and_one_that_failed_is_drawn_again_when_somebody_asks(
    tmp_path, monkeypatch
):
    monkeypatch.undo()  # conftest's, which starts no import
    started = []
    monkeypatch.setattr(background, "detach", lambda command, log, **_: started.append(command) or os.getpid())
    threads = [threading.Thread(target=first_start.ensure_demo, args=(tmp_path,)) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(started) == 1 and started[0][3:5] == ["import", "demo"]
    made_jobs.failed(datasets.incoming_folder(tmp_path, "demo"), "the disk is full")
    first_start.ensure_demo(tmp_path)
    assert len(started) == 1
    first_start.ensure_demo(tmp_path, again=True)
    assert len(started) == 2


def test_a_drawing_that_somebody_else_started_is_not_started_twice(tmp_path, monkeypatch):
    monkeypatch.undo()  # conftest's, which starts no import
    monkeypatch.setattr(background, "detach", lambda *args, **keywords: pytest.fail("a drawing was started"))
    folder = tmp_path / ".incoming" / "demo"
    storage.write_json(folder / "progress.json", {"done": 1240, "total": 4200, "stage": "", "error": None, "pid": 1})
    with locks.hold(folder / "lock"):
        first_start.ensure_demo(tmp_path)


def test_progress_is_a_count_with_the_time_that_is_left():
    job = jobs.Job(state=jobs.RUNNING, began=time.time() - 10, stage="drawing", done=1400, total=4200)
    assert first_start.progress_words(job) == "Drawing the demo set: 1,400 of 4,200, about 20 s left"
    job = jobs.Job(state=jobs.RUNNING, began=time.time() - 10, stage="reading photos", done=1400, total=4200)
    assert first_start.progress_words(job) == "Reading the drawn set: 1,400 of 4,200"
    assert first_start.progress_words(jobs.Job(state=jobs.STARTING, began=0)) == "Drawing the demo set: starting"


# standings


def test_the_published_rows_are_the_published_accuracies():
    assert leaders.published_rows()["rate"].round(4).tolist() == [0.8843, 0.8413]


def test_the_best_run_is_chosen_by_validation_and_scored_on_test(tiny_run):
    rows = leaders.best_runs([tiny_run])
    predictions = tiny_run.predictions("test")
    assert rows["run"].tolist() == ["tiny-run"] and rows["split"].tolist() == ["test"]
    assert rows["rate"].iloc[0] == (predictions["label"] == predictions["predicted"]).mean()
    assert leaders.best_runs([]).empty


def test_a_run_that_cannot_be_scored_blanks_no_other(tiny_run, tmp_path):
    """``make_run`` stores no scores; a run without predictions has none either, and one class may have no photos."""
    without_boot = {"test": ["bag"] * 20, "val": ["bag", "boot"] * 10}
    run = make_run(tmp_path / "one", ("bag", "boot"), counts={"test": 20, "val": 20}, labels=without_boot)
    never = make_run(tmp_path / "two", ("bag", "boot"), counts={}, fingerprint="2" * 16)
    rows = leaders.best_runs([run, never, tiny_run]).set_index("run")
    assert set(rows.index) == {"one", "tiny-run"} and rows.loc["one", "split"] == "test"
    found = run.predictions("test")
    assert rows.loc["one", "rate"] == (found["label"] == found["predicted"]).mean()


# navigation


def test_every_page_has_its_file_and_every_file_its_page():
    assert {item.path for item in navigation.ENTRIES} == set((ROOT / "pages").glob("*.py"))


# address

PICKER = """
import streamlit as st
from ui.app import address
value = address.select("Letter", ["a", "b", "c"], key="letter", default="b", words=str.upper)
st.text(value)
"""


def test_an_address_opens_a_picker_and_a_choice_goes_into_the_address():
    app = AppTest.from_string(PICKER)
    app.query_params["letter"] = "c"
    app.run()
    assert app.text[0].value == "c"
    app.selectbox[0].select("a").run()
    assert app.text[0].value == "a" and app.query_params["letter"] in ("a", ["a"])


def test_an_address_is_not_written_until_there_is_a_choice():
    app = AppTest.from_string(PICKER).run()
    assert app.text[0].value == "b" and "letter" not in app.query_params
    app.selectbox[0].select("c").run()
    app.selectbox[0].select("b").run()
    assert "letter" not in app.query_params


def test_back_to_an_address_without_a_choice_is_back_to_the_default():
    app = AppTest.from_string(PICKER).run()
    app.selectbox[0].select("c").run()
    del app.query_params["letter"]
    app.run()
    assert app.text[0].value == "b"


@pytest.mark.parametrize(
    ("wrong", "named"), [("z", "`z`"), ("", "an empty value"), ("<script>", "`<script>`"), ("A", "`A`")]
)
def test_a_value_that_is_not_on_offer_is_named_once_with_what_is_shown(wrong, named):
    app = AppTest.from_string(PICKER)
    app.query_params["letter"] = wrong
    app.run()
    assert not app.exception and app.text[0].value == "b"
    assert [warning.value for warning in app.warning] == [f"Letter: {named} is not here; showing B."]
    assert not app.run().warning
    app = AppTest.from_string(PICKER.replace("key=", "quiet=True, key="))
    app.query_params["letter"] = wrong
    assert not app.run().warning, "the page itself says it"


def test_of_several_values_those_that_are_not_on_offer_are_named_and_left_out():
    app = AppTest.from_string(
        PICKER.replace("address.select(", "address.several(")
        .replace('default="b", ', "")
        .replace("(value)", "(' '.join(value))")
    )
    app.query_params["letter"] = ["c", "x", "a", "y`"]
    app.run()
    assert not app.exception and app.text[0].value == "a c"
    assert [warning.value for warning in app.warning] == ["Letter: `x`, `` y` `` are not here and left out."]
    assert not app.run().warning


TWIN_PICKER = PICKER.replace('["a", "b", "c"]', '["t shirt", "t_shirt", "c"]').replace("str.upper", "display_name")


def test_two_options_that_are_written_alike_can_both_be_chosen():
    app = AppTest.from_string("from fashion_core.labels import display_name\n" + TWIN_PICKER).run()
    assert app.selectbox[0].options == ["T shirt (t shirt)", "T shirt (t_shirt)", "C"]
    for wanted in ("t_shirt", "t shirt"):
        app.selectbox[0].select(wanted).run()
        assert app.text[0].value == wanted


def test_an_image_that_the_dataset_does_not_have_is_never_shown_as_another_one():
    images = pd.DataFrame({"row": [-1, 0], "image_id": ["gone", "here"], "width": [8, 8], "height": [8, 8]})
    thumbnails = np.zeros((2, 8, 8, 3), np.uint8)
    page = gallery.grid_html(thumbnails, list(images.itertuples(index=False)), lambda image: gallery.Caption("x"))
    assert page.count("<figure") == 2 and page.count("<img") == 1 and page.count("not here") == 1


def test_a_photo_that_opens_is_a_button_named_by_what_is_written_and_others_are_figures_with_captions():
    """By "ARIA in HTML" a figure with a figcaption has no other role; by WCAG 2.5.3 a name holds the words seen."""
    (image,) = pd.DataFrame({"row": [0], "image_id": ["here"], "width": [8], "height": [8]}).itertuples(index=False)
    caption = gallery.Caption("Saree → Gown", "80 %", right=False)
    opens, stays = (
        gallery.grid_html(np.zeros((1, 8, 8, 3), np.uint8), [image], lambda _: caption, opens=opens).rpartition(
            "</style>"
        )[2]
        for opens in (True, False)
    )
    assert 'role="button"' in opens and "figcaption" not in opens and 'alt=""' in opens
    assert re.findall('aria-label="([^"]+)"', opens) == ["wrong"]
    assert 'role="button"' not in stays and "</figcaption>" in stays and 'alt="Saree → Gown, 80 %, wrong"' in stays
