"""What counts as a source: layouts, splits, labels, and the sentences for what cannot be used."""

import collections
import gzip
import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fashion_core import labels
from fashion_core.data import importing
from fashion_core.data.sources import class_folders, drawn, fashion_mnist, indofashion, layout, readers
from fashion_core.errors import SourceError, WrongUse
from tests.support.layouts import NAMED, opened, put, put_idx, put_json, refusal, row
from tests.support.places import SHARED


def split_counts(source: readers.Source) -> dict[str, int]:
    return dict(collections.Counter(source.rows["split"]))


# --- class folders ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("val", ["val", "valid", "validation", "Valid", "VAL"])
@pytest.mark.parametrize("wrapper", ["", "my-photos/", "a/b/c/"])
def test_split_folders_are_found_whatever_they_are_called_and_wrapped_in(val: str, wrapper: str, tmp_path: Path):
    root = put(
        tmp_path / "photos",
        f"{wrapper}Train/saree/1.jpg",
        f"{wrapper}Train/saree/deep/er/2.JPeG",
        f"{wrapper}Train/gown/3.PNG",
        f"{wrapper}{val}/gown/4.webp",
        f"{wrapper}{val}/saree/5.gif",
    )
    for junk in ("LICENSE", "README.md", ".DS_Store", "Thumbs.db", "__MACOSX/x/._1.jpg", f"{wrapper}notes.txt"):
        (root / junk).parent.mkdir(parents=True, exist_ok=True)
        (root / junk).write_bytes(b"junk")
    found = opened(root, tmp_path)
    assert (found.kind, found.classes, found.split_rule) == ("folders", ["gown", "saree"], "as given")
    assert found.root == root / wrapper.rstrip("/")
    assert set(zip(found.rows["image_id"], found.rows["split"], found.rows["label"], strict=True)) == {
        ("Train/saree/1.jpg", "train", "saree"),
        ("Train/saree/deep/er/2.JPeG", "train", "saree"),
        ("Train/gown/3.PNG", "train", "gown"),
        (f"{val}/gown/4.webp", "val", "gown"),
        (f"{val}/saree/5.gif", "val", "saree"),
    }
    assert found.warnings == ()


def test_folders_without_splits_are_divided_80_10_10_within_each_class(tmp_path: Path):
    root = put(tmp_path / "p", *(f"a/{n}.png" for n in range(50)), *(f"b/{n}.png" for n in range(20)), "c/1.png")
    found = opened(root, tmp_path)
    table = found.rows.groupby(["label", "split"]).size().to_dict()
    assert table == {("a", "train"): 40, ("a", "val"): 5, ("a", "test"): 5} | {
        ("b", "train"): 16,
        ("b", "val"): 2,
        ("b", "test"): 2,
        ("c", "train"): 1,
    }
    assert found.split_rule == "stratified 80/10/10, seed 0"
    assert opened(root, tmp_path).rows.equals(found.rows)
    assert not opened(root, tmp_path, seed=1).rows.equals(found.rows)


def test_a_division_does_not_move_when_other_photos_are_added():
    few = [f"{n}.png" for n in range(40)]
    first = dict(zip(few, layout.divide(few, ["a"] * 40, {"val": 0.1}, 0), strict=True))
    more = few + [f"x{n}.png" for n in range(40)]
    second = dict(zip(more, layout.divide(more, ["a"] * 40 + ["b"] * 40, {"val": 0.1}, 0), strict=True))
    assert {name: second[name] for name in few} == first


def test_train_and_test_without_val_give_a_tenth_of_train_to_val(tmp_path: Path):
    root = put(tmp_path / "p", *(f"train/{c}/{n}.png" for c in "ab" for n in range(30)), "test/a/1.png", "test/b/1.png")
    found = opened(root, tmp_path)
    assert split_counts(found) == {"train": 54, "val": 6, "test": 2}
    assert found.split_rule == "val taken from train, 10 %, seed 0"


def test_train_and_val_without_test_keep_no_test(tmp_path: Path):
    root = put(tmp_path / "p", "train/a/1.png", "train/b/1.png", "val/a/2.png", "val/b/2.png")
    assert split_counts(opened(root, tmp_path)) == {"train": 2, "val": 2}


