"""Photos whose label is probably wrong, by confident learning. Takes a split's predictions; gives a ranked table.

Northcutt, Jiang and Chuang (2021), "Confident learning: estimating uncertainty in dataset labels", JAIR 70, 1373-1411;
cleanlab, by the same authors, computes it. How many labels of each class are wrong comes from the joint count of given
and likely classes; suspected are that many photos of the class, those with the least probability of it. Nothing here
knows whether the label or the model is wrong: a weak model suspects good labels, and a model that was trained on the
photos has learnt their errors.
"""

import threading
import warnings

import numpy as np
import pandas as pd

from fashion_core.errors import RunError
from fashion_core.metrics import calibration

COLUMNS = ("rank", "image_id", "label", "suggested", "p_label", "p_suggested")
_ONE_AT_A_TIME = threading.Lock()  # cleanlab keeps what it works on in module variables


def find(predictions: pd.DataFrame, classes: tuple[str, ...], temperature: float = 1.0) -> pd.DataFrame:
    """The suspected photos, worst first: COLUMNS, ``rank`` from 1.

    Every probability is taken at the run's own ``temperature``: a network that is too sure suspects more the surer it
    is, while at its temperature list and order do not depend on how sharp its answers are.

    ``predictions`` has image_id, label and a probability p_<class> for every class. ``p_label`` is the model's
    probability of the given class (its self-confidence, by which they are ranked), ``p_suggested`` that of the
    likeliest one. RunError where a label is none of ``classes``, or the probabilities are none.
    """
    names = [f"p_{name}" for name in classes]
    if absent := [name for name in names if name not in predictions]:
        raise RunError(f"the predictions have no column {absent[0]!r}: the class lists differ")
    labels_N = pd.Index(classes).get_indexer(pd.Index(predictions["label"].astype(object)))
    if (labels_N < 0).any():
        raise RunError(f"{predictions['label'][labels_N < 0].iloc[0]!r} is not a class of this run")
    shares_NK = predictions[names].to_numpy(np.float64)
    if not (np.isfinite(shares_NK).all() and (shares_NK >= 0).all() and shares_NK.any(axis=1).all()):
        raise RunError("some probabilities are negative, missing or all 0; evaluate the run again")
    shares_NK = shares_NK / shares_NK.sum(axis=1, keepdims=True)  # they were stored as float16 or float32
    if temperature != 1:
        shares_NK = calibration.with_temperature(shares_NK, temperature)
    rows = np.flatnonzero(_suspected(labels_N, shares_NK))
    rows = rows[np.argsort(shares_NK[rows, labels_N[rows]], kind="stable")]
    likeliest_N = shares_NK[rows].argmax(axis=1) if len(rows) else rows
    photos = predictions.iloc[rows]
    return pd.DataFrame(
        {
            "rank": np.arange(1, len(rows) + 1),
            "image_id": photos["image_id"].astype(str).to_numpy(),
            "label": photos["label"].astype(str).to_numpy(),
            "suggested": np.array(classes, dtype=object)[likeliest_N],
            "p_label": shares_NK[rows, labels_N[rows]],
            "p_suggested": shares_NK[rows, likeliest_N],
        }
    )


def _suspected(labels_N: np.ndarray, shares_NK: np.ndarray) -> np.ndarray:
    if len(labels_N) == 0 or shares_NK.shape[1] < 2:
        return np.zeros(len(labels_N), bool)
    from cleanlab.filter import find_label_issues  # scikit-learn's 1.1 s, which other commands do not owe

    with _ONE_AT_A_TIME, warnings.catch_warnings():
        # said of a class with one photo or none, which cannot be judged against its own kind
        warnings.filterwarnings("ignore", message="May not flag all label issues in class")
        # prune_by_class: of cleanlab's ways the one that found most planted errors in two runs' validation photos, and
        # first, ranked by self-confidence (benchmarks/quality/label_errors.py). n_jobs: its worker processes would run
        # a streamlit page again.
        return find_label_issues(labels_N, shares_NK, filter_by="prune_by_class", n_jobs=1)
