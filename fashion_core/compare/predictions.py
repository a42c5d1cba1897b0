"""What a side's models said on a split, alone or joined photo by photo with the other side. Needs no torch.

Takes sides and their prediction files; gives indices over one list of classes. S models (seeds) of a side, N photos,
K classes; matrix rows are true, columns predicted.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from fashion_core.compare.sides import Side, other_classes
from fashion_core.errors import RunError
from fashion_core.labels import agree, counted, listed
from fashion_core.metrics import seed_spread
from fashion_core.metrics.intervals import Estimate, proportion
from fashion_core.runs import runs
from fashion_core.runs.runs import Run


@dataclass(frozen=True, kw_only=True, eq=False)
class Answers:
    """What the models of a side said: ``image_id`` and ``label`` (index) of N photos, ``predicted_SN`` (indices) and
    ``sure_SN`` (the probability of what was predicted), all by the class order they were asked for in."""

    image_id: pd.Index
    label_N: np.ndarray
    predicted_SN: np.ndarray
    sure_SN: np.ndarray

    @property
    def right_SN(self) -> np.ndarray:
        return self.predicted_SN == self.label_N

    def take(self, rows: np.ndarray) -> "Answers":
        """The answers for some of the photos, by row."""
        return Answers(
            image_id=self.image_id[rows],
            label_N=self.label_N[rows],
            predicted_SN=self.predicted_SN[:, rows],
            sure_SN=self.sure_SN[:, rows],
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class Joined:
    """The photos that both sides were asked about and whose label both know alike. ``num_other_label`` photos have
    another label in the second side and are left out."""

    first: Answers
    second: Answers
    num_first: int
    num_second: int
    num_other_label: int
    notes: list[str] = field(default_factory=list)

    @property
    def n(self) -> int:
        return len(self.first.label_N)


@dataclass(frozen=True, kw_only=True, eq=False)
class Score:
    """Accuracy of a side on the photos compared: of a single model with Wilson's interval, of seeds their mean with
    the t interval and ``sd``."""

    accuracy: Estimate
    num_models: int
    sd: float | None = None


def answers_of(side: Side, split: str, classes: Sequence[str]) -> Answers:
    """What the side's models said on a split, with labels and predictions as indices of ``classes``.

    RunError where a run has no predictions of the split, holds a NaN, is over other classes, names a photo twice, or
    where the seeds of a group were asked about different photos.
    """
    frames = [_frame(run, split, classes) for run in side.members]
    image_id = pd.Index(frames[0]["image_id"])
    label_N = runs.label_indices(frames[0]["label"], tuple(classes))
    predicted, sure = [], []
    for run, frame in zip(side.members, frames, strict=True):
        rows = pd.Index(frame["image_id"]).get_indexer(image_id)
        if len(frame) != len(image_id) or (rows < 0).any():
            raise RunError(
                f"the seeds of {side.id!r} were asked about different {split} photos ({side.members[0].id} and "
                f"{run.id}); evaluate them on one dataset"
            )
        frame = frame.iloc[rows]
        if not np.array_equal(runs.label_indices(frame["label"], tuple(classes)), label_N):
            raise RunError(f"{side.members[0].id} and {run.id} of {side.id!r} hold other labels of the same photos")
        predicted.append(runs.label_indices(frame["predicted"], tuple(classes)))
        sure.append(frame[[f"p_{name}" for name in classes]].to_numpy(dtype=np.float32).max(axis=1, initial=0))
    return Answers(image_id=image_id, label_N=label_N, predicted_SN=np.stack(predicted), sure_SN=np.stack(sure))


def _frame(run: Run, split: str, classes: Sequence[str]) -> pd.DataFrame:
    frame = run.predictions(split)  # refuses NaN and other classes than the run's
    if set(run.classes) != set(classes):
        raise RunError(other_classes(run.classes, classes, run.id))
    twice = frame["image_id"].duplicated()
    if twice.any():
        raise RunError(f"the {split} predictions of run {run.id!r} name {frame['image_id'][twice].iloc[0]!r} twice")
    return frame


def join(first: Side, second: Side, split: str) -> Joined:
    """The answers of two sides to the photos that both were asked about, classes in the first side's order.

    RunError for other classes and for no photo in common. A class without a photo among the common ones is noted.
    """
    classes = first.classes
    if set(classes) != set(second.classes):
        raise RunError(other_classes(classes, second.classes, first.id))
    split_first, split_second = splits_of(first, second, split)
    mine, other = answers_of(first, split_first, classes), answers_of(second, split_second, classes)
    rows = other.image_id.get_indexer(mine.image_id)
    if not (rows >= 0).any():
        raise RunError(
            f"{first.id!r} and {second.id!r} have no {split} photo in common, so nothing can be compared; run: "
            f"python -m fashion_core evaluate {second.members[0].id} --split {split} --dataset "
            f"{first.members[0].dataset.id}"
        )
    mine_both, other_both = mine.take(rows >= 0), other.take(rows[rows >= 0])
    alike = mine_both.label_N == other_both.label_N
    joined = Joined(
        first=mine_both.take(alike),
        second=other_both.take(alike),
        num_first=len(mine.label_N),
        num_second=len(other.label_N),
        num_other_label=int((~alike).sum()),
        notes=_notes(first, second, split, int((rows >= 0).sum()), len(mine.label_N), len(other.label_N)),
    )
    if joined.num_other_label:
        joined.notes.append(
            f"{joined.num_other_label:,} of the common photos have another label on the second side; they are left out."
        )
    shown = np.bincount(joined.first.label_N, minlength=len(classes))
    if absent := [name for name, n in zip(classes, shown, strict=True) if not n]:
        joined.notes.append(
            f"No photos of {listed(absent)} among the {joined.n:,} {split} photos that both were asked about, so of "
            f"{agree(len(absent), 'that class', 'those classes')} nothing is said."
        )
    return joined


def splits_of(first: Side, second: Side, split: str) -> tuple[str, str]:
    """The predictions of each side to join: those of ``split``, or of the other side's photos where the two were
    trained on different datasets and one was evaluated on the other's (``test-on-<dataset>``)."""
    if first.members[0].dataset.fingerprint != second.members[0].dataset.fingerprint:
        for side, other, swap in ((second, first, False), (first, second, True)):
            elsewhere = f"{split}-on-{other.members[0].dataset.id}"
            if all(elsewhere in run.prediction_splits() for run in side.members):
                return (elsewhere, split) if swap else (split, elsewhere)
    return split, split


