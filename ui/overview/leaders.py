"""Which run stands for a dataset, and how it stands beside what others published. Takes runs, gives frames."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

import pandas as pd

from fashion_core.data import published
from fashion_core.errors import FashionError
from fashion_core.metrics import enough, scoring
from fashion_core.metrics.intervals import Estimate
from fashion_core.runs.runs import Run
from fashion_core.runs.summary import Summary
from ui.app import loaders, notices

COLUMNS = ["name", "kind", "split", "n", "rate", "low", "high", "classes", "run", "cutouts"]


def best_runs(runs: Sequence[Run]) -> pd.DataFrame:
    """One row a dataset: its best finished run, chosen by validation accuracy and scored on test photos.

    A dataset without test photos that can be scored is scored on its validation photos, and ``split`` says so; a run
    of which no split can be scored stands for nothing. ``kind`` is "photos" or "drawn"; photographed datasets come
    first, then ``cutouts`` (Fashion-MNIST's grey ones of 28 pixels), best first.
    """
    best: dict[str, tuple[float, Run, str, Estimate]] = {}
    there = {(run.id, run.created) for run in runs}
    for run in runs:
        summary = loaders.summary_of(run)
        again = run.record.reproduces
        if not summary or (again and (again.run, again.created) in there):  # the same run a second time
            continue
        chosen_by = float(summary.val_accuracy or 0.0)
        fingerprint = run.dataset.fingerprint
        if fingerprint in best and chosen_by <= best[fingerprint][0]:
            continue
        scored = _scored(run, summary)
        if scored:
            best[fingerprint] = (chosen_by, run, *scored)
    rows = []
    for _, run, split, accuracy in best.values():
        kind = "drawn" if run.dataset.synthetic else "photos"
        row = _row(run.dataset.name, kind, split, accuracy, len(run.classes), run.id)
        rows.append([*row, notices.is_cutouts(run.dataset)])
    frame = pd.DataFrame(rows, columns=COLUMNS)
    # "photos" after "drawn" in the alphabet
    return frame.sort_values(["kind", "cutouts", "rate"], ascending=[False, True, False], ignore_index=True)


@dataclass(frozen=True, kw_only=True)
class Headline:
    """What the Overview heads a number with, for the best run on one kind of pictures; ``help`` is what that tells."""

    key: str
    label: str
    pictures: str
    help: str


_HEADLINES = (
    Headline(
        key="photos",
        label="Best on photos",
        pictures="photos",
        help="The run here that names most validation photos right, scored on {} photos.",
    ),
    Headline(key="cutouts", label="Best on cut-outs", pictures="grey cut-outs", help=notices.CUTOUTS_HELP),
    Headline(key="drawn", label="Best on drawn data", pictures="drawings", help=notices.DRAWN_HELP),
)


def headlines(best: pd.DataFrame) -> list[tuple[Headline, pd.Series]]:
    """The first row of ``best`` of each kind of pictures that has one: photos, Fashion-MNIST's cut-outs, drawings. A
    score of photos too few to judge by heads nothing."""
    judged = best[~best["n"].map(enough.judges_nothing).astype(bool)]
    kinds = judged["kind"].where(~judged["cutouts"].astype(bool), "cutouts")
    return [(head, judged[kinds == head.key].iloc[0]) for head in _HEADLINES if (kinds == head.key).any()]


def _scored(run: Run, summary: Summary) -> tuple[str, Estimate] | None:
    """Test or else validation, whichever has scores or can be scored, and these; None when neither can be."""
    for split in ("test", "val"):
        if split in summary.scores:
            return split, summary.scores[split].accuracy
        with suppress(FashionError):  # no predictions
            return split, loaders.scores_of(run, split).accuracy
    return None


def published_rows() -> pd.DataFrame:
    """The two published results on IndoFashion's 7,500 test photos, from their own confusion matrices."""
    rows = []
    for name, matrix in (
        ("IndoFashion paper, ResNet-50", published.paper_matrix()),
        ("Student report, small CNN", published.report_matrix()),
    ):
        accuracy = scoring.accuracy_of_matrix(matrix)
        rows.append([*_row(name, "published", "test", accuracy, len(matrix), None), False])
    return pd.DataFrame(rows, columns=COLUMNS)


def _row(name: str, kind: str, split: str, accuracy: Estimate, num_classes: int, run_id: str | None) -> list:
    return [name, kind, split, accuracy.n, accuracy.value, *accuracy.bounds, num_classes, run_id]
