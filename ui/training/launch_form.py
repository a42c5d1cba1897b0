"""The form for a new run: dataset, recipe, settings, how many runs, what they will take, and the button that starts."""

import shlex
import time
from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st

from fashion_core import rights
from fashion_core.data.datasets import Dataset
from fashion_core.launch import actions, estimate
from fashion_core.metrics import enough
from fashion_core.runs.runs import Run
from fashion_core.settings import recipes
from fashion_core.settings.config import FIELD, FIELDS, Settings
from ui.app import address, faults, loaders, navigation, notices, words
from ui.shared import devices, first_start, pickers, probe_view, recipe_picker, settings_form
from ui.training import after_run, offered_recipe, pretrained_view

ONE, SEEDS, TWIN = "one", "seeds", "twin"
LAUNCHES = {ONE: "One run", SEEDS: "Seeds", TWIN: "Twin"}


@dataclass(frozen=True)
class Launch:
    """``how``: one run, ``num_runs`` seeds of it, or a twin that ``differs`` (``name=value``) in one setting."""

    how: str
    num_runs: int
    differs: str = ""

    @property
    def flags(self) -> str:
        """What a command says of it."""
        if self.how == TWIN:
            return f" --twin {shlex.quote(self.differs)}"
        return f" --seeds {self.num_runs}" if self.how == SEEDS else ""


def show(runs: Sequence[Run], num_active: int) -> None:
    """The whole form, or why no run can be started here. ``num_active`` runs wait or train."""
    if rights.read_only():
        notices.review_copy("Runs are started in the lab that this was copied from.", "no run can be started")
        return
    if first_start.show():
        return
    after_run.show_filled()
    dataset = pickers.pick_dataset(beside_run=True)
    offered, why = offered_recipe.of(dataset, runs)
    recipe = recipe_picker.pick(offered=offered)
    offered_recipe.say_why(offered, why, recipe.recipe)
    values = {"epochs": settings_form.widget(FIELD["epochs"], recipe, quiet=True, help=None)}
    start = st.container()  # above the settings, which few change: the button is on the first screen
    with st.container(gap="xsmall"):
        _pick_settings(recipe, values)
        launch = _pick_launch()
    with start:
        recipe_picker.show_changes(recipe, values)
        settings = settings_form.build(recipe, values)
        if untaught := enough.untaught(loaders.manifest_of(dataset), dataset.classes, dataset.name):
            st.error(words.fault(f"{words.capital(untaught)}."), icon=":material/error:")
            return
        if settings is None:
            return
        _offer(dataset, settings, launch, runs, num_active)
    with st.expander("The same from a terminal"):
        notices.terminal(f"python -m fashion_core train {dataset.id} {recipes.to_flags(settings)}{launch.flags}")


def _pick_settings(recipe: Settings, values: dict[str, object]) -> None:
    """Every setting below its heading, put into ``values``, which may hold some already."""
    here = devices.found()
    for heading in settings_form.SECTIONS:
        with st.expander(settings_form.section_words(heading, recipe), key=f"section {heading}"):
            for field in settings_form.section(heading):
                if field.name == "device":
                    values["device"] = settings_form.widget(field, recipe, choices=here.names, quiet=True)
                    st.caption(f"auto takes {here.default} here." if here.default else "Looking for devices.")
                    devices.show()
                elif field.name not in values:
                    values[field.name] = settings_form.widget(field, recipe, quiet=True)


def _pick_launch() -> Launch:
    launching = st.session_state.get("launch", st.query_params.get("launch", ONE))
    beside = f" :gray[· {LAUNCHES[launching].lower()}]" if launching in (SEEDS, TWIN) else ""
    with st.expander(f"Seeds and twins{beside}", key="section launch"):
        how = address.segments("Launch", LAUNCHES, key="launch")
        if how == SEEDS:
            num_seeds = st.number_input("Seeds", 2, actions.MAX_SEEDS, 3, key="seeds", bind="query-params")
            notices.aside("One group: the same settings, seeds counting up. Its curves show mean and range.")
            return Launch(how, num_seeds)
        if how == TWIN:
            left, right = st.columns([1.2, 1])
            names = [field.name for field in FIELDS if field.name not in ("seed", "device", "num_workers", "log_every")]
            with left:
                name = address.select(
                    "What differs", names, key="differs", default="sampler", words=settings_form.title
                )
            value = right.text_input("In the twin", "none", key="other_value", bind="query-params")
            notices.aside("Two runs with one seed and one schedule; only this setting differs.")
            return Launch(how, 2, f"{name}={value}")
    return Launch(how, 1)


def _offer(dataset: Dataset, settings: Settings, launch: Launch, runs: Sequence[Run], num_active: int) -> None:
    """The button with the time that the runs will take, and what is to be known before."""
    seconds, where_from = _seconds(dataset, settings, runs)
    notices.few(filter(None, (enough.sentence(name, dataset.splits.get(name, 0)) for name in ("val", "test"))))
    launch_room = st.container()  # the measurement, which the button's words wait for, stands below it
    probed = probe_view.show(dataset, settings, num_active)
    seconds = probed.seconds.value if probed else seconds
    label = f"Train {words.counted(settings.epochs, 'epoch')}"
    if launch.num_runs > 1:
        label = f"Train {launch.num_runs} runs of {words.counted(settings.epochs, 'epoch')}"
        seconds = seconds and seconds * launch.num_runs
    if launch_room.button(
        f"{label}, about {words.roughly(seconds)}" if seconds else label,
        type="primary",
        key="train",
        width="stretch",
        help=None if probed else where_from,
    ):
        _start(dataset, settings, launch)
    if twice := settings_form.corrected_twice(settings):
        notices.aside(twice)
        navigation.link("dataset", "What was measured of it", dataset=dataset.id, tab="Sampler")
    pretrained_view.show(settings)
    if not seconds:
        st.caption("Time unknown until it runs: nothing like it has run on this machine yet.")
    if num_active:
        st.caption(f"{words.counted(num_active, 'run')} here already: a new one waits until the device is free.")


def _seconds(dataset: Dataset, settings: Settings, runs: Sequence[Run]) -> tuple[float | None, str | None]:
    """What a run of these settings takes here, and where that comes from; None where nobody knows."""
    speed, measured = offered_recipe.speed_of(settings, runs)
    if not speed:
        return None, None
    where_from = (
        f"From {speed:,.0f} images a second, measured in {words.command(measured.id)}."
        if measured
        else f"From about {speed:,.0f} images a second, which is usual on a machine like this one; nothing like it has "
        "run here yet, and “Measure here” says it more exactly."
    )
    return estimate.seconds(settings, dataset.splits.get("train", 0), speed), where_from


def _start(dataset: Dataset, settings: Settings, launch: Launch) -> None:
    """Start what the form describes and show it; a second click within two seconds is the same click."""
    if time.monotonic() - st.session_state.get("_started", -9.0) < 2:
        return
    st.session_state["_started"] = time.monotonic()
    where = actions.Where(data_dir=loaders.data_dir(), runs_dir=loaders.runs_dir())
    with faults.shown():
        if launch.how == SEEDS:
            run_id = actions.start_group(dataset.id, settings, launch.num_runs, where)[0]
        elif launch.how == TWIN:
            run_id = actions.start_twin(dataset.id, settings, launch.differs, where)[0]
        else:
            run_id = actions.start_training(dataset.id, settings, data_dir=where.data_dir, runs_dir=where.runs_dir)
    st.query_params["run"] = run_id
    st.rerun()
