"""Class folders whose names look alike: two classes to a program, one to a reader, who is asked."""

import itertools
import unicodedata
import zipfile
from pathlib import Path

import pytest

from fashion_core.data import importing
from fashion_core.data.sources import confusable_names, readers
from fashion_core.data.sources.layout import Choices
from fashion_core.errors import SourceError
from tests.support.layouts import put, refusal

COMPOSED, DECOMPOSED = "caf\u00e9", "cafe\u0301"


@pytest.mark.parametrize(
    ("one", "two", "differ"),
    [
        (COMPOSED, DECOMPOSED, "only by how an accent is written"),
        ("kurta men", "kurta_men", "only by spaces, underscores or hyphens"),
        ("t-shirt", "t_shirt", "only by spaces, underscores or hyphens"),
        ("kurta", "kurta ", "only by a space at an end"),
        ("Kurta", "kurta", "only by case"),
        ("kurta", "kur\u200bta", "only by a character that cannot be seen"),
        ("Kurta Men", "kurta_men ", "only by case and by spaces, underscores or hyphens"),
    ],
)
def test_classes_that_look_alike_are_refused_with_both_names_and_what_differs(
    one: str, two: str, differ: str, tmp_path: Path
):
    root = put(tmp_path / "p", f"{one}/1.png", f"{two}/2.png", "saree/3.png")
    told = refusal(root, tmp_path)
    for name in (one, two):
        assert (f"'{name}'" if name.isascii() else ascii(name)) in told
    assert differ in told and "rename one" in told and "--join-alike" in told


def test_names_that_a_reader_tells_apart_stay_two_classes():
    names = ["shirt", "shirts", "tshirt", "t-shirt", "1", "-1", "a1", "a 1", "resume", "r\u00e9sum\u00e9", "_", "__"]
    names += ["\u0915\u0941\u0930\u094d\u0924\u093e", "\u0938\u093e\u0921\u093c\u0940"]
    assert not [
        pair
        for pair in itertools.combinations(names, 2)
        if confusable_names.key(pair[0]) == confusable_names.key(pair[1])
    ]


def test_classes_that_look_alike_are_joined_by_choice_under_the_spelling_with_the_most_photos(tmp_path: Path):
    paths = [f"train/kurta_men/{n}.png" for n in range(3)] + ["train/kurta men/9.png", "val/Kurta Men /8.png"]
    paths += [f"train/{DECOMPOSED}/1.png", f"train/{DECOMPOSED}/2.png", f"val/{COMPOSED}/3.png"]
    found = readers.open_source(
        put(tmp_path / "p", *paths), work_dir=tmp_path / "work", choices=Choices(join_alike=True)
    )
    assert found.classes == [COMPOSED, "kurta_men"] and all(unicodedata.is_normalized("NFC", c) for c in found.classes)
    assert found.rows.value_counts(["label", "split"]).to_dict() == {
        ("kurta_men", "train"): 4,
        ("kurta_men", "val"): 1,
        (COMPOSED, "train"): 2,
        (COMPOSED, "val"): 1,
    }
    assert set(found.rows["path"]) == set(paths)
    assert [note.partition(", because")[0] for note in found.warnings] == [
        "'Kurta Men ' (1), 'kurta men' (1) and 'kurta_men' (3) are one class, 'kurta_men'",
        f"'{DECOMPOSED}' ('cafe\\u0301') (2) and '{COMPOSED}' ('caf\\xe9') (1) are one class, '{COMPOSED}'",
    ]


def test_joined_classes_are_brought_again_by_the_command_of_their_dataset(tmp_path: Path):
    root, data_dir = put(tmp_path / "p", "a b/1.png", "a_b/2.png", "c/3.png"), tmp_path / "data"
    with pytest.raises(SourceError, match="look alike"):
        importing.import_source(root, data_dir=data_dir)
    made = importing.import_source(root, data_dir=data_dir, choices=Choices(join_alike=True))
    assert (made.classes, made.num_images) == (("a b", "c"), 3)
    assert made.bring.endswith(f"import {root} --join-alike")
    with pytest.raises(SourceError, match="one class only"):
        put(root, "c/4.png").joinpath("c/3.png").rename(root / "a_b/3.png")
        (root / "c/4.png").rename(root / "a_b/4.png")
        (root / "c").rmdir()
        importing.import_source(root, data_dir=data_dir, name="one", choices=Choices(join_alike=True))


def test_folders_of_an_archive_that_look_alike_are_refused_for_the_true_reason(tmp_path: Path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        for name in (COMPOSED, DECOMPOSED):
            archive.writestr(f"{name}/1.png", b"x")
    told = refusal(tmp_path / "a.zip", tmp_path)
    assert ascii(COMPOSED) in told and ascii(DECOMPOSED) in told and "only by how an accent is written" in told
