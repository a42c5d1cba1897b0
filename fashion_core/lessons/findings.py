"""What a lesson's finished runs show: shares with intervals, differences, curves. Takes runs, gives numbers; no torch.

Every number is computed from the runs' own predictions at each call. ``numbers()`` of a finding is what the expected
ranges of the teacher's notes are made of. K classes.
"""

import itertools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from fashion_core.compare import comparison as compare_comparison
from fashion_core.compare import sides
from fashion_core.compare.comparison import Comparison
from fashion_core.data import planted_copies
from fashion_core.data.audit import audit
from fashion_core.data.sources import drawn
from fashion_core.errors import RunError
from fashion_core.lessons import datasets, plans
from fashion_core.metrics import leakage, seed_spread, significance
from fashion_core.metrics.intervals import Estimate
from fashion_core.metrics.leakage import LeakScores, Share
from fashion_core.metrics.seed_spread import Spread
from fashion_core.metrics.significance import Difference
from fashion_core.runs.runs import Run

GROUP = 5  # classes that count as the rarest, and as the commonest
Z95 = 1.959964


@dataclass(frozen=True, kw_only=True, eq=False)
class Imbalance:
    """``classes``: label, train (photos), n, plain, balanced (right ones), the commonest class first.

    ``overall``, ``common`` and ``rare`` hold a Share for each part; ``gain`` is what balancing adds to the rare ones,
    ``as_train`` what the accuracy would be on a test set with train's class shares.
    """

    classes: pd.DataFrame
    overall: dict[str, Share]
    common: dict[str, Share]
    rare: dict[str, Share]
    gain: Difference
    as_train: dict[str, Estimate]

    def numbers(self) -> dict[str, float]:
        told: dict[str, float] = {}
        for name, group in (("overall", self.overall), ("common", self.common), ("rare", self.rare)):
            told |= {f"{name}_{part}": share.accuracy for part, share in group.items()}
        return told


@dataclass(frozen=True, kw_only=True, eq=False)
class Augmentation:
    """``train`` and ``test`` hold a Share for each part, ``curves`` its epoch, train_loss, val_loss; ``gain`` is what
    augmenting adds on test."""

    train: dict[str, Share]
    test: dict[str, Share]
    curves: dict[str, pd.DataFrame]
    gain: Difference

    def gap(self, part: str) -> float:
        """Accuracy on the photos it learnt from, minus that on new ones, as a share."""
        return self.train[part].accuracy - self.test[part].accuracy

    def gap_of(self, part: str) -> Difference:
        """The gap with its interval: two proportions of different photos."""
        new, learnt = self.test[part], self.train[part]
        return significance.independent_difference(new.right, new.n, learnt.right, learnt.n)

    def numbers(self) -> dict[str, float]:
        told = {f"train_{part}": share.accuracy for part, share in self.train.items()}
        told |= {f"test_{part}": share.accuracy for part, share in self.test.items()}
        return told | {f"gap_{part}": self.gap(part) for part in self.train}


@dataclass(frozen=True, kw_only=True, eq=False)
class Leakage:
    """``leaky`` and ``clean``: accuracy of the two models with and without the photos that leaked; ``num_found`` is
    how many of the ``num_planted`` copies the audit found, ``gain`` what the copies add on all test photos."""

    leaky: LeakScores
    clean: LeakScores
    gain: Difference
    num_planted: int
    num_found: int

    def numbers(self) -> dict[str, float]:
        told: dict[str, float] = {}
        for part, scores in (("leaky", self.leaky), ("clean", self.clean)):
            told[f"everything_{part}"] = scores.everything.accuracy
            told[f"leaked_{part}"] = scores.leaked.accuracy
            told[f"kept_{part}"] = scores.kept.accuracy
        return told | {"gain": float(self.gain.value)}


@dataclass(frozen=True, kw_only=True, eq=False)
class Shortcuts:
    """``own``: accuracy before the class's own background (val), ``swapped``: of the same garments before another
    (test), ``followed``: how often the answer to a swapped photo is the class whose background it shows; each a Share
    for each part. ``fall`` is swapped minus own of the first model, garment by garment.

    ``garments``: garment, label, own_id, swapped_id, place, owner (whose background it is), own_said, swapped_said of
    the first model, swapped_sure.
    """

    own: dict[str, Share]
    swapped: dict[str, Share]
    followed: dict[str, Share]
    fall: Difference
    garments: pd.DataFrame

    def numbers(self) -> dict[str, float]:
        told: dict[str, float] = {}
        for name, group in (("own", self.own), ("swapped", self.swapped), ("followed", self.followed)):
            told |= {f"{name}_{part}": share.accuracy for part, share in group.items()}
        return told


