"""Photos inside parquet and inside what ``save_to_disk`` writes, made by the real library: read where they lie."""

import io
import os
import warnings

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from fashion_core.data import datasets, importing
from fashion_core.data.exports import formats
from fashion_core.data.sources import readers
from fashion_core.errors import PhotoError, SourceError
from tests.support.layouts import opened, refusal

os.environ["HF_HUB_OFFLINE"] = os.environ["HF_DATASETS_OFFLINE"] = "1"
NAMES = ["kurta", "NA", "test"]  # two of them mean something else elsewhere


def photo(number: int) -> bytes:
    buffer = io.BytesIO()
    levels = np.random.default_rng(number).integers(0, 255, (20, 16, 3), dtype=np.uint8)
    Image.fromarray(levels).save(buffer, "PNG")
    return buffer.getvalue()


@pytest.fixture(scope="module")
def peer():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import datasets as peer

        peer.disable_progress_bars()
        yield peer


def made(peer, numbers: range, **more):
    """Rows of the library's own: every number's photo, its class by turns, a column of its own."""
    features = peer.Features(image=peer.Image(), label=peer.ClassLabel(names=NAMES), brand=peer.Value("string"), **more)
    rows = {
        "image": [{"bytes": photo(number), "path": f"{number}.png"} for number in numbers],
        "label": [number % 3 for number in numbers],
        "brand": [f"B{number % 2}" if number % 5 else None for number in numbers],
    }
    rows |= {name: rows["image"] for name in more}
    return peer.Dataset.from_dict(rows, features=features)


def check(found: datasets.Dataset, of_split: dict[str, range]) -> None:
    frame = found.manifest()
    assert found.classes == tuple(NAMES) and found.splits == {split: len(of) for split, of in of_split.items()}
    for split, numbers in of_split.items():
        rows = frame[frame["split"] == split]
        expected = {photo(number): (NAMES[number % 3], f"B{number % 2}" if number % 5 else None) for number in numbers}
        for row in rows.itertuples():
            data = datasets.read_photo(found, row.path, row.sha256)
            brand = None if pd.isna(row.brand) else row.brand
            assert expected.pop(data) == (row.label, brand)
            image = readers.open_photo_of(found.kind, found.root, row.path)
            assert image.tobytes() == Image.open(io.BytesIO(data)).tobytes()
        assert not expected


SPLITS = {"train": range(60), "val": range(60, 69), "test": range(69, 78)}


def test_parquet_shards_of_several_row_groups_are_read_where_they_lie(peer, tmp_path):
    (tmp_path / "shop" / "data").mkdir(parents=True)
    for split, name in (("train", "train"), ("val", "validation"), ("test", "test")):
        for shard in range(2):
            part = made(peer, SPLITS[split][shard::2])
            part.to_parquet(tmp_path / "shop" / "data" / f"{name}-{shard:05d}-of-00002.parquet", batch_size=7)
    found = importing.import_source(tmp_path / "shop", data_dir=tmp_path / "data")
    check(found, SPLITS)
    assert found.root == tmp_path / "shop" and found.num_unlabelled == found.num_damaged == 0
    assert "label from 'label', each file is of a split" in found.warnings[0]


def test_a_folder_that_save_to_disk_wrote_is_read(peer, tmp_path):
    whole = peer.DatasetDict(
        {
            name: made(peer, SPLITS[split])
            for split, name in (("train", "train"), ("val", "validation"), ("test", "test"))
        }
    )
    whole.save_to_disk(tmp_path / "disk", num_shards={"train": 3, "validation": 1, "test": 1})
    check(importing.import_source(tmp_path / "disk", data_dir=tmp_path / "data", name="disk"), SPLITS)


def test_one_file_without_a_split_is_divided_and_another_column_can_be_the_label(peer, tmp_path):
    made(peer, range(60)).to_parquet(tmp_path / "all.parquet")
    found = importing.import_source(tmp_path / "all.parquet", data_dir=tmp_path / "data")
    assert found.split_rule.startswith("stratified 80/10/10") and sum(found.splits.values()) == 60
    choices = readers.choose(label="brand")
    other = importing.import_source(tmp_path / "all.parquet", data_dir=tmp_path / "data", name="b", choices=choices)
    assert other.classes == ("B0", "B1")
    assert (other.num_images, other.num_unlabelled) == (48, 12)  # the rows without a brand wait for one


