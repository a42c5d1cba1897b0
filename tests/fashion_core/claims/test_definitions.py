"""The report's claims: what each arm changes, and each rule's three answers on numbers that were worked out by hand."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from fashion_core.claims import definitions, judge, spread
from fashion_core.claims.evidence import Evidence, Seeds, key_of, rarest
from fashion_core.errors import RunError, SettingsError, WrongUse
from fashion_core.metrics import significance
from fashion_core.runs.record import TrainedOn
from fashion_core.settings import recipes

DATASET = TrainedOn(
    id="made",
    name="made",
    fingerprint="0" * 16,
    synthetic=False,
    kind="folders",
    bring="bring it",
    splits={"train": 160, "test": 2000},
)
N = 1000  # photos of each class in these matrices


def seeds_of(*recalls: tuple[float, float]) -> Seeds:
    """An arm over two classes, the first one frequent, from the recalls of each seed."""
    matrices = []
    for first, second in recalls:
        right = round(first * N), round(second * N)
        matrices.append([[right[0], N - right[0]], [N - right[1], right[1]]])
    return Seeds(
        settings="--recipe report",
        seeds=tuple(range(len(recalls))),
        run_ids=tuple(f"run-{place}" for place in range(len(recalls))),
        seconds=(1.0,) * len(recalls),
        matrices_SKK=np.array(matrices),
    )


def evidence(name: str, arms: dict[str, Seeds], variance: float = 1e-6, **more) -> Evidence:
    claim = definitions.find(name)
    return Evidence(
        claim=name,
        dataset=DATASET,
        split="test",
        classes=("kurta", "saree"),
        train_counts=(100, 20),
        arms=arms,
        variances={key_of(one): variance for one in claim.contrasts},
        **more,
    )


def around(share: float, step: float = 0.001) -> Seeds:
    """Three seeds whose both recalls are the share, one step less and one more."""
    return seeds_of(*((share + place * step,) * 2 for place in (-1, 0, 1)))


def test_every_claim_has_arms_a_rule_and_settings_that_exist(tiny):
    assert len({claim.name for claim in definitions.CLAIMS}) == len(definitions.CLAIMS) == 9
    for claim in definitions.CLAIMS:
        names = [arm.name for arm in claim.arms]
        assert len(set(names)) == len(names) and claim.seeds >= claim.least_seeds
        for contrast in claim.contrasts:
            assert {contrast.first, contrast.second} <= set(names)
        assert "Supported" in claim.rule and "Contradicted" in claim.rule and "Cannot tell" in claim.rule
        for arm in claim.trained:
            assert definitions.settings_of(arm, tiny).seed == 0


def test_what_an_arm_sets_itself_goes_before_what_the_reader_sets(tiny):
    ten = definitions.find("epochs").arm("ten")
    assert definitions.settings_of(ten, tiny, ["epochs=4", "image_size=64"]).epochs == 10
    assert definitions.settings_of(ten, tiny, ["image_size=64"]).image_size == (64, 64)
    pretrained = definitions.find("tailored").arm("pretrained")
    kept = definitions.settings_of(
        pretrained, tiny, ["image_size=64", "epochs=9", "precision=bfloat16", "batch_size=8"]
    )
    assert (kept.image_size, kept.epochs, kept.precision, kept.batch_size) == ((224, 224), 20, "auto", 8)
    flip = definitions.settings_of(definitions.find("augmentation").arm("flip"), tiny)
    assert (flip.flip, flip.rotation_degrees, flip.brightness) == (0.5, 0, 0)
    assert definitions.settings_of(definitions.find("augmentation").arm("all"), tiny) == recipes.REPORT
    with pytest.raises(SettingsError, match="epochs must be a whole number"):
        definitions.settings_of(pretrained, tiny, ["epochs=0"])


def test_small_photos_are_not_enlarged_unless_the_reader_says_so(tiny):
    small = replace(tiny, first_pixels=(32, 32))
    arm = definitions.find("dropout").arm("base")
    assert definitions.settings_of(arm, small).image_size == (32, 32)
    assert definitions.settings_of(arm, small, ["image_size=28"]).image_size == (28, 28)
    assert definitions.settings_of(definitions.find("tailored").arm("pretrained"), small).image_size == (224, 224)


def test_an_unknown_claim_and_too_few_seeds_are_one_sentence():
    with pytest.raises(WrongUse, match="did you mean 'dropout'"):
        definitions.find("drop-out")
    for wrong in (0, 1, 101):
        with pytest.raises(WrongUse, match="between 2 and 100"):
            definitions.checked_seeds(definitions.find("dropout"), wrong)
    assert definitions.checked_seeds(definitions.find("variation"), 2) == 3
    with pytest.raises(RunError, match="needs 3 seeds"):
        judge.judge(evidence("variation", {"two": seeds_of((0.8, 0.8), (0.7, 0.7))}))


@pytest.mark.parametrize(
    ("without", "base", "word"),
    [
        (around(0.70), around(0.80), judge.SUPPORTED),
        (around(0.80), around(0.70), judge.CONTRADICTED),
        (around(0.80), around(0.801), judge.CONTRADICTED),  # a gain of a point is ruled out
        (around(0.70, 0.05), around(0.74, 0.05), judge.CANNOT_TELL),
    ],
)
def test_a_claim_of_a_gain_is_supported_contradicted_or_open(without, base, word):
    assert judge.judge(evidence("dropout", {"without": without, "base": base})).word == word


@pytest.mark.parametrize(
    ("two", "ten", "word"),
    [
        (around(0.80), around(0.80), judge.SUPPORTED),
        (around(0.85), around(0.80), judge.SUPPORTED),
        (around(0.70), around(0.80), judge.CONTRADICTED),
        (around(0.79, 0.03), around(0.80, 0.03), judge.CANNOT_TELL),
    ],
)
def test_enough_means_that_a_loss_of_a_point_is_ruled_out(two, ten, word):
    assert judge.judge(evidence("epochs", {"two": two, "ten": ten})).word == word


def weighing(none, sampler, weights, both) -> dict[str, Seeds]:
    return {"none": none, "sampler": sampler, "weights": weights, "both": both}


def test_correcting_twice_is_judged_by_what_the_largest_class_loses():
    def arm(largest: float) -> Seeds:
        return seeds_of(*((largest + step, 0.5) for step in (-0.001, 0, 0.001)))

    def word(sampler: float, weights: float, both: float) -> str:
        found = evidence("both-corrections", weighing(arm(0.95), arm(sampler), arm(weights), arm(both)))
        return judge.judge(found).word

    assert word(0.9, 0.88, 0.7) == judge.SUPPORTED
    assert word(0.9, 0.70, 0.7) == judge.CONTRADICTED  # against the weights alone nothing is lost
    assert word(0.7, 0.70, 0.7) == judge.CONTRADICTED
    unsure = [seeds_of(*((share + step, 0.5) for step in (-0.08, 0, 0.08))) for share in (0.9, 0.8)]
    found = evidence("both-corrections", weighing(arm(0.95), unsure[0], unsure[0], unsure[1]))
    assert judge.judge(found).word == judge.CANNOT_TELL


def test_help_for_minority_classes_is_the_rare_third_and_needs_rare_classes():
    def arm(rare: float) -> Seeds:
        return seeds_of(*((0.9, rare + step) for step in (-0.001, 0, 0.001)))

    found = evidence("imbalance", weighing(arm(0.2), arm(0.5), arm(0.6), arm(0.7)))
    result = judge.judge(found)
    assert result.word == judge.SUPPORTED
    assert result.comparisons[0].difference.value == pytest.approx(0.3)
    assert "recall of Saree" in result.sentence
    assert result.arms[0].values["rare_recall"] == pytest.approx((0.199, 0.2, 0.201))
    one_fails = evidence("imbalance", weighing(arm(0.2), arm(0.5), arm(0.2), arm(0.7)))
    assert judge.judge(one_fails).word == judge.CONTRADICTED
    even = judge.judge(replace(found, train_counts=(100, 90)))
    assert even.word == judge.CANNOT_TELL and "no minority class" in even.sentence
    assert rarest((5, 1, 9, 1, 7, 8, 2)).tolist() == [1, 3]


def test_of_three_ideas_one_that_gains_is_enough_and_none_may_for_a_no():
    def word(*shares: float) -> str:
        arms = {name: around(share) for name, share in zip(("base", "focal", "mixup", "cutmix"), shares, strict=True)}
        return judge.judge(evidence("future", arms)).word

    assert word(0.8, 0.8, 0.7, 0.85) == judge.SUPPORTED
    assert word(0.8, 0.8, 0.7, 0.75) == judge.CONTRADICTED
    wide = {"base": around(0.8), "focal": around(0.8, 0.05), "mixup": around(0.7), "cutmix": around(0.7)}
    assert judge.judge(evidence("future", wide)).word == judge.CANNOT_TELL


def test_a_missing_optional_arm_leaves_a_verdict_about_the_rest_and_says_so():
    found = evidence("tailored", {"base": around(0.8), "resnet18": around(0.7)}, missing={"pretrained": "no weights"})
    result = judge.judge(found)
    assert result.word == judge.SUPPORTED and len(result.comparisons) == 1
    assert any("pretrained features" in note and "no weights" in note for note in result.notes)


def test_the_numbers_of_a_comparison_are_welchs_and_corrected_by_holm():
    arms = {"base": around(0.8), "focal": around(0.803), "mixup": around(0.806, 0.002), "cutmix": around(0.79, 0.004)}
    found = evidence("future", arms, variance=0.0)
    result = judge.judge(found)
    first = [0.799, 0.8, 0.801]
    raw = []
    for one, values in zip(result.comparisons, ([0.802, 0.803, 0.804], [0.804, 0.806, 0.808], [0.786, 0.79, 0.794]),
                           strict=True):  # fmt: skip
        welch = stats.ttest_ind(values, first, equal_var=False)
        assert one.difference.p_value == pytest.approx(welch.pvalue, rel=1e-6)
        interval = welch.confidence_interval(0.95)
        assert one.difference.bounds == pytest.approx((interval.low, interval.high), abs=1e-9)
        raw.append(welch.pvalue)
    assert [one.p_holm for one in result.comparisons] == pytest.approx(significance.holm(raw).tolist())
    gains = [
        stats.ttest_ind(values, np.add(first, 0.01), equal_var=False, alternative="less").pvalue
        for values in ([0.802, 0.803, 0.804], [0.804, 0.806, 0.808], [0.786, 0.79, 0.794])
    ]
    assert [one.p_no_gain for one in result.comparisons] == pytest.approx(gains, rel=1e-6)  # all of them must say no
    assert [one.p_rule for one in result.comparisons] == [one.p_holm for one in result.comparisons]  # one may say yes


def test_where_all_must_agree_each_is_tested_by_itself_and_a_single_no_is_corrected():
    def arm(rare: float) -> Seeds:
        return seeds_of(*((0.9, rare + step) for step in (-0.01, 0, 0.01)))

    found = evidence("imbalance", weighing(arm(0.2), arm(0.23), arm(0.23), arm(0.23)), variance=0.0)
    result = judge.judge(found)
    first = result.comparisons[0]
    assert first.difference.p_value < 0.05 < first.p_holm and first.p_rule == first.difference.p_value
    assert result.word == judge.SUPPORTED


def test_the_mean_range_of_normal_draws_is_that_of_the_tables():
    known = {2: 1.128, 3: 1.693, 5: 2.326, 10: 3.078, 20: 3.735}  # d2 of quality control's tables
    for num_runs, factor in known.items():
        assert spread.range_factor(num_runs) == pytest.approx(factor, abs=5e-4)
    low, high = spread.sd_interval(2.0, 5)
    assert (low, high) == pytest.approx((1.198, 5.747), abs=1e-3)  # 2 sqrt(4 / 11.143), 2 sqrt(4 / 0.4844)


@pytest.mark.parametrize(
    ("shares", "word"),
    [
        (np.linspace(0.70, 0.79, 20), judge.SUPPORTED),  # sd 2.8 points, of 20 runs
        ([0.80, 0.801, 0.802, 0.803, 0.804], judge.CONTRADICTED),  # sd 0.16 points
        ([0.2, 0.5, 0.8, 0.3, 0.6], judge.CONTRADICTED),  # sd 24 points
        ([0.79, 0.80, 0.82, 0.81, 0.78], judge.CANNOT_TELL),  # sd 1.6 points [0.9, 4.5]
    ],
)
def test_the_spread_of_seeds_is_held_against_the_reports_range(shares, word):
    found = evidence("variation", {"two": seeds_of(*((share, share) for share in shares))})
    result = judge.judge(found)
    assert result.word == word
    assert result.run_to_run.sd.value == pytest.approx(np.std(np.round(shares, 3), ddof=1), abs=1e-6)


def features(rand: float, alike_low: float = 0.6, axes: int = 4) -> dict:
    return {
        "rand": rand, "rand_variance": 1e-4, "alike": alike_low + 0.02, "alike_low": alike_low, "chance": 0.1,
        "axes_beyond_chance": axes,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("found", "word"),
    [
        ((features(0.40), features(0.42), features(0.38)), judge.SUPPORTED),
        ((features(0.80), features(0.81), features(0.82)), judge.CONTRADICTED),
        ((features(0.40, 0.15), features(0.42, 0.12), features(0.38, 0.15)), judge.CONTRADICTED),
        ((features(0.60), features(0.70), features(0.62)), judge.CANNOT_TELL),
        ((features(0.40), features(0.42, axes=1), features(0.38)), judge.CANNOT_TELL),
    ],
)
def test_k_means_struggles_where_there_is_structure(found, word):
    result = judge.judge(evidence("clusters", {"base": around(0.8)}, features=found))
    assert result.word == word
