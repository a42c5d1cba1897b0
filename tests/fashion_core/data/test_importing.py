"""An import is complete or not there at all, changes nothing of the user's, and names every photo it could not read."""

import collections
import errno
import hashlib
import io
import json
import os
import shutil
import signal
import subprocess
import sys
import tarfile
import time
import zipfile
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import imagehash
import numpy as np
import pandas as pd
import pytest
from PIL import Image
from typer.testing import CliRunner

from fashion_core import jobs, storage
from fashion_core.__main__ import app
from fashion_core.data import datasets, importing, pixels
from fashion_core.data.exports import formats
from fashion_core.data.sources import drawn, fashion_mnist
from fashion_core.errors import DatasetError, FashionError
from tests.support.pictures import few, picture, put
from tests.support.places import ROOT

CLOTHING = ROOT.parent / "shared" / "data" / "clothing-dataset-small-train-validation.zip"


def contents(folder: Path) -> dict[str, tuple[bytes, int]]:
    """Bytes and time of change of every file."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {str(path.relative_to(folder)): (path.read_bytes(), path.stat().st_mtime_ns) for path in files}


def test_the_manifest_says_what_pillow_hashlib_and_imagehash_say(tmp_path: Path):
    source = few(tmp_path / "photos")
    Image.new("L", (300, 20), 77).save(source / "train" / "gown" / "wide.jpg")
    found = importing.import_source(source, data_dir=tmp_path / "data")
    table = found.manifest()
    assert table.columns.tolist() == (
        ["image_id", "path", "split", "label", "width", "height", "bytes", "sha256", "phash", "status", "reason"]
    )
    cache = pixels.thumbnails(found)
    assert cache.shape == (9, 128, 128, 3)
    for row, photo in table.iterrows():
        data = (source / photo["path"]).read_bytes()
        image = Image.open(io.BytesIO(data)).convert("RGB")
        assert (photo["width"], photo["height"], photo["bytes"]) == (*image.size, len(data))
        assert photo["sha256"] == hashlib.sha256(data).hexdigest()
        assert photo["phash"] == str(imagehash.phash(image))
        assert np.array_equal(cache[row], np.asarray(image.resize((128, 128), Image.Resampling.BILINEAR)))
    assert (found.splits, found.num_images, found.num_damaged, found.num_missing) == ({"train": 5, "val": 4}, 9, 0, 0)
    assert found == datasets.find_dataset(tmp_path / "data", "photos") == datasets.list_datasets(tmp_path / "data")[0]


def test_an_import_changes_nothing_of_the_users_files(tmp_path: Path):
    source = few(tmp_path / "photos")
    before = contents(source)
    importing.import_source(source, data_dir=tmp_path / "data")
    importing.import_source(source, data_dir=tmp_path / "data", name="again")
    assert contents(source) == before


def test_folder_zip_and_tar_of_the_same_photos_have_one_fingerprint(tmp_path: Path):
    source = few(tmp_path / "photos")
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as zipped, tarfile.open(tmp_path / "b.tar.gz", "w:gz") as tarred:
        for path in sorted(source.rglob("*.png")):
            zipped.write(path, "wrapper" / path.relative_to(source))
            tarred.add(path, path.relative_to(source))
    found = [
        importing.import_source(given, data_dir=tmp_path / "data")
        for given in (source, tmp_path / "a.zip", tmp_path / "b.tar.gz")
    ]
    assert len({dataset.fingerprint for dataset in found}) == 1
    assert [dataset.name for dataset in found] == ["photos", "a", "b"]
    assert found[0].root == source and found[1].root == tmp_path / "data" / "a" / "photos" / "wrapper"


def test_the_fingerprint_changes_with_a_byte_a_label_and_a_split(tmp_path: Path):
    source = few(tmp_path / "photos")
    seen = {importing.import_source(source, data_dir=tmp_path / "data", name="0").fingerprint}
    picture(99).save(source / "train/gown/1.png")
    seen.add(importing.import_source(source, data_dir=tmp_path / "data", name="1").fingerprint)
    (source / "train/gown/1.png").rename(source / "train/saree/9.png")
    seen.add(importing.import_source(source, data_dir=tmp_path / "data", name="2").fingerprint)
    (source / "val").rename(source / "test")
    seen.add(importing.import_source(source, data_dir=tmp_path / "data", name="3").fingerprint)
    assert len(seen) == 4


def test_a_data_folder_can_be_moved_with_its_archives(tmp_path: Path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as zipped:
        for path in sorted(few(tmp_path / "photos").rglob("*.png")):
            zipped.write(path, path.relative_to(tmp_path / "photos"))
    importing.import_source(tmp_path / "a.zip", data_dir=tmp_path / "data")
    (tmp_path / "data").rename(tmp_path / "moved")
    (tmp_path / "a.zip").unlink()
    found = datasets.find_dataset(tmp_path / "moved", "a")
    pixels.build(found, 16, 16)
    assert (found.root / found.manifest()["path"][0]).is_file()


# --- damaged and missing photos --------------------------------------------------------------------------------------


def damaged_files() -> dict[str, bytes]:
    jpeg, png = io.BytesIO(), io.BytesIO()
    picture(5).save(jpeg, "JPEG")
    Image.new("1", (20_000, 20_000)).save(png, "PNG")
    return {
        "cut.jpg": jpeg.getvalue()[:-300],
        "text.jpg": b"this is a text",
        "drawing.png": b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
        "page.png": b"<!DOCTYPE html><title>x</title>",
        "huge.png": png.getvalue(),
        "empty.webp": b"",
        "tiff.png": b"II*\x00 and more",
    }


def test_damaged_photos_are_named_with_their_reason_and_take_no_part(tmp_path: Path):
    source = few(tmp_path / "photos")
    for name, data in damaged_files().items():
        (source / "train" / "gown" / name).write_bytes(data)
    before = contents(source)
    found = importing.import_source(source, data_dir=tmp_path / "data")
    table = found.manifest().set_index("image_id")
    assert (found.splits, found.num_images, found.num_damaged) == ({"train": 4, "val": 4}, 8, 7)
    reasons = table.loc[table["status"] == "damaged", "reason"].to_dict()
    assert set(reasons) == {f"train/gown/{name}" for name in damaged_files()}
    assert "20,000 x 20,000 pixels" in reasons["train/gown/huge.png"] and "SVG" in reasons["train/gown/drawing.png"]
    assert "the file is empty" in reasons["train/gown/empty.webp"] and "cut off" in reasons["train/gown/cut.jpg"]
    assert found.warnings == (
        "6 photos are damaged and take no part; the manifest names each",
        "1 photo is too large and takes no part; the manifest names each",
    )
    assert not pixels.thumbnails(found)[(found.manifest()["status"] != "ok").to_numpy()].any()
    assert contents(source) == before


def test_a_thousand_damaged_photos_are_each_named(tmp_path: Path):
    source = few(tmp_path / "photos")
    whole = (source / "train/gown/1.png").read_bytes()
    for number in range(1000):
        (source / "train" / "saree" / f"x{number:04}.png").write_bytes(whole[: 8 + number])
    table = importing.import_source(source, data_dir=tmp_path / "data").manifest()
    bad = table[table["status"] == "damaged"]
    assert set(bad["image_id"]) == {f"train/saree/x{number:04}.png" for number in range(1000)}
    assert bad["reason"].str.len().min() > 10 and (bad["phash"] == "").all()


def failure(source: Path | str, data_dir: Path, **options) -> str:
    with pytest.raises(FashionError) as refused:
        importing.import_source(source, data_dir=data_dir, **options)
    sentence = str(refused.value)
    assert sentence.isprintable() and "!" not in sentence
    assert datasets.list_datasets(data_dir) == []
    if data_dir.is_dir():
        assert [path.name for path in data_dir.iterdir()] == [".incoming"]
        assert {path.name for path in (data_dir / ".incoming").rglob("*") if path.is_file()} <= {
            "lock",
            "progress.json",
        }
    return sentence


def test_sets_without_anything_to_learn_from_are_refused(tmp_path: Path):
    for name, bad in {"all": ("gown", "saree"), "one": ("saree",)}.items():
        source = few(tmp_path / name)
        for label in bad:
            for path in source.glob(f"*/{label}/*.png"):
                path.write_bytes(b"text")
        sentence = failure(source, tmp_path / "data")
        assert ("not one of the 8 photos" if name == "all" else "class 'saree'") in sentence
        assert "saree/1.png: not a JPEG" in sentence or "gown/1.png: not a JPEG" in sentence


def test_a_photo_with_too_many_pixels_is_called_too_large_and_not_damaged(tmp_path: Path):
    root = put(tmp_path / "photos", *(f"{label}/{n}.png" for label in "ab" for n in range(9)))
    Image.new("1", (7_100, 7_100)).save(root / "a" / "huge.png")
    (root / "b" / "cut.png").write_bytes((root / "b" / "0.png").read_bytes()[:-60])
    words = ["import", str(root), "--data-dir", str(tmp_path / "data")]
    ran = [CliRunner().invoke(app, [*words, *more]) for more in ([], ["--json"])]
    plain = ran[0].output.splitlines()
    assert "too large: a/huge.png: 7,100 x 7,100 pixels, more than the 50,000,000 allowed" in plain
    assert "damaged 1, too large 1, missing 0: left out, named above" in plain
    told = json.loads(ran[1].stdout)
    assert (told["damaged"], told["too_large"], told["missing"]) == (1, 1, 0)
    (root / "b" / "cut.png").unlink()
    warnings = importing.import_source(root, data_dir=tmp_path / "data", name="large").warnings
    assert "1 photo is too large and takes no part; the manifest names each" in warnings
    assert not any("damaged" in warning for warning in warnings)


def test_a_class_without_photos_in_one_split_is_a_warning(tmp_path: Path):
    source = few(tmp_path / "photos")
    shutil.rmtree(source / "val" / "saree")
    for path in source.glob("val/gown/*.png"):
        path.write_bytes(b"text")
    put(source, "test/gown/1.png")
    found = importing.import_source(source, data_dir=tmp_path / "data")
    assert found.splits == {"train": 4, "test": 1}
    assert found.warnings == (
        "2 photos are damaged and take no part; the manifest names each",
        "val has no photo that can be read",
        "test has no photos of saree",
    )


def test_missing_photos_of_indofashion_stay_in_the_manifest(tmp_path: Path):
    from fashion_core.labels import INDOFASHION
    from tests.support.layouts import put_json, row

    root = put(tmp_path / "indo", *(f"images/train/{label}.jpeg" for label in INDOFASHION))
    put_json(root, "train", [row(f"images/train/{label}.jpeg", label) for label in INDOFASHION])
    put_json(root, "val", [row("images/val/404.jpeg")])
    put_json(root, "test", [row("images/train/saree.jpeg")])
    found = importing.import_source(root, data_dir=tmp_path / "data")
    table = found.manifest()
    assert (found.num_images, found.num_missing, found.splits) == (16, 1, {"train": 15, "test": 1})
    missing = table[table["status"] == "missing"].iloc[0]
    assert (missing["image_id"], missing["reason"], missing["sha256"]) == (
        "images/val/404.jpeg",
        "no photo at this path",
        "",
    )
    assert table["product_title"].tolist() == ["Red & gold"] * 17 and table["brand"].isna().all()


# --- complete or not there -------------------------------------------------------------------------------------------


def test_the_same_photos_under_the_same_name_are_the_dataset_that_is_there(tmp_path: Path):
    source, data_dir = few(tmp_path / "photos"), tmp_path / "data"
    first = importing.import_source(source, data_dir=data_dir, name="Mine")
    before = contents(data_dir)
    assert importing.import_source(source, data_dir=data_dir, name="Mine") == first
    assert contents(data_dir) == before
    picture(77).save(source / "train/gown/1.png")
    for name in ("Mine", "mine"):
        with pytest.raises(DatasetError, match="choose another --name"):
            importing.import_source(source, data_dir=data_dir, name=name)
        assert contents(data_dir / "mine") == {k[5:]: v for k, v in before.items() if k.startswith("mine/")}


@pytest.mark.parametrize("name", ["", "  ", "x" * 81, "a\nb", "a\x1b[31m"])
def test_a_name_that_nobody_could_read_is_refused(name: str, tmp_path: Path):
    assert "--name" in failure(few(tmp_path / "photos"), tmp_path / "data", name=name)


@pytest.mark.parametrize("name", ["\u0938\u093e\u0921\u093c\u0940", "../../up", "a/b", ".hidden", "CON", "x" * 80])
def test_any_readable_name_gets_a_safe_folder_and_comes_back(name: str, tmp_path: Path):
    found = importing.import_source(few(tmp_path / "photos"), data_dir=tmp_path / "data", name=name)
    assert found.folder.parent == tmp_path / "data" and not found.id.startswith(".")
    assert datasets.find_dataset(tmp_path / "data", name) == found


def test_a_disk_that_fills_at_any_moment_leaves_nothing_and_the_next_import_works(tmp_path: Path, monkeypatch):
    source = few(tmp_path / "photos")
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as zipped:
        for path in sorted(source.rglob("*.png")):
            zipped.write(path, path.relative_to(source))
    before, real = contents(source), os.fsync
    for allowed in range(200):
        calls = []

        def fsync(descriptor: int, calls=calls, allowed=allowed) -> None:
            calls.append(descriptor)
            if len(calls) > allowed:
                raise OSError(errno.ENOSPC, "No space left on device")
            real(descriptor)

        data_dir = tmp_path / f"data{allowed}"
        monkeypatch.setattr(os, "fsync", fsync)
        try:
            found = importing.import_source(tmp_path / "a.zip", data_dir=data_dir)
        except DatasetError as error:
            monkeypatch.setattr(os, "fsync", real)
            assert "No space left on device" in str(error)
            if (data_dir / "a").exists():  # the rename happened and only its own sync failed: then all of it is there
                assert datasets.find_dataset(data_dir, "a").num_images == 8
                continue
            assert not [path for path in (data_dir / ".incoming" / "a").glob("*") if path.is_dir()]
        else:
            break
    assert 20 < allowed < 199 and found.num_images == 8 and contents(source) == before
    monkeypatch.setattr(os, "fsync", real)
    assert importing.import_source(tmp_path / "a.zip", data_dir=tmp_path / "data5").num_images == 8
    assert not (tmp_path / "data5" / ".incoming" / "a").exists()


def test_a_disk_without_room_for_the_pixels_is_said_before_they_are_written(tmp_path: Path, monkeypatch):
    source = few(tmp_path / "photos")
    monkeypatch.setattr(shutil, "disk_usage", lambda path: collections.namedtuple("Usage", "free")(1000))
    assert "8 photos at 128 x 128 need 0.4 MB and the disk of" in failure(source, tmp_path / "data")


def test_a_set_without_train_says_that_it_is_for_evaluation(tmp_path: Path):
    source = few(tmp_path / "photos")
    shutil.rmtree(source / "train")
    found = importing.import_source(source, data_dir=tmp_path / "data")
    assert found.splits == {"val": 4} and "there is no train split" in found.warnings[0]


@pytest.mark.parametrize("moment", range(1, 8, 2))
def test_a_killed_import_is_not_alive_and_its_leftovers_go_with_the_next(moment: int, tmp_path: Path):
    source, data_dir = few(tmp_path / "photos"), tmp_path / "data"
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as zipped:
        for path in sorted(source.rglob("*.png")):
            zipped.write(path, path.relative_to(source))
    code = (
        "import os, signal, sys\nfrom pathlib import Path\nfrom fashion_core.data import importing as manifest\ncalls "
        "= []\n"
        "def progress(*now):\n    calls.append(now)\n"
        f"    if len(calls) == {moment}: os.kill(os.getpid(), signal.SIGKILL)\n"
        "manifest.import_source(sys.argv[1], data_dir=Path(sys.argv[2]), progress=progress)"
    )
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path / "a.zip"), str(data_dir)], cwd=ROOT, check=False)
    assert done.returncode == -signal.SIGKILL
    job = jobs.look(datasets.incoming_folder(data_dir, "a"))
    assert (job.state, job.error) == (jobs.FAILED, "") and datasets.list_datasets(data_dir) == []
    assert datasets.list_imports(data_dir) == ["a"]
    assert importing.import_source(tmp_path / "a.zip", data_dir=data_dir).num_images == 8
    assert jobs.look(datasets.incoming_folder(data_dir, "a")) is None and datasets.list_imports(data_dir) == []


def test_photos_that_are_here_already_leave_no_job_behind_and_what_is_in_the_way_says_so_to_the_page(
    tmp_path: Path, monkeypatch
):
    source, data_dir = few(tmp_path / "photos"), tmp_path / "data"
    first = importing.import_source(source, data_dir=data_dir)
    incoming = datasets.incoming_folder(data_dir, "photos")
    jobs.remember(incoming, os.getpid(), ["import"], began=time.time())
    with monkeypatch.context() as patched:
        patched.setattr(importing.readers, "known_fingerprint", lambda *_: first.fingerprint)
        assert importing.import_source(source, data_dir=data_dir) == first
    assert jobs.look(incoming) is None
    (data_dir / "photos" / "dataset.json").unlink()
    with pytest.raises(DatasetError, match="in the way"):
        importing.import_source(source, data_dir=data_dir)
    assert "is in the way and no dataset; choose another --name" in jobs.look(incoming).error


def test_two_imports_of_one_name_do_not_meet(tmp_path: Path):
    source, data_dir = few(tmp_path / "photos"), tmp_path / "data"

    def progress(stage: str, done: int, total: int) -> None:
        if stage == "reading photos":
            assert jobs.look(datasets.incoming_folder(data_dir, "photos")).state == jobs.RUNNING
            with pytest.raises(DatasetError, match="being imported by another process"):
                importing.import_source(source, data_dir=data_dir)

    assert importing.import_source(source, data_dir=data_dir, progress=progress).num_images == 8


def test_an_import_that_waited_for_another_of_its_name_ends_as_well_as_that_one(tmp_path: Path, monkeypatch):
    source, data_dir, pool = few(tmp_path / "photos"), tmp_path / "data", ThreadPoolExecutor(1)
    second: list[Future[datasets.Dataset]] = []
    remove = storage.discard

    def slowly(path: Path) -> None:
        if path == data_dir / ".incoming" / "photos" and not second[0].done():
            time.sleep(0.12)  # the moment in which the second one may begin
        remove(path)

    def progress(stage: str, done: int, total: int) -> None:
        if stage == "saving":
            second.append(pool.submit(importing.import_source, source, data_dir=data_dir))
            time.sleep(0.1)

    monkeypatch.setattr(storage, "discard", slowly)
    first = importing.import_source(source, data_dir=data_dir, progress=progress)
    assert second[0].result(timeout=30) == first and not list((data_dir / datasets.INCOMING).iterdir())
    pool.shutdown()


def test_an_interrupted_import_says_so_and_leaves_nothing_else(tmp_path: Path):
    source, data_dir = few(tmp_path / "photos"), tmp_path / "data"

    def interrupt(stage: str, done: int, total: int) -> None:
        if stage == "reading photos":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        importing.import_source(source, data_dir=data_dir, progress=interrupt)
    error = jobs.look(datasets.incoming_folder(data_dir, "photos")).error
    assert error == "the import was interrupted (KeyboardInterrupt)"
    assert not (data_dir / ".incoming" / "photos" / "dataset").exists()


def test_progress_is_told_for_every_step_and_written_four_times_a_second_at_most(tmp_path: Path, monkeypatch):
    source = put(tmp_path / "p", *(f"train/{label}/{n}.png" for label in "ab" for n in range(150)), size=(8, 8))
    written, told, write = [], [], storage.write_json

    def write_json(path: Path, value) -> None:
        if path.name == "progress.json":
            written.append(value["stage"])
        write(path, value)

    monkeypatch.setattr(storage, "write_json", write_json)
    importing.import_source(source, data_dir=tmp_path / "data", progress=lambda *now: told.append(now))
    assert [now for now in told if now[0] == "reading photos"][-1] == ("reading photos", 300, 300)
    assert len(written) <= len(set(written)) + 8


def test_a_folder_in_the_way_is_never_overwritten(tmp_path: Path):
    (tmp_path / "data" / "photos").mkdir(parents=True)
    (tmp_path / "data" / "photos" / "mine.txt").write_text("mine")
    with pytest.raises(DatasetError, match="in the way"):
        importing.import_source(few(tmp_path / "photos"), data_dir=tmp_path / "data")
    assert contents(tmp_path / "data" / "photos").keys() == {"mine.txt"}


def test_an_unknown_dataset_names_the_nearest(tmp_path: Path):
    with pytest.raises(DatasetError, match="import demo"):
        datasets.find_dataset(tmp_path / "data", "clothes")
    importing.import_source(few(tmp_path / "photos"), data_dir=tmp_path / "data", name="clothing")
    with pytest.raises(DatasetError, match="did you mean 'clothing'"):
        datasets.find_dataset(tmp_path / "data", "clothin")


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"format": 1}', '{"format": 99}', "\x00"])
def test_a_broken_dataset_is_left_out_of_the_list_and_said_when_asked_for(text: str, tmp_path: Path):
    found = importing.import_source(few(tmp_path / "photos"), data_dir=tmp_path / "data")
    (found.folder / "dataset.json").write_text(text)
    assert datasets.list_datasets(tmp_path / "data") == []
    with pytest.raises(DatasetError, match="dataset 'photos'"):
        datasets.find_dataset(tmp_path / "data", "photos")


# --- class folders that ImageFolder opens ----------------------------------------------------------------------------


def test_folders_open_with_imagefolder_byte_for_byte_and_in_index_order(tmp_path: Path):
    from torchvision.datasets import ImageFolder

    source = few(tmp_path / "photos")
    put(source, "train/gown/deep/1.png", "train/saree/x.jfif", "train/saree/y.gif", "train/saree/Z.JPG")
    (source / "train" / "gown" / "bad.png").write_bytes(b"text")
    found = importing.import_source(source, data_dir=tmp_path / "data")
    told = formats.write(found, tmp_path / "out")
    assert told["splits"] == {"train": 8, "val": 4}
    for split, count in found.splits.items():
        opened = ImageFolder(tmp_path / "out" / split)
        assert (tuple(opened.classes), len(opened)) == (found.classes, count)
    assert not (tmp_path / "out" / "test").exists()
    written = [path for split in found.splits for path in (tmp_path / "out" / split).rglob("*") if path.is_file()]
    copies = {path.read_bytes() for path in written if path.name != "y.png"}
    table = found.manifest().query("status == 'ok' and not path.str.endswith('.gif')")
    assert copies == {(source / path).read_bytes() for path in table["path"]}
    gif = np.asarray(Image.open(io.BytesIO((source / "train/saree/y.gif").read_bytes())).convert("RGB"))
    assert np.array_equal(np.asarray(Image.open(tmp_path / "out/train/saree/y.png")), gif)


def test_classes_that_are_not_alphabetical_are_numbered_so_that_imagefolder_keeps_their_order(tmp_path: Path):
    from torchvision.datasets import ImageFolder

    from tests.support.layouts import NAMED, put_idx

    found = importing.import_source(put_idx(tmp_path / "fashion", 40, 20), data_dir=tmp_path / "data", choices=NAMED)
    assert found.first_pixels == (32, 32)
    formats.write(found, tmp_path / "out")
    opened = ImageFolder(tmp_path / "out" / "test")
    assert opened.classes == [f"{number:02}_{label}" for number, label in enumerate(found.classes)]
    rows = found.manifest().query("split == 'test'").set_index("image_id")
    for path, label in opened.samples:
        image_id = Path(path).stem
        assert found.classes[label] == rows.loc[image_id, "label"]
        number = int(rows.loc[image_id, "path"].split("#")[1])
        expected = fashion_mnist.pictures(tmp_path / "fashion" / "t10k-images-idx3-ubyte.gz")[number]
        assert np.array_equal(np.asarray(Image.open(path).convert("L")), expected)
    told = opened.targets.count(0), (rows["label"] == found.classes[0]).sum()
    assert told[0] == told[1]


def test_folders_never_overwrite_and_notice_a_changed_photo(tmp_path: Path):
    source = few(tmp_path / "photos")
    found = importing.import_source(source, data_dir=tmp_path / "data")
    with pytest.raises(DatasetError, match="not empty"):
        formats.write(found, source)
    picture(66).save(source / "train/gown/1.png")
    (tmp_path / "out").mkdir()
    with pytest.raises(DatasetError, match="has changed since it was imported"):
        formats.write(found, tmp_path / "out")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["data", "out", "photos"]
    (source / "train/gown/1.png").unlink()
    with pytest.raises(DatasetError, match="train/gown/1.png"):
        formats.write(found, tmp_path / "out")


# --- real sets -------------------------------------------------------------------------------------------------------


def test_a_small_drawn_set_imports_as_drawn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    plan = drawn.plan
    monkeypatch.setattr(drawn, "plan", lambda seed=0: plan(seed, num_train=30, num_val=1, num_test=1))
    found = importing.import_source("demo", data_dir=tmp_path / "data")
    assert (found.id, found.synthetic, found.splits) == ("demo", True, {"train": 30, "val": 15, "test": 15})
    assert found.bring == "python -m fashion_core import demo"
    monkeypatch.setattr(drawn, "write", None)  # a second import must not draw again
    assert importing.import_source("demo", data_dir=tmp_path / "data") == found


@pytest.mark.slow
def test_the_clothing_photos_import_as_counted_by_hand(tmp_path: Path):
    if not CLOTHING.is_file():
        pytest.skip("the clothing photos are not on this machine")
    found = importing.import_source(CLOTHING, data_dir=tmp_path / "data", name="clothing")
    assert (found.num_images, len(found.classes), found.splits) == (3409, 10, {"train": 3068, "val": 341})
    assert (found.num_damaged, found.num_missing) == (0, 0)
    with zipfile.ZipFile(CLOTHING) as zipped:
        sizes = {info.filename: info.file_size for info in zipped.infolist() if info.filename.endswith(".jpg")}
    table = found.manifest()
    assert dict(zip(table["image_id"], table["bytes"], strict=True)) == sizes
    assert isinstance(table, pd.DataFrame) and table["image_id"].is_unique
    shutil.rmtree(tmp_path / "data")  # 270 MB that pytest would keep


def test_a_source_that_is_not_there_leaves_its_reason_for_the_page(tmp_path: Path):
    sentence = failure(tmp_path / "no-such-folder", tmp_path / "data")
    assert jobs.look(datasets.incoming_folder(tmp_path / "data", "no-such-folder")).error == sentence
