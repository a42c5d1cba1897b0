"""What the bits of a training depend on besides settings, seed and photos: versions, the CPU, threads, our own code.

Asks the machine; gives plain values that config.json and the events of a run keep. Knows no run and no torch: what only
torch can tell is handed in.
"""

import ast
import functools
import hashlib
import platform
import re
import subprocess
import sys
from importlib import metadata
from pathlib import Path
from typing import Any

from fashion_core import paths

VERSION = "0.1.0"

LIBRARIES = ("torch", "torchvision", "numpy", "pillow")

#: The modules that every photo, weight and random number of a training goes through.
CODE = (
    "data.pixels data.sources.decoder data.sources.photos models.depthwise models.device models.inference "
    "models.input models.looked models.networks models.weights settings.draws settings.fields settings.sampling "
    "settings.schedules training.augment training.batches training.cached_features training.distributed "
    "training.finetuning training.input_pipeline training.loop training.losses training.state training.steps "
    "training.validation"
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
    """The start of a sha256 over the modules of CODE: equal where the same program trains."""
    digest = hashlib.sha256()
    for name in CODE:
        text = (
            paths.PROJECT_ROOT.joinpath("fashion_core", *name.split(".")).with_suffix(".py").read_text(encoding="utf-8")
        )
        digest.update(name.encode() + b"\0" + ast.dump(_Bare().visit(ast.parse(text))).encode())
    return digest.hexdigest()[:12]


class _Bare(ast.NodeTransformer):
    """A module without its imports and docstrings: what is left is what it does."""

    def visit_Import(self, node: ast.Import) -> None:
        return None

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        return None

    def visit_Expr(self, node: ast.Expr) -> ast.Expr | None:
        return None if isinstance(node.value, ast.Constant) and isinstance(node.value.value, str) else node


def machine() -> dict[str, str]:
    """This machine's processor and system, as ``record`` names them."""
    return {"cpu": cpu_name(), "system": f"{platform.system()} {platform.machine()}"}


def record(*, threads: int, capability: str, gpu: str | None) -> dict[str, Any]:
    """What the event says that begins a training or goes on with one. ``threads`` is how many share an operation,
    ``capability`` the widest instructions that torch uses on this CPU, ``gpu`` the name of the GPU that computes."""
    found = {**machine(), "threads": threads, "capability": capability, "program": code(), "versions": versions()}
    return found | ({"gpu": gpu} if gpu else {})


@functools.cache
def cpu_name() -> str:
    """What the CPU is called; ``CPU`` where the system does not say."""
    try:
        told = Path("/proc/cpuinfo").read_text(errors="replace")
    except OSError:
        told = ""
    if match := re.search(r"^(?:model name|Model)\s*:\s*(\S.*)$", told, re.MULTILINE):
        return " ".join(match[1].split())
    if sys.platform == "darwin":
        asked = ["/usr/sbin/sysctl", "-n", "machdep.cpu.brand_string"]
        done = subprocess.run(asked, capture_output=True, text=True, stdin=subprocess.DEVNULL)
        if done.returncode == 0 and done.stdout.strip():
            return done.stdout.strip()
    return platform.processor() or platform.machine() or "CPU"
