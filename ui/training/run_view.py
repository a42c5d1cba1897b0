"""One run as it goes: state, progress, numbers, curves, and the buttons that stop it or let it go on.

Everything is read from the run's directory at each call, so a reload, a second tab or an ended trainer make no
difference. The clock ticks only while the run is active; when it ends the whole page runs once more, without a clock.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import pandas as pd
import psutil
import streamlit as st

from fashion_core import rights, storage
from fashion_core.launch import actions, launchers
from fashion_core.launch.status import Status
from fashion_core.metrics.intervals import Estimate, proportion
from fashion_core.runs import checkpoints
from fashion_core.runs.runs import Run
from fashion_core.runs.summary import Summary
from ui.app import address, audience, faults, loaders, navigation, notices, people, words
from ui.shared import curves_view, plain_words
from ui.shared.answer import Number, answer, say
from ui.shared.curves_view import metrics_of
from ui.shared.run_status import status_of
from ui.shared.table import show_table
from ui.training import after_run, below_training, epoch_view

SECONDS = 1.0
BADGES = {
    "queued": ("Queued", "gray", ":material/queue:"),
    "starting": ("Starting", "gray", ":material/hourglass_top:"),
    "running": ("Running", "blue", ":material/play_circle:"),
    "finished": ("Finished", "green", ":material/check_circle:"),
    "stopped": ("Stopped", "orange", ":material/pause_circle:"),
    "failed": ("Failed", "red", ":material/error:"),
    "interrupted": ("Interrupted", "red", ":material/power_off:"),
}
VIEWS = {"curves": "Loss", "rates": "Speed", "recall": "Recall", "matrix": "Confusion"}


def say_in_review(runs: Sequence[Run]) -> None:
    """What is running, in a sentence, and how many ended before their time."""
    states = [status_of(run) for run in runs]
    broken = sum(status.state in ("failed", "interrupted") for status in states)
    say(plain_words.state(len(runs), sum(status.active for status in states), broken))


def show(run: Run, runs: Sequence[Run] = ()) -> None:
    """The live view of a run, over which others of ``runs`` can be laid; ticks while one that is shown is active."""
    active = status_of(run).active
    st.fragment(_show, run_every=SECONDS if active else None)(run, active, runs)


def _show(run: Run, was_active: bool, runs: Sequence[Run]) -> None:
    status = status_of(run)
    if was_active != status.active:
        st.rerun()
    frame = metrics_of(run)
    _state(run, status, frame)
    if audience.is_review():
        _show_result(run, status, frame, runs)
        return
    _numbers(run, status, frame)
    with st.container(horizontal=True, vertical_alignment="center"):
        view = address.segments("What to look at", VIEWS, key="watch")
        # names that are chosen stand in a line of their own, where they are not cut
        beside = st.container() if not st.query_params.get("with") else None
        epoch = epoch_view.pick(run) if view in ("recall", "matrix") else None
    others = []
    if view == "curves":
        with beside or st.container():
            others = curves_view.pick_others(run, runs)
    if status.state == "queued" and frame.empty:
        notices.empty(
            "It starts by itself when its device is free, also with this page closed. Its loss appears here then."
        )
    elif view == "curves":
        curves_view.show_curves(run, status, others, runs)
        below_training.show(run, frame)
    elif view == "rates":
        curves_view.show_rates(run, status)
    else:
        epoch_view.show(run, frame, view, epoch)
    after_run.show_files(run)
    _words_of_the_run(run)


def _show_result(run: Run, status: Status, frame: pd.DataFrame, runs: Sequence[Run]) -> None:
    """What it has reached and how long that took; its curves, full of terms, where an address asks for them."""
    if not frame.empty:
        took = Number("Trained for", words.duration(_seconds(frame)), "of work on this model alone")
        answer([_accuracy(run, frame[frame["kind"] == "epoch"]), took])
    after_run.show_files(run)
    if not audience.shows("watch"):
        return
    if frame.empty:
        st.markdown("It has not begun, so there is no curve.")
    else:
        curves_view.show_curves(run, status, [], runs)
        below_training.show(run, frame)


def _state(run: Run, status: Status, frame: pd.DataFrame) -> None:
    """What the run is doing, how far it is, and what can be done about it."""
    name, colour, icon = BADGES[status.state]
    badge = f":{colour}-badge[{icon} {name}]"
    if status.state == "finished":
        with st.container(horizontal=True, vertical_alignment="center"):
            told = audience.told(classroom=status.sentence, review="The training is complete.")
            st.markdown(f"{badge} {words.plain(told)}", width="stretch")
            navigation.link("evaluation", "See how good it is", run=run.id)
        return
    sentence = f"{status.sentence} {after_run.restarted_words(run, status)}".strip()
    st.markdown(f"{badge} {words.plain(words.capital(sentence))}")
    if status.state == "queued":
        _take_out(run)
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        share = min(1.0, status.step / status.total_steps) if status.total_steps else 0.0
        st.progress(share, text=progress_words(run, status, frame))
        if not audience.is_review():
            _buttons(run, status)
            after_run.show_advice(run)


def _take_out(run: Run) -> None:
    if (
        not rights.read_only()
        and not audience.is_review()
        and people.button(
            "Take it out of the queue",
            people.another_of_run(run),
            again="Take it out all the same",
            icon=":material/playlist_remove:",
            key="take out",
            help="It does not start by itself then; its settings are kept.",
        )
    ):
        with faults.shown(stop=False):
            actions.stop(run, wait_seconds=0)
        st.rerun()


def progress_words(run: Run, status: Status, frame: pd.DataFrame) -> str:
    """``Epoch 1 of 2, step 40 of 190, about 20 s left``"""
    place = f"Epoch {status.epoch} of {run.settings.epochs}, step {status.step:,} of {status.total_steps:,}"
    if audience.is_review() and status.total_steps:
        place = f"{words.percent(min(1.0, status.step / status.total_steps), 0)} of the training is done"
    if not status.active:
        return place
    if not status.step:
        return f"{place}; the first numbers come after {words.counted(run.settings.log_every, 'batch', 'batches')}"
    if status.step >= status.total_steps:
        return f"{place}, scoring the last photos"
    seconds = _seconds(frame) / status.step * (status.total_steps - status.step)
    return f"{place}, about {words.roughly(seconds)} left" if seconds else place


def _seconds(frame: pd.DataFrame) -> float:
    return float(frame["seconds"].dropna().iloc[-1]) if "seconds" in frame and frame["seconds"].notna().any() else 0.0


def _buttons(run: Run, status: Status) -> None:
    if rights.read_only():
        return
    if status.active:
        events = run.events()
        asked = bool(events) and events[-1]["event"] == "stop_requested"
        if people.button(
            "Stopping" if asked else "Stop and save",
            "" if asked else people.another_of_run(run),
            again="Stop it all the same",
            icon=":material/stop_circle:",
            disabled=asked,
            key="stop",
            help="Finishes the current batch, saves everything and ends. It can go on later from there.",
        ):
            with faults.shown(stop=False):
                actions.stop(run, wait_seconds=0)
            st.rerun(scope="fragment")
        return
    saved = checkpoints.saved_steps(run.folder)
    if status.state in ("stopped", "interrupted") or (status.state == "failed" and saved):
        _resume(run, saved)


def _resume(run: Run, saved: Sequence[int]) -> None:
    """The button that lets the run go on, from the newest saved step or from one before it."""
    step = saved[-1] if saved else None
    if len(saved) > 1:
        offered = [str(number) for number in reversed(saved)]
        chosen = address.select(
            "Step to go on from",
            offered,
            key="from_step",
            words=lambda number: f"Step {int(number):,}{' (newest)' if number == offered[0] else ''}",
            label_visibility="collapsed",
            width=190,
        )
        step = int(chosen)
    there = loaders.dataset_of(run) is not None
    if people.button(
        f"Resume from step {step:,}" if step is not None else "Start again from step 0",
        people.another_of_run(run),
        again="Resume it all the same",
        icon=":material/resume:",
        disabled=not there,
        key="resume",
        help=None if there else f"Its photos are not on this machine; run: {words.command(run.dataset.bring)}",
    ):
        with faults.shown(stop=False):
            if step in (None, *saved[-1:]):
                actions.start_resume(run, data_dir=loaders.data_dir())
            else:
                actions.start_resume(run, data_dir=loaders.data_dir(), step=step)
            st.rerun()
    if later := [f"{number:,}" for number in saved if step is not None and number > step]:
        listed = " and ".join(later) if len(later) < 3 else f"{later[0]} to {later[-1]}"
        lost = f"Saved {'step' if len(later) == 1 else 'steps'} {listed} will be removed"
        notices.aside(f"{lost}, and the curves will have nothing after step {step:,}.")


def _numbers(run: Run, status: Status, frame: pd.DataFrame) -> None:
    steps, epochs = frame[frame["kind"] == "step"], frame[frame["kind"] == "epoch"]
    if frame.empty:
        return
    speed = steps["images_per_second"].iloc[-1] if len(steps) else None
    device = next((event["device"] for event in reversed(run.events()) if "device" in event), "one device")
    memory = _memory(run, status, steps)
    answer(
        [
            Number(
                "Training loss",
                f"{steps['loss'].iloc[-1]:.3f}" if len(steps) else "–",
                f"mean of {words.counted(run.settings.log_every, 'batch', 'batches')}",
                "How wrong the network is on the training photos that it has just seen; lower is better.",
            ),
            _accuracy(run, epochs),
            Number(
                "Images a second",
                f"{speed:,.0f}" if speed else "–",
                f"on {device}, {words.duration(_seconds(frame))}",
                "Training photos a second since the epoch began, the device, and the time spent in training steps.",
            ),
            *([Number("Memory now", storage.memory_text(memory), "main memory", _MEMORY_HELP)] if memory else []),
        ]
    )


_MEMORY_HELP = (
    "What the training process and its own processes hold of this machine's main memory, photos read from the "
    "disk's cache included; a GPU's own memory is not in it."
)


def _memory(run: Run, status: Status, steps: pd.DataFrame) -> int:
    """Bytes that the run's processes hold: as it last logged, else as the system says, which looks at every process of
    this machine; 0 when it does not run."""
    if status.active and "memory_bytes" in steps and pd.notna(steps["memory_bytes"].iloc[-1:]).any():
        return int(steps["memory_bytes"].iloc[-1])
    process = launchers.running_process(run) if status.active else None
    if process is None:
        return 0
    try:
        return sum(one.memory_info().rss for one in (process, *process.children(recursive=True)))
    except psutil.Error:  # it ended while it was asked
        return 0


def _accuracy(run: Run, epochs: pd.DataFrame) -> Number:
    """The test accuracy of a finished run, otherwise the newest validation accuracy."""
    scores = (loaders.summary_of(run) or Summary()).scores
    for split, name in (("test", "Test accuracy"), ("val", "Validation accuracy")):
        if score := scores.get(split):
            return _share(name, score.accuracy)
    num_val = int(run.dataset.splits.get("val", 0))
    if epochs.empty or "val_accuracy" not in epochs or not num_val:
        return Number(
            audience.told(classroom="Validation accuracy", review="Named right of new photos"),
            "–",
            "measured after each epoch" if num_val else "no validation photos",
        )
    share = float(epochs["val_accuracy"].iloc[-1])
    return _share("Validation accuracy", replace(proportion(round(share * num_val), num_val), value=share))


def _share(name: str, share: Estimate) -> Number:
    photos = words.counted(share.n, "photo")
    if audience.is_review():
        name = "Named right of new photos"
    return Number(name, words.percent(share.value), f"{words.interval(share.bounds)}, {photos}")


def _words_of_the_run(run: Run) -> None:
    with st.expander("Settings, events and log", icon=":material/notes:"):
        changed = run.record.changed
        st.markdown(
            f"{words.command(run.id)}, recipe {words.command(run.recipe)}"
            + (
                " with " + ", ".join(words.plain(f"{name} = {value}") for name, value in changed.items())
                if changed
                else ", unchanged"
            )
        )
        show_table(
            pd.DataFrame(
                [_event_words(event) for event in reversed(run.events()[-200:])], columns=["When", "What", "Said"]
            ),
            height=180,
            alt="Events of the run, newest first",
        )
        st.code(run.log_tail(12) or "The log is empty.", language=None)


_NOT_SAID = ("event", "time", "process", "reason", "computed")  # the last stands in "How to get it"


def _event_words(event: dict[str, Any]) -> tuple[str, str, str]:
    when = datetime.fromtimestamp(event.get("time", 0)).strftime("%H:%M:%S")
    rest = {name: value for name, value in event.items() if name not in _NOT_SAID}
    parts = [f"{name} {value:.4g}" if isinstance(value, float) else f"{name} {value}" for name, value in rest.items()]
    return when, event["event"].replace("_", " "), event.get("reason") or ", ".join(parts)
