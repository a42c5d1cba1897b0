"""A run's model as one ONNX file that needs nothing of this lab. Takes a run, writes a file, and checks it.

    input   images         uint8 B x H x W x 3, RGB, brought to the size that the metadata names
    output  probabilities  float32 B x K, in the order of the metadata's classes
    output  features       float32 B x D, what stands before the last layer
    output  logits         float32 B x K, what the probabilities are the softmax of

Normalising and the order of the channels are inside the graph; resizing is not. Needs onnx and onnxscript, and
onnxruntime for the check. B batch, H height, W width, D features, K classes.
"""

import json
import warnings
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from fashion_core import storage
from fashion_core.errors import RunError
from fashion_core.models import inference
from fashion_core.models.input import to_input
from fashion_core.runs import checkpoints, runs
from fashion_core.runs.summary import Summary

if TYPE_CHECKING:
    import onnx

NEEDS = ("onnx", "onnxscript", "onnxruntime")
TOLERANCE = 1e-4
LEAST_HALVED = 256  # numbers; a node takes more bytes than smaller weights save


class _WithInput(torch.nn.Module):
    """The network with what stands before it (normalising) and after it (softmax)."""

    def __init__(self, model: Any, channels: str) -> None:
        super().__init__()
        self.model, self.channels = model, channels

    def forward(self, images_BHWC: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        features_BD = self.model.embed(to_input(images_BHWC, self.channels))
        logits_BK = self.model.head(features_BD)
        return torch.softmax(logits_BK, dim=1), features_BD, logits_BK


def metadata(run: runs.Run) -> dict[str, str]:
    """What the file says of itself: classes, input, where it comes from, what it scored; text, lists as JSON."""
    width, height = run.settings.image_size
    found = {
        "classes": json.dumps(list(run.classes), ensure_ascii=False),
        "width": str(width),
        "height": str(height),
        "resize": f"{run.settings.resize}, bilinear, as Pillow's Image.resize does it",
        "input": "uint8 RGB, batch x height x width x 3; normalising is inside",
        "run_id": run.id,
        "weights": _weights_hash(run),
        "recipe": run.recipe,
        "dataset": run.dataset.name,
        "dataset_fingerprint": run.dataset.fingerprint,
        "synthetic": json.dumps(bool(run.dataset.synthetic)),
    }
    scores = (run.summary() or Summary()).scores
    for split in ("test", "val"):
        if split in scores:
            found["scores"] = json.dumps({"split": split, **scores[split].to_json()})
            break
    return found


def _weights_hash(run: runs.Run) -> str:
    """SHA-256 of the saved weights that the file is made of."""
    return checkpoints.weights_hash(run.folder, int(inference.step_to_use(run).name)) or ""


def missing() -> list[str]:
    """The packages that are not installed here."""
    return [name for name in NEEDS if find_spec(name) is None]


def write(run: runs.Run, destination: Path) -> dict[str, Any]:
    """Write the model as ``destination``; ``{bytes, photos_checked, largest_difference}``.

    onnxruntime answers 16 random photos before the file gets its name; RunError, and no file, when an answer differs
    from ours by more than 1e-4, or when a package is missing.
    """
    if absent := missing():
        raise RunError(
            f"an ONNX file needs {', '.join(absent)}, not installed here; run: pip install {' '.join(absent)}"
        )
    if destination.exists():
        raise RunError(f"{destination} exists already; choose another destination")
    import onnx

    width, height = run.settings.image_size
    model = inference.load_model(run, torch.device("cpu"))
    whole = _WithInput(model, run.settings.channels).eval()
    images_BHWC = np.random.default_rng(0).integers(0, 256, (16, height, width, 3), dtype=np.uint8)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporter's own, about its next versions
        program = torch.onnx.export(
            whole,
            (torch.from_numpy(images_BHWC[:2]),),
            dynamo=True,
            dynamic_shapes=({0: torch.export.Dim("batch")},),
            input_names=["images"],
            output_names=["probabilities", "features", "logits"],
            verbose=False,
        )
    assert program is not None
    proto = program.model_proto
    _halve(proto)
    onnx.helper.set_model_props(proto, metadata(run))
    onnx.checker.check_model(proto)
    data = proto.SerializeToString()
    difference = _difference(data, whole, images_BHWC)
    if not difference <= TOLERANCE:
        raise RunError(
            f"the ONNX file of run {run.id!r} answers {difference:.2g} off, more than {TOLERANCE}; not written"
        )
    storage.require_space(destination.parent, len(data), f"the ONNX file of run {run.id!r}")
    storage.write_bytes(destination, data)
    return {"bytes": len(data), "photos_checked": len(images_BHWC), "largest_difference": difference}


def _halve(proto: "onnx.ModelProto") -> None:
    """Keep in half precision the weights of which no bit is lost by it, as those of the runs that come with the lab; a
    Cast makes float32 of each again, so that answers stay the same to the bit."""
    import onnx

    graph = proto.graph
    casts = []
    for weight in graph.initializer:
        if weight.data_type != onnx.TensorProto.FLOAT:
            continue
        whole = onnx.numpy_helper.to_array(weight)
        with np.errstate(over="ignore"):
            half = whole.astype(np.float16)
        if whole.size < LEAST_HALVED or not np.array_equal(half.astype(np.float32), whole):
            continue
        name = weight.name
        weight.CopyFrom(onnx.numpy_helper.from_array(half, f"{name}.half"))
        casts.append(onnx.helper.make_node("Cast", [f"{name}.half"], [name], to=onnx.TensorProto.FLOAT))
    nodes = [*casts, *graph.node]
    del graph.node[:]
    graph.node.extend(nodes)


def _difference(data: bytes, whole: torch.nn.Module, images_BHWC: np.ndarray) -> float:
    """The largest difference of a probability between onnxruntime and us, one photo at a time and all at once."""
    import onnxruntime

    session = onnxruntime.InferenceSession(data, providers=["CPUExecutionProvider"])
    with torch.inference_mode():
        ours_BK = whole(torch.from_numpy(images_BHWC))[0].numpy()
    together_BK = session.run(["probabilities"], {"images": images_BHWC})[0]
    alone_K = session.run(["probabilities"], {"images": images_BHWC[:1]})[0]
    return float(max(np.abs(together_BK - ours_BK).max(), np.abs(alone_K - ours_BK[:1]).max()))
