"""The Training page: a run started, stopped, resumed and killed from it; every ending told as it is."""

import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
import time

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binomtest

from fashion_core import processes, storage
from fashion_core.data import importing
from fashion_core.errors import RunError
from fashion_core.launch import actions, estimate, launchers, suggestion
from fashion_core.launch.status import status_of
from fashion_core.runs import checkpoints, runs, tags
from fashion_core.settings import config, recipes
from tests.support.made_runs import make_run
from tests.support.pages import open_page, written
from tests.support.places import ROOT
from tests.support.tiny import write_tiny
from ui.charts import overlay, rates
from ui.charts.progress import finding, progress_curves
from ui.shared import curves_view, metrics_log, run_names, run_status, settings_form
from ui.training import after_run, below_training, offered_recipe, run_view


@pytest.fixture
def room(tiny_data, tmp_path, monkeypatch):
    """The tiny data and an empty runs directory."""
    monkeypatch.setenv("FASHION_DATA", str(tiny_data))
    monkeypatch.setenv("FASHION_RUNS", str(tmp_path))
    return tmp_path


def wait_for(claim, seconds=90.0):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = claim()
        if found:
            return found
        time.sleep(0.1)
    raise AssertionError("did not happen in time")


def test_without_a_run_the_page_says_what_would_be_here(room):
    app = open_page("training")
    assert "No run is here yet" in written(app)
    assert not any("Time unknown" in caption.value for caption in app.caption)
    app = open_page("training", image_size="64")
    assert app.button(key="train").label == "Train 2 epochs"
    assert any("Time unknown until it runs" in caption.value for caption in app.caption)


def test_a_class_without_training_photos_is_refused_before_a_run_is_made(tmp_path, monkeypatch):
    write_tiny(tmp_path / "photos")
    shutil.rmtree(tmp_path / "photos" / "train" / "shoe")
    monkeypatch.setenv("FASHION_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("FASHION_RUNS", str(tmp_path / "runs"))
    dataset = importing.import_source(tmp_path / "photos", data_dir=tmp_path / "data", name="tiny")
    app = open_page("training", dataset="tiny")
    assert not app.exception and "train" not in [button.key for button in app.button]
    told = (
        "lass 'shoe' of dataset 'tiny' has no training photos, so nothing can be trained on it; put photos of it into"
    )
    assert f"C{told}" in written(app)
    with pytest.raises(RunError, match=f"c{told}"):
        runs.create_run(dataset, recipes.settings_for("report"), runs_dir=tmp_path / "runs", run_id="one")
    assert not (tmp_path / "runs" / "one").exists()


def test_the_page_lists_every_setting_once(room):
    app = open_page("training")
    widgets = [*app.slider, *app.number_input, *app.selectbox]
    keys = [widget.key for widget in widgets if widget.key in config.FIELD]
    assert sorted(keys) == sorted(config.FIELD)


def test_changes_are_listed_before_the_start_and_the_command_line_is_equal(room):
    app = open_page("training", epochs="7", label_smoothing="0.1")
    app.selectbox(key="sampler").select("power(0.5)")
    app.number_input(key="learning_rate").set_value(0.00025).run()
    text = written(app)
    for change in ("Epochs 2 → **7**", "Sampler balanced → **power(0.5)**", "Learning rate 0.001 → **0.00025**"):
        assert change in text
    arguments = shlex.split(app.code[0].value)
    sets = [arguments[place + 1] for place, word in enumerate(arguments) if word == "--set"]
    settings = recipes.settings_for(arguments[arguments.index("--recipe") + 1], sets)
    assert (settings.epochs, settings.sampler, settings.learning_rate) == (7, "power(0.5)", 0.00025)
    assert settings.label_smoothing == 0.1


@pytest.mark.parametrize(
    ("query", "called", "flags"),
    [
        ({"launch": "seeds", "seeds": "4"}, ("start_group", 4), ["--seeds", "4"]),
        (
            {"launch": "twin", "differs": "sampler", "other_value": "power(0.5)"},
            ("start_twin", "sampler=power(0.5)"),
            ["--twin", "sampler=power(0.5)"],
        ),
    ],
)
def test_a_group_and_a_twin_are_launched_as_the_command_line_says(room, monkeypatch, query, called, flags):
    seen: list[tuple] = []
    for name in ("start_group", "start_twin", "start_training"):
        monkeypatch.setattr(actions, name, lambda *said, name=name, **where: seen.append((name, said[2])) or ["none"])
    app = open_page("training", recipe="report", **query)
    num = 4 if "seeds" in query else 2
    assert app.button(key="train").label.startswith(f"Train {num} runs of 2 epochs")
    assert shlex.split(app.code[0].value)[-2:] == flags
    app.button(key="train").click().run()
    assert seen == [called]


def test_a_twin_with_a_value_that_cannot_be_gives_the_engines_sentence_and_no_run(room):
    app = open_page("training", launch="twin", differs="sampler", other_value="upside down")
    app.button(key="train").click().run()
    assert [error for error in app.error if "sampler must be none, balanced" in error.value.replace("\\", "")]
    assert runs.list_runs(room) == []


def test_a_setting_in_the_address_outside_its_range_gives_the_engines_sentence(room):
    app = open_page("training", epochs="5000")
    assert "epochs must be a whole number between 1 and 1000, got 5000" in app.warning[0].value.replace("\\", "")


def test_looking_at_a_run_imports_no_torch(tiny_data, tiny_runs):
    code = (
        "import sys; from tests.support.pages import open_page; open_page('training');"
        "assert 'torch' not in sys.modules, 'the page imported torch'"
    )
    environment = {**os.environ, "FASHION_DATA": str(tiny_data), "FASHION_RUNS": str(tiny_runs)}
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]


