"""What a run says when it goes wrong: step, rate, gradient and files; memory and a batch that fits; a full disk."""

import errno
import math
from pathlib import Path

import pytest
import torch

from fashion_core import storage
from fashion_core.errors import RunError
from fashion_core.launch.status import status_of
from fashion_core.models import inference
from fashion_core.runs import checkpoints, runs
from fashion_core.settings import recipes
from fashion_core.training import input_pipeline, loop, steps

BASE = ["image_size=16", "batch_size=8", "log_every=100", "device=cpu", "epochs=3"]


def new_run(tiny, folder: Path, *sets: str) -> runs.Run:
    return runs.create_run(tiny, recipes.settings_for("report", [*BASE, *sets]), runs_dir=folder, run_id="a")


def last_event(run: runs.Run) -> dict:
    return run.events()[-1]


def poison_at(monkeypatch: pytest.MonkeyPatch, step: int, value: float) -> list[list[str]]:
    """Make the images of one step not a number; the files of each step as they came."""
    feed, fed = steps.feed, []

    def feed_and_poison(photos, settings, rows_N, batch, **more):
        found = feed(photos, settings, rows_N, batch, **more)
        fed.append(found.rows_B.tolist())
        if len(fed) == step:
            found.images_BCHW[0, 0, 0, 0] = value
        return found

    monkeypatch.setattr(steps, "feed", feed_and_poison)
    return fed


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_a_loss_that_is_not_a_number_stops_the_run_at_that_step_with_its_photos(tiny, tmp_path, monkeypatch, value):
    fed = poison_at(monkeypatch, 8, value)
    run = new_run(tiny, tmp_path, "learning_rate=0.002")
    with pytest.raises(RunError) as refused:
        loop.train(run, tiny)
    event, paths = last_event(run), tiny.manifest()["path"]
    assert len(fed) == 8, "not one step was made after it"
    assert event["event"] == "failed" and event["step"] == 8 and event["learning_rate"] == 0.002
    assert event["files"] == [paths.iloc[row] for row in fed[7]]
    assert "step 8, learning rate 0.002, gradient norm" in event["reason"] and paths.iloc[fed[7][0]] in event["reason"]
    assert event["reason"] in str(refused.value)
    assert checkpoints.saved_steps(run.folder) == [5], "the epoch before is safe, and nothing was saved after it"
    trained = run.metrics()
    assert trained[trained["kind"] == "epoch"]["epoch"].tolist() == [1]


def test_a_gradient_that_is_infinite_is_caught_where_it_is_limited(tiny, tmp_path, monkeypatch):
    real = torch.nn.utils.clip_grad_norm_
    calls = []

    def clip(weights, limit):
        weights = list(weights)
        calls.append(1)
        if len(calls) == 3:
            weights[0].grad.fill_(math.inf)
        return real(weights, limit)

    monkeypatch.setattr(torch.nn.utils, "clip_grad_norm_", clip)
    run = new_run(tiny, tmp_path, "clip_norm=1")
    with pytest.raises(RunError, match="the gradient became infinite at step 3"):
        loop.train(run, tiny)
    assert last_event(run)["gradient_norm"] is None


def test_a_validation_that_is_not_a_number_never_becomes_best(tiny, tmp_path, monkeypatch):
    real, calls = inference.forward, []

    def forward(*arguments, **more):
        logits, features = real(*arguments, **more)
        calls.append(1)
        if len(calls) == 2:
            logits[3] = math.nan
        return logits, features

    monkeypatch.setattr(inference, "forward", forward)
    run = new_run(tiny, tmp_path)
    with pytest.raises(RunError, match="validation loss became nan after step 10"):
        loop.train(run, tiny)
    stood = storage.read_json(checkpoints.good_step(run.folder) / "trainer.json")
    assert stood["best_step"] == 5


def no_memory_above(monkeypatch: pytest.MonkeyPatch, most: int, error: Exception) -> None:
    new_model = inference.new_model

    def small(run):
        model = new_model(run)

        def refuse(model, inputs):
            if len(inputs[0]) > most:
                raise error

        model.register_forward_pre_hook(refuse)
        return model

    monkeypatch.setattr(inference, "new_model", small)


@pytest.mark.parametrize(
    "error",
    [
        torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB"),
        RuntimeError("[enforce fail at alloc_cpu.cpp:118] DefaultCPUAllocator: can't allocate memory: 8 GB"),
        MemoryError(),
    ],
    ids=lambda error: type(error).__name__,
)
def test_out_of_memory_names_a_batch_size_that_a_trial_step_fitted(tiny, tmp_path, monkeypatch, error):
    no_memory_above(monkeypatch, 10, error)
    run = new_run(tiny, tmp_path, "batch_size=32")
    with pytest.raises(RunError, match="out of memory with batch_size 32 at 16x16 on cpu .* GiB were in use"):
        loop.train(run, tiny)
    event = last_event(run)
    assert event["batch_size_that_fits"] == 8, "32 and 16 do not fit under 10"
    assert event["peak_bytes"] > 50_000_000
    assert run.settings.batch_size == 32 and checkpoints.saved_steps(run.folder) == []


