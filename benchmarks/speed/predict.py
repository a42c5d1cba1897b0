"""One photo and many: our model in PyTorch against the same model as ONNX, from the file on the disk to the answer.

python -m benchmarks.speed.predict RUN_DIRECTORY PHOTOS_FOLDER [--photos 200] [--rounds 5]

The two take turns, photo by photo and round by round, so that what else the machine does meets both. Decoding and
resizing are in every number; loading the model is told apart. Prints one JSON document.
"""

import argparse
import json
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from fashion_core.data.sources import photos
from fashion_core.models import onnx
from fashion_core.models.classifier import Classifier
from fashion_core.runs import runs

Way = Callable[[list[Path]], np.ndarray]


def loaded(run: runs.Run, folder: Path) -> tuple[dict[str, Way], dict[str, float]]:
    """From photo files to probabilities with PyTorch and with ONNX, and the seconds that loading each took."""
    import onnxruntime

    width, height = run.settings.image_size
    began = time.perf_counter()
    classify = Classifier(run.folder, device="cpu")
    loading = {"torch_seconds": time.perf_counter() - began}
    onnx.write(run, folder / "model.onnx")
    began = time.perf_counter()
    session = onnxruntime.InferenceSession(folder / "model.onnx", providers=["CPUExecutionProvider"])
    loading["onnx_seconds"] = time.perf_counter() - began

    def by_onnx(paths: list[Path]) -> np.ndarray:
        sized = [photos.resize(photos.open_photo(path), width, height, run.settings.resize) for path in paths]
        return session.run(["probabilities"], {"images": np.stack(sized)})[0]

    def by_torch(paths: list[Path]) -> np.ndarray:
        return classify.probabilities([photos.open_photo(path) for path in paths])

    return {"torch": by_torch, "onnx": by_onnx}, loading


def seconds_of(way: Way, paths: list[Path]) -> float:
    began = time.perf_counter()
    way(paths)
    return time.perf_counter() - began


def timed(ways: dict[str, Way], paths: list[Path], rounds: int) -> dict[str, dict[str, float]]:
    """What each way takes for one photo and for all, the ways taking turns."""
    alone: dict[str, list[float]] = {name: [] for name in ways}
    bulk: dict[str, list[float]] = {name: [] for name in ways}
    for turn in range(rounds):
        for number, path in enumerate(paths):
            for name in sorted(ways, reverse=bool((turn + number) % 2)):
                alone[name].append(seconds_of(ways[name], [path]))
        for name in sorted(ways, reverse=bool(turn % 2)):
            bulk[name].append(len(paths) / seconds_of(ways[name], paths))
    return {
        name: {
            "one_photo_ms_p50": round(1000 * float(np.percentile(alone[name], 50)), 2),
            "one_photo_ms_p95": round(1000 * float(np.percentile(alone[name], 95)), 2),
            "photos_per_second_in_bulk": round(float(np.median(bulk[name])), 1),
        }
        for name in ways
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path)
    parser.add_argument("photos", type=Path)
    parser.add_argument("--photos", dest="num", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=5)
    asked = parser.parse_args()
    paths = sorted(path for path in asked.photos.rglob("*") if path.suffix.lower() in photos.EXTENSIONS)[: asked.num]
    if not paths:
        parser.error(f"{asked.photos} holds no photo")
    run = runs.open_run(asked.run)
    width, height = run.settings.image_size
    with tempfile.TemporaryDirectory() as folder:
        ways, loading = loaded(run, Path(folder))
    difference = float(np.abs(ways["torch"](paths) - ways["onnx"](paths)).max())
    times = timed(ways, paths, asked.rounds)
    answer = {
        "photos": len(paths),
        "rounds": asked.rounds,
        "input": f"{width} x {height}",
        "load_at_the_end": os.getloadavg()[0],
        "largest_difference": difference,
        **{name: round(value, 3) for name, value in loading.items()},
        **times,
    }
    print(json.dumps(answer, indent=1))


if __name__ == "__main__":
    main()
