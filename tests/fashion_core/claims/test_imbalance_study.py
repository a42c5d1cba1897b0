"""The study of uneven classes: its table against numpy by hand, and that its runs are those of the claims."""

import argparse
import json
import shlex
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from benchmarks.studies import imbalance, imbalance_table
from fashion_core.claims import definitions, imbalance_study, shipped
from fashion_core.errors import FashionError
from fashion_core.settings import recipes
from tests.support.made_pairs import run_with
from ui.dataset import imbalance_advice

COUNTS = [10, 40, 20, 80]  # training photos


def matrices(*recalls_SK: list[float], photos: int = 10) -> np.ndarray:
    """Confusion matrices of so many photos a class with these recalls; a wrong answer is the next class."""
    right_SK = np.rint(photos * np.array(recalls_SK)).astype(int)
    next_KK = np.roll(np.eye(right_SK.shape[1], dtype=int), 1, axis=1)
    return np.stack([np.diag(right_K) + next_KK * (photos - right_K)[:, None] for right_K in right_SK])


def test_a_way_is_the_mean_of_its_seeds_with_students_interval_and_differences_are_paired_by_seed():
    none = [[0.2 + 0.1 * seed, 0.6, 0.5, 0.9] for seed in range(3)]
    both = [[0.7, 0.6, 0.5, 0.3 + 0.1 * seed] for seed in range(3)]
    table = {
        line["way"]: line
        for line in imbalance_table.summary({"none": matrices(*none), "both": matrices(*both)}, COUNTS)
    }
    means = np.mean(none, axis=1)
    expected = stats.t.interval(0.95, 2, np.mean(means), stats.sem(means))
    own = table["none"]["accuracy"]
    assert (own["low"], own["high"]) == pytest.approx(expected, abs=1e-6) and own["mean"] == pytest.approx(0.575)
    assert table["both"]["accuracy_minus_none"]["mean"] == pytest.approx(-0.025)
    assert table["both"]["accuracy_minus_none"]["sd"] == pytest.approx(0, abs=1e-6), "the seeds move both alike"
    # of four classes the largest (80) is the head, the smallest (10) the tail
    assert [table["none"][name]["mean"] for name in ("largest", "head", "middle", "tail")] == [0.9, 0.9, 0.55, 0.3]
    sd = np.sqrt(np.mean([np.var(np.mean(group, axis=1), ddof=1) for group in (none, both)]))
    noise = imbalance_table.noise(list(table.values()))
    assert (noise["sd"], noise["df"]) == (pytest.approx(sd, abs=1e-6), 4)
    assert noise["beyond"] == pytest.approx(stats.t.ppf(0.975, 4) * sd * np.sqrt(2 / 3), abs=1e-5)


def test_a_class_of_which_no_photo_is_shown_has_no_recall_and_moves_no_mean():
    shown = matrices([0.2, 0.6, 0.5, 0.9], [0.4, 0.6, 0.5, 0.9])
    shown[:, 1] = 0
    line = imbalance_table.summary({"none": shown}, COUNTS)[0]
    assert line["mean_recall"]["values"] == pytest.approx(
        [np.mean([0.2, 0.5, 0.9]), np.mean([0.4, 0.5, 0.9])], abs=1e-6
    )
    assert line["middle"]["mean"] == 0.5 and line["accuracy"]["values"][0] == pytest.approx(16 / 30, abs=1e-6)


def test_gains_of_several_ways_hold_at_once_between_students_t_and_bonferroni():
    random = np.random.default_rng(3)
    values = {way: list(random.normal(0.8, 0.02, 3)) for way in ("none", "sampler", "weighted", "both", "focal")}
    single = imbalance_table.trained_gains({way: values[way] for way in ("none", "both")})["both"]
    expected = stats.ttest_ind(values["both"], values["none"]).confidence_interval(0.95)
    assert (single["low"], single["high"]) == pytest.approx(expected, abs=2e-3), "of one way it is Student's t"
    several = imbalance_table.trained_gains(values | {"logit_after": [0.9] * 3})
    assert set(several) == set(values) - {"none"}, "what shares the runs is not independent"
    sd = np.sqrt(np.mean([np.var(group, ddof=1) for group in values.values()]) * 2 / 3)
    least, most = (stats.t.ppf(1 - share / 2, 10) * sd for share in (0.05, 0.05 / 4))
    for way, gain in several.items():
        assert gain["mean"] == pytest.approx(np.mean(values[way]) - np.mean(values["none"]), abs=1e-6)
        assert least < (gain["high"] - gain["low"]) / 2 < most, "wider than one interval, narrower than Bonferroni's"


