"""Files that labelling programs write beside photos come in with their classes, splits and columns, no row lost."""

import json
from pathlib import Path

import pandas as pd
import pytest

from fashion_core.data import datasets, dry_run, importing
from fashion_core.data.exports import formats
from fashion_core.data.sources import readers
from tests.support.layouts import opened, put, refusal

NAMES = [f"{number:02}.png" for number in range(12)]
KINDS = ["NA", "saree"] * 6  # a class that a table of anybody's would take for none


def looked(place: Path, tmp_path: Path, **decided: str) -> dict:
    document = dry_run.look(place, data_dir=tmp_path / "data", choices=readers.choose(**decided))
    told = sum(document["splits"].values()) + document["unlabelled"] + sum(document["unused"].values())
    assert document["rows"] == told
    return document


def labels_of(source: readers.Source) -> dict[str, str]:
    return {Path(row.path).name: row.label for row in source.rows.itertuples()}


def put_fiftyone(root: Path, labels: dict, classes: list | None) -> Path:
    put(root, *(f"data/{name}" for name in NAMES))
    (root / "labels.json").write_text(json.dumps({"classes": classes, "labels": labels}))
    return root


@pytest.mark.parametrize("written", ["number", "name", "object"])
def test_fiftyone_labels_are_numbers_names_or_objects(written: str, tmp_path: Path):
    numbers = {"saree": 0, "NA": 1}
    of_photo = {
        "number": lambda kind: numbers[kind],
        "name": lambda kind: kind,
        "object": lambda kind: {"label": kind, "confidence": 0.5, "attributes": {"size": "L", "label": "x"}},
    }[written]
    labels = {name[:-4]: of_photo(kind) for name, kind in zip(NAMES, KINDS, strict=True)}
    source = opened(put_fiftyone(tmp_path / "f", labels, ["saree", "NA"] if written == "number" else None), tmp_path)
    assert labels_of(source) == dict(zip(NAMES, KINDS, strict=True))
    assert source.classes == (["saree", "NA"] if written == "number" else ["NA", "saree"])
    if written == "object":
        assert set(source.rows["confidence"]) == {"0.5"} and set(source.rows["size"]) == {"L"}
        assert set(source.rows["attribute label"]) == {"x"}


def test_every_fiftyone_label_that_is_none_is_counted(tmp_path: Path):
    labels = {name[:-4]: number % 2 for number, name in enumerate(NAMES)}
    labels |= {"00": None, "01": 7, "02": [1, 0], "03": True, "99": 0}
    root = put_fiftyone(tmp_path / "f", labels, ["a", "b"])
    document = looked(root, tmp_path)
    assert (document["rows"], document["unlabelled"]) == (13, 1)
    assert document["unused"] == {"it does not name one class": 3, "no photo at this path": 1}
    assert document["format"] == "FiftyOne labels.json"
    root = put_fiftyone(tmp_path / "g", {"00": 0}, ["a", "b"])
    (root / "labels.json").write_text('{"classes": null, "labels": {}}')
    assert "has no object 'labels'" in refusal(root, tmp_path)


def put_marks(root: Path, split: str, marks: dict[str, str]) -> None:
    put(root, *(f"{split}/{name}" for name in marks))
    lines = ["filename, NA, saree red", *(f"{name}, {cells}" for name, cells in marks.items())]
    (root / split / "_classes.csv").write_text("\n".join(lines))


def test_roboflows_marks_are_classes_and_two_marks_are_counted(tmp_path: Path):
    root = tmp_path / "r"
    for split in ("train", "valid", "test"):
        put_marks(root, split, {f"{split}{n}_jpg.rf.a{n}.jpg": "1, 0" if n % 2 else "0, 1" for n in range(6)})
    put_marks(root, "test", {"a.jpg": "1, 0", "b.jpg": "0, 1", "c.jpg": "1, 1", "d.jpg": "0, 0", "e.jpg": "2, 0"})
    document = looked(root, tmp_path)
    assert document["classes"] == ["NA", "saree red"] and document["splits"] == {"train": 6, "val": 6, "test": 2}
    assert document["unused"] == {"it does not name one class": 2} and document["unlabelled"] == 1
    made = importing.import_source(root, data_dir=tmp_path / "data")
    unused = pd.read_csv(made.folder / "unused.csv")
    assert list(unused["photo"]) == ["c.jpg", "e.jpg"] and list(unused["row"]) == [3, 5]
    assert list(unused["detail"]) == ["it is marked as NA and saree red", "a cell is neither 0 nor 1"]


def test_roboflows_class_folders_are_class_folders(tmp_path: Path):
    root = put(
        tmp_path / "r", *(f"{s}/{k}/{s}{n}.rf.jpg" for s in ("train", "valid", "test") for k in "ab" for n in "12")
    )
    (root / "README.roboflow.txt").write_text("exported\n")
    document = looked(root, tmp_path)
    assert document["format"] == "folders" and document["splits"] == {"train": 4, "val": 4, "test": 4}


