"""What is unlike training: distances as scikit-learn computes them, at most one known photo in twenty, and noise."""

import numpy as np
import pytest
from scipy.special import logsumexp
from sklearn.neighbors import NearestNeighbors
from sklearn.preprocessing import StandardScaler

from fashion_core.errors import RunError
from fashion_core.metrics import out_of_distribution


def garments(seed: int, num: int, size: int = 24) -> np.ndarray:
    """uint8 photos of a bright shape before a dark, slightly uneven ground."""
    generator = np.random.default_rng(seed)
    rows, columns = np.mgrid[0:size, 0:size] / size
    photos = np.empty((num, size, size, 3))
    for photo in photos:
        ground, cloth, left, top = (
            generator.uniform(20, 60),
            generator.uniform(120, 220, 3),
            *generator.uniform(0.1, 0.3, 2),
        )
        photo[:] = ground + 10 * rows[..., None]
        photo[(columns > left) & (columns < 1 - left) & (rows > top)] = cloth
        photo += generator.normal(0, 4, photo.shape)
    return np.clip(photos, 0, 255).astype(np.uint8)


def fitted(num_val: int = 300, size: int = 24) -> out_of_distribution.Reference:
    looks = out_of_distribution.looks_of
    energies = np.random.default_rng(5).normal(-8, 1, num_val)
    return out_of_distribution.fit(looks(garments(0, 200, size)), looks(garments(1, num_val, size)), energies)


def test_distances_are_those_of_scikit_learn():
    train, asked = (np.random.default_rng(seed).normal(seed, 3, (70, 6)).astype(np.float32) for seed in (0, 1))
    scaled = StandardScaler().fit(train.astype(np.float64))
    near = NearestNeighbors(n_neighbors=5, algorithm="brute").fit(scaled.transform(train))
    theirs = near.kneighbors(scaled.transform(asked))[0][:, -1]
    np.testing.assert_allclose(out_of_distribution._distances(train, asked), theirs, rtol=1e-4)


def test_the_energy_is_that_of_scipy_also_where_logits_are_large():
    logits = np.random.default_rng(0).normal(0, 400, (20, 7)).astype(np.float32)
    np.testing.assert_allclose(out_of_distribution.energies(logits), -logsumexp(logits.astype(np.float64), axis=1))


@pytest.mark.parametrize("num_val", [20, 39, 40, 300])
def test_at_most_one_in_twenty_of_the_validation_photos_is_called_unlike(num_val):
    called = fitted(num_val).is_unlike(garments(1, num_val), np.random.default_rng(5).normal(-8, 1, num_val))
    assert called.sum() == num_val // 20


def test_new_photos_of_the_kind_pass_and_noise_a_blank_sheet_and_a_cut_out_do_not():
    reference, generator = fitted(), np.random.default_rng(9)
    usual = np.full(200, -8.0)
    assert reference.is_unlike(garments(2, 200), usual).mean() < 0.1
    strangers = {
        "noise": generator.integers(0, 256, (50, 24, 24, 3)),
        "fine noise, made smaller": generator.normal(128, 4, (50, 24, 24, 3)),
        "blank": np.ones((50, 24, 24, 3)) * generator.integers(0, 256, (50, 1, 1, 3)),
        "a cut-out": np.where(garments(3, 50) > 90, 200, 0),
    }
    for name, photos in strangers.items():
        assert reference.is_unlike(photos.astype(np.uint8), usual[:50]).all(), name
    assert reference.is_unlike(garments(2, 5), np.full(5, 4.0)).all(), "the model sees nothing of any class"
    assert reference.is_unlike(garments(2, 5), np.full(5, np.nan)).all(), "what cannot be told is unlike"


def test_where_every_photo_is_grey_a_coloured_one_is_far_and_not_endlessly_far():
    grey = garments(0, 200).mean(axis=-1, keepdims=True).repeat(3, axis=-1).astype(np.uint8)
    reference = out_of_distribution.fit(
        out_of_distribution.looks_of(grey[:100]), out_of_distribution.looks_of(grey[100:]), np.linspace(-9, -8, 100)
    )
    [score] = reference.scores_of(garments(2, 1), np.full(1, -8.5))
    assert reference.limit < score < 1e7


@pytest.mark.parametrize("size", [4, 6, 16, 97])
def test_photos_of_every_size_have_a_look_and_chunks_do_not_change_it(size):
    photos = garments(4, 70, size)
    looks = out_of_distribution.looks_of(photos)
    assert np.isfinite(looks).all()
    np.testing.assert_allclose(looks[66:], out_of_distribution.looks_of(photos[66:]), rtol=1e-5, atol=1e-6)


def test_what_is_kept_in_a_file_gives_the_same_answers():
    reference = fitted()
    again = out_of_distribution.Reference.from_arrays(*reference.arrays())
    photos, energies = garments(7, 30), np.linspace(-12, -2, 30)
    np.testing.assert_array_equal(reference.scores_of(photos, energies), again.scores_of(photos, energies))
    with pytest.raises(ValueError, match="no looks"):
        out_of_distribution.Reference.from_arrays(reference.looks_RF, np.zeros(3))


def test_too_few_photos_are_one_sentence():
    looks = out_of_distribution.looks_of(garments(0, 30))
    with pytest.raises(RunError, match="from 4 training and 30 validation photos; it takes 5 and 20"):
        out_of_distribution.fit(looks[:4], looks, np.zeros(30))
    with pytest.raises(RunError, match="no number"):
        out_of_distribution.fit(looks, looks, np.full(30, np.nan))
