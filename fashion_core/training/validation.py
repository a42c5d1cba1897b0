"""Judge the model of a run in training: validation after an epoch, predictions and scores at its end.

Takes a job (its model, photos and labels); every image counts exactly once for any number of ranks. N images,
K classes, D features.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F

from fashion_core.metrics import scoring
from fashion_core.models import inference
from fashion_core.training.context import Job, Stopped


def forward_rows(job: Job, rows_N: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Logits N x K and features N x D of these manifest rows, each computed by one rank, on every rank.

    What was trained is saved, so a stop ends this at once; it is done again when the run goes on.
    """
    world = job.learner.ranks
    own_N = rows_N[world.part(len(rows_N))]
    num_chunks = -(-len(rows_N) // inference.BATCH)  # the same on every rank, so that all ask about a stop together

    def chunks() -> Iterator[torch.Tensor]:
        for number in range(num_chunks):
            if any(world.agree(job.should_stop())):
                raise Stopped
            rows_B = own_N[number * inference.BATCH : (number + 1) * inference.BATCH]
            if len(rows_B):
                yield job.photos.batch(rows_B)

    logits_NK, features_ND = inference.forward(job.learner.judged, chunks(), job.run.settings.channels)
    return world.gather(logits_NK, len(rows_N)), world.gather(features_ND, len(rows_N))


def validate(job: Job) -> dict[str, Any]:
    """``val_loss`` (plain cross entropy), ``val_accuracy`` and ``val_confusion`` (counts, rows true) on val.

    Every image counts once; nothing where the dataset has no val photos.
    """
    if not job.dataset.splits.get("val"):
        return {}
    rows_N = inference.split_rows(job.dataset, job.frame, "val")
    logits_NK, _ = forward_rows(job, rows_N)
    logits, labels = torch.from_numpy(logits_NK), torch.from_numpy(job.labels_all[rows_N])
    return {
        "val_loss": F.cross_entropy(logits, labels).item(),
        "val_accuracy": (logits.argmax(1) == labels).double().mean().item(),
        "val_confusion": torch.bincount(
            labels * len(job.run.classes) + logits.argmax(1), minlength=len(job.run.classes) ** 2
        )
        .reshape(len(job.run.classes), -1)
        .tolist(),
    }


def score_splits(job: Job) -> dict[str, Any]:
    """Write predictions and features of val and test, and give their scores; test is looked at here and only here."""
    scores = {}
    for split in ("val", "test"):
        if not job.dataset.splits.get(split):
            continue
        job.say(f"scoring {split}")
        rows_N = inference.split_rows(job.dataset, job.frame, split)
        logits_NK, features_ND = forward_rows(job, rows_N)
        if not job.learner.ranks.is_first:
            continue
        inference.write_predictions(job.run, job.frame, rows_N, split, logits_NK, features_ND)
        found = job.run.scores(split)
        scores[split] = found.overall.to_json()
        if found.absent:
            job.say(f"{split}: macro F1 is {scoring.absent_words(found)}")
    return scores
