"""A review copy (FASHION_READ_ONLY=1): every page opens without torch, shows no way to change anything, and the layer
below refuses what the pages hide."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from fashion_core import audit, infer, launch, manifest, rights, runs, tidy, train, versions
from fashion_core.errors import ReadOnlyError

ROOT = Path(__file__).parents[1]

VISIT = """
import json, sys
from streamlit.testing.v1 import AppTest
seen = {}
for page in ("overview", "dataset", "augmentation", "training", "evaluation", "compare", "embeddings", "predict"):
    app = AppTest.from_file("streamlit_app.py", default_timeout=60)
    for name, value in json.loads(sys.argv[1]).items():
        app.query_params[name] = value
    app.run()
    if page != "overview":
        app.switch_page(f"pages/{page}.py").run()
    assert not app.exception, (page, app.exception)
    seen[page] = {
        "buttons": [button.label for button in app.button],
        "uploads": len(app.get("file_uploader")),
        "told": [element.value for element in app.info],
        "title": [title.value for title in app.title],
    }
print(json.dumps({"torch": "torch" in sys.modules, "pages": seen}))
"""


@pytest.fixture(scope="module")
def visited(tiny_data: Path, tiny_runs: Path) -> dict:
    environment = {"FASHION_READ_ONLY": "1", "FASHION_DATA": str(tiny_data), "FASHION_RUNS": str(tiny_runs)}
    done = subprocess.run(
        [sys.executable, "-c", VISIT, json.dumps({"tab": "Import"})],
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
    assert all(len(page["title"]) == 1 for page in visited["pages"].values())


def test_no_page_of_a_review_copy_offers_a_change(visited: dict):
    for name, page in visited["pages"].items():
        assert page["uploads"] == 0, name
        forbidden = ("Train", "Import", "Audit", "Stop", "Go on", "Use in", "Make a", "Delete", "Measure")
        assert not [label for label in page["buttons"] if label.startswith(forbidden)], (name, page["buttons"])


def test_what_a_review_copy_does_not_do_is_said(visited: dict):
    for name in ("augmentation", "predict", "dataset"):
        assert any("review copy" in sentence for sentence in visited["pages"][name]["told"]), name


def everything_below(folder: Path) -> dict[str, int]:
    return {str(path): path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()}


def test_the_layer_below_refuses_and_writes_nothing(tiny, tiny_source: Path, tiny_run: runs.Run, monkeypatch):
    before = everything_below(tiny.folder.parent) | everything_below(tiny_run.folder.parent)
    monkeypatch.setenv("FASHION_READ_ONLY", "1")
    first = tiny.manifest()["image_id"].iloc[0]
    where = {"data_dir": tiny.folder.parent, "runs_dir": tiny_run.folder.parent}
    changes = [
        lambda: manifest.import_source(str(tiny_source), data_dir=tiny.folder.parent, name="again"),
        lambda: versions.exclude(tiny, {first: "a reason"}, bring=None),
        lambda: audit.run(tiny),
        lambda: train.train(tiny_run, tiny),
        lambda: infer.evaluate(tiny_run, tiny, "val"),
        lambda: runs.create_run(tiny, tiny_run.settings, runs_dir=tiny_run.folder.parent),
        lambda: launch.start_training("tiny", tiny_run.settings, **where),
        lambda: launch.start_group("tiny", tiny_run.settings, 2, **where),
        lambda: launch.start(tiny_run, data_dir=where["data_dir"]),
        lambda: launch.stop(tiny_run),
        lambda: tidy.label(tiny_run, starred=True),
        lambda: tidy.delete(tiny_run),
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