@pytest.mark.parametrize("between", [" ", "\t", "   "])
@pytest.mark.parametrize("numbered", [True, False])
def test_lists_of_path_and_label_are_read_one_a_split(between: str, numbered: bool, tmp_path: Path):
    names = [f"my photo {number}.png" for number in range(12)]
    root = put(tmp_path / "l", *(f"images/{name}" for name in names))
    kinds = ["kurta", "red saree"] * 6
    cells = [str(kind == "kurta" and 1 or 0) for kind in kinds] if numbered else kinds
    lines = [f"images/{name}{between}{cell}" for name, cell in zip(names, cells, strict=True)]
    for split, part in (("train", lines[:8]), ("val", lines[8:10]), ("test", lines[10:])):
        (root / f"{split}.txt").write_text("\n".join(part) + "\n\n")
    if numbered:
        (root / "classes.txt").write_text("red saree\nkurta\n")
    source = opened(root, tmp_path)
    assert labels_of(source) == dict(zip(names, kinds, strict=True))
    assert source.classes == (["red saree", "kurta"] if numbered else ["kurta", "red saree"])
    assert source.kind == "list" and dict(source.rows["split"].value_counts()) == {"train": 8, "val": 2, "test": 2}


def test_every_line_of_a_list_is_counted_and_one_list_of_several_must_be_given(tmp_path: Path):
    root = put(tmp_path / "l", *NAMES)
    lines = [f"{name} {number % 2}" for number, name in enumerate(NAMES)]
    lines[:4] = ["00.png", "01.png 0 1", "99.png 1", "02.png 0"]
    (root / "all.txt").write_text("\n".join([*lines, "02.png 1"]))
    document = looked(root, tmp_path)
    assert (document["rows"], document["unlabelled"], document["classes"]) == (13, 1, ["0", "1"])
    assert document["unused"] == {
        "its photo has two labels": 2,
        "no photo at this path": 1,
        "it does not name one class": 1,
    }
    (root / "more.txt").write_text("04.png 1\n")
    assert "'all.txt' and 'more.txt' each name photos" in refusal(root, tmp_path)
    assert opened(root / "all.txt", tmp_path).kind == "list"
    with_folders = put(tmp_path / "f", "a/1.png", "b/2.png")
    (with_folders / "train.txt").write_text("a/1.png 0\nb/2.png 1\n")
    assert opened(with_folders, tmp_path).kind == "folders"


def put_label_studio(root: Path, form: str, chosen: list[list], uploaded: bool = True) -> Path:
    """An export as Label Studio's converter writes it: ``chosen`` has for each photo what each annotator chose."""
    put(root, *(f"images/{name}" for name in NAMES))
    photos = [f"/data/upload/3/{number:08x}-{name}" if uploaded else name for number, name in enumerate(NAMES)]
    tasks, rows = [], []
    for number, (photo, answers) in enumerate(zip(photos, chosen, strict=True)):
        data = {"image": photo, "shop": f"S{number % 2}"}
        annotations = []
        for who, answer in enumerate(answers):
            answer = answer if isinstance(answer, list) else [answer]
            value = {"type": "choices", "from_name": "kind", "to_name": "image", "value": {"choices": answer}}
            annotations.append({"id": who, "completed_by": who, "was_cancelled": False, "result": [value]})
            short = answer[0] if len(answer) == 1 else {"choices": answer}
            by = {"annotator": who, "annotation_id": 10 * number + who, "created_at": "2026", "updated_at": "2026"}
            rows.append(data | {"id": number, "kind": short} | by | {"lead_time": 1.5})
        cancelled = {"id": 99, "was_cancelled": True, "result": [{"type": "choices", "value": {"choices": ["no"]}}]}
        tasks.append({"id": number, "annotations": [*annotations, cancelled], "data": data, "predictions": []})
    if form == "csv":
        frame = pd.DataFrame(rows)
        frame["kind"] = [cell if isinstance(cell, str) else json.dumps(cell) for cell in frame["kind"]]
        frame.to_csv(root / "project-1.csv", index=False)
    else:
        (root / "project-1.json").write_text(json.dumps(tasks if form == "json" else rows))
    return root


@pytest.mark.parametrize("form", ["json", "json-min", "csv"])
def test_label_studios_majority_is_the_class_and_disagreement_is_kept(form: str, tmp_path: Path):
    chosen: list[list] = [[kind] * 3 for kind in KINDS]
    chosen[0] = ["NA", "NA", "saree"]
    chosen[1] = ["NA", "saree"]
    chosen[2] = [["NA", "saree"]]
    if form == "json":
        chosen[3] = []
    root = put_label_studio(tmp_path / "s", form, chosen)
    document = looked(root, tmp_path)
    assert (document["rows"], document["classes"]) == (12, ["NA", "saree"])
    assert document["unused"] == {"it does not name one class": 2} and document["unlabelled"] == (form == "json")
    source = opened(root, tmp_path)
    rows = source.rows.set_index("image_id")
    expected = {f"images/{name}": kind for name, kind in zip(NAMES, KINDS, strict=True) if name not in NAMES[1:3]}
    if form == "json":
        expected["images/03.png"] = ""
    assert dict(rows["label"]) == expected and set(rows["shop"]) == {"S0", "S1"}
    assert rows["choices"].dropna().to_dict() == {"images/00.png": "NA 2, saree 1"}
    assert source.account is not None
    assert list(source.account.unused["detail"]) == ["chosen: NA 1, saree 1", "chosen: NA and saree 1"]