@pytest.mark.parametrize("paired", [False, True])
def test_the_photos_share_in_a_gains_error_is_what_other_photos_move_it(paired):
    """Photos with a right-or-wrong rate of their own are drawn again and again; seeds answer each by chance. What the
    mean gain moves beyond what seeds alone move it is the share that is estimated from a single draw."""
    random = np.random.default_rng(5)
    sizes, S = np.array([600, 250, 150]), 4
    labels_N = np.repeat([0, 1, 2], sizes)

    def answered(rates: np.ndarray, times: int) -> tuple[np.ndarray, np.ndarray]:
        u_SN = random.random((times, len(labels_N)))
        return u_SN < rates[0], (u_SN if paired else random.random(u_SN.shape)) < rates[1]

    def drawn() -> np.ndarray:
        none_N = random.beta(2, 1, len(labels_N))
        return np.stack([none_N, np.clip(none_N + random.normal(0.05, 0.2, len(labels_N)), 0, 1)])

    true = []  # gains of endlessly many seeds on photos drawn again
    for _ in range(600):
        gain_N = np.diff(drawn(), axis=0)[0]
        true.append((gain_N.mean(), np.mean([gain_N[labels_N == k].mean() for k in range(3)])))
    found = [imbalance_table.photo_error(*answered(drawn(), S), labels_N, paired) for _ in range(30)]
    for metric, values in zip(("accuracy", "mean_recall"), np.transpose(true), strict=True):
        mean = np.sqrt(np.mean([one[metric] ** 2 for one in found]))
        assert mean == pytest.approx(values.std(), rel=0.12)
    with pytest.raises(ValueError, match="single photo"):
        imbalance_table.photo_error(*answered(drawn(), S), np.r_[labels_N[:-1], 3], paired)


def test_small_classes_without_a_share_of_the_photos_do_not_add_up_to_one():
    random = np.random.default_rng(7)
    labels_N = np.repeat(np.arange(15), 40)
    found = [
        imbalance_table.photo_error(*(random.random((2, 3, len(labels_N))) < 0.7), labels_N)["mean_recall"] ** 2
        for _ in range(60)
    ]
    noise = 2 * 0.21 / 3 / len(labels_N)  # what three seeds a side do by chance: the variance if nothing were taken out
    assert np.mean(found) < 0.1 * noise and np.mean(np.array(found) == 0) > 0.3


def test_an_interval_for_other_photos_too_adds_the_squares_of_both_errors():
    gain = {"mean": 0.04, "low": 0.01, "high": 0.07}
    wide = imbalance_table.with_photos(gain, 0.02, 1)
    half = np.hypot(0.03, stats.norm.ppf(0.975) * 0.02)
    assert (wide["low"], wide["high"]) == pytest.approx((0.04 - half, 0.04 + half), abs=1e-4) and wide["photos"] == 0.02
    assert imbalance_table.with_photos(gain, 0.0, 5) == gain | {"photos": 0.0}
    several = imbalance_table.with_photos(gain, 0.02, 5)
    half = np.hypot(0.03, stats.norm.ppf(1 - 0.025 / 5) * 0.02)
    assert several["low"] == pytest.approx(0.04 - half, abs=1e-4), "Bonferroni's share for each of five ways"
    seeds = {way: matrices(*([0.5 + gain, 0.6, 0.5, 0.8 + 0.1 * seed] for seed in range(3)))
             for way, gain in (("none", 0.0), ("both", 0.1))}  # fmt: skip
    lines = imbalance_table.summary(seeds, COUNTS, photos={"both": {"accuracy": 0.01, "mean_recall": 0.02}})
    told, seeds_alone = lines[1], imbalance_table.summary(seeds, COUNTS)[1]
    for metric, error in (("accuracy", 0.01), ("mean_recall", 0.02)):
        found, before = told[f"{metric}_against_none"], seeds_alone[f"{metric}_against_none"]
        half = np.hypot(before["high"] - before["mean"], stats.norm.ppf(0.975) * error)
        assert found["high"] - found["mean"] == pytest.approx(half, abs=2e-4)


def test_adjusted_answers_are_paired_with_the_runs_that_they_adjust_and_share_the_five_percent():
    none, after = [0.80, 0.83, 0.79], {"logit_after": [0.84, 0.85, 0.84], "logit_after_tau": [0.85, 0.86, 0.84]}
    seeds = {
        way: matrices(*([value] * 4 for value in values), photos=100) for way, values in {"none": none, **after}.items()
    }
    table = {line["way"]: line for line in imbalance_table.summary(seeds, COUNTS)}
    for way, values in after.items():
        found = stats.ttest_rel(values, none).confidence_interval(1 - 0.05 / 2)
        gain = table[way]["mean_recall_against_none"]
        assert (gain["low"], gain["high"]) == pytest.approx(found, abs=1e-4)
    one = imbalance_table.after_gains({"logit_after": table["logit_after"]["accuracy_minus_none"]}, 3)["logit_after"]
    expected = stats.ttest_rel(after["logit_after"], none).confidence_interval(0.95)
    assert (one["low"], one["high"]) == pytest.approx(expected, abs=1e-4)


