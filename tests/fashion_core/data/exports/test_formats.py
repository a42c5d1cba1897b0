"""What goes out is opened by the libraries that read such folders: counts, splits, labels and pixels are the lab's."""

import io
import json
import os
import tarfile
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from fashion_core import storage
from fashion_core.data import datasets, importing
from fashion_core.data.exports import formats
from fashion_core.data.sources import readers
from fashion_core.errors import DatasetError, WrongUse

os.environ["HF_HUB_OFFLINE"] = os.environ["HF_DATASETS_OFFLINE"] = "1"

#: Names that a reader takes for something else: a split, a number, an empty cell, YAML.
HARD = ("test", "crop-test", '10: "x" # y')


@pytest.fixture
def shop(tiny_source: Path, tmp_path: Path) -> datasets.Dataset:
    """The tiny photos, among them one turned by EXIF, one transparent and one of 16 bits, with columns of a shop."""
    photos = tmp_path / "photos"
    for path in sorted(tiny_source.rglob("*.png")):
        (photos / path.relative_to(tiny_source)).parent.mkdir(parents=True, exist_ok=True)
        (photos / path.relative_to(tiny_source)).write_bytes(path.read_bytes())
    levels = np.random.default_rng(0).integers(0, 256, (20, 30, 3), dtype=np.uint8)
    turned = Image.Exif()
    turned[0x0112] = 6
    Image.fromarray(levels).save(photos / "train" / "kurta" / "turned.jpg", exif=turned)
    Image.fromarray(np.dstack([levels, levels[..., 0]])).save(photos / "train" / "saree" / "clear.png")
    Image.fromarray(levels[..., 0].astype(np.uint16) * 257).save(photos / "val" / "shoe" / "deep.png")
    found = importing.import_source(photos, data_dir=tmp_path / "data", name="shop")
    frame = found.manifest()
    frame["price"] = np.arange(len(frame)) / 4
    frame["brand"] = np.where(np.arange(len(frame)) % 3 == 0, None, 'Mäher, "x"')
    storage.write_parquet(found.manifest_path, frame)
    return found


def renamed(dataset: datasets.Dataset, *classes: str) -> datasets.Dataset:
    """The dataset with its classes called so, as a table would bring them."""
    record = json.loads((dataset.folder / "dataset.json").read_text())
    new = dict(zip(record["classes"], classes, strict=True))
    storage.write_json(dataset.folder / "dataset.json", record | {"classes": list(classes)})
    frame = dataset.manifest()
    storage.write_parquet(dataset.manifest_path, frame.assign(label=frame["label"].map(new)))
    return datasets.load(dataset.folder)


def as_the_lab_sees(dataset: datasets.Dataset) -> dict[str, list[tuple[str, bytes]]]:
    """split -> label and pixels of every photo, sorted."""
    seen: dict[str, list[tuple[str, bytes]]] = {split: [] for split in dataset.splits}
    for row in dataset.manifest().query("status == 'ok'").itertuples():
        image = readers.open_photo_of(dataset.kind, dataset.root, row.path)
        seen[row.split].append((row.label, image.tobytes()))
    return {split: sorted(rows) for split, rows in seen.items()}


def pixels(image: Image.Image) -> bytes:
    return image.convert("RGB").tobytes()


def opened_by_timm(folder: Path, split: str, **more: str) -> list[tuple[Image.Image, int]]:
    from timm.data import create_dataset

    rows = []
    reader = create_dataset("", root=folder, split=split, **more).reader
    for number in range(len(reader)):
        file, label = reader[number]
        with file:
            rows.append((Image.open(file).convert("RGB"), label))
    return rows


def opened_by_datasets(folder: Path, tmp_path: Path):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import datasets as peer

        peer.disable_progress_bars()
        return peer.load_dataset(str(folder), cache_dir=str(tmp_path / "cache"))


