"""What this lab measured of ways to meet uneven classes, dataset by dataset, and what follows from it.

Takes the shipped studies (``fashion_core.claims.imbalance_study``); trains nothing. Numbers are means over seeds.
"""

import pandas as pd
import streamlit as st

from fashion_core.claims import imbalance_study
from fashion_core.claims.imbalance_study import Recommendation, Study
from fashion_core.metrics.wording import in_points
from ui.app import address, notices, words
from ui.charts.bars import rates_with_intervals
from ui.shared import pickers
from ui.shared.plot import plot

#: How a way is called in a sentence and beside its dot.
WAYS = {
    "none": "no correction",
    "sampler": "the sampler",
    "weighted": "the weighted loss",
    "both": "sampler and weighted loss",
    "balanced_softmax": "balanced softmax",
    "focal": "focal loss",
    "logit_after": "adjusted answers",
    "logit_after_tau": "adjusted answers (strength from validation)",
}


def show(dataset_id: str) -> None:
    """The studies behind one picker, opening on the one of this dataset; a sentence, a chart, the command."""
    found = {study.dataset: study for study in imbalance_study.studies()}
    if not found:
        return
    st.header("What helped when it was measured", anchor=False)
    if told := overall(tuple(found.values())):
        st.markdown(told)
    default = dataset_id if dataset_id in found else next(iter(found))
    chosen = address.segments(
        "Measured on",
        list(found),
        key="sim_study",
        default=default,
        words=lambda name: f"{found[name].name}{' (drawn)' if found[name].synthetic else ''}",
        label_visibility="collapsed",
    )
    study = found[chosen]
    st.markdown(advice(study))
    plot(
        rates_with_intervals(
            _rates(study),
            title=f"Mean recall of the classes, {pickers.split_words(study.split).lower()} photos, n = {study.n:,}",
            unit="% of a class's photos, mean over classes; interval over seeds",
            drawn=study.synthetic,
        ),
        key="measured ways",
        alt=f"Mean recall over classes with its interval for each way on {study.name}",
        height=110 + 30 * len(study.ways),
    )
    notices.aside(
        f"{words.plain(study.name)} has {study.ratio:.1f} photos of its largest class for each one of its smallest. "
        f"{words.counted(study.num_seeds('none'), 'seed')} a way, {study.date}. Gains in the text hold for other seeds "
        "and other photos, for all trained ways at once (Dunnett) and for both kinds of adjusted answers at once "
        "(paired, Bonferroni); the intervals in the chart are over seeds alone. To measure it again: "
        f"{words.command(study.command)}"
    )


def overall(studies: tuple[Study, ...]) -> str:
    """On how many of the datasets each way is shown to help; empty of a single one."""
    if len(studies) < 2:
        return ""
    counted = imbalance_study.helped_on(studies)
    told = [f"{WAYS[way]} on {helped} of {of}" for way, (helped, of) in counted.items() if helped]
    never = [WAYS[way] for way, (helped, _) in counted.items() if not helped]
    if not told:
        return "No way is shown to help on any dataset measured."
    on_none = f"; on none: {', '.join(never)}" if never else ""
    return f"Of the datasets measured, shown to help: {', '.join(told)}{on_none}."


def advice(study: Study) -> str:
    """What is shown to help on photos like these and by how much, what may, and what both corrections together did."""
    found = imbalance_study.recommendation(study)
    where = f"On {words.plain(study.name)}, {words.counted(study.num_seeds('none'), 'seed')} a way,"
    if not found.helped:
        told = f"{where} no way is shown to beat doing nothing."
    else:
        several = len(found.helped) > 1
        told = (
            f"{where} {'these are' if several else 'this is'} shown to beat no correction in mean recall: "
            f"{'; '.join(_gain(study, way) for way in found.helped)}."
        )
        if several and found.alike == found.helped:
            told += " The seeds cannot tell them apart."
        elif len(found.alike) > 1:
            told += f" The seeds cannot tell the first {len(found.alike)} apart."
    highest = max(study.ways, key=lambda way: study.score(way, "mean_recall").value)
    if highest not in found.helped and highest != "none":
        told += f" The highest mean has {WAYS[highest]}, {_gain(study, highest, named=False)}: too uncertain to say so."
    return f"{told} {_of_both(study, found)}"


def _gain(study: Study, way: str, named: bool = True) -> str:
    return f"**{WAYS[way]}** " * named + in_points(study.score(way, "mean_recall_against_none"))


def _of_both(study: Study, found: Recommendation) -> str:
    """What the report's two corrections together did."""
    if "both" not in study.ways:
        return ""
    largest = [words.percent(study.score(way, "largest").value, 0) for way in ("both", "none")]
    cost = f"of the largest class both together recognised {largest[0]}, no correction {largest[1]}."
    if "both" in found.harmed:
        return f"Both corrections together are worse than none; {cost}"
    if "both" in found.alike:
        return f"Both corrections together are among the best; {cost}"
    return f"Both corrections together are not among the best; {cost}"


def _rates(study: Study) -> pd.DataFrame:
    rows = []
    for way in study.ways:
        score = study.score(way, "mean_recall")
        rows.append({"label": WAYS[way], **score.within(0.0, 1.0).flat("rate"), "n": study.n})
    return pd.DataFrame(rows)
