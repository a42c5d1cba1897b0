"""Lessons without their pages: plans, data, the process that trains, and findings against counts by hand."""

import functools
import os
import threading

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binomtest

from fashion_core import storage
from fashion_core.data import datasets, pixels, planted_copies
from fashion_core.data.audit import audit
from fashion_core.data.sources import drawn, readers
from fashion_core.errors import ReadOnlyError, RunError, WrongUse
from fashion_core.launch import background, run_queue
from fashion_core.lessons import datasets as lesson_datasets
from fashion_core.lessons import expected, findings, plans, progress
from fashion_core.lessons import worker as lesson_worker
from fashion_core.runs import runs
from fashion_core.settings import recipes
from tests.support.made_lessons import frame, make_leaky, make_lesson


def test_a_plans_key_changes_with_the_seed_and_with_every_setting():
    keys = {plans.plan(lesson, seed).key for lesson in plans.LESSONS for seed in range(3)}
    assert len(keys) == 3 * len(plans.LESSONS)
    plan = plans.plan("leakage")
    longer = recipes.settings_for("report", ["epochs=9"])
    parts = (plan.parts[0], plans.Part(name="clean", words="", data=plans.CLEAN, settings=longer))
    assert plans.Plan(lesson="leakage", seed=0, parts=parts).key != plan.key


def test_the_parts_of_a_lesson_differ_in_what_it_is_about_and_in_nothing_else():
    about = {"imbalance": {"sampler"}, "leakage": set(), "shortcuts": set(), "difference": {"seed"}}
    about["augmentation"] = {"flip", "rotation_degrees", "crop_scale", "brightness", "contrast", "saturation"}
    for lesson, names in about.items():
        settings = [part.settings.to_json() for part in plans.plan(lesson).parts]
        differing = {name for other in settings[1:] for name in other if other[name] != settings[0][name]}
        assert differing == names, lesson
        assert all(one["device"] == "cpu" for one in settings)


def test_two_seeds_of_the_lesson_on_luck_share_no_training():
    seeds = [part.settings.seed for seed in (0, 1) for part in plans.plan("difference", seed).parts]
    assert len(set(seeds)) == 2 * plans.NUM_SEEDS


@pytest.mark.parametrize(("lesson", "seed"), [("imbalanse", 0), ("leakage", 10), ("leakage", -1)])
def test_an_unknown_lesson_or_seed_is_refused(lesson, seed):
    with pytest.raises(WrongUse, match="imbalance|between 0 and 9"):
        plans.plan(lesson, seed)


def test_copies_stand_in_train_with_the_pixels_of_their_test_photos(tiny, tmp_path):
    made = make_leaky(tiny, tmp_path)
    table = made.manifest()
    planted = table[table["image_id"].str.endswith(planted_copies.ENDING)]
    whole = table.set_index("image_id")
    assert (planted["split"] == "train").all() and sorted(planted["label"]) == sorted(tiny.classes)
    assert dict(table[table["split"] == "train"].value_counts("label")) == dict.fromkeys(tiny.classes, 3)
    assert made.splits == {"train": 9, "val": 12, "test": 15} and made.made[-1]["copies"] == 1
    small_NHW3 = pixels.thumbnails(made)
    for row in planted.itertuples():
        source = whole.index.get_loc(row.image_id.removesuffix(planted_copies.ENDING))
        assert row.sha256 == table["sha256"][source]
        assert np.array_equal(small_NHW3[row.Index], small_NHW3[source])
    for row in table.sample(6, random_state=0).itertuples():
        assert datasets.read_photo(made, row.path, row.sha256)
    again = planted_copies.make(tiny, train=2, copies=1, name=made.name, bring="", data_dir=made.folder.parent)
    assert again == made
    with pytest.raises(WrongUse, match="6 train photos, got 7"):
        planted_copies.chosen(tiny.manifest(), tiny.classes, "train", 7, 0)


