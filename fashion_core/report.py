"""Everything that a report says of runs, as plain values: numbers with intervals, settings, data, limits, commands.

Takes sides (runs, groups of seeds, published results) and the datasets of this machine; gives one JSON document and,
for each run, the photos behind its matrix. The numbers are those of the runs' files. Knows no HTML; needs no torch.
"""

import shlex
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pandas as pd

from fashion_core import (
    VERSION,
    answers,
    calibration,
    closer,
    comparing,
    metrics,
    model_card,
    published,
    report_board,
    statistics,
    tidy,
)
from fashion_core import runs as runs_module
from fashion_core import sides as sides_module
from fashion_core.answers import Score
from fashion_core.comparing import Comparison
from fashion_core.config import RECIPES
from fashion_core.datasets import Dataset
from fashion_core.errors import FashionError, RunError, WrongUse
from fashion_core.fields import FIELDS, typed
from fashion_core.labels import display_name
from fashion_core.runs import Run
from fashion_core.sides import Side

FORMAT = 1
MOST_LOSSES = 120


@dataclass(frozen=True, kw_only=True, eq=False)
class Report:
    """``document`` is what the file holds and shows. ``photos`` has, for each of its runs in order, the dataset whose
    photos it was asked about (None where they are not on this machine)."""

    document: dict[str, Any]
    photos: list[Dataset | None]


def sides_of(names: Sequence[str], found: Sequence[Run]) -> list[Side]:
    """The sides with these ids, each once, runs under the name that a person gave them; RunError for an unknown id."""
    return [_named(sides_module.find_side(name, found)) for name in dict.fromkeys(names)]


def _named(side: Side) -> Side:
    if side.kind != "run":
        return side
    return replace(side, name=tidy.labels_of(side.members[0]).name or side.id)


def collect(
    chosen: Sequence[Side],
    *,
    split: str | None = None,
    datasets: Sequence[Dataset] = (),
    others: Iterable[Run] = (),
    margin: float = comparing.MARGIN,
) -> Report:
    """The report on these sides: each later one against the first, and every run by itself.

    ``split``: the first that all runs have predictions of, test before val. ``others`` are runs among which seeds of
    the same recipes are looked for. WrongUse without a run; RunError where a run lacks the predictions or a class has
    no photos. Two sides that cannot be compared say why in the report.
    """
    members = list({run.id: run for side in chosen for run in side.members}.values())
    if not members:
        raise WrongUse("a report needs a run of yours; published results stand beside it")
    split = split or _common_split(chosen, members)
    datasets, others = list(datasets), list(others)
    photos = [photos_of(run, split, datasets) for run in members]
    told = [_run(run, split, datasets, here, margin) for run, here in zip(members, photos, strict=True)]
    scores = [_score(side, split) for side in chosen]
    found = [_compared(chosen[0], side, split, margin, others) for side in chosen[1:]]
    leaks = _worst_leaks([run["closer"]["leaks"] for run in told])
    if len(chosen) == 1:
        said = answers.answers_of(chosen[0], split, chosen[0].classes)
        board = report_board.of_one(chosen[0], said, split, leaks)
    else:
        board = report_board.of_several(chosen, scores, found, split, leaks)
    document = {
        "format": FORMAT,
        "made": datetime.now(UTC).isoformat(timespec="seconds"),
        "lab": VERSION,
        "split": split,
        "drawn": any(run["drawn"] for run in told),
        "board": board,
        "sides": [_side(side, score) for side, score in zip(chosen, scores, strict=True)],
        "comparisons": [_comparison(one, chosen[0], side) for one, side in zip(found, chosen[1:], strict=True)],
        "runs": told,
        "command": _command(chosen, split, margin),
    }
    return Report(document=document, photos=photos)


def _command(chosen: Sequence[Side], split: str, margin: float) -> str:
    words = ["report", *(side.id for side in chosen), "--split", split]
    words += ["--margin", f"{margin:g}"] if margin != comparing.MARGIN else []
    return f"python -m fashion_core {shlex.join(words)}"


