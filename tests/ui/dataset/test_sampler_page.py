"""The Dataset page's bars, their words and table, and the simulated epoch: held to counts by hand and to formulas."""

import json
import os
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from fashion_core import labels
from fashion_core.data import published
from fashion_core.settings import recipes
from tests.support.pages import lab, metric, written
from tests.support.places import ROOT
from tests.support.tiny import TINY_CLASSES, TINY_COUNTS
from ui.dataset import class_balance, sampler
from ui.shared import corrected_twice, settings_form

__all__ = ["lab"]
TRAIN = np.array(TINY_COUNTS["train"])  # kurta 12, saree 6, shoe 18


@pytest.fixture
def columns():
    """Counts of the tiny set as the page has them."""
    return pd.DataFrame(TINY_COUNTS, index=list(TINY_CLASSES))


def test_the_table_has_every_count_and_share_and_the_order_that_was_asked_for(lab):
    app = lab("dataset", tab="Classes", order="count")
    table = app.dataframe[0].value
    assert table["Class"].tolist() == ["Shoe", "Kurta", "Saree"]
    assert table["Train"].tolist() == [18, 12, 6] and table["Test"].tolist() == [6, 5, 4]
    assert table["Train, %"].tolist() == pytest.approx([50, 100 / 3, 50 / 3])
    assert table["Test shift"].tolist() == pytest.approx([-10, 0, 10])
    assert "train 3.0 : 1, validation 1.0 : 1, test 1.5 : 1" in written(app)


def test_label_shift_is_told_in_words(lab, columns):
    told = "\n".join(class_balance.shift_words(columns)).replace("\N{NO-BREAK SPACE}", " ")
    # shares of train 1/3, 1/6, 1/2 and of test 1/3, 4/15, 2/5: half of 0 + 0.1 + 0.1
    assert "**Train to test 10.0 %**" in told and "Too few photos a class to test it." in told
    assert "p = 0.682" in told
    assert "Train to validation 16.7 %" in written(lab("dataset"))
    # the seven classes above 1 / 15 of the 91,166: 3.40 + 0.56 + 0.96 + 1.87 + 0.45 + 5.17 + 6.16 points
    real = pd.DataFrame({split: pd.Series(published.counts(split)) for split in ("train", "val", "test")})
    told = class_balance.shift_words(real.loc[list(labels.INDOFASHION)])
    assert "**Train to validation 18.6 %**; chance alone gives 1.7 %. More than chance" in told[1]
    assert "Women kurta −6.2, Saree −5.2, Mojaris men +3.9 points." in told[1]
    assert told[3] == "**Validation to test 0.0 %**: the same share of every class."
    alike = pd.DataFrame({"train": [8, 4], "test": [2, 1]}, index=["a", "b"])
    assert class_balance.shift_words(alike) == ["All splits have the same share of every class."]
    assert "one split only" in class_balance.shift_words(columns[["train"]])[0]


def test_groups_and_published_counts_are_offered_for_the_indofashion_classes_only(lab, tiny):
    app = lab("dataset", order="garment", published="true")
    assert app.selectbox(key="order").value == "index" and not app.toggle
    assert not class_balance.groups_of(tiny, "garment")


@pytest.mark.parametrize("splits", [["train", "val", "test"], ["test"]])
@pytest.mark.parametrize("order", ["index", "count", "wearer", "garment"])
def test_every_order_keeps_every_class_with_its_counts(splits: list[str], order: str, monkeypatch):
    shown = []
    monkeypatch.setattr(class_balance.st, "dataframe", lambda frame, **more: shown.append(frame))
    counts = pd.DataFrame({split: pd.Series(published.counts(split)) for split in splits})
    dataset = SimpleNamespace(classes=labels.INDOFASHION)
    choice = class_balance.Shown(as_share=False, order=order, published=True)
    class_balance.table(dataset, counts, choice)
    assert sorted(shown[0].index) == sorted(labels.INDOFASHION)
    name = {"train": "Train", "test": "Test"}[splits[0]]
    assert shown[0][name].to_dict() == published.counts(splits[0])
    assert ("Published train" in shown[0]) == ("train" in splits)
    assert set(shown[0].loc[["saree", "dupattas"], "Kind"]) == {"Drape"}


def test_the_simulator_opens_on_the_report_and_says_that_it_corrects_twice(lab):
    app = lab("dataset", tab="Sampler")
    assert metric(app, "Draws in the epoch") == "36"
    # balanced: each class a third of the draws, a photo of a class of n has p = 1 / (3 n)
    unseen = (TRAIN * (1 - 1 / (3 * TRAIN)) ** 36).sum() / 36
    assert metric(app, "Never shown") == f"{100 * unseen:.1f} %"
    assert metric(app, "Ratio of draws") == "1.00 : 1"
    # the weighted loss charges saree 36 / (3 * 6) = 2 and shoe 36 / (3 * 18) = 2 / 3
    assert metric(app, "Ratio of weight") == "3.00 : 1"
    assert "Corrected twice" in written(app) and "Both together make **3.00**" in written(app)
    table = app.dataframe[0].value
    assert table["Draws expected"].tolist() == pytest.approx([12, 12, 12]) and table["Drawn"].sum() == 36
    assert table["Loss weight"].tolist() == pytest.approx([1, 2, 2 / 3])
    assert table["Weight in photos"].tolist() == pytest.approx([1, 0.5, 1.5])
    assert table["After sampler"].tolist() == pytest.approx([1, 1, 1])
    assert table["After both"].tolist() == pytest.approx(3 * (1 / TRAIN) / (1 / TRAIN).sum())
    assert "--set sampler=balanced --set loss=weighted" in written(app)


