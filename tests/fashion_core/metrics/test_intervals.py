import numpy as np
import pytest
from scipy.stats import binom, binomtest
from sklearn.metrics import f1_score, precision_score, recall_score

from fashion_core.data import published
from fashion_core.errors import RunError
from fashion_core.metrics import intervals, scoring


def plain_bootstrap(matrix: np.ndarray, resamples: int) -> dict[str, np.ndarray]:
    """The same intervals the slow way: photos drawn with replacement within each class, scored by scikit-learn."""
    generator = np.random.default_rng(99)
    labels, predicted = scoring.expand_matrix(matrix)
    starts, found = np.r_[0, np.cumsum(matrix.sum(axis=1))], {"precision": [], "f1": [], "macro": []}
    for _ in range(resamples):
        rows = np.concatenate(
            [generator.integers(low, high, high - low) for low, high in zip(starts, starts[1:], strict=False)]
        )
        f1 = f1_score(labels[rows], predicted[rows], average=None, zero_division=0)
        found["precision"].append(precision_score(labels[rows], predicted[rows], average=None, zero_division=0))
        found["f1"].append(f1)
        found["macro"].append(f1.mean())
    return {name: np.quantile(values, [0.025, 0.975], axis=0) for name, values in found.items()}


def test_resampling_the_rows_is_resampling_the_photos():
    matrix = np.array([[40, 7, 3], [9, 80, 11], [2, 6, 22]])
    ours, slow = intervals.score_intervals(matrix), plain_bootstrap(matrix, 300)
    # 300 resamples leave a bound uncertain by about 0.01 here
    assert np.array(ours.precision) == pytest.approx(slow["precision"], abs=0.035)
    assert np.array(ours.f1) == pytest.approx(slow["f1"], abs=0.035)
    assert np.array(ours.macro_f1) == pytest.approx(slow["macro"], abs=0.02)


def test_recall_has_wilsons_interval_and_every_interval_holds_its_score():
    matrix = published.report_matrix()
    found = intervals.score_intervals(matrix, resamples=2000)
    labels, predicted = scoring.expand_matrix(matrix)
    for k, row in enumerate(matrix):
        theirs = binomtest(int(row[k]), int(row.sum())).proportion_ci(confidence_level=0.95, method="wilson")
        assert (found.recall[0][k], found.recall[1][k]) == pytest.approx((theirs.low, theirs.high), abs=1e-12)
    for (low, high), score in (
        (found.precision, precision_score(labels, predicted, average=None)),
        (found.recall, recall_score(labels, predicted, average=None)),
        (found.f1, f1_score(labels, predicted, average=None)),
    ):
        assert ((low < score) & (score < high)).all()
    assert found.macro_f1[0] < f1_score(labels, predicted, average="macro") < found.macro_f1[1]


def test_the_macro_interval_covers_the_truth_as_often_as_it_says():
    generator, shares, hits = np.random.default_rng(1), np.array([[0.8, 0.1, 0.1], [0.2, 0.7, 0.1], [0.0, 0.1, 0.9]]), 0
    right, columns = np.diag(shares), shares.sum(axis=0)  # classes of one size: expected counts are shares
    truth = (2 * right / (1 + columns)).mean()
    for trial in range(300):
        matrix = np.stack([generator.multinomial(100, row) for row in shares])
        low, high = intervals.score_intervals(matrix, resamples=400, seed=trial).macro_f1
        hits += low <= truth <= high
    assert 0.91 <= hits / 300 <= 0.98


def test_a_class_without_errors_or_without_hits_still_has_an_interval():
    found = intervals.score_intervals(np.array([[20, 0, 0], [0, 17, 3], [0, 5, 0]]), resamples=500)
    for low, high in (found.precision, found.f1):
        assert 0.7 < low[0] < 1 == high[0]
        assert low[2] == 0 < high[2] < 0.75
    never = intervals.score_intervals(np.array([[9, 0], [9, 0]]), resamples=500)
    assert (never.precision[0][1], never.precision[1][1]) == (0, 1)


