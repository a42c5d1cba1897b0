"""Pixel caches: the pixels of torchvision's Resize, the rows of the manifest, and never those of another import."""

import io
import json
import multiprocessing
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fashion_core.data import datasets, importing, pixels
from fashion_core.errors import DatasetError
from tests.support.pictures import few, picture


@pytest.fixture
def dataset(tmp_path: Path) -> datasets.Dataset:
    source = few(tmp_path / "photos")
    (source / "train" / "gown" / "0 damaged.png").write_bytes(b"text")
    return importing.import_source(source, data_dir=tmp_path / "data")


@pytest.mark.parametrize(("width", "height"), [(32, 32), (128, 256), (50, 7)])
def test_every_size_equals_torchvision_and_damaged_rows_are_black(width: int, height: int, dataset: datasets.Dataset):
    from torchvision.transforms import Resize

    told: list[tuple] = []
    path = pixels.build(dataset, width, height, progress=lambda *now: told.append(now))
    cache = pixels.open_pixels(dataset, width, height)
    assert path == pixels.cache_path(dataset, width, height) and told[-1] == ("preparing photos", 8, 8)
    assert (cache.shape, cache.dtype) == ((9, height, width, 3), np.uint8)
    for row, photo in dataset.manifest().iterrows():
        if photo["status"] == "ok":
            image = Image.open(dataset.root / photo["path"]).convert("RGB")
            assert np.array_equal(cache[row], np.asarray(Resize((height, width))(image)))
        else:
            assert photo["image_id"] == "train/gown/0 damaged.png" and not cache[row].any()


def test_a_cache_is_read_only_and_mapped(dataset: datasets.Dataset):
    cache = pixels.thumbnails(dataset)
    assert isinstance(cache, np.memmap)
    with pytest.raises(ValueError, match="read-only"):
        cache[0] = 1


def test_rows_that_are_read_are_the_rows_that_are_mapped(dataset: datasets.Dataset):
    mapped = pixels.thumbnails(dataset)
    for rows in ([], [1], [2, 0, 1], [0, 1, 1], list(range(len(mapped)))):
        read = pixels.read_rows(mapped, np.array(rows, int))
        assert np.array_equal(read, np.asarray(mapped)[rows]) and not isinstance(read, np.memmap)


def test_building_again_changes_nothing(dataset: datasets.Dataset):
    path = pixels.build(dataset, 16, 16)
    before = path.stat().st_mtime_ns
    pixels.build(dataset, 16, 16)
    assert path.stat().st_mtime_ns == before


def test_the_imports_own_cache_equals_one_that_is_built(dataset: datasets.Dataset):
    first = pixels.thumbnails(dataset).copy()
    pixels.cache_path(dataset, 128, 128).unlink()
    pixels.build(dataset, 128, 128)
    assert np.array_equal(pixels.thumbnails(dataset), first)


@pytest.mark.parametrize(
    "change", ["fingerprint", "rows", "shape", "manifest", "torn", "no npy", "no side file", "broken npy"]
)
def test_a_cache_of_another_import_is_refused_and_built_anew(change: str, dataset: datasets.Dataset):
    path = pixels.build(dataset, 16, 16)
    side = path.with_suffix(".json")
    good = np.load(path)
    if change == "no npy":
        path.unlink()
    elif change == "broken npy":
        path.write_bytes(path.read_bytes()[:1000])
    elif change == "no side file":
        side.unlink()
    elif change == "torn":
        side.write_text(side.read_text()[:20])
    else:
        side.write_text(json.dumps(json.loads(side.read_text()) | {change: "other"}))
    with pytest.raises(DatasetError, match="16 x 16"):
        pixels.open_pixels(dataset, 16, 16)
    pixels.build(dataset, 16, 16)
    assert np.array_equal(pixels.open_pixels(dataset, 16, 16), good)


def test_a_cache_whose_manifest_was_changed_is_refused(dataset: datasets.Dataset):
    table = dataset.manifest()
    table.iloc[::-1].to_parquet(dataset.manifest_path, index=False)
    with pytest.raises(DatasetError, match="another import"):
        pixels.thumbnails(dataset)


@pytest.mark.parametrize("change", ["other photo", "no photo", "damaged photo"])
def test_a_photo_that_changed_since_the_import_is_named(change: str, dataset: datasets.Dataset):
    path = dataset.root / "train/saree/2.png"
    if change == "other photo":
        picture(1234).save(path)
    elif change == "no photo":
        path.unlink()
    else:
        path.write_bytes(b"text")
    with pytest.raises(DatasetError, match="train/saree/2.png.*import the photos as they are now"):
        pixels.build(dataset, 16, 16)
    assert not list(dataset.folder.glob("*16x16.npy")) and not list(dataset.folder.glob(".*"))


def build_and_sum(dataset: datasets.Dataset) -> int:
    pixels.build(dataset, 24, 24)
    return int(pixels.open_pixels(dataset, 24, 24).sum())


def test_two_processes_that_build_at_once_agree(dataset: datasets.Dataset):
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        assert len(set(pool.map(build_and_sum, [dataset, dataset]))) == 1


def test_a_thumbnail_is_a_jpeg_of_its_row(dataset: datasets.Dataset):
    row = pixels.thumbnails(dataset)[1]
    image = Image.open(io.BytesIO(pixels.thumbnail_jpeg(row)))
    assert (image.format, image.size) == ("JPEG", (128, 128))
    smooth = np.full((16, 16, 3), 90, dtype=np.uint8)
    assert np.abs(np.asarray(Image.open(io.BytesIO(pixels.thumbnail_jpeg(smooth)))).astype(int) - 90).max() <= 2
