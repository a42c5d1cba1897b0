"""The numbers of a claim's verdict, five at most, each with its interval. Takes a result, gives nothing but numbers."""

from fashion_core.claims import contrasts, definitions
from fashion_core.claims.contrasts import Comparison
from fashion_core.claims.judge import Result
from fashion_core.metrics.wording import as_number, interval_in_points, p_words, points
from ui.app import words
from ui.charts.layout import SPLIT_NAMES
from ui.shared.answer import Number


def numbers_of(result: Result) -> list[Number]:
    """What stands under the verdict."""
    if result.run_to_run:
        return _spread_numbers(result)
    if result.groups:
        return _group_numbers(result)
    deciding = [one for one in result.comparisons if one.decides][:4]
    numbers = []
    if len(deciding) == 1:
        for name in (deciding[0].first, deciding[0].second):
            arm = next(arm for arm in result.arms if arm.name == name)
            spread = arm.spreads[deciding[0].measure]
            numbers.append(
                Number(
                    words.capital(arm.name),
                    words.percent(spread.mean.value),
                    f"{words.interval(spread.mean.within(0, 1).bounds)}\n{arm.words}",
                    f"Mean {definitions.MEASURES[deciding[0].measure]} of {spread.mean.n} models with Student's t "
                    "interval; "
                    f"the models lie apart by a standard deviation of {100 * spread.sd:.1f} points.",
                )
            )
    numbers += [_difference(result, one, alone=len(deciding) == 1) for one in deciding]
    return [*numbers, _n(result)][:5]


def _n(result: Result) -> Number:
    found = result.evidence
    return Number(
        "Photos",
        words.count(found.n),
        f"{SPLIT_NAMES.get(found.split, found.split).lower()}\n{found.num_seeds} models an arm",
        "What every model was asked about, and how many models were trained for each arm with seeds of their own.",
    )


def _difference(result: Result, one: Comparison, *, alone: bool) -> Number:
    arm = result.claim.arm
    return Number(
        "Difference" if alone else f"{words.capital(one.second)} − {one.first}",
        points(one.difference.value),
        f"{interval_in_points(one.difference.bounds)}\npoints, {p_words(one.p_rule)}",
        f"Points of {contrasts.measure_words(one.measure, result.evidence)}: {arm(one.second).words} minus "
        f"{arm(one.first).words}, with the 95 % interval. p is how often chance alone would show as much.",
    )


def _spread_numbers(result: Result) -> list[Number]:
    found, spread = result.run_to_run, result.arms[0].spreads[definitions.ACCURACY]
    assert found is not None
    return [
        Number(
            "Spread (sd)",
            points(found.sd.value, False),
            f"{interval_in_points(found.sd.bounds, False)}\npoints, {spread.mean.n} models",
            "How far models lie apart that differ by their seed alone, with chi-squared's 95 % interval.",
        ),
        Number("Mean accuracy", words.percent(spread.mean.value), words.interval(spread.mean.within(0, 1).bounds)),
        Number(
            "They span",
            points(spread.highest - spread.lowest, False),
            f"points, {words.percent(spread.lowest, 0)}\nto {words.percent(spread.highest, 0)}",
        ),
        Number(
            "Of ten runs",
            points(found.expected[10], False),
            f"of 20: {points(found.expected[20], False)}\nreported: {points(found.reported, False)}",
            "The mean range of so many draws from a normal distribution of this standard deviation (Tippett 1925).",
        ),
        _n(result),
    ]


def _group_numbers(result: Result) -> list[Number]:
    found = result.groups
    assert found is not None
    rand, _, ends = as_number(found.rand, 2).partition(" ")
    axes = f"{min(found.axes)} to {max(found.axes)}" if len(set(found.axes)) > 1 else f"{found.axes[0]}"
    return [
        Number(
            "Rand index",
            rand,
            ends,
            "Adjusted Rand index of K-means and the classes: 1 the same groups, 0 chance (Hubert and Arabie 1985). The "
            "interval holds the seeds and a bootstrap of the photos.",
        ),
        Number(
            "Nearest alike",
            words.percent(found.alike),
            f"from {words.percent(found.alike_low)}, chance {words.percent(found.chance)}",
            "Of a photo's ten nearest by their features, the share of its own class; the lowest end of the seeds' "
            "95 % intervals.",
        ),
        Number("Axes", axes, "beyond chance", "Principal axes that explain more than shuffled features would."),
        _n(result),
    ]
