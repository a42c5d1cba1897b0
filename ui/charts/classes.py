"""Panels of bars side by side, one row a class: how photos spread over splits, and what a sampler makes of them."""

from collections.abc import Collection, Mapping, Sequence

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from fashion_core.metrics.wording import percent
from ui.charts.colours import LIGHT
from ui.charts.layout import SPLIT_COLOURS, SPLIT_NAMES, base_layout, class_name, names_axis

_GAP = 0.03  # between panels, of the chart's width
_ROOM = 1.22  # the axis goes on behind the longest bar, so that its number has room


def counts_by_split(photos: pd.DataFrame, labels: Sequence[str]) -> pd.DataFrame:
    """Photos by class (rows, in index order) and split (columns: train, val, test as far as there are any)."""
    counts = photos.groupby(["label", "split"], observed=True).size().unstack(fill_value=0)
    return counts.reindex(index=list(labels), columns=[s for s in SPLIT_NAMES if s in counts.columns], fill_value=0)


def class_distribution(
    counts: pd.DataFrame,
    *,
    as_share: bool = False,
    totals: pd.Series | None = None,
    groups: Mapping[str, Sequence[str]] | None = None,
    published: pd.DataFrame | None = None,
    chosen: Collection[tuple[str, str]] | None = None,
    title: str = "",
    drawn: bool = False,
) -> go.Figure:
    """Bars of photos per class (``counts``: index = labels in the order to draw, columns = splits).

    ``totals``: photos of each split, where ``counts`` has only some of its classes.
    Every split has its own panel, all panels have the same scale, and every bar carries its number. ``groups`` puts the
    classes under headings with their sums; ``published`` (as ``counts``) adds a tick where its share would end;
    ``chosen`` are the bars (label, split) that stay strong. A bar's ``customdata`` ends in its class's place in
    ``counts`` and its split's. A drag in a panel marks rows, the whole width of them.
    """
    totals = counts.sum() if totals is None else totals
    shares, splits = counts / totals, list(counts.columns)
    shown = shares * 100 if as_share else counts
    # the published set may be thirty times as large: a tick is its share, at the size of this split
    ticks = None if published is None else published / published.sum() * (100 if as_share else counts.sum())
    places, headings = _rows(list(counts.index), groups)
    longest = max(float(np.nanmax(frame.to_numpy())) for frame in (shown, ticks) if frame is not None and frame.size)
    figure = go.Figure(layout=base_layout(title, drawn=drawn))
    _panels(
        figure,
        [f"<b>{SPLIT_NAMES.get(split, split)}</b>  {int(totals[split]):,} photos" for split in splits],
        [longest] * len(splits),
        [class_name(label) for label in counts.index],
        places,
        headings,
    )
    notes = list(figure.layout.annotations)
    for number, split in enumerate(splits):
        axes = {"y": places, "xaxis": f"x{_axis(number)}", "yaxis": "y"}
        texts = [_number(value, as_share) for value in shown[split]]
        strong = [chosen is None or (label, split) in chosen for label in counts.index]
        # a list, not an array: a click hands it back as it is
        data = [
            [int(count), 100 * float(share), place, number]
            for place, (count, share) in enumerate(zip(counts[split], shares[split], strict=True))
        ]
        _add_bars(figure, shown[split], split, axes, data, strong, texts if ticks is None else None)
        if ticks is not None and published is not None:
            _add_published(figure, published[split], ticks[split], axes)
            _add_numbers(figure, np.maximum(shown[split], ticks[split]), texts, axes, showlegend=False)
        for place, name in headings.items():
            members = [label for label in groups[name] if label in counts.index] if groups else []
            total, part = int(counts[split][members].sum()), float(shares[split][members].sum())
            notes.append(_sum_of_group(percent(part) if as_share else f"{total:,}", place, axes))
    figure.layout.annotations = notes
    figure.update_layout(dragmode="select", selectdirection="v")
    return figure


