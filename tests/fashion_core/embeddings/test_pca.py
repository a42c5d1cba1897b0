"""Principal axes and chance, against numpy's singular values and planted structure."""

import numpy as np
import pytest
from sklearn.decomposition import PCA

from fashion_core.embeddings import pca
from fashion_core.errors import RunError


@pytest.fixture(scope="module")
def features_ND() -> np.ndarray:
    generator = np.random.default_rng(3)
    centres = generator.normal(0, 4, (3, 20))
    return (centres[np.arange(120) % 3] + generator.normal(0, 1, (120, 20))).astype(np.float32)


def test_the_axes_are_the_singular_value_decomposition_of_the_centred_features_in_float64(features_ND):
    found = pca.principal_axes(features_ND)
    centred = features_ND.astype(np.float64) - features_ND.mean(axis=0, dtype=np.float64)
    left, values, right = np.linalg.svd(centred, full_matrices=False)
    np.testing.assert_allclose(found.explained_variance_ratio_C, values**2 / (values**2).sum(), rtol=1e-6)
    np.testing.assert_allclose(np.abs((found.components_CD * right).sum(axis=1)), 1, atol=1e-9)
    points = found.points(features_ND, [4, 0, 2])
    assert points.dtype == np.float32
    for place, axis in enumerate([4, 0, 2]):
        expected = left[:, axis] * values[axis]
        np.testing.assert_allclose(points[:, place], np.sign(expected @ points[:, place]) * expected, atol=1e-4)


def test_with_more_features_than_images_there_are_as_many_axes_as_images(features_ND):
    found = pca.principal_axes(features_ND[:5])
    assert found.components_CD.shape == (5, 20)
    assert found.explained_variance_ratio_C.sum() == pytest.approx(1)


def test_the_map_does_not_flip_between_calls(features_ND):
    one, again = pca.principal_axes(features_ND), pca.principal_axes(features_ND.copy())
    np.testing.assert_array_equal(one.components_CD, again.components_CD)


def test_a_map_of_one_image_and_of_equal_images_is_refused_in_one_sentence():
    with pytest.raises(RunError, match="at least 2 images and 2 features, got 1 and 5"):
        pca.principal_axes(np.zeros((1, 5), dtype=np.float32))
    with pytest.raises(RunError, match="every image has the same features"):
        pca.principal_axes(np.ones((9, 5), dtype=np.float32))


def test_shuffled_shares_are_what_scikit_learn_explains_of_columns_shuffled_by_hand(features_ND):
    chance = pca.shuffled_shares(features_ND, num_shuffles=200, seed=1)
    assert chance.shape == (200, 20)
    np.testing.assert_allclose(chance.sum(axis=1), 1)
    assert (np.diff(chance, axis=1) <= 0).all()
    generator = np.random.default_rng(9)
    by_hand = []
    for _ in range(200):
        shuffled = np.stack([generator.permutation(column) for column in features_ND.T], axis=1)
        by_hand.append(PCA().fit(shuffled).explained_variance_ratio_)
    np.testing.assert_allclose(chance.mean(axis=0), np.mean(by_hand, axis=0), rtol=0.03)
    np.testing.assert_allclose(np.quantile(chance, 0.95, axis=0), np.quantile(by_hand, 0.95, axis=0), rtol=0.03)


def test_planted_directions_are_counted_and_noise_has_none():
    generator = np.random.default_rng(5)
    noise = generator.normal(0, 1, (600, 30)).astype(np.float32)
    planted = noise + generator.normal(0, 3, (600, 4)) @ np.linalg.qr(generator.normal(size=(30, 4)))[0].T
    for features, expected in ((noise, 0), (planted.astype(np.float32), 4)):
        shares = pca.principal_axes(features).explained_variance_ratio_C
        assert pca.num_beyond_chance(shares, pca.shuffled_shares(features)) == expected


def test_a_part_of_the_images_keeps_every_class_in_its_share():
    labels = np.repeat(["much", "some", "one"], [9_000, 999, 1])
    rows = pca.spread_rows(labels, 1_000)
    names, counts = np.unique(labels[rows], return_counts=True)
    assert dict(zip(names.tolist(), counts.tolist(), strict=True)) == {"much": 900, "some": 99, "one": 1}
    assert (np.diff(rows) > 0).all()
    np.testing.assert_array_equal(rows, pca.spread_rows(labels, 1_000))
    assert len(pca.spread_rows(labels, 10_000)) == 10_000