@dataclass(frozen=True, kw_only=True, eq=False)
class Luck:
    """Several trainings of one recipe. ``models``: a Share for each; ``spread`` over them; ``lowest`` and ``highest``
    name two of them, ``comparison`` is the second of those against the first; ``num_pairs`` of all and ``num_unequal``
    with a McNemar p below 0.05."""

    models: dict[str, Share]
    spread: Spread
    lowest: str
    highest: str
    comparison: Comparison
    num_pairs: int
    num_unequal: int

    @property
    def gap(self) -> float:
        """Best minus worst, as a share."""
        return self.models[self.highest].accuracy - self.models[self.lowest].accuracy

    def numbers(self) -> dict[str, float]:
        paired = self.comparison.paired
        return {
            "mean": self.spread.mean.value,
            "sd": self.spread.sd,
            "gap": self.gap,
            "unequal_pairs": self.num_unequal / self.num_pairs,
            "mcnemar_p": float(paired.p_value) if paired else 1.0,
        }


Finding = Imbalance | Augmentation | Leakage | Shortcuts | Luck


def find(lesson: str, runs: Mapping[str, Run], data_dir: Path) -> Finding:
    """What the finished runs of a lesson show; RunError when a dataset or an audit that it needs is not here."""
    if lesson == "imbalance":
        return imbalance(runs["plain"], runs["balanced"])
    if lesson == "augmentation":
        return augmentation(runs["plain"], runs["augmented"])
    if lesson == "leakage":
        data = datasets.find(plans.LEAKY, data_dir)
        found = audit.load(data) if data else None
        if found is None:
            raise RunError(
                "the audit of the lesson's photos is not here, so what leaked is not known; run: "
                "python -m fashion_core lesson leakage"
            )
        names = data.manifest(["image_id"])["image_id"] if data else pd.Series(dtype=str)
        planted = int(names.str.endswith(planted_copies.ENDING).sum())
        return leaks(runs["leaky"], runs["clean"], found.findings(), planted)
    if lesson == "shortcuts":
        return shortcuts(runs["own"], runs["mixed"])
    return luck(list(runs.values()))


def share_of(frame: pd.DataFrame) -> Share:
    """How many of these predictions (label, predicted) are right."""
    return Share(int((frame["label"] == frame["predicted"]).sum()), len(frame))


def imbalance(plain: Run, balanced: Run) -> Imbalance:
    """Of two models trained on the same long-tailed photos."""
    counts_K = plain.train_counts
    if counts_K is None:
        raise RunError(f"run {plain.id!r} does not say how many training photos each class had; train it again")
    order = np.argsort(-counts_K, kind="stable")
    labels = [plain.classes[k] for k in order]
    answers = {"plain": plain.predictions("test"), "balanced": balanced.predictions("test")}
    rows = []
    for k in order:
        label = plain.classes[k]
        of_class = {part: share_of(frame[frame["label"] == label]) for part, frame in answers.items()}
        rows.append((label, int(counts_K[k]), of_class["plain"].n, of_class["plain"].right, of_class["balanced"].right))
    common, rare = labels[:GROUP], labels[-GROUP:]

    def over(names: Iterable[str]) -> dict[str, Share]:
        wanted = list(names)
        return {part: share_of(frame[frame["label"].isin(wanted)]) for part, frame in answers.items()}

    of_rare = [frame[frame["label"].isin(rare)] for frame in answers.values()]
    return Imbalance(
        classes=pd.DataFrame(rows, columns=["label", "train", "n", "plain", "balanced"]),
        overall=over(labels),
        common=over(common),
        rare=over(rare),
        gain=paired(*of_rare),
        as_train={part: weighted(rows, place) for place, part in enumerate(answers, 3)},
    )


def weighted(rows: list[tuple[str, int, int, int, int]], place: int) -> Estimate:
    """Accuracy if classes were as frequent as in train: the mean of recalls weighted by the training photos.

    A stratified proportion, Cochran (1977), "Sampling techniques", section 5.11, with the variance of each stratum from
    Wilson's centre, (right + 2) / (n + 4), so that a class with none right has one too.
    """
    weights = np.array([row[1] for row in rows], dtype=np.float64)
    weights /= weights.sum()
    n, right = (np.array([row[column] for row in rows], dtype=np.float64) for column in (2, place))
    value = float((weights * right / n).sum())
    centre = (right + 2) / (n + 4)
    half = Z95 * float(np.sqrt((weights**2 * centre * (1 - centre) / (n + 4)).sum()))
    return Estimate(value, value - half, value + half).within(0.0, 1.0)


def paired(first: pd.DataFrame, second: pd.DataFrame) -> Difference:
    """Second minus first over the photos that both were asked about (image_id, label, predicted)."""
    both = first.merge(second, on="image_id", suffixes=("_first", "_second"), validate="one_to_one")
    right_first = (both["label_first"] == both["predicted_first"]).to_numpy()
    right_second = (both["label_second"] == both["predicted_second"]).to_numpy()
    n10, n01 = int((right_first & ~right_second).sum()), int((~right_first & right_second).sum())
    return significance.paired_difference(n10, n01, len(both))


