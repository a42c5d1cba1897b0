"""Run a claim's experiment from the page: what it costs, the button, and how far it is. The queue does the work.

Everything is read from the runs at each call, so a reload, a second tab or a restart of the app make no difference.
"""

from collections import Counter
from collections.abc import Sequence

import streamlit as st

from fashion_core import rights
from fashion_core.claims import definitions, experiments
from fashion_core.claims.evidence import Evidence
from fashion_core.claims.experiments import ACTIVE, FINISHED, RESUMABLE, Member, Plan
from fashion_core.errors import RunError, SettingsError, WrongUse
from fashion_core.launch import actions
from fashion_core.runs import runs
from fashion_core.runs.runs import Run
from ui.app import faults, loaders, navigation, notices, people, words
from ui.claims.places import Known, Place
from ui.shared import curves_view, following, run_status

SECONDS = 2.0
_STOPPED = ("queued", "starting", "running")  # what a stop of the experiment ends


def changes(place: Place) -> tuple[str, ...] | None:
    """What the reader changes of the report's recipe (``set`` in the address); None where nobody has said anything, so
    that what the kept results changed holds. Says what is wrong with it, and leaves it out then."""
    told = st.query_params.get("set")
    if told is None:
        return None
    given = tuple(str(told).split())
    if place.dataset is None:
        return given
    try:
        definitions.settings_of(definitions.CLAIMS[0].trained[0], place.dataset, given)
    except SettingsError as error:
        navigation.say(f"{words.fault(error)}. The settings are those of the report.")
        return ()
    return given


def asked_seeds() -> int | None:
    """How many models of each arm the reader wants; None where nobody has said, or what was said is no such number."""
    told = st.query_params.get("models")
    try:
        number = int(told)  # type: ignore[arg-type]
        definitions.checked_seeds(definitions.CLAIMS[0], number)
    except (TypeError, ValueError, WrongUse):
        return None
    return number


def show(known: Known, place: Place, found: Sequence[Run]) -> None:
    """The experiment of the claim: progress while it runs, else the settings and the button."""
    st.markdown("**The experiment**")
    if known.plan is None:
        _elsewhere(known, place)
        return
    plan = known.plan
    if plan.refused:
        notices.aside(f"It cannot be put to the test here: {words.plain(plan.refused)}.")
        return
    for arm in plan.arms:
        if arm.missing:
            notices.aside(f"Without {arm.arm.words}: {words.fault(arm.missing)}.")
    if plan.running:
        following.follow(lambda: _going_on(plan), lambda now: _progress(plan, now), seconds=SECONDS)
    elif not plan.finished:
        _offer(plan, found, place.kept.get(known.claim.name))
    else:
        _more(plan)
    with st.expander("The same from a terminal"):
        notices.terminal(plan.command)
        notices.aside("The same command again goes on where it was interrupted.")


def _elsewhere(known: Known, place: Place) -> None:
    if known.problem:
        faults.show(known.problem)
        return
    kept = place.kept.get(known.claim.name) or next(iter(place.kept.values()))
    notices.aside("Its photos are not on this machine. To run it here, bring them first:")
    notices.terminal(f"{kept.dataset.bring}\n{place.command(known.claim)}")


def _settings(plan: Plan) -> None:
    """What can be changed of the experiment. The address holds it, also while the widgets are not drawn: streamlit
    drops what it has bound itself as soon as its widget is gone."""

    def write(name: str) -> None:
        st.query_params[name] = str(st.session_state[f"claim {name}"])

    with st.expander("Its settings"):
        left, right = st.columns([1, 2])
        left.number_input(
            "Models an arm", plan.claim.least_seeds, definitions.MOST_SEEDS, plan.seeds, key="claim models",
            on_change=write, args=("models",), help="Seeds count up from 0. More models, narrower intervals.",
        )  # fmt: skip
        right.text_input(
            "Changes of the report's recipe", " ".join(plan.overrides), key="claim set", on_change=write, args=("set",),
            placeholder="image_size=64 epochs=4",
            help="key=value with spaces between. They hold for every arm; what an arm sets itself goes before them.",
        )  # fmt: skip


