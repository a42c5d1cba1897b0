"""What each lesson trains: its data, its settings, in which order. Names in, plans out; trains and reads nothing.

A plan is small on purpose: two cores give its first result within a minute. Photos are drawn, 32 x 32, on the CPU.
"""

import dataclasses
import hashlib
import json
from dataclasses import dataclass
from typing import Any

from fashion_core.data.sources import drawn
from fashion_core.errors import WrongUse
from fashion_core.labels import did_you_mean
from fashion_core.settings import recipes
from fashion_core.settings.config import Settings

VERSION = 1  # part of every plan's digest: change it when equal settings would give other results
LESSONS = ("imbalance", "augmentation", "leakage", "shortcuts", "difference")
MAX_SEED = 9

#: Data of lesson_data.MAKERS that a plan needs.
LONG_TAIL, FEW, LEAKY, CLEAN, WHOLE, OWN_PLACES, MIXED_PLACES = (
    "long-tail", "few", "leaky", "clean", "whole", "own-places", "mixed-places"
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Part:
    """One training of a lesson. ``splits``: what it answers beside val and test, which every run does."""

    name: str
    words: str
    data: str
    settings: Settings
    splits: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Plan:
    """A lesson's trainings, in order. ``key`` is a directory name that changes with everything a result depends on."""

    lesson: str
    seed: int
    parts: tuple[Part, ...]

    @property
    def key(self) -> str:
        told: list[Any] = [VERSION, drawn.VERSION]
        told += [[part.name, part.data, part.splits, part.settings.to_json()] for part in self.parts]
        return f"{self.lesson}-{self.seed}-{hashlib.sha256(json.dumps(told).encode()).hexdigest()[:8]}"

    def part(self, name: str) -> Part:
        """The part called ``name``; a programmer's mistake otherwise."""
        return next(part for part in self.parts if part.name == name)


_PLAIN = (
    "image_size=32", "sampler=none", "loss=cross_entropy", "device=cpu", "flip=0", "rotation_degrees=0", "brightness=0",
    "contrast=0", "saturation=0", "dropout=0", "log_every=5", "save_minutes=60",
)  # fmt: skip
_AUGMENTED = ("flip=0.5", "rotation_degrees=10", "crop_scale=0.8", "brightness=0.2", "contrast=0.2", "saturation=0.2")


def plan(lesson: str, seed: int = 0) -> Plan:
    """The plan of a lesson; ``seed`` is the luck of its trainings. WrongUse for an unknown lesson or seed."""
    if lesson not in LESSONS:
        raise WrongUse(f"lesson {lesson!r} is unknown; {did_you_mean(lesson, LESSONS)}")
    if not 0 <= seed <= MAX_SEED:
        raise WrongUse(f"the seed of a lesson must be a whole number between 0 and {MAX_SEED}, got {seed}")
    return Plan(lesson=lesson, seed=seed, parts=_PARTS[lesson](seed))


def _settings(seed: int, *sets: str) -> Settings:
    return recipes.settings_for("report", [*_PLAIN, f"seed={seed}", *sets])


def _imbalance(seed: int) -> tuple[Part, ...]:
    return (
        Part(name="plain", words="Trained on the photos as they come", data=LONG_TAIL,
             settings=_settings(seed, "epochs=8")),
        Part(name="balanced", words="Every class shown equally often", data=LONG_TAIL,
             settings=_settings(seed, "epochs=8", "sampler=balanced")),
    )  # fmt: skip


def _augmentation(seed: int) -> tuple[Part, ...]:
    return (
        Part(name="plain", words="Every photo as it is", data=FEW, splits=("train",),
             settings=_settings(seed, "epochs=40")),
        Part(name="augmented", words="Mirrored, turned, cropped and recoloured anew each time", data=FEW,
             splits=("train",), settings=_settings(seed, "epochs=40", *_AUGMENTED)),
    )  # fmt: skip


def _leakage(seed: int) -> tuple[Part, ...]:
    return (
        Part(name="leaky", words="With copies of test photos in train", data=LEAKY,
             settings=_settings(seed, "epochs=12")),
        Part(name="clean", words="With as many other photos instead", data=CLEAN,
             settings=_settings(seed, "epochs=12")),
    )  # fmt: skip


def _shortcuts(seed: int) -> tuple[Part, ...]:
    return (
        Part(name="own", words="Each class before its own background", data=OWN_PLACES,
             settings=_settings(seed, "epochs=8")),
        Part(name="mixed", words="Each class before every background", data=MIXED_PLACES,
             settings=_settings(seed, "epochs=8")),
    )  # fmt: skip


NUM_SEEDS = 6


def _difference(seed: int) -> tuple[Part, ...]:
    settings = _settings(0, "epochs=5")
    return tuple(
        Part(name=f"model-{place + 1}", words=f"Model {place + 1}", data=CLEAN,
             settings=dataclasses.replace(settings, seed=seed * NUM_SEEDS + place))
        for place in range(NUM_SEEDS)
    )  # fmt: skip


_PARTS = {
    "imbalance": _imbalance,
    "augmentation": _augmentation,
    "leakage": _leakage,
    "shortcuts": _shortcuts,
    "difference": _difference,
}
