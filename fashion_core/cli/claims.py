"""The command that puts the report's claims to the test: plan, cost, runs through the queue, verdict."""

import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

from fashion_core.cli.console import DATA_DIR, RUNS_DIR, DataDir, Json, RunsDir, answer, app, say
from fashion_core.data import datasets
from fashion_core.errors import RunError, WrongUse
from fashion_core.labels import counted
from fashion_core.launch import actions, estimate
from fashion_core.launch.status import status_of
from fashion_core.metrics.wording import as_number
from fashion_core.runs import runs
from fashion_core.settings import recipes

ALL = "all"


@app.command()
def experiment(
    name: Annotated[
        str | None, typer.Argument(help="A claim of the report, or all; without it they are listed.")
    ] = None,
    dataset: Annotated[str | None, typer.Argument(help="Name of an imported dataset.")] = None,
    seeds: Annotated[
        int | None, typer.Option("--seeds", help="Models of each arm; 3 if not given, 5 for variation.")
    ] = None,
    sets: Annotated[list[str] | None, typer.Option("--set", help="key=value; changes a setting of every arm.")] = None,
    split: Annotated[str | None, typer.Option("--split", help="test or val; test where there is one.")] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what is there, missing, and its cost; start nothing.")
    ] = False,
    detach: Annotated[bool, typer.Option("--detach", help="Put the missing runs into the queue and return.")] = False,
    save: Annotated[
        bool, typer.Option("--save", help="Keep the numbers with the program, for the Claims page.")
    ] = False,
    list_them: Annotated[bool, typer.Option("--list", help="List the claims.")] = False,
    as_json: Json = False,
    data_dir: DataDir = DATA_DIR,
    runs_dir: RunsDir = RUNS_DIR,
    results_dir: Annotated[
        Path | None, typer.Option("--results-dir", resolve_path=True, help="Where --save writes; beside the program.")
    ] = None,
) -> None:
    """Put a claim of the report to the test: train what is missing, say what holds. The same command resumes."""
    from fashion_core.claims import definitions, experiments, judge, shipped

    if name is None or list_them:
        _answer_list(as_json)
        return
    if dataset is None:
        raise WrongUse(f"experiment {name} needs a dataset; run: python -m fashion_core datasets")
    found = datasets.find_dataset(data_dir, dataset)
    wanted = list(definitions.CLAIMS) if name == ALL else [definitions.find(name)]
    overrides, counts = tuple(sets or ()), experiments.train_counts(found)
    asked = {"seeds": seeds, "overrides": overrides, "split": split, "counts": counts}
    again = partial(_plans, wanted, found, data_dir, runs_dir, **asked)
    plans = again()
    skipped = _say_skipped(plans, name, found.name)
    cost = experiments.cost(plans, runs.list_runs(runs_dir))
    again_with = experiments.command(name, found.id, seeds, overrides)
    say(f"{'all claims' if name == ALL else f'claim {name}'} on {found.name}: {cost.words}")
    if dry_run:
        _answer_plan(plans, cost, as_json)
        return
    if cost.num_runs:
        if detach:
            _answer_started(experiments.start(again, data_dir=data_dir, runs_dir=runs_dir), again_with, as_json)
            return
        train_missing(again, cost, data_dir, runs_dir, again_with)
        plans = again()
    evidence = [experiments.collect(plan) for plan in plans if not plan.refused]
    if save:
        say(f"saved in {shipped.save(evidence, results_dir or shipped.FOLDER)}")
    results = [judge.judge(seen) for seen in evidence]
    document = {"dataset": found.id, "claims": [result.to_json() for result in results], "skipped": skipped}
    answer(document, as_json, [line for result in results for line in _lines(result)])


def _answer_started(run_ids: Sequence[str], command: str, as_json: bool) -> None:
    document = {"run_ids": run_ids, "status": "starting", "command": command}
    answer(document, as_json, [*(f"run {run_id} launched" for run_id in run_ids), f"its verdict later: {command}"])


def _lines(one: Any) -> list[str]:
    lines = [f"{one.claim.name}: {one.claim.sentence}", f"  {one.sentence}", *(f"  note: {note}" for note in one.notes)]
    measure = one.claim.measures[0]
    for arm in one.arms:
        mean = arm.spreads[measure].mean.within(0.0, 1.0)
        each = ", ".join(f"{value:.4f}" for value in arm.values[measure])
        lines.append(f"  {arm.words:<44}{as_number(mean, 4)}  {each}")
    return lines


def _answer_list(as_json: bool) -> None:
    from fashion_core.claims import definitions

    listed = [
        {
            "claim": claim.name,
            "sentence": claim.sentence,
            "question": claim.question,
            "rule": claim.rule,
            "arms": _arms(claim),
        }
        for claim in definitions.CLAIMS
    ]
    answer(listed, as_json, [f"{claim.name:<18}{claim.sentence} {claim.question}" for claim in definitions.CLAIMS])


