"""Every run as a row with its interval and its cost, and accuracy against cost: the lower half of the Compare page.

Takes runs; reads their small files through caches keyed by what changes.
"""

import math
from collections.abc import Mapping, Sequence

import pandas as pd
import streamlit as st

from fashion_core.compare import leaderboard
from fashion_core.compare.sides import Side
from fashion_core.data import published
from fashion_core.runs.runs import Run
from ui.app import address, audience, loaders, notices, words
from ui.charts.compare import accuracy_by_cost
from ui.charts.layout import SPLIT_NAMES
from ui.shared import bounded, run_names
from ui.shared.plot import plot
from ui.shared.table import filled, show_table

KEY = "tally"


def show(found: Sequence[Run], first: Side, second: Side, split: str) -> None:
    """The table and the plot of the runs over one dataset, with what was published on its classes."""
    names = {run.dataset.fingerprint: run_names.photos_words(run.dataset) for run in reversed(found)}
    side = second if second.members else first if first.members else None
    default = side.members[0].dataset.fingerprint if side else next(iter(names))
    with st.container(horizontal=True, vertical_alignment="center"):
        st.header("All runs on the same photos", anchor=False, width="content")
        of = address.select("Dataset", names, key="of", default=default, label_visibility="collapsed", width=300)
    shown = [run for run in found if run.dataset.fingerprint == of]
    results = published.for_classes(shown[0].classes) if split == "test" else ()
    frame = table_of(shown, split, results)
    _show_table(frame)
    marked = {run.id: word for word, side in (("First", first), ("Second", second)) for run in side.members}
    _show_cost(frame, marked, shown[0].dataset.synthetic)


def table_of(shown: Sequence[Run], split: str, results: Sequence[published.Published]) -> pd.DataFrame:
    """``tally.table`` with a column ``name``; built anew when a summary, a name or the list of runs changes."""
    files = ("config.json", "summary.json", "labels.json")
    stamps = tuple(loaders.stamp(run.folder / name) for run in shown for name in files)
    return _table(hash((stamps, audience.is_review())), len(stamps), split, list(shown), results)


# 3,000 stamps as an argument: streamlit takes 60 ms to hash them, python less than one
@st.cache_resource(max_entries=8, show_spinner=False)
def _table(
    key: int, num_stamps: int, split: str, _shown: list[Run], _results: Sequence[published.Published]
) -> pd.DataFrame:
    frame = leaderboard.table(_shown, split, _results)
    own = [run_names.labels_of(run).name for run in _shown]
    made = run_names.names_in_table(_shown)
    named = run_names.names_in_table(_shown, plain=audience.is_review())
    frame["changed"] = [*(what if name else "" for what, name in zip(made, own, strict=True)), *("" for _ in _results)]
    frame["name"] = [*map(lambda name, what: name or what, own, named), *(result.name for result in _results)]
    frame["colour"] = [*(run_names.colour_of(run) for run in _shown), *("" for _ in _results)]
    return frame


def _show_table(frame: pd.DataFrame) -> None:
    def put_on_sides() -> None:
        rows = sorted(row for row in st.session_state[KEY]["selection"]["rows"] if row < len(frame))
        if len(rows) == 2:
            address.choose(first=frame["id"].iloc[rows[1]], second=frame["id"].iloc[rows[0]])

    bounds = zip(frame["low"], frame["high"], strict=True)
    intervals = ["" if math.isnan(low) else words.interval((low, high)) for low, high in bounds]
    split = SPLIT_NAMES.get(frame["split"].iloc[0], "Test") if len(frame) else "Test"
    show_table(
        filled(
            pd.DataFrame(
                {
                    "name": frame["name"],
                    "changed": frame["changed"],
                    "accuracy": 100 * frame["accuracy"],
                    "interval": intervals,
                    "macro_f1": frame["macro_f1"],
                    "n": frame["n"],
                    "minutes": frame["minutes"],
                    "speed": frame["images_per_second"],
                    "device": frame["device"],
                    "group": frame["group"],
                    "created": pd.to_datetime(frame["created"], errors="coerce", utc=True, format="ISO8601"),
                }
            )
        ),
        key=KEY,
        height=min(390, bounded.table_height(len(frame))),
        on_select=put_on_sides,
        selection_mode="multi-row",
        column_config={
            "name": st.column_config.TextColumn("Run", width=300),
            "changed": st.column_config.TextColumn("What it is", width=160),
            "accuracy": st.column_config.NumberColumn(f"{split} %", format="%.1f", width=70),
            "interval": st.column_config.TextColumn("95 % interval", width=110, help="Wilson's interval."),
            "macro_f1": st.column_config.NumberColumn("Macro F1", format="%.3f", width=80),
            "n": st.column_config.NumberColumn("n", format="localized", width=66),
            "minutes": st.column_config.NumberColumn(
                "Device-min.", format="%.1f", width=90, help="Minutes of training times devices: what it cost."
            ),
            "speed": st.column_config.NumberColumn("Images/s", format="%.0f", width=80),
            "device": st.column_config.TextColumn("Device", width=80),
            "group": st.column_config.TextColumn("Group", width=110),
            "created": st.column_config.DatetimeColumn("Launched", format="D MMM YYYY HH:mm", width=140),
        },
        alt="Every run on these photos with its accuracy, interval, macro F1 and cost",
    )
    notices.aside("A click on a column sorts. Tick two rows to compare them, the upper one as the second.")


def _show_cost(frame: pd.DataFrame, marked: Mapping[str, str], drawn: bool) -> None:
    costly = frame[(frame["minutes"] > 0) & frame["accuracy"].notna() & (frame["kind"] != "published")]
    if costly.empty:
        notices.aside("No run on these photos has ended with a score yet, so there is no cost to draw.")
        return
    lines = frame[(frame["kind"] == "published") & frame["id"].isin(["published-report", "published-paper"])]
    plot(
        accuracy_by_cost(
            costly,
            marked=marked,
            published=list(zip(lines["name"], lines["accuracy"], strict=True)),
            drawn=drawn,
        ),
        key="cost",
        alt="Accuracy of every run against the device-minutes of its training",
        height=380,
    )
    told = "Diamonds: the two sides above. Bars: 95 % Wilson intervals."
    if len(lines):
        told += f" Dotted: published on other photos or another input. {published.OTHER_INPUT}"
        text = next((result.text for result in published.results() if result.text), None)
        if text:
            told += (
                f" The report's text says {100 * text.submitted:.0f} % submitted and {100 * text.lowest:.0f} to "
                f"{100 * text.highest:.0f} % over runs; its matrix gives 84.13 %."
            )
    notices.aside(told)
