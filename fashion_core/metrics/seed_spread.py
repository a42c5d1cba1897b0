"""Several seeds of one recipe are one result: its mean, its spread, its range in each class and cell.

Takes scores and confusion matrices, gives numbers; no files, no torch. S seeds, K classes; matrix rows are true.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import special

from fashion_core.errors import RunError
from fashion_core.metrics.intervals import Estimate


@dataclass(frozen=True, kw_only=True)
class Spread:
    """The ``mean`` of so many values as mean.n says, their standard deviation ``sd`` (n - 1), lowest and highest. Of a
    single value ``sd`` and the interval of the mean are NaN: nothing was repeated."""

    mean: Estimate
    sd: float
    lowest: float
    highest: float

    def to_json(self) -> dict[str, Any]:
        """What commands print; a number that is none is None."""
        numbers = {
            "count": self.mean.n, "mean": self.mean.value, "sd": self.sd, "lowest": self.lowest,
            "highest": self.highest, "low": self.mean.low, "high": self.mean.high,
        }  # fmt: skip
        return {name: None if number != number else number for name, number in numbers.items()}


@dataclass(frozen=True, kw_only=True, eq=False)
class Ranges:
    """Mean, lowest and highest over the seeds: of each class's recall (float64 K) and of each cell (float64 K x K)."""

    recall_mean: np.ndarray
    recall_low: np.ndarray
    recall_high: np.ndarray
    cells_mean: np.ndarray
    cells_low: np.ndarray
    cells_high: np.ndarray


def spread_of(values: Sequence[float]) -> Spread:
    """How far the seeds lie apart. The interval says where the mean of endlessly many seeds lies, on these photos.

    Student (1908), "The probable error of a mean", Biometrika 6, 1-25: mean plus and minus t(n - 1) sd / sqrt(n).
    """
    found = np.asarray(values, dtype=np.float64)
    if not found.size or not np.isfinite(found).all():
        raise RunError("the seeds of a group must each have a score; one is missing or no number")
    mean, several = float(found.mean()), len(found) > 1
    sd = float(found.std(ddof=1)) if several else float("nan")
    half = float(special.stdtrit(len(found) - 1, 0.975)) * sd / len(found) ** 0.5 if several else float("nan")
    return Spread(
        mean=Estimate(mean, mean - half, mean + half, len(found)),
        sd=sd,
        lowest=float(found.min()),
        highest=float(found.max()),
    )


def pooled_sd(groups: Sequence[Sequence[float]]) -> tuple[float, int] | None:
    """One standard deviation between seeds from several groups that may have different means, and its degrees of
    freedom; None where no group has two seeds. Snedecor and Cochran (1989), "Statistical methods", section 6.8."""
    found = [np.asarray(group, dtype=np.float64) for group in groups if len(group) > 1]
    df = sum(len(group) - 1 for group in found)
    if not df:
        return None
    return float(np.sqrt(sum(((group - group.mean()) ** 2).sum() for group in found) / df)), df


def ranges_of(matrices_SKK: Sequence[np.ndarray] | np.ndarray) -> Ranges:
    """Per-class and per-cell ranges of the seeds' confusion matrices over the same photos; NaN for the
    recall of a class without photos."""
    stacked_SKK = np.asarray(matrices_SKK, dtype=np.float64)
    support_SK = stacked_SKK.sum(axis=2)
    if (support_SK != support_SK[0]).any():
        raise RunError(
            "the seeds of a group were scored on different photos, so their matrices cannot be laid together"
        )
    recall_SK = np.diagonal(stacked_SKK, axis1=1, axis2=2) / np.where(support_SK > 0, support_SK, np.nan)
    return Ranges(
        recall_mean=recall_SK.mean(axis=0),
        recall_low=recall_SK.min(axis=0),
        recall_high=recall_SK.max(axis=0),
        cells_mean=stacked_SKK.mean(axis=0),
        cells_low=stacked_SKK.min(axis=0),
        cells_high=stacked_SKK.max(axis=0),
    )
