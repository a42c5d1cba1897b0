"""An audit finds what was planted, and nothing else; it is resumed, kept, and never opens what it does not need."""

import dataclasses
import io
import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image, ImageFilter, ImageOps

from fashion_core import audit, findings, manifest, measures, pixels, storage

ROOT = Path(__file__).parents[1]


def scene(seed: int, size: tuple[int, int] = (150, 200)) -> Image.Image:
    """A picture like no other: overlapping coloured boxes over a slope of light."""
    generator = np.random.default_rng(seed)
    width, height = size
    picture = np.zeros((height, width, 3)) + np.linspace(20, 160, width)[None, :, None]
    for _ in range(12):
        top, left = generator.integers(0, height - 20), generator.integers(0, width - 20)
        tall, wide = generator.integers(15, height // 2), generator.integers(15, width // 2)
        picture[top : top + tall, left : left + wide] = generator.integers(0, 255, 3)
    return Image.fromarray(picture.astype(np.uint8))


def recompressed(image: Image.Image, quality: int = 40) -> Image.Image:
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=quality)
    return Image.open(buffer).convert("RGB")


PLANTED = {
    "train/kurta/dark.png": lambda: Image.fromarray((np.asarray(scene(60)) // 8).astype(np.uint8)),
    "train/kurta/blank.png": lambda: Image.new("RGB", (150, 200), (200, 190, 180)),
    "train/kurta/blurred.png": lambda: scene(61).filter(ImageFilter.GaussianBlur(9)),
    "train/kurta/wide.png": lambda: scene(62, (400, 75)),
    "train/kurta/large.png": lambda: scene(63, (330, 440)),
    "train/kurta/grey.png": lambda: scene(64).convert("L"),
    "train/saree/same.png": lambda: scene(0),  # train/kurta/000.png under another label
    "test/kurta/same.png": lambda: scene(1),  # of train
    "val/kurta/near.png": lambda: recompressed(scene(2)),  # of train
    "test/kurta/near.png": lambda: scene(3).resize((75, 100)),  # of train
    "test/saree/mirrored.png": lambda: ImageOps.mirror(scene(21)),  # of train
    "test/saree/in_val.png": lambda: scene(43),  # of val
}


@pytest.fixture(scope="module")
def planted_folder(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("planted") / "photos"
    parts = {"train/kurta": range(0, 20), "train/saree": range(20, 40), "val/kurta": range(40, 43)}
    parts |= {"val/saree": range(43, 46), "test/kurta": range(46, 50), "test/saree": range(50, 54)}
    for place, seeds in parts.items():
        (folder / place).mkdir(parents=True)
        for seed in seeds:
            scene(seed).save(folder / place / f"{seed:03}.png")
    for path, draw in PLANTED.items():
        draw().save(folder / path)
    (folder / "train/kurta/broken.jpg").write_bytes(b"\xff\xd8\xff no more of it")
    return folder


@pytest.fixture(scope="module")
def planted(tmp_path_factory, planted_folder):
    return manifest.import_source(planted_folder, data_dir=tmp_path_factory.mktemp("data"), name="planted")


@pytest.fixture(scope="module")
def audited(planted) -> audit.Audit:
    return audit.run(planted)


def ids_of(found: pd.DataFrame, kind: str) -> set[str]:
    return set(found.loc[found["kind"] == kind, "image_id"])


def test_each_photo_that_stands_out_is_found_and_no_other(audited):
    found = audited.findings()
    assert ids_of(found, "damaged") == {"train/kurta/broken.jpg"}
    assert ids_of(found, "dark") == {"train/kurta/dark.png"}
    assert ids_of(found, "blank") == {"train/kurta/blank.png"}
    assert ids_of(found, "blurred") == {"train/kurta/blurred.png"}
    assert ids_of(found, "shape") == {"train/kurta/wide.png"}
    assert ids_of(found, "size") == {"train/kurta/large.png"}
    assert {"train/kurta/grey.png"} <= ids_of(found, "colour") <= {"train/kurta/grey.png", "train/kurta/blank.png"}
    assert found.loc[found["kind"] == "damaged", "reason"].str.contains("damaged or cut off").all()


def test_every_planted_copy_is_found_with_its_twin_and_nothing_else(audited):
    found = audited.findings()
    pairs = {
        kind: {frozenset(pair) for pair in rows[["image_id", "other"]].itertuples(index=False)}
        for kind, rows in found.groupby("kind")
    }
    assert pairs["exact_duplicate"] == {
        frozenset({"train/kurta/000.png", "train/saree/same.png"}),
        frozenset({"train/kurta/001.png", "test/kurta/same.png"}),
        frozenset({"val/saree/043.png", "test/saree/in_val.png"}),
    }
    assert pairs["near_duplicate"] == {
        frozenset({"train/kurta/002.png", "val/kurta/near.png"}),
        frozenset({"train/kurta/003.png", "test/kurta/near.png"}),
    }
    assert pairs["mirrored_duplicate"] == {frozenset({"train/saree/021.png", "test/saree/mirrored.png"})}
    assert pairs["conflict"] == {frozenset({"train/kurta/000.png", "train/saree/same.png"})}


def test_leaks_name_the_later_splits_photo_and_are_counted_by_split(audited):
    found = audited.findings()
    leaks = found[found["kind"] == "leak"]
    told = set(leaks[["image_id", "other", "cause"]].itertuples(index=False, name=None))
    assert told == {
        ("test/kurta/same.png", "train/kurta/001.png", "exact"),
        ("val/kurta/near.png", "train/kurta/002.png", "near"),
        ("test/kurta/near.png", "train/kurta/003.png", "near"),
        ("test/saree/mirrored.png", "train/saree/021.png", "mirrored"),
        ("test/saree/in_val.png", "val/saree/043.png", "exact"),
    }
    counted = {(pair["split"], pair["other_split"]): pair["causes"] for pair in audited.leaks}
    assert counted == {
        ("test", "train"): {"exact": 1, "near": 1, "mirrored": 1},
        ("test", "val"): {"exact": 1},
        ("val", "train"): {"near": 1},
    }
    assert audited.num_leaked == 5


NO_PIXELS = np.zeros((16, 32, 32, 3), np.uint8)


def rows_of(**columns) -> tuple[pd.DataFrame, np.ndarray]:
    """A manifest of photos that look nothing alike, and their measures."""
    num = len(columns["split"])
    hashes = np.random.default_rng(7).integers(0, 2**63, (2, num), dtype=np.uint64)
    frame = pd.DataFrame({"image_id": [f"p{row}" for row in range(num)], "label": "a", "width": 10, "height": 10})
    frame = frame.assign(sha256=[f"sha{row}" for row in range(num)], phash=[f"{value:016x}" for value in hashes[0]])
    frame = frame.assign(status="ok", reason="", **columns)
    records = np.zeros(num, measures.RECORD)
    records["contrast"] = records["brightest"] = 200
    records["sharpness"], records["colour"] = 1, 50
    features = np.random.default_rng(8).normal(size=records["features"].shape)  # unlike one another
    records["features"] = features / np.linalg.norm(features, axis=1, keepdims=True)
    records["box"] = (0, 1, 0, 1)
    return frame, records


def test_one_address_or_product_in_two_splits_is_a_leak_and_nulls_are_not():
    frame, records = rows_of(
        split=["train", "val", "test", "test", "train", "test", "train", "test"],
        image_url=["http://x/1", None, "http://x/1 ", None, None, "", "http://x/2", None],
        brand=[None, "Biba", None, "biba", None, None, "W", "W"],
        product_title=["t", "Red kurta", "t", "Red kurta", None, None, None, "w"],
        label=["a", "a", "b", "a", "a", "a", "a", "a"],
    )
    found = findings.find(frame, records, NO_PIXELS)
    assert set(found["kind"]) == {"leak", "conflict"}
    leaks = found[found["kind"] == "leak"]
    told = set(leaks[["image_id", "other", "other_split", "cause"]].itertuples(index=False, name=None))
    assert told == {("p2", "p0", "train", "url"), ("p3", "p1", "val", "product")}
    assert leaks["agreement"].isna().all()
    conflict = found[found["kind"] == "conflict"].iloc[0]
    assert (conflict["image_id"], conflict["other"], conflict["cause"]) == ("p2", "p0", "url")


def test_every_image_of_a_later_split_with_a_copy_before_it_leaks_once_for_each_earlier_split():
    frame, records = rows_of(split=["train", "train", "val", "test", "test", "test"])
    frame["sha256"] = ["s", "s", "s", "s", "s", "other"]
    leaks = findings.find(frame, records, NO_PIXELS).query("kind == 'leak'")
    told = set(leaks[["image_id", "other_split"]].itertuples(index=False, name=None))
    assert told == {("p2", "train"), ("p3", "train"), ("p3", "val"), ("p4", "train"), ("p4", "val")}


def test_a_set_without_findings_has_an_empty_table_with_all_columns():
    found = findings.find(*rows_of(split=["train", "test"]), NO_PIXELS)
    assert list(found.columns) == list(findings.COLUMNS) and found.empty


def test_an_audit_that_was_ended_goes_on_where_it_was(planted, tmp_path, monkeypatch):
    shutil.copytree(planted.folder, tmp_path / "planted", ignore=shutil.ignore_patterns("audit"))
    dataset = dataclasses.replace(planted, folder=tmp_path / "planted")
    monkeypatch.setattr(audit, "_PART", 8)
    num_parts = -(-len(dataset.manifest()) // 8)
    measured = []
    original = measures.measure

    def fails_at_the_fourth(block: np.ndarray) -> np.ndarray:
        measured.append(len(block))
        if len(measured) == 4:
            raise KeyboardInterrupt
        return original(block)

    monkeypatch.setattr(pixels.os, "cpu_count", lambda: 1)
    monkeypatch.setattr(measures, "measure", fails_at_the_fourth)
    with pytest.raises(KeyboardInterrupt):
        audit.run(dataset)
    assert audit.load(dataset) is None and audit.progress(dataset)["alive"] is False
    kept = len(list(audit.folder_of(dataset).glob("parts-*/part-*.npy")))
    assert 3 <= kept < num_parts
    measured.clear()
    monkeypatch.setattr(measures, "measure", lambda block: measured.append(len(block)) or original(block))
    again = audit.run(dataset)
    assert len(measured) == num_parts - kept
    assert again.findings_sha256 == audit.run(planted).findings_sha256
    assert not list(audit.folder_of(dataset).glob("parts-*"))


def test_an_audit_is_kept_and_belongs_to_its_fingerprint_and_findings(planted, audited):
    assert audit.load(planted) == audited
    assert audit.run(planted) == audited
    assert audit.load(dataclasses.replace(planted, fingerprint="0" * 16)) is None
    kept = audited.path.read_bytes()
    try:
        storage.write_bytes(audited.path, kept + b"x")
        assert audit.load(planted) is None
    finally:
        storage.write_bytes(audited.path, kept)


def test_the_command_prints_counts_leaks_and_where_the_findings_are(planted, audited):
    words = [sys.executable, "-m", "fashion_core", "audit", "planted", "--json", "--data-dir", planted.folder.parent]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert document["counts"] == audited.counts and document["leaks"] == audited.leaks
    assert document["leaked_images"] == 5
    assert len(pd.read_parquet(document["findings"])) == sum(document["counts"].values())
