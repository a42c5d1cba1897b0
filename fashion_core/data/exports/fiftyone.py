"""What FiftyOne calls a FiftyOneImageClassificationDataset: a folder a split, with data/ and labels.json."""

import json
from collections import defaultdict
from pathlib import Path
from typing import Any

from fashion_core.data.exports.copies import Copies, Plan


def write(folder: Path, plan: Plan, copies: Copies) -> list[str]:
    """``split/data/photo`` and ``split/labels.json``: the classes, and for each photo, named without its ending, its
    class's index with the source's own columns as attributes; photos without a label in a folder of their own."""
    labels: dict[str, dict[str, Any]] = defaultdict(dict)
    left = set()
    for part in plan.parts:
        (folder / part / "data").mkdir(parents=True)
    for copy in copies(flat=True):
        (folder / copy.part / "data" / copy.name).write_bytes(copy.data)
        own = {name: value for name, value in copy.own.items() if value is not None}
        if copy.number is None:  # of an object without a label FiftyOne 1.22.1 makes a class called None
            left |= set(own)
            own = {}
        labels[copy.part][copy.stem] = {"label": copy.number, "attributes": own} if own else copy.number
    for part in plan.parts:
        told = {"classes": list(plan.classes), "labels": labels[part]}
        (folder / part / "labels.json").write_text(json.dumps(told, default=str))
    return [f"photos without a label are without their columns there: {', '.join(sorted(left))}"] if left else []
