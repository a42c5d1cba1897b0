"""One claim on one dataset: the report's sentence, the verdict first, the numbers it rests on, and the pictures.

Takes a result (``claim_verdicts``); every name from a file is escaped. The rule and the tables are for the class.
"""

import numpy as np
import pandas as pd
import streamlit as st

from fashion_core import claim_verdicts, claims, seeds
from fashion_core.claim_verdicts import CANNOT_TELL, CONTRADICTED, SUPPORTED, Comparison, Result
from fashion_core.claims import GROUPS, SPREAD, Claim
from fashion_core.runs import Run
from fashion_core.verdicts import p_words, points
from ui import address, audience, charts, navigation, notices, words
from ui.answer import Number, answer
from ui.charts.claims import Recalls, Row, arms, class_recalls
from ui.claims_found import HERE, Known
from ui.plot import plot

BADGES = {
    SUPPORTED: ("Supported", ":material/check_circle:", "green"),
    CONTRADICTED: ("Contradicted", ":material/cancel:", "red"),
    CANNOT_TELL: ("Cannot tell", ":material/question_mark:", "gray"),
}
OPEN = ("Not run yet", ":material/radio_button_unchecked:", "gray")
PLAIN = {
    SUPPORTED: "Yes, on these photos it holds.",
    CONTRADICTED: "No, on these photos it does not hold.",
    CANNOT_TELL: "These runs cannot settle it.",
}


_TO_THE_LEFT = (
    "<style>.st-key-claims button{justify-content:flex-start;text-align:left;padding:2px 0}"
    ".st-key-claims button *{justify-content:flex-start;text-align:left}</style>"
)


def badge_of(known: Known) -> tuple[str, str, str]:
    """Words, icon and colour of where the claim stands."""
    if known.result:
        return BADGES[known.result.word]
    if known.plan and known.plan.refused:
        return ("Not possible here", ":material/block:", "gray")
    if known.plan and known.plan.active:
        return ("Running", ":material/play_circle:", "blue")
    if known.plan and known.plan.finished:
        return ("Ready", ":material/check_circle:", "blue")
    return OPEN


def show_list(known: dict[str, Known], chosen: str) -> None:
    """Every claim with where it stands; a click opens it."""
    st.html(_TO_THE_LEFT)
    with st.container(gap="xxsmall", key="claims"):
        for name, one in known.items():
            label, icon, colour = badge_of(one)
            told = f"**{one.claim.sentence}**" if name == chosen else one.claim.sentence
            st.button(
                f":{colour}[{icon} {label}] {told}", key=f"open {name}", type="tertiary", on_click=address.choose,
                kwargs={"claim": name}, help=one.claim.question,
            )  # fmt: skip


def show_claim(claim: Claim) -> None:
    """The report's sentence, and what it is about."""
    with st.container(gap=None):
        st.markdown(f"### “{claim.sentence}”")
        notices.aside(claim.question)


def show_open(known: Known) -> None:
    """A claim without a verdict: what would be here, and the rule."""
    if known.plan and known.plan.active:
        told = "Its models are being trained. Here its verdict will stand, with the models behind it."
    elif known.plan and known.plan.refused:
        told = f"It cannot be put to the test on these photos: {words.plain(known.plan.refused)}."
    else:
        told = "It has not been run on these photos yet. Here its verdict would stand, with the models behind it."
    notices.empty(told)
    st.markdown(f"**The rule, fixed before any result was seen.** {words.plain(known.claim.rule)}")


def show(known: Known, runs: dict[str, Run]) -> None:
    """Everything about a claim that has a verdict."""
    result = known.result
    assert result is not None, "the page asks for a verdict first"
    _verdict(known, result)
    answer(_numbers(result))
    _pictures(result)
    notices.aside(result.claim.pictures)
    st.markdown(words.plain(_told(result)))
    notices.aside(words.plain(" ".join(result.notes)))
    st.markdown(f"**Why it matters.** {result.claim.why}")
    if not audience.is_review():
        _tables(result)
        _classes(result)
    _links(result, runs)


