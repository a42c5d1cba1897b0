"""Every run as one row: what it is, what it reached with its interval, what it cost. Takes runs; reads small files.

A thousand runs must be listed within a second, so this reads summary.json and the launch lines of events.jsonl, never
predictions. Needs no torch.
"""

from collections.abc import Iterable
from typing import Any

import pandas as pd

from fashion_core.data.published import Published
from fashion_core.metrics import scoring
from fashion_core.metrics.intervals import proportion
from fashion_core.runs.runs import Run
from fashion_core.runs.summary import Summary

COLUMNS = ("id", "kind", "dataset", "fingerprint", "recipe", "changed", "group", "split", "n", "accuracy", "low",
           "high", "macro_f1", "minutes", "images_per_second", "device", "epochs", "created")  # fmt: skip


def row_of(run: Run, split: str = "test") -> dict[str, Any]:
    """The run's row for a split. ``kind``: photos, drawn. What is not known yet is None: accuracy of a run that has
    not ended, macro F1 of an old one. ``minutes`` are device-minutes: seconds of training times processes."""
    summary = run.summary() or Summary()
    scores, seconds = summary.scores.get(split), summary.seconds
    low, high = scores.accuracy.bounds if scores else (None, None)
    return {
        "id": run.id,
        "kind": "drawn" if run.dataset.synthetic else "photos",
        "dataset": run.dataset.name,
        "fingerprint": run.dataset.fingerprint,
        "recipe": run.recipe,
        "changed": ", ".join(f"{name}={value}" for name, value in run.record.changed.items()),
        "group": run.record.seeds or "",
        "split": split,
        "n": scores and scores.n,
        "accuracy": scores and scores.accuracy.value,
        "low": low,
        "high": high,
        "macro_f1": scores and scores.macro_f1,
        "minutes": seconds * num_processes(run) / 60 if seconds else None,
        "images_per_second": summary.images_per_second,
        "device": summary.device or "",
        "epochs": summary.epochs,
        "created": run.created,
    }


def num_processes(run: Run) -> int:
    """How many processes trained it, each on a device of its own or on a part of the CPU."""
    for event in reversed(run.events()):
        if event.get("event") in ("started", "resumed"):
            return int(event.get("processes") or 1)
    return 1


def row_of_result(result: Published) -> dict[str, Any]:
    """A published result as a row: no cost, and no interval where nobody says over how many photos it was measured."""
    n = result.num_images
    low, high = proportion(round(result.accuracy * n), n).bounds if n else (None, None)
    macro_f1 = result.f1
    if result.matrix_KK is not None:
        macro_f1 = scoring.scores_from_matrix(result.matrix_KK, result.classes).macro_f1
    return dict.fromkeys(COLUMNS) | {
        "id": result.id,
        "kind": "published",
        "dataset": result.data,
        "fingerprint": "",
        "recipe": result.name,
        "changed": "",
        "group": "",
        "split": "test",
        "n": n,
        "accuracy": result.accuracy,
        "low": low,
        "high": high,
        "macro_f1": macro_f1,
        "device": "",
        "created": "",
    }


def table(found: Iterable[Run], split: str = "test", results: Iterable[Published] = ()) -> pd.DataFrame:
    """A frame with ``COLUMNS``: the runs in the order given, then the published results."""
    rows = [*(row_of(run, split) for run in found), *(row_of_result(result) for result in results)]
    frame = pd.DataFrame(rows, columns=list(COLUMNS))
    numbers = ["n", "accuracy", "low", "high", "macro_f1", "minutes", "images_per_second", "epochs"]
    return frame.astype(dict.fromkeys(numbers, "float64"))
