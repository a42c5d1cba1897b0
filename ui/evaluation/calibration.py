"""Whether the probabilities mean what they say: top-k accuracy, reliability, calibration error, one temperature.

Takes a run and a split. The temperature is fitted on the run's validation predictions and kept nowhere.
"""

import pandas as pd
import streamlit as st

from fashion_core.errors import FashionError
from fashion_core.metrics import calibration, scoring
from fashion_core.metrics.calibration import Calibration, Reliability
from fashion_core.metrics.intervals import proportion
from fashion_core.runs.runs import Run
from ui.app import loaders, notices, words
from ui.app.kept import kept
from ui.charts.certainty import reliability_diagram
from ui.evaluation import logit_adjustment
from ui.shared import calibrated
from ui.shared.plot import plot
from ui.shared.table import show_table


@kept(lambda run, split: (loaders.of_predictions(run, split), loaders.of_predictions(run, "val")), max_entries=50)
def calibration_of(run: Run, split: str) -> Calibration | None:
    """Before and after a temperature fitted on validation; None where there are no validation predictions."""
    if not loaders.of_predictions(run, "val")[1]:
        return None
    try:
        fitted_on = loaders.arrays_of(run, "val")
    except FashionError:
        return None  # broken validation predictions say so when they are chosen
    if calibration.too_few(*fitted_on):
        return None
    return calibration.calibrate(*loaders.arrays_of(run, split), *fitted_on)


@kept(loaders.of_predictions, max_entries=50)
def _reliability(run: Run, split: str) -> Reliability:
    return calibration.reliability(*loaders.arrays_of(run, split))


@kept(loaders.of_predictions, max_entries=50)
def _top_k(run: Run, split: str) -> list[tuple[int, int, int]]:
    return scoring.top_k(*loaders.arrays_of(run, split))


def show(run: Run, split: str, *, drawn: bool) -> None:
    """The diagram left, the numbers right."""
    found = calibration_of(run, split)
    before = found.before if found else _reliability(run, split)
    chart, numbers = st.columns([3, 2], gap="medium")
    with chart:
        plot(
            reliability_diagram(before, found.after if found else None, title=_finding(before), drawn=drawn),
            key="reliability",
            alt=f"Reliability diagram of {run.id}: expected calibration error {words.percent(before.error)}",
            height=430,
        )
    with numbers:
        _show_top_k(_top_k(run, split))
        _show_calibration(run, split, before, found)
    logit_adjustment.show(run, split)


def _finding(before: Reliability) -> str:
    return f"{before.words}: says {words.percent(before.said)}, is right {words.percent(before.accuracy)}"


def _show_top_k(rows: list[tuple[int, int, int]]) -> None:
    st.markdown("**Is the true class among the likeliest?**")
    show_table(
        pd.DataFrame(
            {
                "k": [f"the {k} likeliest" if k > 1 else "the first answer" for k, _, _ in rows],
                "accuracy": [words.with_interval(proportion(right, n)) for _, right, n in rows],
            }
        ),
        column_config={
            "k": "Among",
            "accuracy": st.column_config.TextColumn("Top-k accuracy", help="In brackets the 95 % interval (Wilson)."),
        },
        alt="Top-k accuracy with its interval",
    )


def _show_calibration(run: Run, split: str, before: Reliability, found: Calibration | None) -> None:
    st.markdown("**Do the probabilities mean what they say?**")
    rows = [("as it is", words.percent(before.error))]
    if found:
        rows.append((f"temperature {found.temperature:.2f}", words.percent(found.after.error)))
    show_table(
        pd.DataFrame(rows, columns=["which", "error"]),
        column_config={
            "which": "Probabilities",
            "error": st.column_config.TextColumn(
                "Calibration error",
                help="Expected calibration error: the gap between how sure and how often right, averaged over photos; "
                f"{calibration.NUM_BINS} bins of equal width, so it depends on the bins a little.",
            ),
        },
        alt="Expected calibration error before and after temperature scaling",
    )
    notices.aside(_told(run, split, found))


def _told(run: Run, split: str, found: Calibration | None) -> str:
    error = f"Expected calibration error over {calibration.NUM_BINS} bins of equal width (Guo et al. 2017). "
    if found is None:
        if why_not := calibrated.of(run).why_not:
            return f"{error}{why_not[0].upper()}{why_not[1:]}."
        return f"{error}There are no validation predictions, so no temperature could be fitted."
    photos = words.counted(found.num_fitted, "validation photo")
    if found.at_the_edge:
        return f"{error}The temperature fitted on {photos} lies at the end of what is tried, so it says little."
    how = "softer" if found.temperature > 1 else "surer"
    fitted = f"One temperature, fitted on {photos}, makes every answer {how} and changes none of them."
    if split == "val":
        return f"{error}{fitted} These are the very photos that it was fitted on, so the error with it is flattered."
    return f"{error}{fitted}"
