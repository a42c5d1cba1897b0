"""A lab with what the browser's tests of Evaluation open."""

import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from fashion_core import storage
from fashion_core.data import datasets, pixels
from tests.support.made_runs import make_run
from tests.support.places import ROOT

SHIPPED = ROOT / "checkpoints" / "strong-drawn"


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The shipped run, and a dataset with its fingerprint and its 600 test photos, each 32 x 32 of one colour."""
    data, runs_dir = tmp_path_factory.mktemp("data"), tmp_path_factory.mktemp("runs")
    shutil.copytree(SHIPPED, runs_dir / "shipped")
    make_run(runs_dir / "many", tuple(f"sku_{k:02}" for k in range(40)), counts={"test": 400}, embeddings=False)
    config = json.loads((SHIPPED / "config.json").read_text())
    predictions = pd.read_parquet(SHIPPED / "predictions-test.parquet")
    folder, n = data / "demo", len(predictions)
    folder.mkdir()
    text = {name: "" for name in ("phash", "reason")}
    columns = {"split": "test", "width": 32, "height": 32, "bytes": 1, "sha256": "0", "status": "ok", **text}
    rows = predictions[["image_id", "label"]].assign(path=predictions["image_id"], **columns)
    storage.write_parquet(folder / "manifest.parquet", rows)
    with pixels.create(folder / "pixels-32x32.npy", n, 32, 32) as array_NHW3:
        array_NHW3[:] = np.random.default_rng(0).integers(40, 220, (n, 1, 1, 3))
    record = config["dataset"]
    pixels.seal(folder, folder / "pixels-32x32.npy", record["fingerprint"])
    datasets.write(
        folder,
        datasets.Dataset(
            id="demo", folder=folder, name=record["name"], kind="demo", root=folder, classes=tuple(config["classes"]),
            groups={}, synthetic=True, note="", split_rule="as given", bring=record["bring"],
            fingerprint=record["fingerprint"], splits={"test": n}, num_images=n, num_damaged=0, num_missing=0,
            first_pixels=(32, 32),
        ),
    )  # fmt: skip
    return {"data": data, "runs": runs_dir}