@settings(max_examples=60, deadline=None)
@given(counts=st.lists(st.integers(1, 40), min_size=1, max_size=6), seed=st.integers(0, 9))
def test_every_photo_gets_one_split_and_train_is_never_empty(counts: list[int], seed: int):
    names = [f"{label}/{n}" for label, count in enumerate(counts) for n in range(count)]
    owners = [name.split("/")[0] for name in names]
    drawn_parts = layout.divide(names, owners, {"val": 0.1, "test": 0.1}, seed)
    assert len(drawn_parts) == len(names)
    for label, count in enumerate(counts):
        parts = collections.Counter(p for p, o in zip(drawn_parts, owners, strict=True) if o == str(label))
        assert parts[None] >= 1 and parts["val"] == parts["test"]
        assert parts["val"] == (0 if count < 3 else max(1, round(count / 10)))


def test_rows_come_in_split_class_and_name_order(tmp_path: Path):
    root = put(tmp_path / "p", *(f"{s}/{c}/{n}.png" for s in ("test", "train", "val") for c in "ba" for n in (2, 10)))
    assert opened(root, tmp_path).rows["image_id"].tolist() == [
        f"{split}/{label}/{n}.png" for split in ("train", "val", "test") for label in "ab" for n in (10, 2)
    ]


def test_links_are_followed_and_a_circle_of_links_ends(tmp_path: Path):
    root = put(tmp_path / "p", "a/1.png", "b/2.png")
    (root / "a" / "again").symlink_to(root / "a", target_is_directory=True)
    (root / "b" / "3.png").symlink_to(root / "a" / "1.png")
    assert set(opened(root, tmp_path).rows["image_id"]) == {"a/1.png", "b/2.png", "b/3.png"}


def test_what_is_left_out_is_said(tmp_path: Path):
    root = put(tmp_path / "p", "train/a/1.png", "train/b/1.png", "val/a/1.png", "val/b/1.png", "extra/a/1.png", "0.png")
    (root / "train" / "a" / "phone.HEIC").write_bytes(b"x")
    (root / "train" / "2.png").write_bytes((root / "0.png").read_bytes())
    assert set(opened(root, tmp_path).warnings) == {
        "1 photo beside the class folders belongs to no class and was left out",
        "1 photo directly in 'train' belongs to no class and was left out",
        "folders beside train, val and test were left out: extra",
        "files in formats that are not read were left out: 1 .heic",
    }


@pytest.mark.parametrize(
    ("train", "test"),
    [
        ("Training", "Testing"),
        ("training_set/training_set", "test_set/test_set"),
        ("seg_train/seg_train", "seg_test/seg_test"),
        ("Train Set", "Test Set"),
        ("Train Images", "TestImages"),
        ("trainval", "eval"),
        ("train_2019", "holdout"),
        ("trainset", "testset"),
    ],
)
def test_known_split_words_are_splits_in_any_case_and_with_what_stands_beside_them(
    train: str, test: str, tmp_path: Path
):
    parts = (f"{train}/kurta/1", f"{train}/saree/2", "DEV/kurta/3", "DEV/saree/4", f"{test}/kurta/5", f"{test}/saree/6")
    found = opened(put(tmp_path / "p", *(f"{part}.png" for part in parts)), tmp_path)
    assert found.classes == ["kurta", "saree"]
    assert split_counts(found) == {"train": 2, "val": 2, "test": 2}
    assert found.warnings == ()


def test_splits_inside_the_classes_are_kept_or_refused_with_what_was_seen(tmp_path: Path):
    inside = [
        f"{label}/{split}/{n}.png" for label in ("kurta", "saree") for split in ("train", "val", "test") for n in "12"
    ]
    found = opened(put(tmp_path / "p", *inside), tmp_path)
    assert (found.classes, split_counts(found)) == (["kurta", "saree"], {"train": 4, "val": 4, "test": 4})
    assert set(found.rows["split"] == [path.split("/")[1] for path in found.rows["image_id"]]) == {True}
    assert "'gown' holds no folders and 1 photo" in refusal(put(tmp_path / "p", "gown/1.png"), tmp_path)
    shoes = put(tmp_path / "s", "shoes/training/1.png", "shoes/running/1.png", "tops/1.png")
    assert opened(shoes, tmp_path).classes == ["shoes", "tops"]


