"""How long somebody waits on the Predict page: from opening its address, and from choosing a file, to the answer.

python -m benchmarks.speed.predict_page RUN [--data FOLDER] [--runs FOLDER] [--photos 20] [--starts 3]

The run's photos must be on this machine. Needs Chromium; server and browser share the machine. Photos are spread over
the test split (or validation where there is none), one page opened for each. Timed are

* cold: the first page that a server is ever asked for, in a browser that has just started (torch and the model are
  loaded in it);
* open: another page of the same server, photo by photo, from navigation;
* upload: the same photos as files, chosen on an open page that waits for one.

``answer``: the class with its probability is on the screen. ``all``: bars, the photo as the model receives it and where
the model looks (Grad-CAM) are there too and the page rests. p50 and p95 in seconds; no pass or fail. Say whether the
machine was idle.
"""

import argparse
import json
import os
import time
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np

from benchmarks.support import serving
from fashion_core.data import datasets
from fashion_core.paths import default_data_dir, default_runs_dir
from fashion_core.runs import runs

SECONDS = 120_000  # to give up after, in milliseconds
ANSWERED = """() => {
    const metric = [...document.querySelectorAll('[data-testid=stMetric]')]
        .find(one => one.innerText.startsWith('Most likely'))
    return metric !== undefined && /\\d %/.test(metric.parentElement.parentElement.innerText)
}"""
RESTS = """() => !document.querySelector('[data-testid=stStatusWidget], [data-testid=stSkeleton]')
    && document.querySelectorAll('.js-plotly-plot .bars .point').length > 0
    && document.querySelectorAll('.vastra-pair img').length >= 4
    && [...document.querySelectorAll('.vastra-pair img')].every(image => image.complete)"""


def waited(page: Any, since: float) -> tuple[float, float]:
    """Seconds from ``since`` to the answer, and to a page that rests."""
    page.wait_for_function(ANSWERED, timeout=SECONDS)
    answered = time.perf_counter() - since
    page.wait_for_function(RESTS, timeout=SECONDS)
    return answered, time.perf_counter() - since


def opened(page: Any, address: str) -> tuple[float, float]:
    page.goto("about:blank")
    began = time.perf_counter()
    page.goto(address, wait_until="commit")
    return waited(page, began)


def uploaded(page: Any, address: str, path: Path) -> tuple[float, float]:
    page.goto(address)
    chooser = page.locator("[data-testid=stFileUploaderDropzoneInput]")
    chooser.wait_for(state="attached", timeout=SECONDS)
    page.wait_for_function("() => !document.querySelector('[data-testid=stStatusWidget]')", timeout=SECONDS)
    began = time.perf_counter()
    chooser.set_input_files(path)
    return waited(page, began)


def summary(times: list[tuple[float, float]]) -> dict[str, Any]:
    found: dict[str, Any] = {"n": len(times)}
    for name, seconds in zip(("answer", "all"), np.array(times).T, strict=True):
        found[name] = {f"p{share}": round(float(np.percentile(seconds, share)), 3) for share in (50, 95)}
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run")
    parser.add_argument("--data", type=Path, default=default_data_dir())
    parser.add_argument("--runs", type=Path, default=default_runs_dir())
    parser.add_argument("--photos", type=int, default=20)
    parser.add_argument("--starts", type=int, default=3)
    asked = parser.parse_args()
    from playwright.sync_api import sync_playwright

    run = runs.find_run(asked.runs, asked.run)
    dataset = runs.dataset_of(run, datasets.list_datasets(asked.data))
    if dataset is None:
        parser.error(f"the photos of {run.id} are not in {asked.data}; run: {run.dataset['bring']}")
    frame = dataset.manifest()
    usable = frame[(frame["status"] == "ok") & (frame["split"] == ("test" if dataset.splits.get("test") else "val"))]
    photos = usable.iloc[np.linspace(0, len(usable) - 1, asked.photos).round().astype(int)]
    load: list[float] = []
    cold: list[tuple[float, float]] = []
    warm: list[tuple[float, float]] = []
    files: list[tuple[float, float]] = []

    with sync_playwright() as playwright:
        for start in range(asked.starts):
            with serving.opened(playwright, asked.data, asked.runs) as (page, server, _):
                base = f"{server}/predict?run={run.id}"
                load.append(os.getloadavg()[0])
                addresses = [f"{base}&image={quote(image_id)}" for image_id in photos["image_id"]]
                cold.append(opened(page, addresses[start % len(addresses)]))
                if start + 1 < asked.starts:
                    continue
                warm = [opened(page, address) for address in addresses]
                paths = [path for name in photos["path"] if (path := dataset.root / name).is_file()]
                files = [uploaded(page, f"{base}&from=own", path) for path in paths]
                load.append(os.getloadavg()[0])
    report = {"run": run.id, "load": [round(one, 1) for one in load]}
    report |= {"cold": summary(cold), "open": summary(warm)}
    report |= {"upload": summary(files)} if files else {}  # the photos of Fashion-MNIST are no files
    print(json.dumps(report, indent=1))


if __name__ == "__main__":
    main()
