"""The lab in a real browser: the real server, the drawn set made by its first start, a run started from the page.

Screenshots go to screenshots/ (ignored by git). FASHION_REQUIRE_ALL=1 (continuous integration) turns a missing Chromium
from a reason to skip into a failure.
"""

import json
import re
import shutil
from pathlib import Path

import pandas as pd
import pytest

from fashion_core.data import datasets
from tests.support.browsers import (  # noqa: F401
    address_of,
    browser,
    click_cell,
    drawn,
    no_trouble,
    pytestmark,
    server,
    settle,
    shoot,
    tab,
    wait_for,
)
from tests.support.pictures import few
from tests.support.places import ROOT
from ui.app import navigation


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Empty data, and the shipped reference runs: what a newcomer's machine holds at the first start."""
    data, runs = tmp_path_factory.mktemp("data"), tmp_path_factory.mktemp("runs")
    for shipped in (ROOT / "checkpoints").glob("report-*"):
        if (shipped / "config.json").exists():
            shutil.copytree(shipped, runs / shipped.name)
    return {"data": data, "runs": runs}


def runs_in(folder: Path) -> set[str]:
    """The runs of a folder; its .slots and .queue, made by the first launch, are none."""
    return {path.parent.name for path in folder.glob("[!.]*/config.json")}


def test_the_first_start_draws_the_demo_set_by_itself_and_says_how_far_it_is(lab, browser):
    with server(lab["data"], lab["runs"]) as address, tab(browser) as page:
        page.goto(address)
        page.get_by_text(re.compile(r"Drawing the demo set: [\d,]+ of [\d,]+")).first.wait_for(timeout=120_000)
        shoot(page, "first-start")
        wait_for(lambda: (lab["data"] / "demo" / "dataset.json").exists(), 400, "the drawn set")
        page.get_by_text(re.compile("Drawing the demo set")).first.wait_for(state="detached", timeout=120_000)
        settle(page)
        no_trouble(page)


@pytest.mark.parametrize("entry", navigation.ENTRIES, ids=lambda entry: entry.name)
def test_a_page_opens_by_a_cold_deep_link_on_a_fresh_server(lab, browser, entry: navigation.Entry):
    with server(lab["data"], lab["runs"]) as address, tab(browser) as page:
        page.goto(f"{address}/{address_of(entry)}")
        drawn(page)
        assert page.locator("h1").inner_text() == entry.title
        assert page.get_by_text(entry.question).count() >= 1
        assert page.get_by_test_id("stSidebarNavLink").count() == len(navigation.ENTRIES)
        no_trouble(page)
        if entry.name == "embeddings":  # the title of a page is no word to explain
            page.wait_for_function("CSS.highlights.get('vastra-term')?.size > 1", timeout=120_000)
            words = "[...CSS.highlights.get('vastra-term')].map(word => word.startContainer.parentElement)"
            assert not page.evaluate(f"{words}.some(around => around.closest('h1'))")
        shoot(page, f"{entry.name}-light-1280")
        page.emulate_media(color_scheme="dark")
        page.set_viewport_size({"width": 1920, "height": 1080})
        page.goto(f"{address}/{address_of(entry)}")
        drawn(page)
        no_trouble(page)
        shoot(page, f"{entry.name}-dark-1920")


def test_an_address_that_no_page_has_is_named_below_the_first_page(tiny_data, tiny_runs, browser):
    with server(tiny_data, tiny_runs) as address, tab(browser) as page:
        for asked, said in (("overview", 0), ("nopage", 1), ("<b>nopage", 1)):  # the first wakes the server
            page.goto(f"{address}/{asked}")
            settle(page)
            assert page.locator("h1").inner_text() == "Overview"
            page.get_by_text("Where to go next").wait_for()
            assert page.get_by_text(f"There is no page {asked} here; showing Overview.").count() == said
        assert page.locator("[role=dialog]").count() == 0
        page.get_by_test_id("stSidebarNavLink").filter(has_text="Overview").click()
        page.get_by_text("There is no page").wait_for(state="detached")
        no_trouble(page)


