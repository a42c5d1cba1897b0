"""What a report says of one run: scores with intervals, curves, data, published results beside it, settings, commands.

Takes a run, a split and the datasets of this machine; gives plain JSON values. Knows no other run and no HTML.
"""

import shlex
from collections.abc import Sequence
from typing import Any

import numpy as np

from fashion_core.compare import comparison, run_names
from fashion_core.compare import sides as sides_module
from fashion_core.data import published
from fashion_core.data.datasets import Dataset
from fashion_core.errors import FashionError
from fashion_core.labels import display_name
from fashion_core.metrics import calibration, intervals, scoring
from fashion_core.runs import evaluation, model_card
from fashion_core.runs import runs as runs_module
from fashion_core.runs.runs import Run
from fashion_core.settings import recipes
from fashion_core.settings.config import FIELDS
from fashion_core.settings.fields import typed

MOST_LOSSES = 120


def of_run(
    run: Run, name: str, split: str, datasets: Sequence[Dataset], here: Dataset | None, margin: float
) -> dict[str, Any]:
    """Everything that the report shows of the run, which it calls ``name``."""
    scores = run.scores(split)
    frame = run.predictions(split)
    labels_N = runs_module.label_indices(frame["label"], run.classes)
    said_N = runs_module.label_indices(frame["predicted"], run.classes)
    probabilities_NK = scoring.probabilities_of(frame, run.classes)
    matrix_KK = np.array(scores["confusion_matrix"])
    summary = run.summary() or {}
    return {
        "run_id": run.id,
        "name": name,
        "recipe": run.recipe,
        "created": run.created,
        "drawn": bool(run.dataset.synthetic or (here is not None and here.synthetic)),
        "split": split,
        "classes": list(run.classes),
        "scores": scores,
        "macro": _macro(scores),
        "intervals": _intervals(matrix_KK),
        "confused": [list(row) for row in scoring.most_confused(matrix_KK, run.classes, 5)],
        "closer": evaluation.closer_look(run, split, list(datasets)),
        "reliability": _reliability(calibration.reliability(labels_N, probabilities_NK)),
        "curves": _curves(run),
        "dataset": _dataset(run, here),
        "published": _published(run, split, margin),
        "settings": _settings(run),
        "versions": dict(run.record.versions),
        "pretrained": run.record.pretrained and dict(run.record.pretrained),
        "seed": run.settings.seed,
        "cost": {key: summary.get(key) for key in ("status", "epochs", "seconds", "images_per_second", "device")},
        "limits": model_card.limits(run, split, scores, display_name),
        "commands": _commands(run, split),
        "photos": {
            "ids": [str(name) for name in frame["image_id"]],
            "true": labels_N.tolist(),
            "predicted": said_N.tolist(),
            "sure": [round(float(share), 4) for share in probabilities_NK.max(axis=1, initial=0)],
        },
    }


def _macro(scores: dict[str, Any]) -> dict[str, float]:
    """The mean of each score over the classes that have photos."""
    names = ("precision", "recall", "f1")
    return {name: float(np.mean([row[name] for row in scores["per_class"] if row["support"]])) for name in names}


def _intervals(matrix_KK: np.ndarray) -> dict[str, Any]:
    """95 % intervals of the scores: Wilson's, of all but recall over an effective sample size; [low, high] each."""
    found, scored = intervals.score_intervals(matrix_KK), ("precision", "recall", "f1")
    return {
        **{f"macro_{name}": [float(end) for end in getattr(found, f"macro_{name}")] for name in scored},
        "per_class": {
            name: [[_number(low), _number(high)] for low, high in zip(*getattr(found, name), strict=True)]
            for name in scored
        },
    }


def _reliability(found: calibration.Reliability) -> dict[str, Any]:
    low_M, high_M = intervals.wilson(found.right, found.n)
    return {
        "words": found.words,
        "said": found.said,
        "accuracy": found.accuracy,
        "error": found.error,
        "bins": [
            {
                "from": float(found.edges[m]),
                "to": float(found.edges[m + 1]),
                "n": int(found.n[m]),
                "right": int(found.right[m]),
                "sure": float(found.confidence[m]),
                "low": float(low_M[m]),
                "high": float(high_M[m]),
            }
            for m in range(len(found.n))
            if found.n[m]
        ],
    }


