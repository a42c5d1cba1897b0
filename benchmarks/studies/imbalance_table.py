"""What the seeds of several ways to train say together: means, intervals, differences, and what seeds alone do.

Takes rows as ``imbalance.py`` keeps them (way, seed, split, n, accuracy, recall of each class, train_counts); gives
one line a way. Trains nothing and reads no files.
"""

import math
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
#: The ways that the lab's own sentence sets side by side.
CORE = ("none", "sampler", "weighted", "both")
#: Ways that need no training of their own: computed from what the runs of `none` predict.
AFTER = ("logit_after", "logit_after_tau")


def thirds(counts_K: list[int]) -> dict[str, np.ndarray]:
    """Class indices of the head (the largest third, rounded down), the tail (as many of the smallest) and between."""
    order, third = np.argsort(-np.asarray(counts_K), kind="stable"), len(counts_K) // 3
    return {"head": order[:third], "middle": order[third:-third], "tail": order[-third:]}


def summary(
    rows: list[dict[str, Any]],
    bases: tuple[str, ...] = ("none", "both"),
    photos: dict[str, dict[str, float]] | None = None,
) -> list[dict[str, Any]]:
    """One row a way over its seeds: accuracy, mean recall, recall of the largest class and mean recall of the three
    thirds with their intervals over seeds (Student's t), and the accuracy paired seed by seed with the ``bases``'.

    ``photos`` has a way's ``photo_error``; with it the gains over `none` say what other seeds and other photos would
    do, else other seeds alone.
    """
    by_way: dict[str, dict[int, dict[str, Any]]] = {}
    for row in rows:
        by_way.setdefault(row["way"], {})[row["seed"]] = row
    told = []
    for way in [name for name in [*WAYS, *AFTER] if name in by_way]:
        found = by_way[way]
        groups = thirds(next(iter(found.values()))["train_counts"])
        groups = {"largest": groups["head"][:1], **groups}
        values = {"accuracy": [round(row["accuracy"], 6) for row in found.values()],
                  "mean_recall": [round(_mean_recall(row), 6) for row in found.values()]}  # fmt: skip
        for name, ks in groups.items():
            values[name] = [round(float(np.mean(np.array(row["recall"])[ks])), 6) for row in found.values()]
        line: dict[str, Any] = {"way": way, "seeds": len(found)}
        line |= {name: _spread(numbers) | {"values": numbers} for name, numbers in values.items()}
        if "tau" in next(iter(found.values())):
            line["tau"] = [row["tau"] for row in found.values()]
        for base in bases:
            shared = sorted(set(found) & set(by_way.get(base, {})))
            if base != way and shared:
                for metric, of in (("accuracy", lambda row: row["accuracy"]), ("mean_recall", _mean_recall)):
                    line[f"{metric}_minus_{base}"] = _spread([of(found[s]) - of(by_way[base][s]) for s in shared])
        told.append(line)
    for metric in ("accuracy", "mean_recall"):
        values = {line["way"]: line[metric]["values"] for line in told}
        apart = {line["way"]: line[f"{metric}_minus_none"] for line in told if f"{metric}_minus_none" in line}
        for gains in (trained_gains(values), after_gains(apart, len(values.get("none", ())))):
            for line in told:
                if gain := gains.get(line["way"]):
                    if photos is not None:
                        gain = with_photos(gain, photos[line["way"]][metric], len(gains))
                    line[f"{metric}_against_none"] = gain
    return told


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


def trained_gains(values: dict[str, list[float]]) -> dict[str, dict[str, float]]:
    """Each trained way's mean minus that of `none` with intervals that hold for all of them together at 95 % (Dunnett,
    1955: several treatments, one control, independent seeds, one spread for all). A way of one seed is left out."""
    several = {way: found for way, found in values.items() if way in WAYS and len(found) > 1}
    ways = [way for way in several if way != "none"]
    if "none" not in several or not ways:
        return {}
    found = stats.dunnett(*(several[way] for way in ways), control=several["none"], rng=np.random.default_rng(0))
    ends = found.confidence_interval(0.95)
    control = float(np.mean(several["none"]))
    return {
        way: _gain(float(np.mean(several[way])) - control, float(low), float(high))
        for way, low, high in zip(ways, ends.low, ends.high, strict=True)
    }


