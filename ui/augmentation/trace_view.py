"""Draws how one picture is made: its stages, and the numbers that the model receives. Knows no drawing of chance."""

from collections.abc import Sequence

import numpy as np
import streamlit as st

from fashion_core.settings.config import Settings
from ui.app import address, notices, words
from ui.augmentation import grid, trace
from ui.shared import asked_photos
from ui.shared.table import show_table

NUMBER = st.column_config.NumberColumn(format="%.4f")


def show(
    photo: asked_photos.Asked, stored_HW3: np.ndarray, settings: Settings, *, row: int, epochs: Sequence[int]
) -> None:
    """The stages of one of ``epochs``, which the reader picks, and its tensor. ``photo`` is the decoded original, or
    why it could not be read; ``stored_HW3`` is the resized photo."""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown("From the file to the tensor, in", width="content")
        numbers = [str(epoch) for epoch in epochs]
        epoch = address.select(
            "Epoch", numbers, key="traced", words="Epoch {}".format, label_visibility="collapsed", width=160
        )
    found = trace.of_photo(stored_HW3, settings, row=row, epoch=int(epoch))
    original = None if photo.reason else trace.original(photo.upright_jpeg, photo.width, photo.height)
    if photo.reason:
        st.warning(
            f"The original {words.plain(photo.name)} cannot be read any more: {words.plain(photo.reason)}. The stages "
            "below start from the copy that the import made.",
            icon=":material/broken_image:",
        )
    st.html(grid.grid_html(trace.pictures(found, original=original), exact=True, steps=True))
    st.markdown(f"**The tensor that the model receives**  \n:gray[{trace.tensor_words(found)}]")
    left, right = st.columns([1.15, 1.3], gap="medium")
    with left:
        table = trace.channel_table(found)
        show_table(
            table,
            column_config={name: NUMBER for name in table.columns[1:]},
            alt="Lowest, highest and mean value and standard deviation of each channel of the tensor",
        )
        letter = address.segments(
            "Channel", list(settings.channels), key="channel", words=trace.COLOURS.get, label_visibility="visible"
        )
    with right:
        middle = trace.centre_table(found, letter)
        show_table(
            middle,
            column_config={name: NUMBER for name in middle.columns},
            alt=f"The 5 x 5 values in the middle of the channel {trace.COLOURS[letter].lower()}",
            hide_index=None,
        )
        notices.aside(
            f"The middle of the channel {trace.COLOURS[letter].lower()}: columns {middle.columns[0]} to "
            f"{middle.columns[-1]}, from 0."
        )
