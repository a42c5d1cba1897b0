"""The temperature of a run: what its own stored validation predictions fit. Takes a run; reads its files."""

from dataclasses import dataclass

from fashion_core.metrics import calibration, scoring
from fashion_core.runs import runs
from fashion_core.runs.runs import Run

NONE = "there are no validation predictions to fit a temperature on"


@dataclass(frozen=True, kw_only=True)
class Temperature:
    """``value`` divides the logits; 1 where nothing could be fitted, and ``why_not`` says why (a sentence without its
    full stop, empty otherwise). ``num_fitted`` photos were fitted on."""

    value: float = 1.0
    num_fitted: int = 0
    why_not: str = ""


def of_run(run: Run) -> Temperature:
    """Guo et al. (2017). RunError for validation predictions that are there and cannot be read."""
    if "val" not in run.prediction_splits():
        return Temperature(why_not=NONE)
    frame = run.predictions("val")
    labels_N = runs.label_indices(frame["label"], run.classes)
    probabilities_NK = scoring.probabilities_of(frame, run.classes)
    if few := calibration.too_few(labels_N, probabilities_NK):
        return Temperature(why_not=few)
    return Temperature(value=calibration.fit_temperature(labels_N, probabilities_NK), num_fitted=len(labels_N))
