"""Charts of a report as inline SVG: drawn once, in CSS classes that follow the theme, with a title and a description.

Takes plain values of a report's document; gives markup. Lengths are pixels of the drawing; a screen that is narrower
shrinks it. Knows no page.
"""

import math
from collections.abc import Sequence
from typing import Any

from fashion_core.labels import counted, shortened
from fashion_core.metrics import wording
from fashion_core.metrics.intervals import Estimate
from fashion_core.metrics.wording import interval, percent, with_interval
from fashion_core.report.html import Markup, join, tag

WIDTH = 820
ROW = 27
_VALUE, _LETTER, _LETTERS = 200, 9.5, 32  # what the numbers take to the right; a letter, and the most of a name


def drawing(key: str, title: str, told: str, width: int, height: int, *parts: Any) -> Markup:
    """An SVG that a screen reader names by ``title`` and reads as ``told``."""
    return tag(
        "svg",
        tag("title", title, id=f"{key}-title"),
        tag("desc", told, id=f"{key}-told"),
        *parts,
        viewBox=f"0 0 {width} {height}",
        width=width,
        height=height,
        role="img",
        aria_labelledby=f"{key}-title {key}-told",
    )


def interval_rows(key: str, title: str, rows: Sequence[dict[str, Any]], mark_lowest: bool = True) -> Markup:
    """A row for each of ``rows`` (label, value, low, high, n; published): a dot with its interval on one scale."""
    floor = math.floor(10 * min(row["low"] for row in rows) - 1e-9) / 10
    floor = min(max(0.0, floor), 0.9)
    names = shortened([row["label"] for row in rows], _LETTERS)
    label = round(max(120, _LETTER * max(map(len, names))))
    left, right = label + 12, WIDTH - _VALUE
    height = ROW * len(rows) + 34

    def at(share: float) -> float:
        return round(left + (share - floor) / (1 - floor) * (right - left), 1)

    scale = ticks(floor, 1.0)
    weakest = min(range(len(rows)), key=lambda place: rows[place]["value"])
    parts: list[Markup] = []
    for tick in scale:
        parts.append(_line(at(tick), 0, at(tick), height - 30, "grid"))
        unit = " %" if tick == scale[-1] else ""
        parts.append(_text(at(tick), height - 10, f"{100 * tick:.0f}{unit}", "axis middle"))
    for place, row in enumerate(rows):
        y = ROW * place + 15
        low = mark_lowest and place == weakest and len(rows) > 2
        kind = "other" if row.get("published") else "weak" if low else "own"
        told = f"{row['label']}: {with_interval(Estimate.from_flat(row))}, n = {row['n']:,}"
        parts.append(
            tag(
                "g",
                tag("title", told),
                tag("rect", x=0, y=y - 13, width=WIDTH, height=ROW, class_="hit"),
                _text(label, y + 5, names[place], "name end strong" if low else "name end"),
                _line(at(row["low"]), y, at(row["high"]), y, f"bar {kind}"),
                _line(at(row["low"]), y - 5, at(row["low"]), y + 5, f"bar {kind}"),
                _line(at(row["high"]), y - 5, at(row["high"]), y + 5, f"bar {kind}"),
                _mark(at(row["value"]), y, kind),
                _text(right + 14, y + 5, with_interval(Estimate.from_flat(row)), "value"),
            )
        )
    told = "; ".join(f"{row['label']} {with_interval(Estimate.from_flat(row))}" for row in rows)
    return drawing(key, title, told, WIDTH, height, parts)


def _mark(x: float, y: float, kind: str) -> Markup:
    """A dot; what others published is a hollow diamond, the weakest a square: grey paper keeps them apart."""
    if kind == "other":
        return tag("path", d=f"M{x} {y - 6}l6 6l-6 6l-6 -6z", class_="mark other")
    if kind == "weak":
        return tag("rect", x=round(x - 5, 1), y=y - 5, width=10, height=10, class_="mark weak")
    return tag("circle", cx=x, cy=y, r=5.5, class_="mark own")


