"""Cached reading for the pages. A file that changes gets a new key (path, mtime_ns, size); every cache is bounded.

What comes back is shared by all sessions: never change a frame or an array in place. Knows no widgets.
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from fashion_core import paths
from fashion_core.data import datasets as datasets_module
from fashion_core.data import pixels
from fashion_core.data.audit import audit
from fashion_core.data.datasets import Dataset
from fashion_core.metrics import label_errors, leakage, scoring
from fashion_core.metrics.scoring import Scores
from fashion_core.runs import runs
from fashion_core.runs.runs import Run, label_indices
from fashion_core.runs.summary import Summary
from ui.app.kept import kept

Stamp = tuple[str, int, int]


def data_dir() -> Path:
    """Where this lab keeps its datasets."""
    return paths.default_data_dir()


def runs_dir() -> Path:
    """Where this lab keeps its runs."""
    return paths.default_runs_dir()


def stamp(path: Path) -> Stamp:
    """What changes when the file does; (path, 0, 0) when it is not there."""
    try:
        found = path.stat()
    except OSError:
        return (str(path), 0, 0)
    return (str(path), found.st_mtime_ns, found.st_size)


def of_file(name: str) -> Callable[..., Stamp]:
    """What changes when this file of a run does; for ``kept``, as are the next ones."""
    return lambda run, *_: stamp(run.folder / name)


def of_predictions(run: Run, split: str, *_: object) -> Stamp:
    """What changes when a split's predictions do."""
    return stamp(run.folder / f"predictions-{split}.parquet")


def of_manifest(dataset: Dataset, *_: object) -> Stamp:
    """What changes when a dataset does."""
    return stamp(dataset.manifest_path)


def _of_audit(dataset: Dataset) -> tuple[Stamp, ...]:
    return tuple(stamp(audit.folder_of(dataset) / name) for name in ("audit.json", "findings.parquet"))


def of_folder(folder: Path, pattern: str) -> tuple[str, *tuple[Stamp, ...]]:
    """What changes when one of the folder's files of this pattern does, comes or goes."""
    return (str(folder), *sorted(map(stamp, folder.glob(pattern))))


@kept(lambda: of_folder(data_dir(), "*/dataset.json"), max_entries=4)
def datasets() -> list[Dataset]:
    """Every dataset on this machine: photographed ones before drawn ones, then by name."""
    found = datasets_module.list_datasets(data_dir())
    return sorted(found, key=lambda dataset: (dataset.synthetic, dataset.name.lower()))


@kept(of_manifest, max_entries=4)
def manifest_of(dataset: Dataset) -> pd.DataFrame:
    """The dataset's manifest with a column ``row``: the number of its row in the pixel caches."""
    frame = dataset.manifest().reset_index(drop=True)
    frame.insert(0, "row", np.arange(len(frame), dtype=np.int32))
    return frame


@kept(of_manifest, max_entries=4)
def thumbnails(dataset: Dataset) -> np.ndarray:
    """The small pictures of a dataset, uint8 N x H x W x 3, memory-mapped, squeezed to one size."""
    return pixels.thumbnails(dataset)


@kept(_of_audit, max_entries=8)
def audit_of(dataset: Dataset) -> tuple[audit.Audit, pd.DataFrame] | None:
    """The finished audit of a dataset and its findings; None before there is one."""
    found = audit.load(dataset)
    return (found, found.findings()) if found else None


@kept(lambda: of_folder(runs_dir(), "*/config.json"), max_entries=4)
def all_runs() -> list[Run]:
    """Every readable run, newest first."""
    return runs.list_runs(runs_dir())


@kept(of_file("summary.json"), max_entries=1000)
def summary_of(run: Run) -> Summary | None:
    """The run's summary.json, None before the run ends."""
    return run.summary()


@kept(of_predictions, max_entries=8)
def predictions_of(run: Run, split: str) -> pd.DataFrame:
    """``image_id, label, predicted, p_<class>...`` of a split; RunError with the command when there are none."""
    return run.predictions(split)


def arrays_of(run: Run, split: str) -> tuple[np.ndarray, np.ndarray]:
    """A split's labels N as indices and its probabilities N x K."""
    frame = predictions_of(run, split)
    return label_indices(frame["label"], run.classes), scoring.probabilities_of(frame, run.classes)


@kept(of_predictions, max_entries=200)
def scores_of(run: Run, split: str) -> Scores:
    """The scores of a split's stored predictions."""
    return run.scores(split)


def trained_on(run: Run, dataset: Dataset) -> bool:
    """Whether exactly this dataset was what the run was trained on."""
    return run.dataset.fingerprint == dataset.fingerprint and run.classes == dataset.classes


def dataset_of(run: Run) -> Dataset | None:
    """The dataset the run was trained on, if its photos are on this machine."""
    return runs.dataset_of(run, datasets())


def photos_of(dataset: Dataset, image_ids: pd.Series) -> pd.DataFrame:
    """``row, width, height`` of these images in the order given (row -1 where the dataset has no such image)."""
    known, sizes = _places(dataset)
    places = known.get_indexer(pd.Index(image_ids))
    found = sizes.iloc[np.maximum(places, 0)].reset_index(drop=True)
    return found.assign(row=np.where(places < 0, -1, places).astype(np.int32))[["row", "width", "height"]]


@kept(of_manifest, max_entries=4)
def _places(dataset: Dataset) -> tuple[pd.Index, pd.DataFrame]:
    """image_id -> row, and the sizes by row: three columns, for the whole manifest takes four times as long to read."""
    frame = dataset.manifest(["image_id", "width", "height"])
    return pd.Index(frame["image_id"]), frame[["width", "height"]]


@kept(lambda run, split, dataset: (of_predictions(run, split), _of_audit(dataset)), max_entries=100)
def leak_scores_of(run: Run, split: str, dataset: Dataset) -> leakage.LeakScores | None:
    """Accuracy with and without the photos that an earlier split has; None before the dataset was audited."""
    found = audit_of(dataset)
    return leakage.with_and_without(predictions_of(run, split), found[1]) if found else None


@kept(lambda run, split, dataset: (of_predictions(run, split), _of_audit(dataset)), max_entries=100)
def group_scores_of(run: Run, split: str, dataset: Dataset) -> leakage.GroupScores | None:
    """Accuracy of photos whose group stands in an earlier split too; None where the audit found none such."""
    found = audit_of(dataset)
    return leakage.by_group(predictions_of(run, split), found[1]) if found else None


@kept(of_predictions, max_entries=20, show_spinner="Comparing the labels with the predictions")
def label_errors_of(run: Run, split: str, temperature: float) -> pd.DataFrame:
    """Suspected label errors by a run's predictions of a split, worst first, as ``label_errors.find`` gives them."""
    return label_errors.find(predictions_of(run, split), run.classes, temperature)
