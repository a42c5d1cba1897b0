"""The Evaluation page and ``evaluate``: what the matrix shows, the closer looks, other photos, broken predictions."""

import json
import shutil

import numpy as np
import pandas as pd
import pytest

from fashion_core import labels, storage
from fashion_core.data import datasets, derived
from fashion_core.metrics import calibration, intervals, scoring
from fashion_core.runs import model_card, runs
from tests.support.commands import command
from tests.support.made_runs import make_run
from tests.support.pages import metric, open_page, written
from ui.evaluation import classes_view, matrix_view

CLASSES = ("kurta", "saree", "shoe")


@pytest.fixture
def room(tmp_path, monkeypatch):
    """A folder of runs of its own, and the figures that the page draws by their key."""
    (tmp_path / "data").mkdir()
    monkeypatch.setenv("FASHION_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("FASHION_RUNS", str(tmp_path / "runs"))
    return tmp_path / "runs"


@pytest.fixture
def drawn_figures(monkeypatch):
    figures = {}
    monkeypatch.setattr(matrix_view, "plot", lambda figure, *, key, **more: figures.update({key: figure}))
    return figures


def counts(run: runs.Run, classes) -> np.ndarray:
    """The matrix by pandas, rows true, in the order of ``classes``."""
    frame = run.predictions("test")
    return pd.crosstab(frame["label"], frame["predicted"]).reindex(index=classes, columns=classes).fillna(0).to_numpy()


def test_the_difference_to_a_run_with_the_classes_in_another_order_is_taken_by_name(room, drawn_figures):
    one = make_run(room / "one", CLASSES, counts={"test": 90})
    two = make_run(room / "two", CLASSES[::-1], counts={"test": 60}, seed=3)
    make_run(room / "other-classes", ("a", "b", "c"), counts={"test": 60})
    make_run(room / "no-test", CLASSES, counts={"val": 60})
    app = open_page("evaluation", run="one", values="difference")
    assert app.selectbox(key="against").options == [f"minus {matrix_view.pickers.run_words(two)}"]
    shares = [found / found.sum(axis=1, keepdims=True) for found in (counts(one, CLASSES), counts(two, CLASSES))]
    assert np.allclose(drawn_figures["matrix"].data[0].customdata, 100 * (shares[0] - shares[1]))


def test_cells_orders_and_the_table_are_of_one_matrix_and_live_in_the_address(room, drawn_figures):
    run = make_run(room / "one", labels.INDOFASHION, counts={"test": 300})
    matrix = counts(run, list(labels.INDOFASHION))
    for values, total in (("rows", matrix.sum(axis=1, keepdims=True)), ("columns", matrix.sum(axis=0))):
        app = open_page(
            "evaluation", run="one", values=values, order="kind of garment", true="saree", predicted="gowns"
        )
        trace = drawn_figures["matrix"].data[0]
        names = [name for group in labels.GARMENTS.values() for name in group]
        places = [labels.INDOFASHION.index(name) for name in names]
        assert list(drawn_figures["matrix"].layout.xaxis.ticktext) == [labels.display_name(name) for name in names]
        expected = (100 * matrix / total)[np.ix_(places, places)]
        written_there = [[float(text or 0) for text in row] for row in np.array(trace.text)]
        assert np.allclose(written_there, expected, atol=0.51)
        frame = drawn_figures["matrix"].layout.shapes[-1]
        assert (frame.x0 + 0.5, frame.y0 + 0.5) == (names.index("gowns"), names.index("saree"))
    drawn_figures.clear()
    table = open_page("evaluation", run="one", matrix_as="table", order="errors").dataframe[0].value
    there = [labels.INDOFASHION.index(name) for name in table.columns]
    assert (table.to_numpy() == matrix[np.ix_(there, there)]).all()
    assert not drawn_figures
    app = open_page("evaluation", run="one", values="difference", against="published-paper")
    assert "7,500 test photos of IndoFashion, not these" in written(app)


def test_published_values_stand_beside_fifteen_classes_and_say_what_they_are_not(room):
    make_run(room / "one", labels.INDOFASHION, counts={"test": 300}, synthetic=True)
    app = open_page("evaluation", run="one")
    text, table = written(app), app.dataframe[-1].value
    assert "A different input is a different experiment." in text
    assert "These photos are drawn, so this is no comparison of garments." in text
    assert [round(value, 1) for value in table.filter(like="other").iloc[0]] == [
        93.9,
        94.9,
    ]  # blouse: 958 of 1,020, 970 of 1,022
    make_run(room / "two", CLASSES, counts={"test": 90})
    assert "different experiment" not in written(open_page("evaluation", run="two"))


def test_the_report_is_as_scikit_learn_prints_it_and_macro_f1_has_its_interval(room):
    run = make_run(room / "one", CLASSES, counts={"test": 90})
    app = open_page("evaluation", run="one")
    app.session_state["as_text"] = True
    app.run()
    frame = run.predictions("test")
    true, said = (runs.label_indices(frame[name], CLASSES) for name in ("label", "predicted"))
    assert app.code[0].value == scoring.report_text(true, said, CLASSES).rstrip("\n")
    assert metric(app, "Macro F1") == f"{100 * run.scores('test').macro_f1:.1f} %"


def test_each_closer_look_tells_the_numbers_of_its_own_functions(room):
    run = make_run(room / "one", labels.INDOFASHION, counts={"test": 300, "val": 300})
    frame, val = run.predictions("test"), run.predictions("val")
    arrays = [
        array
        for one in (frame, val)
        for array in (runs.label_indices(one["label"], run.classes), scoring.probabilities_of(one, run.classes))
    ]
    found = calibration.calibrate(*arrays)
    app = open_page("evaluation", run="one", view="certainty")
    assert app.dataframe[-1].value["error"].tolist() == [
        f"{100 * one.error:.1f} %" for one in (found.before, found.after)
    ]
    assert app.dataframe[-2].value["accuracy"][0].startswith(metric(app, "Accuracy"))
    assert "fitted on 300 validation photos" in written(app)
    assert "flattered" in written(open_page("evaluation", run="one", view="certainty", split="val"))

    pairs = open_page("evaluation", run="one", view="mistakes").dataframe[1].value
    largest = scoring.most_confused(counts(run, list(run.classes)), run.classes, most=1)[0]
    assert pairs.iloc[0].tolist()[:3] == [*map(labels.display_name, largest[:2]), largest[2]]
    wrong = frame[frame["label"] != frame["predicted"]]
    sure = wrong[[f"p_{name}" for name in run.classes]].max(axis=1)
    worst = open_page("evaluation", run="one", view="mistakes").dataframe[2].value
    assert worst["image_id"].iloc[0] == wrong["image_id"][sure.idxmax()]

    app = open_page("evaluation", run="one", view="groups")
    assert "are in the right group all the same" in written(app)


def test_a_run_on_uneven_photos_is_told_with_their_imbalance_taken_out(room):
    run = make_run(room / "one", CLASSES, counts={"test": 90, "val": 60})
    kept = storage.read_json(run.folder / "config.json")
    kept["dataset"]["contents"] = {"train": {"kurta": [900, "x"], "saree": [90, "x"], "shoe": [10, "x"]}}
    storage.write_json(run.folder / "config.json", kept)
    assert "by sampler balanced and loss weighted" in written(open_page("evaluation", run="one", view="certainty"))
    kept["settings"] |= {"sampler": "none", "loss": "cross_entropy"}
    storage.write_json(run.folder / "config.json", kept)
    frame = run.predictions("test")
    shares = frame[[f"p_{name}" for name in CLASSES]] / [900, 90, 10]
    right = (np.array(CLASSES)[shares.to_numpy().argmax(axis=1)] == frame["label"]).sum()
    table = open_page("evaluation", run="one", view="certainty").dataframe[-1].value
    assert table["accuracy"][0].startswith(f"{100 * (frame['label'] == frame['predicted']).mean():.1f} %")
    assert table["accuracy"][1].startswith(f"{100 * right / 90:.1f} %") and len(table) == 3
    assert "mean_recall" not in table, "every class has 30 photos: it would be the accuracy"
    done = command("evaluate", "one", "--json", data=room.parent / "data", runs=room)
    found = json.loads(done.stdout)["logit_adjustment"]
    assert found["train_counts"] == {"kurta": 900, "saree": 90, "shoe": 10}
    assert found["answers"][0]["tau"] == 1 and found["answers"][0]["accuracy"] == pytest.approx(right / 90)
    assert found["answers"][1]["fitted_on"] == "val, n = 60"


def test_another_dataset_of_the_same_classes_is_scored_and_told_as_a_shift(tiny_data, tiny_runs, tmp_path, monkeypatch):
    shutil.copytree(tiny_data, tmp_path / "data")
    shutil.copytree(tiny_runs, tmp_path / "runs")
    tiny = datasets.find_dataset(tmp_path / "data", "tiny")
    test = tiny.manifest().query("split == 'test'")["image_id"].tolist()
    derived.exclude(tiny, dict.fromkeys(test[:3], "leak"), name="without leaks")
    done = command("evaluate", "tiny-run", "--dataset", "without-leaks", "--json", data=tmp_path / "data",
                   runs=tmp_path / "runs")  # fmt: skip
    found = json.loads(done.stdout)
    assert found["split"] == "test-on-without-leaks" and found["n"] == 12
    assert found["shift"]["shared"] == 12 and found["shift"]["moved"] == pytest.approx(
        found["accuracy"] - found["shift"]["accuracy"]
    )
    assert found["calibration"]["bins"] == 15 and found["top_k"][0]["accuracy"] == found["accuracy"]
    monkeypatch.setenv("FASHION_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("FASHION_RUNS", str(tmp_path / "runs"))
    app = open_page("evaluation", run="tiny-run", split="test-on-without-leaks", view="elsewhere")
    assert metric(app, "Photos") == "12"
    rows = app.dataframe[-1].value
    assert rows["which"].tolist() == ["Test, its own photos", "Test on without-leaks"] and rows["shared"][1] == "12"
    assert "evaluate tiny-run --dataset" not in written(app)  # it was done


BROKEN = {
    "nan": (lambda frame: frame.assign(p_saree=np.nan), "hold NaN in 90 of 90 rows"),
    "sum": (lambda frame: frame.assign(p_saree=frame["p_saree"] + np.float32(0.5)), "do not sum to 1 in 90 of 90 rows"),
    "classes": (lambda frame: frame.rename(columns={"p_saree": "p_sari"}), "no 'saree' but 'sari'"),
    "label": (lambda frame: frame.assign(label="sari"), "'sari' is not a class of this run"),
}


@pytest.mark.parametrize("what", BROKEN)
def test_broken_predictions_are_one_sentence_on_the_page_and_on_the_command_line(room, what):
    run = make_run(room / "one", CLASSES, counts={"test": 90})
    change, sentence = BROKEN[what]
    path = run.folder / "predictions-test.parquet"
    storage.write_parquet(path, change(run.predictions("test")).reset_index(drop=True))
    app = open_page("evaluation", run="one")
    assert sentence in written(app) and not app.metric
    done = command("evaluate", "one", data=room.parent / "data", runs=room)
    assert done.returncode == 1 and sentence in done.stderr


def test_a_class_without_photos_in_the_split_is_said_and_everything_else_is_judged(room, tmp_path):
    names = {"test": ["kurta", "kurta", "shoe"] * 20}
    for place, name in enumerate(("one", "two")):
        make_run(room / name, CLASSES, counts={"test": 60}, labels=names, seed=place)
    for view in ("classes", "mistakes", "certainty", "groups", "elsewhere"):
        app = open_page("evaluation", run="one", view=view)
        assert not app.exception and metric(app, "Photos") == "60" and not app.error, view
        assert "over 2 of 3 classes (no photos of Saree)" in written(app)
        if view == "classes":
            rows = app.dataframe[-1].value.set_index("label")
            assert rows.loc["Saree", "recall interval"] == "no photos" and np.isnan(rows.loc["Saree", "f1"])
    for page, query in (("embeddings", {"run": "one"}), ("compare", {"first": "one", "second": "two"})):
        app = open_page(page, **query)
        assert not app.exception and not app.error, page
    say = {"data": room.parent / "data", "runs": room}
    found = json.loads(command("evaluate", "one", "--json", **say).stdout)
    saree = next(row for row in found["per_class"] if row["label"] == "saree")
    assert saree == {"label": "saree", "precision": None, "recall": None, "f1": None, "support": 0}
    done = command("evaluate", "one", **say)
    assert "over 2 of 3 classes (no photos of saree)" in done.stdout and done.returncode == 0
    (line,) = [line for line in done.stdout.splitlines() if line.startswith("saree")]
    assert line.split() == ["saree", "no", "photos"]
    card = model_card.card(runs.open_run(room / "one"))
    assert "| saree | 0 | no photos | no photos | no photos |" in card and "show nothing of saree" in card
    assert "least often: saree" not in card
    for words in (("report", "one", "-o", tmp_path / "r.html"), ("compare", "one", "two")):
        done = command(*words, **say)
        assert done.returncode == 0, done.stderr
    assert "no photos" in done.stdout and "no photos" in (tmp_path / "r.html").read_text()
    assert "NaN" not in (tmp_path / "r.html").read_text().split("<style")[0]


def test_page_report_and_model_card_give_one_interval(tmp_path):
    run = make_run(tmp_path / "one", CLASSES, counts={"test": 90}, embeddings=False)
    matrix_KK = run.scores("test").matrix_KK
    page = classes_view.intervals_of(run, "test")
    assert page.macro_f1 == intervals.score_intervals(matrix_KK).macro_f1
    low, high = (f"{end:.3f}" for end in page.macro_f1)
    assert f"[{low}, {high}]" in model_card.card(run)


def test_the_weakest_class_is_said_with_those_that_are_as_weak(room, monkeypatch):
    figures = {}
    monkeypatch.setattr(classes_view, "plot", lambda figure, *, key, **more: figures.update({key: figure}))
    run = make_run(room / "one", CLASSES, counts={"test": 90})
    path = run.folder / "predictions-test.parquet"
    frame = pd.read_parquet(path).assign(predicted="shoe")
    frame[[f"p_{name}" for name in CLASSES]] = [0.0, 0.0, 1.0]
    frame.to_parquet(path)
    app = open_page("evaluation", run="one", view="classes")
    assert metric(app, "Weakest class") == "0.0 %" and "Kurta and 1 more" in written(app)
    assert "Lowest F1: Kurta and 1 more" in figures["class_scores"].layout.title.text
