"""Without PyTorch a run answers by its ONNX file: the same numbers, or a sentence with the command that mends it."""

import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from fashion_core import __main__ as command_line
from fashion_core import rights
from fashion_core.errors import ReadOnlyError, RunError
from fashion_core.models import inference, without_torch
from fashion_core.runs import familiar, runs
from tests.support.pages import open_page, written
from tests.support.places import ROOT

SHIPPED = ("strong-drawn", "strong-fashion-mnist", "report-fashion-mnist")


@pytest.fixture
def drawn(tmp_path: Path) -> runs.Run:
    shutil.copytree(ROOT / "checkpoints" / "strong-drawn", tmp_path / "runs" / "strong-drawn")
    return runs.find_run(tmp_path / "runs", "strong-drawn")


@pytest.mark.parametrize("name", SHIPPED)
def test_a_run_that_comes_with_the_lab_says_the_same_by_both(name: str):
    run = runs.find_run(ROOT / "checkpoints", name)
    width, height = run.settings.image_size
    random = np.random.default_rng(0)
    flat = np.broadcast_to(random.integers(0, 256, (20, 1, 1, 3), dtype=np.uint8), (20, height, width, 3))
    inputs_NHW3 = np.concatenate([random.integers(0, 256, (120, height, width, 3), dtype=np.uint8), flat])
    model = inference.load_model(run, torch.device("cpu"))
    expected = inference.look_at_photos(model, [Image.fromarray(one) for one in inputs_NHW3], run.settings)
    looked = without_torch.look_at_photos(without_torch.load(run), inputs_NHW3)
    assert np.abs(looked.probabilities_NK - expected.probabilities_NK).max() < 1e-4
    assert np.abs(looked.features_ND - expected.features_ND).max() < 1e-3 * np.abs(expected.features_ND).max()
    assert np.abs(looked.energies_N - expected.energies_N).max() < 1e-3
    reference = familiar.of_run(run)
    assert reference is not None
    both = [reference.is_unlike(one.photos_NHW3, one.energies_N) for one in (looked, expected)]
    assert np.array_equal(*both)
    files = [run.folder / "model.onnx", inference.step_to_use(run) / "model.safetensors"]
    assert files[0].stat().st_size < 1.1 * files[1].stat().st_size, "weights in half precision stay so"


def test_a_file_that_is_missing_damaged_or_of_other_weights_is_one_sentence(drawn: runs.Run):
    path = drawn.folder / without_torch.FILE
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(RunError, match="cannot be read.* export strong-drawn --format onnx --to "):
        without_torch.load(drawn)
    shutil.copy(ROOT / "checkpoints" / "strong-fashion-mnist" / without_torch.FILE, path)
    with pytest.raises(RunError, match="is of other weights"):
        without_torch.load(drawn)
    path.unlink()
    with pytest.raises(RunError, match="has no model.onnx"):
        without_torch.load(drawn)
    assert "has no model.onnx" in (without_torch.why_not(drawn) or "")


def test_an_environment_without_pytorch_is_a_review_copy(monkeypatch):
    assert not rights.is_review_copy()
    monkeypatch.setattr(rights, "has_torch", lambda: False)
    assert rights.is_review_copy()
    with pytest.raises(ReadOnlyError, match="PyTorch is not installed"):
        rights.refuse_read_only("nothing can be trained")


def test_a_command_that_needs_pytorch_says_so_in_one_line(monkeypatch, capsys):
    def absent(**_: object) -> None:
        raise ModuleNotFoundError("No module named 'torch'", name="torch")

    monkeypatch.setattr(command_line, "app", absent)
    monkeypatch.setattr(command_line.sys, "argv", ["fashion_core", "datasets"])
    with pytest.raises(SystemExit):
        command_line.main()
    assert capsys.readouterr().err.endswith(" -m fashion_core doctor\n"), "which says all that is wrong"
    monkeypatch.setattr(rights, "has_torch", lambda: False)
    with pytest.raises(SystemExit):
        command_line.main()
    said = capsys.readouterr().err
    assert said.startswith("error: torch is not installed, and this command needs it; run: ")
    assert said.endswith("pip install -r requirements.txt\n") and said.count("\n") == 1


def test_predict_of_a_review_copy_takes_photos_where_a_run_can_answer(drawn: runs.Run, monkeypatch):
    monkeypatch.setenv("FASHION_READ_ONLY", "1")
    monkeypatch.setenv("FASHION_RUNS", str(drawn.folder.parent))
    monkeypatch.setenv("FASHION_DATA", str(drawn.folder.parent.parent / "data"))
    app = open_page("predict", run=drawn.id)
    assert len(app.get("file_uploader")) == 1
    assert "review copy" not in written(app)
    (drawn.folder / without_torch.FILE).unlink()
    app = open_page("predict", run=drawn.id, audience="class")
    assert not app.get("file_uploader")
    assert "has no model.onnx" in written(app) and "review copy" in written(app)
