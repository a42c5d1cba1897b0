"""The command line: ``python -m fashion_core COMMAND``. Parses words, calls the package, prints the answer.

``--json`` prints one JSON document on stdout; everything else goes to stderr. Exit 0 done, 2 wrong use, 1 with one
sentence. The commands themselves stand in the modules imported here; ``help_text`` groups them.
"""

import os
import sys

from fashion_core.cli import data  # isort: skip
from fashion_core.launch import background  # isort: skip
from fashion_core.cli import train  # isort: skip
from fashion_core.cli import runs  # isort: skip
from fashion_core.cli import results  # isort: skip
from fashion_core.cli import compare  # isort: skip
from fashion_core.cli import reproduce  # isort: skip
from fashion_core.cli import claims  # isort: skip
from fashion_core.cli import export  # isort: skip
from fashion_core.cli import report  # isort: skip
from fashion_core.cli import lessons  # isort: skip
from fashion_core.cli import room  # isort: skip
from fashion_core import rights
from fashion_core.cli import help_text
from fashion_core.cli.console import app, say
from fashion_core.errors import FashionError
from fashion_core.launch import interpreter

__all__ = [
    "app",
    "claims",
    "compare",
    "data",
    "export",
    "lessons",
    "main",
    "report",
    "reproduce",
    "results",
    "room",
    "runs",
    "train",
]


help_text.arrange(app)


def main() -> None:
    """Run the command line; a FashionError is one sentence on stderr and its exit code."""
    words = sys.argv[1:]
    heavy = {"train", "run", "resume", "evaluate", "embed", "export", "lesson"} & set(
        words[:1]
    ) and "--detach" not in words
    wanted = background.environment()
    if heavy and sys.platform == "linux" and not wanted.items() <= os.environ.items():
        # The allocator and OpenMP read these when a process starts, so the process starts again, once.
        os.execve(sys.executable, [sys.executable, "-m", "fashion_core", *words], {**os.environ, **wanted})
    try:
        app(prog_name=interpreter.here("python -m fashion_core"))
    except FashionError as error:
        say(f"error: {error}")
        sys.exit(error.exit_code)
    except ModuleNotFoundError as error:
        if (error.name or "").split(".")[0] in ("fashion_core", "ui", ""):
            raise
        mend = "python -m fashion_core doctor" if rights.has_torch() else "pip install -r requirements.txt"
        say(f"error: {error.name} is not installed, and this command needs it; run: {mend}")
        sys.exit(1)


if __name__ == "__main__":
    main()
