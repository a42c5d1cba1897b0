"""The Audit tab of the Dataset page, run through the entry script over photos with planted copies."""

import csv
import io
import json
import shutil

import pytest

from fashion_core import audit, launch, manifest
from tests.test_audit import planted_folder  # noqa: F401
from tests.test_pages import metric, open_page, written
from ui import audited


@pytest.fixture
def data_dir(tmp_path, planted_folder, monkeypatch):  # noqa: F811
    folder = tmp_path / "photos"
    shutil.copytree(planted_folder, folder)
    (folder / "test/kurta/same.png").rename(folder / "test/kurta/<b>=1+1.png")
    manifest.import_source(folder, data_dir=tmp_path / "data", name="planted")
    monkeypatch.setenv("FASHION_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("FASHION_RUNS", str(tmp_path / "runs"))
    return tmp_path / "data"


def test_the_page_starts_the_audit_as_a_process_and_shows_what_it_found(data_dir, monkeypatch):
    started = []
    monkeypatch.setattr(launch, "start_audit", lambda *args, **keywords: started.append((args, keywords)))
    app = open_page("dataset", tab="Audit")
    button = next(button for button in app.button if button.label.startswith("Audit 66 photos"))
    button.click().run()
    assert not app.exception and started == [(("planted",), {"data_dir": data_dir})]

    found = audit.run(manifest.find_dataset(data_dir, "planted"))
    app = open_page("dataset", tab="Audit", finding="leak")
    assert not app.exception
    assert metric(app, "Leaked photos") == "5" and metric(app, "Label conflicts") == "1"
    assert metric(app, "Copies") == "6" and metric(app, "Unreadable") == "1"
    assert "3 of 12 test photos (25.00 %) are in train too: exact 1, mirrored 1, near 1." in written(app)
    for kind, number in found.counts.items():
        if number:
            app.selectbox(key="finding").select(kind).run()
            assert not app.exception, kind


def test_pairs_stand_side_by_side_with_split_and_class_and_names_stay_text(data_dir):
    dataset = manifest.find_dataset(data_dir, "planted")
    leaks = audit.run(dataset).findings().query("kind == 'leak'")
    page = open_page("dataset", tab="Audit", finding="leak")
    shown = next(element.proto.body for element in page.get("html") if "vastra-pairs" in element.proto.body)
    assert shown.count("<figure") == 2 * len(leaks) == 10
    assert "Train: Kurta" in shown and "Test: Kurta" in shown and "the same bytes" in shown
    assert "<b>" not in shown and "&lt;b&gt;=1+1.png" in shown


def test_exports_hold_every_finding_and_no_formula(data_dir):
    dataset = manifest.find_dataset(data_dir, "planted")
    leaks = audit.run(dataset).findings().query("kind == 'leak'").reset_index(drop=True)
    leaks.loc[0, "image_id"] = "=HYPERLINK(1)"
    rows = list(csv.DictReader(io.StringIO(audited.findings_csv(leaks).decode("utf-8-sig"))))
    assert len(rows) == 5 and rows[0]["image_id"] == "'=HYPERLINK(1)"
    document = json.loads(audited.exclusion_list(dataset, "leak", leaks))
    assert set(document["images"]) == set(leaks["image_id"]) and document["fingerprint"] == dataset.fingerprint


def test_an_audit_that_failed_says_so_and_offers_to_go_on(data_dir, monkeypatch):
    monkeypatch.setattr(launch, "start_audit", lambda *args, **keywords: None)
    app = open_page("dataset", tab="Audit")
    next(button for button in app.button if button.label.startswith("Audit 66 photos")).click().run()
    dataset = manifest.find_dataset(data_dir, "planted")
    with pytest.raises(RuntimeError):
        with monkeypatch.context() as patched:
            patched.setattr(audit.measures, "measure", lambda block: (_ for _ in ()).throw(RuntimeError("broken")))
            audit.run(dataset)
    app.run()
    assert "The audit stopped before its end" in written(app)
    assert any(button.label == "Go on with the audit" for button in app.button)
