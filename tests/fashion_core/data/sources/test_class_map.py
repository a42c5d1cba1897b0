"""What the classes become: a table of a person's renames them, joins several, leaves some out, and can be repeated."""

import csv
import os
import shlex
import time
from collections import Counter
from pathlib import Path

import pandas as pd
import pytest

from fashion_core.data import datasets, dry_run, first_look, importing
from fashion_core.data.sources import class_map, drawn, readers
from fashion_core.errors import SourceError
from tests.support.layouts import put

PHOTOS = [f"{label}/{number}.png" for label in ("kurta", "saree", "gown", "misc") for number in range(6)]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return put(tmp_path / "photos", *PHOTOS)


def written(path: Path, *lines: str) -> Path:
    path.write_text("\n".join(["class,becomes", *lines]), encoding="utf-8")
    return path


def brought(source: Path, tmp_path: Path, table: Path, **more: str) -> datasets.Dataset:
    return importing.import_source(
        source, data_dir=tmp_path / "data", choices=readers.choose(map=str(table), **more), name=more.pop("name", None)
    )


def labels_of(dataset: datasets.Dataset) -> Counter:
    return Counter(dataset.manifest()["label"])


def test_class_folders_are_renamed_joined_and_left_out_and_the_command_does_it_again(folder, tmp_path):
    table = written(tmp_path / "map.csv", "kurta,tunic", "saree,tunic", "misc,-")
    dataset = brought(folder, tmp_path, table)
    assert labels_of(dataset) == {"gown": 6, "tunic": 12} and dataset.classes == ("gown", "tunic")
    assert dataset.warnings == (
        "classes as the map says: kurta is tunic, saree is tunic, misc is left out with 6 photos",
    )
    with open(dataset.folder / datasets.CLASS_MAP, encoding="utf-8-sig", newline="") as file:
        assert list(csv.reader(file)) == [["class", "becomes"], ["kurta", "tunic"], ["saree", "tunic"], ["misc", "-"]]
    words = shlex.split(dataset.bring)
    assert words[words.index("--map") + 1] == str(table)
    assert brought(folder, tmp_path, table).fingerprint == dataset.fingerprint
    per_class = dataset.manifest().groupby(["label", "split"]).size()
    assert per_class["tunic"].to_dict() == {"test": 1, "train": 10, "val": 1}, "the splits follow the new classes"


def test_a_dry_run_counts_what_is_left_out_and_adds_up(folder, tmp_path):
    table = written(tmp_path / "map.csv", "misc,-", "gown,-")
    found = dry_run.look(folder, data_dir=tmp_path / "data", choices=readers.choose(map=str(table)))
    assert found["classes"] == ["kurta", "saree"] and found["unused"] == {"its class is left out": 12}
    assert found["rows"] == 24 == sum(found["splits"].values()) + sum(found["unused"].values())


def test_each_row_of_a_table_that_is_left_out_stands_in_the_account(tmp_path):
    place = put(tmp_path / "shop", *(f"{number}.png" for number in range(12)))
    kinds = ["kurta", "saree", "bag", ""] * 3
    frame = pd.DataFrame({"image": [f"{number}.png" for number in range(12)], "label": kinds})
    frame.loc[12] = ["gone.png", "bag"]
    frame.to_csv(place / "table.csv", index=False)
    dataset = brought(place, tmp_path, written(tmp_path / "map.csv", "bag,-", "kurta,long shirt"))
    assert labels_of(dataset) == {"long shirt": 3, "saree": 3, "": 3} and dataset.num_unlabelled == 3
    unused = pd.read_csv(dataset.folder / datasets.UNUSED, keep_default_na=False)
    assert unused[["row", "photo", "label", "reason"]].to_numpy().tolist() == [
        *([row, f"{row - 1}.png", "bag", "its class is left out"] for row in (3, 7, 11)),
        [13, "gone.png", "bag", "no photo at this path"],
    ]
    assert len(unused) + dataset.num_images + dataset.num_unlabelled == 13


def test_classes_that_look_alike_are_told_apart_or_joined_by_the_map(tmp_path):
    place = put(
        tmp_path / "photos", *(f"{label}/{n}.png" for label in ("kurta men", "kurta_men", "saree") for n in range(3))
    )
    with pytest.raises(SourceError, match="look alike"):
        importing.import_source(place, data_dir=tmp_path / "data")
    table = written(tmp_path / "map.csv", "kurta men,kurta_men")
    assert labels_of(brought(place, tmp_path, table)) == {"kurta_men": 6, "saree": 3}