def _add_bars(
    figure: go.Figure,
    shown: pd.Series,
    split: str,
    axes: dict[str, object],
    data: list[list[float]],
    strong: list[bool],
    texts: list[str] | None,
) -> None:
    """The bars of one split (``shown``: by label); ``texts`` stand at their ends."""
    figure.add_bar(
        **axes,
        x=shown,
        orientation="h",
        name=SPLIT_NAMES.get(split, split),
        text=texts,
        textposition="none" if texts is None else "outside",
        cliponaxis=False,
        textfont={"color": LIGHT["muted"], "size": 12},
        marker={
            "color": SPLIT_COLOURS.get(split, LIGHT["grey"]),
            "cornerradius": 2,
            "opacity": [1.0 if is_strong else 0.4 for is_strong in strong],
        },
        # while a box is drawn; plotly throws without them, for the numbers have a font of their own
        selected={"textfont": {"color": LIGHT["ink"]}},
        unselected={"textfont": {"color": LIGHT["muted"]}, "marker": {"opacity": 0.4}},
        hovertext=[class_name(label) for label in shown.index],
        customdata=data,
        hovertemplate="%{hovertext}<br>%{customdata[0]:,} photos<br>%{customdata[1]:.1f} % of the split<extra></extra>",
    )


def _add_published(figure: go.Figure, published: pd.Series, ticks: pd.Series, axes: dict[str, object]) -> None:
    """A tick where the published share of each class would end."""
    shares = 100 * published / published.sum()
    figure.add_scatter(
        **axes,
        x=ticks,
        mode="markers",
        marker=_TICK,
        customdata=[[int(count), float(share)] for count, share in zip(published, shares, strict=True)],
        hovertemplate="published: %{customdata[0]:,} photos<br>%{customdata[1]:.1f} % of the split<extra></extra>",
        showlegend=False,
    )


def _sum_of_group(text: str, place: int, axes: dict[str, object]) -> dict[str, object]:
    return {
        "text": f"<b>{text}</b>", "x": 0, "y": place, "xref": axes["xaxis"], "yref": "y", "xanchor": "left",
        "showarrow": False, "font": {"size": 12, "color": LIGHT["muted"]},
    }  # fmt: skip


def _add_numbers(figure: go.Figure, ends: pd.Series, texts: list[str], axes: dict[str, object], **more: object) -> None:
    """What is written behind the ends of bars."""
    figure.add_scatter(
        **axes, x=ends, mode="text", text=[f"  {text}" for text in texts], textposition="middle right",
        textfont={"color": LIGHT["muted"], "size": 12}, hoverinfo="skip", cliponaxis=False, **more,
    )  # fmt: skip


def simulated_epoch(rows: pd.DataFrame, *, title: str = "", drawn: bool = False) -> go.Figure:
    """What one epoch makes of each class (``rows``, in the order to draw: label, photos, expected, drawn, unseen,
    unseen_drawn, weight): draws, share of its photos that is never shown, weight against an equal share.

    Bars are expectations, ticks the simulated epoch; the pale bar behind is the photos there are.
    """
    names = [class_name(label) for label in rows["label"]]
    places = list(range(len(rows)))
    figure = go.Figure(layout=base_layout(title, drawn=drawn))
    _panels(
        figure,
        ["<b>Draws</b>  pale: photos", "<b>Photos never shown</b>, %", "<b>Weight</b>, × an equal share"],
        [
            float(rows[["photos", "expected", "drawn"]].to_numpy().max()),
            max(1.0, 100 * float(rows[["unseen", "unseen_drawn"]].to_numpy().max())),
            max(1.0, float(rows["weight"].max())),
        ],
        names,
        places,
        {},
    )
    figure.add_bar(
        y=places, x=rows["photos"], orientation="h", width=0.8, xaxis="x", yaxis="y", name="photos", hoverinfo="skip",
        marker={"color": LIGHT["line"], "cornerradius": 2},
    )  # fmt: skip
    panels: tuple[tuple[str, str | None, float, str, str, str], ...] = (
        ("expected", "drawn", 1, "{:,.0f}", LIGHT["indigo"], "%{x:,.0f} draws expected, %{customdata:,} in this epoch"),
        ("unseen", "unseen_drawn", 100, "{:.1f}", LIGHT["turmeric"],
         "%{x:.1f} % never shown expected, %{customdata:.1f} % in this epoch"),
        ("weight", None, 1, "{:.2f}", LIGHT["leaf"], "weighs %{x:.2f} times an equal share"),
    )  # fmt: skip
    for number, (column, tick, scale, written, colour, told) in enumerate(panels):
        axis = _axis(number)
        values = rows[column] * scale
        ticks = rows[tick] * scale if tick else values
        figure.add_bar(
            y=places, x=values, orientation="h", width=0.46 if number == 0 else 0.7, xaxis=f"x{axis}", yaxis="y",
            marker={"color": colour, "cornerradius": 2}, hovertext=names, customdata=ticks.tolist(),
            hovertemplate=f"%{{hovertext}}<br>{told}<extra></extra>", name=column,
        )  # fmt: skip
        if tick:
            figure.add_scatter(
                y=places, x=ticks, mode="markers", marker=_TICK, hoverinfo="skip", xaxis=f"x{axis}", yaxis="y",
                name=tick,
            )  # fmt: skip
        behind = np.maximum(values, ticks if tick else 1)  # numbers stand clear of the ticks and of the line at 1
        axes = {"y": places, "xaxis": f"x{axis}", "yaxis": "y"}
        _add_numbers(figure, behind, [written.format(value) for value in values], axes, name="")
    figure.add_shape(
        type="line", x0=1, x1=1, y0=-0.5, y1=len(rows) - 0.5, xref=f"x{_axis(2)}", yref="y",
        line={"color": LIGHT["muted"], "width": 1.2, "dash": "dot"},
    )  # fmt: skip
    figure.update_layout(barmode="overlay")
    return figure


