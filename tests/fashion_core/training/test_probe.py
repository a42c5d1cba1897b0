"""The probe trains real steps, writes nothing, and its estimate is the arithmetic of its own steps."""

import threading
import time
from pathlib import Path

import pytest
from scipy.stats import ttest_1samp

from fashion_core import jobs, storage
from fashion_core.errors import RunError
from fashion_core.launch import trial_steps
from fashion_core.settings import config, recipes
from fashion_core.training import probe, steps
from tests.support.pages import open_page, written
from ui.shared import probe_view, settings_form


def settings_of(*more: str) -> config.Settings:
    return recipes.settings_for("report", ["image_size=16", "batch_size=8", "device=cpu", *more])


def files_below(folder: Path) -> dict[str, int]:
    return {str(path): path.stat().st_mtime_ns for path in sorted(folder.rglob("*")) if path.is_file()}


def test_the_probe_trains_at_least_three_steps_and_writes_nothing(tiny, tiny_data, lab, monkeypatch):
    seen = []
    real = steps.step
    monkeypatch.setattr(steps, "step", lambda *a, **k: seen.append(k["num_steps_before"]) or real(*a, **k))
    before = files_below(tiny_data)
    found = probe.measure(tiny, settings_of(), seconds=0)
    assert len(found["step_seconds"]) == 3 and seen[:4] == [0, 1, 2, 3]
    assert found["images_a_step"] == 8 and found["scored_a_second"] > 0 and found["memory_bytes"] > 2**26
    assert found["load"] >= 0 and found["cores"] >= 1
    assert files_below(tiny_data) == before and not lab.exists()


def test_a_size_that_has_no_cache_is_measured_without_building_one(tiny, tiny_data):
    before = files_below(tiny_data)
    found = probe.measure(tiny, settings_of("image_size=24x32"), seconds=0)
    assert not found["cache_is_built"] and len(found["step_seconds"]) == 3
    assert files_below(tiny_data) == before


def test_memory_that_runs_out_is_one_sentence_with_what_to_lower(tiny, monkeypatch):
    def full(*_, **__):
        raise MemoryError

    monkeypatch.setattr(steps, "step", full)
    with pytest.raises(RunError, match="out of memory with batch_size 8 at 16 on cpu; choose a smaller batch_size"):
        probe.measure(tiny, settings_of(), seconds=0)


def test_the_process_fails_with_the_engines_sentence(tiny_data, tmp_path):
    storage.write_json(tmp_path / "settings.json", settings_of().to_json() | {"epochs": 5000})
    assert probe.main(str(tiny_data), "tiny", str(tmp_path)) == 1
    job = jobs.look(tmp_path)
    assert (job.state, job.error) == (jobs.FAILED, "epochs must be a whole number between 1 and 1000, got 5000")
    assert not [thread for thread in threading.enumerate() if isinstance(thread, threading.Timer)], "it would end us"


def test_steps_that_take_too_long_are_given_up_with_what_to_lower(tiny_data, tmp_path, monkeypatch):
    ended = []

    def measure(*given):
        while not ended:
            time.sleep(0.01)
        return {}

    monkeypatch.setattr(probe, "_PATIENCE", 0.1)
    monkeypatch.setattr(probe, "measure", measure)
    monkeypatch.setattr(probe.os, "_exit", lambda code: ended.append((code, jobs.look(tmp_path).error)))
    storage.write_json(tmp_path / "settings.json", settings_of().to_json())
    probe.main(str(tiny_data), "tiny", str(tmp_path))
    told = "three steps took longer than 0 s; choose a smaller model, image_size or batch_size"
    assert ended == [(1, told)]


