"""Dataset, run and split pickers whose choice lives in the address, and the guard for photos that are not here.

A run or dataset in the address that is not here is named below the page's title, with what is shown instead. The three
agree: a run brings its dataset, and another dataset lets go of a run that was not trained on it. On Training, where
photos to train on stand beside a run to look at, each is chosen for itself.
"""

from collections import Counter
from collections.abc import Callable, Collection, Sequence

import streamlit as st

from fashion_core.data.datasets import Dataset
from fashion_core.launch.status import status_of
from fashion_core.runs.runs import SPLITS, Run
from fashion_core.runs.summary import Summary
from ui.app import address, audience, loaders, navigation, notices, subject, words
from ui.charts.layout import SPLIT_NAMES
from ui.shared import first_start, run_names
from ui.shared.run_names import labels_of, run_words, words_among

_OF_FORM = "_dataset_to_train_on"


def pick_dataset(key: str = "dataset", label: str = "Dataset", *, beside_run: bool = False) -> Dataset:
    """The dataset to look at; opens on that of the run at hand. Stops the page with an empty state when there is none.

    ``beside_run``: a run is picked on the same page, for itself."""
    found = {dataset.id: dataset for dataset in loaders.datasets()}
    if not found:
        first_start.show()
        notices.empty("No photos are on this machine yet. Here you would choose a dataset.")
        st.stop()
    asked, shown_before = st.query_params.get(key), subject.remembered(key)
    if beside_run and asked is None and (own := st.session_state.get(_OF_FORM)) in found:
        subject.show(dataset=own)  # a look at a run elsewhere does not change what is about to be trained on
    chosen = address.select(
        label,
        list(found),
        key=key,
        default=_usual_dataset,
        words=lambda name: run_names.photos_words(found[name]),
        label_visibility="collapsed",
        quiet=True,
    )
    say_unknown("Dataset", asked, found, run_names.photos_words(found[chosen]))
    if beside_run:
        st.session_state[_OF_FORM] = chosen
        return found[chosen]
    if chosen != shown_before:
        st.session_state.pop(_OF_FORM, None)
    if (run := run_at_hand()) and not loaders.trained_on(run, found[chosen]):
        subject.show(run=None)
    return found[chosen]


def _usual_dataset() -> str | None:
    """The id of the photos of the run at hand, where they are here; else of those with most runs."""
    run = run_at_hand() or usual_run(loaders.all_runs())
    own = run and loaders.dataset_of(run)
    if own:
        return own.id
    counted = _num_runs(loaders.all_runs())
    most = max(loaders.datasets(), key=lambda dataset: counted[dataset.fingerprint], default=None)
    return most.id if most else None


def run_at_hand() -> Run | None:
    """The run that the address names, else the one that was shown last."""
    named = st.query_params.get("run", subject.remembered("run"))
    return next((run for run in loaders.all_runs() if run.id == named), None)


def _num_runs(runs: Sequence[Run]) -> Counter[str]:
    """Fingerprint -> runs over these photos, without those that repeat one that is here."""
    return Counter(run.dataset.fingerprint for run in runs)


def usual_run(runs: Sequence[Run], dataset_id: str | None = None) -> Run | None:
    """The run that is shown where nobody has chosen one: over the dataset in the address the starred one, else the one
    of highest validation accuracy; without such, the starred one of all; else the best over the dataset here that has
    most runs. The newest of equals; a run that has not ended only where none has."""
    here = {dataset.fingerprint: dataset.id for dataset in loaders.datasets()}
    ended = [(run, summary) for run in runs if (summary := loaders.summary_of(run))]

    def best(some: Sequence[tuple[Run, Summary]]) -> Run:
        def rank(one: tuple[Run, Summary]) -> tuple[bool, float]:
            return labels_of(one[0]).starred, float(one[1].val_accuracy or 0)

        return max(some, key=rank)[0]  # of equals the first, which is the newest

    over = [one for one in ended if dataset_id and here.get(one[0].dataset.fingerprint) == dataset_id]
    starred = [one for one in ended if labels_of(one[0]).starred]
    if over or starred:
        return best(over or starred)
    counted = _num_runs([run for run, _ in ended])
    own = [one for one in ended if one[0].dataset.fingerprint in here]
    coming = [one for one in ended if one[0].dataset.kind == "demo"]  # drawn by itself at the first start
    for some in (own, coming, ended):
        if some:
            most = max((run.dataset.fingerprint for run, _ in some), key=lambda print_: counted[print_])
            return best([one for one in some if one[0].dataset.fingerprint == most])
    return runs[0] if runs else None