_TICK = {"symbol": "line-ns", "size": 13, "color": LIGHT["ink"], "line": {"color": LIGHT["ink"], "width": 2}}


def _axis(number: int) -> str:
    return "" if number == 0 else str(number + 1)


def _number(value: float, as_share: bool) -> str:
    return f"{value:.1f}" if as_share else f"{int(value):,}"


def _rows(labels: list[str], groups: Mapping[str, Sequence[str]] | None) -> tuple[list[int], dict[int, str]]:
    """The row of each label, and the rows of the headings; labels must come group by group."""
    if not groups:
        return list(range(len(labels))), {}
    of = {label: name for name, members in groups.items() for label in members}
    places, headings, row = [], {}, 0
    for number, label in enumerate(labels):
        if number == 0 or of.get(label) != of.get(labels[number - 1]):
            headings[row] = of.get(label, "other")
            row += 1
        places.append(row)
        row += 1
    return places, headings


def _panels(
    figure: go.Figure,
    heads: list[str],
    longest: list[float],
    names: list[str],
    places: list[int],
    headings: dict[int, str],
) -> None:
    """Give the figure one panel a head, from zero to a little more than its longest bar, on shared rows."""
    width = (1 - _GAP * (len(heads) - 1)) / max(1, len(heads))
    notes = []
    for number, (head, most) in enumerate(zip(heads, longest, strict=True)):
        left = number * (width + _GAP)
        figure.layout[f"xaxis{_axis(number)}"] = {
            "domain": [left, left + width],
            "range": [0, most * _ROOM],
            "showgrid": False,
            "showticklabels": False,
            "zeroline": True,
            "zerolinecolor": LIGHT["line"],
            "fixedrange": True,
        }
        notes.append(
            {
                "text": head, "x": left, "y": 1, "xref": "paper", "yref": "paper", "xanchor": "left",
                "yanchor": "bottom", "showarrow": False, "font": {"size": 13, "color": LIGHT["ink"]},
            }
        )  # fmt: skip
    figure.layout.annotations = notes
    figure.layout.meta = {"panels": len(heads)}
    written = dict(zip(places, names, strict=True)) | {
        row: f"<b>{class_name(name)}</b>" for row, name in headings.items()
    }
    figure.update_layout(
        showlegend=False,
        bargap=0.28,
        margin={"t": 62 if figure.layout.title.text else 30},
        # the array keeps a place for headings, which have no bar of their own
        yaxis=names_axis([f"{written[row]}  " for row in sorted(written)])
        | {
            "categoryorder": "array",
            "categoryarray": sorted(written),
            "range": [len(written) - 0.5, -0.5],
            "fixedrange": True,
            "showgrid": False,
        },
    )
