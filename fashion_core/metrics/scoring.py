"""Scores of a classifier from its predictions or from a confusion matrix; they are those that scikit-learn computes.

K classes, N images; labels and predictions are class indices 0 to K - 1; matrix rows are true, columns predicted.
Knows nothing of files, models or the app. The arithmetic is written out because importing scikit-learn takes 1.1 s,
more than half of what a page may take from a cold start; the tests hold every number against scikit-learn's.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from fashion_core.errors import RunError
from fashion_core.labels import listed
from fashion_core.metrics.intervals import Estimate, proportion


@dataclass(frozen=True, kw_only=True)
class Overall:
    """What a run keeps of the scores of a split; the interval of the accuracy is Wilson's. ``macro_f1`` is None in
    summaries of before it was kept."""

    accuracy: Estimate
    macro_f1: float | None = None

    @classmethod
    def from_json(cls, saved: Mapping[str, Any]) -> "Overall | None":
        """None where no accuracy was kept."""
        if saved.get("accuracy") is None:
            return None
        return cls(accuracy=Estimate.from_json(saved), macro_f1=saved.get("macro_f1"))

    @property
    def n(self) -> int:
        """Photos that were scored."""
        return self.accuracy.n

    @property
    def overall(self) -> "Overall":
        """These numbers alone."""
        return Overall(accuracy=self.accuracy, macro_f1=self.macro_f1)

    def to_json(self) -> dict[str, Any]:
        own = {"n": self.n, **self.accuracy.to_json()}
        return own | ({} if self.macro_f1 is None else {"macro_f1": self.macro_f1})


@dataclass(frozen=True, kw_only=True)
class ClassScore:
    """One class, ``support`` photos of it; of a class without photos the scores are None. Precision of a class that was
    never predicted is 0, as scikit-learn's ``zero_division=0`` has it."""

    label: str
    precision: float | None
    recall: float | None
    f1: float | None
    support: int


@dataclass(frozen=True, kw_only=True, eq=False)
class Scores(Overall):
    """Every score of a split: ``per_class`` in the order of ``matrix_KK``, the confusion matrix, int64. The macro means
    are over the classes that have photos."""

    macro_f1: float
    per_class: tuple[ClassScore, ...]
    matrix_KK: np.ndarray

    @property
    def classes(self) -> tuple[str, ...]:
        return tuple(row.label for row in self.per_class)

    @property
    def shown(self) -> tuple[ClassScore, ...]:
        """The classes that have photos; there is one."""
        return tuple(row for row in self.per_class if row.support)

    @property
    def absent(self) -> tuple[str, ...]:
        """The names of the classes without photos."""
        return tuple(row.label for row in self.per_class if not row.support)

    def table(self) -> pd.DataFrame:
        """label, precision, recall, f1 (NaN without photos), support: a row a class."""
        return pd.DataFrame([vars(row) for row in self.per_class])

    def to_json(self) -> dict[str, Any]:
        return {
            **super().to_json(),
            "classes": list(self.classes),
            "per_class": [dict(vars(row)) for row in self.per_class],
            "absent": list(self.absent),
            "confusion_matrix": self.matrix_KK.tolist(),
        }


def evaluate_predictions(labels_N: np.ndarray, predicted_N: np.ndarray, classes: tuple[str, ...]) -> Scores:
    """The scores of predictions. No image at all is a RunError."""
    labels_N, predicted_N = np.asarray(labels_N, dtype=np.int64), np.asarray(predicted_N, dtype=np.int64)
    if labels_N.shape != predicted_N.shape:
        raise RunError(f"{len(labels_N)} labels but {len(predicted_N)} predictions: they belong to different images")
    for kind, values in (("label", labels_N), ("prediction", predicted_N)):
        if values.size and not 0 <= values.min() <= values.max() < len(classes):
            raise RunError(f"a {kind} is outside the {len(classes)} classes: the class lists differ")
    K = len(classes)
    return scores_from_matrix(np.bincount(labels_N * K + predicted_N, minlength=K * K).reshape(K, K), classes)


def scores_from_matrix(matrix_KK: np.ndarray, classes: Sequence[str]) -> Scores:
    """The same scores as ``evaluate_predictions``, from a (published) confusion matrix."""
    matrix_KK = np.asarray(matrix_KK, dtype=np.int64)
    right_K, support_K, said_K = np.diag(matrix_KK), matrix_KK.sum(axis=1), matrix_KK.sum(axis=0)
    shown_K = support_K > 0
    if not shown_K.any():
        raise RunError("no images of any class: there is nothing to score")
    precision_K, recall_K = right_K / np.maximum(said_K, 1), right_K / np.maximum(support_K, 1)
    # the harmonic mean of precision and recall, without their 0 / 0
    f1_K = 2 * right_K / np.maximum(support_K + said_K, 1)
    scores_K3 = np.stack([precision_K, recall_K, f1_K], axis=1).tolist()
    rows = []
    for name, three, n in zip(classes, scores_K3, support_K.tolist(), strict=True):
        precision, recall, f1 = three if n else (None, None, None)
        rows.append(ClassScore(label=name, precision=precision, recall=recall, f1=f1, support=n))
    return Scores(
        accuracy=accuracy_of_matrix(matrix_KK),
        macro_f1=float(np.mean(f1_K[shown_K])),
        per_class=tuple(rows),
        matrix_KK=matrix_KK,
    )


def accuracy_of_matrix(matrix_KK: np.ndarray) -> Estimate:
    """The accuracy of a confusion matrix alone, for pages that need no more."""
    return proportion(int(np.trace(matrix_KK)), int(np.sum(matrix_KK)))


