"""The trainer's speed against a plain script and against the machine itself, as ratios, in one interleaved run.

python -m benchmarks.speed.training --dataset NAME [--data-dir DATA] [--steps 40] [--repeats 3] [--quick]
python -m benchmarks.speed.training --dataset NAME [--data-dir DATA] --losses [--steps 96]
python -m benchmarks.speed.training --dataset NAME [--data-dir DATA] --beside 2 [--repeats 3]

Takes an imported dataset with photos on disk. Every measurement is a process of its own, on the CPU: the plain script
(plain_script.py) with the environment as it is, ours with the one that training is launched with. All take turns, each
other round backwards, so that a machine that slows down slows all of them; a cell is the median of the rounds with its
range. ``--losses`` instead trains both with three seeds and compares the losses at the end;
``--beside`` trains alone and beside so many busy loops, with threads that wait asleep and with threads that spin.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import mean, median, stdev
from typing import Any

import torch
from scipy import stats

from fashion_core import paths
from fashion_core.data import datasets
from fashion_core.data.exports import formats
from fashion_core.launch import background
from fashion_core.launch.background import WAITING
from fashion_core.paths import PROJECT_ROOT as ROOT

WARM = 10  # steps that are not timed: the first ones fill the allocator and start the loader's workers
SWITCHES = {
    "bfloat16": ["--set", "precision=bfloat16"],
    "torch.compile": ["--set", "compile=on"],
    "NCHW, no channels_last": ["--nchw"],
    "no allocator settings": [],
    "batch 128": ["--set", "batch_size=128"],
}
GOALS = {"epoch": 3.0, "input": 12.0, "floor": 1.6}


def environment(threads: int, allocator: bool, waiting: bool | None = None) -> dict[str, str]:
    """This process's environment without any settings of allocator and threads, or with ours."""
    ours = {
        **(background.ALLOCATOR if allocator else {}),
        **(WAITING if (allocator if waiting is None else waiting) else {}),
    }
    kept = {name: value for name, value in os.environ.items() if not name.startswith("MALLOC_") and name not in WAITING}
    return {**kept, **ours, "OMP_NUM_THREADS": str(threads)}


@contextmanager
def beside(num: int) -> Iterator[None]:
    """So many processes that keep a core each busy."""
    loop = "import os\nparent = os.getppid()\nwhile os.getppid() == parent: pass"  # ends with this process, however
    loops = [subprocess.Popen([sys.executable, "-c", loop]) for _ in range(num)]
    try:
        yield
    finally:
        for process in loops:
            process.kill()
            process.wait()


def measured(script: str, *words: Any, threads: int, allocator: bool, waiting: bool | None = None) -> dict[str, Any]:
    """The line of JSON that a benchmark of this folder ends with, in a process of its own; ``error`` if it fails."""
    done = subprocess.run(
        [sys.executable, "-m", f"benchmarks.speed.{script}", *map(str, words)],
        cwd=ROOT,
        env=environment(threads, allocator, waiting),
        capture_output=True,
        text=True,
    )
    if done.returncode:
        return {"error": (done.stderr.strip().splitlines() or ["no message"])[-1]}
    return json.loads(done.stdout.splitlines()[-1])


def describe(threads: int) -> float:
    """Print what this ran on; the load average before it began."""
    load = os.getloadavg()[0]
    told = Path("/proc/cpuinfo").read_text() if Path("/proc/cpuinfo").exists() else ""
    name = next((line.split(":")[1].strip() for line in told.splitlines() if line.startswith("model name")), "")
    print(f"{name or platform.processor() or platform.machine()}, {os.cpu_count()} cores, {threads} threads, "
          f"{torch.backends.cpu.get_cpu_capability()}; torch {torch.__version__}, Python {platform.python_version()}; "
          f"load average {load:.2f}")  # fmt: skip
    if load > 0.5:
        print(f"WARNING: the machine was busy when this began (load {load:.2f} > 0.5); do not trust these numbers.")
    return load


