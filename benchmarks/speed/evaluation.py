"""How long Evaluation takes at IndoFashion's full size: from a cold start to a drawn page, and for each click.

python -m benchmarks.speed.evaluation [--data FOLDER --runs FOLDER --run RUN] [--starts 5] [--clicks 60]

Without a run of its own it makes one: 7,500 test, 7,500 validation and 91,166 training predictions over 15 classes,
without photos (give --data and a run of an imported set for the galleries too). Needs Chromium. Cold: a server that
nobody has asked anything, from the browser's first request to a matrix on the screen with its photos or table. A click:
from the message that leaves the browser to the last one that the server sends back for it. CPU: seconds of the server's
process, which other work on the machine changes little. No pass or fail; say whether the machine was idle.
"""

import argparse
import json
import os
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import psutil

from benchmarks.support.serving import opened

VIEWS = ("Mistakes", "How sure", "Groups and shares", "Leaks and other photos", "Each class")
DRAWN = """() => [...document.querySelectorAll('.js-plotly-plot')]
    .some(graph => graph._fullData?.some(trace => trace.type === 'heatmap') && graph.querySelector('.hm image'))"""
MIDDLE = """([row, column]) => {
    const graph = [...document.querySelectorAll('.js-plotly-plot')]
        .find(graph => graph._fullData?.some(trace => trace.type === 'heatmap'))
    const box = graph.getBoundingClientRect(), {xaxis, yaxis} = graph._fullLayout
    return [box.left + xaxis._offset + xaxis.c2p(column), box.top + yaxis._offset + yaxis.c2p(row)]
}"""


def make_runs(folder: Path) -> str:
    """A run of IndoFashion's size with made predictions; its id."""
    from fashion_core import labels
    from fashion_core.data import published
    from tests.support.made_runs import make_run

    names = {
        split: [label for label, count in published.counts(split).items() for _ in range(count)]
        for split in ("test", "val", "train")
    }
    counts = {split: len(rows) for split, rows in names.items()}
    make_run(folder / "full-size", labels.INDOFASHION, counts=counts, labels=names, embeddings=False)
    return "full-size"


def cpu_of(pid: int) -> float:
    """CPU seconds that a process has used: what a busy machine does not change."""
    times = psutil.Process(pid).cpu_times()
    return times.user + times.system


class Wire:
    """When a page last sent and last received anything over its websocket."""

    def __init__(self, page: Any) -> None:
        self.sent = self.received = 0.0
        page.on("websocket", self._listen)

    def _listen(self, socket: Any) -> None:
        socket.on("framesent", lambda _: self._mark("sent"))
        socket.on("framereceived", lambda _: self._mark("received"))

    def _mark(self, what: str) -> None:
        if what == "sent" and self.sent > self.received:  # still the same request
            return
        setattr(self, what, time.perf_counter())

    def settle(self, page: Any, since: float) -> float:
        """Seconds from the first message after ``since`` to the last answer, once it has been quiet for 0.35 s."""
        deadline = time.perf_counter() + 60
        first = None
        while time.perf_counter() < deadline:
            page.wait_for_timeout(10)
            if self.sent >= since and first is None:
                first = self.sent
            if first and self.received > first and time.perf_counter() - self.received > 0.35:
                return self.received - first
        raise TimeoutError("the server did not answer")


def cold(playwright: Any, data: Path, runs: Path, query: str) -> tuple[float, float]:
    """Seconds on the clock and of the server's CPU."""
    with opened(playwright, data, runs) as (page, address, pid):
        page.goto("about:blank")
        started, used = time.perf_counter(), cpu_of(pid)
        page.goto(f"{address}/evaluation?{query}", wait_until="commit")
        page.wait_for_function(DRAWN, timeout=120_000)
        page.wait_for_selector(".vastra-gallery img, [data-testid=stDataFrame] canvas", timeout=120_000)
        return time.perf_counter() - started, cpu_of(pid) - used


def clicks(playwright: Any, data: Path, runs: Path, query: str, num: int, seed: int = 0) -> dict[str, list[float]]:
    """Seconds on the wire for cells of the matrix, class names, and the first and second look at each view."""
    rng = np.random.default_rng(seed)
    found: dict[str, list[float]] = {
        "cell, CPU": [],
        "cell": [],
        "row of a class": [],
        "view, first": [],
        "view, again": [],
    }
    with opened(playwright, data, runs) as (page, address, pid):
        wire = Wire(page)
        page.goto(f"{address}/evaluation?{query}")
        page.wait_for_function(DRAWN, timeout=120_000)
        page.wait_for_timeout(1500)
        for number in range(num):
            row, column = (int(place) for place in rng.integers(0, 15, 2))
            x, y = page.evaluate(MIDDLE, [row, column])
            page.mouse.move(x, y)
            page.wait_for_timeout(320)  # two clicks within 300 ms are a double click
            since, used = time.perf_counter(), cpu_of(pid)
            if number % 6 == 5:
                page.locator(".ytick text").nth(row).click()
                found["row of a class"].append(wire.settle(page, since))
            else:
                page.mouse.click(x, y)
                found["cell"].append(wire.settle(page, since))
                found["cell, CPU"].append(cpu_of(pid) - used)
        for kind in ("view, first", "view, again"):
            for view in VIEWS:
                since = time.perf_counter()
                page.locator("[data-testid=stButtonGroup] button", has_text=view).click()
                found[kind].append(wire.settle(page, since))
        return found


def summary(seconds: list[float]) -> dict[str, float]:
    low, middle, high = np.percentile(seconds, [0, 50, 95])
    return {"n": len(seconds), "least": round(low, 3), "median": round(middle, 3), "p95": round(high, 3),
            "most": round(max(seconds), 3)}  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path)
    parser.add_argument("--runs", type=Path)
    parser.add_argument("--run")
    parser.add_argument("--starts", type=int, default=5)
    parser.add_argument("--clicks", type=int, default=60)
    options = parser.parse_args()
    from playwright.sync_api import sync_playwright

    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        empty = Path(folder) / "data"
        empty.mkdir()
        data, runs = options.data or empty, options.runs or Path(folder) / "runs"
        run = options.run or make_runs(runs)
        report: dict[str, Any] = {"load": os.getloadavg()[0], "run": run}
        for split in ("test", "train"):
            query = f"run={run}&split={split}"
            starts = [cold(playwright, data, runs, query) for _ in range(options.starts)]
            report[f"{split}, cold start to a drawn page, s"] = summary([seconds for seconds, _ in starts])
            report[f"{split}, cold start, the server's CPU, s"] = summary([used for _, used in starts])
            times = clicks(playwright, data, runs, query, options.clicks)
            report |= {f"{split}, {what}, s": summary(values) for what, values in times.items() if values}
            print(json.dumps(report, indent=1), flush=True)


if __name__ == "__main__":
    main()