@pytest.mark.parametrize(
    ("folders", "classes"),
    [
        (("old_train", "new_test"), None),
        (("fold1", "fold2"), None),
        (("train", "test", "test_hard"), None),
        (("test", "gown"), None),
        (("training_shoes", "training_tops"), ["training_shoes", "training_tops"]),
    ],
)
def test_what_only_looks_like_splits_is_refused_with_what_was_seen(
    folders: tuple[str, ...], classes: list[str] | None, tmp_path: Path
):
    root = put(tmp_path / "p", *(f"{folder}/{label}/1.png" for folder in folders for label in ("a", "b")))
    if classes:
        assert opened(root, tmp_path, choices=readers.choose(label_depth="1")).classes == classes
    else:
        sentence = refusal(root, tmp_path)
        assert f"'{folders[-1]}'" in sentence and "name the splits train, val and test" in sentence


def test_a_train_is_a_class_among_vehicles_and_unlabelled_photos_are_none(tmp_path: Path):
    vehicles = put(tmp_path / "v", "train/1.png", "bus/1.png", "car/1.png")
    assert opened(vehicles, tmp_path).classes == ["bus", "car", "train"]
    root = put(tmp_path / "p", "a/1.png", "b/1.png", "_unlabeled/1.png")
    assert opened(root, tmp_path).classes == ["a", "b"]
    assert opened(root, tmp_path).warnings == ("1 photo in _unlabeled has no label and waits for one",)


def test_photos_in_a_folder_that_says_they_have_no_label_wait_for_one(tmp_path: Path):
    photos = [
        f"{split}/{label}/{n}.png" for split in ("train", "val") for label in ("a", "_unlabeled", "b") for n in "12"
    ]
    made = importing.import_source(put(tmp_path / "p", *photos), data_dir=tmp_path / "data")
    assert (made.num_images, made.num_unlabelled, made.classes) == (8, 4, ("a", "b"))
    waiting = made.manifest().query("status == 'unlabelled'")
    assert sorted(waiting["path"]) == sorted(path for path in photos if "_unlabeled" in path)
    assert set(waiting["split"]) == {""}
    assert opened(tmp_path / "p", tmp_path, choices=readers.choose(label_depth="1")).classes == ["a", "b"]


def test_indofashion_names_bring_their_groups(tmp_path: Path):
    root = put(tmp_path / "p", "saree/1.png", "kurta_men/1.png")
    assert opened(root, tmp_path).groups == {"men": ("kurta_men",), "women": ("saree",)}


def test_folders_that_cannot_be_used_are_named(tmp_path: Path):
    nothing = tmp_path / "nothing"
    nothing.mkdir()
    assert f"folder '{nothing}' holds no photos" in refusal(nothing, tmp_path)
    loose = put(tmp_path / "loose", "1.png", "2.png")
    assert f"folder '{loose}' holds 2 photos but no class folders" in refusal(loose, tmp_path)
    empty = put(tmp_path / "empty", "a/1.png", "b/1.png")
    (empty / "c").mkdir()
    assert f"class folder 'c' in '{empty}' holds no photos" in refusal(empty, tmp_path)
    split_empty = put(tmp_path / "split_empty", "train/a/1.png", "val/a/1.png")
    (split_empty / "train" / "c").mkdir()
    assert "class folder 'c'" in refusal(split_empty, tmp_path)
    one = put(tmp_path / "one", "train/a/1.png", "val/a/1.png")
    assert "holds one class only, 'a'" in refusal(one, tmp_path)
    twins = put(tmp_path / "twins", "train/Saree/1.png", "val/saree/1.png", "train/b/1.png")
    assert "'Saree' and 'saree'" in refusal(twins, tmp_path)
    both = put(tmp_path / "both", "train/a/1.png", "val/a/1.png", "valid/b/1.png")
    assert "'val' and 'valid', which mean the same" in refusal(both, tmp_path)
    bad_name = put(tmp_path / "bad", "a/1.png", "b/1.png")
    (bad_name / "b" / "x\udcff.png").write_bytes(b"x")
    (bad_name / "b" / "no\ntes.txt").write_bytes(b"x")
    assert opened(bad_name, tmp_path).warnings == (
        "1 photo was left out for a name with characters that cannot be shown or stored: 'b/x\\udcff.png'",
    )


def test_a_class_may_be_absent_from_one_split(tmp_path: Path):
    root = put(tmp_path / "p", "train/a/1.png", "train/b/1.png", "val/a/1.png")
    (root / "val" / "b").mkdir()
    assert opened(root, tmp_path).classes == ["a", "b"]


