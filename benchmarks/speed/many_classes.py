"""What every page costs with many classes: megabytes sent, seconds, height, and whether anything broke.

python -m benchmarks.speed.many_classes [--classes 15 53 200 1000] [--photos 6000] [--folder FOLDER] [--repeats 3]
    [--pages evaluation compare] [--shots FOLDER]

For each number of classes it makes a dataset of as many photos, two runs with made predictions and one trained for an
epoch, audits the photos and writes the one-file report (kept in --folder, so that a second call measures at once). Then
it opens every page and every view of it in Chromium (1280 x 800). Sent: bytes of the websocket's messages to the
browser for one opening. Seconds: from the address to a page that stands still and answers, median of --repeats openings
after a first one. High: the page's height in pixels; wide: what it is wider than the window. No pass or fail; say
whether the machine was idle.
"""

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from benchmarks.support.serving import CHROMIUM, FLAGS, server
from fashion_core.paths import PROJECT_ROOT as ROOT

LOOKED = "0" * 16
EVALUATION = "evaluation?run=one"
OPENED = {
    "overview": "",
    "dataset": "dataset?dataset=made",
    "dataset, shares": "dataset?dataset=made&bars=share",
    "dataset, audit": "dataset?dataset=made&tab=Audit",
    "dataset, classes": "dataset?dataset=made&tab=Classes",
    "dataset, sampler": "dataset?dataset=made&tab=Sampler",
    "add photos": "add_photos",
    "add photos, first look": f"add_photos?look={LOOKED}",
    "augmentation": "augmentation?dataset=made",
    "augmentation, batch": "augmentation?dataset=made&view=batch",
    "training": "training?run=trained",
    "training, recall": "training?run=trained&watch=recall",
    "training, confusion": "training?run=trained&watch=matrix",
    "evaluation": EVALUATION,
    "evaluation, by confusion": f"{EVALUATION}&order=errors&values=rows",
    "evaluation, whole": f"{EVALUATION}&matrix_as=whole",
    "evaluation, table": f"{EVALUATION}&matrix_as=table",
    "evaluation, difference": f"{EVALUATION}&values=difference&against=two",
    "evaluation, mistakes": f"{EVALUATION}&view=mistakes",
    "evaluation, good enough": f"{EVALUATION}&view=required",
    "evaluation, how sure": f"{EVALUATION}&view=certainty",
    "evaluation, groups": f"{EVALUATION}&view=groups",
    "evaluation, elsewhere": f"{EVALUATION}&view=elsewhere",
    "evaluation, of the trained": "evaluation?run=trained",
    "evaluation, review": f"{EVALUATION}&audience=review",
    "compare": "compare?first=one&second=two&split=test",
    "compare, review": "compare?first=one&second=two&split=test&audience=review",
    "claims": "claims?dataset=made",
    "embeddings": "embeddings?run=one",
    "embeddings, components": "embeddings?run=one&view=components",
    "embeddings, lines": "embeddings?run=one&view=lines",
    "embeddings, clusters": "embeddings?run=one&view=clusters",
    "embeddings, similar": "embeddings?run=one&view=similar",
    "embeddings, runs": "embeddings?run=one&view=runs",
    "predict": "predict?run=trained&from=dataset",
    "lessons": "lessons",
}
LONG = "Balanced sampler without rotation, second try"
STILL = """() => !!document.querySelector('h1') && !document.querySelector('[data-testid=stStatusWidget]')
    && !document.querySelector('[data-testid=stSkeleton]')
    && [...document.querySelectorAll('.vastra-plot')].every(plot => plot.querySelector('.main-svg'))"""
HEIGHT = """() => { const main = document.querySelector('[data-testid=stMain]')
    return [main.scrollHeight, main.scrollWidth - main.clientWidth] }"""


def beginning_with(asked: list[str], opened: dict[str, str]) -> dict[str, str]:
    """The pages and views whose name begins with one that is asked for; all of them where none is."""
    return {name: where for name, where in opened.items() if not asked or name.startswith(tuple(asked))}


