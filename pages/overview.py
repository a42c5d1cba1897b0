"""What this is, what it has shown so far beside what others published, and where to go next."""

from functools import partial

import pandas as pd
import streamlit as st

from fashion_core.metrics.intervals import Estimate
from ui.app import audience, faults, loaders, navigation, notices, subject, words
from ui.charts.bars import accuracies
from ui.charts.layout import SPLIT_NAMES
from ui.overview import leaders
from ui.shared import first_start, plain_words, reproduce_view
from ui.shared.answer import Number, answer, say
from ui.shared.plot import plot

IN_REVIEW = ("dataset", "evaluation", "compare", "predict", "claims")  # the others are for making models


def tried(n: int) -> str:
    """Of how many photos a share is."""
    return audience.told(classroom=f"n = {words.count(n)}", review=words.counted(n, "photo"))


def lead_on(kind: str, row: pd.Series) -> None:
    """Below a number of a run here: for a class how to get it, for a reviewer that run's mistakes."""
    if audience.is_review():
        navigation.link("evaluation", "Where it fails", run=row["run"])
    else:
        reproduce_view.show_best(kind, row)


navigation.enter("overview")
subject.settle()
st.markdown(
    "Vastra Lab trains small image classifiers for clothes, judges them, and shows every mistake as the photo it is. "
    "Its home ground is IndoFashion, fifteen kinds of South-Asian clothing; any set of labelled photos works the same "
    "way. Everything runs on this machine and nothing leaves it."
)
first_start.show()

# load
with faults.shown(stop=False):
    best = leaders.best_runs(loaders.all_runs())
    others = leaders.published_rows()

    # the answer
    numbers = []
    firsts = leaders.headlines(best)
    for head, row in firsts:
        numbers.append(
            Number(
                head.label,
                words.percent(row["rate"]),
                f"{words.interval((row['low'], row['high']))}\n{row['name']}, {tried(row['n'])}",
                head.help.format(SPLIT_NAMES.get(row["split"], row["split"]).lower()),
                below=partial(lead_on, head.key, row),
            )
        )
    for row, label in zip(others.itertuples(), ("Published paper", "Published report"), strict=True):
        numbers.append(
            Number(
                label,
                words.percent(row.rate, 2),
                f"{words.interval((row.low, row.high))}\nIndoFashion, {tried(row.n)}",
                f"{row.name}: the share of 7,500 test photos, 500 of each class, that it named right.",
            )
        )
    if audience.is_review() and firsts:
        head, row = firsts[0]
        say(
            plain_words.standing(row["name"], Estimate.from_flat(row, "rate"), head.pictures),
            head.help if head.pictures != "photos" else "",
        )
    answer(numbers)

    # the evidence
    if best.empty:
        notices.empty("No model has been scored here yet; its number would stand beside the published ones.",
                      page="training", label="Train the first model")  # fmt: skip
    plot(
        accuracies(
            pd.concat([others, best], ignore_index=True),
            title="How many are named right, each of photos that it was not trained on",
        ),
        key="accuracies",
        alt="Photos named right, with 95 % interval, by the published results and by the best run on each dataset here",
        height=96 + 40 * (len(best) + len(others)),
    )
    st.markdown(
        ":gray[Both published numbers were measured on the same 7,500 IndoFashion photos and can be compared with each "
        "other. A number from other photos, from other classes or from drawn data is neither better nor worse than "
        "these: it answers another question.]"
    )

# where to go next
st.header("Where to go next", anchor=False)
places = [
    place
    for place in navigation.ENTRIES[1:]
    if navigation.leads_on(place.name) and (not audience.is_review() or place.name in IN_REVIEW)
]
rows = [
    row for start in range(0, len(places), 4) for row in zip(st.columns(4), places[start : start + 4], strict=False)
]
for column, place in rows:
    with column.container(border=True, height="stretch"):
        navigation.link(place.name)
        st.markdown(f":gray[{place.question}]")
