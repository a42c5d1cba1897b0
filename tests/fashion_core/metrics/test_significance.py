import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from scipy import optimize, stats
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import confint_proportions_2indep, proportions_ztest

from fashion_core.metrics import significance
from tests.support.drawn_pairs import PHOTOS, TRIALS, draw_photos, draw_seeds

COUNTS = some.integers(0, 60)


@given(b=COUNTS, c=COUNTS)
@settings(max_examples=200, deadline=None)
def test_exact_mcnemar_equals_statsmodels_and_the_sign_test(b: int, c: int):
    ours = significance.mcnemar_exact(b, c)
    assert ours == pytest.approx(float(mcnemar([[9, b], [c, 9]], exact=True).pvalue) if b + c else 1.0)
    assert ours == pytest.approx(stats.binomtest(b, b + c).pvalue if b + c else 1.0)


def test_holms_adjustment_equals_statsmodels():
    generator = np.random.default_rng(0)
    for count in (1, 2, 10, 15):
        p_values = generator.random(count) ** 3
        p_values[count // 2 :] = p_values[0]  # ties
        assert significance.holm(p_values) == pytest.approx(multipletests(p_values, method="holm")[1])


def score_by_search(n10: int, n01: int, n: int, delta: float) -> float:
    """Tango's statistic with the likelihood maximised by search instead of by formula."""

    # shares under the hypothesis: lost, won = lost + delta, kept = what is left
    def minus_likelihood(lost: float) -> float:
        shares = np.array([lost, lost + delta, 1 - 2 * lost - delta])
        return -float(np.sum(np.array([n10, n01, n - n10 - n01]) * np.log(np.maximum(shares, 1e-12))))

    low, high = max(0.0, -delta), (1 - delta) / 2
    lost = optimize.minimize_scalar(minus_likelihood, bounds=(low, high), method="bounded", options={"xatol": 1e-10}).x
    return (n01 - n10 - n * delta) / np.sqrt(n * (2 * lost + delta - delta**2))


@pytest.mark.parametrize(("n10", "n01", "n"), [(7, 1, 21), (20, 40, 160), (150, 210, 7500), (1, 30, 500), (3, 3, 40)])
def test_the_bounds_of_a_paired_difference_are_where_the_searched_score_is_z(n10: int, n01: int, n: int):
    found = significance.paired_difference(n10, n01, n)
    for bound, z in (
        (found.low, 1.95996),
        (found.high, -1.95996),
        (found.inner_low, 1.64485),
        (found.inner_high, -1.64485),
    ):
        assert score_by_search(n10, n01, n, bound) == pytest.approx(z, abs=2e-4)


def test_a_paired_difference_equals_the_printed_example():
    # Fagerland, Lydersen and Laake (2014), Statistics in Medicine 33, 2850-2875: airway hyper-responsiveness before and
    # after a transplantation, 21 children, 1 and 7 discordant: -0.286, Tango's interval -0.517 to -0.026
    found = significance.paired_difference(7, 1, 21)
    assert [round(number, 3) for number in (found.value, found.low, found.high)] == [-0.286, -0.517, -0.026]


@given(n10=COUNTS, n01=COUNTS, same=some.integers(0, 500))
@settings(max_examples=150, deadline=None)
def test_a_paired_interval_is_ordered_holds_the_difference_and_turns_with_the_sides(n10: int, n01: int, same: int):
    n = n10 + n01 + same
    found, turned = significance.paired_difference(n10, n01, n), significance.paired_difference(n01, n10, n)
    tiny = 1e-9
    assert -1 - tiny <= found.low <= found.inner_low + tiny <= found.value + 2 * tiny
    assert found.value - tiny <= found.inner_high <= found.high + tiny <= 1 + 2 * tiny
    assert (found.low, found.high) == pytest.approx((-turned.high, -turned.low), abs=1e-9)


def test_a_paired_interval_covers_the_truth_as_often_as_it_says():
    generator = np.random.default_rng(0)
    drawn = generator.multinomial(300, [0.06, 0.09, 0.85], size=4000)  # lost, won, the same: the truth is 0.03
    found = significance.paired_difference(drawn[:, 0], drawn[:, 1], 300)
    assert 0.94 <= np.mean((found.low <= 0.03) & (found.high >= 0.03)) <= 0.96
    # a difference as large as the margin is called equivalent in 5 % of cases, as two one-sided tests promise
    at_the_margin = significance.paired_difference(drawn[:, 0], drawn[:, 1], 300).equivalent(0.03)
    assert np.mean(at_the_margin) <= 0.055


def test_equivalence_is_two_one_sided_tests_each_at_five_percent():
    generator = np.random.default_rng(1)
    n10, n01 = generator.integers(20, 200, (2, 500))
    found = significance.paired_difference(n10, n01, 7500)
    above = stats.norm.sf(significance.tango_statistic(n10, n01, 7500, -0.01))  # of: the second is worse by a point
    below = stats.norm.cdf(significance.tango_statistic(n10, n01, 7500, 0.01))
    assert np.array_equal(found.equivalent(0.01), np.maximum(above, below) < 0.05)
    assert 0 < found.equivalent(0.01).mean() < 1


@pytest.mark.parametrize("counts", [(6310, 7500, 6632, 7500), (9, 10, 3, 10), (0, 10, 10, 10), (0, 20, 0, 30)])
def test_an_independent_difference_equals_statsmodels(counts: tuple[int, int, int, int]):
    right_first, n_first, right_second, n_second = counts
    found = significance.independent_difference(*counts)
    expected = confint_proportions_2indep(right_second, n_second, right_first, n_first, method="newcomb")
    assert (found.low, found.high) == pytest.approx(expected, abs=1e-9)
    if right_first + right_second:
        assert found.p_value == pytest.approx(proportions_ztest([right_first, right_second], [n_first, n_second])[1])


def test_without_photo_noise_a_difference_of_groups_is_scipys_welch_test():
    first, second = [0.81, 0.83, 0.82], [0.84, 0.86, 0.83, 0.88]
    found = significance.seeded_difference(first, second, 0.0)
    expected = stats.ttest_ind(second, first, equal_var=False)
    assert found.p_value == pytest.approx(expected.pvalue)
    assert (found.low, found.high) == pytest.approx(tuple(expected.confidence_interval(0.95)))
    alone = significance.seeded_difference([0.80], second, 0.0)  # a prediction interval for one more run
    half = stats.t.ppf(0.975, 3) * np.std(second, ddof=1) * (1 + 1 / 4) ** 0.5
    assert alone.high - alone.value == pytest.approx(half)
    with pytest.raises(ValueError, match="spread"):
        significance.seeded_difference([0.8], [0.9], 0.0)


@pytest.mark.parametrize("seeds", [(2, 2), (3, 3), (5, 5), (1, 4)])
def test_the_same_recipe_with_other_seeds_is_called_better_in_at_most_5_percent_of_1000_trials(seeds: tuple[int, int]):
    generator = np.random.default_rng(sum(seeds))
    logits_NT = draw_photos(generator, PHOTOS, TRIALS)
    first_SNT, second_SNT = (draw_seeds(generator, count, logits_NT) for count in seeds)
    noise_T = significance.variance_over_photos(first_SNT, second_SNT)
    found = significance.seeded_difference(first_SNT.mean(axis=1), second_SNT.mean(axis=1), noise_T)
    assert np.mean((found.p_value < 0.05) & (found.value > 0)) <= 0.05
    assert np.mean(found.p_value < 0.05) <= 0.05  # better and worse together


def test_between_single_runs_mcnemar_alone_calls_seeds_better_too_often_and_a_known_spread_mends_it():
    generator = np.random.default_rng(0)
    logits_NT = draw_photos(generator, 7500, 200)
    first_NT, second_NT = (draw_seeds(generator, 1, logits_NT)[0] for _ in range(2))
    n10, n01 = (first_NT & ~second_NT).sum(axis=0), (second_NT & ~first_NT).sum(axis=0)
    alone = significance.mcnemar_exact(n10, n01) < 0.05
    assert alone.mean() > 0.2  # the two trained models do differ; their recipe is one
    others_ST = draw_seeds(generator, 3, logits_NT).mean(axis=1)  # three more seeds that were trained once
    spread_T = others_ST.std(axis=0, ddof=1)
    assert 0.005 < spread_T.mean() < 0.012  # as far apart as real seeds lie
    noise_T = significance.variance_over_photos(first_NT[None], second_NT[None])
    sides = (first_NT.mean(axis=0)[None], second_NT.mean(axis=0)[None])
    informed = significance.seeded_difference(*sides, noise_T, (spread_T, 2)).p_value < 0.05
    assert informed.mean() <= 0.05


def test_a_recipe_that_is_better_is_found():
    generator = np.random.default_rng(2)
    logits_NT = draw_photos(generator, 2000, 100)
    first_SNT, second_SNT = draw_seeds(generator, 3, logits_NT), draw_seeds(generator, 3, logits_NT + 0.6)
    noise_T = significance.variance_over_photos(first_SNT, second_SNT)
    found = significance.seeded_difference(first_SNT.mean(axis=1), second_SNT.mean(axis=1), noise_T)
    assert 0.03 < np.mean(found.value) < 0.08
    assert np.mean((found.p_value < 0.05) & (found.value > 0)) > 0.8


def test_recipes_good_at_other_photos_and_equal_over_all_are_called_different_in_5_percent():
    generator = np.random.default_rng(5)
    logits_NT = draw_photos(generator, PHOTOS, TRIALS)
    liking_NT = 1.0 * generator.standard_normal(
        logits_NT.shape, dtype=np.float32
    )  # what one recipe sees, the other not
    first_SNT, second_SNT = (
        draw_seeds(generator, 4, logits_NT + liking_NT),
        draw_seeds(generator, 4, logits_NT - liking_NT),
    )
    sides = (first_SNT.mean(axis=1), second_SNT.mean(axis=1))
    noise_T = significance.variance_over_photos(first_SNT, second_SNT)
    assert np.mean(significance.seeded_difference(*sides, noise_T).p_value < 0.05) <= 0.06
    assert np.mean(significance.seeded_difference(*sides, 0 * noise_T).p_value < 0.05) > 0.1  # seeds alone: too bold
