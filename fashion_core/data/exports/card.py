"""The README.md of photos that went out: for ``datasets`` which split lies where, for a person what this is.

Without it ``datasets`` 5.2.0 takes words in a path for splits: photos of a class called ``test``, or ``crop-test``, are
in its test split too; and where train has one class only it gives no labels at all.
"""

import json
from collections.abc import Mapping
from pathlib import Path

from fashion_core.data.exports.copies import Plan
from fashion_core.labels import counted

#: What ``datasets`` calls the splits; its models and examples ask for them by these names.
SPLITS = {"train": "train", "val": "validation", "test": "test"}


def write(folder: Path, plan: Plan, patterns: Mapping[str, str], *, labels_from_folders: bool = False) -> None:
    """``patterns``: split -> the files of that split, as a glob from ``folder``."""
    lines = ["---", "configs:", "- config_name: default"]
    if labels_from_folders:
        lines.append("  drop_labels: false")
    lines.append("  data_files:")
    for split, pattern in patterns.items():
        lines += [f"  - split: {SPLITS.get(split, split)}", f"    path: {json.dumps(pattern)}"]
    dataset = plan.dataset
    counts = ", ".join(f"{split} {count:,}" for split, count in dataset.splits.items())
    lines += [
        "---",
        "",
        f"# {dataset.name}",
        "",
        f"{counted(len(plan.rows), 'photo')} of {counted(len(plan.classes), 'class', 'classes')} ({counts}), "
        f"fingerprint {dataset.fingerprint}. Written by Vastra Lab.",
    ]
    if dataset.note:
        lines += ["", dataset.note]
    (folder / "README.md").write_text("\n".join(lines) + "\n")