def test_what_is_no_source_is_one_sentence(tmp_path: Path):
    missing = tmp_path / "sarees"
    assert refusal(missing, tmp_path).startswith(f"there is no file or folder '{missing}'")
    for name, data, part in [
        ("empty.zip", b"", "is empty"),
        ("photo.jpg", b"\xff\xd8\xff\xe0 photo", "neither a folder nor an archive"),
        ("set.zip", b"hello", "neither a folder nor an archive"),
        ("set.7z", b"7z\xbc\xaf\x27\x1c and more", "an archive of another kind"),
        ("set.rar", b"Rar!\x1a\x07 and more", "an archive of another kind"),
        ("train-images-idx3-ubyte.gz", gzip.compress(b"x"), "give the folder that holds all four"),
    ]:
        (tmp_path / name).write_bytes(data)
        assert part in refusal(tmp_path / name, tmp_path)


@pytest.mark.parametrize("source", ["", "  ", "a\0b", "a\nb", "caf\udce9"])
def test_what_is_no_path_is_refused(source: str, tmp_path: Path):
    assert "is no path" in refusal(source, tmp_path)


@pytest.mark.parametrize(("made_by", "between"), [(3, "/"), (19, "/"), (0, "\\")])
def test_names_in_a_zip_are_read_as_linux_finder_and_powershell_wrote_them(made_by: int, between: str, tmp_path: Path):
    root = put(tmp_path / "p", "0.png")
    labels_written = ["साड़ी", "Çanta"] if made_by else ["gown", "saree"]
    with zipfile.ZipFile(tmp_path / "photos.zip", "w") as archive:
        for number, label in enumerate(labels_written):
            # zipfile sets the flag for UTF-8 whenever a name needs it; these tools do not, so it is cleared below
            info = zipfile.ZipInfo(f"{label}/{number}.png")
            info.create_system = made_by
            archive.writestr(info, (root / "0.png").read_bytes())
    data = bytearray((tmp_path / "photos.zip").read_bytes())
    for mark, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = -1
        while (at := data.find(mark, at + 1)) >= 0:
            data[at + flags + 1] &= ~0x08
    for number, label in enumerate(labels_written):
        name = f"{label}/{number}.png"
        data = data.replace(name.encode(), name.replace("/", between).encode())
    (tmp_path / "photos.zip").write_bytes(data)
    assert opened(tmp_path / "photos.zip", tmp_path).classes == sorted(labels_written)


def test_what_is_wrong_inside_an_archive_is_said_of_the_archive(tmp_path: Path):
    for name, files, part in [
        ("texts.zip", {"a.txt": b"x"}, "holds no photos"),
        ("loose.zip", {"1.jpg": b"x", "2.jpg": b"x"}, "holds 2 photos but no class folders"),
        ("one.zip", {"saree/1.jpg": b"x"}, "one class only, 'saree'"),
        ("empty class.zip", {"saree/1.jpg": b"x", "gown/1.txt": b"x"}, "class folder 'gown'"),
    ]:
        with zipfile.ZipFile(tmp_path / name, "w") as archive:
            for path, data in files.items():
                archive.writestr(path, data)
        with pytest.raises(SourceError) as refused:
            readers.open_source(tmp_path / name, work_dir=tmp_path / "work" / name)
        assert part in str(refused.value) and str(tmp_path / name) in str(refused.value)
        assert "work" not in str(refused.value)


def test_an_archive_in_an_archive_or_a_folder_is_named_with_what_to_do(tmp_path: Path):
    root = put(tmp_path / "p", "a/1.png", "b/1.png")
    with zipfile.ZipFile(tmp_path / "outer.zip", "w") as outer:
        outer.writestr("in/train.zip", b"x")
        outer.writestr("sample.csv", b"id")
    told = refusal(tmp_path / "outer.zip", tmp_path)
    assert f"archive '{tmp_path / 'outer.zip'}' holds no photos but the archive 'in/train.zip'; unpack it" in told
    (root / "test.zip").write_bytes(b"x")
    assert "unpack them to have their photos: test.zip" in opened(root, tmp_path).warnings[0]
    (tmp_path / "sfx.exe").write_bytes(b"MZ" + bytes(600))
    assert "unpacks itself" in refusal(tmp_path / "sfx.exe", tmp_path)