class Rounds:
    """What was measured, by name, over the rounds."""

    def __init__(self, options: argparse.Namespace, folders: Path) -> None:
        self.options, self.folders = options, folders
        self.found: dict[str, list[dict[str, Any]]] = {}
        self.errors: dict[str, str] = {}

    def plain(self, name: str, workers: int, *more: Any) -> None:
        steps, warm = self.options.steps, self.options.warm
        words = [self.folders, "--workers", workers, "--steps", steps, *more, "--json"]
        told = measured("plain_script", *words, threads=self.options.threads, allocator=False)
        if "error" not in told:
            told["ms_per_image"] = 1000 * sum(told["seconds"][warm:]) / sum(told["images"][warm:])
        self.keep(name, told)

    def task(
        self,
        name: str,
        task: str,
        *more: Any,
        allocator: bool = True,
        waiting: bool | None = None,
        steps: int = 0,
        warm: int = -1,
    ) -> None:
        options = self.options
        words = [task, "--dataset", options.dataset, "--data-dir", options.data_dir, "--folders", self.folders]
        words += ["--steps", steps or options.steps, "--warm", options.warm if warm < 0 else warm, *more]
        named = {"allocator": allocator, "waiting": waiting}
        self.keep(name, measured("training_tasks", *words, threads=options.threads, **named))

    def keep(self, name: str, told: dict[str, Any]) -> None:
        """Take note of one measurement."""
        print(f"{name}: {told.get('error') or format(told['ms_per_image'], '.3f') + ' ms an image'}", file=sys.stderr)
        if "error" in told:
            self.errors[name] = told["error"]
        else:
            self.found.setdefault(name, []).append(told)

    def ms(self, name: str) -> float:
        values = [told["ms_per_image"] for told in self.found.get(name, [])]
        return median(values) if values else float("nan")

    def cell(self, name: str) -> str:
        """Median [least, most] in milliseconds an image."""
        values = [told["ms_per_image"] for told in self.found.get(name, [])]
        if not values:
            return f"did not run: {self.errors.get(name, 'not asked for')}"
        return f"{median(values):8.3f}  [{min(values):.3f}, {max(values):.3f}]"

    def round(self, backwards: bool) -> None:
        """Everything once."""
        steps, warm = self.options.steps, self.options.warm
        todo = [
            lambda: self.plain("plain, 0 workers", 0),
            lambda: self.task("ours", "train"),
            lambda: self.plain("plain, 2 workers", 2),
            lambda: self.task("plain input", "plain-input", allocator=False),
            lambda: self.task("our input", "our-input", steps=5 * steps),
            lambda: self.task("plain step", "plain-step", allocator=False),
            lambda: self.task("our step", "our-step"),
        ]
        for name, words in SWITCHES.items() if self.options.switches else ():
            named = {"allocator": name != "no allocator settings"}
            if name == "batch 128":  # about as many images
                words = [*words, "--log-every", "5"]
                named |= {"warm": warm // 2, "steps": warm // 2 + max(5, (steps - warm) // 4 // 5 * 5)}
            todo.append(lambda name=name, words=words, named=named: self.task(name, "train", *words, **named))
        for measure in reversed(todo) if backwards else todo:
            measure()


def verdict(ratio: float, goal: float, at_least: bool) -> str:
    held = ratio >= goal if at_least else ratio <= goal
    return f"{ratio:6.2f}   {'>=' if at_least else '<='} {goal:g} {'yes' if held else 'NO'}"


def print_tables(rounds: Rounds) -> None:
    """The ratios, the shares of a step, and the switches."""
    ours = rounds.ms("ours")
    print("\nms an image: median [range]                                  ratio   goal")
    print(f"whole epoch    ours               {rounds.cell('ours')}")
    for workers in (0, 2):
        name = f"plain, {workers} workers"
        print(
            f"               {name:<19}{rounds.cell(name):<28}{verdict(rounds.ms(name) / ours, GOALS['epoch'], True)}"
        )
    print(f"input alone    ours               {rounds.cell('our input')}")
    ratio = rounds.ms("plain input") / rounds.ms("our input")
    print(f"               {'JPEG + PIL':<19}{rounds.cell('plain input'):<28}{verdict(ratio, GOALS['input'], True)}")
    print(f"model step     plain script       {rounds.cell('plain step')}")
    print(f"               {'ours':<19}{rounds.cell('our step')}")
    if steps := rounds.found.get("our step"):
        gflops, flops = max(told["gemm_gflops"] for told in steps), steps[0]["flops_per_image"]
        floor = flops / gflops / 1e6
        against = verdict(rounds.ms("our step") / floor, GOALS["floor"], False)
        print(f"               {'ours / the floor':<19}{floor:8.3f}{'':<20}{against}")
        print(f"               the floor: {flops / 1e9:.3f} GFLOP an image at {gflops:.0f} GFLOP/s, the best of "
              "several large float32 matrix products")  # fmt: skip
    for told in rounds.found.get("shares", []):
        print(f"\nwhere the time goes: {told['ms_per_image']:.3f} ms an image, through fashion_core.training.loop")
        for name, ms in sorted(told["ms_of"].items(), key=lambda item: -item[1]):
            print(f"  {name:<28}{ms:8.3f}{ms / told['ms_per_image']:8.1%}")
    if rounds.options.switches:
        print("\nswitches: ms an image, and times ours (more than 1 is slower)")
        for name in SWITCHES:
            print(f"  {name:<28}{rounds.cell(name):<28}{rounds.ms(name) / ours:6.2f}")


def compare_speed(options: argparse.Namespace, folders: Path) -> None:
    rounds = Rounds(options, folders)
    for number in range(options.repeats):
        started = time.monotonic()
        rounds.round(backwards=number % 2 == 1)
        print(f"round {number + 1} of {options.repeats}: {time.monotonic() - started:.0f} s", file=sys.stderr)
    rounds.task("shares", "train", "--shares")
    print_tables(rounds)
    for name, error in rounds.errors.items():
        print(f"failed: {name}: {error}", file=sys.stderr)


def compare_waiting(options: argparse.Namespace, folders: Path) -> None:
    """Train with sleeping and with spinning threads, alone and beside busy loops, in turn."""
    rounds = Rounds(options, folders)
    cells = [(waiting, num) for num in (0, options.beside) for waiting in (True, False)]

    def name(waiting: bool, num: int) -> str:
        return f"{'asleep' if waiting else 'spinning'}, {f'beside {num} loops' if num else 'alone'}"

    for number in range(options.repeats):
        for waiting, num in reversed(cells) if number % 2 else cells:
            with beside(num):
                rounds.task(name(waiting, num), "train", waiting=waiting)
    best = rounds.ms(name(False, 0))
    print("\nthreads that wait           ms an image: median [range]   of the speed of spinning alone")
    for waiting, num in cells:
        told = name(waiting, num)
        print(f"  {told:<26}{rounds.cell(told):<30}{best / rounds.ms(told):6.2f}")


def compare_losses(options: argparse.Namespace, folders: Path, num_seeds: int = 3) -> None:
    """Train both with each seed and compare the mean training losses of the last fifth of the steps."""
    rounds = Rounds(options, folders)
    steps, found = options.steps, {"plain script": [], "ours": []}
    for seed in range(num_seeds):
        rounds.plain("plain script", 0, "--seed", seed)
        rounds.task("ours", "train", "--seed", seed, "--log-every", 1, warm=0)
        if rounds.errors:
            sys.exit(f"a training process failed: {rounds.errors}")
        for name, losses in found.items():
            last = rounds.found[name][-1]["losses"][-max(1, steps // 5) :]
            losses.append(mean(last))
            print(f"seed {seed}: {name:<14} {losses[-1]:.4f}", flush=True)
    print(f"\nmean training loss of the last fifth of {steps} steps of batch 32, {num_seeds} seeds")
    for name, losses in found.items():
        print(f"  {name:<14}{mean(losses):8.4f} +- {stdev(losses):.4f} (standard deviation)")
    test = stats.ttest_ind(found["ours"], found["plain script"], equal_var=False)  # Welch
    low, high = test.confidence_interval(0.95)
    within = low <= 0 <= high
    difference = mean(found["ours"]) - mean(found["plain script"])
    print(f"  difference    {difference:8.4f}, 95 % [{low:.4f}, {high:.4f}], p {test.pvalue:.2f} (Welch)")
    print(f"  the difference is {'within' if within else 'NOT within'} the spread of the seeds; a difference below "
          f"{(high - low) / 2:.4f} ({(high - low) / 2 / mean(found['plain script']):.1%} of the loss) "
          "would not be seen")  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--dataset", required=True)
    parser.add_argument("--data-dir", type=Path, default=paths.default_data_dir())
    parser.add_argument("--folders", type=Path, help="class folders of the dataset, if they are there already")
    parser.add_argument("--steps", type=int, help=f"a multiple of 10 above {WARM}; 40, or 96 with --losses")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--no-switches", dest="switches", action="store_false")
    parser.add_argument("--quick", action="store_true", help="one round of 10 cold steps: to see that it runs")
    parser.add_argument("--losses", action="store_true", help="compare losses over three seeds instead of speed")
    parser.add_argument("--beside", type=int, default=0, help="busy loops beside which training is measured instead")
    options = parser.parse_args()
    options.steps = options.steps or (10 if options.quick else 96 if options.losses else 40)
    options.repeats, options.warm = (1, 0) if options.quick else (options.repeats, WARM)
    options.data_dir = options.data_dir.resolve()
    if not options.losses and (options.steps % 10 or options.steps <= options.warm):
        parser.error(f"--steps must be a multiple of 10 above {options.warm}, got {options.steps}")
    describe(options.threads)
    with tempfile.TemporaryDirectory() as temporary:
        folders = options.folders
        if options.beside:
            folders = Path(temporary)
        elif folders is None:  # what `python -m fashion_core folders DATASET DEST` writes
            folders = Path(temporary) / "folders"
            formats.write(datasets.find_dataset(options.data_dir, options.dataset), folders)
        compare = compare_losses if options.losses else compare_waiting if options.beside else compare_speed
        compare(options, folders.resolve())


if __name__ == "__main__":
    main()
