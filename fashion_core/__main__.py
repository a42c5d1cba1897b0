"""The command line: ``python -m fashion_core COMMAND``. Parses words, calls the package, prints the answer.

``--json`` prints one JSON document on stdout; everything else goes to stderr. Exit 0 done, 2 wrong use, 1 with one
sentence. The commands themselves stand in the modules imported here, in the order in which ``--help`` lists them.
"""

import os
import sys

from fashion_core import data_commands, launch, train_commands  # isort: skip
from fashion_core import tidy_commands  # isort: skip
from fashion_core import result_commands  # isort: skip
from fashion_core import compare_commands  # isort: skip
from fashion_core import reproduce_commands  # isort: skip
from fashion_core import claim_commands  # isort: skip
from fashion_core import export_commands  # isort: skip
from fashion_core import report_commands  # isort: skip
from fashion_core import lesson_commands  # isort: skip
from fashion_core import room_commands  # isort: skip
from fashion_core import interpreter
from fashion_core.console import app, say
from fashion_core.errors import FashionError

__all__ = [
    "app",
    "claim_commands",
    "compare_commands",
    "data_commands",
    "export_commands",
    "lesson_commands",
    "main",
    "report_commands",
    "reproduce_commands",
    "result_commands",
    "room_commands",
    "tidy_commands",
    "train_commands",
]


def main() -> None:
    """Run the command line; a FashionError is one sentence on stderr and its exit code."""
    words = sys.argv[1:]
    heavy = {"train", "resume", "evaluate", "embed", "export", "lesson"} & set(words[:1]) and "--detach" not in words
    if heavy and sys.platform == "linux" and not launch.ENVIRONMENT.items() <= os.environ.items():
        # The allocator and OpenMP read these when a process starts, so the process starts again, once.
        os.execve(sys.executable, [sys.executable, "-m", "fashion_core", *words], {**os.environ, **launch.ENVIRONMENT})
    try:
        app(prog_name=interpreter.here("python -m fashion_core"))
    except FashionError as error:
        say(f"error: {error}")
        sys.exit(error.exit_code)


if __name__ == "__main__":
    main()
