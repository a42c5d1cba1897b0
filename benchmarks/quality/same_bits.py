"""Whether trainings repeat bit for bit on this machine's device: twice, stopped and resumed, batches made one by one.

    python -m benchmarks.quality.same_bits DATASET [--recipe report strong] [--set key=value] [--device auto]
    [--data-dir DATA]

Takes an imported dataset. Trains each recipe in this process into a temporary folder and compares weights, logged rows
and predictions as ``reproduce`` does. ``one batch at a time`` is asked on a GPU alone, where batches are made several
in one go.
"""

import argparse
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from fashion_core import paths
from fashion_core.compare import bitwise
from fashion_core.data import datasets
from fashion_core.models.device import choose_device
from fashion_core.runs import runs
from fashion_core.settings import config, recipes
from fashion_core.training import input_pipeline, loop, steps


def trained(run: runs.Run, dataset: datasets.Dataset, stop_at: int | None = None) -> runs.Run:
    """The run, trained; ``stop_at``: stopped after that step and taken up again."""
    for at in (None,) if stop_at is None else (stop_at, None):
        said: list[str] = []
        summary = loop.train(
            run, dataset, should_stop=lambda at=at, said=said: any(f"step {at} " in one for one in said[-3:]),
            say=said.append,
        )  # fmt: skip
        assert summary["status"] == ("finished" if at is None else "stopped"), summary["status"]
    return run


@contextmanager
def one_at_a_time() -> Iterator[None]:
    before = steps.can_be_ahead
    steps.can_be_ahead = lambda settings, device: False  # type: ignore[attr-defined]
    try:
        yield
    finally:
        steps.can_be_ahead = before  # type: ignore[attr-defined]


def trials(dataset: datasets.Dataset, settings: config.Settings, folder: Path) -> Iterator[tuple[str, str]]:
    """What was done again, and how it compares with the first training."""

    def made(name: str) -> runs.Run:
        return runs.create_run(dataset, settings, runs_dir=folder, run_id=f"{settings.recipe}-{name}")

    first = trained(made("first"), dataset)
    steps_per_epoch = first.config["steps_per_epoch"]
    middle = (settings.epochs - 1) * steps_per_epoch + max(1, steps_per_epoch // 2)  # in the middle of the last epoch
    yield "again", bitwise.compare(first, trained(made("again"), dataset)).sentence
    resumed = trained(made("resumed"), dataset, stop_at=middle)
    yield f"stopped after step {middle} and resumed", bitwise.compare(first, resumed).sentence
    if input_pipeline.can_be_ahead(settings, choose_device(settings.device)):
        with one_at_a_time():
            alone = trained(made("alone"), dataset)
        yield "one batch at a time", bitwise.compare(first, alone).sentence


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("dataset")
    parser.add_argument("--recipe", nargs="+", default=["report", "strong"])
    parser.add_argument("--set", dest="sets", action="append", default=[], help="key=value, for every recipe")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--data-dir", type=Path, default=paths.default_data_dir())
    given = parser.parse_args()
    dataset = datasets.find_dataset(given.data_dir, given.dataset)
    for recipe in given.recipe:
        settings = recipes.settings_for(recipe, [*given.sets, f"device={given.device}", "log_every=1"])
        with tempfile.TemporaryDirectory() as folder:
            for what, found in trials(dataset, settings, Path(folder)):
                print(f"{recipe} on {choose_device(given.device)}, {what}: {found}", flush=True)


if __name__ == "__main__":
    main()
