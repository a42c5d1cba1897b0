"""A table beside photos is read in every form, its columns are told by their cells, and each row is accounted for."""

import json
import re
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from fashion_core.data import datasets, derived, dry_run, importing, pixels
from fashion_core.data.sources import photos, readers
from fashion_core.errors import SourceError, WrongUse
from tests.support.layouts import opened, put

NAMES = [f"{number:02}.png" for number in range(12)]
KINDS = ["kurta", "saree"] * 6


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    return put(tmp_path / "shop", *(f"images/{name}" for name in NAMES))


def table(**columns: list) -> pd.DataFrame:
    return pd.DataFrame({"image": NAMES, "label": KINDS} | columns)


def looked(place: Path, tmp_path: Path, **decided: str) -> dict:
    return dry_run.look(place, data_dir=tmp_path / "data", choices=readers.choose(**decided))


def adds_up(document: dict) -> bool:
    return document["rows"] == sum(document["splits"].values()) + document["unlabelled"] + sum(
        document["unused"].values()
    )


WRITE: dict[str, Callable[[pd.DataFrame, Path], None]] = {
    "t.csv": lambda frame, file: frame.to_csv(file, index=False),
    "semicolons.csv": lambda frame, file: frame.to_csv(file, index=False, sep=";", encoding="utf-8-sig"),
    "numbered.csv": lambda frame, file: frame.to_csv(file),
    "t.tsv": lambda frame, file: frame.to_csv(file, index=False, sep="\t"),
    "t.jsonl": lambda frame, file: frame.to_json(file, orient="records", lines=True),
    "records.json": lambda frame, file: frame.to_json(file, orient="records"),
    "columns.json": lambda frame, file: frame.to_json(file),
    "lists.json": lambda frame, file: file.write_text(json.dumps(frame.to_dict("list"))) and None,
    "inside.json": lambda frame, file: (
        file.write_text(json.dumps({"of": 1, "rows": frame.to_dict("records")})) and None
    ),
    "lines.json": lambda frame, file: frame.to_json(file, orient="records", lines=True),
    "t.parquet": lambda frame, file: frame.assign(label=frame["label"].astype("category")).to_parquet(file),
}


@pytest.mark.parametrize("form", WRITE)
def test_every_form_of_a_table_gives_the_same_rows(form: str, shop: Path, tmp_path: Path):
    frame = table(price=list(range(12)), text=['two\nlines, and "quotes"', *"abcdefghijk"])
    WRITE[form](frame, shop / form)
    source = opened(shop, tmp_path)
    assert source.kind == "table" and source.classes == ["kurta", "saree"]
    rows = source.rows.set_index("image_id")
    assert dict(rows["label"]) == {f"images/{name}": kind for name, kind in zip(NAMES, KINDS, strict=True)}
    assert list(rows["price"]) == [str(number) for number in range(12)]
    assert list(rows["text"]) == list(frame["text"])
    assert source.account is not None and (source.account.num_rows, source.account.reasons()) == (12, {})


CELLS: dict[str, Callable[[str], str]] = {
    "path": lambda name: f"images/{name}",
    "dotted": lambda name: f"./images/{name}",
    "name": lambda name: name,
    "id": lambda name: name.removesuffix(".png"),
    "elsewhere": lambda name: f"/home/me/set/images/{name}",
    "windows": lambda name: f"C:\\set\\images\\{name}",
    "address": lambda name: f"https://shop.example/a/b/{name}?width=300#top",
    "ending": lambda name: name.replace(".png", ".JPG"),
}


@pytest.mark.parametrize("way", CELLS)
def test_a_cell_names_its_photo_in_any_usual_way(way: str, shop: Path, tmp_path: Path):
    table(image=[CELLS[way](name) for name in NAMES]).to_csv(shop / "t.csv", index=False)
    rows = opened(shop, tmp_path).rows
    assert dict(zip(rows["path"], rows["label"], strict=True)) == {
        f"images/{name}": kind for name, kind in zip(NAMES, KINDS, strict=True)
    }


