"""Names of classes, datasets, runs and settings come from files: every page shows them as they are written, and none of
them becomes a picture, a link, a formula, an icon or a tag."""

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import Block

from fashion_core import storage
from fashion_core.data import pixels
from fashion_core.runs import processes, runs
from tests.made_runs import add_half_precision_weights, make_run
from tests.test_predict_page import png

ROOT = Path(__file__).parents[1]
PAYLOADS = (
    "![c](http://evil.example/c.png)",
    "[x](javascript:alert(1))",
    "<script>alert(1)</script>",
    "``x` ![d](http://evil.example/d.png)",
    ":material/home:",
    "$x$",
    ":red[x]",
)
PAGES = ("overview", "dataset", "augmentation", "training", "evaluation", "compare", "embeddings", "predict", "claims")
#: Elements that show their text as it is, or escape it themselves (tests/test_ui.py holds the HTML of the galleries).
NOT_MARKDOWN = ("arrow_data_frame", "bidi_component", "code", "html", "text", "imgs", "json")
MARKDOWN_FIELDS = ("body", "label", "help", "delta", "content")


def markdown_of(message, kind: str) -> Iterator[str]:
    """Every string inside a protobuf message that the browser renders as Markdown."""
    for field, value in message.ListFields():
        several = value if field.is_repeated else [value]
        if field.message_type and not field.message_type.GetOptions().map_entry:
            for one in several:
                yield from markdown_of(one, kind)
        elif field.cpp_type == field.CPPTYPE_STRING and (
            field.name in MARKDOWN_FIELDS or (kind, field.name) in (("metric", "value"), ("progress", "text"))
        ):
            yield from (one for one in several if isinstance(one, str))


def rendered(app: AppTest) -> list[str]:
    """The Markdown of a page, without its code spans: what is inside those is code and nothing else."""
    found = []
    for node in app._tree:
        kind = getattr(node, "type", "")
        if getattr(node, "proto", None) is None or kind in NOT_MARKDOWN:
            continue
        found += markdown_of(node.proto, kind) if not isinstance(node, Block) else markdown_of(node.proto, "block")
    return [re.sub(r"(?<![\\`])(`+)(?!`)(.+?)(?<!`)\1(?!`)", "", text, flags=re.DOTALL) for text in found]


def hostile(app: AppTest) -> list[str]:
    """Each piece of Markdown that holds a payload unescaped."""
    return [text for text in rendered(app) if any(payload in text for payload in PAYLOADS)]


def open_page(name: str, **query: str) -> AppTest:
    app = AppTest.from_file(str(ROOT / "streamlit_app.py"), default_timeout=120)
    for key, value in query.items():
        app.query_params[key] = value
    app.switch_page(str(ROOT / "pages" / f"{name}.py"))
    app.run()
    assert not app.exception, app.exception[0].message
    return app


@pytest.fixture(params=PAYLOADS, ids=["picture", "link", "tag", "backticks", "icon", "formula", "colour"])
def lab(request, tiny_data, tmp_path, monkeypatch):
    """A dataset and a run on it whose every name holds the payload; another run, that trains, is called the same."""
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


def test_the_search_for_payloads_finds_what_is_not_escaped(lab):
    script = f"import streamlit as st\np = {lab!r}\nst.markdown(p)\nst.metric('a', p)\nst.button(p)\nst.expander(p)\n"
    assert len(hostile(AppTest.from_string(script).run())) == 4
