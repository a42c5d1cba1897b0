"""A claim on a dataset as runs: which are there, which are missing, what they cost, and how they are started.

A finished run counts whatever launched it, if it has the arm's settings, seed and photos; a stopped one is resumed; the
rest goes through the ordinary queue as groups of seeds. So the same command again is how an interrupted experiment goes
on. Nothing of an experiment is stored: everything is read from the runs. Needs no torch.
"""

import functools
import json
import shlex
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from fashion_core import locks, rights
from fashion_core.claims import definitions, evidence
from fashion_core.claims.definitions import GROUPS, Arm, Claim
from fashion_core.claims.evidence import Evidence
from fashion_core.compare import sides
from fashion_core.data.datasets import Dataset
from fashion_core.errors import RunError
from fashion_core.labels import agree, counted
from fashion_core.launch import actions, estimate
from fashion_core.launch.status import Status, status_of
from fashion_core.runs import checkpoints
from fashion_core.runs.runs import Run
from fashion_core.settings import pretrained
from fashion_core.settings.config import Settings

FINISHED, ACTIVE, RESUMABLE, MISSING = "finished", "active", "resumable", "missing"
#: What sets two runs of one experiment apart is not the machine; the seed does.
_NOT_COMPARED = tuple(name for name in sides.NOT_THE_RECIPE if name != "seed")


@dataclass(frozen=True, kw_only=True)
class Member:
    """One model of an arm: its settings with its seed, and the run that is it or will be, if there is one.

    ``done``: the share of its steps that is trained."""

    settings: Settings
    state: str
    run: Run | None = None
    done: float = 0.0


@dataclass(frozen=True, kw_only=True)
class PlannedArm:
    """An arm and its models, one a seed. ``missing`` is why it cannot be trained here; then it has no models."""

    arm: Arm
    members: tuple[Member, ...]
    missing: str = ""

    @property
    def finished(self) -> bool:
        return bool(self.members) and all(member.state == FINISHED for member in self.members)


@dataclass(frozen=True, kw_only=True)
class Plan:
    """A claim on a dataset: its arms as runs. ``refused`` is why it cannot be put to the test here at all."""

    claim: Claim
    dataset: Dataset
    split: str
    seeds: int
    overrides: tuple[str, ...]
    arms: tuple[PlannedArm, ...]
    train_counts: tuple[int, ...]
    refused: str = ""

    @property
    def members(self) -> tuple[Member, ...]:
        return tuple(member for arm in self.arms for member in arm.members)

    @property
    def runs(self) -> dict[str, list[Run]]:
        """The runs that are there, by the arm that was trained."""
        return {
            arm.arm.name: [member.run for member in arm.members if member.run is not None]
            for arm in self.arms
            if not arm.missing
        }

    @property
    def finished(self) -> bool:
        """Whether every arm that is not left out has all its models."""
        there = [arm for arm in self.arms if not arm.missing]
        return bool(there) and all(arm.finished for arm in there) and not self.refused

    @property
    def running(self) -> bool:
        """Whether all that is missing is on its way: in training or waiting for a device."""
        states = {member.state for member in self.members}
        return ACTIVE in states and states <= {ACTIVE, FINISHED}

    @property
    def command(self) -> str:
        """The command line that runs it, or goes on with it."""
        return command(self.claim.name, self.dataset.id, self.seeds, self.overrides)


@dataclass(frozen=True, kw_only=True)
class Cost:
    """What is left to do: runs to train or to finish, the seconds of those whose speed is known here, and how many
    have no speed because nothing like them ran on this machine."""

    num_runs: int
    num_finished: int
    seconds: float
    num_unknown: int

    @property
    def words(self) -> str:
        """``9 runs to train, about 12 min; 6 there already``."""
        if not self.num_runs:
            there = "the run is" if self.num_finished == 1 else f"all {self.num_finished} runs are"
            return f"nothing to train: {there} there"
        parts = [f"{counted(self.num_runs, 'run')} to train"]
        if self.num_unknown < self.num_runs:
            parts.append(f"about {estimate.roughly(self.seconds)}")
        if self.num_unknown:
            parts.append(f"time of {self.num_unknown} unknown: nothing like it ran here yet")
        return ", ".join(parts) + (f"; {self.num_finished} there already" if self.num_finished else "")


@dataclass(frozen=True, kw_only=True)
class Batch:
    """Runs that are started together: those of one arm."""

    words: str
    resumed: tuple[Run, ...]
    new: tuple[Settings, ...] = field(default=())


