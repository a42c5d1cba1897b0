"""Text that is cut, overprinted or wider than its page, on every page and view, at four widths and in both themes.

python -m benchmarks.quality.layout [--classes 4 15 53] [--widths 390 640 1280 1920] [--themes light dark]
    [--pages evaluation compare] [--photos 1200] [--folder FOLDER] [--shots FOLDER] [--every]

Opens the pages of ``many_classes`` in Chromium, for a class and in review, and compares the boxes that the browser
drew: of each text with each other, with its chart, its cell, its column (a table's canvas is asked what it writes and
into which width) and with whatever cuts it. Prints each fault once with the places that have it; ends with 1 where
there is any.
"""

import argparse
import sys
import tempfile
from collections import defaultdict
from pathlib import Path
from typing import Any

from benchmarks.speed.many_classes import OPENED, STILL, beginning_with, make
from benchmarks.support.serving import CHROMIUM, FLAGS, server

SCRIPT = Path(__file__).with_suffix(".js")
HIGH = {390: 844, 640: 400, 1280: 800, 1920: 1080}
HEIGHT = "document.querySelector('[data-testid=stMain]').scrollHeight"
HIGHEST = 8000  # a canvas draws what is in the window only, so the window is as high as the page
IN_REVIEW = ("overview", "dataset", "dataset, audit", "evaluation", "evaluation, mistakes", "evaluation, good enough",
             "evaluation, elsewhere", "compare", "claims", "embeddings", "embeddings, similar", "predict",
             "lessons")  # fmt: skip


def views(asked: list[str]) -> dict[str, str]:
    """name -> address of each page and view, in review as well, whose name begins with one that is asked for."""
    every = {name: where for name, where in OPENED.items() if "audience=review" not in where}
    for name in IN_REVIEW:
        every[f"{name}, in review"] = f"{OPENED[name]}{'&' if '?' in OPENED[name] else '?'}audience=review"
    return beginning_with(asked, every)


def still(page: Any, looks: int = 3) -> None:
    """Wait until nothing is loading or moving: three looks in a row find the same page."""
    same, before = 0, None
    while same < looks:
        page.wait_for_function(STILL, timeout=120_000)
        page.wait_for_timeout(150)
        now = page.evaluate(f"[{HEIGHT}, document.querySelectorAll('*').length].join()")
        same, before = (same + 1 if now == before else 0), now


def look(page: Any, width: int) -> None:
    """Bring the open page to a width, and the window to the height of the page."""
    page.set_viewport_size({"width": width, "height": HIGH.get(width, 800)})
    still(page, looks=1)
    page.set_viewport_size(
        {"width": width, "height": min(HIGHEST, max(HIGH.get(width, 800), page.evaluate(HEIGHT) + 80))}
    )
    still(page)


def measure(folder: Path, K: int, options: argparse.Namespace, found: dict[tuple[str, ...], list[str]]) -> None:
    from playwright.sync_api import sync_playwright

    with server(folder / "data", folder / "runs") as (address, _), sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        context = chromium.new_context()
        context.add_init_script(path=SCRIPT)
        for name, where in views(options.pages).items():
            page, num = context.new_page(), []
            page.emulate_media(color_scheme=options.themes[0])
            page.goto(f"{address}/{where}")
            themes = list(options.themes)
            page_theme = themes[0]
            for width in options.widths:
                look(page, width)
                for theme in themes:
                    place = f"{K} classes, {name}, {width}, {theme}"
                    if theme != page_theme:
                        page.emulate_media(color_scheme=theme)
                        still(page)
                        page_theme = theme
                    faults = page.evaluate("window.vastraLayout()")
                    if options.shots and (faults or options.every):
                        page.screenshot(path=str(options.shots / f"{place.replace(', ', '-').replace(' ', '-')}.png"))
                    num.append(len(faults))
                    for fault in faults:
                        found[tuple(fault[key] for key in ("kind", "where", "text", "other"))].append(place)
                themes.reverse()  # what the page has need not be asked for again
            page.close()
            print(f"  {K:>4} {name:<32}{'  '.join(map(str, num))}", flush=True)
        context.close()
        chromium.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--classes", nargs="+", type=int, default=[4, 15, 53])
    parser.add_argument("--widths", nargs="+", type=int, default=[390, 640, 1280, 1920])
    parser.add_argument("--themes", nargs="+", default=["light", "dark"])
    parser.add_argument("--photos", type=int, default=1200)
    parser.add_argument("--pages", nargs="*", default=[])
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--shots", type=Path, help="a picture of each page and view with a fault")
    parser.add_argument("--every", action="store_true", help="and of those without")
    options = parser.parse_args()
    if options.shots:
        options.shots.mkdir(parents=True, exist_ok=True)
    found: dict[tuple[str, ...], list[str]] = defaultdict(list)
    with tempfile.TemporaryDirectory(prefix="layout-") as own:
        for K in options.classes:
            folder = (options.folder or Path(own)) / str(K)
            make(folder, K, options.photos)
            measure(folder, K, options, found)
    for (kind, part, text, other), places in sorted(found.items(), key=lambda item: (item[0][:2], -len(item[1]))):
        beside = f" over {other!r}" if other else ""
        print(f"{kind} ({part}): {text!r}{beside}, at {len(places)}: {'; '.join(places[:3])}")
    print(f"{len(found)} faults")
    sys.exit(bool(found))


if __name__ == "__main__":
    main()
