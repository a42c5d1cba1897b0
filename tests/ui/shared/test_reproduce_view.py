"""The popover beside a number: closed it reads nothing, open it has the commands and what a second training gave."""

import json
import platform
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from fashion_core import storage
from fashion_core.compare import reproduce, retrain
from fashion_core.data.audit import audit
from fashion_core.runs import runs
from tests.support.hostile import PAYLOADS, hostile
from tests.support.made_runs import make_run
from tests.support.pages import open_page, written
from ui.overview import leaders
from ui.shared import reproduce_view, run_status

KEYS = {
    "overview": "reproduce photos",
    "dataset": "reproduce dataset",
    "training": "reproduce",
    "evaluation": "reproduce",
    "compare": "reproduce compare",
    "embeddings": "reproduce",
    "predict": "reproduce",
}


@pytest.fixture(scope="module")
def places(tiny_data, tiny_runs, tmp_path_factory) -> Path:
    """The tiny run, its equal twin that says it reproduces it, and one that differs; the photos are audited."""
    folder = tmp_path_factory.mktemp("lab")
    shutil.copytree(tiny_data, folder / "data")
    audit.run(next(iter(audit_sets(folder / "data"))))
    for name in ("tiny-run", "again"):
        shutil.copytree(tiny_runs / "tiny-run", folder / "runs" / name)
    original = runs.find_run(folder / "runs", "tiny-run")
    told = {"reproduces": {"run": original.id, "created": original.created}}
    storage.write_json(
        folder / "runs" / "again" / "config.json",
        original.record.to_json() | told | {"run_id": "again", "created": "2026-11-20T00:00:00+00:00"},
    )
    return folder


def audit_sets(data_dir: Path):
    from fashion_core.data import datasets

    return datasets.list_datasets(data_dir)


@pytest.fixture
def lab(places, monkeypatch) -> Path:
    monkeypatch.setenv("FASHION_DATA", str(places / "data"))
    monkeypatch.setenv("FASHION_RUNS", str(places / "runs"))
    return places / "runs"


def opened(page: str, **query: str) -> AppTest:
    """A page with its popover open."""
    app = open_page(page, **query)
    app.session_state[KEYS[page]] = True
    app.run()
    assert not app.exception, app.exception[0].message
    return app


def commands(app: AppTest) -> str:
    return "\n".join(block.value for block in app.code)


@pytest.mark.parametrize(
    ("page", "query", "last"),
    [
        ("overview", {}, "evaluate tiny-run-again --split test"),
        ("dataset", {"tab": "Audit"}, "audit tiny"),
        ("training", {"run": "tiny-run"}, "evaluate tiny-run-again --split test"),
        ("evaluation", {"run": "tiny-run", "split": "val"}, "evaluate tiny-run-again --split val"),
        ("compare", {"first": "tiny-run", "second": "again"}, "compare tiny-run-again again-again --split test"),
        ("embeddings", {"run": "tiny-run"}, "embed tiny-run-again --split test"),
        ("predict", {"run": "tiny-run"}, "predict tiny-run-again photo.jpg"),
    ],
)
def test_every_page_says_how_to_get_its_number_and_only_when_asked(page, query, last, lab, monkeypatch):
    asked = []
    real = reproduce.computed_of
    monkeypatch.setattr(reproduce, "computed_of", lambda run: asked.append(run) or real(run))
    app = open_page(page, **query)
    assert not asked and last not in commands(app)
    app.session_state[KEYS[page]] = True
    app.run()
    assert not app.exception, app.exception[0].message
    assert last in commands(app), commands(app)
    assert "python -m fashion_core import " in commands(app)


def test_how_to_get_a_number_of_the_overview_stands_with_that_number(lab):
    app = open_page("overview")
    (column,) = [column for column in app.columns if column.metric and column.metric[0].label == "Best on photos"]
    keys = {popover.proto.popover.id.rpartition("-")[2] for popover in column.get("popover")}
    assert keys == {KEYS["overview"]}


def test_the_outcome_of_a_second_training_stands_in_the_popover(lab):
    told = written(opened("evaluation", run="tiny-run"))
    assert "Bit-equal] Trained again as `again`." in told and "27 predictions" in told
    assert "Seed 0. Photos of tiny, fingerprint" in told and "Same bits: expected" in told
    other = written(opened("evaluation", run="again"))
    assert "This run trains `tiny-run` again" in other


def test_a_gap_is_shown_with_its_size_and_reason(lab, tmp_path, monkeypatch):
    shutil.copytree(lab, tmp_path / "runs")
    monkeypatch.setenv("FASHION_RUNS", str(tmp_path / "runs"))
    path = tmp_path / "runs" / "again" / "metrics.jsonl"
    rows = path.read_text().splitlines()
    first = json.loads(rows[0])
    storage.write_text(path, "\n".join([json.dumps(first | {"loss": 9.5}), *rows[1:]]))
    told = written(opened("evaluation", run="tiny-run"))
    assert "Not bit-equal] Trained again as `again`." in told
    assert f"The first logged difference is at step 1: loss {first['loss']!r} and 9.5" in told
    assert "Likely: nothing in the records" in told


