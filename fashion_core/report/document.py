"""Collects what a report says of runs. Takes sides (runs, groups of seeds, published results) and the datasets of this
machine; gives a ``Report``, whose numbers are those of the runs' files. Knows no HTML; needs no torch.
"""

import shlex
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np

from fashion_core.compare import comparison, predictions, run_names
from fashion_core.compare import sides as sides_module
from fashion_core.compare.comparison import Comparison
from fashion_core.compare.sides import Side
from fashion_core.data.datasets import Dataset
from fashion_core.errors import RunError, WrongUse
from fashion_core.metrics import required
from fashion_core.metrics.leakage import LeakScores
from fashion_core.metrics.required import Need
from fashion_core.report import front_page, run_facts
from fashion_core.report.facts import Report, RunFacts, Standing
from fashion_core.runs import runs as runs_module
from fashion_core.runs.environment import VERSION
from fashion_core.runs.runs import Run


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
    need: Need | None = None,
) -> Report:
    """The report on these sides: each later one against the first, and every run by itself.

    ``split``: the first that all runs have predictions of, test before val. ``others`` are runs among which seeds of
    the same recipes are looked for. ``need``: what each run is asked to reach. WrongUse without a run; RunError where a
    run lacks the predictions or a class has no photos. Two sides that cannot be compared say why in the report.
    """
    chosen = run_names.told_apart(chosen, plain=True)  # its first page is for whoever decides, who knows no settings
    members = list({run.id: run for side in chosen for run in side.members}.values())
    if not members:
        raise WrongUse("a report needs a run of yours; published results stand beside it")
    split = split or _common_split(chosen, members)
    datasets, others = list(datasets), list(others)
    names = [side.name for side in run_names.told_apart([sides_module.side_of_run(run) for run in members], plain=True)]
    found = [
        run_facts.of_run(run, name, split, datasets, photos_of(run, split, datasets), margin)
        for run, name in zip(members, names, strict=True)
    ]
    standings = [_standing(side, split) for side in chosen]
    compared = [_compared(chosen[0], side, split, margin, others) for side in chosen[1:]]
    leaks = _worst_leaks([run.closer.leaks for run in found])
    if len(chosen) == 1:
        said = predictions.answers_of(chosen[0], split, chosen[0].classes)
        board = front_page.of_one(chosen[0], said, split, leaks)
    else:
        board = front_page.of_several(standings, compared, split, leaks)
    return Report(
        made=datetime.now(UTC),
        lab=VERSION,
        split=split,
        board=replace(board, required=tuple(_required(found, need))) if need else board,
        standings=tuple(standings),
        comparisons=tuple(compared),
        runs=tuple(found),
        command=_command(chosen, split, margin, need),
    )


def _required(found: Sequence[RunFacts], need: Need) -> Iterator[str]:
    """Whether each run is as good as is needed, in words; of several runs with their names."""
    for facts in found:
        judged = need.judge(np.asarray(facts.scores.matrix_KK), facts.scores.classes)
        text = " ".join([required.sentence(judged), *required.reasons(judged)])
        yield text if len(found) == 1 else f"{facts.name}: {text}"


def _command(chosen: Sequence[Side], split: str, margin: float, need: Need | None) -> str:
    words = ["report", *(side.id for side in chosen), "--split", split]
    words += ["--margin", f"{margin:g}"] if margin != comparison.MARGIN else []
    words += ["--need", str(need.overall), "--each", str(need.each)] if need else []
    return f"python -m fashion_core {shlex.join(words)}"


def _worst_leaks(found: Sequence[LeakScores | None]) -> LeakScores | None:
    """The leaks of the run that has most of them; None where one run's photos were not audited."""
    known = [leaks for leaks in found if leaks is not None]
    return max(known, key=lambda leaks: leaks.leaked.n) if len(known) == len(found) else None


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


def _standing(side: Side, split: str) -> Standing:
    try:
        told = predictions.Told(side, split, side.classes)
    except RunError:
        if side.members:
            raise
        return Standing(side=side, score=None, n=None)
    return Standing(side=side, score=told.score, n=told.n)


def _compared(first: Side, second: Side, split: str, margin: float, others: Sequence[Run]) -> Comparison | str:
    try:
        return comparison.compare(first, second, split, margin=margin, others=others)
    except RunError as error:
        return str(error)
