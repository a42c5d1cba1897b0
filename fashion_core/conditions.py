"""What the bits of a training depend on besides settings, seed and photos: versions, the CPU, threads, our own code.

Asks the machine; gives plain values that config.json and the events of a run keep. Knows no run and no torch: what only
torch can tell is handed in.
"""

import functools
import hashlib
import platform
from importlib import metadata
from pathlib import Path
from typing import Any

from fashion_core import VERSION, hardware

LIBRARIES = ("torch", "torchvision", "numpy", "pillow")

#: The modules that every photo, weight and random number of a training goes through.
CODE = (
    "augment backbones batches decoder depthwise draws features feeding fields infer losses models phases photos "
    "pixels ranks sampling schedules scoring steps train trainer_state"
).split()


def versions() -> dict[str, str]:
    """The versions that a new run is made with: ours, Python's, and those of the libraries that compute."""
    return {
        "vastra-lab": VERSION,
        "python": platform.python_version(),
        **{name: metadata.version(name) for name in LIBRARIES},
    }


@functools.cache
def code() -> str:
    """The start of a sha256 over the files of CODE: equal where the same program trains."""
    digest = hashlib.sha256()
    for name in CODE:
        digest.update(name.encode() + b"\0" + (Path(__file__).parent / f"{name}.py").read_bytes())
    return digest.hexdigest()[:12]


def machine() -> dict[str, str]:
    """This machine's processor and system, as ``record`` names them."""
    return {"cpu": hardware.cpu_name(), "system": f"{platform.system()} {platform.machine()}"}


def record(*, threads: int, capability: str, gpu: str | None) -> dict[str, Any]:
    """What the event says that begins a training or goes on with one. ``threads`` is how many share an operation,
    ``capability`` the widest instructions that torch uses on this CPU, ``gpu`` the name of the GPU that computes."""
    found = {**machine(), "threads": threads, "capability": capability, "code": code(), "versions": versions()}
    return found | ({"gpu": gpu} if gpu else {})
