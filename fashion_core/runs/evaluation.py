"""What a split's stored predictions tell besides the scores: top-k, calibration, long-tail adjustment, leaks, shift.

Takes a run, a split and the datasets of this machine; gives what ``metrics`` has measured. Needs no torch.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from fashion_core.data.audit import audit
from fashion_core.data.datasets import Dataset
from fashion_core.metrics import calibration, leakage, logit_adjustment, scoring, shift
from fashion_core.metrics.calibration import Reliability
from fashion_core.metrics.leakage import LeakScores, Share
from fashion_core.metrics.logit_adjustment import Judged
from fashion_core.metrics.shift import Shift
from fashion_core.runs import runs, temperature
from fashion_core.runs.temperature import Temperature


@dataclass(frozen=True, kw_only=True)
class Calibration:
    """A split before and after the temperature that the run's validation predictions fit; ``after`` is None where these
    are too few."""

    before: Reliability
    fitted: Temperature
    after: Reliability | None

    @property
    def fitted_on(self) -> str | None:
        return f"val, n = {self.fitted.num_fitted:,}" if self.after else None

    def to_json(self) -> dict[str, Any]:
        return {
            "bins": calibration.NUM_BINS,
            "ece": self.before.error,
            "temperature": self.fitted.value if self.after else None,
            "ece_after": self.after.error if self.after else None,
            "fitted_on": self.fitted_on,
            "why_not": self.fitted.why_not or None,
        }


@dataclass(frozen=True, kw_only=True)
class Adjusted:
    """The answers at one tau, and the photos that it was fitted on; None of the tau of theory."""

    judged: Judged
    fitted_on: str | None

    def to_json(self) -> dict[str, Any]:
        judged = self.judged
        return {
            "tau": judged.tau,
            "fitted_on": self.fitted_on,
            **judged.accuracy.to_json(),
            "macro_recall": judged.mean_recall,
            "changed": judged.changed,
            **judged.moved.to_json("moved"),
        }


@dataclass(frozen=True, kw_only=True)
class LogitAdjustment:
    """What adjusting the answers to even classes would change; ``train_counts``: training photos of each class."""

    train_counts: Mapping[str, int]
    answers: tuple[Adjusted, ...]

    def to_json(self) -> dict[str, Any]:
        return {"train_counts": dict(self.train_counts), "answers": [one.to_json() for one in self.answers]}


@dataclass(frozen=True, kw_only=True)
class CloserLook:
    """``top_k``: how often the true class is among the k likeliest. What cannot be known is None: ``calibration``
    without validation predictions, ``logit_adjustment`` of a run whose training photos were even or whose training
    corrected that, ``leaks`` where the run's own dataset was not audited, ``shift`` of a split of the run's own
    dataset."""

    top_k: Mapping[int, Share]
    calibration: Calibration | None
    logit_adjustment: LogitAdjustment | None
    leaks: LeakScores | None
    shift: Shift | None

    def to_json(self) -> dict[str, Any]:
        leaks, moved = self.leaks, self.shift
        return {
            "top_k": [
                {"k": k, "accuracy": share.accuracy, "ci95": list(share.estimate.bounds)}
                for k, share in self.top_k.items()
            ],
            "calibration": self.calibration and self.calibration.to_json(),
            "logit_adjustment": self.logit_adjustment and self.logit_adjustment.to_json(),
            "leaks": leaks
            and {
                "leaked": leaks.leaked.n,
                "n": leaks.kept.n,
                **leaks.kept.estimate.to_json(),
                **({} if leaks.kept.n else {"accuracy": None}),
            },
            "shift": moved
            and {
                "accuracy": moved.here.accuracy,
                **moved.moved.to_json("moved"),
                "shared": moved.num_shared,
            },
        }


def closer_look(run: runs.Run, split: str, datasets: list[Dataset]) -> CloserLook:
    """What a split's stored predictions tell besides the scores."""
    frame = run.predictions(split)
    own = runs.dataset_of(run, datasets)
    base, elsewhere, other = split.partition("-on-")
    there = next((dataset for dataset in datasets if elsewhere and dataset.id == other), None)
    return CloserLook(
        top_k={k: Share(right, n) for k, right, n in scoring.top_k(*_arrays(run, frame))},
        calibration=_calibration(run, frame),
        logit_adjustment=_adjustment(run, split, frame),
        leaks=_leaks(frame, own) if own and split in runs.SPLITS else None,
        shift=_shift(run, base, frame, own, there) if elsewhere else None,
    )


def _arrays(run: runs.Run, frame: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    return runs.label_indices(frame["label"], run.classes), scoring.probabilities_of(frame, run.classes)


def _calibration(run: runs.Run, frame: pd.DataFrame) -> Calibration | None:
    if "val" not in run.prediction_splits():
        return None
    fitted = temperature.of_run(run)
    labels_N, probabilities_NK = _arrays(run, frame)
    after = None
    if not fitted.why_not:
        after = calibration.reliability(labels_N, calibration.with_temperature(probabilities_NK, fitted.value))
    return Calibration(before=calibration.reliability(labels_N, probabilities_NK), fitted=fitted, after=after)


def _adjustment(run: runs.Run, split: str, frame: pd.DataFrame) -> LogitAdjustment | None:
    counts_K = run.train_counts
    if counts_K is None or not logit_adjustment.applies(counts_K, run.settings.sampler, run.settings.loss):
        return None
    arrays = _arrays(run, frame)
    taus: list[tuple[float, str | None]] = [(1.0, None)]
    if split != "val" and "val" in run.prediction_splits():
        fitted_on = _arrays(run, run.predictions("val"))
        taus.append((logit_adjustment.best_tau(*fitted_on, counts_K), f"val, n = {len(fitted_on[0]):,}"))
    return LogitAdjustment(
        train_counts=dict(zip(run.classes, counts_K.tolist(), strict=True)),
        answers=tuple(
            Adjusted(judged=logit_adjustment.judge(*arrays, counts_K, tau), fitted_on=fitted) for tau, fitted in taus
        ),
    )


def _leaks(frame: pd.DataFrame, own: Dataset) -> LeakScores | None:
    audited = audit.load(own)
    return None if audited is None else leakage.with_and_without(frame, audited.findings())


def _shift(run: runs.Run, base: str, frame: pd.DataFrame, own: Dataset | None, there: Dataset | None) -> Shift | None:
    if base not in run.prediction_splits():
        return None
    here = run.predictions(base)
    keys = [shift.keys_of(here, own.manifest()), shift.keys_of(frame, there.manifest())] if own and there else []
    return shift.between(here, frame, *keys)
