"""Start a run, watch it learn, stop it and let it go on; every run of this machine, newest first."""

import shlex
import time

import streamlit as st

from fashion_core import rights
from fashion_core.launch import actions, estimate
from fashion_core.metrics import enough
from fashion_core.settings import recipes
from fashion_core.settings.config import FIELD, FIELDS
from ui.app import address, audience, faults, loaders, navigation, notices, subject, words
from ui.shared import (
    devices,
    first_start,
    pickers,
    probe_view,
    recipe_picker,
    reproduce_view,
    run_names,
    run_status,
    settings_form,
)
from ui.training import after_run, pretrained_view, queue_view, run_table, run_view, tags_and_trash

ONE, SEEDS, TWIN = "one", "seeds", "twin"
LAUNCHES = {ONE: "One run", SEEDS: "Seeds", TWIN: "Twin"}


def start() -> None:
    """Start the run that the form describes and show it; a second click within two seconds is the same click."""
    if time.monotonic() - st.session_state.get("_started", -9.0) < 2:
        return
    st.session_state["_started"] = time.monotonic()
    where = {"data_dir": loaders.data_dir(), "runs_dir": loaders.runs_dir()}
    with faults.shown():
        if how == SEEDS:
            run_id = actions.start_group(dataset.id, settings, num_seeds, **where)[0]
        elif how == TWIN:
            run_id = actions.start_twin(dataset.id, settings, f"{differs}={other_value}", **where)[0]
        else:
            run_id = actions.start_training(dataset.id, settings, **where)
    st.query_params["run"] = run_id
    st.rerun()


navigation.enter("training")
runs = loaders.all_runs()
active = [run for run in runs if run_status.status_of(run).active]
training = [run for run in active if run_status.status_of(run).state != "queued"]
settings_form.refuse_address()
if audience.is_review():
    if runs:
        run_view.say_in_review(runs)
    form = view = st.container()
else:
    form, view = st.columns([1, 2], gap="medium")

