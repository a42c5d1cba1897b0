"""A long-tailed version of a dataset, made on the page; and the sentence that says a dataset is one.

Takes a dataset; ``fashion_core.data.long_tail`` makes the new one. The old one stays as it is.
"""

import pandas as pd
import streamlit as st

from fashion_core import rights
from fashion_core.data import long_tail
from fashion_core.data.datasets import Dataset
from fashion_core.errors import FashionError
from fashion_core.labels import display_name
from ui.app import faults, notices, words
from ui.dataset import exclude_form


def say(dataset: Dataset) -> None:
    """One sentence for each time that the dataset, or one that it was made from, was made long-tailed."""
    for step in dataset.made:
        if step.get("operation") == long_tail.OPERATION:
            notices.aside(_sentence(long_tail.sentence(step, dataset.classes)))


def form(dataset: Dataset, counts: pd.DataFrame) -> None:
    """Offer to make it; ``counts`` has a row a class and a column a split."""
    if rights.read_only() or "train" not in counts or (counts["train"] > 0).sum() < 2:
        return
    box = st.expander("Make a long-tailed version", key="long_tail", on_change="rerun", bind="query-params")
    if not box.open:
        return
    with box:
        most = int(counts["train"].max())
        notices.aside(
            "A new dataset whose training photos get fewer from class to class, the largest first, so that what helps "
            "rare classes can be tried. Validation and test stay as they are."
        )
        with st.container(horizontal=True, vertical_alignment="bottom"):
            ratio = st.number_input(
                "Imbalance, so many to 1",
                value=min(100.0, float(most)), step=10.0, format="%g", key=f"_tail_ratio_{dataset.id}", width=260,
                help=f"Photos of the largest class for each one of the smallest: above 1, at most {words.count(most)}.",
            )  # fmt: skip
            seed = st.number_input(
                "Seed", 0, 2**31 - 1, 0, key=f"_tail_seed_{dataset.id}", width=140, help="Which photos stay."
            )
        try:
            left_K = long_tail.kept(counts["train"].to_numpy(), ratio)
        except FashionError as error:
            notices.aside(_sentence(str(error)))
            return
        told = ", ".join(
            f"{words.plain(display_name(label))} {words.count(num)}"
            for label, num in sorted(zip(counts.index, left_K, strict=True), key=lambda pair: -pair[1])
        )
        st.markdown(f"{words.counted(int(left_K.sum()), 'training photo')} would stay: {told}.")
        if st.button("Make this dataset", type="primary", disabled=bool((left_K == counts["train"]).all())):
            with faults.shown(stop=False):
                st.session_state[_made_key(dataset)] = long_tail.make(dataset, ratio, seed=int(seed)).id
        exclude_form.show_made(dataset, _made_key(dataset), tab="Classes")


def _sentence(told: str) -> str:
    return words.plain(f"{words.capital(told)}.")


def _made_key(dataset: Dataset) -> str:
    return f"_tailed_from_{dataset.id}"