def test_a_cell_is_not_looked_for_where_another_photo_has_its_name(tmp_path: Path):
    root = put(tmp_path / "shop", *(f"a/{name}" for name in NAMES[:11]), *(f"b/{name}" for name in NAMES))
    table(image=[f"a/{name}" for name in NAMES]).to_csv(root / "t.csv", index=False)
    document = looked(root / "t.csv", tmp_path)
    assert document["unused"] == {"no photo at this path": 1} and adds_up(document)
    table().to_csv(root / "t.csv", index=False)  # names alone: eleven are in both folders
    put(root, "b/12.png")
    table(image=[*NAMES[:10], "11.png", "12.png"]).to_csv(root / "t.csv", index=False)
    document = looked(root / "t.csv", tmp_path)
    assert document["unused"] == {"several photos are called so": 10} and adds_up(document)


@pytest.mark.parametrize("way", ["column", "files", "folders", "is_valid"])
def test_a_split_is_told_by_a_column_or_by_a_file_for_each(way: str, shop: Path, tmp_path: Path):
    parts = ["Training"] * 8 + ["valid"] * 2 + ["test"] * 2
    frame = table()
    if way == "column":
        table(part=parts).to_csv(shop / "t.csv", index=False)
    elif way == "is_valid":
        table(is_valid=[part == "valid" for part in parts]).to_csv(shop / "t.csv", index=False)
    for split, rows in frame.groupby(parts):
        file = {"files": f"{split.lower()}_labels.csv", "folders": f"{split.lower()}/metadata.csv"}.get(way)
        if file:
            (shop / file).parent.mkdir(exist_ok=True)
            rows.to_csv(shop / file, index=False)
    document = looked(shop, tmp_path)
    with_test = {"train": 8, "val": 2, "test": 2}
    assert document["splits"] == ({"train": 10, "val": 2} if way == "is_valid" else with_test)
    assert document["split"] == {"column": "part", "is_valid": "is_valid"}.get(way)


@pytest.mark.parametrize("stands", ["column", "classes.txt", "numbered.txt", "names.json", "classes.csv", "from one"])
def test_numbers_have_the_names_of_a_column_or_of_a_file(stands: str, shop: Path, tmp_path: Path):
    first = 1 if stands == "from one" else 0
    frame = table(label=[first + (kind == "kurta") for kind in KINDS])  # saree 0, kurta 1: not in alphabetical order
    if stands == "column":
        frame = frame.assign(class_name=KINDS)
    frame.to_csv(shop / "t.csv", index=False)
    files = {
        "classes.txt": ("classes.txt", "saree\nkurta\nnobody\n"),
        "numbered.txt": ("labels.txt", "1 kurta\n0 saree\n"),
        "names.json": ("names.json", json.dumps({"0": "saree", "1": "kurta"})),
        "classes.csv": ("classes.csv", "class,number\nsaree,0\nkurta,1\n"),
        "from one": ("class_names.txt", "saree\nkurta\n"),
    }
    if stands in files:
        name, text = files[stands]
        (shop / name).write_text(text)
    source = opened(shop, tmp_path)
    rows = source.rows.set_index("path")
    assert {path: rows["label"][path] for path in rows.index} == {
        f"images/{name}": kind for name, kind in zip(NAMES, KINDS, strict=True)
    }
    assert source.classes == (["kurta", "saree"] if stands == "column" else ["saree", "kurta"])


