"""The trainer on 36 photos of 16 pixels: exactness, stopping, going on, and what it refuses."""

import itertools
import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from fashion_core import locks, storage
from fashion_core.data import importing, pixels
from fashion_core.errors import DeviceError, RunError
from fashion_core.launch.status import status_of
from fashion_core.models import device, inference
from fashion_core.runs import checkpoints, runs
from fashion_core.settings import recipes
from fashion_core.training import loop

BASE = ["image_size=16", "batch_size=8", "log_every=1", "device=cpu", "epochs=3"]


def new_run(tiny, folder: Path, *sets: str, run_id: str = "a") -> runs.Run:
    settings = recipes.settings_for("report", [*BASE, *sets])
    return runs.create_run(tiny, settings, runs_dir=folder, run_id=run_id)


def weights_of(run: runs.Run) -> dict[str, torch.Tensor]:
    return inference.load_model(run, torch.device("cpu")).state_dict()


def logged(run: runs.Run) -> list[tuple]:
    rows = storage.read_lines(run.folder / "metrics.jsonl")
    return [(row["kind"], row["step"], row.get("loss"), row.get("train_loss"), row.get("val_loss")) for row in rows]


def test_a_run_leaves_the_files_that_the_design_names(tiny_run: runs.Run):
    names = {path.name for path in tiny_run.folder.iterdir()}
    assert names >= {"config.json", "metrics.jsonl", "events.jsonl", "steps", "summary.json"}
    assert names >= {f"predictions-{split}.parquet" for split in ("val", "test")}
    assert status_of(tiny_run).state == "finished"
    events = [event["event"] for event in tiny_run.events() if event["event"] != "preparing"]
    assert events == ["started", "saved", "epoch", "saved", "epoch", "finished"]
    frame = tiny_run.metrics()
    assert frame[frame["kind"] == "step"]["step"].tolist() == list(range(1, 11))


def test_the_last_epochs_confusion_matrix_is_scikit_learns_of_the_stored_predictions(tiny_run: runs.Run):
    from sklearn.metrics import confusion_matrix

    epochs = [row for row in storage.read_lines(tiny_run.folder / "metrics.jsonl") if row["kind"] == "epoch"]
    predictions = tiny_run.predictions("val")
    expected = confusion_matrix(predictions["label"], predictions["predicted"], labels=list(tiny_run.classes))
    assert len(epochs) == 2 and epochs[-1]["val_confusion"] == expected.tolist()
    assert np.trace(epochs[-1]["val_confusion"]) / 12 == pytest.approx(epochs[-1]["val_accuracy"])


def test_predictions_and_embeddings_belong_together(tiny, tiny_run: runs.Run):
    predictions, features = tiny_run.predictions("test"), tiny_run.embeddings("test")
    assert features.shape == (15, 256) and features.dtype == np.float32
    probabilities = predictions[[f"p_{name}" for name in tiny_run.classes]].to_numpy()
    assert np.allclose(probabilities.sum(axis=1), 1, atol=1e-5)
    assert (np.array(tiny_run.classes)[probabilities.argmax(axis=1)] == predictions["predicted"]).all()
    model = inference.load_model(tiny_run, torch.device("cpu"))
    with torch.inference_mode():
        logits = model.head(torch.from_numpy(features))
    assert np.allclose(inference.softmax(logits.numpy()), probabilities, atol=1e-6)
    frame = tiny.manifest().set_index("image_id").loc[predictions["image_id"]]
    assert (frame["split"] == "test").all() and (frame["label"].to_numpy() == predictions["label"]).all()


def test_the_same_settings_give_the_same_bits(tiny, tmp_path: Path):
    first, second = (new_run(tiny, tmp_path, run_id=name) for name in ("a", "b"))
    for run in (first, second):
        loop.train(run, tiny)
    assert logged(first) == logged(second)
    assert all(torch.equal(a, b) for a, b in zip(weights_of(first).values(), weights_of(second).values(), strict=True))


