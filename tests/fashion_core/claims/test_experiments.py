"""An experiment reuses what is there, resumes what was interrupted, and its verdict is that of the Compare page."""

import json
import os
import shutil
import signal
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import adjusted_rand_score

from fashion_core import storage
from fashion_core.claims import definitions, evidence, experiments, features, judge, shipped
from fashion_core.compare import comparison, sides
from fashion_core.embeddings import clusters, neighbours
from fashion_core.errors import ReadOnlyError, RunError, WrongUse
from fashion_core.launch import actions, launchers
from fashion_core.launch.status import status_of
from fashion_core.metrics import logit_adjustment
from fashion_core.runs import runs
from fashion_core.settings import recipes
from tests.support.commands import command
from tests.support.made_pairs import run_with
from tests.support.made_runs import make_run

SIZE = "image_size=16"
NO_DROPOUT = ("dropout=0",)


@pytest.fixture
def made(tiny, tmp_path):
    """``made(name, share right, seed, sets)``: a finished run on the dataset tiny of 300 made answers."""
    generator = np.random.default_rng(0)

    def make(name: str, share: float, seed: int = 0, sets: tuple[str, ...] = (), **more) -> runs.Run:
        right = generator.random(300) < share
        more = {"fingerprint": tiny.fingerprint, "classes": tiny.classes} | more
        return run_with(tmp_path / "runs" / name, right, seed=seed, sets=sets, **more)

    return make


def planned(name: str, tiny, tmp_path: Path, **more) -> experiments.Plan:
    here = experiments.Here(runs=runs.list_runs(tmp_path / "runs"), data_dir=tmp_path / "data")
    more = {"seeds": 2, "overrides": [SIZE]} | more
    return experiments.plan(definitions.find(name), tiny, here, **more)


def states(plan: experiments.Plan) -> dict[str, list[str]]:
    return {arm.arm.name: [member.state for member in arm.members] for arm in plan.arms}


def test_a_finished_run_with_equal_settings_counts_whatever_launched_it(made, tiny, tmp_path):
    made("by-hand", 0.7)
    made("of-a-group", 0.7, 1, ("device=cuda", "log_every=3", "num_workers=2"), group="three")
    made("other-epochs", 0.7, 0, ("dropout=0", "epochs=3"))
    made("other-seed", 0.7, 5, NO_DROPOUT)
    made("other-photos", 0.7, 0, NO_DROPOUT, fingerprint="f" * 16)
    assert states(planned("dropout", tiny, tmp_path)) == {"without": ["missing"] * 2, "base": ["finished"] * 2}
    made("without", 0.7, 1, NO_DROPOUT)
    plan = planned("dropout", tiny, tmp_path)
    assert states(plan)["without"] == ["missing", "finished"] and not plan.finished
    with pytest.raises(
        RunError, match="1 of 4 runs .* is not finished; run: python -m fashion_core experiment dropout"
    ):
        experiments.collect(plan)
    (runs.find_run(tmp_path / "runs", "by-hand").folder / "predictions-test.parquet").unlink()
    assert states(planned("dropout", tiny, tmp_path))["base"] == ["missing", "finished"], "it has no weights to ask"


def test_a_finished_run_whose_predictions_are_gone_is_asked_again_and_not_trained(tiny, tiny_run, tiny_data, tmp_path):
    shutil.copytree(tiny_run.folder, tmp_path / "runs" / "one")
    run = runs.find_run(tmp_path / "runs", "one")
    before = {path.name: path.read_bytes() for path in run.folder.iterdir() if path.is_file()}
    assert not run.unanswered()
    with pytest.raises(RunError, match="is finished; start a new run with more epochs instead"):
        actions.start_resume(run, data_dir=tiny_data)
    (run.folder / "predictions-test.parquet").unlink()
    state, done = experiments._state(run, "test", False, status_of)
    assert (state, done) == ("resumable", 1.0)
    actions.start_resume(run, data_dir=tiny_data)
    deadline = time.monotonic() + 120
    while run.unanswered() or status_of(run).active:
        assert time.monotonic() < deadline, run.log_tail()
        time.sleep(0.2)
    assert status_of(run).state == "finished" and status_of(run).sentence == status_of(tiny_run).sentence
    for name in ("summary.json", "metrics.jsonl", "config.json"):
        assert (run.folder / name).read_bytes() == before[name], "nothing was trained"
    old, new = (pd.read_parquet(folder / "predictions-test.parquet") for folder in (tiny_run.folder, run.folder))
    assert (old["image_id"] == new["image_id"]).all() and (old["predicted"] == new["predicted"]).all()
    shares = [frame.filter(like="p_").to_numpy() for frame in (old, new)]
    assert np.allclose(*shares, atol=1e-5)
    assert experiments._state(run, "test", False, status_of)[0] == "finished"