def test_photos_and_labels_that_are_not_there_are_told_apart(peer, tmp_path):
    rows = made(peer, range(30)).to_list()
    rows[3]["image"] = None
    rows[4]["label"] = None
    rows[5]["label"] = -1
    rows[6]["image"] = {"bytes": b"no photo", "path": "6.png"}
    peer.Dataset.from_list(rows, features=made(peer, range(1)).features).to_parquet(tmp_path / "train.parquet")
    found = importing.import_source(tmp_path / "train.parquet", data_dir=tmp_path / "data")
    assert (found.num_images, found.num_unlabelled, found.num_damaged) == (26, 2, 1)
    unused = pd.read_csv(found.folder / "unused.csv")
    assert unused["row"].tolist() == [4, 7]
    assert unused["reason"].tolist() == ["names no photo", "its photo is damaged"]


def test_a_row_with_a_path_alone_is_read_beside_its_file_and_nowhere_else(tmp_path):
    (tmp_path / "outside.png").write_bytes(photo(1))
    folder = tmp_path / "shop"
    (folder / "own").mkdir(parents=True)
    (folder / "own" / "2.png").write_bytes(photo(2))
    paths = ["own/2.png", "../outside.png", str(tmp_path / "outside.png")]
    rows = [{"image": {"bytes": None, "path": path}, "label": "kurta"} for path in paths]
    rows += [{"image": {"bytes": photo(n), "path": ""}, "label": ["kurta", "saree"][n % 2]} for n in range(20)]
    pd.DataFrame(rows).to_parquet(folder / "all.parquet")
    found = importing.import_source(folder, data_dir=tmp_path / "data")
    frame = found.manifest()
    assert frame.loc[frame["image_id"] == "all-00000001", "status"].item() == "ok"
    out = frame[frame["image_id"].isin(["all-00000002", "all-00000003"])]
    assert set(out["status"]) == {"damaged"} and out["reason"].str.contains("leads out of the folder").all()


def test_what_another_library_wrote_needs_no_schema_of_that_one(tmp_path):
    frame = pd.DataFrame(
        {"img": [photo(number) for number in range(30)], "kind": ["kurta", "saree", "shoe"] * 10, "price": range(30)}
    )
    frame.to_parquet(tmp_path / "all.parquet", row_group_size=11)
    source = opened(tmp_path / "all.parquet", tmp_path)
    assert source.classes == ["kurta", "saree", "shoe"] and len(source.rows) == 30
    reader = readers.of_kind(source.kind)
    row = source.rows[source.rows["price"] == "17"].iloc[0]
    assert reader.photo_bytes(source.root, row["path"]) == photo(17)
    with pytest.raises(PhotoError, match="cannot be read"):
        reader.photo_bytes(source.root, row["path"].replace("#17@", "#99@"))


def test_what_cannot_be_read_is_one_sentence(peer, tmp_path):
    made(peer, range(30), back=peer.Image()).to_parquet(tmp_path / "two.parquet")
    assert "columns 'image' and 'back' of" in refusal(tmp_path / "two.parquet", tmp_path)
    assert "--image" in refusal(tmp_path / "two.parquet", tmp_path)
    cut = tmp_path / "cut"
    cut.mkdir()
    made(peer, range(60)).to_parquet(cut / "train.parquet")
    (cut / "test.parquet").write_bytes((cut / "train.parquet").read_bytes()[:-200])
    assert "test.parquet' is damaged or cut off" in refusal(cut, tmp_path)
    (cut / "test.parquet").unlink()
    pd.DataFrame({"label": ["a"]}).to_parquet(cut / "labels.parquet")
    assert "has no photos in it, and others beside it have" in refusal(cut, tmp_path)
    made(peer, range(30)).remove_columns(["label", "brand"]).to_parquet(tmp_path / "bare.parquet")
    assert "no column that could be the label" in refusal(tmp_path / "bare.parquet", tmp_path)


@pytest.mark.parametrize("format", ["hf-parquet", "hf-metadata", "csv"])
def test_what_went_out_comes_in_again_with_the_same_classes_splits_and_labels(tiny, tmp_path, format):
    formats.write(tiny, tmp_path / "out", format)
    back = importing.import_source(tmp_path / "out", data_dir=tmp_path / "data", name="back")
    assert (back.classes, back.splits) == (tiny.classes, tiny.splits)
    columns = ["split", "label", "sha256"]
    assert sorted(back.manifest()[columns].values.tolist()) == sorted(tiny.manifest()[columns].values.tolist())


def test_a_table_of_parquet_without_photos_is_still_a_table(tmp_path):
    with pytest.raises(SourceError, match="names no photo"):
        pd.DataFrame({"file": ["a.png"] * 4, "label": ["a", "a", "b", "b"]}).to_parquet(tmp_path / "t.parquet")
        opened(tmp_path / "t.parquet", tmp_path)
