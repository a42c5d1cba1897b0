"""Where the project lies, and where its data and runs lie unless somebody says otherwise."""

import os
from pathlib import Path

PROJECT_ROOT = Path(__file__).resolve().parent.parent


def default_data_dir() -> Path:
    """Where imported datasets lie unless told otherwise (FASHION_DATA, else data/ beside the app)."""
    return Path(os.environ.get("FASHION_DATA") or PROJECT_ROOT / "data").resolve()


def default_runs_dir() -> Path:
    """Where runs lie unless told otherwise (FASHION_RUNS, else checkpoints/ beside the app)."""
    return Path(os.environ.get("FASHION_RUNS") or PROJECT_ROOT / "checkpoints").resolve()
