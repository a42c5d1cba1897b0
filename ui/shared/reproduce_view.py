"""How to get a number: a quiet popover with the commands, photos, seed and versions behind it, and a second training.

Takes what a page shows (a run and a split, a comparison, a dataset). Nothing is read before the reader opens it. Every
name from a file is escaped or stands in a code block.
"""

import shlex
from collections.abc import Callable, Sequence

import pandas as pd
import streamlit as st

from fashion_core import processes, rights
from fashion_core.compare import reproduce, retrain
from fashion_core.compare.reproduce import EXPECTED, NOT_EXPECTED, Recipe
from fashion_core.compare.sides import Side
from fashion_core.data.datasets import Dataset
from fashion_core.embeddings import tsne_umap
from fashion_core.launch import estimate
from fashion_core.runs.runs import Run
from fashion_core.runs.summary import Summary
from ui.app import audience, faults, loaders, navigation, notices, words
from ui.app.kept import kept
from ui.shared import recipe_picker, run_status
from ui.shared.table import show_table

TITLE = "How to get it"
ICON = ":material/terminal:"
_COLOURS = {EXPECTED: "green", NOT_EXPECTED: "orange"}
_LEGEND = "Computed with"
SECONDS = 2.0


def show(
    run: Run, split: str = "test", *, then: Sequence[str] | None = None, title: str = TITLE, key: str = "reproduce"
) -> None:
    """The popover of a number of a run: its score on ``split``, or what the commands ``then`` show after training."""
    _popover(title, key, lambda: _of_run(run, split, then), lambda: _is_busy(run))


def show_best(kind: str, row: pd.Series) -> None:
    """The popover of a number of the Overview's answer: the best run on one kind of pictures."""
    run = next((run for run in loaders.all_runs() if run.id == row["run"]), None)
    if run is not None:
        show(run, str(row["split"]), key=f"reproduce {kind}")


def show_figure(run: Run, split: str) -> None:
    """The popover of a figure of the Embeddings page: training, then the features and the map that it draws."""
    method = str(st.session_state.get("map", st.query_params.get("map", "")))
    method = method if method in tsne_umap.NAMES else ""
    then = [reproduce.embed_command(reproduce.again(run.id), split, method=method)]
    show(run, split, then=then, title="How to get this figure")


def predict_commands(run: Run) -> list[str]:
    """What asks the model that was trained again about a photo."""
    return [f"{reproduce.COMMAND} predict {shlex.quote(reproduce.again(run.id))} photo.jpg"]


def show_comparison(first: Side, second: Side, split: str, margin: float) -> None:
    """The popover of a comparison: both trainings and the comparison itself."""
    _popover("How to get this verdict", "reproduce compare", lambda: _of_sides(first, second, split, margin))


def show_dataset(dataset: Dataset, *then: str) -> None:
    """The popover of numbers about photos, which nothing was trained for."""
    _popover("How to get these numbers", "reproduce dataset", lambda: _of_dataset(dataset, then))


def _popover(title: str, key: str, fill: Callable[[], None], busy: Callable[[], bool] = lambda: False) -> None:
    """``busy``: whether something goes on that the open popover tells; then it is drawn again by itself. A reviewer is
    given no commands."""
    if audience.is_review():
        return
    following = st.session_state.get(f"_follow {key}", False)
    st.fragment(_lazy, run_every=SECONDS if following else None)(title, key, fill, busy)


def _lazy(title: str, key: str, fill: Callable[[], None], busy: Callable[[], bool]) -> None:
    place = st.popover(title, icon=ICON, type="tertiary", width="content", key=key, on_change="rerun")
    follow = bool(place.open) and busy()  # asked before it is drawn: what ends meanwhile is drawn once more
    if place.open:
        with place, faults.shown(stop=False):
            fill()
    if follow != st.session_state.get(f"_follow {key}", False):  # only a whole run of the page sets or stops the timer
        st.session_state[f"_follow {key}"] = follow
        st.rerun()


