"""The matrix of a shipped run in a real browser: cells, rows and columns open exactly their images; so does the table.

The photos are squares of one colour under the run's own image ids: drawing the real ones takes half a minute.
"""

import json
import random

import pandas as pd
import pytest

from benchmarks.quality import layout
from fashion_core.labels import display_name
from fashion_core.runs import runs
from tests.support.browsers import browser, click_cell, no_trouble, pytestmark, server, settle, shoot, tab  # noqa: F401
from tests.support.rooms import SHIPPED, room  # noqa: F401

ANY = "any/"


def shows(page, true: str, predicted: str, images: set[str]) -> None:
    """Wait until the address names the cell and the gallery says how many images it has and shows them, or six of them.

    Which images, not only how many: the cell before may have had as many, and is on the screen a moment longer.
    """
    number = len(images)
    page.wait_for_function(
        "([true_, predicted]) => { const asked = new URLSearchParams(location.search);"
        " return asked.get('true') === true_ && asked.get('predicted') === predicted }",
        arg=[true, predicted],
        timeout=120_000,
    )
    counted = f"1 to 6 of {number} photos" if number > 6 else f"{number} photo{'' if number == 1 else 's'}"
    page.locator(".st-key-cell").get_by_text(counted, exact=True).wait_for(timeout=120_000)
    figures = ".st-key-cell .vastra-gallery figure"
    page.wait_for_function(
        "([figures, n, images]) => { const titles = [...document.querySelectorAll(figures)].map(one => one.title);"
        " return titles.length === n && new Set(titles).size === n && titles.every(one => images.includes(one)) }",
        arg=[figures, min(6, number), sorted(images)],
        timeout=120_000,
    )


def click_first_cell(page, table) -> None:
    """Click into the table's first row until the address names a cell: on a busy machine its canvas comes after its
    frame, and may be moved by what is drawn above it after it was measured."""
    from playwright.sync_api import TimeoutError

    for _ in range(6):
        box = table.bounding_box()
        if box is None:  # it is being drawn again
            page.wait_for_timeout(500)
            continue
        page.mouse.click(box["x"] + 200, box["y"] + 35 + 17)
        try:
            page.wait_for_function("!location.search.includes('any%2F')", timeout=8_000)
            return
        except TimeoutError:
            continue
    raise AssertionError(f"six clicks into the table chose no cell: {page.url}")


def the_picture_chooses_the_cell_that_it_names(page, address: str, run: runs.Run) -> None:
    """The whole of a large matrix is a picture: the pointer's cell is named, and a click chooses it."""
    wrong = run.predictions("test").query("label != predicted")
    true, predicted = wrong[["label", "predicted"]].iloc[0]
    page.goto(f"{address}/evaluation?run=many&matrix_as=whole&order=index")
    settle(page)
    drawn = "[...document.querySelectorAll('.js-plotly-plot')].find(g => g._fullData?.some(t => t.type === 'image'))"
    page.wait_for_function(f"{drawn}?.querySelector('image')", timeout=120_000)
    x, y = page.evaluate(
        f"""([row, column]) => {{ const graph = {drawn}, box = graph.getBoundingClientRect()
        const {{xaxis, yaxis}} = graph._fullLayout
        return [box.left + xaxis._offset + xaxis.c2p(column), box.top + yaxis._offset + yaxis.c2p(row)] }}""",
        [run.classes.index(true), run.classes.index(predicted)],
    )
    page.mouse.move(x - 2, y - 2)
    page.mouse.move(x, y)
    named = f"{display_name(true)} predicted as {display_name(predicted)}"
    page.locator(".vastra-cell", has_text=named).wait_for(timeout=60_000)
    page.mouse.click(x, y)
    page.wait_for_function(
        "([true_, predicted]) => { const asked = new URLSearchParams(location.search);"
        " return asked.get('true') === true_ && asked.get('predicted') === predicted }",
        arg=[true, predicted],
        timeout=120_000,
    )


