"""The classes of a first look, where each can be given another name, the same one as another, or be left out.

Takes the counts of a look; gives what becomes of each class that changes. What was edited lies beside the look, so that
a reload shows it again.
"""

from collections.abc import Mapping
from pathlib import Path

import pandas as pd
import streamlit as st

from fashion_core.data.sources import class_map
from fashion_core.data.sources.class_map import LEAVE_OUT
from fashion_core.errors import SourceError
from ui.app import words
from ui.shared import table

Counts = Mapping[str, Mapping[str, int]]
EDITED = "classes.csv"
_IMPORT, _CALLED = "Import", "Called"


def show(folder: Path, token: str, counts: Counts) -> dict[str, str]:
    """The table to edit; class -> what it becomes, of those that change. ``counts``: class -> split -> photos."""
    key = f"look_classes_{token}"
    tables = st.session_state.setdefault("_look_tables", {})
    if key not in tables or key not in st.session_state:  # streamlit forgets the edits of whoever leaves the page
        tables[key] = frame(counts, stored(folder, counts))
    edited = st.data_editor(
        tables[key],
        key=key,
        hide_index=True,
        column_config=_columns(counts),
        height="content" if len(counts) <= 12 else 460,
        placeholder="–",
    )
    becomes = changes(edited)
    if becomes != stored(folder, counts):
        class_map.write(folder / EDITED, becomes)
    return becomes


def frame(counts: Counts, becomes: Mapping[str, str]) -> pd.DataFrame:
    """A row a class: its name, its photos in all and by split, and what becomes of it."""
    splits = [split for split in next(iter(counts.values()), {}) if any(of.get(split) for of in counts.values())]
    rows = [
        {
            "Class": label,
            _IMPORT: becomes.get(label) != LEAVE_OUT,
            _CALLED: label if becomes.get(label, LEAVE_OUT) == LEAVE_OUT else becomes[label],
            "Photos": sum(of.values()),
            **{words.capital(split): of.get(split, 0) for split in splits},
        }
        for label, of in counts.items()
    ]
    return pd.DataFrame(rows)


def changes(edited: pd.DataFrame) -> dict[str, str]:
    """class -> what it becomes, of the classes that a person changed. An emptied name changes nothing."""
    becomes = {}
    for label, keeps, called in edited[["Class", _IMPORT, _CALLED]].itertuples(index=False, name=None):
        name = str(called).strip() if isinstance(called, str) else ""
        if not keeps:
            becomes[label] = LEAVE_OUT
        elif name and name != label:
            becomes[label] = name
    return becomes


def stored(folder: Path, counts: Counts) -> dict[str, str]:
    """What was edited before."""
    if not (folder / EDITED).is_file():
        return {}
    try:
        return class_map.read(folder / EDITED, list(counts))
    except SourceError:  # of an earlier look, by another column: its classes are not these
        return {}


def sentence(counts: Counts, becomes: Mapping[str, str]) -> str:
    """What will be imported."""
    out = [label for label, new in becomes.items() if new == LEAVE_OUT]
    kept = class_map.classes_of(list(counts), becomes)
    photos = sum(sum(of.values()) for label, of in counts.items() if label not in out)
    renamed = len(becomes) - len(out)
    said = [f"{words.counted(renamed, 'class', 'classes')} called otherwise"] if renamed else []
    said += [f"{words.counted(len(out), 'class', 'classes')} left out"] if out else []
    changes = f", with your changes ({', '.join(said)})" if said else ""
    return f"To import: {words.counted(photos, 'photo')} of {words.counted(len(kept), 'class', 'classes')}{changes}."


def _columns(counts: Counts) -> dict[str, object]:
    return {
        "Class": st.column_config.TextColumn(
            "Class here", disabled=True, width=table.width_of([*counts, "Class here"])
        ),
        _IMPORT: st.column_config.CheckboxColumn(_IMPORT, help="Without the tick the class is left out."),
        _CALLED: st.column_config.TextColumn(
            "Call it", max_chars=80, help="Two classes of one name become one.", width=table.width_of([*counts])
        ),
    } | {
        name: st.column_config.NumberColumn(name, disabled=True, format="localized")
        for name in ("Photos", "Train", "Val", "Test")
    }