def test_rows_that_are_not_used_are_listed_each_and_counts_add_up(shop: Path, tmp_path: Path):
    (shop / "images/11.png").write_bytes(b"no picture")
    lines = [f"{name},{kind},=1+1" for name, kind in zip(NAMES, KINDS, strict=True)]
    lines += ["00.png,kurta,again", "01.png,kurta,two labels", "gone.png,saree,", ",saree,", "02.png,saree", "a,b,c,d"]
    lines += ["03.png,NA,a second row without a label", "gone too.png,,"]
    put(shop, "images/12.png", "images/13.png", "images/14.png")
    lines += ["12.png,NA,", "13.png,nan,", "14.png,,"]
    (shop / "t.csv").write_text("\n".join(["image,label,text", *lines]))
    document = looked(shop, tmp_path)
    assert document["unused"] == {
        "no photo at this path": 2,
        "no row of the table": 2,
        "its photo has two labels": 2,
        "its photo is named already": 2,
        "names no photo": 1,
    }
    assert document["unlabelled"] == 3 and document["rows"] == len(lines) and adds_up(document)
    assert not (tmp_path / "data").exists()
    made = importing.import_source(shop, data_dir=tmp_path / "data")
    unused = pd.read_csv(made.folder / "unused.csv", encoding="utf-8-sig")
    assert list(unused["row"]) == [2, 12, 13, 14, 15, 16, 17, 18, 19, 20]  # 12 cannot be opened
    assert list(unused["reason"][:2]) == ["its photo has two labels", "its photo is damaged"]
    assert unused["detail"][0] == "row 2: saree, row 14: kurta"
    assert len(lines) == made.num_images + made.num_unlabelled + len(unused)
    frame = made.manifest().set_index("path")
    waiting = frame[frame["status"] == "unlabelled"]
    assert list(waiting.index) == ["images/12.png", "images/13.png", "images/14.png"]
    assert set(waiting["label"]) == set(waiting["split"]) == {""}
    assert frame.loc["gone.png", "status"] == "missing" and frame.loc["images/11.png", "status"] == "damaged"
    assert frame.loc["images/00.png", "text"] == "=1+1"


def test_a_photo_without_a_label_is_in_no_class_no_split_and_no_run(shop: Path, tmp_path: Path):
    from fashion_core.data import contents
    from fashion_core.data.audit import audit
    from fashion_core.data.exports import formats
    from fashion_core.models import inference

    put(shop, "images/12.png")
    whole = table()
    whole.to_csv(shop / "t.csv", index=False)
    without = importing.import_source(shop, data_dir=tmp_path / "data", name="without")
    assert "num_unlabelled" not in json.loads((without.folder / "dataset.json").read_text())
    pd.concat([whole, pd.DataFrame({"image": ["12.png"], "label": ["NA"]})]).to_csv(shop / "t.csv", index=False)
    made = importing.import_source(shop, data_dir=tmp_path / "data", name="with")
    assert datasets.load(made.folder).num_unlabelled == 1
    assert (made.classes, made.splits, made.num_images) == (without.classes, without.splits, without.num_images)
    assert contents.contents_of(made) == contents.contents_of(without)
    frame = made.manifest()
    row = int(np.flatnonzero(frame["status"] == "unlabelled")[0])
    assert pixels.thumbnails(made)[row].any(), "its pixels wait for a label"
    for split in made.splits:
        assert row not in inference.split_rows(made, frame, split)
    told = formats.write(made, tmp_path / "copy")
    assert (told["splits"], told["notes"]) == (without.splits, ["1 photo without a label is apart, in unlabeled"])
    assert len(list((tmp_path / "copy").rglob("*.png"))) == 13
    assert "images/12.png" not in set(audit.run(made).findings()["image_id"])
    assert len(datasets.unusable(frame)) == 0
    less = derived.exclude(made, {"images/00.png": "seen"}, name="less")
    assert less.num_unlabelled == 1 and less.num_images == made.num_images - 1


