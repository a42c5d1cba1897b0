"""Which run stands for a dataset, and how it stands beside what others published. Takes runs, gives frames."""

from collections.abc import Sequence

import pandas as pd

from fashion_core import metrics, published
from fashion_core.runs import Run
from ui import loaders

COLUMNS = ["name", "kind", "split", "n", "rate", "low", "high", "classes", "run"]


def best_runs(runs: Sequence[Run]) -> pd.DataFrame:
    """One row a dataset: its best finished run, chosen by validation accuracy and scored on test photos.

    A dataset without a test split is scored on its validation photos, and ``split`` says so. ``kind`` is "photos" or
    "drawn"; photographed datasets come first, best first.
    """
    best: dict[str, tuple[float, Run]] = {}
    for run in runs:
        summary = loaders.summary_of(run)
        if not summary or not run.prediction_splits():
            continue
        chosen_by = float(summary.get("val_accuracy") or 0.0)
        fingerprint = run.dataset["fingerprint"]
        if fingerprint not in best or chosen_by > best[fingerprint][0]:
            best[fingerprint] = (chosen_by, run)
    rows = []
    for _, run in best.values():
        split = run.prediction_splits()[0]
        stored = (loaders.summary_of(run) or {}).get("scores", {}).get(split, {})
        scores = stored if "accuracy" in stored else loaders.scores_of(run, split)
        kind = "drawn" if run.dataset["synthetic"] else "photos"
        rows.append(_row(run.dataset["name"], kind, split, scores, len(run.classes), run.id))
    frame = pd.DataFrame(rows, columns=COLUMNS)
    return frame.sort_values(
        ["kind", "rate"], ascending=False, ignore_index=True
    )  # "photos" after "drawn" in the alphabet


def published_rows() -> pd.DataFrame:
    """The two published results on IndoFashion's 7,500 test photos, from their own confusion matrices."""
    rows = []
    for name, matrix in (
        ("IndoFashion paper, ResNet-50", published.paper_matrix()),
        ("Student report, small CNN", published.report_matrix()),
    ):
        scores = metrics.accuracy_of_matrix(matrix)
        rows.append(_row(name, "published", "test", scores, len(matrix), None))
    return pd.DataFrame(rows, columns=COLUMNS)


def _row(name: str, kind: str, split: str, scores: dict, num_classes: int, run_id: str | None) -> list:
    low, high = scores["accuracy_ci95"]
    return [name, kind, split, scores["n"], scores["accuracy"], low, high, num_classes, run_id]