def _plans(claims: Sequence[Any], dataset: datasets.Dataset, data_dir: Path, runs_dir: Path, **asked: Any) -> list[Any]:
    """What the claims need on a dataset, and what of it the runs that are there now already have."""
    from fashion_core.claims import experiments

    here = experiments.Here(runs=runs.list_runs(runs_dir), data_dir=data_dir)
    return [experiments.plan(claim, dataset, here, **asked) for claim in claims]


def _say_skipped(plans: Sequence[Any], name: str, dataset: str) -> dict[str, str]:
    """Claim -> why it cannot be put to the test, said aloud; RunError where it was the only one."""
    skipped = {plan.claim.name: plan.refused for plan in plans if plan.refused}
    for claim_name, reason in skipped.items():
        say(f"claim {claim_name}: {reason}")
    if skipped and len(plans) == 1:
        raise RunError(f"claim {name!r} cannot be put to the test on {dataset!r}: {skipped[name]}")
    for arm in {arm.arm.name: arm for plan in plans for arm in plan.arms if arm.missing}.values():
        say(f"the arm {arm.arm.words} is left out: {arm.missing}")
    return skipped


def _arms(claim: Any) -> list[dict[str, Any]]:
    return [
        {"name": arm.name, "words": arm.words, "recipe": arm.recipe, "set": list(arm.sets), "after": arm.after or None}
        for arm in claim.arms
    ]


def _answer_plan(plans: Sequence[Any], cost: Any, as_json: bool) -> None:
    document: dict[str, Any] = {
        "runs_to_train": cost.num_runs,
        "runs_there": cost.num_finished,
        "seconds": round(cost.seconds) if cost.num_unknown < cost.num_runs else None,
        "runs_of_unknown_time": cost.num_unknown,
        "claims": [
            {
                "claim": one.claim.name,
                "refused": one.refused or None,
                "split": one.split,
                "arms": [
                    {
                        "name": arm.arm.name,
                        "missing": arm.missing or None,
                        "models": [
                            {
                                "seed": member.settings.seed,
                                "state": member.state,
                                "run_id": member.run.id if member.run else None,
                                "flags": recipes.to_flags(member.settings),
                            }
                            for member in arm.members
                        ],
                    }
                    for arm in one.arms
                ],
            }
            for one in plans
        ],
    }
    lines = [
        f"{claim['claim']}: {arm['name']}: "
        + (arm["missing"] or ", ".join(f"seed {model['seed']} {model['state']}" for model in arm["models"]))
        for claim in document["claims"]
        for arm in claim["arms"]
    ]
    answer(document, as_json, lines)


def train_missing(again: Any, cost: Any, data_dir: Path, runs_dir: Path, command: str) -> None:
    """Start the missing runs arm by arm and wait for them; this process only watches, and stops them when stopped."""
    from fashion_core.claims import experiments
    from fashion_core.cli import foreground

    asked = foreground.stop_requests()
    # a run that somebody else had started and that ended early gets its one attempt here too
    began, tried, ended = time.monotonic(), set(), 0
    while True:
        plans = again()
        left = experiments.unfinished(plans)
        running = [member.run for member in left.values() if member.state == experiments.ACTIVE and member.run]
        if not running:
            again_failed = [member.run.id for member in left.values() if member.run and member.run.id in tried]
            if again_failed:
                raise RunError(
                    f"{len(again_failed)} of the runs did not finish ({', '.join(again_failed[:3])}); look at: python "
                    f"-m fashion_core runs. The others are kept; go on with: {command}"
                )
            if not left:
                return
            if not asked:
                batch = experiments.batches(plans)[0]
                say(f"{batch.words}: {counted(len(batch.new) + len(batch.resumed), 'run')}")
                started = experiments.start(again, data_dir=data_dir, runs_dir=runs_dir, most=1)
                tried |= set(started)
                running = [runs.find_run(runs_dir, one) for one in started]
        waiting = {run.id for run in running}
        while waiting:
            if asked:
                _stop(running)
            for run in running:
                if run.id in waiting and not (status := status_of(run)).active:
                    waiting.discard(run.id)
                    ended += status.state == "finished"
                    told = f"run {run.id} (seed {run.settings.seed}): {status.sentence}"
                    say(f"{told} {_left(began, ended, cost)}".rstrip())
            time.sleep(1)
        if asked:
            raise RunError(f"the experiment was stopped; what is trained is kept. Go on with: {command}")


def _left(began: float, ended: int, cost: Any) -> str:
    """``4 of 12 runs, about 3 min left``"""
    if not ended:
        return ""
    seconds = (time.monotonic() - began) / ended * (cost.num_runs - ended)
    left = f", about {estimate.roughly(seconds)} left." if seconds > 0 else "."
    return f"{ended} of {counted(cost.num_runs, 'run')}{left}"


def _stop(running: Sequence[runs.Run]) -> None:
    for run in reversed(running):  # those that wait first, else the next one starts
        try:
            if status_of(run).active:
                actions.stop(run)
        except RunError:  # it has ended meanwhile
            pass
