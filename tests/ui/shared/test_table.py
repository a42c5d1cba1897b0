"""A table cuts nothing: a column is as wide as its heading, its longest words and its longest number."""

import numpy as np
import pandas as pd
from PIL import ImageFont
from streamlit.testing.v1 import AppTest

from ui.shared.table import MOST, filled

FONT = "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf"  # the widest of the usual fonts of a system's interface


def shown() -> None:
    import pandas as pd
    import streamlit as st

    from ui.shared.table import show_table

    frame = pd.DataFrame({"a": ["Leggings and salwars", "MWMWMWMWMW", None], "n": [1, 22, 333], "hidden": [1, 2, 3]})
    config = {
        "a": st.column_config.TextColumn("Class", width=20),
        "n": st.column_config.NumberColumn("Photos of the class", width=30),
        "hidden": None,
    }
    show_table(frame, alt="", column_config=config)
    show_table(pd.DataFrame({"text": ["x" * 400]}), alt="", column_config={"text": "Text"})
    numbers = pd.DataFrame({"to": [-3.3, 0.72, None], "low": [72.2, 100.0, 3.0], "many": [1, 106_166, 7]})
    config = {
        "to": st.column_config.NumberColumn("To", format="%+.1f"),
        "low": st.column_config.NumberColumn("Low", format="%.1f %%"),
        "many": st.column_config.NumberColumn("n", format="localized"),
    }
    show_table(numbers, alt="", column_config=config)


def test_a_column_is_as_wide_as_its_heading_its_longest_words_and_its_longest_number():
    import json

    page = AppTest.from_function(shown).run()
    assert not page.exception
    first, second, third = (json.loads(table.proto.columns) for table in page.dataframe)
    assert first["a"]["width"] >= max(map(drawn, ("Leggings and salwars", "MWMWMWMWMW"))) + 16
    assert first["n"]["width"] >= drawn("Photos of the class") + 16
    assert first["hidden"]["hidden"]
    assert second["text"]["width"] == MOST
    for name, widest in {"to": "+0.7", "low": "100.0 %", "many": "106,166"}.items():  # its first digit was cut
        assert third[name]["width"] >= drawn(widest) + 16


def drawn(text: str) -> float:
    """Pixels of a text in a table's size; of a mean letter where that font is not here."""
    try:
        return float(ImageFont.truetype(FONT, 14).getlength(text))
    except OSError:
        return 8.0 * len(text)


def test_a_column_in_which_no_row_says_anything_is_left_out():
    frame = pd.DataFrame({"Run": ["a", "b"], "Tags": ["", None], "Test": [np.nan, np.nan], "n": [0, np.nan]})
    assert list(filled(frame)) == ["Run", "n"]
    assert list(filled(pd.DataFrame({"When": pd.to_datetime([None, None])}))) == []
