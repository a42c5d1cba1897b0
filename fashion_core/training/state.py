"""Where a training run stands, and how that is saved and found again. Takes a run and a learner; writes its steps/.

Every random number comes from (seed, epoch, row) or (seed, epoch, batch), so a saved step needs no generator state: a
run that goes on from it feeds the same pixels and drops the same features as one that never stopped.
"""

import json
import math
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import safetensors.torch
import torch

from fashion_core import storage
from fashion_core.runs import checkpoints, runs
from fashion_core.settings.schedules import Plateau, is_frozen
from fashion_core.training.steps import Learner


@dataclass(kw_only=True)
class Progress:
    """Where a run stands; saved with every step."""

    step: int = 0
    seconds: float = 0.0  # spent in training steps, over all resumptions
    images: int = 0
    loss_sum: float = 0.0  # of the steps since the last logged one
    loss_steps: int = 0
    epoch_loss_sum: float = 0.0
    epoch_images: int = 0
    train_loss: float | None = None
    val_accuracy: float | None = None
    best_accuracy: float | None = None
    best_step: int | None = None
    epochs_without_better: int = 0
    plateau: Plateau = field(default_factory=Plateau)

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> "Progress":
        """As ``asdict`` wrote it; what an older version did not know keeps its start value."""
        return cls(**{**values, "plateau": Plateau(**values.get("plateau", {}))})

    def validated(self, val: dict[str, Any]) -> None:
        """Take the result of an epoch's validation in: best so far (the earlier of two equals), and the plateau."""
        accuracy = val["val_accuracy"]
        self.val_accuracy = accuracy
        self.plateau = self.plateau.after(val["val_loss"])
        if self.best_accuracy is None or accuracy > self.best_accuracy:
            self.best_accuracy, self.best_step, self.epochs_without_better = accuracy, self.step, 0
        else:
            self.epochs_without_better += 1


def save(run: runs.Run, learner: Learner, progress: Progress) -> None:
    """Save weights, optimizer and position as one verified step; the last two steps, the best one and, where
    the settings say so, that of every epoch are kept.

    model.safetensors holds the weights that are judged (the running mean where there is one), trainer.safetensors the
    ones that learn when they differ, and the optimizer's moments.
    """
    state: dict[str, torch.Tensor] = {}
    for (name, _), values in zip(
        learner.weights().items(), learner.optimizer.state_dict()["state"].values(), strict=True
    ):
        for key, tensor in values.items():
            state[f"{key}:{name}"] = _plain(tensor)
    if learner.smooth is not None:
        state |= {f"learning:{name}": _plain(tensor) for name, tensor in learner.model.state_dict().items()}
    weights = {name: _plain(tensor) for name, tensor in learner.judged.state_dict().items()}
    files = {
        "model.safetensors": safetensors.torch.save(weights),
        "trainer.safetensors": safetensors.torch.save(state),
        "trainer.json": json.dumps(asdict(progress), allow_nan=False).encode(),
    }
    checkpoints.write(run.folder, progress.step, files)
    every = run.steps_per_epoch if run.settings.keep_steps == "every_epoch" else None
    checkpoints.keep(run.folder, best=progress.best_step, every=every)
    runs.tell(run, "saved", step=progress.step)


def _plain(tensor: torch.Tensor) -> torch.Tensor:
    return tensor.detach().cpu().contiguous()


def load(run: runs.Run, learner: Learner) -> Progress:
    """Put the newest step that verifies into the learner; where the run stood then. Tells which were passed over."""
    target, skipped = checkpoints.newest_good(run.folder, needs="trainer.safetensors")
    if learner.ranks.is_first:
        for one in skipped:
            reason = f"Saved step {one.step:,} is damaged ({one.reason}) and was passed over."
            runs.tell(run, "passed_over", step=one.step, reason=reason)
    judged = safetensors.torch.load_file(target / "model.safetensors")
    saved = safetensors.torch.load_file(target / "trainer.safetensors")
    learner.judged.load_state_dict(judged)
    if learner.smooth is not None:
        learning = {name.removeprefix("learning:"): saved[name] for name in saved if name.startswith("learning:")}
        learner.model.load_state_dict(learning)
    progress = Progress.from_json(storage.read_json(target / "trainer.json"))
    last_epoch = (progress.step - 1) // run.steps_per_epoch + 1
    if (frozen := is_frozen(run.settings, last_epoch)) != learner.frozen:
        learner.learn(frozen)
    layout = learner.optimizer.state_dict()
    # The moments must lie in memory as their weights do (channels last): fused Adam walks both by raw position and
    # mixes them up without a word when they differ.
    layout["state"] = {
        index: {
            "step": saved[f"step:{name}"],
            **{key: torch.empty_like(weight).copy_(saved[f"{key}:{name}"]) for key in ("exp_avg", "exp_avg_sq")},
        }
        for index, (name, weight) in enumerate(learner.weights().items())
    }
    learner.optimizer.load_state_dict(layout)
    return progress


def num_bytes(learner: Learner) -> int:
    """What one saved step takes on the disk: weights, two moments, and the running mean."""
    sizes = [tensor.numel() * tensor.element_size() for tensor in learner.model.state_dict().values()]
    return math.ceil(sum(sizes) * (3 if learner.smooth is None else 4) * 1.01) + 100_000


def forget_after(folder: Path, progress: Progress) -> None:
    """Drop metric rows that are about to be written again: of steps that were not saved, and of an open epoch."""
    path = folder / "metrics.jsonl"
    if path.exists():
        rows = storage.read_lines(path)
        kept = [
            row for row in rows if row["step"] + (row["kind"] == "epoch" and progress.epoch_images > 0) <= progress.step
        ]
        storage.write_text(path, "".join(json.dumps(row) + "\n" for row in kept))