def _notes(first: Side, second: Side, split: str, common: int, num_first: int, num_second: int) -> list[str]:
    notes = []
    if common < max(num_first, num_second):
        notes.append(
            f"{counted(common, 'photo')} in common, of {num_first:,} of the first and {num_second:,} of the second."
        )
    if first.classes != second.classes:
        notes.append("The two name their classes in another order; they were matched by name.")
    one, two = (side.members[0].dataset for side in (first, second))
    if one.fingerprint != two.fingerprint:
        known = [(dataset.contents or {}).get(split) for dataset in (one, two)]
        if not (known[0] and known[0] == known[1]):
            notes.append(
                f"Their datasets differ ({one.name} {one.fingerprint}, {two.name} {two.fingerprint}): "
                "photos were matched by name, and nobody has checked that they are the same pictures."
            )
    return notes


def ranges_of(said: Answers, num_classes: int) -> seed_spread.Ranges | None:
    """How far the S models of a side lie apart in each class and cell; None of a single one."""
    if len(said.predicted_SN) < 2:
        return None
    return seed_spread.ranges_of(
        [
            np.bincount(said.label_N * num_classes + predicted_N, minlength=num_classes**2).reshape(num_classes, -1)
            for predicted_N in said.predicted_SN
        ]
    )


def matrix_of(answers: Answers, num_classes: int) -> np.ndarray:
    """Confusion matrices of the S models added up, int64 K x K."""
    cells = answers.label_N * num_classes + answers.predicted_SN
    return np.bincount(cells.ravel(), minlength=num_classes**2).reshape(num_classes, num_classes)


def score_of(right_SN: np.ndarray) -> Score:
    by_model = right_SN.mean(axis=1)
    if len(by_model) == 1:
        return Score(accuracy=proportion(int(right_SN.sum()), right_SN.shape[1]), num_models=1)
    spread = seed_spread.spread_of(by_model.tolist())
    mean = replace(spread.mean.within(0.0, 1.0), n=right_SN.shape[1])
    return Score(accuracy=mean, num_models=len(by_model), sd=spread.sd)


class Told:
    """What one side of a comparison without pairs tells: ``accuracies`` of its models, ``n`` photos, ``score``, and its
    ``matrix`` (int64 K x K, several seeds added up) where there is one. RunError as for ``answers_of``, for a split on
    which nothing was published."""

    def __init__(self, side: Side, split: str, classes: Sequence[str]) -> None:
        self.matrix: np.ndarray | None = None
        self.ranges: seed_spread.Ranges | None = None
        if side.result:
            if side.result.num_images is None:
                raise RunError(f"nobody says over how many photos {side.name!r} was measured, so it has no interval")
            if split != "test":
                raise RunError(f"{side.name!r} was published on test photos; compare it on --split test, not {split!r}")
            self.n, self.accuracies = side.result.num_images, np.array([side.result.accuracy])
            if side.result.matrix_KK is not None:
                self.matrix = side.result.matrix_for(classes)
            accuracy = replace(proportion(self.counts[0], self.n), value=side.result.accuracy)
            self.score = Score(accuracy=accuracy, num_models=1)
        else:
            answers = answers_of(side, split, classes)
            self.n, self.accuracies = len(answers.label_N), answers.right_SN.mean(axis=1)
            self.matrix = matrix_of(answers, len(classes))
            self.score = score_of(answers.right_SN)
            self.ranges = ranges_of(answers, len(classes))

    @property
    def accuracy(self) -> float:
        return float(self.accuracies.mean())

    @property
    def counts(self) -> tuple[int, int]:
        """Right answers and photos."""
        return round(self.accuracy * self.n), self.n