def test_the_audit_of_the_leaky_photos_finds_every_planted_copy(tiny, tmp_path):
    made = make_leaky(tiny, tmp_path)
    names = made.manifest(["image_id"])["image_id"]
    planted = set(names[names.str.endswith(planted_copies.ENDING)].str.removesuffix(planted_copies.ENDING))
    found = audit.load(made).findings()
    exact = found[(found["kind"] == "leak") & (found["cause"] == "exact") & (found["split"] == "test")]
    assert planted <= set(exact["image_id"])


def test_a_smaller_choice_of_photos_lies_within_a_larger_one(tiny):
    table = tiny.manifest()
    few, more = (set(planted_copies.chosen(table, tiny.classes, "train", number, 3)) for number in (2, 5))
    assert few < more and len(few) == 6


def test_the_drawn_places_show_a_garment_before_what_the_plan_says():
    plan = drawn.plan_places(8, 6)
    own = plan["label"].map(drawn.PLACES) == plan["place"]
    assert own[plan["split"] == "val"].all() and not own[plan["split"] == "test"].any()
    held = plan[plan["split"] != "train"].groupby("garment")["split"].apply(sorted)
    assert (held.map(list) == [["test", "val"]] * len(held)).all()
    train = plan[(plan["split"] == "train")]
    own = own[train.index]
    assert train[own].groupby("label").size().eq(8).all()
    assert train[~own].groupby("label")["place"].value_counts().eq(2).all()
    assert not plan["image_id"].duplicated().any()


def test_a_garment_is_the_same_before_any_background_and_an_ordinary_drawing_is_as_it_was():
    one, other = (np.asarray(drawn.draw("saree", "held/saree/0001", 0, place), int) for place in ("studio", "wood"))
    alike = np.abs(one - other).max(axis=2) <= 4
    assert 0.15 < alike.mean() < 0.85 and alike[50:90, 54:74].mean() > alike[:30, :20].mean()
    assert np.array_equal(np.asarray(drawn.draw("saree", "a", 0)), np.asarray(drawn.draw("saree", "a", 0, "")))


def test_recall_of_the_rare_is_counted_by_hand():
    rows = [("a", 100, 10, 9, 8), ("b", 1, 10, 0, 5)]
    found = findings.weighted(rows, 3)
    assert found.value == pytest.approx((100 * 0.9 + 1 * 0.0) / 101)
    assert found.low < found.value < found.high <= 1


def test_findings_on_imbalance_agree_with_counts_by_hand(tiny, tmp_path):
    made = make_lesson("imbalance", tiny, tmp_path)
    found = findings.find("imbalance", made, tmp_path)
    assert list(found.classes["label"]) == ["shoe", "kurta", "saree"] and list(found.classes["train"]) == [18, 12, 6]
    for part, run in made.items():
        table = pd.read_parquet(run.folder / "predictions-test.parquet")
        right = [bool(row.label == row.predicted) for row in table.itertuples()]
        assert (found.overall[part].right, found.overall[part].n) == (sum(right), 15)
        for row in found.classes.itertuples():
            of_class = [hit for hit, label in zip(right, table["label"], strict=True) if label == row.label]
            assert getattr(row, part) == sum(of_class) and row.n == len(of_class)


def test_a_paired_difference_is_the_exact_binomial_test_of_the_disagreements():
    ids = [f"{number}" for number in range(12)]
    first = frame([(name, "a", "a" if place < 8 else "b") for place, name in enumerate(ids)])
    second = frame([(name, "a", "a" if place in (0, 1, 11) else "b") for place, name in enumerate(reversed(ids))])
    one, other = ({row.image_id for row in f.itertuples() if row.predicted == "a"} for f in (first, second))
    lost, won = len(one - other), len(other - one)
    found = findings.paired(first, second)
    assert found.value == pytest.approx((won - lost) / 12)
    assert found.p_value == pytest.approx(binomtest(won, won + lost).pvalue)


def test_findings_on_augmentation_are_the_gap_between_learnt_and_new(tiny, tmp_path):
    made = make_lesson("augmentation", tiny, tmp_path)
    found = findings.find("augmentation", made, tmp_path)
    table = {split: made["plain"].predictions(split) for split in ("train", "test")}
    shares = {split: float(np.mean(one["label"] == one["predicted"])) for split, one in table.items()}
    assert found.gap("plain") == pytest.approx(shares["train"] - shares["test"]) == found.gap_of("plain").value
    assert list(found.curves["augmented"]["epoch"]) == [1, 2, 3]