def _worst_leaks(found: Sequence[dict[str, Any] | None]) -> dict[str, Any] | None:
    """The leaks of the run that has most of them; None where one run's photos were not audited."""
    known = [leaks for leaks in found if leaks is not None]
    return max(known, key=lambda leaks: leaks["leaked"]) if len(known) == len(found) else None


def _common_split(chosen: Sequence[Side], members: Sequence[Run]) -> str:
    if any(side.result for side in chosen):
        return "test"
    ready = [set(run.prediction_splits()) for run in members]
    common = [name for name in members[0].prediction_splits() if all(name in names for names in ready)]
    if not common:
        lacking = next((run for run, names in zip(members, ready, strict=True) if "test" not in names), members[0])
        raise RunError(
            f"there is no split of which all these runs have predictions; run: python -m fashion_core evaluate "
            f"{lacking.id} --split test"
        )
    return common[0]


def photos_of(run: Run, split: str, datasets: Sequence[Dataset]) -> Dataset | None:
    """The dataset whose photos a split's predictions are of; None where it is not on this machine."""
    _, elsewhere, other = split.partition("-on-")
    if elsewhere:
        return next((dataset for dataset in datasets if dataset.id == other), None)
    return runs_module.dataset_of(run, datasets)


def _score(side: Side, split: str) -> tuple[Score, int] | None:
    """Score and photos of a side; None of a published one that has none."""
    try:
        told = answers.Told(side, split, side.classes)
    except RunError:
        if side.members:
            raise
        return None
    return told.score, told.n


def _compared(first: Side, second: Side, split: str, margin: float, others: Sequence[Run]) -> Comparison | str:
    try:
        return comparing.compare(first, second, split, margin=margin, others=others)
    except RunError as error:
        return str(error)


def _side(side: Side, told: tuple[Score, int] | None) -> dict[str, Any]:
    score = None
    if told:
        one = told[0]
        score = {"accuracy": one.accuracy, "low": one.low, "high": one.high, "num_models": one.num_models, "sd": one.sd}
    return {
        "id": side.id,
        "name": side.name,
        "kind": side.kind,
        "drawn": side.drawn,
        "runs": [run.id for run in side.members],
        "n": told[1] if told else None,
        "score": score,
    }


def _comparison(found: Comparison | str, first: Side, second: Side) -> dict[str, Any]:
    if isinstance(found, str):
        return {"first": first.id, "second": second.id, "error": found}
    told = found.to_json()
    flips = {name: len(told.pop(name)) for name in ("right_to_wrong", "wrong_to_right")}
    return {**told, "flips": flips, "error": None}


