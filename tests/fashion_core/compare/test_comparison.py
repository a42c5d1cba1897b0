import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binomtest

from fashion_core import labels, storage
from fashion_core.compare import comparison, sides, verdicts
from fashion_core.data import published
from fashion_core.errors import RunError, WrongUse
from fashion_core.launch import run_queue
from fashion_core.metrics import significance
from fashion_core.runs import runs
from tests.support.drawn_pairs import TRIALS, draw_photos, draw_seeds
from tests.support.made_pairs import CLASSES, answers, run_with
from tests.support.made_runs import make_run
from tests.support.places import ROOT


def sides_of(*found: runs.Run) -> list[sides.Side]:
    return [sides.side_of_run(run) for run in found]


def compared(tmp_path: Path, counts: tuple[int, int, int, int], **more) -> comparison.Comparison:
    right_first, right_second = answers(*counts)
    first = run_with(tmp_path / "first", right_first)
    second = run_with(tmp_path / "second", right_second, sets=["rotation_degrees=0"])
    return comparison.compare(*sides_of(first, second), **more)


def test_two_runs_are_counted_photo_by_photo(tmp_path: Path):
    found = compared(tmp_path, (200, 10, 40, 50))
    assert found.pairs == comparison.Pairs(n11=200, n10=10, n01=40, n00=50)
    assert (found.score_first.accuracy.value, found.score_second.accuracy.value) == (210 / 300, 240 / 300)
    assert found.difference.value == pytest.approx(0.1)
    assert found.difference.p_value == pytest.approx(binomtest(10, 50).pvalue)
    assert found.settings == [("rotation_degrees", "10", "0")]
    lost = found.flips[found.flips["second_right"] == 0]
    assert sorted(lost["image_id"]) == [f"test/{number:04}.jpg" for number in range(200, 210)]
    assert len(found.flips) == 50
    assert np.trace(found.matrix_second) - np.trace(found.matrix_first) == 30
    assert found.per_class["n"].tolist() == [100, 100, 100]
    assert found.per_class["difference"].mean() == pytest.approx(0.1)
    assert (found.per_class["p_holm"] >= found.per_class["p_value"]).all()


@pytest.mark.parametrize(
    ("counts", "margin", "word", "told"),
    [
        ((200, 10, 40, 50), 0.01, "better", "second is better than first by 10.0 points [5.6, 14.8] on the same 300"),
        ((200, 40, 10, 50), 0.01, "worse", "second is worse than first by 10.0 points [5.6, 14.8] on the same 300"),
        ((200, 14, 20, 66), 0.01, "cannot tell", "a difference of 1 point is not ruled out"),
        ((2400, 9, 12, 579), 0.01, "equivalent", "equivalent within 1 point on the same 3,000 test photos: +0.1"),
        ((2300, 10, 40, 650), 0.02, "equivalent", "a real difference but smaller than that"),
        ((2300, 10, 40, 650), 0.005, "better", "by 1.0 points"),
    ],
)
def test_the_verdict_is_one_of_four_with_n_and_margin(tmp_path: Path, counts, margin: float, word: str, told: str):
    verdict = compared(tmp_path, counts, margin=margin).verdict
    assert (verdict.word, verdict.about) == (word, "models")
    assert told in verdict.sentence
    assert "several seeds" in verdict.scope


def test_photos_are_matched_by_image_id_and_classes_by_name(tmp_path: Path):
    right = [True] * 50 + [False] * 10
    ids = [f"test/{number:04}.jpg" for number in range(60)]
    first = run_with(tmp_path / "first", right, image_ids=ids)
    turned = run_with(
        tmp_path / "second",
        right[::-1],
        classes=CLASSES[::-1],
        image_ids=ids[::-1],
        labels=[CLASSES[number % 3] for number in range(60)][::-1],
        sets=["epochs=3"],
    )
    found = comparison.compare(*sides_of(first, turned))
    assert found.pairs == comparison.Pairs(n11=50, n10=0, n01=0, n00=10)
    assert np.array_equal(found.matrix_first, found.matrix_second)
    assert "matched by name" in " ".join(found.notes)