def test_another_seed_gives_another_run(tiny, tmp_path: Path):
    first, second = new_run(tiny, tmp_path), new_run(tiny, tmp_path, "seed=1", run_id="b")
    for run in (first, second):
        loop.train(run, tiny)
    assert logged(first) != logged(second)


@pytest.mark.parametrize("sets", [(), ("mixup=0.4", "sampler=none"), ("log_every=4", "cutmix=1")], ids=str)
def test_a_run_stopped_at_any_step_goes_on_to_the_same_bits(tiny, tmp_path: Path, sets: tuple[str, ...]):
    sets = ("batch_size=16", *sets)  # three steps an epoch, the last of four photos
    whole = new_run(tiny, tmp_path, *sets, run_id="whole")
    loop.train(whole, tiny)
    for stop_at in itertools.count(1):  # each of the 9 steps, and places in validation and scoring
        run = new_run(tiny, tmp_path, *sets, run_id=f"stopped-{stop_at}")
        calls = itertools.count(1)
        summary = loop.train(run, tiny, should_stop=lambda calls=calls, at=stop_at: next(calls) >= at)
        if summary["status"] == "finished":  # before it was asked so often
            break
        assert summary["status"] == status_of(run).state == "stopped"
        assert loop.train(run, tiny)["status"] == "finished"
        assert logged(run) == logged(whole)
        expected, found = weights_of(whole), weights_of(run)
        assert all(torch.equal(expected[name], found[name]) for name in expected)
        shutil.rmtree(run.folder)
    assert stop_at > 18


def test_steps_that_were_logged_but_not_saved_are_trained_again(tiny, tmp_path: Path):
    whole, run = new_run(tiny, tmp_path, run_id="whole"), new_run(tiny, tmp_path, run_id="crashed")
    loop.train(whole, tiny)

    class Crash(Exception):
        pass

    def crash(sentence: str) -> None:
        if "step 8 " in sentence:  # in the middle of the second epoch; the first one is saved
            raise Crash

    with pytest.raises(Crash):
        loop.train(run, tiny, say=crash)
    assert status_of(run).state == "failed"
    loop.train(run, tiny)
    assert logged(run) == logged(whole)


def test_a_torn_checkpoint_is_passed_over_for_the_one_before(tiny, tmp_path: Path):
    run = new_run(tiny, tmp_path)
    loop.train(run, tiny)
    last = run.folder / "steps" / str(checkpoints.saved_steps(run.folder)[-1])
    data = (last / "model.safetensors").read_bytes()
    (last / "model.safetensors").write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    assert checkpoints.good_step(run.folder).name == "10"


def test_a_loss_that_is_not_a_number_stops_the_run_and_says_where(tiny, tmp_path: Path):
    run = new_run(tiny, tmp_path, "learning_rate=1", "epochs=40", "batch_size=36", "dropout=0")
    model_step = torch.optim.Adam.step

    def poison(self, *arguments):  # what a diverged optimizer leaves behind
        model_step(self, *arguments)
        for group in self.param_groups:
            group["params"][0].data.fill_(float("nan"))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(torch.optim.Adam, "step", poison)
        with pytest.raises(RunError, match="the weights convolutions.0.weight became NaN or infinite by step 1"):
            loop.train(run, tiny)
    assert status_of(run).state == "failed" and "by step 1" in status_of(run).sentence
    assert checkpoints.saved_steps(run.folder) == []  # weights that are not numbers are not called saved


def test_two_trainers_cannot_share_a_run(tiny, tmp_path: Path):
    run = new_run(tiny, tmp_path)
    with locks.hold(run.lock), pytest.MonkeyPatch.context() as patch:
        patch.setattr(locks, "hold", lambda path, seconds=0, hold=locks.hold: hold(path, 0))
        with pytest.raises(RunError, match="is being trained by another process"):
            loop.train(run, tiny)


