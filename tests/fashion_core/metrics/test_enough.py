"""What too few photos cannot tell is said wherever they are looked at, and few photos are said as they were counted."""

import shutil
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from statsmodels.stats.proportion import proportion_confint

from fashion_core import labels
from fashion_core.compare import predictions, sides, verdicts
from fashion_core.data import importing
from fashion_core.metrics import enough, wording
from fashion_core.metrics.intervals import Estimate
from fashion_core.report import front_page
from tests.support.made_runs import make_run
from tests.support.pages import open_page, written
from tests.support.places import ROOT
from tests.support.verdict_pairs import compared
from ui.shared import plain_words

NOTHING = "has 3 photos: it can judge nothing"


def test_a_split_judges_nothing_while_an_interval_can_cover_more_than_half_of_the_scale():
    def widest(n):
        return max(high - low for low, high in (proportion_confint(k, n, method="wilson") for k in range(n + 1)))

    assert widest(enough.FEWEST) <= 0.5 < widest(enough.FEWEST - 1)
    assert enough.judges_nothing(enough.FEWEST - 1) and not enough.judges_nothing(enough.FEWEST)
    assert enough.sentence("test", 3).startswith(f"Test {NOTHING}") and enough.sentence("val", 12) == ""
    assert enough.sentence("test", 1).startswith("Test has 1 photo: ")


def test_a_class_of_a_handful_is_named_and_the_training_photos_are_not_judged():
    counts = {"train": {"dress": 1}, "val": {"dress": 2, "hat": 0}, "test": {"dress": 1, "hat": 40, "coat": 4}}
    val, test = enough.sentences(counts)
    assert val.startswith("Validation has 2 photos: it can judge nothing")
    assert test.startswith("Test has fewer than 5 photos of Dress (1) and Coat (4): of each of these classes")
    (both,) = enough.sentences({"val": {"dress": 1, "hat": 40}, "test": {"dress": 1, "hat": 50}})
    assert both == "Validation and test have fewer than 5 photos of Dress (1): of that class they can judge nothing"
    frame = pd.DataFrame({"split": ["test"] * 14, "label": ["a"] * 12 + ["b"] * 2, "status": ["ok"] * 13 + ["damaged"]})
    (told,) = enough.of_manifest(frame)
    assert "B (1): of that class it can judge nothing" in told
    assert enough.sentences({"test": {f"c{k}": 4 for k in range(9)}})[0].count("(4)") == 4


def evaluated(n, missed, num_worst, num_missed, as_weak=0):
    share = missed / n
    worst = plain_words.Weakest("dress", Estimate(num_missed / num_worst, 0.1, 0.9, num_worst), as_weak)
    return plain_words.evaluation(Estimate(1 - share, 0.1, 0.9, n), worst).replace("\\", "")


def test_fewer_than_twenty_photos_are_said_as_they_were_counted():
    told = evaluated(4, 3, 1, 1)
    assert told.startswith("1 of 4 photos are named right") and told.endswith("Dress: the one photo of it was missed.")
    assert evaluated(600, 60, 3, 3).endswith("Dress: all 3 photos of it were missed.")
    assert evaluated(600, 60, 8, 1).endswith("Dress: 1 of its 8 photos was missed.")
    assert evaluated(600, 60, 40, 10).endswith("25 of 100 are missed (10.0 to 90.0).")
    assert evaluated(600, 60, 3, 3, 2).endswith("all 3 photos of it were missed. It fails as often on 2 more kinds.")
    assert "2 of 4" in plain_words.against_guessing(0.1, 0.5, 4)
    assert "3 of 4 photos of x right (0.0 to 100.0 of 100 such; no more were tried" in plain_words.standing(
        "x", Estimate(0.75, 0, 1, 4), "photos"
    )
    mixed = plain_words.learnt(Estimate(0.5, 0, 1, 4), plain_words.Weakest("dress", Estimate(1.0, 0, 1, 2), 0), "hat")
    assert (
        "For 2 of 4 photos (0.0 to 100.0 of 100 such; no more were tried) the most" in mixed
        and "for 2 of 2 of its photos" in mixed
    )
    assert wording.of_tried(0.7, 1) == "0.7 of 1 photo" and wording.of_tried(2 / 3, 3) == "2 of 3 photos"
    few = compared(verdicts.MODELS, -0.5, -0.25, 0.1)
    few.n = 4
    assert (
        "b names 1 fewer of 4 photos right than a (from 50.0 fewer to 10.0 more of 100 such; no more were tried)"
        in plain_words.comparison(few)
    )


