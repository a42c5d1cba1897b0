"""Behind a claim's verdict, for the class: the rule, every arm and comparison as a table, and where in the classes.

Takes a result (``claim_verdicts``); every name from a file is escaped.
"""

import pandas as pd
import streamlit as st

from fashion_core.claims import definitions
from fashion_core.claims.definitions import GROUPS, SPREAD
from fashion_core.claims.judge import Result
from fashion_core.metrics import seed_spread, worst_classes
from ui.app import notices, words
from ui.charts.claims import Recalls, class_recalls
from ui.charts.matrix import matrix_difference
from ui.shared import bounded
from ui.shared.plot import plot
from ui.shared.table import show_table


def show_tables(result: Result) -> None:
    """The rule, the arms and the comparisons."""
    st.markdown("**The rule, fixed before any result was seen**")
    st.markdown(words.plain(result.claim.rule))
    show_table(_arm_table(result), alt="Every arm with its numbers", column_config=_COLUMNS)
    with st.expander("Settings of each arm"):
        for arm in result.arms:
            st.markdown(f"{words.plain(words.capital(arm.words))}: {words.command(arm.settings)}")
    if result.comparisons:
        show_table(_comparison_table(result), alt="Every comparison", column_config=_COLUMNS)
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
_SHORT = {definitions.ACCURACY: "Accuracy", definitions.RARE: "Rarest third", definitions.LARGEST: "Largest class"}


def _arm_table(result: Result) -> pd.DataFrame:
    rows = []
    for arm in result.arms:
        row: dict[str, object] = {"Arm": words.capital(arm.words)}
        for measure in result.claim.measures:
            row[_SHORT[measure]] = 100 * arm.spreads[measure].mean.value
        mean = arm.spreads[result.claim.measures[0]].mean.within(0, 1)
        row |= {"Low": 100 * mean.low, "High": 100 * mean.high}
        row["Each model"] = ", ".join(f"{100 * value:.1f}" for value in arm.values[result.claim.measures[0]])
        row |= {"Minutes": arm.seconds / 60}
        rows.append(row)
    return pd.DataFrame(rows)


def _comparison_table(result: Result) -> pd.DataFrame:
    arm = result.claim.arm
    return pd.DataFrame(
        [
            {
                "Second": words.capital(arm(one.second).words),
                "First": words.capital(arm(one.first).words),
                "Of": _SHORT[one.measure],
                "Difference": 100 * one.difference.value,
                "From": 100 * one.difference.low,
                "To": 100 * one.difference.high,
                "p": one.difference.p_value,
                "p (Holm)": one.p_holm,
                "The second is": one.word,
                "Decides": "yes" if one.decides else "no",
            }
            for one in result.comparisons
        ]
    )


def show_classes(result: Result) -> None:
    """Where in the classes the difference lies, for claims that compare arms."""
    if result.claim.kind in (SPREAD, GROUPS):
        return
    shown = {name for one in result.comparisons if one.decides for name in (one.first, one.second)}
    bases = [one.first for one in result.comparisons if one.decides]
    classes, counts = result.evidence.classes, result.evidence.train_counts
    most = max((one for one in result.comparisons if one.decides), key=lambda one: abs(one.difference.value))
    first, second = (result.evidence.arms[name].matrices_SKK.sum(axis=0) for name in (most.first, most.second))
    places = list(range(len(classes)))
    if bounded.is_large(len(places)):
        places = worst_classes.worst(first + second)
        classes, counts = [classes[place] for place in places], [counts[place] for place in places]
    rows = []
    for arm in result.arms:
        if arm.name in shown:
            found = seed_spread.ranges_of(result.evidence.arms[arm.name].matrices_SKK)
            rows.append(
                Recalls(
                    name=words.capital(arm.words), mean=found.recall_mean[places],
                    lowest=found.recall_low[places], highest=found.recall_high[places],
                    is_base=len(set(bases)) == 1 and arm.name == bases[0],
                )
            )  # fmt: skip
    with st.expander("Which classes gain and which lose?", expanded=result.claim.needs_uneven):
        plot(
            class_recalls(
                rows, classes, counts,
                title="Recall of each class (training photos)",
                drawn=result.evidence.dataset.synthetic,
            ),
            key="recalls",
            alt="Recall of each class in each arm, with the range of its models; the table above has the means",
            height=100 + 22 * len(rows) + 30 * len(places),
        )  # fmt: skip
        names = result.claim.arm(most.second).words, result.claim.arm(most.first).words
        st.markdown(f"**{words.capital(names[0])} minus {names[1]}**, in points of each row")
        plot(
            matrix_difference(
                second, first, result.evidence.classes, names=tuple(map(words.capital, names)), counted="answers",
                places=places,
            ),
            key="matrices",
            alt=f"Difference of the two confusion matrices: {names[0]} minus {names[1]}",
            height=130 + 30 * len(places),
        )  # fmt: skip
        bounded.say_left_out(len(places), len(result.evidence.classes), "of the worst confusions", "")
