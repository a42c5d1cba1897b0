"""A line of runs that wait, on a page of its own."""

import pytest

from fashion_core.launch import actions, run_queue
from fashion_core.runs import runs
from fashion_core.settings import recipes

SCRIPT = "from ui.app import loaders; from ui.training import queue_view\nqueue_view.show(loaders.all_runs())"


@pytest.fixture
def line(tiny_data, lab, monkeypatch):
    """A runs directory whose CPU is held by this process and for which three runs wait."""
    monkeypatch.setenv("FASHION_DATA", str(tiny_data))
    (lab / "holder").mkdir(parents=True)
    run_queue.enqueue(lab / "holder", "cpu")
    held = run_queue.take(lab / "holder")
    settings = recipes.settings_for("report", ["device=cpu"])
    actions.start_group("tiny", settings, 3, actions.Where(data_dir=tiny_data, runs_dir=lab, run_id="r"))
    yield lab
    for waiting in run_queue.waiting(lab):
        actions.cancel(runs.find_run(lab, waiting.run_id))
    run_queue.release(held)
