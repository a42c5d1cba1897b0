"""Learning rates against torch's own schedulers."""

import numpy as np
import pytest
import torch
from torch.optim import lr_scheduler

from fashion_core.settings import config, recipes, schedules


def settings(*sets: str) -> config.Settings:
    return recipes.settings_for("report", ["learning_rate=0.02", *sets])


def torchs(make, num: int, losses=None) -> list[float]:
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.02)
    scheduler = make(optimizer)
    found = []
    for place in range(num):
        found.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        if place + 1 < num:
            scheduler.step(*([] if losses is None else [losses[place]]))
    return found


@pytest.mark.parametrize("total", [2, 3, 7, 100, 1001])
@pytest.mark.parametrize("name", ["one_cycle", "cosine"])
def test_a_schedule_gives_the_rates_of_torchs(name: str, total: int):
    def make(optimizer):
        if name == "cosine":
            return lr_scheduler.CosineAnnealingLR(optimizer, total)
        return lr_scheduler.OneCycleLR(optimizer, 0.02, total_steps=total, cycle_momentum=False)

    ours = [schedules.learning_rate(settings(f"schedule={name}"), step, total) for step in range(total)]
    np.testing.assert_allclose(ours, torchs(make, total), rtol=1e-9, atol=1e-12)


def test_plateau_divides_the_rate_exactly_when_torchs_does():
    generator = np.random.default_rng(0)
    for _ in range(20):
        losses = np.abs(1 + generator.normal(0, 0.2, 40).cumsum() * 0.1)
        losses[5] = losses[4] * (1 - 5e-5)  # better, but by less than the threshold
        theirs = torchs(lambda optimizer: lr_scheduler.ReduceLROnPlateau(optimizer, patience=2), 40, losses)
        state, ours = schedules.Plateau(), []
        for loss in losses:
            ours.append(schedules.learning_rate(settings("schedule=plateau"), 0, 1, state.drops))
            state = state.after(float(loss))
        # torch stops dividing below 1e-8; ours goes on
        np.testing.assert_allclose(np.maximum(ours, 1e-8), np.maximum(theirs, 1e-8), rtol=1e-6)


def test_a_constant_rate_is_constant():
    assert {schedules.learning_rate(settings(), step, 10) for step in range(10)} == {0.02}


def test_photos_grow_in_even_steps_to_their_size_at_two_thirds_of_the_epochs():
    growing = recipes.settings_for("strong", ["image_size=96x128", "epochs=9", "start_size=0.5"])
    sizes = [schedules.photo_size(growing, epoch) for epoch in range(1, 10)]
    assert sizes[0] == (48, 64) and sizes[3] == (72, 96) and sizes[6:] == [(96, 128)] * 3
    assert sizes == sorted(sizes) and all(side % 4 == 0 for size in sizes for side in size)
    small = recipes.settings_for("strong", ["image_size=28", "epochs=1", "start_size=0.25"])
    assert schedules.photo_size(small, 1) == (16, 16), "nothing is left to see in a smaller one"
    assert {schedules.photo_size(settings("epochs=3"), epoch) for epoch in (1, 2, 3)} == {(128, 128)}
