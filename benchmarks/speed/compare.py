"""How long a comparison takes: the intervals, two runs of 7,500 photos, and the Compare page over a thousand runs.

python -m benchmarks.speed.compare                          1,000 runs in a temporary folder, removed afterwards
python -m benchmarks.speed.compare --runs 100 --repeats 20

Median and slowest, wall and processor seconds; the load of the machine stands beside them, because a busy one doubles
the wall clock. Cold: nothing is cached. Warm: the page runs again, as after a click.
"""

import argparse
import json
import logging
import os
import statistics as middle
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from fashion_core import labels, storage
from fashion_core.compare import comparison, leaderboard, sides
from fashion_core.data import published
from fashion_core.metrics import intervals
from fashion_core.paths import PROJECT_ROOT as ROOT
from fashion_core.runs import runs
from fashion_core.settings import recipes

PHOTOS = 7500


def timed(what: str, work: Callable[[], object], repeats: int) -> None:
    wall, own = [], []
    for _ in range(repeats):
        begun, used = time.perf_counter(), time.process_time()
        work()
        wall.append(time.perf_counter() - begun)
        own.append(time.process_time() - used)
    print(
        f"{what:<58} wall {middle.median(wall):6.3f} s, slowest {max(wall):6.3f} s; "
        f"processor {middle.median(own):6.3f} s  (n = {repeats})"
    )


def make_runs(folder: Path, count: int) -> None:
    """Finished runs over IndoFashion's classes; the two newest have predictions of 7,500 photos."""
    generator = np.random.default_rng(0)
    contents = {
        split: {name: [500, "0123456789abcdef"] for name in labels.INDOFASHION} for split in ("train", "val", "test")
    }
    for number in range(count):
        settings = recipes.settings_for("report", [f"seed={number % 5}", f"rotation_degrees={number // 5 % 90}"])
        right = 0.8 + 0.05 * generator.random()
        run = folder / f"run-{number:05}"
        run.mkdir()
        low, high = intervals.wilson(round(right * PHOTOS), PHOTOS)
        clock = f"{number // 3600 % 24:02}:{number // 60 % 60:02}:{number % 60:02}"
        document = {
            "format": 1, "run_id": run.name, "created": f"2026-11-23T{clock}+00:00",
            "recipe": "report", "settings": settings.to_json(), "classes": list(labels.INDOFASHION),
            "changed": {name: new for name, _, new in recipes.changes(settings)}, "steps_per_epoch": 2850,
            "dataset": {"id": "made", "name": "made", "fingerprint": "0" * 16, "synthetic": False,
                        "kind": "indofashion", "bring": "", "groups": {}, "contents": contents,
                        "splits": {"train": 91166, "val": PHOTOS, "test": PHOTOS}},
        }  # fmt: skip
        scores = {"n": PHOTOS, "accuracy": right, "accuracy_ci95": [float(low), float(high)], "macro_f1": right}
        summary = {"status": "finished", "epochs": 2, "seconds": 600.0, "images_per_second": 300.0, "device": "cpu",
                   "val_accuracy": right, "scores": {"test": scores}}  # fmt: skip
        (run / "config.json").write_text(json.dumps(document))
        (run / "summary.json").write_text(json.dumps(summary))
        events = [{"event": "started", "time": 0, "processes": 1}, {"event": "finished", "time": 600}]
        (run / "events.jsonl").write_text("".join(json.dumps(event) + "\n" for event in events))
        if number >= count - 2:
            storage.write_parquet(run / "predictions-test.parquet", predictions(generator, right))


def predictions(generator: np.random.Generator, right: float) -> pd.DataFrame:
    names = np.array(labels.INDOFASHION)
    label = np.arange(PHOTOS) % len(names)
    said = np.where(generator.random(PHOTOS) < right, label, generator.integers(0, len(names), PHOTOS))
    shares = np.full((PHOTOS, len(names)), 0.02, dtype=np.float32)
    shares[np.arange(PHOTOS), said] = 1 - 0.02 * (len(names) - 1)
    ids = [f"test/{number:05}.jpg" for number in range(PHOTOS)]
    frame = pd.DataFrame({"image_id": ids, "label": names[label], "predicted": names[said]})
    return pd.concat([frame, pd.DataFrame(shares, columns=[f"p_{name}" for name in names])], axis=1)


def page(folder: Path, repeats: int) -> None:
    """The page through streamlit's own test runner: everything but the browser and the network."""
    os.environ["FASHION_RUNS"], os.environ["FASHION_DATA"] = str(folder), str(folder / "no-data")
    logging.disable(logging.WARNING)
    import streamlit as st
    from streamlit.testing.v1 import AppTest

    app = AppTest.from_file(str(ROOT / "streamlit_app.py"), default_timeout=120)
    app.switch_page(str(ROOT / "pages" / "compare.py"))

    def cold() -> None:
        st.cache_resource.clear()
        app.run()
        assert not app.exception and len(app.dataframe[-1].value) >= 100

    timed("the page in a fresh process, with its imports", cold, 1)
    timed("the page, cold caches", cold, min(5, repeats))
    timed("the page, warm", lambda: app.run(), repeats)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=1000)
    parser.add_argument("--repeats", type=int, default=10)
    asked = parser.parse_args()
    print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors")
    timed(
        "intervals of a 15 x 15 matrix, 10,000 resamples",
        lambda: intervals.score_intervals(published.report_matrix()),
        asked.repeats,
    )
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make_runs(folder, asked.runs)
        found = runs.list_runs(folder)
        both = [sides.side_of_run(run) for run in found[:2]]
        timed(
            "two runs of 7,500 photos, from their files", lambda: comparison.compare(*both, others=found), asked.repeats
        )
        timed(f"{asked.runs:,} runs opened", lambda: runs.list_runs(folder), min(5, asked.repeats))
        timed(
            f"{asked.runs:,} runs as a table, from their files", lambda: leaderboard.table(found), min(5, asked.repeats)
        )
        page(folder, asked.repeats)
    print(f"load {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