@pytest.mark.parametrize("format", ["imagefolder", "hf-metadata", "hf-parquet"])
@pytest.mark.parametrize(
    "classes", [("kurta", "saree", "shoe"), HARD, ("9", "10", "NA")], ids=["words", "hard", "numbers"]
)
def test_datasets_reads_the_same_splits_labels_pixels_and_columns(shop, tmp_path, format, classes):
    shop = renamed(shop, *classes)
    told = formats.write(shop, tmp_path / "out", format)
    read = opened_by_datasets(tmp_path / "out", tmp_path)
    expected = as_the_lab_sees(shop)
    assert list(read) == ["train", "validation", "test"]
    for split, of_split in expected.items():
        rows = read["validation" if split == "val" else split]
        names = rows.features["label"].names
        assert names == told["classes"]
        found = [(shop.classes[row["label"]], pixels(row["image"])) for row in rows]
        assert sorted(found) == of_split
        if format != "imagefolder":
            assert names == list(shop.classes)
            own = shop.manifest().set_index("image_id").loc[list(rows["image_id"])]
            assert list(rows["price"]) == own["price"].tolist()
            assert list(rows["brand"]) == [None if pd.isna(brand) else brand for brand in own["brand"]]


@pytest.mark.parametrize("classes", [("kurta", "saree", "shoe"), ("9", "10", "NA")], ids=["words", "numbers"])
def test_torchvision_and_timm_read_class_folders_with_the_same_numbers(shop, tmp_path, classes):
    from torchvision.datasets import ImageFolder

    shop = renamed(shop, *classes)
    formats.write(shop, tmp_path / "out")
    for split, expected in as_the_lab_sees(shop).items():
        for peer in (
            ImageFolder(tmp_path / "out" / split),
            opened_by_timm(tmp_path / "out", split),
            opened_by_timm(tmp_path / "out", split, class_map=str(tmp_path / "out" / "classes.txt")),
        ):
            assert sorted((shop.classes[label], pixels(image)) for image, label in peer) == expected


def test_a_class_without_photos_in_a_split_shifts_no_number(shop, tmp_path):
    from torchvision.datasets import ImageFolder

    frame = shop.manifest()
    storage.write_parquet(
        shop.manifest_path,
        frame.assign(status=frame["status"].mask(frame["image_id"].str.match("(val|test)/kurta"), "excluded")),
    )
    formats.write(shop, tmp_path / "out")
    expected = as_the_lab_sees(shop)["val"]
    assert {label for label, _ in expected} == {"saree", "shoe"}
    names = str(tmp_path / "out" / "classes.txt")
    for peer in (
        ImageFolder(tmp_path / "out" / "val", allow_empty=True),
        opened_by_timm(tmp_path / "out", "val", class_map=names),
    ):
        assert sorted((shop.classes[label], pixels(image)) for image, label in peer) == expected
    read = opened_by_datasets(tmp_path / "out", tmp_path)["validation"]
    assert sorted((read.features["label"].names[row["label"]], pixels(row["image"])) for row in read) == expected


def test_datasets_gives_labels_where_train_has_one_class(shop, tmp_path):
    frame = shop.manifest()
    gone = frame["image_id"].str.match("train/(saree|shoe)")
    storage.write_parquet(shop.manifest_path, frame.assign(status=frame["status"].mask(gone, "excluded")))
    formats.write(shop, tmp_path / "out")
    read = opened_by_datasets(tmp_path / "out", tmp_path)
    assert set(read["train"]["label"]) == {0} and set(read["test"]["label"]) == {0, 1, 2}


