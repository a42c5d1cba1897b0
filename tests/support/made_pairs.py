"""Finished runs whose every answer a test chose: which photos are right, under which settings and seed."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from fashion_core import storage
from fashion_core.runs import runs
from fashion_core.settings import recipes
from tests.support.made_runs import make_run

CLASSES = ("blouse", "dupattas", "saree")


def run_with(
    folder: Path,
    right: Sequence[bool],
    *,
    seed: int = 0,
    sets: Sequence[str] = (),
    group: str | None = None,
    fingerprint: str = "0" * 16,
    classes: tuple[str, ...] = CLASSES,
    image_ids: Sequence[str] | None = None,
    labels: Sequence[str] | None = None,
    synthetic: bool = False,
    split: str = "test",
) -> runs.Run:
    """A run that answered ``len(right)`` photos, a third of each class in turn; a wrong answer is the next class."""
    N, K = len(right), len(classes)
    names = np.array(sorted(classes))
    label = np.array(labels) if labels is not None else names[np.arange(N) % K]
    wrong = names[(np.searchsorted(names, label) + 1) % K]
    predicted = np.where(right, label, wrong)
    make_run(folder, classes, counts={split: K}, synthetic=synthetic, fingerprint=fingerprint, embeddings=False)
    shares = {f"p_{name}": np.where(predicted == name, 0.8, 0.2 / (K - 1)).astype(np.float32) for name in classes}
    ids = list(image_ids) if image_ids is not None else [f"{split}/{number:04}.jpg" for number in range(N)]
    frame = pd.DataFrame({"image_id": ids, "label": label, "predicted": predicted, **shares})
    storage.write_parquet(folder / f"predictions-{split}.parquet", frame)
    document = storage.read_json(folder / "config.json")
    settings = recipes.settings_for("report", ["image_size=16", f"seed={seed}", *sets])
    document["settings"] = settings.to_json()
    document["changed"] = {name: new for name, _, new in recipes.changes(settings)}
    document["dataset"]["id"] = document["dataset"]["name"] = f"made-{fingerprint[:4]}"
    if group:
        document["group"] = {"id": group, "kind": "seeds", "varies": ["seed"]}
    storage.write_json(folder / "config.json", document)
    scores = {split: {"n": N, "accuracy": float(np.mean(right)), "accuracy_ci95": [0, 1], "macro_f1": 0.5}}
    storage.write_json(
        folder / "summary.json",
        {"status": "finished", "val_accuracy": 0.8, "seconds": 60.0, "images_per_second": 100.0, "scores": scores},
    )
    return runs.open_run(folder)


def answers(n11: int, n10: int, n01: int, n00: int) -> tuple[list[bool], list[bool]]:
    """Right or not, photo by photo, of two runs with these counts."""
    pairs = [(True, True)] * n11 + [(True, False)] * n10 + [(False, True)] * n01 + [(False, False)] * n00
    return [first for first, _ in pairs], [second for _, second in pairs]
