"""The lab at IndoFashion's full size: what an import, an audit and the app cost in time and memory, and what is found.

python -m benchmarks.support.full_size_photos PHOTOS                     makes the stand-in
python -m benchmarks.speed.full_size import PHOTOS --data DATA         seconds, peak memory, size of what is kept
python -m benchmarks.speed.full_size audit PHOTOS --data DATA          the same, ended once in the middle; what is found
python -m benchmarks.speed.full_size app --data DATA                   first paint, memory of the server, reruns

DATA is a folder of its own. ``app`` opens every dataset in it; it needs Chromium and playwright.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import psutil

from benchmarks.support.serving import CHROMIUM, FLAGS, server
from fashion_core import jobs
from fashion_core.data import datasets
from fashion_core.data.audit import audit, findings
from fashion_core.paths import PROJECT_ROOT as ROOT

NAME = "full-size"


class Memory(threading.Thread):
    """The most memory of a process, in bytes, asked for ten times a second: resident, and its own (no files)."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self.process, self.resident, self.own = psutil.Process(pid), 0, 0
        self.start()

    def run(self) -> None:
        while True:
            try:
                found = self.process.memory_info()
            except psutil.Error:
                return
            self.resident = max(self.resident, found.rss)
            self.own = max(self.own, found.rss - found.shared)
            time.sleep(0.1)

    def __str__(self) -> str:
        return f"at most {self.resident / 2**20:,.0f} MiB resident, {self.own / 2**20:,.0f} of it its own"


def command(data: Path, *words: str) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, "-m", "fashion_core", *words, "--data-dir", str(data), "--json"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )


def finished(process: subprocess.Popen) -> dict[str, Any]:
    output, _ = process.communicate()
    assert process.returncode == 0, f"the command ended with {process.returncode}"
    return json.loads(output)


def measure_import(photos: Path, data: Path) -> None:
    started = time.monotonic()
    process = command(data, "import", str(photos), "--name", NAME)
    memory = Memory(process.pid)
    found = finished(process)
    seconds = time.monotonic() - started
    folder = data / datasets.id_for(NAME)
    kept = {path.name: path.stat().st_size for path in folder.iterdir() if path.is_file()}
    print(f"import: {seconds:.0f} s, {found['images'] / seconds:.0f} photos a second, {memory}")
    print(f"  {found['images']:,} photos {found['splits']}, {found['damaged']} damaged, {found['fingerprint']}")
    print("  kept: " + ", ".join(f"{name} {size / 2**20:,.1f} MiB" for name, size in sorted(kept.items())))


def measure_audit(photos: Path, data: Path) -> None:
    """Audit, end it (SIGKILL) when half of the photos are measured, go on, and count what was found."""
    dataset = datasets.find_dataset(data, NAME)
    started = time.monotonic()
    process = command(data, "audit", dataset.id)
    while process.poll() is None:
        job = jobs.look(audit.folder_of(dataset))
        if job and job.stage == "measuring photos" and job.done * 2 >= job.total:
            process.send_signal(signal.SIGKILL)
            break
        time.sleep(0.05)
    process.communicate()
    first = time.monotonic() - started
    kept = len(list(audit.folder_of(dataset).glob("parts-*/*.npy"))) * 2048
    started = time.monotonic()
    process = command(data, "audit", dataset.id)
    memory = Memory(process.pid)
    found = finished(process)
    rest = time.monotonic() - started
    print(f"audit: ended after {first:.0f} s with {kept:,} photos measured, then {rest:.0f} s; {memory}")
    print(f"  {found['counts']}")
    report_planted(photos, audit.load(dataset).findings())


def report_planted(photos: Path, found: pd.DataFrame) -> None:
    """Of each kind of plant: how many are findings, with the very photo that they were made of."""
    planted = pd.DataFrame(json.loads((photos / "planted.json").read_text())["planted"])
    pairs = found[found["kind"].isin(["leak", "conflict"])]
    told = {
        (kind, *sorted((one, other)))
        for kind, one, other in pairs[["kind", "image_id", "other"]].itertuples(index=False)
    }
    leaked = set(pairs.loc[pairs["kind"] == "leak", "image_id"])
    for plant, rows in planted.groupby("plant", sort=False):
        if plant in ("damaged", "missing"):
            num = len(set(rows["image_id"]) & set(found.loc[found["kind"] == plant, "image_id"]))
            print(f"  {plant:<28}{num:>5} of {len(rows)}")
            continue
        kind = "conflict" if plant == "other label" else "leak"
        num = sum((kind, *sorted(pair)) in told for pair in zip(rows["image_id"], rows["of"], strict=True))
        print(f"  {plant:<28}{num:>5} of {len(rows)} as {kind}, {num / len(rows):.1%}")
    print(f"  leaked photos that nobody planted: {len(leaked - set(planted['image_id']))} of {len(leaked)}")
    copies = found[found["kind"].isin(findings.COPIES)]
    known = set(planted["image_id"])
    stray = ~(copies["image_id"].isin(known) | copies["other"].isin(known))
    print(f"  copies that nobody planted: {int(stray.sum())} of {len(copies)} pairs")


PAINTED = {  # what must be on the screen before a page counts as painted
    "chart": "document.querySelectorAll('.vastra-plot .bars .point path').length >= 30",
    "photos": "[...document.querySelectorAll('.vastra-gallery img')].filter(i => i.naturalWidth).length >= 48",
    "pairs": "[...document.querySelectorAll('.vastra-pairs img')].filter(i => i.naturalWidth).length >= 40",
    "nothing": "true",
}  # fmt: skip
STILL = "document.querySelector('h1') && !document.querySelector('[data-testid=stStatusWidget]')"


