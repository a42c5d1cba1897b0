"""Dataset, run and split pickers whose choice lives in the address, and the guard for photos that are not here.

A run or dataset in the address that is not here is named below the page's title, with what is shown instead.
"""

from collections.abc import Callable, Collection, Sequence

import streamlit as st

from fashion_core.manifest import Dataset
from fashion_core.runs import Run
from ui import address, first_start, loaders, navigation, notices, words
from ui.charts import SPLIT_NAMES
from ui.run_names import run_words


def pick_dataset(key: str = "dataset", label: str = "Dataset") -> Dataset:
    """The dataset to look at; photographed ones first. Stops the page with an empty state when there is none."""
    found = {dataset.id: dataset for dataset in loaders.datasets()}
    if not found:
        first_start.show()
        notices.empty("No photos are on this machine yet. Here you would choose a dataset.", page="dataset",
                      label="Import photos on the Dataset page")  # fmt: skip
        st.stop()
    asked = st.query_params.get(key)
    chosen = address.select(
        label,
        list(found),
        key=key,
        words=lambda name: _dataset_words(found[name]),
        label_visibility="collapsed",
        quiet=True,
    )
    say_unknown("Dataset", asked, found, _dataset_words(found[chosen]))
    return found[chosen]


def say_unknown(what: str, asked: str | None, found: Collection[str], shown: str) -> None:
    """Say that what the address asks for is not on offer, and what is shown."""
    if asked is not None and asked not in found:
        navigation.say(f"{what} {words.command(asked[:120])} is not here; showing {words.plain(shown)}.")


def _dataset_words(dataset: Dataset) -> str:
    return f"{dataset.name} (drawn)" if dataset.synthetic else dataset.name


def pick_run(
    key: str = "run",
    label: str = "Run",
    runs: Sequence[Run] | None = None,
    named: Callable[[Run], str] = run_words,
) -> Run:
    """The run to look at; opens on the newest finished one. Stops the page with an empty state when there is none."""
    offered = loaders.all_runs() if runs is None else runs
    found = {run.id: run for run in offered}
    if not found:
        notices.empty("No run is here yet. Here you would see what a trained model does.", page="training",
                      label="Train the first model")  # fmt: skip
        st.stop()
    asked = st.query_params.get(key)
    finished = next((name for name, run in found.items() if loaders.summary_of(run)), None)
    chosen = address.select(
        label,
        list(found),
        key=key,
        default=finished,
        words=lambda name: named(found[name]),
        label_visibility="collapsed",
        quiet=True,
    )
    say_unknown("Run", asked, found, named(found[chosen]))
    return found[chosen]


def pick_split(splits: Sequence[str], key: str = "split", label: str = "Split") -> str:
    """One of the splits, the first unless the address says otherwise."""
    return address.segments(label, splits, key=key, words=split_words, label_visibility="collapsed")


def split_words(split: str) -> str:
    """``Test``, or ``Test on <dataset>`` for photos that are not the run's own."""
    own, elsewhere, other = split.partition("-on-")
    return f"{SPLIT_NAMES.get(own, own)} on {other}" if elsewhere else SPLIT_NAMES.get(split, split)


def splits_to_evaluate(run: Run) -> list[str]:
    """The splits of the run's dataset, those that have predictions first (test before val before train)."""
    ready = run.prediction_splits()
    return ready + [
        split for split in ("test", "val", "train") if run.dataset["splits"].get(split) and split not in ready
    ]


def photos_or_notice(run: Run, split: str = "") -> Dataset | None:
    """The dataset whose photos a split shows, or a notice with the command that brings them; the page goes on without.

    ``test-on-<dataset>`` was predicted on another dataset than the run's own; its photos come from there.
    """
    _, elsewhere, other = split.partition("-on-")
    if elsewhere:
        dataset = next((dataset for dataset in loaders.datasets() if dataset.id == other), None)
        if dataset is None:
            st.info(
                f"The photos of dataset {words.plain(other)} are not on this machine.", icon=":material/hide_image:"
            )
        return dataset
    dataset = loaders.dataset_of(run)
    if dataset is None:
        name, bring = words.plain(run.dataset["name"]), words.command(run.dataset["bring"])
        st.info(
            f"The photos of {name} are not on this machine; numbers and charts come from the run's own files. "
            f"To see the photos too, run: {bring}",
            icon=":material/hide_image:",
        )
    return dataset
