"""Several processes, one run: the same global batches, every image once, one stop, and a death that is told."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import psutil
import pytest
import torch

from fashion_core import storage
from fashion_core.launch import background
from fashion_core.launch.status import status_of
from fashion_core.models import inference
from fashion_core.models.input import Photos
from fashion_core.runs import runs
from fashion_core.settings import recipes
from fashion_core.training import augment, batches, distributed, input_pipeline
from tests.support.places import ROOT

# Dropout draws for the images that a rank has, so it is off where two numbers of ranks must agree.
SETS = ["image_size=16", "batch_size=8", "log_every=1", "device=cpu", "dropout=0", "epochs=2"]


def test_every_item_belongs_to_exactly_one_rank_and_one_part():
    for num in range(201):
        for size in range(1, 9):
            for parts in (1, 3):
                own = [distributed.part_of(num, rank, size) for rank in range(size)]
                cut = [piece for part in own for piece in distributed.parts(parts, part.start, part.stop)]
                assert [place for piece in cut for place in range(num)[piece]] == list(range(num))
                sizes = [part.stop - part.start for part in own]
                assert max(sizes) - min(sizes) <= 1


@pytest.mark.parametrize("sets", [(), ("mixup=0.5",), ("sampler=none", "crop_scale=0.5")], ids=str)
def test_one_two_and_four_ranks_are_fed_the_same_global_batches(tiny, sets):
    settings = recipes.settings_for("report", [*SETS, *sets])
    frame = tiny.manifest()
    rows_N = inference.split_rows(tiny, frame, "train")
    labels_N = frame["label"].map(tiny.classes.index).to_numpy()[rows_N]
    generator = np.random.default_rng(0)
    photos = Photos(generator.integers(0, 256, (len(frame), 16, 16, 3), dtype=np.uint8), torch.device("cpu"))
    order_N = batches.epoch_order(labels_N, settings, epoch=1, num_classes=3)
    for batch in batches.batches(order_N, 8):
        whole = input_pipeline.feed(photos, settings, rows_N, batch, epoch=1)
        for size in (2, 4):
            own = [distributed.part_of(len(batch.positions_B), rank, size) for rank in range(size)]
            fed = [input_pipeline.feed(photos, settings, rows_N, batch, epoch=1, part=part) for part in own]
            assert np.array_equal(np.concatenate([part.rows_B for part in fed]), whole.rows_B)
            assert torch.equal(torch.cat([part.images_BCHW for part in fed]), whole.images_BCHW)
    assert augment  # what is compared went through it


def start(words: list[str], tiny_data: Path, runs_dir: Path) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, "-m", "fashion_core", *words],
        cwd=ROOT,
        env=os.environ | {"FASHION_DATA": str(tiny_data), "FASHION_RUNS": str(runs_dir), "OMP_NUM_THREADS": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def train_words(run_id: str, *sets: str, nproc: int = 1) -> list[str]:
    flags = [word for item in (*SETS, *sets) for word in ("--set", item)]
    return ["train", "tiny", *flags, "--run-id", run_id, "--nproc", str(nproc), "--json"]


def losses(run: runs.Run) -> list[float]:
    return [row["loss"] for row in storage.read_lines(run.folder / "metrics.jsonl") if row["kind"] == "step"]


def test_two_processes_train_what_one_trains_and_count_every_image_once(tiny_data, tmp_path: Path):
    # 36 photos in batches of 5: the last batch has one image, so that one of two ranks has none
    for nproc in (1, 2):
        done = start(train_words(f"ranks-{nproc}", "batch_size=5", nproc=nproc), tiny_data, tmp_path)
        told, errors = done.communicate(timeout=120)
        assert done.returncode == 0, errors
        assert json.loads(told)["status"] == "finished"
    one, two = (runs.find_run(tmp_path, f"ranks-{nproc}") for nproc in (1, 2))
    assert two.events()[1]["event"] == "preparing"
    np.testing.assert_allclose(losses(two), losses(one), rtol=2e-4, atol=2e-5)
    for split in ("val", "test"):
        assert two.predictions(split)["image_id"].tolist() == one.predictions(split)["image_id"].tolist()
        columns = [f"p_{name}" for name in one.classes]
        np.testing.assert_allclose(two.predictions(split)[columns], one.predictions(split)[columns], atol=1e-3)
    weights = [inference.load_model(run, torch.device("cpu")).state_dict() for run in (one, two)]
    for name in weights[0]:
        torch.testing.assert_close(weights[1][name], weights[0][name], rtol=1e-2, atol=1e-3)


def wait_for(path: Path, text: str, seconds: float = 240) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if path.exists() and text in path.read_text():
            return
        time.sleep(0.05)
    raise AssertionError(f"{text!r} did not come to {path}")


def test_a_run_stopped_on_two_processes_goes_on_with_one_and_a_killed_rank_ends_it_with_its_number(
    tiny_data, tmp_path: Path
):
    folder = tmp_path / "long"
    child = start(train_words("long", "epochs=1000", nproc=2), tiny_data, tmp_path)
    try:
        wait_for(folder / "metrics.jsonl", '"step": 7,')
        child.send_signal(signal.SIGTERM)
        _, errors = child.communicate(timeout=240)
        assert child.returncode == 0, errors  # as asked
        run = runs.find_run(tmp_path, "long")
        assert status_of(run).state == "stopped", run.events()[-1]
        stopped_at = max(row["step"] for row in storage.read_lines(folder / "metrics.jsonl"))

        child = start(["resume", "long", "--json"], tiny_data, tmp_path)
        wait_for(folder / "metrics.jsonl", f'"step": {stopped_at + 3},')
        child.send_signal(signal.SIGTERM)
        child.communicate(timeout=240)
        assert status_of(runs.find_run(tmp_path, "long")).state == "stopped"
        seen = [row["step"] for row in storage.read_lines(folder / "metrics.jsonl") if row["kind"] == "step"]
        assert seen == list(range(1, len(seen) + 1)), "every step once"

        child = start(["resume", "long", "--nproc", "2", "--json"], tiny_data, tmp_path)
        wait_for(folder / "metrics.jsonl", f'"step": {len(seen) + 3},')
        family = psutil.Process(child.pid).children(recursive=True)
        trainers = [one for one in family if "RANK" in one.environ() and "fashion_core" in one.cmdline()]
        assert len(trainers) == 2 and all(background.ENVIRONMENT.items() <= one.environ().items() for one in trainers)
        second = next(one for one in trainers if one.environ()["RANK"] == "1")
        second.kill()
        began = time.monotonic()
        _, errors = child.communicate(timeout=240)
        assert time.monotonic() - began < 30
        assert child.returncode == 1 and "rank 1 of 2 was ended by signal 9 (SIGKILL)" in errors
        status = status_of(runs.find_run(tmp_path, "long"))
        assert status.state == "failed" and "rank 1 of 2" in status.sentence
        assert not [one for one in family if one.is_running() and one.status() != psutil.STATUS_ZOMBIE]
    finally:
        if child.poll() is None:
            child.kill()