def test_what_ended_a_measurement_is_told_and_without_a_word_its_last_line(tmp_path):
    ended = jobs.Job(state=jobs.FAILED, began=0, signal=9)
    assert "was ended by signal 9, most likely because memory ran out" in trial_steps.why_not(tmp_path, ended)
    (tmp_path / "log.txt").write_text("Traceback\nValueError: odd\n")
    told = trial_steps.why_not(tmp_path, jobs.Job(state=jobs.FAILED, began=0))
    assert told == "the measurement failed: ValueError: odd; try python -m fashion_core doctor"


def test_the_estimate_is_epochs_of_steps_and_scored_photos_with_students_interval():
    times = [0.10, 0.12, 0.11, 0.13]
    found = {
        "step_seconds": times,
        "images_a_step": 8,
        "scored_a_second": 50.0,
        "memory_bytes": 1,
        "gpu_memory_bytes": None,
    }
    got = probe_view.estimate(found, settings_of("epochs=3"), {"train": 36, "val": 10, "test": 20})
    fixed = (3 * 10 + 10 + 20) / 50  # validation after each epoch, val and test at the end
    assert got.seconds.value == pytest.approx(3 * 5 * 0.115 + fixed)
    low, high = ttest_1samp(times, 0).confidence_interval(0.95)
    assert got.seconds.high == pytest.approx(15 * high + fixed)
    assert got.seconds.low == pytest.approx(15 * max(low, 0.10) + fixed)
    assert got.images_per_second == pytest.approx(8 / 0.115)


@pytest.mark.parametrize(("device", "load", "faster"), [("cpu", 6.0, 4.0), ("cpu", 0.0, 1.0), ("cuda", 6.0, 1.0)])
def test_beside_others_the_lower_end_is_what_an_idle_cpu_would_take(device, load, faster):
    found = {"step_seconds": [0.1, 0.1, 0.1], "images_a_step": 8, "scored_a_second": None, "memory_bytes": 1,
             "gpu_memory_bytes": None, "device": device, "load": load, "cores": 2}  # fmt: skip
    got = probe_view.estimate(found, settings_of("epochs=1"), {"train": 80})
    assert (got.seconds.low, got.seconds.value, got.seconds.high) == pytest.approx((1 / faster, 1, 1))


def test_the_page_shows_the_estimate_until_a_setting_changes_that_matters(tiny_data, lab, monkeypatch):
    monkeypatch.setenv("FASHION_DATA", str(tiny_data))

    def start(dataset, settings, *, data_dir, runs_dir):
        folder = trial_steps.folder_of(dataset, settings, runs_dir)
        asked.append(folder)
        with jobs.at_work(folder):
            storage.write_json(folder / "measured.json", raw)

    raw = {"step_seconds": [0.1, 0.1, 0.1], "images_a_step": 8, "scored_a_second": 100.0, "memory_bytes": 2**30,
           "gpu_memory_bytes": None, "cache_is_built": True, "device": "cpu"}  # fmt: skip
    asked = []
    monkeypatch.setattr(trial_steps, "start", start)
    app = open_page("training", image_size="32", batch_size="8", epochs="100")
    app.button(key="probe").click().run()
    assert "for 100 epochs at 80 images a second; at least 1.0 GiB of main memory" in written(app)
    assert app.button(key="train").label == "Train 100 epochs, about 60 s"
    app.number_input(key="epochs").set_value(200).run()
    assert "for 200 epochs" in written(app)
    app.number_input(key="batch_size").set_value(4).run()
    assert "images a second; at least" not in written(app) and len(asked) == 1


@pytest.mark.parametrize(
    ("sampler", "loss", "twice"),
    [("balanced", "weighted", True), ("none", "weighted", False), ("balanced", "cross_entropy", False),
     ("power(0.5)", "balanced_softmax", True), ("power(0)", "weighted", False), ("balanced", "focal", False)],
)  # fmt: skip
def test_two_corrections_of_the_imbalance_are_called_two(sampler, loss, twice):
    told = settings_form.corrected_twice(settings_of(f"sampler={sampler}", f"loss={loss}"))
    assert told.startswith("Rare classes are corrected for twice") is twice
