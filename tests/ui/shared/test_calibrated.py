"""What is said of a model's percentages beside one answer."""

import numpy as np
import pytest

from fashion_core.runs.temperature import Temperature
from ui.app import audience
from ui.shared import calibrated


@pytest.mark.parametrize("in_review", [False, True])
@pytest.mark.parametrize(("num_right", "off"), [(40, "too sure"), (180, "not sure enough"), (120, "")])
def test_percentages_that_are_off_on_the_very_photos_they_were_fitted_on_are_not_said_to_hold(
    num_right, off, in_review, monkeypatch
):
    monkeypatch.setattr(audience, "is_review", lambda: in_review)
    probabilities = np.tile([0.6, 0.2, 0.2], (200, 1))
    labels = np.where(np.arange(200) < num_right, 0, 1)
    certain = calibrated.fitted(Temperature(value=1.0, num_fitted=200), labels, probabilities)
    told = certain.in_words(0.6)
    assert certain.off == off
    assert (f"on average it says 60.0 % and is right on {num_right / 2:.1f} %" in told) == bool(off)
    assert ("photos of that kind" in told) == (not off)
