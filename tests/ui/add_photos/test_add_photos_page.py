"""Adding photos: what cannot begin, what is started, and where it leads when the photos are here."""

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from fashion_core import jobs
from fashion_core.data import first_look
from fashion_core.data.sources import class_map
from fashion_core.launch import background
from tests.support.pages import lab, open_page, written
from ui.add_photos import arrival, classes_editor
from ui.app import address, staging
from ui.app.staging import Staged

__all__ = ["lab"]


LOOK = "Look at these photos"


def press(app, label):
    return next(button for button in app.button if button.label == label).click().run()


@pytest.fixture
def at_once(monkeypatch):
    """Looks are made in this process; imports are only noted."""
    imports = []

    def look(source, folder, *, data_dir, choices, given):
        folder.mkdir(parents=True)
        jobs.remember(folder, os.getpid(), ["look"], began=time.time(), given=given)
        first_look.look(source, folder=folder, data_dir=data_dir, choices=choices)

    monkeypatch.setattr(background, "start_look", look)

    def start_import(*args, **more):
        if "choices" in more:  # not the first start, which draws the demo set
            imports.append((args, more))

    monkeypatch.setattr(background, "start_import", start_import)
    return imports


@pytest.fixture
def own_data(tmp_path, monkeypatch):
    monkeypatch.setenv("FASHION_DATA", str(tmp_path / "data"))
    return tmp_path / "data"


def looked_at(lab, source):
    app = lab("add_photos")
    app.text_input(key="import_source").input(f" {source} ")
    return press(app, LOOK)


@pytest.mark.parametrize(
    ("source", "sentence"),
    [("", "no source was given"), ("/no/such/folder", "there is no file or folder '/no/such/folder'")],
)
def test_a_look_that_cannot_begin_says_why(lab, source, sentence, monkeypatch):
    monkeypatch.setattr(background, "start_look", lambda *args, **keywords: pytest.fail("a look was started"))
    assert sentence in written(looked_at(lab, source))


def test_photos_are_looked_at_and_then_imported_by_a_process_of_its_own(lab, tiny_source, at_once, own_data):
    app = looked_at(lab, tiny_source)
    assert not app.exception and not at_once
    assert "**63 photos of 3 classes**" in written(app) and "To import: 63 photos of 3 classes." in written(app)
    assert "data:image/jpeg" in app.get("html")[0].proto.body and app.query_params["look"]
    name = next(field for field in app.text_input if field.label == "Name of the dataset")
    assert name.value == tiny_source.name
    name.input("My photos")
    press(app, "Import these photos")
    assert not app.exception and at_once[0][0] == (str(tiny_source), "My photos")
    assert app.session_state["import_following"]["id"] == "my-photos"
    assert "look" not in app.query_params


def test_what_was_left_open_is_decided_and_looked_at_again(lab, tiny_source, at_once, own_data):
    app = looked_at(lab, tiny_source)
    next(box for box in app.checkbox if box.label.startswith("Make classes")).check()
    next(field for field in app.text_input if field.label.startswith("Depth")).input("9")
    press(app, "Look again")
    assert "no photo in" in written(app) and "“Depth of the class folders” below" in written(app)
    next(field for field in app.text_input if field.label.startswith("Depth")).input("")
    press(app, "Look again")
    press(app, "Import these photos")
    assert at_once[0][1]["choices"].flags() == ["--join-alike"]


def test_a_table_is_read_by_another_column_of_the_page(lab, at_once, own_data, tmp_path, tiny_source):
    shutil.copytree(tiny_source, tmp_path / "photos")
    photos = sorted(path for path in (tmp_path / "photos").rglob("*") if path.suffix in (".png", ".jpg"))
    rows = [f"{path.relative_to(tmp_path / 'photos')},{n % 2},{n % 3}" for n, path in enumerate(photos)]
    (tmp_path / "photos" / "table.csv").write_text("\n".join(["file,two,three", "gone.jpg,0,0", *rows]))
    app = looked_at(lab, tmp_path / "photos" / "table.csv")
    assert "three" in written(app), "it asks which"
    column = next(box for box in app.selectbox if box.label == "Column of the class")
    assert column.options == ["As it is recognised", "file", "two", "three"]
    column.select("three")
    press(app, "Look again")
    assert f"**{len(photos)} photos of 3 classes**" in written(app) and "label from 'three'" in written(app)
    assert [tab.label for tab in app.tabs] == ["Classes (3)", "First rows", "Not used (1)"]
    assert app.dataframe[1].value["two"].tolist()[:2] == ["0", "1"]
    assert app.dataframe[2].value["Photo"].tolist() == ["gone.jpg"]


