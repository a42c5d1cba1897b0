"""K-means beside the classes, the alignment of two runs and selections, against independent computations."""

import numpy as np
import pytest
from scipy.spatial import procrustes
from sklearn.metrics import rand_score

from fashion_core.embeddings import clusters, lasso
from fashion_core.embeddings import procrustes as embedding_procrustes
from fashion_core.errors import RunError, WrongUse


def planted(spread: float) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(2)
    labels = np.array(["bag", "boot", "coat"])[np.arange(240) % 3]
    centres = np.array([[8, 0, 0, 0], [0, 8, 0, 0], [0, 0, 8, 0]], float)
    return (centres[np.arange(240) % 3] + generator.normal(0, spread, (240, 4))).astype(np.float32), labels


def test_clusters_that_are_the_classes_stand_on_the_diagonal_with_rand_one():
    features, labels = planted(0.5)
    found = clusters.k_means(features, labels, ("bag", "boot", "coat"))
    assert found.matrix_KK.tolist() == [[80, 0, 0], [0, 80, 0], [0, 0, 80]]
    assert found.rand == 1 and found.silhouette == pytest.approx(found.class_silhouette)
    centroid = [features[labels == name].mean(axis=0) for name in ("bag", "boot", "coat")]
    gaps = [np.linalg.norm(a - b) for a in centroid for b in centroid if a is not b]
    assert 1 - 2 / min(gaps) < found.silhouette < 1  # own cluster about 1.3 away on the mean, the next one 11


def test_the_rand_index_is_the_share_of_pairs_corrected_for_chance_and_the_matrix_counts_every_image():
    features, labels = planted(6.0)
    found = clusters.k_means(features, labels, ("bag", "boot", "coat"))
    assert found.matrix_KK.sum() == 240 and found.matrix_KK.sum(axis=0).tolist() == [80, 80, 80]
    codes = np.unique(labels, return_inverse=True)[1]
    shuffled = np.random.default_rng(0)
    chance = np.mean([rand_score(codes, shuffled.permutation(found.cluster_N)) for _ in range(300)])
    by_pairs = (rand_score(codes, found.cluster_N) - chance) / (1 - chance)
    assert found.rand == pytest.approx(by_pairs, abs=0.02)
    for cluster in range(3):
        for label in range(3):
            assert found.matrix_KK[cluster, label] == ((found.cluster_N == cluster) & (codes == label)).sum()
    matched = np.trace(found.matrix_KK)
    assert all(np.trace(found.matrix_KK[list(order)]) <= matched for order in ([0, 2, 1], [1, 0, 2], [2, 1, 0]))


def test_fewer_images_than_classes_are_refused():
    with pytest.raises(RunError, match="got 2 and 2"):
        clusters.k_means(np.zeros((2, 3), np.float32), np.array(["a", "b"]), ("a", "b"))


def test_a_run_that_is_another_one_turned_scaled_and_moved_lies_on_it_exactly():
    generator = np.random.default_rng(4)
    first = generator.normal(0, [5, 3, 1, 1, 1], (90, 5)).astype(np.float32)
    turn = np.linalg.qr(generator.normal(size=(5, 5)))[0]
    found = embedding_procrustes.align(first, 7 * first @ turn + 100)
    np.testing.assert_allclose(found.features_ND, first, atol=1e-3)
    assert found.disparity == pytest.approx(0, abs=1e-9)


def test_the_disparity_and_the_places_are_those_of_scipys_procrustes_also_for_other_widths():
    generator = np.random.default_rng(6)
    first, second = generator.normal(2, 1, (80, 6)), generator.normal(-1, 3, (80, 4))
    second[:, :3] += 3 * first[:, :3]
    padded = np.pad(second, ((0, 0), (0, 2)))
    standard, moved, disparity = procrustes(first, padded)
    found = embedding_procrustes.align(first, second)
    assert found.disparity == pytest.approx(disparity)
    length = np.linalg.norm(first - first.mean(axis=0))
    np.testing.assert_allclose((found.features_ND - first.mean(axis=0)) / length, moved, atol=1e-6)
    assert 0.05 < disparity < 0.95
    with pytest.raises(RunError, match="same features"):
        embedding_procrustes.align(first, np.ones((80, 4)))


def test_a_lasso_holds_the_points_that_a_walk_round_its_edges_says_it_holds():
    generator = np.random.default_rng(8)
    points = generator.uniform(-1, 1, (400, 2)).astype(np.float32)
    turn = np.linspace(0, 4 * np.pi, 41)[:-1]  # round twice: it crosses itself
    xs, ys = np.cos(turn) * (0.3 + 0.04 * turn), np.sin(turn) * (0.3 + 0.04 * turn)

    def crossings(x: float, y: float) -> int:
        count = 0
        for one in range(len(xs)):
            x0, y0, x1, y1 = xs[one - 1], ys[one - 1], xs[one], ys[one]
            if (y0 > y) != (y1 > y) and x < (x1 - x0) * (y - y0) / (y1 - y0) + x0:
                count += 1
        return count

    expected = [crossings(x, y) % 2 == 1 for x, y in points.tolist()]
    assert 20 < sum(expected) < 380
    assert lasso.inside(points, xs, ys).tolist() == expected


def test_a_box_holds_what_lies_between_its_sides_and_nonsense_is_refused():
    points = np.array([[0, 0], [2, 2], [5, 5], [2, 9]], np.float32)
    assert lasso.inside(points, *lasso.box([3, 1], [1, 3])).tolist() == [False, True, False, False]
    assert not lasso.inside(points, [0, 1], [0, 1]).any()
    for xs, ys in (([0, 1, np.nan], [0, 1, 2]), ([0, 1, 2], [0, 1]), (["a", "b", "c"], [0, 1, 2])):
        with pytest.raises(WrongUse):
            lasso.inside(points, xs, ys)
