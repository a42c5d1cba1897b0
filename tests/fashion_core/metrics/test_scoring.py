import numpy as np
import pytest
from scipy.stats import binomtest
from sklearn.metrics import classification_report

from fashion_core.data import published
from fashion_core.errors import RunError
from fashion_core.metrics import intervals, scoring


def test_the_report_matrix_gives_the_accuracy_and_the_blouse_row_of_the_report():
    scores = scoring.scores_from_matrix(published.report_matrix(), published.classes())
    assert round(scores.accuracy.value, 4) == 0.8413
    assert scores.n == 7500
    blouse = scores.per_class[0]
    assert blouse.label == "blouse"
    assert [round(getattr(blouse, name), 2) for name in ("precision", "recall", "f1")] == [0.92, 0.96, 0.94]
    assert (scores.matrix_KK == published.report_matrix()).all()


def test_the_paper_matrix_gives_the_accuracy_of_the_paper():
    scores = scoring.scores_from_matrix(published.paper_matrix(), published.classes())
    assert round(scores.accuracy.value, 4) == round(published.load()["paper"]["accuracy_of_this_matrix"], 4)


def test_scores_equal_scikit_learns_classification_report():
    generator = np.random.default_rng(0)
    labels = np.r_[np.arange(4), generator.integers(0, 4, 200)]
    predicted = np.where(generator.random(204) < 0.6, labels, generator.integers(0, 3, 204))  # class 3 rarely predicted
    names = ("a", "b", "c", "d")
    scores = scoring.evaluate_predictions(labels, predicted, names)
    expected = classification_report(labels, predicted, target_names=names, output_dict=True, zero_division=0)
    for row in scores.per_class:
        theirs = expected[row.label]
        assert row.precision == pytest.approx(theirs["precision"])
        assert row.recall == pytest.approx(theirs["recall"])
        assert row.f1 == pytest.approx(theirs["f1-score"])
        assert row.support == theirs["support"]
    assert scores.accuracy.value == pytest.approx(expected["accuracy"])
    assert scores.macro_f1 == pytest.approx(expected["macro avg"]["f1-score"])


def test_a_class_without_images_has_no_score_and_the_others_are_scored_as_scikit_learn_does():
    labels, predicted = np.array([0, 0, 0, 2, 2, 2]), np.array([0, 0, 1, 2, 2, 0])
    scores = scoring.evaluate_predictions(labels, predicted, ("kurta", "saree", "shoe"))
    expected = classification_report(labels, predicted, labels=[0, 2], output_dict=True, zero_division=0)
    assert scores.per_class[1] == scoring.ClassScore(label="saree", precision=None, recall=None, f1=None, support=0)
    assert scores.per_class[0].f1 == pytest.approx(expected["0"]["f1-score"])
    assert scores.per_class[2].recall == pytest.approx(expected["2"]["recall"])
    assert scores.macro_f1 == pytest.approx(expected["macro avg"]["f1-score"])
    assert scores.accuracy.value == pytest.approx(4 / 6) and scores.absent == ("saree",)
    assert scoring.absent_words(scores) == "over 2 of 3 classes (no photos of saree)"
    assert scoring.report_text(labels, predicted, ("kurta", "saree", "shoe")).endswith("no photos of saree\n")


def test_a_split_without_any_image_is_an_error_and_never_a_zero():
    with pytest.raises(RunError, match="no images of any class"):
        scoring.evaluate_predictions(np.array([], int), np.array([], int), ("kurta", "saree"))


def test_predictions_over_another_class_list_are_an_error():
    with pytest.raises(RunError, match="outside the 2 classes"):
        scoring.evaluate_predictions(np.array([0, 1]), np.array([0, 2]), ("kurta", "saree"))
    with pytest.raises(RunError, match="2 labels but 3 predictions"):
        scoring.evaluate_predictions(np.array([0, 1]), np.array([0, 1, 1]), ("kurta", "saree"))


def test_the_most_confused_pairs_come_largest_first():
    pairs = scoring.most_confused(published.report_matrix(), published.classes(), most=2)
    assert pairs == [("gowns", "women_kurta", 121), ("mojaris_men", "mojaris_women", 89)]


@pytest.mark.parametrize(("successes", "n"), [(0, 10), (10, 10), (479, 500), (6310, 7500), (1, 1), (3, 7)])
def test_wilson_equals_scipys(successes: int, n: int):
    low, high = intervals.wilson(successes, n)
    expected = binomtest(successes, n).proportion_ci(confidence_level=0.95, method="wilson")
    assert (float(low), float(high)) == pytest.approx((expected.low, expected.high), abs=1e-12)


def test_wilson_of_nothing_is_everything():
    assert tuple(map(float, intervals.wilson(0, 0))) == (0.0, 1.0)
