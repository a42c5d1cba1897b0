"""A run keeps what tells photos unlike its own, made at its end; Python, the command line and copies know it too."""

import json
import shutil
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from PIL import Image

from fashion_core import storage
from fashion_core.cli import results
from fashion_core.errors import RunError
from fashion_core.models import export, unlike
from fashion_core.models.classifier import Classifier
from fashion_core.runs import familiar, runs, snapshots
from fashion_core.settings import recipes
from fashion_core.training import loop
from tests.support.places import ROOT
from tests.support.tiny import draw_tiny


@pytest.fixture
def asking_run(tiny_runs, tiny, tmp_path, monkeypatch) -> runs.Run:
    """The tiny run, for which twelve validation photos are enough."""
    monkeypatch.setattr("fashion_core.metrics.out_of_distribution.LEAST_FITTED", 10)
    shutil.copytree(tiny_runs / "tiny-run", tmp_path / "tiny-run")
    run = runs.find_run(tmp_path, "tiny-run")
    unlike.prepare(run, tiny, device="cpu")
    return run


NOISE = Image.fromarray(np.random.default_rng(0).integers(0, 256, (90, 70, 3), dtype=np.uint8))


def test_python_says_of_each_photo_whether_it_is_unlike_training(asking_run):
    classify = Classifier(asking_run.folder, device="cpu")
    noise, known = classify([NOISE, draw_tiny(1, 20)])
    assert noise.unlike is True and known.unlike is False and not classify.not_asked
    (asking_run.folder / familiar.FILE).unlink()
    classify = Classifier(asking_run.folder, device="cpu")
    assert classify([NOISE])[0].unlike is None
    assert classify.not_asked == "to have it asked, run: python -m fashion_core embed tiny-run --split val"


def test_the_command_line_gives_noise_no_answer(asking_run, tmp_path, capsys):
    NOISE.save(tmp_path / "noise.png")
    draw_tiny(1, 20).save(tmp_path / "known.png")
    photos = [tmp_path / "noise.png", tmp_path / "known.png"]
    predict = partial(results.predict, "tiny-run", photos, device="cpu", runs_dir=tmp_path)
    predict(top=5, calibrated=False, as_json=False)
    noise, known = capsys.readouterr().out.splitlines()
    assert "noise.png: no answer: unlike the photos that the run learnt from (looks to it like " in noise
    assert "unlike" not in known
    predict(top=5, calibrated=False, as_json=True)
    assert [one["unlike"] for one in json.loads(capsys.readouterr().out)] == [True, False]
    (asking_run.folder / familiar.FILE).unlink()
    predict(top=5, calibrated=False, as_json=False)
    assert "was not asked: to have it asked, run: " in capsys.readouterr().out.splitlines()[-1]


def test_what_is_kept_belongs_to_the_weights_and_a_damaged_file_counts_as_none(asking_run):
    assert familiar.of_run(asking_run) is not None
    step = asking_run.folder / "steps" / str(snapshots.judged_step(asking_run))
    commit = storage.read_json(step / "COMMIT.json")
    other = {**commit["sha256"], "model.safetensors": "0" * 64}
    storage.write_json(step / "COMMIT.json", {**commit, "sha256": other})
    assert familiar.of_run(asking_run) is None
    storage.write_json(step / "COMMIT.json", commit)
    for damage in (b"", b"PK\x03\x04 not an archive", (asking_run.folder / familiar.FILE).read_bytes()[:900]):
        (asking_run.folder / familiar.FILE).write_bytes(damage)
        assert familiar.of_run(asking_run) is None


def test_both_copies_for_others_know_it(asking_run, tiny, tmp_path):
    export.write_model(asking_run, tmp_path / "model")
    export.write_reference(asking_run, tiny, tmp_path / "reference")
    for folder in ("model", "reference"):
        assert Classifier(tmp_path / folder, device="cpu")([NOISE])[0].unlike is True


def test_training_makes_it_at_its_end_and_other_photos_make_none(tiny, tmp_path, monkeypatch):
    monkeypatch.setattr("fashion_core.metrics.out_of_distribution.LEAST_FITTED", 10)
    settings = recipes.settings_for("report", ["image_size=16", "epochs=1", "device=cpu"])
    run = runs.create_run(tiny, settings, runs_dir=tmp_path, run_id="new")
    loop.train(run, tiny)
    assert familiar.of_run(run) is not None
    with pytest.raises(RunError, match="was trained on"):
        unlike.prepare(run, replace(tiny, fingerprint="0" * 16))


def test_the_runs_that_come_with_the_lab_know_it():
    for name in ("strong-drawn", "strong-fashion-mnist", "report-fashion-mnist"):
        assert familiar.of_run(runs.find_run(ROOT / "checkpoints", name)) is not None, name
