"""The button that hands a result over: one HTML file of a run, or of the two sides of a comparison.

Takes sides; the file is made when somebody asks for it, in a thread of its own, and kept until a file it rests on
changes. It only reads, so a review copy has it too.
"""

from collections.abc import Sequence

import streamlit as st

from fashion_core.compare import sides
from fashion_core.compare.sides import Side
from fashion_core.data import pixels
from fashion_core.data.audit import audit
from fashion_core.data.datasets import Dataset
from fashion_core.errors import FashionError
from fashion_core.labels import slug
from fashion_core.metrics.required import Need
from fashion_core.report import document, report_page
from fashion_core.runs.runs import Run
from ui.app import loaders

LABEL = "Download a report (HTML, opens anywhere)"
#: In a row of pickers the label stands in two lines, no higher than the row.
_IN_A_ROW = (
    "<style>.st-key-report button{padding:.1rem .15rem;min-height:2.5rem}"
    ".st-key-report button p{line-height:1.25;text-wrap:balance}</style>"
)
WIDTH = 196  # pixels: at 1280 beside a run, three splits and the badge of drawn data, with a gap of 8
LONGEST = 200  # letters of a file's name, of 255 that file systems take
HELP = (
    "One HTML file of at most 15 MB: the answer first, then everything it rests on, with the photos behind each cell. "
    "It needs no network and no lab; printing it gives a PDF."
)


def of_run(run: Run, split: str, need: Need | None = None) -> None:
    """The button for one run, which is asked to reach ``need``."""
    show([sides.side_of_run(run)], split, need=need)


def show(chosen: Sequence[Side], split: str, *, margin: float = 0.01, need: Need | None = None) -> None:
    """The button for one side, or for several, each held against the first; for a row of pickers. Nothing is made
    before it is pressed."""
    found, datasets = loaders.all_runs(), loaders.datasets()
    with st.container(width=WIDTH):  # itself in a row, the label of a button is cut rather than wrapped
        st.html(_IN_A_ROW)
        st.download_button(
            LABEL,
            lambda: made(chosen, split, margin, datasets, found, need),
            file_name(chosen),
            "text/html",
            key="report",
            help=HELP,
            on_click="ignore",
            width="stretch",
        )


def file_name(chosen: Sequence[Side]) -> str:
    """Named after every side whole; where that is too long for a file, after the first and how many more."""
    names = [slug(side.id) or "run" for side in chosen]
    whole = "-".join(names)
    if len(whole) > LONGEST:
        whole = f"{names[0]}-and-{len(names) - 1}-more"
    return f"{whole}-report.html"


def made(
    chosen: Sequence[Side],
    split: str,
    margin: float,
    datasets: Sequence[Dataset],
    found: Sequence[Run],
    need: Need | None = None,
) -> bytes:
    """The file; where it cannot be made, a page that says why."""
    try:
        key = _stamps(chosen, datasets, found)
        return _made(key, split, margin, need, list(chosen), list(datasets), list(found))
    except FashionError as error:
        return report_page.refusal(str(error))


def _stamps(chosen: Sequence[Side], datasets: Sequence[Dataset], found: Sequence[Run]) -> tuple[object, ...]:
    """What changes when the report would: also the seeds of the same recipes, by which two sides are judged."""
    members = [run for side in chosen for run in side.members]
    files = [path for run in members for path in sorted(run.folder.glob("predictions-*.parquet"))]
    names = ("config.json", "metrics.jsonl", "summary.json", "labels.json")
    files += [run.folder / name for run in members for name in names]
    files += [dataset.manifest_path for dataset in datasets]
    files += [audit.folder_of(dataset) / "audit.json" for dataset in datasets]
    files += [pixels.cache_path(dataset, *dataset.first_pixels) for dataset in datasets]
    files += [run.folder / "summary.json" for run in found if len(chosen) > 1]
    return (*(loaders.stamp(path) for path in files), *((side.id, side.name) for side in chosen))


@st.cache_resource(max_entries=4, show_spinner=False)
def _made(
    key: object,
    split: str,
    margin: float,
    need: Need | None,
    _chosen: list[Side],
    _datasets: list[Dataset],
    _found: list[Run],
) -> bytes:
    collected = document.collect(_chosen, split=split, datasets=_datasets, others=_found, margin=margin, need=need)
    return report_page.render(collected).html
