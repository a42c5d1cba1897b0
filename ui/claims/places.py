"""Where the verdicts of the Claims page come from: the runs of this machine, else the numbers that came with the lab.

Gives places (a dataset that is here, or one of which results were kept) and, for each claim, what is known of it there.
Draws nothing but one notice. Every string from a file is escaped by whoever shows it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from fashion_core.claims import experiments, judge, shipped
from fashion_core.claims.definitions import GROUPS, Claim
from fashion_core.claims.evidence import Evidence
from fashion_core.claims.experiments import Plan
from fashion_core.claims.judge import Result
from fashion_core.data.datasets import Dataset
from fashion_core.errors import FashionError
from fashion_core.runs.runs import Run
from ui.app import kept as keeping
from ui.app import loaders
from ui.shared import run_status

HERE, KEPT = "here", "kept"


@dataclass(frozen=True, eq=False)
class Place:
    """A dataset on which claims can be looked at: it is on this machine, or results of it were kept, or both."""

    id: str
    name: str
    synthetic: bool
    dataset: Dataset | None
    kept: dict[str, Evidence] = field(default_factory=dict)

    @property
    def overrides(self) -> tuple[str, ...]:
        """What the kept results changed of the report's recipe: what one most likely wants to go on with."""
        return next((one.overrides for one in self.kept.values()), ())

    def command(self, claim: Claim) -> str:
        """The command line that puts this claim to the test where the photos are not here (then there is no plan)."""
        if claim.name in self.kept and "command" in self.kept[claim.name].about:
            return str(self.kept[claim.name].about["command"])
        told = next(iter(self.kept.values())).dataset.id if self.kept else self.id
        return experiments.command(claim.name, str(told), overrides=self.overrides)


@dataclass(frozen=True, eq=False)
class Known:
    """A claim on a place: its verdict and where that is from, and its plan where the photos are here. ``problem`` says
    why there is no plan or no verdict."""

    claim: Claim
    result: Result | None
    source: str
    plan: Plan | None
    problem: FashionError | None = None


def places() -> dict[str, Place]:
    """Every dataset here and every one of which results were kept: those whose photos are here first, then those with
    more verdicts, then photographed ones. So the page opens where most can be seen and run."""
    kept = _kept()
    found = []
    for dataset in loaders.datasets():
        own = kept.get(dataset.fingerprint, {})
        found.append(Place(dataset.id, dataset.name, dataset.synthetic, dataset, own))
    there, ids = {place.dataset.fingerprint for place in found if place.dataset}, {place.id for place in found}
    for fingerprint, own in kept.items():
        if fingerprint not in there:
            told = next(iter(own.values())).dataset
            name = told.id if told.id not in ids else f"{told.id}-kept"
            found.append(Place(name, told.name, told.synthetic, None, own))
    found.sort(key=lambda place: (place.dataset is None, -len(place.kept), place.synthetic))
    return {place.id: place for place in found}


@keeping.kept(lambda: loaders.of_folder(shipped.FOLDER, "*.json"), max_entries=4)
def _kept() -> dict[str, dict[str, Evidence]]:
    return {
        one[0].dataset.fingerprint: {evidence.claim: evidence for evidence in one}
        for one in shipped.every(shipped.FOLDER)
    }


def look(
    place: Place,
    claim: Claim,
    runs: Sequence[Run],
    *,
    overrides: Sequence[str] | None = None,
    seeds: int | None = None,
    thoroughly: bool = False,
) -> Known:
    """What is known of a claim. Features are clustered (seconds) only when asked to look ``thoroughly``."""
    kept = place.kept.get(claim.name)
    plan, problem = None, None
    if place.dataset is not None:
        own = kept.overrides if kept else place.overrides
        number = seeds or (kept.num_seeds if kept else None)
        try:
            plan = experiments.plan(
                claim,
                place.dataset,
                experiments.Here(runs=runs, data_dir=loaders.data_dir(), status=run_status.status_of),
                seeds=number,
                overrides=own if overrides is None else overrides,
                counts=_counts(place.dataset),
            )
        except FashionError as error:
            problem = error
    try:
        if plan and plan.finished and not _is(kept, plan) and (thoroughly or claim.kind != GROUPS):
            return Known(claim, _judged_here(plan), HERE, plan, problem)
        if kept:
            source = HERE if plan and plan.finished and _is(kept, plan) else KEPT
            return Known(claim, judge.judge(kept), source, plan, problem)
    except FashionError as error:
        problem = error
    return Known(claim, None, "", plan, problem)


def _is(kept: Evidence | None, plan: Plan) -> bool:
    """Whether the kept numbers are those of the plan's own runs."""
    if kept is None or kept.split != plan.split:
        return False
    ours = {arm.arm.name: {m.run.id for m in arm.members if m.run} for arm in plan.arms if arm.members}
    theirs = {name: set(arm.run_ids) for name, arm in kept.arms.items() if not plan.claim.arm(name).after}
    return ours == theirs


def _of_plan(plan: Plan) -> tuple[object, ...]:
    files = []
    for member in plan.members:
        assert member.run is not None, "only finished plans come here"
        files.append(loaders.of_predictions(member.run, plan.split))
    return (plan.claim.name, plan.overrides, plan.split, *files)


@keeping.kept(_of_plan, max_entries=64)
def _judged_here(plan: Plan) -> Result:
    return judge.judge(experiments.collect(plan))


@keeping.kept(loaders.of_manifest, max_entries=16)
def _counts(dataset: Dataset) -> tuple[int, ...]:
    return experiments.train_counts(dataset)
