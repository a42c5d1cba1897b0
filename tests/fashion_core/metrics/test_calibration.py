"""Broken predictions, top-k, orders, calibration, breakdowns and domain shift: by hand and against other libraries."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binomtest
from sklearn.metrics import classification_report, confusion_matrix, log_loss, top_k_accuracy_score

from fashion_core import labels
from fashion_core.data import published
from fashion_core.errors import RunError
from fashion_core.metrics import calibration, class_order, scoring, shift, significance, slices
from fashion_core.metrics.intervals import wilson


def guesses(n: int, K: int, seed: int = 0, sharpness: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    """Labels and float32 probabilities: the labels are drawn from them, then they are sharpened by ``sharpness``."""
    generator = np.random.default_rng(seed)
    logits = generator.normal(0, 1.5, (n, K))
    shares = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    drawn = (shares.cumsum(axis=1) < generator.random((n, 1))).sum(axis=1)
    sharp = np.exp(logits * sharpness)
    return np.minimum(drawn, K - 1), (sharp / sharp.sum(axis=1, keepdims=True)).astype(np.float32)


def frame_of(probabilities: np.ndarray, classes: tuple[str, ...]) -> pd.DataFrame:
    ids = pd.DataFrame({"image_id": [f"{row}.jpg" for row in range(len(probabilities))]})
    return pd.concat([ids, pd.DataFrame(probabilities, columns=[f"p_{name}" for name in classes])], axis=1)


# predictions


def test_the_report_is_scikit_learns_to_the_letter_and_the_matrix_too():
    true, probabilities = guesses(400, 6)
    predicted, names = probabilities.argmax(axis=1), tuple("abcdef")
    expected = classification_report(true, predicted, target_names=names, zero_division=0)
    assert scoring.report_text(true, predicted, names) == expected
    assert (scoring.evaluate_predictions(true, predicted, names).matrix_KK == confusion_matrix(true, predicted)).all()


@pytest.mark.parametrize("K", [3, 15])
def test_top_k_is_scikit_learns(K: int):
    true, probabilities = guesses(900, K, seed=K)
    for k, right, n in scoring.top_k(true, probabilities):
        assert right / n == pytest.approx(top_k_accuracy_score(true, probabilities, k=k, labels=range(K)))


def test_top_k_of_three_photos_counted_by_hand():
    probabilities = np.array([[0.5, 0.3, 0.2], [0.1, 0.2, 0.7], [0.4, 0.4, 0.2]], np.float32)
    true = np.array([1, 2, 1])  # second, first, second: of equal ones the lower index comes first
    assert scoring.top_k(true, probabilities) == [(1, 1, 3), (2, 3, 3)]


def test_broken_predictions_are_named_and_never_scored():
    classes = ("kurta", "saree")
    good = frame_of(np.array([[0.25, 0.75], [1.0, 0.0]], np.float32), classes)
    assert scoring.probabilities_of(good, ("saree", "kurta")).tolist() == [[0.75, 0.25], [0.0, 1.0]]
    with pytest.raises(RunError, match="NaN in 1 of 2 rows .first: '1.jpg'"):
        scoring.probabilities_of(good.assign(p_kurta=[0.25, np.nan]), classes)
    with pytest.raises(RunError, match="NaN"):
        scoring.probabilities_of(good.assign(p_kurta=[0.25, np.inf]), classes)
    with pytest.raises(RunError, match="do not sum to 1 in 1 of 2 rows .first: '0.jpg', sum 1.5"):
        scoring.probabilities_of(good.assign(p_kurta=[0.75, 1.0]), classes)
    with pytest.raises(RunError, match="do not sum to 1"):
        scoring.probabilities_of(good.assign(p_kurta=[2.0, 1.0], p_saree=[-1.0, 0.0]), classes)
    with pytest.raises(RunError, match="another class list: no 'shoe' but 'kurta' that the run does not have"):
        scoring.probabilities_of(good, ("saree", "shoe"))


def test_a_matrix_is_brought_into_another_order_by_name():
    matrix = np.array([[1, 2], [3, 4]])
    assert scoring.in_order(matrix, ("a", "b"), ("b", "a")).tolist() == [[4, 3], [2, 1]]
    with pytest.raises(RunError, match="no 'c' but 'b' that the run does not have"):
        scoring.in_order(matrix, ("a", "b"), ("a", "c"))


# orders


def test_classes_of_a_group_stand_together_and_lines_part_the_groups():
    order, breaks = class_order.by_group(labels.INDOFASHION, labels.GROUPS)
    names = [labels.INDOFASHION[place] for place in order]
    assert tuple(names[:4]) == labels.GROUPS["men"] and tuple(names[4:]) == labels.GROUPS["women"] and breaks == [4]


def test_clustering_puts_confused_classes_side_by_side():
    order, _ = class_order.by_errors(published.report_matrix())
    names = [published.classes()[place] for place in order]
    assert sorted(order) == list(range(15))
    for one, other in (("gowns", "women_kurta"), ("mojaris_men", "mojaris_women")):  # its two largest confusions
        assert abs(names.index(one) - names.index(other)) == 1
    assert class_order.by_errors(np.eye(2)) == ([0, 1], [])
    assert sorted(class_order.by_errors(np.diag([5, 6, 7]))[0]) == [0, 1, 2]  # no error at all


# calibration


def test_reliability_of_four_photos_counted_by_hand():
    probabilities = np.array([[0.9, 0.1], [0.9, 0.1], [0.6, 0.4], [0.3, 0.7]])
    found = calibration.reliability(np.array([0, 1, 0, 1]), probabilities)
    by_bin = {int(at): (found.n[at], found.right[at], found.confidence[at]) for at in np.flatnonzero(found.n)}
    # 0.9 lies in (13/15, 14/15], 0.6 in (8/15, 9/15], 0.7 in (10/15, 11/15]
    assert by_bin == {8: (1, 1, 0.6), 10: (1, 1, 0.7), 13: (2, 1, 0.9)}
    assert found.error == pytest.approx((2 * abs(0.5 - 0.9) + abs(1 - 0.6) + abs(1 - 0.7)) / 4)


@pytest.mark.parametrize(
    ("said", "words"), [(0.7, "Too sure"), (0.3, "Not sure enough"), (0.51, "As sure as it may be")]
)
@pytest.mark.parametrize("num", [12, 2000])
def test_a_gap_that_lies_in_the_interval_of_so_few_photos_may_be_chance(num, said, words):
    probabilities = np.full((num, 3), (1 - said) / 2)
    probabilities[:, 0] = said
    half_right = np.arange(num) % 2
    told = calibration.reliability(half_right, probabilities).words
    interval = binomtest(num // 2, num).proportion_ci(method="wilson")
    by_chance = abs(said - 0.5) > 0.02 and interval.low <= said <= interval.high
    assert told == (f"{words}, or by chance" if by_chance else words)


def test_the_temperature_is_the_best_of_a_fine_grid_and_its_likelihood_is_scikit_learns():
    true, probabilities = guesses(3000, 5, sharpness=2.5)
    found = calibration.fit_temperature(true, probabilities)
    grid = np.geomspace(0.05, 20, 4001)
    losses = [calibration.negative_log_likelihood(true, probabilities, t) for t in grid]
    assert found == pytest.approx(grid[int(np.argmin(losses))], rel=2e-3)
    assert found == pytest.approx(2.5, rel=0.06)  # what the probabilities were sharpened by
    wide = probabilities.astype(np.float64)
    theirs = log_loss(true, wide / wide.sum(axis=1, keepdims=True))
    assert calibration.negative_log_likelihood(true, probabilities) == pytest.approx(theirs, rel=1e-6)


def test_a_temperature_mends_overconfidence_and_changes_no_first_answer():
    true, probabilities = guesses(3000, 5, sharpness=2.5)
    other, others = guesses(3000, 5, seed=1, sharpness=2.5)
    found = calibration.calibrate(true, probabilities, other, others)
    assert found.before.error > 0.15 and found.after.error < 0.03 and not found.at_the_edge
    cooler = calibration.with_temperature(probabilities, found.temperature)
    assert (cooler.argmax(axis=1) == probabilities.argmax(axis=1)).all()
    assert np.allclose(cooler.sum(axis=1), 1) and found.num_fitted == 3000
    assert (calibration.with_temperature(np.array([[1.0, 0.0]]), 2.0) >= 0).all()


@pytest.mark.parametrize(
    "num, wrong, words", [(99, 40, "99 validation photos are too few"), (300, 9, "9 wrong answers")]
)
def test_few_photos_or_few_wrong_answers_fit_no_temperature(num, wrong, words):
    probabilities = np.tile([0.9, 0.1], (num, 1))
    true = (np.arange(num) < wrong).astype(int)
    assert words in calibration.too_few(true, probabilities)
    enough = (np.arange(num + 1) <= wrong).astype(int)
    assert calibration.too_few(enough, np.tile([0.9, 0.1], (num + 1, 1))) == ""


# breakdowns


def test_accuracy_by_host_brand_and_shape_of_what_a_source_says():
    n = 40
    manifest = pd.DataFrame(
        {
            "image_id": [f"{row}.jpg" for row in range(n)],
            "width": 100,
            "height": [200] * 20 + [100] * 20,
            "image_url": ["https://One.example/a.jpg"] * 25 + ["http://two.example/b.jpg"] * 14 + [None],
            "brand": [f"brand {row}" for row in range(n)],  # each once: tells nothing
            "year": [2019] * 20 + [2021] * 20,
            "note": "same",
        }
    )
    found = slices.columns(manifest)
    assert list(found) == ["host of the photo's address", "year", "shape of the photo"]
    table = slices.by_value(found["host of the photo's address"], np.arange(n) < 10)
    assert table[["value", "n", "right"]].to_numpy().tolist() == [
        ["one.example", 25, 10], ["two.example", 14, 0], ["all other values (1)", 1, 0]
    ]  # fmt: skip
    assert (table["low"][0], table["high"][0]) == pytest.approx(tuple(map(float, wilson(10, 25))))
    odd = pd.Series(["HTTPS://user:x@Shop.example:443/a?b=//c", "http://[broken", "no address", "ftp://two.example"])
    assert slices.hosts(odd).tolist() == ["shop.example", slices.UNKNOWN, slices.UNKNOWN, "two.example"]


def test_the_group_is_right_more_often_than_the_class():
    matrix, classes = published.report_matrix(), published.classes()
    found = slices.levels(classes, labels.GROUPS)
    assert list(found) == ["who wears it", "kind of garment"]
    true, predicted = (np.repeat(places.ravel(), matrix.ravel()) for places in np.indices(matrix.shape))
    for groups in found.values():
        of = {name: group for group, names in groups.items() for name in names}
        same = np.array([of[classes[t]] == of[classes[p]] for t, p in zip(true, predicted, strict=True)])
        result = slices.hierarchy(matrix, classes, groups)
        assert result.right == same.sum() and result.n == 7500
        assert result.num_wrong == (true != predicted).sum() and result.num_near == (same & (true != predicted)).sum()
        assert result.rows["n"].sum() == 7500 and result.rows["right"].sum() == same.sum()
    assert slices.levels(("a", "b"), {}) == {} == slices.levels(("a", "b"), {"one": ("a", "b")})
    assert slices.levels(("a", "b"), {"one": ("a",), "two": ("a", "b")}) == {}  # a class in two groups
    assert list(slices.levels(("a", "b"), {"one": ("a",), "two": ("b",)})) == ["group of the dataset"]


def test_class_shares_count_what_was_said():
    found = slices.class_shares(np.array([[8, 2], [4, 6]]), ("a", "b"))
    assert found["true"].tolist() == [0.5, 0.5] and found["predicted"].tolist() == [0.6, 0.4]
    assert (found["low"][0], found["high"][0]) == pytest.approx(tuple(map(float, wilson(12, 20))))


# domain shift


def predictions(right: list[int]) -> pd.DataFrame:
    return pd.DataFrame({"label": "a", "predicted": np.where(np.array(right) == 1, "a", "b")})


def test_other_photos_are_two_independent_proportions_after_newcombe():
    here, there = predictions([1] * 56 + [0] * 14), predictions([1] * 48 + [0] * 32)
    found = shift.between(here, there)
    # Newcombe (1998), table II, row 1: 56 of 70 and 48 of 80, method 10: 0.0524 to 0.3339
    assert (-found.moved).bounds == pytest.approx((0.0524, 0.3339), abs=5e-5)
    theirs = significance.independent_difference(56, 70, 48, 80)
    assert (found.moved.value, *found.moved.bounds) == pytest.approx((theirs.value, *theirs.bounds))
    assert found.num_shared is None


def test_a_version_without_some_photos_is_judged_by_the_photos_it_leaves_out():
    generator = np.random.default_rng(0)
    right = generator.random(2000) < 0.8
    keys = pd.Series([f"sha {row}" for row in range(2000)])
    here, there = predictions(right.astype(int)), predictions(right[100:].astype(int))
    found = shift.between(here, there, keys, keys[100:])
    assert found.num_shared == 1900 and found.num_other == 0
    assert found.moved.value == pytest.approx(right[100:].mean() - right.mean())
    # 1,900 photos in common move nothing: much narrower than two independent samples would be
    alone, moved = shift.between(here, there).moved, found.moved
    assert moved.high - moved.low < 0.2 * (alone.high - alone.low) and moved.low < moved.value < moved.high
    # the same by resampling photos
    ends = []
    for _ in range(2000):
        drawn = generator.integers(0, 2000, 2000)
        ends.append(right[drawn[drawn >= 100]].mean() - right[drawn].mean())
    assert moved.bounds == pytest.approx(tuple(np.quantile(ends, [0.025, 0.975])), abs=2e-3)


def test_photos_that_were_judged_differently_count_as_different_photos():
    keys = pd.Series(["x", "y", "y", "z"])
    here, there = predictions([1, 1, 0, 0]), predictions([1, 0, 0, 0])
    found = shift.between(here, there, keys, keys)
    assert found.num_other == 1 and found.num_shared == 4  # the second file of two equal ones pairs with the second
    assert found.moved.bounds == pytest.approx(shift.between(here, there).moved.bounds)


def test_the_same_photos_move_nothing():
    manifest = pd.DataFrame({"image_id": ["1.jpg", "2.jpg"], "sha256": ["x", "y"]})
    keys = shift.keys_of(pd.DataFrame({"image_id": ["1.jpg", "2.jpg"]}), manifest)
    assert shift.keys_of(pd.DataFrame({"image_id": ["2.jpg", "3.jpg"]}), manifest).tolist() == ["y", None]
    found = shift.between(predictions([1, 0]), predictions([1, 0]), keys, keys)
    assert (found.moved.value, *found.moved.bounds) == (0, 0, 0)
