"""One HTML file out of a report: the stakeholder's page first, the engineer's behind it, and nothing from outside.

Takes a report; gives bytes. The policy in its head lets no script run but its own, no style apply but its own and no
picture load but those inside; the data lie in JSON blocks that no name can end.
"""

import base64
import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fashion_core.errors import RunError
from fashion_core.metrics.wording import interval, interval_in_points, percent, points
from fashion_core.report import charts, parts, report_pictures, sections
from fashion_core.report.facts import Number, Report
from fashion_core.report.html import Markup, join, json_text, tag
from fashion_core.report.json_document import document_of
from fashion_core.report.parts import section, split_words
from fashion_core.report.report_pictures import Pictures

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
    document, body = document_of(report), _body(report)
    num_photos = sum(len(run.photos) for run in report.runs)
    bare = len(_file(report.title, document, body, []).encode()) + 8 * num_photos + 200 * len(report.runs)
    if bare > limit:
        raise RunError(
            f"the numbers of these {len(report.runs)} runs alone take {bare / 1e6:.1f} MB and a report has "
            f"{limit / 1e6:.0f} MB at most; make it of fewer runs"
        )
    pictures = report_pictures.choose(report, limit - bare)
    page = _file(report.title, _with_pictures(document, pictures), body, pictures.images).encode()
    num_pictured = sum(place >= 0 for places in pictures.places for place in places)
    return Page(html=page, num_photos=num_photos, num_pictured=num_pictured)


def _with_pictures(document: dict[str, Any], pictures: Pictures) -> dict[str, Any]:
    """The document with the picture of each photo."""
    runs = [
        run | {"photos": run["photos"] | {"picture": places}, "missing": missing}
        for run, places, missing in zip(document["runs"], pictures.places, pictures.missing, strict=True)
    ]
    return document | {"runs": runs}


def refusal(sentence: str) -> bytes:
    """What somebody gets who asked for a report that cannot be made: a page with the reason."""
    told = f"There is no report: {sentence}."
    head = tag("head", tag("meta", charset="utf-8"), tag("title", "No report · Vastra Lab"))
    return f"<!DOCTYPE html>\n{tag('html', head, tag('body', tag('p', told)), lang='en')}\n".encode()


def _file(title: str, document: dict[str, Any], body: Markup, images: list[str]) -> str:
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
        tag("title", title),
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


def _body(report: Report) -> Markup:
    runs, alone = report.runs, report.is_of_one_run
    links = [("board", "Summary"), *([] if alone else [("comparison", parts.overview_title(report))])]
    links += [(f"run-{index}", "Behind it" if alone else run.name) for index, run in enumerate(runs)]
    nav = tag("nav", [join(tag("a", charts.short(word, 40), href=f"#{key}"), " ") for key, word in links])
    made = report.made
    return join(
        tag("header", tag("strong", "Vastra Lab report"), nav, class_="top"),
        tag(
            "main",
            _board(report),
            None if alone else parts.comparison(report),
            [sections.run_section(index, run, alone) for index, run in enumerate(runs)],
            tag(
                "footer",
                tag("p", f"Made by Vastra Lab {report.lab} on {made.day} {made:%B %Y, %H:%M} UTC with "),
                tag("pre", tag("code", f"{report.command} -o report.html")),
                tag("p", "This file is complete: it asks no other machine for anything. Printing it gives a PDF."),
            ),
        ),
    )


def _board(report: Report) -> Markup:
    """The stakeholder's page: numbers, one sentence, one picture, and what to keep in mind."""
    board, runs = report.board, report.runs
    picture = board.picture
    ranked = picture.kind == "classes"
    title, rows = parts.weakest(picture.title, picture.rows) if ranked else (picture.title, picture.rows)
    datasets = " and ".join(dict.fromkeys(run.asked for run in runs))
    kinds = min(len(run.scores.classes) for run in runs)
    what = f"A classifier of photos into {kinds:,} kinds" if len(runs) == 1 else f"{len(runs)} classifiers of photos"
    if len(runs) > len(report.standings) == 1:
        what = f"{len(runs)} trainings of one classifier of photos into {kinds:,} kinds"
    return section(
        "board",
        report.drawn,
        tag("h1", board.title),
        tag("p", f"{what}, judged on {split_words(report.split)} of {datasets}.", class_="lead"),
        tag("p", board.verdict, class_="verdict"),
        *(tag("p", text, class_="required") for text in board.required),
        tag("dl", [_tile(number) for number in board.numbers], class_="numbers"),
        tag(
            "div",
            tag(
                "figure",
                tag("figcaption", tag("strong", title), " with its 95 % interval"),
                charts.interval_rows("board-picture", title, rows, ranked),
            ),
            tag(
                "div",
                tag("h2", "To keep in mind"),
                tag("ul", [tag("li", text) for text in board.care]),
                class_="care",
            ),
            class_="picture",
        ),
        class_="board",
    )


def _tile(number: Number) -> Markup:
    share = number.value
    if number.unit == "points":
        value, bounds = f"{points(share.value)} points", interval_in_points(share.bounds)
    else:
        value, bounds = percent(share.value), interval(share.bounds)
    return tag(
        "div",
        tag("dt", number.label),
        tag("dd", value, class_="value"),
        tag("dd", bounds, tag("br"), number.note, class_="note"),
    )
