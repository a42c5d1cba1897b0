"""How numbers with intervals are kept and written, against sentences written by hand."""

import json
import math

import pytest
from statsmodels.stats.proportion import proportion_confint

from fashion_core.metrics import wording
from fashion_core.metrics.intervals import Estimate, proportion


def test_a_proportion_is_kept_in_scores_and_rows_and_read_back():
    share = proportion(84, 100)
    assert share.bounds == pytest.approx(proportion_confint(84, 100, method="wilson"))
    scores = json.loads(json.dumps({"n": share.n, **share.to_json()}))
    assert list(scores) == ["n", "accuracy", "accuracy_ci95"] and Estimate.from_json(scores) == share
    row = json.loads(json.dumps({**share.flat("rate"), "n": share.n}))
    assert list(row) == ["rate", "low", "high", "n"] and Estimate.from_flat(row, "rate") == share


def test_of_nothing_and_of_a_single_seed_no_interval_is_claimed():
    assert math.isnan(proportion(0, 0).value) and proportion(0, 0).bounds == (0.0, 1.0)
    assert not Estimate.from_flat({"mean": 0.5, "low": None, "high": None}, "mean").has_interval


def test_a_difference_turned_round_or_taken_as_a_size_keeps_its_ends_in_order():
    fall = Estimate(-0.03, -0.05, -0.01)
    assert (-fall).bounds == fall.size().bounds == (0.01, 0.05) and (-fall).value == fall.size().value == 0.03
    assert fall.excludes_zero and not Estimate(0.01, -0.01, 0.03).excludes_zero
    assert Estimate(0.99, 0.97, 1.01).within(0, 1).bounds == (0.97, 1)


@pytest.mark.parametrize(
    ("difference", "written"),
    [
        (Estimate(0.12, 0.061, 0.178), "+12.0 points [+6.1, +17.8]"),
        (Estimate(-0.021, -0.05, 0.008), "−2.1 points [−5.0, +0.8]"),
        (Estimate(-0.0003, -0.02, 0.02), "0.0 points [−2.0, +2.0]"),  # what rounds to nothing has no sign
    ],
)
def test_a_difference_is_written_in_points_with_a_real_minus(difference, written):
    assert wording.in_points(difference) == written


def test_the_same_number_is_written_for_readers_and_for_programs():
    share = Estimate(0.8413, 0.833, 0.849)
    assert wording.with_interval(share) == "84.1 % [83.3, 84.9]"
    assert wording.as_number(share, 4) == "0.8413 [0.8330, 0.8490]"
    assert wording.between(share.bounds) == "83.3 to 84.9" and wording.interval(share.bounds, 2) == "[83.30, 84.90]"
    assert wording.points(float("nan"), False) == "nan"
