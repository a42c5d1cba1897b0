"""What came from a browser ends in the dataset's own folder, by a rename, whatever its shape; or nowhere."""

import shutil

import pytest

from fashion_core.data import datasets, importing, uploads
from fashion_core.data.sources import readers
from fashion_core.errors import FashionError
from tests.support.pictures import few, put


@pytest.fixture
def data_dir(tmp_path):
    return tmp_path / "data"


def arrived(data_dir, make, name="My wardrobe"):
    folder = uploads.new_folder(data_dir)
    uploads.make(folder)
    (folder / "photos").mkdir()
    make(folder / "photos" / name)
    return folder, folder / "photos" / name


def all_open(dataset):
    rows = dataset.manifest()
    assert len(rows)
    for path in rows["path"]:
        readers.open_photo_of(dataset.kind, dataset.root, path)
    return dataset


def test_a_folder_is_renamed_into_the_dataset_which_moves_with_the_data_folder(data_dir, tmp_path):
    folder, source = arrived(data_dir, few)
    known = {path.stat().st_ino for path in source.rglob("*.png")}
    dataset = all_open(importing.import_source(source, data_dir=data_dir))
    assert dataset.name == "My wardrobe" and not folder.exists()
    assert {path.stat().st_ino for path in dataset.root.rglob("*.png")} == known, "not one photo was copied"
    shutil.move(data_dir, tmp_path / "moved")
    all_open(datasets.find_dataset(tmp_path / "moved", "my-wardrobe"))
    brought = datasets.find_dataset(tmp_path / "moved", "my-wardrobe").bring
    assert brought.endswith(f"import '{data_dir / 'my-wardrobe' / 'uploaded' / 'My wardrobe'}'")


def test_an_archive_is_unpacked_and_does_not_stay_itself(data_dir, tmp_path):
    packed = shutil.make_archive(str(tmp_path / "packed"), "zip", few(tmp_path / "source"))
    folder, source = arrived(data_dir, lambda path: shutil.copy(packed, path), "My photos.zip")
    dataset = all_open(importing.import_source(source, data_dir=data_dir))
    assert dataset.name == "My photos" and not folder.exists()
    assert not list(data_dir.rglob("*.zip"))
    assert dataset.bring.endswith(f"import '{data_dir / 'my-photos' / 'photos'}'")


def test_a_file_that_is_read_where_it_lies_comes_along(data_dir, tmp_path):
    import tarfile

    few(tmp_path / "source")

    def shards(path):
        with tarfile.open(path, "w") as tar:
            for n, photo in enumerate(sorted((tmp_path / "source").rglob("*.png"))):
                tar.add(photo, f"{n:03d}.png")
                (tmp_path / "label").write_text(str(n % 2))
                tar.add(tmp_path / "label", f"{n:03d}.cls")

    folder, source = arrived(data_dir, shards, "train-000.tar")
    all_open(importing.import_source(source, data_dir=data_dir))
    assert not folder.exists()


def test_a_table_dropped_with_its_photos_is_read(data_dir):
    def table(path):
        put(path, *[f"{n}.png" for n in range(6)])
        (path / "table.csv").write_text("file,class\n" + "\n".join(f"{n}.png,{'ab'[n % 2]}" for n in range(6)))

    _, source = arrived(data_dir, table)
    assert all_open(importing.import_source(source, data_dir=data_dir)).num_images == 6


def test_the_same_photos_a_second_time_leave_nothing(data_dir):
    first = importing.import_source(arrived(data_dir, few)[1], data_dir=data_dir)
    folder, source = arrived(data_dir, few)
    again = all_open(importing.import_source(source, data_dir=data_dir))
    assert again.fingerprint == first.fingerprint and again.root == first.root and not folder.exists()
    assert not list((data_dir / datasets.INCOMING / ".uploads").iterdir())


def test_an_import_that_fails_speaks_of_what_was_given_and_leaves_nothing(data_dir):
    folder, source = arrived(data_dir, lambda path: put(path, "gown/1.png", "gown/2.png"))
    with pytest.raises(FashionError) as told:
        importing.import_source(source, data_dir=data_dir)
    assert str(source) in str(told.value) and "/dataset/" not in str(told.value) and not folder.exists()
    assert not list(data_dir.rglob("*.png"))


def test_a_folder_elsewhere_is_used_where_it_lies(data_dir, tmp_path):
    source = few(tmp_path / "mine")
    dataset = importing.import_source(source, data_dir=data_dir)
    assert dataset.root == source and len(list(source.rglob("*.png"))) == 8
