"""Which slots this machine has for training, and which of them a device setting may use. Asks the driver, never torch.

Slots are cpu, mps and cuda-<n> for each NVIDIA GPU. Takes and gives names; holds nothing.
"""

import functools
import os
import platform
import re
import sys
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path

import pynvml

from fashion_core.errors import DeviceError


def slots_for(device: str, num_processes: int = 1) -> tuple[tuple[str, ...], int]:
    """The slots that a device setting may use, and how many of them a run needs. DeviceError if there are too few."""
    found = gpus() if device in ("auto", "cuda") else ()
    if found:
        if num_processes > len(found):
            raise DeviceError(
                f"--nproc {num_processes} needs {num_processes} GPUs, this machine has {len(found)}; "
                f"use --nproc {len(found)} or --device cpu"
            )
        return tuple(f"cuda-{name}" for name in found), num_processes
    if device == "cuda":  # torch will say that there is none
        return ("cuda-0",), 1
    apple = sys.platform == "darwin" and platform.machine() == "arm64"
    return (("mps",), 1) if device == "mps" or (device == "auto" and apple) else (("cpu",), 1)


def gpus() -> tuple[str, ...]:
    """The NVIDIA GPUs that torch would find, as CUDA_VISIBLE_DEVICES names them; the driver is asked, torch is not."""
    num = _num_gpus()
    allowed = os.environ.get("CUDA_VISIBLE_DEVICES")
    if not num or allowed is None:
        return tuple(map(str, range(num)))
    names = [re.sub(r"[^A-Za-z0-9-]", "", name) for name in allowed.split(",")]
    end = next((place for place, name in enumerate(names) if name in ("", "-1")), len(names))
    return tuple(names[:end])


@functools.cache
def _num_gpus() -> int:
    if metadata.version("torch").endswith("+cpu"):  # this torch would not see them
        return 0
    try:
        pynvml.nvmlInit()
        try:
            return pynvml.nvmlDeviceGetCount()
        finally:
            pynvml.nvmlShutdown()
    except pynvml.NVMLError:
        pass
    listed = Path("/proc/driver/nvidia/gpus")
    return len(list(listed.iterdir())) if listed.is_dir() else 0


def dealt_out() -> bool:
    """Whether a scheduler has dealt out this machine's devices."""
    return "SLURM_JOB_ID" in os.environ


def visible(slots: Sequence[str]) -> dict[str, str]:
    """The environment in which torch finds the GPUs of these slots and no other; empty where there is no choice."""
    names = [slot.removeprefix("cuda-") for slot in slots if slot.startswith("cuda-")]
    if not names or len(names) >= len(gpus()):
        return {}
    return {"CUDA_DEVICE_ORDER": "PCI_BUS_ID", "CUDA_VISIBLE_DEVICES": ",".join(names)}


def words(slots: Sequence[str], num: int) -> str:
    """What a run waits for: ``the CPU``, ``a GPU``, ``2 GPUs``."""
    things = {"cpu": "the CPU", "mps": "the Apple GPU"}
    return things.get(slots[0], "a GPU" if num == 1 else f"{num} GPUs")
