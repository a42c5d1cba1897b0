"""Curved maps of a run's features (t-SNE, UMAP): computed once, by a process of their own, and kept beside the run.

Takes a run, a split and a method; gives points. Files: maps/<method>-<split>.npy, -rows.npy and .json (written last).
A map of features that have changed since, or of other parameters, is not there. No torch.

M images on the map.
"""

import importlib.util
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from fashion_core import jobs, locks, rights, storage
from fashion_core.embeddings import neighbours
from fashion_core.embeddings.pca import principal_axes, refuse_identical, spread_rows
from fashion_core.errors import RunError, WrongUse
from fashion_core.jobs import Progress
from fashion_core.labels import counted
from fashion_core.launch import background
from fashion_core.runs.runs import SPLITS, Run

VERSION = 1
ALL = "all"  # every split that has features, one after another in the order of SPLITS
NAMES = {"tsne": "t-SNE", "umap": "UMAP"}
#: t-SNE: van der Maaten and Hinton (2008); UMAP: McInnes, Healy and Melville (2018). Features are brought to length 1
#: first, so that near means alike by cosine, as everywhere in the lab; t-SNE gets their 50 first principal axes.
PARAMETERS: dict[str, dict[str, Any]] = {
    "tsne": {"most": 7_500, "axes": 50, "perplexity": 30, "seed": 0},
    "umap": {"most": 20_000, "n_neighbors": 15, "min_dist": 0.1, "seed": 0},
}
INSTALL_UMAP = "UMAP needs the package umap-learn, which is not installed; run: pip install umap-learn"
_NEAREST, _ASKED = 10, 1_000


@dataclass(frozen=True, kw_only=True, eq=False)
class CurvedMap:
    """``rows_M``: the row of each point in ``stored``. ``kept``: of a photo's ten nearest by its features, the share
    that is among its ten nearest on the map."""

    points_M2: np.ndarray
    rows_M: np.ndarray
    kept: float
    seconds: float


def splits_with_features(run: Run) -> list[str]:
    """The splits of which features and predictions are stored, test before validation before train."""
    return [split for split in SPLITS if all(path.exists() for path in _files(run, split))]


def parts_of(run: Run, split: str) -> list[str]:
    """The splits that ``split`` means: itself, or for ALL every one with features."""
    return splits_with_features(run) if split == ALL else [split]


def stored(run: Run, split: str) -> tuple[np.ndarray, pd.DataFrame]:
    """Features float32 N x D of a split (or of ALL) and its predictions with a column ``split``, row by row.

    RunError with the command when they are not there or do not fit together.
    """
    features, frames = [], []
    for part in parts_of(run, split) or ["test"]:
        features_ND, predictions = run.embeddings(part), run.predictions(part)
        if len(features_ND) != len(predictions):
            raise RunError(
                f"run {run.id!r} has features of {len(features_ND):,} {part} photos but predictions of "
                f"{len(predictions):,}; run: python -m fashion_core embed {run.id} --split {part}"
            )
        features.append(features_ND)
        frames.append(predictions.assign(split=part))
    if len(features) == 1:
        return features[0], frames[0]
    return np.concatenate(features), pd.concat(frames, ignore_index=True)


def kept_nearest(units_MD: np.ndarray, points_MC: np.ndarray, labels_M: np.ndarray) -> float:
    """The share of a photo's ten nearest by cosine that are among its ten nearest on a map, mean over at most 1,000
    photos spread over the classes."""
    k = min(_NEAREST, len(units_MD) - 1)
    asked = spread_rows(labels_M, _ASKED)
    by_features = neighbours.neighbours_of(units_MD[asked], units_MD, k, own_rows_Q=asked)
    from sklearn.neighbors import NearestNeighbors

    search = NearestNeighbors(n_neighbors=k + 1).fit(points_MC)
    near = search.kneighbors(points_MC[asked], return_distance=False)
    own_last = np.argsort(near == asked[:, None], axis=1, kind="stable")
    on_map = np.take_along_axis(near, own_last, axis=1)[:, :k]
    return float(neighbours.num_shared(by_features, on_map).mean() / k)