def test_a_map_of_several_layouts_gives_another_fingerprint(tmp_path, folder, monkeypatch):
    monkeypatch.setattr(drawn, "write", lambda *args: None)  # rows alone are looked at
    plain = importing.import_source(folder, data_dir=tmp_path / "data", name="plain")
    mapped = brought(folder, tmp_path, written(tmp_path / "map.csv", "misc,other"))
    assert mapped.fingerprint != plain.fingerprint and mapped.num_images == plain.num_images
    work = tmp_path / "work"
    table = written(tmp_path / "demo.csv", "saree,drape", "dupattas,drape")
    made = readers.open_source("demo", work_dir=work, choices=readers.choose(map=str(table)))
    assert len(made.classes) == 14 and "drape" in made.classes and made.bring.endswith(f"--map {table}")
    assert readers.known_fingerprint("demo", 0, readers.choose(map=str(table))) is None
    assert readers.fingerprint_of(made.fingerprint_extra) != readers.known_fingerprint("demo")


@pytest.mark.parametrize(
    ("lines", "sentence"),
    [
        (["kurta,tunic", "sari,drape"], "row 2 of '{}' names class 'sari', which is not here (--map)"),
        (["kurta,a", "kurta,b"], "rows 1 and 2 of '{}' say of class 'kurta' that it becomes 'a' and 'b' (--map)"),
        ([f"{label},-" for label in ("kurta", "saree", "gown", "misc")], "'{}' leaves every class out (--map)"),
        (["kurta,-", "saree,-", "gown,-"], "holds one class only, 'misc'"),
        (["kurta,saree", "saree,saree", "gown,saree", "misc,Saree"], "classes 'Saree' and 'saree' in"),
        (["kurta,a\x07b"], "is no name for a class"),
    ],
)  # fmt: skip
def test_a_map_that_cannot_be_meant_is_one_sentence(lines, sentence, folder, tmp_path):
    table = written(tmp_path / "map.csv", *lines)
    with pytest.raises(SourceError) as told:
        brought(folder, tmp_path, table)
    assert sentence.format(table).replace("classes 'Saree'", "'Saree'") in str(told.value)
    assert not [path for path in (tmp_path / "data").iterdir() if not path.name.startswith(".")]


def test_what_is_no_map_is_refused(folder, tmp_path):
    for table, sentence in (
        (tmp_path / "none.csv", "there is no file"),
        (put(tmp_path / "other", "a.png") / "a.png", "is no table"),
        (tmp_path / "columns.csv", "has the columns 'a' and 'b' (--map); it needs class and becomes"),
    ):
        if table.name == "columns.csv":
            table.write_text("a,b\n1,2\n")
        with pytest.raises(SourceError) as told:
            brought(folder, tmp_path, table)
        assert sentence in str(told.value)


def test_a_class_that_is_called_as_what_means_left_out_stays(tmp_path):
    place = put(tmp_path / "photos", *(f"{label}/{n}.png" for label in ("-", "saree", "gown") for n in range(3)))
    assert labels_of(brought(place, tmp_path, written(tmp_path / "map.csv", "saree,drape"))) == {
        "-": 3, "drape": 3, "gown": 3,
    }  # fmt: skip


def test_a_written_map_reads_as_it_was_given(tmp_path):
    becomes = {"kurta": "tunic, long", 'a "b"': "-", "=c": "ü"}
    class_map.write(tmp_path / "map.csv", becomes)
    assert class_map.read(tmp_path / "map.csv", [*becomes, "other"]) == becomes


def test_a_first_look_says_what_an_import_would_and_leaves_only_that(folder, tmp_path):
    look = tmp_path / "look"
    found = first_look.look(folder, folder=look, data_dir=tmp_path / "data")
    assert found == first_look.read(look) and not (tmp_path / "data").exists()
    assert sorted(path.name for path in look.iterdir()) == ["lock", "look.json", "progress.json"]
    plan = dry_run.look(folder, data_dir=tmp_path / "data")
    assert {name: found[name] for name in plan} == plan
    assert found["counts"] == {label: {"train": 4, "val": 1, "test": 1} for label in ("gown", "kurta", "misc", "saree")}
    assert [picture["label"] for picture in found["pictures"]] == ["gown", "kurta", "misc", "saree"] * 2
    assert all(picture["jpeg"] for picture in found["pictures"])
    refused = first_look.look(tmp_path / "nowhere", folder=look, data_dir=tmp_path / "data")
    assert refused["error"].startswith("there is no file or folder") and refused["columns"] == []


def test_looks_that_nobody_came_back_to_are_swept_away(tmp_path):
    data_dir = tmp_path / "data"
    for token, age in (("0" * 16, 0), ("1" * 16, 2 * first_look.KEPT_SECONDS)):
        folder = first_look.folder_of(data_dir, token)
        folder.mkdir(parents=True)
        os.utime(folder, (time.time() - age,) * 2)
    first_look.sweep(data_dir)
    assert [path.name for path in (data_dir / ".incoming" / ".looks").iterdir()] == ["0" * 16]
    assert first_look.folder_of(data_dir, "../../etc") is None and datasets.list_imports(data_dir) == []