def say_unknown(what: str, asked: str | None, found: Collection[str], shown: str) -> None:
    """Say that what the address asks for is not on offer, and what is shown."""
    if asked is not None and asked not in found:
        navigation.say(f"{what} {words.command(asked[:120])} is not here; showing {words.plain(shown)}.")


def pick_run(
    key: str = "run",
    label: str = "Run",
    runs: Sequence[Run] | None = None,
    named: Callable[[Run], str] | None = None,
) -> Run:
    """The run to look at; opens on the one at hand, else on ``usual_run``. Stops the page with an empty state when
    there is none."""
    offered = loaders.all_runs() if runs is None else runs
    found = {run.id: run for run in offered}
    if not found:
        if asked := st.query_params.get(key):
            navigation.say(f"Run {words.command(asked[:120])} is not here.")
        notices.empty("No run is here yet. Here you would see what a trained model does.", page="training",
                      label="Train the first model")  # fmt: skip
        st.stop()
    asked = st.query_params.get(key)
    named = named or words_among(offered)

    def usual() -> str | None:
        run = usual_run(offered, st.query_params.get("dataset", subject.remembered("dataset")))
        return run.id if run else None

    chosen = address.select(
        label,
        list(found),
        key=key,
        default=usual,
        words=lambda name: named(found[name]),
        label_visibility="collapsed",
        quiet=True,
        width=run_names.PIXELS,
    )
    say_unknown("Run", asked, found, named(found[chosen]))
    if key == "run" and (own := loaders.dataset_of(found[chosen])):
        subject.show(dataset=own.id)
    return found[chosen]


def pick_split(splits: Sequence[str], key: str = "split", label: str = "Split") -> str:
    """One of the splits, the first unless the address says otherwise."""
    return address.segments(label, splits, key=key, words=split_words)


def split_words(split: str) -> str:
    """``Test``, or ``Test on <dataset>`` for photos that are not the run's own."""
    own, elsewhere, other = split.partition("-on-")
    return f"{SPLIT_NAMES.get(own, own)} on {other}" if elsewhere else SPLIT_NAMES.get(split, split)


def splits_to_evaluate(run: Run) -> list[str]:
    """The splits of the run's dataset, those that have predictions first (test before val before train)."""
    ready = run.prediction_splits()
    return ready + [split for split in SPLITS if run.dataset.splits.get(split) and split not in ready]


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
        name, bring = words.plain(run.dataset.name), words.command(run.dataset.bring)
        told = f"The photos of {name} are not on this machine; numbers and charts come from the run's own files."
        bringing = "" if audience.is_review() else f" To see the photos too, run: {bring}"
        st.info(f"{told}{bringing}", icon=":material/hide_image:")
    return dataset


def stop_before_scores(run: Run, split: str) -> None:
    """End the page where the run has not ended and so has no scores yet: say so, and offer what can be seen instead."""
    if split in run.prediction_splits() or not status_of(run).active:
        return
    waits = status_of(run).state == "queued"
    told = "This run waits in the queue" if waits else "This run is still training"
    with st.container(border=True):
        st.markdown(f"{told}: here you will see how good it is once it has ended.")
        navigation.link("training", "Watch it")
        other = usual_run([one for one in loaders.all_runs() if loaders.summary_of(one)])
        if other:
            name = st.session_state["_page"]
            navigation.link(name, f"See {words.plain(run_words(other))} instead", run=other.id)
    st.stop()
