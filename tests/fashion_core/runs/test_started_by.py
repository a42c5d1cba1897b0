"""Whose is it: a name asked once a browser; what another started asks before it is stopped, moved, renamed, deleted."""

import json
import os
import shutil
import time
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from fashion_core import processes, storage
from fashion_core.launch import actions, room, run_queue, trash
from fashion_core.lessons import plans, progress
from fashion_core.runs import runs
from fashion_core.runs import started_by as run_started_by
from fashion_core.runs.started_by import Person
from tests.support import made_jobs
from tests.support.pages import open_page, written
from tests.support.places import ROOT
from tests.support.waiting_line import SCRIPT
from tests.support.waiting_line import line as line  # the fixture

ASHA = {"name": "Asha", "browser": "a" * 16}


def started_by(folder: Path, *, seconds_ago: float = 250, **person: str) -> None:
    storage.write_json(folder / run_started_by.FILE, {**ASHA, **person, "time": time.time() - seconds_ago})


@pytest.fixture
def opened(monkeypatch):
    monkeypatch.setenv(room.VARIABLE, "1")


def test_the_same_browser_or_the_same_name_is_the_same_person():
    asha = Person("Asha", "a")
    assert asha.is_same(Person("", "a")) and asha.is_same(Person("asha", "b"))
    assert not asha.is_same(Person("Ben", "b")) and not Person("", "").is_same(Person("", ""))


def test_a_name_is_one_line_without_control_characters_and_a_damaged_file_is_nobody(tmp_path):
    assert run_started_by.clean(" A\x00sha\n\tRao " + "x" * 100) == "A sha Rao " + "x" * 30
    assert run_started_by.start_of(tmp_path) is None
    for text in ("", "[]", '{"name": 1}', '{"name": "a", "browser": "b", "time": "soon"}'):
        (tmp_path / run_started_by.FILE).write_text(text)
        assert run_started_by.start_of(tmp_path) is None


def test_what_another_put_into_the_queue_asks_before_it_is_taken_out_or_overtaken(line: Path, opened):
    started_by(line / "r-2")
    app = AppTest.from_string(SCRIPT).run()
    assert not app.exception
    labels = {button.key: button.label for button in app.button}
    assert labels["take out r-1"] == "Take out" and labels["take out r-2"] == "Take it out all the same"
    assert labels["move up r-3"] == "Move it all the same", "it would overtake Asha's"
    text = written(app)
    assert "Asha started this run 4 minutes ago." in text and "Asha started the run above it 4 minutes ago." in text
    app.button(key="take out r-2").click().run()
    assert [waiting.run_id for waiting in run_queue.waiting(line)] == ["r-1", "r-3"]


def test_what_is_ones_own_asks_no_more_than_before(line: Path, opened):
    started_by(line / "r-2")
    app = AppTest.from_string(SCRIPT)
    app.session_state["vastra_name"] = "asha"
    app.run()
    assert {button.label for button in app.button} == {"Take out", "Move up"}


@pytest.fixture
def finished(tiny_data, tiny_run, tmp_path, monkeypatch) -> runs.Run:
    """A finished run that a test may change, alone in its runs directory."""
    monkeypatch.setenv("FASHION_DATA", str(tiny_data))
    monkeypatch.setenv("FASHION_RUNS", str(tmp_path))
    shutil.copytree(tiny_run.folder, tmp_path / "one")
    return runs.find_run(tmp_path, "one")


def test_renaming_and_deleting_anothers_run_say_whose_it_is(finished: runs.Run, opened):
    started_by(finished.folder, name="*Asha*")
    app = open_page("training", run=finished.id, audience="class")
    assert r"\*Asha\* started this run 4 minutes ago." in [text.value for text in app.markdown], "no Markdown of theirs"
    assert {"Save it all the same", "Delete it all the same"} <= {button.label for button in app.button}
    assert app.button(key="star").label == "Star it all the same"
    app.button(key=f"delete {finished.id}").click().run()
    (deleted,) = trash.trash(finished.folder.parent)
    assert deleted.run_id == finished.id
    assert app.button(key=f"restore {deleted.place}").label == "Restore it all the same"


def test_where_no_room_is_open_and_nobody_gave_a_name_nothing_is_asked_or_kept(finished: runs.Run, monkeypatch):
    monkeypatch.delenv(room.VARIABLE, raising=False)
    app = open_page("training", run=finished.id, audience="class").run()  # the first run of an AppTest has mock cookies
    assert "Your name" not in [field.label for field in app.text_input]
    assert {"Save", "Delete this run"} <= {button.label for button in app.button}
    launched = []
    monkeypatch.setattr(actions.launchers.Local, "submit", lambda self, run, data_dir: launched.append(run))
    actions.start(finished, data_dir=Path("."))
    assert launched and not (finished.folder / run_started_by.FILE).exists()


def test_a_run_that_is_launched_in_a_room_remembers_by_whom_and_its_settings_do_not(finished, opened, monkeypatch):
    monkeypatch.setattr(actions.launchers.Local, "submit", lambda self, run, data_dir: None)
    app = AppTest.from_string(
        "import os\nfrom pathlib import Path\nfrom fashion_core.launch import actions as launch; from "
        "fashion_core.runs import runs\nfrom ui.app import people\n"
        "people.begin()\nlaunch.start(runs.find_run(Path(os.environ['FASHION_RUNS']), 'one'), data_dir=Path('.'))"
    )
    app.session_state["vastra_name"] = "Ben"
    before = (finished.folder / "config.json").read_bytes()
    assert not app.run().exception
    kept = json.loads((finished.folder / run_started_by.FILE).read_text())
    assert kept["name"] == "Ben" and len(kept["browser"]) == 16
    assert (finished.folder / "config.json").read_bytes() == before


def test_the_name_is_asked_in_the_sidebar_of_a_room_and_not_where_nothing_can_be_changed(finished, opened, monkeypatch):
    def fields() -> list[str]:
        app = AppTest.from_file(str(ROOT / "streamlit_app.py"), default_timeout=180).run()
        assert not app.exception
        return [field.label for field in app.sidebar.text_input]

    assert fields() == ["Your name"]
    monkeypatch.setenv("FASHION_READ_ONLY", "1")
    assert fields() == []


def test_whoever_opens_a_lesson_that_another_runs_watches_it_and_stopping_it_asks_first(finished, opened):
    runs_dir = finished.folder.parent
    plan = plans.plan("imbalance", 0)
    folder = progress.folder_of(plan, runs_dir)
    made_jobs.working(folder, processes.process_identity(os.getpid()))
    started_by(folder, name="", seconds_ago=5)
    app = open_page("lessons", lesson="imbalance", step="run")
    assert "Somebody else started this lesson just now. You are watching it." in written(app)
    keys = {button.key: button.label for button in app.button}
    assert keys["stop lesson"] == "Stop it all the same" and "run lesson" not in keys
