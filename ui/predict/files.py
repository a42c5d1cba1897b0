"""The files that a run was asked about: those that could not be read, and the answers to all as table, CSV and JSON."""

import numpy as np
import pandas as pd
import streamlit as st

from fashion_core.runs.runs import Run
from ui.app import words
from ui.shared import asked_photos
from ui.shared.asked_photos import Asked
from ui.shared.table import show_table

LINES = 3


def show_refused(refused: list[Asked], num_read: int) -> None:
    """Which files could not be read and why: three in a line each, all of them in a table when there are more."""
    if not refused:
        return
    lines = [f"{words.plain(file.name)}: {words.plain(file.reason)}" for file in refused[:LINES]]
    st.warning(
        "  \n".join([asked_photos.refused_words(len(refused), num_read), *lines]), icon=":material/broken_image:"
    )
    if len(refused) > LINES:
        with st.expander(f"All {len(refused)} files that could not be read"):
            show_table(
                pd.DataFrame({"File": [file.name for file in refused], "Why": [file.reason for file in refused]}),
                alt="Files that could not be read, each with its reason",
            )


def show_answers(run: Run, several: list[Asked], probabilities_NK: np.ndarray, unlike: list[bool | None]) -> None:
    """``probabilities_NK`` and ``unlike`` (training; None not asked) are those of the files that could be read, in
    their order."""
    of_read = iter(zip(probabilities_NK, unlike, strict=True))
    answers = [None if asked.reason else asked_photos.Answer(*next(of_read)) for asked in several]
    if len(several) > 1:
        st.header(f"All {len(several)} files", anchor=False)
        share = st.column_config.NumberColumn(format="%.1f %%")
        show_table(
            asked_photos.results_table(run, several, answers),
            placeholder="",
            column_config={"Probability": share, "Its probability": share},
            alt="Each file with its two likeliest classes, or why it could not be read",
        )
    with st.container(horizontal=True):
        for kind, write, mime in (
            ("CSV", asked_photos.results_csv, "text/csv"),
            ("JSON", asked_photos.results_json, "application/json"),
        ):
            data, name = write(run, several, answers), f"predictions.{kind.lower()}"
            st.download_button(f"Download as {kind}", data, name, mime, on_click="ignore")
