"""What it costs a run to be watched, and how old what is on the screen is: two browser sessions, one real run.

python -m benchmarks.speed.watching DATASET [--data-dir DATA] [--threads 1] [--pairs 8] [--seconds 12] [--lines 10]

Launches a run on the CPU that logs about ``--lines`` rows a second, starts the app, and opens two sessions on the run's
page. Watched windows (A) and windows in which both sessions show an empty page (B) take turns, A B B A, so that
whatever else the machine does meets both alike. Printed are

* the delay from a row's arrival in metrics.jsonl (seen by this process, which looks every 5 ms) to the end of the first
  drawing of the chart that has its step, in both sessions;
* the run's speed in A over its speed in B, steps a second of training time by its own rows: mean of the pairs' ratios
  (geometric) with Student's 95 % interval;
* the share of a core that the server and the browser took in A and in B. The browser is on this machine here and is
  not, as a rule, where it matters: ``--threads`` below the number of cores leaves it one.
"""

import argparse
import json
import math
import os
import shutil
import statistics
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import psutil
from playwright.sync_api import Page, sync_playwright
from scipy import stats

from benchmarks.support.serving import server
from fashion_core import paths
from fashion_core.launch import actions
from fashion_core.runs import runs
from fashion_core.runs.environment import cpu_name
from fashion_core.settings import recipes

FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync"]  # fmt: skip
#: Writes down when a drawing of the chart has ended, and the last step that it has.
RECORD = """() => {
    const graph = [...document.querySelectorAll('.js-plotly-plot')].find(g => g._fullData?.[0]?.name === 'As logged')
    if (!graph) return false
    window.drawn = []
    graph.on('plotly_afterplot', () => window.drawn.push([Date.now() / 1000, Math.max(...graph._fullData[1].x)]))
    return true
}"""


class Rows(threading.Thread):
    """The rows of metrics.jsonl as they arrive: (time, row)."""

    def __init__(self, path: Path) -> None:
        super().__init__(daemon=True)
        self.path, self.seen, self.done = path, [], False

    def run(self) -> None:
        while not self.path.exists() and not self.done:
            time.sleep(0.05)
        with open(self.path) as file:
            rest = ""
            while not self.done:
                rest += file.read()
                *whole, rest = rest.split("\n")
                now = time.time()
                self.seen += [(now, json.loads(line)) for line in whole]
                time.sleep(0.005)

    def steps(self, start: float, end: float) -> list[tuple[float, dict[str, Any]]]:
        return [(when, row) for when, row in list(self.seen) if row["kind"] == "step" and start <= when < end]


def pace(rows: list[tuple[float, dict[str, Any]]]) -> float:
    """Steps a second of training time: what validation takes between epochs is not in it."""
    (_, first), (_, last) = rows[0], rows[-1]
    return (last["step"] - first["step"]) / (last["seconds"] - first["seconds"])


def delays(rows: list[tuple[float, dict[str, Any]]], drawn: list[tuple[float, float]]) -> list[float]:
    """Seconds from each row's arrival to the first drawing that has its step; rows that no drawing had are left out."""
    found = []
    for when, row in rows:
        shown = next((at for at, step in drawn if step >= row["step"] and at >= when), None)
        found += [shown - when] if shown is not None else []
    return found


def wait_for(claim: Any, seconds: float, what: str) -> Any:
    deadline = time.monotonic() + seconds
    while not (found := claim()):
        if time.monotonic() > deadline:
            sys.exit(f"waited {seconds:.0f} s for {what}")
        time.sleep(0.1)
    return found


def cpu_seconds(process: psutil.Process) -> float:
    """Of the process and those that it started."""
    total = 0.0
    for one in (process, *process.children(recursive=True)):
        try:
            total += sum(one.cpu_times()[:2])
        except psutil.Error:
            pass
    return total


def watch(pages: list[Page], address: str, run_id: str) -> None:
    for page in pages:
        page.goto(f"{address}/training?run={run_id}")
    for page in pages:
        wait_for(lambda page=page: page.evaluate(RECORD), 300, "the chart")


def look_away(pages: list[Page]) -> list[list[tuple[float, float]]]:
    drawn = [page.evaluate("window.drawn") for page in pages]
    for page in pages:
        page.goto("about:blank")
    return drawn


def launched(dataset: str, log_every: int, where: dict[str, Path]) -> tuple[runs.Run, Rows]:
    """A run of small photos that lasts longer than this benchmark, once it has logged twenty rows."""
    words = ["image_size=32", "epochs=1000", f"log_every={log_every}", "device=cpu"]
    run_id = actions.start_training(dataset, recipes.settings_for("report", words), **where)
    run = runs.find_run(where["runs_dir"], run_id)
    rows = Rows(run.folder / "metrics.jsonl")
    rows.start()
    wait_for(lambda: len(rows.seen) > 20, 120, f"the first rows of run {run_id}; its log: {run.log_tail(3)}")
    return run, rows


