"""Files that labelling programs write beside photos come in with their classes, splits and columns, no row lost."""

import json
from pathlib import Path

import pandas as pd
import pytest

from fashion_core.data import datasets, dry_run, importing
from fashion_core.data.exports import formats
from fashion_core.data.sources import readers
from tests.support.layouts import opened, put, refusal

NAMES = [f"{number:02}.png" for number in range(12)]
KINDS = ["NA", "saree"] * 6  # a class that a table of anybody's would take for none


def looked(place: Path, tmp_path: Path, **decided: str) -> dict:
    document = dry_run.look(place, data_dir=tmp_path / "data", choices=readers.choose(**decided))
    told = sum(document["splits"].values()) + document["unlabelled"] + sum(document["unused"].values())
    assert document["rows"] == told
    return document


def labels_of(source: readers.Source) -> dict[str, str]:
    return {Path(row.path).name: row.label for row in source.rows.itertuples()}


def put_fiftyone(root: Path, labels: dict, classes: list | None) -> Path:
    put(root, *(f"data/{name}" for name in NAMES))
    (root / "labels.json").write_text(json.dumps({"classes": classes, "labels": labels}))
    return root


@pytest.mark.parametrize("written", ["number", "name", "object"])
def test_fiftyone_labels_are_numbers_names_or_objects(written: str, tmp_path: Path):
    numbers = {"saree": 0, "NA": 1}
    of_photo = {
        "number": lambda kind: numbers[kind],
        "name": lambda kind: kind,
        "object": lambda kind: {"label": kind, "confidence": 0.5, "attributes": {"size": "L", "label": "x"}},
    }[written]
    labels = {name[:-4]: of_photo(kind) for name, kind in zip(NAMES, KINDS, strict=True)}
    source = opened(put_fiftyone(tmp_path / "f", labels, ["saree", "NA"] if written == "number" else None), tmp_path)
    assert labels_of(source) == dict(zip(NAMES, KINDS, strict=True))
    assert source.classes == (["saree", "NA"] if written == "number" else ["NA", "saree"])
    if written == "object":
        assert set(source.rows["confidence"]) == {"0.5"} and set(source.rows["size"]) == {"L"}
        assert set(source.rows["attribute label"]) == {"x"}


def test_every_fiftyone_label_that_is_none_is_counted(tmp_path: Path):
    labels = {name[:-4]: number % 2 for number, name in enumerate(NAMES)}
    labels |= {"00": None, "01": 7, "02": [1, 0], "03": True, "99": 0}
    root = put_fiftyone(tmp_path / "f", labels, ["a", "b"])
    document = looked(root, tmp_path)
    assert (document["rows"], document["unlabelled"]) == (13, 1)
    assert document["unused"] == {"no row of the table": 3, "no photo at this path": 1}
    assert document["format"] == "FiftyOne labels.json"
    root = put_fiftyone(tmp_path / "g", {"00": 0}, ["a", "b"])
    (root / "labels.json").write_text('{"classes": null, "labels": {}}')
    assert "has no object 'labels'" in refusal(root, tmp_path)


@pytest.fixture(scope="module")
def out(tiny_source: Path, tmp_path_factory) -> tuple[datasets.Dataset, Path]:
    """A dataset with a column of its own, among its classes NA, and a folder for what goes out."""
    folder = tmp_path_factory.mktemp("out")
    frame = pd.DataFrame(
        [
            (path, path.parts[0], path.parts[1])
            for path in (p.relative_to(tiny_source) for p in tiny_source.rglob("*.png"))
        ],
        columns=["image", "split", "label"],
    )
    root = folder / "photos"
    root.mkdir()
    for split in ("train", "val", "test"):
        (root / split).symlink_to(tiny_source / split)
    frame.assign(brand=[f"B{len(str(path)) % 3}" for path in frame["image"]]).to_csv(root / "t.csv", index=False)
    return importing.import_source(root / "t.csv", data_dir=folder / "data", name="shop"), folder


def content(dataset: datasets.Dataset) -> list[tuple]:
    rows = dataset.manifest()
    return sorted(zip(rows["split"], rows["label"], rows["brand"], rows["sha256"], strict=True))


@pytest.mark.parametrize("format", ["fiftyone", "webdataset"])
def test_what_goes_out_comes_in_again_the_same(format: str, out, tmp_path: Path):
    shop, _ = out
    formats.write(shop, tmp_path / "gone", format)
    again = importing.import_source(tmp_path / "gone", data_dir=tmp_path / "data", name="again")
    assert again.classes == shop.classes and again.splits == shop.splits
    assert content(again) == content(shop)
    for row in again.manifest().itertuples():
        assert datasets.read_photo(again, row.path, row.sha256)
