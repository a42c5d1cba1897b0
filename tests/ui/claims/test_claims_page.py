"""The Claims page: the verdict is what the core computes from runs or from kept numbers, on every kind of address."""

import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from fashion_core import processes, storage
from fashion_core.claims import definitions, experiments, judge, shipped
from fashion_core.launch import room
from fashion_core.metrics.intervals import Estimate
from fashion_core.runs import runs, started_by
from tests.support.hostile import PAYLOADS, hostile
from tests.support.made_pairs import run_with
from tests.support.pages import metric, open_page, written
from tests.support.places import ROOT
from ui.app import words
from ui.charts.claims import Recalls, Row, arms, class_recalls

SETS = "image_size=16"


@pytest.fixture
def lab(tiny, tiny_data, tmp_path, monkeypatch):
    """The tiny photos, an empty runs folder and an empty folder of kept results."""
    monkeypatch.setenv("FASHION_DATA", str(tiny_data))
    monkeypatch.setenv("FASHION_RUNS", str(tmp_path / "runs"))
    monkeypatch.setattr(shipped, "FOLDER", tmp_path / "kept")
    return tmp_path


def train(lab: Path, tiny, *, base: float = 0.8, without: float = 0.5) -> None:
    """Made runs of the claim about dropout, two seeds an arm, a group each."""
    generator = np.random.default_rng(0)
    for name, share, sets in (("base", base, ()), ("without", without, ("dropout=0",))):
        for seed in range(2):
            right = np.arange(300) % 100 < 100 * share + seed
            right = right if share == base else right & (generator.random(300) < 2)
            run_with(lab / "runs" / f"{name}-{seed}", right, seed=seed, sets=sets, group=name,
                     fingerprint=tiny.fingerprint, classes=tiny.classes)  # fmt: skip


def plan(lab: Path, tiny) -> experiments.Plan:
    here = experiments.Here(runs=runs.list_runs(lab / "runs"), data_dir=lab)
    return experiments.plan(definitions.find("dropout"), tiny, here, seeds=2, overrides=[SETS])


def test_the_verdict_of_the_runs_here_is_the_cores(lab, tiny):
    train(lab, tiny)
    result = judge.judge(experiments.collect(plan(lab, tiny)))
    app = open_page("claims", claim="dropout", set=SETS, models="2")
    told = written(app)
    assert "From the runs of this machine on tiny" in told and result.sentence.partition(". ")[2] in told
    assert definitions.find("dropout").rule in told
    difference = next(one for one in result.comparisons if one.decides).difference
    assert float(metric(app, "Difference").replace("\\", "").replace("−", "-")) == pytest.approx(
        100 * difference.value, abs=0.05
    )
    arm_table, comparisons = (frame.value for frame in app.dataframe[:2])
    assert arm_table["Accuracy"].tolist() == pytest.approx([50.5, 80.5], abs=0.6)
    assert comparisons["Difference"].tolist() == pytest.approx([100 * difference.value])
    links = [element.proto.query_string for element in app.get("page_link")]
    assert any("first=without" in one and "second=base" in one for one in links)
    assert "Supported" in next(button.label for button in app.button if button.key == "open dropout")
    assert "Not run yet" in next(button.label for button in app.button if button.key == "open epochs")


def test_a_reviewer_reads_the_same_difference_in_plain_words_and_no_test(lab, tiny):
    train(lab, tiny)
    result = judge.judge(experiments.collect(plan(lab, tiny)))
    told = written(open_page("claims", claim="dropout", set=SETS, models="2", audience="review"))
    difference = next(one for one in result.comparisons if one.decides).difference
    assert f": {100 * difference.value:.1f} more of 100 photos are named right than with no dropout" in told
    assert f"({100 * difference.low:.1f} to {100 * difference.high:.1f})" in told and "p =" not in told
    assert "Supported" in told and "p <" not in told and "Holm" not in told


def test_a_claim_opens_by_a_click_and_an_unknown_one_is_said(lab, tiny):
    app = open_page("claims", claim="nobody", dataset="nothing")
    warned = [element.value.replace("\\", "") for element in app.warning]
    assert any("Claim `nobody` is not one" in one for one in warned)
    assert [one.startswith("Dataset: `nothing` is not here") for one in warned].count(True) == 1 and len(warned) == 2
    app.button(key="open variation").click().run()
    assert app.query_params["claim"] == "variation" or app.query_params["claim"] == ["variation"]
    assert "from run to run" in written(app) and not app.exception


