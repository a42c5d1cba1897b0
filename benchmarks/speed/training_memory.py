"""The memory and the speed of training from the map of a large dataset, against a small one at the same settings.

python -m benchmarks.speed.training_memory LARGE SMALL [--data-dir DATA] [--steps 300] [--repeats 3] [--cold]

Takes two imported datasets and trains ``steps`` steps of each in turn, in processes of their own with the allocator
settings of a launched run, on the CPU. /proc tells the most that a process held: RssAnon is its own memory, RssFile
what is mapped from files and can be dropped at any time (Linux only). ``--cold`` asks the kernel to forget the pixel
caches before each run.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.speed.training import WARM, describe, environment
from fashion_core import paths
from fashion_core.data import pixels
from fashion_core.data.datasets import Dataset, find_dataset
from fashion_core.paths import PROJECT_ROOT as ROOT
from fashion_core.settings import recipes

MOST_OWN, MOST_SLOWER = 3.0, 0.15  # GiB; a share of the small set's images a second


def trained(dataset: Dataset, options: argparse.Namespace) -> dict[str, Any]:
    """What training_tasks tells of ``steps`` steps, and the peaks of its process's memory in bytes."""
    words = ["train", "--dataset", dataset.id, "--data-dir", str(dataset.folder.parent)]
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.speed.training_tasks", *words]
        + ["--steps", str(options.steps), "--warm", str(WARM)],
        cwd=ROOT,
        env=environment(options.threads, allocator=True),
        stdout=subprocess.PIPE,
        text=True,
    )
    peaks: Counter[str] = Counter()
    while process.poll() is None:
        peaks |= Counter(held(process.pid))  # | of counters is the larger of each
        time.sleep(0.05)
    output = process.stdout.read() if process.stdout else ""
    if process.returncode:
        sys.exit(f"training on {dataset.id} ended with {process.returncode}; its reason stands above")
    return {**json.loads(output.splitlines()[-1]), **peaks}


def held(pid: int) -> dict[str, int]:
    """RssAnon, RssFile and VmRSS of a process in bytes; nothing when it has just ended."""
    try:
        told = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return {}
    return {name: 1024 * int(kib) for name, kib in re.findall(r"^(RssAnon|RssFile|VmRSS):\s+(\d+) kB", told, re.M)}


def forget(dataset: Dataset) -> None:
    """Ask the kernel to drop the pixel cache from its page cache; what another process maps may stay."""
    descriptor = os.open(pixels.cache_path(dataset, *recipes.REPORT.image_size), os.O_RDONLY)
    try:
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
    finally:
        os.close(descriptor)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("large")
    parser.add_argument("small")
    parser.add_argument("--data-dir", type=Path, default=paths.default_data_dir())
    parser.add_argument("--steps", type=int, default=300, help=f"a multiple of 10 above {WARM}")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--cold", action="store_true", help="forget the pixel caches before each run")
    options = parser.parse_args()
    if options.steps % 10 or options.steps <= WARM:
        parser.error(f"--steps must be a multiple of 10 above {WARM}, got {options.steps}")
    describe(options.threads)
    datasets = [find_dataset(options.data_dir.resolve(), name) for name in (options.large, options.small)]
    found: dict[str, list[dict[str, Any]]] = {dataset.id: [] for dataset in datasets}
    print(f"{'dataset':<20}{'photos':>9}{'own GiB':>10}{'files GiB':>11}{'images/s':>10}")
    for _ in range(options.repeats):
        for dataset in datasets:
            if options.cold:
                forget(dataset)
            told = trained(dataset, options)
            found[dataset.id].append(told)
            print(f"{dataset.id:<20}{dataset.num_images:>9,}{told['RssAnon'] / 2**30:>10.2f}"
                  f"{told['RssFile'] / 2**30:>11.2f}{told['images_per_second']:>10.1f}", flush=True)  # fmt: skip
    large, small = (found[dataset.id] for dataset in datasets)
    own = max(told["RssAnon"] for told in large) / 2**30
    rates = [median(told["images_per_second"] for told in told_of) for told_of in (large, small)]
    ratio = rates[0] / rates[1]
    print(f"\n{options.large}: at most {own:.2f} GiB of its own (goal < {MOST_OWN:g}: {_said(own < MOST_OWN)}); "
          f"{ratio:.2f} x the speed of {options.small} over {options.steps - WARM} steps, medians of {options.repeats} "
          f"(goal >= {1 - MOST_SLOWER:g}: {_said(ratio >= 1 - MOST_SLOWER)})")  # fmt: skip


def _said(held: bool) -> str:
    return "yes" if held else "NO"


if __name__ == "__main__":
    main()
