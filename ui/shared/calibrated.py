"""A run's temperature, and its probabilities at it: what the Predict page shows as certainty."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from fashion_core.errors import FashionError
from fashion_core.metrics import calibration
from fashion_core.metrics.calibration import Reliability
from fashion_core.runs import temperature as run_temperature
from fashion_core.runs.runs import Run
from fashion_core.runs.temperature import Temperature
from ui.app import audience, loaders, words
from ui.app.kept import kept
from ui.shared import plain_words


@dataclass(frozen=True)
class Certainty:
    """``temperature`` 1 and ``num_fitted`` 0 for a run without usable validation predictions; ``why_not`` where they
    are too few. ``after``: how often it is right, at this temperature, on the photos that it was fitted on."""

    temperature: float = 1.0
    num_fitted: int = 0
    why_not: str = ""
    after: Reliability | None = None

    @property
    def off(self) -> str:
        """What it is even on the photos that the temperature was fitted on, "too sure" or "not sure enough"; empty
        where it is neither, or only by chance. The likelihood counts every class, not the first answer alone: a
        network that has learnt little can be too sure at its best."""
        return self.after.words.lower() if self.after and self.after.is_off else ""

    def of(self, probabilities_NK: np.ndarray) -> np.ndarray:
        """The probabilities at this temperature, N x K."""
        return calibration.with_temperature(probabilities_NK, self.temperature) if self.num_fitted else probabilities_NK

    def in_frame(self, predictions: pd.DataFrame, classes: tuple[str, ...]) -> pd.DataFrame:
        """Stored predictions with their probabilities at this temperature."""
        columns = [f"p_{name}" for name in classes]
        tempered = pd.DataFrame(self.of(predictions[columns].to_numpy()), columns=columns, index=predictions.index)
        return pd.concat([predictions.drop(columns=columns), tempered], axis=1)  # a thousand at once, not one by one

    def in_words(self, before: float) -> str:
        """What its percentages mean; ``before`` is the first answer's probability as the network gave it."""
        if audience.is_review():
            return plain_words.calibrated(self.num_fitted, self._gap())
        if self.why_not:
            return f"Its probabilities are not calibrated: {self.why_not}."
        if not self.num_fitted:
            return (
                "Its probabilities are not calibrated: 90 % does not mean right nine times in ten; “Right when this "
                "sure” is what was counted."
            )
        return (
            f"Its probabilities are calibrated with the temperature {self.temperature:.2f}, fitted on "
            f"{words.count(self.num_fitted)} validation photos (without it: {words.percent(before)}); "
            + (f"even on those it is {self.off}: {self._gap()}." if self.off else "they hold for photos of that kind.")
        )

    def _gap(self) -> str:
        if not self.after or not self.off:
            return ""
        return (
            f"on average it says {words.percent(self.after.said)} and is right on {words.percent(self.after.accuracy)}"
        )


@kept(loaders.of_file("predictions-val.parquet"), max_entries=200)
def of(run: Run) -> Certainty:
    """The temperature that fits the run's validation predictions (Guo et al. 2017)."""
    if "val" not in run.prediction_splits():
        return Certainty()
    try:
        return fitted(run_temperature.of_run(run), *loaders.arrays_of(run, "val"))
    except FashionError:  # the Evaluation page says what is wrong with them
        return Certainty()


def fitted(found: Temperature, labels_N: np.ndarray, probabilities_NK: np.ndarray) -> Certainty:
    """A temperature, and what it makes of the photos that it was fitted on."""
    if not found.num_fitted:
        return Certainty(why_not=found.why_not)
    after = calibration.reliability(labels_N, calibration.with_temperature(probabilities_NK, found.value))
    return Certainty(found.value, found.num_fitted, after=after)
