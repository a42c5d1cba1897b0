"""In which order folders may stand: splits around classes or inside them, classes deeper down; and what is asked."""

from pathlib import Path

import pytest

from fashion_core.data.sources import readers
from tests.support.layouts import opened, put, refusal


def read(tmp_path: Path, *paths: str, depth: str = "") -> readers.Source:
    root = put(tmp_path / "photos", *(f"{path}.png" for path in paths))
    return opened(root, tmp_path, choices=readers.choose(label_depth=depth))


def placed(source: readers.Source) -> dict[str, str]:
    """photo -> split/label, as a person would write it down."""
    rows = source.rows
    return dict(zip(rows["path"].str.removesuffix(".png"), rows["split"] + "/" + rows["label"], strict=True))


@pytest.mark.parametrize(
    "photos",
    [
        {"shirts/train/1": "train/shirts", "shirts/test/2": "test/shirts", "tops/train/3": "train/tops"},
        {"shirts/Train Set/1": "train/shirts", "shirts/TestImages/2": "test/shirts", "tops/train_2019/3": "train/tops"},
        {"shirts/train/red/1": "train/shirts", "shirts/test/2": "test/shirts", "tops/train/a/b/3": "train/tops"},
        {"shirts/red/train/1": "train/shirts", "shirts/blue/test/2": "test/shirts", "tops/train/3": "train/tops"},
        {"shirts/shirts_train/1": "train/shirts", "shirts/shirts_test/2": "test/shirts", "tops/train/3": "train/tops"},
    ],
)
def test_splits_inside_the_classes_are_kept_at_any_depth_and_a_class_may_lack_one(
    photos: dict[str, str], tmp_path: Path
):
    source = read(tmp_path, *photos)
    assert placed(source) == photos
    assert "the splits inside the class folders were kept as given" in source.warnings


@pytest.mark.parametrize("photos", [("men/shoes/train/1", "men/shoes/test/2", "women/gowns/train/3"),
                                    ("men/train/shoes/1", "men/test/shoes/2", "women/train/gowns/3")])  # fmt: skip
def test_the_depth_of_the_class_is_counted_without_the_split_wherever_that_stands(
    photos: tuple[str, ...], tmp_path: Path
):
    assert list(placed(read(tmp_path, *photos, depth="2")).values()) == ["train/gowns", "train/shoes", "test/shoes"]
    assert set(placed(read(tmp_path, *photos, depth="1")).values()) == {"train/men", "test/men", "train/women"}


def test_splits_below_some_classes_only_are_never_mixed(tmp_path: Path):
    root = put(tmp_path / "p", "shirts/red/train/1.png", "shirts/red/test/2.png", "tops/3.png")
    sentence = refusal(root, tmp_path)
    assert (
        f"'shirts/red' in '{root}' holds the splits 'test', 'train', but 'tops' holds no folders and 1 photo"
        in sentence
    )


@pytest.mark.parametrize(
    ("train", "test"),
    [
        ("old_train", "old_test"),
        ("Train_v2", "Test_v2"),
        ("clothing-training", "clothing-testing"),
        ("KurtaTrainSet", "KurtaTestSet"),
    ],
)
def test_folders_called_alike_but_for_the_split_are_splits(train: str, test: str, tmp_path: Path):
    photos = {f"{train}/a/1": "train/a", f"{train}/b/2": "train/b", f"{test}/a/3": "test/a", f"{test}/b/4": "test/b"}
    assert placed(read(tmp_path, *photos)) == photos


@pytest.mark.parametrize("folders", [("train_shoes", "test_tops"), ("fold1_train", "fold2_test"), ("fold 1", "fold 2"),
                                     ("a_train", "a_test", "b_train", "b_test")])  # fmt: skip
def test_folders_that_differ_by_more_than_the_split_are_asked_about(folders: tuple[str, ...], tmp_path: Path):
    root = put(tmp_path / "p", *(f"{folder}/{label}/1.png" for folder in folders for label in "ab"))
    assert "some look like splits, but not what each of them is" in refusal(root, tmp_path)


@pytest.mark.parametrize(
    "photos",
    [
        ("shirts/a/1", "shirts/b/2", "trousers/a/3", "trousers/b/4"),
        ("shirts/a/1", "shirts/b/2", "shirts/0", "trousers/a/3", "trousers/b/4"),
        ("train/shirts/a/1", "test/shirts/b/2", "train/trousers/a/3", "test/trousers/b/4"),
        ("shirts/a/1", "shirts/b/2", "trousers/a/3"),
    ],
)
def test_the_same_folders_in_several_classes_are_asked_about_until_the_depth_is_said(
    photos: tuple[str, ...], tmp_path: Path
):
    with pytest.raises(readers.SourceError) as refused:
        read(tmp_path, *photos)
    sentence = str(refused.value)
    assert "class folders 'shirts' and 'trousers' in" in sentence and "hold folders of the same names, 'a'" in sentence
    assert "--label-depth 1 (shirts, trousers) or --label-depth 2 (a, b)" in sentence
    assert read(tmp_path, *photos, depth="1").classes == ["shirts", "trousers"]
    assert read(tmp_path, *photos, depth="2").classes == ["a", "b"]


def test_folders_of_its_own_in_a_class_are_its_photos_and_that_is_said(tmp_path: Path):
    source = read(tmp_path, "animals/cat/1", "animals/dog/2", "cars/bus/3", "cars/van/4")
    assert source.classes == ["animals", "cars"]
    assert source.warnings == (
        "2 class folders hold folders and no photo beside them ('cat' and 'dog' in 'animals'): their photos are all of "
        "that class; --label-depth 2 makes each of those inside a class",
    )
    mixed = read(tmp_path / "mixed", "a/1", "b/x/2", "b/y/3")
    assert [note for note in mixed.warnings if "('x' and 'y' in 'b')" in note and "--label-depth" not in note]
    assert read(tmp_path / "one", "a/images/1", "b/images/2").warnings == ()


def test_a_folder_without_labels_is_none_at_whatever_depth_the_classes_are(tmp_path: Path):
    source = read(tmp_path, "men/shoes/1", "men/_unlabeled/2", "women/gowns/3", "_unlabeled/4", depth="2")
    assert source.classes == ["gowns", "shoes"]
    assert {path for path, place in placed(source).items() if place == "/"} == {"men/_unlabeled/2", "_unlabeled/4"}


def test_datumaros_folder_of_photos_without_a_label_is_no_class(tmp_path: Path):
    source = read(tmp_path, "kurta/1", "saree/2", "no_label/3")
    assert source.classes == ["kurta", "saree"] and placed(source)["no_label/3"] == "/"


def test_photos_directly_in_the_splits_are_not_said_to_be_absent(tmp_path: Path):
    root = put(tmp_path / "p", "train/1.png", "test/2.png")
    assert f"the photos in '{root}' lie directly in 'test' and 'train'" in refusal(root, tmp_path)