def _of_run(run: Run, split: str, then: Sequence[str] | None) -> None:
    recipe = reproduce.of_run(run, loaders.datasets(), then, split)
    _outcomes(run)
    if _can_be_trained_again(run):
        st.markdown("Where this run is, one command trains it again and compares every bit:")
        _code([f"{reproduce.COMMAND} reproduce {shlex.quote(run.id)}"])
    st.markdown("From nothing, on any machine that has this lab:")
    _code(recipe.commands)
    _photos(recipe)
    _expectation(recipe)
    _train_again(run, recipe)
    _tables(recipe)


def _code(lines: Sequence[str]) -> None:
    notices.terminal("\n".join(lines))


def _photos(recipe: Recipe) -> None:
    drawn = ", drawn" if recipe.synthetic else ""
    here = f"**Not here:** {words.plain(recipe.missing)}." if recipe.missing else "They are here, the very same."
    st.markdown(
        f"Seed {recipe.seed}. Photos of {words.plain(recipe.dataset)}{drawn}, fingerprint "
        f"{words.command(recipe.fingerprint)}. {here}"
    )


def _expectation(recipe: Recipe) -> None:
    expectation = recipe.expectation
    st.badge(f"Same bits: {expectation.word}", color=_COLOURS.get(expectation.word, "gray"))
    st.markdown(expectation.sentence)
    for reason in expectation.reasons:
        notices.aside(f"{words.plain(reason[0].upper() + reason[1:])}.")
    if recipe.stops or recipe.resumes:
        stopped, resumed = words.counted(recipe.stops, "time"), words.counted(recipe.resumes, "time")
        notices.aside(f"Stopped {stopped} and resumed {resumed}. On one machine's CPU that changes no bit.")


def _tables(recipe: Recipe) -> None:
    """Everything that a maker of models looks up."""
    if recipe.computed:
        rows = [(what, then, here, "differs" if here and here != then else "") for what, then, here in recipe.computed]
        show_table(
            pd.DataFrame(rows, columns=[_LEGEND, "Then", "Here", ""]),
            height=38 + 35 * min(len(rows), 6),
            alt="What the run was computed with, and what this machine has; what differs is marked",
        )
    else:
        notices.aside("Which versions it was computed with was not recorded.")
    show_table(
        pd.DataFrame(list(recipe.settings), columns=["Setting", "Value", "In the recipe"]),
        height=38 + 35 * 5,
        alt="Every setting of the run; what differs from its recipe has the recipe's own value beside it",
    )


def _can_be_trained_again(run: Run) -> bool:
    return loaders.summary_of(run) is not None


def _outcomes(run: Run) -> None:
    """What came of training it again, and what it is itself a repetition of."""
    others = loaders.all_runs()
    for again in reproduce.reproductions_of(run, others):
        _outcome(run, again, f"Trained again as {words.command(again.id)}")
    for original in others:
        if reproduce.reproduces(run, original):
            _outcome(original, run, f"This run trains {words.command(original.id)} again")


def _outcome(original: Run, again: Run, title: str) -> None:
    status = run_status.status_of(again)
    if loaders.summary_of(again) is None or status.state != "finished":
        st.markdown(f"{title}: {words.plain(status.sentence)}")
        navigation.link("training", "Watch it", run=again.id, **recipe_picker.asked())
        return
    from fashion_core.compare import bitwise  # scipy, which a closed popover does not owe

    found = _compared(original, again)
    colour, icon = ("green", ":material/equal:") if found.word == bitwise.EQUAL else ("orange", ":material/difference:")
    st.markdown(f":{colour}-badge[{icon} {'Bit-equal' if found.word == bitwise.EQUAL else 'Not bit-equal'}] {title}.")
    _, _, counted = found.sentence.partition(": ")
    lines = [counted, *found.gaps(), *(f"likely: {why}" for why in found.reasons), *found.notes]
    with st.container(gap=None):
        for line in lines:
            notices.aside(f"{words.plain(words.capital(line))}.")


def _stamps(run: Run) -> tuple[loaders.Stamp, ...]:
    """What changes when anything that is compared does."""
    steps, predictions = run.folder.glob("steps/*/model.safetensors"), run.folder.glob("predictions-*.parquet")
    names = ("config.json", "summary.json", "metrics.jsonl", "events.jsonl")
    return tuple(
        loaders.stamp(path) for path in [*(run.folder / name for name in names), *sorted(steps), *sorted(predictions)]
    )


