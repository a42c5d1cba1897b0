import numpy as np
import pytest
import torch
from sklearn.utils.class_weight import compute_class_weight
from torch.utils.data import WeightedRandomSampler

from fashion_core.errors import DatasetError
from fashion_core.models.input import Photos
from fashion_core.settings import config, recipes, sampling
from fashion_core.training import batches

LABELS = np.repeat([0, 1, 2], [600, 60, 240])


def settings(sampler: str) -> config.Settings:
    return recipes.settings_for("report", [f"sampler={sampler}"])


def test_without_a_sampler_an_epoch_shows_every_photo_once():
    order = batches.epoch_order(LABELS, settings("none"), epoch=1, num_classes=3)
    assert sorted(order) == list(range(900))


def test_an_epoch_is_the_same_again_and_the_next_one_differs():
    first, again, second = (
        batches.epoch_order(LABELS, settings("balanced"), epoch=epoch, num_classes=3) for epoch in (1, 1, 2)
    )
    assert (first == again).all() and (first != second).any()


@pytest.mark.parametrize("sampler", ["none", "balanced", "power(0.5)", "class_balanced(0.99)"])
def test_the_drawn_shares_agree_with_the_expected_ones(sampler: str):
    expected = sampling.expected_share(np.bincount(LABELS), sampler)
    drawn = np.concatenate(
        [LABELS[batches.epoch_order(LABELS, settings(sampler), epoch=e, num_classes=3)] for e in range(60)]
    )
    assert np.abs(np.bincount(drawn) / len(drawn) - expected).max() < 0.01


def test_the_balanced_draw_is_torchs_weighted_random_sampler_with_inverse_counts():
    weights = 1 / np.bincount(LABELS)[LABELS]
    assert np.allclose(sampling.draw_weights(LABELS, np.bincount(LABELS), "balanced"), weights)
    sampler = WeightedRandomSampler(weights.tolist(), 90_000, generator=torch.Generator().manual_seed(1))
    theirs = np.bincount(LABELS[list(sampler)]) / 90_000
    assert np.abs(theirs - sampling.expected_share(np.bincount(LABELS), "balanced")).max() < 0.01


def test_class_weights_equal_scikit_learns_balanced_ones():
    expected = compute_class_weight("balanced", classes=np.arange(3), y=LABELS)
    assert sampling.inverse_frequency_weights(np.bincount(LABELS)) == pytest.approx(expected)


def test_a_class_without_training_photos_is_named():
    with pytest.raises(DatasetError, match="class 'c' has no training photos"):
        sampling.class_counts(np.array([0, 1, 1]), ("a", "b", "c"))


def test_repeats_are_counted_in_the_order_in_which_they_come():
    assert batches.occurrences(np.array([7, 3, 7, 7, 3])).tolist() == [0, 0, 1, 2, 1]
    order = batches.epoch_order(LABELS, settings("balanced"), epoch=1, num_classes=3)
    seen: dict[int, int] = {}
    expected = []
    for position in order:
        expected.append(seen.get(position, 0))
        seen[position] = expected[-1] + 1
    assert batches.occurrences(order).tolist() == expected


def test_batches_cover_the_epoch_and_go_on_in_the_middle():
    order = np.arange(10)
    whole = list(batches.batches(order, 4))
    assert [batch.positions_B.tolist() for batch in whole] == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]
    assert [batch.number for batch in batches.batches(order, 4, first=1)] == [1, 2]


def test_photos_on_the_device_and_from_the_map_are_the_same():
    pixels = np.random.default_rng(0).integers(0, 256, (9, 8, 8, 3), dtype=np.uint8)
    rows, cpu = np.array([8, 0, 0, 3]), torch.device("cpu")
    kept = Photos(pixels, cpu, resident=True)
    gathered = Photos(pixels, cpu, resident=False)
    assert torch.equal(kept.batch(rows), gathered.batch(rows))
    assert (kept.batch(rows).numpy() == pixels[rows]).all()


def test_rows_of_a_memory_map_are_announced_inside_the_map_and_read_as_they_are(tmp_path, monkeypatch):
    import mmap

    path = tmp_path / "pixels.npy"
    whole = np.random.default_rng(0).integers(0, 256, (50, 24, 20, 3), dtype=np.uint8)
    np.save(path, whole)
    mapped = np.load(path, mmap_mode="r")
    asked: list[tuple[int, int]] = []

    class Spy:
        def madvise(self, advice: int, start: int, length: int) -> None:
            assert advice == mmap.MADV_WILLNEED and start % mmap.PAGESIZE == 0
            asked.append((start, start + length))
            mapped_mmap.madvise(advice, start, length)  # the kernel refuses what lies outside the map

    mapped_mmap = mapped._mmap
    monkeypatch.setattr(mapped, "_mmap", Spy(), raising=False)
    rows = np.array([49, 0, 7, 7, 31])
    assert torch.equal(Photos(mapped, torch.device("cpu")).batch(rows), torch.from_numpy(whole[rows]))
    header = path.stat().st_size - whole.nbytes
    for row, (start, end) in zip(rows, asked, strict=True):
        assert start <= header + row * 1440 and end == header + (row + 1) * 1440