def difference_scale(key: str, title: str, value: float, low: float, high: float, margin: float) -> Markup:
    """A difference with its interval around zero, and the band within which it would not matter."""
    reach = max(abs(low), abs(high), 2 * margin) * 1.15
    height, y = 92, 34

    def at(share: float) -> float:
        return round(WIDTH / 2 + share / reach * (WIDTH / 2 - 40), 1)

    told = (
        f"{wording.points(value)} points, from {wording.points(low)} to {wording.points(high)}; zero is no difference."
    )
    return drawing(
        key, title, told, WIDTH, height,
        tag("rect", x=at(-margin), y=8, width=round(at(margin) - at(-margin), 1), height=52, class_="band"),
        _line(at(0), 4, at(0), 64, "zero"),
        _line(at(low), y, at(high), y, "bar own"),
        _line(at(low), y - 6, at(low), y + 6, "bar own"),
        _line(at(high), y - 6, at(high), y + 6, "bar own"),
        _mark(at(value), y, "own"),
        _text(at(0), 84, "0: no difference", "axis middle"),
        _text(20, 84, "the first is better", "axis"),
        _text(WIDTH - 20, 84, "the second is better", "axis end"),
    )  # fmt: skip


def curves(key: str, told: dict[str, Any]) -> Markup:
    """Loss and validation accuracy by epochs seen, side by side."""
    width, height, gap = 400, 270, 20
    epochs, losses = told["epochs"], told["losses"]
    last = max([1.0, *(row["epoch"] for row in epochs), *(one["at"] for one in losses)])
    lines = [("logged", "thin", [(one["at"], one["loss"]) for one in losses])]
    for name, kind in (("train_loss", "own"), ("val_loss", "other")):
        word = "training" if name == "train_loss" else "validation"
        lines.append((word, kind, [(row["epoch"], row[name]) for row in epochs if row[name] is not None]))
    values = [y for _, _, points in lines for _, y in points]
    parts = [tag("g", _panel("Loss", lines, last, 0.0, max(values, default=1.0) * 1.05, width, height, []))]
    scored = [row for row in epochs if row["val_accuracy"] is not None]
    if scored:
        bounds = [(row["epoch"], row["low"], row["high"]) for row in scored if row["low"] is not None]
        low = min([row["val_accuracy"] for row in scored] + [one[1] for one in bounds])
        floor = math.floor(10 * low) / 10
        points = [(row["epoch"], row["val_accuracy"]) for row in scored]
        lines = [("validation", "own", points)]
        panel = _panel("Validation accuracy", lines, last, min(floor, 0.9), 1.0, width, height, bounds, True)
        parts.append(tag("g", panel, transform=f"translate({width + gap} 0)"))
    said = f"{counted(len(epochs), 'epoch')}."
    if scored:
        first, end = (percent(scored[place]["val_accuracy"]) for place in (0, -1))
        said += f" Validation accuracy from {first} to {end}."
    return drawing(key, "Loss and validation accuracy by epochs seen", said, 2 * width + gap, height, parts)


