"""A new layout is one class and one entry in READERS: a table of photos is read wherever a source may be named."""

import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pandas as pd
import pytest
from PIL import Image

from fashion_core.data import datasets, importing
from fashion_core.data.exports import formats
from fashion_core.data.sources import class_folders, readers
from fashion_core.data.sources.reader import Given, Option, Reader, Source
from fashion_core.errors import SourceError, WrongUse
from tests.support.layouts import put
from tests.support.places import ROOT


def _checked(text: str) -> str:
    if text and not text.isidentifier():
        raise WrongUse(f"a column is one word, got {text!r} in --label-column")
    return text


_COLUMN = Option(
    name="label_column",
    help="Which column of photos.csv holds the label.",
    title="Column of the label",
    about="`label` if not given.",
    check=_checked,
    elsewhere="names a column of a table, and {source} is none; leave it out",
)


class Table(Reader):
    """photos.csv beside the photos that it names."""

    kinds = ("photos.csv",)
    layout = "a table photos.csv beside its photos"
    options = (_COLUMN,)

    def recognises(self, place: Path) -> bool:
        return (place if place.suffix == ".csv" else place / "photos.csv").is_file()

    def read(self, given: Given) -> Source:
        file = given.place if given.place.is_file() else given.place / "photos.csv"
        table = pd.read_csv(file)
        label = table[given.choices[_COLUMN] or "label"]
        rows = table.assign(image_id=table["path"], split="", label=label)
        return given.source(
            "photos.csv", file.parent, sorted(set(rows["label"])), rows, note="photos.csv says the labels"
        )


@pytest.fixture
def tables(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readers, "READERS", (Table(), *readers.READERS))


@pytest.fixture
def table(tmp_path: Path) -> Path:
    names = [f"{n}.png" for n in range(12)]
    root = put(tmp_path / "shop", *names)
    columns: dict[str, object] = {
        "path": names,
        "label": ["kurta", "saree"] * 6,
        "fabric": ["silk"] * 5 + ["wool"] * 7,
        "shop": "A",
    }
    pd.DataFrame(columns).to_csv(root / "photos.csv", index=False)
    return root


@pytest.mark.parametrize("way", ["folder", "file", "wrapped", "archive"])
def test_a_layout_of_one_class_and_one_entry_is_imported_from_folders_files_and_archives(
    way: str, tables: None, table: Path, tmp_path: Path
):
    ways = {"folder": "shop", "file": "shop/photos.csv", "wrapped": "outer", "archive": "shop.zip"}
    given = tmp_path / ways[way]
    if way == "wrapped":
        given.mkdir()
        table.rename(given / "inner")
    if way == "archive":
        with zipfile.ZipFile(given, "w") as archive:
            for file in table.iterdir():
                archive.write(file, f"inner/{file.name}")
    made = importing.import_source(given, data_dir=tmp_path / "data", name="shop")
    assert (made.kind, made.classes, made.splits) == (
        "photos.csv",
        ("kurta", "saree"),
        {"train": 8, "val": 2, "test": 2},
    )
    assert made.split_rule == "stratified 80/10/10 (of these few 17 % each), seed 0"
    assert made.note == "photos.csv says the labels"
    frame = made.manifest()
    assert set(frame["status"]) == {"ok"} and set(frame["shop"]) == {"A"}
    photo = frame.iloc[3]
    data = datasets.read_photo(made, photo["path"], photo["sha256"])
    image = readers.of_kind(made.kind).image(made.root, photo["path"], data)
    assert image == readers.open_photo_of(made.kind, made.root, photo["path"]) == Image.open(made.root / photo["path"])
    copied = formats.write(made, tmp_path / "copy")
    assert sorted(path.name for path in (tmp_path / "copy").rglob("*.png")) == sorted(frame["image_id"])
    assert copied["classes"] == ["kurta", "saree"]


