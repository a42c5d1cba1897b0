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
    with tempfile.TemporaryDirectory() as scratch:
        folders = Path(scratch) / "folders"
        words = ["folders", options.dataset, str(folders)]
        named = {"FASHION_DATA": str(options.data_dir)}
        subprocess.run(
            [sys.executable, "-m", "fashion_core", *words],
            cwd=ROOT,
            env={**environment(options.threads, True), **named},
            check=True,
            capture_output=True,
        )

        def plain_seconds() -> list[float]:
            told = measured(
                "plain_script", folders, "--steps", options.plain_steps, "--json", threads=options.threads,
                allocator=False,
            )  # fmt: skip
            return told["seconds"][10:]

        plain = plain_seconds()
        report = None
        if options.goal is None:
            report = trained(options, scratch, "report", "--set", f"epochs={options.epochs}", "--set", "batch_size=32")
        recipe = trained(
            options, scratch, "recipe", "--recipe", options.recipe, *(w for s in options.sets for w in ("--set", s))
        )
        plain += plain_seconds()
        goal = epochs_of(report)[-1]["val_accuracy"] if report else options.goal
        steps = -(-dataset.splits["train"] // 32) * options.epochs
        reached = next((row for row in epochs_of(recipe) if row["val_accuracy"] >= goal), None)
        found = {
            "dataset": dataset.name,
            "machine": f"{platform.machine()}, {options.threads} threads",
            "goal": goal,
            "plain_seconds": median(plain) * steps,
            "report_seconds": epochs_of(report)[-1]["seconds"] if report else None,
            "recipe": f"{options.recipe} {' '.join(options.sets)}".strip(),
            "recipe_epoch": reached and reached["epoch"],
            "recipe_seconds": reached and reached["seconds"],
            "recipe_ends_at": [epochs_of(recipe)[-1]["val_accuracy"], epochs_of(recipe)[-1]["seconds"]],
        }
    print(f"goal: validation accuracy {goal:.3f}, which `report` has after {options.epochs} epochs" if report
          else f"goal: validation accuracy {goal:.3f}, as given")  # fmt: skip
    print(f"plain script   {found['plain_seconds']:8.0f} s   ({1000 * median(plain):.0f} ms a step, {steps:,} steps)")
    if report:
        print(f"ours, report   {found['report_seconds']:8.0f} s")
    if reached:
        times = found["plain_seconds"] / reached["seconds"]
        print(f"{found['recipe']:<14} {reached['seconds']:8.0f} s   epoch {reached['epoch']}: {times:.1f} x sooner")
    else:
        print(f"{found['recipe']} never reached it")
    print(json.dumps(found))


if __name__ == "__main__":
    main()