def _offer(plan: Plan, found: Sequence[Run], kept: Evidence | None) -> None:
    cost = experiments.cost([plan], found, curves_view.metrics_of)
    there = Counter(member.state for member in plan.members)
    told = f"{words.counted(len(plan.members), 'model')}: {there[FINISHED]} trained already"
    if there[ACTIVE]:
        told += f", {there[ACTIVE]} on their way"
    unanswered = sum(member.state == RESUMABLE and member.done == 1 for member in plan.members)
    if unanswered:
        told += f", {unanswered} of which the predictions are made again"
    if there[RESUMABLE] > unanswered:
        told += f", {there[RESUMABLE] - unanswered} stopped on their way, which go on from there"
    st.markdown(f"{told}.")
    _settings(plan)
    if rights.read_only():
        notices.review_copy("Experiments are run in the lab that this was copied from.", "no experiment can be run")
        return
    num = cost.num_runs - there[ACTIVE]
    label = f"Train {words.counted(num, 'model')}"
    if cost.num_unknown < cost.num_runs:
        label += f", about {words.roughly(cost.seconds)}"
    if st.button(label, type="primary", key="run", icon=":material/science:"):
        with faults.shown(stop=False):
            _start(plan)
            st.rerun()
    if cost.num_unknown:
        of_them = "" if cost.num_unknown == cost.num_runs else f" of {words.counted(cost.num_unknown, 'model')}"
        notices.aside(f"Time{of_them} unknown until it runs: nothing like it has run on this machine yet.")
        if kept and kept.overrides == plan.overrides:
            took = sum(second for arm in kept.arms.values() for second in arm.seconds)
            notices.aside(
                f"Where the results that came with the lab were made, they trained {words.roughly(took)} in all."
            )


def _more(plan: Plan) -> None:
    notices.aside(f"All {words.counted(len(plan.members), 'model')} are trained.")
    _settings(plan)


def _start(plan: Plan) -> None:
    def again() -> list[Plan]:
        return [
            experiments.plan(
                plan.claim,
                plan.dataset,
                experiments.Here(runs=runs.list_runs(loaders.runs_dir()), data_dir=loaders.data_dir()),
                seeds=plan.seeds,
                overrides=plan.overrides,
                split=plan.split,
                counts=plan.train_counts,
            )
        ]

    experiments.start(again, data_dir=loaders.data_dir(), runs_dir=loaders.runs_dir())


def _now(member: Member) -> tuple[str, float]:
    """State and share done of a model now; the plan was made when the page ran."""
    if member.run is None or member.state == FINISHED:
        return member.state, member.done
    status = run_status.status_of(member.run)
    done = min(1.0, status.step / status.total_steps) if status.total_steps else 0.0
    if status.state == "finished":
        return FINISHED, 1.0
    return (status.state if status.active else RESUMABLE), done


def _going_on(plan: Plan) -> list[tuple[str, float]] | None:
    """``_now`` of every model; None when one has ended that was on its way when the page ran, which tells it anew."""
    now = [_now(member) for member in plan.members]
    was_active = [state for member, (state, _) in zip(plan.members, now, strict=True) if member.state == ACTIVE]
    return None if {FINISHED, RESUMABLE} & set(was_active) else now


def _progress(plan: Plan, now: list[tuple[str, float]]) -> None:
    """How far every model is."""
    finished = sum(state == FINISHED for state, _ in now)
    waiting = sum(state == "queued" for state, _ in now)
    training = sum(state in ("running", "starting") for state, _ in now)
    told = f"{finished} of {words.counted(len(now), 'model')} trained, {training} in training, {waiting} waiting"
    st.progress(sum(done for _, done in now) / len(now), text=told)
    notices.aside("The verdict comes when all are trained, not before: looking early is how chance becomes a finding.")
    with st.container(horizontal=True):
        active = next((m.run for m, (s, _) in zip(plan.members, now, strict=True) if m.run and s == "running"), None)
        if active:
            navigation.link("training", "Watch the one in training", run=active.id)
        first = next((m.run for m, (s, _) in zip(plan.members, now, strict=True) if m.run and s in _STOPPED), None)
        said = people.another_of_run(first, "this experiment") if first else ""
        if not rights.read_only() and people.button(
            "Stop the experiment", said, again="Stop it all the same", key="stop", icon=":material/stop_circle:"
        ):
            for member, (state, _) in reversed(list(zip(plan.members, now, strict=True))):  # those that wait first
                if member.run and state in _STOPPED:
                    try:
                        actions.stop(member.run, wait_seconds=0)
                    except RunError:  # it has ended meanwhile
                        continue
            st.rerun()
