"""Is the run as good as somebody needs? The two numbers, the answer, and the kinds that decide it.

Takes a split's matrix. What is needed lives in the address under ``need`` and ``each``.
"""

import numpy as np
import pandas as pd
import streamlit as st

from fashion_core.labels import display_name
from fashion_core.metrics import required
from fashion_core.metrics.required import OPEN, SHORT, SHOWN, Need
from fashion_core.runs.runs import Run
from ui.app import address, audience, notices, words
from ui.charts.layout import SPLIT_NAMES
from ui.shared import bounded
from ui.shared.table import filled, show_table

VIEW = "required"
_USUAL = {"need": 90, "each": 80}
TABLE = "required"
_WORDS = {SHOWN: "yes", SHORT: "no", OPEN: "cannot tell"}
_ORDER = {SHORT: 0, OPEN: 1, SHOWN: 2}


def show(run: Run, split: str, matrix: np.ndarray) -> None:
    """The two numbers, what they come to, and each kind."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        overall = _number("Of 100 photos it must be right for", "need")
        each = _number("and of each kind for", "each")
    found = Need(overall, each).judge(matrix, run.classes)
    with st.container(border=True, gap=None):
        st.markdown(f"**{words.plain(required.sentence(found))}**")
        for line in (*required.reasons(found), _basis(split, found)):
            notices.aside(words.plain(line))
    _table(found)


def asked() -> Need | None:
    """What the address asks for, where this view is open."""
    if st.query_params.get("view") != VIEW:
        return None
    numbers = [str(st.session_state.get(key, st.query_params.get(key, usual))) for key, usual in _USUAL.items()]
    return Need(*(int(number) for number in numbers)) if all(number.isdecimal() for number in numbers) else None


def _number(label: str, key: str) -> int:
    return int(st.number_input(label, 1, 99, _USUAL[key], key=key, bind="query-params", width=250))


def _basis(split: str, found: required.Required) -> str:
    tried = words.counted(found.parts[0].n, "photo")
    by = f"By {tried} of the {SPLIT_NAMES[split].lower()} split"
    if audience.is_review():
        by = f"By {tried} that it {'learnt' if split == 'train' else 'had not learnt'} from"
        how = (
            "A model that is not so good gets a yes in at most 5 of 100 such trials, and one that is as good a no in "
            "at most 5."
        )
    else:
        how = (
            "Yes where each part is shown by the exact binomial test at 5 % (intersection-union, Berger 1982); no "
            "where one part is below, corrected by Holm over all of them."
        )
    return f"{by}. {how} It holds for photos of the same kind only."


def _table(found: required.Required) -> None:
    parts = sorted(found.parts[1:], key=lambda part: (_ORDER[part.answer], part.share if part.n else -1.0))
    parts = [found.parts[0], *parts]

    def open_kind() -> None:
        rows = st.session_state[TABLE]["selection"]["rows"]
        if rows and 0 < rows[0] < len(parts):
            address.choose(true=str(parts[rows[0]].label), predicted=address.ANY)

    rows = pd.DataFrame(
        [
            {
                "Kind": "All photos" if part.label is None else display_name(part.label),
                "Answer": _WORDS[part.answer],
                "Needed": round(100 * part.need),
                "Right": 100 * part.share,
                "At least": 100 * part.low,
                "At most": 100 * part.high,
                "Photos": part.n,
                "More photos": part.more_photos,
            }
            for part in parts
        ]
    )
    show_table(
        filled(rows),
        key=TABLE,
        on_select=open_kind,
        selection_mode="single-row",
        height=bounded.table_height(len(parts)),
        column_config={
            "Needed": st.column_config.NumberColumn(width=76, help="Of 100 photos."),
            "Right": st.column_config.NumberColumn(format="%.1f", width=70, help="Of 100 photos."),
            "At least": st.column_config.NumberColumn(
                format="%.1f", width=76, help="Other photos of this kind give no fewer, in 95 of 100 cases."
            ),
            "At most": st.column_config.NumberColumn(
                format="%.1f", width=76, help="Other photos of this kind give no more, in 95 of 100 cases."
            ),
            "Photos": st.column_config.NumberColumn(format="localized", width=70),
            "More photos": st.column_config.NumberColumn(
                format="localized", width=96, help="So many more would show it if it stayed as often right."
            ),
        },
        alt="Each kind: what is needed, what was found, and whether it is shown",
    )
    notices.aside("Choosing a row shows the photos of that kind above, beside the matrix.")