def command(name: str, dataset_id: str, seeds: int | None = None, overrides: Iterable[str] = ()) -> str:
    """``python -m fashion_core experiment NAME DATASET ...``"""
    words = ["python -m fashion_core experiment", name, dataset_id]
    words += [f"--seeds {seeds}"] if seeds is not None else []
    return " ".join([*words, *(f"--set {shlex.quote(text)}" for text in overrides)])


def train_counts(dataset: Dataset) -> tuple[int, ...]:
    """Readable training photos of each class, in the order of the classes."""
    frame = dataset.manifest(["split", "label", "status"])
    found = frame[(frame["split"] == "train") & (frame["status"] == "ok")]["label"].value_counts()
    return tuple(int(found.get(name, 0)) for name in dataset.classes)


@dataclass(frozen=True, kw_only=True)
class Here:
    """What is on this machine: the runs, newest first; what says what one is doing; where first weights lie."""

    runs: Sequence[Run]
    data_dir: Path
    status: Callable[[Run], Status] = status_of

    def of(self, dataset: Dataset) -> dict[str, list[Run]]:
        """The runs on these photos and classes, by what they share that would train the same model."""
        known: dict[str, list[Run]] = {}
        for run in self.runs:
            if run.dataset.fingerprint == dataset.fingerprint and run.classes == dataset.classes:
                known.setdefault(_identity(run.settings), []).append(run)
        return known


def plan(
    claim: Claim,
    dataset: Dataset,
    here: Here,
    *,
    seeds: int | None = None,
    overrides: Sequence[str] = (),
    split: str | None = None,
    counts: Sequence[int] | None = None,
) -> Plan:
    """Which of the claim's runs are here, and which are missing.

    WrongUse for seeds or settings out of range, RunError for a dataset that cannot be trained or judged on."""
    seeds = definitions.checked_seeds(claim, seeds)
    if not dataset.splits.get("train"):
        raise RunError(f"dataset {dataset.name!r} has no training photos, so nothing can be trained on it")
    split = evidence.split_of(dataset.splits, split)
    counts = tuple(counts if counts is not None else train_counts(dataset))
    refused = definitions.refusal(claim, np.array(counts)) or ""
    known = here.of(dataset)
    arms = []
    for arm in claim.trained:
        settings = definitions.settings_of(arm, dataset, overrides)
        members = tuple(
            _member(one, known.get(_identity(one), []), split, claim.kind == GROUPS, here.status)
            for one in definitions.seeded(settings, seeds)
        )
        missing = "" if all(one.state == FINISHED for one in members) else _why_not(arm, settings, here.data_dir)
        arms.append(PlannedArm(arm=arm, members=() if missing else members, missing=missing))
    return Plan(
        claim=claim,
        dataset=dataset,
        split=split,
        seeds=seeds,
        overrides=tuple(overrides),
        arms=tuple(arms),
        train_counts=counts,
        refused=refused,
    )


@functools.lru_cache(maxsize=8192)  # a page asks ten times for each of a thousand runs
def _identity(settings: Settings) -> str:
    """What two runs share that would train the same model on the same photos, but for the machine."""
    values = {name: value for name, value in settings.to_json().items() if name not in _NOT_COMPARED}
    return json.dumps(values, sort_keys=True)


def _why_not(arm: Arm, settings: Settings, data_dir: Path) -> str:
    """Why an optional arm cannot be trained here; empty when it can."""
    if not arm.optional or settings.pretrained == "none":
        return ""
    try:
        pretrained.require_library(settings.model)
        pretrained.find(settings.model, data_dir)
    except RunError as error:
        return str(error)
    return ""


def _member(
    settings: Settings, same: Sequence[Run], split: str, features: bool, status: Callable[[Run], Status]
) -> Member:
    """The best of the runs with these settings: a finished one, one that is going on, one that can go on."""
    best = Member(settings=settings, state=MISSING)
    order = (FINISHED, ACTIVE, RESUMABLE, MISSING)
    for run in same:  # newest first
        state, done = _state(run, split, features, status)
        if order.index(state) < order.index(best.state):
            best = Member(settings=settings, state=state, run=run, done=done)
        if state == FINISHED:
            break
    return best


def _state(run: Run, split: str, features: bool, status: Callable[[Run], Status]) -> tuple[str, float]:
    now = status(run)
    if now.state == "finished":
        answers = (run.folder / f"predictions-{split}.parquet").exists()
        looked = not features or (run.folder / f"embeddings-{split}.npy").exists()
        if answers and looked:
            return FINISHED, 1.0
        return (RESUMABLE, 1.0) if checkpoints.saved_steps(run.folder) else (MISSING, 0.0)  # its predictions are gone
    done = min(1.0, now.step / now.total_steps) if now.total_steps else 0.0
    return (ACTIVE if now.active else RESUMABLE), done


