"""Good enough, too bad, or not to be told: by the exact tests, and never more often wrong than promised."""

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.multitest import multipletests

from fashion_core.metrics.required import OPEN, SHORT, SHOWN, bounds, judge, photos_to_show


def matrix_of(right: list[int], n: list[int]) -> np.ndarray:
    """The wrong answers of each class go to the next one."""
    found = np.diag(right)
    for place, (ok, all_of_it) in enumerate(zip(right, n, strict=True)):
        found[place, (place + 1) % len(n)] += all_of_it - ok
    return found


@pytest.mark.parametrize("right, n", [([95, 88, 70], [100, 90, 100]), ([5, 0, 40], [5, 3, 41]), ([9, 9, 9], [9, 9, 9])])
def test_each_part_is_judged_by_the_exact_binomial_test_and_holm(right: list[int], n: list[int]):
    found = judge(matrix_of(right, n), ["a", "b", "c"], overall=0.9, each=0.8)
    counts = [(sum(right), sum(n), 0.9), *((ok, tried, 0.8) for ok, tried in zip(right, n, strict=True))]
    enough = [stats.binomtest(ok, tried, need, alternative="greater").pvalue <= 0.05 for ok, tried, need in counts]
    raw = [stats.binomtest(ok, tried, need, alternative="less").pvalue for ok, tried, need in counts]
    short = multipletests(raw, alpha=0.05, method="holm")[0]
    expected = [SHOWN if ok else SHORT if bad else OPEN for ok, bad in zip(enough, short, strict=True)]
    assert [part.answer for part in found.parts] == expected
    for part, (ok, tried, _) in zip(found.parts, counts, strict=True):
        one_sided = [
            stats.binomtest(ok, tried, alternative=side).proportion_ci(0.95, "exact") for side in ("greater", "less")
        ]
        assert part.low == pytest.approx(one_sided[0].low) and part.high == pytest.approx(one_sided[1].high)
        assert (part.low >= part.need - 1e-12) == (part.answer == SHOWN), "the bound and the test say the same"


def test_the_whole_answer_is_yes_only_where_every_part_is_and_no_where_one_is():
    assert judge(matrix_of([99, 99], [100, 100]), "ab", overall=0.9, each=0.8).answer == SHOWN
    assert judge(matrix_of([99, 85], [100, 100]), "ab", overall=0.9, each=0.8).answer == OPEN
    assert judge(matrix_of([99, 40], [100, 100]), "ab", overall=0.6, each=0.8).answer == SHORT
    absent = judge(matrix_of([99, 0], [100, 0]), "ab", overall=0.9, each=0.8)
    assert absent.parts[2].answer == OPEN and absent.answer == OPEN and absent.parts[2].more_photos is None
    assert (absent.parts[2].low, absent.parts[2].high) == (0, 1)


def test_neither_answer_is_wrong_more_often_than_in_five_of_a_hundred_cases():
    random = np.random.default_rng(0)
    draws, n = 1500, np.array([14, 40, 40, 200])
    yes = no = 0
    for _ in range(draws):
        right = random.binomial(n, [0.8, 0.99, 0.99, 0.99])  # the first kind is not better than needed
        yes += judge(matrix_of(list(right), list(n)), "abcd", overall=0.5, each=0.8000001).answer == SHOWN
        right = random.binomial(n, 0.8)  # every kind is as good as needed, and so are all
        no += judge(matrix_of(list(right), list(n)), "abcd", overall=0.8, each=0.8).answer == SHORT
    most = stats.binom.ppf(0.9999, draws, 0.05)
    assert yes <= most and no <= most
    assert yes and no, "the test is able to fail"


@pytest.mark.parametrize("share, need", [(1.0, 0.9), (0.95, 0.9), (0.85, 0.8), (0.81, 0.8)])
def test_so_many_photos_show_it_and_a_good_deal_fewer_do_not(share: float, need: float):
    total = photos_to_show(share, need)
    assert total is not None

    def shown(n: int) -> bool:
        return stats.binomtest(int(share * n + 1e-9), n, need, alternative="greater").pvalue <= 0.05

    assert shown(total) and not shown(int(0.8 * total))
    assert photos_to_show(need, need) is None and photos_to_show(need - 0.1, need) is None


def test_of_nothing_and_of_everything_the_bounds_reach_the_ends():
    low, high = bounds(np.array([0, 5, 0]), np.array([5, 5, 0]))
    assert low[0] == 0 and high[1] == 1 and (low[2], high[2]) == (0, 1)
    assert high[0] == pytest.approx(1 - 0.05 ** (1 / 5)) and low[1] == pytest.approx(0.05 ** (1 / 5))