def asked(command: str, *more: object) -> argparse.Namespace:
    """What a command of the study asks for, with further words."""
    return imbalance.options().parse_args([*shlex.split(command)[3:], *map(str, more)])


CLAIMS_NAMES = {"none": "none", "sampler": "sampler", "weighted": "weights", "both": "both", "logit_after": "adjusted"}


@pytest.mark.parametrize("name", ["demo", "fashion-mnist-100-to-1"])
def test_what_is_shipped_as_measured_is_what_the_claims_own_runs_scored(name):
    """The claim about imbalance comes with the confusion matrices of the very runs that the study is a table of."""
    found = next(one for one in shipped.load(shipped.path_of(name)) if one.claim == "imbalance")
    by_way = {way: found.arms[arm] for way, arm in CLAIMS_NAMES.items()}
    table = imbalance_table.summary({way: seeds.matrices_SKK for way, seeds in by_way.items()}, found.train_counts)
    study = imbalance_study.study(name)
    given = asked(study.command)
    arms = {arm.name: arm for arm in imbalance.claim_of(given).arms}
    own = [f"image_size={given.image_size}", f"epochs={given.epochs}", *given.sets]
    for line in table:
        way, shown = line["way"], study.ways[line["way"]]
        for score in ("accuracy", "mean_recall", "largest", "head", "middle", "tail"):
            assert line[score]["values"] == pytest.approx(shown[score]["values"], abs=2e-6)
            assert [line[score][end] for end in ("mean", "low", "high")] == pytest.approx(
                [shown[score][end] for end in ("mean", "low", "high")], abs=2e-6
            )
        if way in imbalance_table.WAYS:
            settings = recipes.settings_for(arms[way].recipe, [*own, *arms[way].sets])
            assert recipes.to_flags(settings) == by_way[way].settings, "the study would train other runs"


def test_the_study_is_made_of_finished_runs_and_saved_with_the_command_that_makes_it_again(tiny, tiny_data, tmp_path):
    generator, command = np.random.default_rng(2), "python -m benchmarks.studies.imbalance tiny"
    places = ("--data-dir", tiny_data, "--runs-dir", tmp_path / "runs")
    given = asked(command, "--seeds", 2, "--epochs", 2, "--image-size", 16, "--table", *places)
    with pytest.raises(FashionError, match=f"12 of 12 runs .* not finished; run: {command} --seeds 2 .* --ways none"):
        imbalance.run(given)
    for way, (sampler, loss) in imbalance_table.WAYS.items():
        for seed in range(2):
            sets = (*definitions.without(), f"sampler={sampler}", f"loss={loss}")
            run = run_with(tmp_path / "runs" / f"{way}-{seed}", generator.random(300) < 0.7, seed=seed, sets=sets,
                           fingerprint=tiny.fingerprint, classes=tiny.classes)  # fmt: skip
            (run.folder / "predictions-val.parquet").write_bytes((run.folder / "predictions-test.parquet").read_bytes())
    given.save = tmp_path / "studies.json"
    imbalance.run(given)
    imbalance.save(json.loads(given.save.read_text())["studies"][0], given.save)
    (study,) = json.loads(given.save.read_text())["studies"]
    assert [way["way"] for way in study["ways"]] == [*imbalance_table.WAYS, *imbalance_table.AFTER]
    assert (study["n"], study["split"], study["train_counts"]) == (300, "test", {"kurta": 12, "saree": 6, "shoe": 18})
    again, elsewhere = asked(study["command"]), ("save", "table", "data_dir", "runs_dir")
    assert {name: value for name, value in vars(again).items() if name not in elsewhere} == {
        name: value for name, value in vars(given).items() if name not in elsewhere
    }


def test_what_is_shipped_as_measured_has_its_command_and_the_same_seeds_side_by_side():
    for study in imbalance_study.studies():
        given = asked(study.command)
        assert (given.dataset, given.split) == (study.dataset, study.split)
        assert {study.num_seeds(way) for way in study.ways} == {given.seeds}
        for way in study.ways:
            assert 0 < study.score(way).value < 1 and study.ratio > 1


