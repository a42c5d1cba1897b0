"""What this project itself measured in its lessons: expected ranges and times, for the teacher's view.

Reads measured_lessons.json, which ``benchmarks/studies/lessons.py --save`` writes with its command; nothing is typed by
hand.
"""

import functools
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fashion_core.lessons import plans

PATH = Path(__file__).parent / "measured_lessons.json"


@dataclass(frozen=True, kw_only=True)
class Ranges:
    """Of one lesson: name of a number -> mean, lowest and highest over ``seeds`` runs.

    ``seconds`` and ``first_seconds``: from the press of the button to the end and to the first result; ``cpu_seconds``
    of all processes; ``where`` is the machine and its load.
    """

    lesson: str
    seeds: int
    numbers: dict[str, tuple[float, float, float]]
    seconds: float
    first_seconds: float
    cpu_seconds: float
    where: str
    command: str
    date: str


def of(lesson: str) -> Ranges | None:
    """The ranges of a lesson as it is now; None when they were measured with other plans or drawings."""
    found = next((one for one in _file().get("lessons", []) if one["lesson"] == lesson), None)
    if found is None or found["key"] != plans.plan(lesson).key:
        return None
    numbers = {name: (row["mean"], row["lowest"], row["highest"]) for name, row in found["numbers"].items()}
    return Ranges(**{name: found[name] for name in _KEPT}, numbers=numbers)


_KEPT = ("lesson", "seeds", "seconds", "first_seconds", "cpu_seconds", "where", "command", "date")


@functools.lru_cache(maxsize=1)
def _file() -> dict[str, Any]:
    if not PATH.exists():
        return {}
    found: dict[str, Any] = json.loads(PATH.read_text(encoding="utf-8"))
    return found