def test_the_time_on_the_button_comes_from_a_run_measured_here(room, tiny_runs, monkeypatch):
    monkeypatch.setenv("FASHION_RUNS", str(tiny_runs))
    run = runs.find_run(tiny_runs, "tiny-run")
    speed, measured = run_status.measured_images_per_second(run.settings, [run], "cpu")
    assert measured.id == "tiny-run"
    assert speed == run.metrics()["images_per_second"].dropna().iloc[-1]
    other = recipes.settings_for("report", ["image_size=64"])
    assert run_status.measured_images_per_second(other, [run], "cpu") is None


@pytest.mark.slow
def test_a_run_is_started_stopped_resumed_and_killed_from_the_page(room):
    app = open_page("training", image_size="32", epochs="1000", batch_size="8", log_every="1", device="cpu")
    app.button(key="train").click().run()
    assert not app.exception
    (run,) = runs.list_runs(room)
    try:
        assert app.query_params["run"] in (run.id, [run.id])
        assert run.settings.epochs == 1000 and run.settings.image_size == (32, 32)
        wait_for(lambda: status_of(run).step > 3)
        app.run()
        assert "Running" in written(app) and not app.exception
        app.button(key="stop").click().run()
        wait_for(lambda: status_of(run).state == "stopped")
        app.run()
        assert "Stopped as asked at step" in written(app) or "Stopped as asked after" in written(app)
        stopped_at = status_of(run).step
        app.button(key="resume").click().run()
        wait_for(lambda: status_of(run).step > stopped_at + 3)
        process = launchers.running_process(run)
        process.send_signal(signal.SIGKILL)
        wait_for(lambda: status_of(run).state == "interrupted", 5)
        app.run()
        text = written(app)  # the one that launched it says the signal, if it was quick enough
        assert "Interrupted" in text and ("signal 9 (SIGKILL)" in text or "ended without a word" in text)
    finally:
        process = launchers.running_process(run)
        if process is not None:
            process.kill()


@pytest.mark.slow
def test_a_short_run_ends_while_nobody_looks_and_the_page_links_to_its_evaluation(room):
    app = open_page("training", image_size="32", epochs="1", batch_size="8", log_every="1", device="cpu")
    app.button(key="train").click().run()
    (run,) = runs.list_runs(room)
    wait_for(lambda: not status_of(run).active)
    app = open_page("training", run=run.id)
    assert status_of(run).state == "finished", run.log_tail()
    assert "Finished" in written(app)
    assert next(m.value for m in app.metric if m.label == "Test accuracy").endswith(" %")


def test_a_run_whose_photos_are_gone_says_which_command_brings_them(room):
    run = make_run(room / "gone", ("kurta", "saree"), counts={"val": 4}, fingerprint="f" * 16)
    (run.folder / "summary.json").unlink(missing_ok=True)
    storage.append_line(run.folder / "events.jsonl", {"event": "stopped", "time": 0, "reason": "Stopped as asked."})
    app = open_page("training", run="gone")
    button = app.button(key="resume")
    assert button.disabled
    assert "python -m fashion_core import made.zip" in button.help.replace("\\", "")


