"""Everything that a report says of runs, as plain values: numbers with intervals, settings, data, limits, commands.

Takes sides (runs, groups of seeds, published results) and the datasets of this machine; gives one JSON document and,
for each run, the photos behind its matrix. The numbers are those of the runs' files. Knows no HTML; needs no torch.
"""

import shlex
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pandas as pd

from fashion_core.compare import comparison, predictions, run_names
from fashion_core.compare import sides as sides_module
from fashion_core.compare.comparison import Comparison
from fashion_core.compare.predictions import Score
from fashion_core.compare.sides import Side
from fashion_core.data.datasets import Dataset
from fashion_core.errors import RunError, WrongUse
from fashion_core.metrics.intervals import flattened
from fashion_core.report import front_page, run_facts
from fashion_core.runs import runs as runs_module
from fashion_core.runs.environment import VERSION
from fashion_core.runs.runs import Run

FORMAT = 1


@dataclass(frozen=True, kw_only=True, eq=False)
class Report:
    """``document`` is what the file holds and shows. ``photos`` has, for each of its runs in order, the dataset whose
    photos it was asked about (None where they are not on this machine)."""

    document: dict[str, Any]
    photos: list[Dataset | None]


def sides_of(names: Sequence[str], found: Sequence[Run]) -> list[Side]:
    """The sides with these ids, each once; RunError for an unknown id."""
    return [sides_module.find_side(name, found) for name in dict.fromkeys(names)]


def collect(
    chosen: Sequence[Side],
    *,
    split: str | None = None,
    datasets: Sequence[Dataset] = (),
    others: Iterable[Run] = (),
    margin: float = comparison.MARGIN,
) -> Report:
    """The report on these sides: each later one against the first, and every run by itself.

    ``split``: the first that all runs have predictions of, test before val. ``others`` are runs among which seeds of
    the same recipes are looked for. WrongUse without a run; RunError where a run lacks the predictions or a class has
    no photos. Two sides that cannot be compared say why in the report.
    """
    chosen = run_names.told_apart(chosen, plain=True)  # its first page is for whoever decides, who knows no settings
    members = list({run.id: run for side in chosen for run in side.members}.values())
    if not members:
        raise WrongUse("a report needs a run of yours; published results stand beside it")
    split = split or _common_split(chosen, members)
    datasets, others = list(datasets), list(others)
    photos = [photos_of(run, split, datasets) for run in members]
    names = [side.name for side in run_names.told_apart([sides_module.side_of_run(run) for run in members], plain=True)]
    told = [
        run_facts.of_run(run, name, split, datasets, here, margin)
        for run, name, here in zip(members, names, photos, strict=True)
    ]
    scores = [_score(side, split) for side in chosen]
    found = [_compared(chosen[0], side, split, margin, others) for side in chosen[1:]]
    leaks = _worst_leaks([run["closer"]["leaks"] for run in told])
    if len(chosen) == 1:
        said = predictions.answers_of(chosen[0], split, chosen[0].classes)
        board = front_page.of_one(chosen[0], said, split, leaks)
    else:
        board = front_page.of_several(chosen, scores, found, split, leaks)
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
    words += ["--margin", f"{margin:g}"] if margin != comparison.MARGIN else []
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
        told = predictions.Told(side, split, side.classes)
    except RunError:
        if side.members:
            raise
        return None
    return told.score, told.n


def _compared(first: Side, second: Side, split: str, margin: float, others: Sequence[Run]) -> Comparison | str:
    try:
        return comparison.compare(first, second, split, margin=margin, others=others)
    except RunError as error:
        return str(error)


def _side(side: Side, told: tuple[Score, int] | None) -> dict[str, Any]:
    score = None
    if told:
        score = flattened(told[0])
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


def frame_of(told: dict[str, Any]) -> pd.DataFrame:
    """The photos of one run of a document: id, true, predicted (indices), sure."""
    return pd.DataFrame(
        {"id": told["photos"]["ids"], **{name: told["photos"][name] for name in ("true", "predicted", "sure")}}
    )
