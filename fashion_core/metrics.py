"""Scores of a classifier from its predictions or from a confusion matrix. scikit-learn computes them.

K classes, N images; labels and predictions are class indices 0 to K - 1; matrix rows are true, columns predicted.
Knows nothing of files, models or the app.
"""

from typing import Any

import numpy as np

from fashion_core.errors import RunError
from fashion_core.statistics import wilson


def evaluate_predictions(labels_N: np.ndarray, predicted_N: np.ndarray, classes: tuple[str, ...]) -> dict[str, Any]:
    """Accuracy with Wilson's 95 % interval, macro F1, per-class scores and the confusion matrix.

    Returns ``n, accuracy, accuracy_ci95 [lo, hi], macro_f1, classes, per_class [{label, precision, recall, f1,
    support}], confusion_matrix``. A class without a single image is a RunError: it has no recall, and a 0.00 would lie.
    Precision of a class that was never predicted is 0, as scikit-learn's ``zero_division=0`` has it.
    """
    from sklearn.metrics import confusion_matrix, precision_recall_fscore_support  # 1.1 s that most commands do not owe

    labels_N, predicted_N = np.asarray(labels_N, dtype=np.int64), np.asarray(predicted_N, dtype=np.int64)
    if labels_N.shape != predicted_N.shape:
        raise RunError(f"{len(labels_N)} labels but {len(predicted_N)} predictions: they belong to different images")
    for kind, values in (("label", labels_N), ("prediction", predicted_N)):
        if values.size and not 0 <= values.min() <= values.max() < len(classes):
            raise RunError(f"a {kind} is outside the {len(classes)} classes: the class lists differ")
    absent = [name for name, n in zip(classes, np.bincount(labels_N, minlength=len(classes)), strict=True) if n == 0]
    if absent:
        raise RunError(f"no images of {', '.join(absent)}: scores over classes that were never shown mean nothing")
    order = list(range(len(classes)))
    matrix_KK = confusion_matrix(labels_N, predicted_N, labels=order)
    precision, recall, f1, support = precision_recall_fscore_support(
        labels_N, predicted_N, labels=order, zero_division=0
    )
    return {
        **accuracy_of_matrix(matrix_KK),
        "macro_f1": float(np.mean(f1)),
        "classes": list(classes),
        "per_class": [
            {"label": name, "precision": float(p), "recall": float(r), "f1": float(f), "support": int(s)}
            for name, p, r, f, s in zip(classes, precision, recall, f1, support, strict=True)
        ],
        "confusion_matrix": matrix_KK.tolist(),
    }


def accuracy_of_matrix(matrix_KK: np.ndarray) -> dict[str, Any]:
    """``n, accuracy, accuracy_ci95`` of a confusion matrix, for pages that need no more."""
    right, n = int(np.trace(matrix_KK)), int(np.sum(matrix_KK))
    low, high = wilson(right, n)
    return {"n": n, "accuracy": right / n, "accuracy_ci95": [float(low), float(high)]}


def expand_matrix(matrix_KK: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Labels and predictions, int64 N each, that give this confusion matrix (in row order; the pairing is lost)."""
    matrix_KK = np.asarray(matrix_KK, dtype=np.int64)
    rows, columns = np.indices(matrix_KK.shape)
    return np.repeat(rows.ravel(), matrix_KK.ravel()), np.repeat(columns.ravel(), matrix_KK.ravel())


def scores_from_matrix(matrix_KK: np.ndarray, classes: tuple[str, ...]) -> dict[str, Any]:
    """The same scores as ``evaluate_predictions``, from a (published) confusion matrix."""
    labels_N, predicted_N = expand_matrix(matrix_KK)
    return evaluate_predictions(labels_N, predicted_N, classes)


def most_confused(matrix_KK: np.ndarray, classes: tuple[str, ...], most: int = 10) -> list[tuple[str, str, int]]:
    """(true, predicted, count) of the largest off-diagonal cells, largest first."""
    errors = np.asarray(matrix_KK).copy()
    np.fill_diagonal(errors, 0)
    order = np.argsort(-errors, axis=None, kind="stable")[:most]
    rows, columns = np.unravel_index(order, errors.shape)
    return [(classes[r], classes[c], int(errors[r, c])) for r, c in zip(rows, columns, strict=True) if errors[r, c]]