def test_a_run_is_started_watched_and_judged_in_the_browser(lab, browser):
    with server(lab["data"], lab["runs"]) as address, tab(browser, height=900) as page:
        known = runs_in(lab["runs"])
        page.goto(f"{address}/training?dataset=demo&image_size=32&epochs=8&device=cpu")
        settle(page)
        page.get_by_role("button", name=re.compile("^Train 8 epochs")).click()
        wait_for(lambda: runs_in(lab["runs"]) > known, 180, "the run's directory")
        (run_id,) = runs_in(lab["runs"]) - known
        folder = lab["runs"] / run_id

        # the loss moves on the page while the run goes on, and a reload in the middle loses nothing
        points = (
            "[...document.querySelectorAll('.js-plotly-plot')]"
            ".flatMap(g => (g._fullData || []).map(trace => trace.y?.length || 0))"
        )

        def logged() -> list[float]:
            rows = (folder / "metrics.jsonl").read_text().splitlines() if (folder / "metrics.jsonl").exists() else []
            return [row["loss"] for row in map(json.loads, rows) if row["kind"] == "step"]

        def drawn_points() -> int:
            """Points of the run's own curve: another run's chart, still on the page, has more than are logged."""
            found = max(page.evaluate(points) or [0])
            return found if found <= len(logged()) else 0

        page.wait_for_url(re.compile(run_id), timeout=120_000, wait_until="commit")

        wait_for(lambda: drawn_points() > 2, 120, "the loss on the page")
        first = drawn_points()
        wait_for(lambda: drawn_points() > first, 180, "the loss to move")
        shoot(page, "training-live")
        page.reload()
        settle(page)
        assert run_id in page.url
        wait_for(lambda: drawn_points() > first, 180, "the loss after a reload")
        wait_for(lambda: (folder / "summary.json").exists(), 300, "the run to end")
        page.get_by_text("Finished 8 epochs.").first.wait_for(timeout=120_000)
        shoot(page, "training-finished")
        assert sum(logged()[-5:]) < sum(logged()[:5])

        # its evaluation: a click on a cell opens exactly those images
        page.goto(f"{address}/evaluation?run={run_id}")
        settle(page)
        predictions = pd.read_parquet(folder / "predictions-test.parquet")
        classes = json.loads((folder / "config.json").read_text())["classes"]
        assert len(predictions) == 600
        cells = predictions.groupby(["label", "predicted"]).size()
        wrong = cells[[true != predicted for true, predicted in cells.index]].sort_values(ascending=False)
        for true, predicted in (wrong.index[1], wrong.index[len(wrong) // 2], wrong.index[0]):
            expected = predictions.query("label == @true and predicted == @predicted")
            click_cell(page, classes.index(true), classes.index(predicted))
            page.wait_for_url(re.compile(rf"true={true}.*predicted={predicted}|predicted={predicted}.*true={true}"))
            photos, count = set(expected["image_id"]), min(6, len(expected))

            def opened(photos: set[str] = photos, count: int = count) -> bool:
                """The cell before may have as many photos as this one, and stands until these are drawn."""
                ids = page.evaluate(
                    "[...document.querySelectorAll('.vastra-gallery figure')].map(shown => shown.title)"
                )
                return len(ids) == len(set(ids)) == count and set(ids) <= photos

            wait_for(opened, 180, f"the photos of {true} called {predicted}")
        shoot(page, "evaluation-cell")

        # the address is the choice: another tab opens the same cell
        with tab(browser) as other:
            other.goto(page.url)
            settle(other)
            other.wait_for_function(
                "n => document.querySelectorAll('.vastra-gallery figure').length === n", arg=count, timeout=120_000
            )


def test_photos_from_the_browser_are_predicted_and_a_folder_that_is_dropped_becomes_a_dataset(
    lab, browser, tmp_path: Path
):
    runs = [path.name for path in lab["runs"].iterdir() if (path / "summary.json").exists()]
    photo = next((lab["data"] / "demo").rglob("test/saree/*.jpg"))
    bad = tmp_path / "broken.jpg"
    bad.write_bytes(photo.read_bytes()[:300])
    with server(lab["data"], lab["runs"]) as address, tab(browser, height=900) as page:
        page.goto(f"{address}/predict?run={sorted(runs)[0]}")
        settle(page)
        page.get_by_role("radio", name="Your own photos").or_(page.get_by_text("Your own photos")).first.click()
        page.locator("input[type=file]").first.set_input_files([photo, bad])
        page.get_by_text(re.compile("broken.jpg")).first.wait_for(timeout=120_000)
        page.get_by_text(re.compile(r"\d+\.\d %")).first.wait_for(timeout=120_000)
        shoot(page, "predict-upload")
        shutil.copytree(few(tmp_path / "photos"), tmp_path / "My wardrobe")
        page.goto(f"{address}/add_photos")
        drop(page, page.locator(".vastra-drop"), tmp_path / "My wardrobe")
        page.get_by_text("To import: 8 photos of 2 classes.").wait_for(timeout=120_000)
        settle(page)
        call_first_class(page, "coat")
        page.get_by_text("with your changes (1 class called otherwise)").wait_for(timeout=120_000)
        shoot(page, "add-photos-looked")
        page.get_by_role("button", name="Import these photos").click()
        page.get_by_text("My wardrobe is here: 8 photos, 2 classes.").wait_for(timeout=120_000)
        assert (lab["data"] / "my-wardrobe" / "uploaded" / "My wardrobe").is_dir()
        assert set(datasets.find_dataset(lab["data"], "My wardrobe").classes) == {"coat", "saree"}
        assert not [*(lab["data"] / ".incoming" / ".uploads").iterdir()]


def call_first_class(page, name: str) -> None:
    """Give the first class of a look another name at a person's pace: the grid loses keys that outrun its drawing."""
    editor = page.locator(".gdg-input")

    def opened() -> bool:
        place = page.get_by_test_id("stDataFrame").first.bounding_box()
        page.mouse.click(place["x"] + 20, place["y"] + 53)  # the class itself, two cells left of what it is called
        for key in ("ArrowRight", "ArrowRight", name[0]):
            page.wait_for_timeout(200)
            page.keyboard.press(key)
        page.wait_for_timeout(500)
        return editor.count() == 1

    wait_for(opened, 120, "the cell to open")
    editor.fill(name)
    page.keyboard.press("Enter")


def drop(page, target, path: Path) -> None:
    """Drag a file or folder of this machine onto an element, as a hand does."""
    target.wait_for()
    box = target.bounding_box()
    place = {"x": box["x"] + box["width"] / 2, "y": box["y"] + box["height"] / 2}
    data = {"items": [], "files": [str(path)], "dragOperationsMask": 1}
    tools = page.context.new_cdp_session(page)
    for kind in ("dragEnter", "dragOver", "drop"):
        tools.send("Input.dispatchDragEvent", {"type": kind, "data": data, **place})


def bar_of(page, split: int, row: int) -> tuple[float, float]:
    """Where the middle of a bar of the distribution stands now, by the plot's own axes; it stands still."""
    places: list[tuple[float, float]] = []

    def still() -> bool:
        found = page.evaluate(
            """([split, row]) => {
                const graphs = [...document.querySelectorAll('.js-plotly-plot')]
                const graph = graphs.find(graph => graph._fullData?.[0]?.type === 'bar')
                if (!graph) return null
                const trace = graph._fullData[split], {left, top} = graph.getBoundingClientRect()
                const x = graph._fullLayout[trace.xaxis.replace('x', 'xaxis')], y = graph._fullLayout.yaxis
                return [left + x._offset + x.c2p(trace.x[row] / 2), top + y._offset + y.c2p(row)]
            }""",
            [split, row],
        )
        places.append(tuple(found) if found else (0.0, 0.0))
        return found is not None and len(places) > 2 and places[-1] == places[-2] == places[-3]

    wait_for(still, 180, "the bars to stand still")
    return places[-1]


def test_bars_open_their_photos_and_a_photo_opens_over_the_page(tiny_data, tiny_runs, browser):
    with server(tiny_data, tiny_runs) as address, tab(browser) as page:
        page.goto(f"{address}/dataset?order=count&tab=Classes")
        settle(page)

        def shown(classes: list[str], splits: list[str], counted: str, num_figures: int) -> None:
            for key, values in (("photos_class", classes), ("photos_split", splits)):
                page.wait_for_function(
                    "([key, values]) => new URLSearchParams(location.search).getAll(key).join() === values.join()",
                    arg=[key, values],
                    timeout=120_000,
                )
            # not in the whole page: the hover of the bar says "6 photos" too
            page.get_by_test_id("stTabs").get_by_text(counted, exact=True).wait_for(timeout=120_000)
            page.locator("[role=tab][aria-selected=true]", has_text="Photos").wait_for(timeout=120_000)
            # the count comes before the photos: until then those of the choice before are still there
            page.wait_for_function(
                "n => document.querySelectorAll('.vastra-gallery figure').length === n",
                arg=num_figures,
                timeout=120_000,
            )
            settle(page)
            page.wait_for_function(
                "() => { const box = document.querySelector('.vastra-gallery figure').getBoundingClientRect();"
                " return box.top > 60 && box.bottom <= 800 }",  # without scrolling
                timeout=60_000,
            )

        # largest first: shoe 18, kurta 12, saree 6
        page.mouse.click(*bar_of(page, 0, 2))
        shown(["saree"], ["train"], "6 photos", 6)
        page.mouse.click(*bar_of(page, 0, 2))
        shown([], [], "1 to 48 of 63 photos", 48)
        page.mouse.move(*bar_of(page, 1, 1))
        page.mouse.down()
        page.mouse.move(*bar_of(page, 1, 2), steps=8)
        page.mouse.up()
        shown(["kurta", "saree"], ["val"], "8 photos", 8)

        photo = page.locator(".vastra-gallery figure").nth(1)
        image_id = photo.get_attribute("title")
        photo.click()
        page.locator("[role=dialog] .vastra-photo img").wait_for(timeout=120_000)
        page.wait_for_function("id => decodeURIComponent(location.search).endsWith('image=' + id)", arg=image_id)
        page.reload()
        page.locator("[role=dialog]").get_by_text("2 of 8 photos").wait_for(timeout=120_000)
        page.get_by_text("See what the model is shown of these photos").wait_for(
            timeout=120_000
        )  # the page's last line
        settle(page)
        page.wait_for_timeout(1000)  # streamlit drops a key that comes while a fresh page is still being made
        page.keyboard.press("ArrowRight")
        page.locator("[role=dialog]").get_by_text("3 of 8 photos").wait_for(timeout=120_000)
        shoot(page, "photo")
        page.keyboard.press("Escape")
        page.wait_for_function("!location.search.includes('image=')", timeout=120_000)
        page.locator("[role=dialog]").wait_for(state="detached", timeout=120_000)
        no_trouble(page)
