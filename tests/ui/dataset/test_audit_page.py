"""The Audit tab of the Dataset page, run through the entry script over photos with planted copies."""

import csv
import io
import json
import shutil

import pytest
from streamlit.testing.v1 import AppTest

from fashion_core.data import datasets, derived, importing
from fashion_core.data.audit import audit
from fashion_core.launch import background
from fashion_core.metrics import label_errors
from tests.support.made_runs import make_run
from tests.support.pages import metric, open_page, written
from tests.support.planted import planted_folder  # noqa: F401
from tests.support.trees import bytes_of
from ui.dataset import audit_view


@pytest.fixture
def data_dir(tmp_path, planted_folder, monkeypatch):
    folder = tmp_path / "photos"
    shutil.copytree(planted_folder, folder)
    (folder / "test/kurta/same.png").rename(folder / "test/kurta/<b>=1+1.png")
    importing.import_source(folder, data_dir=tmp_path / "data", name="planted")
    monkeypatch.setenv("FASHION_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("FASHION_RUNS", str(tmp_path / "runs"))
    return tmp_path / "data"


def test_the_page_starts_the_audit_as_a_process_and_shows_what_it_found(data_dir, monkeypatch):
    started = []
    monkeypatch.setattr(background, "start_audit", lambda *args, **keywords: started.append((args, keywords)))
    app = open_page("dataset", tab="Audit")
    button = next(button for button in app.button if button.label.startswith("Audit 66 photos"))
    button.click().run()
    assert not app.exception and started == [(("planted",), {"data_dir": data_dir})]

    found = audit.run(datasets.find_dataset(data_dir, "planted"))
    app = open_page("dataset", tab="Audit", finding="leak")
    assert not app.exception
    assert metric(app, "Leaked photos") == "5" and metric(app, "Label conflicts") == "1"
    assert metric(app, "Copies") == "6" and metric(app, "Unreadable") == "1"
    assert (
        "3 of 12 test photos (25.00 %) have their like in train: 1 the same file; 1 the same photo, "
        "flipped; 1 the same photo." in written(app)
    )
    for kind, number in found.counts.items():
        if number:
            app.selectbox(key="finding").select(kind).run()
            assert not app.exception, kind


def test_pairs_stand_side_by_side_with_split_and_class_and_names_stay_text(data_dir):
    dataset = datasets.find_dataset(data_dir, "planted")
    leaks = audit.run(dataset).findings().query("kind == 'leak'")
    page = open_page("dataset", tab="Audit", finding="leak")
    shown = next(element.proto.body for element in page.get("html") if "vastra-pairs" in element.proto.body)
    assert shown.count("<figure") == 2 * len(leaks) == 10
    assert "Train: Kurta" in shown and "Test: Kurta" in shown and "the same file" in shown
    assert "<b>" not in shown and "&lt;b&gt;=1+1.png" in shown


def test_exports_hold_every_finding_and_no_formula(data_dir):
    dataset = datasets.find_dataset(data_dir, "planted")
    leaks = audit.run(dataset).findings().query("kind == 'leak'").reset_index(drop=True)
    leaks.loc[0, "image_id"] = "=HYPERLINK(1)"
    rows = list(csv.DictReader(io.StringIO(audit_view.findings_csv(leaks).decode("utf-8-sig"))))
    assert len(rows) == 5 and rows[0]["image_id"] == "'=HYPERLINK(1)"
    document = json.loads(audit_view.exclusion_list(dataset, "leak", leaks))
    assert set(document["images"]) == set(leaks["image_id"]) and document["fingerprint"] == dataset.fingerprint


def test_an_audit_that_failed_says_so_offers_to_go_on_and_can_be_closed_for_everybody(data_dir, monkeypatch):
    dataset = datasets.find_dataset(data_dir, "planted")
    with pytest.raises(RuntimeError):
        with monkeypatch.context() as patched:
            patched.setattr(audit.measures, "measure", lambda block: (_ for _ in ()).throw(RuntimeError("broken")))
            audit.run(dataset)
    app = open_page("dataset", tab="Audit")
    assert "The audit stopped before its end" in written(app)
    assert any(button.label == "Go on with the audit" for button in app.button)
    next(button for button in app.button if button.label == "Close").click().run()
    for seen in (app, open_page("dataset", tab="Audit")):
        assert not seen.exception and "The audit stopped before its end" not in written(seen)


@pytest.fixture
def judged(data_dir, tmp_path):
    """The planted photos, audited, and a run whose predictions speak against some of their labels."""
    dataset = datasets.find_dataset(data_dir, "planted")
    audit.run(dataset)
    photos = dataset.manifest().query("status == 'ok'")
    of = {split: photos[photos["split"] == split] for split in ("test", "train")}
    run = make_run(
        tmp_path / "runs" / "one",
        dataset.classes,
        counts={split: len(rows) for split, rows in of.items()},
        fingerprint=dataset.fingerprint,
        image_ids={split: rows["image_id"].tolist() for split, rows in of.items()},
        labels={split: rows["label"].tolist() for split, rows in of.items()},
        seed=4,
    )
    return dataset, run


def button(app, start):
    return next(button for button in app.button if button.label.startswith(start))


def test_suspected_label_errors_appear_with_the_first_run_worst_first(data_dir, tmp_path, judged):
    dataset, run = judged
    app = open_page("dataset", tab="Audit", finding="label_error", by_split="train")
    expected = label_errors.find(run.predictions("train"), run.classes)
    assert len(expected) >= 3 and not app.exception
    assert f"{len(expected)} of {len(run.predictions('train'))} train labels" in written(app)
    assert "has learnt their labels" in written(app)
    app = open_page("dataset", tab="Audit", finding="label_error")
    assert "has learnt their labels" not in written(app)
    shutil.rmtree(run.folder)
    app = open_page("dataset", tab="Audit", finding="label_error")
    assert "Once a run has been trained" in written(app)
    assert not any("label errors" in option for option in app.selectbox(key="finding").options)


def test_the_first_suspected_photos_make_a_new_dataset_and_the_old_one_keeps_its_bytes(judged):
    dataset, run = judged
    before = bytes_of(dataset.folder)
    expected = label_errors.find(run.predictions("train"), run.classes)["image_id"].tolist()
    query = {"tab": "Audit", "finding": "label_error", "by_split": "train", "leave_out": "true"}
    app = open_page("dataset", **query)
    app.number_input[0].set_value(2).run()
    app.text_input(key="_leaving_name_planted").input("surer labels")
    button(app, "Make a new dataset without these 2 photos").click().run()
    assert not app.exception
    made = datasets.find_dataset(dataset.folder.parent, "surer labels")
    left_out = made.manifest().query("status == 'excluded'")
    assert set(left_out["image_id"]) == set(expected[:2])
    assert left_out["reason"].str.startswith("label_error: one gives it ").all()
    text = written(app)
    assert f"surer labels has {made.num_images} photos" in text.replace("*", "") and made.fingerprint in text
    assert "2 photos of planted are left out; planted is as it was" in text
    after = bytes_of(dataset.folder)
    assert after == before
    button(app, "Look at surer labels").click().run()
    assert not app.exception and app.selectbox(key="dataset").value == made.id


def test_photos_that_were_unticked_stay(judged):
    dataset, _ = judged
    leaks = audit.load(dataset).findings().query("kind == 'leak'").drop_duplicates("image_id")
    app = open_page("dataset", tab="Audit", finding="leak", leave_out="true")
    app.session_state["_leaving_planted_leak__5"] = {"selection": {"rows": [0, 3], "columns": [], "cells": []}}
    app.run()
    button(app, "Make a new dataset without these 2 photos").click().run()
    assert not app.exception
    made = datasets.find_dataset(dataset.folder.parent, "planted v2")
    left_out = made.manifest().query("status == 'excluded'")["image_id"]
    assert set(left_out) == set(leaks["image_id"].iloc[[0, 3]]) and ".excluded" in made.bring


def test_leaving_out_every_leak_needs_no_list_on_the_command_line(judged):
    dataset, _ = judged
    app = open_page("dataset", tab="Audit", finding="leak", leave_out="true")
    button(app, "Make a new dataset without these 5 photos").click().run()
    made = datasets.find_dataset(dataset.folder.parent, "planted v2")
    assert made.bring.endswith("audit planted --exclude-leaks --name 'planted v2'")
    assert made.fingerprint == derived.exclude(dataset, derived.leaked(audit.load(dataset))).fingerprint


@pytest.mark.parametrize("side", ["train/kurta/000.png", "train/saree/same.png"])
def test_of_a_label_conflict_nothing_is_ticked_and_either_side_can_go(judged, side):
    dataset, _ = judged
    app = open_page("dataset", tab="Audit", finding="conflict", leave_out="true")
    boxes = {box.key.rpartition("_1_")[2]: box for box in app.checkbox if box.key.startswith("_tick_")}
    assert set(boxes) == {"train/kurta/000.png", "train/saree/same.png"}
    assert not any(box.value for box in boxes.values())
    assert {box.label for box in boxes.values()} == {"1: leave out Kurta", "1: leave out Saree"}
    assert button(app, "Make a new dataset").disabled
    boxes[side].check().run()
    button(app, "Make a new dataset without this 1 photo").click().run()
    assert not app.exception
    made = datasets.find_dataset(dataset.folder.parent, "planted v2")
    assert made.manifest().query("status == 'excluded'")["image_id"].tolist() == [side]
    assert audit.run(made).counts["conflict"] == 0


def test_both_sides_of_a_conflict_can_go(judged):
    dataset, _ = judged
    app = open_page("dataset", tab="Audit", finding="conflict", leave_out="true")
    for key in [box.key for box in app.checkbox if box.key.startswith("_tick_")]:
        app.checkbox(key=key).check().run()
    button(app, "Make a new dataset without these 2 photos").click().run()
    assert datasets.find_dataset(dataset.folder.parent, "planted v2").num_images == dataset.num_images - 2


def test_a_copy_under_another_label_is_not_ticked_among_the_exact_copies_and_in_no_list(judged):
    dataset, _ = judged
    copies = audit.load(dataset).findings().query("kind == 'exact_duplicate'")
    alike = set(copies[copies["label"] == copies["other_label"]]["image_id"])
    assert "train/saree/same.png" in set(copies["image_id"]) - alike
    listed = json.loads(audit_view.exclusion_list(dataset, "exact_duplicate", copies))["images"]
    assert set(listed) == alike
    app = open_page("dataset", tab="Audit", finding="exact_duplicate", leave_out="true")
    assert "under another label than its copy and is not ticked" in written(app)
    assert f"{len(alike)} photo" in next(one.label for one in app.button if one.label.startswith("Make a new dataset"))


@pytest.mark.parametrize(
    ("name", "sentence"), [("planted", "there already with other photos"), ("a\x07b", "1 to 80 visible characters")]
)
def test_a_wrong_name_gets_the_engines_own_sentence_and_nothing_is_made(judged, name, sentence):
    dataset, _ = judged
    app = open_page("dataset", tab="Audit", finding="leak", leave_out="true")
    app.text_input(key="_leaving_name_planted").input(name)
    button(app, "Make a new dataset").click().run()
    assert not app.exception and sentence in written(app)
    assert [found.id for found in datasets.list_datasets(dataset.folder.parent)] == ["planted"]


def test_a_class_that_would_lose_its_last_photo_is_refused_and_a_split_that_would_is_named(judged):
    dataset, _ = judged
    sarees = dataset.manifest().query("label == 'saree' and status == 'ok'")
    rows = sarees.assign(number=range(1, len(sarees) + 1), reason="no")

    def page(folder, rows):
        import json

        import pandas as pd

        from fashion_core.data import datasets
        from ui.dataset import exclude_form

        exclude_form.form(datasets.load(__import__("pathlib").Path(folder)), "dark", pd.DataFrame(json.loads(rows)))

    columns = ["number", "image_id", "split", "label", "reason"]
    test = rows[rows["split"] == "test"]
    for some, insist, sentence in (
        (rows, True, "class 'saree' would lose its last photo"),
        (test, False, "nothing was made: without these 6 photos test has no photo of class 'saree'"),
        (test, True, "test has no photo of class 'saree' any more"),
    ):
        given = json.dumps(some[columns].astype(str).to_dict("list"))
        app = AppTest.from_function(page, args=(str(dataset.folder), given), default_timeout=180)
        app.query_params["leave_out"] = "true"
        app.run()
        app.checkbox[0].set_value(insist)
        button(app, "Make a new dataset").click().run()
        assert not app.exception and sentence in written(app)
