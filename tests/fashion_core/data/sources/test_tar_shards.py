"""WebDataset's shards, written by the real library where it can be: read where they lie, each sample accounted for."""

import io
import json
import tarfile
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fashion_core.data import datasets, dry_run, importing
from fashion_core.data.sources import readers
from fashion_core.errors import PhotoError
from tests.support.layouts import opened, put, refusal


def photo(number: int) -> bytes:
    buffer = io.BytesIO()
    levels = np.random.default_rng(number).integers(0, 255, (20, 16, 3), dtype=np.uint8)
    Image.fromarray(levels).save(buffer, "PNG")
    return buffer.getvalue()


def put_tar(file: Path, *members: tuple[str, bytes | str]) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(file, "w") as tar:
        for name, data in members:
            data = data.encode() if isinstance(data, str) else data
            member = tarfile.TarInfo(name)
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
    return file


def test_shards_of_the_library_itself_come_in_with_numbers_named_and_splits_by_their_names(tmp_path: Path):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import webdataset

        for split, numbers in (("train", range(20)), ("val", range(20, 24)), ("test", range(24, 28))):
            (tmp_path / "w").mkdir(exist_ok=True)
            with webdataset.TarWriter(str(tmp_path / "w" / f"shop-{split}-000000.tar")) as shard:
                for number in numbers:
                    sample = {"png": photo(number), "cls": number % 2, "json": {"price": number}}
                    shard.write({"__key__": f"a.b/{number:04d}"} | sample)
    (tmp_path / "w" / "classes.txt").write_text("saree\nNA\n")
    made = importing.import_source(tmp_path / "w", data_dir=tmp_path / "data")
    assert made.classes == ("saree", "NA") and made.splits == {"train": 20, "val": 4, "test": 4}
    rows = made.manifest()
    for row in rows.itertuples():
        number = int(row.price)
        assert row.label == ("saree", "NA")[number % 2] and row.path.endswith(f".tar#a.b/{number:04d}.png")
        assert datasets.read_photo(made, row.path, row.sha256) == photo(number)
    with ThreadPoolExecutor(8) as threads:
        read = threads.map(lambda path: readers.open_photo_of(made.kind, made.root, path).tobytes(), rows["path"])
        expected = [Image.open(io.BytesIO(photo(int(price)))).tobytes() for price in rows["price"]]
        assert list(read) == expected
    put_tar(tmp_path / "w" / "shop-val-000000.tar", ("a.b/0020.txt", "gone"))
    gone = next(path for path in rows["path"] if "-val-" in path)
    with pytest.raises(PhotoError, match="cannot be read from"):
        readers.open_photo_of(made.kind, made.root, gone)


def test_one_shard_of_text_or_objects_is_divided_and_every_sample_is_counted(tmp_path: Path):
    for way in ("cls", "json"):
        said = {kind: kind if way == "cls" else json.dumps({"label": kind}) for kind in ("kurta", "saree")}
        members: list[tuple[str, bytes | str]] = []
        for number in range(24):
            members.append((f"{number}.front.png" if number == 1 else f"{number}.png", photo(number)))
            members.append((f"{number}.{way}", said[("kurta", "saree")[number % 2]]))
        members += [(f"30.{way}", said["saree"]), ("31.png", photo(31)), ("32.png", photo(32)), ("32.jpg", photo(33))]
        members += [("0.png", photo(0)), (f"0.{way}", said["saree"])]
        file = put_tar(tmp_path / f"{way}.tar", *members)
        document = dry_run.look(file, data_dir=tmp_path / "data")
        assert document["classes"] == ["kurta", "saree"] and document["format"] == "WebDataset"
        assert (document["rows"], document["unlabelled"]) == (28, 1)
        assert document["unused"] == {
            "its photo has two labels": 2,
            "names no photo": 1,
            "several photos are called so": 1,
        }
        told = sum(document["splits"].values()) + document["unlabelled"] + sum(document["unused"].values())
        assert told == document["rows"]


def test_a_tar_of_class_folders_is_an_archive_as_before(tmp_path: Path):
    put(tmp_path / "p", *(f"{label}/{number}.png" for label in "ab" for number in range(3)))
    with tarfile.open(tmp_path / "p.tar", "w") as tar:
        tar.add(tmp_path / "p", "p")
    assert opened(tmp_path / "p.tar", tmp_path).kind == "folders"


def test_a_shard_that_is_cut_off_is_named(tmp_path: Path):
    members = [(f"{n}.{end}", data) for n in range(30) for end, data in (("png", photo(n)), ("cls", str(n % 2)))]
    file = put_tar(tmp_path / "w" / "train-0.tar", *members)
    whole = file.read_bytes()
    half = len(whole) // 2 // 512 * 512
    for damaged in (whole[: half - 100], whole[:half], whole[:half] + b"x" * 512 + whole[half + 512 :]):
        file.write_bytes(damaged)
        assert "damaged or cut off" in refusal(file, tmp_path)


def test_a_folder_that_is_called_like_a_split_says_nothing_of_what_is_given_alone(tmp_path: Path):
    samples = [(f"{n:02}.{end}", data) for n in range(30) for end, data in (("png", photo(n)), ("cls", str(n % 2)))]
    put_tar(tmp_path / "test" / "shop.tar", *samples)
    assert set(opened(tmp_path / "test", tmp_path).rows["split"]) == {"train", "val", "test"}
    put(tmp_path / "train", *(f"{n:02}.png" for n in range(30)))
    (tmp_path / "train" / "shop.txt").write_text("".join(f"{n:02}.png kurta{n % 2}\n" for n in range(30)))
    assert set(opened(tmp_path / "train", tmp_path).rows["split"]) == {"train", "val", "test"}
