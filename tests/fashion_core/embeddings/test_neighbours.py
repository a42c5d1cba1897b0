"""The most alike images, against scikit-learn's cosine distances and loops over all pairs."""

import numpy as np
import pytest
from sklearn.metrics.pairwise import cosine_distances
from statsmodels.stats.proportion import proportion_confint

from fashion_core.embeddings import neighbours
from fashion_core.errors import RunError


@pytest.fixture(scope="module")
def features_ND() -> np.ndarray:
    return np.maximum(np.random.default_rng(3).normal(0.4, 1, (300, 12)), 0).astype(np.float32)


def test_the_search_gives_the_rows_and_distances_that_sorting_all_cosine_distances_gives(features_ND):
    units = neighbours.units(features_ND)
    distances = cosine_distances(features_ND.astype(np.float64))
    for row in (0, 17, 299):
        found, far = neighbours.most_alike(units, units[row], 15)
        assert found.tolist() == np.argsort(distances[row], kind="stable")[:15].tolist()
        np.testing.assert_allclose(far, distances[row][found], atol=1e-6)


def test_a_filter_leaves_the_nearest_of_what_it_keeps_and_fewer_where_there_are_fewer(features_ND):
    units = neighbours.units(features_ND)
    keep = np.arange(300) % 50 == 3
    found, far = neighbours.most_alike(units, units[0], 10, keep_N=keep)
    distances = cosine_distances(features_ND[[0]], features_ND)[0]
    expected = sorted(np.flatnonzero(keep), key=lambda row: distances[row])
    assert found.tolist() == expected and len(far) == 6
    nothing, _ = neighbours.most_alike(units, units[0], 10, keep_N=np.zeros(300, bool))
    assert len(nothing) == 0


def test_many_searches_at_once_find_what_single_ones_find_and_never_the_image_itself(features_ND):
    twice = np.concatenate([features_ND, features_ND[:5]])  # five images have a twin
    units = neighbours.units(twice)
    asked = np.array([0, 3, 200, 304])
    found = neighbours.neighbours_of(units[asked], units, 7, own_rows_Q=asked)
    distances = cosine_distances(twice.astype(np.float64))
    for row, near in zip(asked, found, strict=True):
        others = [other for other in np.argsort(distances[row], kind="stable") if other != row][:7]
        np.testing.assert_allclose(distances[row][near], distances[row][others], atol=1e-6)
        assert row not in near
    assert found[0, 0] == 300 and found[3, 0] == 4
    with pytest.raises(RunError, match="10 nearest images were asked for and there are 4"):
        neighbours.neighbours_of(units[:5], units[:5], 10, own_rows_Q=np.arange(5))


def test_features_that_are_all_zero_are_like_nothing():
    units = neighbours.units(np.array([[3, 4], [0, 0]], np.float32))
    np.testing.assert_allclose(units, [[0.6, 0.8], [0, 0]], atol=1e-7)
    _, far = neighbours.most_alike(units, units[0], 2)
    np.testing.assert_allclose(far, [0, 1], atol=1e-6)


def test_the_interval_of_shares_lies_between_those_for_as_many_images_and_as_many_neighbours():
    generator = np.random.default_rng(0)
    all_or_none = np.repeat([0.0, 1.0], [30, 70])  # neighbours that always agree: as many answers as images
    found = neighbours.share_interval(all_or_none, 10)
    expected = proportion_confint(70, 100, method="wilson")
    np.testing.assert_allclose((found.value, *found.bounds), (0.7, *expected), atol=2e-3)
    independent = generator.binomial(10, 0.7, 400) / 10
    found = neighbours.share_interval(independent, 10)
    expected = proportion_confint(round(4000 * found.value), 4000, method="wilson")
    np.testing.assert_allclose(found.bounds, expected, atol=4e-3)
    found = neighbours.share_interval(np.ones(50), 10)
    assert (found.value, found.n) == (1.0, 50)
    np.testing.assert_allclose(found.bounds, proportion_confint(50, 50, method="wilson"))


def test_the_interval_covers_the_true_share_of_planted_images_nineteen_times_in_twenty():
    generator = np.random.default_rng(1)
    hits = 0
    for _ in range(1000):
        chances = generator.beta(2, 1, 80)  # images differ: the mean share is 2/3
        found = neighbours.share_interval(generator.binomial(10, chances) / 10, 10)
        hits += found.low <= 2 / 3 <= found.high
    assert 930 <= hits <= 980


def test_shared_neighbours_are_counted_as_sets():
    one, other = np.array([[1, 2, 3], [4, 5, 6]]), np.array([[3, 1, 9], [7, 8, 9]])
    assert neighbours.num_shared(one, other).tolist() == [2, 0]
