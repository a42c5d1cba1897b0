"""Which process of a run this is, and what the processes of one run agree on. Takes torchrun's environment.

One process is rank 0 of 1. Every rank works out the same global batches by itself; only gradients, flags and results
travel, through torch.distributed (nccl between GPUs, gloo otherwise). N items.
"""

import ctypes
import os
import signal
import sys
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import numpy as np
import torch
import torch.distributed as dist

from fashion_core.errors import RunError

#: A rank that says nothing for so long has died or hangs; torchrun notices a death by itself within a second.
PATIENCE = timedelta(minutes=10)


@dataclass(frozen=True, kw_only=True)
class Ranks:
    """This process's place among those of the run."""

    rank: int = 0
    size: int = 1
    local_rank: int = 0
    flags: Any = field(default=None, repr=False)  # a gloo group: flags are agreed on without waiting for a GPU
    parent: int = field(default_factory=os.getppid)

    @property
    def is_first(self) -> bool:
        """Whether this rank writes the files and speaks."""
        return self.rank == 0

    def device(self, chosen: torch.device) -> torch.device:
        """The device of this rank, where the run's setting chose ``chosen``."""
        if chosen.type == "cuda" and self.size > 1:
            torch.cuda.set_device(self.local_rank)
            return torch.device("cuda", self.local_rank)
        return chosen

    def part(self, num: int) -> slice:
        """This rank's part of ``num`` items; the parts of all ranks follow each other and cover every item once."""
        return part_of(num, self.rank, self.size)

    def agree(self, *flags: bool) -> tuple[bool, ...]:
        """Each flag, true on every rank as soon as it is true on one."""
        if self.size == 1:
            return flags
        if os.getppid() != self.parent:
            raise RunError("the process that started the ranks has ended; what was saved is safe, resume the run")
        told = torch.tensor(flags, dtype=torch.int32)
        dist.all_reduce(told, dist.ReduceOp.MAX, group=self.flags)
        return tuple(bool(flag) for flag in told)

    def total(self, value: torch.Tensor) -> torch.Tensor:
        """The sum over the ranks, on each of them."""
        if self.size > 1:
            value = value.clone()
            dist.all_reduce(value)
        return value

    def gather(self, array_N: np.ndarray, num: int) -> np.ndarray:
        """The parts of all ranks as one array of ``num`` rows, in order, on each rank."""
        if self.size == 1:
            return array_N
        parts: list[Any] = [None] * self.size
        dist.all_gather_object(parts, array_N, group=self.flags)
        found = np.concatenate([part for part in parts if len(part)])
        assert len(found) == num, f"the ranks computed {len(found)} rows of {num}"
        return found

    def wait(self) -> None:
        """Until every rank is here."""
        if self.size > 1:
            dist.barrier(group=self.flags)

    def spread(self, model: torch.nn.Module, device: torch.device) -> torch.nn.Module:
        """The model whose gradients are averaged over the ranks."""
        if self.size == 1:
            return model
        return torch.nn.parallel.DistributedDataParallel(
            model, device_ids=[device.index] if device.type == "cuda" else None
        )

    def without_sync(self, model: torch.nn.Module, now: bool) -> AbstractContextManager:
        """For all but the last part of an accumulated batch: gradients stay on this rank."""
        if self.size > 1 and not now:
            return model.no_sync()  # type: ignore[operator]
        return nullcontext()


def part_of(num: int, rank: int, size: int) -> slice:
    """Items ``num * rank // size`` up to ``num * (rank + 1) // size``: even parts, some empty when num < size."""
    return slice(num * rank // size, num * (rank + 1) // size)


def parts(num: int, first: int, last: int) -> Sequence[slice]:
    """``first`` to ``last`` cut into at most ``num`` slices that are not empty; one empty slice if nothing is there."""
    length = last - first
    if length <= 0:
        return [slice(first, first)]
    num = min(num, length)
    cuts = [first + length * place // num for place in range(num + 1)]
    return [slice(low, high) for low, high in zip(cuts, cuts[1:], strict=False)]


def join() -> Ranks:
    """This process's rank from torchrun's environment; the first call of a rank waits for the others."""
    size = int(os.environ.get("WORLD_SIZE", "1"))
    if size == 1:
        return Ranks()
    rank, local_rank = int(os.environ["RANK"]), int(os.environ.get("LOCAL_RANK", "0"))
    if not dist.is_initialized():
        _end_with_parent()
        on_gpus = torch.cuda.is_available() and torch.cuda.device_count() > local_rank
        dist.init_process_group("nccl" if on_gpus else "gloo", timeout=PATIENCE)
    return Ranks(rank=rank, size=size, local_rank=local_rank, flags=dist.new_group(backend="gloo", timeout=PATIENCE))


def _end_with_parent() -> None:
    """Ask the kernel for a SIGTERM when the process that started the ranks ends, however it ends (Linux only)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, int(signal.SIGTERM))  # PR_SET_PDEATHSIG


def leave() -> None:
    """Close the connections of this process, if it has any."""
    if dist.is_initialized():
        dist.destroy_process_group()
