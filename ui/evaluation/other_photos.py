"""The same run without leaked photos, and on other photos than its own: how far the accuracy moves, and what that says.

Takes a run and a split; reads the predictions that ``evaluate RUN --dataset OTHER`` wrote beside the run's own.
"""

import pandas as pd
import streamlit as st

from fashion_core import rights
from fashion_core.data import published
from fashion_core.data.datasets import Dataset
from fashion_core.errors import FashionError
from fashion_core.metrics import shift
from fashion_core.metrics.shift import Shift
from fashion_core.metrics.wording import interval_in_points, points
from fashion_core.runs.runs import Run
from ui.app import audience, loaders, navigation, notices, words
from ui.app.kept import kept
from ui.evaluation import leaks
from ui.shared import pickers
from ui.shared.table import show_table


def show(run: Run, split: str) -> None:
    """Leaks first, other photos below."""
    leaks.show(run, split, leaks.of(run, split))
    st.markdown(f"**How far does {audience.told(classroom='the accuracy', review='this')} move on other photos?**")
    base, _, _ = split.partition("-on-")
    there = [name for name in run.prediction_splits() if name.startswith(f"{base}-on-")]
    own = (run.folder / f"predictions-{base}.parquet").exists()
    if there and own:
        _show_shifts(run, base, there)
    elif there:
        notices.aside(f"The run has no {base} predictions of its own photos to compare with.")
    _offer(run, there)
    _say_what_is_published(run)


def dataset_of(run: Run, split: str) -> Dataset | None:
    """The dataset whose photos a split's predictions are of, None when it is not on this machine."""
    _, elsewhere, other = split.partition("-on-")
    if not elsewhere:
        return loaders.dataset_of(run)
    return next((dataset for dataset in loaders.datasets() if dataset.id == other), None)


def _of_splits(run: Run, here: str, there: str) -> tuple[loaders.Stamp | None, ...]:
    datasets = [dataset_of(run, split) for split in (here, there)]
    return (
        *(loaders.of_predictions(run, split) for split in (here, there)),
        *(loaders.of_manifest(dataset) if dataset else None for dataset in datasets),
    )


@kept(_of_splits, max_entries=50)
def shift_of(run: Run, here: str, there: str) -> Shift:
    """How far the run's accuracy moves from one split's predictions to another's."""
    frames = [loaders.predictions_of(run, split) for split in (here, there)]
    own, other = (dataset_of(run, split) for split in (here, there))
    if own is None or other is None:
        return shift.between(*frames)
    keys = [shift.keys_of(frame, loaders.manifest_of(found)) for frame, found in zip(frames, (own, other), strict=True)]
    return shift.between(*frames, *keys)


def _show_shifts(run: Run, base: str, there: list[str]) -> None:
    rows = []
    for split in there:
        try:
            found = shift_of(run, base, split)
        except FashionError as error:
            st.error(words.fault(error), icon=":material/error:")
            continue
        if not rows:
            rows.append(_row(f"{pickers.split_words(base)}, its own photos", found.here.n, found.here, "", ""))
        rows.append(_row(pickers.split_words(split), found.there.n, found.there, _moved(found), _shared(found)))
    if not rows:
        return
    show_table(
        pd.DataFrame(rows),
        column_config={
            "which": "Photos",
            "n": st.column_config.NumberColumn("n", format="localized", width=70),
            "accuracy": st.column_config.TextColumn("Accuracy", help="In brackets the 95 % interval (Wilson)."),
            "moved": st.column_config.TextColumn(
                "Difference, points",
                help="Accuracy there minus accuracy on the run's own photos, with its 95 % interval (from Wilson's, by "
                "Zou, Huang and Zhang 2009; without photos in common that is Newcombe's).",
            ),
            "shared": st.column_config.TextColumn("In both sets", help="Photos whose files are equal byte by byte."),
        },
        alt="Accuracy on the run's own photos and on others, with the difference and its interval",
    )


def _row(which: str, n: int, share, moved: str, shared: str) -> dict[str, object]:
    accuracy = words.with_interval(share.estimate)
    return {"which": which, "n": n, "accuracy": accuracy, "moved": moved, "shared": shared}


def _moved(found: Shift) -> str:
    verdict = "lower" if found.moved.high < 0 else "higher" if found.moved.low > 0 else "no difference shown"
    return f"{points(found.moved.value)} {interval_in_points(found.moved.bounds)}, {verdict}"


def _shared(found: Shift) -> str:
    if found.num_shared is None:
        return "not known here"
    other = f", {found.num_other:,} judged differently" if found.num_other else ""
    return f"{found.num_shared:,}{other}"


def _offer(run: Run, there: list[str]) -> None:
    """The commands that score other photos of the same classes."""
    done = {split.partition("-on-")[2] for split in there}
    offered = [
        dataset
        for dataset in loaders.datasets()
        if set(dataset.classes) <= set(run.classes)
        and [name for name in run.classes if name in set(dataset.classes)] == list(dataset.classes)
        and dataset.fingerprint != run.dataset.fingerprint
        and dataset.id not in done
        and dataset.splits.get("test", dataset.splits.get("val"))
    ]
    for dataset in offered[:3]:
        drawn = " (drawn)" if dataset.synthetic else ""
        told = f"{words.plain(dataset.name)}{drawn} has {_which(dataset, run)} too."
        command = words.command(f"python -m fashion_core evaluate {run.id} --dataset {dataset.id}")
        st.markdown(told if audience.is_review() else f"{told} To score the run on it: {command}")
    if not offered and not there:
        command = words.command(f"python -m fashion_core evaluate {run.id} --dataset NAME")
        st.markdown(
            audience.told(
                classroom="No other dataset here has this run's classes. Import other photos of them, or leave out "
                f"leaked photos on the Dataset page; then score the run on them: {command}",
                review="It was not tried on other photos: no other photos of these kinds are here.",
            )
        )
        if not rights.read_only():
            navigation.link("add_photos", "Add other photos")


def _which(dataset: Dataset, run: Run) -> str:
    some, K = len(dataset.classes), len(run.classes)
    return "these classes" if some == K else f"{some:,} of these {K:,} classes"


def _say_what_is_published(run: Run) -> None:
    before, after = (published.find(name) for name in ("peer-scratch-cnn", "peer-scratch-cnn-later"))
    if before and after and published.fits(run.classes):
        notices.aside(
            f"What to expect of new photos: a small published network fell from {words.percent(before.accuracy)} on "
            f"IndoFashion's test photos to {words.percent(after.accuracy)} on photos scraped two years later. Its "
            "input was another one (70 × 70, grey), so this is a warning and no prediction."
        )
