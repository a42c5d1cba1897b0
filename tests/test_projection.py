"""The map and the neighbours, against numpy's own decomposition and a hand-written search."""

import numpy as np
import pytest

from fashion_core import projection
from fashion_core.errors import RunError


@pytest.fixture(scope="module")
def features_ND() -> np.ndarray:
    generator = np.random.default_rng(3)
    centres = generator.normal(0, 4, (3, 20))
    return (centres[np.arange(120) % 3] + generator.normal(0, 1, (120, 20))).astype(np.float32)


def test_the_map_is_the_singular_value_decomposition_of_the_centred_features(features_ND):
    found = projection.pca(features_ND)
    centred = features_ND.astype(np.float64) - features_ND.mean(axis=0, dtype=np.float64)
    left, values, right = np.linalg.svd(centred, full_matrices=False)
    for axis in range(2):
        expected = left[:, axis] * values[axis]
        sign = np.sign(expected @ found.points_NC[:, axis])
        np.testing.assert_allclose(found.points_NC[:, axis], sign * expected, rtol=1e-4, atol=1e-4)
        np.testing.assert_allclose(np.abs(found.components_CD[axis] @ right[axis]), 1, atol=1e-9)
    np.testing.assert_allclose(found.explained_variance_ratio_C, (values**2 / (values**2).sum())[:2], rtol=1e-6)
    np.testing.assert_allclose(found.mean_D, features_ND.mean(axis=0), atol=1e-5)


def test_the_map_does_not_flip_between_calls(features_ND):
    np.testing.assert_array_equal(projection.pca(features_ND).points_NC, projection.pca(features_ND.copy()).points_NC)


def test_a_map_of_one_image_is_refused_in_one_sentence():
    with pytest.raises(RunError, match="at least 2 images and 2 features, got 1 and 5"):
        projection.pca(np.zeros((1, 5), dtype=np.float32))


def test_the_nearest_other_image_is_the_one_that_a_loop_over_all_pairs_finds(features_ND):
    expected = []
    for row, one in enumerate(features_ND.astype(np.float64)):
        distances = [np.sum((one - other) ** 2) if row != place else np.inf for place, other in enumerate(features_ND)]
        expected.append(int(np.argmin(distances)))
    assert projection.nearest(features_ND).tolist() == expected


def test_twins_are_each_others_nearest_image_and_never_their_own():
    features = np.array([[0, 0], [0, 0], [9, 9], [9, 9]], dtype=np.float32)
    assert projection.nearest(features).tolist() == [1, 0, 3, 2]


def test_a_part_of_the_images_keeps_every_class_in_its_share():
    labels = np.repeat(["much", "some", "one"], [9_000, 999, 1])
    rows = projection.spread_rows(labels, 1_000)
    names, counts = np.unique(labels[rows], return_counts=True)
    assert dict(zip(names.tolist(), counts.tolist(), strict=True)) == {"much": 900, "some": 99, "one": 1}
    assert (np.diff(rows) > 0).all()
    np.testing.assert_array_equal(rows, projection.spread_rows(labels, 1_000))
    assert len(projection.spread_rows(labels, 10_000)) == 10_000
