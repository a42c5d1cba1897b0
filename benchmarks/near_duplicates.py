"""Near duplicates among generated 64-bit hashes: the multi-index beside brute force, in one run, with equal answers.

python benchmarks/near_duplicates.py [--count 106166] [--repeats 5]
"""

import argparse
import platform
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

from fashion_core import duplicates


def generated(count: int, seed: int) -> np.ndarray:
    """Random hashes; every fiftieth is a copy of another one with 0 to 6 bits changed."""
    generator = np.random.default_rng(seed)
    hashes_N = generator.integers(0, 2**64, count, dtype=np.uint64)
    copies = generator.choice(count, count // 50, replace=False)
    for place, source in zip(copies, generator.integers(0, count, len(copies)), strict=True):
        bits = generator.choice(64, generator.integers(0, 7), replace=False)
        hashes_N[place] = hashes_N[source] ^ np.uint64(sum(1 << int(bit) for bit in bits))
    return hashes_N


def compared_in_rows(hashes_N: np.ndarray) -> set[tuple[int, int]]:
    """Each hash with all that follow: one vectorised row at a time."""
    found = set()
    for row in range(len(hashes_N) - 1):
        near = np.flatnonzero(np.bitwise_count(hashes_N[row + 1 :] ^ hashes_N[row]) <= duplicates.MAX_DISTANCE)
        found.update((row, row + 1 + int(place)) for place in near)
    return found


def indexed(hashes_N: np.ndarray) -> set[tuple[int, int]]:
    first, second, _ = duplicates.near_pairs(hashes_N)
    return set(zip(first.tolist(), second.tolist(), strict=True))


def timed(work: Callable[[np.ndarray], set], hashes_N: np.ndarray, repeats: int) -> tuple[list[float], set]:
    seconds, answer = [], set()
    for _ in range(repeats):
        started = time.perf_counter()
        answer = work(hashes_N)
        seconds.append(time.perf_counter() - started)
    return seconds, answer


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=106_166)
    parser.add_argument("--repeats", type=int, default=5, help="of the index; brute force runs once")
    options = parser.parse_args()
    hashes_N = generated(options.count, seed=0)
    print(f"{options.count:,} hashes, distance up to {duplicates.MAX_DISTANCE}; Python {platform.python_version()}, "
          f"numpy {np.__version__}, {platform.machine()}")  # fmt: skip
    own, expected = timed(indexed, hashes_N, options.repeats)
    print(f"{'method':<34}{'median s':>10}{'min':>9}{'max':>9}{'ratio':>9}{'pairs':>9}")
    for name, work in (("multi-index", None), ("brute force, a row at a time", compared_in_rows)):
        seconds, answer = timed(work, hashes_N, 1) if work else (own, expected)
        assert answer == expected, f"{name} found other pairs"
        median = statistics.median(seconds)
        print(f"{name:<34}{median:>10.3f}{min(seconds):>9.3f}{max(seconds):>9.3f}"
              f"{median / statistics.median(own):>9.1f}{len(answer):>9,}", flush=True)  # fmt: skip


if __name__ == "__main__":
    main()
