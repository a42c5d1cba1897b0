"""One side of a comparison of maps: a run as it was judged, or at one of its saved steps; and the features it needs.

Takes a run, gives a Side. Features of a saved step are computed once, in a process of their own, when somebody asks.
"""

import time
from dataclasses import dataclass
from typing import Any

import streamlit as st

from fashion_core import checkpoints, launch, maps, processes, rights, snapshots
from fashion_core.runs import Run
from ui import address, faults, learnt, loaders, notices, words

OWN = "own"  # the weights that the run's own predictions are of
START_SECONDS = 10.0  # until a process of its own has its model in memory


@dataclass(frozen=True, eq=False)
class Side:
    """``run`` at ``step`` (None: as it was judged). ``seen`` is the run with the features of then in its folder's
    place; ``when`` completes "the map ...", ``then`` is its noun."""

    run: Run
    step: int | None
    seen: Run
    when: str
    then: str


def steps_of(run: Run) -> list[str]:
    """What can be chosen: the run as it was judged, then its other saved steps."""
    return [OWN, *(str(step) for step in snapshots.earlier_steps(run))]


def pick(run: Run, key: str, *, but: str | None = None) -> Side:
    """The picker of a side's step; none is drawn while there is nothing to choose. ``but`` is what the other side shows
    of the same run."""
    options = [step for step in steps_of(run) if step != but]
    chosen = options[0]
    if len(options) > 1 or but is not None:
        chosen = address.select(
            "Saved step",
            options,
            key=key,
            words=lambda step: _when(run, step)[0].capitalize(),
            label_visibility="collapsed",
            width=170,
        )
    step = None if chosen == OWN else int(chosen)
    return Side(run, step, run if step is None else snapshots.at(run, step), *_when(run, chosen))


def as_judged(run: Run) -> Side:
    """The side of a run as it was judged."""
    return Side(run, None, run, *_when(run, OWN))


def can_look(side: Side) -> bool:
    """Whether its model could look at photos: weights are saved."""
    return bool(checkpoints.saved_steps(side.run.folder))


@st.cache_resource(show_spinner=False)
def looks() -> dict[str, tuple[dict[str, Any], float]]:
    """What looks at photos now or did last, by what it was asked for: the process and when it began. Of all sessions,
    so that a page that was loaded anew, or another reader's, follows it and does not start it a second time."""
    return {}


def seconds_to_look(run: Run, num: int) -> float:
    """About how long ``num`` photos take: a look costs less than half of a training step, which the run has timed."""
    summary = loaders.summary_of(run) or {}
    return START_SECONDS + num / (2 * (summary.get("images_per_second") or 50.0))


def _when(run: Run, step: str) -> tuple[str, str]:
    if step == OWN:
        ended = snapshots.judged_step(run) is not None
        return ("at its end", "the end") if ended else ("as last evaluated", "the last evaluation")
    epochs, rest = divmod(int(step), run.config["steps_per_epoch"])
    return (f"at step {int(step):,}", f"step {int(step):,}") if rest else (f"after epoch {epochs}", f"epoch {epochs}")


def missing(side: Side, run: Run, split: str) -> list[str]:
    """The splits that ``split`` means for ``run`` and that this side has no features of."""
    return [part for part in maps.parts_of(run, split) if part not in maps.splits_with_features(side.seen)]


def offer(side: Side, split: str) -> None:
    """The button that computes a side's features of one split, or how far that is."""
    num = int(side.run.dataset["splits"].get(split, 0))
    photos = words.counted(num, learnt.photos_words(split))
    key = f"{side.seen.folder} {split}"
    begun = looks().get(key)
    if begun and processes.is_alive(begun[0]):
        st.fragment(follow, run_every=1.0)(
            key, f"The model {side.when} is looking at {photos}", seconds_to_look(side.run, num)
        )
        return
    if rights.read_only():
        notices.review_copy(f"The features {side.when} were not computed.", "no features can be computed")
        return
    if loaders.dataset_of(side.run) is None:
        st.markdown(
            f"The features {side.when} were not computed, and the photos are not on this machine. "
            f"To bring them: {words.command(side.run.dataset['bring'])}"
        )
        return
    if begun:
        log = words.command(str(side.run.folder / "embed.txt"))
        st.error(f"The features were not written; what the process said last is in {log}.", icon=":material/error:")
    when = "" if side.step is None else f" {side.when}"
    whose = "The model" if side.step is None else "The model with the weights of then"
    apart = "" if side.step is None else ", apart from its own results"
    st.markdown(
        f"The features{when} of these {words.counted(num, learnt.photos_words(split))} were not computed yet. "
        f"{whose} looks at them once, in a process of its own; what it finds is kept beside the run{apart}."
    )
    cost = f", about {words.roughly(seconds_to_look(side.run, num))}"
    if st.button(f"Look at {photos}{when}{cost}", type="primary", key="embed_step"):
        with faults.shown(stop=False):
            process = launch.start_embed(side.run, split, data_dir=loaders.data_dir(), step=side.step)
            looks()[key] = (process, time.time())
            st.rerun()


def follow(key: str, told: str, expected: float) -> None:
    """How long the process has been at it; one rerun of the page when it has ended."""
    process, began = looks()[key]
    if not processes.is_alive(process):
        st.rerun()
    waited = time.time() - began
    st.progress(min(0.95, waited / expected), text=f"{told}, for {words.duration(waited)}")
    st.skeleton(height=420)
