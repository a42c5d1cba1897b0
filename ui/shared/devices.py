"""Which devices this machine can train on, asked of the command line once per server so that no page imports torch;
and what each of them is, has free and is doing, asked of the driver every few seconds."""

import json
import subprocess
import sys
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from fashion_core import paths, storage
from fashion_core.launch import hardware
from fashion_core.launch.hardware import Device, Process
from fashion_core.settings import config
from ui.app import loaders, notices, words

TITLES = {"cpu": "CPU", "mps": "Apple GPU"}
MOST = 4  # processes named on a line


@dataclass(frozen=True)
class Devices:
    """``names`` as ``--set device=`` takes them, auto first; ``default`` is what auto takes, empty while unknown."""

    names: tuple[str, ...]
    default: str


def found() -> Devices:
    """The devices here; until the answer has come (a few seconds after the first call) every device on offer."""
    asked = _asked()
    everything = Devices(config.DEVICES, "")
    if not asked.done() or asked.exception() is not None:
        return everything
    try:
        document = json.loads(asked.result().stdout)
        return Devices(("auto", *reversed(document["devices"])), document["default_device"])
    except (ValueError, KeyError, TypeError):
        return everything


@st.cache_resource(show_spinner=False)
def _asked() -> Future:
    command = [sys.executable, "-m", "fashion_core", "doctor", "--json"]
    return ThreadPoolExecutor(1, thread_name_prefix="devices").submit(
        subprocess.run, command, cwd=paths.PROJECT_ROOT, capture_output=True, stdin=subprocess.DEVNULL, timeout=120
    )


@st.cache_resource(ttl=3, max_entries=4, show_spinner=False)
def _hardware(runs_dir: str) -> list[Device]:
    return hardware.found(Path(runs_dir))


def show() -> None:
    """A line a device: what it is, its free memory, and which runs and programs are on it."""
    for device in _hardware(str(loaders.runs_dir())):
        notices.aside(device_words(device))
    notices.aside("As of the last click or reload of this page.")


def device_words(device: Device) -> str:
    """``CPU: AMD EPYC, 2 cores, 5.1 of 7.7 GiB free. Trains run 20261123-...``, as Markdown."""
    title = TITLES.get(device.slot) or f"GPU {device.slot.removeprefix('cuda-')}"
    parts = [words.plain(device.name)]
    if device.cores:
        parts.append(words.counted(device.cores, "core"))
    if device.total is not None and device.free is not None:
        free = storage.memory_text(device.free)
        parts.append(f"**{free.removesuffix(' GiB')} of {storage.memory_text(device.total)} free**")
    else:
        parts.append("the driver does not tell its memory")
    told = [_process_words(process) for process in device.processes[:MOST]]
    if len(device.processes) > MOST:
        told.append(f"{len(device.processes) - MOST} more")
    what = "; ".join(told) or "no run trains on it"
    if device.load is not None and device.cores:
        what += f". Load {device.load:.1f} for {words.counted(device.cores, 'core')}"
    return f"**{title}**: {', '.join(parts)}. {words.capital(what)}."


def _process_words(process: Process) -> str:
    held = f" ({storage.memory_text(process.memory)})" if process.memory is not None else ""
    if process.run:
        return f"run {words.command(process.run)} trains on it{held}"
    return f"{words.plain(process.name) if process.name else 'a program of somebody else'}, process {process.pid}{held}"