def test_classes_that_were_renamed_are_imported_so_and_a_reload_knows_them(lab, tiny_source, at_once, own_data):
    app = looked_at(lab, tiny_source)
    token = app.query_params["look"]
    token = token[0] if isinstance(token, list) else token
    folder = first_look.folder_of(own_data, token)
    classes = first_look.read(folder)["classes"]
    class_map.write(folder / classes_editor.EDITED, {classes[0]: "coat", classes[1]: "coat"})
    app = open_page("add_photos", look=token)
    assert "To import: 63 photos of 2 classes, with your changes (2 classes called otherwise)." in written(app)
    press(app, "Import these photos")
    written_map = Path(at_once[0][1]["choices"].flags()[1])
    assert class_map.read(written_map, classes) == {classes[0]: "coat", classes[1]: "coat"}
    assert not written_map.is_relative_to(own_data / ".incoming")


def test_classes_that_were_renamed_are_still_so_for_whoever_comes_back_from_another_page(
    lab, tiny_source, at_once, own_data
):
    app = looked_at(lab, tiny_source)
    (folder,) = first_look.folders(own_data)
    app.switch_page("pages/lessons.py").run()
    classes = first_look.read(folder)["classes"]
    class_map.write(folder / classes_editor.EDITED, {classes[0]: "coat"})  # as the table did before the page was left
    app.switch_page("pages/add_photos.py").run()
    assert "with your changes (1 class called otherwise)" in written(app)


def test_an_import_under_a_taken_name_leads_back_to_the_look_and_leaves_the_other_datasets_map_alone(
    lab, tiny_source, at_once, own_data
):
    app = looked_at(lab, tiny_source)
    (folder,) = first_look.folders(own_data)
    classes = first_look.read(folder)["classes"]
    class_map.write(folder / classes_editor.EDITED, {classes[0]: "coat"})
    (own_data / ".maps").mkdir()
    its_own = own_data / ".maps" / f"{tiny_source.name}.csv"
    class_map.write(its_own, {classes[1]: "hat"})
    app = open_page("add_photos", look=folder.name)
    press(app, "Import these photos")
    assert class_map.read(its_own, classes) == {classes[1]: "hat"}
    args, more = at_once[0]
    assert class_map.read(Path(more["choices"].flags()[1]), classes) == {classes[0]: "coat"}
    incoming = own_data / ".incoming" / tiny_source.name
    jobs.remember(incoming, os.getpid(), ["import"], began=time.time(), given=more["given"])
    taken = f"dataset '{tiny_source.name}' is there already with other photos (fingerprint a1, now b2); choose another"
    jobs.Reporter(incoming).failed(f"{taken} --name.")
    app.run()
    assert f"'{tiny_source.name}' is there already with other photos; choose another name." in written(app)
    press(app, "Back to these photos")
    assert "with your changes (1 class called otherwise)" in written(app)


def test_the_address_of_a_look_that_is_gone_says_so_once(lab, own_data):
    app = lab("add_photos", look="0123456789abcdef")
    assert [warning.value for warning in app.warning] == [
        "The photos of this address are shown no longer: they were imported or left. Give them again."
    ]
    assert not app.run().warning and "look" not in app.query_params


def test_a_look_goes_when_its_photos_have_arrived(lab, tiny, tiny_data):
    look = first_look.folder_of(tiny_data, "0123456789abcdef")
    look.mkdir(parents=True)
    app = lab("add_photos")
    app.session_state["import_following"] = {"id": tiny.id, "look": look.name}
    app.run()
    assert f"**tiny** is here: {tiny.num_images} photos" in written(app) and not look.exists()


def test_a_look_that_is_stopped_ends_its_process(lab, own_data, monkeypatch):
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])

    def start(source, folder, *, data_dir, choices, given):
        folder.mkdir(parents=True)
        jobs.remember(folder, child.pid, ["look"], began=time.time(), given=given)

    monkeypatch.setattr(background, "start_look", start)
    monkeypatch.setattr(background, "start_import", lambda *args, **more: None)
    app = looked_at(lab, own_data.parent)
    assert child.poll() is None
    press(app, "Stop looking")
    assert child.wait(120) is not None and not app.exception and app.text_input(key="import_source")


