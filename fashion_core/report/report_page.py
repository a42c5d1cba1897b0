"""One HTML file out of a report: the stakeholder's page first, the engineer's behind it, and nothing from outside.

Takes a report; gives bytes. The policy in its head lets no script run but its own, no style apply but its own and no
picture load but those inside; the data lie in JSON blocks that no name can end.
"""

import base64
import hashlib
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from fashion_core.errors import RunError
from fashion_core.labels import display_name, shortened
from fashion_core.metrics import worst_classes
from fashion_core.metrics.wording import interval, interval_in_points, percent, points
from fashion_core.report import charts, parts, report_matrix, report_pictures, sections
from fashion_core.report.document import Report
from fashion_core.report.html import Markup, join, json_text, tag
from fashion_core.report.parts import SOME, section, split_words

LIMIT = 15_000_000
_HERE = Path(__file__).parent


@dataclass(frozen=True, kw_only=True)
class Page:
    """``html`` is the whole file. ``num_photos`` are those behind the matrices of its runs, ``num_pictured`` those of
    them with a picture."""

    html: bytes
    num_photos: int
    num_pictured: int


def render(report: Report, limit: int = LIMIT) -> Page:
    """The report as one file of at most ``limit`` bytes; RunError where the numbers alone take more."""
    document = report.document
    for run in document["runs"]:
        run["names"] = [display_name(label) for label in run["classes"]]
        run["first"] = _first_cell(np.array(run["scores"]["confusion_matrix"]))
        run["missing"] = None
        if len(run["classes"]) >= worst_classes.MANY:
            run["short"] = shortened(run["names"], report_matrix.LONGEST)
    body = _body(document)
    _without_empty_cells(document)
    num_photos = sum(len(run["photos"]["ids"]) for run in document["runs"])
    bare = len(_file(document, body, []).encode()) + 8 * num_photos + 200 * len(document["runs"])
    if bare > limit:
        raise RunError(
            f"the numbers of these {len(document['runs'])} runs alone take {bare / 1e6:.1f} MB and a report has "
            f"{limit / 1e6:.0f} MB at most; make it of fewer runs"
        )
    pictures = report_pictures.choose(report, limit - bare)
    told = zip(document["runs"], pictures.places, pictures.missing, strict=True)
    for run, places, missing in told:
        run["photos"]["picture"], run["missing"] = places, missing
    page = _file(document, body, pictures.images).encode()
    num_pictured = sum(place >= 0 for places in pictures.places for place in places)
    return Page(html=page, num_photos=num_photos, num_pictured=num_pictured)


def _without_empty_cells(document: dict[str, Any]) -> None:
    """A matrix of many classes is kept as its cells that are not empty: [true, predicted, photos]."""
    for run in document["runs"]:
        if len(run["classes"]) >= worst_classes.MANY:
            counts_KK = np.array(run["scores"]["confusion_matrix"])
            cells = np.argwhere(counts_KK)
            scores = {key: value for key, value in run["scores"].items() if key != "confusion_matrix"}
            run["scores"] = scores | {"confusion_cells": [[*cell, int(counts_KK[*cell])] for cell in cells.tolist()]}


def refusal(sentence: str) -> bytes:
    """What somebody gets who asked for a report that cannot be made: a page with the reason."""
    told = f"There is no report: {sentence}."
    head = tag("head", tag("meta", charset="utf-8"), tag("title", "No report · Vastra Lab"))
    return f"<!DOCTYPE html>\n{tag('html', head, tag('body', tag('p', told)), lang='en')}\n".encode()


def _first_cell(matrix_KK: np.ndarray) -> list[int]:
    """The largest error, or the first cell where there is none."""
    errors = matrix_KK.copy()
    np.fill_diagonal(errors, 0)
    return [int(place) for place in np.unravel_index(errors.argmax(), errors.shape)]


