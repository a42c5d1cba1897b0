import numpy as np
import pandas as pd
import pytest
from scipy.stats import chi2_contingency

from fashion_core import labels
from fashion_core.data import published
from fashion_core.metrics import class_balance
from fashion_core.metrics.class_balance import label_shift
from ui.dataset import class_balance as dataset_class_balance


def test_the_distance_is_the_part_of_the_photos_that_would_have_to_change_class():
    shift = label_shift(np.array([50, 30, 20]), np.array([40, 30, 30]))
    assert shift.distance == pytest.approx(0.10)
    assert shift.points_K == pytest.approx([-0.10, 0, 0.10])


def test_the_test_of_homogeneity_is_scipys():
    for first, second in (([50, 30, 20], [40, 30, 30]), ([900, 0, 60, 7], [80, 0, 30, 9])):
        shift = label_shift(np.array(first), np.array(second))
        table = np.array([first, second])
        theirs = chi2_contingency(table[:, table.sum(axis=0) > 0], correction=False)
        assert (shift.chi_square, shift.degrees) == (pytest.approx(theirs.statistic), theirs.dof)
        assert shift.p_value == pytest.approx(theirs.pvalue)


def test_too_few_photos_are_not_tested():
    assert label_shift(np.array([3, 4]), np.array([4, 3])).p_value is None
    assert label_shift(np.array([30, 0]), np.array([40, 0])).p_value is None


def test_chance_alone_is_what_random_divisions_give_on_average():
    pool = np.repeat(np.arange(4), [400, 300, 200, 100])
    generator = np.random.default_rng(0)
    distances = []
    for _ in range(300):
        parts = generator.permutation(pool)
        first, second = np.bincount(parts[:800], minlength=4), np.bincount(parts[800:], minlength=4)
        distances.append(label_shift(first, second).distance)
    expected = label_shift(np.array([320, 240, 160, 80]), np.array([80, 60, 40, 20])).by_chance
    assert np.mean(distances) == pytest.approx(expected, rel=0.06)


def test_the_published_splits_differ_as_a_hand_count_says():
    train = np.array([published.counts("train")[name] for name in labels.INDOFASHION])
    test = np.array([published.counts("test")[name] for name in labels.INDOFASHION])
    assert (train.sum(), test.sum()) == (91_166, 7_500)
    # 11,694 of 91,166 women's kurtas are 12.83 %, in test they are 6.67 %
    shift = label_shift(train, test)
    assert shift.points_K[labels.INDOFASHION.index("women_kurta")] == pytest.approx(500 / 7500 - 11694 / 91166)
    assert shift.distance == pytest.approx(np.maximum(train / 91166 - 1 / 15, 0).sum())
    assert shift.p_value < 1e-100
    assert class_balance.imbalance_ratio(train) == pytest.approx(11694 / 2546)


def test_every_class_stands_in_one_group_of_each_kind():
    for groups in (labels.GROUPS, labels.GARMENTS):
        assert sorted(name for names in groups.values() for name in names) == sorted(labels.INDOFASHION)


def test_a_reviewer_is_not_told_that_classes_are_mixed_alike_where_nothing_could_test_it():
    few = pd.DataFrame({"train": [22, 28, 90], "val": [3, 3, 11], "test": [3, 4, 10]}, index=["a", "b", "c"])
    assert dataset_class_balance.mix_words(few).startswith("There are too few photos of each kind to tell")
    many = pd.DataFrame({"train": [2200, 2800, 9000], "val": [220, 280, 905]}, index=["a", "b", "c"])
    assert (
        dataset_class_balance.mix_words(many)
        == "No part of the data holds the classes in other shares than chance would give."
    )
    moved = pd.DataFrame({"train": [2200, 2800, 9000], "val": [900, 280, 220]}, index=["a", "b", "c"])
    assert dataset_class_balance.mix_words(moved).startswith("Not all parts of the data hold the classes")