def test_findings_on_leakage_part_the_test_photos_by_the_planted_copies(tiny, tmp_path):
    made_of = make_leaky(tiny, tmp_path)
    made = make_lesson("leakage", tiny, tmp_path)
    found = findings.find("leakage", made, tmp_path)
    names = made_of.manifest(["image_id"])["image_id"]
    planted = set(names[names.str.endswith(planted_copies.ENDING)].str.removesuffix(planted_copies.ENDING))
    table = made["leaky"].predictions("test")
    leaked = table[table["image_id"].isin(planted)]
    assert found.num_planted == found.num_found == len(planted) == 3
    assert found.leaky.leaked.right == sum(leaked["label"] == leaked["predicted"])
    assert found.leaky.leaked.n + found.leaky.kept.n == found.leaky.everything.n == 15


def test_findings_on_leakage_say_when_the_audit_is_missing(tiny, tmp_path):
    made = make_lesson("leakage", tiny, tmp_path)
    with pytest.raises(RunError, match="audit of the lesson's photos is not here"):
        findings.find("leakage", made, tmp_path)


def test_findings_on_shortcuts_follow_each_garment_to_its_other_background(tiny, tmp_path):
    made = make_lesson("shortcuts", tiny, tmp_path)
    found = findings.find("shortcuts", made, tmp_path)
    owner = {place: label for label, place in drawn.PLACES.items()}
    table = made["own"].predictions("test")
    followed = sum(owner[row.image_id.rsplit("-", 1)[1][:-4]] == row.predicted for row in table.itertuples())
    assert (found.followed["own"].right, found.followed["own"].n) == (followed, 24)
    assert found.fall.value == pytest.approx(found.swapped["own"].accuracy - found.own["own"].accuracy)
    assert len(found.garments) == 24 and (found.garments["owner"] != found.garments["label"]).all()
    with pytest.raises(RunError, match="names no garment"):
        findings.placed(frame([("test/a.jpg", "a", "a")]))


def test_findings_on_luck_call_two_trainings_of_one_recipe_no_better_recipe(tiny, tmp_path):
    made = make_lesson("difference", tiny, tmp_path)
    found = findings.find("difference", made, tmp_path)
    shares = [float(np.mean(run.predictions("test").eval("label == predicted"))) for run in made.values()]
    assert found.gap == pytest.approx(max(shares) - min(shares))
    assert found.spread.sd == pytest.approx(np.std(shares, ddof=1)) and found.num_pairs == 15
    assert found.comparison.verdict.word != "better"


def test_equal_plans_are_found_again_and_a_lost_part_is_asked_for(tiny, tmp_path):
    plan = plans.plan("imbalance")
    assert progress.look(plan, tmp_path).word == progress.ABSENT
    make_lesson("imbalance", tiny, tmp_path, parts=["plain"])
    state = progress.look(plan, tmp_path)
    assert (state.word, state.done) == (progress.STOPPED, ("plain",)) and "1 of 2 trainings are kept" in state.sentence
    with pytest.raises(RunError, match="1 of 2 trainings here; run: python -m fashion_core lesson imbalance"):
        progress.finished_or_refuse(plan, tmp_path)
    make_lesson("imbalance", tiny, tmp_path, parts=["balanced"])
    assert progress.look(plan, tmp_path).word == progress.FINISHED
    assert runs.list_runs(tmp_path) == []


def test_whoever_presses_second_follows_the_process_of_the_first(tmp_path, monkeypatch):
    started = []

    def detach(command, log, **_):
        started.append(command)
        return os.getpid()

    monkeypatch.setattr(background, "detach", detach)
    plan = plans.plan("leakage")
    for _ in range(2):
        progress.start(plan, data_dir=tmp_path / "data", runs_dir=tmp_path)
    assert len(started) == 1 and started[0][3:7] == ["lesson", "leakage", "--seed", "0"]
    state = progress.look(plan, tmp_path)
    assert state.word == progress.ACTIVE and state.sentence == "Starting."


