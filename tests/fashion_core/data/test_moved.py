"""Photos that were moved are imported again from their new place, and the dataset reads them there."""

import gzip
import shutil
import zipfile
from pathlib import Path

import pandas as pd
import pytest

from fashion_core.data import datasets, derived, importing, long_tail, pixels, planted_copies
from fashion_core.errors import DatasetError
from tests.support.layouts import NAMED, put, put_idx
from tests.support.pictures import few


def test_photos_imported_again_from_a_new_place_are_read_there_also_by_what_was_made_of_them(tmp_path: Path):
    old, new, data_dir = few(tmp_path / "old"), tmp_path / "new place", tmp_path / "data"
    dataset = importing.import_source(old, data_dir=data_dir, name="mine")
    derived.exclude(dataset, {"train/gown/1.png": "x"}, name="fewer")
    shutil.move(old, new)
    with pytest.raises(DatasetError) as told:
        pixels.build(datasets.load(dataset.folder), 16, 16)
    assert f"'{old}'" in str(told.value) and "import FOLDER --name mine" in str(told.value)

    found = importing.import_source(new, data_dir=data_dir, name="mine")
    assert (found.root, found.bring) == (new, f"python -m fashion_core import '{new}' --name mine")
    assert f"'{new}' now" in found.warnings[-1] and f"from '{old}'" in found.warnings[-1]
    fewer = datasets.find_dataset(data_dir, "fewer")
    assert fewer.root == new and fewer.bring.startswith(f"{found.bring} && ") and fewer.bring.endswith("--name fewer")
    for one in (found, fewer):
        assert pixels.thumbnails(one) is not None and pixels.build(one, 16, 16)
    assert importing.import_source(new, data_dir=data_dir, name="mine") == found
    shutil.copytree(new, old)
    again = importing.import_source(old, data_dir=data_dir, name="mine")
    assert again.root == old and [note for note in again.warnings if "now;" in note] == [again.warnings[-1]]


def test_an_archive_stands_in_for_a_folder_that_is_gone_and_a_copy_of_its_own_stays(tmp_path: Path):
    folder, data_dir = few(tmp_path / "photos"), tmp_path / "data"
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as zipped:
        for path in sorted(folder.rglob("*.png")):
            zipped.write(path, path.relative_to(tmp_path))
    first = importing.import_source(folder, data_dir=data_dir, name="mine")
    made = long_tail.make(first, 2.0, name="tail")
    assert importing.import_source(tmp_path / "a.zip", data_dir=data_dir, name="mine").root == folder
    shutil.move(folder, tmp_path / "elsewhere")
    found = importing.import_source(tmp_path / "a.zip", data_dir=data_dir, name="mine")
    assert found.root == found.folder / "photos" / "photos" and "a.zip" in found.bring
    for one in (found, datasets.load(made.folder)):
        assert pixels.build(one, 16, 16)
    data_dir.rename(tmp_path / "lab")  # a copy of its own moves with the data folder
    moved = [datasets.find_dataset(tmp_path / "lab", name) for name in ("mine", "tail")]
    assert all(pixels.build(one, 24, 24) for one in moved)
    assert importing.import_source(tmp_path / "elsewhere", data_dir=tmp_path / "lab", name="mine").root == moved[0].root


def test_idx_files_that_were_unzipped_meanwhile_are_read_where_they_are(tmp_path: Path):
    root, data_dir = put_idx(tmp_path / "zipped"), tmp_path / "data"
    dataset = importing.import_source(root, data_dir=data_dir, name="mine", choices=NAMED)
    pair = planted_copies.make(dataset, train=1, copies=0, name="pair", bring="x", data_dir=data_dir)
    new = tmp_path / "plain"
    new.mkdir()
    for path in root.iterdir():
        (new / path.name.removesuffix(".gz")).write_bytes(gzip.decompress(path.read_bytes()))
    shutil.rmtree(root)
    found = importing.import_source(new, data_dir=data_dir, name="mine", choices=NAMED)
    for one in (found, datasets.load(pair.folder)):
        assert not one.manifest()["path"].str.contains(".gz#").any() and one.root == new
        assert pixels.thumbnails(one) is not None and pixels.build(one, 16, 16)


def test_a_table_with_other_values_in_its_own_columns_is_taken_over_also_by_what_was_made_of_it(tmp_path: Path):
    place = put(tmp_path / "shop", *(f"{number}.png" for number in range(12)))
    frame = pd.DataFrame(
        {"image": [f"{n}.png" for n in range(12)], "label": ["kurta", "saree"] * 6, "shop": list("ab") * 6}
    )
    frame.to_csv(place / "t.csv", index=False)
    dataset = importing.import_source(place, data_dir=tmp_path / "data")
    derived.exclude(dataset, {"3.png": "x"}, name="fewer")
    assert importing.import_source(place, data_dir=tmp_path / "data") == dataset
    frame["shop"] = [None, *"cdefghijklm"]
    frame["size"] = range(12)
    frame.to_csv(place / "t.csv", index=False)
    again = importing.import_source(place, data_dir=tmp_path / "data")
    assert again.fingerprint == dataset.fingerprint
    assert again.warnings[-1] == "imported again, with other values in 'shop' and 'size'"
    for one in (again, datasets.find_dataset(tmp_path / "data", "fewer")):
        said = one.manifest().set_index("image_id")
        assert said.loc["5.png", ["shop", "size"]].tolist() == ["g", "5"] and pd.isna(said.at["0.png", "shop"])
        assert pixels.thumbnails(one) is not None
    frame.drop(columns="shop").to_csv(place / "t.csv", index=False)
    again = importing.import_source(place, data_dir=tmp_path / "data")
    assert "shop" not in again.manifest() and again.warnings[-1].endswith("in 'shop'")
    assert importing.import_source(place, data_dir=tmp_path / "data") == again