def test_train_alone_is_divided_and_test_alone_is_kept(tmp_path: Path):
    root = put(tmp_path / "p", *(f"train/{c}/{n}.png" for c in "ab" for n in range(10)))
    assert split_counts(opened(root, tmp_path)) == {"train": 16, "val": 2, "test": 2}
    (root / "train").rename(root / "test")
    assert split_counts(opened(root, tmp_path)) == {"test": 20}


def test_a_licence_beside_the_photos_is_noted(tmp_path: Path):
    root = put(tmp_path / "p", "a/1.png", "b/1.png")
    assert opened(root, tmp_path).note == ""
    (root / "LICENSE.md").write_text("CC0")
    assert opened(root, tmp_path).note == "licence: see LICENSE.md beside the photos"


@pytest.mark.parametrize(
    ("source", "name"),
    [("a/My photos.TAR.GZ", "My photos"), ("x.zip", "x"), ("set.v2", "set.v2"), ("demo", "demo"), ("a/b/", "b")],
)
def test_a_source_suggests_a_name(source: str, name: str):
    assert readers.name_of(source) == name


# --- IndoFashion -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("folder", indofashion.FOLDERS)
def test_the_indofashion_layout_is_read_wherever_its_json_lies(folder: str, tmp_path: Path):
    root = put(tmp_path / "indo", "images/train/1.jpeg", "images/train/2.JPG", "images/val/3.png", "images/test/4.jpg")
    rows = [
        row("images/train/1.jpeg", color="Maroon", brand="Fabindia"),
        row("images/train/2.jpeg", "kurta_men"),
        row("images/train/404.jpg", "gowns"),
    ]
    put_json(root, "train", rows, folder)
    put_json(root, "val", [row("images/val/3.jpg")], folder)
    put_json(root, "test", [row("images/test/4.JPEG")], folder)
    found = opened(root, tmp_path)
    assert (found.kind, found.classes) == ("indofashion", ["gowns", "kurta_men", "saree"])
    assert found.groups == {"men": ("kurta_men",), "women": ("gowns", "saree")}
    by_id = found.rows.set_index("image_id")
    assert by_id["path"].to_dict() == {
        "images/train/1.jpeg": "images/train/1.jpeg",
        "images/train/2.jpeg": "images/train/2.JPG",
        "images/train/404.jpg": "images/train/404.jpg",
        "images/val/3.jpg": "images/val/3.png",
        "images/test/4.JPEG": "images/test/4.jpg",
    }
    assert by_id.index[by_id["missing"]].tolist() == ["images/train/404.jpg"]
    first = by_id.loc["images/train/1.jpeg"]
    assert (first["product_title"], first["brand"], first["color"]) == ("Red & gold", "Fabindia", "Maroon")
    assert by_id["image_url"].isna().all() and by_id["brand"].notna().sum() == 1
    (note,) = found.warnings
    assert note.startswith("12 classes of IndoFashion's 15 have no rows here: blouse, dhoti_pants, dupattas, leggings")


def test_all_fifteen_classes_of_indofashion_come_in_their_order_whatever_the_slashes(tmp_path: Path):
    root = put(tmp_path / "indo", *(f"images/train/{label}.jpeg" for label in labels.INDOFASHION))
    put_json(root, "train", [row(f"images\\train\\{label}.jpeg", label) for label in reversed(labels.INDOFASHION)])
    found = opened(root, tmp_path)
    assert (tuple(found.classes), found.groups) == (labels.INDOFASHION, labels.GROUPS)
    assert found.rows["path"].tolist() == [f"images/train/{label}.jpeg" for label in labels.INDOFASHION]
    put_json(root, "train", [row("images\\..\\..\\x.jpeg"), row("C:\\x.jpeg", "gowns")])
    assert "leads out of the folder" in refusal(root, tmp_path)