def class_names(K: int) -> tuple[str, ...]:
    """Names as a shop has them: families of three, with a number that tells them apart."""
    families = "kurta_men banarasi_saree cotton_lehenga mojaris_women dupatta silk_blouse dhoti_pants".split()
    return tuple(sorted(f"{families[k // 3 % len(families)]}_{k:04}" for k in range(K)))


def _look(folder: Path) -> None:
    """A first look at the photos, as the page Add photos has one made."""
    from fashion_core import jobs
    from fashion_core.data import first_look

    where = first_look.folder_of(folder / "data", LOOKED)
    assert where is not None
    where.mkdir(parents=True, exist_ok=True)
    given = {"source": str(folder / "photos"), "choices": {}, "upload": None}
    jobs.remember(where, os.getpid(), ["look"], began=time.time(), given=given)
    first_look.look(folder / "photos", folder=where, data_dir=folder / "data")


def make(folder: Path, K: int, num_photos: int) -> None:
    """Photos, dataset, runs, audit and report of K classes below ``folder``; what is there already stays."""
    from fashion_core.data import datasets, importing
    from tests.support.made_runs import make_run

    if (folder / "done").exists():
        return
    classes, generator = class_names(K), np.random.default_rng(K)
    shares = {"train": 0.6, "val": 0.1, "test": 0.3}
    if not (folder / "data" / "made").exists():
        for split, share in shares.items():
            for number in range(max(K, round(share * num_photos))):
                pixels = generator.integers(0, 255, (6, 6, 3), dtype=np.uint8)
                target = folder / "photos" / split / classes[number % K]
                target.mkdir(parents=True, exist_ok=True)
                Image.fromarray(pixels).resize((24, 24), Image.NEAREST).save(target / f"{number:05}.png")
        importing.import_source(folder / "photos", data_dir=folder / "data", name="made")
    _look(folder)
    dataset = datasets.find_dataset(folder / "data", "made")
    frame = dataset.manifest(["image_id", "label", "split"])
    of = {split: frame[frame["split"] == split] for split in ("test", "val")}
    for name, seed in (("one", 0), ("two", 7)):
        if not (folder / "runs" / name).exists():
            make_run(
                folder / "runs" / name,
                classes,
                counts={split: len(rows) for split, rows in of.items()},
                image_ids={split: list(rows["image_id"]) for split, rows in of.items()},
                labels={split: list(rows["label"]) for split, rows in of.items()},
                fingerprint=dataset.fingerprint,
                seed=seed,
            )
    lab(folder, *"train made --recipe report --run-id trained --set epochs=1 --set image_size=32".split())
    lab(folder, "audit", "made")
    lab(folder, "label", "one", "--name", LONG)  # for whoever asks whether names fit
    (folder / "done").touch()


def lab(folder: Path, *words: str) -> str:
    """One command of the lab over the folder's data and runs; its last line."""
    done = subprocess.run(
        [sys.executable, "-m", "fashion_core", *words],
        cwd=ROOT,
        env=environment(folder),
        capture_output=True,
        text=True,
    )
    lines = (done.stdout + done.stderr).strip().splitlines() or [""]
    if done.returncode:
        print(f"  {' '.join(words)} ended with {done.returncode}: {lines[-1]}")
    return lines[-1]


def environment(folder: Path) -> dict[str, str]:
    here = {"FASHION_DATA": str(folder / "data"), "FASHION_RUNS": str(folder / "runs")}
    return {**os.environ, **here, "STREAMLIT_BROWSER_GATHER_USAGE_STATS": "false"}


