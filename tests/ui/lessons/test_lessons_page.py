"""The Lessons page: every step of every lesson by its address, with trainings finished and without, for all readers."""

import re
import shutil
import subprocess
import sys

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from fashion_core import processes
from fashion_core.errors import RunError
from fashion_core.launch import background
from fashion_core.lessons import datasets, findings, plans, progress
from fashion_core.processes import process_identity
from tests.support import made_jobs
from tests.support.made_lessons import make_leaky, make_lesson
from tests.support.places import ROOT
from ui.app import words
from ui.charts import lessons as charts
from ui.lessons import index, lesson_frame
from ui.lessons.lesson_frame import STEPS


@pytest.fixture
def empty(tiny_data, tmp_path, monkeypatch):
    """The tiny photos, and no lesson trained."""
    shutil.copytree(tiny_data, tmp_path / "data")
    monkeypatch.setenv("FASHION_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("FASHION_RUNS", str(tmp_path / "runs"))
    return tmp_path


@pytest.fixture
def trained(empty, tiny, monkeypatch):
    """Every lesson trained over the tiny photos."""
    for lesson in plans.LESSONS:
        make_lesson(lesson, tiny, empty / "runs")
    make_leaky(tiny, empty / "data")
    monkeypatch.setattr(datasets, "whole", lambda data_dir: tiny)
    return empty


def open_lessons(**query: str) -> AppTest:
    app = AppTest.from_file(str(ROOT / "streamlit_app.py"), default_timeout=120)
    for key, value in query.items():
        app.query_params[key] = value
    app.switch_page(str(ROOT / "pages" / "lessons.py")).run()
    return checked(app)


def checked(app: AppTest) -> AppTest:
    assert not app.exception, app.exception[0].message
    assert not app.error, app.error[0].value
    return app


def at_step(app: AppTest, step: str) -> AppTest:
    app.query_params["step"] = step
    return checked(app.run())


def read(app: AppTest) -> str:
    kinds = ("markdown", "header", "info", "warning", "success")
    return "\n".join(str(one.value) for kind in kinds for one in getattr(app, kind)).replace("\\", "")


def press(app: AppTest, key: str) -> AppTest:
    return checked(app.button(key=key).click().run())


def keys(app: AppTest) -> set[str]:
    return {button.key for button in app.button}


@pytest.mark.parametrize("name", plans.LESSONS)
def test_every_step_without_a_run_says_so_and_offers_it_after_a_guess(empty, name):
    lesson = index.LESSONS[name]
    app = open_lessons(lesson=name)
    assert lesson.title in read(app) and lesson.ask in read(app)
    assert {f"guess {guess.key}" for guess in lesson.guesses} <= keys(app) and "to run" not in keys(app)
    for step in ("look", "explain", "question"):
        at_step(app, step)
        assert "the run has not happened yet" in read(app) and "to run" in keys(app)
    at_step(app, "run")
    assert "run lesson" not in keys(app) and "to predict" in keys(app)
    at_step(app, "predict")
    press(app, f"guess {lesson.guesses[0].key}")
    press(app, "to run")
    assert app.query_params["step"] in ("run", ["run"])
    assert "run lesson" in keys(app)


@pytest.mark.parametrize("name", plans.LESSONS)
def test_every_step_after_the_run_shows_what_was_measured(trained, name):
    lesson = index.LESSONS[name]
    plan = plans.plan(name)
    found = findings.find(name, progress.finished_runs(plan, trained / "runs"), trained / "data")
    measured = lesson.measured(found)
    app = open_lessons(lesson=name)
    press(app, f"guess {lesson.guesses[0].key}")
    at_step(app, "run")
    assert "nothing is trained again" in read(app) and "run lesson" not in keys(app)
    at_step(app, "look")
    assert f"You said **{lesson.guesses[0].words}**. It is **{measured.words}**." in read(app)
    best = min(lesson.guesses, key=lambda guess: abs(guess.value - measured.value))
    assert (" was nearer." in read(app)) and ("No other guess" in read(app)) == (best == lesson.guesses[0])
    at_step(app, "explain")
    assert all(paragraph.replace("\\", "") in read(app) for paragraph in lesson.explain(found))
    at_step(app, "question")
    wrong, right = (next(o for o in lesson.options if o.right is is_right) for is_right in (False, True))
    press(app, f"answer {wrong.key}")
    assert f"Not quite.** {wrong.feedback(found)}" in read(app)
    press(app, f"answer {right.key}")
    assert f"Yes.** {right.feedback(found)}" in read(app) and "next lesson" in keys(app)


def test_a_link_to_the_result_shows_it_without_a_guess_and_none_can_be_made_afterwards(trained):
    app = open_lessons(lesson="shortcuts", step="look")
    assert "No guess was made in this session" in read(app)
    assert "drawings themselves are not on this machine" in read(app)
    at_step(app, "predict")
    assert "seen the result" in read(app)
    assert all(button.disabled for button in app.button if button.key.startswith("guess "))


def test_the_next_lesson_opens_on_its_first_step(trained):
    app = open_lessons(lesson="imbalance", step="question")
    press(app, "answer recall")
    press(app, "next lesson")
    assert index.LESSONS["augmentation"].ask in read(app)
    press(app, "all lessons")
    assert "question answered" in read(app) and "1 of 5 steps seen" in read(app)
    press(app, "open leakage")
    assert index.LESSONS["leakage"].ask in read(app)


def test_a_wrong_lesson_step_or_seed_in_the_address_is_named_and_the_page_goes_on(empty):
    app = open_lessons(lesson="imbalanced`![x](http://evil.example)")
    assert "There is no lesson" in read(app) and "open imbalance" in keys(app)
    app = open_lessons(lesson="leakage", step="lok", seed="77", teacher="yes")
    assert "There is no step" in read(app) and index.LESSONS["leakage"].ask in read(app)
    assert read(app).count("`lok`") == 1  # it is said once


def test_the_teachers_view_has_the_answer_and_what_to_expect(trained):
    app = open_lessons(lesson="shortcuts", step="question", teacher="1")
    right = next(option for option in index.LESSONS["shortcuts"].options if option.right)
    assert f"The answer.** {right.words}" in read(app) and "usually get wrong" in read(app)
    at_step(app, "run")
    assert "python -m fashion_core lesson shortcuts" in app.code[0].value
    at_step(app, "look")
    assert "What to expect" in read(app)
    table = app.dataframe[-1].value.set_index("What")
    found = findings.find("shortcuts", progress.finished_runs(plans.plan("shortcuts"), trained / "runs"), trained)
    assert table.loc["Another background", "This run"] == words.percent(found.swapped["own"].accuracy)
    assert "The answer" not in read(open_lessons(lesson="shortcuts", step="question"))


def test_no_row_of_a_lessons_charts_is_cut_short(trained, monkeypatch):
    drawn = []
    real = charts.shares
    monkeypatch.setattr(lesson_frame, "shares", lambda *args, **words: drawn.append(real(*args, **words)) or drawn[-1])
    for lesson in plans.LESSONS:
        open_lessons(lesson=lesson, step="look")
    names = [name for figure in drawn for name in figure.layout.yaxis.ticktext]
    assert len(names) > 8 and not [name for name in names if "…" in name]


def test_no_two_switches_of_a_lesson_offer_the_same_word(empty):
    app = open_lessons(lesson="augmentation", step="look", teacher="1")
    offered = [option.content.casefold() for group in app.get("button_group") for option in group.proto.options]
    assert {"class", "review"} <= set(offered) and len(set(offered)) == len(offered)


def test_a_run_in_progress_is_followed_and_not_offered_again(empty):
    plan = plans.plan("leakage")
    folder = progress.folder_of(plan, empty / "runs")
    made_jobs.working(folder, process_identity(), stage="drawing", done=21, total=42)
    app = open_lessons(lesson="leakage", step="look")
    assert app.get("progress")[0].proto.text.replace("\\", "").startswith("Drawing: 21 of 42.")
    at_step(app, "run")
    assert "run lesson" not in keys(app) and app.get("progress")


def test_a_press_on_stop_ends_the_process_and_the_lesson_can_go_on(empty):
    plan = plans.plan("leakage")
    folder = progress.folder_of(plan, empty / "runs")
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"]) as working:
        made_jobs.working(folder, process_identity(working.pid), stage="drawing", done=2, total=4)
        app = open_lessons(lesson="leakage", step="predict")
        press(app, "guess 15")
        press(app, "to run")
        assert "run lesson" not in keys(app)
        press(app, "stop lesson")
        working.wait(20)  # raises while the process sleeps on
    assert "It stopped: it was told to stop. What is" in read(app) and "run lesson" in keys(app)


def test_a_process_that_does_not_end_is_not_called_stopped(empty, monkeypatch):
    plan = plans.plan("leakage")
    folder = progress.folder_of(plan, empty / "runs")
    monkeypatch.setattr(processes, "end", lambda process, seconds: None)
    made_jobs.working(folder, process_identity(), stage="drawing", done=2, total=4)
    with pytest.raises(RunError, match="does not end; look again in a moment"):
        progress.stop(plan, empty / "runs")
    assert progress.look(plan, empty / "runs").word == progress.ACTIVE


def test_a_press_starts_one_process_with_the_lessons_command(empty, monkeypatch):
    started = []
    monkeypatch.setattr(background, "detach", lambda command, log, **_: started.append(command) or 1)
    app = open_lessons(lesson="difference", step="predict", seed="2")
    press(app, "guess 4")
    press(app, "to run")
    press(app, "run lesson")
    assert len(started) == 1 and started[0][3:7] == ["lesson", "difference", "--seed", "2"]


def test_a_stopped_run_says_why_and_can_go_on(empty):
    plan = plans.plan("leakage")
    folder = progress.folder_of(plan, empty / "runs")
    made_jobs.failed(folder, "the disk is *full*")
    app = open_lessons(lesson="leakage", step="predict")
    press(app, "guess 15")
    press(app, "to run")
    assert "It stopped: the disk is *full*" in read(app) and "run lesson" in keys(app)


def test_a_review_copy_reads_what_is_trained_and_says_why_nothing_runs(trained, monkeypatch):
    monkeypatch.setenv("FASHION_READ_ONLY", "1")
    storage_before = sorted(path.name for path in (trained / "runs" / ".lessons").iterdir())
    app = open_lessons(lesson="imbalance", step="look")
    assert "Lessons are made for classes" in read(app) and "It is **" in read(app)
    shutil.rmtree(progress.folder_of(plans.plan("leakage"), trained / "runs"))
    app = open_lessons(lesson="leakage", step="run")
    assert "review copy" in read(app) and "run lesson" not in keys(app)
    assert len(storage_before) == 5


def test_every_number_of_the_texts_is_computed_and_not_typed(trained):
    """A share typed into an explanation would not move with the runs."""
    for name, lesson in index.LESSONS.items():
        plan = plans.plan(name)
        found = findings.find(name, progress.finished_runs(plan, trained / "runs"), trained / "data")
        assert re.search(r"\d %", " ".join(lesson.explain(found)))
        source = (ROOT / "ui" / "lessons" / f"{name}.py").read_text()
        body = source[source.index("def _explain") : source.index("LESSON = Lesson(")]
        assert not re.search(r"\d[\d.,]* (%|points)", body), name


def test_the_right_answer_is_one_and_not_always_at_the_same_place():
    places = []
    for lesson in index.LESSONS.values():
        offered = index.in_turn(lesson)
        assert sorted(option.key for option in offered) == sorted(option.key for option in lesson.options)
        places += [place for place, option in enumerate(offered) if option.right]
    assert len(places) == 5 and len(set(places)) > 1 and 0 not in places


def test_a_row_of_a_chart_stands_where_its_number_stands_whichever_model_is_chosen():
    rows = pd.DataFrame(
        [("a", 0, 0.1, 0.0, 0.2, 9), ("b", 1, 0.5, 0.4, 0.6, 9), ("c", 0, 0.9, 0.8, 1.0, 9)],
        columns=["name", "look", "rate", "low", "high", "n"],
    )
    figure = charts.shares(rows, title="t")
    assert figure.layout.yaxis.categoryarray == (0, 1, 2) and figure.layout.yaxis.ticktext == ("a  ", "b  ", "c  ")
    at = {int(y): x for trace in figure.data for x, y in zip(trace.x, trace.y, strict=True)}
    assert {note.y: note.text for note in figure.layout.annotations} == {y: f"<b>{x:.1f} %</b>" for y, x in at.items()}


def test_nearest_guess_and_session_memory_are_the_tabs_own(trained):
    app = open_lessons(lesson="leakage")
    press(app, "guess 40")
    other = open_lessons(lesson="leakage")
    assert other.session_state["_lessons"]["leakage"]["guess"] == ""
    assert app.session_state["_lessons"]["leakage"]["guess"] == "40"
    lesson = index.LESSONS["leakage"]
    assert [lesson_frame.nearest(lesson, value).key for value in (0.01, 0.09, 0.11, 0.9)] == ["0", "5", "15", "40"]
    assert list(STEPS) == ["predict", "run", "look", "explain", "question"]
