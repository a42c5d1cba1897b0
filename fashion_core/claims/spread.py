"""What is asked of seeds alone: how far runs lie apart, and whether classes are groups. Takes numbers, gives numbers.

Every formula with its source; knows no files and no claim.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import special

from fashion_core.metrics import seed_spread
from fashion_core.metrics.intervals import Estimate

FEWEST_RUNS, MOST_RUNS = 2, 20  # of how many runs the report's range may be


@dataclass(frozen=True, kw_only=True)
class RunToRun:
    """Standard deviation ``sd`` between seeds, the range within which the report's own range fits it,
    and the range that so many runs would span on average."""

    sd: Estimate
    fits_low: float
    fits_high: float
    reported: float
    expected: dict[int, float]


@dataclass(frozen=True, kw_only=True)
class Groups:
    """Adjusted Rand index ``rand`` over the seeds; the lowest purity bound and its chance; axes beyond it."""

    rand: Estimate
    alike: float
    alike_low: float
    chance: float
    axes: tuple[int, ...]
    structure: str


def range_factor(num_runs: int) -> float:
    """d2: the mean range of ``num_runs`` draws from a normal distribution of standard deviation 1.

    The integral of 1 - Phi(x)^m - (1 - Phi(x))^m: Tippett (1925), "On the extreme individuals and the range of samples
    taken from a normal population", Biometrika 17, 364-387.
    """
    x = np.linspace(-8, 8, 16_001)
    below = special.ndtr(x)
    return float(np.trapezoid(1 - below**num_runs - (1 - below) ** num_runs, x))


def sd_interval(sd: float, num_runs: int) -> tuple[float, float]:
    """The 95 % interval of a standard deviation: Snedecor and Cochran (1989), "Statistical methods", section 5.11."""
    df = num_runs - 1
    return (
        sd * float(np.sqrt(df / special.chdtri(df, 0.025))),
        sd * float(np.sqrt(df / special.chdtri(df, 0.975))),
    )


def run_to_run(accuracies: Sequence[float], reported: float) -> RunToRun:
    """The spread of these models, and what of it goes with the range that was ``reported``."""
    spread = seed_spread.spread_of(accuracies)
    return RunToRun(
        sd=Estimate(spread.sd, *sd_interval(spread.sd, spread.mean.n), spread.mean.n),
        fits_low=reported / range_factor(MOST_RUNS),
        fits_high=reported / range_factor(FEWEST_RUNS),
        reported=reported,
        expected={num: spread.sd * range_factor(num) for num in (2, 5, 10, 20)},
    )


def groups(features: Sequence[Mapping[str, Any]]) -> Groups:
    """The seeds' numbers (``claim_features.measure``) as one. The interval of the Rand index adds the half-widths of
    seeds (t) and photos (z) in squares, as ``significance.seeded_difference`` does."""
    rand = seed_spread.spread_of([one["rand"] for one in features])
    value = rand.mean.value
    photos = float(np.mean([one["rand_variance"] for one in features]))
    z, t = float(special.ndtri(0.975)), float(special.stdtrit(rand.mean.n - 1, 0.975))
    half = float(np.sqrt(t**2 * rand.sd**2 / rand.mean.n + z**2 * photos))
    beyond = [one["axes_beyond_chance"] >= 2 and one["alike_low"] > 2 * one["chance"] for one in features]
    return Groups(
        rand=Estimate(value, value - half, value + half, rand.mean.n).within(-1.0, 1.0),
        alike=float(np.mean([one["alike"] for one in features])),
        alike_low=min(one["alike_low"] for one in features),
        chance=max(one["chance"] for one in features),
        axes=tuple(one["axes_beyond_chance"] for one in features),
        structure="yes" if all(beyond) else "no" if not any(beyond) else "in some seeds",
    )