def test_a_class_of_two_photos_gives_none_to_val_and_a_share_that_is_none_is_not_claimed(tmp_path: Path):
    names = [f"images/train/{label}-{n}.jpeg" for label in ("saree", "gowns") for n in range(2)]
    root = put(tmp_path / "indo", *names, "images/test/1.jpeg", "images/test/2.jpeg")
    put_json(root, "train", [row(name, name.split("/")[2].split("-")[0]) for name in names])
    put_json(root, "test", [row("images/test/1.jpeg"), row("images/test/2.jpeg", "gowns")])
    found = opened(root, tmp_path)
    assert split_counts(found) == {"train": 4, "test": 2}
    assert found.split_rule == "no val taken from train: no class has 3 photos there"
    assert found.warnings[:2] == ("val_data.json is not there", f"splits: {found.split_rule}")
    more = [f"images/train/saree-{n}.jpeg" for n in range(2, 6)]
    put(root, *more)
    put_json(root, "train", [row(name, name.split("/")[2].split("-")[0]) for name in names + more])
    assert opened(root, tmp_path).split_rule == "val taken from train, 10 %, seed 0"  # 1 of 8
    few = put(tmp_path / "p", *(f"{label}/{n}.png" for label in "ab" for n in range(3)))
    assert opened(few, tmp_path).split_rule == "stratified 80/10/10 (of these few 33 % each), seed 0"


def test_nan_in_the_indofashion_layout_is_no_brand(tmp_path: Path):
    root = put(tmp_path / "indo", "images/train/1.jpeg", "images/train/2.jpeg")
    first = {**row("images/train/1.jpeg", "saree"), "brand": float("nan")}
    put_json(root, "train", [first, row("images/train/2.jpeg", "gowns")])
    found = opened(root, tmp_path)
    assert found.rows.set_index("label")["brand"].isna()["saree"]


def test_val_and_test_alone_are_imported_and_said(tmp_path: Path):
    root = put(tmp_path / "indo", "images/val/1.jpeg", "images/val/2.jpeg")
    put_json(root, "val", [row("images/val/1.jpeg"), row("images/val/2.jpeg", "gowns")])
    found = opened(root, tmp_path)
    assert (split_counts(found), found.split_rule) == ({"val": 2}, "as given")
    assert found.warnings[:2] == (
        "train_data.json is not there, so there is no train split",
        "test_data.json is not there, so there is no test split",
    )


@pytest.mark.parametrize(
    ("label", "nearest"),
    [("sarees", "saree"), ("Women Kurta", "women_kurta"), ("lehnga", "lehenga"), ("Saree", "saree")],
)
def test_a_misspelt_label_names_both_file_and_line(label: str, nearest: str, tmp_path: Path):
    root = put(tmp_path / "indo", "images/train/1.jpeg")
    file = put_json(root, "train", [row("images/train/1.jpeg"), row("images/train/1.jpeg", label)])
    sentence = refusal(root, tmp_path)
    assert sentence == f"{file}, line 2: unknown class {label!r}; did you mean {nearest!r}?"


@pytest.mark.parametrize(
    ("line", "part"),
    [
        ('{"image_path": "a.jpg"', "line 2: not valid JSON"),
        ("[1]", "line 2: not a JSON object"),
        ("[" * 100_000, "line 2: not valid JSON"),
        ('{"class_label": "saree"}', "line 2: image_path is missing"),
        ('{"image_path": "a.jpg"}', "line 2: class_label is missing"),
        ('{"image_path": "a.jpg", "class_label": ["saree"]}', "line 2: class_label is missing"),
        ('{"image_path": "a.jpg", "class_label": "spaceship"}', "known: blouse, dhoti_pants"),
        ('{"image_path": "../../a.jpg", "class_label": "saree"}', "leads out of the folder"),
        ('{"image_path": "/etc/a.jpg", "class_label": "saree"}', "leads out of the folder"),
        ('{"image_path": "C:/a.jpg", "class_label": "saree"}', "leads out of the folder"),
        ('{"image_path": "..\\\\b.jpg", "class_label": "saree"}', "leads out of the folder"),
    ],
)
def test_a_broken_row_names_file_and_line(line: str, part: str, tmp_path: Path):
    root = put(tmp_path / "indo", "images/train/1.jpeg")
    file = put_json(root, "train", [row("images/train/1.jpeg")])
    file.write_text(file.read_text() + line + "\n")
    sentence = refusal(root, tmp_path)
    assert part in sentence and str(file) in sentence


def test_all_photos_missing_says_where_they_were_looked_for(tmp_path: Path):
    root = tmp_path / "indo"
    put_json(root, "val", [row("images/val/1.jpeg"), row("images/val/2.jpeg")])
    sentence = refusal(root, tmp_path)
    assert "none of the 2 photos" in sentence and "'images/val/1.jpeg'" in sentence and f"under '{root}'" in sentence