def test_a_readers_option_is_checked_kept_in_the_command_and_refused_where_it_means_nothing(
    tables: None, table: Path, tmp_path: Path
):
    choices = readers.choose(label_column="fabric", join_alike=False)
    made = importing.import_source(table, data_dir=tmp_path / "data", choices=choices)
    assert made.classes == ("silk", "wool") and made.bring.endswith("/shop --label-column fabric")
    with pytest.raises(WrongUse, match="one word, got 'a b'"):
        readers.choose(label_column="a b")
    folders = put(tmp_path / "p", "a/1.png", "b/1.png")
    with pytest.raises(SourceError, match=f"--label-column names a column of a table, and folder '{folders}' is none;"):
        importing.import_source(folders, data_dir=tmp_path / "data", choices=choices)


@pytest.mark.parametrize(
    ("column", "values", "sentence"),
    [
        ("label", ["kurta"] * 12, "folder '{}' holds one class only, 'kurta'; a classifier needs at least two."),
        ("label", ["Kurta", "kurta"] * 6, "classes 'Kurta' and 'kurta' in '{}' look alike: they differ only by case;"),
        ("label", ["ku\x07rta", "saree"] * 6, r"class 'ku\x07rta' in '{}' has characters that cannot be shown"),
        ("path", ["../0.png", *(f"{n}.png" for n in range(1, 12))], "photo '../0.png' leads out of '{}'; "),
        ("path", ["/etc/0.png", *(f"{n}.png" for n in range(1, 12))], "photo '/etc/0.png' leads out of '{}'; "),
        ("path", ["\x1b0.png", *(f"{n}.png" for n in range(1, 12))], r"photo '\x1b0.png' in '{}' has characters that"),
    ],
)
def test_what_class_folders_refuse_is_refused_of_every_layout(column, values, sentence, tables, table, tmp_path: Path):
    frame = pd.read_csv(table / "photos.csv").assign(**{column: values})
    frame.to_csv(table / "photos.csv", index=False)
    with pytest.raises(SourceError) as refused:
        importing.import_source(table, data_dir=tmp_path / "data")
    assert str(refused.value).startswith(sentence.format(table))


def test_every_layout_is_named_in_the_help_of_import_and_in_its_form(monkeypatch: pytest.MonkeyPatch):
    from fashion_core.cli import data
    from ui.add_photos import import_form

    monkeypatch.setattr(readers, "READERS", (Table(), *readers.READERS))
    assert all(reader.layout or reader.names for reader in readers.READERS), "nobody would know that it is there"
    for reader in readers.READERS:
        assert reader.layout in data.what_is_imported()
        assert reader.layout[1:] in import_form.what_may_be_given().replace("\\", "")
    assert "\n- A table photos\\.csv beside its photos\n" in import_form.what_may_be_given()


def test_a_readers_option_is_one_of_the_import_command(table: Path, tmp_path: Path):
    program = (
        "import sys\n"
        "from tests.fashion_core.data.sources.test_new_reader import Table\n"
        "from fashion_core.data.sources import readers\n"
        "readers.READERS = (Table(), *readers.READERS)\n"
        "from fashion_core.__main__ import main\n"
        "sys.argv = ['fashion_core', *sys.argv[1:]]\n"
        "main()\n"
    )
    words = ["import", str(table), "--label-column", "fabric", "--json", "--data-dir", str(tmp_path / "data")]
    done = subprocess.run([sys.executable, "-c", program, *words], capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["classes"] == ["silk", "wool"]


def test_every_kind_has_one_reader_and_a_kind_of_another_version_is_said():
    kinds = [kind for reader in readers.READERS for kind in reader.kinds]
    assert sorted(kinds) == [
        "arrow",
        "demo",
        "fashion-mnist",
        "fiftyone",
        "folders",
        "idx",
        "indofashion",
        "label-studio",
        "list",
        "roboflow",
        "table",
        "webdataset",
    ]
    assert all(kind in readers.of_kind(kind).kinds for kind in kinds)
    assert isinstance(readers.READERS[-1], class_folders.ClassFolders)
    with pytest.raises(SourceError, match="nothing here reads photos of the kind 'photos.csv'"):
        readers.of_kind("photos.csv")
