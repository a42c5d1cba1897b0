"""What an import would make of a source, without importing it: no photo is opened and nothing stays behind but what was
downloaded.

Takes whatever ``sources`` reads; gives a document. An archive is unpacked, and a drawn set drawn, where an import would
work, and removed again.
"""

import tempfile
from pathlib import Path
from typing import Any

from fashion_core.data import datasets
from fashion_core.data.sources import readers
from fashion_core.data.sources.layout import TRAIN_FIRST
from fashion_core.data.sources.reader import UNDECIDED, Choices, Progress, Source
from fashion_core.data.sources.row_account import MAPPED_OUT
from fashion_core.errors import DatasetError


def look(
    source: str | Path,
    *,
    data_dir: Path,
    seed: int = 0,
    progress: Progress | None = None,
    choices: Choices = UNDECIDED,
) -> dict[str, Any]:
    """format, image, label and split (columns, None where none was taken), classes, splits (split -> photos),
    unlabelled, rows, unused (reason -> rows), warnings. ``rows`` is the sum of splits, unlabelled and unused.

    Photos that are there and damaged are found by an import only. SourceError as ``import_source`` says it.
    """
    there = data_dir.exists()
    incoming = data_dir / datasets.INCOMING
    try:
        incoming.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix="look-", dir=incoming) as work_dir:
            return document(
                readers.open_source(
                    source,
                    work_dir=Path(work_dir) / "dataset",
                    downloads=data_dir / datasets.DOWNLOADS,
                    seed=seed,
                    progress=progress,
                    choices=choices,
                )
            )
    except OSError as error:
        raise DatasetError(f"'{source}' cannot be looked into: {error.strerror or error}.") from error
    finally:
        for folder in (incoming, *(() if there else (data_dir,))):
            try:
                folder.rmdir()
            except OSError:  # something else is at work there
                break


def document(source: Source) -> dict[str, Any]:
    """``look`` of a source that was read."""
    account, usable = source.account, source.rows[~source.rows["missing"]]
    counts = usable["split"].value_counts()
    missing = source.rows.loc[source.rows["missing"], "reason"].value_counts()
    unused = {str(reason): int(num) for reason, num in missing.items()}
    if left_out := sum(source.left_out.values()):
        unused[MAPPED_OUT] = left_out
    return {
        "format": account.format if account else source.kind,
        "image": account.image if account else None,
        "label": account.label if account else None,
        "split": (account.split or None) if account else None,
        "classes": list(source.classes),
        "splits": {split: int(counts[split]) for split in TRAIN_FIRST if split in counts},
        "unlabelled": int((usable["label"] == "").sum()),
        "rows": account.num_rows if account else len(source.rows) + left_out,
        "unused": account.reasons() if account else unused,
        "warnings": list(source.warnings),
    }
