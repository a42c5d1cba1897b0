"""What FiftyOne calls a FiftyOneImageClassificationDataset: a folder a split, with data/ and labels.json."""

import json
from collections import defaultdict
from pathlib import Path
from typing import Any

from fashion_core.data.exports.copies import Copies, Plan


def write(folder: Path, plan: Plan, copies: Copies) -> list[str]:
    """``split/data/photo`` and ``split/labels.json``: the classes, and for each photo, named without its ending, its
    class's index with the source's own columns as attributes."""
    labels: dict[str, dict[str, Any]] = defaultdict(dict)
    for split in plan.splits:
        (folder / split / "data").mkdir(parents=True)
    for copy in copies(flat=True):
        (folder / copy.split / "data" / copy.name).write_bytes(copy.data)
        own = {name: value for name, value in copy.own.items() if value is not None}
        labels[copy.split][copy.stem] = {"label": copy.number, "attributes": own} if own else copy.number
    for split in plan.splits:
        told = {"classes": list(plan.classes), "labels": labels[split]}
        (folder / split / "labels.json").write_text(json.dumps(told, default=str))
    return []