def test_a_photo_named_twice_keeps_both_rows(tmp_path: Path):
    root = put(tmp_path / "indo", "images/train/1.jpeg", "images/train/2.jpeg")
    put_json(
        root,
        "train",
        [row("images/train/1.jpeg"), row("images/train/2.jpeg", "lehenga")] + [row("images/train/1.jpeg")],
    )
    found = opened(root, tmp_path)
    assert set(found.rows["image_id"]) == {"images/train/1.jpeg", "images/train/1.jpeg~2", "images/train/2.jpeg"}
    assert any("1 rows name a photo" in text for text in found.warnings)


def test_the_real_sample_reads_as_counted_by_hand(tmp_path: Path):
    sample = SHARED / "data" / "indofashion-metadata-sample"
    if not sample.is_dir():
        pytest.skip("the sample of IndoFashion's rows is not on this machine")
    records = [json.loads(line) for file in sorted(sample.glob("*.json")) for line in file.read_text().splitlines()]
    root = put(tmp_path / "indo", *(record["image_path"] for record in records))
    for file in sample.glob("*.json"):
        (root / file.name).write_bytes(file.read_bytes())
    found = opened(root, tmp_path)
    assert dict(found.rows["label"].value_counts()) == collections.Counter(record["class_label"] for record in records)
    assert found.rows["color"].notna().sum() == sum(record.get("color", "N/A") != "N/A" for record in records)
    assert split_counts(found) == {"val": 149, "test": 149} and not found.rows["missing"].any()


# --- Fashion-MNIST ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("zipped", [True, False])
@pytest.mark.parametrize("below", ["", "FashionMNIST/raw"])
def test_idx_files_are_read_as_torchvision_reads_them(zipped: bool, below: str, tmp_path: Path):
    from torchvision.datasets.mnist import read_image_file

    root = put_idx(tmp_path / "fashion" / below, zipped=zipped)
    found = opened(tmp_path / "fashion", tmp_path, choices=NAMED)
    assert (found.kind, tuple(found.classes), found.root) == ("idx", labels.FASHION_MNIST, root)
    assert found.rows["image_id"].is_unique and len(found.rows) == 60
    if not zipped:
        expected = read_image_file(str(root / "train-images-idx3-ubyte")).numpy()
        for number in (0, 7, 39):
            picture = readers.open_photo_of("idx", root, f"train-images-idx3-ubyte#{number}")
            assert picture.mode == "RGB" and np.array_equal(np.asarray(picture)[:, :, 1], expected[number])
            assert (
                readers.of_kind("idx").photo_bytes(root, f"train-images-idx3-ubyte#{number}")
                == expected[number].tobytes()
            )
    third = found.rows.set_index("image_id").loc["train-00003"]
    assert (third["path"].split("#")[1], third["label"]) == ("3", "dress")


def test_other_idx_files_than_fashion_mnists_are_asked_for_their_class_names(tmp_path: Path):
    root = put_idx(tmp_path / "mnist")
    told = refusal(root, tmp_path)
    assert "not Fashion-MNIST's" in told and "10 different numbers, 0 to 9" in told and "--class-names" in told
    digits = tuple("zero one two three four five six seven eight nine".split())
    found = opened(root, tmp_path, choices=readers.choose(class_names=",".join(digits)))
    assert (found.kind, tuple(found.classes), found.note) == ("idx", digits, "")
    assert found.rows.set_index("image_id").loc["test-00013", "label"] == "three"
    assert found.bring.endswith("--class-names zero,one,two,three,four,five,six,seven,eight,nine")
    for file in root.glob("*labels*"):  # letters are numbered from 1 on
        raw = gzip.decompress(file.read_bytes())
        file.write_bytes(gzip.compress(raw[:8] + bytes(1 + number % 3 for number in raw[8:])))
    with pytest.raises(SourceError, match="3 different numbers, 1 to 3, and --class-names gives 10 names"):
        opened(root, tmp_path, choices=readers.choose(class_names=",".join(digits)))
    found = opened(root, tmp_path, choices=readers.choose(class_names="a, b ,c"))
    assert (found.classes, found.rows.set_index("image_id").loc["test-00013", "label"]) == (["a", "b", "c"], "a")
    for wrong, said in (("a,,b", "visible"), ("a,b,a", "twice"), ("a b,a_b", "look alike")):
        with pytest.raises(WrongUse, match=said):
            readers.choose(class_names=wrong)
    with pytest.raises(SourceError, match="has class names of its own"):
        opened(put(tmp_path / "p", "a/1.png", "b/1.png"), tmp_path, choices=NAMED)


