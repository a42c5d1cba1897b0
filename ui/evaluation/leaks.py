"""Accuracy with and without the photos that an earlier split has too, as the Evaluation page shows it.

Takes a run and a split; reads the audit of the dataset that the run was trained on. It says nothing of photos that were
predicted from another dataset: an audit compares the splits of one.
"""

import pandas as pd
import streamlit as st

from fashion_core import rights
from fashion_core.data.audit import findings
from fashion_core.data.datasets import Dataset
from fashion_core.data.sources.layout import TRAIN_FIRST
from fashion_core.metrics.leakage import GroupScores, LeakScores, Share
from fashion_core.runs.runs import Run
from ui.app import loaders, navigation, notices, words
from ui.charts.layout import SPLIT_NAMES
from ui.shared.table import show_table


def of(run: Run, split: str) -> LeakScores | None:
    """The shares of this split; None where the photos are not here, not audited or not the run's own."""
    dataset = loaders.dataset_of(run)
    return loaders.leak_scores_of(run, split, dataset) if dataset and split in TRAIN_FIRST else None


def note(scores: LeakScores | None) -> str:
    """What the number of photos adds when some of them leaked."""
    return f"{words.count(scores.leaked.n)} leaked, " if scores and scores.leaked.n else ""


def show(run: Run, split: str, scores: LeakScores | None) -> None:
    """The two accuracies and what they do not tell; one quiet sentence where there is nothing to compare."""
    dataset = loaders.dataset_of(run)
    if dataset is None or split not in TRAIN_FIRST:
        return
    photos = f"{SPLIT_NAMES[split].lower()} photos"
    before = [name for name in TRAIN_FIRST[: TRAIN_FIRST.index(split)] if dataset.splits.get(name)]
    earlier = " or ".join("train" if name == "train" else SPLIT_NAMES[name].lower() for name in before)
    if not before:
        notices.aside(f"Leaks: there is no earlier split that could have these {photos} too.")
    elif scores is None:
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            name = words.plain(dataset.name)
            told = f"Leaks: {name} has no audit yet, so whether {earlier} holds copies of this split is not known."
            st.markdown(f":small[:gray[{told}]]", width="content")
            if not rights.read_only():
                navigation.link("dataset", "Audit it", dataset=dataset.id, tab="Audit")
    elif not scores.leaked.n:
        notices.aside(
            f"Leaks: the audit found none of these {photos} in {earlier}, so the accuracy is the same without leaks. "
            "Shots in another colour are not counted."
        )
    else:
        _compare(dataset, split, scores, earlier)
    if groups := loaders.group_scores_of(run, split, dataset):
        _say_groups(dataset, split, groups, earlier)


def _compare(dataset: Dataset, split: str, scores: LeakScores, earlier: str) -> None:
    everything, kept, leaked = scores.everything, scores.kept, scores.leaked
    said, table = st.columns(2, gap="medium")
    with said:
        st.markdown("**Does the score rest on photos that leaked?**")
        photos = f"{SPLIT_NAMES[split].lower()} photos ({words.percent(leaked.n / everything.n, 2)})"
        st.markdown(
            f"{words.count(leaked.n)} of {words.count(everything.n)} {photos} have their like in {earlier}. "
            f"{_difference(everything, kept)}"
        )
        notices.aside(
            "The same photo is told by edges and colours; one shot in another colour is not counted. A leak may "
            "have been easy anyway: this shows how far memory could help, not that it did."
        )
    rows = {"All photos": everything, "Without the leaked": kept, "Leaked only": leaked}
    rows |= (
        {f"– {findings.LEAKS[cause]}": share for cause, share in scores.by_cause.items()}
        if len(scores.by_cause) > 1
        else {}
    )
    if len(scores.by_cause) == 1:
        rows[f"Leaked only: {findings.LEAKS[next(iter(scores.by_cause))]}"] = rows.pop("Leaked only")
    with table:
        show_table(
            pd.DataFrame(
                {
                    "which": list(rows),
                    "n": [share.n for share in rows.values()],
                    "accuracy": [words.with_interval(share.estimate) for share in rows.values()],
                }
            ),
            column_config={
                "which": st.column_config.TextColumn("Photos", width=155),
                "n": st.column_config.NumberColumn("n", format="localized", width=66),
                "accuracy": st.column_config.TextColumn("Accuracy", help="In brackets the 95 % interval (Wilson)."),
            },
            alt="Accuracy of all photos, of those that did not leak and of those that did, each with its interval",
        )
        navigation.link("dataset", "See each leak beside its copy", dataset=dataset.id, tab="Audit", finding="leak")


def _say_groups(dataset: Dataset, split: str, scores: GroupScores, earlier: str) -> None:
    """What photos of the same product, or of whatever a column puts together, may have helped: no copies, so apart."""
    audited = loaders.audit_of(dataset)
    columns = [group["column"] for group in audited[0].groups] if audited else []
    num, of = scores.of.n, scores.of.n + scores.others.n
    said = (
        f"{words.count(num)} of {words.count(of)} {SPLIT_NAMES[split].lower()} photos share a group with photos in "
        f"{earlier} (by {', '.join(map(words.plain, columns))}). They are other photos, not copies. "
    )
    if scores.others.n:
        said += (
            f"Accuracy without them: {words.with_interval(scores.others.estimate)}, n = {words.count(scores.others.n)}."
        )
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown(f":small[:gray[{said}]]", width="content")
        navigation.link("dataset", "See them", dataset=dataset.id, tab="Audit", finding="group")


def _difference(everything: Share, kept: Share) -> str:
    if not kept.n:
        return "No photo is left to score without them."
    points = 100 * (kept.accuracy - everything.accuracy)
    low, high = everything.estimate.bounds
    if abs(points) < 0.05:
        return "Without them the accuracy is the same to a tenth of a point."
    moved = f"Without them the accuracy is {abs(points):.1f} points {'higher' if points > 0 else 'lower'}"
    inside = low <= kept.accuracy <= high
    return f"{moved}, {'within' if inside else 'outside'} the interval of the whole."