# a new run
with form:
    if audience.is_review():
        settings = None
    elif rights.read_only():
        notices.review_copy("Runs are started in the lab that this was copied from.", "no run can be started")
        settings = None
    elif first_start.show():
        settings = None
    else:
        after_run.show_filled()
        dataset = pickers.pick_dataset(beside_run=True)
        left, right = st.columns([1, 1.2])
        with left:
            recipe = recipe_picker.pick()
        with right:
            values = {"epochs": settings_form.widget(FIELD["epochs"], recipe, quiet=True, help=None)}
        here = devices.found()
        with st.container(gap="xsmall"):
            for heading in settings_form.SECTIONS:
                with st.expander(settings_form.section_words(heading, recipe), key=f"section {heading}"):
                    for field in settings_form.section(heading):
                        if field.name == "device":
                            values["device"] = settings_form.widget(field, recipe, choices=here.names, quiet=True)
                            st.caption(f"auto takes {here.default} here." if here.default else "Looking for devices.")
                            devices.show()
                        elif field.name not in values:
                            values[field.name] = settings_form.widget(field, recipe, quiet=True)
            launching = st.session_state.get("launch", st.query_params.get("launch", ONE))
            told = f" :gray[· {LAUNCHES[launching].lower()}]" if launching in (SEEDS, TWIN) else ""
            with st.expander(f"Seeds and twins{told}", key="section launch"):
                how = address.segments(
                    "Launch", list(LAUNCHES), key="launch", words=LAUNCHES.get, label_visibility="collapsed"
                )
                if how == SEEDS:
                    num_seeds = st.number_input("Seeds", 2, actions.MAX_SEEDS, 3, key="seeds", bind="query-params")
                    notices.aside("One group: the same settings, seeds counting up. Its curves show mean and range.")
                elif how == TWIN:
                    left, right = st.columns([1.2, 1])
                    names = [
                        field.name
                        for field in FIELDS
                        if field.name not in ("seed", "device", "num_workers", "log_every")
                    ]
                    with left:
                        differs = address.select(
                            "What differs", names, key="differs", default="sampler", words=settings_form.title
                        )
                    other_value = right.text_input("In the twin", "none", key="other_value", bind="query-params")
                    notices.aside("Two runs with one seed and one schedule; only this setting differs.")
        recipe_picker.show_changes(recipe, values)
        settings = settings_form.build(recipe, values)
        if told := enough.untaught(loaders.manifest_of(dataset), dataset.classes, dataset.name):
            st.error(words.fault(f"{words.capital(told)}."), icon=":material/error:")
            settings = None
    if settings is not None:
        measured = run_status.measured_images_per_second(settings, runs, here.default)
        seconds = estimate.slow_epochs(settings) * dataset.splits.get("train", 0) / measured[0] if measured else None
        notices.few(filter(None, (enough.sentence(name, dataset.splits.get(name, 0)) for name in ("val", "test"))))
        launch_room = st.container()  # the measurement, which the button's words wait for, stands below it
        probed = probe_view.show(dataset, settings, len(active))
        seconds = probed.seconds if probed else seconds
        label = f"Train {words.counted(settings.epochs, 'epoch')}"
        num_runs = {ONE: 1, SEEDS: num_seeds if how == SEEDS else 1, TWIN: 2}[how]
        if num_runs > 1:
            label = f"Train {num_runs} runs of {words.counted(settings.epochs, 'epoch')}"
            seconds = seconds and seconds * num_runs
        if launch_room.button(
            f"{label}, about {words.roughly(seconds)}" if seconds else label,
            type="primary",
            key="train",
            width="stretch",
            help=f"From {measured[0]:,.0f} images a second, measured in {words.command(measured[1].id)}."
            if measured and not probed
            else None,
        ):
            start()
        if told := settings_form.corrected_twice(settings):
            notices.aside(told)
        pretrained_view.show(settings)
        if not seconds:
            st.caption("Time unknown until it runs: nothing like it has run on this machine yet.")
        if active:
            st.caption(f"{words.counted(len(active), 'run')} here already: a new one waits until the device is free.")
        with st.expander("The same from a terminal"):
            more = {ONE: "", SEEDS: f" --seeds {num_runs}", TWIN: " --twin "}[how]
            if how == TWIN:
                more += shlex.quote(f"{differs}={other_value}")
            notices.terminal(f"python -m fashion_core train {dataset.id} {recipes.to_flags(settings)}{more}")

# the run at hand
with view:
    if not runs:
        subject.settle()
        notices.empty(
            audience.told(
                classroom="No run is here yet. Here you would watch the loss fall while a model learns: start one on "
                "the left.",
                review="No model was trained here yet. Here you would see how far each is and what it reached.",
            )
        )
        if not audience.is_review():
            tags_and_trash.show_trash()
        st.stop()
    found = {run.id: run for run in runs}
    tags_and_trash.refresh_picker()
    asked, called = st.query_params.get("run"), run_names.words_among(runs)
    with st.container(horizontal=True, vertical_alignment="center"):
        run = found[
            address.select(
                "Run",
                list(found),
                key="run",
                default=lambda: (training or active or [pickers.usual_run(runs)])[0].id,
                words=lambda name: called(found[name]),
                label_visibility="collapsed",
                quiet=True,
                width=run_names.PIXELS,
            )
        ]
        subject.settle()
        pickers.say_unknown("Run", asked, found, run_names.run_words(run))
        if not audience.is_review():
            tags_and_trash.show_buttons(run, run_status.status_of(run))
        if run.dataset.synthetic:
            notices.drawn_badge()
    others = [other for other in training if other.id != run.id]
    if others:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown("Running now:", width="content")
            other = others[0]
            form_asks = recipe_picker.asked()
            navigation.link("training", words.plain(run_names.run_words(other)), run=other.id, **form_asks)
    tags_and_trash.show_note(run)
    run_view.show(run, runs)
    if run_status.status_of(run).state == "finished":
        reproduce_view.show(run)

# every run
queue_view.show(runs)
st.subheader("All runs", anchor=False)
if audience.is_review():
    run_table.show(runs)
    if not rights.read_only():
        audience.offer_class("Turn to the class view, where runs are started")
else:
    run_table.show(tags_and_trash.filtered(runs))
    tags_and_trash.show_trash()
