"""What a report says of one run: scores with intervals, curves, data, published results beside it, settings, commands.

Takes a run, a split and the datasets of this machine; gives ``RunFacts``. Knows no other run and no HTML.
"""

import shlex
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from fashion_core.compare import comparison, run_names
from fashion_core.compare import sides as sides_module
from fashion_core.compare.comparison import Comparison
from fashion_core.data import published
from fashion_core.data.datasets import Dataset
from fashion_core.errors import FashionError
from fashion_core.labels import display_name
from fashion_core.metrics import calibration, intervals, scoring
from fashion_core.metrics.intervals import Estimate
from fashion_core.report.facts import Beside, Curves, Epoch, Loss, RunFacts, SettingFacts
from fashion_core.runs import evaluation, model_card
from fashion_core.runs import runs as runs_module
from fashion_core.runs.runs import Run
from fashion_core.runs.summary import Summary
from fashion_core.settings import recipes
from fashion_core.settings.config import FIELDS
from fashion_core.settings.fields import typed

MOST_LOSSES = 120


def of_run(
    run: Run, name: str, split: str, datasets: Sequence[Dataset], here: Dataset | None, margin: float
) -> RunFacts:
    """Everything that the report shows of the run, which it calls ``name``."""
    scores, frame = run.scores(split), run.predictions(split)
    labels_N = runs_module.label_indices(frame["label"], run.classes)
    probabilities_NK = scoring.probabilities_of(frame, run.classes)
    photos = pd.DataFrame(
        {
            "id": [str(name) for name in frame["image_id"]],
            "true": labels_N,
            "predicted": runs_module.label_indices(frame["predicted"], run.classes),
            "sure": [round(float(share), 4) for share in probabilities_NK.max(axis=1, initial=0)],
        }
    )
    return RunFacts(
        run=run,
        name=name,
        split=split,
        here=here,
        scores=scores,
        intervals=intervals.score_intervals(scores.matrix_KK),
        closer=evaluation.closer_look(run, split, list(datasets)),
        reliability=calibration.reliability(labels_N, probabilities_NK),
        curves=_curves(run),
        published=_published(run, split, margin),
        settings=_settings(run),
        summary=run.summary() or Summary(),
        limits=tuple(model_card.limits(run, split, scores, display_name)),
        commands=_commands(run, split),
        photos=photos,
    )


def _curves(run: Run) -> Curves:
    """The epochs as they were logged, and the logged losses, so many of them averaged into one that a page can draw
    them."""
    frame = run.metrics()
    num_val = run.dataset.splits.get("val") or 0
    epochs = []
    for row in frame[frame["kind"] == "epoch"].to_dict("records"):
        accuracy = _number(row.get("val_accuracy"))
        share = None
        if accuracy is not None:
            bounds = intervals.proportion(round(accuracy * num_val), num_val).bounds if num_val else ()
            share = Estimate(accuracy, *bounds)
        losses = {name: _number(row.get(name)) for name in ("train_loss", "val_loss")}
        epochs.append(Epoch(epoch=int(row["epoch"]), **losses, val_accuracy=share))
    steps = frame[frame["kind"] == "step"]
    logged, each = [], max(1, -(-len(steps) // MOST_LOSSES))
    if len(steps) and "loss" in steps:
        at, loss = steps["step"].to_numpy(float) / run.steps_per_epoch, steps["loss"].to_numpy(float)
        for start in range(0, len(steps), each):
            part = slice(start, start + each)
            if np.isfinite(loss[part]).all():
                logged.append(Loss(at=float(at[part].mean()), loss=float(loss[part].mean())))
    return Curves(epochs=tuple(epochs), losses=tuple(logged), each=each, num_val=num_val)


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) and np.isfinite(value) else None


def _published(run: Run, split: str, margin: float) -> tuple[Beside, ...]:
    """What was published on these classes, the run held against each of it."""
    rows = []
    for result in published.for_classes(run.classes) if split == "test" else ():
        try:
            compared: Comparison | str = comparison.compare(
                sides_module.side_of_result(result),
                sides_module.side_of_run(run, run_names.name_of(run)),
                split,
                margin=margin,
            )
        except FashionError as error:
            compared = str(error)
        rows.append(Beside(result=result, compared=compared))
    return tuple(rows)


def _settings(run: Run) -> tuple[SettingFacts, ...]:
    """Every setting, those that differ from the recipe first."""
    base = recipes.RECIPES.get(run.settings.recipe)
    rows = []
    for field in FIELDS:
        value = typed(getattr(run.settings, field.name))
        usual = typed(getattr(base, field.name)) if base else value
        rows.append(SettingFacts(name=field.name, value=value, recipe=usual, changed=value != usual, help=field.help))
    return tuple(sorted(rows, key=lambda row: not row.changed))


def _commands(run: Run, split: str) -> tuple[tuple[str, str], ...]:
    """(what it does, the command)."""
    base, elsewhere, other = split.partition("-on-")
    asked = ["--split", base, "--dataset", other] if elsewhere else ["--split", split]
    train = f"{shlex.join(['train', run.dataset.id])} {recipes.to_flags(run.settings)}"
    return (
        ("Bring the photos", run.dataset.bring),
        ("Train it again", f"python -m fashion_core {train}"),
        ("Score this run again", f"python -m fashion_core {shlex.join(['evaluate', run.id, *asked])}"),
    )