def test_a_batch_that_fits_on_a_gpu_fits_with_the_batches_that_are_made_ahead(tiny, tmp_path, monkeypatch):
    """Where batches are made several in one go, memory runs out there first; a plain batch of 8 would have fitted."""
    monkeypatch.setattr(steps, "can_be_ahead", lambda settings, device: True)
    real = input_pipeline.Ahead._make

    def make(self, block):
        if sum(len(batch.positions_B) for batch in block) > 200:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")
        return real(self, block)

    monkeypatch.setattr(input_pipeline.Ahead, "_make", make)
    no_memory_above(monkeypatch, 8, torch.OutOfMemoryError("out of memory"))
    run = new_run(tiny, tmp_path, "batch_size=16")
    with pytest.raises(RunError):
        loop.train(run, tiny)
    assert last_event(run)["batch_size_that_fits"] == 2, "64 batches of 4 are 256 photos in one go, of 2 they are 128"


def test_out_of_memory_with_a_single_image_says_so(tiny, tmp_path, monkeypatch):
    no_memory_above(monkeypatch, 0, torch.OutOfMemoryError("out of memory"))
    run = new_run(tiny, tmp_path)
    with pytest.raises(RunError, match="not even one image fitted"):
        loop.train(run, tiny)


def test_memory_that_really_runs_out_is_told_and_a_smaller_batch_is_found(tiny_data, tmp_path):
    """A child that may take 0.6 GB more than it starts with, and a batch of 2,048 images at 64 pixels."""
    import subprocess
    import sys

    code = (
        "import resource, sys, psutil\n"
        "from pathlib import Path\n"
        "from fashion_core.settings import recipes; from fashion_core.data import importing as manifest; from "
        "fashion_core.runs import runs; from fashion_core.training import loop as train; from fashion_core.training "
        "import batches\n"
        "import numpy as np, torch\n"
        "torch.set_num_threads(1)\n"
        f"dataset = manifest.find_dataset(Path({str(tiny_data)!r}), 'tiny')\n"
        "warm = recipes.settings_for('report', ['image_size=16', 'epochs=1', 'device=cpu'])\n"
        f"train.train(runs.create_run(dataset, warm, runs_dir=Path({str(tmp_path)!r}), run_id='warm'), dataset)\n"
        "settings = recipes.settings_for('report', ['batch_size=2048', 'device=cpu', 'image_size=64'])\n"
        f"run = runs.create_run(dataset, settings, runs_dir=Path({str(tmp_path)!r}), run_id='big')\n"
        "def order(labels_N, *_, **__):\n"  # the last thing before the steps: nothing else meets the limit
        "    now = psutil.Process().memory_info().vms\n"
        "    resource.setrlimit(resource.RLIMIT_AS, (now + 600_000_000,) * 2)\n"
        "    return np.arange(2048) % len(labels_N)\n"
        "batches.epoch_order = order\n"
        "train.train(run, dataset)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=240)
    event = runs.find_run(tmp_path, "big").events()[-1]
    assert event["event"] == "failed" and "out of memory with batch_size 2048 at 64x64 on cpu" in event["reason"]
    assert 1 <= event["batch_size_that_fits"] < 2048, event
    assert "RunError" in done.stderr


def test_a_full_disk_is_told_and_the_saved_step_stays(tiny, tmp_path, monkeypatch):
    run, real = new_run(tiny, tmp_path), checkpoints.write

    def write(folder, step, files):
        if step == 10:
            raise OSError(errno.ENOSPC, "No space left on device", str(folder / "steps"))
        return real(folder, step, files)

    monkeypatch.setattr(checkpoints, "write", write)
    with pytest.raises(RunError, match="the disk is full .*make room and resume"):
        loop.train(run, tiny)
    assert status_of(run).state == "failed" and checkpoints.saved_steps(run.folder) == [5]
    monkeypatch.setattr(checkpoints, "write", real)
    assert loop.train(run, tiny)["status"] == "finished"


def test_a_run_does_not_start_when_its_saved_steps_would_not_fit(tiny, tmp_path, monkeypatch):
    asked = []
    monkeypatch.setattr(storage, "require_space", lambda folder, num_bytes, what: asked.append(num_bytes))
    run = new_run(tiny, tmp_path)
    loop.train(run, tiny)
    files = sum(path.stat().st_size for path in checkpoints.good_step(run.folder).iterdir())
    assert 4 * files <= asked[0] < 5 * files + 1_000_000


def test_settings_that_look_at_validation_are_refused_without_validation_photos(tiny, tmp_path):
    import dataclasses

    without = dataclasses.replace(tiny, splits={"train": 36, "test": 15})
    for item in ("schedule=plateau", "final_weights=best", "early_stopping=3"):
        with pytest.raises(RunError, match=f"{item.partition('=')[0]}.* needs validation photos"):
            new_run(without, tmp_path, item)
