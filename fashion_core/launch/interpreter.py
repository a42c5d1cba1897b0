"""How a command is written so that it works as typed in the project's folder, whether or not its environment is active.

Records, reports and JSON keep ``python -m fashion_core ...``, which is true on every machine; whatever is shown to a
person on this one goes through ``here``. Takes text, gives text.
"""

import os
import re
import sys
from pathlib import Path

ROOT = Path(__file__).absolute().parents[2]
_WORD = re.compile(r"(?<![\w/.-])(?:python(?= -m (?:fashion_core|pip|pytest)\b| benchmarks/)|pip(?= install ))")


def python(executable: str = sys.executable, root: Path = ROOT) -> str:
    """The interpreter that runs this, from the project's folder: ``.venv/bin/python``; ``python`` where it lies
    elsewhere, for then whoever started it knows how."""
    if not executable:
        return "python"
    path = Path(os.path.abspath(executable))  # not resolved: a venv's python is a link, and what it links to lacks us
    if (path.parent / "python").exists():  # streamlit's own script names python3, README and people python
        path = path.parent / "python"
    for folder in (root, *(root / name for name in (".venv", "venv"))):  # of which the last may be links themselves
        inside = folder if folder == root else folder.resolve()
        if path.is_relative_to(inside):
            return (folder / path.relative_to(inside)).relative_to(root).as_posix()
    return "python"


def here(text: str, shown: str = python()) -> str:  # noqa: B008 - it does not change while this runs
    """``text`` with its commands as they work in this project's folder."""
    if shown == "python":
        return text
    return _WORD.sub(lambda word: shown if word[0] == "python" else f"{shown} -m pip", text)