def _told(result: Result) -> str:
    """The verdict's sentence without its word, which the badge says."""
    return result.sentence.removeprefix(f"{result.word[:1].upper()}{result.word[1:]}. ")


def _verdict(known: Known, result: Result) -> None:
    label, icon, colour = BADGES[result.word]
    with st.container(border=True, key="verdict", gap=None):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.badge(label, icon=icon, color=colour)
            st.markdown(f"**{PLAIN[result.word]}**")
        notices.aside(_where(known, result))


def _where(known: Known, result: Result) -> str:
    found = result.evidence
    drawn = " (drawn: no evidence about real clothes)" if found.dataset["synthetic"] else ""
    name = f"{words.plain(found.dataset['name'])}{drawn}"
    if known.source == HERE:
        return f"From the runs of this machine on {name}."
    date = words.plain(found.about.get("date", "an unknown day"))
    return f"From results that came with the lab, reached on {name}, {date}. The runs themselves are not here."


def _numbers(result: Result) -> list[Number]:
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
                    _capital(arm.name),
                    words.percent(spread.mean),
                    f"{words.interval(_within(spread))}\n{arm.words}",
                    f"Mean {claims.MEASURES[deciding[0].measure]} of {spread.count} models with Student's t interval; "
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
        f"{charts.SPLIT_NAMES.get(found.split, found.split).lower()}\n{found.num_seeds} models an arm",
        "What every model was asked about, and how many models were trained for each arm with seeds of their own.",
    )


def _difference(result: Result, one: Comparison, *, alone: bool) -> Number:
    arm = result.claim.arm
    against = "points" if alone else f"against {one.first}"
    return Number(
        "Difference" if alone else _capital(one.second),
        points(one.value),
        f"[{points(one.low)}, {points(one.high)}]\n{against}, {p_words(one.p_rule)}",
        f"Points of {claim_verdicts.measure_words(one.measure, result.evidence)}: {arm(one.second).words} minus "
        f"{arm(one.first).words}, with the 95 % interval. p is how often chance alone would show as much.",
    )