def test_webdataset_reads_the_shards(shop, tmp_path, monkeypatch):
    from fashion_core.data.exports import shards

    monkeypatch.setattr(shards, "MAX_PHOTOS", 16)
    shop = renamed(shop, *HARD)
    formats.write(shop, tmp_path / "out", "webdataset")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import webdataset

        for split, expected in as_the_lab_sees(shop).items():
            files = sorted(str(path) for path in (tmp_path / "out").glob(f"{split}-*.tar"))
            assert len(files) == -(-len(expected) // 16)
            samples = list(webdataset.WebDataset(files, shardshuffle=False, empty_check=False).decode("pil"))
            images = [next(sample[ending] for ending in ("jpg", "png") if ending in sample) for sample in samples]
            labels = [shop.classes[sample["cls"]] for sample in samples]
            assert labels == [sample["json"]["label"] for sample in samples]
            assert sorted(zip(labels, map(pixels, images), strict=True)) == expected
            own = shop.manifest().set_index("image_id")["price"]
            assert [sample["json"]["price"] for sample in samples] == [own[s["json"]["image_id"]] for s in samples]
    assert (tmp_path / "out" / "classes.txt").read_text().splitlines() == list(HARD)
    (tmp_path / "again").mkdir()
    formats.write(shop, tmp_path / "again", "webdataset")
    for path in (tmp_path / "out").glob("*.tar"):
        assert path.read_bytes() == (tmp_path / "again" / path.name).read_bytes()
    with tarfile.open(next((tmp_path / "out").glob("*.tar"))) as tar:
        assert all(name.count(".") == 1 for name in tar.getnames())


def test_fiftyones_folders_hold_each_photo_once_with_its_class(shop, tmp_path):
    """FiftyOne itself needs a database server; this reads as its importer does (1.22.1: a photo's key is its path
    without the ending, a label is an index into ``classes`` or a dict that has it)."""
    shop = renamed(shop, *HARD)
    formats.write(shop, tmp_path / "out", "fiftyone")
    for split, expected in as_the_lab_sees(shop).items():
        told = json.loads((tmp_path / "out" / split / "labels.json").read_text())
        files = {path.stem: path for path in (tmp_path / "out" / split / "data").iterdir()}
        assert files.keys() == told["labels"].keys()
        found = [
            (told["classes"][label["label"]], pixels(Image.open(files[key]))) for key, label in told["labels"].items()
        ]
        assert sorted(found) == expected
        assert all(label["attributes"]["price"] >= 0 for label in told["labels"].values())


def test_a_table_of_photos_says_path_split_label_and_the_own_columns(shop, tmp_path):
    formats.write(shop, tmp_path / "out", "csv")
    table = pd.read_csv(tmp_path / "out" / "photos.csv")
    frame = shop.manifest().query("status == 'ok'")
    assert sorted(table["price"]) == sorted(frame["price"])
    for split, expected in as_the_lab_sees(shop).items():
        rows = table[table["split"] == split]
        found = [(row.label, pixels(Image.open(tmp_path / "out" / row.path))) for row in rows.itertuples()]
        assert sorted(found) == expected
    with pytest.raises(DatasetError, match="class 'NA' would be read from a table as no label"):
        formats.write(renamed(shop, "NA", "saree", "shoe"), tmp_path / "no", "csv")
    told = formats.write(datasets.load(shop.folder), tmp_path / "folders")
    assert told["notes"] == ["no photos.csv: the class 'NA' would be read there as no label"]
    assert not (tmp_path / "folders" / "photos.csv").exists()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["data", "folders", "out", "photos"]


def test_photos_of_one_name_keep_names_of_their_own(tiny_source, tmp_path):
    for name in ("a/1.png", "a/1.jpg", "A/1.png", "b/1.png"):
        target = tmp_path / "photos" / "kurta" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (9, 9), (len(name), 40 * len(list((tmp_path / "photos").rglob("*"))), 0)).save(target)
    other = tmp_path / "photos" / "saree"
    other.mkdir()
    for number in range(4):
        Image.new("RGB", (9, 9), (0, 0, 60 * number)).save(other / f"{number}.png")
    found = importing.import_source(tmp_path / "photos", data_dir=tmp_path / "data")
    for format in formats.FORMATS:
        if format != "webdataset":
            formats.write(found, tmp_path / format, format)
    for format in ("imagefolder", "hf-metadata", "fiftyone", "csv"):
        files = [path for path in (tmp_path / format).rglob("*") if path.suffix in (".png", ".jpg")]
        assert len(files) == 8
        assert len({str(path.with_suffix("")).casefold() for path in files}) == 8


def test_a_photo_goes_byte_for_byte_where_everybody_sees_it_alike(shop, tmp_path):
    formats.write(shop, tmp_path / "out")
    changed = {
        path.relative_to(tmp_path / "out").as_posix()
        for path in (tmp_path / "out").rglob("*.png")
        if path.read_bytes() not in {file.read_bytes() for file in shop.root.rglob("*.*")}
    }
    assert changed == {"train/kurta/turned.png", "train/saree/clear.png", "val/shoe/deep.png"}
    turned = Image.open(io.BytesIO((tmp_path / "out/train/kurta/turned.png").read_bytes()))
    assert turned.size == (20, 30)