def test_the_button_starts_the_second_training_and_says_what_it_takes(lab, monkeypatch):
    started = []
    monkeypatch.setattr(retrain, "start", lambda run, **where: started.append(run.id))
    app = opened("evaluation", run="tiny-run")
    button = app.button(key="train again tiny-run")
    assert button.label.startswith("Train it again and compare")
    button.click().run()
    assert started == ["tiny-run"] and not app.exception


def test_an_open_popover_follows_a_second_training_until_it_ends(lab, monkeypatch):
    timers = []
    fragment = st.fragment

    def watched(func=None, *, run_every=None):
        if getattr(func, "__name__", "") == "_lazy":
            timers.append(run_every)
        return fragment(func, run_every=run_every)

    monkeypatch.setattr(st, "fragment", watched)
    status_of = run_status.status_of
    going = {"on": True}

    def status(run):
        told = status_of(run)
        return replace(told, state="running", sentence="Half done.") if going["on"] and run.id == "again" else told

    monkeypatch.setattr(run_status, "status_of", status)
    app = opened("evaluation", run="tiny-run")
    assert timers[-1] == reproduce_view.SECONDS and "Trained again as `again`: Half done." in written(app)
    going["on"] = False
    app.run()
    assert timers[-1] is None and "Trained again as `again`." in written(app)
    num = len(timers)
    app.run()
    assert timers[num:] == [None], "nothing goes on, so the page runs once"


def test_a_reviewer_is_given_no_commands_and_a_review_copy_offers_no_training(lab, monkeypatch):
    whole = opened("evaluation", run="tiny-run")
    tables = {tuple(frame.value.columns) for frame in whole.dataframe}
    assert ("Setting", "Value", "In the recipe") in tables and ("Computed with", "Then", "Here", "") in tables
    monkeypatch.setenv("FASHION_READ_ONLY", "1")
    in_review = opened("evaluation", run="tiny-run", audience="review")
    assert not commands(in_review) and "How to get it" not in [one.proto.label for one in in_review.get("popover")]
    copied = opened("evaluation", run="tiny-run", audience="class")
    assert "evaluate tiny-run-again" in commands(copied)
    assert not [button.label for button in copied.button if button.label.startswith("Train")]


def test_names_from_files_are_shown_as_they_are(lab, tmp_path, monkeypatch):
    payload = " ".join(PAYLOADS)
    monkeypatch.setenv("FASHION_RUNS", str(tmp_path / "runs"))
    for name in ("one", "two"):
        run = make_run(tmp_path / "runs" / name, ("a", "b"), counts={"test": 40}, seed=len(name), synthetic=True)
        changed = json.loads((run.folder / "config.json").read_text())
        changed["dataset"] |= {"name": payload, "bring": f"bring {payload}"}
        changed["versions"] = {"torch": payload, payload: payload}
        storage.write_json(run.folder / "config.json", changed)
        own = {"event": "started", "time": 0, "device": payload, "computed": {"cpu": payload, "threads": payload}}
        storage.append_line(run.folder / "events.jsonl", own)
        storage.append_line(run.folder / "events.jsonl", {"event": "finished", "time": 0, "reason": "Finished."})
    for page, query in (("evaluation", {"run": "one"}), ("compare", {"first": "one", "second": "two"})):
        app = opened(page, **query)
        assert payload in commands(app) and not hostile(app), hostile(app)


def test_a_second_training_does_not_become_the_best_run(lab):
    found = runs.list_runs(lab)
    assert list(leaders.best_runs(found)["run"]) == ["tiny-run"]
    assert list(leaders.best_runs([run for run in reversed(found)])["run"]) == ["tiny-run"]
    assert list(leaders.best_runs([runs.find_run(lab, "again")])["run"]) == ["again"]


def test_what_was_trained_elsewhere_takes_as_long_as_the_speed_of_this_machine_says(lab, tmp_path, monkeypatch):
    shutil.copytree(lab / "tiny-run", tmp_path / "runs" / "tiny-run")
    away = shutil.copytree(lab / "tiny-run", tmp_path / "runs" / "away")
    events = (away / "events.jsonl").read_text().replace(f'"host": "{platform.node()}"', '"host": "elsewhere"')
    (away / "events.jsonl").write_text(events)
    monkeypatch.setenv("FASHION_RUNS", str(tmp_path / "runs"))
    speed = runs.find_run(lab, "tiny-run").metrics()["images_per_second"].dropna().iloc[-1]
    assert reproduce_view._seconds(runs.open_run(away)) == pytest.approx(2 * 36 / speed)
