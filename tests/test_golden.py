"""What must not move without a reason: the losses of a tiny run, and that runs of older versions open and go on.

tests/golden/losses.json and stopped-2026-11 were written by the code of commit 1cef93f on x86-64 with torch 2.14.1.
"""

import json
import shutil
from pathlib import Path

import numpy as np
import torch

from fashion_core import config, infer, runs, storage, tidy, train

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
    settings = config.settings_for("report", ["image_size=16", "batch_size=8", "log_every=1", "device=cpu"])
    run = runs.create_run(tiny, settings, runs_dir=tmp_path, run_id="again")
    train.train(run, tiny)
    assert_alike(rows_of(run), json.loads((GOLDEN / "losses.json").read_text()))


def test_a_run_that_an_older_version_stopped_opens_and_goes_on_to_the_golden_losses(tiny, tmp_path: Path):
    folder = tmp_path / "stopped-2026-11"
    shutil.copytree(GOLDEN / "stopped-2026-11", folder)
    run = runs.open_run(folder)
    assert run.status().state == "stopped"
    assert run.settings.resize == "squeeze" and run.settings.ema == 0, "what did not exist then is off"
    infer.load_model(run, torch.device("cpu"))
    assert train.train(run, tiny)["status"] == "finished"
    assert_alike(rows_of(run), json.loads((GOLDEN / "losses.json").read_text()))


def test_the_shipped_runs_open_and_their_models_load():
    shipped = [run for run in runs.list_runs(config.PROJECT_ROOT / "checkpoints") if run.id in tidy.SHIPPED]
    assert {run.id for run in shipped} == set(tidy.SHIPPED)
    for run in shipped:
        assert infer.load_model(run, torch.device("cpu")).output.out_features == len(run.classes)