def test_photos_that_only_one_side_saw_and_labels_that_disagree_are_left_out_and_counted(tmp_path: Path):
    first = run_with(tmp_path / "first", [True] * 60)
    names = [CLASSES[number % 3] for number in range(90)]
    names[:6] = [CLASSES[(number + 1) % 3] for number in range(6)]
    second = run_with(tmp_path / "second", [True] * 90, labels=names, fingerprint="1" * 16)
    found = comparison.compare(*sides_of(first, second))
    assert found.n == 54
    told = " ".join(found.notes)
    assert "60 photos in common, of 60 of the first and 90 of the second" in told
    assert "6 of the common photos have another label" in told
    assert "nobody has checked that they are the same pictures" in told


def test_what_cannot_be_compared_is_refused_with_the_reason(tmp_path: Path):
    first = run_with(tmp_path / "first", [True] * 30)
    others = ("blouse", "cap", "saree")
    names = [others[number % 3] for number in range(30)]
    elsewhere = [f"else/{number}.jpg" for number in range(30)]
    for name, other, told in [
        ("classes", {"classes": others, "labels": names}, "only first has dupattas; first lacks cap"),
        ("photos", {"image_ids": elsewhere, "fingerprint": "2" * 16}, "no test photo in common"),
        ("split", {"split": "val"}, "has no test predictions yet"),
    ]:
        second = run_with(tmp_path / name, [True] * 30, **other)
        with pytest.raises(RunError, match=told):
            comparison.compare(*sides_of(first, second))
    other = run_with(tmp_path / "other", [True] * 30, seed=1)
    with pytest.raises(RunError, match="stands on both sides"):
        comparison.compare(*sides_of(first, first))
    with pytest.raises(WrongUse, match="margin must lie above 0"):
        comparison.compare(*sides_of(first, other), margin=0)


def test_a_class_without_photos_is_named_and_the_others_are_compared(tmp_path: Path):
    two = ["blouse", "saree"] * 15
    runs_ = [
        run_with(tmp_path / f"two{place}", [place == 1 or number > 9 for number in range(30)], labels=two, seed=place)
        for place in (0, 1)
    ]
    found = comparison.compare(*sides_of(*runs_))
    assert any("No photos of dupattas among the 30 test photos" in note for note in found.notes)
    rows = {row["label"]: row for row in json.loads(json.dumps(found.to_json(), allow_nan=False))["per_class"]}
    assert rows["dupattas"]["n"] == 0 and rows["dupattas"]["first"] is rows["dupattas"]["p_holm"] is None
    assert (rows["saree"]["first"], rows["saree"]["second"]) == (10 / 15, 1.0)
    shown = [rows[name]["p_value"] for name in ("blouse", "saree")]
    assert rows["saree"]["p_holm"] == pytest.approx(min(1, 2 * min(shown)))  # of two classes, not of three


@pytest.mark.parametrize(("change", "told"), [("nan", "NaN in 1 of 30 rows"), ("twice", "name 'test/0000.jpg' twice")])
def test_broken_predictions_are_refused(tmp_path: Path, change: str, told: str):
    first, second = (run_with(tmp_path / name, [True] * 30, seed=seed) for seed, name in enumerate(("one", "two")))
    path = second.folder / "predictions-test.parquet"
    frame = storage.read_parquet(path)
    frame.loc[1, "p_saree" if change == "nan" else "image_id"] = float("nan") if change == "nan" else "test/0000.jpg"
    storage.write_parquet(path, frame)
    with pytest.raises(RunError, match=told):
        comparison.compare(*sides_of(first, second))


def test_two_trainings_of_one_recipe_are_never_called_better(tmp_path: Path):
    right_first, right_second = answers(200, 10, 40, 50)
    first = run_with(tmp_path / "first", right_first, seed=0)
    second = run_with(tmp_path / "second", right_second, seed=1)
    found = comparison.compare(*sides_of(first, second))
    assert found.difference.p_value < 0.001
    assert (found.verdict.word, found.verdict.about) == ("cannot tell", "seeds")
    assert "two trainings of one recipe, so +10.0 points" in found.verdict.sentence