def rows_a_second(dataset: str, wanted: float, where: dict[str, Path]) -> int:
    """``log_every`` with which a run logs so many rows a second, tried out."""
    run, rows = launched(dataset, 1, where)
    time.sleep(5)
    actions.stop(run, wait_seconds=20)
    rows.done = True
    return max(1, round(pace(rows.steps(0, math.inf)[10:]) / wanted))


class Window:
    """What was seen in one window: pace, rows a second, delays, the machine's load, and the share of a core of
    server and browser."""

    def __init__(self, rows: Rows, seconds: float, server: psutil.Process, browser: list[psutil.Process]) -> None:
        start = time.time()
        before = cpu_seconds(server), sum(map(cpu_seconds, browser))
        time.sleep(seconds)
        after = cpu_seconds(server), sum(map(cpu_seconds, browser))
        self.start, self.end, self.load = start, time.time(), os.getloadavg()[0]
        self.server, self.browser = ((b - a) / seconds for a, b in zip(before, after, strict=True))
        found = rows.steps(self.start, self.end)
        self.pace, self.lines = pace(found), len(found) / seconds
        self.delays: list[float] = []


def measure(options: argparse.Namespace, where: dict[str, Path]) -> tuple[list[Window], list[Window]]:
    log_every = rows_a_second(options.dataset, options.lines, where)
    run, rows = launched(options.dataset, log_every, where)
    watched, alone = [], []
    try:
        with server(*where.values()) as (address, server_pid), sync_playwright() as playwright:
            known = {child.pid for child in psutil.Process().children(recursive=True)}
            chromium = playwright.chromium.launch(executable_path=options.chromium, args=FLAGS)
            browser = [child for child in psutil.Process().children(recursive=True) if child.pid not in known]
            pages = [chromium.new_context(viewport={"width": 1280, "height": 800}).new_page() for _ in range(2)]
            for number in range(options.pairs):
                for what in ("AB", "BA")[number % 2]:
                    if what == "A":
                        watch(pages, address, run.id)
                        time.sleep(2)  # the page's own start is not what is asked
                        window = Window(rows, options.seconds, psutil.Process(server_pid), browser)
                        time.sleep(3)  # for the last rows to be drawn
                        for drawn in look_away(pages):
                            window.delays += delays(rows.steps(window.start, window.end), drawn)
                        watched.append(window)
                    else:
                        time.sleep(2)
                        alone.append(Window(rows, options.seconds, psutil.Process(server_pid), browser))
            chromium.close()
    finally:
        rows.done = True
        actions.stop(run, wait_seconds=20)
    return watched, alone


def report(watched: list[Window], alone: list[Window]) -> None:
    logs = [math.log(a.pace / b.pace) for a, b in zip(watched, alone, strict=True)]
    half = float(stats.t.ppf(0.975, len(logs) - 1)) * statistics.stdev(logs) / math.sqrt(len(logs))
    middle = statistics.mean(logs)
    waits = sorted(delay for window in watched for delay in window.delays)
    p50, p95 = (waits[int(share * (len(waits) - 1))] for share in (0.5, 0.95))
    print(f"rows a second: {statistics.median(w.lines for w in watched):.1f} watched, "
          f"{statistics.median(w.lines for w in alone):.1f} alone")  # fmt: skip
    print(
        f"step to screen: median {p50:.2f} s, p95 {p95:.2f} s, worst {waits[-1]:.2f} s, n = {len(waits):,} (goal 1.5)"
    )
    low, ratio, high = (math.exp(middle + side * half) for side in (-1, 0, 1))
    print(f"speed watched / alone: {ratio:.3f} [{low:.3f}, {high:.3f}], n = {len(logs)} pairs (goal 0.99)")
    print(f"load: median {statistics.median(w.load for w in (*watched, *alone)):.1f}")
    for name, windows in (("watched", watched), ("alone", alone)):
        print(f"cores while {name}: server {statistics.median(w.server for w in windows):.2f}, "
              f"browser {statistics.median(w.browser for w in windows):.2f}")  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dataset")
    parser.add_argument("--data-dir", type=Path, default=paths.default_data_dir())
    parser.add_argument("--threads", type=int, default=max(1, (os.cpu_count() or 2) - 1))
    parser.add_argument("--pairs", type=int, default=8)
    parser.add_argument("--seconds", type=float, default=12.0)
    parser.add_argument("--lines", type=float, default=10.0)
    parser.add_argument("--chromium", default=os.environ.get("CHROMIUM") or shutil.which("chromium"))
    options = parser.parse_args()
    os.environ["OMP_NUM_THREADS"] = str(options.threads)  # of the run, which inherits it
    print(f"{cpu_name()}, {os.cpu_count()} cores, {options.threads} for the run")
    with tempfile.TemporaryDirectory() as folder:
        watched, alone = measure(options, {"data_dir": options.data_dir.resolve(), "runs_dir": Path(folder)})
    report(watched, alone)


if __name__ == "__main__":
    main()