def test_what_two_claims_need_is_started_once_and_costed_once(tiny, tiny_run, tmp_path):
    overrides = [SIZE, "batch_size=8", "device=cpu"]
    plans = [planned(name, tiny, tmp_path, overrides=overrides) for name in ("dropout", "future", "clusters")]
    made = experiments.batches(plans)
    assert [len(batch.new) for batch in made] == [2] * 5  # without, base, focal, mixup, cutmix
    cost = experiments.cost(plans, [tiny_run])
    speed = tiny_run.metrics()["images_per_second"].dropna().iloc[-1]
    assert (cost.num_runs, cost.num_finished, cost.num_unknown) == (10, 0, 0)
    assert cost.seconds == pytest.approx(10 * 2 * 36 / speed)
    assert experiments.cost(plans, []).num_unknown == 10
    assert "nothing like it ran here yet" in experiments.cost(plans, []).words


def test_the_verdicts_numbers_are_those_of_the_compare_page(made, tiny, tmp_path):
    first = [made(f"none-{seed}", 0.6, seed, ("sampler=none", "loss=cross_entropy")) for seed in range(2)]
    made("sampler-0", 0.7, 0, ("loss=cross_entropy",))
    made("sampler-1", 0.7, 1, ("loss=cross_entropy",))
    second = [made(f"weights-{seed}", 0.75, seed, ("sampler=none",)) for seed in range(2)]
    made("both-0", 0.7)
    made("both-1", 0.7, 1)
    result = judge.judge(experiments.collect(planned("imbalance", tiny, tmp_path)))
    pair = [sides.side_of_group(name, members) for name, members in (("none", first), ("weights", second))]
    found = comparison.compare(*pair)
    accuracy = next(one for one in result.comparisons if (one.second, one.measure) == ("weights", "accuracy"))
    for name in ("value", "low", "high", "p_value"):
        assert getattr(accuracy.difference, name) == pytest.approx(getattr(found.difference, name))
    rare = next(one for one in result.comparisons if (one.second, one.measure) == ("weights", "rare_recall"))
    row = found.per_class.set_index("label").loc["saree"]  # 6 of the 36 training photos: a third of three classes
    assert (rare.difference.value, *rare.difference.bounds, rare.difference.p_value) == pytest.approx(
        tuple(row[name] for name in ("difference", "low", "high", "p_value"))
    )
    arm = next(arm for arm in result.arms if arm.name == "adjusted")
    expected = []
    for run in first:
        frame = run.predictions("test")
        shares = frame[[f"p_{name}" for name in tiny.classes]].to_numpy()
        labels = runs.label_indices(frame["label"], tiny.classes)
        expected.append(logit_adjustment.judge(labels, shares, np.array([12, 6, 18]), 1.0).accuracy.value)
    assert arm.values["accuracy"] == pytest.approx(tuple(expected))


