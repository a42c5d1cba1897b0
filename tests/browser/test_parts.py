"""Parts of pages in a real browser and without a server: how large an open photo is, how many photos stand in a line,
how the title of an axis breaks."""

from pathlib import Path
from types import ModuleType

import numpy as np
import plotly
import plotly.graph_objects as go
import pytest
from PIL import Image

from fashion_core.data import importing
from tests.support.browsers import browser, pytestmark  # noqa: F401
from ui.shared import gallery, photo_view, plot

LIBRARY = "package_data/plotly.min.js"
SIZES = {"tiny": (28, 28), "small": (60, 80), "drawn": (128, 128), "middle": (300, 200), "usual": (400, 534),
         "large": (1200, 1600), "wide": (1600, 700)}  # fmt: skip
#: The box of each: in the dialog's left column (651 x 592 at most on 1280 x 800), and on a phone as wide as its text.
LAPTOP = {"tiny": (392, 392), "small": (300, 400), "drawn": (384, 384), "middle": (400, 267), "usual": (400, 534),
          "large": (444, 592), "wide": (651, 285)}  # fmt: skip
PHONE = {name: (310, 310 * height / width) for name, (width, height) in SIZES.items()}


@pytest.fixture(scope="module")
def pages(tmp_path_factory) -> dict[str, str]:
    """Name -> the HTML of the open photo."""
    folder = tmp_path_factory.mktemp("sizes")
    rng = np.random.default_rng(0)
    for name, (width, height) in SIZES.items():
        (folder / "photos" / name).mkdir(parents=True)
        for number in range(2):
            photo = rng.integers(0, 256, (height, width, 3), dtype=np.uint8)
            Image.fromarray(photo).save(folder / "photos" / name / f"{number}.jpg", quality=20)
    dataset = importing.import_source(folder / "photos", data_dir=folder / "data", name="sizes")
    of_each = dataset.manifest().drop_duplicates("label").set_index("label", drop=False)
    return {name: f"{photo_view._STYLE}{photo_view.photo_html(dataset, of_each.loc[name])}" for name in SIZES}


@pytest.mark.parametrize(
    ("screen", "column", "expected"),
    [((1280, 800), 651, LAPTOP), ((390, 844), 310, PHONE)],
    ids=["laptop", "phone"],
)
def test_a_photo_opens_large_in_its_own_shape(browser, pages, screen, column, expected):
    page = browser.new_page(viewport={"width": screen[0], "height": screen[1]})
    for name, html in pages.items():
        page.set_content(f'<!doctype html><div style="width:{column}px">{html}</div>')
        box = page.locator("img").bounding_box()
        assert (box["width"], box["height"]) == pytest.approx(expected[name], abs=1.5), name
        crisp = page.locator("img").evaluate("one => getComputedStyle(one).imageRendering") == "pixelated"
        assert crisp == (max(SIZES[name]) <= 200), name
    page.close()


def load(page, part: ModuleType, script: str) -> None:
    """The component in ``script`` beside a module of ui/shared, as ``draw``."""
    code = (Path(part.__file__).parent / script).read_text(encoding="utf-8")
    page.evaluate(f"() => {{ {code.replace('export default function', 'window.draw = function')} }}")


def test_no_photo_stands_alone_in_the_last_line_of_a_gallery(browser):
    page = browser.new_page()
    load(page, gallery, "gallery.js")
    for num in (2, 5, 6, 7, 13, 24, 48):
        html = gallery.loose_html([("", 1.0, gallery.Caption("Saree"))] * num, 96)
        page.set_content("<!doctype html><div id=here></div>")
        page.evaluate("html => draw({data: {html}, parentElement: here, setTriggerValue() {}})", html)
        for width in range(330, 1500, 90):  # also when it widens while it is open
            last, widest, fit = page.evaluate(
                """async width => {
                    here.style.width = `${width}px`
                    for (let frame = 0; frame < 4; frame++) await new Promise(requestAnimationFrame)
                    const tops = [...document.querySelectorAll("figure")].map(photo => photo.offsetTop)
                    const lines = Object.values(Object.groupBy(tops, top => top)).map(line => line.length)
                    return [lines.at(-1), Math.max(...lines), Math.floor((width - 6 + 8) / (96 + 8))]
                }""",
                width,
            )
            possible = [columns for columns in range(2, fit + 1) if num % columns != 1]
            assert last > 1 or not possible, (num, width)  # seven stand in four lines of two, however one turns it
            assert widest == min(fit, num) or (widest < fit and num % fit == 1), (num, width)
    page.close()


def test_the_title_of_an_axis_is_one_line_again_where_there_is_room(browser):
    page = browser.new_page(viewport={"width": 1000, "height": 600})
    page.route("**/plotly.min.js", lambda route: route.fulfill(path=Path(plotly.__file__).parent / LIBRARY))
    page.set_content("<!doctype html><div id=here style='width:200px'></div>")
    load(page, plot, "plot.js")
    figure = go.Figure(go.Scatter(x=[1, 2], y=[1, 2]), layout={"xaxis": {"title": {"text": "Photos " * 5}}})
    data = {
        "figure": figure.to_json(),
        "colours": {},
        "library": "http://127.0.0.1/plotly.min.js",
        "alt": "",
        "height": 400,
    }
    page.evaluate("data => draw({data, parentElement: here, setTriggerValue() {}, setStateValue() {}})", data)
    lines = page.locator(".xtitle tspan.line")
    lines.nth(1).wait_for(timeout=60_000)
    page.evaluate("here.style.width = '900px'")
    lines.first.wait_for(state="detached", timeout=60_000)
    page.close()
