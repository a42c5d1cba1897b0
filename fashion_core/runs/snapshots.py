"""What a run knew at one of its saved steps: predictions and features, kept apart from those it was judged by.

Takes a run and the number of a saved step. Files: snapshots/<step>-<weights>/ holds predictions-<split>.parquet and
embeddings-<split>.npy, named as in the run's own directory. <weights> is the start of the sha256 of the step's
model.safetensors: a step that is trained and saved again begins without any. No torch.
"""

from dataclasses import replace

from fashion_core import storage
from fashion_core.errors import RunError
from fashion_core.runs import checkpoints
from fashion_core.runs.runs import Run


def at(run: Run, step: int) -> Run:
    """The run with the predictions and features of a saved step in the place of its own; everything else is the run's.

    RunError with the steps that are saved when this one is not.
    """
    weights = checkpoints.weights_hash(run.folder, step)
    if weights is None:
        listed = ", ".join(f"{number:,}" for number in checkpoints.saved_steps(run.folder)) or "none"
        raise RunError(f"run {run.id!r} has no saved step {step:,}; its saved steps: {listed}")
    return replace(run, folder=run.folder / "snapshots" / _name(step, weights))


def judged_step(run: Run) -> int | None:
    """The saved step whose weights the run's own predictions are of; None while the run has not ended."""
    summary = run.summary()
    if summary is None:
        return None
    saved = checkpoints.saved_steps(run.folder)
    # summaries before 2026-11-23 do not name the step: the last one was judged
    return summary.scored_step or (saved[-1] if saved else None)


def earlier_steps(run: Run) -> list[int]:
    """Saved steps whose weights are not those that the run was judged by, ascending."""
    own = judged_step(run)
    return [
        step
        for step in checkpoints.saved_steps(run.folder)
        if step != own and checkpoints.weights_hash(run.folder, step)
    ]


def forget_gone(run: Run) -> None:
    """Remove the snapshots of steps that are no longer saved with these weights."""
    hashes = {step: checkpoints.weights_hash(run.folder, step) for step in checkpoints.saved_steps(run.folder)}
    known = {_name(step, weights) for step, weights in hashes.items() if weights}
    for folder in (run.folder / "snapshots").glob("*-*"):
        if folder.name not in known:
            storage.remove_folder(folder)


def _name(step: int, weights: str) -> str:
    return f"{step}-{weights[:12]}"
