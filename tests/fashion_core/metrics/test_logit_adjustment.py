"""Logit adjustment after training against torch's own loss shift, Bayes' rule and a hand-made example."""

import numpy as np
import pytest
import torch

from fashion_core.errors import RunError
from fashion_core.metrics import logit_adjustment
from fashion_core.settings import recipes
from fashion_core.training import losses

COUNTS = np.array([900, 90, 10])


def softmax(logits_NK: np.ndarray) -> np.ndarray:
    return torch.from_numpy(logits_NK).softmax(1).numpy()


@pytest.mark.parametrize("tau", [0.0, 0.5, 1.0, 2.0])
def test_it_is_the_softmax_of_logits_less_tau_log_prior(tau):
    logits = np.random.default_rng(0).normal(0, 3, (200, 3))
    expected = softmax(logits - tau * np.log(COUNTS / COUNTS.sum()))
    found = logit_adjustment.adjusted(softmax(logits), COUNTS, tau)
    np.testing.assert_allclose(found, expected, atol=1e-12)
    np.testing.assert_allclose(found.sum(axis=1), 1)


def test_it_takes_out_what_the_loss_of_that_name_puts_in():
    logits = torch.randn(50, 3, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    loss = losses.build_loss(recipes.settings_for("report", ["loss=logit_adjusted"]), COUNTS, torch.device("cpu"))
    seen = (logits + loss.shift_K).softmax(1).numpy()  # what a model trained with it would have seen in training
    np.testing.assert_allclose(logit_adjustment.adjusted(seen, COUNTS), logits.softmax(1).numpy(), atol=1e-6)


def test_with_the_true_probabilities_it_is_bayes_rule_for_even_classes_and_recalls_more():
    """Two classes, 9 : 1, one feature, normal around -1 and 1: the true posterior is known in closed form."""
    generator = np.random.default_rng(2)
    labels = np.repeat([0, 1], 20_000)
    x = generator.normal(2.0 * labels - 1)
    density = np.exp(-0.5 * (x[:, None] - np.array([-1, 1])) ** 2)
    uneven = density * [0.9, 0.1]
    found = logit_adjustment.adjusted(uneven / uneven.sum(1, keepdims=True), np.array([900, 100]))
    np.testing.assert_allclose(found, density / density.sum(1, keepdims=True), atol=1e-12)
    right = [(answers.argmax(1) == labels).mean() for answers in (uneven, found)]
    assert right[1] == pytest.approx(0.8413, abs=0.01), "Phi(1), the best that can be"
    assert right[0] < 0.75


def test_tau_is_the_one_that_recalls_most_and_1_where_nothing_tells_them_apart():
    labels = np.array([0, 0, 1, 1])
    clear = np.array([[0.99, 0.01], [0.98, 0.02], [0.01, 0.99], [0.02, 0.98]])
    assert logit_adjustment.best_tau(labels, clear, np.array([51, 50])) == 1
    # log(0.9 / 0.1) = 2.2 is overcome from tau 2.2 / log(4) = 1.585 on; the 0.97 (3.48) never is
    leaning = np.array([[0.97, 0.03], [0.97, 0.03], [0.9, 0.1], [0.9, 0.1]])
    assert logit_adjustment.best_tau(labels, leaning, np.array([400, 100])) == 1.6


def test_a_probability_stored_as_zero_stays_finite_and_a_class_never_trained_on_is_refused():
    found = logit_adjustment.adjusted(np.array([[1.0, 0.0, 0.0]], dtype=np.float32), COUNTS)
    assert np.isfinite(found).all() and found.argmax() == 0
    with pytest.raises(RunError, match="no training photos"):
        logit_adjustment.adjusted(np.ones((1, 2)) / 2, np.array([5, 0]))


def test_what_it_scores_is_counted_photo_by_photo_and_the_move_is_paired():
    labels = np.array([0, 0, 0, 1, 1, 2])
    share = np.array(
        [[0.9, 0.05, 0.05], [0.6, 0.3, 0.1], [0.8, 0.1, 0.1], [0.7, 0.2, 0.1], [0.2, 0.7, 0.1], [0.8, 0.1, 0.1]]
    )
    # divided by (9, 3, 1): (.1, .017, .05) 0, (.067, .1, .1) 1, (.089, .033, .1) 2, (.078, .067, .1) 2, 1, 2
    found = logit_adjustment.judge(labels, share, np.array([9, 3, 1]), 1.0)
    assert (found.right, found.accuracy.n, found.changed) == (3, 6, 4)
    assert found.mean_recall == pytest.approx((1 / 3 + 1 / 2 + 1) / 3)
    assert float(found.moved.value) == pytest.approx((3 - 4) / 6)
    assert found.moved.p_value == 1.0, "two lost and one won is what chance does"
    plain = logit_adjustment.judge(labels, share, np.array([9, 3, 1]), 0.0)
    assert (plain.right, plain.changed, float(plain.moved.value)) == (4, 0, 0)


@pytest.mark.parametrize(
    ("counts", "sampler", "loss", "expected"),
    [((9, 3), "none", "cross_entropy", True), ((9, 3), "none", "focal", True), ((9, 9), "none", "cross_entropy", False),
     ((9, 0), "none", "cross_entropy", False), ((9, 3), "balanced", "cross_entropy", False),
     ((9, 3), "none", "weighted", False), ((9, 3), "power(0.0)", "focal", True)],
)  # fmt: skip
def test_it_is_offered_only_where_training_left_the_imbalance_in(counts, sampler, loss, expected):
    assert logit_adjustment.applies(np.array(counts), sampler, loss) is expected
