"""The command line as people type it: real processes, JSON on stdout, one sentence and an exit code on trouble."""

import json
import os
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import typer
from PIL import Image

from fashion_core.__main__ import app, main
from fashion_core.data import datasets
from fashion_core.launch import background, interpreter, run_queue
from fashion_core.metrics import scoring
from fashion_core.runs import runs
from fashion_core.settings import recipes
from tests.support.commands import command, document, process
from tests.support.places import ROOT
from tests.support.tiny import TINY_CLASSES, draw_tiny


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory, tiny_source: Path) -> dict[str, Path]:
    """A data and a runs directory with the tiny photos imported and trained on from the command line."""
    places = {"data": tmp_path_factory.mktemp("lab-data"), "runs": tmp_path_factory.mktemp("lab-runs")}
    imported = document("import", tiny_source, "--name", "tiny", **places, run=process)
    assert imported["dataset"] == "tiny" and imported["images"] == 63 and imported["damaged"] == 0
    assert imported["classes"] == list(TINY_CLASSES)
    assert imported["splits"] == {"train": 36, "val": 12, "test": 15} and imported["fingerprint"]
    sets = ("--set", "image_size=16", "--set", "batch_size=8", "--set", "epochs=6", "--device", "cpu")
    trained = document("train", "tiny", "--recipe", "report", *sets, "--run-id", "first", **places, run=process)
    assert trained["run_id"] == "first" and trained["status"] == "finished" and trained["device"] == "cpu"
    assert trained["epochs"] == 6 and trained["seconds"] > 0 and trained["images_per_second"] > 0
    assert 0 < trained["train_loss"] < 1.2 and 0 <= trained["val_accuracy"] <= 1
    return places


def test_evaluate_prints_what_the_metrics_code_computes_from_the_stored_predictions(lab):
    found = document("evaluate", "first", **lab)
    assert (found["run_id"], found["split"], found["n"]) == ("first", "test", 15)
    stored = pd.read_parquet(lab["runs"] / "first" / "predictions-test.parquet")
    codes = [[TINY_CLASSES.index(name) for name in stored[column]] for column in ("label", "predicted")]
    expected = scoring.evaluate_predictions(*map(np.array, codes), TINY_CLASSES).to_json()
    assert {name: found[name] for name in expected} == expected
    assert np.array(found["confusion_matrix"]).sum(axis=1).tolist() == [5, 4, 6]  # rows are true
    assert found["accuracy"] > 0.6  # the tiny classes are told apart by colour


def test_embed_writes_a_row_for_each_prediction(lab):
    found = document("embed", "first", "--split", "val", **lab)
    assert (found["n"], found["dimensions"]) == (12, 256)
    assert np.load(found["path"]).shape == (12, 256)


def test_predict_names_the_bad_file_and_goes_on(lab, tmp_path: Path):
    good, bad = tmp_path / "good.png", tmp_path / "bad.jpg"
    draw_tiny(1, 999).save(good)
    bad.write_text("not a photo")
    first, second = document("predict", "first", good, bad, **lab)
    assert first["error"] is None and len(first["top"]) == 3
    assert sum(entry["probability"] for entry in first["top"]) == pytest.approx(1, abs=1e-5)
    assert second["top"] == [] and "bad.jpg" in second["error"]
    nothing = command("predict", "first", bad, **lab)
    assert nothing.returncode == 1 and "none of the photos could be read" in nothing.stderr


def test_the_lists_name_what_is_there(lab):
    assert [run["run_id"] for run in document("runs", **lab)] == ["first"]
    assert document("runs", **lab)[0]["status"] == "finished"
    assert [dataset["dataset"] for dataset in document("datasets", **lab)] == ["tiny"]
    checked = document("doctor", **lab)
    assert checked["datasets"] == ["tiny"] and checked["runs"] == ["first"] and "cpu" in checked["devices"]


def test_doctor_names_a_package_that_is_not_installed_and_what_mends_it(tmp_path: Path, monkeypatch, capsys):
    """Seen on a GPU machine that had torch and no streamlit: a traceback."""
    real = metadata.version

    def version(name: str) -> str:
        if name == "streamlit":
            raise metadata.PackageNotFoundError(name)
        return real(name)

    monkeypatch.setattr(metadata, "version", version)
    app(["doctor", "--data-dir", str(tmp_path), "--runs-dir", str(tmp_path)], standalone_mode=False)
    told = capsys.readouterr().out
    assert "streamlit missing, plotly " in told
    pip = interpreter.here("pip install -r requirements.txt")
    assert f"missing: streamlit is not installed; run: {pip}" in told
    versions = {"pandas": "2.2.0", "torch": f"{real('torch')}+cpu"}
    monkeypatch.setattr(metadata, "version", lambda name: versions.get(name) or real(name))
    app(["doctor", "--data-dir", str(tmp_path), "--runs-dir", str(tmp_path)], standalone_mode=False)
    told = capsys.readouterr().out
    assert f"missing: pandas 2.2.0 is here, tried was {real('pandas')}; run: {pip}" in told


def test_folders_open_with_image_folder_in_the_same_class_order(lab, tmp_path: Path):
    from torchvision.datasets import ImageFolder

    document("folders", "tiny", tmp_path / "out", **lab)
    for split, counts in (("train", [12, 6, 18]), ("val", [4, 4, 4]), ("test", [5, 4, 6])):
        opened = ImageFolder(tmp_path / "out" / split)
        assert opened.classes == list(TINY_CLASSES)
        assert np.bincount(opened.targets).tolist() == counts


