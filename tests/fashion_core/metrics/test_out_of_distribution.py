"""What is unlike training: distances as scikit-learn computes them, and a false-alarm rate that was promised."""

import numpy as np
import pytest
from sklearn.neighbors import NearestNeighbors

from fashion_core.embeddings import neighbours, out_of_distribution
from fashion_core.errors import RunError


def clouds(seed: int, n: int, centre: float) -> np.ndarray:
    generator = np.random.default_rng(seed)
    return (generator.normal(size=(n, 16)) + centre * np.eye(16)[0]).astype(np.float32)


def test_distances_are_those_of_scikit_learns_nearest_neighbours():
    train, asked = clouds(0, 700, 3), clouds(1, 300, 3)
    theirs, rows = NearestNeighbors(metric="cosine", algorithm="brute").fit(train).kneighbors(asked, 10)
    ours = out_of_distribution.kth_distance(neighbours.units(train), asked, 10)
    assert ours == pytest.approx(theirs[:, 9], abs=1e-5)
    found, distances = neighbours.most_alike(neighbours.units(train), neighbours.units(asked)[5], 10)
    assert found.tolist() == rows[5].tolist() and distances == pytest.approx(theirs[5], abs=1e-5)
    assert len(neighbours.most_alike(neighbours.units(train[:3]), neighbours.units(asked)[5], 10)[0]) == 3


def test_five_in_a_hundred_known_photos_are_alarms_and_strangers_nearly_all():
    found = out_of_distribution.fit(clouds(0, 2000, 6), clouds(1, 3000, 6))
    assert found.num_fitted == 2000
    alarms = found.is_unlike(clouds(2, 4000, 6)).mean()
    assert 0.035 < alarms < 0.065  # three standard errors of 4,000 photos and of the fitted percentile
    assert found.is_unlike(clouds(3, 500, -6)).mean() > 0.99


def test_the_order_of_photos_and_a_row_of_zeros_do_no_harm():
    train, val = clouds(0, 300, 4), clouds(1, 200, 4)
    there, back = out_of_distribution.fit(train, val), out_of_distribution.fit(train[::-1], val)
    assert there.threshold == pytest.approx(back.threshold, abs=1e-6)
    nothing = np.zeros((1, 16), np.float32)
    assert there.distances(nothing).tolist() == [1.0] and there.is_unlike(nothing).all()


def test_alarms_are_counted_over_all_photos_and_not_over_those_that_stand_first():
    found = out_of_distribution.fit(clouds(0, 500, 6), clouds(1, 500, 6))
    known = np.concatenate([clouds(2, 2000, 6), clouds(3, 2000, -6)])  # class by class, as predictions are stored
    num_alarms, num_asked = found.alarms(known)
    assert num_asked == 2000 and abs(num_alarms / num_asked - found.is_unlike(known).mean()) < 0.04
    assert found.alarms(known[:300]) == (int(found.is_unlike(known[:300]).sum()), 300)


def test_too_few_photos_are_said():
    with pytest.raises(RunError, match="from 9 training and 200 validation photos; it takes 10 and 20"):
        out_of_distribution.fit(clouds(0, 9, 1), clouds(1, 200, 1))


def test_features_that_are_no_number_are_said():
    broken = clouds(1, 200, 1)
    broken[3, 2] = np.nan
    with pytest.raises(RunError, match="no number"):
        out_of_distribution.fit(clouds(0, 300, 1), broken)
