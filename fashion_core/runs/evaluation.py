"""What a split's stored predictions tell besides the scores: top-k, calibration, long-tail adjustment, leaks, shift.

Takes a run, a split and the datasets of this machine; gives plain values. Needs no torch.
"""

from typing import Any

import numpy as np
import pandas as pd

from fashion_core.data.audit import audit
from fashion_core.data.datasets import Dataset
from fashion_core.metrics import calibration, leakage, logit_adjustment, scoring, shift
from fashion_core.metrics.intervals import proportion
from fashion_core.runs import runs, temperature


def closer_look(found: runs.Run, split: str, datasets: list[Dataset]) -> dict[str, Any]:
    """What a split's stored predictions tell besides the scores; null where it cannot be known.

    ``top_k`` [{k, accuracy, ci95}]; ``calibration`` {bins, ece, temperature, ece_after, fitted_on} with a temperature
    fitted on the validation predictions, null where these are too few (``why_not`` says so);
    ``logit_adjustment`` {train_counts, answers [{tau, fitted_on, accuracy,
    accuracy_ci95, macro_recall, changed, moved, moved_ci95}]} of a run whose training photos were uneven and whose
    training did not correct that; ``leaks`` {leaked, n, accuracy, accuracy_ci95}, the last three without the
    leaked photos, where the run's own dataset was audited; ``shift`` {accuracy, moved, moved_ci95, shared} of a split
    of another dataset against the run's own.
    """
    frame = found.predictions(split)
    own = runs.dataset_of(found, datasets)
    base, elsewhere, other = split.partition("-on-")
    there = next((dataset for dataset in datasets if elsewhere and dataset.id == other), None)
    top = scoring.top_k(*_arrays(found, frame))
    return {
        "top_k": [{"k": k, "accuracy": right / n, "ci95": list(proportion(right, n).bounds)} for k, right, n in top],
        "calibration": _calibration(found, frame),
        "logit_adjustment": _adjustment(found, split, frame),
        "leaks": _leaks(frame, own) if own and split in runs.SPLITS else None,
        "shift": _shift(found, base, frame, own, there) if elsewhere else None,
    }


def _arrays(found: runs.Run, frame: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    return runs.label_indices(frame["label"], found.classes), scoring.probabilities_of(frame, found.classes)


def _calibration(found: runs.Run, frame: pd.DataFrame) -> dict[str, Any] | None:
    if "val" not in found.prediction_splits():
        return None
    fitted = temperature.of_run(found)
    labels_N, probabilities_NK = _arrays(found, frame)
    before = calibration.reliability(labels_N, probabilities_NK)
    told: dict[str, Any] = {"bins": calibration.NUM_BINS, "ece": before.error}
    if fitted.why_not:
        return told | {"temperature": None, "ece_after": None, "fitted_on": None, "why_not": fitted.why_not}
    after = calibration.reliability(labels_N, calibration.with_temperature(probabilities_NK, fitted.value))
    return told | {
        "temperature": fitted.value,
        "ece_after": after.error,
        "fitted_on": f"val, n = {fitted.num_fitted:,}",
        "why_not": None,
    }


def _adjustment(found: runs.Run, split: str, frame: pd.DataFrame) -> dict[str, Any] | None:
    counts_K = found.train_counts
    if counts_K is None or not logit_adjustment.applies(counts_K, found.settings.sampler, found.settings.loss):
        return None
    arrays = _arrays(found, frame)
    taus: list[tuple[float, str | None]] = [(1.0, None)]
    if split != "val" and "val" in found.prediction_splits():
        fitted_on = _arrays(found, found.predictions("val"))
        taus.append((logit_adjustment.best_tau(*fitted_on, counts_K), f"val, n = {len(fitted_on[0]):,}"))
    answers = []
    for tau, fitted in taus:
        judged = logit_adjustment.judge(*arrays, counts_K, tau)
        answers.append(
            {
                "tau": tau,
                "fitted_on": fitted,
                **judged.accuracy.to_json(),
                "macro_recall": judged.mean_recall,
                "changed": judged.changed,
                **judged.moved.to_json("moved"),
            }
        )
    return {"train_counts": dict(zip(found.classes, counts_K.tolist(), strict=True)), "answers": answers}


def _leaks(frame: pd.DataFrame, own: Dataset) -> dict[str, Any] | None:
    audited = audit.load(own)
    if audited is None:
        return None
    result = leakage.with_and_without(frame, audited.findings())
    kept = result.kept
    return {
        "leaked": result.leaked.n,
        "n": kept.n,
        **kept.estimate.to_json(),
        **({} if kept.n else {"accuracy": None}),
    }


def _shift(
    found: runs.Run, base: str, frame: pd.DataFrame, own: Dataset | None, there: Dataset | None
) -> dict[str, Any] | None:
    if base not in found.prediction_splits():
        return None
    here = found.predictions(base)
    keys = [shift.keys_of(here, own.manifest()), shift.keys_of(frame, there.manifest())] if own and there else []
    result = shift.between(here, frame, *keys)
    return {
        "accuracy": result.here.accuracy,
        **result.moved.to_json("moved"),
        "shared": result.num_shared,
    }