def _panel(
    title: str,
    lines: Sequence[tuple[str, str, list[tuple[float, float]]]],
    last: float,
    floor: float,
    top: float,
    width: int,
    height: int,
    bounds: Sequence[tuple[float, float, float]],
    shares: bool = False,
) -> Markup:
    left, right, bottom, head = 52, width - 8, height - 44, 54 if len(lines) > 1 else 34
    span = (top - floor) or 1.0

    def x(at: float) -> float:
        return round(left + at / last * (right - left), 1)

    def y(value: float) -> float:
        return round(bottom - (value - floor) / span * (bottom - head), 1)

    parts = [_text(left, 16, title, "head")]
    for value in ticks(floor, top):
        parts.append(_line(left, y(value), right, y(value), "grid"))
        parts.append(_text(left - 8, y(value) + 5, f"{100 * value:.0f} %" if shares else f"{value:.6g}", "axis end"))
    for place in sorted({0, round(last / 2), round(last)}):
        parts.append(_text(x(place), bottom + 20, f"{place}", "axis middle"))
    parts.append(_text((left + right) / 2, height - 4, "epochs seen", "axis middle"))
    for at, low, high in bounds:
        told = f"epoch {at}: {interval((low, high))} %"
        parts.append(tag("g", tag("title", told), _line(x(at), y(low), x(at), y(high), "bar own")))
    for name, kind, points in lines:
        if not points:
            continue
        path = "M" + "L".join(f"{x(a)} {y(b)}" for a, b in points)
        parts.append(tag("path", d=path, class_=f"curve {kind}"))
        if kind != "thin":
            for a, b in points if len(points) <= 60 else points[-1:]:
                told = f"{name}, epoch {a}: {percent(b) if shares else f'{b:.4g}'}"
                parts.append(tag("g", tag("title", told), _dot(x(a), y(b), kind)))
    legend = float(left)
    for name, kind, points in lines:
        if points and len(lines) > 1:
            parts.append(_line(legend, 35, legend + 20, 35, f"curve {kind}"))
            parts.append(_text(legend + 26, 40, name, "axis"))
            legend += 44 + 8 * len(name)
    return join(parts)


def ticks(low: float, high: float, most: int = 5) -> list[float]:
    """Round numbers from ``low`` to ``high``, at most so many steps apart."""
    size = 10.0 ** math.floor(math.log10((high - low) / most))
    step = next(size * part for part in (1, 2, 5, 10) if (high - low) / (size * part) <= most)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [round(place * step, 10) for place in range(first, last + 1)]


def _dot(x: float, y: float, kind: str) -> Markup:
    return tag("circle", cx=x, cy=y, r=3.5, class_=f"mark {kind}")


def reliability(key: str, told: dict[str, Any]) -> Markup:
    """How often it is right by how sure it says it is; on the diagonal the two agree."""
    side, left, bottom = 330, 60, 300
    length = bottom - 12

    def at(share: float) -> tuple[float, float]:
        return round(left + share * length, 1), round(bottom - share * length, 1)

    parts = []
    for place in range(6):
        share = place / 5
        x, y = at(share)
        parts += [_line(left, y, left + length, y, "grid"), _text(left - 8, y + 5, f"{100 * share:.0f}", "axis end")]
        parts.append(_text(x, bottom + 20, f"{100 * share:.0f}", "axis middle"))
    parts.append(_line(*at(0), *at(1), "zero"))
    for one in told["bins"]:
        x, y = at(one["sure"])[0], at(one["right"] / one["n"])[1]
        right = with_interval(Estimate(one["right"] / one["n"], one["low"], one["high"]))
        said = f"says {percent(one['sure'])}, is right {right}, n = {one['n']:,}"
        whisker = _line(x, at(one["low"])[1], x, at(one["high"])[1], "bar own")
        parts.append(tag("g", tag("title", said), whisker, tag("circle", cx=x, cy=y, r=4.5, class_="mark own")))
    parts.append(_text(left + length / 2, bottom + 42, "how sure it says it is, in %", "axis middle"))
    turned = f"translate(16 {bottom - length / 2}) rotate(-90)"
    parts.append(tag("text", "how often it is right, in %", transform=turned, class_="axis middle"))
    said = f"{told['words']}: on average it says {percent(told['said'])} and is right {percent(told['accuracy'])}."
    return drawing(key, "Does it know when it may be wrong?", said, left + length + 20, side + 20, parts)


def short(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"


def _line(x1: float, y1: float, x2: float, y2: float, class_: str) -> Markup:
    return tag("line", x1=x1, y1=y1, x2=x2, y2=y2, class_=class_)


def _text(x: float, y: float, text: str, class_: str) -> Markup:
    return tag("text", text, x=x, y=y, class_=class_)