def unfinished(plans: Iterable[Plan]) -> dict[str, Member]:
    """Identity -> every model of the plans that is not finished, each once."""
    return {
        _identity(member.settings): member
        for one in plans
        if not one.refused
        for member in one.members
        if member.state != FINISHED
    }


def cost(
    plans: Sequence[Plan],
    found: Sequence[Run],
    metrics: Callable[[Run], pd.DataFrame] = Run.metrics,
) -> Cost:
    """What the plans cost from here on; a run that several of them need counts once."""
    left = unfinished(plans)
    whole = {_identity(member.settings) for one in plans if not one.refused for member in one.members}
    device, photos = estimate.default_device(), plans[0].dataset.splits["train"] if plans else 0
    speeds: dict[tuple[Any, ...], float | None] = {}
    seconds, unknown = 0.0, 0
    for member in left.values():
        settings = member.settings
        kind = (settings.model, settings.image_size, settings.batch_size, settings.pretrained, settings.freeze)
        if kind not in speeds:
            measured = estimate.measured_images_per_second(settings, found, device, metrics)
            speeds[kind] = measured[0] if measured else None
        speed = speeds[kind]
        if speed:
            seconds += estimate.slow_epochs(settings) * photos * (1 - member.done) / speed
        else:
            unknown += 1
    return Cost(num_runs=len(left), num_finished=len(whole - left.keys()), seconds=seconds, num_unknown=unknown)


def batches(plans: Iterable[Plan]) -> list[Batch]:
    """What has to be started, arm by arm; a run that several plans need stands in the first."""
    taken: set[str] = set()
    made = []
    for one in plans:
        for arm in one.arms if not one.refused else ():
            left = [m for m in arm.members if m.state != FINISHED and _identity(m.settings) not in taken]
            taken |= {_identity(member.settings) for member in left}
            resumed = tuple(m.run for m in left if m.state == RESUMABLE and m.run is not None)
            new = tuple(member.settings for member in left if member.state == MISSING)
            if resumed or new:
                made.append(Batch(words=f"{one.claim.name}: {arm.arm.words}", resumed=resumed, new=new))
    return made


def start(again: Callable[[], Sequence[Plan]], *, data_dir: Path, runs_dir: Path, most: int | None = None) -> list[str]:
    """Start what is missing (at most ``most`` batches); the ids of the runs that were started or resumed.

    ``again`` makes the plans: it is asked while nobody else can start any, so that two who ask at once start each run
    once. RunError when somebody else is at it for long, and what ``launch`` raises; what was started goes on then.
    """
    rights.refuse_read_only(actions.NO_LAUNCH)
    started: list[str] = []
    try:
        with locks.hold(runs_dir / ".experiments.lock", seconds=20):
            plans = again()
            for batch in batches(plans)[:most]:
                started += _start(batch, plans[0].dataset, data_dir, runs_dir)
    except locks.Busy as busy:
        raise RunError("another experiment is being started just now; try again in a moment") from busy
    return started


def _start(batch: Batch, dataset: Dataset, data_dir: Path, runs_dir: Path) -> list[str]:
    for run in batch.resumed:
        actions.start_resume(run, data_dir=data_dir)
    started = [run.id for run in batch.resumed]
    if len(batch.new) > 1:
        return started + actions.start_seeds(dataset.id, batch.new, actions.Where(data_dir=data_dir, runs_dir=runs_dir))
    for settings in batch.new:
        started.append(actions.start_training(dataset.id, settings, data_dir=data_dir, runs_dir=runs_dir))
    return started


def collect(one: Plan, how: str = "") -> Evidence:
    """What the finished runs of a plan showed. RunError while one is missing: there is no verdict before the end.

    ``how`` is the command that trains them, where that is not the one of the report's claims."""
    how = how or one.command
    if one.refused:
        raise RunError(f"claim {one.claim.name!r} cannot be put to the test on {one.dataset.name!r}: {one.refused}")
    if not one.finished:
        left = sum(member.state != FINISHED for member in one.members)
        raise RunError(
            f"{left} of {counted(len(one.members), 'run')} of claim {one.claim.name!r} on {one.dataset.name!r} "
            f"{agree(left)} not finished; run: {how}"
        )
    return evidence.gather(
        one.claim,
        one.runs,
        one.dataset,
        one.split,
        train_counts=one.train_counts,
        missing={arm.arm.name: arm.missing for arm in one.arms if arm.missing},
        overrides=one.overrides,
        command=how,
    )