@pytest.mark.skipif(not fashion_mnist.SYSTEM_FOLDER.is_dir(), reason="Fashion-MNIST is not installed")
def test_the_real_fashion_mnist_is_told_by_its_labels(tmp_path: Path):
    found = {split: numbers for split, (_, numbers) in fashion_mnist.read(fashion_mnist.SYSTEM_FOLDER).items()}
    assert fashion_mnist.is_fashion(found)
    assert not fashion_mnist.is_fashion(found | {"test": found["test"][::-1]})


def test_a_photo_whose_name_looks_like_an_address_is_still_a_photo(tmp_path: Path):
    put(tmp_path, "a#1.png")
    assert readers.open_photo_of("folders", tmp_path, "a#1.png").size == (4, 4)


@pytest.mark.parametrize("stem", [stem for pair in fashion_mnist.STEMS.values() for stem in pair])
def test_a_damaged_idx_file_is_named(stem: str, tmp_path: Path):
    path = put_idx(tmp_path / "f") / f"{stem}.gz"
    whole = path.read_bytes()
    wrong_magic = gzip.compress(b"\0\0\x08\x09" + gzip.decompress(whole)[4:])
    shorter = gzip.compress(gzip.decompress(whole)[:-1])
    claims = gzip.compress(gzip.decompress(whole)[:4] + b"\xff" * 12 + gzip.decompress(whole)[16:])
    for damaged in (whole[:-9], whole[:20], b"text", b"", wrong_magic, shorter, claims, gzip.compress(b"\0")):
        path.write_bytes(damaged)
        sentence = refusal(tmp_path / "f", tmp_path)
        assert f"'{path}'" in sentence and "get it again" in sentence
    path.unlink()
    assert f"lacks the file {stem}.gz" in refusal(tmp_path / "f", tmp_path)


def test_a_changed_idx_file_is_read_anew(tmp_path: Path):
    root = put_idx(tmp_path / "f", num_train=40)
    assert len(fashion_mnist.pictures(root / "train-images-idx3-ubyte.gz")) == 40
    put_idx(tmp_path / "f", num_train=50)
    assert len(fashion_mnist.pictures(root / "train-images-idx3-ubyte.gz")) == 50


def test_fashion_mnist_by_name_says_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(fashion_mnist, "SYSTEM_FOLDER", tmp_path / "none")
    monkeypatch.chdir(tmp_path)
    assert "dataset-fashion-mnist" in refusal("fashion-mnist", tmp_path)
    put_idx(tmp_path / "none")
    monkeypatch.setattr(fashion_mnist, "is_fashion", lambda numbers_of: True)
    found = opened("fashion-mnist", tmp_path)
    assert (found.root, found.bring) == (tmp_path / "none", "python -m fashion_core import fashion-mnist")


# --- demo ------------------------------------------------------------------------------------------------------------


def test_the_demo_says_that_it_is_drawn_and_its_fingerprint_needs_no_drawing(tmp_path: Path, monkeypatch):
    plan = drawn.plan
    monkeypatch.setattr(drawn, "plan", lambda seed=0: plan(seed, num_train=30, num_val=1, num_test=1))
    found = opened("demo", tmp_path)
    assert found.synthetic and "drawn" in found.note and "not photographed" in found.note
    assert readers.fingerprint_of(found.fingerprint_extra) == readers.known_fingerprint("demo")
    assert readers.known_fingerprint("demo", seed=1) != readers.known_fingerprint("demo")
    monkeypatch.setattr(drawn, "VERSION", "another")
    assert readers.known_fingerprint("demo") != readers.fingerprint_of(found.fingerprint_extra)
    assert readers.known_fingerprint(tmp_path) is None


def test_class_folders_never_opens_a_photo(tmp_path: Path):
    (tmp_path / "p" / "a").mkdir(parents=True)
    (tmp_path / "p" / "b").mkdir()
    for name in ("a/1.jpg", "b/2.jpg"):
        (tmp_path / "p" / name).write_bytes(b"text")
    assert len(class_folders.read(tmp_path / "p").rows) == 2