@pytest.fixture
def with_unlabelled(shop: datasets.Dataset, tmp_path: Path) -> datasets.Dataset:
    """The shop's photos and four without a label, one of them of a name that a labelled one has."""
    root = tmp_path / "photos"
    for number, name in enumerate(("1", "2", "3", "turned")):
        path = root / "_unlabeled" / f"{name}.png"
        path.parent.mkdir(exist_ok=True)
        Image.new("RGB", (12, 10), (250, 60 * number, 9)).save(path)
    made = importing.import_source(root, data_dir=tmp_path / "data", name="waiting")
    frame = made.manifest()
    storage.write_parquet(made.manifest_path, frame.assign(price=np.arange(len(frame)) / 4))
    return made


def whole(dataset: datasets.Dataset) -> list[tuple[str, str, bytes]]:
    """split, label and pixels of every readable photo, sorted."""
    rows = dataset.manifest().query("status in ['ok', 'unlabelled']").itertuples()
    images = [(row, readers.open_photo_of(dataset.kind, dataset.root, row.path)) for row in rows]
    return sorted((row.split, row.label, image.tobytes()) for row, image in images)


@pytest.mark.parametrize("format", list(formats.FORMATS))
def test_photos_without_a_label_go_out_and_in_again_and_stay_so(with_unlabelled, tmp_path, format):
    told = formats.write(with_unlabelled, tmp_path / "out", format)
    assert "4 photos without a label are apart, in unlabeled" in told["notes"]
    again = importing.import_source(tmp_path / "out", data_dir=tmp_path / "data", name="again")
    assert whole(again) == whole(with_unlabelled)
    assert (again.classes, again.splits, again.num_unlabelled) == (with_unlabelled.classes, with_unlabelled.splits, 4)
    assert not (again.folder / datasets.UNUSED).exists()


def test_no_peer_takes_photos_without_a_label_for_a_class(with_unlabelled, tmp_path):
    from torchvision.datasets import ImageFolder

    expected = as_the_lab_sees(with_unlabelled)
    for format in ("imagefolder", "hf-metadata", "hf-parquet"):
        formats.write(with_unlabelled, tmp_path / format, format)
        read = opened_by_datasets(tmp_path / format, tmp_path)
        assert {split: len(rows) for split, rows in read.items() if split != "unlabeled"} == {
            "validation" if split == "val" else split: len(rows) for split, rows in expected.items()
        }
        assert read["train"].features["label"].names == list(with_unlabelled.classes)
        if format == "imagefolder":
            assert "unlabeled" not in read
            assert "in `_unlabeled`, beside the splits" in (tmp_path / format / "README.md").read_text()
        else:
            assert list(read["unlabeled"]["label"]) == [None] * 4
    for split, rows in expected.items():
        folder = ImageFolder(tmp_path / "imagefolder" / split)
        assert (folder.classes, len(folder)) == (list(with_unlabelled.classes), len(rows))
        assert len(opened_by_timm(tmp_path / "imagefolder", split)) == len(rows)
    formats.write(with_unlabelled, tmp_path / "fiftyone", "fiftyone")
    labels = json.loads((tmp_path / "fiftyone" / "unlabeled" / "labels.json").read_text())["labels"]
    assert list(labels.values()) == [None] * 4
    formats.write(with_unlabelled, tmp_path / "webdataset", "webdataset")
    with tarfile.open(tmp_path / "webdataset" / "unlabeled-000000.tar") as tar:
        assert not [name for name in tar.getnames() if name.endswith(".cls")] and len(tar.getnames()) == 8


def test_an_unknown_format_is_named_with_the_nearest(shop, tmp_path):
    with pytest.raises(WrongUse, match="no format 'web-dataset'; did you mean 'webdataset'"):
        formats.write(shop, tmp_path / "out", "web-dataset")
