"""What config.json says of a run: written once, when it is launched, and never changed. Takes and gives JSON values."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from fashion_core.data.datasets import Dataset
from fashion_core.settings import config
from fashion_core.settings.config import Settings


@dataclass(frozen=True, kw_only=True)
class TrainedOn:
    """The dataset that a run was trained on, as it was then. ``splits``: photos of each; ``contents``: of each split
    and class the number of photos and a hash of them, None for a run that did not keep it."""

    id: str
    name: str
    fingerprint: str
    synthetic: bool
    kind: str = ""
    bring: str
    splits: Mapping[str, int]
    groups: Mapping[str, list[str]] = field(default_factory=dict)
    contents: dict[str, dict[str, tuple[int, str]]] | None = None

    @classmethod
    def of(cls, dataset: Dataset, contents: dict[str, dict[str, tuple[int, str]]] | None = None) -> "TrainedOn":
        own = {name: getattr(dataset, name) for name in ("id", "name", "fingerprint", "synthetic", "kind", "bring")}
        groups = {name: list(labels) for name, labels in dataset.groups.items()}
        return cls(**own, splits=dict(dataset.splits), groups=groups, contents=contents)

    @classmethod
    def from_json(cls, saved: Mapping[str, Any]) -> "TrainedOn":
        """KeyError for what every run has said."""
        known = {name: saved[name] for name in ("id", "name", "fingerprint", "synthetic", "bring", "splits")}
        return cls(
            **known,
            kind=saved.get("kind") or "",
            groups=saved.get("groups") or {},
            contents=saved.get("contents"),
        )


@dataclass(frozen=True, kw_only=True)
class Group:
    """The runs launched together: ``kind`` is "seeds" or "twin", ``varies`` the settings that they differ in."""

    id: str
    kind: str
    varies: tuple[str, ...]

    @classmethod
    def from_json(cls, saved: Any) -> "Group | None":
        if not isinstance(saved, Mapping) or not isinstance(saved.get("id"), str) or not saved["id"]:
            return None
        return cls(id=saved["id"], kind=str(saved.get("kind") or ""), varies=tuple(saved.get("varies") or ()))

    def to_json(self) -> dict[str, Any]:
        return {"id": self.id, "kind": self.kind, "varies": list(self.varies)}


@dataclass(frozen=True, kw_only=True)
class Reproduces:
    """The run that this one trains again, by id and launch, and its number of threads where that was recorded."""

    run: str
    created: str
    threads: int | None = None

    @classmethod
    def from_json(cls, saved: Any) -> "Reproduces | None":
        if not isinstance(saved, Mapping):
            return None
        threads = saved.get("threads")
        return cls(
            run=str(saved.get("run")),
            created=str(saved.get("created")),
            threads=threads if isinstance(threads, int) and threads > 0 else None,
        )

    def to_json(self) -> dict[str, Any]:
        own = {"run": self.run, "created": self.created}
        return own | ({"threads": self.threads} if self.threads else {})


@dataclass(frozen=True, kw_only=True)
class Record:
    """config.json. ``pretrained``: what ``settings.pretrained.record`` says of the weights that the run began with."""

    run_id: str
    created: str
    settings: Settings
    classes: tuple[str, ...]
    steps_per_epoch: int
    dataset: TrainedOn
    #: The settings that were not the recipe's, as typed, when the run was launched: recipes may change.
    changed: Mapping[str, str] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)
    colour: int | None = None
    group: Group | None = None
    reproduces: Reproduces | None = None
    pretrained: Mapping[str, Any] | None = None

    @property
    def seeds(self) -> str | None:
        """The id of the group whose runs differ by their seed alone; None for a run of its own and for twins."""
        return self.group.id if self.group and self.group.varies == ("seed",) else None

    @classmethod
    def from_json(cls, saved: Mapping[str, Any]) -> "Record":
        """ValueError, KeyError, TypeError or SettingsError where it is damaged."""
        settings = config.from_json(saved["settings"])
        datetime.fromisoformat(saved["created"])
        if not (int(saved["steps_per_epoch"]) > 0 and all(isinstance(name, str) for name in saved["classes"])):
            raise ValueError("steps_per_epoch or classes")
        colour, started_from = saved.get("colour"), saved.get("pretrained")
        return cls(
            run_id=str(saved.get("run_id")),
            created=saved["created"],
            settings=settings,
            classes=tuple(saved["classes"]),
            steps_per_epoch=int(saved["steps_per_epoch"]),
            dataset=TrainedOn.from_json(saved["dataset"]),
            changed=saved.get("changed") or {},
            versions=saved.get("versions") or {},
            colour=colour if isinstance(colour, int) and colour >= 0 else None,
            group=Group.from_json(saved.get("group")),
            reproduces=Reproduces.from_json(saved.get("reproduces")),
            pretrained=started_from if isinstance(started_from, Mapping) else None,
        )

    def to_json(self) -> dict[str, Any]:
        """Everything that is needed to train the run again, and what it was made with."""
        settings = self.settings
        document = {
            "format": 1,
            "run_id": self.run_id,
            "created": self.created,
            "recipe": settings.recipe,
            "settings": settings.to_json(),
            "changed": dict(self.changed),
            "classes": list(self.classes),
            "steps_per_epoch": self.steps_per_epoch,
            "normalise": {
                "mean": 0.5,
                "std": 0.5,
                "channels": settings.channels,
                "resize": f"{settings.resize}, bilinear",
            },
            "dataset": dict(vars(self.dataset)),
            "versions": dict(self.versions),
            "colour": self.colour,
        }
        document |= {"group": self.group.to_json()} if self.group else {}
        document |= {"reproduces": self.reproduces.to_json()} if self.reproduces else {}
        return document | ({"pretrained": dict(self.pretrained)} if self.pretrained else {})