@pytest.mark.parametrize(
    ("event", "words"),
    [
        ({"event": "failed", "reason": "out of memory with batch_size 9"}, "out of memory with batch_size 9"),
        ({"event": "stopped", "reason": "Stopped as asked at step 5."}, "Stopped as asked at step 5."),
    ],
)
def test_every_ending_is_told_in_its_own_sentence(room, event, words):
    run = make_run(room / "ended", ("kurta", "saree"), counts={"val": 4})
    storage.append_line(run.folder / "events.jsonl", {"time": 0, **event})
    app = open_page("training", run="ended")
    assert words[:1].upper() + words[1:] in written(app)
    assert run_view.BADGES[event["event"]][0] in written(app)


def test_names_from_files_are_shown_as_they_are(room):
    run = make_run(room / "odd", ("kurta", "saree"), counts={"val": 4})
    reason = "<script>alert(1)</script> ![x](http://example.org/x.png)"
    storage.append_line(run.folder / "events.jsonl", {"event": "failed", "time": 0, "reason": reason})
    app = open_page("training", run="odd")
    assert not any("![x](http" in element.value for element in app.markdown)


def test_a_long_curve_is_thinned_and_keeps_its_peaks():
    generator = np.random.default_rng(0)
    losses = generator.random(30_000)
    losses[12_345], losses[23_456] = 9.0, -1.0
    steps = pd.DataFrame({"step": np.arange(1, 30_001), "loss": losses})
    epochs = pd.DataFrame(columns=["step", "epoch", "val_loss", "val_accuracy", "low", "high"], dtype=float)
    figure = progress_curves(steps, epochs, total_steps=30_000, steps_per_epoch=3_000)
    raw = figure.data[0]
    assert len(raw.x) <= 2000
    assert max(raw.y) == 9.0 and min(raw.y) == -1.0


def test_the_charts_title_says_what_the_loss_did():
    assert finding(np.array([2.0])) == ""
    assert finding(np.linspace(2.0, 0.5, 200)).startswith("The loss fell from 2.00 to 0.")
    assert finding(np.linspace(0.5, 2.0, 200)).startswith("The loss rose from 0.50 to ")
    assert finding(np.full(50, 1.5)) == "The loss stays near 1.50"


def test_every_setting_has_a_heading_on_the_page():
    shown = [field.name for heading in settings_form.SECTIONS for field in settings_form.section(heading)]
    assert sorted(shown) == sorted(config.FIELD)


# the recipe that the form opens with

GREY_DRAWING = {"side": 28, "is_grey": True, "is_drawn": False}
PHOTOGRAPH = {"side": 400, "is_grey": False, "is_drawn": False}
#: Seconds of a small set on two cores, and of one of a hundred thousand photos.
SHORT = {"report": 44, "paper": 7700, "strong": 354, "transfer": 230}
LONG = {"report": 1300, "paper": 2e5, "strong": 10500, "transfer": 6800}


@pytest.mark.parametrize(
    ("photos", "seconds", "has_weights", "recipe"),
    [
        (PHOTOGRAPH, SHORT, True, "transfer"),
        (PHOTOGRAPH, SHORT, False, "strong"),
        (PHOTOGRAPH | {"is_drawn": True}, SHORT, True, "strong"),
        (PHOTOGRAPH | {"is_grey": True}, SHORT, True, "strong"),
        (PHOTOGRAPH | {"side": 60}, SHORT, True, "strong"),
        (GREY_DRAWING, SHORT, True, "strong"),
        (PHOTOGRAPH, SHORT | {"transfer": 901}, True, "strong"),
        (PHOTOGRAPH, SHORT | {"strong": 901}, False, "report"),
        (PHOTOGRAPH, SHORT | {"strong": 950, "report": 960}, False, "strong"),
        (GREY_DRAWING, LONG, True, "report"),
        (PHOTOGRAPH, {"report": 45, "paper": 331, "strong": 262, "transfer": 995}, True, "strong"),  # a GPU
    ],
)
def test_the_recipe_suits_photos_weights_and_a_third_of_a_lesson(photos, seconds, has_weights, recipe):
    found = suggestion.suggest(suggestion.Photos(**photos), seconds, has_weights=has_weights)
    assert found.recipe == recipe and "15 min" in found.why


