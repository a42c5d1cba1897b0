"""What the parts of a report share, and the part that holds several sides against each other.

Takes a report; gives markup. Every number comes from the report, every name is escaped.
"""

from collections.abc import Iterable, Sequence
from typing import Any

import pandas as pd

from fashion_core.compare.comparison import Comparison
from fashion_core.labels import counted, display_name
from fashion_core.metrics import worst_classes
from fashion_core.metrics.wording import interval_in_points, margin_words, p_words, percent, points, with_interval
from fashion_core.report import charts
from fashion_core.report.facts import Report, Row, RunFacts
from fashion_core.report.html import Markup, join, tag

DRAWN = "Drawn data: no evidence about real clothes"
SOME = 20  # rows of a table or a picture of many classes
SPLIT_WORDS = {"test": "test photos", "val": "validation photos", "train": "training photos"}


def section(key: str, drawn: bool, *children: Any, class_: str | None = None) -> Markup:
    """A part of the report; of drawn data it says so first."""
    badge = tag("p", DRAWN, class_="badge") if drawn else None
    return tag("section", badge, children, id=key, class_=class_)


def split_words(split: str) -> str:
    own, elsewhere, other = split.partition("-on-")
    return f"{SPLIT_WORDS.get(own, own)} of {other}" if elsewhere else SPLIT_WORDS.get(split, split)


def table(
    heads: Sequence[str], rows: Iterable[Sequence[Any]], *, numbers: Sequence[int] = (), told: str = ""
) -> Markup:
    """A table whose first column names the row; ``numbers`` are the columns that stand to the right."""
    kinds = ["number" if place in numbers else None for place in range(len(heads))]
    head = tag("tr", [tag("th", text, scope="col", class_=kind) for text, kind in zip(heads, kinds, strict=True)])
    body = [
        tag(
            "tr",
            tag("th", row[0], scope="row"),
            [tag("td", cell, class_=kind) for cell, kind in zip(row[1:], kinds[1:], strict=True)],
        )
        for row in rows
    ]
    caption = tag("caption", told) if told else None
    return tag("div", tag("table", caption, tag("thead", head), tag("tbody", body), class_="plain"), class_="scroll")


def first_of(
    heads: Sequence[str], rows: Sequence[Sequence[Any]], which: str, *, numbers: Sequence[int] = (), told: str = ""
) -> Markup:
    """A table of classes; of many the first ones, which are ``which``, and all of them folded behind it."""
    if len(rows) < worst_classes.MANY:
        return table(heads, rows, numbers=numbers, told=told)
    return join(
        table(heads, rows[:SOME], numbers=numbers, told=f"The {SOME} {which}, of {len(rows):,}. {told}"),
        tag(
            "details",
            tag("summary", f"All {len(rows):,} classes"),
            table(heads, sorted(rows, key=lambda row: row[0]), numbers=numbers),
        ),
    )


def weakest(title: str, rows: Sequence[Row]) -> tuple[str, Sequence[Row]]:
    """A picture of classes, the best first; of many the ``SOME`` last, and the title says so."""
    rows = sorted(rows, key=lambda row: -row.value.value)
    if len(rows) < worst_classes.MANY:
        return title, rows
    return f"{title}: the {SOME} weakest of {len(rows):,}", rows[-SOME:]


def overview_title(report: Report) -> str:
    return "Side by side" if len(report.standings) > 1 else "Its trainings"


def accuracy_of(run: RunFacts) -> str:
    """``84.1 % [83.3, 84.9]``"""
    return with_interval(run.scores.accuracy)


def comparison(report: Report) -> Markup:
    """The sides beside each other, and each later one against the first."""
    rows: list[list[str]] = []
    runs = {run.run.id: run for run in report.runs}
    for standing in report.standings:
        side, score = standing.side, standing.score
        seeds = f"{score.num_models} seeds, sd {100 * score.sd:.1f} points" if score and score.sd else ""
        told = with_interval(score.accuracy) if score else "not known"
        kind = {"run": "one training", "seeds": seeds, "published": "published"}[side.kind]
        rows.append([side.name, told, f"{standing.n:,}" if standing.n else "–", kind])
        for run in (runs[member.id] for member in side.members if side.kind == "seeds"):
            seed = f"one training, seed {run.run.settings.seed}"
            rows.append([f"– {run.name}", accuracy_of(run), f"{run.scores.n:,}", seed])
    parts = [
        tag("h2", overview_title(report)),
        table(
            ["", "Accuracy", "n", "What it is"],
            rows,
            numbers=[1, 2],
            told="In brackets the 95 % interval: Wilson for one training, Student's t over the seeds otherwise.",
        ),
    ]
    for place, (first, second, compared) in enumerate(report.pairs()):
        parts.append(tag("h3", f"{second.name} against {first.name}"))
        if isinstance(compared, str):
            parts.append(tag("p", f"The two cannot be compared: {compared}."))
        else:
            parts.append(_pair(f"pair-{place}", compared, first.name, second.name))
    return section("comparison", report.drawn, parts)


def _pair(key: str, compared: Comparison, first: str, second: str) -> Markup:
    move, verdict = compared.difference, compared.verdict
    margin, title = margin_words(compared.margin), f"Difference: {points(move.value)} points"
    parts = [
        tag("p", tag("strong", verdict.sentence)),
        tag("p", verdict.scope, class_="aside"),
        [tag("p", note, class_="aside") for note in compared.notes],
        tag(
            "figure",
            tag("figcaption", f"With its 95 % interval. The band, {margin} to either side, counts as equal."),
            charts.difference_scale(key, title, move, compared.margin),
        ),
    ]
    if compared.pairs and compared.paired:
        pairs = compared.pairs
        told = (
            f"Of the {counted(compared.n, 'photo')} both are right on {pairs.n11:,} and both wrong on "
            f"{pairs.n00:,}; {pairs.n01:,} went from wrong to right and {pairs.n10:,} from right to wrong "
            f"(exact McNemar test, {p_words(compared.paired.p_value)})."
        )
        parts.append(tag("p", told))
    if compared.settings:
        parts.append(table(["What differs", first, second], compared.settings))
    if len(compared.per_class):
        heads = ["Recall of", "n", first, second, "Difference in points", "p (Holm)"]
        told = "p of all classes together: below 0.05 the class differs."
        rows = _recalls(compared.per_class)
        parts.append(first_of(heads, rows, "that differ most surely", numbers=[1, 2, 3, 4, 5], told=told))
    return join(parts)


def _recalls(per_class: pd.DataFrame) -> list[list[str]]:
    """Few classes in their order; many with those that differ most surely first."""
    rows: list[Any] = list(per_class.itertuples())
    if len(rows) >= worst_classes.MANY:
        rows.sort(key=lambda row: (row.p_holm, -abs(row.difference)) if row.n else (2.0, 0.0))
    return [
        [
            display_name(row.label), f"{row.n:,}", percent(row.first), percent(row.second),
            f"{points(row.difference)} {interval_in_points((row.low, row.high))}",
            p_words(row.p_holm).removeprefix("p = ").removeprefix("p "),
        ]
        if row.n
        else [display_name(row.label), "0", *["no photos"] * 2, "", ""]
        for row in rows
    ]  # fmt: skip