def _curves(run: Run) -> dict[str, Any]:
    """The epochs as they were logged, and the logged losses, so many of them averaged into one that a page can draw
    them; ``at`` counts epochs."""
    frame = run.metrics()
    epochs = []
    num_val = run.dataset.splits.get("val") or 0
    for row in frame[frame["kind"] == "epoch"].to_dict("records"):
        told = {name: _number(row.get(name)) for name in ("train_loss", "val_loss", "val_accuracy")}
        low = high = None
        if told["val_accuracy"] is not None and num_val:
            low, high = intervals.proportion(round(told["val_accuracy"] * num_val), num_val).bounds
        epochs.append({"epoch": int(row["epoch"]), **told, "low": low, "high": high})
    steps = frame[frame["kind"] == "step"]
    losses, each = [], max(1, -(-len(steps) // MOST_LOSSES))
    if len(steps) and "loss" in steps:
        at, loss = steps["step"].to_numpy(float) / run.steps_per_epoch, steps["loss"].to_numpy(float)
        for start in range(0, len(steps), each):
            part = slice(start, start + each)
            if np.isfinite(loss[part]).all():
                losses.append({"at": float(at[part].mean()), "loss": float(loss[part].mean())})
    return {"epochs": epochs, "losses": losses, "each": each, "num_val": num_val}


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) and np.isfinite(value) else None


def _dataset(run: Run, here: Dataset | None) -> dict[str, Any]:
    kept = run.dataset.contents or {}
    counts = {
        name: [kept[name].get(label, (0, ""))[0] for label in run.classes]
        for name in ("train", "val", "test")
        if name in kept
    }
    own = {key: getattr(run.dataset, key) for key in ("id", "name", "fingerprint", "bring")}
    return {
        **own,
        "splits": {name: int(count) for name, count in run.dataset.splits.items()},
        "counts": counts,
        "here": here is not None,
        "asked": here.name if here is not None else None,
        "asked_fingerprint": here.fingerprint if here is not None else None,
    }


def _published(run: Run, split: str, margin: float) -> list[dict[str, Any]]:
    """What was published on these classes, the run held against each of it."""
    rows = []
    for result in published.for_classes(run.classes) if split == "test" else ():
        row: dict[str, Any] = {
            "id": result.id, "name": result.name, "data": result.data, "source": result.source, "note": result.note,
            "accuracy": result.accuracy, "n": result.num_images, "low": None, "high": None, "word": None,
        }  # fmt: skip
        try:
            found = comparison.compare(
                sides_module.side_of_result(result),
                sides_module.side_of_run(run, run_names.name_of(run)),
                split,
                margin=margin,
            )
        except FashionError as error:
            rows.append(row | {"sentence": str(error), "scope": ""})
            continue
        score, verdict = found.score_first.accuracy, found.verdict
        row |= {"low": score.low, "high": score.high, "word": verdict.word}
        rows.append(row | {"sentence": verdict.sentence, "scope": verdict.scope, "difference": found.difference.flat()})
    return rows


def _settings(run: Run) -> list[dict[str, Any]]:
    """Every setting, those that differ from the recipe first."""
    base = recipes.RECIPES.get(run.settings.recipe)
    rows = []
    for field in FIELDS:
        value = typed(getattr(run.settings, field.name))
        usual = typed(getattr(base, field.name)) if base else value
        rows.append(
            {"name": field.name, "value": value, "recipe": usual, "changed": value != usual, "help": field.help}
        )
    return sorted(rows, key=lambda row: not row["changed"])


def _commands(run: Run, split: str) -> list[list[str]]:
    """(what it does, the command)."""
    base, elsewhere, other = split.partition("-on-")
    asked = ["--split", base, "--dataset", other] if elsewhere else ["--split", split]
    train = f"{shlex.join(['train', run.dataset.id])} {recipes.to_flags(run.settings)}"
    return [
        ["Bring the photos", run.dataset.bring],
        ["Train it again", f"python -m fashion_core {train}"],
        ["Score this run again", f"python -m fashion_core {shlex.join(['evaluate', run.id, *asked])}"],
    ]