@kept(lambda *both: tuple(map(_stamps, both)), max_entries=32, show_spinner="Comparing every bit")
def _compared(original: Run, again: Run):
    from fashion_core.compare import bitwise

    return bitwise.compare(original, again)


def _train_again(run: Run, recipe: Recipe) -> None:
    if rights.read_only() or not _can_be_trained_again(run):
        return
    busy = _is_busy(run)
    seconds = _seconds(run)
    if st.button(
        "Train it again and compare" + (f", about {words.roughly(seconds)}" if seconds else ""),
        key=f"train again {run.id}",
        icon=":material/replay:",
        disabled=bool(recipe.missing) or busy,
        help="It is being trained again already." if busy else "A new run with the same settings, seed and threads; it "
        "waits until the device is free. The outcome appears here.",
    ):  # fmt: skip
        with faults.shown(stop=False):
            retrain.start(run, data_dir=loaders.data_dir(), runs_dir=loaders.runs_dir())
            st.rerun()
    if not seconds:
        notices.aside("Time unknown until it runs: nothing like it has run on this machine yet.")


def _is_busy(run: Run) -> bool:
    """Whether it is being trained again, or waits for that."""
    return any(run_status.status_of(other).active for other in reproduce.reproductions_of(run, loaders.all_runs()))


def _seconds(run: Run) -> float | None:
    """What training it again takes here: as long as it took, or by the speed that this machine has shown."""
    if any(processes.is_here(event["process"]) for event in run.events() if isinstance(event.get("process"), dict)):
        return (loaders.summary_of(run) or Summary()).seconds
    measured = run_status.measured_images_per_second(run.settings, loaders.all_runs(), "")
    num_train = run.dataset.splits.get("train", 0)
    return estimate.seconds(run.settings, num_train, measured[0]) if measured else None


def _of_sides(first: Side, second: Side, split: str, margin: float) -> None:
    st.markdown("From the runs that are here:")
    _code([reproduce.compare_command(first.id, second.id, split, margin)])
    commands = reproduce.of_sides((first, second), split, margin)
    if len(commands) > 1:
        st.markdown("From nothing, on any machine that has this lab:")
        _code(commands)
    if any("GROUP" in line for line in commands):
        notices.aside("GROUP is the id that train prints for its group of seeds.")
    for side in (first, second):
        if side.result:
            notices.aside(f"{words.plain(side.name)} is published: its matrix comes with the lab, nothing is trained.")
    members = [run for side in (first, second) for run in side.members]
    for fingerprint in dict.fromkeys(str(run.dataset.fingerprint) for run in members):
        run = next(run for run in members if run.dataset.fingerprint == fingerprint)
        there = "here" if loaders.dataset_of(run) else "not here"
        st.markdown(f"Photos of {words.plain(run.dataset.name)}: {words.command(fingerprint)}, {there}.")
    if members:
        rows = [
            (run.id, run.settings.seed, reproduce.expected(run, loaders.dataset_of(run) is not None).word)
            for run in members
        ]
        show_table(
            pd.DataFrame(rows, columns=["Run", "Seed", "Same bits here"]),
            alt="The runs of both sides, each with its seed and whether the same bits can be expected here",
        )
    notices.aside("Evaluation has the settings and versions of each run, and trains it again.")


def _of_dataset(dataset: Dataset, then: Sequence[str]) -> None:
    _code(reproduce.of_dataset(dataset, then))
    drawn = " They are drawn." if dataset.synthetic else ""
    st.markdown(
        f"{words.counted(dataset.num_images, 'photo')} of {words.plain(dataset.name)}, fingerprint "
        f"{words.command(dataset.fingerprint)}: equal where photos, labels and splits are.{drawn} Nothing is random in "
        "these numbers, so there is no seed."
    )
    rows = list(reproduce.computed_here().items())
    show_table(pd.DataFrame(rows, columns=["Version", "Here"]), height=178, alt="Versions on this machine")
