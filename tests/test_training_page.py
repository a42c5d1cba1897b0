"""The Training page: a run started, stopped, resumed and killed from it; every ending told as it is."""

import os
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from fashion_core import config, fields, launch, runs, storage
from tests.made_runs import make_run
from tests.test_pages import open_page, written
from ui import live, settings_form
from ui.charts.progress import finding, progress_curves

ROOT = Path(__file__).parents[1]


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
    assert app.button(key="train").label == "Train 2 epochs"
    assert any("Time unknown until it runs" in caption.value for caption in app.caption)


def test_the_page_lists_every_setting_once(room):
    app = open_page("training")
    widgets = [*app.slider, *app.number_input, *app.selectbox]
    keys = [widget.key for widget in widgets if widget.key in fields.FIELD]
    assert sorted(keys) == sorted(fields.FIELD)


def test_changes_are_listed_before_the_start_and_the_command_line_is_equal(room):
    app = open_page("training", epochs="7", label_smoothing="0.1")
    app.selectbox(key="sampler").select("power(0.5)")
    app.number_input(key="learning_rate").set_value(0.00025).run()
    text = written(app)
    for change in ("Epochs 2 → **7**", "Sampler balanced → **power(0.5)**", "Learning rate 0.001 → **0.00025**"):
        assert change in text
    arguments = shlex.split(app.code[0].value)
    sets = [arguments[place + 1] for place, word in enumerate(arguments) if word == "--set"]
    settings = config.settings_for(arguments[arguments.index("--recipe") + 1], sets)
    assert (settings.epochs, settings.sampler, settings.learning_rate) == (7, "power(0.5)", 0.00025)
    assert settings.label_smoothing == 0.1


def test_a_setting_in_the_address_outside_its_range_gives_the_engines_sentence(room):
    app = open_page("training", epochs="5000")
    assert "epochs must be a whole number between 1 and 1000, got 5000" in app.warning[0].value.replace("\\", "")


def test_looking_at_a_run_imports_no_torch(tiny_data, tiny_runs):
    code = (
        "import sys; from tests.test_pages import open_page; open_page('training');"
        "assert 'torch' not in sys.modules, 'the page imported torch'"
    )
    environment = {**os.environ, "FASHION_DATA": str(tiny_data), "FASHION_RUNS": str(tiny_runs)}
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]


def test_the_time_on_the_button_comes_from_a_run_measured_here(room, tiny_runs, monkeypatch):
    monkeypatch.setenv("FASHION_RUNS", str(tiny_runs))
    run = runs.find_run(tiny_runs, "tiny-run")
    speed, measured = live.measured_images_per_second(run.settings, [run], "cpu")
    assert measured.id == "tiny-run"
    assert speed == run.metrics()["images_per_second"].dropna().iloc[-1]
    other = config.settings_for("report", ["image_size=64"])
    assert live.measured_images_per_second(other, [run], "cpu") is None


@pytest.mark.slow
def test_a_run_is_started_stopped_resumed_and_killed_from_the_page(room):
    app = open_page("training", image_size="32", epochs="1000", batch_size="8", log_every="1", device="cpu")
    app.button(key="train").click().run()
    assert not app.exception
    (run,) = runs.list_runs(room)
    try:
        assert app.query_params["run"] in (run.id, [run.id])
        assert run.settings.epochs == 1000 and run.settings.image_size == (32, 32)
        wait_for(lambda: run.status().step > 3)
        app.run()
        assert "Running" in written(app) and not app.exception
        app.button(key="stop").click().run()
        wait_for(lambda: run.status().state == "stopped")
        app.run()
        assert "Stopped as asked at step" in written(app) or "Stopped as asked after" in written(app)
        stopped_at = run.status().step
        app.button(key="resume").click().run()
        wait_for(lambda: run.status().step > stopped_at + 3)
        process = launch.running_process(run)
        process.send_signal(signal.SIGKILL)
        wait_for(lambda: run.status().state == "interrupted", 5)
        app.run()
        assert "Interrupted" in written(app) and "ended without a word" in written(app)
    finally:
        process = launch.running_process(run)
        if process is not None:
            process.kill()


@pytest.mark.slow
def test_a_short_run_ends_while_nobody_looks_and_the_page_links_to_its_evaluation(room):
    app = open_page("training", image_size="32", epochs="1", batch_size="8", log_every="1", device="cpu")
    app.button(key="train").click().run()
    (run,) = runs.list_runs(room)
    wait_for(lambda: run.status().state not in ("starting", "running"))
    app = open_page("training", run=run.id)
    assert run.status().state == "finished", run.log_tail()
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
    assert words in written(app)
    assert live.BADGES[event["event"]][0] in written(app)


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
    assert sorted(shown) == sorted(fields.FIELD)
