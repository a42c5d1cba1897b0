"""A command that is shown works as typed in the project's folder."""

import json
import shlex
import subprocess
from pathlib import Path
from types import SimpleNamespace

import pytest

from fashion_core import storage
from fashion_core.cli import foreground
from fashion_core.errors import RunError
from fashion_core.launch import interpreter
from fashion_core.launch.status import status_of
from fashion_core.runs import runs
from tests.support.commands import command
from tests.support.pages import open_page
from tests.support.places import ROOT
from ui.app import words
from ui.shared import report_button


@pytest.mark.parametrize(
    ("executable", "shown"),
    [
        ("/home/me/lab/.venv/bin/python", ".venv/bin/python"),
        ("/home/me/lab/.venv/bin/python3.11", ".venv/bin/python3.11"),
        ("/usr/bin/python3", "python"),
        ("/home/me/laboratory/.venv/bin/python", "python"),
        ("", "python"),
    ],
)
def test_the_interpreter_is_named_from_the_projects_folder(executable, shown):
    assert interpreter.python(executable, Path("/home/me/lab")) == shown


def test_an_environment_that_is_a_link_is_named_by_the_link(tmp_path):
    (tmp_path / "elsewhere" / "bin").mkdir(parents=True)
    (tmp_path / "lab").mkdir()
    (tmp_path / "lab" / ".venv").symlink_to(tmp_path / "elsewhere")
    assert interpreter.python(str(tmp_path / "elsewhere/bin/python"), tmp_path / "lab") == ".venv/bin/python"


@pytest.mark.parametrize(
    ("told", "shown"),
    [
        ("run: python -m fashion_core import demo", "run: V -m fashion_core import demo"),
        ("a && python -m fashion_core runs; python benchmarks/x.py", "a && V -m fashion_core runs; V benchmarks/x.py"),
        ("run: pip install -r requirements.txt", "run: V -m pip install -r requirements.txt"),
        (".venv/bin/python -m fashion_core runs", ".venv/bin/python -m fashion_core runs"),
        ("a python in a bag; my-python -m fashion_core", "a python in a bag; my-python -m fashion_core"),
    ],
)
def test_only_commands_of_the_lab_are_rewritten(told, shown):
    assert interpreter.here(told, "V") == shown
    assert interpreter.here(told, "python") == told


def test_a_command_that_a_page_and_an_error_show_works_as_typed(tiny_data, tmp_path, monkeypatch):
    said = command("datasets", data=tmp_path / "none", runs=tmp_path).stdout  # no dataset yet; run: ...
    shown = said.partition("run: ")[2].strip()
    assert f"`{shown}`" == words.command("python -m fashion_core import demo")
    done = subprocess.run([*shlex.split(shown)[:-2], "--help"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0 and f"Usage: {interpreter.python()} -m fashion_core" in done.stdout, done.stderr
    monkeypatch.setenv("FASHION_DATA", str(tiny_data))
    monkeypatch.setenv("FASHION_RUNS", str(tmp_path))
    code = next(code.value for code in open_page("augmentation", dataset="tiny").code if "train tiny" in code.value)
    assert code.startswith(f"{interpreter.python()} -m fashion_core train tiny")


def test_json_keeps_the_command_that_is_true_on_every_machine(tiny_data, tmp_path):
    done = command("doctor", "--json", data=tmp_path / "none", runs=tmp_path)
    assert any("run: python -m fashion_core" in line for line in json.loads(done.stdout)["missing"])


def test_a_training_that_was_stopped_as_asked_is_no_error_and_one_that_slurm_stopped_is(
    tiny, tiny_data, tmp_path, monkeypatch, capsys
):
    from fashion_core.settings import recipes

    settings = recipes.settings_for("report", ["image_size=16", "batch_size=8", "device=cpu"])
    run = runs.create_run(tiny, settings, runs_dir=tmp_path, run_id="asked")
    place = foreground.Place(data_dir=tiny_data, runs_dir=tmp_path)
    monkeypatch.setattr(foreground, "stop_requests", lambda: [15])
    foreground.train_here(run, place)
    assert status_of(run).state == "stopped" and "go on with" in capsys.readouterr().err
    assert not foreground._stopped_by_slurm(run)
    storage.append_line(run.folder / "events.jsonl", {"event": "stop_requested", "time": 0.0, "by": "slurm"})
    with pytest.raises(RunError, match="was stopped; go on with"):
        foreground.train_here(run, place)


def test_unpacking_counts_bytes_with_their_unit_and_photos_are_counted():
    assert storage.amount(storage.UNPACKING, 24_185, 1_142_666) == "0.02 of 1.14 MB"
    assert storage.amount(storage.UNPACKING, 10**9, 2 * 10**9) == "1.00 of 2.00 GB"
    assert storage.amount("reading photos", 1240, 4200) == "1,240 of 4,200"


def test_a_reports_file_carries_every_name_whole():
    ids = ["20261130-052758-report-clothing-abcd", "20261130-061122-strong-clothing-efgh"]
    assert report_button.file_name([SimpleNamespace(id=name) for name in ids]) == f"{'-'.join(ids)}-report.html"
    many = [SimpleNamespace(id=f"{name}{k}") for k in range(9) for name in ids]
    assert report_button.file_name(many) == f"{ids[0]}0-and-17-more-report.html"