def test_what_is_not_run_says_its_rule_cost_and_command(lab, tiny):
    train(lab, tiny)
    app = open_page("claims", claim="future", set=SETS, models="2")
    told = written(app)
    assert "It has not been run on these photos yet" in told and definitions.find("future").rule in told
    assert "8 models: 2 trained already." in told
    assert any(button.label == "Train 6 models" for button in app.button)
    assert any("experiment future tiny --seeds 2 --set image_size=16" in code.value for code in app.code)


def test_the_button_starts_the_missing_runs_once(lab, tiny, monkeypatch):
    train(lab, tiny)
    started: list[int] = []
    monkeypatch.setattr(
        "fashion_core.launch.actions.start_seeds",
        lambda dataset, members, where: started.append(len(members)) or ["a", "b"],
    )
    app = open_page("claims", claim="future", set=SETS, models="2")
    app.button(key="run").click().run()
    assert started == [2, 2, 2] and not app.exception


def test_models_on_their_way_are_followed_and_offered_again_when_their_process_was_killed(lab, tiny, monkeypatch):
    train(lab, tiny)
    folder = lab / "runs" / "without-1"
    for path in [folder / "summary.json", folder / "events.jsonl", *folder.glob("predictions-*.parquet")]:
        path.unlink(missing_ok=True)
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"]) as working:
        runs.tell(runs.open_run(folder), "started", process=processes.process_identity(working.pid))
        app = open_page("claims", claim="dropout", set=SETS, models="2")
        told = [bar.proto.text for bar in app.get("progress")]
        storage.write_json(folder / started_by.FILE, {"name": "Asha", "browser": "a" * 16, "time": time.time()})
        monkeypatch.setenv(room.VARIABLE, "1")
        room_of_others = open_page("claims", claim="dropout", set=SETS, models="2")
        monkeypatch.delenv(room.VARIABLE)
        working.kill()
    assert app.button(key="stop").label == "Stop the experiment"
    assert room_of_others.button(key="stop").label == "Stop it all the same"
    assert "Asha started this experiment just now." in written(room_of_others)
    assert told == ["3 of 4 models trained, 1 in training, 0 waiting"]
    app.run()
    assert not app.exception and not app.get("progress")
    assert "4 models: 3 trained already, 1 stopped on their way, which go on from there." in written(app)
    assert any(button.label.startswith("Train 1 model") for button in app.button)


@pytest.mark.parametrize(
    "told", ["epochs=0", "nonsense", "<script>alert(1)</script>", "image_size=16 ![c](http://e.x/c.png)"]
)
def test_a_change_that_no_setting_can_be_is_one_sentence(lab, told):
    app = open_page("claims", claim="dropout", set=told, models="-3")
    assert any("The settings are those of the report" in element.value for element in app.warning)
    assert not hostile(app) and not app.exception


def test_kept_results_are_shown_without_the_runs_and_judged_anew(lab, tiny, monkeypatch):
    train(lab, tiny)
    evidence = experiments.collect(plan(lab, tiny))
    shipped.save([evidence], lab / "kept")
    monkeypatch.setenv("FASHION_RUNS", str(lab / "no-runs"))
    app = open_page("claims", claim="dropout")
    told = written(app)
    assert "From results that came with the lab, reached on tiny" in told
    assert judge.judge(evidence).sentence.partition(". ")[2] in told
    assert any("Train 4 models" in button.label for button in app.button)
    took = sum(runs.open_run(folder).summary().seconds for folder in (lab / "runs").iterdir() if folder.is_dir())
    assert f"they trained {words.roughly(took)} in all" in told
    monkeypatch.setenv("FASHION_DATA", str(lab / "no-data"))
    (lab / "no-data").mkdir()
    app = open_page("claims", claim="dropout")
    assert "Its photos are not on this machine" in written(app) and metric(app, "Photos") == "300"
    app = open_page("claims", claim="dropout", audience="review")
    assert "Yes, on these photos it holds." in written(app) and definitions.find("dropout").rule not in written(app)
    assert not app.dataframe