def test_single_runs_are_judged_beside_the_spread_that_their_recipes_show(tmp_path: Path):
    right_first, right_second = answers(200, 10, 25, 65)
    first = run_with(tmp_path / "first", right_first, seed=0)
    second = run_with(tmp_path / "second", right_second, seed=0, sets=["rotation_degrees=0"])
    assert comparison.compare(*sides_of(first, second)).verdict.word == "better"
    seeds = [run_with(tmp_path / f"s{seed}", [True] * n + [False] * (300 - n), seed=seed)
             for seed, n in ((1, 195), (2, 225))]  # fmt: skip
    found = comparison.compare(*sides_of(first, second), others=seeds)
    assert (found.verdict.word, found.verdict.about) == ("cannot tell", "recipes")
    assert "5.0 points (2 degrees of freedom)" in found.verdict.scope  # the sd of 210, 195 and 225 of 300
    assert found.paired.p_value < 0.05  # what McNemar alone would have said stays visible
    assert "As trained models the two do differ: +5.0 points" in found.verdict.scope


def test_groups_of_seeds_are_compared_as_groups(tmp_path: Path):
    generator = np.random.default_rng(0)
    base = generator.random(600)
    made = [
        run_with(tmp_path / f"{name}{seed}", base + generator.normal(0, 0.1, 600) < chance, seed=seed, group=name,
                 sets=sets)
        for name, chance, sets in (("plain", 0.6, []), ("turned", 0.75, ["rotation_degrees=0"]))
        for seed in range(3)
    ]  # fmt: skip
    found = comparison.compare(sides.find_side("plain", made), sides.find_side("turned", made))
    assert (found.score_first.num_models, found.pairs, found.verdict.about) == (3, None, "recipes")
    assert found.verdict.word == "better" and "3 and 3 trained models" in found.verdict.scope
    assert found.settings == [("rotation_degrees", "10", "0")]
    assert found.matrix_first.sum() == 1800
    by_seed = [run.scores("test").per_class[0].recall for run in made[:3]]
    assert (found.ranges_first.recall_low[0], found.ranges_first.recall_high[0]) == (min(by_seed), max(by_seed))
    assert np.array_equal(3 * found.ranges_first.cells_mean, found.matrix_first)
    assert set(found.flips["first_right"].round(2)) <= {0.0, 0.33, 0.67, 1.0}
    mixed = [*made, run_with(tmp_path / "odd", base < 0.5, seed=9, group="plain", sets=["epochs=5"])]
    with pytest.raises(RunError, match="not seeds of one recipe: epochs differs"):
        sides.find_side("plain", mixed)


def test_a_seed_that_was_taken_out_of_the_queue_is_left_out_of_its_group_and_named(tmp_path: Path):
    base = np.random.default_rng(0).random(600)
    made = [
        run_with(tmp_path / f"{name}{seed}", base < chance, seed=seed, group=name, sets=sets)
        for name, chance, sets in (("plain", 0.6, []), ("turned", 0.75, ["rotation_degrees=0"]))
        for seed in range(3)
    ]
    out = made[2]
    for name in ("predictions-test.parquet", "summary.json"):
        (out.folder / name).unlink()
    told = {"event": "stopped", "time": 0.0, "reason": run_queue.TAKEN_OUT}
    storage.append_line(out.folder / "events.jsonl", told)
    side = sides.find_side("plain", made)
    assert side.name == "2 seeds of plain" and [run.id for run in side.members] == ["plain0", "plain1"]
    found = comparison.compare(side, sides.find_side("turned", made))
    assert found.verdict.word == "better" and found.score_first.num_models == 2
    assert found.notes == ["1 of the 3 runs of group plain was not trained to the end and was left out."]
    with pytest.raises(RunError, match="was not trained to a saved step; run: python -m fashion_core resume plain2"):
        comparison.compare(sides.find_side("plain2", made), sides.find_side("turned", made))
    (made[1].folder / "predictions-test.parquet").unlink()
    with pytest.raises(RunError, match="only run 'plain0' is there .* compare 'plain0' instead"):
        sides.find_side("plain", made)