@pytest.mark.parametrize(
    ("matrix", "told"),
    [
        ([[0, 0], [0, 0]], "holds no photo"),
        ([[3, 1, 2], [0, 1, 2]], "square"),
        ([[3, float("nan")], [0, 1]], "negative, broken or missing"),
        ([[3, -1], [0, 1]], "negative, broken or missing"),
    ],
)
def test_what_is_no_confusion_matrix_is_an_error(matrix, told: str):
    with pytest.raises(RunError, match=told):
        intervals.score_intervals(np.array(matrix))


@pytest.mark.parametrize(
    "matrix",
    [
        np.diag([3] * 3),
        np.diag([5] * 15),
        np.diag([2, 2]),
        np.array([[100, 0, 0]] * 3),
        np.eye(50, dtype=int)[np.r_[0:25, np.zeros(25, int)]],
        np.roll(np.diag([4] * 3), 1, axis=1),
        np.array([[4]]),
    ],
    ids=[
        "perfect",
        "perfect of fifteen",
        "perfect of four",
        "one answer",
        "one photo a class",
        "all wrong",
        "one class",
    ],
)
def test_no_interval_is_without_width(matrix: np.ndarray):
    found = intervals.score_intervals(matrix, resamples=400)
    for name in ("precision", "recall", "f1", "macro_precision", "macro_recall", "macro_f1"):
        low, high = np.array(getattr(found, name))
        assert (high - low > 0.01).all() and (low >= 0).all() and (high <= 1).all(), name


@pytest.mark.parametrize("right", [0, 3, 10, 17, 20])
def test_macro_recall_of_classes_of_one_size_has_about_wilsons_interval_of_all_photos_together(right: int):
    matrix = np.array([[right, 20 - right], [20 - right, right]])
    found = intervals.score_intervals(matrix).macro_recall
    theirs = binomtest(2 * right, 40).proportion_ci(confidence_level=0.95, method="wilson")
    assert found == pytest.approx((theirs.low, theirs.high), abs=0.02)


@pytest.mark.parametrize(("n", "rate"), [(1, 0.9), (4, 0.5), (4, 0.97), (20, 0.99)])
def test_the_macro_interval_of_few_photos_covers_the_truth_as_often_as_wilsons_does(n: int, rate: float):
    shares = np.full((5, 5), (1 - rate) / 4)
    np.fill_diagonal(shares, rate)  # classes of one size: macro F1 is the rate
    generator, hits = np.random.default_rng(7), 0
    for trial in range(100):
        matrix = np.stack([generator.multinomial(n, row) for row in shares])
        low, high = intervals.score_intervals(matrix, resamples=200, seed=trial).macro_f1
        hits += low <= rate <= high
    wilsons = [binomtest(k, n).proportion_ci(0.95, method="wilson") for k in range(n + 1)]
    lowest = min(
        sum(binom.pmf(k, n, p) for k, ends in enumerate(wilsons) if ends.low <= p <= ends.high)
        for p in np.linspace(0.005, 0.995, 199)
    )
    assert hits / 100 >= lowest - 0.02


def test_a_class_without_photos_has_no_interval_and_leaves_those_of_the_others_alone():
    whole = intervals.score_intervals(np.array([[15, 0, 5], [0, 0, 0], [4, 0, 6]]), resamples=500)
    without = intervals.score_intervals(np.array([[15, 5], [4, 6]]), resamples=500)
    for name in ("precision", "recall", "f1"):
        found, expected = np.array(getattr(whole, name)), np.array(getattr(without, name))
        assert np.array_equal(found[:, [0, 2]], expected) and np.isnan(found[:, 1]).all()
        assert getattr(whole, f"macro_{name}") == getattr(without, f"macro_{name}")


def test_equal_inputs_give_equal_intervals():
    first, second = (intervals.score_intervals(published.paper_matrix(), resamples=500) for _ in range(2))
    assert np.array_equal(np.array(first.f1), np.array(second.f1))
    assert first.macro_precision == second.macro_precision
