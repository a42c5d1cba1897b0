"""What the simulator expects, held to torch's own sampler, to enumeration and to counts by hand."""

import itertools

import numpy as np
import pytest
import torch
from torch.utils.data import WeightedRandomSampler

from fashion_core.data import published
from fashion_core.errors import SettingsError
from fashion_core.settings import recipes, sampling
from fashion_core.training import batches

#: The 91,166 training photos of IndoFashion: a real epoch.
COUNTS = np.array(list(published.train_counts().values()))
LABELS = np.repeat(np.arange(15), COUNTS)
SAMPLERS = ["none", "balanced", "power(0.5)", "class_balanced(0.999)"]


def torchs_draw(sampler: str, num_draws: int, replacement: bool) -> np.ndarray:
    weights = sampling.draw_weights(LABELS, COUNTS, sampler).tolist()
    generator = torch.Generator().manual_seed(7)
    drawn = list(WeightedRandomSampler(weights, num_draws, replacement=replacement, generator=generator))
    return np.bincount(drawn, minlength=len(LABELS))


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_a_real_epoch_of_the_trainer_agrees_with_what_is_expected_within_one_percent(sampler: str):
    settings = recipes.settings_for("report", [f"sampler={sampler}"])
    order = batches.epoch_order(LABELS, settings, epoch=1, num_classes=15)
    times = np.bincount(order, minlength=len(LABELS))
    how = {"num_draws": len(LABELS), "replacement": sampling.repeats_in_training(sampler)}
    expected = sampling.expected_draws(COUNTS, sampler, **how)
    drawn = np.bincount(LABELS, weights=times)
    assert expected.sum() == pytest.approx(len(LABELS))
    assert np.abs(drawn - expected).sum() / 2 / len(LABELS) < 0.01
    unseen = sampling.unseen_share(COUNTS, sampler, **how)
    assert (times == 0).mean() == pytest.approx((COUNTS * unseen).sum() / len(LABELS), abs=0.01)
    for label in range(15):
        assert (times[LABELS == label] == 0).mean() == pytest.approx(unseen[label], abs=0.02)


@pytest.mark.parametrize("sampler", SAMPLERS)
@pytest.mark.parametrize(("num_draws", "replacement"), [(91_166, True), (182_332, True), (45_000, False)])
def test_the_simulated_draw_has_the_law_of_torchs_sampler(sampler: str, num_draws: int, replacement: bool):
    ours = sampling.draw(LABELS, COUNTS, sampler, num_draws=num_draws, replacement=replacement)
    theirs = torchs_draw(sampler, num_draws, replacement)
    expected = sampling.expected_draws(COUNTS, sampler, num_draws=num_draws, replacement=replacement)
    for times in (ours, theirs):
        assert times.sum() == num_draws
        assert np.abs(np.bincount(LABELS, weights=times) - expected).sum() / 2 / num_draws < 0.01
    assert (ours == 0).mean() == pytest.approx((theirs == 0).mean(), abs=0.01)
    assert abs(ours.max() - theirs.max()) <= 3 and (replacement or ours.max() == 1)


def test_the_unseen_share_with_replacement_is_what_enumeration_gives():
    counts = np.array([2, 1])  # images a, b of one class and c of the other; balanced: a 1/4, b 1/4, c 1/2
    expected = np.zeros(3)
    for draws in itertools.product(range(3), repeat=4):
        probability = np.prod([(0.25, 0.25, 0.5)[image] for image in draws])
        expected += [probability * (image not in draws) for image in range(3)]
    unseen = sampling.unseen_share(counts, "balanced", num_draws=4, replacement=True)
    assert unseen == pytest.approx([expected[0], expected[2]])
    assert unseen == pytest.approx([0.75**4, 0.5**4])


def test_equal_weights_without_replacement_leave_the_rest_and_a_whole_epoch_leaves_nothing():
    counts = np.array([60, 30, 10])
    assert sampling.unseen_share(counts, "none", num_draws=25, replacement=False) == pytest.approx([0.75] * 3)
    for sampler in SAMPLERS:
        whole = sampling.expected_draws(counts, sampler, num_draws=100, replacement=False)
        assert whole == pytest.approx(counts)
        assert sampling.draw(np.repeat([0, 1, 2], counts), counts, sampler, num_draws=100, replacement=False).min() == 1


def test_unequal_weights_without_replacement_agree_with_many_draws():
    counts = np.array([300, 60, 15])
    labels = np.repeat([0, 1, 2], counts)
    drawn = [
        np.bincount(labels, sampling.draw(labels, counts, "balanced", num_draws=120, replacement=False, seed=seed))
        for seed in range(400)
    ]
    expected = sampling.expected_draws(counts, "balanced", num_draws=120, replacement=False)
    assert expected.sum() == pytest.approx(120)
    assert np.mean(drawn, axis=0) == pytest.approx(expected, abs=0.6)


def test_the_effective_number_of_samples_is_the_sum_of_a_geometric_series():
    counts = np.array([1, 5, 200])
    weights = sampling.image_weights(counts, "class_balanced(0.9)")
    by_hand = [1 / sum(0.9**power for power in range(count)) for count in counts]
    assert weights == pytest.approx(by_hand)
    assert sampling.expected_share(counts, "class_balanced(0)") == pytest.approx(counts / counts.sum())
    assert sampling.expected_share(counts, "class_balanced(0.9999999)") == pytest.approx([1 / 3] * 3, abs=1e-4)


def test_sampler_and_weighted_loss_together_turn_the_imbalance_round():
    shares = sampling.expected_share(COUNTS, "balanced")
    alone = sampling.signal_share(COUNTS, sampling.loss_weights(COUNTS, "weighted"))
    both = sampling.signal_share(shares, sampling.loss_weights(COUNTS, "weighted"))
    assert shares == pytest.approx([1 / 15] * 15) and alone == pytest.approx([1 / 15] * 15)
    assert both[COUNTS.argmin()] / both[COUNTS.argmax()] == pytest.approx(11694 / 2546)
    assert both == pytest.approx((1 / COUNTS) / (1 / COUNTS).sum())
    assert (sampling.loss_weights(COUNTS, "focal") == 1).all()


def test_the_weights_of_the_batches_of_an_epoch_add_up_to_the_signal_share():
    settings = recipes.settings_for("report", ["sampler=balanced"])
    order = batches.epoch_order(LABELS, settings, epoch=1, num_classes=15)
    weights = sampling.loss_weights(COUNTS, "weighted")
    charged = np.bincount(LABELS[order], weights=weights[LABELS[order]])
    expected = sampling.signal_share(sampling.expected_share(COUNTS, "balanced"), weights)
    assert np.abs(charged / charged.sum() - expected).sum() / 2 < 0.01


@pytest.mark.parametrize(
    ("num_draws", "replacement", "sentence"),
    [
        (101, False, "an epoch without replacement must have 1 to 100 draws, one an image, got 101"),
        (0, True, "an epoch with replacement must have 1 draw or more, got 0"),
    ],
)
def test_an_epoch_that_cannot_be_drawn_is_refused_with_its_range(num_draws: int, replacement: bool, sentence: str):
    with pytest.raises(SettingsError) as error:
        sampling.expected_draws(np.array([60, 40]), "balanced", num_draws=num_draws, replacement=replacement)
    assert str(error.value) == sentence
