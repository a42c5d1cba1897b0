"""Names of classes, datasets, runs and settings come from files: every page shows them as they are written, and none of
them becomes a picture, a link, a formula, an icon or a tag."""

import json
import shutil

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from fashion_core import processes, storage
from fashion_core.data import pixels
from fashion_core.runs import runs
from tests.support.hostile import PAYLOADS, hostile
from tests.support.made_runs import add_half_precision_weights, make_run
from tests.support.pictures import png
from tests.support.places import ROOT

PAGES = ("overview", "dataset", "augmentation", "training", "evaluation", "compare", "embeddings", "predict", "claims")


def open_page(name: str, **query: str) -> AppTest:
    app = AppTest.from_file(str(ROOT / "streamlit_app.py"), default_timeout=120)
    for key, value in query.items():
        app.query_params[key] = value
    app.switch_page(str(ROOT / "pages" / f"{name}.py"))
    app.run()
    assert not app.exception, app.exception[0].message
    return app


PICTURE, LINK, TAG, BACKTICKS, ICON, FORMULA, COLOUR = PAYLOADS


# Side by side where neither changes how the other is read; a code span would hide what stands in it.
@pytest.fixture(params=[f"{PICTURE} {ICON} {FORMULA}", f"{LINK} {COLOUR} {TAG}", BACKTICKS])
def lab(request, tiny_data, tmp_path, monkeypatch):
    """A dataset and a run on it whose every name holds the payloads; another run, that trains, is called the same."""
    payload = request.param
    classes = (payload, f"{payload} 2", "shoe")
    shutil.copytree(tiny_data, tmp_path / "data")
    folder = tmp_path / "data" / "tiny"
    record = json.loads((folder / "dataset.json").read_text())
    renamed = dict(zip(record["classes"], classes, strict=True))
    storage.write_json(folder / "dataset.json", record | {"classes": list(classes), "name": payload})
    frame = pd.read_parquet(folder / "manifest.parquet")
    frame["label"] = frame["label"].map(renamed)
    storage.write_parquet(folder / "manifest.parquet", frame)
    for cache in folder.glob("pixels-*.npy"):
        pixels.seal(folder, cache, record["fingerprint"])
    usable = frame[frame["status"] == "ok"]
    of = {split: usable[usable["split"] == split] for split in ("test", "val")}
    fingerprints = {"hostile": record["fingerprint"], "elsewhere": "f" * 16, "training": "e" * 16}
    for name, fingerprint in fingerprints.items():
        run = make_run(
            tmp_path / "runs" / name,
            classes,
            counts={split: len(rows) for split, rows in of.items()},
            fingerprint=fingerprint,
            image_ids={split: list(rows["image_id"]) for split, rows in of.items()},
            labels={split: list(rows["label"]) for split, rows in of.items()},
        )
        config = json.loads((run.folder / "config.json").read_text())
        config["dataset"] |= {"name": payload, "bring": f"bring {payload}"}
        storage.write_json(run.folder / "config.json", config | {"changed": {"epochs": payload, payload: 3}})
    add_half_precision_weights(runs.find_run(tmp_path / "runs", "hostile"))
    own = {"event": "stopped", "time": 0, "reason": payload}
    storage.append_line(tmp_path / "runs" / "elsewhere" / "events.jsonl", own)
    (tmp_path / "runs" / "training" / "summary.json").unlink()
    own = {"event": "started", "time": 0, "reason": payload, "process": processes.process_identity()}
    storage.append_line(tmp_path / "runs" / "training" / "events.jsonl", own)
    monkeypatch.setenv("FASHION_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("FASHION_RUNS", str(tmp_path / "runs"))
    return payload


def test_no_page_renders_a_name_as_markdown(lab):
    for page in PAGES:
        app = open_page(page, run="hostile")
        assert not hostile(app), (page, hostile(app))
    for page in ("training", "evaluation", "embeddings"):
        for run in ("elsewhere", "training"):
            app = open_page(page, run=run)
            assert not hostile(app), (page, run, hostile(app))
    app = open_page("predict", run="hostile", **{"from": "own"})
    files = [
        (f"{lab}.jpg", b"no photo", "image/jpeg"),
        (f"{lab}.png", png(), "image/png"),
        ("b.png", png(), "image/png"),
    ]
    app.file_uploader(key="uploads").set_value(files).run()
    assert not app.exception and app.metric and not hostile(app), hostile(app)


@pytest.mark.parametrize("payload", PAYLOADS)
def test_the_search_for_payloads_finds_what_is_not_escaped(payload):
    script = f"import streamlit as st\np = {payload!r}\nst.markdown(p)\nst.metric('a', p)\nst.button(p)\n"
    script += "st.expander(p)\n"
    assert len(hostile(AppTest.from_string(script).run())) == 4