def measure_app(data: Path, runs: Path, dataset: str, repeats: int) -> None:
    from playwright.sync_api import sync_playwright

    def paint(page: Any, address: str, *what: str) -> dict[str, float]:
        started = time.monotonic()
        page.goto(address)
        found = {}
        for name in what:
            page.wait_for_function(PAINTED[name], timeout=120_000)
            found[name] = time.monotonic() - started
        return found

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        for query, what in (("", "photos"), ("&tab=Audit&finding=leak", "pairs"), ("&tab=Sampler", "nothing")):
            seconds = []
            for _ in range(repeats):
                with server(data, runs) as (address, _), opened(chromium) as page:
                    seconds.append(
                        paint(page, f"{address}/dataset?dataset={dataset}{query}", "chart", what)[what]
                    )  # fmt: skip
            print(f"cold start to painted, /dataset{query}: {np.median(seconds):.2f} s of {spread(seconds)}")
        with server(data, runs) as (address, pid), opened(chromium) as page:
            memory = Memory(pid)
            for name in (
                "overview",
                "dataset",
                "add_photos",
                "augmentation",
                "training",
                "evaluation",
                "embeddings",
                "predict",
            ):
                page.goto(f"{address}/{'' if name == 'overview' else name}?dataset={dataset}")
                page.wait_for_function(STILL, timeout=120_000)
                page.wait_for_timeout(1500)
                print(f"  after {name}: {memory.process.memory_info().rss / 2**20:,.0f} MiB")
            for name in ("Photos", "Audit", "Classes", "Sampler", "Damaged+and+missing"):
                page.goto(f"{address}/dataset?dataset={dataset}&tab={name}")
                page.wait_for_function(STILL, timeout=120_000)
                page.wait_for_timeout(1000)
            print(f"memory of the server after every page and tab: {memory}")
        chromium.close()


@contextmanager
def opened(chromium: Any) -> Iterator[Any]:
    context = chromium.new_context(viewport={"width": 1280, "height": 800})
    yield context.new_page()
    context.close()


def spread(seconds: list[float]) -> str:
    return f"n = {len(seconds)}, {min(seconds):.2f} to {max(seconds):.2f}"


def measure_reruns(data: Path, runs: Path, dataset: str, repeats: int) -> None:
    """Seconds of the page's script for single changes, without a browser."""
    os.environ |= {"FASHION_DATA": str(data), "FASHION_RUNS": str(runs)}
    from streamlit.testing.v1 import AppTest

    def rerun(app: AppTest, query: dict[str, Any], expected: str) -> float:
        for name, value in query.items():
            if name == "page":  # a widget's own state, as a click on it leaves it
                app.session_state[name] = value
            else:
                app.query_params[name] = value
        started = time.perf_counter()
        app.run()
        seconds = time.perf_counter() - started
        assert not app.exception, app.exception
        read = " ".join(str(element.value) for element in app.markdown)
        assert expected in read.replace(chr(92), ""), f"{query}: '{expected}' is not on the page"
        return seconds

    found = datasets.find_dataset(data, dataset)
    frame = found.manifest(["image_id", "label", "status"])
    frame = frame[frame["status"] == "ok"]
    of_class, some = frame["label"].value_counts(), frame["image_id"].to_numpy()
    pages = -(-len(frame) // 48)
    step = max(1, len(frame) // (repeats + 1))

    def of(turn: int) -> tuple[dict[str, Any], str]:
        label = found.classes[turn % len(found.classes)]
        return {"photos_class": label}, f"{of_class[label]:,} photos"

    def page_of(turn: int) -> tuple[dict[str, Any], str]:
        page = min(pages, 1000) - turn % min(pages, 100)
        return {"page": page}, f"{48 * (page - 1) + 1:,} to"

    changes: dict[str, Callable[[int], tuple[dict[str, Any], str]]] = {
        "nothing": lambda turn: ({}, f"{len(frame):,} photos"),
        "another class": of,
        "all classes and one": lambda turn: of(turn) if turn % 2 else ({"photos_class": []}, f"{len(frame):,} photos"),
        "a page about the 1,000th": page_of,
        "a photo": lambda turn: ({"image": some[turn * step]}, f" of {len(frame):,} photos]]"),
    }
    app = AppTest.from_file(str(ROOT / "streamlit_app.py"), default_timeout=120)
    app.query_params["dataset"] = dataset
    app.run()
    app.switch_page(str(ROOT / "pages/dataset.py")).run()
    for name, change in changes.items():
        rerun(app, *change(0))
        seconds = [rerun(app, *change(turn + 1)) for turn in range(repeats)]
        middle, late = np.percentile(seconds, [50, 95])
        print(f"rerun of {dataset}, {name}: median {1000 * middle:.0f} ms, p95 {1000 * late:.0f} ms, n = {repeats}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=["import", "audit", "planted", "app", "reruns"])
    parser.add_argument("photos", nargs="?", type=Path)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--runs", type=Path)
    parser.add_argument("--dataset", default=NAME)
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args()
    runs = options.runs or options.data / ".runs"
    if options.what == "import":
        measure_import(options.photos, options.data)
    elif options.what == "audit":
        measure_audit(options.photos, options.data)
    elif options.what == "planted":
        report_planted(options.photos, audit.load(datasets.find_dataset(options.data, NAME)).findings())
    elif options.what == "app":
        measure_app(options.data, runs, options.dataset, options.repeats)
    else:
        measure_reruns(options.data, runs, options.dataset, options.repeats)


if __name__ == "__main__":
    main()
