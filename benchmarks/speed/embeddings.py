"""How long the Embeddings page takes to open and to answer a lasso at 106,166 photos, on made features.

    python -m benchmarks.speed.embeddings [--rows 106166] [--features 256] [--repeats 3] [--browser]

Each step of the server is run in a process that has loaded nothing yet (open) and again (reruns); the browser is not in
it. Prints wall and processor seconds: on a machine that others use, the second is the one to compare.

With ``--browser`` instead Chromium opens the page over all three splits: cold is a server and a browser that have just
started, open another page of the same server, both from navigation to a drawn map; lasso from letting the mouse go to
the selection's number on the screen.
"""

import argparse
import logging
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from fashion_core.paths import PROJECT_ROOT as ROOT


def make(folder: Path, rows: int, features: int) -> None:
    """A finished run with features of all three splits, in the shares of the full set."""
    import numpy as np

    from fashion_core import storage
    from fashion_core.labels import INDOFASHION
    from tests.support import made_runs

    made_runs.NUM_FEATURES = features
    held_out = rows * 7_500 // 106_166
    run = made_runs.make_run(
        folder / "full", INDOFASHION, counts={"test": held_out, "val": held_out, "train": rows - 2 * held_out}
    )
    for split in ("test", "val", "train"):  # as training writes them; the made ones are half precision
        storage.write_npy(run.folder / f"embeddings-{split}.npy", run.embeddings(split).astype(np.float32))


class Stopwatch:
    """Prints each step's wall and processor seconds, and those of all steps since the last sum."""

    def __init__(self) -> None:
        self.wall, self.cpu = 0.0, 0.0

    def step(self, name: str, work: Callable[[], Any]) -> Any:
        wall, cpu = time.perf_counter(), time.process_time()
        done = work()
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        self.wall, self.cpu = self.wall + wall, self.cpu + cpu
        print(f"  {name:<34} {wall:7.3f} s   processor {cpu:7.3f} s", flush=True)
        return done

    def sum(self, name: str) -> None:
        print(f"{name:<36} {self.wall:7.3f} s   processor {self.cpu:7.3f} s\n", flush=True)
        self.wall, self.cpu = 0.0, 0.0


def libraries() -> None:
    import sklearn.decomposition
    import sklearn.neighbors  # noqa: F401

    import ui.embeddings.map_view  # noqa: F401


def measure(folder: Path, split: str) -> None:
    """One open and one lasso, step by step."""
    logging.disable(logging.CRITICAL)
    os.environ["FASHION_RUNS"] = str(folder)
    os.environ["FASHION_DATA"] = str(folder / "no-data")
    watch = Stopwatch()
    watch.step("import of the page's libraries", libraries)
    watch.sum("import, once a server")

    from fashion_core.runs import runs
    from ui.embeddings import features_view, figure_view

    run = runs.find_run(folder, "full")
    chosen = figure_view.Chosen("pca", (0, 1), "label", run.classes[0])
    print(f"{split}: {len(features_view.tsne_umap.parts_of(run, split))} splits")
    watch.step("features and predictions", lambda: features_view.of(run, split))
    watch.step("each class's nearest", lambda: features_view.told_apart(run, split))
    watch.step("principal axes", lambda: features_view.axes_of(run, split))
    watch.step("places on two axes", lambda: features_view.places_of(run, split, (0, 1)))
    watch.step("how many neighbours are kept", lambda: features_view.kept_on(run, split, (0, 1)))
    figure = watch.step("figure", lambda: figure_view.figure(run, split, chosen, ringed=[], title="x"))
    text = watch.step("figure as JSON", figure.to_json)
    print(f"  {len(features_view.of(run, split).points):,} photos, {len(text) / 1e6:.2f} MB to the browser")
    watch.sum("the map opens")

    rows = lasso(watch, run, split, figure_view.laid_out(run, split, chosen), figure)
    watch.step("features to length 1", lambda: features_view.units_of(run, split))
    units_ND = features_view.units_of(run, split)
    watch.step("a photo's nearest", lambda: features_view.neighbours.most_alike(units_ND, units_ND[int(rows[0])], 24))
    watch.sum("a first click is answered")

    watch.step("shuffles of all features", lambda: features_view.chance_of(run, split))
    watch.sum("the components open, beyond that")


