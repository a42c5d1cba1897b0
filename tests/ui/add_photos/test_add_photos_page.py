"""Adding photos: what cannot begin, what is started, and where it leads when the photos are here."""

import pytest

from fashion_core.launch import background
from tests.support.pages import lab, open_page, written
from ui.add_photos import import_form
from ui.app import address

__all__ = ["lab"]


@pytest.mark.parametrize(
    ("source", "sentence"),
    [("", "no source was given"), ("/no/such/folder", "there is no file or folder '/no/such/folder'")],
)
def test_an_import_that_cannot_begin_says_why(lab, source, sentence, monkeypatch):
    monkeypatch.setattr(background, "start_import", lambda *args, **keywords: pytest.fail("an import was started"))
    app = lab("add_photos")
    app.text_input(key="import_source").input(source)
    next(button for button in app.button if button.label == "Import these photos").click().run()
    assert sentence in written(app)


def test_an_import_from_the_page_runs_as_a_process_of_its_own(lab, tiny_source, tmp_path, monkeypatch):
    started = []
    monkeypatch.setattr(background, "start_import", lambda *args, **keywords: started.append((args, keywords)))
    app = lab("add_photos")
    app.text_input(key="import_source").input(f" {tiny_source} ")
    app.text_input(key="import_name").input("My photos")
    app.checkbox(key="import_join_alike").check()
    next(button for button in app.button if button.label == "Import these photos").click().run()
    assert not app.exception and started[0][0] == (str(tiny_source), "My photos")
    assert started[0][1]["choices"].flags() == ["--join-alike"]
    assert app.session_state["import_following"]["id"] == "my-photos"


def test_an_uploaded_archive_is_kept_under_a_name_of_ours(tmp_path, monkeypatch):
    class Upload:
        name = "../../evil.tar.gz"

        def getbuffer(self):
            return b"bytes"

    monkeypatch.setenv("FASHION_DATA", str(tmp_path))
    kept = import_form._keep_upload(Upload())
    assert (
        kept.read_bytes() == b"bytes" and kept.name.endswith(".tar.gz") and kept.is_relative_to(tmp_path / ".incoming")
    )


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
    assert [element.value for element in app.title] == [title]
    if not by_back:
        assert app.query_params.keys() == {"audience"} and "review" in app.query_params["audience"]
