"""A review copy (FASHION_READ_ONLY=1): every page opens without torch, shows no way to change anything, and the layer
below refuses what the pages hide."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from fashion_core import rights
from fashion_core.data import derived, importing
from fashion_core.data.audit import audit
from fashion_core.errors import ReadOnlyError
from fashion_core.launch import actions, trash
from fashion_core.models import inference
from fashion_core.runs import runs, tags
from fashion_core.training import loop
from tests.support.places import ROOT
from ui.app import navigation

VISIT = """
import json, sys
from urllib.parse import parse_qsl
from streamlit.testing.v1 import AppTest

def visit(page, query):
    app = AppTest.from_file("streamlit_app.py", default_timeout=180)
    for name, value in query.items():
        app.query_params[name] = value
    if page != "overview":
        app.switch_page(f"pages/{page}.py")
    app.run()
    assert not app.exception, (page, app.exception)
    return app

# one of these stands on every page that shows something; on one that can only say that it cannot, none does
SHOWN = {"bidi_component", "dataframe", "selectbox", "button", "button_group", "imgs"}
seen, links, walked = {}, {}, {}
for page, query in json.loads(sys.argv[1]):
    app = visit(page, query)
    links |= {(link.proto.page, link.proto.query_string): page for link in app.get("page_link")}
    seen.setdefault(page, []).append({
        "buttons": [button.label for button in app.button],
        "uploads": len(app.get("file_uploader")),
        "told": [element.value for element in app.info],
        "title": [title.value for title in app.title],
    })
for (page, query), source in links.items():
    app = visit(page or "overview", dict(parse_qsl(query)))
    walked[f"{source} -> {page}?{query}"] = sorted(SHOWN & {element.type for element in app.main})
print(json.dumps({"torch": "torch" in sys.modules, "pages": seen, "walked": walked}))
"""


AUDIENCES = ("class", "review")
START = [(entry.name, {"audience": audience}) for entry in navigation.ENTRIES for audience in AUDIENCES]
START += [("dataset", {"tab": tab, "audience": "class"}) for tab in ("Import", "Audit", "Sampler")]
START += [("evaluation", {"view": "shift", "audience": "class"})]


@pytest.fixture(scope="module")
def visited(tiny_data: Path, tiny_runs: Path) -> dict:
    environment = {"FASHION_READ_ONLY": "1", "FASHION_DATA": str(tiny_data), "FASHION_RUNS": str(tiny_runs)}
    done = subprocess.run(
        [sys.executable, "-c", VISIT, json.dumps(START)],
        cwd=ROOT,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=180,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout.splitlines()[-1])


def test_no_page_of_a_review_copy_loads_torch(visited: dict):
    assert visited["torch"] is False
    assert all(len(page["title"]) == 1 for pages in visited["pages"].values() for page in pages)


def test_no_page_of_a_review_copy_offers_a_change(visited: dict):
    for name, page in [(name, page) for name, pages in visited["pages"].items() for page in pages]:
        assert page["uploads"] == 0, name
        forbidden = ("Train", "Import", "Audit", "Stop", "Go on", "Use in", "Make a", "Delete", "Measure")
        assert not [label for label in page["buttons"] if label.startswith(forbidden)], (name, page["buttons"])


def test_what_a_review_copy_does_not_do_is_said(visited: dict):
    for name in ("augmentation", "predict", "dataset", "add_photos"):
        assert any("review copy" in said for page in visited["pages"][name] for said in page["told"]), name


def test_no_link_of_a_review_copy_leads_to_a_page_that_can_only_say_that_it_cannot(visited: dict):
    assert len(visited["walked"]) >= 8
    assert not [link for link, shown in visited["walked"].items() if not shown]
    assert not [link for link in visited["walked"] if "Import" in link or "add_photos" in link], (
        "nothing can be imported"
    )


def test_the_menu_of_a_review_copy_has_no_page_without_anything_to_show(tiny_runs, monkeypatch):
    def menu() -> set[str]:
        return {
            page["title"] for pages in navigation.pages().values() for page in pages if page["visibility"] == "visible"
        }

    monkeypatch.setenv("FASHION_RUNS", str(tiny_runs))
    monkeypatch.setattr(navigation.st, "Page", lambda path, **words: words)
    every = {entry.title for entry in navigation.ENTRIES}
    assert menu() == every
    monkeypatch.setenv("FASHION_READ_ONLY", "1")
    assert every - menu() == {"Add photos", "Augmentation", "Predict", "Compare"}, "one run is here"


def everything_below(folder: Path) -> dict[str, int]:
    return {str(path): path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()}


def test_the_layer_below_refuses_and_writes_nothing(tiny, tiny_source: Path, tiny_run: runs.Run, monkeypatch):
    before = everything_below(tiny.folder.parent) | everything_below(tiny_run.folder.parent)
    monkeypatch.setenv("FASHION_READ_ONLY", "1")
    first = tiny.manifest()["image_id"].iloc[0]
    where = {"data_dir": tiny.folder.parent, "runs_dir": tiny_run.folder.parent}
    changes = [
        lambda: importing.import_source(str(tiny_source), data_dir=tiny.folder.parent, name="again"),
        lambda: derived.exclude(tiny, {first: "a reason"}, bring=None),
        lambda: audit.run(tiny),
        lambda: loop.train(tiny_run, tiny),
        lambda: inference.evaluate(tiny_run, tiny, "val"),
        lambda: runs.create_run(tiny, tiny_run.settings, runs_dir=tiny_run.folder.parent),
        lambda: actions.start_training("tiny", tiny_run.settings, **where),
        lambda: actions.start_group("tiny", tiny_run.settings, 2, actions.Where(**where)),
        lambda: actions.start(tiny_run, data_dir=where["data_dir"]),
        lambda: actions.stop(tiny_run),
        lambda: tags.label(tiny_run, starred=True),
        lambda: trash.delete(tiny_run),
    ]
    for change in changes:
        with pytest.raises(ReadOnlyError, match="this is a review copy .FASHION_READ_ONLY is set., so no"):
            change()
    assert everything_below(tiny.folder.parent) | everything_below(tiny_run.folder.parent) == before


@pytest.mark.parametrize(("value", "expected"), [("1", True), ("yes", True), ("0", False), ("", False), (None, False)])
def test_the_variable_is_on_unless_it_is_empty_or_nought(value: str | None, expected: bool, monkeypatch):
    monkeypatch.delenv("FASHION_READ_ONLY", raising=False)
    if value is not None:
        monkeypatch.setenv("FASHION_READ_ONLY", value)
    assert rights.read_only() is expected