def absent_words(scores: Scores, shown: Callable[[str], str] = str) -> str:
    """``over 2 of 3 classes (no photos of dupatta)``: what a macro mean leaves out; empty where nothing."""
    absent, K = scores.absent, len(scores.per_class)
    if not absent:
        return ""
    named = [shown(name) for name in absent[:4]] + ([f"{len(absent) - 4:,} more"] if len(absent) > 4 else [])
    return f"over {K - len(absent):,} of {K:,} classes (no photos of {listed(named)})"


def most_confused(matrix_KK: np.ndarray, classes: Sequence[str], most: int = 10) -> list[tuple[str, str, int]]:
    """(true, predicted, count) of the largest off-diagonal cells, largest first."""
    errors = np.asarray(matrix_KK).copy()
    np.fill_diagonal(errors, 0)
    order = np.argsort(-errors, axis=None, kind="stable")[:most]
    rows, columns = np.unravel_index(order, errors.shape)
    return [(classes[r], classes[c], int(errors[r, c])) for r, c in zip(rows, columns, strict=True) if errors[r, c]]


def in_order(matrix_KK: np.ndarray, classes: Sequence[str], wanted: Sequence[str]) -> np.ndarray:
    """The matrix with rows and columns in the order of ``wanted``, matched by name; RunError for other classes."""
    if sorted(classes) != sorted(wanted):
        raise RunError(f"the class lists differ: {_difference(classes, wanted)}")
    places = [list(classes).index(name) for name in wanted]
    return np.asarray(matrix_KK)[np.ix_(places, places)]


def probabilities_of(predictions: pd.DataFrame, classes: Sequence[str], what: str = "these predictions") -> np.ndarray:
    """Probabilities, N x K in the order of ``classes``, of a frame with a column ``p_<class>`` for each.

    RunError, naming ``what``, unless these are the classes of the frame, every value is a number in 0..1 and every row
    sums to 1 within a thousandth.
    """
    found = [name.removeprefix("p_") for name in predictions.columns if name.startswith("p_")]
    if sorted(found) != sorted(classes):
        raise RunError(f"{what} are over another class list: {_difference(found, classes)}")
    probabilities_NK = predictions[[f"p_{name}" for name in classes]].to_numpy()
    if not np.issubdtype(probabilities_NK.dtype, np.floating):
        raise RunError(f"{what} hold probabilities that are no numbers; evaluate the run again")
    sums_N = probabilities_NK.sum(axis=1)
    broken_N = ~np.isfinite(sums_N)  # a NaN, and infinity too, is left in a sum
    outside_N = broken_N | (np.abs(sums_N - 1) > 1e-3)
    if len(sums_N) and not broken_N.any():
        outside_N |= (probabilities_NK.min(axis=1) < -1e-6) | (probabilities_NK.max(axis=1) > 1 + 1e-3)
    if broken_N.any():
        raise RunError(
            f"{what} hold NaN in {broken_N.sum():,} of {len(sums_N):,} rows (first: {_first(predictions, broken_N)}), "
            "so the weights that made them are broken; evaluate the run again, or train it again"
        )
    if outside_N.any():
        raise RunError(
            f"{what} hold probabilities that do not sum to 1 in {outside_N.sum():,} of {len(sums_N):,} rows "
            f"(first: {_first(predictions, outside_N)}, sum {sums_N[outside_N][0]:.4g}); evaluate the run again"
        )
    return probabilities_NK


def _first(predictions: pd.DataFrame, rows_N: np.ndarray) -> str:
    return repr(str(predictions["image_id"].to_numpy()[rows_N][0]))


def _difference(found: Sequence[str], expected: Sequence[str]) -> str:
    """``has no 'saree'; has 'sari'``, three of each at most."""
    missing = sorted(set(expected) - set(found))[:3]
    strange = sorted(set(found) - set(expected))[:3]
    parts = [f"no {', '.join(map(repr, missing))}"] if missing else []
    parts += [f"{', '.join(map(repr, strange))} that the run does not have"] if strange else []
    return " but ".join(parts) or "one class stands in it twice"


def top_k(labels_N: np.ndarray, probabilities_NK: np.ndarray, most: int = 5) -> list[tuple[int, int, int]]:
    """(k, right, n) for k from 1: how often the true class is among the k likeliest; k stays below the classes.

    Of equal probabilities the class with the lower index comes first, as it does in ``predicted``.
    """
    N, K = probabilities_NK.shape
    own_N = probabilities_NK[np.arange(N), labels_N]
    before = np.arange(K)[None, :] < np.asarray(labels_N)[:, None]
    ahead_NK = (probabilities_NK > own_N[:, None]) | ((probabilities_NK == own_N[:, None]) & before)
    rank_N = ahead_NK.sum(axis=1)
    return [(k, int((rank_N < k).sum()), N) for k in range(1, max(2, min(most + 1, K)))]


def report_text(labels_N: np.ndarray, predicted_N: np.ndarray, classes: Sequence[str]) -> str:
    """``classification_report`` as scikit-learn prints it, in index order; of the classes that have photos."""
    from sklearn.metrics import classification_report

    order = sorted(set(np.asarray(labels_N).tolist()))
    names = [classes[place] for place in order]
    text = classification_report(labels_N, predicted_N, labels=order, target_names=names, zero_division=0)
    absent = [name for place, name in enumerate(classes) if place not in set(order)]
    return text + (f"\nno photos of {', '.join(absent)}\n" if absent else "")