def test_photos_are_grey_small_or_neither_by_their_own_pixels():
    manifest = pd.DataFrame({"width": [28, 400, 90], "height": [60, 300, 80], "status": ["ok", "ok", "damaged"]})
    grey = np.repeat(np.random.default_rng(0).integers(0, 256, (3, 8, 8, 1), np.uint8), 3, axis=3)
    assert suggestion.look_at(manifest, grey, is_drawn=False) == suggestion.Photos(
        side=164, is_grey=True, is_drawn=False
    )
    tinted = grey.copy()
    tinted[:2, 3, 3] = (200, 10, 10)
    assert not suggestion.look_at(manifest, tinted, is_drawn=False).is_grey
    assert suggestion.look_at(manifest, None, is_drawn=False).is_grey


def test_a_time_before_anything_ran_is_the_recipes_on_so_many_cores_and_none_for_other_networks(monkeypatch):
    monkeypatch.setattr(estimate, "_num_cores", lambda: 2)
    two_cores = estimate.usual_images_per_second(recipes.STRONG, "cpu")
    minutes = estimate.seconds(recipes.STRONG, 3068, two_cores) / 60
    assert minutes == pytest.approx(5.9, rel=0.02)  # README's row 2
    transfer = estimate.usual_images_per_second(recipes.TRANSFER, "cpu")
    assert estimate.seconds(recipes.TRANSFER, 3068, transfer) / 60 == pytest.approx(3.7, rel=0.05)  # row 5
    assert estimate.usual_images_per_second(recipes.STRONG, "cuda") > two_cores
    assert estimate.usual_images_per_second(recipes.settings_for("strong", ["image_size=64"]), "cpu") is None
    assert estimate.usual_images_per_second(recipes.settings_for("transfer", ["freeze=features"]), "cpu") is None


@pytest.fixture
def two_sets(tiny_data, room, monkeypatch):
    """The tiny photos, for which strong is suggested, and another set, for which report is."""
    shutil.copytree(tiny_data, room / "data")
    importing.import_source(write_tiny(room / "photos"), data_dir=room / "data", name="large")
    monkeypatch.setenv("FASHION_DATA", str(room / "data"))
    monkeypatch.setenv("FASHION_RUNS", str(room / "runs"))
    suggested = {"tiny": "strong", "large": "report"}
    monkeypatch.setattr(
        offered_recipe, "_suggested", lambda dataset, seconds: suggestion.Suggestion(suggested[dataset.id], "why")
    )


def test_the_form_opens_on_the_suggestion_of_its_photos_and_says_its_time_in_picker_and_button(two_sets):
    app = open_page("training", dataset="tiny").run()  # a link's address is completed by the second run
    picker = app.selectbox(key="recipe")
    assert picker.value == "strong" and app.number_input(key="epochs").value == 40
    assert app.query_params["recipe"] in ("strong", ["strong"])
    assert app.button(key="train").label == "Train 40 epochs, about 10 s"
    assert picker.options[picker.index] == "strong, about 10 s"
    assert picker.options[0].startswith("report (the report's), about ")
    assert "Suggested here: why." in written(app)
    app.selectbox(key="dataset").select("large").run()
    assert app.selectbox(key="recipe").value == "report" and app.number_input(key="epochs").value == 2
    app.selectbox(key="dataset").select("tiny").run()
    assert app.selectbox(key="recipe").value == "strong" and app.number_input(key="epochs").value == 40


@pytest.mark.parametrize("how", ["address", "reader", "setting", "reload"])
def test_a_recipe_that_address_or_reader_have_said_stays_on_other_photos(two_sets, how):
    app = open_page("training", dataset="tiny", **({"recipe": "paper"} if how == "address" else {})).run()
    if how == "reader":
        app.selectbox(key="recipe").select("paper").run()
    elif how == "setting":
        app.number_input(key="epochs").set_value(7).run()
    elif how == "reload":
        app = open_page("training", **app.query_params)
    app.selectbox(key="dataset").select("large").run()
    expected = "strong" if how in ("setting", "reload") else "paper"
    assert app.selectbox(key="recipe").value == expected
    assert app.query_params["recipe"] in (expected, [expected])
    assert "`report` is suggested here" in written(app)
    if how == "setting":
        assert app.number_input(key="epochs").value == 7


def test_a_link_with_settings_and_no_recipe_means_the_first_recipe_as_it_always_did(two_sets):
    app = open_page("training", dataset="tiny", epochs="5")
    assert app.selectbox(key="recipe").value == "report" and app.number_input(key="epochs").value == 5