def test_what_the_lab_draws_is_imported_without_a_look(lab, at_once, own_data):
    app = looked_at(lab, "demo")
    assert not app.exception and at_once[0][0] == ("demo", None)


def test_edits_of_the_table_of_classes_are_told_apart():
    counts = {"a": {"train": 3, "test": 1}, "b": {"train": 2, "test": 0}, "c": {"train": 5, "test": 5}}
    frame = classes_editor.frame(counts, {"a": "z", "c": "-"})
    assert frame.columns.tolist() == ["Class", "Import", "Called", "Photos", "Train", "Test"]
    assert classes_editor.changes(frame) == {"a": "z", "c": "-"}
    frame.loc[1, "Called"] = " z "
    frame.loc[0, "Called"] = None
    assert classes_editor.changes(frame) == {"b": "z", "c": "-"}
    assert "6 photos of 2 classes" in classes_editor.sentence(counts, {"b": "z", "c": "-"})


def test_a_sentence_about_what_was_uploaded_names_it_as_the_reader_does():
    upload = {"kept": "/data/.incoming/.uploads/0a1b/photos/my photos.zip", "name": "my photos.zip"}
    told = f"archive '{upload['kept']}' holds 3 photos; '{upload['kept']}/a.jpg' is cut off"
    assert (
        arrival.as_uploaded(told, upload) == "archive 'my photos.zip' holds 3 photos; 'my photos.zip/a.jpg' is cut off"
    )
    assert arrival.as_uploaded(told, None) == told


def test_what_was_dropped_is_looked_at_at_once_imported_by_its_name_and_given_up_with_the_look(
    lab, at_once, own_data, tiny_source
):
    app = lab("add_photos")
    for again in (False, True):
        token = app.session_state["_import_photos_token"]
        dropped = staging.of(token)
        shutil.copytree(tiny_source, dropped.folder / "photos" / "My wardrobe")
        dropped.staged = Staged(dropped.folder, dropped.folder / "photos" / "My wardrobe", "My wardrobe", 63, 1)
        app.run()
        assert not app.exception and "**63 photos of 3 classes** in My wardrobe" in written(app)
        name = next(field for field in app.text_input if field.label == "Name of the dataset")
        assert name.value == "My wardrobe" and dropped.folder.is_dir() and staging.of(token).taken
        (own_data / "my-wardrobe").mkdir()
        press(app, "Import these photos")
        assert "there is a dataset called 'My wardrobe' already" in written(app) and dropped.folder.is_dir()
        (own_data / "my-wardrobe").rmdir()
        press(app, "Import these photos" if again else "Give other photos")
        assert staging.of(token) is None and not dropped.folder.exists()
    assert at_once[0][0] == (str(dropped.staged.source), "My wardrobe")
    assert at_once[0][1]["given"] == {"upload": {"kept": str(dropped.staged.source), "name": "My wardrobe"}}


def test_photos_that_have_arrived_are_led_to(lab, tiny):
    for word, page in (("Look at", "Dataset"), ("Train on", "Training")):
        app = lab("add_photos")
        app.session_state["import_following"] = {"id": tiny.id}
        app.run()
        assert f"**tiny** is here: {tiny.num_images} photos, 3 classes." in written(app)
        next(button for button in app.button if button.label == f"{word} tiny").click().run()
        assert not app.exception and [title.value for title in app.title] == [page]
        assert app.query_params["dataset"] in (tiny.id, [tiny.id])
        app.switch_page("pages/add_photos.py").run()
        assert "is here:" not in written(app), "it was led to once"


def test_an_import_is_followed_above_the_form(lab, tiny):
    app = lab("add_photos")
    app.session_state["import_following"] = {"id": tiny.id}
    app.run()
    kinds = [element.type for element in app.main]
    assert kinds.index("button") < kinds.index("text_input")


@pytest.mark.parametrize(("by_back", "title"), [(False, "Add photos"), (True, "Dataset")])
def test_the_address_of_the_old_tab_leads_to_the_page_and_back_from_there_leads_out(lab, monkeypatch, by_back, title):
    monkeypatch.setattr(address, "is_history", lambda: by_back)
    app = open_page("dataset", tab="Import", audience="review")
    assert [element.value for element in app.title] == [title] and not app.warning
    if not by_back:
        assert app.query_params.keys() == {"audience"} and "review" in app.query_params["audience"]
