"""What the finished runs of an experiment showed, in numbers small enough to keep with the program.

Takes the runs of each arm; gives Evidence: matrices seed by seed, and what cannot be had from them, the variance over
photos of each comparison. Judges nothing (``claim_verdicts`` does). S seeds, N photos, K classes; rows true.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from fashion_core.claims import features as claim_features
from fashion_core.claims.definitions import ACCURACY, GROUPS, LARGEST, MEASURES, RARE, Arm, Claim, Contrast
from fashion_core.compare import predictions, sides
from fashion_core.compare.predictions import Answers
from fashion_core.data.datasets import Dataset
from fashion_core.errors import RunError
from fashion_core.labels import listed
from fashion_core.metrics import logit_adjustment
from fashion_core.metrics.significance import variance_over_photos
from fashion_core.runs.record import TrainedOn
from fashion_core.runs.runs import Run, label_indices
from fashion_core.runs.summary import Summary
from fashion_core.settings import recipes

#: What evidence says of the dataset it is from.
DATASET_FIELDS = ("id", "name", "fingerprint", "synthetic", "kind", "bring", "splits")


@dataclass(frozen=True, kw_only=True, eq=False)
class Seeds:
    """The trained models of an arm, in the order of their seeds. ``settings``: the flags of ``train`` without the seed;
    ``matrices_SKK``: int64 counts; ``seconds``: of training steps."""

    settings: str
    seeds: tuple[int, ...]
    run_ids: tuple[str, ...]
    seconds: tuple[float, ...]
    matrices_SKK: np.ndarray

    def values(self, measure: str, train_counts: Sequence[int]) -> np.ndarray:
        """A measure of each model, float64 S, over the classes that were shown; NaN where none of its were."""
        if measure in (RARE, LARGEST):
            asked = rarest(train_counts) if measure == RARE else np.array([largest(train_counts)])
            shown = asked[self.shown_K[asked]]
            right_SK, of_SK = np.diagonal(self.matrices_SKK, axis1=1, axis2=2), self.matrices_SKK.sum(axis=2)
            if not len(shown):
                return np.full(len(self.seeds), np.nan)
            return (right_SK[:, shown] / of_SK[:, shown]).mean(axis=1)
        return np.trace(self.matrices_SKK, axis1=1, axis2=2) / self.matrices_SKK.sum(axis=(1, 2))

    @property
    def shown_K(self) -> np.ndarray:
        """Whether the models were asked about photos of each class, bool K."""
        return self.matrices_SKK[0].sum(axis=1) > 0


@dataclass(frozen=True, kw_only=True, eq=False)
class Evidence:
    """Everything that a verdict on one claim rests on. ``variances``: of the mean difference over photos, by
    ``key_of`` the comparison. ``missing``: why an optional arm is not there. ``features``: of ``clusters`` alone."""

    claim: str
    dataset: TrainedOn
    split: str
    classes: tuple[str, ...]
    train_counts: tuple[int, ...]
    arms: dict[str, Seeds]
    variances: dict[str, float]
    missing: dict[str, str] = field(default_factory=dict)
    features: tuple[dict[str, Any], ...] = ()
    overrides: tuple[str, ...] = ()
    about: dict[str, Any] = field(default_factory=dict)  # date, command, versions, devices

    @property
    def n(self) -> int:
        """Photos that every model was asked about."""
        return int(next(iter(self.arms.values())).matrices_SKK[0].sum())

    @property
    def absent(self) -> list[str]:
        """The classes of which the split has no photos: nothing is said of them."""
        shown_K = next(iter(self.arms.values())).shown_K
        return [name for name, shown in zip(self.classes, shown_K, strict=True) if not shown]

    @property
    def num_seeds(self) -> int:
        """Of the arm that has fewest."""
        return min(len(arm.seeds) for arm in self.arms.values())


def key_of(contrast: Contrast) -> str:
    return f"{contrast.first} {contrast.second} {contrast.measure}"


def rarest(train_counts: Sequence[int]) -> np.ndarray:
    """The third of the classes (at least one) with the fewest training photos, int64."""
    order = np.argsort(np.asarray(train_counts), kind="stable")
    return np.sort(order[: max(1, len(order) // 3)])


def largest(train_counts: Sequence[int]) -> int:
    """The class with the most training photos."""
    return int(np.argmax(train_counts))


def split_of(splits: Mapping[str, int], asked: str | None = None) -> str:
    """The split that is judged: the one asked for, else test, else val. RunError where it has no photos."""
    split = asked or next((name for name in ("test", "val") if splits.get(name)), "test")
    if not splits.get(split):
        raise RunError(f"the dataset has no {split} photos to judge the arms on; it has {', '.join(splits) or 'none'}")
    return split


def gather(
    claim: Claim,
    members: Mapping[str, Sequence[Run]],
    dataset: Dataset,
    split: str,
    *,
    train_counts: Sequence[int],
    missing: Mapping[str, str] | None = None,
    overrides: Sequence[str] = (),
    command: str = "",
) -> Evidence:
    """Read what the runs of each trained arm answered. RunError where predictions are missing or do not fit together,
    and where the split has no photos of the classes that the claim is about; other absent classes are left out."""
    classes = dataset.classes
    said = answers(claim, members, split, classes, train_counts)
    arms = {
        arm.name: _seeds(arm, _by_seed(members[arm.after or arm.name]), said[arm.name], len(classes))
        for arm in claim.arms
        if arm.name in said
    }
    for measure in claim.measures:
        if not np.isfinite(next(iter(arms.values())).values(measure, train_counts)).all():
            asked = rarest(train_counts) if measure == RARE else [largest(train_counts)]
            raise RunError(
                f"claim {claim.name!r} is about the {MEASURES[measure]}, and {split} has no photos of "
                f"{listed([classes[k] for k in asked])}; judge it on a split or photos that have some"
            )
    variances = {
        key_of(one): _variance(said[one.first], said[one.second], one.measure, train_counts)
        for one in claim.contrasts
        if one.first in said and one.second in said
    }
    groups = [claim_features.measure(run, split) for run in members[claim.arms[0].name]] if claim.kind == GROUPS else []
    return Evidence(
        claim=claim.name,
        dataset=TrainedOn.of(dataset),
        split=split,
        classes=classes,
        train_counts=tuple(int(count) for count in train_counts),
        arms=arms,
        variances=variances,
        missing=dict(missing or {}),
        features=tuple(groups),
        overrides=tuple(overrides),
        about={**_about([run for runs_ in members.values() for run in runs_]), "command": command},
    )


def answers(
    claim: Claim,
    members: Mapping[str, Sequence[Run]],
    split: str,
    classes: Sequence[str],
    train_counts: Sequence[int],
) -> dict[str, Answers]:
    """What the models of each arm whose runs are there said, in the order of their seeds, of the same photos in one
    order. RunError where predictions are missing or do not fit together."""
    said: dict[str, Answers] = {}
    for arm in claim.arms:
        from_arm = arm.after or arm.name
        if from_arm not in members:
            continue
        runs_ = _by_seed(members[from_arm])
        side = sides.Side(id=arm.name, name=arm.words, kind="seeds", members=tuple(runs_))
        found = _in_order(predictions.answers_of(side, split, classes), said)
        said[arm.name] = _adjusted(arm, found, runs_, split, classes, train_counts) if arm.after else found
    return said


def _by_seed(found: Sequence[Run]) -> list[Run]:
    return sorted(found, key=lambda run: run.settings.seed)


def _in_order(found: Answers, said: Mapping[str, Answers]) -> Answers:
    """The answers in the order of photos of the arms before; all were asked about one dataset's split."""
    if not said:
        return found
    before = next(iter(said.values()))
    rows = found.image_id.get_indexer(before.image_id)
    if len(rows) != len(found.image_id) or (rows < 0).any():
        raise RunError("the arms were asked about different photos; evaluate their runs on one dataset")
    return found.take(rows)