def _file(document: dict[str, Any], body: Markup, images: list[str]) -> str:
    style, script = (Markup((_HERE / name).read_text(encoding="utf-8")) for name in ("report.css", "report.js"))
    policy = (
        f"default-src 'none'; img-src data:; style-src '{_hash(style)}'; script-src '{_hash(script)}'; "
        "base-uri 'none'; form-action 'none'"
    )
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", http_equiv="Content-Security-Policy", content=policy),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="color-scheme", content="light dark"),
        tag("meta", name="referrer", content="no-referrer"),
        tag("link", rel="icon", href="data:,"),
        tag("title", title_of(document)),
        tag("style", style),
    )
    blocks = join(
        tag("script", json_text(document), type="application/json", id="data"),
        tag("script", json_text(images), type="application/json", id="images"),
        tag("script", script),
    )
    return f"<!DOCTYPE html>\n{tag('html', head, tag('body', body, blocks), lang='en')}\n"


def _hash(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode('ascii')}"


def title_of(document: dict[str, Any]) -> str:
    """What the browser's tab says; of drawn data it says so first."""
    return f"{'Drawn data: ' if document['drawn'] else ''}{document['board']['title']} · Vastra Lab report"


def _body(document: dict[str, Any]) -> Markup:
    runs, alone = document["runs"], len(document["sides"]) == 1 and len(document["runs"]) == 1
    links = [("board", "Summary"), *([] if alone else [("comparison", parts.overview_title(document))])]
    links += [(f"run-{index}", "Behind it" if alone else run["name"]) for index, run in enumerate(runs)]
    nav = tag("nav", [join(tag("a", charts.short(word, 40), href=f"#{key}"), " ") for key, word in links])
    made = datetime.fromisoformat(document["made"])
    return join(
        tag("header", tag("strong", "Vastra Lab report"), nav, class_="top"),
        tag(
            "main",
            _board(document),
            None if alone else parts.comparison(document),
            [sections.run_section(index, run, alone) for index, run in enumerate(runs)],
            tag(
                "footer",
                tag("p", f"Made by Vastra Lab {document['lab']} on {made.day} {made:%B %Y, %H:%M} UTC with "),
                tag("pre", tag("code", f"{document['command']} -o report.html")),
                tag("p", "This file is complete: it asks no other machine for anything. Printing it gives a PDF."),
            ),
        ),
    )


def _board(document: dict[str, Any]) -> Markup:
    """The stakeholder's page: numbers, one sentence, one picture, and what to keep in mind."""
    board, runs = document["board"], document["runs"]
    picture = board["picture"]
    rows = picture["rows"]
    if picture["kind"] == "classes":
        rows = sorted(rows, key=lambda row: -row["value"])
    title = picture["title"]
    if len(rows) >= worst_classes.MANY:
        title, rows = f"{title}: the {SOME} weakest of {len(rows):,}", rows[-SOME:]
    datasets = " and ".join(dict.fromkeys(run["dataset"]["asked"] or run["dataset"]["name"] for run in runs))
    kinds = sorted({len(run["classes"]) for run in runs})
    what = f"A classifier of photos into {kinds[0]:,} kinds" if len(runs) == 1 else f"{len(runs)} classifiers of photos"
    if len(runs) > len(document["sides"]) == 1:
        what = f"{len(runs)} trainings of one classifier of photos into {kinds[0]:,} kinds"
    return section(
        "board",
        document["drawn"],
        tag("h1", board["title"]),
        tag("p", f"{what}, judged on {split_words(document['split'])} of {datasets}.", class_="lead"),
        tag("p", board["verdict"], class_="verdict"),
        tag("dl", [_tile(number) for number in board["numbers"]], class_="numbers"),
        tag(
            "div",
            tag(
                "figure",
                tag("figcaption", tag("strong", title), " with its 95 % interval"),
                charts.interval_rows("board-picture", title, rows, picture["kind"] == "classes"),
            ),
            tag(
                "div",
                tag("h2", "To keep in mind"),
                tag("ul", [tag("li", text) for text in board["care"]]),
                class_="care",
            ),
            class_="picture",
        ),
        class_="board",
    )


def _tile(number: dict[str, Any]) -> Markup:
    ends = number["low"], number["high"]
    if number["unit"] == "points":
        value, bounds = f"{points(number['value'])} points", interval_in_points(ends)
    else:
        value, bounds = percent(number["value"]), interval(ends)
    return tag(
        "div",
        tag("dt", number["label"]),
        tag("dd", value, class_="value"),
        tag("dd", bounds, tag("br"), number["note"], class_="note"),
    )
