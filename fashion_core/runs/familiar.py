"""What a run keeps to tell photos unlike those that it learnt from: unlike.npz. Takes a run, reads and writes the file.

It belongs to the weights that the run was judged by: with others it counts as absent. No torch.
"""

import io
import zipfile

import numpy as np

from fashion_core import storage
from fashion_core.errors import RunError
from fashion_core.metrics import out_of_distribution
from fashion_core.metrics.out_of_distribution import Reference
from fashion_core.runs import checkpoints, snapshots
from fashion_core.runs.runs import Run

FILE = "unlike.npz"


def of_run(run: Run) -> Reference | None:
    """None where none was made, or for other weights, or where the file is damaged."""
    path = run.folder / FILE
    if not path.exists():
        return None
    try:
        with np.load(io.BytesIO(path.read_bytes()), allow_pickle=False) as kept:
            reference = Reference.from_arrays(kept["looks"], kept["scales"])
            made_for = str(kept["weights"])
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return None
    if not checkpoints.saved_steps(run.folder):  # a copy for others has no steps, and these weights only
        return reference
    step = snapshots.judged_step(run)
    return reference if step is not None and made_for == checkpoints.weights_hash(run.folder, step) else None


def keep(run: Run, reference: Reference, step: int) -> None:
    """Write it beside the run's predictions; ``step``: the saved one whose weights answered."""
    buffer = io.BytesIO()
    looks, scales = reference.arrays()
    weights = np.array(checkpoints.weights_hash(run.folder, step))
    np.savez_compressed(buffer, looks=looks, scales=scales, weights=weights)
    storage.write_bytes(run.folder / FILE, buffer.getvalue())


def too_few(run: Run) -> str | None:
    """Which of the run's photos are too few for it ever to be told, as a clause; None where they are enough."""
    try:
        splits = run.dataset.splits
        out_of_distribution.check_enough(splits.get("train", 0), splits.get("val", 0))
    except RunError as error:
        return str(error)
    return None


def why_not(run: Run) -> str | None:
    """Why it cannot be told for this run now, as a clause; None where it can once the run's photos are at hand."""
    if why := too_few(run):
        return why
    if snapshots.judged_step(run) is None:
        return "its training has not ended"
    return None


def not_asked(run: Run) -> str:
    """The clause of a program that answers without having asked, with what to do about it."""
    return why_not(run) or f"to have it asked, run: python -m fashion_core embed {run.id} --split val"
