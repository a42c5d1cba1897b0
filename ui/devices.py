"""Which devices this machine can train on, asked of the command line once per server so that no page imports torch."""

import json
import subprocess
import sys
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import streamlit as st

from fashion_core import config, fields


@dataclass(frozen=True)
class Devices:
    """``names`` as ``--set device=`` takes them, auto first; ``default`` is what auto takes, empty while unknown."""

    names: tuple[str, ...]
    default: str


def found() -> Devices:
    """The devices here; until the answer has come (a few seconds after the first call) every device on offer."""
    asked = _asked()
    everything = Devices(fields.DEVICES, "")
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
        subprocess.run, command, cwd=config.PROJECT_ROOT, capture_output=True, stdin=subprocess.DEVNULL, timeout=120
    )
