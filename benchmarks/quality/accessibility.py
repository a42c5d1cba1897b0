"""What axe-core finds on every page and every view of it, in both themes: ours, apart from what Streamlit itself draws.

python -m benchmarks.quality.accessibility [--axe FILE] [--classes 15] [--photos 600] [--folder FOLDER]
    [--pages evaluation compare] [--themes light dark] [--width 1280] [--streamlit]

It opens what ``benchmarks.speed.many_classes`` opens, over the dataset and the runs made there (kept in --folder), with
every expander open, and asks axe-core. --axe is axe.min.js of the npm package axe-core; without it, the one in the
package axe-playwright-python. A finding is Streamlit's where its place is one of ``STREAMLITS``, which says why; with
--streamlit these are named too. Ends with 1 where something of ours is found.
"""

import argparse
import sys
import tempfile
from collections import Counter
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from benchmarks.speed.many_classes import OPENED, STILL, beginning_with, make
from benchmarks.support.serving import CHROMIUM, FLAGS, server

MORE = {
    "training, review": "training?run=trained&audience=review",
    "no such page": "nopage",
}
#: Rule and place (a selector of the element or of one round it) -> why it is not ours to mend.
STREAMLITS = {
    ("list", "[data-testid=stSidebarNavItems]"): "the menu's sections are div elements in its ul",
    ("presentation-role-conflict", "[data-testid=stFileUploaderDropzone]"): "it names the ground that a file falls on",
    ("listitem", "[data-testid=stSidebarNavItems]"): "for the same reason its links are no children of a list",
}
GROUND = {"light": "rgb(252, 251, 248)", "dark": "rgb(19, 21, 31)"}
ASK = """async (streamlits) => {
    document.querySelectorAll('details').forEach((each) => { each.open = true })
    await new Promise((done) => setTimeout(done, 500))
    const found = await axe.run(document, { resultTypes: ['violations'] })
    const place = (target) => {
        let root = document, element = null
        for (const part of target.flat()) { element = root.querySelector(part); root = element?.shadowRoot ?? root }
        return element
    }
    return found.violations.flatMap((rule) => rule.nodes.map((node) => {
        const element = place(node.target)
        const known = streamlits.find(([id, selector]) => id === rule.id && element?.closest(selector))
        return { rule: rule.id, help: rule.help, at: node.target.flat().join(' '), html: node.html,
            why: (node.any[0] ?? node.all[0] ?? node.none[0])?.message ?? '', streamlit: known ? known[1] : '' }
    }))
}"""


def axe_source(asked: Path | None) -> str:
    """The script that is put into each page."""
    if asked:
        return asked.read_text(encoding="utf-8")
    package = find_spec("axe_playwright_python")
    if package is None or package.origin is None:
        sys.exit("axe-core is not here: pip install axe-playwright-python, or --axe FILE with npm's axe.min.js")
    return (Path(package.origin).parent / "axe.min.js").read_text(encoding="utf-8")


def violations(page: Any, theme: str) -> list[dict[str, str]]:
    """Everything that axe, which the page has, finds in this theme: each with its rule, place and HTML."""
    page.emulate_media(color_scheme=theme)
    ground = "ground => getComputedStyle(document.querySelector('.stApp')).backgroundColor === ground"
    page.wait_for_function(ground, arg=GROUND[theme], timeout=120_000)
    page.wait_for_function(STILL, timeout=120_000)
    found: list[dict[str, str]] = page.evaluate(ASK, [list(known) for known in STREAMLITS])
    return found


def told(name: str, theme: str, found: list[dict[str, str]], *, all_of_them: bool) -> str:
    """One line of a view, and one for each kind of finding in it."""
    ours = [one for one in found if not one["streamlit"]]
    lines = [f"  {name:<28}{theme:<6}{len(ours):>4} ours{len(found) - len(ours):>5} streamlit's"]
    shown = found if all_of_them else ours
    for (rule, streamlit), number in Counter((one["rule"], one["streamlit"]) for one in shown).items():
        first = next(one for one in shown if (one["rule"], one["streamlit"]) == (rule, streamlit))
        whose = f"streamlit's ({STREAMLITS[rule, streamlit]})" if streamlit else "ours"
        lines.append(f"      {number} x {rule}, {whose}: {first['at'][:90]}  {first['html'][:150]}")
        lines.append(f"          {first['why'][:200]}")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--axe", type=Path)
    parser.add_argument("--classes", type=int, default=15)
    parser.add_argument("--photos", type=int, default=600)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--pages", nargs="*", default=[])
    parser.add_argument("--themes", nargs="+", choices=["light", "dark"], default=["light", "dark"])
    parser.add_argument("--width", type=int, default=1280)
    parser.add_argument("--streamlit", action="store_true")
    options = parser.parse_args()
    from playwright.sync_api import sync_playwright

    axe = axe_source(options.axe)
    folder = (options.folder or Path(tempfile.mkdtemp(prefix="accessibility-"))) / str(options.classes)
    make(folder, options.classes, options.photos)
    opened = beginning_with(options.pages, {**OPENED, **MORE})
    kinds: Counter[str] = Counter()
    with server(folder / "data", folder / "runs") as (address, _), sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        browser = chromium.new_context(viewport={"width": options.width, "height": 800})
        for name, where in opened.items():
            page = browser.new_page()
            page.goto(f"{address}/{where}")
            page.wait_for_function(STILL, timeout=120_000)
            page.evaluate(axe)
            for theme in options.themes:
                found = violations(page, theme)
                kinds.update(one["rule"] if not one["streamlit"] else "streamlit's" for one in found)
                print(told(name, theme, found, all_of_them=options.streamlit), flush=True)
            page.close()
        chromium.close()
    theirs = kinds.pop("streamlit's", 0)
    listed = ", ".join(f"{rule} {number}" for rule, number in kinds.most_common())
    print(f"\n{kinds.total()} ours ({listed or 'none'}), {theirs} Streamlit's, on {len(opened)} views in "
          f"{' and '.join(options.themes)}")  # fmt: skip
    sys.exit(1 if kinds else 0)


if __name__ == "__main__":
    main()
