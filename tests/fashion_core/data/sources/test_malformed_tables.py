"""Whatever is wrong with a table is said in one sentence, or in the account of its rows; nothing is half imported."""

import json
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from fashion_core.data import dry_run, importing
from fashion_core.data.sources import readers
from fashion_core.errors import SourceError
from tests.support.layouts import put

NAMES = [f"{number:02}.png" for number in range(12)]
KINDS = ["kurta", "saree"] * 6
LINES = [f"{name},{kind}" for name, kind in zip(NAMES, KINDS, strict=True)]


def csv(*lines: str, header: str = "image,label") -> bytes:
    return "\n".join([header, *lines, ""]).encode()


def parquet(frame: pd.DataFrame) -> bytes:
    return frame.to_parquet()


def frame(**columns: list) -> pd.DataFrame:
    return pd.DataFrame({"image": NAMES, "label": KINDS} | columns)


def text(**columns: list) -> bytes:
    return frame(**columns).to_csv(index=False).encode()


def records(**columns: list) -> list[dict]:
    return frame(**columns).to_dict("records")


#: name -> (file, what stands in it, options, what the sentence says)
REFUSED: dict[str, tuple[str, Callable[[], bytes], dict[str, str], str]] = {
    "empty": ("t.csv", lambda: b"", {}, "is empty; get it again."),
    "header only": ("t.csv", csv, {}, "has no rows; get it again."),
    "no header": ("t.csv", lambda: csv(*LINES[1:], header=LINES[0]), {}, "names a photo ('00.png'), not the columns"),
    "empty first line": ("t.csv", lambda: b"\n" + csv(*LINES), {}, "begins with an empty line"),
    "column twice": ("t.csv", lambda: csv(*LINES, header="label,label"), {}, "two columns named 'label'"),
    "wrong encoding": ("t.csv", lambda: csv(*LINES, "é.png,kurta").decode().encode("latin-1"), {}, "not UTF-8 text"),
    "utf-16": ("t.csv", lambda: csv(*LINES).decode().encode("utf-16"), {}, "not UTF-8 text"),
    "open quote": ("t.csv", lambda: csv(*LINES[:4], '04.png,"kurta', *LINES[5:]), {}, "never closes it"),
    "every row bad": ("t.csv", lambda: csv(*NAMES), {}, "not one row of table"),
    "cut parquet": ("t.parquet", lambda: parquet(frame())[:-40], {}, "damaged or cut off"),
    "text as parquet": ("t.parquet", lambda: csv(*LINES), {}, "damaged or cut off"),
    "nothing plain": (
        "t.parquet",
        lambda: parquet(pd.DataFrame({"a": [[1], [2]]})),
        {},
        "no column of text or numbers",
    ),
    "cut json": ("t.json", lambda: json.dumps(records()).encode()[:-9], {}, "cannot be read (no valid JSON, "),
    "json of numbers": ("t.json", lambda: b"[1, 2]", {}, "not one row of table"),
    "key twice": ("t.json", lambda: b'[{"image": "00.png", "image": "01.png"}]', {}, "key 'image' stands twice"),
    "deep json": ("t.json", lambda: b"[" * 100_000, {}, "too deep to be a table"),
    "unequal columns": ("t.json", lambda: b'{"image": ["00.png"], "label": ["a", "b"]}', {}, "not of one length"),
    "unknown label": (
        "t.csv",
        lambda: csv(*LINES),
        {"label": "lable"},
        "no column 'lable' (--label); did you mean 'label'?",
    ),
    "unknown image": (
        "t.csv",
        lambda: csv(*LINES),
        {"image": "photo"},
        "no column 'photo' (--image); known: image, label",
    ),
    "unknown split": ("t.csv", lambda: csv(*LINES), {"split": "part"}, "no column 'part' (--split); "),
    "no such folder": ("t.csv", lambda: csv(*LINES), {"photos": "nowhere"}, "there is no folder '"),
    "no photo": ("t.csv", lambda: csv("a.png,kurta", "b.png,saree"), {}, "names no photo that is under"),
    "image is no photo": ("t.csv", lambda: csv(*LINES), {"image": "label"}, "names no photo that is under"),
    "two images": ("t.csv", lambda: text(back=NAMES[::-1]), {}, "--image image or --image back"),
    "two labels": ("t.csv", lambda: text(**{"class": ["a", "a", "b"] * 4}), {}, "columns 'label' and 'class' of table"),
    "no label": ("t.csv", lambda: text(label=NAMES), {}, "no column that could be the label"),
    "names as label": (
        "t.csv",
        lambda: text(text=list("abcdefghijkl")),
        {"label": "text"},
        "has 12 different values in 12 rows: names of things rather than classes",
    ),
    "one class": ("t.csv", lambda: text(label=["kurta"] * 12), {"label": "label"}, "one class only"),
    "alike": ("t.csv", lambda: text(label=["Kurta", "kurta"] * 6), {}, "write them alike in the table"),
    "no split name": ("t.csv", lambda: text(part=list("ab") * 6), {"split": "part"}, "not what split"),
    "two splits": (
        "t.csv",
        lambda: text(set=["train", "test"] * 6, part=["test", "train"] * 6),
        {},
        "could each be the split",
    ),
    "all contradict": ("t.csv", lambda: csv("00.png,a", "00.png,b", "01.png,a", "01.png,b"), {}, "no row of table"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_table_that_cannot_be_used_is_refused_with_one_sentence(case: str, tmp_path: Path):
    name, content, decided, sentence = REFUSED[case]
    root = put(tmp_path / "shop", *NAMES)
    (root / name).write_bytes(content())
    there = sorted(tmp_path.rglob("*"))
    for given in (root / name, root):
        if given == root and name.endswith(".json"):
            continue  # JSON beside photos is often something else: a folder is what its photos say
        with pytest.raises(SourceError) as refused:
            importing.import_source(given, data_dir=tmp_path / "data", choices=readers.choose(**decided))
        told = str(refused.value)
        assert sentence in told and told.isprintable() and "\n" not in told
        assert str(root) in told and not list((tmp_path / "data").glob("*/dataset.json"))
        assert not list((tmp_path / "data" / ".incoming").glob("*/dataset"))
    assert [path for path in sorted(tmp_path.rglob("*")) if "data" not in path.parts] == there


#: name -> (lines, reason -> rows, photos in splits)
COUNTED: dict[str, tuple[list[str], dict[str, int], int]] = {
    "a bad row": ([*LINES, "00.png,kurta,more"], {"no row of the table": 1}, 12),
    "a short row": ([*LINES[1:], "00.png"], {"no row of the table": 1}, 11),
    "a missing file": ([*LINES, "gone.png,kurta"], {"no photo at this path": 1}, 12),
    "a row without a photo": ([*LINES, ",kurta"], {"names no photo": 1}, 12),
    "two labels": ([*LINES, "00.png,saree"], {"its photo has two labels": 2}, 11),
    "a copy": ([*LINES, "00.png,kurta"], {"its photo is named already": 1}, 12),
    "a copy without a label": ([*LINES, "00.png,"], {"its photo is named already": 1}, 12),
    "out of the folder": ([*LINES, "../../etc/passwd,kurta"], {"no photo at this path": 1}, 12),
    "a class of none": ([*LINES, "gone.png,lehenga"], {"no photo at this path": 1}, 12),
    "odd characters": ([*LINES, "a\x07.png,kurta"], {"no photo at this path": 1}, 12),
}


@pytest.mark.parametrize("case", COUNTED)
def test_a_row_that_cannot_be_used_is_counted_and_the_others_come(case: str, tmp_path: Path):
    lines, unused, num = COUNTED[case]
    root = put(tmp_path / "shop", *NAMES)
    (root / "t.csv").write_bytes(csv(*lines))
    document = dry_run.look(root, data_dir=tmp_path / "data")
    assert (document["unused"], sum(document["splits"].values()), document["rows"]) == (unused, num, len(lines))
    assert sum("unused.csv" in told for told in document["warnings"]) == 1
    made = importing.import_source(root, data_dir=tmp_path / "data")
    listed = pd.read_csv(made.folder / "unused.csv")
    assert listed["reason"].value_counts().to_dict() == unused and made.num_images == num


def test_a_class_in_test_only_comes_and_is_said(tmp_path: Path):
    root = put(tmp_path / "shop", *NAMES)
    splits = ["train"] * 8 + ["test"] * 4
    frame(label=["a", "b"] * 4 + ["a", "c"] * 2, split=splits).to_csv(root / "t.csv", index=False)
    made = importing.import_source(root, data_dir=tmp_path / "data")
    assert made.classes == ("a", "b", "c") and any("train has no photos of c" in told for told in made.warnings)


def test_a_photo_in_two_splits_is_in_none(tmp_path: Path):
    root = put(tmp_path / "shop", *NAMES)
    both = [*range(8), 0, *range(8, 12)]
    rows = frame().iloc[both].assign(split=["train"] * 8 + ["test"] * 5)
    rows.to_csv(root / "t.csv", index=False)
    document = dry_run.look(root, data_dir=tmp_path / "data")
    assert document["unused"] == {"its photo is in two splits": 2} and sum(document["splits"].values()) == 11


def test_a_label_without_a_split_beside_others_that_have_one_is_not_guessed(tmp_path: Path):
    root = put(tmp_path / "shop", *NAMES)
    frame(split=["train"] * 8 + ["test"] * 3 + [""]).to_csv(root / "t.csv", index=False)
    assert dry_run.look(root, data_dir=tmp_path / "data")["unused"] == {"it has a label and no split": 1}


def test_of_several_tables_the_one_that_names_photos_is_read_and_others_are_named(tmp_path: Path):
    root = put(tmp_path / "shop", *NAMES)
    (root / "t.csv").write_bytes(csv(*LINES))
    (root / "prices.csv").write_text("shop,price\nA,1\nB,2\n")
    assert dry_run.look(root, data_dir=tmp_path / "data")["warnings"][1] == "'prices.csv' was not read"
    with pytest.raises(SourceError, match="has a column 'lable'; did you mean 'label'"):
        dry_run.look(root, data_dir=tmp_path / "data", choices=readers.choose(label="lable"))
    (root / "more.csv").write_bytes(csv(*LINES, header="image,class"))
    with pytest.raises(SourceError, match="has 2 tables that name its photos, 'more.csv' and 't.csv'; give the one"):
        dry_run.look(root, data_dir=tmp_path / "data")
    assert dry_run.look(root, data_dir=tmp_path / "data", choices=readers.choose(label="class"))["label"] == "class"