def test_a_class_that_the_split_lacks_leaves_the_others_judged_unless_the_claim_is_about_it(made, tiny, tmp_path):
    labels = np.array(["kurta", "shoe"])[np.arange(300) % 2]  # none of saree, the rarest in training
    for seed in range(2):
        made(f"base-{seed}", 0.8, seed, labels=labels)
        made(f"without-{seed}", 0.6, seed, NO_DROPOUT, labels=labels)
        for name, sets in (("none", ("sampler=none", "loss=cross_entropy")), ("sampler", ("loss=cross_entropy",))):
            made(f"{name}-{seed}", 0.7, seed, sets, labels=labels)
        made(f"weights-{seed}", 0.7, seed, ("sampler=none",), labels=labels)
    result = judge.judge(experiments.collect(planned("dropout", tiny, tmp_path)))
    assert result.evidence.absent == ["saree"] and result.evidence.n == 300
    assert "There are no test photos of Saree: nothing is said of it." in result.notes
    shares = [(run.predictions("test")["predicted"] == labels).mean() for run in runs.list_runs(tmp_path / "runs")
              if run.id.startswith("base")]  # fmt: skip
    assert sorted(next(arm for arm in result.arms if arm.name == "base").values["accuracy"]) == sorted(shares)
    with pytest.raises(
        RunError, match="mean recall of the rarest third of the classes, and test has no photos of saree"
    ):
        experiments.collect(planned("imbalance", tiny, tmp_path))


def test_saved_evidence_gives_the_verdict_that_the_runs_give(made, tiny, tmp_path):
    for seed in range(3):
        made(f"base-{seed}", 0.75, seed)
        made(f"without-{seed}", 0.6, seed, NO_DROPOUT)
    found = [experiments.collect(planned(name, tiny, tmp_path, seeds=3)) for name in ("dropout", "variation")]
    path = shipped.save(found[:1], tmp_path / "results")
    shipped.save(found[1:], tmp_path / "results")
    again = shipped.load(path)
    assert [one.claim for one in again] == ["dropout", "variation"]
    for before, after in zip(found, again, strict=True):
        assert judge.judge(after).to_json() == judge.judge(before).to_json()
    assert len(json.loads(path.read_text())["arms"]) == 2  # the base stands there once
    assert again[0].about["command"] == "python -m fashion_core experiment dropout tiny --seeds 3 --set image_size=16"
    storage.write_json(path, json.loads(path.read_text()) | {"classes": ["one"]})
    with pytest.raises(RunError, match="tiny.json' cannot be read"):
        shipped.load(path)
    with pytest.raises(RunError, match="remove .*tiny.json, then save them again"):
        shipped.save(found, tmp_path / "results")
    assert shipped.every(tmp_path / "results") == []


def test_claims_that_were_saved_of_other_runs_keep_their_numbers(made, tiny, tmp_path):
    for seed in range(3):
        made(f"base-{seed}", 0.75, seed)
        made(f"without-{seed}", 0.6, seed, NO_DROPOUT)
    dropout, variation = (
        experiments.collect(planned(name, tiny, tmp_path, seeds=3)) for name in ("dropout", "variation")
    )
    moved = {
        "two": replace(
            variation.arms["two"], run_ids=("x", "y", "z"), matrices_SKK=dropout.arms["without"].matrices_SKK
        )
    }
    path = shipped.save([dropout], tmp_path / "results")
    shipped.save([replace(variation, arms=moved)], tmp_path / "results")
    first, second = shipped.load(path)
    assert judge.judge(first).to_json() == judge.judge(dropout).to_json()
    assert second.arms["two"].run_ids == ("x", "y", "z")


def test_a_claim_of_a_later_version_stays_with_its_numbers_when_others_are_saved(made, tiny, tmp_path):
    for seed in range(3):
        made(f"base-{seed}", 0.75, seed)
        made(f"without-{seed}", 0.6, seed, NO_DROPOUT)
    dropout, variation = (
        experiments.collect(planned(name, tiny, tmp_path, seeds=3)) for name in ("dropout", "variation")
    )
    path = shipped.save([variation], tmp_path / "results")
    document = json.loads(path.read_text())
    document["claims"][0]["claim"] = "of-tomorrow"
    numbers = next(iter(document["arms"].values()))["matrices"]
    storage.write_json(path, document)
    for _ in range(2):  # saving again moves nothing
        shipped.save([dropout], tmp_path / "results")
    assert [one.claim for one in shipped.load(path)] == ["dropout"]
    document = json.loads(path.read_text())
    assert [one["claim"] for one in document["claims"]] == ["dropout", "of-tomorrow"]
    assert document["arms"][document["claims"][1]["arms"]["two"]]["matrices"] == numbers
    assert len(document["arms"]) == 3


