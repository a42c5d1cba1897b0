"""Charts of a report as inline SVG: drawn once, in CSS classes that follow the theme, with a title and a description.

Takes facts of a report; gives markup. Lengths are pixels of the drawing; a screen that is narrower
shrinks it. Knows no page.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from fashion_core.labels import counted, shortened
from fashion_core.metrics import wording
from fashion_core.metrics.calibration import Reliability
from fashion_core.metrics.intervals import Estimate
from fashion_core.metrics.wording import interval, percent, with_interval
from fashion_core.report.facts import Curves, Row, bins_of
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


def interval_rows(key: str, title: str, rows: Sequence[Row], mark_lowest: bool = True) -> Markup:
    """A dot with its interval for each of ``rows``, on one scale."""
    floor = math.floor(10 * min(row.value.low for row in rows) - 1e-9) / 10
    floor = min(max(0.0, floor), 0.9)
    names = shortened([row.label for row in rows], _LETTERS)
    label = round(max(120, _LETTER * max(map(len, names))))
    left, right = label + 12, WIDTH - _VALUE
    height = ROW * len(rows) + 34

    def at(share: float) -> float:
        return round(left + (share - floor) / (1 - floor) * (right - left), 1)

    scale = ticks(floor, 1.0)
    weakest = min(range(len(rows)), key=lambda place: rows[place].value.value)
    parts: list[Markup] = []
    for tick in scale:
        parts.append(_line(at(tick), 0, at(tick), height - 30, "grid"))
        unit = " %" if tick == scale[-1] else ""
        parts.append(_text(at(tick), height - 10, f"{100 * tick:.0f}{unit}", "axis middle"))
    for place, row in enumerate(rows):
        y = ROW * place + 15
        low = mark_lowest and place == weakest and len(rows) > 2
        kind = "other" if row.published else "weak" if low else "own"
        told = f"{row.label}: {with_interval(row.value)}, n = {row.n:,}"
        parts.append(
            tag(
                "g",
                tag("title", told),
                tag("rect", x=0, y=y - 13, width=WIDTH, height=ROW, class_="hit"),
                _text(label, y + 5, names[place], "name end strong" if low else "name end"),
                _line(at(row.value.low), y, at(row.value.high), y, f"bar {kind}"),
                _line(at(row.value.low), y - 5, at(row.value.low), y + 5, f"bar {kind}"),
                _line(at(row.value.high), y - 5, at(row.value.high), y + 5, f"bar {kind}"),
                _mark(at(row.value.value), y, kind),
                _text(right + 14, y + 5, with_interval(row.value), "value"),
            )
        )
    told = "; ".join(f"{row.label} {with_interval(row.value)}" for row in rows)
    return drawing(key, title, told, WIDTH, height, parts)


def _mark(x: float, y: float, kind: str) -> Markup:
    """A dot; what others published is a hollow diamond, the weakest a square: grey paper keeps them apart."""
    if kind == "other":
        return tag("path", d=f"M{x} {y - 6}l6 6l-6 6l-6 -6z", class_="mark other")
    if kind == "weak":
        return tag("rect", x=round(x - 5, 1), y=y - 5, width=10, height=10, class_="mark weak")
    return tag("circle", cx=x, cy=y, r=5.5, class_="mark own")


def difference_scale(key: str, title: str, difference: Estimate, margin: float) -> Markup:
    """A difference with its interval around zero, and the band within which it would not matter."""
    value, low, high = difference.value, *difference.bounds
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


Points = Sequence[tuple[float, float]]
Line = tuple[str, str, Points]  # name, kind, points


@dataclass(frozen=True, kw_only=True)
class _Panel:
    """One of the drawings beside each other: ``lines`` and ``bounds`` (epoch, low, high) over the
    epochs seen, up to ``last``; values from ``floor`` to ``top``, shares or plain numbers."""

    title: str
    lines: Sequence[Line]
    last: float
    floor: float
    top: float
    bounds: Sequence[tuple[int, float, float]] = ()
    shares: bool = False
    width: int = 400
    height: int = 270
    left: int = 52

    @property
    def right(self) -> int:
        return self.width - 8

    @property
    def bottom(self) -> int:
        return self.height - 44

    def x(self, at: float) -> float:
        return round(self.left + at / self.last * (self.right - self.left), 1)

    def y(self, value: float) -> float:
        head, span = 54 if len(self.lines) > 1 else 34, (self.top - self.floor) or 1.0
        return round(self.bottom - (value - self.floor) / span * (self.bottom - head), 1)


def curves(key: str, told: Curves) -> Markup:
    """Loss and validation accuracy by epochs seen, side by side."""
    gap = 20
    epochs, losses = told.epochs, told.losses
    last = max([1.0, *(row.epoch for row in epochs), *(logged.at for logged in losses)])
    lines: list[Line] = [
        ("logged", "thin", [(logged.at, logged.loss) for logged in losses]),
        ("training", "own", [(row.epoch, row.train_loss) for row in epochs if row.train_loss is not None]),
        ("validation", "other", [(row.epoch, row.val_loss) for row in epochs if row.val_loss is not None]),
    ]
    values = [y for _, _, points in lines for _, y in points]
    panel = _Panel(title="Loss", lines=lines, last=last, floor=0.0, top=max(values, default=1.0) * 1.05)
    parts = [tag("g", _drawn(panel))]
    scored = [(row.epoch, row.val_accuracy) for row in epochs if row.val_accuracy is not None]
    points = [(epoch, share.value) for epoch, share in scored]
    said = f"{counted(len(epochs), 'epoch')}."
    if points:
        bounds = [(epoch, share.low, share.high) for epoch, share in scored if share.has_interval]
        low = min([*(share for _, share in points), *(bound[1] for bound in bounds)])
        accuracy = _Panel(
            title="Validation accuracy",
            lines=[("validation", "own", points)],
            last=last,
            floor=min(math.floor(10 * low) / 10, 0.9),
            top=1.0,
            bounds=bounds,
            shares=True,
        )
        parts.append(tag("g", _drawn(accuracy), transform=f"translate({panel.width + gap} 0)"))
        said += f" Validation accuracy from {percent(points[0][1])} to {percent(points[-1][1])}."
    title = "Loss and validation accuracy by epochs seen"
    return drawing(key, title, said, 2 * panel.width + gap, panel.height, parts)


def _drawn(panel: _Panel) -> Markup:
    return join(_axes(panel), _whiskers(panel), [_line_of(panel, *line) for line in panel.lines], _legend(panel))


def _axes(panel: _Panel) -> list[Markup]:
    left, right, bottom = panel.left, panel.right, panel.bottom
    parts = [_text(left, 16, panel.title, "head")]
    for value in ticks(panel.floor, panel.top):
        y = panel.y(value)
        parts.append(_line(left, y, right, y, "grid"))
        parts.append(_text(left - 8, y + 5, f"{100 * value:.0f} %" if panel.shares else f"{value:.6g}", "axis end"))
    for place in sorted({0, round(panel.last / 2), round(panel.last)}):
        parts.append(_text(panel.x(place), bottom + 20, f"{place}", "axis middle"))
    return [*parts, _text((left + right) / 2, panel.height - 4, "epochs seen", "axis middle")]


def _whiskers(panel: _Panel) -> list[Markup]:
    parts = []
    for at, low, high in panel.bounds:
        told, x = f"epoch {at}: {interval((low, high))} %", panel.x(at)
        parts.append(tag("g", tag("title", told), _line(x, panel.y(low), x, panel.y(high), "bar own")))
    return parts


def _line_of(panel: _Panel, name: str, kind: str, points: Points) -> list[Markup]:
    """A line, and dots that say their value: each of them while they are few, else the last."""
    if not points:
        return []
    path = "M" + "L".join(f"{panel.x(a)} {panel.y(b)}" for a, b in points)
    parts = [tag("path", d=path, class_=f"curve {kind}")]
    dots = [] if kind == "thin" else points if len(points) <= 60 else points[-1:]
    for a, b in dots:
        told = f"{name}, epoch {a}: {percent(b) if panel.shares else f'{b:.4g}'}"
        parts.append(tag("g", tag("title", told), _dot(panel.x(a), panel.y(b), kind)))
    return parts


def _legend(panel: _Panel) -> list[Markup]:
    """The names of the lines, where there are several."""
    parts, at = [], float(panel.left)
    for name, kind, points in panel.lines if len(panel.lines) > 1 else ():
        if points:
            parts += [_line(at, 35, at + 20, 35, f"curve {kind}"), _text(at + 26, 40, name, "axis")]
            at += 44 + 8 * len(name)
    return parts


def ticks(low: float, high: float, most: int = 5) -> list[float]:
    """Round numbers from ``low`` to ``high``, at most so many steps apart."""
    size = 10.0 ** math.floor(math.log10((high - low) / most))
    step = next(size * part for part in (1, 2, 5, 10) if (high - low) / (size * part) <= most)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [round(place * step, 10) for place in range(first, last + 1)]


def _dot(x: float, y: float, kind: str) -> Markup:
    return tag("circle", cx=x, cy=y, r=3.5, class_=f"mark {kind}")


def reliability(key: str, told: Reliability) -> Markup:
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
    for one in bins_of(told):
        right = one.share
        x, y = at(one.sure)[0], at(right.value)[1]
        said = f"says {percent(one.sure)}, is right {with_interval(right)}, n = {right.n:,}"
        whisker = _line(x, at(right.low)[1], x, at(right.high)[1], "bar own")
        parts.append(tag("g", tag("title", said), whisker, tag("circle", cx=x, cy=y, r=4.5, class_="mark own")))
    parts.append(_text(left + length / 2, bottom + 42, "how sure it says it is, in %", "axis middle"))
    turned = f"translate(16 {bottom - length / 2}) rotate(-90)"
    parts.append(tag("text", "how often it is right, in %", transform=turned, class_="axis middle"))
    said = f"{told.words}: on average it says {percent(told.said)} and is right {percent(told.accuracy)}."
    return drawing(key, "Does it know when it may be wrong?", said, left + length + 20, side + 20, parts)


def short(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"


def _line(x1: float, y1: float, x2: float, y2: float, class_: str) -> Markup:
    return tag("line", x1=x1, y1=y1, x2=x2, y2=y2, class_=class_)


def _text(x: float, y: float, text: str, class_: str) -> Markup:
    return tag("text", text, x=x, y=y, class_=class_)
