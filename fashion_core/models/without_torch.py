"""What a run says of photos where PyTorch is not installed: by the ONNX file that lies in its directory.

Takes a run and photos of its size; gives what ``inference`` gives, from ONNX Runtime. Never imports torch.
"""

from importlib.util import find_spec
from typing import TYPE_CHECKING

import numpy as np

from fashion_core.errors import RunError
from fashion_core.models.looked import BATCH, Looked, of_outputs
from fashion_core.runs import checkpoints, snapshots
from fashion_core.runs.runs import Run

if TYPE_CHECKING:
    import onnxruntime

FILE = "model.onnx"
OUTPUTS = ["logits", "features"]


def why_not(run: Run) -> str | None:
    """Why the run cannot be asked here, as a clause with the command that mends it; None when it can."""
    if find_spec("onnxruntime") is None:
        return "asking a model without PyTorch takes ONNX Runtime; run: pip install -r requirements-review.txt"
    if not (run.folder / FILE).is_file():
        return f"run {run.id!r} has no {FILE}, which would answer without PyTorch; {_again(run)}"
    return None


def load(run: Run) -> "onnxruntime.InferenceSession":
    """The run's model; RunError when there is no file, when it cannot be read, or when it is of other weights."""
    if why := why_not(run):
        raise RunError(why)
    import onnxruntime

    name = repr(run.id)
    try:
        session = onnxruntime.InferenceSession(run.folder / FILE, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime has an exception of its own for each way in which a file can be wrong
        raise RunError(f"run {name}: its {FILE} cannot be read; remove it and, {_again(run)}") from error
    step, said = snapshots.judged_step(run), session.get_modelmeta().custom_metadata_map
    if step is None or said.get("weights") != checkpoints.weights_hash(run.folder, step):
        raise RunError(
            f"run {name}: its {FILE} is of other weights than those that it was judged by; remove it and, {_again(run)}"
        )
    return session


def look_at_photos(session: "onnxruntime.InferenceSession", photos_NHW3: np.ndarray) -> Looked:
    """One pass over photos of the model's size, uint8."""
    logits, features = [], []
    for start in range(0, len(photos_NHW3), BATCH):
        logits_BK, features_BD = session.run(OUTPUTS, {"images": photos_NHW3[start : start + BATCH]})
        logits.append(logits_BK)
        features.append(features_BD)
    return of_outputs(photos_NHW3, np.concatenate(logits), np.concatenate(features))


def _again(run: Run) -> str:
    to = run.folder / FILE
    return f"where PyTorch is installed, run: python -m fashion_core export {run.id} --format onnx --to {to}"
