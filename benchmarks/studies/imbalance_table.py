"""What the seeds of several ways to train say together: means, intervals, differences, and what seeds alone do.

Takes each way's confusion matrices seed by seed, as a claim's evidence has them; gives one line a way. Trains nothing
and reads no files. S seeds, at least two, the same of every way; N photos, K classes; rows true.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from scipy import special, stats

from fashion_core.metrics import seed_spread, significance

#: A way to train: its sampler and its loss.
WAYS = {
    "none": ("none", "cross_entropy"),
    "sampler": ("balanced", "cross_entropy"),
    "weighted": ("none", "weighted"),
    "both": ("balanced", "weighted"),
    "balanced_softmax": ("none", "balanced_softmax"),
    "focal": ("none", "focal"),
}
#: Ways that need no training of their own: computed from what the runs of `none` predict.
AFTER = ("logit_after", "logit_after_tau")
METRICS = ("accuracy", "mean_recall")


def thirds(counts_K: Sequence[int]) -> dict[str, np.ndarray]:
    """Class indices of the head (the largest third, rounded down), the tail (as many of the smallest) and between."""
    order, third = np.argsort(-np.asarray(counts_K), kind="stable"), len(counts_K) // 3
    return {"head": order[:third], "middle": order[third:-third], "tail": order[-third:]}


def summary(
    matrices: Mapping[str, np.ndarray],
    train_counts: Sequence[int],
    taus: Mapping[str, list[float]] | None = None,
    photos: Mapping[str, dict[str, float]] | None = None,
) -> list[dict[str, Any]]:
    """One row a way over its seeds: accuracy, mean recall, recall of the largest class and mean recall of the three
    thirds with their intervals over seeds (Student's t), and accuracy and mean recall paired seed by seed with `none`'s
    and `both`'s.

    ``photos`` has a way's ``photo_error``; with it the gains over `none` say what other seeds and other photos would
    do, else other seeds alone.
    """
    scores = {way: scores_of(matrices_SKK, train_counts) for way, matrices_SKK in matrices.items()}
    lines = []
    for way, own in scores.items():
        line: dict[str, Any] = {"way": way, "seeds": len(matrices[way])}
        line |= {name: _spread(found_S) | {"values": _rounded(found_S)} for name, found_S in own.items()}
        if taus and way in taus:
            line["tau"] = taus[way]
        for base in ("none", "both"):
            if base != way and base in scores:
                for metric in METRICS:
                    line[f"{metric}_minus_{base}"] = _spread(own[metric] - scores[base][metric])
        lines.append(line)
    for metric in METRICS:
        values = {line["way"]: line[metric]["values"] for line in lines}
        apart = {line["way"]: line[f"{metric}_minus_none"] for line in lines if f"{metric}_minus_none" in line}
        for gains in (trained_gains(values), after_gains(apart, len(values.get("none", ())))):
            for line in lines:
                if gain := gains.get(line["way"]):
                    if photos is not None:
                        gain = with_photos(gain, photos[line["way"]][metric], len(gains))
                    line[f"{metric}_against_none"] = gain
    return lines


def scores_of(matrices_SKK: np.ndarray, train_counts: Sequence[int]) -> dict[str, np.ndarray]:
    """Each score of each seed, over the classes of which photos were shown."""
    support_K = matrices_SKK[0].sum(axis=1)
    shown = np.flatnonzero(support_K)
    right_SK = np.diagonal(matrices_SKK, axis1=1, axis2=2)
    recall_SK = right_SK / np.maximum(support_K, 1)
    groups = thirds(train_counts)
    groups = {"mean_recall": shown, "largest": groups["head"][:1], **groups}
    return {"accuracy": right_SK.sum(axis=1) / support_K.sum()} | {
        name: recall_SK[:, np.intersect1d(classes, shown)].mean(axis=1) for name, classes in groups.items()
    }


def photo_error(
    none_SN: np.ndarray, way_SN: np.ndarray, labels_N: np.ndarray, paired: bool = False
) -> dict[str, float]:
    """The standard error that the choice of photos gives a way's gain over `none`: of accuracy (photos drawn at random)
    and of mean recall (drawn within each class). Both are whether each of S models was right on each photo; what a seed
    did on a single photo is taken out, and what is left below 0 is 0. ``paired``: the models are the same ones, their
    answers adjusted."""

    def variance(photos: np.ndarray) -> float:
        if len(photos) < 2:
            raise ValueError("a class has a single photo to be scored on, which has no spread")
        if not paired:
            return float(significance.variance_over_photos(none_SN[:, photos], way_SN[:, photos], signed=True))
        gain_SN = way_SN[:, photos].astype(float) - none_SN[:, photos]
        of_seeds = gain_SN.var(axis=0, ddof=1).mean() / len(gain_SN) if len(gain_SN) > 1 else 0.0
        return float((gain_SN.mean(axis=0).var(ddof=1) - of_seeds) / len(photos))

    classes = [np.flatnonzero(labels_N == label) for label in np.unique(labels_N)]
    found = {
        "accuracy": variance(np.arange(len(labels_N))),
        "mean_recall": sum(map(variance, classes)) / len(classes) ** 2,
    }
    return {metric: math.sqrt(max(one, 0.0)) for metric, one in found.items()}


def with_photos(gain: dict[str, float], error: float, num_ways: int) -> dict[str, float]:
    """A gain whose interval over seeds is widened by the photos' own, which holds for ``num_ways`` at once as well
    (normal, Bonferroni): half-widths added in squares, as ``differences.seeded_difference`` does for two recipes."""
    reach = float(special.ndtri(1 - 0.025 / num_ways)) * error
    low, high = (
        gain["mean"] + side * math.hypot(gain["mean"] - gain[end], reach) for side, end in ((-1, "low"), (1, "high"))
    )
    return _gain(gain["mean"], low, high) | {"photos": round(error, 6)}


def trained_gains(values: Mapping[str, list[float]]) -> dict[str, dict[str, float]]:
    """Each trained way's mean minus that of `none` with intervals that hold for all of them together at 95 % (Dunnett,
    1955: several treatments, one control, independent seeds, one spread for all)."""
    ways = [way for way in values if way in WAYS and way != "none"]
    if "none" not in values or not ways:
        return {}
    found = stats.dunnett(*(values[way] for way in ways), control=values["none"], rng=np.random.default_rng(0))
    ends = found.confidence_interval(0.95)
    control = float(np.mean(values["none"]))
    return {
        way: _gain(float(np.mean(values[way])) - control, float(low), float(high))
        for way, low, high in zip(ways, ends.low, ends.high, strict=True)
    }


def after_gains(apart: Mapping[str, dict[str, float]], num_seeds: int) -> dict[str, dict[str, float]]:
    """The same for the ways that adjust the answers of the runs of `none` themselves: their differences are paired seed
    by seed (``apart``: mean and sd), Student's t with Bonferroni's share of the 5 % for each of them."""
    ways = [way for way in AFTER if way in apart]
    if not ways:
        return {}
    reach = float(special.stdtrit(num_seeds - 1, 1 - 0.025 / len(ways))) / math.sqrt(num_seeds)
    return {
        way: _gain(apart[way]["mean"], *(apart[way]["mean"] + side * reach * apart[way]["sd"] for side in (-1, 1)))
        for way in ways
    }


def _gain(mean: float, low: float, high: float) -> dict[str, float]:
    return {"mean": round(mean, 6), "low": round(low, 4), "high": round(high, 4)}


def noise(table: list[dict[str, Any]], metric: str = "accuracy") -> dict[str, float]:
    """How far seeds alone move a score, from all ways that were trained: one SD with its degrees of freedom, and the
    difference of two means that is more than seeds (t, 5 %, two-sided)."""
    groups = [line[metric]["values"] for line in table if line["way"] in WAYS]
    pooled = seed_spread.pooled_sd(groups)
    assert pooled is not None, "every way has two seeds or more"
    sd, df = pooled
    seeds = len(groups[0])
    beyond = float(special.stdtrit(df, 0.975)) * sd * (2 / seeds) ** 0.5
    return {"sd": round(sd, 6), "df": df, "seeds": seeds, "beyond": round(beyond, 6)}


def _rounded(values_S: np.ndarray) -> list[float]:
    return [round(float(value), 6) for value in values_S]


def _spread(values_S: np.ndarray) -> dict[str, float]:
    spread = seed_spread.spread_of(values_S.tolist())
    numbers = {"mean": spread.mean.value, "sd": spread.sd, "low": spread.mean.low, "high": spread.mean.high}
    return {name: round(value, 6) for name, value in numbers.items()}


def print_table(table: list[dict[str, Any]], for_photos: bool) -> None:
    """A way a line, as Markdown."""
    print("| way | seeds | accuracy, mean [95 %] ± SD | each seed | mean recall | largest | head | middle | tail "
          f"| mean recall minus none, all ways at once, other seeds{' and photos' * for_photos} "
          "| accuracy minus both |\n"
          "|---|---|---|---|---|---|---|---|---|---|---|")  # fmt: skip
    for line in table:
        own = line["accuracy"]
        cells = [line["way"] + (f" (tau {', '.join(f'{tau:g}' for tau in line['tau'])})" if "tau" in line else ""),
                 str(line["seeds"]), f"{_words(own)} ± {own['sd']:.3f}",
                 " / ".join(f"{value:.3f}" for value in own["values"]), f"{line['mean_recall']['mean']:.3f}",
                 *(f"{line[name]['mean']:.3f}" for name in ("largest", "head", "middle", "tail"))]  # fmt: skip
        for name in ("mean_recall_against_none", "accuracy_minus_both"):
            cells.append(_words(line[name], "+") if name in line else "")
        print("| " + " | ".join(cells) + " |")
    seeds = noise(table)
    print(f"Seeds alone: SD {seeds['sd']:.4f} over all ways (df {seeds['df']}); means of {seeds['seeds']} seeds "
          f"that differ by more than {seeds['beyond']:.3f} differ by more than seeds do")  # fmt: skip


def _words(score: dict[str, float], sign: str = "") -> str:
    """0.845 [0.840, 0.850]"""
    return f"{score['mean']:{sign}.3f} [{score['low']:{sign}.3f}, {score['high']:{sign}.3f}]"
