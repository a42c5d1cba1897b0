"""Seconds until a recipe reaches what the report's recipe reaches in 15 epochs, beside the plain script's.

python -m benchmarks.speed.time_to_accuracy --dataset NAME [--data-dir DATA] [--recipe strong --set ...] [--goal 0.68]

The goal is the validation accuracy that our `report` run ends with after ``--epochs`` epochs (same mathematics as the
plain script, see training_speed.py --losses); with ``--goal`` it is that accuracy, known from an earlier run. The plain
script's time is its seconds a step, measured over ``--plain-steps`` steps before and after the runs, times the steps of
those epochs. The recipe's time is the training seconds of the first epoch whose validation reached the goal; validation
and the photo cache are not counted for anybody. Everything runs in one call, one after the other, each as a process of
its own.
"""

import argparse
import json
import platform
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.speed.training import ROOT, environment, measured
from fashion_core import paths, storage
from fashion_core.data import datasets
from fashion_core.runs import runs


def trained(options: argparse.Namespace, runs_dir: str, name: str, *words: str) -> runs.Run:
    """A run through the command line, in the environment that training is launched with."""
    subprocess.run(
        [sys.executable, "-m", "fashion_core", "train", options.dataset, "--run-id", name, *words],
        cwd=ROOT,
        env={**environment(options.threads, True), "FASHION_DATA": str(options.data_dir), "FASHION_RUNS": runs_dir},
        check=True,
        capture_output=True,
    )
    return runs.open_run(Path(runs_dir) / name)


def epochs_of(run: runs.Run) -> list[dict[str, Any]]:
    return [row for row in storage.read_lines(run.folder / "metrics.jsonl") if row["kind"] == "epoch"]


def plain_seconds(options: argparse.Namespace, folders: Path) -> list[float]:
    """Seconds of each step of the plain script, without the first ten."""
    steps = ("--steps", options.plain_steps, "--json")
    told = measured("plain_script", folders, *steps, threads=options.threads, allocator=False)
    return told["seconds"][10:]


def write_folders(options: argparse.Namespace, folders: Path) -> None:
    """The dataset as the class folders that the plain script reads."""
    subprocess.run(
        [sys.executable, "-m", "fashion_core", "folders", options.dataset, str(folders)],
        cwd=ROOT,
        env={**environment(options.threads, True), "FASHION_DATA": str(options.data_dir)},
        check=True,
        capture_output=True,
    )


def compared(options: argparse.Namespace, steps: int, scratch: Path) -> dict[str, Any]:
    """So many steps of the plain script, timed before and after our runs, and when the recipe reached the goal."""
    folders = scratch / "folders"
    write_folders(options, folders)
    plain = plain_seconds(options, folders)
    report = None
    if options.goal is None:
        sets = ("--set", f"epochs={options.epochs}", "--set", "batch_size=32")
        report = trained(options, str(scratch), "report", *sets)
    sets = tuple(word for item in options.sets for word in ("--set", item))
    recipe = epochs_of(trained(options, str(scratch), "recipe", "--recipe", options.recipe, *sets))
    plain += plain_seconds(options, folders)
    goal = epochs_of(report)[-1]["val_accuracy"] if report else options.goal
    reached = next((row for row in recipe if row["val_accuracy"] >= goal), None)
    return {
        "dataset": datasets.find_dataset(options.data_dir, options.dataset).name,
        "machine": f"{platform.machine()}, {options.threads} threads",
        "goal": goal,
        "plain_seconds": median(plain) * steps,
        "report_seconds": epochs_of(report)[-1]["seconds"] if report else None,
        "recipe": f"{options.recipe} {' '.join(options.sets)}".strip(),
        "recipe_epoch": reached and reached["epoch"],
        "recipe_seconds": reached and reached["seconds"],
        "recipe_ends_at": [recipe[-1]["val_accuracy"], recipe[-1]["seconds"]],
    }


def print_words(found: dict[str, Any], epochs: int, steps: int) -> None:
    report, reached = found["report_seconds"], found["recipe_seconds"]
    print(f"goal: validation accuracy {found['goal']:.3f}, which `report` has after {epochs} epochs" if report
          else f"goal: validation accuracy {found['goal']:.3f}, as given")  # fmt: skip
    plain = found["plain_seconds"]
    print(f"plain script   {plain:8.0f} s   ({1000 * plain / steps:.0f} ms a step, {steps:,} steps)")
    if report:
        print(f"ours, report   {report:8.0f} s")
    if reached:
        times = plain / reached
        print(f"{found['recipe']:<14} {reached:8.0f} s   epoch {found['recipe_epoch']}: {times:.1f} x sooner")
    else:
        print(f"{found['recipe']} never reached it")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dataset", required=True)
    parser.add_argument("--data-dir", type=Path, default=paths.default_data_dir())
    parser.add_argument("--recipe", default="strong")
    parser.add_argument("--set", action="append", default=[], dest="sets", metavar="key=value")
    parser.add_argument("--epochs", type=int, default=15, help="of the report's recipe")
    parser.add_argument("--goal", type=float, help="validation accuracy to reach, instead of training the report's")
    parser.add_argument("--plain-steps", type=int, default=60)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    dataset = datasets.find_dataset(options.data_dir, options.dataset)
    steps = -(-dataset.splits["train"] // 32) * options.epochs
    with tempfile.TemporaryDirectory() as scratch:
        found = compared(options, steps, Path(scratch))
    print_words(found, options.epochs, steps)
    print(json.dumps(found))


if __name__ == "__main__":
    main()