def load(run: Run, split: str, method: str) -> CurvedMap | None:
    """The map that is there; None when there is none of exactly these features and parameters."""
    base = _base(run, split, method)
    try:
        record = storage.read_json(base.with_suffix(".json"))
        if record["key"] != _key(run, split, method):
            return None
        points_M2, rows_M = storage.read_npy(base.with_suffix(".npy")), storage.read_npy(_rows_path(base))
        if points_M2.shape != (len(rows_M), 2):
            return None
        return CurvedMap(points_M2=points_M2, rows_M=rows_M, kept=record["kept"], seconds=record["seconds"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def job_folder(run: Run, split: str, method: str) -> Path:
    """Where the job is that computes a map (``jobs``)."""
    return run.folder / "jobs" / _base(run, split, method).name


def expected_seconds(num_images: int, method: str) -> float:
    """About how long a map takes on two cores, measured at 7,500 images (LOG: map-times)."""
    num = min(num_images, PARAMETERS[method]["most"])
    return 6 + num * 0.008 if method == "tsne" else 45 + num * 0.006  # numba compiles UMAP anew in each process


def check(method: str) -> None:
    """WrongUse for an unknown method, RunError with the command when its package is not installed."""
    if method not in NAMES:
        raise WrongUse(f"--map must be one of {', '.join(NAMES)}, got {method!r}")
    if method == "umap" and importlib.util.find_spec("umap") is None:
        raise RunError(INSTALL_UMAP)


def start(run: Run, split: str, method: str) -> None:
    """Compute a map in a detached process, as the job of ``job_folder``."""
    check(method)
    rights.refuse_read_only("no map can be computed")
    words = ["embed", run.id, "--map", method, "--split", split, "--runs-dir", str(run.folder.parent.resolve())]
    folder, log = job_folder(run, split, method), run.folder / "maps" / "log.txt"
    background.start(background.command_line(words), folder, log=log)


def compute(run: Run, split: str, method: str, report: Progress | None = None) -> CurvedMap:
    """Compute a map and keep it, or give the one that is there. RunError when another process is at it."""
    check(method)
    rights.refuse_read_only("no map can be computed")
    try:
        with jobs.at_work(job_folder(run, split, method)) as reporter:
            return load(run, split, method) or _compute(run, split, method, reporter, report)
    except locks.Busy as busy:
        raise RunError(f"the {NAMES[method]} map of run {run.id!r} is being computed; wait for it") from busy


def _compute(run: Run, split: str, method: str, tell: Progress, report: Progress | None) -> CurvedMap:
    began, key, base = time.monotonic(), _key(run, split, method), _base(run, split, method)
    tell("reading features", 0, 0)
    features_ND, predictions = stored(run, split)
    labels_N = predictions["label"].to_numpy()
    rows_M = spread_rows(labels_N, PARAMETERS[method]["most"])
    units_MD = neighbours.units(features_ND[rows_M])
    if len(rows_M) < 4:
        raise RunError(f"a {NAMES[method]} map needs at least 4 images, got {len(rows_M)}")
    refuse_identical(units_MD)
    stage = f"laying out {counted(len(rows_M), 'photo')}"
    tell(stage, 0, 1)
    if report:
        report(stage, 0, 1)
    points_M2 = (_tsne if method == "tsne" else _umap)(units_MD, PARAMETERS[method]).astype(np.float32)
    if not np.isfinite(points_M2).all():
        raise RunError(f"{NAMES[method]} gave places that are not numbers; train the run longer or again")
    tell("measuring what is kept", 0, 0)
    found = CurvedMap(
        points_M2=points_M2,
        rows_M=rows_M,
        kept=kept_nearest(units_MD, points_M2, labels_N[rows_M]),
        seconds=round(time.monotonic() - began, 1),
    )
    storage.write_npy(base.with_suffix(".npy"), points_M2)
    storage.write_npy(_rows_path(base), rows_M)
    storage.write_json(base.with_suffix(".json"), {"key": key, "kept": found.kept, "seconds": found.seconds})
    if report:
        report(stage, 1, 1)
    return found


def _tsne(units_MD: np.ndarray, parameters: dict[str, Any]) -> np.ndarray:
    from sklearn.manifold import TSNE

    axes = principal_axes(units_MD)
    num_axes = min(parameters["axes"], len(axes.components_CD))
    points_MC = axes.points(units_MD, range(num_axes))
    perplexity = min(parameters["perplexity"], (len(points_MC) - 1) / 3)
    return TSNE(
        init=points_MC[:, :2] / np.std(points_MC[:, 0]) * 1e-4,  # as scikit-learn's init="pca" scales it
        perplexity=perplexity,
        random_state=parameters["seed"],
        n_jobs=-1,
    ).fit_transform(points_MC)


def _umap(units_MD: np.ndarray, parameters: dict[str, Any]) -> np.ndarray:
    import warnings

    with warnings.catch_warnings():  # of numba's and of its own single thread, which the seed asks for
        warnings.simplefilter("ignore")
        import umap

        return umap.UMAP(
            n_neighbors=min(parameters["n_neighbors"], len(units_MD) - 1),
            min_dist=parameters["min_dist"],
            init="random" if len(units_MD) < 20 else "spectral",  # so few have no spectrum to start from
            random_state=parameters["seed"],
        ).fit_transform(units_MD)


def _files(run: Run, split: str) -> tuple[Path, Path]:
    return run.folder / f"embeddings-{split}.npy", run.folder / f"predictions-{split}.parquet"


def _base(run: Run, split: str, method: str) -> Path:
    assert method in NAMES and split in (*SPLITS, ALL), "pages and commands offer these only"
    return run.folder / "maps" / f"{method}-{split}"


def _rows_path(base: Path) -> Path:
    return base.with_name(f"{base.name}-rows.npy")


def _key(run: Run, split: str, method: str) -> dict[str, Any]:
    """What a map depends on; a file that is written again counts as another."""
    stamps = {}
    for part in parts_of(run, split):
        found = _files(run, part)[0].stat()
        stamps[part] = [found.st_size, found.st_mtime_ns]
    return {"version": VERSION, "features": stamps, "parameters": PARAMETERS[method]}