def tau_of(arm: Arm, run: Run, counts_K: Sequence[int]) -> float:
    """How strongly an arm adjusts the answers of a run: as the arm says, or as the run's validation photos do."""
    if arm.tau is not None:
        return arm.tau
    frame = run.predictions("val")
    shares_NK = frame[[f"p_{name}" for name in run.classes]].to_numpy(np.float64)
    labels_N = label_indices(frame["label"], run.classes)
    return logit_adjustment.best_tau(labels_N, shares_NK, np.asarray(counts_K))


def _adjusted(
    arm: Arm, found: Answers, runs_: Sequence[Run], split: str, classes: Sequence[str], counts_K: Sequence[int]
) -> Answers:
    """What the same models say after logit adjustment."""
    predicted, sure = [], []
    for run in runs_:
        frame = run.predictions(split)
        rows = pd.Index(frame["image_id"]).get_indexer(found.image_id)
        shares_NK = frame[[f"p_{name}" for name in classes]].to_numpy(np.float64)[rows]
        shares_NK = logit_adjustment.adjusted(shares_NK, np.asarray(counts_K), tau_of(arm, run, counts_K))
        predicted.append(shares_NK.argmax(axis=1))
        sure.append(shares_NK.max(axis=1))
    return Answers(
        image_id=found.image_id, label_N=found.label_N, predicted_SN=np.stack(predicted), sure_SN=np.stack(sure)
    )


def _seeds(arm: Arm, runs_: Sequence[Run], said: Answers, K: int) -> Seeds:
    cells_SN = said.label_N * K + said.predicted_SN
    return Seeds(
        settings=flags_of(runs_[0]) + (", adjusted afterwards" if arm.after else ""),
        seeds=tuple(run.settings.seed for run in runs_),
        run_ids=tuple(run.id for run in runs_),
        seconds=tuple(round(float((run.summary() or Summary()).seconds or 0), 1) for run in runs_),
        matrices_SKK=np.stack([np.bincount(cells_N, minlength=K * K).reshape(K, K) for cells_N in cells_SN]),
    )


def flags_of(run: Run) -> str:
    """The flags of ``train`` that make the run again, but for its seed and its machine."""
    words = recipes.to_flags(run.settings).split(" --set ")
    return " --set ".join(word for word in words if word.partition("=")[0] not in sides.NOT_THE_RECIPE)


def _variance(first: Answers, second: Answers, measure: str, train_counts: Sequence[int]) -> float:
    """Variance over photos of the difference of a measure. Classes are strata: their variances add up.

    At least that of one photo changing sides: where two arms answered every photo alike, so would not every new one.
    """
    every = np.ones(len(first.label_N), bool)
    own = {RARE: [first.label_N == k for k in rarest(train_counts)], LARGEST: [first.label_N == largest(train_counts)]}
    strata = [every] if measure == ACCURACY else own[measure]
    each = [
        max(float(variance_over_photos(first.right_SN[:, rows], second.right_SN[:, rows])), float(rows.sum()) ** -2)
        for rows in strata
        if rows.any()
    ]
    return sum(each) / len(strata) ** 2


def _about(found: Sequence[Run]) -> dict[str, Any]:
    """When the newest run was made, and with what."""
    versions = {name: sorted({str(run.record.versions.get(name)) for run in found if run.record.versions})
                for name in ("vastra-lab", "python", "torch")}  # fmt: skip
    devices = sorted({str((run.summary() or Summary()).device) for run in found})
    return {"date": max(run.created for run in found)[:10], "versions": versions, "devices": devices}
