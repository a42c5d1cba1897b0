"""Finished runs made without training: directories as the trainer leaves them, with features that have clusters."""

from pathlib import Path

import numpy as np
import pandas as pd

from fashion_core import storage
from fashion_core.runs import checkpoints, runs
from fashion_core.settings import recipes

NUM_FEATURES = 256


def make_run(
    folder: Path,
    classes: tuple[str, ...],
    *,
    counts: dict[str, int],
    synthetic: bool = False,
    fingerprint: str = "0" * 16,
    image_ids: dict[str, list[str]] | None = None,
    labels: dict[str, list[str]] | None = None,
    embeddings: bool = True,
    seed: int = 0,
) -> runs.Run:
    """A run with predictions (and embeddings) for each split of ``counts``; it has no saved weights."""
    generator = np.random.default_rng(seed)
    folder.mkdir(parents=True)
    settings = recipes.settings_for("report", ["image_size=16", "device=cpu"])
    storage.write_json(
        folder / "config.json",
        {
            "format": 1,
            "run_id": folder.name,
            "created": "2026-11-23T15:46:08+00:00",
            "recipe": "report",
            "settings": settings.to_json(),
            "changed": {},
            "classes": list(classes),
            "steps_per_epoch": 10,
            "dataset": {
                "id": "made",
                "name": "made",
                "fingerprint": fingerprint,
                "synthetic": synthetic,
                "kind": "folders",
                "bring": "python -m fashion_core import made.zip",
                "splits": dict(counts),
                "groups": {},
            },
        },
    )
    K = len(classes)
    centres_KD = np.repeat(generator.gamma(0.6, 1.0, (-(-K // 3), NUM_FEATURES)), 3, axis=0)[:K]  # families of three
    centres_KD = centres_KD + generator.gamma(0.6, 0.25, (K, NUM_FEATURES))
    for split, count in counts.items():
        labels_N = np.arange(count) * K // count
        if labels:
            labels_N = np.array([classes.index(name) for name in labels[split]])
        features_ND = centres_KD[labels_N] + generator.normal(0, 1.6, (count, NUM_FEATURES))
        features_ND = np.maximum(features_ND, 0).astype(np.float32)
        distance_NK = ((features_ND[:, None, ::8] - centres_KD[None, :, ::8]) ** 2).sum(axis=2) / 12
        logits_NK = -distance_NK + generator.gumbel(0, 2.0, (count, K))
        shares_NK = np.exp(logits_NK - logits_NK.max(axis=1, keepdims=True))
        shares_NK /= shares_NK.sum(axis=1, keepdims=True)
        names = np.array(classes)
        ids = image_ids[split] if image_ids else [f"{split}/{number:05}.jpg" for number in range(count)]
        frame = pd.DataFrame({"image_id": ids, "label": names[labels_N], "predicted": names[shares_NK.argmax(axis=1)]})
        shares = pd.DataFrame(shares_NK.astype(np.float32), columns=[f"p_{name}" for name in classes])
        storage.write_parquet(folder / f"predictions-{split}.parquet", pd.concat([frame, shares], axis=1))
        if embeddings:
            storage.write_npy(folder / f"embeddings-{split}.npy", features_ND.astype(np.float16))
    storage.write_json(folder / "summary.json", {"status": "finished", "val_accuracy": 0.8, "scores": {}})
    storage.append_line(folder / "events.jsonl", {"event": "finished", "time": 0})
    return runs.open_run(folder)


def add_half_precision_weights(run: runs.Run) -> None:
    """Random weights as ``export --format reference`` writes them."""
    import safetensors.torch

    from fashion_core.models import inference

    weights = {name: tensor.half().contiguous() for name, tensor in inference.new_model(run).state_dict().items()}
    checkpoints.write(run.folder, 10, {"model.safetensors": safetensors.torch.save(weights)})
