"""One side of a comparison of maps: a run as it was judged, or at one of its saved steps; and the features it needs.

Takes a run, gives a Side. Features of a saved step are computed once, in a process of their own, when somebody asks.
"""

from dataclasses import dataclass

import streamlit as st

from fashion_core import jobs, rights
from fashion_core.embeddings import tsne_umap
from fashion_core.launch import background
from fashion_core.runs import checkpoints, snapshots
from fashion_core.runs.runs import Run
from ui.app import address, audience, faults, loaders, notices, words
from ui.embeddings import features_view
from ui.shared import following

OWN = "own"  # the weights that the run's own predictions are of


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


def _when(run: Run, step: str) -> tuple[str, str]:
    if step == OWN:
        ended = snapshots.judged_step(run) is not None
        return ("at its end", "the end") if ended else ("as last evaluated", "the last evaluation")
    epochs, rest = divmod(int(step), run.steps_per_epoch)
    return (f"at step {int(step):,}", f"step {int(step):,}") if rest else (f"after epoch {epochs}", f"epoch {epochs}")


def missing(side: Side, run: Run, split: str) -> list[str]:
    """The splits that ``split`` means for ``run`` and that this side has no features of."""
    return [part for part in tsne_umap.parts_of(run, split) if part not in tsne_umap.splits_with_features(side.seen)]


def offer(side: Side, split: str) -> None:
    """The button that computes a side's features of one split, or how far that is."""
    num = int(side.run.dataset.splits.get(split, 0))
    photos = words.counted(num, features_view.photos_words(split))
    expected = following.seconds_to_look(side.run, num)
    folder = background.embedding_folder(side.seen, split)
    job = jobs.look(folder)
    if job and job.active:
        following.look_at_photos(folder, f"The model {side.when} is looking at {photos}", expected)
        return
    if split in tsne_umap.splits_with_features(side.seen):  # they came between two looks
        st.rerun()
    if rights.read_only():
        notices.review_copy(f"The features {side.when} were not computed.", "no features can be computed")
        return
    if loaders.dataset_of(side.run) is None:
        st.markdown(
            f"The features {side.when} were not computed, and the photos are not on this machine."
            + ("" if audience.is_review() else f" To bring them: {words.command(side.run.dataset.bring)}")
        )
        return
    if job and job.state == jobs.FAILED:
        log = words.command(str(side.run.folder / "embed.txt"))
        st.error(f"The features were not written; what the process said last is in {log}.", icon=":material/error:")
        following.offer_to_close(folder)
    when = "" if side.step is None else f" {side.when}"
    whose = "The model" if side.step is None else "The model with the weights of then"
    apart = "" if side.step is None else ", apart from its own results"
    st.markdown(
        f"The features{when} of these {words.counted(num, features_view.photos_words(split))} were not computed yet. "
        f"{whose} looks at them once, in a process of its own; what it finds is kept beside the run{apart}."
    )
    cost = f", about {words.roughly(expected)}"
    if st.button(f"Look at {photos}{when}{cost}", type="primary", key="embed_step"):
        with faults.shown(stop=False):
            background.start_embed(side.run, split, data_dir=loaders.data_dir(), step=side.step)
            st.rerun()