def test_a_claim_that_nobody_ran_shows_its_own_command_where_the_photos_are_not_here(lab, tiny, monkeypatch):
    train(lab, tiny)
    shipped.save([experiments.collect(plan(lab, tiny))], lab / "kept")
    monkeypatch.setenv("FASHION_DATA", str(lab / "no-data"))
    (lab / "no-data").mkdir()
    for claim in definitions.CLAIMS:
        (shown,) = [code.value for code in open_page("claims", claim=claim.name).code]
        assert f"experiment {claim.name} tiny" in shown and f"--set {SETS}" in shown, claim.name
        assert shown.count(" experiment ") == 1


def test_the_page_opens_on_photos_that_are_here_and_have_most_verdicts(lab, tiny):
    train(lab, tiny)
    path = shipped.save([experiments.collect(plan(lab, tiny))], lab / "kept")
    assert open_page("claims").selectbox(key="dataset").value == "tiny"
    document = storage.read_json(path)
    document["dataset"] |= {"id": "aaa", "name": "far away", "fingerprint": "f" * 16, "synthetic": False}
    storage.write_json(lab / "kept" / "aaa.json", document)
    chosen = open_page("claims").selectbox(key="dataset")
    assert chosen.value == "tiny" and len(chosen.options) == 2
    path.unlink()
    assert open_page("claims").selectbox(key="dataset").value == "tiny"


def test_names_in_kept_results_are_shown_as_they_are(lab, tiny, monkeypatch):
    train(lab, tiny)
    path = shipped.save([experiments.collect(plan(lab, tiny))], lab / "kept")
    document = storage.read_json(path)
    monkeypatch.setenv("FASHION_DATA", str(lab / "no-data"))
    (lab / "no-data").mkdir()
    for payload in PAYLOADS:
        document["dataset"] |= {"name": payload, "bring": payload}
        document["classes"] = [payload, f"{payload} 2", "shoe"]
        document["claims"][0] |= {"overrides": [payload], "about": {"date": payload, "command": payload}}
        for arm in document["arms"].values():
            arm["settings"] = payload
        storage.write_json(path, document)
        app = open_page("claims", claim="dropout")
        assert not hostile(app), (payload, hostile(app))


def test_a_reader_of_a_review_copy_is_offered_no_run(lab, tiny, monkeypatch):
    monkeypatch.setenv("FASHION_READ_ONLY", "1")
    app = open_page("claims", claim="dropout")
    assert not [button for button in app.button if button.key in ("run", "stop")]
    assert "Experiments are run in the lab that this was copied from" in app.info[0].value


def test_an_empty_lab_says_what_would_be_here(tmp_path, monkeypatch):
    monkeypatch.setenv("FASHION_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("FASHION_RUNS", str(tmp_path / "runs"))
    monkeypatch.setattr(shipped, "FOLDER", tmp_path / "kept")
    (tmp_path / "data").mkdir()
    assert "the report's claims would each have a verdict" in written(open_page("claims"))


def test_the_page_imports_no_torch(tiny_data, tiny_runs):
    code = (
        "import sys; from tests.support.pages import open_page; open_page('claims');"
        "assert 'torch' not in sys.modules, 'the page imported torch'"
    )
    places = {"FASHION_DATA": str(tiny_data), "FASHION_RUNS": str(tiny_runs)}
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env={**os.environ, **places},
                          capture_output=True, text=True)  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]


def test_the_charts_draw_the_numbers_they_were_given():
    rows = [
        Row(name="<b>none</b>", values=(0.6, 0.62), mean=Estimate(0.61, 0.5, 0.72), role="base"),
        Row(name="all", values=(0.7, 0.7), mean=Estimate(0.7, 0.69, 0.71)),
    ]
    figure = arms(rows, unit="Accuracy", title="t", drawn=True, band=(0.55, 0.62))
    interval, dots, mean = figure.data[:3]
    assert list(interval.x) == [50, 72] and list(dots.x) == [60, 62] and list(mean.x) == [61]
    assert "<b>none" not in figure.layout.yaxis.ticktext[0] and "drawn data" in figure.layout.title.text
    assert len(set(figure.data[4].y)) == 2  # equal values can be counted
    assert [shape.type for shape in figure.layout.shapes] == ["line", "rect"]
    recalls = Recalls(name="none", mean=[0.5, 0.9], lowest=[0.4, 0.9], highest=[0.6, 0.9], is_base=True)
    figure = class_recalls([recalls], ["rare", "frequent"], [3, 30])
    assert list(figure.data[1].x) == [50, 90] and "Frequent (30)" in figure.layout.yaxis.ticktext[1]