def augmentation(plain: Run, augmented: Run) -> Augmentation:
    """Of two models trained on the same few photos."""
    both = {"plain": plain, "augmented": augmented}
    curves = {}
    for part, run in both.items():
        frame = run.metrics()
        curves[part] = frame.loc[frame["kind"] == "epoch", ["epoch", "train_loss", "val_loss"]].reset_index(drop=True)
    return Augmentation(
        train={part: share_of(run.predictions("train")) for part, run in both.items()},
        test={part: share_of(run.predictions("test")) for part, run in both.items()},
        curves=curves,
        gain=paired(plain.predictions("test"), augmented.predictions("test")),
    )


def leaks(leaky: Run, clean: Run, findings: pd.DataFrame, num_planted: int) -> Leakage:
    """Of a model that saw copies of test photos and one that did not, by what an audit of the former's photos found.

    Only exact copies count as found: garments drawn alike by chance are no planted ones.
    """
    exact = findings[(findings["kind"] == "leak") & (findings["cause"] == "exact")]
    exact = exact[(exact["split"] == "test") & (exact["other_split"] == "train")]
    return Leakage(
        leaky=leakage.with_and_without(leaky.predictions("test"), exact),
        clean=leakage.with_and_without(clean.predictions("test"), exact),
        gain=paired(clean.predictions("test"), leaky.predictions("test")),
        num_planted=num_planted,
        num_found=int(exact["image_id"].nunique()),
    )


def shortcuts(own: Run, mixed: Run) -> Shortcuts:
    """Of a model whose training photos showed each class before its own background, and one with all mixed."""
    both = {"own": own, "mixed": mixed}
    owner_of = {place: label for label, place in drawn.PLACES.items()}
    held = {part: placed(run.predictions("val")) for part, run in both.items()}
    moved = {part: placed(run.predictions("test")) for part, run in both.items()}
    followed = {
        part: Share(int((frame["predicted"] == frame["place"].map(owner_of)).sum()), len(frame))
        for part, frame in moved.items()
    }
    sure = [name for name in moved["own"].columns if name.startswith("p_")]
    pairs = held["own"].merge(moved["own"], on="garment", suffixes=("_own", "_swapped"), validate="one_to_one")
    garments = pd.DataFrame(
        {
            "garment": pairs["garment"],
            "label": pairs["label_own"],
            "own_id": pairs["image_id_own"],
            "swapped_id": pairs["image_id_swapped"],
            "place": pairs["place_swapped"],
            "owner": pairs["place_swapped"].map(owner_of),
            "own_said": pairs["predicted_own"],
            "swapped_said": pairs["predicted_swapped"],
            "swapped_sure": pairs[[f"{name}_swapped" for name in sure]].max(axis=1),
        }
    )
    right_own, right_swapped = (garments["label"] == garments[f"{name}_said"] for name in ("own", "swapped"))
    return Shortcuts(
        own={part: share_of(frame) for part, frame in held.items()},
        swapped={part: share_of(frame) for part, frame in moved.items()},
        followed=followed,
        fall=significance.paired_difference(
            int((right_own & ~right_swapped).sum()), int((~right_own & right_swapped).sum()), len(garments)
        ),
        garments=garments,
    )


def placed(frame: pd.DataFrame) -> pd.DataFrame:
    """Predictions with ``garment`` and ``place``, both read from the image_id: split/label/number-place.jpg."""
    parts = frame["image_id"].str.extract(r"^[a-z]+/(?P<garment>[a-z_]+/\d+)-(?P<place>[a-z]+)\.jpg$")
    if parts.isna().to_numpy().any():
        raise RunError("these predictions are not of the drawn places: an image_id names no garment and no place")
    return frame.assign(garment=parts["garment"], place=parts["place"])


def luck(runs: list[Run]) -> Luck:
    """Of several trainings of one recipe, in the order given."""
    answers = {run.id: run.predictions("test") for run in runs}
    models = {name: share_of(frame) for name, frame in answers.items()}
    order = sorted(models, key=lambda name: models[name].right)
    unequal = [
        float(paired(answers[one], answers[other]).p_value) < significance.LEVEL
        for one, other in itertools.combinations(answers, 2)
    ]
    by_name = {run.id: run for run in runs}
    low, high = (sides.side_of_run(by_name[name], name_words(name)) for name in (order[0], order[-1]))
    return Luck(
        models=models,
        spread=seed_spread.spread_of([share.accuracy for share in models.values()]),
        lowest=order[0],
        highest=order[-1],
        comparison=compare_comparison.compare(low, high, "test"),
        num_pairs=len(unequal),
        num_unequal=sum(unequal),
    )


def name_words(part: str) -> str:
    """``model-3`` -> ``model 3``"""
    return part.replace("-", " ")


def document(finding: Finding) -> dict[str, Any]:
    """The finding's numbers, rounded, as a command prints them."""
    return {name: round(value, 4) for name, value in finding.numbers().items()}
