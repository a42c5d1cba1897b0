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
from pathlib import Path

import numpy as np

from fashion_core.data.sources import photos
from fashion_core.models import onnx
from fashion_core.models.classifier import Classifier
from fashion_core.runs import runs


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

    began = time.perf_counter()
    classify = Classifier(asked.run, device="cpu")
    loading = {"torch_seconds": time.perf_counter() - began}
    with tempfile.TemporaryDirectory() as folder:
        onnx.write(run, Path(folder) / "model.onnx")
        import onnxruntime

        began = time.perf_counter()
        session = onnxruntime.InferenceSession(Path(folder) / "model.onnx", providers=["CPUExecutionProvider"])
        loading["onnx_seconds"] = time.perf_counter() - began

    def by_onnx(chosen: list[Path]) -> np.ndarray:
        sized = [photos.resize(photos.open_photo(path), width, height, run.settings.resize) for path in chosen]
        return session.run(["probabilities"], {"images": np.stack(sized)})[0]

    def by_torch(chosen: list[Path]) -> np.ndarray:
        return classify.probabilities([photos.open_photo(path) for path in chosen])

    ways = {"torch": by_torch, "onnx": by_onnx}
    difference = float(np.abs(by_torch(paths) - by_onnx(paths)).max())
    alone: dict[str, list[float]] = {name: [] for name in ways}
    bulk: dict[str, list[float]] = {name: [] for name in ways}
    for turn in range(asked.rounds):
        for number, path in enumerate(paths):
            for name in sorted(ways, reverse=bool((turn + number) % 2)):
                began = time.perf_counter()
                ways[name]([path])
                alone[name].append(time.perf_counter() - began)
        for name in sorted(ways, reverse=bool(turn % 2)):
            began = time.perf_counter()
            ways[name](paths)
            bulk[name].append(len(paths) / (time.perf_counter() - began))
    told = {
        name: {
            "one_photo_ms_p50": round(1000 * float(np.percentile(alone[name], 50)), 2),
            "one_photo_ms_p95": round(1000 * float(np.percentile(alone[name], 95)), 2),
            "photos_per_second_in_bulk": round(float(np.median(bulk[name])), 1),
        }
        for name in ways
    }
    answer = {
        "photos": len(paths),
        "rounds": asked.rounds,
        "input": f"{width} x {height}",
        "load_at_the_end": os.getloadavg()[0],
        "largest_difference": difference,
        **{name: round(value, 3) for name, value in loading.items()},
        **told,
    }
    print(json.dumps(answer, indent=1))


if __name__ == "__main__":
    main()
