"""The README.md of photos that went out: for ``datasets`` which split lies where, for a person what this is.

Without it ``datasets`` 5.2.0 takes words in a path for splits: photos of a class called ``test``, or ``crop-test``, are
in its test split too; and where train has one class only it gives no labels at all.
"""

import json
from collections.abc import Mapping
from pathlib import Path

from fashion_core.data.exports.copies import UNLABELED, Plan
from fashion_core.labels import agree, counted

#: What ``datasets`` calls the splits; its models and examples ask for them by these names.
SPLITS = {"train": "train", "val": "validation", "test": "test"}


def write(folder: Path, plan: Plan, patterns: Mapping[str, str], *, labels_from_folders: bool = False) -> None:
    """``patterns``: split, or UNLABELED -> its files, as a glob from ``folder``. Photos without a label that are in no
    pattern lie beside the splits."""
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
        f"{counted(dataset.num_images, 'photo')} of {counted(len(plan.classes), 'class', 'classes')} ({counts}), "
        f"fingerprint {dataset.fingerprint}. Written by Vastra Lab.",
    ]
    if num := dataset.num_unlabelled:
        lines += ["", f"{counted(num, 'photo')} without a label {agree(num)} in `{UNLABELED}`."]
        if UNLABELED not in patterns:
            lines[-1] = (
                f"{counted(num, 'photo')} without a label {agree(num)} in `_{UNLABELED}`, beside the splits: inside "
                "one, torchvision and timm would take that folder for a class."
            )
    if dataset.note:
        lines += ["", dataset.note]
    (folder / "README.md").write_text("\n".join(lines) + "\n")