def _spread_numbers(result: Result) -> list[Number]:
    found, spread = result.run_to_run, result.arms[0].spreads[claims.ACCURACY]
    assert found is not None
    return [
        Number(
            "Spread (sd)",
            points(found.sd, False),
            f"[{points(found.low, False)}, {points(found.high, False)}]\npoints, {spread.count} models",
            "How far models lie apart that differ by their seed alone, with chi-squared's 95 % interval.",
        ),
        Number("Mean accuracy", words.percent(spread.mean), words.interval(_within(spread))),
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
    axes = f"{min(found.axes)} to {max(found.axes)}" if len(set(found.axes)) > 1 else f"{found.axes[0]}"
    return [
        Number(
            "Rand index",
            f"{found.rand:.2f}",
            f"[{found.low:.2f}, {found.high:.2f}]",
            "Adjusted Rand index of K-means and the classes: 1 the same groups, 0 chance (Hubert and Arabie 1985). The "
            "interval holds the seeds and a bootstrap of the photos.",
        ),
        Number(
            "Ten nearest alike",
            words.percent(found.alike),
            f"from {words.percent(found.alike_low)}, chance {words.percent(found.chance)}",
            "Of a photo's ten nearest by their features, the share of its own class; the lowest end of the seeds' "
            "95 % intervals.",
        ),
        Number("Axes beyond chance", axes, "principal axes", "Axes that explain more than shuffled features would."),
        _n(result),
    ]


def _within(spread: seeds.Spread) -> tuple[float, float]:
    return max(0.0, spread.low), min(1.0, spread.high)


def _capital(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}"


# pictures


def _pictures(result: Result) -> None:
    drawn = result.evidence.dataset["synthetic"]
    if result.claim.kind == GROUPS:
        _group_pictures(result, drawn)
        return
    measure = result.claim.measures[0]
    deciding = {name for one in result.comparisons if one.decides for name in (one.first, one.second)}
    bases = {one.first for one in result.comparisons if one.decides}
    base = next(iter(bases)) if len(bases) == 1 else None
    rows = []
    for arm in result.arms:
        low, high = _within(arm.spreads[measure])
        role = "base" if arm.name == base else "judged" if arm.name in deciding or not deciding else "beside"
        rows.append(Row(name=_capital(arm.words), values=arm.values[measure], mean=arm.spreads[measure].mean, low=low,
                        high=high, role=role))  # fmt: skip
    band = None
    if result.run_to_run:
        half = result.run_to_run.reported / 2
        band = rows[0].mean - half, rows[0].mean + half
    unit = _capital(claim_verdicts.measure_words(measure, result.evidence))
    title = _finding(result)
    plot(
        arms(rows, unit=f"{unit}, {result.evidence.split} photos", title=title, drawn=drawn, band=band),
        key="arms",
        alt=f"{title}. {result.sentence}",
        height=104 + 44 * len(rows),
    )


def _finding(result: Result) -> str:
    """The chart's title: what it shows of the claim."""
    if result.run_to_run:
        found = result.arms[0].spreads[claims.ACCURACY]
        span = points(found.highest - found.lowest, False)
        return f"{found.count} runs span {span} points, the report's span 7"
    deciding = [one for one in result.comparisons if one.decides]
    most = max(deciding, key=lambda one: abs(one.value))
    arm = result.claim.arm
    bounds = f"[{points(most.low)}, {points(most.high)}]"
    return f"{_capital(arm(most.second).words)}: {points(most.value)} points {bounds}"


def _group_pictures(result: Result, drawn: bool) -> None:
    one = result.evidence.features[0]
    left, right = st.columns(2, gap="medium")
    matrix, height = np.array(one["matrix"]), 340
    with left:
        share = words.percent(float(np.trace(matrix) / matrix.sum()))
        plot(
            charts.cluster_matrix(matrix, one["classes"], title="Which class is in which cluster?", drawn=drawn),
            key="clusters",
            alt=f"Photos by cluster and class; {share} lie on the diagonal",
            height=height,
        )
    with right:
        shares, chance = np.array(one["shares"]), np.array(one["chance_shares"])
        title = f"{one['axes_beyond_chance']} of {one['num_axes']} axes explain more than chance"
        beyond = min(one["axes_beyond_chance"], len(shares))
        plot(
            charts.scree(shares, chance, beyond=beyond, title=title, drawn=drawn),
            key="axes",
            alt=f"Share of the variance by principal axis. {title}.",
            height=height,
        )
    notices.aside(f"Drawn for seed {one['seed']}; the first {len(shares)} axes are shown.")


# tables


def _tables(result: Result) -> None:
    st.markdown("**The rule, fixed before any result was seen**")
    st.markdown(words.plain(result.claim.rule))
    st.dataframe(_arm_table(result), hide_index=True, alt="Every arm with its numbers", column_config=_COLUMNS)
    if result.comparisons:
        st.dataframe(_comparison_table(result), hide_index=True, alt="Every comparison", column_config=_COLUMNS)
        notices.aside(
            "Differences are in points with their 95 % interval by Welch's t over seeds and photos, as on Compare. "
            "Holm corrects p over those that decide, and over the others."
        )


_PERCENT = st.column_config.NumberColumn(format="%.1f %%")
_COLUMNS = {
    name: _PERCENT for name in ("Accuracy", "Low", "High", "Rarest third", "Largest class")
} | {
    "Minutes": st.column_config.NumberColumn(format="%.1f", help="Of training steps, the mean of the arm's models."),
    "Difference": st.column_config.NumberColumn(format="%+.1f"),
    "From": st.column_config.NumberColumn(format="%+.1f"),
    "To": st.column_config.NumberColumn(format="%+.1f"),
    "p": st.column_config.NumberColumn(format="%.3g"),
    "p (Holm)": st.column_config.NumberColumn(format="%.3g"),
}  # fmt: skip
_SHORT = {claims.ACCURACY: "Accuracy", claims.RARE: "Rarest third", claims.LARGEST: "Largest class"}


def _arm_table(result: Result) -> pd.DataFrame:
    rows = []
    for arm in result.arms:
        row: dict[str, object] = {"Arm": _capital(arm.words)}
        for measure in result.claim.measures:
            row[_SHORT[measure]] = 100 * arm.spreads[measure].mean
        low, high = _within(arm.spreads[result.claim.measures[0]])
        row |= {"Low": 100 * low, "High": 100 * high}
        row["Each model"] = ", ".join(f"{100 * value:.1f}" for value in arm.values[result.claim.measures[0]])
        row |= {"Minutes": arm.seconds / 60, "Settings": arm.settings}
        rows.append(row)
    return pd.DataFrame(rows)


def _comparison_table(result: Result) -> pd.DataFrame:
    arm = result.claim.arm
    return pd.DataFrame(
        [
            {
                "Second": _capital(arm(one.second).words),
                "First": _capital(arm(one.first).words),
                "Of": _SHORT[one.measure],
                "Difference": 100 * one.value,
                "From": 100 * one.low,
                "To": 100 * one.high,
                "p": one.p_value,
                "p (Holm)": one.p_holm,
                "The second is": one.word,
                "Decides": "yes" if one.decides else "no",
            }
            for one in result.comparisons
        ]
    )


def _classes(result: Result) -> None:
    """Where in the classes the difference lies, for claims that compare arms."""
    if result.claim.kind in (SPREAD, GROUPS):
        return
    shown = {name for one in result.comparisons if one.decides for name in (one.first, one.second)}
    bases = [one.first for one in result.comparisons if one.decides]
    rows = []
    for arm in result.arms:
        if arm.name in shown:
            found = seeds.ranges_of(result.evidence.arms[arm.name].matrices_SKK)
            rows.append(
                Recalls(
                    name=_capital(arm.words), mean=found.recall_mean, lowest=found.recall_low,
                    highest=found.recall_high, is_base=len(set(bases)) == 1 and arm.name == bases[0],
                )
            )  # fmt: skip
    with st.expander("Which classes gain and which lose?", expanded=result.claim.needs_uneven):
        plot(
            class_recalls(
                rows, result.evidence.classes, result.evidence.train_counts,
                title="Recall of each class (training photos)",
                drawn=result.evidence.dataset["synthetic"],
            ),
            key="recalls",
            alt="Recall of each class in each arm, with the range of its models; the table above has the means",
            height=100 + 22 * len(rows) + 30 * len(result.evidence.classes),
        )  # fmt: skip
        most = max((one for one in result.comparisons if one.decides), key=lambda one: abs(one.value))
        first, second = (result.evidence.arms[name].matrices_SKK.sum(axis=0) for name in (most.first, most.second))
        names = result.claim.arm(most.second).words, result.claim.arm(most.first).words
        st.markdown(f"**{_capital(names[0])} minus {names[1]}**, in points of each row")
        plot(
            charts.matrix_difference(
                second, first, result.evidence.classes, first_name=_capital(names[0]), second_name=_capital(names[1]),
                counted="answers",
            ),
            key="matrices",
            alt=f"Difference of the two confusion matrices: {names[0]} minus {names[1]}",
            height=130 + 30 * len(result.evidence.classes),
        )  # fmt: skip


def _links(result: Result, runs: dict[str, Run]) -> None:
    """To the Compare page, for the pairs whose runs are here."""
    pairs = {}
    for one in result.comparisons:
        if one.decides:
            found = [_side(result, name, runs) for name in (one.first, one.second)]
            if all(found):
                pairs[(one.first, one.second)] = found
    for (first, second), (one, other) in pairs.items():
        arm = result.claim.arm
        label = f"Compare {arm(second).words} with {arm(first).words}, photo by photo"
        navigation.link("compare", label, first=one, second=other, split=result.evidence.split)


def _side(result: Result, name: str, runs: dict[str, Run]) -> str:
    """The group of an arm's models where they are one and all of it, else its first run; empty when it is not here."""
    ids = result.evidence.arms[name].run_ids
    if result.claim.arm(name).after or not all(run_id in runs for run_id in ids):
        return ""
    groups = {(runs[run_id].group or {}).get("id") for run_id in ids}
    group = next(iter(groups))
    if len(groups) == 1 and group:
        members = {run.id for run in runs.values() if (run.group or {}).get("id") == group}
        if members == set(ids):
            return str(group)
    return ids[0]
