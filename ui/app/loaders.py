"""Cached reading for the pages. A file that changes gets a new key (path, mtime_ns, size); every cache is bounded.

What comes back is shared by all sessions: never change a frame or an array in place. Knows no widgets.
"""

from pathlib import Path

import numpy as np
import pandas as pd
import streamlit as st

from fashion_core import paths
from fashion_core.data import datasets as datasets_module
from fashion_core.data import pixels
from fashion_core.data.audit import audit
from fashion_core.data.datasets import Dataset
from fashion_core.metrics import label_errors, leakage
from fashion_core.metrics.scoring import Scores
from fashion_core.runs import runs
from fashion_core.runs.runs import Run
from fashion_core.runs.summary import Summary

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


def datasets() -> list[Dataset]:
    """Every dataset on this machine: photographed ones before drawn ones, then by name."""
    folder = data_dir()
    found = _datasets(str(folder), tuple(sorted(stamp(path) for path in folder.glob("*/dataset.json"))))
    return sorted(found, key=lambda dataset: (dataset.synthetic, dataset.name.lower()))


@st.cache_resource(max_entries=4, show_spinner=False)
def _datasets(folder: str, stamps: tuple[Stamp, ...]) -> list[Dataset]:
    return datasets_module.list_datasets(Path(folder))


def manifest_of(dataset: Dataset) -> pd.DataFrame:
    """The dataset's manifest with a column ``row``: the number of its row in the pixel caches."""
    return _manifest(stamp(dataset.folder / "manifest.parquet"), dataset)


@st.cache_resource(max_entries=4, show_spinner=False)
def _manifest(key: Stamp, _dataset: Dataset) -> pd.DataFrame:
    frame = _dataset.manifest().reset_index(drop=True)
    frame.insert(0, "row", np.arange(len(frame), dtype=np.int32))
    return frame


def thumbnails(dataset: Dataset) -> np.ndarray:
    """The small pictures of a dataset, uint8 N x H x W x 3, memory-mapped, squeezed to one size."""
    return _thumbnails(stamp(dataset.folder / "manifest.parquet"), dataset)


@st.cache_resource(max_entries=4, show_spinner=False)
def _thumbnails(key: Stamp, _dataset: Dataset) -> np.ndarray:
    return pixels.thumbnails(_dataset)


def audit_of(dataset: Dataset) -> tuple[audit.Audit, pd.DataFrame] | None:
    """The finished audit of a dataset and its findings; None before there is one."""
    folder = audit.folder_of(dataset)
    return _audit(stamp(folder / "audit.json"), stamp(folder / "findings.parquet"), dataset)


@st.cache_resource(max_entries=8, show_spinner=False)
def _audit(key: Stamp, findings_key: Stamp, _dataset: Dataset) -> tuple[audit.Audit, pd.DataFrame] | None:
    found = audit.load(_dataset)
    return (found, found.findings()) if found else None


def all_runs() -> list[Run]:
    """Every readable run, newest first."""
    folder = runs_dir()
    return _all_runs(str(folder), tuple(sorted(stamp(path) for path in folder.glob("*/config.json"))))


@st.cache_resource(max_entries=4, show_spinner=False)
def _all_runs(folder: str, stamps: tuple[Stamp, ...]) -> list[Run]:
    return runs.list_runs(Path(folder))


def summary_of(run: Run) -> Summary | None:
    """The run's summary.json, None before the run ends."""
    return _summary(stamp(run.folder / "summary.json"), run)


@st.cache_resource(max_entries=1000, show_spinner=False)
def _summary(key: Stamp, _run: Run) -> Summary | None:
    return _run.summary()


def predictions_of(run: Run, split: str) -> pd.DataFrame:
    """``image_id, label, predicted, p_<class>...`` of a split; RunError with the command when there are none."""
    return _predictions(stamp(run.folder / f"predictions-{split}.parquet"), run, split)


@st.cache_resource(max_entries=8, show_spinner=False)
def _predictions(key: Stamp, _run: Run, split: str) -> pd.DataFrame:
    return _run.predictions(split)


def scores_of(run: Run, split: str) -> Scores:
    """The scores of a split's stored predictions."""
    return _scores(stamp(run.folder / f"predictions-{split}.parquet"), run, split)


@st.cache_resource(max_entries=200, show_spinner=False)
def _scores(key: Stamp, _run: Run, split: str) -> Scores:
    return _run.scores(split)


def dataset_of(run: Run) -> Dataset | None:
    """The dataset the run was trained on, if its photos are on this machine."""
    return runs.dataset_of(run, datasets())


def photos_of(dataset: Dataset, image_ids: pd.Series) -> pd.DataFrame:
    """``row, width, height`` of these images in the order given (row -1 where the dataset has no such image)."""
    known, sizes = _places(stamp(dataset.folder / "manifest.parquet"), dataset)
    places = known.get_indexer(pd.Index(image_ids))
    found = sizes.iloc[np.maximum(places, 0)].reset_index(drop=True)
    return found.assign(row=np.where(places < 0, -1, places).astype(np.int32))[["row", "width", "height"]]


@st.cache_resource(max_entries=4, show_spinner=False)
def _places(key: Stamp, _dataset: Dataset) -> tuple[pd.Index, pd.DataFrame]:
    """image_id -> row, and the sizes by row: three columns, for the whole manifest takes four times as long to read."""
    frame = _dataset.manifest(["image_id", "width", "height"])
    return pd.Index(frame["image_id"]), frame[["width", "height"]]


def leak_scores_of(run: Run, split: str, dataset: Dataset) -> leakage.LeakScores | None:
    """Accuracy with and without the photos that an earlier split has; None before the dataset was audited."""
    found = audit_of(dataset)
    if found is None:
        return None
    key = (stamp(run.folder / f"predictions-{split}.parquet"), stamp(found[0].path))
    return _leak_scores(key, run, split, dataset)


@st.cache_resource(max_entries=100, show_spinner=False)
def _leak_scores(key: tuple[Stamp, Stamp], _run: Run, split: str, _dataset: Dataset) -> leakage.LeakScores:
    found = audit_of(_dataset)
    assert found, "leak_scores_of asked for it"
    return leakage.with_and_without(predictions_of(_run, split), found[1])


def label_errors_of(run: Run, split: str, temperature: float) -> pd.DataFrame:
    """Suspected label errors by a run's predictions of a split, worst first, as ``label_errors.find`` gives them."""
    return _label_errors(stamp(run.folder / f"predictions-{split}.parquet"), run, split, temperature)


@st.cache_resource(max_entries=20, show_spinner="Comparing the labels with the predictions")
def _label_errors(key: Stamp, _run: Run, split: str, temperature: float) -> pd.DataFrame:
    return label_errors.find(predictions_of(_run, split), _run.classes, temperature)
