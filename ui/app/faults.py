"""The one place that shows what went wrong: a FashionError as its sentence; anything else stays a traceback."""

from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

from fashion_core.errors import FashionError
from ui.app import words


def show(error: FashionError) -> None:
    """Print the error's one sentence."""
    st.error(words.fault(error), icon=":material/error:")


@contextmanager
def shown(*, stop: bool = True) -> Iterator[None]:
    """Show a FashionError raised inside and stop the page there; ``stop=False`` goes on after the block instead.

    with faults.shown():
        run = runs.find_run(runs_dir, run_id)
    """
    try:
        yield
    except FashionError as error:
        show(error)
        if stop:
            st.stop()