def test_every_choice_changes_what_is_drawn(lab):
    app = lab("dataset", tab="Sampler", sim_sampler="none", sim_loss="cross_entropy")
    assert "Not corrected" in written(app) and metric(app, "Never shown") == "0.0 %"
    assert metric(app, "Most repeated") == "1 ×"
    app = lab("dataset", tab="Sampler", sim_sampler="power", sim_alpha="2", sim_loss="cross_entropy", sim_length="3")
    assert metric(app, "Draws in the epoch") == "108" and metric(app, "Ratio of draws") == "3.00 : 1"
    assert "Corrected once" in written(app) and "Simulated only" in written(app)
    app = lab("dataset", tab="Sampler", sim_sampler="class_balanced", sim_beta="0.9")
    effective = (1 - 0.9**TRAIN) / 0.1
    expected = 36 * (TRAIN / effective) / (TRAIN / effective).sum()
    assert app.dataframe[0].value["Draws expected"].tolist() == pytest.approx(list(expected))
    assert "--set 'sampler=class_balanced(0.9)' --set loss=weighted" in written(app)


def test_another_epoch_draws_anew_and_the_same_one_again_the_same(lab):
    drawn = [
        lab("dataset", tab="Sampler", sim_epoch=str(epoch)).dataframe[0].value["Drawn"].tolist() for epoch in (1, 1, 2)
    ]
    assert drawn[0] == drawn[1] != drawn[2]


def test_an_epoch_that_cannot_be_drawn_is_refused_in_one_sentence(lab):
    app = lab("dataset", tab="Sampler", sim_repeats="without", sim_length="2")
    assert "an epoch without replacement must have 1 to 36 draws, one an image, got 72" in written(app)
    app = lab("dataset", tab="Sampler", sim_length="99", sim_alpha="x", sim_epoch="0")
    told = [warning.value.replace("\\", "") for warning in app.warning]
    assert [text for text in told if "sim_length must be between 0.1 and 10, got 99" in text]
    assert [text for text in told if "sim_alpha must be a number between 0 and 2, got 'x'" in text]
    assert [text for text in told if "sim_epoch must be a whole number between 1 and 1000, got 0" in text]
    assert metric(app, "Draws in the epoch") == "36"


def test_classes_of_equal_size_are_not_called_corrected():
    plan = sampler.Plan(sampler="balanced", loss="weighted", replacement=True, length=1.0, epoch=1)
    rows, _ = sampler.simulate(plan, ("a", "b"), np.repeat([0, 1], 20), np.array([20, 20]), 40)
    assert "nothing to correct" in sampler.correction_words(plan, rows)


def test_simulating_never_imports_torch(tiny_data, tiny_runs):
    code = (
        "import sys\n"
        "from streamlit.testing.v1 import AppTest\n"
        "app = AppTest.from_file('streamlit_app.py', default_timeout=180)\n"
        "app.query_params['tab'] = 'Sampler'\n"
        "app.run(); app.switch_page('pages/dataset.py').run()\n"
        "assert not app.exception and any(m.label == 'Never shown' for m in app.metric)\n"
        "print('torch' in sys.modules)\n"
    )
    environment = os.environ | {"FASHION_DATA": str(tiny_data), "FASHION_RUNS": str(tiny_runs)}
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True)
    assert done.stdout.strip().endswith("False"), done.stdout + done.stderr


def test_what_both_corrections_do_is_told_with_the_measured_numbers_and_in_one_place(lab):
    """The file is read as plain JSON here; the Training page leads to the Sampler tab."""
    kept = json.loads((ROOT / "fashion_core" / "claims" / "measured_imbalance.json").read_text())["studies"]
    ways = {way["way"]: way for way in next(one for one in kept if one["dataset"] == "fashion-mnist-100-to-1")["ways"]}
    assert "the report has both" in settings_form.corrected_twice(recipes.settings_for("report"))
    told = corrected_twice.what_both_do()
    said = {"both": "both got", "sampler": "sampler alone", "weighted": "loss alone", "none": "neither"}
    for way, words in said.items():
        assert f"{words} {100 * ways[way]['accuracy']['mean']:.1f} %" in told
    assert f"both recognised {100 * ways['both']['largest']['mean']:.0f} %" in told
    assert told.replace("\\", "") in written(lab("dataset", tab="Sampler"))
    other = recipes.settings_for("report", ["sampler=power(0.5)", "loss=balanced_softmax"])
    assert "report has" not in settings_form.corrected_twice(other)
