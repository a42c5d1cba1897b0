"""Lessons whose trainings are finished, made without training, over the tiny photos and a handful of drawn places."""

from collections.abc import Iterable
from pathlib import Path

import pandas as pd

from fashion_core import storage
from fashion_core.data import pixels, planted_copies
from fashion_core.data.audit import audit
from fashion_core.data.datasets import Dataset
from fashion_core.data.sources import drawn
from fashion_core.lessons import datasets, plans, progress
from fashion_core.runs import runs
from tests.support.made_runs import make_run

NUM_EPOCHS = 3


def make_leaky(tiny: Dataset, data_dir: Path) -> Dataset:
    """The leaky dataset over the tiny photos, two of train and one copy a class, audited."""
    pixels.build(tiny, *tiny.first_pixels)
    folder = datasets.folder(data_dir)
    name = datasets.name_of(plans.LEAKY)
    made = planted_copies.make(tiny, train=2, copies=1, name=name, bring="bring", data_dir=folder)
    audit.run(made)
    return made


def make_lesson(lesson: str, tiny: Dataset, runs_dir: Path, parts: Iterable[str] = ()) -> dict[str, runs.Run]:
    """Finished runs of a lesson, of all parts or of some; those of shortcuts are over drawn places."""
    plan = plans.plan(lesson)
    wanted = set(parts) or {part.name for part in plan.parts}
    if lesson == "shortcuts":
        table, classes = drawn.plan_places(4, 6), tuple(sorted(drawn.PLACES))
    else:
        table = tiny.manifest(["image_id", "split", "label", "status"])
        table, classes = table[table["status"] == "ok"], tiny.classes
    of = {split: table[table["split"] == split] for split in ("train", "val", "test")}
    for place, part in enumerate(plan.parts):
        if part.name not in wanted:
            continue
        splits = [split for split in of if split in ("val", "test", *part.splits)]
        run = make_run(
            progress.folder_of(plan, runs_dir) / part.name,
            classes,
            counts={split: len(of[split]) for split in splits},
            synthetic=True,
            image_ids={split: list(of[split]["image_id"]) for split in splits},
            labels={split: list(of[split]["label"]) for split in splits},
            embeddings=False,
            seed=place,
        )
        document = storage.read_json(run.folder / "config.json")
        counts = of["train"]["label"].value_counts()
        document["dataset"]["contents"] = {"train": {name: [int(counts[name]), ""] for name in classes}}
        document["settings"]["seed"] = place
        storage.write_json(run.folder / "config.json", document)
        for epoch in range(1, NUM_EPOCHS + 1):
            row = {
                "kind": "epoch",
                "epoch": epoch,
                "step": epoch * 10,
                "train_loss": 1 / epoch,
                "val_loss": 1 + epoch / 9,
            }
            storage.append_line(run.folder / "metrics.jsonl", row)
    return progress.finished_runs(plan, runs_dir)


def frame(rows: list[tuple[str, str, str]]) -> pd.DataFrame:
    """Predictions by hand: (image_id, label, predicted)."""
    return pd.DataFrame(rows, columns=["image_id", "label", "predicted"])
