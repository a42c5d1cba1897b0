import numpy as np
import pytest
from scipy import stats

from fashion_core.errors import RunError
from fashion_core.metrics import seed_spread


def test_the_spread_of_seeds_has_the_t_interval_of_scipy():
    values = [0.81, 0.84, 0.83, 0.79]
    found = seed_spread.spread_of(values)
    expected = stats.t.interval(0.95, 3, np.mean(values), stats.sem(values))
    assert found.mean.bounds == pytest.approx(expected)
    assert (found.mean.n, found.lowest, found.highest) == (4, 0.79, 0.84)
    assert found.sd == pytest.approx(np.std(values, ddof=1))


def test_one_run_has_no_spread():
    found = seed_spread.spread_of([0.8])
    assert (found.mean.value, found.lowest, found.highest) == (0.8, 0.8, 0.8)
    assert np.isnan([found.sd, *found.mean.bounds]).all()
    with pytest.raises(RunError, match="each have a score"):
        seed_spread.spread_of([0.8, float("nan")])


def test_groups_with_other_means_share_one_spread():
    # by hand: deviations 1, -1 around 0.80 and 2, 0, -2 around 0.60 (in points): (1 + 1 + 4 + 4) / (1 + 2)
    sd, df = seed_spread.pooled_sd([[0.81, 0.79], [0.62, 0.60, 0.58], [0.4]])
    assert (sd, df) == (pytest.approx(0.01 * (10 / 3) ** 0.5), 3)
    assert seed_spread.pooled_sd([[0.8], [0.9]]) is None


def test_ranges_say_how_far_each_class_and_cell_moved():
    found = seed_spread.ranges_of([[[8, 2], [1, 9]], [[6, 4], [3, 7]]])
    assert found.recall_low.tolist() == [0.6, 0.7] and found.recall_high.tolist() == [0.8, 0.9]
    assert found.cells_mean.tolist() == [[7, 3], [2, 8]]
    assert found.cells_high.tolist() == [[8, 4], [3, 9]]
    with pytest.raises(RunError, match="different photos"):
        seed_spread.ranges_of([[[8, 2], [1, 9]], [[6, 4], [3, 8]]])
