"""How a run that starts from others' weights begins, and how it goes from the last layer alone to every weight.

Takes an opened run (``job.Job``); changes its network's weights and what it is trained on. Knows no step and no file of
the run.
"""

import dataclasses
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch

from fashion_core.models import networks, weights
from fashion_core.runs import runs
from fashion_core.settings import schedules
from fashion_core.training import cached_features, steps
from fashion_core.training.context import Job, Stopped, told_to_events


def start_from_pretrained(run: runs.Run, learner: steps.Learner, data_dir: Path) -> None:
    """Put the ImageNet weights that the run's config names into the learner's network."""
    assert isinstance(learner.model, networks.Backbone)
    weights.load_for(run, learner.model, data_dir)
    if learner.smooth is not None:
        learner.smooth.load_state_dict(learner.model.state_dict())


def on_features(job: Job) -> Job:
    """The run as it is trained on features, which are computed now unless an earlier run has kept them."""
    run, learner, world = job.run, job.learner, job.learner.ranks
    rows_N = np.flatnonzero((job.frame["status"] == "ok") & job.frame["split"].isin(runs.SPLITS))
    for mirrored in cached_features.versions(run.settings):
        there = world.is_first and cached_features.is_there(run, job.dataset, mirrored=mirrored)
        if any(world.agree(there)):
            continue
        what = f"Computing the features of each photo{', mirrored' if mirrored else ''}, once"
        job.say(f"{what}; they are kept")
        tell = told_to_events(run, what, lambda: False) if world.is_first else None

        def check(done: int, tell: Any = tell) -> None:
            if any(world.agree(job.should_stop())):
                raise Stopped
            if tell:
                tell("", done, len(rows_N))

        model = learner.judged
        cached_features.build(run, job.dataset, rows_N, model, job.pixels, world, mirrored=mirrored, check=check)
    if unused := schedules.unused(run.settings):
        job.say(f"trained on kept features: {', '.join(unused)} not used meanwhile")
    return dataclasses.replace(job, photos=cached_features.open_features(run, job.dataset, learner.device))


def thaw(job: Job) -> Job:
    """The run as every weight learns from here on, on photos."""
    job.learner.learn(frozen=False)
    job.say("every weight learns from here on")
    return dataclasses.replace(job, photos=job.pixels)


@contextmanager
def threads_for(job: Job) -> Iterator[None]:
    """One thread for steps on features: their products are too small to share, and where others use the machine,
    threads that wait for each other made an epoch take 60 s, one thread 7 (two cores, load 8 and 13)."""
    before = torch.get_num_threads()
    torch.set_num_threads(1 if job.on_features else before)
    try:
        yield
    finally:
        torch.set_num_threads(before)


@contextmanager
def threads_of(run: runs.Run) -> Iterator[None]:
    """As many threads as the run that this one trains again had, where it names one and that was recorded: sums are
    split among threads, so another number gives other last digits (LOG: bits-and-threads)."""
    told = run.record.reproduces
    before = torch.get_num_threads()
    torch.set_num_threads(told.threads if told and told.threads else before)
    try:
        yield
    finally:
        torch.set_num_threads(before)
