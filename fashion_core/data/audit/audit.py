"""Audit a dataset: measure every photo once, look for what should not be there, keep the findings beside the dataset.

Takes a Dataset; gives an Audit, stored under data/<dataset>/audit/ as audit.json and findings.parquet. Measuring goes
part by part: an audit that was ended goes on where it was. Imports no torch and opens no photo, only the pixel cache.
"""

import dataclasses
import hashlib
import time
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from fashion_core import jobs, locks, rights, storage
from fashion_core.data import pixels
from fashion_core.data.audit import findings, measures, parted
from fashion_core.data.datasets import Dataset
from fashion_core.data.pixels import Progress
from fashion_core.errors import DatasetError

# 1 took hashes and grey pictures of whole photos for evidence: on white, different things were copies; 2 missed small
# photos that were saved again or made smaller; 4 did not ask columns for what stands in several splits
VERSION = 5
_WITHOUT_GROUPS = 4
_PART, _READ = 2048, 128  # photos that are stored at once, and read at once


@dataclass(frozen=True, kw_only=True)
class Audit:
    """What an audit found. ``counts`` has every kind of findings.KINDS; ``leaks`` is findings.leaks_by_splits, and
    ``groups`` what ``parted.find`` tells."""

    dataset: str
    fingerprint: str
    version: int
    num_images: int
    seconds: float
    counts: dict[str, int]
    leaks: list[dict[str, Any]]
    num_crowded: int  # photos with so many look-alikes that only the nearest were compared
    findings_sha256: str
    path: Path
    groups: list[dict[str, Any]] = field(default_factory=list)

    def findings(self) -> pd.DataFrame:
        """Every finding, with the columns findings.COLUMNS; kinds in the order of findings.KINDS."""
        return storage.read_parquet(self.path)

    @property
    def num_leaked(self) -> int:
        """How many photos an earlier split has too; each counts once."""
        leaked = self.findings()
        return int(leaked.loc[leaked["kind"] == "leak", "image_id"].nunique())


def folder_of(dataset: Dataset) -> Path:
    """Where the audit of a dataset lies, and its job (``jobs``)."""
    return dataset.folder / "audit"


def load(dataset: Dataset) -> Audit | None:
    """The finished audit of exactly this dataset by this version of the audit; None when there is none."""
    path = folder_of(dataset) / "findings.parquet"
    try:
        record = storage.read_json(folder_of(dataset) / "audit.json")
        if not _fits(record, dataset) or hashlib.sha256(path.read_bytes()).hexdigest() != record["findings_sha256"]:
            return None
        return Audit(**record | {"counts": dict.fromkeys(findings.KINDS, 0) | record["counts"]}, path=path)
    except (OSError, ValueError, KeyError, TypeError):
        return None


def outdated(dataset: Dataset) -> bool:
    """Whether an audit of exactly this dataset is there that an earlier version of the audit made."""
    try:
        record = storage.read_json(folder_of(dataset) / "audit.json")
        return bool(record["fingerprint"] == dataset.fingerprint and not _fits(record, dataset))
    except (OSError, ValueError, KeyError, TypeError):
        return False


def _fits(record: dict[str, Any], dataset: Dataset) -> bool:
    """Whether a record is of this dataset, and says what this version would say."""
    if record["fingerprint"] != dataset.fingerprint:
        return False
    as_now = record["version"] == _WITHOUT_GROUPS and not parted.columns(dataset.manifest(), dataset.together)
    return bool(record["version"] == VERSION or as_now)


def run(dataset: Dataset, report: Progress | None = None) -> Audit:
    """Audit a dataset, or give the audit that is there. Goes on where an ended one was.

    DatasetError when the pixel cache is not there or another process is auditing.
    """
    if found := load(dataset):
        return found
    rights.refuse_read_only("no audit can be made")
    folder = folder_of(dataset)
    try:
        with jobs.at_work(folder, report) as reporter:
            return load(dataset) or _run(dataset, reporter)
    except locks.Busy as busy:
        raise DatasetError(f"dataset '{dataset.name}' is being audited by another process; wait for it.") from busy
    except OSError as error:
        raise DatasetError(
            f"the audit of '{dataset.name}' stopped: {error.strerror or error}; what is measured is kept, run it again."
        ) from error


def _run(dataset: Dataset, report: Progress) -> Audit:
    started = time.monotonic()
    folder = folder_of(dataset)
    (folder / "audit.json").unlink(missing_ok=True)  # of another version; it must not stand beside new findings
    manifest = dataset.manifest()
    measured_N = _measure(dataset, folder / f"parts-{VERSION}-{dataset.fingerprint}", report)
    report("comparing photos", 0, len(manifest))
    comparing = partial(report, "comparing photos")
    found = findings.find(manifest, measured_N, pixels.thumbnails(dataset), comparing)
    crowded, found.attrs = found.attrs["crowded"], {}
    of_groups, told = parted.find(manifest, dataset.together)
    if told:
        found = pd.concat([found, of_groups], ignore_index=True)
    path = folder / "findings.parquet"
    storage.write_parquet(path, found)
    audit = Audit(
        dataset=dataset.id,
        fingerprint=dataset.fingerprint,
        version=VERSION,
        num_images=dataset.num_images,
        seconds=round(time.monotonic() - started, 2),
        counts={kind: int((found["kind"] == kind).sum()) for kind in findings.KINDS},
        leaks=findings.leaks_by_splits(found),
        num_crowded=crowded,
        findings_sha256=hashlib.sha256(path.read_bytes()).hexdigest(),
        path=path,
        groups=told,
    )
    storage.write_json(
        folder / "audit.json", {name: value for name, value in dataclasses.asdict(audit).items() if name != "path"}
    )
    for parts in folder.glob("parts-*"):
        storage.remove_folder(parts)
    report("done", len(manifest), len(manifest))
    return audit


def _measure(dataset: Dataset, folder: Path, report: Progress) -> np.ndarray:
    """measures.RECORD for each row of the manifest; a part that is there already is not measured again."""
    cache_NHW3 = pixels.thumbnails(dataset)
    starts = range(0, len(cache_NHW3), _PART)

    def part(start: int) -> np.ndarray:
        path = folder / f"part-{start:08}.npy"
        num = min(_PART, len(cache_NHW3) - start)
        if path.exists():
            known_N = storage.read_npy(path)
            if known_N.dtype == measures.RECORD and known_N.shape == (num,):
                return known_N
        records_N = np.concatenate(
            [
                measures.measure(pixels.read_rows(cache_NHW3, np.arange(some, min(some + _READ, start + num))))
                for some in range(start, start + num, _READ)
            ]
        )
        storage.write_npy(path, records_N)
        return records_N

    measured_N, done = np.empty(len(cache_NHW3), measures.RECORD), 0
    report("measuring photos", 0, len(cache_NHW3))
    for records_N in pixels.in_threads(part, list(starts)):
        measured_N[done : done + len(records_N)] = records_N
        done += len(records_N)
        report("measuring photos", done, len(cache_NHW3))
    return measured_N
