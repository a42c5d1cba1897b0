"""Run directories: what a training run wrote, and what state it is in. Takes paths; reads files; needs no torch.

    config.json        every setting, class names in index order, dataset, versions         written first
    metrics.jsonl      one object per logged step and per epoch; append only
    events.jsonl       launched, queued, preparing, started, epoch, saved, stopped, resumed, finished, failed;
                       append only
    steps/<n>/         model.safetensors, trainer.safetensors, trainer.json, COMMIT.json (names + sha256) written last
    predictions-<split>.parquet, embeddings-<split>.npy, unlike.npz (``familiar``), summary.json, log.txt, run.lock
    snapshots/<n>-<weights>/   predictions and embeddings of a saved step, when somebody asked for them

What a run is doing is ``status``: computed, never stored.
"""

import hashlib
import heapq
import re
import time
import zlib
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from fashion_core import locks, processes, rights, storage
from fashion_core.data import contents
from fashion_core.data.datasets import Dataset
from fashion_core.errors import FashionError, RunError, SettingsError, WrongUse
from fashion_core.labels import did_you_mean
from fashion_core.metrics import enough, scoring
from fashion_core.runs import checkpoints, environment
from fashion_core.runs.record import Group, Record, Reproduces, TrainedOn
from fashion_core.runs.summary import Summary
from fashion_core.settings import pretrained, recipes
from fashion_core.settings.config import Settings

LOCK = "run.lock"
ENDED = ("finished", "stopped", "failed")

NUM_COLOURS = 10


