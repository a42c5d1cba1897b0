"""What each device of this machine is, how much memory it has free, and what runs on it. Takes the runs directory and,
for NVIDIA GPUs, a module like ``pynvml``; asks the driver and the system, never torch.

A GPU's processes come from its driver; the CPU has too many to name, so its load is told and the run that has its slot.
"""

import os
import platform
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pynvml

from fashion_core.launch import devices, run_queue
from fashion_core.runs.environment import cpu_name


@dataclass(frozen=True, kw_only=True)
class Process:
    """Something that runs on a device: the run of ours that it belongs to (empty for a stranger's), the program's name
    (empty when the system does not tell), and the bytes of the device's memory that it holds (None: not told)."""

    pid: int
    run: str
    name: str
    memory: int | None


@dataclass(frozen=True, kw_only=True)
class Device:
    """One slot. ``total`` and ``free`` are bytes, None where they are not known; an Apple GPU's are the machine's own,
    which it shares. ``cores`` and ``load`` (runnable processes, mean of a minute) are the CPU's."""

    slot: str
    name: str
    total: int | None
    free: int | None
    processes: tuple[Process, ...]
    cores: int | None = None
    load: float | None = None


def found(runs_dir: Path, nvml: Any = pynvml) -> list[Device]:
    """Every device here, GPUs first, the CPU last."""
    holders = _holders(runs_dir)
    gpus = _nvidia(devices.gpus(), holders, nvml)
    apple = [_apple(holders)] if sys.platform == "darwin" and platform.machine() == "arm64" else []
    return [*gpus, *apple, _cpu(holders)]


def _holders(runs_dir: Path) -> dict[str, tuple[str, int]]:
    """Slot -> the run that has it and its first process."""
    held = {path.stem: run_queue.holder(runs_dir, path.stem) for path in (runs_dir / ".slots").glob("*.json")}
    return {slot: (one[0], int(one[1]["pid"])) for slot, one in held.items() if one}


def _cpu(holders: Mapping[str, tuple[str, int]]) -> Device:
    memory = psutil.virtual_memory()
    return Device(
        slot="cpu",
        name=cpu_name(),
        total=memory.total,
        free=memory.available,
        processes=_of_slot("cpu", holders),
        cores=len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else psutil.cpu_count(),
        load=os.getloadavg()[0] if hasattr(os, "getloadavg") else None,
    )


def _apple(holders: Mapping[str, tuple[str, int]]) -> Device:
    memory = psutil.virtual_memory()
    name = f"{cpu_name()} GPU, which shares the main memory"
    return Device(slot="mps", name=name, total=memory.total, free=memory.available, processes=_of_slot("mps", holders))


def _of_slot(slot: str, holders: Mapping[str, tuple[str, int]]) -> tuple[Process, ...]:
    """The run that has a slot, with the main memory of its process and those that it started."""
    if slot not in holders:
        return ()
    run, pid = holders[slot]
    try:
        process = psutil.Process(pid)
        memory = sum(one.memory_info().rss for one in (process, *process.children(recursive=True)))
        return (Process(pid=pid, run=run, name=process.name(), memory=memory),)
    except psutil.Error:  # it has ended since
        return ()


def _nvidia(names: Sequence[str], holders: Mapping[str, tuple[str, int]], nvml: Any) -> list[Device]:
    """The GPUs that CUDA_VISIBLE_DEVICES names (a number or a UUID each); one of which the driver tells nothing keeps
    its place and says so by having no memory."""
    if not names:
        return []
    try:
        nvml.nvmlInit()
    except nvml.NVMLError:
        return [_silent(name) for name in names]
    try:
        return [_gpu(name, holders, nvml) for name in names]
    finally:
        nvml.nvmlShutdown()


def _silent(name: str) -> Device:
    return Device(slot=f"cuda-{name}", name="NVIDIA GPU", total=None, free=None, processes=())


def _gpu(name: str, holders: Mapping[str, tuple[str, int]], nvml: Any) -> Device:
    try:
        handle = nvml.nvmlDeviceGetHandleByIndex(int(name)) if name.isdigit() else nvml.nvmlDeviceGetHandleByUUID(name)
        memory = nvml.nvmlDeviceGetMemoryInfo(handle)
        called = nvml.nvmlDeviceGetName(handle)
    except nvml.NVMLError:
        return _silent(name)
    try:
        running = nvml.nvmlDeviceGetComputeRunningProcesses(handle)
    except nvml.NVMLError:  # some drivers keep it to themselves
        running = []
    return Device(
        slot=f"cuda-{name}",
        name=called.decode() if isinstance(called, bytes) else called,
        total=int(memory.total),
        free=int(memory.free),
        processes=tuple(_process(one.pid, one.usedGpuMemory, holders) for one in running),
    )


def _process(pid: int, memory: int | None, holders: Mapping[str, tuple[str, int]]) -> Process:
    """A process, and the run whose first process it is or descends from (ranks of torchrun do)."""
    runs = {first: run for run, first in holders.values()}
    try:
        process = psutil.Process(pid)
        family = [pid, *(parent.pid for parent in process.parents())]
        name = process.name()
    except psutil.Error:  # another container's, or it has ended since
        family, name = [pid], ""
    run = next((runs[one] for one in family if one in runs), "")
    return Process(pid=pid, run=run, name=name, memory=int(memory) if memory is not None else None)