def test_what_is_shipped_as_measured_follows_from_each_seeds_score():
    document = json.loads(
        (Path(imbalance_study.__file__).parent / "measured_imbalance.json").read_text(encoding="utf-8")
    )
    for study in document["studies"]:
        lines = {line["way"]: line for line in study["ways"]}
        control = np.array(lines["none"]["mean_recall"]["values"])
        for line in lines.values():
            values = np.array(line["mean_recall"]["values"])
            ends = stats.t.interval(0.95, len(values) - 1, values.mean(), stats.sem(values))
            assert (line["mean_recall"]["low"], line["mean_recall"]["high"]) == pytest.approx(ends, abs=1e-5)
            if line is not lines["none"]:
                assert line["mean_recall_against_none"]["mean"] == pytest.approx(
                    values.mean() - control.mean(), abs=2e-6
                )
        trained = [np.array(lines[way]["mean_recall"]["values"]) for way in imbalance_table.WAYS if way in lines]
        sd = np.sqrt(np.mean([values.var(ddof=1) for values in trained]) * 2 / len(control))
        df = len(trained) * (len(control) - 1)
        gain = lines["both"]["mean_recall_against_none"]
        of_photos = stats.norm.ppf(1 - 0.025 / (len(trained) - 1)) * gain["photos"]
        reach = np.sqrt(((gain["high"] - gain["low"]) / 2) ** 2 - of_photos**2) / sd
        assert stats.t.ppf(0.975, df) < reach < stats.t.ppf(1 - 0.025 / (len(trained) - 1), df)
        assert study["noise"]["mean_recall"]["beyond"] == pytest.approx(stats.t.ppf(0.975, df) * sd, abs=1e-5)


def made_study(gains: dict[str, tuple[float, float, float]], beyond: float = 0.02) -> imbalance_study.Study:
    """A study whose ways have these (mean, low, high) gains of mean recall over `none`, which has 0.80."""
    ways = {"none": {"way": "none", "seeds": 3, "mean_recall": {"mean": 0.8, "low": 0.79, "high": 0.81},
                     "largest": {"mean": 0.97, "low": 0.9, "high": 1.0}}}  # fmt: skip
    for name, (mean, low, high) in gains.items():
        ways[name] = {"way": name, "seeds": 3, "mean_recall": {"mean": 0.8 + mean, "low": 0.7, "high": 0.9},
                      "mean_recall_against_none": {"mean": mean, "low": low, "high": high},
                      "largest": {"mean": 0.5, "low": 0.4, "high": 0.6}}  # fmt: skip
    return imbalance_study.Study(
        dataset="d",
        name="*d*",
        split="test",
        n=100,
        ratio=7.0,
        command="x",
        date="2026-11-28",
        synthetic=False,
        beyond={"mean_recall": beyond},
        ways=ways,
    )


def test_only_a_way_that_gained_with_its_whole_interval_is_recommended_and_those_within_seeds_beside_it():
    study = made_study({"sampler": (0.05, 0.03, 0.07), "weighted": (0.04, 0.01, 0.07), "focal": (0.06, -0.01, 0.13),
                        "balanced_softmax": (0.02, 0.01, 0.03), "both": (-0.03, -0.05, -0.01)})  # fmt: skip
    found = imbalance_study.recommendation(study)
    assert found.helped == ("sampler", "weighted", "balanced_softmax")
    assert found.alike == ("sampler", "weighted"), "balanced softmax is 3 points behind, and seeds move 2"
    assert found.harmed == ("both",)
    told = imbalance_advice.advice(study)
    assert "On \\*d\\*, 3 seeds a way, these are shown" in told
    assert "recall: **the sampler** +5.0 points [+3.0, +7.0]; **the weighted loss** +4.0 points [+1.0, +7.0];" in told
    assert "cannot tell the first 2 apart." in told and "worse than none" in told and "50 %" in told
    assert "The highest mean has focal loss, +6.0 points [−1.0, +13.0]" in told


def test_over_several_datasets_it_is_said_how_often_each_way_is_shown_to_help():
    one = made_study({"sampler": (0.05, 0.03, 0.07), "focal": (0.02, -0.01, 0.05), "both": (-0.03, -0.05, -0.01)})
    other = made_study({"sampler": (0.05, -0.01, 0.11), "logit_after": (0.04, 0.01, 0.07), "both": (0.0, -0.1, 0.1)})
    assert imbalance_study.helped_on((one, other)) == {
        "logit_after": (1, 1),
        "sampler": (1, 2),
        "both": (0, 2),
        "focal": (0, 1),
    }
    told = imbalance_advice.overall((one, other))
    assert told.endswith(
        "adjusted answers on 1 of 1, the sampler on 1 of 2; on none: sampler and weighted loss, focal loss."
    )
    assert imbalance_advice.overall((one,)) == ""


def test_where_nothing_gained_nothing_is_recommended():
    study = made_study({"sampler": (0.05, -0.03, 0.13), "both": (0.0, -0.1, 0.1)})
    assert imbalance_study.recommendation(study).helped == ()
    assert "no way is shown to beat doing nothing" in imbalance_advice.advice(study)
