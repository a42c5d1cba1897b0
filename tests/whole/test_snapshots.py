"""What a run knew at a saved step: of that step's weights, found again, and never taken for the run's own."""

import json
import shutil

import numpy as np
import pytest
import safetensors.torch
import torch
from typer.testing import CliRunner

from fashion_core.__main__ import app
from fashion_core.data import pixels
from fashion_core.embeddings import tsne_umap
from fashion_core.errors import RunError
from fashion_core.models import inference
from fashion_core.models.input import Photos, to_input
from fashion_core.runs import checkpoints, runs, snapshots
from fashion_core.settings import recipes
from fashion_core.training import loop


def test_features_of_a_saved_step_are_of_its_weights_and_leave_the_runs_own_alone(tiny, tiny_data, tiny_run, tmp_path):
    run = runs.open_run(shutil.copytree(tiny_run.folder, tmp_path / "one"))
    own = {path.name: path.read_bytes() for path in run.folder.iterdir() if path.is_file()}
    first, last = checkpoints.saved_steps(run.folder)
    assert snapshots.earlier_steps(run) == [first] and snapshots.judged_step(run) == last
    words = ["embed", "one", "--step", str(first), "--split", "test", "--json"]
    places = ["--data-dir", str(tiny_data), "--runs-dir", str(tmp_path)]
    done = CliRunner().invoke(app, [*words, *places], catch_exceptions=False)
    assert json.loads(done.stdout) | {"path": ""} == {
        "run_id": "one", "step": first, "split": "test", "n": 15, "dimensions": 256, "path": ""
    }  # fmt: skip

    model = inference.new_model(run)  # by hand, without load_model and evaluate
    model.load_state_dict(safetensors.torch.load_file(run.folder / "steps" / str(first) / "model.safetensors"))
    frame = tiny.manifest()
    rows = np.flatnonzero(frame["split"] == "test")
    photos = Photos(pixels.open_pixels(tiny, 16, 16), torch.device("cpu"))
    with torch.inference_mode():
        expected = model.eval().embed(to_input(photos.batch(rows))).numpy()
    then = snapshots.at(run, first)
    np.testing.assert_allclose(then.embeddings("test"), expected, atol=1e-5)
    assert list(then.predictions("test")["image_id"]) == list(frame["image_id"].iloc[rows])
    assert np.abs(run.embeddings("test") - expected).max() > 0.01
    assert tsne_umap.splits_with_features(then) == ["test"]
    assert {path.name: path.read_bytes() for path in run.folder.iterdir() if path.is_file()} == own
    assert run.prediction_splits() == tiny_run.prediction_splits()

    weights = {name: (tensor + 1).contiguous() for name, tensor in model.state_dict().items()}
    checkpoints.write(run.folder, first, {"model.safetensors": safetensors.torch.save(weights)})
    assert tsne_umap.splits_with_features(snapshots.at(run, first)) == []  # saved again: those were of other weights
    inference.evaluate(run, tiny, "val", step=first)
    assert [path.name for path in (run.folder / "snapshots").iterdir()] == [snapshots.at(run, first).folder.name]


def test_a_step_that_is_not_saved_is_named_with_those_that_are(tiny, tiny_run, tmp_path):
    with pytest.raises(RunError, match=r"has no saved step 7; its saved steps: 5, 10$"):
        inference.evaluate(tiny_run, tiny, "test", step=7)
    run = runs.open_run(shutil.copytree(tiny_run.folder, tmp_path / "damaged"))
    (run.folder / "steps" / "5" / "COMMIT.json").write_text("{")
    assert snapshots.earlier_steps(run) == []
    snapshots.forget_gone(run)


def test_a_run_keeps_the_saved_step_of_every_epoch_when_asked_to(tiny, tmp_path):
    sets = ["image_size=16", "batch_size=18", "device=cpu", "epochs=4", "save_minutes=0", "keep_steps=every_epoch"]
    run = runs.create_run(tiny, recipes.settings_for("report", sets), runs_dir=tmp_path, run_id="all")
    loop.train(run, tiny)
    assert checkpoints.saved_steps(run.folder) == [2, 4, 6, 7, 8]  # two steps an epoch, and the last two of all