def test_a_published_result_is_another_experiment_and_is_never_paired(tmp_path: Path):
    run = make_run(tmp_path / "mine", labels.INDOFASHION, counts={"test": 750}, embeddings=False)
    paper = sides.find_side("published-paper", [])
    found = comparison.compare(paper, sides.side_of_run(run))
    right = np.trace(found.matrix_second)
    expected = significance.independent_difference(6632, 7500, right, 750)
    assert (found.difference.low, found.difference.high) == (expected.low, expected.high)
    assert found.pairs is None and found.flips is None
    assert found.verdict.about == "experiments"
    assert found.verdict.sentence.endswith("a different input is a different experiment.")
    assert ("channels", "BGR", "RGB") in found.settings
    assert found.per_class["first"].tolist() == pytest.approx((np.diag(published.paper_matrix()) / 500).tolist())
    report = comparison.compare(paper, sides.find_side("published-report", [])).verdict
    assert (
        report.word == "worse" and "79 % submitted and 78 to 85 % over runs; its matrix gives 84.13 %" in report.scope
    )
    drawn = make_run(tmp_path / "drawn", labels.INDOFASHION, counts={"test": 150}, synthetic=True, embeddings=False)
    assert comparison.compare(paper, sides.side_of_run(drawn)).verdict.word == "cannot tell"
    with pytest.raises(RunError, match="published on test photos"):
        comparison.compare(paper, sides.side_of_run(run), "val")
    with pytest.raises(RunError, match="how many photos"):
        comparison.compare(sides.find_side("fashion-mnist-0", []), sides.find_side("fashion-mnist-1", []))


def test_an_unknown_side_is_an_error_that_names_the_nearest(tmp_path: Path):
    run = run_with(tmp_path / "report-baseline", [True] * 30)
    with pytest.raises(RunError, match="did you mean 'report-baseline'"):
        sides.find_side("report-basline", [run])


def test_the_same_model_with_other_seeds_is_called_better_in_at_most_5_percent_of_1000_trials(tmp_path: Path):
    made = [run_with(tmp_path / f"run{seed}", [True] * 30, seed=seed) for seed in range(6)]
    generator = np.random.default_rng(0)
    logits_NT = draw_photos(generator, 1000, TRIALS)
    for num_seeds in (1, 3):
        first = sides.Side(id="a", name="a", kind="seeds", members=tuple(made[:num_seeds]))
        second = sides.Side(id="b", name="b", kind="seeds", members=tuple(made[3 : 3 + num_seeds]))
        right = [draw_seeds(generator, num_seeds, logits_NT) for _ in range(2)]
        noise_T = significance.variance_over_photos(*right)
        if num_seeds == 1:
            n10, n01 = (right[0] & ~right[1])[0].sum(axis=0), (~right[0] & right[1])[0].sum(axis=0)
            found = significance.paired_difference(n10, n01, 1000)
            assert np.mean(found.p_value < 0.05) > 0.1  # what a test over photos alone would say
        else:
            found = significance.seeded_difference(right[0].mean(axis=1), right[1].mean(axis=1), noise_T)
        words = pd.Series(
            [
                verdicts.judge(first, second, one_of(found, trial), n=1000, split="test", margin=0.01).word
                for trial in range(TRIALS)
            ]
        ).value_counts(normalize=True)
        assert words.get("better", 0) <= 0.05 and words.get("worse", 0) <= 0.05
        assert words.get("better", 0) + words.get("worse", 0) <= 0.05


def one_of(found: significance.Difference, place: int) -> significance.Difference:
    numbers = {name: value[place] for name, value in vars(found).items() if name not in ("method", "n")}
    return significance.Difference(**numbers, method=found.method)


def test_the_command_prints_one_document_with_the_verdict(tmp_path: Path):
    right_first, right_second = answers(20, 1, 9, 30)
    run_with(tmp_path / "first", right_first)
    run_with(tmp_path / "second", right_second, sets=["epochs=4"])
    command = [sys.executable, "-m", "fashion_core", "compare", "first", "second", "--runs-dir", str(tmp_path)]
    done = subprocess.run([*command, "--json"], cwd=ROOT, capture_output=True, text=True, check=True)
    document = json.loads(done.stdout)
    assert document["verdict"] == "better" and document["n"] == 60
    assert document["pairs"] == {"n11": 20, "n10": 1, "n01": 9, "n00": 30}
    assert document["settings"] == [{"name": "epochs", "first": "2", "second": "4"}]
    assert document["right_to_wrong"] == ["test/0020.jpg"] and len(document["wrong_to_right"]) == 9
