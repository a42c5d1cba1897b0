"""The model behind the pages that ask one: loaded late, kept for all sessions, used by one of them at a time.

Takes a run and squeezed photos, gives probabilities. Torch is imported inside the functions only; in a review
copy, which does not load it, the run's ONNX file answers, and nothing is explained.
"""

import hashlib
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import streamlit as st
from PIL import Image

from fashion_core import rights
from fashion_core.data.datasets import Dataset
from fashion_core.errors import RunError
from fashion_core.runs import checkpoints
from fashion_core.runs.runs import Run
from ui.app import loaders
from ui.shared import run_status

if TYPE_CHECKING:
    from fashion_core.models.looked import Looked

#: Said where a map of what the model looks at would stand, in a copy that cannot make one.
NO_MAPS = "Where the model looks is shown in the lab that this was copied from: that takes PyTorch."

# One lock over loading and predicting: a model is shared by all sessions, and two forward passes at once would only
# share the same cores.
_lock = threading.Lock()


def stamp(run: Run) -> tuple[loaders.Stamp, loaders.Stamp]:
    """What changes when the run's newest saved step does, or the choice at its end; RunError when nothing is saved."""
    saved = checkpoints.saved_steps(run.folder)
    if not saved and run_status.status_of(run).active:
        raise RunError(
            f"run {run.id!r} is still training and has saved nothing yet; ask it when its first epoch is over, or "
            "choose another run"
        )
    if not saved:
        raise RunError(
            f"run {run.id!r} has no saved weights, so it cannot be asked about a photo; choose another run, or train "
            "this one again"
        )
    newest = run.folder / "steps" / str(saved[-1]) / "COMMIT.json"
    return loaders.stamp(newest), loaders.stamp(run.folder / "summary.json")


def is_ready(run: Run) -> bool:
    """Whether the model is in memory, so that an answer takes no noticeable time."""
    return stamp(run) in _ready()


@st.cache_resource(show_spinner=False)
def _ready() -> set[tuple[loaders.Stamp, loaders.Stamp]]:
    return set()


def _forget(_: Any) -> None:
    """A model that leaves the cache: which one is not told, so all are asked for again with a skeleton."""
    _ready().clear()


@st.cache_resource(max_entries=2, show_spinner=False, on_release=_forget)
def _model(key: tuple[loaders.Stamp, loaders.Stamp], _run: Run) -> Any:
    if rights.is_review_copy():
        from fashion_core.models import without_torch

        return without_torch.load(_run)
    from fashion_core.models import device, inference

    return inference.load_model(_run, device.choose_device("auto"))


def look(run: Run, inputs_HW3: Sequence[np.ndarray]) -> "Looked":
    """What the model says of photos that have the run's image size already (uint8 H x W x 3)."""
    with _lock:
        key = stamp(run)
        model = _model(key, run)
        _ready().add(key)
        if rights.is_review_copy():
            from fashion_core.models import without_torch

            return without_torch.look_at_photos(model, np.stack(inputs_HW3))
        from fashion_core.models import inference

        return inference.look_at_photos(model, [Image.fromarray(array) for array in inputs_HW3], run.settings)


def prepare_unlike(run: Run, dataset: Dataset) -> None:
    """Let the model look at its validation photos, to tell later what is unlike those that it learnt from."""
    with _lock:
        from fashion_core.models import unlike

        unlike.prepare(run, dataset, model=_model(stamp(run), run))


@dataclass(frozen=True, eq=False)
class Explanation:
    """Grad-CAM of a photo for a class, the same of networks with random weights, how alike each of those is (-1 to 1),
    and the rows and columns of the grid that the maps were computed on."""

    map_HW: np.ndarray
    untrained: list[np.ndarray]
    likeness: list[float]
    grid: tuple[int, int]


def explain(run: Run, input_HW3: np.ndarray, class_index: int) -> Explanation:
    """Why a photo might be of a class; kept for this session. Takes torch, which a review copy does not load."""
    return _explain((stamp(run), hashlib.sha256(input_HW3.tobytes()).hexdigest(), class_index), run, input_HW3)


@st.cache_data(max_entries=64, show_spinner=False, scope="session")
def _explain(key: tuple[Any, str, int], _run: Run, _input_HW3: np.ndarray) -> Explanation:
    with _lock:
        from fashion_core.models import saliency as explaining

        model = _model(key[0], _run)
        channels, class_index = _run.settings.channels, key[2]
        found_HW = explaining.grad_cam(model, _input_HW3, channels, class_index)
        others = explaining.untrained_maps(_run, _input_HW3, class_index)
        return Explanation(
            found_HW,
            others,
            [explaining.likeness(found_HW, other) for other in others],
            explaining.grid_of(model, _input_HW3, channels),
        )
