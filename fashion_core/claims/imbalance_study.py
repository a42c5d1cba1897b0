"""What this project itself measured about uneven classes: the one place that its sentences take their numbers from.

Reads measured_imbalance.json, which ``benchmarks/studies/imbalance.py --save`` writes; each study in it names its
command.
"""

import functools
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fashion_core.metrics.intervals import Estimate

LONG_TAILED = "fashion-mnist-100-to-1"


@dataclass(frozen=True, kw_only=True)
class Study:
    """Several ways to meet uneven classes, each with the same seeds, on one dataset. ``ways`` are as in the file;
    ``beyond`` is how far two means of a score (accuracy, mean_recall) must lie apart to be more than the luck of
    seeds."""

    dataset: str
    name: str
    split: str
    n: int
    ratio: float
    command: str
    date: str
    synthetic: bool
    beyond: dict[str, float]
    ways: dict[str, dict[str, Any]]

    def score(self, way: str, what: str = "accuracy") -> Estimate:
        """The mean of a way's seeds; a single seed has no interval. ``what``: accuracy, mean_recall, largest (class),
        head, middle, tail, accuracy_minus_none, mean_recall_against_none and the like."""
        return Estimate.from_flat(self.ways[way][what], "mean")

    def num_seeds(self, way: str) -> int:
        return int(self.ways[way]["seeds"])


@dataclass(frozen=True, kw_only=True)
class Recommendation:
    """What a study says one should do. ``helped``: ways whose gain over doing nothing is above 0 with its whole
    interval, which holds for all ways together, the best mean first. ``alike``: those of them that the spread of seeds
    cannot tell from the best. ``harmed``: ways that lost with their whole interval."""

    helped: tuple[str, ...]
    alike: tuple[str, ...]
    harmed: tuple[str, ...]


def recommendation(study: Study, what: str = "mean_recall") -> Recommendation:
    """Judge all ways against `none` at once by ``what``, accuracy or mean_recall: Dunnett's intervals for the ways that
    were trained, paired ones with Bonferroni for answers adjusted afterwards, each family wrong in one study of twenty,
    and both widened by what other photos would do.

    Two ways are alike where their means differ by less than seeds alone move them (``noise``, t at 5 %).
    """
    gains = {
        way: study.score(way, f"{what}_against_none")
        for way, told in study.ways.items()
        if f"{what}_against_none" in told
    }
    mean = {way: study.score(way, what).value for way in gains}
    helped = tuple(sorted((way for way, gain in gains.items() if gain.low > 0), key=lambda way: -mean[way]))
    return Recommendation(
        helped=helped,
        alike=tuple(way for way in helped if mean[helped[0]] - mean[way] <= study.beyond[what]),
        harmed=tuple(way for way, gain in gains.items() if gain.high < 0),
    )


@functools.lru_cache(maxsize=1)
def studies() -> tuple[Study, ...]:
    """Every study, in the order in which they were saved."""
    told = json.loads((Path(__file__).parent / "measured_imbalance.json").read_text(encoding="utf-8"))
    return tuple(_study(one) for one in told["studies"])


def study(dataset: str = LONG_TAILED) -> Study | None:
    """The study on the dataset of that id, None when there is none."""
    return next((one for one in studies() if one.dataset == dataset), None)


def helped_on(found: tuple[Study, ...], what: str = "mean_recall") -> dict[str, tuple[int, int]]:
    """Way -> on how many of the studies it is shown to help, and how many measured it; the most frequent first."""
    advice = [(study, recommendation(study, what).helped) for study in found]
    ways = dict.fromkeys(way for study in found for way in study.ways if way != "none")
    counted = {
        way: (sum(way in helped for _, helped in advice), sum(way in study.ways for study, _ in advice)) for way in ways
    }
    return dict(sorted(counted.items(), key=lambda item: (-item[1][0] / item[1][1], -item[1][1])))


def _study(told: dict[str, Any]) -> Study:
    counts = told["train_counts"].values()
    kept = {name: told[name] for name in ("dataset", "name", "split", "n", "command", "date", "synthetic")}
    beyond = {score: noise["beyond"] for score, noise in told["noise"].items()}
    return Study(**kept, beyond=beyond, ratio=max(counts) / min(counts), ways={way["way"]: way for way in told["ways"]})