def lasso(watch: Stopwatch, run: Any, split: str, laid: Any, figure: Any) -> Any:
    """The rows inside an ellipse in the middle of the map, and what the page does with them."""
    import numpy as np

    from ui.embeddings import features_view, map_view
    from ui.shared import gallery

    turn, wide = np.linspace(0, 2 * np.pi, 200), 1.2 * laid.places.std(axis=0)
    middle = laid.places.mean(axis=0)
    outline = {
        "kind": "lasso",
        "x": (middle[0] + wide[0] * np.cos(turn)).tolist(),
        "y": (middle[1] + wide[1] * np.sin(turn)).tolist(),
    }
    rows = watch.step("photos inside the lasso", lambda: map_view._selected(laid, outline))
    images = watch.step("their rows", lambda: features_view.of(run, split).points.iloc[rows])
    watch.step("in words", lambda: features_view.in_words(images))
    watch.step("in the gallery's order", lambda: gallery.mixed(images.reset_index(drop=True)))
    watch.step("figure as JSON again", figure.to_json)
    print(f"  {len(rows):,} photos selected")
    watch.sum("a lasso is answered")
    return rows


MAP = """() => [...document.querySelectorAll('.js-plotly-plot')]
    .some(graph => (graph._fullData || []).reduce((sum, trace) => sum + (trace.x?.length || 0), 0) > 1000
        && graph.querySelector('canvas, .points'))"""


def in_browser(folder: Path, repeats: int) -> None:
    """Seconds of cold opens, warm opens and lassos over all splits."""
    from playwright.sync_api import sync_playwright

    from benchmarks.support import serving

    def opened(page, address: str) -> float:
        page.goto("about:blank")
        began = time.perf_counter()
        page.goto(f"{address}/embeddings?run=full&split=all", wait_until="commit")
        page.wait_for_function(MAP, timeout=120_000)
        return time.perf_counter() - began

    def lassoed(page) -> float:
        page.wait_for_function("() => !document.querySelector('[data-testid=stStatusWidget]')", timeout=120_000)
        box = page.locator(".js-plotly-plot .nsewdrag").first.bounding_box()
        x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        page.mouse.move(x - 60, y - 60)
        page.mouse.down()
        for right, down in ((60, -60), (60, 60), (-60, 60), (-60, -50)):
            page.mouse.move(x + right, y + down, steps=5)
        page.mouse.up()
        began = time.perf_counter()
        page.get_by_text("in the selection").first.wait_for(timeout=120_000)
        return time.perf_counter() - began

    told: dict[str, list[float]] = {"cold": [], "open": [], "lasso": []}
    with sync_playwright() as playwright:
        for _ in range(repeats):
            with serving.opened(playwright, folder / "no-data", folder) as (page, address, _):
                told["cold"].append(opened(page, address))
                told["open"].append(opened(page, address))
                told["lasso"].append(lassoed(page))
    for name, seconds in told.items():
        print(f"{name:<6} {' '.join(f'{one:6.2f}' for one in seconds)} s", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=106_166)
    parser.add_argument("--features", type=int, default=256)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--browser", action="store_true")
    parser.add_argument("--measure", nargs=2, metavar=("FOLDER", "SPLIT"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        measure(Path(options.measure[0]), options.measure[1])
        return
    with tempfile.TemporaryDirectory() as folder:
        make(Path(folder), options.rows, options.features)
        if options.browser:
            print(f"load average {os.getloadavg()[0]:.1f}", flush=True)
            in_browser(Path(folder), options.repeats)
            return
        for split in ("test", "all"):
            for _ in range(options.repeats):
                print(f"load average {os.getloadavg()[0]:.1f}", flush=True)
                subprocess.run(
                    [sys.executable, "-m", "benchmarks.speed.embeddings", "--measure", folder, split],
                    cwd=ROOT,
                    check=True,
                )


if __name__ == "__main__":
    main()
