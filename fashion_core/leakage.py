"""Accuracy with and without the photos that leaked. Takes a split's predictions and an audit's findings; gives shares.

Knows nothing of files or pages. It does not know why a leaked photo was easy: a copy that the model has seen may be a
photo that it would have got right anyway.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from fashion_core.findings import CAUSES
from fashion_core.statistics import wilson


@dataclass(frozen=True)
class Share:
    """How many of ``n`` photos got their right class."""

    right: int
    n: int

    @property
    def accuracy(self) -> float:
        """right / n; NaN where there is no photo."""
        return self.right / self.n if self.n else float("nan")

    @property
    def ci95(self) -> tuple[float, float]:
        """Wilson's 95 % interval of the accuracy, 0 to 1 where there is no photo."""
        low, high = wilson(self.right, self.n)
        return float(low), float(high)


@dataclass(frozen=True, kw_only=True)
class LeakScores:
    """``everything`` is ``kept`` and ``leaked`` together; ``by_cause`` parts ``leaked`` (causes of findings.CAUSES).

    ``earlier`` are the splits that have the leaked photos too, with how many each; a photo may be in two.
    """

    everything: Share
    kept: Share
    leaked: Share
    by_cause: dict[str, Share]
    earlier: dict[str, int]


def with_and_without(predictions: pd.DataFrame, findings: pd.DataFrame) -> LeakScores:
    """Accuracy of ``predictions`` (image_id, label, predicted) with and without the photos that an earlier split has.

    ``findings`` is ``Audit.findings()`` of the dataset that was predicted. A photo with several leaks counts once,
    under its surest cause.
    """
    leaks = findings[(findings["kind"] == "leak") & findings["image_id"].isin(predictions["image_id"])]
    surest = leaks.assign(rank=leaks["cause"].map(CAUSES.index)).sort_values("rank", kind="stable")
    cause_of = surest.drop_duplicates("image_id").set_index("image_id")["cause"]
    cause_N = predictions["image_id"].map(cause_of).astype(object).fillna("").to_numpy()
    right_N = (predictions["label"].astype(str) == predictions["predicted"].astype(str)).to_numpy()

    def share(rows_N: np.ndarray) -> Share:
        return Share(int(right_N[rows_N].sum()), int(rows_N.sum()))

    return LeakScores(
        everything=share(np.ones(len(cause_N), bool)),
        kept=share(cause_N == ""),
        leaked=share(cause_N != ""),
        by_cause={cause: share(cause_N == cause) for cause in CAUSES if (cause_N == cause).any()},
        earlier={str(split): int(number) for split, number in leaks["other_split"].value_counts().items()},
    )