def test_a_second_label_column_decodes_no_photo_again_and_shares_the_cache(
    shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    table(colour=["red", "blue", "NA"] * 4).to_csv(shop / "t.csv", index=False)
    decoded: list[bytes] = []
    decode = photos.open_photo
    monkeypatch.setattr(photos, "open_photo", lambda data: decoded.append(data) or decode(data))
    with zipfile.ZipFile(tmp_path / "shop.zip", "w") as archive:
        for file in shop.rglob("*.*"):
            archive.write(file, file.relative_to(shop))
    for given in (shop, tmp_path / "shop.zip"):
        data = tmp_path / given.suffix.strip(".") / "data"
        first = importing.import_source(given, data_dir=data, name="first", choices=readers.choose(label="label"))
        again = importing.import_source(given, data_dir=tmp_path / "fresh", choices=readers.choose(label="colour"))
        decoded.clear()
        second = importing.import_source(given, data_dir=data, name="second", choices=readers.choose(label="colour"))
        assert len(decoded) == 12, "each once, to see that all are tiny, and not again for its pixels"
        assert second.classes == ("blue", "red") and second.num_unlabelled == 4
        cache = [one.folder / "pixels-32x32.npy" for one in (first, second)]
        assert cache[0].samefile(cache[1])
        assert (second.fingerprint, second.splits) == (again.fingerprint, again.splits)
        pd.testing.assert_frame_equal(second.manifest(), again.manifest())
        assert (pixels.thumbnails(second) == pixels.thumbnails(again)).all()
        shutil.rmtree(tmp_path / "fresh")


def test_class_folders_with_a_table_beside_them_are_class_folders_unless_a_column_is_named(tmp_path: Path):
    root = put(tmp_path / "p", *(f"{kind}/{name}" for name, kind in zip(NAMES, KINDS, strict=True)))
    table(fabric=["silk", "wool", "wool"] * 4).to_csv(root / "t.csv", index=False)
    folders = opened(root, tmp_path)
    assert folders.kind == "folders" and folders.classes == ["kurta", "saree"]
    assert any("'t.csv'" in told and "--label" in told for told in folders.warnings)
    inside = put(tmp_path / "w", *(f"images/{kind}/{name}" for name, kind in zip(NAMES, KINDS, strict=True)))
    shutil.copy(root / "t.csv", inside)
    assert any("'t.csv'" in told and "--label" in told for told in opened(inside, tmp_path).warnings)
    shutil.rmtree(tmp_path / "work", ignore_errors=True)
    named = opened(root, tmp_path, choices=readers.choose(label="fabric"))
    assert named.kind == "table" and named.classes == ["silk", "wool"]


def test_a_dry_run_says_of_every_layout_what_would_come_and_leaves_nothing(tmp_path: Path):
    root = put(tmp_path / "p", *(f"train/{kind}/{name}" for name, kind in zip(NAMES, KINDS, strict=True)))
    document = looked(root, tmp_path)
    assert document == {
        "format": "folders",
        "image": None,
        "label": None,
        "split": None,
        "classes": ["kurta", "saree"],
        "splits": {"train": 8, "val": 2, "test": 2},
        "unlabelled": 0,
        "rows": 12,
        "unused": {},
        "warnings": [],
    }
    assert not (tmp_path / "data").exists()
    made = importing.import_source(root, data_dir=tmp_path / "data")
    assert made.splits == document["splits"]
    looked(root, tmp_path)
    assert not (tmp_path / "data" / ".incoming").exists() or not list((tmp_path / "data" / ".incoming").glob("look-*"))


def test_the_folder_that_names_the_class_may_lie_deeper(tmp_path: Path):
    places = ["men/shoes", "women/shoes", "women/sarees"]
    root = put(
        tmp_path / "p", *(f"{split}/{place}/{n}.png" for split in ("train", "test") for place in places for n in "12")
    )
    put(root, "train/men/loose.png")
    assert looked(root, tmp_path)["classes"] == ["men", "women"]
    document = looked(root, tmp_path, label_depth="2")
    assert document["classes"] == ["sarees", "shoes"] and document["splits"]["test"] == 6
    assert document["warnings"] == ["1 photo less than 2 folders deep belongs to no class and was left out"]
    with pytest.raises(
        SourceError, match=r"no photo in '.*' lies 3 folders deep \(--label-depth 3\); the deepest lies 2"
    ):
        looked(root, tmp_path, label_depth="3")
    with pytest.raises(WrongUse, match="from 1 to 20, got '0'"):
        readers.choose(label_depth="0")
    table(image=[f"{n}.png" for n in range(12)]).to_csv(root / "t.csv", index=False)
    assert looked(root, tmp_path, label_depth="2")["format"] == "folders"


def test_a_table_that_names_no_photo_takes_no_reason_away_from_class_folders(tmp_path: Path):
    root = put(tmp_path / "p", "kurta/1.png", "saree/2.png")
    (root / "empty").mkdir()
    (root / "prices.csv").write_text("shop,price\nA,100\nB,200\n")
    with pytest.raises(SourceError, match="class folder 'empty' in .* holds no photos"):
        looked(root, tmp_path)


@pytest.fixture
def products(tmp_path: Path) -> Path:
    """120 photos of 40 products, three of each; every fourth product is a saree."""
    root = tmp_path / "products"
    rows = [(f"{number:03}.png", "saree" if number // 3 % 4 == 0 else "kurta", number // 3) for number in range(120)]
    put(root, *(name for name, _, _ in rows))
    pd.DataFrame(rows, columns=["image", "label", "product_id"]).to_csv(root / "t.csv", index=False)
    return root


def test_photos_of_a_group_stay_in_one_split_and_classes_keep_their_shares(products: Path, tmp_path: Path):
    choices = readers.choose(group="product_id")
    made = importing.import_source(products, data_dir=tmp_path / "data", name="grouped", choices=choices)
    frame = made.manifest()
    assert frame.groupby("product_id")["split"].nunique().max() == 1
    assert made.splits == {"train": 96, "val": 12, "test": 12}
    assert made.split_rule == "stratified 80/10/10, each 'product_id' in one split, seed 0"
    for split in made.splits:
        share = (frame.loc[frame["split"] == split, "label"] == "saree").mean()
        assert abs(share - 0.25) < 0.01, split
    assert "--group product_id" in made.bring and not [note for note in made.warnings if "--group" in note]
    again = importing.import_source(products, data_dir=tmp_path / "other", name="grouped", choices=choices)
    assert again.fingerprint == made.fingerprint


def test_a_column_whose_values_are_parted_by_the_splits_is_named(products: Path, tmp_path: Path):
    made = importing.import_source(products, data_dir=tmp_path / "data", name="mixed")
    frame = made.manifest()
    parted = frame.groupby("product_id").filter(lambda rows: rows["split"].nunique() > 1)
    values = parted["product_id"].nunique()
    assert values > 5
    said = (
        f"{values} values of 'product_id' stand in more than one split ({len(parted)} photos); --group product_id keeps"
    )
    assert any(note.startswith(said) for note in made.warnings)
    table = pd.read_csv(products / "t.csv").assign(split=["train", "val", "test"] * 40)
    table.to_csv(products / "t.csv", index=False)
    given = importing.import_source(
        products, data_dir=tmp_path / "data", name="given", choices=readers.choose(group="product_id")
    )
    assert "40 values of 'product_id' stand in more than one split (120 photos)" in given.warnings
    assert given.split_rule == "as given"


def test_a_group_that_cannot_be_kept_together_is_one_sentence(products: Path, tmp_path: Path):
    for group, said in (("product", "no column 'product' that is kept (--group); did you mean 'product_id'?"),):
        with pytest.raises(SourceError, match=re.escape(said)):
            importing.import_source(products, data_dir=tmp_path / "data", choices=readers.choose(group=group))
    table = pd.read_csv(products / "t.csv").assign(product_id=["a", "b"] * 60)
    table.to_csv(products / "t.csv", index=False)
    with pytest.raises(SourceError, match=r"'product_id' has 2 groups \(--group\); 10 at least"):
        importing.import_source(products, data_dir=tmp_path / "data", choices=readers.choose(group="product_id"))
