"""The queue on a page: in order, with the buttons that move a run up and take it out; silent when nobody waits."""

from pathlib import Path

from streamlit.testing.v1 import AppTest

from fashion_core.launch import actions, run_queue
from fashion_core.launch.status import status_of
from fashion_core.runs import runs
from tests.support.pages import open_page, written
from tests.support.waiting_line import SCRIPT
from ui.training import queue_view


def order(runs_dir: Path) -> list[str]:
    return [waiting.run_id for waiting in run_queue.waiting(runs_dir)]


def test_the_line_is_shown_in_order_and_its_buttons_move_and_take_out(line: Path):
    app = AppTest.from_string(SCRIPT).run()
    assert not app.exception
    text = written(app).replace("\\", "")
    assert "Waiting for the CPU: 3 runs" in text and text.index("seed 0") < text.index("seed 2")
    assert app.button(key="move up r-1").disabled and not app.button(key="move up r-3").disabled
    app.button(key="move up r-3").click().run()
    assert order(line) == ["r-1", "r-3", "r-2"] and not app.exception
    app.button(key="take out r-1").click().run()
    assert order(line) == ["r-3", "r-2"] and not app.exception
    assert status_of(runs.find_run(line, "r-1")).sentence == "Taken out of the queue before it started."
    assert "2 runs" in written(app) and app.button(key="move up r-3").disabled


def test_a_click_on_a_run_that_left_the_line_meanwhile_changes_nothing(line: Path):
    app = AppTest.from_string(SCRIPT).run()
    actions.cancel(runs.find_run(line, "r-2"))
    app.button(key="take out r-2").click().run()
    assert not app.exception and order(line) == ["r-1", "r-3"]
    assert "2 runs" in written(app) and "take out r-2" not in [button.key for button in app.button]


def test_a_queued_runs_own_page_says_what_comes_and_takes_it_out(line: Path):
    app = open_page("training", run="r-2")
    assert "It starts by itself when its device is free" in written(app) and "first numbers" not in written(app)
    app.button(key="take out").click().run()
    assert order(line) == ["r-1", "r-3"] and not app.exception
    assert "Taken out of the queue before it started." in written(app)


def test_runs_that_are_called_alike_are_told_apart_by_their_ids(line: Path, monkeypatch):
    monkeypatch.setattr(queue_view, "_words", lambda run: "one of them")
    text = written(AppTest.from_string(SCRIPT).run())
    assert "1. one of them (`r-1`)" in text and "3. one of them (`r-3`)" in text


def test_nothing_is_said_when_nobody_waits(lab):
    app = AppTest.from_string(SCRIPT).run()
    assert not app.exception and written(app).strip() == ""