def test_label_studios_csv_is_read_in_the_order_of_letters_that_its_converter_writes(tmp_path: Path):
    """label-studio-converter 0.0.59: sorted columns, and a row of empty cells where nobody annotated."""
    put(tmp_path, "photo_0.png", "photo_1.png", "çanta.png", "waiting.png")
    (tmp_path / "result.csv").write_text(
        '"annotation_id","annotator","cloth","created_at","id","image","lead_time","shop","updated_at"\n'
        '1,"1","10","2026-11-30",1,"/data/upload/1/00000001-photo_0.png",2.5,"S1","2026-11-30"\n'
        '2,"1","NA","2026-11-30",2,"/data/upload/1/00000002-photo_1.png",2.5,"S1","2026-11-30"\n'
        '3,"1","10","2026-11-30",3,"/data/upload/1/00000003-çanta.png",2.5,"S2","2026-11-30"\n'
        '"","","","",4,"/data/upload/1/00000004-waiting.png","","S2",""\n'
    )
    rows = opened(tmp_path, tmp_path).rows.set_index("path")
    assert rows["label"].to_dict() == {"photo_0.png": "10", "photo_1.png": "NA", "waiting.png": "", "çanta.png": "10"}
    assert rows["shop"].to_dict() == {"photo_0.png": "S1", "photo_1.png": "S1", "waiting.png": "S2", "çanta.png": "S2"}


def test_a_path_in_quotes_is_read_as_datumaro_writes_it_and_as_others_do(tmp_path: Path):
    """datumaro 1.13.12, imagenet_txt: quotes around a name with spaces, its ending behind them."""
    put(tmp_path, *(f"images/{name}.png" for name in ("photo 1", "photo 2", "çanta", "waiting", "both", "a b")))
    (tmp_path / "train.txt").write_text(
        '"photo 1".png 0\n"photo 2".png 1\nçanta.png 1\nwaiting.png \nboth.png 0 1\n"a b.png" 0\n'
    )
    (tmp_path / "synsets.txt").write_text("kurta, long\nNA\n")
    source = opened(tmp_path, tmp_path)
    labels = source.rows.set_index("path")["label"].to_dict()
    assert labels == {
        "images/a b.png": "kurta, long",
        "images/photo 1.png": "kurta, long",
        "images/photo 2.png": "NA",
        "images/waiting.png": "",
        "images/çanta.png": "NA",
    }
    assert source.account is not None and source.account.reasons() == {"it does not name one class": 1}


def test_label_studios_photos_are_found_under_both_names(tmp_path: Path):
    root = put_label_studio(tmp_path / "s", "json", [[kind] for kind in KINDS])
    before = labels_of(opened(root, tmp_path))
    for number, name in enumerate(NAMES):
        (root / "images" / name).rename(root / "images" / f"{number:08x}-{name}")
    after = labels_of(opened(root, tmp_path))
    assert before == {name.partition("-")[2]: label for name, label in after.items()}
    text = (root / "project-1.json").read_text().replace("/data/upload/3/", "/data/local-files/?d=images%2F")
    (root / "project-1.json").write_text(text)
    assert labels_of(opened(root, tmp_path)) == after


@pytest.fixture(scope="module")
def out(tiny_source: Path, tmp_path_factory) -> tuple[datasets.Dataset, Path]:
    """A dataset with a column of its own, among its classes NA, and a folder for what goes out."""
    folder = tmp_path_factory.mktemp("out")
    frame = pd.DataFrame(
        [
            (path, path.parts[0], path.parts[1])
            for path in (p.relative_to(tiny_source) for p in tiny_source.rglob("*.png"))
        ],
        columns=["image", "split", "label"],
    )
    root = folder / "photos"
    root.mkdir()
    for split in ("train", "val", "test"):
        (root / split).symlink_to(tiny_source / split)
    frame.assign(brand=[f"B{len(str(path)) % 3}" for path in frame["image"]]).to_csv(root / "t.csv", index=False)
    return importing.import_source(root / "t.csv", data_dir=folder / "data", name="shop"), folder


def content(dataset: datasets.Dataset) -> list[tuple]:
    rows = dataset.manifest()
    return sorted(zip(rows["split"], rows["label"], rows["brand"], rows["sha256"], strict=True))


@pytest.mark.parametrize("format", ["fiftyone", "webdataset"])
def test_what_goes_out_comes_in_again_the_same(format: str, out, tmp_path: Path):
    shop, _ = out
    formats.write(shop, tmp_path / "gone", format)
    again = importing.import_source(tmp_path / "gone", data_dir=tmp_path / "data", name="again")
    assert again.classes == shop.classes and again.splits == shop.splits
    assert content(again) == content(shop)
    for row in again.manifest().itertuples():
        assert datasets.read_photo(again, row.path, row.sha256)
