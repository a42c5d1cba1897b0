"""How large an open photo is, in a real browser and without a server: in its own shape, on a laptop and a phone."""

import numpy as np
import pytest
from PIL import Image

from fashion_core.data import importing
from tests.support.browsers import browser, pytestmark  # noqa: F401
from ui.shared import photo_view

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
