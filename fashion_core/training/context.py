"""A run in training, opened: its photos, labels and learner. Written to by nobody; its two writers write files.

N images of the training split.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from fashion_core import storage
from fashion_core.data import datasets
from fashion_core.models.input import Photos
from fashion_core.runs import runs
from fashion_core.training import batches, steps


class Stopped(Exception):
    """Somebody asked the run to stop while it was not in the loop."""


@dataclass(frozen=True, kw_only=True)
class Job:
    """What stays the same while a run is trained."""

    run: runs.Run
    dataset: datasets.Dataset
    frame: pd.DataFrame
    photos: Photos | batches.Features  # what the epochs at hand are trained on
    pixels: Photos
    labels_all: np.ndarray  # class index of every manifest row, -1 where it has none
    rows_N: np.ndarray  # manifest rows of the training photos
    learner: steps.Learner
    should_stop: Callable[[], bool]
    say: Callable[[str], None]

    @property
    def on_features(self) -> bool:
        """Whether the epochs at hand are trained on kept features."""
        return self.photos is not self.pixels

    @property
    def steps_per_epoch(self) -> int:
        return self.run.steps_per_epoch

    @property
    def total_steps(self) -> int:
        return self.run.settings.epochs * self.steps_per_epoch

    def log(self, **row: Any) -> None:
        """One row of metrics.jsonl."""
        if self.learner.ranks.is_first:
            storage.append_line(self.run.folder / "metrics.jsonl", row)

    def tell(self, event: str, **details: Any) -> None:
        """One event."""
        if self.learner.ranks.is_first:
            runs.tell(self.run, event, **details)


def told_to_events(run: runs.Run, what: str, should_stop: Callable[[], bool]) -> Callable[[str, int, int], None]:
    """Tell the events every two seconds how far a preparation is, so that a page has something true to say."""
    told = 0.0

    def progress(stage: str, done: int, total: int) -> None:
        nonlocal told
        if should_stop():
            raise Stopped
        if time.monotonic() - told > 2:
            told = time.monotonic()
            runs.tell(run, "preparing", reason=f"{what}: {done:,} of {total:,}.")

    return progress
