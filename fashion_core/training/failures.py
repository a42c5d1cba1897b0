"""What goes wrong in training, said so that somebody can act on it: NaN, memory, a full disk.

Takes a run in training; raises a Mishap whose reason names the step, the learning rate and the files, or the memory and
a batch size that was tried. Nothing is changed by itself.
"""

import errno
import gc
import math
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import numpy as np
import pandas as pd
import psutil
import torch

from fashion_core import storage
from fashion_core.runs import runs
from fashion_core.training import steps
from fashion_core.training.batches import Batch
from fashion_core.training.context import Job

_FEW = 3


class Mishap(Exception):
    """Why a run cannot go on, for its last event: ``reason`` in one or two sentences, and details for machines."""

    def __init__(self, reason: str, **details: Any) -> None:
        super().__init__(reason)
        self.reason, self.details = reason, details


def tell(run: runs.Run, reason: str, **details: Any) -> None:
    """The last event of a run that failed. A disk that is full cannot take it; the error itself is on its way."""
    with suppress(OSError):
        runs.tell(run, "failed", reason=reason, **details)


def in_words(error: OSError) -> str:
    """A failed write or read as a sentence that says what is safe and what to do."""
    where = f" ('{error.filename}')" if error.filename else ""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return f"the disk is full{where}; earlier saved steps are untouched: make room and resume the run"
    return f"{error.strerror or error}{where}; earlier saved steps are untouched: mend it and resume the run"


class Watch:
    """Looks at the loss of every step. On a CPU at once; on a GPU one step later, so that nothing waits for it."""

    def __init__(self, run: runs.Run, frame: pd.DataFrame, learner: steps.Learner) -> None:
        self.run, self.frame, self.learner = run, frame, learner
        self.waits = learner.device.type != "cpu"
        self.before: tuple[int, torch.Tensor, torch.Tensor | None, float, np.ndarray] | None = None

    def see(
        self, step: int, loss: torch.Tensor, norm: torch.Tensor | None, learning_rate: float, rows_B: np.ndarray
    ) -> None:
        """Take note of a step; Mishap when its loss (or that of the step before, on a GPU) is not a number."""
        if self.learner.ranks.size > 1:
            loss = self.learner.ranks.total(loss)  # a NaN on one rank is a NaN on all: they end together
        now = (step, loss, norm, learning_rate, rows_B)
        if self.waits:
            now, self.before = self.before, now  # type: ignore[assignment]
        if now is not None:
            self._check(*now)

    def catch_up(self) -> None:
        """Look at the step that was still waiting."""
        if self.before is not None:
            self._check(*self.before)
            self.before = None

    def check_weights(self, step: int) -> None:
        """Mishap when a weight is not a number; such weights are never saved, so they never become best."""
        bad = [name for name, weight in self.learner.model.named_parameters() if not bool(weight.isfinite().all())]
        if bad:
            raise Mishap(
                f"the weights {bad[0]} became NaN or infinite by step {step:,}; they were not saved, earlier saved "
                "steps are untouched: start a new run with a smaller learning_rate or with clip_norm",
                step=step,
            )

    def _check(
        self, step: int, loss: torch.Tensor, norm: torch.Tensor | None, learning_rate: float, rows_B: np.ndarray
    ) -> None:
        value = loss.item()
        if math.isfinite(value) and (norm is None or bool(norm.isfinite())):
            return
        length = norm.item() if norm is not None else steps.gradient_norm(self.learner)
        files = self.frame["path"].iloc[rows_B].tolist()
        more = f" and {len(files) - _FEW:,} more" if len(files) > _FEW else ""
        what = f"the loss became {value}" if not math.isfinite(value) else "the gradient became infinite"
        raise Mishap(
            f"{what} at step {step:,}, learning rate {learning_rate:g}, gradient norm {length:.3g}, on the photos "
            f"{', '.join(files[:_FEW])}{more} (all in events.jsonl); it was not saved, earlier saved steps are "
            "untouched: start a new run with a smaller learning_rate or with clip_norm",
            step=step,
            learning_rate=learning_rate,
            gradient_norm=None if not math.isfinite(length) else length,
            files=files,
        )


def check_validation(val_loss: float, step: int) -> None:
    """Mishap when the validation loss is not a number; such an epoch never becomes best."""
    if not math.isfinite(val_loss):
        raise Mishap(
            f"the validation loss became {val_loss} after step {step:,}; that epoch is not taken for the best, and its "
            "saved step is kept: start a new run with a smaller learning_rate",
            step=step,
        )


def is_out_of_memory(error: Exception) -> bool:
    """Whether memory ran out: a GPU's, Python's, or a CPU's, which torch tells as a plain RuntimeError."""
    return isinstance(error, (torch.OutOfMemoryError, MemoryError)) or "can't allocate memory" in str(error)


@contextmanager
def naming_memory(job: Job, batch: Batch, epoch: int) -> Iterator[None]:
    """Turn an out-of-memory error of a step into a Mishap with the peak and a batch size that was tried."""
    try:
        yield
        return
    except (RuntimeError, MemoryError) as error:
        if not is_out_of_memory(error):
            raise
        told = str(error)
    # Outside the except block: its traceback would keep every tensor of the step alive.
    settings, device = job.run.settings, job.learner.device
    peak = torch.cuda.max_memory_allocated(device) if device.type == "cuda" else psutil.Process().memory_info().rss
    fits = _batch_that_fits(job, batch, epoch)
    size = "x".join(map(str, settings.image_size))
    if fits:
        advice = f"a trial step with batch_size {fits} did fit, so start a new run with that one"
    elif job.learner.ranks.size > 1:
        advice = "start a new run with a smaller batch_size or with accumulation"
    else:
        advice = "not even one image fitted: choose a smaller image_size or model"
    raise Mishap(
        f"out of memory with batch_size {settings.batch_size} at {size} on {device} ({storage.memory_text(peak)} "
        f"were in use); nothing was changed by itself: {advice}",
        batch_size=settings.batch_size,
        peak_bytes=peak,
        batch_size_that_fits=fits,
        error=told.partition("\n")[0][:300],
    )


def _batch_that_fits(job: Job, batch: Batch, epoch: int) -> int | None:
    """The largest half, quarter, ... of the batch that a whole step can be made with. The run ends after this, so the
    step may change the weights: they are not saved."""
    learner, num = job.learner, len(batch.positions_B)
    if learner.ranks.size > 1:  # the others wait in the failed step and would not take part
        return None
    while (num := num // 2) >= 1:
        learner.optimizer.zero_grad(set_to_none=True)
        gc.collect()
        if learner.device.type == "cuda":
            torch.cuda.empty_cache()
        smaller = Batch(number=0, positions_B=batch.positions_B[:num], repeats_B=batch.repeats_B[:num])
        labels_N = job.labels_all[job.rows_N]
        order_N = np.resize(smaller.positions_B, 64 * num)  # what a run of such batches makes ahead has to fit as well
        try:
            source = steps.source(learner, job.photos, job.rows_N, labels_N, order_N, epoch, batch_size=num)
            steps.step(learner, source, smaller, learning_rate=0.0, num_steps_before=0)
            return num
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error):
                raise
    return None
