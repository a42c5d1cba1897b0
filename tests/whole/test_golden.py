"""What must not move without a reason: the losses of a tiny run, and that runs of older versions open and go on.

tests/golden/losses.json and stopped-2026-11 were written by the code of commit 1cef93f on x86-64 with torch 2.14.1.
"""

import json
import os
import shutil
import subprocess
from pathlib import Path

import numpy as np
import torch

from fashion_core import paths, storage
from fashion_core.compare import bitwise
from fashion_core.launch import background
from fashion_core.launch.status import status_of
from fashion_core.models import inference
from fashion_core.runs import runs, tags
from fashion_core.settings import recipes
from fashion_core.training import loop

GOLDEN = Path(__file__).parent / "golden"


def rows_of(run: runs.Run) -> list[list]:
    rows = storage.read_lines(run.folder / "metrics.jsonl")
    return [
        [row["step"], row["loss"]] if row["kind"] == "step" else [row["step"], row["train_loss"], row["val_loss"]]
        for row in rows
    ]


def assert_alike(found: list[list], expected: list[list]) -> None:
    assert [len(row) for row in found] == [len(row) for row in expected]
    for ours, theirs in zip(found, expected, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=2e-5)  # other processors round the last bits otherwise


def test_the_losses_of_the_golden_run_are_reproduced(tiny, tmp_path: Path):
    settings = recipes.settings_for("report", ["image_size=16", "batch_size=8", "log_every=1", "device=cpu"])
    run = runs.create_run(tiny, settings, runs_dir=tmp_path, run_id="again")
    loop.train(run, tiny)
    assert_alike(rows_of(run), json.loads((GOLDEN / "losses.json").read_text()))


def test_threads_that_wait_asleep_and_an_allocator_that_keeps_its_memory_change_no_bit(tiny, tiny_data, tmp_path: Path):
    """Trained here, with the environment as it is, and by a process that is started as training is."""
    told = ["epochs=1", "image_size=16", "batch_size=8", "log_every=1", "device=cpu"]
    run = runs.create_run(tiny, recipes.settings_for("report", told), runs_dir=tmp_path, run_id="here")
    loop.train(run, tiny)
    words = ["train", "tiny", *(word for item in told for word in ("--set", item)), "--run-id", "there"]
    places = ["--data-dir", str(tiny_data), "--runs-dir", str(tmp_path)]
    threads = {"OMP_NUM_THREADS": str(torch.get_num_threads())}
    assert not background.ENVIRONMENT.items() <= os.environ.items()
    subprocess.run(
        background.command_line([*words, *places]), check=True, capture_output=True, env=os.environ | threads
    )
    outcome = bitwise.compare(run, runs.find_run(tmp_path, "there"))
    assert outcome.weights.tensors and outcome.weights.equal == outcome.weights.tensors, outcome.weights
    assert outcome.logged.rows == outcome.logged.equal > 5 and not outcome.logged.extra, outcome.logged


def test_a_run_that_an_older_version_stopped_opens_and_goes_on_to_the_golden_losses(tiny, tmp_path: Path):
    folder = tmp_path / "stopped-2026-11"
    shutil.copytree(GOLDEN / "stopped-2026-11", folder)
    run = runs.open_run(folder)
    assert status_of(run).state == "stopped"
    assert run.settings.resize == "squeeze" and run.settings.ema == 0, "what did not exist then is off"
    inference.load_model(run, torch.device("cpu"))
    assert loop.train(run, tiny)["status"] == "finished"
    assert_alike(rows_of(run), json.loads((GOLDEN / "losses.json").read_text()))


def test_the_shipped_runs_open_and_their_models_load():
    shipped = [run for run in runs.list_runs(paths.PROJECT_ROOT / "checkpoints") if run.id in tags.SHIPPED]
    assert {run.id for run in shipped} == set(tags.SHIPPED)
    for run in shipped:
        assert inference.load_model(run, torch.device("cpu")).output.out_features == len(run.classes)