@dataclass(frozen=True, kw_only=True)
class Run:
    """One run directory, opened. Everything is read from its files at each call; nothing is kept."""

    id: str
    folder: Path
    record: Record

    @property
    def settings(self) -> Settings:
        return self.record.settings

    @property
    def classes(self) -> tuple[str, ...]:
        """Class names in the order of the model's outputs."""
        return self.record.classes

    @property
    def dataset(self) -> TrainedOn:
        """The dataset that the run was trained on, as it was then."""
        return self.record.dataset

    @property
    def steps_per_epoch(self) -> int:
        return self.record.steps_per_epoch

    @property
    def train_counts(self) -> np.ndarray | None:
        """Training photos of each class, int64 K; None for a run of before 2026-11-23, which did not keep them."""
        kept = (self.dataset.contents or {}).get("train")
        return None if kept is None else np.array([kept.get(name, (0, ""))[0] for name in self.classes], np.int64)

    @property
    def recipe(self) -> str:
        return self.settings.recipe

    @property
    def created(self) -> str:
        """When the run was launched, ISO 8601, UTC."""
        return self.record.created

    @property
    def colour(self) -> int:
        """The place of its colour among ``NUM_COLOURS``: given at the launch, of an older run by its id."""
        kept = self.record.colour
        return (kept if kept is not None else zlib.crc32(self.id.encode())) % NUM_COLOURS

    @property
    def lock(self) -> Path:
        return self.folder / LOCK

    def events(self) -> list[dict[str, Any]]:
        """What happened to the run, oldest first; lines that are no event are left out."""
        return events_of(self.folder)

    def metrics(self) -> pd.DataFrame:
        """One row per logged step (kind "step": loss, learning_rate, images_per_second, seconds) and per epoch (kind
        "epoch": train_loss, val_loss, val_accuracy). Always has ``kind``, ``epoch``, ``step``."""
        frame = pd.DataFrame(storage.read_lines(self.folder / "metrics.jsonl"))
        return frame if len(frame) else pd.DataFrame({"kind": [], "epoch": [], "step": []})

    def summary(self) -> Summary | None:
        """None before the run ends."""
        path = self.folder / "summary.json"
        return Summary.from_json(storage.read_json(path)) if path.exists() else None

    def log_tail(self, lines: int = 40) -> str:
        path = self.folder / "log.txt"
        if not path.exists():
            return ""
        with open(path, "rb") as file:
            file.seek(max(0, path.stat().st_size - 200 * lines))
            return "\n".join(file.read().decode(errors="replace").splitlines()[-lines:])

    def prediction_splits(self) -> list[str]:
        """The splits that have predictions, test first."""
        found = {path.stem.removeprefix("predictions-") for path in self.folder.glob("predictions-*.parquet")}
        return sorted(found, key=lambda split: (SPLITS.index(split) if split in SPLITS else 9, split))

    def unanswered(self) -> list[str]:
        """Of a finished run the splits that it was scored on whose predictions or features are there no longer."""
        files = ("predictions-{}.parquet", "embeddings-{}.npy")
        return [
            split
            for split in (self.summary() or Summary()).scores
            if not all((self.folder / name.format(split)).exists() for name in files)
        ]

    def predictions(self, split: str) -> pd.DataFrame:
        """``image_id, label, predicted`` (class names) and a probability ``p_<class>`` for every class.

        RunError with the command when there are none, and when they are over other classes or hold NaN.
        """
        path = self.folder / f"predictions-{split}.parquet"
        if not path.exists():
            raise RunError(f"run {self.id!r} has no {split} predictions{self._how_to_get_them(split)}")
        frame = storage.read_parquet(path)
        scoring.probabilities_of(frame, self.classes, f"the {split} predictions of run {self.id!r}")
        return frame

    def _how_to_get_them(self, split: str) -> str:
        """``evaluate`` needs a saved step; a run that was stopped before its first has to be trained first."""
        own = [event for event in self.events() if event["event"] != "stop_requested"]
        last = own[-1]["event"] if own else ""
        if last == "finished" or checkpoints.saved_steps(self.folder):
            return f" yet; run: python -m fashion_core evaluate {self.id} --split {split}"
        if last not in ENDED and self._is_being_trained(own):
            return " yet; wait until it is trained"
        return f": it was not trained to a saved step; run: python -m fashion_core resume {self.id}"

    def _is_being_trained(self, events: list[dict[str, Any]]) -> bool:
        """By its lock and its process, or because it was given to Slurm; ``launch.status`` knows better."""
        process = next((event["process"] for event in reversed(events) if "process" in event), None)
        in_slurm = any("slurm" in event for event in events)
        return in_slurm or locks.is_held(self.lock) or (process is not None and processes.is_alive(process))

    def scores(self, split: str) -> scoring.Scores:
        """The scores of a split's stored predictions."""
        frame = self.predictions(split)
        return scoring.evaluate_predictions(
            label_indices(frame["label"], self.classes), label_indices(frame["predicted"], self.classes), self.classes
        )

    def embeddings(self, split: str) -> np.ndarray:
        """Features before the last layer, float32 N x D, rows as in ``predictions(split)``."""
        path = self.folder / f"embeddings-{split}.npy"
        if not path.exists():
            raise RunError(
                f"run {self.id!r} has no {split} embeddings yet; "
                f"run: python -m fashion_core embed {self.id} --split {split}"
            )
        return storage.read_npy(path).astype(np.float32)


SPLITS = ("test", "val", "train")  # what a run was not trained on first


def label_indices(names: pd.Series, classes: tuple[str, ...]) -> np.ndarray:
    """Class indices, int64 N, of class names; a name outside ``classes`` is a RunError."""
    found = pd.Index(classes).get_indexer(pd.Index(names))
    if (found < 0).any():
        unknown = sorted(set(names[found < 0]))
        raise RunError(f"{', '.join(map(repr, unknown[:3]))} is not a class of this run: the class lists differ")
    return found.astype(np.int64)


def tell(run: Run, event: str, **details: Any) -> None:
    """Append one event of a run, with the time."""
    storage.append_line(run.folder / "events.jsonl", {"event": event, "time": time.time(), **details})


def new_run_id(settings: Settings, dataset_id: str) -> str:
    """A directory name that sorts by time and says what it is: 20261123-154608-report-clothing-3f2a."""
    now = datetime.now(UTC)
    tail = hashlib.sha256(f"{now.timestamp()}{settings}{dataset_id}".encode()).hexdigest()[:4]
    return f"{now:%Y%m%d-%H%M%S}-{settings.recipe}-{dataset_id}-{tail}"