def test_ten_random_cells_a_row_a_column_the_table_and_the_picture_open_exactly_their_images(room, browser):
    predictions = pd.read_parquet(SHIPPED / "predictions-test.parquet")
    classes = json.loads((SHIPPED / "config.json").read_text())["classes"]
    cells = predictions.groupby(["label", "predicted"])["image_id"].agg(set)
    with server(room["data"], room["runs"]) as address, tab(browser) as page:
        page.goto(f"{address}/evaluation?run=shipped&order=kind+of+garment")
        settle(page)
        page.wait_for_function("document.querySelectorAll('.xtick text').length >= 15", timeout=120_000)
        report = page.get_by_role("button", name="Download a report (HTML, opens anywhere)")
        tops = [one.bounding_box() for one in (report, page.locator(".stMarkdownBadge").first)]
        assert all(150 < box["y"] < 210 for box in tops), "one row: a run, three splits, the report, the badge"
        lines = report.locator("p").evaluate("one => [one.scrollWidth - one.clientWidth, one.innerText]")
        assert lines == [0, "Download a report (HTML, opens anywhere)"], "wrapped, not cut"
        order = page.locator(".xtick text").all_text_contents()[:15]
        shown_at = {name.replace(" ", "_").lower(): place for place, name in enumerate(order)}
        for true, predicted in random.Random(6).sample(sorted(cells.index), 10):
            click_cell(page, shown_at[true], shown_at[predicted])
            shows(page, true, predicted, cells[true, predicted])
        photos = page.locator(".st-key-cell .vastra-gallery figure").first.bounding_box()
        assert photos["y"] + photos["height"] / 2 < 800, "the photos of the cell are seen without scrolling"
        shoot(page, "evaluation-ten-cells")

        for axis, column, name in (("ytick", "label", classes[2]), ("xtick", "predicted", classes[7])):
            page.locator(f".{axis} text").nth(shown_at[name]).click()
            whole = set(predictions.loc[predictions[column] == name, "image_id"])
            asked = (name, ANY) if column == "label" else (ANY, name)
            shows(page, *asked, whole)

        # the keyboard's twin: a cell of the table, then the one beside it
        page.locator("[data-testid=stButtonGroup] button", has_text="Table").click()
        table = page.locator("[data-testid=stDataFrame]").first
        table.wait_for(timeout=120_000)
        settle(page)
        click_first_cell(page, table)
        for _ in range(2):
            asked = page.evaluate("Object.fromEntries(new URLSearchParams(location.search))")
            chosen = (asked["true"], asked["predicted"])
            assert shown_at[chosen[0]] == 0
            shows(page, *chosen, cells.get(chosen, set()))
            page.keyboard.press("ArrowRight")
            page.wait_for_function(
                "before => new URLSearchParams(location.search).get('predicted') !== before",
                arg=chosen[1],
                timeout=120_000,
            )
        the_picture_chooses_the_cell_that_it_names(page, address, runs.find_run(room["runs"], "many"))
        no_trouble(page)


def a_picker_that_is_too_small_shows_the_whole_of_its_value(page) -> None:
    page.set_viewport_size({"width": 260, "height": 844})
    picker = page.locator("[data-whole]").first
    picker.wait_for(timeout=30_000)
    value, room = picker.evaluate("one => [one.dataset.whole, one.clientHeight - one.scrollHeight]")
    assert value == picker.locator("input").input_value() and room >= 0
    lines = picker.evaluate("one => one.clientHeight / parseFloat(getComputedStyle(one, '::before').lineHeight)")
    assert lines > 2, "in two lines or more"


@pytest.mark.parametrize("width", [390, 1280])
def test_no_text_is_cut_or_overprinted(room, browser, width):
    """Boxes of text as the browser drew them, by the script that looks at every page."""
    faults = {}
    with server(room["data"], room["runs"]) as address, tab(browser) as page:
        page.add_init_script(path=layout.SCRIPT)
        for where in ("overview", "dataset", "evaluation?run=shipped", "evaluation?run=shipped&view=mistakes"):
            page.goto(f"{address}/{where}")
            layout.look(page, width)
            faults[where] = page.evaluate("window.vastraLayout()")
        no_trouble(page)
        # and the script finds what is wrong
        page.evaluate("document.querySelector('h1').style.cssText = 'width:40px;overflow:hidden;white-space:nowrap'")
        assert any(fault["kind"].startswith("cut") for fault in page.evaluate("window.vastraLayout()"))
        a_picker_that_is_too_small_shows_the_whole_of_its_value(page)
    assert not any(faults.values()), faults