@pytest.mark.parametrize(
    ("words", "code", "sentence"),
    [
        (("train", "tiny", "--set", "epochs=0"), 2, "epochs must be a whole number between 1 and 1000, got 0"),
        (("train", "tiny", "--set", "epochz=1"), 2, "setting 'epochz' is unknown; did you mean 'epochs'?"),
        (("train", "tinny"), 1, "did you mean 'tiny'?"),
        (("train", "tiny", "--recipe", "rapport"), 2, "did you mean 'report'?"),
        (("train", "tiny", "--run-id", "first"), 1, "run 'first' exists already"),
        (("train", "tiny", "--device", "tpu"), 2, "device must be one of auto, cpu, cuda, mps, got tpu"),
        (("evaluate", "frist"), 1, "did you mean 'first'?"),
        (("evaluate", "first", "--split", "holdout"), 1, "has no holdout photos; it has"),
        (("resume", "first"), 1, "run 'first' is finished"),
        (("stop", "first"), 1, "there is nothing to stop"),
        (("import", "/no/such/place"), 1, "/no/such/place"),
        (("train",), 2, "train needs a dataset"),
        (
            ("export", "first", "--to", "x", "--format", "pkl"),
            2,
            "--format must be one of onnx, safetensors, card, ref",
        ),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else None,
)
def test_trouble_is_one_sentence_on_stderr(lab, words, code: int, sentence: str):
    done = command(*words, **lab)
    errors = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
    assert done.returncode == code and len(errors) == 1 and sentence in errors[0], done.stderr
    assert done.stdout == "" and "Traceback" not in done.stderr
    assert [run["run_id"] for run in document("runs", **lab)] == ["first"]


def test_a_run_directory_goes_on_with_the_command_that_made_it(lab, tmp_path: Path):
    folder = tmp_path / "anywhere"
    sets = ("--set", "image_size=16", "--set", "epochs=1", "--device", "cpu")
    first = document("train", "tiny", *sets, "--run-dir", folder, **lab)
    events = (folder / "events.jsonl").read_text()
    assert document("train", "tiny", *sets, "--run-dir", folder, **lab) == first
    assert document("train", "--run-dir", folder, **lab) == document("run", folder, **lab) == first
    assert (folder / "events.jsonl").read_text() == events  # nothing is done twice
    for words in (("--set", "epochs=9"), ("--device", "mps")):
        again = command("train", "tiny", "--run-dir", folder, *words, **lab)
        assert again.returncode == 2 and "holds a run with" in again.stderr


def test_a_reference_export_is_small_opens_and_scores_the_same(lab, tmp_path: Path):
    out = tmp_path / "shipped"
    found = document("export", "first", "--format", "reference", "--to", out, **lab)
    whole = sum(path.stat().st_size for path in (lab["runs"] / "first").rglob("*") if path.is_file())
    assert found["bytes"] < whole / 4
    assert not list(out.rglob("trainer.*")) and not list(out.rglob("log.txt"))
    places = {"data": tmp_path / "no-data", "runs": tmp_path}
    stored, first = document("evaluate", "shipped", **places), document("evaluate", "first", **lab)
    assert stored["confusion_matrix"] == first["confusion_matrix"]
    assert document("evaluate", "shipped", data=lab["data"], runs=tmp_path)["n"] == 15
    assert document("runs", **places)[0]["status"] == "finished"
    picture = tmp_path / "one.png"
    Image.new("RGB", (40, 50), (200, 30, 30)).save(picture)
    assert len(document("predict", "shipped", picture, **places)[0]["top"]) == 3


def test_a_run_that_was_queued_before_there_was_a_command_run_is_trained(lab, tmp_path: Path):
    settings = recipes.settings_for("report", ["image_size=16", "batch_size=8", "epochs=1", "device=cpu"])
    run = runs.create_run(datasets.find_dataset(lab["data"], "tiny"), settings, runs_dir=tmp_path, run_id="queued")
    run_queue.enqueue(run.folder, "cpu", 1)
    line = [sys.executable, "-m", "fashion_core", "train", "--run-dir", str(run.folder)]
    line += ["--data-dir", str(lab["data"]), "--runs-dir", str(tmp_path), "--json"]
    done = subprocess.run(
        [sys.executable, "-m", "fashion_core.waiter", str(run.folder), "--", *line],
        cwd=ROOT,
        env=os.environ | background.ENVIRONMENT,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["status"] == "finished" and run.summary().epochs == 1


def test_what_only_launchers_type_is_not_offered_to_people():
    commands = typer.main.get_command(app).commands
    hidden = {option for parameter in commands["train"].params if parameter.hidden for option in parameter.opts}
    assert commands["run"].hidden and hidden == {"--run-dir"}
    assert [name for name, found in commands.items() if found.hidden] == ["run"]


@pytest.mark.parametrize("word", ["train", "run", "resume", "lesson"])
def test_a_command_that_trains_starts_again_with_the_settings_that_are_read_at_the_start(word, monkeypatch):
    class Replaced(Exception):
        pass

    def replaced(program, words, environment):
        raise Replaced(words, environment)

    monkeypatch.setattr(os, "execve", replaced)
    monkeypatch.setattr(sys, "argv", ["fashion_core", word, "x"])
    for name, value in background.ALLOCATOR.items():  # as a server has it that was itself started so before
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("OMP_WAIT_POLICY", raising=False)
    with pytest.raises(Replaced) as told:
        main()
    words, environment = told.value.args
    assert words[1:] == ["-m", "fashion_core", word, "x"] and background.ENVIRONMENT.items() <= environment.items()
    monkeypatch.setenv("GOMP_SPINCOUNT", "100000")  # chosen by somebody: it stays, and the other variable is not set
    assert background.environment() == background.ALLOCATOR | {"GOMP_SPINCOUNT": "100000"}