def test_two_corrections_are_one_sentence_with_a_link_to_what_was_measured(room):
    app = open_page("training", recipe="report")
    told = [line for line in written(app).splitlines() if "corrected for twice" in line]
    assert len(told) == 1 and told[0].count(".") == 1 and not any(letter.isdigit() for letter in told[0])
    (link,) = [link for link in app.get("page_link") if "tab=Sampler" in link.proto.query_string]
    assert link.proto.page == "dataset"


@pytest.mark.parametrize(("val_loss", "said"), [(0.5, True), (1.5, False), (None, False)])
def test_a_validation_loss_below_the_training_loss_is_explained_where_it_is(room, val_loss, said):
    run = make_run(room / "below", CLASSES, counts={"val": 12}, embeddings=False)
    log_epochs(run, MATRICES)
    row = {"kind": "epoch", "epoch": 4, "step": 40, "train_loss": 1.0, "val_loss": val_loss, "val_accuracy": 0.5}
    storage.append_line(run.folder / "metrics.jsonl", row)
    assert ("lies below that on training photos (1.00)" in written(open_page("training", run="below"))) is said


def test_what_makes_training_harder_is_what_the_settings_do():
    plain = ["flip=0", "rotation_degrees=0", "brightness=0", "contrast=0", "saturation=0", "dropout=0", "sampler=none"]
    off = recipes.settings_for("report", [*plain, "loss=cross_entropy"])
    assert len(below_training.reasons(off)) == 1
    assert len(below_training.reasons(recipes.REPORT)) == 4
    assert "dropout" in " ".join(below_training.reasons(recipes.REPORT))


# watching

CLASSES = ("kurta", "saree", "shoe")


