"""What a report says of runs, as values: numbers with intervals, settings, data, limits, commands.

Built by ``document``, ``run_facts`` and ``front_page``, shown by the rest and never changed. Knows no HTML.
"""

import math
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pandas as pd

from fashion_core.compare.comparison import Comparison
from fashion_core.compare.predictions import Score
from fashion_core.compare.sides import Side
from fashion_core.data.datasets import Dataset
from fashion_core.data.published import Published
from fashion_core.metrics import scoring, worst_classes
from fashion_core.metrics.calibration import Reliability
from fashion_core.metrics.intervals import Estimate, ScoreIntervals, proportion
from fashion_core.metrics.scoring import Scores
from fashion_core.runs.evaluation import CloserLook
from fashion_core.runs.runs import Run
from fashion_core.runs.summary import Summary


@dataclass(frozen=True, kw_only=True)
class Row:
    """A line of a picture of intervals: a share of ``n`` photos."""

    label: str
    value: Estimate
    n: int
    published: bool = False


@dataclass(frozen=True, kw_only=True)
class Picture:
    """``kind``: classes (of one side) or sides."""

    kind: str
    title: str
    rows: tuple[Row, ...]


@dataclass(frozen=True, kw_only=True)
class Number:
    """A number of the first page; ``unit``: share, or points of a difference."""

    label: str
    value: Estimate
    note: str
    unit: str = "share"


@dataclass(frozen=True, kw_only=True)
class Board:
    """The first page; ``care``: what to keep in mind, a sentence each; ``required``: whether each run is as good as
    whoever asked needs, empty where nobody asked."""

    title: str
    numbers: tuple[Number, ...]
    verdict: str
    care: tuple[str, ...]
    picture: Picture
    required: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Bin:
    """Photos of which it said that it is between ``start`` and ``end`` sure, ``sure`` on average, and the
    share that is right."""

    start: float
    end: float
    right: int
    sure: float
    share: Estimate


def bins_of(reliability: Reliability) -> list[Bin]:
    """The bins that hold a photo."""
    return [
        Bin(
            start=float(reliability.edges[m]),
            end=float(reliability.edges[m + 1]),
            right=int(reliability.right[m]),
            sure=float(reliability.confidence[m]),
            share=proportion(int(reliability.right[m]), int(reliability.n[m])),
        )
        for m in np.flatnonzero(reliability.n)
    ]


@dataclass(frozen=True, kw_only=True)
class Epoch:
    """An epoch as it was logged."""

    epoch: int
    train_loss: float | None
    val_loss: float | None
    val_accuracy: Estimate | None


@dataclass(frozen=True, kw_only=True)
class Loss:
    """The mean of some logged losses, ``at`` so many epochs."""

    at: float
    loss: float


@dataclass(frozen=True, kw_only=True)
class Curves:
    """``each``: logged losses behind a point of ``losses``; ``num_val``: validation photos of an epoch."""

    epochs: tuple[Epoch, ...]
    losses: tuple[Loss, ...]
    each: int
    num_val: int


@dataclass(frozen=True, kw_only=True)
class Beside:
    """A published result, and the run against it; or why the two cannot be compared."""

    result: Published
    compared: Comparison | str


@dataclass(frozen=True, kw_only=True)
class SettingFacts:
    """A setting as it is typed, and what the recipe has."""

    name: str
    value: str
    recipe: str
    changed: bool
    help: str


@dataclass(frozen=True, kw_only=True, eq=False)
class RunFacts:
    """Everything about one run on a split. ``here``: the dataset whose photos it was asked about, None where they are
    not on this machine. ``photos``: id, true and predicted (class indices), sure. ``commands``: what each does, and
    the command."""

    run: Run
    name: str
    split: str
    here: Dataset | None
    scores: Scores
    intervals: ScoreIntervals
    closer: CloserLook
    reliability: Reliability
    curves: Curves
    published: tuple[Beside, ...]
    settings: tuple[SettingFacts, ...]
    summary: Summary
    limits: tuple[str, ...]
    commands: tuple[tuple[str, str], ...]
    photos: pd.DataFrame

    @property
    def drawn(self) -> bool:
        return bool(self.run.dataset.synthetic or (self.here is not None and self.here.synthetic))

    @property
    def asked(self) -> str:
        """The name of the photos that it was asked about."""
        return (self.here.name if self.here else "") or self.run.dataset.name

    @property
    def has_many_classes(self) -> bool:
        return len(self.run.classes) >= worst_classes.MANY

    @property
    def confused(self) -> list[tuple[str, str, int]]:
        """(true, predicted, photos) of the commonest mistakes."""
        return scoring.most_confused(self.scores.matrix_KK, self.run.classes, 5)

    @property
    def first_cell(self) -> tuple[int, int]:
        """The largest error, or the first cell where there is none."""
        errors = self.scores.matrix_KK.copy()
        np.fill_diagonal(errors, 0)
        row, column = np.unravel_index(errors.argmax(), errors.shape)
        return int(row), int(column)

    def macro(self, score: str) -> Estimate:
        """The mean of a score over the classes that have photos."""
        mean = float(np.mean([getattr(row, score) for row in self.scores.shown]))
        return Estimate(mean, *getattr(self.intervals, f"macro_{score}"))

    def score_of(self, score: str, k: int) -> Estimate:
        """A score of class ``k``; NaN for one without photos."""
        low_K, high_K = getattr(self.intervals, score)
        row = self.scores.per_class[k]
        value = getattr(row, score) if row.support else math.nan
        return Estimate(value, float(low_K[k]), float(high_K[k]), row.support)

    def counts(self) -> dict[str, list[int]]:
        """Photos of each class in each split of the run's own dataset, as far as it kept them."""
        kept = self.run.dataset.contents or {}
        return {
            name: [kept[name].get(label, (0, ""))[0] for label in self.run.classes]
            for name in ("train", "val", "test")
            if name in kept
        }


@dataclass(frozen=True, kw_only=True, eq=False)
class Standing:
    """A side with its score and the photos that it is of; None of a published one that nobody knows."""

    side: Side
    score: Score | None
    n: int | None


@dataclass(frozen=True, kw_only=True, eq=False)
class Report:
    """``comparisons`` holds each later side against the first, or why the two cannot be compared. ``command`` makes the
    report again."""

    made: datetime
    lab: str
    split: str
    board: Board
    standings: tuple[Standing, ...]
    comparisons: tuple[Comparison | str, ...]
    runs: tuple[RunFacts, ...]
    command: str

    @property
    def drawn(self) -> bool:
        return any(run.drawn for run in self.runs)

    @property
    def title(self) -> str:
        """What the browser's tab says; of drawn data it says so first."""
        return f"{'Drawn data: ' if self.drawn else ''}{self.board.title} · Vastra Lab report"

    @property
    def is_of_one_run(self) -> bool:
        return len(self.standings) == 1 and len(self.runs) == 1

    def pairs(self) -> list[tuple[Side, Side, Comparison | str]]:
        """The first side and each later one, with what came of comparing them."""
        first, *later = [standing.side for standing in self.standings]
        return [(first, side, compared) for side, compared in zip(later, self.comparisons, strict=True)]
