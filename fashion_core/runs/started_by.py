"""Who started what: a name that somebody typed once in a browser, in a file beside the run. Takes folders.

    started.json    name (may be empty), browser (a random word that this browser keeps), time

No account and no right hangs on it: pages ask before they stop, move, rename or delete what is another's, nothing more.
An app names once, for the whole process, the function that tells who asks; without one, and for a None, nothing is
written, as on a machine of one's own.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from fashion_core import storage

FILE = "started.json"
MAX_NAME = 40

_asker: Callable[[], "Person | None"] | None = None


@dataclass(frozen=True)
class Person:
    """Somebody at a browser. Anything may stand in a name but control characters: escape it where it is shown."""

    name: str
    browser: str

    def is_same(self, other: "Person") -> bool:
        """The same browser, or the same name."""
        return self.browser == other.browser != "" or self.name.casefold() == other.name.casefold() != ""


@dataclass(frozen=True)
class Start:
    """Who started something, and when, in seconds since 1970."""

    person: Person
    time: float


def told_by(asker: Callable[[], Person | None] | None) -> None:
    """Let ``asker`` tell in this process who asks just now, in this thread."""
    global _asker
    _asker = asker


def whoever_asks() -> Person | None:
    """Who asks just now; None where nobody says."""
    return _asker() if _asker is not None else None


def remember(folder: Path) -> None:
    """Write into the folder who has just started it, where that is known; else what is there stays."""
    if (person := whoever_asks()) is not None:
        record = {"name": person.name, "browser": person.browser, "time": time.time()}
        storage.write_json(folder / FILE, record)


def start_of(folder: Path) -> Start | None:
    """Who started it last; None when nobody said, or the file is damaged."""
    try:
        found = storage.read_json(folder / FILE)
        return Start(Person(clean(str(found["name"])), str(found["browser"])), float(found["time"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def clean(name: str) -> str:
    """A name as it is kept: one line, no control characters, 40 characters at most."""
    return " ".join("".join(one if one.isprintable() else " " for one in name).split())[:MAX_NAME].strip()
