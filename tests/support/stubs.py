"""Processes that stand for real ones, and waiting for what they do."""

import sys
import time
from pathlib import Path

from fashion_core.launch import background, run_queue

HOLD = """
import sys, time, os
with open(sys.argv[1], "a") as file:
    print(sys.argv[2], "on", time.monotonic_ns(), file=file, flush=True)
    time.sleep(float(sys.argv[3]))
    print(sys.argv[2], "off", time.monotonic_ns(), file=file, flush=True)
"""


def wait_for(condition, seconds: float = 240) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "nothing happened"
        time.sleep(0.05)


def launch_stub(folder: Path, seconds: float = 0.1) -> int:
    """A run that only holds the CPU's slot for ``seconds``; the pid of the process that waits for it."""
    folder.mkdir(exist_ok=True)
    words = [sys.executable, "-I", "-S", "-c", HOLD, str(folder.parent / "seen.txt"), folder.name, str(seconds)]
    line = [sys.executable, "-m", "fashion_core.launch.waiter", str(folder), "--", *words]
    started = []
    run_queue.enqueue(
        folder, "cpu", start=lambda: started.append(background.detach(line, folder / "log.txt")) or started[0]
    )
    return started[0]


def seen(runs_dir: Path) -> list[tuple[str, str, int]]:
    path = runs_dir / "seen.txt"
    rows = [line.split() for line in path.read_text().splitlines()] if path.exists() else []
    return [(name, what, int(when)) for name, what, when in rows]
