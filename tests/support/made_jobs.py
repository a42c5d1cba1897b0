"""Records of background jobs as their processes write them, for tests that need no process."""

import time
from pathlib import Path
from typing import Any

from fashion_core import jobs, storage

GONE = {"pid": 2**22 - 1, "started": 1.0}


def working(folder: Path, process: dict[str, Any], *, stage: str = "", done: int = 0, total: int = 0) -> None:
    """A job at which ``process`` is: alive or not is what the machine says."""
    _write(folder, process, stage=stage, done=done, total=total, state=jobs.RUNNING)


def failed(folder: Path, error: str) -> None:
    """A job whose process has said why it failed, and is gone."""
    _write(folder, GONE, stage="drawing", state=jobs.FAILED, error=error)


def _write(folder: Path, process: dict[str, Any], **record: Any) -> None:
    storage.write_json(folder / jobs.PROGRESS, {"process": process, "began": time.time(), **record})