def open_once(browser: Any, address: str, shot: Path | None) -> dict[str, Any]:
    """Open the address in a new tab; what came over the websocket, how long it took, what it looks like."""
    page, sent = browser.new_page(), [0]

    def count(message: Any) -> None:
        sent[0] += len(message)

    page.on("websocket", lambda socket: socket.on("framereceived", count))
    started = time.monotonic()
    try:
        page.goto(address)
        still = 0
        while still < 3:  # still, three times in a row 0.1 s apart: charts come after the last message
            page.wait_for_function(STILL, timeout=120_000)
            before = sent[0]
            page.wait_for_timeout(100)
            still = still + 1 if sent[0] == before and page.evaluate(STILL) else 0
        seconds = time.monotonic() - started - 0.3
        high, wide = page.evaluate(HEIGHT)
        broken = page.locator("[data-testid=stException], [data-testid=stAlertContentError]").all_inner_texts()
        broken += page.locator("[role=dialog]").all_inner_texts()
        elements = page.evaluate("document.querySelectorAll('*').length")
        if shot is not None:
            page.set_viewport_size({"width": 1280, "height": min(6000, max(800, high + 60))})
            page.wait_for_timeout(400)
            page.screenshot(path=str(shot))
    except Exception as error:
        if "Timeout" not in type(error).__name__:
            raise
        return {"mb": sent[0] / 1e6, "seconds": 120.0, "high": 0, "wide": 0, "elements": 0, "broken": ["not still"]}
    finally:
        page.close()
    return {
        "mb": sent[0] / 1e6, "seconds": seconds, "high": high, "wide": wide, "elements": elements, "broken": broken,
    }  # fmt: skip


def measure(folder: Path, K: int, options: argparse.Namespace) -> dict[str, dict[str, Any]]:
    from playwright.sync_api import sync_playwright

    found = {}
    names = beginning_with(options.pages, OPENED)
    with server(folder / "data", folder / "runs", options.port) as (address, _), sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        browser = chromium.new_context(viewport={"width": 1280, "height": 800})
        open_once(browser, address, None)
        for name in names:
            where = f"{address}/{OPENED[name]}"
            shot = options.shots / f"{K:04}-{name.replace(', ', '-').replace(' ', '-')}.png" if options.shots else None
            first = open_once(browser, where, shot)
            again = [open_once(browser, where, None)["seconds"] for _ in range(options.repeats)]
            found[name] = {**first, "seconds": statistics.median(again or [first["seconds"]])}
            print(f"  {K:>5}  {name:<28}{told(found[name])}", flush=True)
        chromium.close()
    if not options.pages or "report" in options.pages:
        started = time.monotonic()
        target = folder / "report.html"
        target.unlink(missing_ok=True)
        line = lab(folder, "report", "one", "two", "-o", str(target))
        size = target.stat().st_size / 1e6 if target.exists() else 0.0
        found["report of two"] = {
            "mb": size, "seconds": time.monotonic() - started, "high": 0, "wide": 0, "elements": 0,
            "broken": [] if size else [line],
        }  # fmt: skip
        print(f"  {K:>5}  {'report of two':<28}{told(found['report of two'])}", flush=True)
    return found


def told(one: dict[str, Any]) -> str:
    broken = f"  {one['broken'][0][:110]!r}" if one["broken"] else ""
    return (
        f"{one['mb']:>8.2f} MB{one['seconds']:>7.2f} s{one['high']:>8,} px{one['wide']:>5} wide"
        f"{one['elements']:>8,} elements{broken}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--classes", nargs="+", type=int, default=[15, 53, 200, 1000])
    parser.add_argument("--photos", type=int, default=6000)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--pages", nargs="*", default=[])
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--shots", type=Path)
    options = parser.parse_args()
    folder = options.folder or Path(tempfile.mkdtemp(prefix="many-classes-"))
    if options.shots:
        options.shots.mkdir(parents=True, exist_ok=True)
    found = {}
    for K in options.classes:
        make(folder / str(K), K, options.photos)
        found[K] = measure(folder / str(K), K, options)
    print(f"\n{'sent in MB / seconds':<30}" + "".join(f"{K:>16,}" for K in found))
    few, many = min(found), max(found)
    for name in next(iter(found.values())):
        cells = "".join(f"{found[K][name]['mb']:>9.2f}{found[K][name]['seconds']:>7.2f}" for K in found)
        print(f"{name:<30}{cells}   x {found[many][name]['seconds'] / found[few][name]['seconds']:.2f}")
    if not options.folder:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