def test_results_of_other_photos_are_replaced_and_a_review_copy_saves_none(made, tiny, tmp_path, monkeypatch):
    for seed in range(3):
        made(f"base-{seed}", 0.75, seed)
        made(f"without-{seed}", 0.6, seed, NO_DROPOUT)
    found = experiments.collect(planned("dropout", tiny, tmp_path, seeds=3))
    path = shipped.save([found], tmp_path / "results")
    document = json.loads(path.read_text())
    document["dataset"]["fingerprint"] = "e" * 16
    storage.write_json(path, document)
    shipped.save([experiments.collect(planned("variation", tiny, tmp_path, seeds=3))], tmp_path / "results")
    assert [one.claim for one in shipped.load(path)] == ["variation"]
    monkeypatch.setenv("FASHION_READ_ONLY", "1")
    with pytest.raises(ReadOnlyError):
        shipped.save([found], tmp_path / "results")
    with pytest.raises(ReadOnlyError):
        experiments.start(lambda: [], data_dir=tmp_path, runs_dir=tmp_path / "runs")


def test_committed_results_can_be_read_and_judged():
    for path in sorted(shipped.FOLDER.glob("*.json")):
        assert path.stat().st_size < 400_000
        for one in shipped.load(path):
            result = judge.judge(one)
            assert result.word in (judge.SUPPORTED, judge.CONTRADICTED, judge.CANNOT_TELL)


def test_where_there_is_no_test_split_val_is_judged_and_said():
    assert evidence.split_of({"train": 9, "val": 3}) == "val"
    assert evidence.split_of({"train": 9, "val": 3, "test": 3}, "val") == "val"
    with pytest.raises(RunError, match="no test photos"):
        evidence.split_of({"train": 9}, None)


def test_even_classes_refuse_the_claims_about_rare_ones(tiny, tmp_path):
    plan = planned("imbalance", tiny, tmp_path, counts=[12, 12, 13])
    assert "no minority class" in plan.refused and not plan.finished
    assert experiments.batches([plan]) == []


def test_a_pretrained_arm_without_weights_is_left_out_with_the_reason(tiny, tmp_path, monkeypatch):
    monkeypatch.setattr("fashion_core.settings.pretrained.look", lambda name, data_dir: None)
    plan = planned("tailored", tiny, tmp_path)
    arm = plan.arms[-1]
    assert not arm.members and "requirements-transfer.txt" in arm.missing


def test_features_are_measured_with_what_scikit_learn_says(tmp_path):
    run = make_run(tmp_path / "run", ("a", "b", "c"), counts={"test": 120})
    found = features.measure(run, "test")
    matrix = np.array(found["matrix"])
    pairs = [(row, column) for row in range(3) for column in range(3) for _ in range(matrix[row, column])]
    assert found["rand"] == pytest.approx(adjusted_rand_score(*zip(*pairs, strict=True)), abs=1e-5)
    assert clusters.rand_of(matrix) == pytest.approx(found["rand"], abs=1e-5)
    assert clusters.rand_of(np.array([[5, 0], [0, 0]])) == 1.0
    assert found["chance"] == pytest.approx(1 / 3, abs=1e-3) and 0 < found["rand_variance"] < 0.1
    units = neighbours.units(run.embeddings("test"))
    labels = run.predictions("test")["label"].to_numpy()
    likeness = units @ units.T
    np.fill_diagonal(likeness, -2)
    near = np.argsort(-likeness, axis=1, kind="stable")[:, :3]
    expected = (labels[near] == labels[:, None]).mean(axis=1)
    assert neighbours.alike_shares(units, labels, 3).mean() == pytest.approx(expected.mean(), abs=1e-6)


