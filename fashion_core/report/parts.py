"""What the parts of a report share, and the part that holds several sides against each other.

Takes a report's document; gives markup. Every number comes from the document, every name is escaped.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from fashion_core.labels import counted, display_name
from fashion_core.metrics import worst_classes
from fashion_core.metrics.intervals import Estimate
from fashion_core.metrics.wording import interval_in_points, margin_words, p_words, percent, points, with_interval
from fashion_core.report import charts
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


def overview_title(document: dict[str, Any]) -> str:
    return "Side by side" if len(document["sides"]) > 1 else "Its trainings"


def comparison(document: dict[str, Any]) -> Markup:
    """The sides beside each other, and each later one against the first."""
    rows = []
    runs = {run["run_id"]: run for run in document["runs"]}
    for side in document["sides"]:
        score = side["score"]
        seeds = f"{score['num_models']} seeds, sd {100 * score['sd']:.1f} points" if score and score["sd"] else ""
        told = with_interval(Estimate.from_flat(score, "accuracy")) if score else "not known"
        kind = {"run": "one training", "seeds": seeds, "published": "published"}[side["kind"]]
        rows.append([side["name"], told, f"{side['n']:,}" if side["n"] else "–", kind])
        for run in (runs[name] for name in side["runs"] if side["kind"] == "seeds"):
            scores = run["scores"]
            told = with_interval(Estimate.from_json(scores))
            rows.append([f"– {run['name']}", told, f"{scores['n']:,}", f"one training, seed {run['seed']}"])
    parts = [
        tag("h2", overview_title(document)),
        table(
            ["", "Accuracy", "n", "What it is"],
            rows,
            numbers=[1, 2],
            told="In brackets the 95 % interval: Wilson for one training, Student's t over the seeds otherwise.",
        ),
    ]
    names = {side["id"]: side["name"] for side in document["sides"]}
    for place, found in enumerate(document["comparisons"]):
        parts.append(tag("h3", f"{names[found['second']]} against {names[found['first']]}"))
        parts.append(_pair(f"pair-{place}", found, names))
    return section("comparison", document["drawn"], parts)


def _surest(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Few classes in their order; many with those that differ most surely first."""
    if len(rows) < worst_classes.MANY:
        return rows
    return sorted(rows, key=lambda row: (row["p_holm"], -abs(row["difference"])) if row["n"] else (2.0, 0.0))


def _pair(key: str, found: dict[str, Any], names: dict[str, str]) -> Markup:
    if found["error"]:
        return tag("p", f"The two cannot be compared: {found['error']}.")
    move = found["difference"]
    margin, title = margin_words(found["margin"]), f"Difference: {points(move['value'])} points"
    parts = [
        tag("p", tag("strong", found["sentence"])),
        tag("p", found["scope"], class_="aside"),
        [tag("p", note, class_="aside") for note in found["notes"]],
        tag(
            "figure",
            tag("figcaption", f"With its 95 % interval. The band, {margin} to either side, counts as equal."),
            charts.difference_scale(key, title, move["value"], move["low"], move["high"], found["margin"]),
        ),
    ]  # fmt: skip
    if pairs := found["pairs"]:
        told = (
            f"Of the {counted(found['n'], 'photo')} both are right on {pairs['n11']:,} and both wrong on "
            f"{pairs['n00']:,}; {pairs['n01']:,} went from wrong to right and {pairs['n10']:,} from right to wrong "
            f"(exact McNemar test, {p_words(found['mcnemar_p'])})."
        )
        parts.append(tag("p", told))
    first, second = names[found["first"]], names[found["second"]]
    if found["settings"]:
        rows = [[one["name"], one["first"], one["second"]] for one in found["settings"]]
        parts.append(table(["What differs", first, second], rows))
    if found["per_class"]:
        rows = [
            [
                display_name(row["label"]), f"{row['n']:,}", percent(row["first"]), percent(row["second"]),
                f"{points(row['difference'])} {interval_in_points((row['low'], row['high']))}",
                p_words(row["p_holm"]).removeprefix("p = ").removeprefix("p "),
            ]
            if row["n"]
            else [display_name(row["label"]), "0", *["no photos"] * 2, "", ""]
            for row in _surest(found["per_class"])
        ]  # fmt: skip
        heads = ["Recall of", "n", first, second, "Difference in points", "p (Holm)"]
        told = "p of all classes together: below 0.05 the class differs."
        parts.append(first_of(heads, rows, "that differ most surely", numbers=[1, 2, 3, 4, 5], told=told))
    return join(parts)
