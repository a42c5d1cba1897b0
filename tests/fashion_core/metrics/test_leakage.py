"""Accuracy with and without leaked photos agrees with a count by hand, and the Evaluation page says it."""

import shutil

import pandas as pd
import pytest

from fashion_core.data import derived, importing
from fashion_core.data.audit import audit, findings
from fashion_core.metrics import leakage
from fashion_core.metrics.intervals import wilson
from tests.support.made_runs import make_run
from tests.support.pages import metric, open_page, written
from tests.support.planted import planted_folder  # noqa: F401


def leak(image_id: str, cause: str, other_split: str = "train", kind: str = "leak") -> dict[str, str]:
    return {"kind": kind, "cause": cause, "image_id": image_id, "other_split": other_split}


def test_shares_with_and_without_leaks_are_those_of_a_count_by_hand():
    predictions = pd.DataFrame(
        [("a", "x", "x"), ("b", "x", "y"), ("c", "y", "y"), ("d", "y", "y"), ("e", "y", "x"), ("f", "x", "x")],
        columns=["image_id", "label", "predicted"],
    )
    found = pd.DataFrame(
        [
            leak("a", "near"),
            leak("a", "exact", "val"),  # a counts once, under the surer cause
            leak("b", "near"),
            leak("c", "product"),
            leak("d", "exact", kind="conflict"),  # no leak
            leak("elsewhere", "exact"),  # of another split
        ]
    )
    scores = leakage.with_and_without(predictions, found)
    assert scores.everything == leakage.Share(4, 6)
    assert scores.leaked == leakage.Share(2, 3) and scores.kept == leakage.Share(2, 3)
    assert scores.by_cause == {
        "exact": leakage.Share(1, 1),
        "near": leakage.Share(0, 1),
        "product": leakage.Share(1, 1),
    }
    assert scores.earlier == {"train": 3, "val": 1}
    assert scores.kept.estimate.bounds == tuple(float(bound) for bound in wilson(2, 3))
    nothing = leakage.with_and_without(predictions, found.iloc[:0])
    assert nothing.leaked.n == 0 and nothing.kept == nothing.everything and pd.isna(nothing.leaked.accuracy)


def test_the_leaked_photos_are_those_that_a_clean_version_leaves_out(tmp_path, planted_folder):
    dataset = importing.import_source(planted_folder, data_dir=tmp_path / "data", name="planted")
    found = audit.run(dataset)
    photos = dataset.manifest().query("status == 'ok'")
    for split, rows in photos.groupby("split", observed=True):
        scores = leakage.with_and_without(rows.assign(predicted=rows["label"]), found.findings())
        assert scores.leaked.n == len(set(derived.leaked(found)) & set(rows["image_id"])), split
        assert set(scores.by_cause) <= set(findings.CAUSES)


@pytest.fixture
def lab(tmp_path, planted_folder, monkeypatch):
    """The planted dataset and a run whose test predictions are over exactly its photos."""
    dataset = importing.import_source(planted_folder, data_dir=tmp_path / "data", name="planted")
    photos = dataset.manifest().query("status == 'ok'")
    of = {split: photos[photos["split"] == split] for split in ("test", "val", "train")}
    run = make_run(
        tmp_path / "runs" / "one",
        dataset.classes,
        counts={split: len(rows) for split, rows in of.items()},
        fingerprint=dataset.fingerprint,
        image_ids={split: rows["image_id"].tolist() for split, rows in of.items()},
        labels={split: rows["label"].tolist() for split, rows in of.items()},
    )
    monkeypatch.setenv("FASHION_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("FASHION_RUNS", str(tmp_path / "runs"))
    return dataset, run


def test_the_page_says_how_to_get_an_audit_then_shows_both_accuracies_with_their_intervals(lab):
    dataset, run = lab
    app = open_page("evaluation", split="test", view="elsewhere")
    assert "has no audit yet" in written(app) and not app.exception
    audit.run(dataset)
    app = open_page("evaluation", split="test", view="elsewhere")
    text, predictions = written(app), run.predictions("test")
    leaked = predictions["image_id"].isin(list(derived.leaked(audit.load(dataset))))
    right = predictions["label"] == predictions["predicted"]
    kept = right[~leaked]
    low, high = wilson(kept.sum(), len(kept))
    table = next(element.value for element in app.dataframe if "which" in element.value.columns)
    rows = table.set_index("which")
    assert rows.loc["Without the leaked", "n"] == len(kept) == len(predictions) - 4
    assert (
        rows.loc["Without the leaked", "accuracy"] == f"{100 * kept.mean():.1f} % [{100 * low:.1f}, {100 * high:.1f}]"
    )
    assert rows.loc["All photos", "accuracy"].startswith(f"{metric(app, 'Accuracy')} [")
    assert rows.loc["Leaked only", "n"] == 4
    assert "4 of 12 test photos (33.33 %) have their like in train or validation" in text
    assert "has no audit yet" not in text


def test_a_split_without_leaks_and_a_split_that_nothing_precedes_are_said_to_be_so(lab, tmp_path):
    dataset, _ = lab
    audit.run(dataset)
    assert "no earlier split" in written(open_page("evaluation", split="train", view="elsewhere"))
    clean = derived.exclude(dataset, derived.leaked(audit.load(dataset)), bring="command")
    audit.run(clean)
    shutil.rmtree(tmp_path / "runs")
    rows = clean.manifest().query("status == 'ok' and split == 'test'")
    make_run(
        tmp_path / "runs" / "two",
        clean.classes,
        counts={"test": len(rows)},
        fingerprint=clean.fingerprint,
        image_ids={"test": rows["image_id"].tolist()},
        labels={"test": rows["label"].tolist()},
    )
    app = open_page("evaluation", split="test", view="elsewhere")
    assert "found none of these test photos in train or validation" in written(app)