def test_the_report_says_few_photos_as_they_were_counted_and_that_they_judge_nothing(tmp_path, tiny):
    run = make_run(tmp_path / "few", tiny.classes, counts={"test": 3}, labels={"test": list(tiny.classes)})
    side = sides.side_of_run(run)
    page = front_page.of_one(side, predictions.answers_of(side, "test", side.classes), "test", None)
    said = " ".join([page.verdict, *page.care, *(number.note for number in page.numbers)])
    assert "of 100" not in said and "it can judge nothing" in page.care[0] and "of 3 photos" in page.verdict
    assert "1 photos" not in said


@pytest.fixture(scope="module")
def few(tmp_path_factory):
    """A dataset of three classes with one photo of each in validation and in test, and a run on it."""
    home = tmp_path_factory.mktemp("few")
    generator = np.random.default_rng(0)
    for split, num in (("train", 6), ("val", 1), ("test", 1)):
        for label in ("coat", "dress", "hat"):
            (home / "photos" / split / label).mkdir(parents=True)
            for k in range(num):
                pixels = generator.integers(0, 256, (40, 40, 3), dtype=np.uint8)
                Image.fromarray(pixels).save(home / "photos" / split / label / f"{k}.png")
    dataset = importing.import_source(home / "photos", data_dir=home / "data", name="few")
    photos = dataset.manifest().query("split == 'test'")
    make_run(
        home / "runs" / "one", dataset.classes, counts={"test": 3}, fingerprint=dataset.fingerprint,
        image_ids={"test": photos["image_id"].tolist()}, labels={"test": photos["label"].tolist()},
    )  # fmt: skip
    return home


@pytest.mark.parametrize("page", ["dataset", "training", "evaluation"])
@pytest.mark.parametrize("reader", ["class", "review"])
def test_a_split_that_can_judge_nothing_says_so_on_the_pages(few, monkeypatch, page, reader):
    monkeypatch.setenv("FASHION_DATA", str(few / "data"))
    monkeypatch.setenv("FASHION_RUNS", str(few / "runs"))
    told = written(open_page(page, audience=reader)).replace("\\", "")
    if page == "training" and reader == "review":  # nothing is launched there
        return
    assert f"Test {NOTHING}" in told
    assert page == "evaluation" or f"Validation {NOTHING}" in told


def test_the_import_says_so_on_the_command_line_and_on_the_page(few, tmp_path, monkeypatch):
    words = [sys.executable, "-m", "fashion_core", "import", str(few / "photos"), "--data-dir", str(tmp_path / "data")]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0 and f"note: Validation {NOTHING}" in done.stderr and f"Test {NOTHING}" in done.stderr
    monkeypatch.setenv("FASHION_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("FASHION_RUNS", str(tmp_path / "runs"))
    app = open_page("add_photos")
    app.session_state["import_following"] = {"id": "photos"}
    app.run()
    assert written(app).replace("\\", "").count(f"Test {NOTHING}") == 1 and not app.exception
    shutil.rmtree(tmp_path / "data")


def test_precision_of_a_class_that_was_hardly_ever_answered_says_so():
    matrix = np.array([[10, 0, 0], [1, 0, 7], [0, 0, 1]])  # "one" 11 answers, "two" none, "three" 8
    assert enough.few_answers(matrix, ["one", "two", "three"]) == ""
    matrix[1] = [6, 1, 1]
    assert enough.few_answers(matrix, ["one", "two", "three"], str) == (
        "Precision says little of two (1 answer) and three (2 answers)"
    )
    many = np.eye(9, dtype=int)
    told = enough.few_answers(many, [f"c{number}" for number in range(9)], str)
    assert told.endswith("c3 (1 answer) and 5 more classes with fewer than 5")


def test_no_class_is_named_as_the_weakest_where_others_are_as_weak():
    assert labels.num_equal([0.0, 0.5, 0.0, float("nan"), 0.0], 0.0) == 2 and labels.num_equal([0.5, 1.0], 0.5) == 0
    assert labels.and_more("Belts", 2) == "Belts and 2 more" and labels.and_more("Belts", 0) == "Belts"