def test_the_command_lists_plans_and_refuses_in_one_sentence(tiny_data, tiny_runs, tmp_path):
    places = {"data": tiny_data, "runs": tiny_runs}
    listed = json.loads(command("experiment", "--json", **places).stdout)
    assert [one["claim"] for one in listed] == [claim.name for claim in definitions.CLAIMS]
    asked = ("experiment", "all", "tiny", "--seeds", 2, "--set", "image_size=16", "--set", "batch_size=8", "--dry-run")
    done = command(*asked, "--json", **places)
    told = json.loads(done.stdout)
    assert done.returncode == 0 and told["runs_there"] == 1 and told["runs_to_train"] >= 20
    assert "runs to train, about" in done.stderr
    for words, sentence in (
        (("experiment", "dropuot", "tiny"), "did you mean 'dropout'"),
        (("experiment", "dropout"), "needs a dataset"),
        (("experiment", "dropout", "tiny", "--seeds", 1), "between 2 and 100"),
        (("experiment", "dropout", "tiny", "--set", "epochs=0"), "epochs must be a whole number"),
    ):
        done = command(*words, **places)
        assert done.returncode == 2 and sentence in done.stderr
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_an_experiment_that_was_killed_goes_on_with_the_same_command(tiny, tiny_data, tmp_path):
    """One arm is there (trained by hand), one is launched and its first run killed: what finishes counts once."""
    from fashion_core.training import loop

    runs_dir = tmp_path / "runs"
    overrides = [SIZE, "batch_size=8", "epochs=12", "device=cpu"]
    for seed in range(2):
        settings = recipes.settings_for("report", [*overrides, f"seed={seed}", "save_minutes=0"])
        run = runs.create_run(tiny, settings, runs_dir=runs_dir, run_id=f"by-hand-{seed}")
        steps = iter(range(20 if seed else 10_000))  # the second one is stopped on its way
        loop.train(run, tiny, should_stop=lambda steps=steps: next(steps, None) is None)
    plan = planned("dropout", tiny, tmp_path, overrides=overrides)
    assert states(plan) == {"without": ["missing"] * 2, "base": ["finished", "resumable"]}
    assert [(len(batch.resumed), len(batch.new)) for batch in experiments.batches([plan])] == [(0, 2), (1, 0)]
    loop.train(run, tiny)

    def again() -> list[experiments.Plan]:
        return [planned("dropout", tiny, tmp_path, overrides=overrides)]

    started = experiments.start(again, data_dir=tiny_data, runs_dir=runs_dir)
    assert len(started) == 2 and experiments.start(again, data_dir=tiny_data, runs_dir=runs_dir) == []
    assert planned("dropout", tiny, tmp_path, overrides=overrides).running
    first = runs.find_run(runs_dir, started[0])
    deadline = time.monotonic() + 120
    while not (process := launchers.running_process(first)) or not status_of(first).step:
        assert time.monotonic() < deadline and status_of(first).active
        time.sleep(0.02)
    os.kill(process.pid, signal.SIGKILL)
    words = ("experiment", "dropout", "tiny", "--seeds", 2, *(word for one in overrides for word in ("--set", one)))
    done = command(*words, "--json", "--save", "--results-dir", tmp_path / "results", data=tiny_data, runs=runs_dir)
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)["claims"][0]
    used = [run_id for arm in result["arms"] for run_id in arm["run_ids"]]
    assert (
        sorted(used)
        == sorted([*started, "by-hand-0", "by-hand-1"])
        == sorted(one.id for one in runs.list_runs(runs_dir))
    )
    assert [event["event"] for event in first.events()].count("resumed") == 1 or status_of(first).state == "finished"
    saved = shipped.load(tmp_path / "results" / "tiny.json")
    assert json.loads(json.dumps(judge.judge(saved[0]).to_json())) == result
    with pytest.raises(WrongUse):
        planned("dropout", tiny, tmp_path, seeds=1)