def test_a_review_copy_starts_nothing(tmp_path, monkeypatch):
    monkeypatch.setenv("FASHION_READ_ONLY", "1")
    plan = plans.plan("leakage")
    with pytest.raises(ReadOnlyError):
        progress.start(plan, data_dir=tmp_path, runs_dir=tmp_path)
    with pytest.raises(ReadOnlyError):
        lesson_worker.work(plan, data_dir=tmp_path, runs_dir=tmp_path)
    assert not (tmp_path / ".lessons").exists()


def test_a_damaged_progress_file_is_nothing_said(tmp_path):
    plan = plans.plan("leakage")
    folder = progress.folder_of(plan, tmp_path)
    for text in ("", "[]", '{"process": {"pid": "x"}}', '{"process": {"pid": 1, "started": 0}, "began": "now"}'):
        storage.write_text(folder / "progress.json", text)
        assert progress.look(plan, tmp_path).word in (progress.ABSENT, progress.STOPPED)


@pytest.fixture
def few_places(monkeypatch):
    """Drawn places with four garments a class in train and three held out."""
    monkeypatch.setattr(drawn, "plan_places", functools.partial(drawn.plan_places, 4, 3))
    lesson_datasets._fingerprint.cache_clear()
    yield
    lesson_datasets._fingerprint.cache_clear()


def test_a_lesson_draws_waits_its_turn_trains_and_is_not_trained_twice(few_places, tmp_path):
    plan = plans.plan("shortcuts")
    data_dir, runs_dir = tmp_path / "data", tmp_path / "runs"
    run_queue.enqueue(runs_dir / "before", "cpu")
    held = run_queue.take(runs_dir / "before")
    worker = threading.Thread(
        target=lesson_worker.work, args=(plan,), kwargs={"data_dir": data_dir, "runs_dir": runs_dir}, daemon=True
    )
    worker.start()
    for _ in range(600):
        state = progress.look(plan, runs_dir)
        if state.sentence.startswith("Waiting for the CPU behind run before"):
            break
        worker.join(0.1)
    assert state.word == progress.ACTIVE and state.sentence.startswith("Waiting for the CPU behind run before")
    with pytest.raises(RunError, match="being trained by another process"):
        lesson_worker.work(plan, data_dir=data_dir, runs_dir=runs_dir)
    run_queue.release(held)
    worker.join(120)
    state = progress.look(plan, runs_dir)
    assert state.word == progress.FINISHED and state.seconds and state.first_seconds <= state.seconds
    assert not run_queue.waiting(runs_dir) and runs.list_runs(runs_dir) == [] and datasets.list_datasets(data_dir) == []
    made = progress.finished_runs(plan, runs_dir)
    own, mixed = (lesson_datasets.find(part.data, data_dir) for part in plan.parts)
    table = {one.name: one.manifest() for one in (own, mixed)}
    for one in (own, mixed):
        used = table[one.name][table[one.name]["status"] == "ok"]
        assert dict(used.value_counts("split")) == {"train": 16, "val": 12, "test": 12}
        train = used[used["split"] == "train"]
        assert not train["garment"].duplicated().any()
        places = train.groupby("label")["place"].nunique()
        assert (places == (1 if one is own else 4)).all()
    assert own.made[-1]["parent"] == readers.PLACES and own.bring.endswith(f"--name {own.name}")
    stamps = {name: (run.folder / "summary.json").stat().st_mtime_ns for name, run in made.items()}
    lesson_worker.work(plan, data_dir=data_dir, runs_dir=runs_dir)
    assert stamps == {name: (run.folder / "summary.json").stat().st_mtime_ns for name, run in made.items()}
    found = findings.find("shortcuts", made, data_dir)
    assert found.own["own"].n == found.swapped["mixed"].n == 12


def test_expected_ranges_belong_to_the_plans_of_today():
    for lesson in plans.LESSONS:
        known = expected.of(lesson)
        assert known is not None, f"python -m benchmarks.studies.lessons --lessons {lesson} --save"
        assert known.seeds >= 3
        for mean, low, high in known.numbers.values():
            assert low - 1e-4 <= mean <= high + 1e-4