def log_epochs(run, matrices, *, group=None, seed=0):
    """Logged steps and epochs as the trainer writes them, ten steps an epoch; returns the losses."""
    generator = np.random.default_rng(seed)
    losses = 2 * np.exp(-np.arange(10 * len(matrices)) / 20) + generator.normal(0, 0.1, 10 * len(matrices))
    for number, loss in enumerate(losses, start=1):
        row = {"kind": "step", "epoch": (number + 9) // 10, "step": number, "loss": float(loss), "seconds": number}
        row |= {"learning_rate": 0.001, "images_per_second": 100.0 + number}
        storage.append_line(run.folder / "metrics.jsonl", row)
        if number % 10 == 0:
            matrix = np.array(matrices[number // 10 - 1])
            row = {"kind": "epoch", "epoch": number // 10, "step": number, "train_loss": 1.0, "val_loss": 1.0}
            row |= {"val_accuracy": float(np.trace(matrix) / matrix.sum()), "val_confusion": matrix.tolist()}
            storage.append_line(run.folder / "metrics.jsonl", row)
    if group:
        document = storage.read_json(run.folder / "config.json")
        storage.write_json(
            run.folder / "config.json", document | {"group": {"id": group, "kind": "seeds", "varies": ["seed"]}}
        )
    return losses


MATRICES = [[[1, 3, 0], [0, 4, 0], [2, 1, 1]], [[2, 2, 0], [0, 4, 0], [1, 1, 2]], [[4, 0, 0], [0, 3, 1], [0, 0, 4]]]


@pytest.fixture
def watched(room):
    run = make_run(room / "watched", CLASSES, counts={"val": 12}, embeddings=False)
    log_epochs(run, MATRICES)
    return run


def table(app, columns):
    return next(element.value for element in app.dataframe if list(element.value.columns) == columns)


@pytest.mark.parametrize("epoch", [1, 2, 3])
def test_the_slider_shows_the_accuracy_and_the_matrix_of_its_epoch(watched, epoch):
    app = open_page("training", run="watched", watch="matrix", epoch=str(epoch))
    right = sum(MATRICES[epoch - 1][place][place] for place in range(3))
    assert f"After epoch {epoch}: validation accuracy **{100 * right / 12:.1f} %" in written(app)
    assert table(app, list(CLASSES)).to_numpy().tolist() == MATRICES[epoch - 1]


def test_the_recall_of_each_class_carries_wilsons_interval(watched):
    app = open_page("training", run="watched", watch="recall", epoch="2")
    found = table(app, ["Class", "Recall", "95 % interval", "Photos"])
    for row, (label, right) in zip(found.itertuples(index=False), zip(CLASSES, (2, 4, 2), strict=True), strict=True):
        low, high = binomtest(right, 4).proportion_ci(method="wilson")
        assert tuple(row) == (label, f"{25 * right:.1f} %", f"[{100 * low:.1f}, {100 * high:.1f}]", 4)


def test_the_slider_follows_the_newest_epoch_until_somebody_moves_it(watched):
    app = open_page("training", run="watched", watch="matrix")
    assert app.select_slider(key="epoch").value == 3 and "epoch" not in app.query_params
    row = {"kind": "epoch", "epoch": 4, "step": 40, "val_loss": 1.0, "val_accuracy": 1.0}
    row["val_confusion"] = [[4, 0, 0], [0, 4, 0], [0, 0, 4]]
    storage.append_line(watched.folder / "metrics.jsonl", row)
    app.run()
    assert app.select_slider(key="epoch").value == 4 and "epoch" not in app.query_params
    app.select_slider(key="epoch").set_value(2).run()
    assert app.query_params["epoch"] in ("2", ["2"])
    storage.append_line(watched.folder / "metrics.jsonl", row | {"epoch": 5, "step": 50})
    app.run()
    assert app.select_slider(key="epoch").value == 2


def test_an_epoch_that_ends_while_the_page_is_drawn_is_there_at_the_next_look(watched, monkeypatch):
    row = {"kind": "epoch", "epoch": 4, "step": 40, "val_loss": 1.0, "val_accuracy": 1.0}
    row["val_confusion"] = [[4, 0, 0], [0, 4, 0], [0, 0, 4]]
    arriving, read = [row], run_view.metrics_of

    def read_just_before(run):
        frame = read(run)
        if arriving:
            storage.append_line(run.folder / "metrics.jsonl", arriving.pop())
        return frame

    monkeypatch.setattr(run_view, "metrics_of", read_just_before)
    app = open_page("training", run="watched", watch="matrix")
    assert not arriving
    assert app.run().select_slider(key="epoch").value == 4


@pytest.mark.parametrize("cells", [None, [[1]], [[1, 0, 0], [0, 1, 0]], "x", [[-1, 0, 0], [0, 1, 0], [0, 0, 1]]])
def test_an_epoch_without_a_whole_matrix_is_left_out_and_an_old_run_says_where_its_matrix_is(room, cells):
    run = make_run(room / "old", CLASSES, counts={"val": 12}, embeddings=False)
    row = {"kind": "epoch", "epoch": 1, "step": 10, "val_loss": 1.0, "val_accuracy": 0.5, "val_confusion": cells}
    storage.append_line(run.folder / "metrics.jsonl", row)
    assert "Its final one is on Evaluation" in written(open_page("training", run="old", watch="matrix"))


def test_a_group_is_the_mean_and_the_range_of_its_seeds():
    x = np.arange(1.0, 11.0)
    lines = [np.sin(x), np.sin(x) + 1, np.sin(x) + 5]
    grid, mean, low, high = overlay.mean_and_band([x, x, x[:8]], [lines[0], lines[1], lines[2][:8]])
    assert grid.tolist() == x[:8].tolist()
    assert mean == pytest.approx(np.sin(x[:8]) + 2) and low == pytest.approx(lines[0][:8])
    assert high == pytest.approx(lines[2][:8])


def test_the_smoothed_line_comes_from_every_point_and_is_thinned_afterwards():
    losses = np.random.default_rng(0).random(30_000)
    steps = pd.DataFrame({"step": np.arange(1, 30_001), "loss": losses})
    none = pd.DataFrame(columns=["step", "epoch", "val_loss", "val_accuracy", "low", "high"], dtype=float)
    drawn = progress_curves(steps, none, total_steps=30_000, steps_per_epoch=3_000).data[1]
    expected = pd.Series(losses).ewm(alpha=0.1, adjust=True).mean().to_numpy()  # pandas' own
    assert np.asarray(drawn.y) == pytest.approx(expected[np.asarray(drawn.x) - 1])


def test_other_runs_are_laid_over_and_a_group_counts_once(watched):
    for seed in range(3):
        log_epochs(make_run(watched.folder.parent / f"s{seed}", CLASSES, counts={"val": 12}), MATRICES, group="g")
    found = runs.list_runs(watched.folder.parent)
    of = {run.id: run for run in found}
    shown = curves_view._series(watched, [of["s0"], of["s2"]], found)
    assert [(one.key, len(one.tracks)) for one in shown] == [("watched", 1), ("group g", 3)]
    shown = curves_view._series(of["s1"], [watched], found)
    assert [(one.key, len(one.tracks)) for one in shown] == [("s1", 1), ("group g", 3), ("watched", 1)]
    app = open_page("training", run="watched", **{"with": "s1"})
    assert any("band (and bars) from the lowest to the highest" in element.value for element in app.markdown)


def test_names_at_the_line_ends_never_touch():
    placed = overlay.spread([0.5, 0.51, 0.52, 3.0], 0.2)
    assert np.diff(placed).min() >= 0.2 - 1e-6 and placed[3] == 3.0 and np.mean(placed[:3]) == pytest.approx(0.51)


def test_names_of_lines_stand_behind_the_longest_where_no_line_runs():
    def line(name: str, epochs: int) -> overlay.Series:
        x = np.arange(1.0, epochs + 1)
        track = overlay.Track(x=x, loss=x / epochs, val_x=x, val=x / 50, low=x / 60, high=x / 40)
        return overlay.Series(key=name, name=name, colour="#3A4A9F", tracks=(track,))

    notes = overlay.overlaid_curves([line("long", 28), line("short", 2)]).layout.annotations
    assert len(notes) == 4 and {note.x for note in notes} == {28.0}


def test_nobody_is_called_ahead_while_the_intervals_overlap():
    def one(name, val, low, high):
        ends = [np.array([value]) for value in (val, low, high)]
        track = overlay.Track(x=np.array([1.0]), loss=np.array([1.0]), val_x=np.array([1.0]), val=ends[0],
                              low=ends[1], high=ends[2])  # fmt: skip
        return overlay.Series(key=name, name=name, colour="#3A4A9F", tracks=(track,))

    assert "no winner" in overlay.finding([one("a", 0.8, 0.7, 0.9), one("b", 0.75, 0.65, 0.85)])
    assert overlay.finding([one("a", 0.5, 0.4, 0.6), one("b", 0.8, 0.7, 0.9)]).startswith(
        "Ahead on validation: b, 80.0"
    )


def test_a_growing_file_is_read_as_the_whole_one_is_torn_and_rewritten_too(watched):
    path = watched.folder / "metrics.jsonl"
    seen = metrics_log.Growing(path)

    def agrees() -> int:
        frame = seen.frame()
        pd.testing.assert_frame_equal(frame, watched.metrics(), check_dtype=False)
        return len(frame)

    before = agrees()
    storage.append_line(path, {"kind": "step", "epoch": 4, "step": 31, "loss": 0.5, "memory_bytes": 1})
    assert agrees() == before + 1
    with open(path, "ab") as file:
        file.write(b'{"kind": "step", "epoch": 4, "st')
    assert agrees() == before + 1
    with open(path, "ab") as file:
        file.write(b'ep": 32}\nnonsense\n')
    assert agrees() == before + 2
    kept = path.read_text().splitlines(keepends=True)[:5]
    storage.write_text(path, "".join(kept))  # as a resumed run drops what was not saved
    assert agrees() == 5
    rows = [{"kind": "step", "epoch": 1, "step": step, "loss": 1 / step} for step in range(1, 200)]
    with open(path, "r+") as file:  # another file of the same number, as a disk gives one out again
        file.write("".join(json.dumps(row) + "\n" for row in rows))
    assert agrees() == 199
    path.unlink()
    assert seen.frame().empty and list(seen.frame()) == ["kind", "epoch", "step"]


def test_the_speed_view_tells_memory_where_it_was_logged_and_misses_nothing_where_it_was_not():
    steps = pd.DataFrame({"step": np.arange(1, 41), "learning_rate": 0.001, "images_per_second": 100.0})
    plain = rates.rate_curves(steps, total_steps=40)
    assert [trace.name for trace in plain.data] == ["learning_rate", "images_per_second"]
    assert plain.layout.title.text == "100 images a second (100 to 100)"
    steps["memory_bytes"] = np.where(steps["step"] < 5, np.nan, 1.5 * 2**30)
    assert rates.finding(steps).endswith(", memory up to 1.5 GiB")
    steps["gpu_memory_bytes"] = np.linspace(2, 6, 40) * 2**30
    figure = rates.rate_curves(steps, total_steps=40)
    memory, gpu = figure.data[2:]
    assert memory.y.tolist() == [1.5] * 36 and gpu.y[-1] == pytest.approx(6) and memory.yaxis != gpu.yaxis
    assert figure.layout.title.text.endswith(", GPU memory grew from 2.0 to 6.0 GiB")


@pytest.mark.parametrize(("step", "where"), [(30, {}), (20, {"step": 20}), (10, {"step": 10})])
def test_a_run_goes_on_from_the_saved_step_that_is_chosen_and_says_what_is_lost(room, tiny, monkeypatch, step, where):
    run = make_run(room / "ended", CLASSES, counts={"val": 12}, fingerprint=tiny.fingerprint)
    storage.append_line(run.folder / "events.jsonl", {"event": "stopped", "time": 0, "reason": "Stopped as asked."})
    for number in (10, 20, 30):
        checkpoints.write(run.folder, number, {"model.safetensors": b"x"})
    seen: list[dict] = []
    monkeypatch.setattr(actions, "start_resume", lambda run, data_dir, **where: seen.append(where))
    app = open_page("training", run="ended", from_step=str(step))
    assert app.selectbox(key="from_step").options == ["Step 30 (newest)", "Step 20", "Step 10"]
    lost = {30: "", 20: "Saved step 30 will be removed", 10: "Saved steps 20 and 30 will be removed"}[step]
    assert lost in written(app) and ("will be removed" in written(app)) is bool(lost)
    app.button(key="resume").click().run()
    assert seen == [where] and not app.exception


# endings


@pytest.mark.parametrize(
    ("event", "setting", "value"),
    [
        ({"batch_size": 32, "batch_size_that_fits": 8}, "batch_size", 8),
        ({"batch_size": 32, "batch_size_that_fits": None}, "image_size", "16"),
        ({"learning_rate": 0.001, "files": ["a.jpg", "b.jpg"]}, "learning_rate", 0.0001),
    ],
)
def test_a_failure_offers_a_form_with_the_one_change_and_starts_nothing(room, event, setting, value):
    run = make_run(room / "failed", CLASSES, counts={"val": 12}, embeddings=False)
    storage.append_line(run.folder / "events.jsonl", {"event": "failed", "time": 0, "reason": "why", **event})
    app = open_page("training", run="failed")
    app.button(key="fill changed").click().run()
    assert not app.exception
    assert next(w.value for w in [*app.number_input, *app.selectbox] if w.key == setting) == value
    assert "Nothing has started" in written(app) and len(runs.list_runs(room)) == 1
    if "files" in event:
        assert table(app, ["Photo"])["Photo"].tolist() == event["files"]


def test_a_run_that_the_machines_restart_ended_says_so(watched, monkeypatch):
    (watched.folder / "events.jsonl").unlink()
    own = {"pid": 2**22 - 3, "started": 5.0, "host": "here"}
    storage.append_line(watched.folder / "events.jsonl", {"event": "started", "time": 0, "process": own})
    assert "restarted" not in written(open_page("training", run="watched"))
    monkeypatch.setattr(after_run.psutil, "boot_time", lambda: time.time() + 60)
    assert "This machine was restarted after that" in written(open_page("training", run="watched"))


# tidying


def test_a_star_tags_and_a_name_are_kept_and_the_table_is_filtered_by_them(watched):
    other = make_run(watched.folder.parent / "other", CLASSES, counts={"val": 12}, embeddings=False)
    app = open_page("training", run="watched")
    app.button(key="star").click().run()
    assert tags.labels_of(watched).starred
    tags.label(watched, name="<b>x</b>", tags=("show",))
    app = open_page("training", tag="show")
    assert app.dataframe[-1].value["Run"].tolist() == ["<b>x</b>"]
    assert app.dataframe[-1].value["What it is"].tolist() == [run_names.made_name(watched)]
    assert len(open_page("training").dataframe[-1].value) == 2 and not tags.labels_of(other).starred


def test_a_deleted_run_leaves_the_page_and_comes_back_from_the_trash(watched):
    make_run(watched.folder.parent / "other", CLASSES, counts={"val": 12}, embeddings=False)
    app = open_page("training", run="watched")
    app.button(key="delete watched").click().run()
    assert not app.exception and [run.id for run in runs.list_runs(watched.folder.parent)] == ["other"]
    assert app.query_params["run"] in ("other", ["other"]) and len(app.dataframe[-1].value) == 1
    app.button(key="restore watched").click().run()
    assert not app.exception and watched.folder.is_dir()
    assert app.query_params["run"] in ("watched", ["watched"])


def test_a_run_that_trains_cannot_be_deleted_from_the_page(watched):
    own = {"event": "started", "time": 0, "process": processes.process_identity()}
    storage.append_line(watched.folder / "events.jsonl", own)
    assert open_page("training", run="watched").button(key="delete watched").disabled