def after_gains(apart: dict[str, dict[str, float]], num_seeds: int) -> dict[str, dict[str, float]]:
    """The same for the ways that adjust the answers of the runs of `none` themselves: their differences are paired seed
    by seed (``apart``: mean and sd), Student's t with Bonferroni's share of the 5 % for each of them."""
    ways = [way for way in AFTER if way in apart]
    if not ways or num_seeds < 2:
        return {}
    reach = float(special.stdtrit(num_seeds - 1, 1 - 0.025 / len(ways))) / math.sqrt(num_seeds)
    return {
        way: _gain(apart[way]["mean"], *(apart[way]["mean"] + side * reach * apart[way]["sd"] for side in (-1, 1)))
        for way in ways
    }


def _gain(mean: float, low: float, high: float) -> dict[str, float]:
    return {"mean": round(mean, 6), "low": round(low, 4), "high": round(high, 4)}


def noise(table: list[dict[str, Any]], metric: str = "accuracy") -> dict[str, float] | None:
    """How far seeds alone move a score, from all ways that were trained: one SD with its degrees of freedom, and the
    difference of two means that is more than seeds (t, 5 %, two-sided); None of single seeds."""
    groups = [line[metric]["values"] for line in table if line["way"] in WAYS]
    pooled = seed_spread.pooled_sd(groups)
    if pooled is None:
        return None
    sd, df = pooled
    fewest = min(len(group) for group in groups)
    beyond = float(special.stdtrit(df, 0.975)) * sd * (2 / fewest) ** 0.5
    return {"sd": round(sd, 6), "df": df, "seeds": fewest, "beyond": round(beyond, 6)}


def _mean_recall(row: dict[str, Any]) -> float:
    return float(np.mean(row["recall"]))


def _spread(numbers: list[float]) -> dict[str, float]:
    found = seed_spread.spread_of(numbers)
    told = {"mean": found.mean.value, "sd": found.sd, "low": found.mean.low, "high": found.mean.high}
    return {name: None if math.isnan(value) else round(value, 6) for name, value in told.items()}


def print_table(
    name: str, size: str, epochs: int, rows: list[dict[str, Any]], photos: dict[str, dict[str, float]] | None
) -> None:
    """What the rows say, a way a line, as Markdown."""
    counts = sorted(rows[0]["train_counts"], reverse=True)
    print(f"{name}, {rows[0]['split']}, n {rows[0]['n']:,}; train {counts[0]:,} to {counts[-1]:,} a class "
          f"({counts[0] / counts[-1]:.1f} : 1), {sum(counts):,} in all; {size} px, "
          f"{epochs} epochs")  # fmt: skip
    table = summary(rows, photos=photos)
    print("| way | seeds | accuracy, mean [95 %] ± SD | each seed | mean recall | largest | head | middle | tail "
          f"| mean recall minus none, all ways at once, other seeds{' and photos' * (photos is not None)} "
          "| accuracy minus both |\n"
          "|---|---|---|---|---|---|---|---|---|---|---|")  # fmt: skip
    for line in table:
        own = line["accuracy"]
        cells = [line["way"] + (f" (tau {', '.join(f'{tau:g}' for tau in line['tau'])})" if "tau" in line else ""),
                 str(line["seeds"]), _told(own) + ("" if own["sd"] is None else f" ± {own['sd']:.3f}"),
                 " / ".join(f"{value:.3f}" for value in own["values"]), f"{line['mean_recall']['mean']:.3f}",
                 *(f"{line[name]['mean']:.3f}" for name in ("largest", "head", "middle", "tail"))]  # fmt: skip
        for name in ("mean_recall_against_none", "accuracy_minus_both"):
            cells.append(_told(line[name], "+") if name in line else "")
        print("| " + " | ".join(cells) + " |")
    found = noise(table)
    if found:
        print(f"Seeds alone: SD {found['sd']:.4f} over all ways (df {found['df']}); means of {found['seeds']} seeds "
              f"that differ by more than {found['beyond']:.3f} differ by more than seeds do")  # fmt: skip


def _told(found: dict[str, float | None], sign: str = "") -> str:
    """0.845 [0.840, 0.850], or the mean alone where one seed is all there is."""
    ends = "" if found["low"] is None else f" [{found['low']:{sign}.3f}, {found['high']:{sign}.3f}]"
    return f"{found['mean']:{sign}.3f}{ends}"