def _run(run: Run, split: str, datasets: Sequence[Dataset], here: Dataset | None, margin: float) -> dict[str, Any]:
    scores = run.scores(split)
    frame = run.predictions(split)
    labels_N = runs_module.label_indices(frame["label"], run.classes)
    said_N = runs_module.label_indices(frame["predicted"], run.classes)
    probabilities_NK = metrics.probabilities_of(frame, run.classes)
    matrix_KK = np.array(scores["confusion_matrix"])
    summary = run.summary() or {}
    return {
        "run_id": run.id,
        "name": tidy.labels_of(run).name or run.id,
        "recipe": run.recipe,
        "created": run.created,
        "drawn": bool(run.dataset["synthetic"] or (here is not None and here.synthetic)),
        "split": split,
        "classes": list(run.classes),
        "scores": scores,
        "macro": _macro(scores),
        "intervals": _intervals(matrix_KK),
        "confused": [list(row) for row in metrics.most_confused(matrix_KK, run.classes, 5)],
        "closer": closer.closer_look(run, split, list(datasets)),
        "reliability": _reliability(calibration.reliability(labels_N, probabilities_NK)),
        "curves": _curves(run),
        "dataset": _dataset(run, split, here),
        "published": _published(run, split, margin),
        "settings": _settings(run),
        "versions": dict(run.config.get("versions", {})),
        "pretrained": run.config.get("pretrained"),
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
    """The mean of each score over the classes."""
    names = ("precision", "recall", "f1")
    return {name: float(np.mean([row[name] for row in scores["per_class"]])) for name in names}


def _intervals(matrix_KK: np.ndarray) -> dict[str, Any]:
    """95 % intervals of the scores: Wilson's of recall, a stratified bootstrap of the others; [low, high] each."""
    found, scored = statistics.score_intervals(matrix_KK), ("precision", "recall", "f1")
    return {
        **{f"macro_{name}": [float(end) for end in getattr(found, f"macro_{name}")] for name in scored},
        "per_class": {
            name: [[float(low), float(high)] for low, high in zip(*getattr(found, name), strict=True)]
            for name in scored
        },
    }


def _reliability(found: calibration.Reliability) -> dict[str, Any]:
    low_M, high_M = statistics.wilson(found.right, found.n)
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
    num_val = run.dataset["splits"].get("val") or 0
    for row in frame[frame["kind"] == "epoch"].to_dict("records"):
        told = {name: _number(row.get(name)) for name in ("train_loss", "val_loss", "val_accuracy")}
        low = high = None
        if told["val_accuracy"] is not None and num_val:
            low, high = (float(end) for end in statistics.wilson(round(told["val_accuracy"] * num_val), num_val))
        epochs.append({"epoch": int(row["epoch"]), **told, "low": low, "high": high})
    steps = frame[frame["kind"] == "step"]
    losses, each = [], max(1, -(-len(steps) // MOST_LOSSES))
    if len(steps) and "loss" in steps:
        at, loss = steps["step"].to_numpy(float) / run.config["steps_per_epoch"], steps["loss"].to_numpy(float)
        for start in range(0, len(steps), each):
            part = slice(start, start + each)
            if np.isfinite(loss[part]).all():
                losses.append({"at": float(at[part].mean()), "loss": float(loss[part].mean())})
    return {"epochs": epochs, "losses": losses, "each": each, "num_val": num_val}


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) and np.isfinite(value) else None


def _dataset(run: Run, split: str, here: Dataset | None) -> dict[str, Any]:
    kept = run.dataset.get("contents") or {}
    counts = {
        name: [kept[name].get(label, (0, ""))[0] for label in run.classes]
        for name in ("train", "val", "test")
        if name in kept
    }
    own = {key: run.dataset[key] for key in ("id", "name", "fingerprint", "bring")}
    return {
        **own,
        "splits": {name: int(count) for name, count in run.dataset["splits"].items()},
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
            found = comparing.compare(
                sides_module.side_of_result(result), _named(sides_module.side_of_run(run)), split, margin=margin
            )
        except FashionError as error:
            rows.append(row | {"sentence": str(error), "scope": ""})
            continue
        row |= {"low": found.score_first.low, "high": found.score_first.high, "word": found.verdict.word}
        move = {name: float(getattr(found.difference, name)) for name in ("value", "low", "high")}
        rows.append(row | {"sentence": found.verdict.sentence, "scope": found.verdict.scope, "difference": move})
    return rows


def _settings(run: Run) -> list[dict[str, Any]]:
    """Every setting, those that differ from the recipe first."""
    base = RECIPES.get(run.settings.recipe)
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
    train = f"{shlex.join(['train', run.dataset['id']])} {run.settings.to_flags()}"
    return [
        ["Bring the photos", run.dataset["bring"]],
        ["Train it again", f"python -m fashion_core {train}"],
        ["Score this run again", f"python -m fashion_core {shlex.join(['evaluate', run.id, *asked])}"],
    ]


def frame_of(told: dict[str, Any]) -> pd.DataFrame:
    """The photos of one run of a document: id, true, predicted (indices), sure."""
    return pd.DataFrame(
        {"id": told["photos"]["ids"], **{name: told["photos"][name] for name in ("true", "predicted", "sure")}}
    )