def create_run(
    dataset: Dataset,
    settings: Settings,
    *,
    runs_dir: Path,
    run_id: str | None = None,
    group: Group | None = None,
    reproduces: Reproduces | None = None,
) -> Run:
    """Make a run directory with its config.json. RunError if the id is taken, WrongUse if it cannot be a directory.

    ``reproduces`` is the run that this one trains again (``compare.retrain``)."""
    rights.refuse_read_only("no run can be made")
    run_id = run_id or new_run_id(settings, dataset.id)
    if not re.fullmatch(r"[a-z0-9][a-z0-9._-]{0,95}", run_id):
        raise WrongUse(f"run id {run_id!r} must be lower-case letters, digits, dots and dashes, 96 at most")
    try:
        storage.new_folder(runs_dir / run_id)
    except FileExistsError:
        raise RunError(f"run {run_id!r} exists already; choose another --run-id or resume it") from None
    try:
        return create_run_at(dataset, settings, runs_dir / run_id, group, reproduces)
    except FashionError:
        storage.remove_folder(runs_dir / run_id)
        raise


def create_run_at(
    dataset: Dataset,
    settings: Settings,
    folder: Path,
    group: Group | None = None,
    reproduces: Reproduces | None = None,
) -> Run:
    """``create_run`` for a directory that the caller named; RunError if it holds a run, also one made just now."""
    rights.refuse_read_only("no run can be made")
    num_train = dataset.splits.get("train", 0)
    if not num_train:
        raise RunError(f"dataset {dataset.name!r} has no training photos, so nothing can be trained on it")
    if told := enough.untaught(dataset.manifest(["split", "label", "status"]), dataset.classes, dataset.name):
        raise RunError(told)
    _check_validation(dataset, settings)
    record = Record(
        run_id=folder.name,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        settings=settings,
        classes=dataset.classes,
        steps_per_epoch=-(-num_train // settings.batch_size),
        dataset=TrainedOn.of(dataset, contents.contents_of(dataset)),
        changed={name: new for name, _, new in recipes.changes(settings)},
        versions=environment.versions(),
        colour=_next_colour(folder.parent),
        group=group,
        reproduces=reproduces,
        pretrained=None if settings.pretrained == "none" else pretrained.record(settings.model, dataset.folder.parent),
    )
    try:
        with locks.hold(folder / LOCK, seconds=5):
            if (folder / "config.json").exists():
                raise RunError(f"run {folder.name!r} exists already; choose another --run-id or resume it")
            storage.write_json(folder / "config.json", record.to_json())
    except locks.Busy as busy:
        raise RunError(f"run {folder.name!r} exists already and is being trained; watch it or stop it") from busy
    return open_run(folder)


def _next_colour(runs_dir: Path) -> int:
    """Another one than the ``NUM_COLOURS`` - 1 runs have that were launched last."""
    used = set()
    launched = ((path.stat().st_mtime_ns, path) for path in runs_dir.glob("*/config.json"))
    for _, path in heapq.nlargest(NUM_COLOURS - 1, launched):
        with suppress(FashionError):
            used.add(open_run(path.parent).colour)
    return next(place for place in range(NUM_COLOURS) if place not in used)


def _check_validation(dataset: Dataset, settings: Settings) -> None:
    """What looks at validation needs photos to look at."""
    needs = {"schedule": "plateau", "final_weights": "best"}
    asked = [f"{name} {value}" for name, value in needs.items() if getattr(settings, name) == value]
    asked += ["early_stopping"] if settings.early_stopping else []
    if asked and not dataset.splits.get("val"):
        raise RunError(
            f"{asked[0]} needs validation photos and dataset {dataset.name!r} has none; leave it out, or import the "
            "photos with a val split"
        )


def open_run(folder: Path) -> Run:
    """Open one run directory; RunError if it is none or was written by something newer."""
    path = folder / "config.json"
    if not path.exists():
        raise RunError(f"{folder} is not a run directory: it has no config.json")
    try:
        saved = storage.read_json(path)
        record = Record.from_json(saved)
        if saved["format"] != 1:
            raise RunError(f"run {folder.name!r} has format {saved['format']}, this version reads 1; update the lab")
    except (OSError, ValueError, KeyError, TypeError, SettingsError) as error:
        raise RunError(f"run {folder.name!r} cannot be read: its config.json is damaged ({error})") from error
    return Run(id=folder.name, folder=folder, record=record)


def list_runs(runs_dir: Path) -> list[Run]:
    """Every readable run, newest first. A directory that is damaged is left out; ``find_run`` says why."""
    found = []
    for path in runs_dir.glob("*/config.json") if runs_dir.is_dir() else ():
        try:
            found.append(open_run(path.parent))
        except FashionError:
            continue
    return sorted(found, key=lambda run: (run.created, run.id), reverse=True)


def find_run(runs_dir: Path, run_id: str) -> Run:
    """The run with this id; RunError with the nearest id when there is none."""
    if re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", run_id) and (runs_dir / run_id).is_dir():
        return open_run(runs_dir / run_id)
    raise RunError(f"run {run_id!r} is unknown; {did_you_mean(run_id, [run.id for run in list_runs(runs_dir)])}")


def dataset_of(run: Run, datasets: Iterable[Dataset]) -> Dataset | None:
    """The dataset that the run was trained on, if it is among these, whatever it is called here."""
    for dataset in datasets:
        if dataset.fingerprint == run.dataset.fingerprint and dataset.classes == run.classes:
            return dataset
    return None


def check_same_dataset(run: Run, dataset: Dataset) -> None:
    """RunError that shows the first difference between the run's dataset and this one; silence when they are equal."""
    check_same_classes(run, dataset)
    if dataset.fingerprint != run.dataset.fingerprint:
        known = run.dataset.contents  # runs before 2026-11-23 did not keep it
        found = contents.first_difference(known, contents.contents_of(dataset)) if known else None
        found = found or "these are other photos, labels or splits"
        raise RunError(
            f"run {run.id!r} was trained on {run.dataset.name!r} with fingerprint {run.dataset.fingerprint}, "
            f"but {dataset.name!r} here has {dataset.fingerprint}: {found}"
        )


def check_known_classes(run: Run, dataset: Dataset) -> None:
    """RunError unless every class of the dataset is one of the run's, in the run's order; some may be missing."""
    if not set(dataset.classes) < set(run.classes):
        check_same_classes(run, dataset)
    places = [run.classes.index(name) for name in dataset.classes]
    for first, second in pairwise(places):
        if first > second:
            raise RunError(
                f"run {run.id!r} and dataset {dataset.name!r} have their classes in another order: "
                f"{run.classes[first]!r} comes after {run.classes[second]!r} in the run and before it in the dataset"
            )


def check_same_classes(run: Run, dataset: Dataset) -> None:
    """RunError unless the dataset has the run's classes in the run's order."""
    if dataset.classes == run.classes:
        return
    if set(dataset.classes) == set(run.classes):
        place = next(i for i, (a, b) in enumerate(zip(run.classes, dataset.classes, strict=True)) if a != b)
        raise RunError(
            f"run {run.id!r} and dataset {dataset.name!r} have the same classes in another order: index {place} is "
            f"{run.classes[place]!r} in the run and {dataset.classes[place]!r} in the dataset"
        )
    ours, theirs = set(run.classes) - set(dataset.classes), set(dataset.classes) - set(run.classes)
    parts = [
        f"only in {where}: {', '.join(sorted(names)[:5])}"
        for where, names in (("run", ours), ("dataset", theirs))
        if names
    ]
    raise RunError(f"run {run.id!r} and dataset {dataset.name!r} have other classes; {'; '.join(parts)}")


def events_of(folder: Path) -> list[dict[str, Any]]:
    """The events of a run directory. Run directories are handed around: a line that is no event is left out, and so is
    a process that is none, because one damaged run must not break the list of all."""
    found = []
    for event in storage.read_lines(folder / "events.jsonl"):
        if not isinstance(event.get("event"), str):
            continue
        process = event.get("process")
        if process is not None:
            named = process if isinstance(process, dict) else {}
            if not isinstance(named.get("pid"), int) or not isinstance(named.get("started"), int | float):
                event = {name: value for name, value in event.items() if name != "process"}
        found.append(event)
    return found
