"""Batches that are made several in one go are those that are made one by one."""

from pathlib import Path

import numpy as np
import pytest
import torch

from fashion_core.models import inference
from fashion_core.models.input import Photos
from fashion_core.runs import runs
from fashion_core.settings import config, recipes
from fashion_core.training import batches, distributed, input_pipeline, loop, steps

CPU = torch.device("cpu")
NUM = 83


@pytest.fixture
def photos() -> Photos:
    return Photos(np.random.default_rng(0).integers(0, 256, (NUM + 9, 20, 16, 3), np.uint8), CPU)


def settings_of(*more: str) -> config.Settings:
    every = ("image_size=16x20", "batch_size=8", "crop_scale=0.5", "erasing=0.5", "sampler=balanced", "hue=0.1")
    return recipes.settings_for("report", [*every, *more])


def epoch_of(settings: config.Settings) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    generator = np.random.default_rng(1)
    rows_N, labels_N = generator.permutation(NUM + 9)[:NUM], generator.integers(0, 3, NUM)
    return rows_N, labels_N, batches.epoch_order(labels_N, settings, epoch=2, num_classes=3)


def ahead_of(photos, settings, part_of) -> input_pipeline.Ahead:
    rows_N, labels_N, order_N = epoch_of(settings)
    return input_pipeline.Ahead(
        input_pipeline.OneByOne(photos, settings, rows_N, labels_N, 2), order_N, part_of=part_of
    )


@pytest.mark.parametrize("sets", [(), ("model=strong_cnn", "start_size=0.5", "epochs=9")])
@pytest.mark.parametrize("photos_a_block", [1, 24, 1000])
@pytest.mark.parametrize("first", [0, 5])
def test_batches_made_ahead_are_the_same_bits_wherever_the_epoch_is_entered(
    photos, monkeypatch, sets, photos_a_block, first
):
    monkeypatch.setattr(input_pipeline, "BYTES_AHEAD", photos_a_block * 16 * 20 * 3 * 4)
    settings = settings_of(*sets)
    rows_N, labels_N, order_N = epoch_of(settings)
    ahead = ahead_of(photos, settings, distributed.Ranks().part)
    gathered, seen = [], 0
    real = photos.batch
    monkeypatch.setattr(photos, "batch", lambda rows_B: gathered.append(len(rows_B)) or real(rows_B))
    for batch in batches.batches(order_N, settings.batch_size, first):
        images_BCHW, labels_B = ahead.take(batch)
        so_far = len(gathered)
        alone = input_pipeline.feed(photos, settings, rows_N, batch, epoch=2)
        del gathered[so_far:]
        assert torch.equal(images_BCHW, alone.images_BCHW) and images_BCHW.stride() == alone.images_BCHW.stride()
        assert labels_B.tolist() == labels_N[batch.positions_B].tolist()
        seen += len(labels_B)
    blocks = {1: [8] * 10 + [3], 24: [24] * 3 + [11], 1000: [NUM]}[photos_a_block]
    entered = 0 if photos_a_block == 1000 else first * settings.batch_size // max(photos_a_block, 8)
    assert gathered == blocks[entered:]
    assert seen == NUM - first * settings.batch_size


def test_each_rank_is_given_its_own_part_and_every_label(photos):
    settings = settings_of("batch_size=6")
    rows_N, labels_N, order_N = epoch_of(settings)
    found = []
    for rank in range(4):
        part = distributed.Ranks(rank=rank, size=4).part
        ahead = ahead_of(photos, settings, part)
        found.append([ahead.take(batch) for batch in batches.batches(order_N, 6)])
    for number, batch in enumerate(batches.batches(order_N, 6)):
        alone = input_pipeline.feed(photos, settings, rows_N, batch, epoch=2).images_BCHW
        own = [distributed.part_of(len(alone), rank, 4) for rank in range(4)]
        parts = [found[rank][number][0] for rank in range(4) if own[rank].start < own[rank].stop]
        assert torch.equal(torch.cat(parts), alone)
        assert all(labels.tolist() == labels_N[batch.positions_B].tolist() for _, labels in (f[number] for f in found))
    last = [images for images, _ in (f[-1] for f in found)]
    assert NUM % 6 == 5 and [len(images) for images in last] == [1, 1, 1, 2]
    part = distributed.Ranks(rank=0, size=4).part
    alone = input_pipeline.OneByOne(photos, settings_of("batch_size=3"), rows_N, labels_N, 2)
    few = input_pipeline.Ahead(alone, order_N, part_of=part)
    images_BCHW, _ = few.take(next(batches.batches(order_N, 3)))
    assert part(3) == slice(0, 0) and len(images_BCHW) == 1, "a rank without an image has one that counts nothing"


def test_batches_are_made_ahead_on_a_gpu_where_an_image_does_not_depend_on_its_batch():
    gpu = torch.device("cuda")
    assert input_pipeline.can_be_ahead(settings_of(), gpu) and not input_pipeline.can_be_ahead(settings_of(), CPU)
    assert not any(
        input_pipeline.can_be_ahead(settings_of(one), gpu) for one in ("mixup=0.2", "cutmix=1", "accumulation=2")
    )


def test_a_training_on_batches_made_ahead_ends_in_the_same_weights(tiny, tmp_path: Path, monkeypatch):
    def trained(name: str) -> dict[str, torch.Tensor]:
        sets = ["image_size=16", "batch_size=8", "epochs=2", "clip_norm=1", "learning_rate=0.003"]
        run = runs.create_run(tiny, recipes.settings_for("report", sets), runs_dir=tmp_path, run_id=name)
        loop.train(run, tiny)
        return inference.load_model(run, CPU).state_dict()

    alone = trained("alone")
    taken = []
    real = input_pipeline.Ahead.labels
    monkeypatch.setattr(
        input_pipeline.Ahead, "labels", lambda self, batch: taken.append(batch.number) or real(self, batch)
    )
    monkeypatch.setattr(steps, "can_be_ahead", lambda settings, device: True)
    ahead = trained("ahead")
    assert taken == [0, 1, 2, 3, 4] * 2
    assert all(torch.equal(alone[name], ahead[name]) for name in alone)
