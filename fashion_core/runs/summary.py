"""What summary.json says of a run that has ended: how long it took and what it reached. Takes and gives JSON values."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from fashion_core.metrics.scoring import Overall


@dataclass(frozen=True, kw_only=True)
class Summary:
    """summary.json; what is not known is None. ``scores``: those of each split that was scored at the end.
    ``scored_step``: the saved step whose weights were scored, None before 2026-11-23, as ``best_val_accuracy``."""

    run_id: str | None = None
    status: str | None = None
    epochs: int | None = None
    steps: int | None = None
    seconds: float | None = None
    images_per_second: float | None = None
    device: str | None = None
    train_loss: float | None = None
    val_accuracy: float | None = None
    scores: Mapping[str, Overall] = field(default_factory=dict)
    scored_step: int | None = None
    best_val_accuracy: float | None = None

    @classmethod
    def from_json(cls, saved: Mapping[str, Any]) -> "Summary":
        scores = {split: Overall.from_json(one) for split, one in (saved.get("scores") or {}).items()}
        own = {one.name: saved.get(one.name) for one in fields(cls) if one.name != "scores"}
        return cls(**own, scores={split: one for split, one in scores.items() if one is not None})

    def accuracy(self, split: str) -> float | None:
        """What it reached on a split; None where that was not scored."""
        return self.scores[split].accuracy.value if split in self.scores else None

    def to_json(self) -> dict[str, Any]:
        document = dict(vars(self)) | {"scores": {split: one.to_json() for split, one in self.scores.items()}}
        if self.scored_step is None:
            del document["scored_step"], document["best_val_accuracy"]
        return document