def test_a_dataset_that_changed_is_refused_with_the_difference(tiny, tiny_run: runs.Run, tmp_path: Path):
    import dataclasses

    other = dataclasses.replace(tiny, fingerprint="0" * 16)
    with pytest.raises(RunError, match="with fingerprint"):
        runs.check_same_dataset(tiny_run, other)
    turned = dataclasses.replace(tiny, classes=("saree", "kurta", "shoe"))
    with pytest.raises(RunError, match="index 0 is 'kurta' in the run and 'saree' in the dataset"):
        runs.check_same_classes(tiny_run, turned)
    more = dataclasses.replace(tiny, classes=("kurta", "saree", "sari"))
    with pytest.raises(RunError, match="only in run: shoe; only in dataset: sari"):
        runs.check_same_classes(tiny_run, more)
    some = dataclasses.replace(tiny, classes=("kurta", "shoe"))
    runs.check_known_classes(tiny_run, some)
    with pytest.raises(RunError, match="only in run: saree"):
        runs.check_same_dataset(tiny_run, some)  # to be judged on it is one thing, to be trained on it another
    with pytest.raises(RunError, match="'shoe' comes after 'kurta' in the run and before it in the dataset"):
        runs.check_known_classes(tiny_run, dataclasses.replace(tiny, classes=("shoe", "kurta")))
    with pytest.raises(RunError, match="only in dataset: sari"):
        runs.check_known_classes(tiny_run, dataclasses.replace(tiny, classes=("kurta", "sari")))


def test_a_device_that_is_not_there_is_refused(tiny, tmp_path: Path):
    if torch.cuda.is_available():
        pytest.skip("this machine has CUDA")
    with pytest.raises(DeviceError, match="device 'cuda' is not on this machine, it has cpu"):
        device.choose_device("cuda")


def test_weights_of_another_network_are_refused(tiny, tiny_run: runs.Run, tmp_path: Path):
    folder = tmp_path / "other"
    shutil.copytree(tiny_run.folder, folder)
    document = json.loads((folder / "config.json").read_text())
    document["settings"]["image_size"] = "24"
    (folder / "config.json").write_text(json.dumps(document))
    with pytest.raises(RunError, match="do not fit its config.json"):
        inference.load_model(runs.open_run(folder), torch.device("cpu"))


def test_one_photo_is_predicted_as_its_cached_row_was(tiny, tiny_run: runs.Run):
    from fashion_core.data.sources.readers import open_photo_of

    frame = tiny.manifest()
    stored = tiny_run.predictions("test").set_index("image_id")
    rows = frame.index[frame["split"] == "test"][:4]
    model = inference.load_model(tiny_run, torch.device("cpu"))
    images = [open_photo_of(tiny.kind, tiny.root, frame.loc[row, "path"]) for row in rows]
    found = inference.predict_photos(model, images, tiny_run.settings)
    expected = stored.loc[frame.loc[rows, "image_id"], [f"p_{name}" for name in tiny_run.classes]].to_numpy()
    assert np.allclose(found, expected, atol=1e-5)


def test_the_evaluation_of_another_set_with_the_same_classes_is_kept_apart(tiny, tiny_source, tiny_run, tmp_path):
    fewer = tmp_path / "fewer"
    shutil.copytree(tiny_source, fewer)
    next((fewer / "test" / "shoe").iterdir()).unlink()
    other = importing.import_source(str(fewer), data_dir=tmp_path / "data", name="fewer")
    folder = tmp_path / "runs" / "copy"
    shutil.copytree(tiny_run.folder, folder)
    name, scores = inference.evaluate(runs.open_run(folder), other, "test", device="cpu")
    assert scores.n == 14 and name == "test-on-fewer"
    kept = pd.read_parquet(folder / "predictions-test.parquet")
    assert len(kept) == 15


def test_the_trainer_never_opens_a_photo_once_the_cache_is_there(tiny, tmp_path: Path):
    pixels.build(tiny, 16, 16)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("fashion_core.data.sources.readers.open_photo_of", lambda *_: pytest.fail("a photo was opened"))
        patch.setattr("fashion_core.data.sources.photos.open_photo", lambda *_: pytest.fail("a photo was opened"))
        loop.train(new_run(tiny, tmp_path), tiny)
