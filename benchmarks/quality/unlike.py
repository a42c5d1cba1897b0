"""How many of a run's own photos are called unlike training, and how many strangers are caught.

    python -m benchmarks.quality.unlike RUN... [--data-dir DIR] [--runs-dir DIR]

Prepares the question afresh for each run (writes its unlike.npz) and prints a table in Markdown: own validation and
test photos, noise and blanks in two sizes, and photos of every other dataset that is here. The pictures are others than
those by which the measures were chosen (LOG: unlike-training).
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated

import numpy as np
import pandas as pd
import typer
from PIL import Image

from fashion_core import paths
from fashion_core.data import datasets
from fashion_core.data.sources import readers
from fashion_core.metrics.intervals import proportion
from fashion_core.metrics.wording import with_interval
from fashion_core.models import device, inference, unlike
from fashion_core.runs import familiar, runs

STRANGERS, OWN = 200, 1500
SEED = 2027  # the measures were chosen with seeds 0 to 9
CHUNK = 256


def noise(size: int) -> Iterator[tuple[str, Callable[[np.random.Generator], np.ndarray]]]:
    """Names and makers of H x W x 3 pictures of nothing."""
    yield f"uniform noise, {size} px", lambda chance: chance.uniform(0, 256, (size, size, 3))
    yield f"Gaussian noise, {size} px", lambda chance: chance.normal(128, 50, (size, size, 3))
    yield f"grey noise, {size} px", lambda chance: chance.uniform(0, 256, (size, size, 1)) * np.ones(3)
    yield f"one colour, {size} px", lambda chance: chance.uniform(0, 256, 3) * np.ones((size, size, 3))


def pictures_of(dataset: datasets.Dataset, split: str | None, most: int) -> list[Image.Image]:
    frame = dataset.manifest()
    frame = frame[(frame["status"] == "ok") & ((frame["split"] == split) | (split is None))]
    drawn = frame.sample(min(most, len(frame)), random_state=SEED)
    return [readers.open_photo_of(dataset.kind, dataset.root, path) for path in drawn["path"]]


def measure(run: runs.Run, others: list[datasets.Dataset]) -> pd.Series:
    """Share called unlike of each kind of picture, in words."""
    own = runs.dataset_of(run, others)
    assert own is not None, f"the photos of {run.id} are not here"
    unlike.prepare(run, own)
    reference, model = familiar.of_run(run), inference.load_model(run, device.choose_device("auto"))
    assert reference is not None

    def share(pictures: list[Image.Image]) -> str:
        called = 0
        for start in range(0, len(pictures), CHUNK):
            looked = inference.look_at_photos(model, pictures[start : start + CHUNK], run.settings)
            called += int(reference.is_unlike(looked.photos_NHW3, looked.energies_N).sum())
        return with_interval(proportion(called, len(pictures)))

    found = {f"own {split}": share(pictures_of(own, split, OWN)) for split in ("val", "test") if own.splits.get(split)}
    for size in (32, 400):
        for name, make in noise(size):
            chance = np.random.default_rng([SEED, size])
            made = [np.clip(make(chance), 0, 255).astype(np.uint8) for _ in range(STRANGERS)]
            found[name] = share([Image.fromarray(array) for array in made])
    for dataset in others:
        if dataset.fingerprint != own.fingerprint:
            found[dataset.name] = share(pictures_of(dataset, None, STRANGERS))
    return pd.Series(found, name=run.id)


def main(
    names: Annotated[list[str], typer.Argument(metavar="RUN...")],
    data_dir: Path = paths.default_data_dir(),  # noqa: B008
    runs_dir: Path = paths.default_runs_dir(),  # noqa: B008
) -> None:
    """Print the table."""
    here = datasets.list_datasets(data_dir)
    columns = [measure(runs.find_run(runs_dir, name), here) for name in names]
    table = pd.DataFrame(columns).T.fillna("")
    print("| called unlike, % | " + " | ".join(table.columns) + " |")
    print("|---" * (len(table.columns) + 1) + "|")
    for name, row in table.iterrows():
        print(f"| {name} | " + " | ".join(row) + " |")


if __name__ == "__main__":
    typer.run(main)
